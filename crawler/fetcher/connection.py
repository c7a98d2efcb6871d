"""One HTTP/1.1 connection: an asyncio protocol over llhttp that keeps the exact bytes and trusts nothing it did not ask for."""

import asyncio
import re

import httptools

from crawler.model import Tls, Wire

HEAD_END = re.compile(rb"\r?\n\r?\n")
# What old servers really send. "Dangerous" is said of proxies, where two readers may disagree; here is one reader, and one exchange
# at a time on a connection.
LENIENT = dict.fromkeys(
    ("lenient_headers", "lenient_chunked_length", "lenient_optional_cr_before_lf", "lenient_spaces_after_chunk_size"),
    True,
)


class WireError(Exception):
    """An exchange that did not end well; `wire` holds the bytes that came, when any did."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.wire: Wire | None = None


class BadHttp(WireError):
    """What came is not HTTP."""


class TooLarge(WireError):
    """Head or body is over its limit."""


class Truncated(WireError):
    """The connection ended before the message did."""


class Lost(WireError):
    """The connection ended before a byte of the answer came."""


class Late(WireError):
    """The deadline passed."""


class Connection(asyncio.Protocol):
    """`send` starts one exchange; its future ends with the Wire or a WireError. Parsed head and payload stand in the attributes."""

    def __init__(self, address: str, max_head: int, max_body: int) -> None:
        self.address, self.max_head, self.max_body = address, max_head, max_body
        self.transport: asyncio.Transport | None = None
        self.done: asyncio.Future[Wire] | None = None
        self.tls: Tls | None = None
        self.closed = False
        self.keep = False
        self.idle_since, self.used = 0.0, 0
        self._begin(b"")

    def _begin(self, request: bytes) -> None:
        self.request = request
        self.received: list[bytes] = []
        self.size = 0
        self.complete = self.excess = self.keep = False
        self.status, self.version = 0, "1.1"
        self._message()

    def _message(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.reason = b""
        self.body_size = self.length = 0
        self.head, self.framing = False, "close"

    def send(self, method: bytes, request: bytes, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[Wire]":
        """Write a request; one at a time."""
        assert self.transport is not None
        self.method = method
        self.used += 1
        self._begin(request)
        self.parser = httptools.HttpResponseParser(self)
        self.parser.set_dangerous_leniencies(**LENIENT)
        self.done = loop.create_future()
        self.transport.write(request)
        return self.done

    # -------------------------------------------------------------- asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes came: parse, check the limits, perhaps finish."""
        if self.done is None:  # bytes nobody asked for: this connection is not to be trusted again
            self._abort()
            return
        self.received.append(data)
        self.size += len(data)
        had_head = self.head
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.fail(BadHttp("unasked protocol upgrade"))
            return
        except httptools.HttpParserError as error:
            if not self.complete:
                self.fail(BadHttp(f"bad HTTP: {error}"))
                return
            self.excess = True  # the message was whole; what follows is not ours
        except ValueError as error:  # a Content-Length that is no number
            self.fail(BadHttp(f"bad HTTP: {error}"))
            return
        self._after(had_head=had_head)

    def _after(self, *, had_head: bool) -> None:
        declared = self.length if self.framing == "length" else 0
        if not had_head and self.size > self.max_head and not self._head_fits():
            self.fail(TooLarge(f"headers over {self.max_head} bytes"))
        elif max(self.body_size, declared) > self.max_body or self.size > self.max_head + 2 * self.max_body:
            self.fail(TooLarge(f"body over {self.max_body} bytes"))
        elif self.complete:
            self._finish()

    def _head_fits(self) -> bool:
        return self.head and HEAD_END.search(self.raw()[: self.max_head]) is not None

    def eof_received(self) -> bool:
        """The server has nothing more to say: let the transport close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: the end of a close-delimited body, or a cut."""
        self.closed = True
        if self.done is None:
            return
        if self.head and self.framing == "close" and exc is None:
            self._finish()
        elif not self.size:
            self.fail(Lost(f"connection lost before the answer ({exc or 'closed'})"))
        elif not self.head:
            self.fail(Truncated(f"cut in the headers after {self.size} bytes ({exc or 'closed'})"))
        else:
            of = f" of {self.length}" if self.framing == "length" else ""
            self.fail(Truncated(f"cut after {self.body_size}{of} body bytes, {self.framing} ({exc or 'closed'})"))

    # -------------------------------------------------------------- httptools
    def on_message_begin(self) -> None:
        """A second message behind ours is surplus."""
        if self.complete:
            self.excess = True
        else:
            self._message()

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, perhaps in pieces."""
        if not self.complete:
            self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line."""
        if self.complete:
            return
        self.headers.append((name, value))
        lower = name.lower()
        if lower == b"content-length" and self.framing == "close":
            self.framing, self.length = "length", int(value)
        elif lower == b"transfer-encoding" and value.lower().rstrip().endswith(b"chunked"):
            self.framing = "chunked"

    def on_headers_complete(self) -> None:
        """The head is whole; some answers have no body by rule (RFC 9112, 6.3)."""
        if self.complete:
            return
        self.head = True
        self.status, self.version = self.parser.get_status_code(), self.parser.get_http_version()
        if self.method == b"HEAD" and self.status >= 200:  # llhttp does not know the method: end it here
            self.complete, self.keep = True, self.parser.should_keep_alive()
        if self.method == b"HEAD" or self.status in (204, 304):
            self.framing = "none"

    def on_body(self, data: bytes) -> None:
        """Payload bytes, chunk framing removed."""
        if not self.complete:
            self.body_size += len(data)
            self.body.append(data)

    def on_message_complete(self) -> None:
        """The message is whole; an interim answer (1xx) is cut away and the real one follows."""
        if self.complete:
            return
        if self.status < 200:
            raw = self.raw()
            end = HEAD_END.search(raw)
            self.received = [raw[end.end() :] if end else b""]
            self.head = False
        else:
            self.complete, self.keep = True, self.parser.should_keep_alive()

    # -------------------------------------------------------------- ends of an exchange
    def raw(self) -> bytes:
        """The response's bytes so far."""
        if len(self.received) > 1:
            self.received = [b"".join(self.received)]
        return self.received[0] if self.received else b""

    def wire(self, raw: bytes, *, whole: bool) -> Wire:
        """What the archive keeps."""
        return Wire(self.request, raw, self.address, self.framing, whole, self.used > 1, self.tls)

    def _finish(self) -> None:
        done, self.done = self.done, None
        raw = self.raw()
        end = self._end(raw)
        if self.excess or end < len(raw):
            self.keep, raw = False, raw[:end]
        if done is not None and not done.done():
            done.set_result(self.wire(raw, whole=True))

    def _end(self, raw: bytes) -> int:
        """Offset behind our message: what follows it is not ours."""
        head = HEAD_END.search(raw)
        if head is None or self.framing == "close":
            return len(raw)
        if self.framing == "length":
            return head.end() + self.length
        if self.framing == "none":
            return head.end()
        return len(raw) if raw.endswith(b"\r\n0\r\n\r\n") else chunked_end(raw, head.end())

    def fail(self, error: WireError) -> WireError:
        """End the exchange and the connection with an error that carries what had come."""
        done, self.done = self.done, None
        self._abort()
        error.wire = self.wire(self.raw(), whole=False)
        if done is not None and not done.done():
            done.set_exception(error)
        return error

    def _abort(self) -> None:
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def forget(self) -> None:
        """Let go of the last exchange's bytes while the connection waits for the next."""
        self.received, self.body = [], []

    def close(self) -> None:
        """Drop an idle connection."""
        self._abort()


def chunked_end(raw: bytes, start: int) -> int:
    """Offset behind a chunked body that starts at `start` and that the parser has accepted."""
    at = start
    while True:
        line_end = raw.index(b"\n", at) + 1
        size = int(raw[at:line_end].split(b";")[0], 16)
        if not size:
            at = line_end
            break
        at = raw.index(b"\n", line_end + size) + 1
    while True:  # trailers
        line_end = raw.index(b"\n", at) + 1
        if not raw[at:line_end].strip():
            return line_end
        at = line_end
