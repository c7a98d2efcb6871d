"""The tree of an archive's records, in the folder `proof` beside the WARC files: it outlives every database.

`hashes` holds the complete subtrees in the order in which they become so, `places` where each leaf's record lies, `tree.json` how many
leaves count and up to where each file is in the tree. What lies behind is of a process that died, and is written anew. A leaf is a
record's head, which names its block's digest.
"""

import contextlib
import json
import mmap
import os
import re
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from crawler.archive import merkle
from crawler.archive.locks import lock, make_folder, sync_folder
from crawler.archive.record import END, WarcRecord
from crawler.errors import ArchiveError
from crawler.model import Millis

FOLDER = "proof"
HASHES, PLACES, STATE, LOCK, NOTES = "hashes", "places", "tree.json", "lock", "checkpoints"
KEY, PUBLIC = "key", "key.pub"
PLACE = struct.Struct(">IQ")  # number of the file, offset
NOTE = re.compile(r"(\d{12})-\d{13}\.note")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A record that is to be in the tree: where it lies, and its hash."""

    file: str
    offset: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class State:
    """How many leaves the tree has, and up to where each file is in it, in the order of the files' numbers."""

    size: int = 0
    ends: Mapping[str, int] = field(default_factory=dict)


def leaf_of(record: WarcRecord) -> bytes:
    """The leaf of a record."""
    return merkle.leaf(record.head + END)


class Tree:
    """The tree of one archive. Who only reads sees what was whole when it looked (`state`)."""

    def __init__(self, archive: Path) -> None:
        self.folder = archive / FOLDER
        self.key = self.folder / KEY
        self.public = self.folder / PUBLIC

    # -------------------------------------------------------------- read
    def state(self) -> State:
        """What counts by now. Raises ArchiveError when it cannot be read."""
        try:
            said = json.loads((self.folder / STATE).read_text("utf-8"))
            return State(int(said["size"]), {name: int(end) for name, end in said["files"]})
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._broken(STATE, error) from error

    @contextlib.contextmanager
    def hashes(self) -> Iterator[merkle.Hash]:
        """The hashes of complete subtrees. Raises ArchiveError."""
        try:
            file = (self.folder / HASHES).open("rb", buffering=0)
        except OSError as error:
            raise self._broken(HASHES, error) from error
        with file:
            yield lambda level, number: self._hash(file, merkle.place(level, number))

    def _hash(self, file: IO[bytes], at: int) -> bytes:
        file.seek(at * merkle.SIZE)
        found = file.read(merkle.SIZE)
        if len(found) != merkle.SIZE:
            raise self._broken(HASHES, "it is too short")
        return found

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves. Raises ArchiveError."""
        if not size:
            return merkle.EMPTY
        with self.hashes() as held:
            return merkle.root(held, size)

    def leaves(self, state: State) -> Iterator[tuple[str, int]]:
        """Where the record of each leaf lies: file and offset. Raises ArchiveError."""
        names = list(state.ends)
        try:
            with (self.folder / PLACES).open("rb") as file:
                for _ in range(state.size):
                    number, offset = PLACE.unpack(file.read(PLACE.size))
                    yield names[number], offset
        except (OSError, struct.error, IndexError) as error:
            if state.size:
                raise self._broken(PLACES, error) from error

    def index(self, state: State, file: str, offset: int) -> int | None:
        """The number of the leaf whose record lies there; None: it is not in the tree."""
        if file not in state.ends or not state.size:
            return None
        wanted, end = PLACE.pack(list(state.ends).index(file), offset), state.size * PLACE.size
        try:
            with (self.folder / PLACES).open("rb") as held, mmap.mmap(held.fileno(), 0, access=mmap.ACCESS_READ) as places:
                at = places.find(wanted, 0, end)
                while at >= 0 and at % PLACE.size:
                    at = places.find(wanted, at + 1, end)
        except (OSError, ValueError) as error:
            raise self._broken(PLACES, error) from error
        return at // PLACE.size if at >= 0 else None

    def _broken(self, name: str, why: object) -> ArchiveError:
        remedy = "put it back from a backup; a new tree would not be the one that was signed"
        return ArchiveError(f"cannot use the tree, {self.folder / name}: {why}", remedy=remedy)

    # -------------------------------------------------------------- write
    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time. Raises ArchiveError."""
        try:
            make_folder(self.folder)
            file = (self.folder / LOCK).open("ab")
        except OSError as error:
            raise self._refused(error) from error
        with file:
            lock(file, wait=True)
            yield

    def append(self, before: State, leaves: Iterable[Leaf], ends: Mapping[str, int]) -> State:
        """Put leaves behind the tree, and say up to where these files are in it; the caller is `alone`. Raises ArchiveError."""
        after = {**before.ends, **ends}
        numbers = {name: number for number, name in enumerate(after)}
        try:
            with self._end(HASHES, merkle.stored(before.size) * merkle.SIZE) as file:
                places, count = bytearray(), before.size
                grown = _Grown(lambda at: self._hash(file, at), merkle.stored(before.size))
                for leaf in leaves:
                    grown.take(count, leaf.hash)
                    places += PLACE.pack(numbers[leaf.file], leaf.offset)
                    count += 1
                _write(file, merkle.stored(before.size) * merkle.SIZE, grown.new)
            with self._end(PLACES, before.size * PLACE.size) as file:
                _write(file, before.size * PLACE.size, places)
            state = State(count, after)
            self.put(self.folder / STATE, json.dumps({"size": state.size, "files": list(after.items())}))
        except OSError as error:
            raise self._refused(error) from error
        return state

    @contextlib.contextmanager
    def _end(self, name: str, end: int) -> Iterator[IO[bytes]]:
        """A file of the tree, cut to what counts of it."""
        path = self.folder / name
        path.touch()
        with path.open("r+b", buffering=0) as file:
            if file.seek(0, 2) < end:
                raise self._broken(name, "it is too short")
            file.truncate(end)
            yield file

    def put(self, path: Path, text: str) -> None:
        """Write a small file, whole or not at all. Raises OSError."""
        beside = path.with_name(f".{path.name}.new")
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        sync_folder(path.parent)

    def _refused(self, error: OSError) -> ArchiveError:
        return ArchiveError(
            f"cannot write {error.filename or self.folder}: {error.strerror or error}",
            remedy="check the folder and its free space",
        )

    # -------------------------------------------------------------- notes
    def save(self, note: str, public: str, size: int, at: Millis) -> Path:
        """Keep a signed checkpoint, and the key that checks it. Raises ArchiveError."""
        path = self.folder / NOTES / f"{size:012}-{at:013}.note"
        try:
            make_folder(path.parent)
            self.put(path, note)
            self.put(self.public, public + "\n")
        except OSError as error:
            raise self._refused(error) from error
        return path

    def copy(self, target: Path) -> None:
        """Copy the tree, its checkpoints and the public key beside the WARC files of another folder; the private key stays here.

        Raises ArchiveError, and OSError where the other folder cannot be written.
        """
        if not (self.folder / STATE).exists():
            return
        with self.alone():
            place = target / FOLDER
            (place / NOTES).mkdir(parents=True, exist_ok=True)
            for path in [*(self.folder / name for name in (HASHES, PLACES, PUBLIC, STATE)), *self.notes()]:
                if path.exists():
                    shutil.copyfile(path, place / path.relative_to(self.folder))

    def notes(self) -> list[Path]:
        """The checkpoints that were signed, the smallest tree first."""
        folder = self.folder / NOTES
        return sorted(path for path in folder.glob("*.note") if NOTE.fullmatch(path.name)) if folder.is_dir() else []


class _Grown:
    """Hashes that are not written yet, behind `base` that are."""

    def __init__(self, old: Callable[[int], bytes], base: int) -> None:
        self._old, self._base, self.new = old, base, bytearray()

    def take(self, size: int, new: bytes) -> None:
        """A leaf behind a tree of so many."""
        for found in merkle.complete(self._held, size, new):
            self.new += found

    def _held(self, level: int, number: int) -> bytes:
        at = merkle.place(level, number)
        start = (at - self._base) * merkle.SIZE
        return self._old(at) if start < 0 else bytes(self.new[start : start + merkle.SIZE])


def _write(file: IO[bytes], end: int, data: bytes | bytearray) -> None:
    file.seek(end)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())
