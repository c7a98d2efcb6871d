"""A process's sign of life: a file beside the WARC files, held under an exclusive lock from the first moment. The lock dies with it.

A process that is stopped (SIGSTOP, a machine that sleeps) is silent and alive: it still holds the lock. The file's time is when its
process began its last request: what a dead one asked for a moment ago nobody else can know. In it stands what the process does and when
its work was last seen to go on: who asks whether it is stuck needs no database.
"""

import contextlib
import os
import time
from pathlib import Path
from typing import IO

from crawler.archive.locks import is_locked, lock, make_folder, sync_folder
from crawler.errors import ArchiveError
from crawler.model import Millis

SUFFIX, BORN = ".alive", ".born"
MOMENT = 0.05  # seconds between two requests that are told
UNBORN = 60.0  # seconds after which a sign that nobody holds yet will be nobody's


class Alive:
    """The sign of one process. `begin` before anything is held, `end` when nothing is."""

    def __init__(self, folder: Path, owner: str) -> None:
        self.folder, self._path = folder, folder / (owner + SUFFIX)
        self._file: IO[bytes] | None = None
        self._told = float("-inf")  # when a request was told last

    def begin(self) -> None:
        """Show it. Nobody ever sees it without its lock: it gets its name when it is held. Raises ArchiveError."""
        born = self._path.with_suffix(BORN)
        try:
            make_folder(self.folder)
            self._file = born.open("xb")
            lock(self._file)
            os.replace(born, self._path)
            sync_folder(self.folder)  # after a power cut too it shows that its process is dead
        except OSError as error:
            raise ArchiveError(
                f"cannot write {self._path}: {error.strerror or error}", remedy="check the folder and its free space"
            ) from error

    def asks(self) -> None:
        """A request begins; of several within a moment the first is told."""
        now = time.monotonic()
        if self._file is not None and now - self._told >= MOMENT:
            self._told = now
            with contextlib.suppress(OSError):  # a time that cannot be told is an earlier one
                os.utime(self._path)

    def beats(self, what: str) -> None:
        """What is done here goes on: the loop turns, and the database took a transaction. From the thread of `asks`."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # who cannot tell it looks stuck
                asked = self._path.stat().st_mtime_ns
                self._file.seek(0)
                self._file.write(f"{what} {time.monotonic():15.3f}\n".encode())
                self._file.flush()
                os.utime(self._path, ns=(asked, asked))

    def end(self, *, kept: bool = False) -> None:
        """Take it away; `kept`: leave it without its lock, as death does. May be called twice."""
        if self._file is not None:
            if not kept:
                self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


def is_dead(folder: Path, owner: str) -> bool | None:
    """Has a process of that name died? None: it shows nothing here; it is another machine's, or ended long ago."""
    try:
        with (folder / (owner + SUFFIX)).open("rb") as file:
            return not is_locked(file)
    except OSError:
        return None


def pulse(folder: Path, what: str) -> float | None:
    """Seconds since the last beat of a living process that does this; None: there is none, or it has not beaten yet."""
    ages = []
    for path in folder.glob("*" + SUFFIX):
        with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
            does, _, at = file.readline().decode("ascii").partition(" ")
            if does == what and is_locked(file):
                ages.append(abs(time.monotonic() - float(at)))  # of a machine that was started anew since: the lock is nobody's
    return min(ages, default=None)


def asked(folder: Path, owner: str) -> Millis:
    """When that process began its last request, at the latest; now where it shows nothing."""
    try:
        return (folder / (owner + SUFFIX)).stat().st_mtime_ns // 1_000_000 + int(MOMENT * 1000)
    except OSError:
        return time.time_ns() // 1_000_000


def leave(folder: Path, owner: str) -> None:
    """The sign of a process that is not here: to whoever works in this folder it is dead. Raises OSError."""
    (folder / (owner + SUFFIX)).touch()


def bury(folder: Path, owner: str) -> None:
    """Take the sign of a dead process away."""
    with contextlib.suppress(OSError):
        (folder / (owner + SUFFIX)).unlink(missing_ok=True)


def unlocked(folder: Path) -> list[str]:
    """The names of those that died, of whom the database may know nothing. What died before it had shown its sign is taken away."""
    for path in folder.glob("*" + BORN):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if not is_locked(file) and abs(time.time() - path.stat().st_mtime) > UNBORN:
                path.unlink(missing_ok=True)
    names = [path.name.removesuffix(SUFFIX) for path in sorted(folder.glob("*" + SUFFIX))]
    return [name for name in names if is_dead(folder, name)]
