"""What the files of dead processes still hold. A file is touched only when its lock can be taken: a live writer's never is."""

import contextlib
import os
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from crawler.archive import metadata
from crawler.archive.locks import lock, sync_folder
from crawler.archive.record import IDENTICAL, WarcRecord, parse
from crawler.archive.writer import OPEN, SUFFIX, FileInfo, describe
from crawler.errors import ArchiveError, DamagedRecord
from crawler.fetcher.message import parse_response
from crawler.model import Capture, Kept, Millis

NAME = re.compile(r"gongkai-\d{14}-(?P<owner>.+)-\d{4}\.warc\.gz")
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Recovered:
    """A dead process's file, whole now: what it held behind the committed end, and how many torn bytes were set aside."""

    info: FileInfo
    owner: str
    kept: tuple[Kept, ...]
    torn: int


@dataclass(frozen=True, slots=True)
class _Member:
    record: WarcRecord
    offset: int
    end: int


def recover(folder: Path, committed: Callable[[str], int]) -> Generator[Recovered, None, None]:
    """Adopt every `.open` file whose writer is dead. `committed(name)`: the end the database knows of a file, 0 if it does not.

    A file gets its final name when the caller asks for the next one, that is when what it held is committed: whoever dies before
    that leaves it to be found again. Raises ArchiveError when a file cannot be read or closed.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}{OPEN}")):
        try:
            with path.open("r+b") as file:
                if lock(file) and path.exists():  # whoever held it may have renamed it meanwhile
                    yield _adopt(path, file, committed(path.name.removesuffix(OPEN)))
                    os.replace(path, path.with_name(path.name.removesuffix(OPEN)))
                    sync_folder(path.parent)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ArchiveError(
                f"cannot recover {path}: {error.strerror or error}", remedy="check the folder's permissions"
            ) from error


def _adopt(path: Path, file: IO[bytes], committed: int) -> Recovered:
    name = path.name.removesuffix(OPEN)
    kept = tuple(_groups(file, name, committed))
    size = os.fstat(file.fileno()).st_size
    good = kept[-1].end if kept else committed or _first_end(file)
    if good < size:
        file.seek(good)
        with path.with_name(name + ".torn").open("ab") as aside:
            aside.write(file.read())
            aside.flush()
            os.fsync(aside.fileno())
        file.truncate(good)
    os.fsync(file.fileno())
    match = NAME.fullmatch(name)
    return Recovered(replace(describe(path), name=name), match["owner"] if match else name, kept, size - good)


def _first_end(file: IO[bytes]) -> int:
    """The end of the warcinfo record, or 0."""
    first = next(_members(file, 0), None)
    return first.end if first and first.record.type == "warcinfo" else 0


def walk(path: Path, start: int = 0) -> Iterator[Kept]:
    """Every look a file tells of, from `start` on; a group without its metadata is not told. Stops at damage."""
    with path.open("rb") as file:
        yield from _groups(file, path.name.removesuffix(OPEN), start)


def closed_files(folder: Path) -> list[FileInfo]:
    """All closed WARC files of a folder, in the order of their names (which begin with the time they were opened)."""
    return [describe(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def _groups(file: IO[bytes], name: str, start: int) -> Iterator[Kept]:
    answer: _Member | None = None
    for member in _members(file, start):
        kind = member.record.type
        if kind == "request":
            answer = None
        elif kind in ("response", "revisit"):
            answer = member
        elif kind == "metadata":
            with contextlib.suppress(DamagedRecord):  # somebody else's metadata record: not a look of ours
                capture = _capture(answer, name) if answer and _tied(member, answer) else None
                yield metadata.kept(member.record.id, member.record.block, file=name, end=member.end, capture=capture)
            answer = None


def _tied(look: _Member, answer: _Member) -> bool:
    return answer.record.id in look.record.headers.get("warc-concurrent-to", "")


def _capture(answer: _Member, name: str) -> Capture | None:
    headers = answer.record.headers
    revisit = answer.record.type == "revisit"
    if revisit and headers.get("warc-profile") != IDENTICAL:
        return None
    message = _head(answer.record)
    return Capture(
        record_id=answer.record.id,
        url=headers["warc-target-uri"],
        at=_millis(headers["warc-date"]),
        file=name,
        offset=answer.offset,
        length=answer.end - answer.offset,
        type=answer.record.type,
        payload_digest=headers["warc-payload-digest"],
        media_type=message[1],
        status=message[0],
        original=metadata.original(headers, _millis(headers["warc-refers-to-date"])) if revisit else None,
    )


def _head(record: WarcRecord) -> tuple[int, str]:
    """Status and media type of a stored answer; (0, "") when even its head is cut."""
    try:
        message = parse_response(record.block)
    except DamagedRecord:
        return 0, ""
    media_type = next((value for key, value in message.headers if key.lower() == "content-type"), "")
    return message.status, media_type.partition(";")[0].strip().lower()[:100]


def _millis(date: str) -> Millis:
    return round(datetime.fromisoformat(date).timestamp() * 1000)


def _members(file: IO[bytes], start: int) -> Iterator[_Member]:
    """Whole, undamaged records from `start`; ends quietly at the first that is not."""
    file.seek(start)
    at, rest = start, b""
    while True:
        unpacker, out, used = zlib.decompressobj(31), [], 0
        while not unpacker.eof:
            chunk = rest or file.read(BLOCK)
            if not chunk:
                return
            try:
                out.append(unpacker.decompress(chunk))
            except zlib.error:
                return
            rest = unpacker.unused_data if unpacker.eof else b""
            used += len(chunk) - len(rest)
        try:
            record = parse(b"".join(out))
        except DamagedRecord:
            return
        yield _Member(record, at, at + used)
        at += used
