"""The records of anybody's WARC or ARC file one after another, compressed or not, each with its place in the file. Ours: `members`."""

import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from crawler.errors import ArchiveError, DamagedRecord
from crawler.model import Millis

GZIP = b"\x1f\x8b"
BLOCK = 1 << 18
LONGEST_LINE = 1 << 16
MOST_LINES = 200
LONGEST_BLOCK = 256 << 20
ARC = b"filedesc://"
STATUS = re.compile(rb"^HTTP/\d(?:\.\d)?[ \t]+(?=\d{3})")
ARC_TIME = re.compile(r"\d{14}")


@dataclass(frozen=True, slots=True)
class Raw:
    """A record. `number` counts the file's records from 1; `offset` is where it begins in the file, None where it shares a gzip member with
    what stands before it; `headers` by lower-case name, an ARC record's told as a WARC record's; `block` is empty, and `left_out` true,
    where it is too long to be held."""

    number: int
    offset: int | None
    headers: Mapping[str, str]
    block: bytes
    left_out: bool = False
    head: bytes = b""

    @property
    def type(self) -> str:
        """WARC-Type."""
        return self.headers.get("warc-type", "").lower()

    @property
    def url(self) -> str:
        """The target, without the brackets that WARC 1.0 was understood to want."""
        return self.headers.get("warc-target-uri", "").strip("<>")

    @property
    def at(self) -> Millis:
        """WARC-Date; 0 where there is none that can be read."""
        return moment(self.headers.get("warc-date", ""))


def moment(written: str) -> Millis:
    """A time of WARC or ARC in milliseconds; 0 for what is none."""
    try:
        if ARC_TIME.fullmatch(written):
            return round(datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp() * 1000)
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written.strip()))
        return round((found.replace(tzinfo=UTC) if found.tzinfo is None else found).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def records(path: Path, start: int = 0) -> Iterator[Raw]:
    """The records from the one that begins at `start` on.

    Raises ArchiveError when the file cannot be read, DamagedRecord at the first bytes that are no record: what stood before them is told.
    """
    with _opened(path, start) as stream:
        is_arc = stream.starts_with(ARC) or (start > 0 and not stream.starts_with(b"WARC/"))
        number = 0
        while True:
            begun = stream.at
            try:
                stream.skip_blank()
                offset = stream.place()
                found = _arc(stream) if is_arc else _warc(stream)
            except DamagedRecord as error:
                raise DamagedRecord(f"{path} at {stream.near(begun)}: {error.message}") from error
            if found is None:
                return
            number += 1
            headers, block, left_out, head = found
            yield Raw(number, offset, headers, block, left_out, head)


def begins_as_records(path: Path) -> bool:
    """Does a file begin as WARC or ARC files do, packed or not, whatever it is called? Raises ArchiveError when it cannot be read."""
    with _opened(path, 0) as stream:
        try:
            stream.skip_blank()
        except DamagedRecord:
            return False
        return stream.starts_with(b"WARC/") or stream.starts_with(ARC)


def record_at(path: Path, offset: int) -> Raw:
    """The record that begins at a place. Raises ArchiveError, DamagedRecord."""
    found = next(records(path, offset), None)
    if found is None:
        raise DamagedRecord(f"{path} at {offset}: the file ends there")
    return found


@contextmanager
def _opened(path: Path, start: int) -> "Iterator[_Stream]":
    try:
        with path.open("rb") as file:
            file.seek(start)
            packed = file.read(2) == GZIP
            file.seek(start)
            yield _Stream(file, start, packed=packed)
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror or error}") from error


# ------------------------------------------------------------------ bytes
class _Stream:
    """A file's bytes, gzip members unpacked, and where in the file each member began."""

    def __init__(self, file: IO[bytes], start: int, *, packed: bool) -> None:
        self._source: io.RawIOBase = _Members(file, start) if packed else _Plain(file)
        self._members = self._source if isinstance(self._source, _Members) else None
        self._held = io.BufferedReader(self._source, BLOCK)
        self.at = 0  # unpacked bytes handed out
        self._start = start

    def starts_with(self, mark: bytes) -> bool:
        """Are these the bytes that come next?"""
        return self._peek(len(mark)).startswith(mark)

    def _peek(self, count: int) -> bytes:
        try:
            return self._held.peek(count)[:count]
        except (zlib.error, EOFError):
            return b""

    def line(self) -> bytes:
        """The next line, with its end."""
        return self._took(lambda: self._held.readline(LONGEST_LINE))

    def read(self, count: int) -> bytes:
        """So many bytes, fewer at the end."""
        return self._took(lambda: self._held.read(count))

    def _took(self, take: Callable[[], bytes]) -> bytes:
        try:
            data = take()
        except EOFError as error:
            raise DamagedRecord("the file is cut: its last gzip member does not end") from error
        except zlib.error as error:
            raise DamagedRecord(f"the bytes are no gzip member: {error}") from error
        self.at += len(data)
        return data

    def skip(self, count: int) -> int:
        """Pass over so many bytes; how many there were."""
        left = count
        while left and (data := self.read(min(left, 1 << 20))):
            left -= len(data)
        return count - left

    def skip_blank(self) -> None:
        """Pass over the line ends between two records."""
        while self._peek(1) in (b"\r", b"\n"):
            self.read(1)

    def place(self) -> int | None:
        """Where in the file the next byte stands; None within a gzip member."""
        if self._members is None:
            return self._start + self.at
        self._peek(1)  # a member begins with its first byte
        return self._members.begun.pop(self.at, None)

    def near(self, at: int) -> int:
        """Where in the file about what was told up to `at` stands."""
        return self._start + at if self._members is None else self._members.last


class _Plain(io.RawIOBase):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target)
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)


class _Members(io.RawIOBase):
    """Gzip members unpacked. `begun`: unpacked offset → the file's, of each member's first byte; `last`: where the one being read began."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._file, self._held = file, b""
        self._out, self.last = 0, start
        self._unpacker: zlib._Decompress | None = None
        self._at = start  # in the file, behind what the unpacker was given and used
        self.begun: dict[int, int] = {}

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target)
        while True:
            chunk = self._held or self._file.read(BLOCK)
            if self._unpacker is None:
                padding = len(chunk) - len(chunk.lstrip(b"\0"))  # some writers fill their blocks up
                self._at, chunk = self._at + padding, chunk[padding:]
                if not chunk:
                    self._held = b""
                    if padding:
                        continue
                    return 0
                self._unpacker, self.last = zlib.decompressobj(31), self._at
                self.begun = {at: place for at, place in self.begun.items() if at >= self._out - 4 * BLOCK} | {
                    self._out: self._at
                }
            elif not chunk:
                raise EOFError
            data = self._unpacker.decompress(chunk, len(view))
            self._held = self._unpacker.unconsumed_tail or self._unpacker.unused_data
            self._at += len(chunk) - len(self._held)
            if self._unpacker.eof:
                self._unpacker = None
            if data:
                view[: len(data)] = data
                self._out += len(data)
                return len(data)


# ------------------------------------------------------------------ records
_Found = tuple[dict[str, str], bytes, bool, bytes]


def _warc(stream: _Stream) -> _Found | None:
    first = stream.line()
    if not first:
        return None
    if not first.startswith(b"WARC/"):
        raise DamagedRecord("the bytes are no WARC record")
    headers: dict[str, str] = {}
    lines, last = [first], ""
    for _ in range(MOST_LINES):
        line = stream.line()
        lines.append(line)
        if not line:
            raise DamagedRecord("a record's head is cut")
        if line in (b"\r\n", b"\n"):
            break
        text = line.decode("utf-8", "replace")
        if text[:1] in " \t" and last:  # a folded line (WARC 1.0, 4)
            headers[last] += " " + text.strip()
            continue
        name, _, value = text.partition(":")
        last = name.strip().lower()
        if last == "warc-concurrent-to" and last in headers:
            headers[last] += " " + value.strip()
        headers.setdefault(last, value.strip())
    else:
        raise DamagedRecord(f"a record with more than {MOST_LINES} header lines")
    block, left_out = _block(stream, headers.get("content-length", ""))
    return headers, block, left_out, b"".join(lines)


def _block(stream: _Stream, said: str) -> tuple[bytes, bool]:
    if not said.isascii() or not said.isdigit() or len(said) > 15:
        raise DamagedRecord(f"a record says that it has {said[:40] or 'no'} bytes")
    length = int(said)
    if length > LONGEST_BLOCK:
        if stream.skip(length) < length:
            raise DamagedRecord("a record is cut")
        return b"", True
    block = stream.read(length)
    if len(block) < length:
        raise DamagedRecord("a record is cut")
    return block, False


def _arc(stream: _Stream) -> _Found | None:
    """ARC 1 and 2 (Internet Archive, 1996): a line `address IP time type … length`, then so many bytes."""
    line = stream.line()
    if not line:
        return None
    parts = line.decode("utf-8", "replace").strip().split(" ")
    if len(parts) < 5 or not parts[-1].isdigit():
        raise DamagedRecord("the bytes are no ARC record")
    block, left_out = _block(stream, parts[-1])
    behind = 10 if len(parts) >= 10 and ARC_TIME.fullmatch(parts[-8]) else 5
    url, (ip, time, kind) = " ".join(parts[: 1 - behind]), parts[1 - behind : 4 - behind]
    headers = {"warc-target-uri": url, "warc-date": time, "content-type": kind, "warc-ip-address": ip}
    headers["warc-type"] = "warcinfo" if url.startswith(ARC.decode()) else "response" if STATUS.match(block) else "resource"
    return headers, block, left_out, line
