"""What the files of dead processes still hold. A file is touched only when its lock can be taken: a live writer's never is."""

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from crawler.archive import metadata
from crawler.archive.locks import lock, sync_folder
from crawler.archive.members import BLOCK, Damage, Member, members
from crawler.archive.record import IDENTICAL
from crawler.archive.writer import OPEN, SUFFIX, FileInfo, brought, describe, head_facts
from crawler.errors import DamagedRecord
from crawler.model import Capture, Kept, Millis

NAME = re.compile(r"gongkai-\d{14}-(?P<owner>.+)-\d{4}\.warc\.gz")
Trouble = Callable[[Path, OSError], None]


@dataclass(frozen=True, slots=True)
class Recovered:
    """A dead process's file, whole now: what it held behind the committed end, and how many torn bytes were set aside."""

    info: FileInfo
    owner: str
    kept: tuple[Kept, ...]
    torn: int


def recover(
    folder: Path, committed: Callable[[str], int | None], trouble: Trouble | None = None
) -> Generator[Recovered, None, None]:
    """Adopt every `.open` file whose writer is dead.

    `committed(name)`: the end up to which its looks were acknowledged, 0 when none was; None when nobody knows. Behind a known end nothing
    was acknowledged: it is adopted up to the first bytes that are no record, for what stands behind those may refer to what was lost in
    them. Where nobody knows, everything whole is adopted, also behind damage.

    A file gets its final name when the caller asks for the next one, that is when what it held is committed: whoever dies before
    that leaves it to be found again; a file that the caller discards meanwhile gets none. A file that cannot be read or closed is left alone: `trouble` is told of it, and the others go on.
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
            if trouble is not None:
                trouble(path, error)


def discard(folder: Path, found: Recovered) -> None:
    """Take away a file that recovery has just found empty: its writer died before anything of it was written."""
    (folder / (found.info.name + OPEN)).unlink(missing_ok=True)


def _adopt(path: Path, file: IO[bytes], committed: int | None) -> Recovered:
    name = path.name.removesuffix(OPEN)
    start = committed or 0
    kept = tuple(looks_of(members(file, start, [] if committed is None else None, name), name))
    size = os.fstat(file.fileno()).st_size
    good = kept[-1].end if kept else start or _first_end(file)
    if good < size:
        file.seek(good)
        with path.with_name(name + ".torn").open("ab") as aside:
            aside.write(file.read())
            aside.flush()
            os.fsync(aside.fileno())
        sync_folder(path.parent)
        file.truncate(good)
    _write_again(file, start, good)
    match = NAME.fullmatch(name)
    return Recovered(replace(describe(path), name=name), match["owner"] if match else name, kept, max(size - good, 0))


def _write_again(file: IO[bytes], start: int, end: int) -> None:
    """Make these bytes durable, whatever became of an fsync before: after one that failed, pages count as written that are not."""
    for at in range(start, end, BLOCK):
        file.seek(at)
        block = file.read(min(BLOCK, end - at))
        file.seek(at)
        file.write(block)
    file.flush()
    os.fsync(file.fileno())


def _first_end(file: IO[bytes]) -> int:
    """The end of the warcinfo record, or 0."""
    first = next(members(file, 0), None)
    return first.end if first and first.record.type == "warcinfo" else 0


def walk(path: Path, start: int = 0, lost: list[Damage] | None = None) -> Iterator[Kept]:
    """Every look a file tells of, from `start` on; a group without its metadata is not told.

    Without `lost` it stops at damage; with it, it goes on behind, and what was lost is told there.
    """
    with path.open("rb") as file:
        name = path.name.removesuffix(OPEN)
        yield from looks_of(members(file, start, lost, name), name)


def closed_files(folder: Path) -> list[Path]:
    """All closed WARC files of a folder, in the order of their names (which begin with the time they were opened)."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.is_dir())


def told_at(look: Kept) -> tuple[Millis, Millis, str, int]:
    """In which order looks became known. What was brought in is told when it was, not when it happened: what was known by then, the ids of
    documents among it, stays as it was."""
    return max(look.at, brought(look.file) or 0), look.at, look.file, look.end


def looks_of(records: Iterable[Member], name: str) -> Iterator[Kept]:
    """The looks that these records of a file tell of."""
    answer: Member | None = None
    for member in records:
        kind = member.record.type
        if kind == "request":
            answer = None
        elif kind in ("response", "revisit"):
            answer = member
        elif kind == "metadata":
            look = _look(member, answer, name)
            if look is not None:
                yield look
            answer = None


def _look(member: Member, answer: Member | None, name: str) -> Kept | None:
    """The look of a metadata record; None where it is somebody else's."""
    try:
        capture = _capture(answer, name) if answer and _tied(member, answer) else None
        return metadata.kept(member.record.id, member.record.block, file=name, end=member.end, capture=capture)
    except (DamagedRecord, KeyError, ValueError):
        return None


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
        payload_digest=headers.get("warc-payload-digest", ""),
        media_type=media_type,
        status=status,
        original=metadata.original(headers, _millis(headers["warc-refers-to-date"])) if revisit else None,
    )


def _millis(date: str) -> Millis:
    return round(datetime.fromisoformat(date).timestamp() * 1000)
