"""Content decoding with limits: every gzip member, zlib and raw deflate, br, zstd; a cut stream is an error, never a shorter page."""

import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, cast

import brotli
import zstandard

from crawler.model import Octets

STEP = 1 << 16  # bytes decompressed at once: memory stays bounded on a bomb
STEP_IN = 1 << 14
GZIP = 31  # zlib's number for it
MOST_LAYERS = 2
MOST_MEMBERS = 10_000  # gzip members of one body; pigz makes one, bgzip one for each 64 KiB
RATIO = 200  # decoded to coded; the densest of 90 real pages reaches 47 (br), 29 (gzip)
RATIO_FREE = 1 << 20  # so many decoded bytes are given whatever the ratio
ZSTD_WINDOW = 1 << 23  # RFC 9659, 3
# How pages and files begin that somebody labelled as coded: deflate and br have no mark of their own.
TEXT = (b"<", b"{", b"[", b'"')
FILES = (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0", b"Rar!")


class Undecodable(ValueError):
    """The body cannot be decoded."""


class CutStream(Undecodable):
    """The coded stream ends before it is complete."""


class BrokenStream(Undecodable):
    """The coded stream contradicts itself (a wrong checksum, an impossible code)."""


class TooMuch(Undecodable):
    """The decoded body is over a limit: its size, its ratio, its layers or its members."""


class _NotCoded(ValueError):
    """The bytes are not in the coding that their label names."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The body without its content codings.

    Flags: `not-encoded` (the label was wrong and the bytes are kept as they came), `unknown-coding` (kept likewise),
    `trailing-bytes` (bytes behind the coded stream were dropped). `codings`: what was undone, outermost first.
    """

    body: bytes
    flags: tuple[str, ...] = ()
    codings: tuple[str, ...] = ()


Pieces = Iterator[bytes]
Decoder = Callable[[Octets, list[str]], Pieces]


def decode(payload: Octets, content_encoding: str | None, *, limit: int) -> Decoded:
    """Undo Content-Encoding (RFC 9110, 8.4). `limit`: most bytes of each layer's output.

    Raises CutStream, BrokenStream and TooMuch, all of them Undecodable.
    """
    named = [part.strip().lower() for part in (content_encoding or "").split(",")]
    codings = [name for name in named if name not in ("", "identity")]
    if len(codings) > MOST_LAYERS:
        raise TooMuch(f"coded {len(codings)} times: {content_encoding!r}")
    body, flags, undone = payload, list[str](), list[str]()
    for coding in reversed(codings):
        decoder = DECODERS.get(coding)
        if decoder is None:
            flags.append("unknown-coding")
            break
        if not len(body):
            break
        try:
            body = _bounded(decoder(body, flags), min(limit, max(RATIO_FREE, RATIO * len(body))), limit)
            undone.append(coding)
        except _NotCoded:
            flags.append("not-encoded")
        except (CutStream, BrokenStream):
            if not _plain(body):
                raise
            flags.append("not-encoded")
    return Decoded(bytes(body), tuple(dict.fromkeys(flags)), tuple(undone))


def _bounded(pieces: Pieces, most: int, limit: int) -> bytes:
    out, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise TooMuch(
                f"decoded body over {limit} bytes" if most == limit else f"decoded body over {RATIO} times its coded size"
            )
        out.append(piece)
    return b"".join(out)


def _plain(body: Octets) -> bool:
    """Does this look like the beginning of a page or a file rather than of a coded stream?"""
    start = bytes(body[:64]).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(FILES) or (start.startswith(TEXT) and not any(byte < 32 and byte not in b"\t\r\n" for byte in start))


class _Source:
    """What the decoders read from: the body, and behind it perhaps a tail of our own."""

    def __init__(self, data: Octets, tail: bytes = b"") -> None:
        self.data, self.tail, self.at = data, tail, 0

    def read(self, size: int = STEP_IN) -> bytes:
        """The next bytes; none at the end."""
        piece = bytes(self.data[self.at : self.at + size])
        self.at += size
        if not piece:
            piece, self.tail = self.tail, b""
        return piece

    @property
    def behind(self) -> bool:
        """Was the whole body read?"""
        return self.at >= len(self.data)


def _inflate(data: Octets, bits: int, flags: list[str]) -> Pieces:
    """One zlib stream after another (gzip members), fed in steps, so that many tiny members cost no more than their bytes."""
    source, stream, rest, members = _Source(data), zlib.decompressobj(bits), b"", 1
    try:
        while True:
            if stream.eof:
                rest = stream.unused_data or source.read()
                if not rest:
                    return
                if bits != GZIP or rest[0] != 0x1F:  # padding, as tar leaves it; zcat drops it too
                    flags.append("trailing-bytes")
                    return
                members += 1
                if members > MOST_MEMBERS:
                    raise TooMuch(f"more than {MOST_MEMBERS} gzip members")
                stream = zlib.decompressobj(bits)
            rest = rest or source.read()
            if not rest:
                raise CutStream("the compressed body is cut")
            yield stream.decompress(rest, STEP)
            rest = stream.unconsumed_tail
            while not rest and not stream.eof and (piece := stream.decompress(b"", STEP)):
                yield piece
    except zlib.error as error:
        raise BrokenStream(f"the compressed body is broken: {error}") from error


def _gzip(data: Octets, flags: list[str]) -> Pieces:
    if bytes(data[:2]) != b"\x1f\x8b":
        raise _NotCoded("no gzip member")
    return _inflate(data, GZIP, flags)


def _deflate(data: Octets, flags: list[str]) -> Pieces:
    """zlib by the standard, raw deflate by custom (RFC 9110, 8.4.1.2)."""
    zlib_head = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return _inflate(data, 15 if zlib_head else -15, flags)


def _brotli(data: Octets, flags: list[str]) -> Pieces:
    stream, source = brotli.Decompressor(), _Source(data)
    try:
        while not stream.is_finished():
            hungry = stream.can_accept_more_data()
            step = source.read() if hungry else b""
            piece = stream.process(step, output_buffer_limit=STEP)
            if hungry and not step and not piece:
                raise CutStream("the compressed body is cut")
            yield piece
    except brotli.error as error:
        raise BrokenStream("the compressed body is broken") from error
    if not source.behind:
        flags.append("trailing-bytes")


def _zstd(data: Octets, _flags: list[str]) -> Pieces:
    """Frame after frame. The library gives bounded steps only where it does not tell whether the last frame was whole: a frame of
    our own behind it is told back to us then, and only then."""
    if bytes(data[:4]) != b"\x28\xb5\x2f\xfd":
        raise _NotCoded("no zstd frame")
    mark = secrets.token_bytes(16)
    source = _Source(data, zstandard.compress(mark))
    reader = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).stream_reader(
        cast(IO[bytes], source), read_size=STEP, read_across_frames=True
    )
    held = b""
    try:
        while piece := reader.read(STEP):
            held += piece
            yield held[: -len(mark)]
            held = held[-len(mark) :]
    except zstandard.ZstdError as error:
        if "memory" in str(error):
            raise TooMuch(f"the compressed body wants a window over {ZSTD_WINDOW} bytes") from error
        cut = source.behind  # it stumbled over our own frame, or behind everything
        raise (
            CutStream("the compressed body is cut") if cut else BrokenStream(f"the compressed body is broken: {error}")
        ) from error
    if held != mark:
        raise CutStream("the compressed body is cut")


DECODERS: dict[str, Decoder] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
