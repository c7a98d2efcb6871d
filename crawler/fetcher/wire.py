"""An httpx transport that says exactly what happened: guarded address, exact bytes, one wall-clock deadline, caps, framing.

    response = await Transport(Guard(), …).handle_async_request(request)
    wire = response.extensions["wire"]          # model.Wire

Errors are WireError (with the bytes that came), guard.Refused, ssl.SSLError, or OSError (lookup, connect).
"""

import asyncio
import collections
import ssl
from collections.abc import Callable

import httpx

from crawler.fetcher.connection import Connection, Late, Lost, WireError
from crawler.fetcher.guard import Endpoint, Guard
from crawler.fetcher.tls import describe
from crawler.model import Wire

Key = tuple[str, int, ssl.SSLContext | None]


class Transport(httpx.AsyncBaseTransport):
    """HTTP/1.1, one request at a time on a connection. `request.extensions["deadline"]`: seconds for the whole exchange."""

    def __init__(
        self,
        guard: Guard,
        *,
        tls: Callable[[], ssl.SSLContext],
        deadline: float = 60.0,
        connect_timeout: float = 15.0,
        max_head: int = 65536,
        max_body: int = 32 << 20,
        idle: float = 15.0,
    ) -> None:
        self.guard, self.deadline, self.connect_timeout = guard, deadline, connect_timeout
        self.max_head, self.max_body, self.idle = max_head, max_body, idle
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._free: dict[Key, list[Connection]] = collections.defaultdict(list)
        self._swept = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. Raises WireError, Refused, ssl.SSLError or OSError."""
        url = request.url
        secure = url.scheme == "https"
        if not secure and url.scheme != "http":
            raise httpx.UnsupportedProtocol(f"{url.scheme} is not spoken here", request=request)
        method = request.method.encode("ascii")
        data = head(method, url.raw_path, request.headers.raw)
        if method not in (b"GET", b"HEAD"):
            data += await request.aread()
        key = (url.raw_host.decode("ascii").strip("[]"), url.port or (443 if secure else 80), self._context() if secure else None)
        connection, wire = await self._exchange(key, method, data, request.extensions.get("deadline", self.deadline))
        payload = b"".join(connection.body)
        response = httpx.Response(
            connection.status,
            headers=connection.headers,
            stream=httpx.ByteStream(payload),
            request=request,
            extensions={
                "http_version": b"HTTP/" + connection.version.encode("ascii"),
                "reason_phrase": connection.reason,
                "wire": wire,
                "payload": payload,
            },
        )
        self._put(key, connection)
        return response

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = self._make_tls()
        return self._tls

    async def _exchange(self, key: Key, method: bytes, data: bytes, limit: float) -> tuple[Connection, Wire]:
        """A connection whose exchange has ended well, and its bytes."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(limit):
                while True:
                    connection = self._take(key) or await self._connect(*key)
                    try:
                        return connection, await connection.send(method, data, asyncio.get_running_loop())
                    except Lost:  # a kept connection that the server had closed meanwhile: once more on another
                        if connection.used == 1 or method not in (b"GET", b"HEAD"):
                            raise
                        connection = None
        except TimeoutError:
            late = Late(f"deadline of {limit:g} s passed" + ("" if connection else " before the connection stood"))
            raise (connection.fail(late) if connection else late) from None
        except asyncio.CancelledError:
            if connection is not None:
                connection.fail(WireError("cancelled"))
            raise

    async def _connect(self, host: str, port: int, context: ssl.SSLContext | None) -> Connection:
        error: OSError | None = None
        for endpoint in await self.guard.addresses(host, port):
            try:
                return await self._dial(endpoint, host, context)
            except ssl.SSLError:
                raise
            except OSError as failed:
                error = failed
        raise error or OSError(f"{host} has no address")

    async def _dial(self, endpoint: Endpoint, host: str, context: ssl.SSLContext | None) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.connect_timeout):
                transport, connection = await loop.create_connection(
                    lambda: Connection(endpoint.ip, self.max_head, self.max_body),
                    endpoint.ip,
                    endpoint.port,
                    ssl=context,
                    server_hostname=host if context else None,
                )
        except TimeoutError:
            raise OSError(f"no connection to {endpoint.ip} within {self.connect_timeout:g} s") from None
        if context is not None:
            connection.tls = describe(transport.get_extra_info("ssl_object"))
        return connection

    def _take(self, key: Key) -> Connection | None:
        free, now = self._free.get(key), asyncio.get_running_loop().time()
        while free:
            connection = free.pop()
            if not connection.closed and now - connection.idle_since < self.idle:
                return connection
            connection.close()
        return None

    def _put(self, key: Key, connection: Connection) -> None:
        if connection.closed or not connection.keep:
            connection.close()
            return
        connection.forget()
        connection.idle_since = asyncio.get_running_loop().time()
        self._free[key].append(connection)
        if connection.idle_since - self._swept > self.idle:
            self._sweep(connection.idle_since)

    def _sweep(self, now: float) -> None:
        """Close what hosts that are not asked again have left open."""
        self._swept = now
        for key, free in list(self._free.items()):
            fresh = [c for c in free if not c.closed and now - c.idle_since < self.idle]
            for connection in free:
                if connection not in fresh:
                    connection.close()
            if fresh:
                self._free[key] = fresh
            else:
                del self._free[key]

    async def aclose(self) -> None:
        """Drop every connection."""
        for free in self._free.values():
            for connection in free:
                connection.close()
        self._free.clear()


def head(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Request line and headers as sent. Raises httpx.LocalProtocolError for anything that would break out of its line."""
    data = b"%s %s HTTP/1.1\r\n%s\r\n" % (method, target, b"".join(b"%s: %s\r\n" % pair for pair in headers))
    lines = len(headers) + 2
    if data.count(b"\n") != lines or data.count(b"\r") != lines or b"\0" in data or b" " in target:
        raise httpx.LocalProtocolError("control character in the request")
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):
        raise httpx.LocalProtocolError("streamed request bodies are not sent")
    return data
