"""Text as it is stored: UTF-8, zstd. One of the two doors to zstandard."""

import threading

import zstandard

LEVEL = 6
MOST = 64 << 20  # bytes of one text; what says that it holds more is not unpacked

_own = threading.local()  # zstandard's objects belong to one thread at a time


def pack(text: str) -> bytes:
    """Text → bytes. Lone surrogates are kept out by whoever made the text."""
    compressor = getattr(_own, "compressor", None)
    if compressor is None:
        compressor = _own.compressor = zstandard.ZstdCompressor(level=LEVEL)
    return bytes(compressor.compress(text.encode("utf-8")))


def unpack(held: bytes) -> str:
    """The text back. Raises ValueError when these are no such bytes."""
    decompressor = getattr(_own, "decompressor", None)
    if decompressor is None:
        decompressor = _own.decompressor = zstandard.ZstdDecompressor()
    try:
        return str(decompressor.decompress(held, max_output_size=MOST), "utf-8")
    except zstandard.ZstdError as error:
        raise ValueError(f"no packed text: {error}") from error
