"""What the files of dead processes still hold. A file is touched only when its lock can be taken: a live writer's never is."""

import contextlib
import os
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from crawler.archive import metadata
from crawler.archive.locks import lock, sync_folder
from crawler.archive.reader import Member, members
from crawler.archive.record import IDENTICAL
from crawler.archive.writer import OPEN, SUFFIX, FileInfo, describe, head_facts
from crawler.errors import ArchiveError, DamagedRecord
from crawler.model import Capture, Kept, Millis

NAME = re.compile(r"gongkai-\d{14}-(?P<owner>.+)-\d{4}\.warc\.gz")


@dataclass(frozen=True, slots=True)
class Recovered:
    """A dead process's file, whole now: what it held behind the committed end, and how many torn bytes were set aside."""

    info: FileInfo
    owner: str
    kept: tuple[Kept, ...]
    torn: int


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
    first = next(members(file, 0), None)
    return first.end if first and first.record.type == "warcinfo" else 0


def walk(path: Path, start: int = 0) -> Iterator[Kept]:
    """Every look a file tells of, from `start` on; a group without its metadata is not told. Stops at damage."""
    with path.open("rb") as file:
        yield from _groups(file, path.name.removesuffix(OPEN), start)


def closed_files(folder: Path) -> list[FileInfo]:
    """All closed WARC files of a folder, in the order of their names (which begin with the time they were opened)."""
    return [describe(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def _groups(file: IO[bytes], name: str, start: int) -> Iterator[Kept]:
    answer: Member | None = None
    for member in members(file, start):
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


def _tied(look: Member, answer: Member) -> bool:
    return answer.record.id in look.record.headers.get("warc-concurrent-to", "")


def _capture(answer: Member, name: str) -> Capture | None:
    headers = answer.record.headers
    revisit = answer.record.type == "revisit"
    if revisit and headers.get("warc-profile") != IDENTICAL:
        return None
    status, media_type = head_facts(answer.record.block)
    return Capture(
        record_id=answer.record.id,
        url=headers["warc-target-uri"],
        at=_millis(headers["warc-date"]),
        file=name,
        offset=answer.offset,
        length=answer.end - answer.offset,
        type=answer.record.type,
        payload_digest=headers["warc-payload-digest"],
        media_type=media_type,
        status=status,
        original=metadata.original(headers, _millis(headers["warc-refers-to-date"])) if revisit else None,
    )


def _millis(date: str) -> Millis:
    return round(datetime.fromisoformat(date).timestamp() * 1000)
