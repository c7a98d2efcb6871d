"""What an archive's operator withholds, and gives back: one line of JSON each, in a file beside the WARC files, so that no rebuild forgets it.

Append-only, synced; each line names the SHA-256 of the one before, so that a line that was changed or left out breaks the chain, and the last
line's digest stands for all. Documents are named by their public ids, which a rebuilt database has again. Nothing of their text stands here.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crawler.archive.locks import lock, sync_folder, unlock
from crawler.errors import ArchiveError
from crawler.model import ChangeKind, Millis

NAME = "withheld.jsonl"
ACTS = (str(ChangeKind.WITHHELD), str(ChangeKind.RESTORED))
FORM = {"line": int, "at": int, "act": str, "document": str, "reason": str, "who": str, "before": str}
REMEDY = "put it back from a backup, then look with gongkai audit: nothing is told of withheld documents until it is whole"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: `act` withheld or restored, the document's public id, why, and who did it. `digest` is the line's own."""

    line: int
    at: Millis
    act: str
    document: str
    reason: str
    who: str
    before: str

    @property
    def text(self) -> str:
        """The line as it is written."""
        return json.dumps({name: getattr(self, name) for name in FORM}, ensure_ascii=False)

    @property
    def digest(self) -> str:
        """What the next line names."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def following(self, at: Millis, act: str, document: str, reason: str, who: str) -> "Entry":
        """The line behind this one."""
        return Entry(self.line + 1, at, act, document, reason, who, self.digest)


BEGIN = Entry(0, 0, "", "", "", "", "")  # what the first line stands behind


def read(folder: Path) -> list[Entry]:
    """All lines. One that a crash cut off is none. Raises ArchiveError where they are not what was written."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ArchiveError(f"cannot read {folder / NAME}: {error.strerror or error}", remedy="may it be read?") from error
    return list(_entries(folder / NAME, data))


def _entries(path: Path, data: bytes) -> Iterator[Entry]:
    last = BEGIN
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            said = json.loads(line)
            entry = Entry(**{name: said[name] for name in FORM})
            right = all(type(said[name]) is kind for name, kind in FORM.items()) and entry.text.encode() == line
        except (ValueError, KeyError, TypeError):
            right = False
        if not right or entry.line != number or entry.act not in ACTS or entry.before != last.digest:
            raise ArchiveError(f"{path}:{number}: this line is not what was written", remedy=REMEDY)
        yield entry
        last = entry


def last_of(entries: Sequence[Entry]) -> Entry:
    """The last line, or what the first stands behind."""
    return entries[-1] if entries else BEGIN


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[IO[bytes]]:
    """The file, while nobody else writes to it. Raises ArchiveError."""
    path = folder / NAME
    try:
        is_new = not path.exists()
        with path.open("a+b") as file:
            if is_new:
                sync_folder(folder)
            lock(file, wait=True)
            try:
                yield file
            finally:
                unlock(file)
    except OSError as error:
        raise ArchiveError(
            f"cannot write {path}: {error.strerror or error}", remedy="is there room, and may it be written?"
        ) from error


def append(file: IO[bytes], entries: Sequence[Entry]) -> None:
    """Write lines behind what is whole of the file, durably. Raises OSError."""
    file.seek(0)
    data = file.read()
    file.truncate(data.rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)
    file.write(b"".join(f"{entry.text}\n".encode() for entry in entries))
    file.flush()
    os.fsync(file.fileno())
