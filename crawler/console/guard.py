"""What every request meets first: whose name it is for, how much it sends, how often, and the headers that every answer has; HEAD is GET
without the body (RFC 9110, 9.3.2). ASGI."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from crawler.console.problems import problem
from crawler.console.target import meant

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_BODY = 64 << 10  # bytes of a request's body
MOST_TARGET = 16 << 10  # bytes of path and query
MOST_CALLERS = 10_000  # whose rate is remembered
TOO_LONG = f"the request has more than {MOST_BODY} bytes"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "testserver")
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; frame-src 'self'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass
class Rate:
    """A bucket for each caller: so many requests a minute, a burst of a quarter of that."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    held: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait(self, caller: str) -> float:
        """Seconds until this caller may ask; 0: now, and it is counted."""
        if self.per_minute <= 0:
            return 0
        now, burst = self.clock(), max(1.0, self.per_minute / 4)
        left, since = self.held.pop(caller, (burst, now))
        left = min(burst, left + (now - since) * self.per_minute / 60)
        if left < 1:
            self.held[caller] = (left, now)
            return (1 - left) * 60 / self.per_minute
        self.held[caller] = (left - 1, now)
        while len(self.held) > MOST_CALLERS:
            self.held.popitem(last=False)
        return 0


class Guard:
    """The middleware. `names`: host names, besides loopback, that this console answers to: a page elsewhere that makes its own name lead
    here (DNS rebinding) is refused."""

    def __init__(self, app: App, *, names: Iterable[str], rate: Rate) -> None:
        self.app, self.names, self.rate = app, frozenset(map(str.lower, (*LOOPBACK, *names))), rate

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = meant(scope)
        talk = Talk(receive, send, bodiless=scope["method"] == "HEAD")
        await (self._refused(scope) or self.app)({**scope, "method": "GET"} if talk.bodiless else scope, talk.take, talk.give)

    def _refused(self, scope: Message) -> Any:
        headers = dict(scope["headers"])
        if not self._is_ours(headers.get(b"host", b"").decode("latin-1")):
            return problem(421, "this console does not answer to that host name", remedy="add the name to serve.names")
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > MOST_TARGET:
            return problem(414, f"the address has more than {MOST_TARGET} bytes")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MOST_BODY:
            return problem(413, TOO_LONG)
        client = scope.get("client")
        wait = self.rate.wait(client[0] if client else "")
        return problem(429, "too many requests from here", retry_after=max(1, round(wait))) if wait else None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return "@" not in host and (name.lower() in self.names or f"[{name}]" in self.names)


@dataclass
class Talk:
    """One request and its answer. `bodiless`: only the answer's head leaves."""

    receive: Receive
    send: Send
    bodiless: bool
    taken: int = 0
    begun: bool = False  # the answer

    async def take(self) -> Message:
        """Some of the request. Raises HTTPException where a body without a stated length is too long."""
        message = await self.receive()
        self.taken += len(message.get("body", b""))
        if self.taken <= MOST_BODY:
            return message
        if self.begun:
            return {"type": "http.disconnect"}
        raise HTTPException(413, TOO_LONG)

    async def give(self, message: Message) -> None:
        """Some of the answer. Without a body it ends with its head, so that what would go on for ever is told that nobody listens."""
        if message["type"] == "http.response.start":
            self.begun = True
            had = {name.lower() for name, _ in message["headers"]}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in had]
            await self.send({**message, "headers": [*message["headers"], *more]})
            if self.bodiless:
                await self.send({"type": "http.response.body", "body": b""})
        elif not self.bodiless:
            await self.send(message)
