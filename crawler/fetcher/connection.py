"""One HTTP/1.1 connection: an asyncio protocol that keeps the exact bytes, within limits, and trusts nothing it did not ask for."""

import asyncio
import select
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from crawler.fetcher.message import Answer, head_places, message_end, read_again
from crawler.fetcher.spool import Spool
from crawler.model import Octets, Reach, Tls, Wire

FRAMING_FREE = 1 << 20  # bytes that chunk sizes, extensions and trailers may take whatever the body's size


class WireError(Exception):
    """An exchange that did not end well; `wire` holds the bytes that came, when any did, `payload` what they held."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.wire: Wire | None = None
        self.payload: Octets = b""
        self.status: int | None = None
        self.headers: tuple[tuple[bytes, bytes], ...] = ()


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


class NoRoom(WireError):
    """This machine's disk refused a large body."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of head and body at most; where large bodies lie meanwhile."""

    head: int = 65536
    body: int = 32 << 20
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Got:
    """A whole answer: what the archive keeps, what the parser told, and the payload after transfer decoding."""

    wire: Wire
    answer: Answer
    payload: Octets


class Connection(asyncio.Protocol):
    """`send` starts one exchange; its future ends with Got or a WireError."""

    def __init__(self, address: str, limits: Limits) -> None:
        self.address, self.limits = address, limits
        self.transport: asyncio.Transport | None = None
        self.done: asyncio.Future[Got] | None = None
        self.tls: Tls | None = None
        self.reach: Reach | None = None
        self.closed = self.eof = self.keep = False
        self.idle_since, self.used = 0.0, 0

    def send(
        self, method: bytes, request: bytes, loop: asyncio.AbstractEventLoop, most: int | None = None
    ) -> "asyncio.Future[Got]":
        """Write a request; one at a time. `most`: bytes of this answer's body, where another limit than the usual one holds."""
        assert self.transport is not None
        self.most = self.limits.body if most is None else most
        self.used += 1
        self.method, self.request = method, request
        self.early: list[bytes] = []  # until the head is whole
        self.early_size = self.head_size = 0
        self.received, self.chunked = Spool(self.limits.folder), Spool(self.limits.folder)
        self.last = b""
        self.keep = self.waiting = False
        self.answer = Answer(method, self.chunked.write)
        self.done = loop.create_future()
        self.transport.write(request)
        return self.done

    def secured(self, transport: asyncio.Transport, tls: Tls) -> None:
        """TLS stands; what is said from now on goes through it."""
        self.transport, self.tls, self.used = transport, tls, 0

    def quiet(self) -> bool:
        """Has nothing arrived that nobody asked for, the end included? Asked right before the next request is written."""
        handle = self.transport.get_extra_info("socket") if self.transport is not None else None
        if self.closed or handle is None:
            return False
        number = handle.fileno()
        if number < 0:
            return False
        if not hasattr(select, "poll"):  # Windows
            return not select.select([number], [], [], 0)[0]
        poll = select.poll()
        poll.register(number, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)

    # -------------------------------------------------------------- asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's has the interface without the class

    def data_received(self, data: bytes) -> None:
        """Bytes came: parse, check the limits, perhaps finish."""
        if self.done is None:  # bytes nobody asked for: this connection is not to be trusted again
            self._abort()
            return
        answer, self.last = self.answer, data
        had_head = answer.head
        try:
            if had_head:
                self.received.write(data)
            else:
                self.early.append(data)
                self.early_size += len(data)
            wrong = "bad HTTP" if self.waiting else answer.feed(data)
            if wrong and not answer.head:
                self.answer, still, self.waiting = read_again(b"".join(self.early), answer)
                answer, wrong = self.answer, still and wrong
            if answer.head and not had_head:
                self._head_came()
        except OSError as error:
            self.fail(NoRoom(f"no room for a large body: {error.strerror or error}"))
            return
        wrong = wrong or self._foul()
        if wrong:
            self.fail(BadHttp(wrong))
        elif excess := self._over():
            self.fail(TooLarge(excess))
        elif answer.complete:
            self._finish()

    def _head_came(self) -> None:
        """Interim answers are cut away; from here on the bytes may be many."""
        raw = self.early[0] if len(self.early) == 1 else b"".join(self.early)
        start, end = head_places(raw, self.answer)
        self.head_size = end - start
        self.early = []
        self.received.write(raw[start:] if start else raw)

    def _foul(self) -> str | None:
        """A body in a transfer coding that was never asked for cannot be told from its content."""
        other = self.answer.other_coding
        return f"transfer coding {other[:40].decode('latin-1')!r} was not asked for" if other not in (b"", b"identity") else None

    def _over(self) -> str | None:
        answer, limits = self.answer, self.limits
        if not answer.head:
            return f"headers over {limits.head} bytes" if self.early_size > limits.head else None
        if self.head_size > limits.head:
            return f"headers over {limits.head} bytes"
        declared = answer.length if answer.framing == "length" else 0
        if max(answer.body_size, declared) > self.most:
            return f"body over {self.most} bytes"
        if answer.framing == "chunked" and self.received.size > self.head_size + 2 * answer.body_size + FRAMING_FREE:
            return f"{self.received.size} bytes came for a body of {answer.body_size}"
        return None

    def eof_received(self) -> bool:
        """The server has nothing more to say; over TLS only its close_notify says so (RFC 9112, 9.8). The transport then closes."""
        held = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        self.eof = held is None or goodbye(held)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: the end of a close-delimited body, or a cut."""
        self.closed = True
        if self.done is None:
            return
        answer, why = self.answer, exc or ("closed" if self.eof else "cut without a goodbye")
        if answer.head and answer.framing == "close" and exc is None and self.eof:
            self._finish()
        elif not self.early_size:
            self.fail(Lost(f"connection lost before the answer ({why})"))
        elif not answer.head:
            self.fail(Truncated(f"cut in the headers after {self.early_size} bytes ({why})"))
        else:
            of = f" of {answer.length}" if answer.framing == "length" else ""
            self.fail(Truncated(f"cut after {answer.body_size}{of} body bytes, {answer.framing} ({why})"))

    # -------------------------------------------------------------- ends of an exchange
    def _finish(self) -> None:
        try:
            raw = self.received.octets()
            end = self._end(raw)
            payload = self._payload(raw, end)
        except OSError as error:
            self.fail(NoRoom(f"no room for a large body: {error.strerror or error}"))
            return
        done, self.done = self.done, None
        surplus = len(raw) - end
        self.keep = self.answer.keep and not surplus and not self.answer.excess and not self.closed
        wire = self._wire(raw[:end] if surplus else raw, whole=True, surplus=surplus)
        got = Got(wire, self.answer, payload)
        self._let_go()
        if done is not None and not done.done():
            done.set_result(got)

    def _end(self, raw: Octets) -> int:
        """Offset behind our message: what follows it is not ours."""
        answer = self.answer
        if answer.framing != "chunked":
            return self.head_size + answer.body_size
        if not answer.excess and raw[-7:] == b"\r\n0\r\n\r\n":
            return len(raw)
        last = self.last[-len(raw) :]
        return message_end(raw[: len(raw) - len(last)], last, self.method)

    def _payload(self, raw: Octets, end: int) -> Octets:
        return self.chunked.octets() if self.answer.framing == "chunked" else raw[self.head_size : end]

    def _wire(self, raw: Octets, *, whole: bool, surplus: int = 0) -> Wire:
        return Wire(
            self.request, raw, self.address, self.answer.framing, whole, self.used > 1, self.tls, self.head_size,
            self.answer.interim, surplus, "bytes behind the message" if surplus else "",
        )  # fmt: skip

    def fail(self, error: WireError) -> WireError:
        """End the exchange and the connection with an error that carries what had come."""
        done, self.done = self.done, None
        self._abort()
        if done is not None:
            self._carry(error)
            self._let_go()
            if not done.done():
                done.set_exception(error)
        return error

    def _carry(self, error: WireError) -> None:
        if isinstance(error, NoRoom):  # what was written is not all that came
            return
        try:
            raw: Octets = self.received.octets() if self.head_size else b"".join(self.early)
            error.wire = self._wire(raw, whole=False)
            if self.head_size:
                error.status, error.headers = self.answer.status, tuple(self.answer.headers)
                error.payload = self._payload(raw, min(len(raw), self.head_size + self.answer.body_size))
        except OSError:  # the disk refused: only that something came is left
            error.wire = self._wire(b"", whole=False)

    def _let_go(self) -> None:
        """The next exchange brings its own; an idle connection holds nothing of the last one."""
        self.answer.close()
        self.early, self.last = [], b""
        self.received.close()
        self.chunked.close()

    def _abort(self) -> None:
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Drop an idle connection."""
        self._abort()


def goodbye(held: ssl.SSLObject) -> bool:
    """Did the other side end TLS itself? asyncio reports the end of TCP the same way."""
    try:
        return held.read(1) == b""
    except ssl.SSLError:
        return False
