"""A disk as a power cut may leave it, as pessimistic as POSIX allows.

What was written and not synced since stands or not, each 4 KiB by chance (all, none, or a part of a cut's choosing); a name made, changed
or taken away stands for certain once its folder was synced; a sync counts from its end, for what had ended when it began.
"""

import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.shim import Call, Entry

SECTOR = 4096


@dataclass
class File:
    """A file of the model: what is certain, and what was asked since, each with the moment: (at, offset, bytes), None for a new length."""

    born: int
    sure: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, int, bytes | None]] = field(default_factory=list)

    def sync(self, began: int) -> None:
        """What was asked before is certain."""
        for at, offset, data in self.since:
            if at <= began:
                put(self.sure, offset, data)
        self.since = [asked for asked in self.since if asked[0] > began]

    def after(self, chance: random.Random, share: float) -> bytes:
        """What the disk shows after a cut: of what is not certain each sector by chance."""
        found = bytearray(self.sure)
        for _, offset, data in self.since:
            if data is None:
                if chance.random() < share:
                    put(found, offset, None)
                continue
            start = offset
            while start < offset + len(data):
                end = min((start // SECTOR + 1) * SECTOR, offset + len(data))
                if chance.random() < share:
                    put(found, start, data[start - offset : end - offset])
                start = end
        return bytes(found)


def put(content: bytearray, offset: int, data: bytes | None) -> None:
    """Bytes at a place, or a new length."""
    if data is None:
        del content[offset:]
        content.extend(bytes(max(0, offset - len(content))))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


@dataclass
class Disk:
    """Files by name; `unsure`: folder → names that were changed since it was synced last, each with what stood there before."""

    names: dict[str, File] = field(default_factory=dict)
    unsure: dict[str, dict[str, tuple[int, File | None]]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def name(self, at: int, path: str, file: File | None) -> None:
        """A name is given to a file, or taken away."""
        before = self.names.get(path)
        self.unsure.setdefault(str(Path(path).parent), {}).setdefault(path, (at, before))
        if file is None:
            self.names.pop(path, None)
        else:
            self.names[path] = file

    def sync_folder(self, path: str, began: int) -> None:
        """Names that were changed before are certain."""
        held = self.unsure.get(path, {})
        self.unsure[path] = {name: was for name, was in held.items() if was[0] > began}

    def after(self, chance: random.Random, share: float) -> Iterator[tuple[str, bytes]]:
        """What stands after a cut. Names that are not certain are as before by chance; a rename is one change."""
        shown = dict(self.names)
        for held in self.unsure.values():
            undone: set[int] = set()
            for name, (_, before) in held.items():
                now = self.names.get(name)
                known = {id(file) for file in (before, now) if file is not None}
                if known & undone or chance.random() >= share:
                    undone |= known
                    shown.pop(name, None)
                    if before is not None:
                        shown[name] = before
        gone = tuple(f"{folder}/" for folder in self.folders if folder not in shown)
        for name, file in shown.items():
            if name not in self.folders and not (gone and name.startswith(gone)):
                yield name, file.after(chance, share)


@dataclass(frozen=True)
class Event:
    """Something asked of the disk, when it is felt, and what it does."""

    at: int
    do: Callable[[Disk], None]
    said: str = ""


def moved(disk: Disk, at: int, old: str, new: str) -> None:
    """A file has another name."""
    file = disk.names[old]
    disk.name(at, new, file)
    disk.name(at, old, None)


def made(disk: Disk, at: int, path: str) -> None:
    """A folder is made."""
    disk.folders.add(path)
    disk.name(at, path, File(at))


def events(log: Iterable[Entry]) -> list[Event]:
    """What was asked of the disk, in the order in which it is felt."""
    found = [event for entry in log if entry.result >= 0 and not entry.path.endswith("-shm") for event in _of(entry)]
    return sorted(found, key=lambda event: event.at)


def _of(entry: Entry) -> Iterator[Event]:
    at, path, other = entry.ended, entry.path, entry.other
    if entry.call is Call.SAID:
        yield Event(at, lambda disk: None, entry.data.decode())
    elif entry.call is Call.MAKE:
        truncates = bool(entry.offset & os.O_TRUNC)
        yield Event(at, lambda disk: _make(disk, at, path, truncates=truncates))
    elif entry.call is Call.RENAME:
        yield Event(at, lambda disk: moved(disk, at, path, other))
    elif entry.call is Call.UNLINK:
        yield Event(at, lambda disk: disk.name(at, path, None))
    elif entry.call is Call.FOLDER:
        yield Event(at, lambda disk: made(disk, at, path))
    elif entry.call is Call.SYNC:
        yield Event(at, lambda disk: _sync(disk, entry))
    elif entry.call in (Call.WRITE, Call.CUT):
        data = entry.data if entry.call is Call.WRITE else None
        yield Event(at, lambda disk: disk.names[path].since.append((at, entry.offset, data)) if path in disk.names else None)


def _make(disk: Disk, at: int, path: str, *, truncates: bool) -> None:
    if path not in disk.names:
        disk.name(at, path, File(at))
    elif truncates:
        disk.names[path].since.append((at, 0, None))


def _sync(disk: Disk, entry: Entry) -> None:
    if entry.path in disk.names and entry.path not in disk.folders:
        disk.names[entry.path].sync(entry.began)
    else:
        disk.sync_folder(entry.path, entry.began)
