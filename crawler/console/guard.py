"""What every request meets first: whose name it is for, how much it sends, how often, and the headers that every answer has. ASGI."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from crawler.console.problems import problem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_BODY = 64 << 10  # bytes of a request's body
MOST_TARGET = 16 << 10  # bytes of path and query
MOST_CALLERS = 10_000  # whose rate is remembered
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
        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, _with_headers(send))
            return
        await self.app(scope, _bounded(receive), _with_headers(send))

    def _refused(self, scope: Message) -> Any:
        headers = dict(scope["headers"])
        if not self._is_ours(headers.get(b"host", b"").decode("latin-1")):
            return problem(421, "this console does not answer to that host name", remedy="add the name to serve.names")
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > MOST_TARGET:
            return problem(414, f"the address has more than {MOST_TARGET} bytes")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MOST_BODY:
            return problem(413, f"the request has more than {MOST_BODY} bytes")
        client = scope.get("client")
        wait = self.rate.wait(client[0] if client else "")
        return problem(429, "too many requests from here", retry_after=max(1, round(wait))) if wait else None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name.lower() in self.names or f"[{name}]" in self.names


def _bounded(receive: Receive) -> Receive:
    """A body without a stated length is cut where it is too long."""
    count = 0

    async def bounded() -> Message:
        nonlocal count
        message = await receive()
        if message["type"] == "http.request":
            count += len(message.get("body", b""))
            if count > MOST_BODY:
                return {"type": "http.disconnect"}
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            had = {name.lower() for name, _ in message["headers"]}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in had]
            message["headers"] = [*message["headers"], *more]
        await send(message)

    return sending
