"""The records of a WARC file one after another, also behind bytes that are none."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from crawler.archive.record import END, WarcRecord, parse
from crawler.errors import DamagedRecord

BLOCK = 1 << 20
MAGIC = b"\x1f\x8b\x08"
BEGINS = b"WARC/1."
PEEK = 16  # unpacked bytes that tell a record from whatever else is packed
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d{1,18})\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Member:
    """A record, where its member begins and where it ends."""

    record: WarcRecord
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file in which no whole record stands: `bytes` of them from `offset` on; 0 for a file that is empty."""

    file: str
    offset: int
    bytes: int
    why: str = ""

    def __str__(self) -> str:
        return f"{self.file} at {self.offset}: {self.bytes} bytes lost{f' ({self.why})' if self.why else ''}"


def members(file: IO[bytes], start: int, lost: list[Damage] | None = None, name: str = "") -> Iterator[Member]:
    """Whole, undamaged records from `start`.

    Without `lost` it ends quietly at the first bytes that are none. With it the next whole record behind them is looked for, and what
    lies before that is told there; so is what cannot be read at all. Behind damage only a record that names this file's warcinfo record
    is one: a server may send what looks like a member, but not an id it has never seen.
    """
    try:
        yield from _members(file, start, lost, name)
    except OSError as error:
        if lost is None:
            raise
        lost.append(Damage(name, start, 0, f"cannot be read: {error.strerror or error}"))


def _members(file: IO[bytes], start: int, lost: list[Damage] | None, name: str) -> Iterator[Member]:
    at, rest, own = start, b"", ""
    file.seek(start)
    while True:
        try:
            found = _member(file, at, rest)
        except DamagedRecord as error:
            if lost is None:
                return
            own = own or _info(file)
            behind = _next(file, at + 1, own)
            until = behind.offset if behind else file.seek(0, 2)
            lost.append(Damage(name, at, until - at, error.message))
            if behind is None:
                return
            own = own or _names(behind.record)
            yield behind
            at, rest = behind.end, b""
            file.seek(at)
            continue
        if found is None:
            if lost is not None and at == 0:
                lost.append(Damage(name, 0, 0, "the file is empty"))
            return
        member, rest = found
        yield member
        at = member.end


def _member(file: IO[bytes], at: int, rest: bytes) -> tuple[Member, bytes] | None:
    """The record whose member begins at `at`, and the bytes read behind it; None at the file's end.

    `rest`: the bytes from `at` on that were read already; the file stands behind them. Raises DamagedRecord.
    """
    unpacker, out, used, most = zlib.decompressobj(31), bytearray(), 0, None
    while not unpacker.eof:
        chunk = rest or file.read(BLOCK)
        if not chunk:
            if not used:
                return None
            raise DamagedRecord("the gzip member is cut")
        try:
            if len(out) < PEEK:  # nothing else is unpacked any further
                out += unpacker.decompress(chunk, PEEK)
                if not out.startswith(BEGINS[: len(out)]):
                    raise DamagedRecord("the bytes are no WARC record")
                out += unpacker.decompress(unpacker.unconsumed_tail)
            else:
                out += unpacker.decompress(chunk)
        except zlib.error as error:
            raise DamagedRecord("the bytes are no gzip member") from error
        rest = unpacker.unused_data if unpacker.eof else b""
        used += len(chunk) - len(rest)
        most = most or _most(out)
        if most is not None and len(out) > most:
            raise DamagedRecord("the record is longer than it says")
    return Member(parse(bytes(out)), at, at + used), rest


def _most(out: bytearray) -> int | None:
    """How many bytes a record has, by its own head; None while that is not known."""
    end = out.find(END, 0, BLOCK)
    said = LENGTH.search(out, 0, end + 2) if end >= 0 else None
    return end + 2 * len(END) + int(said[1]) if said else None


def _names(record: WarcRecord) -> str:
    """The id of the warcinfo record that a record belongs to."""
    return record.id if record.type == "warcinfo" else record.headers.get("warc-warcinfo-id", "")


def _info(file: IO[bytes]) -> str:
    """The id of a file's warcinfo record, as its first record tells; empty where that is damaged."""
    file.seek(0)
    try:
        first = _member(file, 0, b"")
    except DamagedRecord:
        return ""
    return _names(first[0].record) if first else ""


def _next(file: IO[bytes], start: int, own: str) -> Member | None:
    """The first whole record whose member begins at `start` or behind it, and that belongs to the warcinfo record `own`, where that is
    known: else the first that belongs to any."""
    file.seek(start)
    at, held = start, b""
    while block := file.read(BLOCK):
        held += block
        place = held.find(MAGIC)
        while place >= 0:
            file.seek(at + place)
            try:
                found = _member(file, at + place, b"")
            except DamagedRecord:
                found = None
            if found and (name := _names(found[0].record)) and name == (own or name):
                return found[0]
            place = held.find(MAGIC, place + 1)
        at += max(len(held) - len(MAGIC) + 1, 0)
        held = held[-(len(MAGIC) - 1) :]
        file.seek(at + len(held))
    return None
