"""One hop → Exchange. Network trouble is a value; only cancellation passes through."""

import asyncio
import re
import ssl
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from crawler.errors import CannotError
from crawler.fetcher import outcomes
from crawler.fetcher.connection import Late, Limits, Lost, NoRoom, TooLarge, Truncated, WireError
from crawler.fetcher.cookies import Jars
from crawler.fetcher.decoding import BrokenStream, CutStream, Decoded, TooMuch, Undecodable, decode
from crawler.fetcher.guard import Guard, Refused, Resolver
from crawler.fetcher.spool import release
from crawler.fetcher.tls import context
from crawler.fetcher.wire import MODERN, Transport
from crawler.model import ABOUT_THE_SITE, NOWHERE, Exchange, Kind, Millis, Octets, Outcome, Page, Route, Task
from crawler.text import urls

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,application/json;q=0.9,*/*;q=0.8"
SAFE = ("GET", "HEAD")
MOST_SERVERS = 1000  # origins that are remembered
DECODE_INLINE = 1 << 17  # bytes of a coded body
UNDECODABLE: Mapping[type[Undecodable], Outcome] = {
    CutStream: Outcome.TRUNCATED,
    BrokenStream: Outcome.PROTOCOL_ERROR,
    TooMuch: Outcome.TOO_LARGE,
}
LEADS = {"home": "the home page", "login": "a login page", "itself": "itself"}
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# path and query that every reader of addresses leaves as they are: nothing to be escaped, no dots to be resolved
PLAIN = re.compile(
    r"(?!.*/\.)/(?:[\w~!$&'()*+,;=:@/.-]|%[0-9A-Fa-f]{2})*(?:\?(?:[\w~!$&'()*+,;=:@/?.-]|%[0-9A-Fa-f]{2})+)?", re.ASCII
)
ACCEPTED = (("Accept", ACCEPT), ("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5"), ("Accept-Encoding", "gzip, deflate, br, zstd"))
NO_BODY = httpx.ByteStream(b"")


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """`max_body` and `max_head` in bytes, of the wire and of the decoded body each; `max_file`, `max_files` (by source): of documents that
    notices link to. `routes`: by source; `spool`: folder of large bodies."""

    user_agent: str
    max_body: int = 32 << 20
    max_head: int = 65536
    connect: Mapping[str, str] | None = None
    allow_private: tuple[str, ...] = ()
    ca_file: Path | None = None
    routes: Mapping[str, Route] = field(default_factory=dict)
    spool: Path | None = None
    max_file: int = 64 << 20
    max_files: Mapping[str, int] = field(default_factory=dict)

    def most(self, task: Task) -> int:
        """The largest body that is taken of an address."""
        return self.max_files.get(task.source, self.max_file) if task.kind is Kind.ATTACHMENT else self.max_body


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
        self,
        settings: FetchSettings,
        *,
        resolver: Resolver | None = None,
        clock: Callable[[], Millis] = wall_clock,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.clock, self.steady = settings, clock, steady
        self.jars = Jars()
        self._servers: dict[str, tuple[httpx.URL, httpx.Headers]] = {}
        self.transport = Transport(
            Guard(settings.allow_private, settings.connect, resolver),
            tls=lambda route: context(settings.ca_file, route),
            limits=Limits(settings.max_head, settings.max_body, settings.spool),
        )

    async def fetch(self, task: Task, deadline: float) -> Exchange:
        """What came of asking for the task's address once, within `deadline` seconds. Raises CannotError when this machine's disk is full."""
        at, began = self.clock(), self.steady()
        try:
            request = self._request(task, deadline, self.jars.header(task.source, task.run.id, task.request.url, at))
        except (httpx.InvalidURL, ValueError) as error:
            return Exchange(task, Outcome.CLIENT_ERROR, at, 0, detail=f"not asked: {error}")

        def ended(outcome: Outcome, detail: str) -> Exchange:
            ms = int((self.steady() - began) * 1000)
            return Exchange(task, outcome, at, ms, detail=detail, reach=request.extensions.get("reach"))

        try:
            response = await self.transport.handle_async_request(request)
        except NoRoom as error:
            raise CannotError(str(error), remedy="free some disk space") from error
        except WireError as error:
            return self._failed(ended(_wire_outcome(error), str(error)), error)
        except Refused as error:
            return ended(Outcome.REFUSED, str(error))
        except ssl.SSLError as error:
            return ended(Outcome.TLS_ERROR, str(error))
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            return ended(Outcome.CLIENT_ERROR, f"not asked: {error}")
        except OSError as error:
            return ended(Outcome.NETWORK_ERROR, str(error) or type(error).__name__)
        return await self._answered(task, response, at, began)

    def _request(self, task: Task, deadline: float, cookies: str) -> httpx.Request:
        wanted, url = task.request, task.request.url
        own: list[tuple[str, str]] = []
        if task.validators:
            if task.validators.etag:
                own.append(("If-None-Match", task.validators.etag))
            if task.validators.last_modified:
                own.append(("If-Modified-Since", task.validators.last_modified))
        own += wanted.headers
        if cookies:
            own.append(("Cookie", cookies))
        extensions = {
            "deadline": deadline,
            "route": self.settings.routes.get(task.source, MODERN),
            "most": self.settings.most(task),
        }
        origin = urls.origin(url)
        if wanted.method in SAFE and not wanted.body and url.startswith(origin) and PLAIN.fullmatch(url, len(origin)):
            server, headers = self._server(origin)
            if own:
                headers = httpx.Headers(headers.raw + [(name.encode("ascii"), value.encode("ascii")) for name, value in own])
            extensions["target"] = url[len(origin) :].encode("ascii")
            return httpx.Request(wanted.method, server, headers=headers, stream=NO_BODY, extensions=extensions)
        common = [("User-Agent", self.settings.user_agent), *ACCEPTED, *own]
        request = httpx.Request(wanted.method, url, headers=common, content=wanted.body or None, extensions=extensions)
        _check_host(request.url, url)
        return request

    def _server(self, origin: str) -> tuple[httpx.URL, httpx.Headers]:
        """An origin as httpx reads it, and what every request to it begins with: a site's addresses differ in path and query alone."""
        known = self._servers.get(origin)
        if known is None:
            server = httpx.URL(f"{origin}/")
            _check_host(server, origin)
            if len(self._servers) >= MOST_SERVERS:
                self._servers.clear()
            headers = httpx.Headers([("Host", server.netloc.decode()), ("User-Agent", self.settings.user_agent), *ACCEPTED])
            known = self._servers[origin] = server, headers
        return known

    def _failed(self, told: Exchange, error: WireError) -> Exchange:
        """With what had come. A redirect whose head is whole is one, however its body ends: nobody asked for that."""
        sent = error.wire if error.wire and error.wire.request else None
        told = replace(told, wire=sent, status=error.status, payload=error.payload)
        if error.status not in outcomes.REDIRECTS or not isinstance(error, TooLarge | Truncated):
            return told
        headers = _joined([(name.decode("latin-1"), value.decode("latin-1")) for name, value in error.headers])
        location = outcomes.location_of(told.task.request.url, headers.get("location", ""))
        if not headers.get("location"):
            return told
        if location is None:
            return replace(told, outcome=Outcome.PROTOCOL_ERROR, leads=NOWHERE, detail="redirected to what is no address")
        return replace(told, outcome=Outcome.REDIRECTED, location=location, detail=f"its body: {error}")

    async def _answered(self, task: Task, response: httpx.Response, at: Millis, began: float) -> Exchange:
        pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        headers = _joined(pairs)
        cookies = [value for name, value in pairs if name.lower() == "set-cookie"]
        self.jars.keep(task.source, task.run.id, task.request.url, cookies, at)
        payload: Octets = response.extensions["payload"]
        conditional = task.validators is not None and bool(task.validators.etag or task.validators.last_modified)
        seen: bytes | None = None
        try:
            decoded, wrong = await self._decoded(payload, headers.get("content-encoding"), self.settings.most(task)), None
            seen = decoded.body
        except Undecodable as error:
            decoded, wrong = Decoded(b"", ("undecodable",)), error
        release(payload)
        outcome, evidence = outcomes.outcome_of(
            response.status_code, headers, conditional=conditional, body=decoded.body[: outcomes.LOOKED_AT]
        )
        if wrong is not None and outcome is Outcome.OK:  # of other answers the body is not what was asked for
            outcome = UNDECODABLE[type(wrong)]
        asked = response.status_code == 200 and task.request.method != "HEAD" and task.kind not in ABOUT_THE_SITE
        if asked and outcome is Outcome.OK and outcomes.is_blank(decoded.body):
            outcome, evidence = Outcome.EMPTY, f"{len(decoded.body)} bytes with nothing to see"
        dropped = ", ".join(name.decode("latin-1") for name in response.extensions["dropped"])
        details = [
            evidence,
            f"header fields left out, their names are none: {dropped[:200]}" if dropped else "",
            str(wrong) if wrong else ", ".join(decoded.flags),
        ]
        page = Page(task.request.url, response.status_code, pairs, seen, at) if seen is not None else None
        location = outcomes.location_of(task.request.url, headers["location"]) if outcome is Outcome.REDIRECTED else None
        leads = NOWHERE if outcome is Outcome.REDIRECTED and location is None else ""
        if leads:
            outcome, details = Outcome.PROTOCOL_ERROR, [f"redirected to what is no address: {headers['location'][:60]!a}"]
        if location is not None and (to := urls.leads(task.request.url, location)):
            details.append(f"leads to {LEADS[to]}")
        ms = int((self.steady() - began) * 1000)
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
            leads=urls.leads(task.request.url, location) if location else leads,
            retry_after=outcomes.retry_after(headers.get("retry-after"), at + ms) if outcome is Outcome.BUSY else None,
            detail="; ".join(filter(None, details)),
            reach=response.request.extensions["reach"],
            codings=decoded.codings,
            flags=decoded.flags,
        )

    async def _decoded(self, payload: Octets, coding: str | None, limit: int) -> Decoded:
        """Small bodies at once; what may take long in a thread, so that other hosts are fetched meanwhile."""
        if len(payload) <= DECODE_INLINE:
            return decode(payload, coding, limit=limit)
        return await asyncio.to_thread(decode, payload, coding, limit=limit)

    async def aclose(self) -> None:
        """Drop every connection."""
        await self.transport.aclose()


def _check_host(read: httpx.URL, url: str) -> None:
    """Raises ValueError when httpx sees another host in an address than the one that is checked."""
    if urls.host(str(read)) != urls.host(url):
        raise ValueError("two readers see different hosts in the address")


def _wire_outcome(error: WireError) -> Outcome:
    if isinstance(error, Late):
        return Outcome.TIMEOUT
    if isinstance(error, TooLarge):
        return Outcome.TOO_LARGE
    if isinstance(error, Truncated):
        return Outcome.TRUNCATED
    return Outcome.NETWORK_ERROR if isinstance(error, Lost) else Outcome.PROTOCOL_ERROR


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Names in small letters, values of one name joined by a comma (RFC 9110, 5.3); bytes as characters, none guessed at."""
    found: dict[str, str] = {}
    for name, value in pairs:
        lower = name.strip().lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found
