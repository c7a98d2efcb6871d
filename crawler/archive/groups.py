"""Groups of another archive of ours: their looks, and where all records of each lie, so that they can be taken over byte for byte."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from crawler.archive.locks import sync_folder
from crawler.archive.members import Damage, Member, members
from crawler.archive.recover import looks_of
from crawler.archive.walking import records
from crawler.errors import ArchiveError
from crawler.model import Kept

OURS = b"software: gongkai/"


@dataclass(frozen=True, slots=True)
class Group:
    """A look as the other archive tells it, and the places of its records (`start` to `end`) and of its warcinfo record."""

    look: Kept
    start: int
    end: int
    info: tuple[int, int]


def is_ours(path: Path) -> bool:
    """Did this program write the file? Its first record says so."""
    try:
        first = next(records(path), None)
    except ArchiveError:
        return False
    return first is not None and first.type == "warcinfo" and OURS in first.block


def groups(path: Path, name: str, lost: list[Damage]) -> Iterator[Group]:
    """Every whole group of a file of ours, also behind damage, which is told in `lost`."""
    info: Member | None = None
    held: list[Member] = []
    with path.open("rb") as file:
        for member in members(file, 0, lost, name):
            kind = member.record.type
            if kind == "warcinfo":
                info, held = member, []
                continue
            held = [member] if kind == "request" else [*held, member]
            if kind == "metadata":
                for look in looks_of(held, name) if info is not None else ():
                    assert info is not None
                    yield Group(look, held[0].offset, member.end, (info.offset, info.end))
                held = []


def taken(path: Path, group: Group) -> tuple[bytes, bytes]:
    """The bytes of a group's warcinfo record, and of its records."""
    with path.open("rb") as file:
        file.seek(group.info[0])
        opening = file.read(group.info[1] - group.info[0])
        file.seek(group.start)
        return opening, file.read(group.end - group.start)


def put_file(path: Path, folder: Path, name: str) -> None:
    """Copy a whole file into a folder, durably, unless it is there. Raises OSError."""
    if (folder / name).exists():
        return
    partial = folder / f".{name}.part"
    with path.open("rb") as source, partial.open("wb") as to:
        shutil.copyfileobj(source, to, 1 << 20)
        to.flush()
        os.fsync(to.fileno())
    os.replace(partial, folder / name)
    sync_folder(folder)


def moved(group: Group, file: str, offset: int) -> Kept:
    """The look of a group whose records lie elsewhere now."""
    capture = group.look.capture
    place = replace(capture, file=file, offset=capture.offset - group.start + offset) if capture else None
    return replace(group.look, file=file, end=offset + group.end - group.start, capture=place)
