"""An httpx transport that says exactly what happened: guarded address, exact bytes, one wall-clock deadline, caps, framing.

    response = await Transport(Guard(), …).handle_async_request(request)
    wire = response.extensions["wire"]          # model.Wire
    dropped = response.extensions["dropped"]   # names of header fields that are no names: the bytes are kept, the fields are not read
    reach = request.extensions["reach"]         # model.Reach, also when the exchange failed

A request's extensions may hold `deadline` (seconds for the whole exchange: lookup, connect, TLS, head, body), `route` (model.Route) and
`target` (path and query as they are sent, where they are not the address's own).
Errors are WireError (with the bytes that came), guard.Refused, ssl.SSLError, or OSError (lookup, connect, proxy).
"""

import asyncio
import collections
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx

from crawler.fetcher.connection import Connection, Got, Late, Limits, Lost, WireError
from crawler.fetcher.guard import Endpoint, Guard, Refused
from crawler.fetcher.tls import describe
from crawler.model import Octets, Reach, Route

STEP = 1 << 16
SAFE = frozenset({b"GET", b"HEAD"})  # asked once more when a kept connection turns out to be closed
MOST_IDLE = 256  # kept connections over all hosts
MODERN = Route()


@dataclass(frozen=True, slots=True)
class Destination:
    """One server by one route; connections are kept for each."""

    secure: bool
    host: str
    port: int
    route: Route

    @property
    def server_name(self) -> str:
        """What the certificate must be for; a final dot is no part of it (RFC 6066, 3)."""
        return self.host.rstrip(".")

    @property
    def authority(self) -> bytes:
        """host:port, as CONNECT wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}".encode("ascii")


class Body(httpx.AsyncByteStream):
    """A payload in steps, so that a large one is not copied at once."""

    def __init__(self, payload: Octets) -> None:
        self.payload = payload

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.payload), STEP):
            yield bytes(self.payload[start : start + STEP])


class Transport(httpx.AsyncBaseTransport):
    """HTTP/1.1, one request at a time on a connection; `tls` makes the context of a route."""

    def __init__(
        self,
        guard: Guard,
        *,
        tls: Callable[[Route], ssl.SSLContext],
        limits: Limits | None = None,
        deadline: float = 60.0,
        connect_timeout: float = 15.0,
        idle: float = 15.0,
    ) -> None:
        self.guard, self.deadline, self.connect_timeout, self.idle = guard, deadline, connect_timeout, idle
        self.limits = limits or Limits()
        self._make_tls = tls
        self._contexts: dict[tuple[str, str | None], ssl.SSLContext] = {}
        self._free: dict[Destination, list[Connection]] = collections.defaultdict(list)
        self._idle = 0
        self._swept = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. Raises WireError, Refused, ssl.SSLError or OSError."""
        destination = _destination(request)
        method = request.method.encode("ascii")
        data = head(method, _target(request, destination), request.headers.raw)
        if method not in SAFE:
            data += await request.aread()
        limit = request.extensions.get("deadline", self.deadline)
        connection, got = await self._exchange(destination, method, data, limit, request)
        answer = got.answer
        response = httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=Body(got.payload),
            request=request,
            extensions={
                "http_version": b"HTTP/" + answer.version.encode("ascii"),
                "reason_phrase": answer.reason,
                "wire": got.wire,
                "payload": got.payload,
                "dropped": got.answer.dropped,
            },
        )
        self._put(destination, connection)
        return response

    # -------------------------------------------------------------- one exchange
    async def _exchange(
        self, destination: Destination, method: bytes, data: bytes, limit: float, request: httpx.Request
    ) -> tuple[Connection, Got]:
        """A connection whose exchange has ended well, and what came."""
        connection: Connection | None = None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limit):
                while True:
                    connection = self._take(destination)
                    if connection is None:
                        connection = await self._connect(destination, request)
                    else:
                        request.extensions["reach"] = connection.reach
                    try:
                        return connection, await connection.send(method, data, loop, request.extensions.get("most"))
                    except Lost:  # a kept connection that the server had closed meanwhile: once more on another
                        if connection.used == 1 or method not in SAFE:
                            raise
                        connection = None
        except TimeoutError:
            late = Late(f"deadline of {limit:g} s passed" + ("" if connection else " before the connection stood"))
            raise (connection.fail(late) if connection else late) from None
        except asyncio.CancelledError:
            if connection is not None:
                connection.fail(WireError("cancelled"))
            raise

    async def _connect(self, destination: Destination, request: httpx.Request) -> Connection:
        """A new connection; `request.extensions["reach"]` tells how far it came."""
        proxy = urlsplit(destination.route.proxy) if destination.route.proxy else None
        host, port = (proxy.hostname or "", proxy.port or 80) if proxy else (destination.host, destination.port)
        reach = Reach(
            host,
            port,
            proxy=destination.route.proxy or "",
            tls_profile=destination.route.tls_profile if destination.secure else "",
        )
        request.extensions["reach"] = reach
        began = time.monotonic()
        try:
            if proxy:
                self.guard.check_named(destination.host)
            checked = await self.guard.check(host, port)
        except Refused as refused:
            request.extensions["reach"] = replace(reach, answers=refused.answers, guard=str(refused), lookup_ms=_since(began))
            raise
        reach = replace(reach, answers=checked.answers, guard=checked.decision, lookup_ms=_since(began))
        error: OSError | None = None
        for endpoint in checked.endpoints:
            ip = f"[{endpoint.ip}]" if ":" in endpoint.ip else endpoint.ip
            tried = request.extensions["reach"] = replace(reach, address=f"{ip}:{endpoint.port}")
            try:
                connection = await self._dial(endpoint, destination, tried)
            except ssl.SSLError:
                raise
            except OSError as failed:
                error = failed
            else:
                request.extensions["reach"] = connection.reach
                connection.reach = replace(connection.reach or tried, reused=True, lookup_ms=None, connect_ms=None, tls_ms=None)
                return connection
        raise error or OSError(f"{host} has no address")

    async def _dial(self, endpoint: Endpoint, destination: Destination, reach: Reach) -> Connection:
        loop, began = asyncio.get_running_loop(), time.monotonic()
        connection = Connection(endpoint.ip, self.limits)
        step = f"connection to {endpoint.ip}"
        try:
            async with asyncio.timeout(self.connect_timeout):
                await loop.create_connection(lambda: connection, endpoint.ip, endpoint.port)
                connection.reach = replace(reach, connect_ms=_since(began))
                if destination.secure:
                    if destination.route.proxy:
                        step = "answer of the proxy"
                        await self._tunnel(connection, destination)
                    step = f"TLS handshake with {endpoint.ip}"
                    await self._secure(connection, destination)
        except TimeoutError:
            connection.close()
            raise OSError(f"no {step} within {self.connect_timeout:g} s") from None
        except BaseException:
            connection.close()
            raise
        return connection

    async def _tunnel(self, connection: Connection, destination: Destination) -> None:
        """Ask the proxy for passage (RFC 9110, 9.3.6)."""
        ask = b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (destination.authority, destination.authority)
        try:
            got = await connection.send(b"CONNECT", ask, asyncio.get_running_loop())
        except WireError as error:
            raise OSError(f"the proxy {destination.route.proxy} answered no CONNECT: {error}") from error
        if got.answer.status // 100 != 2 or got.wire.surplus:
            raise OSError(f"the proxy {destination.route.proxy} answered {got.answer.status} to CONNECT")

    async def _secure(self, connection: Connection, destination: Destination) -> None:
        began, loop = time.monotonic(), asyncio.get_running_loop()
        assert connection.transport is not None
        assert connection.reach is not None
        try:
            transport = await loop.start_tls(
                connection.transport,
                connection,
                self._context(destination.route),
                server_hostname=destination.server_name,
                ssl_handshake_timeout=self.connect_timeout + 1,  # ours comes first, and says what was waited for
                ssl_shutdown_timeout=1.0,
            )
        except ConnectionError as error:
            raise OSError(f"cut in the TLS handshake: {str(error) or type(error).__name__}") from error
        assert transport is not None
        connection.secured(transport, describe(transport.get_extra_info("ssl_object"), destination.route))
        connection.reach = replace(connection.reach, tls_ms=_since(began))

    def _context(self, route: Route) -> ssl.SSLContext:
        key = (route.tls_profile, route.certificates)
        if key not in self._contexts:
            self._contexts[key] = self._make_tls(route)
        return self._contexts[key]

    # -------------------------------------------------------------- kept connections
    def _take(self, destination: Destination) -> Connection | None:
        free, now = self._free.get(destination), asyncio.get_running_loop().time()
        while free:
            connection = free.pop()
            self._idle -= 1
            if now - connection.idle_since < self.idle and connection.quiet():
                return connection
            connection.close()
        return None

    def _put(self, destination: Destination, connection: Connection) -> None:
        if connection.closed or not connection.keep:
            connection.close()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._free[destination].append(connection)
        self._idle += 1
        if self._idle > MOST_IDLE or connection.idle_since - self._swept > self.idle:
            self._sweep(connection.idle_since)

    def _sweep(self, now: float) -> None:
        """Close what hosts that are not asked again have left open; the oldest too, when there are too many."""
        self._swept = now
        held = sorted(
            ((c, destination) for destination, free in self._free.items() for c in free), key=lambda item: -item[0].idle_since
        )
        self._free.clear()
        for number, (connection, destination) in enumerate(held):
            if number < MOST_IDLE // 2 and not connection.closed and now - connection.idle_since < self.idle:
                self._free[destination].append(connection)
            else:
                connection.close()
        self._idle = sum(map(len, self._free.values()))

    async def aclose(self) -> None:
        """Drop every connection."""
        for free in self._free.values():
            for connection in free:
                connection.close()
        self._free.clear()
        self._idle = 0


def _destination(request: httpx.Request) -> Destination:
    """Raises httpx.UnsupportedProtocol. A TLS profile counts for the route's own hosts alone; the proxy for all."""
    url, route = request.url, request.extensions.get("route", MODERN)
    secure = url.scheme == "https"
    if not secure and url.scheme != "http":
        raise httpx.UnsupportedProtocol(f"{url.scheme} is not spoken here", request=request)
    host = url.raw_host.decode("ascii").strip("[]")
    if not secure or route.tls_profile == "modern" or host not in route.hosts:
        route = Route(proxy=route.proxy) if route.proxy else MODERN
    return Destination(secure, host, url.port or (443 if secure else 80), route)


def _target(request: httpx.Request, destination: Destination) -> bytes:
    """The request target; a proxy wants the whole address (RFC 9112, 3.2.2), unless it only opens a tunnel."""
    target: bytes = request.extensions.get("target") or request.url.raw_path
    return b"http://" + request.url.netloc + target if destination.route.proxy and not destination.secure else target


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def head(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Request line and headers as sent. Raises httpx.LocalProtocolError for anything that would break out of its line."""
    data = b"%s %s HTTP/1.1\r\n%s\r\n" % (method, target, b"".join([b"%s: %s\r\n" % pair for pair in headers]))
    lines = len(headers) + 2
    if data.count(b"\n") != lines or data.count(b"\r") != lines or b"\0" in data or b" " in target:
        raise httpx.LocalProtocolError("control character in the request")
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):
        raise httpx.LocalProtocolError("streamed request bodies are not sent")
    return data
