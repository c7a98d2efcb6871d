"""Content decoding with limits: every gzip member, zlib and raw deflate, br, zstd; a cut stream is an error, never a shorter page."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import brotli
import zstandard

STEP = 1 << 16  # bytes decompressed at once: memory stays bounded on a bomb
MOST_LAYERS = 2


class CutStream(ValueError):
    """The coded stream ends before it is complete."""


class TooMuch(ValueError):
    """The decoded body is over its limit, or coded more than twice."""


class _NotCoded(ValueError):
    """The bytes are not in the coding that their label names."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The body without its content codings; flag `not-encoded`: the label was wrong and the bytes are kept as they came."""

    body: bytes
    flags: tuple[str, ...] = ()


def decode(payload: bytes, content_encoding: str | None, *, limit: int) -> Decoded:
    """Undo Content-Encoding (RFC 9110, 8.4). `limit`: most bytes of each layer's output.

    Raises CutStream and TooMuch; an unknown coding is kept with the flag `unknown-coding`.
    """
    codings = [
        name for name in (part.strip().lower() for part in (content_encoding or "").split(",")) if name not in ("", "identity")
    ]
    if len(codings) > MOST_LAYERS:
        raise TooMuch(f"coded {len(codings)} times: {content_encoding!r}")
    body = payload
    flags: list[str] = []
    for coding in reversed(codings):
        decoder = DECODERS.get(coding)
        if decoder is None:
            return Decoded(body, (*flags, "unknown-coding"))
        if not body:
            break
        try:
            body = _bounded(decoder(body, limit + 1), limit)
        except _NotCoded:
            flags.append("not-encoded")
    return Decoded(body, tuple(flags))


def _bounded(pieces: Iterator[bytes], limit: int) -> bytes:
    out, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise TooMuch(f"decoded body over {limit} bytes")
        out.append(piece)
    return b"".join(out)


def _inflate(data: bytes, bits: int) -> Iterator[bytes]:
    """One zlib stream after another (gzip members); trailing bytes that start no member are dropped, as zcat does."""
    first, rest = True, data
    while rest:
        stream = zlib.decompressobj(bits)
        try:
            piece = stream.decompress(rest, STEP)
            yield piece
            while stream.unconsumed_tail and not stream.eof:
                yield stream.decompress(stream.unconsumed_tail, STEP)
            while not stream.eof and (piece := stream.decompress(b"", STEP)):
                yield piece
        except zlib.error as error:
            if first:
                raise _NotCoded(str(error)) from error
            return
        if not stream.eof:
            raise CutStream("the compressed body is cut")
        first, rest = False, stream.unused_data
        if bits != 31:
            return


def _gzip(data: bytes, _limit: int) -> Iterator[bytes]:
    return _inflate(data, 31)


def _deflate(data: bytes, _limit: int) -> Iterator[bytes]:
    """zlib by the standard, raw deflate by custom (RFC 9110, 8.4.1.2)."""
    zlib_head = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return _inflate(data, 15 if zlib_head else -15)


def _brotli(data: bytes, limit: int) -> Iterator[bytes]:
    stream, size = brotli.Decompressor(), 0
    try:
        piece = stream.process(data, output_buffer_limit=STEP)
        while True:
            yield piece
            size += len(piece)
            if stream.is_finished():
                return
            if size > limit or stream.can_accept_more_data():
                break
            piece = stream.process(b"", output_buffer_limit=STEP)
    except brotli.error as error:
        raise (CutStream("the compressed body is broken") if size else _NotCoded(str(error))) from error
    if size <= limit:
        raise CutStream("the compressed body is cut")


def _zstd(data: bytes, _limit: int) -> Iterator[bytes]:
    if not data.startswith(b"\x28\xb5\x2f\xfd"):
        raise _NotCoded("no zstd frame")
    stream = zstandard.ZstdDecompressor(max_window_size=1 << 23).decompressobj(read_across_frames=False)
    try:
        for at in range(0, len(data), 4096):
            yield stream.decompress(data[at : at + 4096])
            if stream.eof:
                return
    except zstandard.ZstdError as error:
        raise CutStream(f"the compressed body is broken: {error}") from error
    raise CutStream("the compressed body is cut")


DECODERS: dict[str, Callable[[bytes, int], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
