"""Archives as untrusted input: ZIP, RAR (rars), 7z (py7zr), tar and packed single files. Members come out in memory, counted; nothing is
written anywhere, no name is a place on this machine."""

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from crawler.parsers.attached.package import FREE, Package
from crawler.parsers.attached.said import NoText, Reading

FOREIGN_NAMES = 0x800  # a zip member's flag: its name is UTF-8
PACKED = {"application/gzip": ".gz", "application/x-bzip2": ".bz2", "application/x-xz": ".xz"}
DAMAGED = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    ArithmeticError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A member: its name as it is written, its size as the archive says it, and how its bytes are had (raises NoText)."""

    name: str
    size: int
    read: Callable[[], bytes] = field(compare=False)
    is_folder: bool = False


def entries(kind: str, data: bytes, name: str, reading: Reading) -> Iterator[Entry]:
    """The members of an archive of this type. Raises NoText."""
    if kind == "application/vnd.rar":
        yield from _rar(data, reading)
    elif kind == "application/x-7z-compressed":
        yield from _seven(data, reading)
    elif kind == "application/x-tar":
        yield from _tar(data, reading)
    elif kind in PACKED:
        own = name.rpartition("/")[2]
        shown = own[: -len(PACKED[kind])] if own.lower().endswith(PACKED[kind]) else own.replace(".tgz", ".tar") or "packed"
        yield Entry(shown, 0, partial(_unpacked, kind, data, reading))
    else:
        package = Package(data, reading)
        for info in package.infos:
            yield Entry(member_name(info), info.file_size, partial(package.bytes_of, info), info.is_dir())


def member_name(info: zipfile.ZipInfo) -> str:
    """A zip member's name: UTF-8 where its flag says so, else what its bytes are, which Chinese programs write in GBK."""
    if info.flag_bits & FOREIGN_NAMES or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _fits(size: int, packed: int, reading: Reading) -> None:
    """Raises NoText where a member says that it is too much."""
    limits = reading.limits
    if size > limits.unpacked - reading.unpacked:
        raise NoText(f"more than {limits.unpacked >> 20} MiB unpacked")
    if size > max(FREE, packed * limits.ratio):
        raise NoText(f"a bomb: more than {limits.ratio} times its size")


def _many(count: int, reading: Reading) -> None:
    if count > reading.limits.members:
        raise NoText(f"more than {reading.limits.members} members")


# ------------------------------------------------------------------ RAR
def _rar(data: bytes, reading: Reading) -> Iterator[Entry]:
    import rars

    most = reading.limits.unpacked
    options = rars.ReadOptions(
        max_member_output_bytes=most,
        max_total_output_bytes=most,
        max_reader_workspace_bytes=most,
        max_header_count=reading.limits.members * 2,
    )
    try:
        held = rars.RarFile.from_bytes(data, options=options)
        infos = held.infolist()
    except rars.PasswordRequired as error:
        raise NoText("encrypted") from error
    except (rars.Error, MemoryError, *DAMAGED) as error:
        raise NoText(f"damaged: {error}") from error
    _many(len(infos), reading)
    solid: dict[int, bytes] = {}

    def got(place: int) -> bytes:
        info = infos[place]
        if info.is_encrypted:
            raise NoText("encrypted")
        if info.is_split_before or info.is_split_after:
            raise NoText("a part of an archive in several files")
        _fits(info.file_size, info.compress_size if not info.is_solid else len(data), reading)
        try:
            if info.is_solid and not solid:  # unpacked at once: each of them needs all before it
                wanted = [at for at, each in enumerate(infos) if not each.is_dir() and not each.is_encrypted]
                _fits(sum(infos[at].file_size for at in wanted), len(data), reading)
                solid.update(zip(wanted, held.read_many([infos[at] for at in wanted], options=options), strict=True))
            found = solid.pop(place) if place in solid else held.read(info, options=options)
        except (rars.Error, MemoryError, *DAMAGED) as error:
            raise NoText(f"damaged: {error}") from error
        reading.unpacked += len(found)
        return bytes(found)

    for place, info in enumerate(infos):
        yield Entry(_rar_name(info.filename, bytes(info.orig_filename_bytes)), info.file_size, partial(got, place), info.is_dir())


def _rar_name(told: str, raw: bytes) -> str:
    """A name as the archive has it in Unicode (RAR 5; behind a zero byte in older ones), else as the bytes that Chinese programs wrote."""
    if raw.isascii() or b"\0" in raw:
        return told
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


# ------------------------------------------------------------------ 7z
class _Held:
    """Where py7zr writes one member: no more of it than there is room for."""

    def __init__(self, most: int) -> None:
        self.most, self.length, self.pieces = most, 0, bytearray()

    def write(self, data: bytes) -> int:
        """Keep it while there is room."""
        self.length += len(data)
        if self.length <= self.most:
            self.pieces += data
        else:
            self.pieces.clear()
        return len(data)

    def read(self, size: int | None = None) -> bytes:  # noqa: ARG002 - py7zr's own interface
        """Nobody reads here."""
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002 - the same
        """Written from its start only."""
        return offset

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing to close."""

    def size(self) -> int:
        """Its bytes so far."""
        return self.length


class _Factory:
    """What py7zr asks for a place for each member."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.made: dict[str, _Held] = {}

    def create(self, filename: str) -> _Held:
        """A member's place; one named twice is written twice into it."""
        return self.made.setdefault(filename, _Held(self.most))


def _seven(data: bytes, reading: Reading) -> Iterator[Entry]:
    """Its members are unpacked at once: one block holds many of them."""
    import py7zr

    wrong = (py7zr.exceptions.ArchiveError, lzma.LZMAError, zlib.error, AssertionError, *DAMAGED)
    try:
        with py7zr.SevenZipFile(io.BytesIO(data)) as held:
            listed = held.list()
            _many(len(listed), reading)
            if held.needs_password():
                raise NoText("encrypted")
            _fits(sum(each.uncompressed or 0 for each in listed), len(data), reading)
            places: Any = _Factory(reading.limits.unpacked - reading.unpacked)
            held.extractall(factory=places)  # noqa: S202 - into memory
    except py7zr.exceptions.PasswordRequired as error:
        raise NoText("encrypted") from error
    except wrong as error:
        raise NoText(f"damaged: {error}") from error
    for each in listed:
        yield Entry(each.filename, each.uncompressed or 0, partial(_taken, places, each.filename, reading), each.is_directory)


def _taken(places: _Factory, name: str, reading: Reading) -> bytes:
    held = places.made.pop(name, None)
    if held is None:
        return b""
    reading.unpacked += held.length
    if held.length > held.most:
        raise NoText(f"more than {reading.limits.unpacked >> 20} MiB unpacked")
    return bytes(held.pieces)


# ------------------------------------------------------------------ tar, and one packed file
def _tar(data: bytes, reading: Reading) -> Iterator[Entry]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape") as held:
            found = []
            while (info := held.next()) is not None:
                found.append(info)
                _many(len(found), reading)
    except (tarfile.TarError, *DAMAGED) as error:
        raise NoText(f"damaged: {error}") from error
    for info in found:
        name = info.name.encode("utf-8", "surrogateescape")
        try:
            shown = name.decode("utf-8")
        except UnicodeDecodeError:
            shown = name.decode("gb18030", "replace")
        yield Entry(shown, info.size, partial(_of_tar, data, info, reading), not info.isreg())


def _of_tar(data: bytes, info: tarfile.TarInfo, reading: Reading) -> bytes:
    _fits(info.size, info.size, reading)
    reading.unpacked += info.size
    return data[info.offset_data : info.offset_data + info.size]


def _unpacked(kind: str, data: bytes, reading: Reading) -> bytes:
    most = min(reading.limits.unpacked - reading.unpacked, max(FREE, len(data) * reading.limits.ratio))
    try:
        if kind == "application/gzip":
            gzip = zlib.decompressobj(wbits=31)
            found, is_more = gzip.decompress(data, most), bool(gzip.unconsumed_tail)
        else:
            other = bz2.BZ2Decompressor() if kind == "application/x-bzip2" else lzma.LZMADecompressor(memlimit=128 << 20)
            found = other.decompress(data, most)
            is_more = not other.eof and len(found) >= most
    except (zlib.error, lzma.LZMAError, *DAMAGED) as error:
        raise NoText(f"damaged: {error}") from error
    reading.unpacked += len(found)
    if is_more:
        raise NoText("a bomb, or more than is read")
    return found
