"""A server that misbehaves in named ways, as data: what it sends, and what a fetcher must make of it.

    python tests/fetcher/fault_server.py      # serves all of CASES until its standard input ends; the first line tells ports and CA

A case's steps: bytes are sent; a float is a pause in seconds; a Flood is sent again and again; "close", "reset" end the connection.
The path of a request names the case. Hosts under TLS_HOSTS are served over TLS, each with its own fault.
"""

import asyncio
import contextlib
import gzip
import io
import json
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import warnings
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import quote

import brotli
import trustme
import zstandard

from crawler.model import Outcome

MIB = 1 << 20
HTML = b"<p>body</p>"
GBK = "政务".encode("gbk")


@dataclass(frozen=True)
class Flood:
    """`piece`, `times` over, `pause` seconds between two."""

    piece: bytes
    times: int
    pause: float = 0.0


Step = bytes | float | str | Flood


@dataclass(frozen=True)
class Case:
    """One behaviour. `steps` may be made when it is asked for (bombs take a moment)."""

    steps: tuple[Step, ...] | Callable[[], tuple[Step, ...]]
    outcome: Outcome
    body: bytes | None = None  # of the page, where there must be one
    skipped: int = 0  # bytes before the final answer: interim ones
    surplus: int = 0  # bytes behind the message
    conditional: bool = False
    method: str = "GET"
    flags: tuple[str, ...] = ()
    location: str | None = None
    bomb: bool = False
    host: str = "fault.test"

    @property
    def script(self) -> tuple[Step, ...]:
        """The steps."""
        return self.steps() if callable(self.steps) else self.steps

    @property
    def sent(self) -> bytes:
        """Every byte the server sends; only of cases without a flood."""
        return b"".join(step for step in self.script if isinstance(step, bytes))

    @property
    def message(self) -> bytes:
        """The bytes of the final answer."""
        return self.sent[self.skipped : len(self.sent) - self.surplus]


def answer(body: bytes = HTML, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A well-formed answer with a length."""
    lines = [b"HTTP/1.1 " + status, b"Content-Type: text/html", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


def raw(*lines: bytes, body: bytes = b"") -> bytes:
    """Lines as they are, a blank line, a body."""
    return b"\r\n".join([*lines, b"", body])


def chunked(*lines: bytes, head: tuple[bytes, ...] = ()) -> bytes:
    """A chunked answer whose framing is given line by line."""
    return raw(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", *head, body=b"".join(lines))


def ok(*steps: Step, **more: object) -> Case:
    """A case whose page is HTML."""
    return Case(steps, Outcome.OK, HTML, **more)  # type: ignore[arg-type] # a table's own keywords


def bad(outcome: Outcome, *steps: Step, **more: object) -> Case:
    """A case without a page."""
    return Case(steps, outcome, **more)  # type: ignore[arg-type] # a table's own keywords


def coded(coding: bytes, body: bytes, *more: bytes) -> bytes:
    """An answer with a Content-Encoding."""
    return answer(body, b"Content-Encoding: " + coding, *more)


STRAY = answer(b"<p>stray</p>")
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
GOOD_CHUNKS = b"5\r\n<p>bo\r\n6\r\ndy</p>\r\n0\r\n\r\n"
O = Outcome  # noqa: E741 - a table reads better

DELIMITED: dict[str, Case] = {
    "a length": ok(answer()),
    "a length, byte by byte": ok(*[bytes([byte]) for byte in answer()]),
    "chunks": ok(chunked(GOOD_CHUNKS)),
    "a field's name with brackets": ok(raw(b"HTTP/1.1 200 OK", b"X-Info(1): a", b"Content-Length: 11", body=HTML)),
    "a field's name with brackets, byte by byte": ok(
        *[bytes([b]) for b in raw(b"HTTP/1.1 200 OK", b"X-Info(1): a", b"Content-Length: 11", body=HTML)]
    ),
    "a field's name with a blank": ok(raw(b"HTTP/1.1 200 OK", b"Content-Length: 11", b"X Info: a", body=HTML)),
    "a field without a name": ok(raw(b"HTTP/1.1 200 OK", b": a", b"Content-Length: 11", body=HTML)),
    "a line without a colon": ok(raw(b"HTTP/1.1 200 OK", b"Content-Length: 11", b"by the firewall", b"X-Y: z", body=HTML)),
    "a field's name in Chinese": ok(raw(b"HTTP/1.1 200 OK", "来源: a".encode(), b"Content-Length: 11", body=HTML)),
    "a field's name in quotes, and its next line": ok(
        raw(b"HTTP/1.1 200 OK", b'"X": a', b"  b: c", b"Content-Length: 11", body=HTML)
    ),
    "a field's name with brackets, and chunks": ok(
        raw(b"HTTP/1.1 200 OK", b"X[1]: a", b"Transfer-Encoding: chunked", b"@: b", body=GOOD_CHUNKS)
    ),
    "chunks, byte by byte": ok(*[bytes([byte]) for byte in chunked(GOOD_CHUNKS)]),
    "chunks with extension and trailer": ok(chunked(b"5;x=1\r\n<p>bo\r\n6\r\ndy</p>\r\n0\r\nX-T: 1\r\n\r\n")),
    "chunk sizes in capitals with zeros": ok(chunked(b"000B\r\n" + HTML + b"\r\n000\r\n\r\n")),
    "one byte a chunk": ok(chunked(b"".join(b"1\r\n%c\r\n" % byte for byte in HTML) + b"0\r\n\r\n")),
    "blanks behind a chunk's size": ok(chunked(b"b  \r\n" + HTML + b"\r\n0  \r\n\r\n")),
    "the word chunked in capitals": ok(raw(b"HTTP/1.1 200 OK", b"Transfer-Encoding: CHUNKED", body=GOOD_CHUNKS)),
    "two equal lengths": ok(raw(b"HTTP/1.1 200 OK", b"Content-Length: 11", b"X: y", b"content-length: 11", body=HTML)),
    "two equal lengths in one line": ok(raw(b"HTTP/1.1 200 OK", b"Content-Length: 11, 11", body=HTML)),
    "two equal lengths, byte by byte": ok(
        *[bytes([b]) for b in raw(b"HTTP/1.1 200 OK", *[b"Content-Length: 11"] * 3, body=HTML)]
    ),
    "a length beside chunks": ok(chunked(GOOD_CHUNKS, head=(b"Content-Length: 5",))),
    "identity as a transfer coding": ok(
        raw(b"HTTP/1.1 200 OK", b"Transfer-Encoding: identity", b"Content-Length: 11", body=HTML), "close"
    ),
    "chunks under HTTP/1.0": ok(raw(b"HTTP/1.0 200 OK", b"Transfer-Encoding: chunked", body=GOOD_CHUNKS), "close"),
    "an upgrade that is only offered": ok(answer(HTML, b"Upgrade: h2,h2c", b"Connection: Upgrade")),
    "a stray a moment after the answer": ok(answer(), 0.05, STRAY, surplus=len(STRAY)),
    "no length, closed": ok(raw(b"HTTP/1.1 200 OK", body=HTML), "close"),
    "HTTP/1.0, closed": ok(raw(b"HTTP/1.0 200 OK", b"Content-Type: text/html", body=HTML), "close"),
    "HTTP/1.0 kept alive": ok(raw(b"HTTP/1.0 200 OK", b"Connection: keep-alive", b"Content-Length: 11", body=HTML)),
    "bare line feeds": ok(b"HTTP/1.1 200 OK\nContent-Length: 11\n\n" + HTML),
    "bare line feeds and chunks": ok(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n" + GOOD_CHUNKS),
    "line ends of both kinds": ok(b"HTTP/1.1 200 OK\r\nServer: x\nContent-Length: 11\r\n\n" + HTML),
    "header names in small letters": ok(raw(b"HTTP/1.1 200 OK", b"server: x", b"content-length: 11", body=HTML)),
    "header names in CAPITALS": ok(raw(b"HTTP/1.1 200 OK", b"SERVER: X", b"CONTENT-LENGTH: 11", body=HTML)),
    "header names in mIxEd case": ok(raw(b"HTTP/1.1 200 OK", b"x-PoWeRed-bY: y", b"cOnTeNt-LeNgTh: 11", body=HTML)),
    "blanks around header values": ok(raw(b"HTTP/1.1 200 OK", b"X:\t a  ", b"Content-Length:   11  ", body=HTML)),
    "a blank before the colon": ok(raw(b"HTTP/1.1 200 OK", b"Content-Length : 11", body=HTML)),
    "a folded header": ok(raw(b"HTTP/1.1 200 OK", b"X-A: b", b"  c", b"Content-Length: 11", body=HTML)),
    "headers without value, twice, and long": ok(
        raw(b"HTTP/1.1 200 OK", b"X:", b"X:", b"Y: " + b"y" * 50_000, b"Content-Length: 11", body=HTML)
    ),
    "no reason phrase": ok(raw(b"HTTP/1.1 200", b"Content-Length: 11", body=HTML)),
    "a reason in GBK": ok(raw(b"HTTP/1.1 200 " + "好".encode("gbk"), b"Content-Length: 11", body=HTML)),
    "a header value in GBK": ok(answer(HTML, b"X-Name: " + GBK)),
    "two cookies": ok(answer(HTML, b"Set-Cookie: a=1", b"set-cookie: b=2")),
    "an interim answer first": ok(INTERIM, answer(), skipped=len(INTERIM)),
    "interim answers in one piece with the real one": ok(CONTINUE + INTERIM + answer(), skipped=len(CONTINUE + INTERIM)),
    "a blank line before the status line": ok(b"\r\n" + answer()),
    "an empty body": Case((answer(b""),), O.EMPTY, b""),
    "204 without a body": Case((raw(b"HTTP/1.1 204 No Content", b"Server: x"),), O.OK, b""),
    "an answer to HEAD": Case((raw(b"HTTP/1.1 200 OK", b"Content-Length: 999"),), O.OK, b"", method="HEAD"),
    "a 304 to our validators": Case((b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",), O.NOT_MODIFIED, b"", conditional=True),
    "a 304 that names a length": Case((raw(b"HTTP/1.1 304 x", b"Content-Length: 99"),), O.NOT_MODIFIED, b"", conditional=True),
    "a pause in the middle": ok(answer()[:40], 0.3, answer()[40:]),
    "a second answer behind the length": ok(answer() + STRAY, surplus=len(STRAY)),
    "a second answer behind the chunks": ok(chunked(GOOD_CHUNKS) * 2, surplus=len(chunked(GOOD_CHUNKS))),
    "a length that is too short": Case((answer().replace(b"11", b"5"),), O.OK, HTML[:5], surplus=6),
    "a line end behind the message": ok(answer() + b"\r\n", surplus=2),
    "a body behind an answer to HEAD": Case((answer(),), O.OK, b"", method="HEAD", surplus=len(HTML)),
}

BROKEN: dict[str, Case] = {
    "a length that is too long, closed": bad(O.TRUNCATED, answer().replace(b"11", b"99"), "close"),
    "a length that is too long, silence": bad(O.TIMEOUT, answer().replace(b"11", b"99"), 30.0),
    "a negative length": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", b"Content-Length: -5", body=HTML)),
    "a length with a sign": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", b"Content-Length: +11", body=HTML)),
    "a length in words": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", b"Content-Length: many", body=HTML)),
    "a length beyond 64 bits": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", b"Content-Length: 99999999999999999999999")),
    "two equal lengths of 5,000 digits": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", *[b"Content-Length: " + b"1" * 5000] * 2)),
    "a length over the limit": bad(O.TOO_LARGE, raw(b"HTTP/1.1 200 OK", b"Content-Length: 9999999999"), 30.0),
    "two different lengths": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Content-Length: 11", body=HTML)),
    "two different lengths in one line": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", b"Content-Length: 11, 5", body=HTML)),
    "a broken chunk size": bad(O.PROTOCOL_ERROR, chunked(b"zz\r\n" + HTML)),
    "a negative chunk size": bad(O.PROTOCOL_ERROR, chunked(b"-5\r\n" + HTML)),
    "a chunk size beyond 64 bits": bad(O.PROTOCOL_ERROR, chunked(b"fffffffffffffffff\r\n" + HTML)),
    "a chunk size over the limit": bad(O.TIMEOUT, chunked(b"ffffffff\r\n" + HTML), 30.0),
    "a chunk that is longer than it says": bad(O.PROTOCOL_ERROR, chunked(b"5\r\n" + HTML + b"\r\n0\r\n\r\n")),
    "chunks cut in a size": bad(O.TRUNCATED, chunked(b"5\r\n<p>bo\r\n6"), "close"),
    "chunks cut in a chunk": bad(O.TRUNCATED, chunked(b"5\r\n<p"), "close"),
    "chunks cut before the last": bad(O.TRUNCATED, chunked(b"5\r\n<p>bo\r\n"), "close"),
    "chunks cut in the trailer": bad(O.TRUNCATED, chunked(b"b\r\n" + HTML + b"\r\n0\r\nX-T:"), "close"),
    "headers cut off": bad(O.TRUNCATED, b"HTTP/1.1 200 OK\r\nContent-", "close"),
    "headers reset": bad(O.TRUNCATED, b"HTTP/1.1 200 OK\r\nContent-", 0.05, "reset"),
    "closed at once": bad(O.NETWORK_ERROR, "close"),
    "reset at once": bad(O.NETWORK_ERROR, "reset"),
    "reset in a body with a length": bad(O.TRUNCATED, answer().replace(b"11", b"99"), 0.05, "reset"),
    "reset in a body without a length": bad(O.TRUNCATED, raw(b"HTTP/1.1 200 OK", body=HTML), 0.05, "reset"),
    "silence": bad(O.TIMEOUT, 30.0),
    "no HTTP at all": bad(O.PROTOCOL_ERROR, b"SSH-2.0-OpenSSH_9\r\n"),
    "HTTP/0.9": bad(O.PROTOCOL_ERROR, b"<html>" + HTML, "close"),
    "HTTP/2": bad(O.PROTOCOL_ERROR, b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)),
    "an ICY status line": bad(O.PROTOCOL_ERROR, raw(b"ICY 200 OK", b"Content-Length: 11", body=HTML)),
    "a status of two digits": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 20 OK", b"Content-Length: 11", body=HTML)),
    "a status in words": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 OK", b"Content-Length: 11", body=HTML)),
    "a status beyond all classes": bad(O.SERVER_ERROR, answer(status=b"999 x")),
    "an unasked upgrade": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 101 x", b"Connection: upgrade", b"Upgrade: x")),
    "an unasked transfer coding": bad(O.PROTOCOL_ERROR, raw(b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip, chunked", body=GOOD_CHUNKS)),
    "a 304 nobody asked for": bad(O.PROTOCOL_ERROR, b"HTTP/1.1 304 Not Modified\r\n\r\n"),
}  # fmt: skip

ENDLESS: dict[str, Case] = {
    "a drip of the head": bad(O.TIMEOUT, b"HTTP/1.1 200 OK\r\n", Flood(b"X: y\r\n", 400, 0.05)),
    "a drip of interim answers": bad(O.TIMEOUT, Flood(CONTINUE, 400, 0.05)),
    "a drip of chunks": bad(O.TIMEOUT, chunked(), Flood(b"1\r\nx\r\n", 400, 0.05)),
    "a drip of a chunk": bad(O.TIMEOUT, chunked(b"ffff\r\n"), Flood(b"x", 400, 0.05)),
    "a drip of a body with a length": bad(O.TIMEOUT, answer().replace(b"11", b"9999"), Flood(b"x", 400, 0.05)),
    "a drip of a body without a length": bad(O.TIMEOUT, raw(b"HTTP/1.1 200 OK"), Flood(b"x", 400, 0.05)),
    "a drip of a trailer": bad(O.TIMEOUT, chunked(b"b\r\n" + HTML + b"\r\n0\r\n"), Flood(b"X: y\r\n", 400, 0.05)),
    "endless headers": bad(O.TOO_LARGE, b"HTTP/1.1 200 OK\r\n", Flood(b"X: " + b"y" * 8000 + b"\r\n", 2000)),
    "one endless header": bad(O.TOO_LARGE, b"HTTP/1.1 200 OK\r\nX: ", Flood(b"y" * 8000, 2000)),
    "an endless status line": bad(O.TOO_LARGE, b"HTTP/1.1 200 ", Flood(b"y" * 8000, 2000)),
    "endless interim answers": bad(O.TOO_LARGE, Flood(CONTINUE * 100, 20_000)),
    "an endless chunk extension": bad(O.TOO_LARGE, chunked(b"b;"), Flood(b"x" * 65536, 400)),
    "chunks that are all extension": bad(O.TOO_LARGE, chunked(), Flood(b"1;" + b"x" * 8000 + b"\r\nx\r\n", 4000)),
    "an endless trailer": bad(O.TOO_LARGE, chunked(b"b\r\n" + HTML + b"\r\n0\r\n"), Flood(b"X: " + b"y" * 8000 + b"\r\n", 4000)),
    "chunks of one byte without end": bad(O.TOO_LARGE, chunked(), Flood(b"1\r\nx\r\n" * 10_000, 1000)),
}


@cache
def zeros(coding: str, size: int = 128 * MIB) -> bytes:
    """`size` zero bytes, compressed."""
    if coding == "br":
        return bytes(brotli.compress(bytes(size), quality=5))
    if coding == "zstd":
        return zstandard.compress(bytes(size))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    step = bytes(MIB)
    return b"".join(packer.compress(step) for _ in range(size // MIB)) + packer.flush()


def rle_blocks(size: int) -> bytes:
    """A zstd frame of run-length blocks: 4 bytes for each 128 KiB."""
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    return b"\x28\xb5\x2f\xfd\x00\x58" + block * (size // (128 << 10))


def wide_window() -> bytes:
    """A zstd frame that wants a window of 128 MiB."""
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(bytes(MIB)) + packer.flush()


def bomb(
    coding: bytes, make: Callable[[], bytes], status: bytes = b"200 OK", *more: bytes, outcome: Outcome = O.TOO_LARGE
) -> Case:
    """A small answer that becomes large."""
    return Case(lambda: (answer(make(), b"Content-Encoding: " + coding, *more, status=status),), outcome, bomb=True)


BOMBS: dict[str, Case] = {
    "a gzip bomb": bomb(b"gzip", lambda: zeros("gzip")),
    "a deflate bomb": bomb(b"deflate", lambda: zeros("deflate")),
    "a raw deflate bomb": bomb(b"deflate", lambda: zeros("deflate")[2:-4]),
    "a brotli bomb": bomb(b"br", lambda: zeros("br")),
    "a zstd bomb": bomb(b"zstd", lambda: zeros("zstd")),
    "a zstd bomb of runs": bomb(b"zstd", lambda: rle_blocks(128 * MIB)),
    "a zstd window of 128 MiB": bomb(b"zstd", wide_window),
    "a gzip bomb in gzip": bomb(b"gzip, gzip", lambda: gzip.compress(zeros("gzip"))),
    "a brotli bomb in zstd": bomb(b"br, zstd", lambda: zstandard.compress(zeros("br"))),
    "three layers": bomb(b"gzip, gzip, gzip", lambda: gzip.compress(gzip.compress(gzip.compress(HTML)))),
    "many tiny gzip members": bomb(b"gzip", lambda: gzip.compress(b"", mtime=0) * 400_000),
    "many small gzip members": bomb(b"gzip", lambda: gzip.compress(bytes(1000), mtime=0) * 134_218),
    "a bomb in a redirect's body": Case(
        lambda: (answer(zeros("gzip"), b"Content-Encoding: gzip", b"Location: /next", status=b"302 Found"),),
        O.REDIRECTED, location="http://fault.test/next", bomb=True,
    ),
    "a bomb in a 404's body": bomb(b"gzip", lambda: zeros("gzip"), b"404 Not Found", outcome=O.NOT_FOUND),
    "128 MiB without a length": Case((raw(b"HTTP/1.1 200 OK"), Flood(b"x" * 65536, 2048)), O.TOO_LARGE, bomb=True),
    "128 MiB in chunks": Case((chunked(), Flood(b"10000\r\n" + b"x" * 65536 + b"\r\n", 2048)), O.TOO_LARGE, bomb=True),
    "128 MiB with a length": Case(
        (raw(b"HTTP/1.1 200 OK", b"Content-Length: 134217728"), Flood(b"x" * 65536, 2048)), O.TOO_LARGE, bomb=True
    ),
    "128 MiB with a length that is a lie": Case(
        (raw(b"HTTP/1.1 200 OK", b"Content-Length: 11"), Flood(b"x" * 65536, 2048)), O.OK, b"x" * 11, bomb=True, surplus=-1
    ),
    "30 MiB in chunks, wanted": Case(
        (chunked(), Flood(b"10000\r\n" + b"x" * 65536 + b"\r\n", 480), b"0\r\n\r\n"), O.OK, b"x" * 65536 * 480, bomb=True
    ),
    "128 MiB of a redirect's body": Case(
        (raw(b"HTTP/1.1 302 Found", b"Location: /next"), Flood(b"x" * 65536, 2048)), O.REDIRECTED, location="http://fault.test/next", bomb=True
    ),
}  # fmt: skip

CODED: dict[str, Case] = {
    "gzip": ok(coded(b"gzip", gzip.compress(HTML, mtime=0))),
    "gzip called x-gzip, in capitals": ok(coded(b"X-GZIP", gzip.compress(HTML, mtime=0))),
    "gzip of two members": ok(coded(b"gzip", gzip.compress(HTML[:4], mtime=0) + gzip.compress(HTML[4:], mtime=0))),
    "zlib": ok(coded(b"deflate", zlib.compress(HTML))),
    "raw deflate": ok(coded(b"deflate", zlib.compress(HTML)[2:-4])),
    "br": ok(coded(b"br", brotli.compress(HTML))),
    "zstd": ok(coded(b"zstd", zstandard.compress(HTML))),
    "zstd of two frames": ok(coded(b"zstd", zstandard.compress(HTML[:4]) + zstandard.compress(HTML[4:]))),
    "two layers": ok(coded(b"gzip, br", brotli.compress(gzip.compress(HTML, mtime=0)))),
    "identity, said aloud": ok(coded(b"identity", HTML)),
    "gzip in chunks": ok(chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(zlib.compress(HTML)), zlib.compress(HTML)), head=(b"Content-Encoding: deflate",))),
    "gzip with zeros behind it": ok(coded(b"gzip", gzip.compress(HTML, mtime=0) + bytes(512)), flags=("trailing-bytes",)),
    "br with bytes behind it": bad(O.PROTOCOL_ERROR, coded(b"br", brotli.compress(HTML) + b"x" * 99)),
    "a file called br": Case((coded(b"br", b"%PDF-1.7\n" + bytes(99)),), O.OK, b"%PDF-1.7\n" + bytes(99), flags=("not-encoded",)),
    "plain bytes called gzip": ok(coded(b"gzip", HTML), flags=("not-encoded",)),
    "plain bytes called deflate": ok(coded(b"deflate", HTML), flags=("not-encoded",)),
    "plain bytes called br": ok(coded(b"br", HTML), flags=("not-encoded",)),
    "plain bytes called zstd": ok(coded(b"zstd", HTML), flags=("not-encoded",)),
    "an unknown coding": ok(coded(b"sdch", HTML), flags=("unknown-coding",)),
    "no bytes called gzip": Case((coded(b"gzip", b""),), O.EMPTY, b""),
    "gzip cut": bad(O.TRUNCATED, coded(b"gzip", gzip.compress(HTML * 99, mtime=0)[:-9])),
    "gzip cut in its second member": bad(O.TRUNCATED, coded(b"gzip", gzip.compress(HTML, mtime=0) + gzip.compress(HTML * 99, mtime=0)[:-20])),
    "gzip cut in a body without a length": bad(
        O.TRUNCATED, raw(b"HTTP/1.1 200 OK", b"Content-Encoding: gzip", body=gzip.compress(HTML * 99, mtime=0)[:-9]), "close"
    ),
    "zlib cut": bad(O.TRUNCATED, coded(b"deflate", zlib.compress(HTML * 99)[:-6])),
    "br cut": bad(O.TRUNCATED, coded(b"br", brotli.compress(HTML * 99)[:-4])),
    "zstd cut": bad(O.TRUNCATED, coded(b"zstd", zstandard.compress(bytes(range(256)) * 99)[:-6])),
    "gzip with a wrong checksum": bad(O.PROTOCOL_ERROR, coded(b"gzip", gzip.compress(HTML, mtime=0)[:-8] + bytes(8))),
    "gzip broken in the middle": bad(O.PROTOCOL_ERROR, coded(b"gzip", gzip.compress(HTML, mtime=0)[:10] + b"\x07" * 90)),
}  # fmt: skip

ASIDE: dict[str, Case] = {
    "a redirect": bad(O.REDIRECTED, answer(b"", b"Location: ../y?a=1", status=b"302 x"), location="http://fault.test/y?a=1"),
    "a redirect to itself": bad(
        O.REDIRECTED, answer(b"", b"Location: /loop", status=b"301 x"), location="http://fault.test/loop"
    ),
    "a redirect whose body is cut": bad(
        O.REDIRECTED,
        raw(b"HTTP/1.1 302 x", b"Location: /next", b"Content-Length: 154"),
        "close",
        location="http://fault.test/next",
    ),
    "a redirect whose head is cut": bad(O.TRUNCATED, b"HTTP/1.1 302 x\r\nLocation: /next\r\nContent-", "close"),
    "a redirect to another scheme": bad(O.PROTOCOL_ERROR, answer(b"", b"Location: ftp://fault.test/", status=b"302 x")),
    "a redirect to a script": bad(O.PROTOCOL_ERROR, answer(b"", b"Location: javascript:alert(1)", status=b"302 x")),
    "a redirect to a file": bad(O.PROTOCOL_ERROR, answer(b"", b"Location: file:///etc/passwd", status=b"302 x")),
    "a redirect to nowhere": bad(O.PROTOCOL_ERROR, answer(b"", status=b"302 x")),
    "a redirect to what is no address": bad(O.PROTOCOL_ERROR, answer(b"", b"Location: http://[::1", status=b"302 x")),
    "a redirect in GBK": bad(
        O.REDIRECTED,
        answer(b"", b"Location: /" + GBK, status=b"302 x"),
        location="http://fault.test/" + quote("政务", encoding="gbk"),
    ),
    "a redirect in UTF-8": bad(
        O.REDIRECTED,
        answer(b"", b"Location: /" + "政务".encode(), status=b"302 x"),
        location="http://fault.test/" + quote("政务"),
    ),
    "a redirect inwards": bad(
        O.REDIRECTED, answer(b"", b"Location: http://169.254.169.254/", status=b"307 x"), location="http://169.254.169.254/"
    ),
    "an endless redirect target": bad(O.PROTOCOL_ERROR, answer(b"", b"Location: /" + b"x" * 60_000, status=b"302 x")),
    "not found": bad(O.NOT_FOUND, answer(status=b"404 Not Found")),
    "gone": bad(O.GONE, answer(status=b"410 Gone")),
    "forbidden": bad(O.FORBIDDEN, answer(status=b"403 Forbidden")),
    "a wall's 412": bad(O.BLOCKED, answer(status=b"412 Precondition Failed")),
    "a wall's 521": bad(O.BLOCKED, answer(HTML, b"Set-Cookie: __jsluid_h=x", status=b"521 x")),
    "busy": bad(O.BUSY, answer(HTML, b"Retry-After: 120", status=b"503 Busy")),
    "busy until a date": bad(O.BUSY, answer(HTML, b"Retry-After: Wed, 21 Oct 2099 07:28:00 GMT", status=b"429 Busy")),
    "busy for nonsense": bad(O.BUSY, answer(HTML, b"Retry-After: soon", status=b"429 Busy")),
    "a server error": bad(O.SERVER_ERROR, answer(status=b"502 Bad Gateway")),
}


def tls(outcome: Outcome, host: str, *steps: Step, body: bytes | None = None) -> Case:
    """A case behind one of TLS_HOSTS."""
    return Case(steps or (answer(),), outcome, body, host=host)


TLS: dict[str, Case] = {
    "TLS": tls(O.OK, "good.test", body=HTML),
    "TLS with an intermediate": tls(O.OK, "chain.test", body=HTML),
    "TLS, no length, closed": tls(O.OK, "good.test", raw(b"HTTP/1.1 200 OK", body=HTML), "close", body=HTML),
    "TLS, no length, cut without a goodbye": tls(O.TRUNCATED, "good.test", raw(b"HTTP/1.1 200 OK", body=HTML), 0.05, "cut"),
    "TLS, a length, cut without a goodbye": tls(O.OK, "good.test", answer(), 0.05, "cut", body=HTML),
    "a certificate for another name": tls(O.TLS_ERROR, "wrong-name.test"),
    "an expired certificate": tls(O.TLS_ERROR, "expired.test"),
    "a self-signed certificate": tls(O.TLS_ERROR, "self-signed.test"),
    "an intermediate left out": tls(O.TLS_ERROR, "no-intermediate.test"),
    "TLS 1.1 at most": tls(O.TLS_ERROR, "old.test"),
    "plain HTTP where TLS should be": tls(O.TLS_ERROR, "plain.test"),
    "cut in the TLS handshake": tls(O.NETWORK_ERROR, "cut.test"),
    "silence in the TLS handshake": tls(O.TIMEOUT, "silent.test"),
}

CASES: Mapping[str, Case] = {**DELIMITED, **BROKEN, **ENDLESS, **BOMBS, **CODED, **ASIDE, **TLS}
NAMES = list(CASES)


def path_of(name: str) -> str:
    """The path that asks for a case."""
    return f"/{NAMES.index(name)}"


def url_of(name: str) -> str:
    """The address that asks for a case."""
    case = CASES[name]
    return f"{'http' if case.host == 'fault.test' else 'https'}://{case.host}{path_of(name)}"


# ------------------------------------------------------------------ serving
Steps = Callable[[str], tuple[Step, ...] | list[Step]]


@dataclass
class Server:
    """Plays what `steps` gives for a path; remembers what it was asked. `greeting` is sent before anything is asked."""

    steps: Steps
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head)
                if not await play(self.steps(head.split(b" ")[1].decode()), writer):
                    break
        writer.close()


async def play(script: tuple[Step, ...] | list[Step], writer: asyncio.StreamWriter) -> bool:
    """Do the steps; False when the connection is to end."""
    for step in script:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, float):
            await asyncio.sleep(step)
        elif isinstance(step, Flood):
            for _ in range(step.times):
                writer.write(step.piece)
                await writer.drain()
                if step.pause:
                    await asyncio.sleep(step.pause)
        elif step in ("reset", "cut"):
            _drop(writer, reset=step == "reset")
            return False
        else:
            return False
    return True


def _drop(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """End the TCP connection beneath whatever speaks on it: by a reset, or without TLS's goodbye."""
    transport = writer.transport
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return
    inner = transport._ssl_protocol._transport  # type: ignore[attr-defined] # what ends TCP alone is not public
    inner.close()


@contextlib.asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    context: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[int]:
    """A server on loopback while the block runs; its port."""
    handlers: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        current = asyncio.current_task()
        assert current is not None
        handlers.add(current)
        current.add_done_callback(handlers.discard)
        await serve(reader, writer)

    server = await asyncio.start_server(connected, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for handler in list(handlers):
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


# ------------------------------------------------------------------ TLS
@dataclass(frozen=True)
class Keys:
    """Contexts of servers by host, and the file of the one authority to trust; `intermediate` is what no-intermediate.test leaves out."""

    servers: Mapping[str, ssl.SSLContext]
    ca: Path
    intermediate: Path


def make_keys(folder: Path) -> Keys:
    """Certificates for every TLS host, made on the spot."""
    ca, stranger = trustme.CA(), trustme.CA()
    middle = ca.create_child_ca()
    now = datetime.now(UTC)
    found = {
        "good.test": _server(ca.issue_cert("good.test")),
        "wrong-name.test": _server(ca.issue_cert("other.test")),
        "expired.test": _server(ca.issue_cert("expired.test", not_before=now - timedelta(9), not_after=now - timedelta(2))),
        "self-signed.test": _server(stranger.issue_cert("self-signed.test")),
        "chain.test": _server(middle.issue_cert("chain.test")),
        "no-intermediate.test": _server(middle.issue_cert("no-intermediate.test"), whole=False),
        "old.test": _server(ca.issue_cert("old.test")),
    }
    old = found["old.test"]
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    middle.cert_pem.write_to_path(str(folder / "middle.pem"))
    return Keys(found, folder / "ca.pem", folder / "middle.pem")


def _server(certificate: trustme.LeafCert, *, whole: bool = True) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if whole:
        certificate.configure_cert(made)
        return made
    with certificate.private_key_pem.tempfile() as key, certificate.cert_chain_pems[0].tempfile() as leaf:
        made.load_cert_chain(leaf, key)
    return made


async def _cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(64)
    writer.close()


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        await reader.read()
    writer.close()


async def _plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(64)
    writer.write(answer())
    writer.close()


@contextlib.contextmanager
def _blocking(context: ssl.SSLContext) -> Iterator[int]:
    """A TLS server in a thread: asyncio's drops the alert that tells why a handshake failed. One answer a connection."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                with contextlib.suppress(OSError), context.wrap_socket(accepted, server_side=True) as held:
                    held.recv(65536)
                    held.sendall(answer())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@dataclass(frozen=True)
class Where:
    """host → ip:port, and the authority's file."""

    connect: Mapping[str, str]
    ca: str
    intermediate: str


@contextlib.asynccontextmanager
async def all_cases(folder: Path) -> AsyncIterator[Where]:
    """Serve every case while the block runs."""
    keys = make_keys(folder)
    server = Server(lambda path: CASES[NAMES[int(path[1:])]].script if path[1:].isdigit() else (answer(),))
    async with contextlib.AsyncExitStack() as stack:
        ports = {"fault.test": await stack.enter_async_context(listening(server.serve))}
        for host, context in keys.servers.items():
            if host == "old.test":
                ports[host] = stack.enter_context(_blocking(context))
                continue
            ports[host] = await stack.enter_async_context(listening(server.serve, context))
        for host, serve in (("cut.test", _cut), ("silent.test", _silent), ("plain.test", _plain)):
            ports[host] = await stack.enter_async_context(listening(serve))
        ports["healthy.test"] = await stack.enter_async_context(listening(server.serve))
        yield Where({host: f"127.0.0.1:{port}" for host, port in ports.items()}, str(keys.ca), str(keys.intermediate))


@contextlib.contextmanager
def process() -> Iterator[Where]:
    """The server in a process of its own."""
    with subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        try:
            yield Where(**json.loads(running.stdout.readline()))
        finally:
            running.stdin.close()


async def main() -> None:
    """Serve until standard input ends."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        async with all_cases(Path(folder)) as where:
            print(json.dumps({"connect": where.connect, "ca": where.ca, "intermediate": where.intermediate}), flush=True)
            await asyncio.to_thread(io.FileIO(0, closefd=False).read)


if __name__ == "__main__":
    asyncio.run(main())
