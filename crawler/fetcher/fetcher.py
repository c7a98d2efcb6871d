"""One hop → Exchange. Network trouble is a value; only cancellation passes through."""

import re
import ssl
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from crawler.errors import DamagedRecord
from crawler.fetcher import outcomes
from crawler.fetcher.connection import Late, Lost, TooLarge, Truncated, WireError
from crawler.fetcher.decoding import CutStream, TooMuch, decode
from crawler.fetcher.guard import Guard, Refused, Resolver
from crawler.fetcher.message import parse_response
from crawler.fetcher.tls import context
from crawler.fetcher.wire import Transport
from crawler.model import Exchange, Millis, Outcome, Page, Task, Wire

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,application/json;q=0.9,*/*;q=0.8"
LEADS = {"home": "the home page", "login": "a login page", "itself": "itself"}
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """`max_body` and `max_head` in bytes, of the wire and of the decoded body each."""

    user_agent: str
    max_body: int = 32 << 20
    max_head: int = 65536
    connect: Mapping[str, str] | None = None
    allow_private: tuple[str, ...] = ()
    ca_file: Path | None = None


def user_agent(name: str, contact: str, version: str) -> str:
    """The honest User-Agent: program, contact, operator. Non-ASCII is percent-encoded.

    Raises ValueError naming the setting that is empty or holds a control character.
    """
    for setting, value in (("operator.name", name), ("operator.contact", contact)):
        if not value.strip() or CONTROL.search(value):
            raise ValueError(f"{setting} must be one line of text: it is sent with every request")
    safe = " !\"#$%&'*+,-./:;<=>?@[]^_`{|}~"
    return f"gongkai/{version} (+{urllib.parse.quote(contact.strip(), safe=safe)}; {urllib.parse.quote(name.strip(), safe=safe)})"


def wall_clock() -> Millis:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Fetcher:
    """Fetches tasks, one hop each, over one guarded transport."""

    def __init__(
        self, settings: FetchSettings, *, resolver: Resolver | None = None, clock: Callable[[], Millis] = wall_clock
    ) -> None:
        self.settings, self.clock = settings, clock
        self.transport = Transport(
            Guard(settings.allow_private, settings.connect, resolver),
            tls=lambda: context(settings.ca_file),
            max_head=settings.max_head,
            max_body=settings.max_body,
        )

    async def fetch(self, task: Task, deadline: float) -> Exchange:
        """What came of asking for the task's address once, within `deadline` seconds."""
        at, began = self.clock(), time.monotonic()

        def ended(outcome: Outcome, detail: str = "", wire: Wire | None = None, status: int | None = None) -> Exchange:
            ms = int((time.monotonic() - began) * 1000)
            return Exchange(task, outcome, at, ms, status=status, wire=wire, detail=detail, payload=_partial(wire, task))

        try:
            request = self._request(task, deadline)
            response = await self.transport.handle_async_request(request)
        except WireError as error:
            return ended(
                _wire_outcome(error), str(error), error.wire if error.wire and error.wire.request else None, _status(error.wire)
            )
        except Refused as error:
            return ended(Outcome.REFUSED, str(error))
        except ssl.SSLError as error:
            return ended(Outcome.TLS_ERROR, str(error))
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            return ended(Outcome.CLIENT_ERROR, f"not asked: {error}")
        except OSError as error:
            return ended(Outcome.NETWORK_ERROR, str(error) or type(error).__name__)
        return self._answered(task, response, at, int((time.monotonic() - began) * 1000))

    def _request(self, task: Task, deadline: float) -> httpx.Request:
        headers = [
            ("User-Agent", self.settings.user_agent),
            ("Accept", ACCEPT),
            ("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5"),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ]
        if task.validators:
            if task.validators.etag:
                headers.append(("If-None-Match", task.validators.etag))
            if task.validators.last_modified:
                headers.append(("If-Modified-Since", task.validators.last_modified))
        headers += task.request.headers
        return httpx.Request(
            task.request.method,
            task.request.url,
            headers=headers,
            content=task.request.body or None,
            extensions={"deadline": deadline},
        )

    def _answered(self, task: Task, response: httpx.Response, at: Millis, ms: int) -> Exchange:
        headers = dict(response.headers.items())
        payload: bytes = response.extensions["payload"]
        conditional = task.validators is not None and bool(task.validators.etag or task.validators.last_modified)
        outcome, detail, page = Outcome.PROTOCOL_ERROR, "", None
        try:
            decoded = decode(payload, headers.get("content-encoding"), limit=self.settings.max_body)
            pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
            page = Page(task.request.url, response.status_code, pairs, decoded.body, at)
            outcome, evidence = outcomes.outcome_of(
                response.status_code, headers, conditional=conditional, body=decoded.body[: outcomes.LOOKED_AT]
            )
            detail = "; ".join(filter(None, (evidence, ", ".join(decoded.flags))))
        except CutStream as error:
            outcome, detail = Outcome.TRUNCATED, str(error)
        except TooMuch as error:
            outcome, detail = Outcome.TOO_LARGE, str(error)
        location = outcomes.location_of(task.request.url, headers["location"]) if outcome is Outcome.REDIRECTED else None
        if outcome is Outcome.REDIRECTED and location is None:
            outcome, detail = Outcome.PROTOCOL_ERROR, "redirected to what is no address"
        if location is not None and (to := outcomes.leads(task.request.url, location)):
            detail = "; ".join(filter(None, (detail, f"leads to {LEADS[to]}")))
        return Exchange(
            task,
            outcome,
            at,
            ms,
            status=response.status_code,
            wire=response.extensions["wire"],
            page=page,
            payload=payload,
            location=location,
            retry_after=outcomes.retry_after(headers.get("retry-after"), at + ms) if outcome is Outcome.BUSY else None,
            detail=detail,
        )

    async def aclose(self) -> None:
        """Drop every connection."""
        await self.transport.aclose()


def _wire_outcome(error: WireError) -> Outcome:
    if isinstance(error, Late):
        return Outcome.TIMEOUT
    if isinstance(error, TooLarge):
        return Outcome.TOO_LARGE
    if isinstance(error, Truncated):
        return Outcome.TRUNCATED
    return Outcome.NETWORK_ERROR if isinstance(error, Lost) else Outcome.PROTOCOL_ERROR


def _partial(wire: Wire | None, task: Task) -> bytes:
    """The payload that came before an exchange went wrong."""
    if wire is None or not wire.response:
        return b""
    try:
        return parse_response(bytes(wire.response), task.request.method).payload
    except DamagedRecord:
        return b""


def _status(wire: Wire | None) -> int | None:
    if wire is None or not wire.response:
        return None
    try:
        return parse_response(bytes(wire.response)).status
    except DamagedRecord:
        return None
