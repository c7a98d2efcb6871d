"""Who writes next to an SQLite database: threads take turns on a lock in memory, processes on a lock file beside it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from crawler.archive.locks import lock, make_folder, unlock
from crawler.errors import RepositoryError, Unreachable

# Seconds between two tries. With pauses of up to 0.01 one of three busy processes waited 3.4 s at worst, with these 0.7 s.
FIRST_PAUSE, LONGEST_PAUSE = 0.0005, 0.002


class WriteLock:
    """One database's lock, taken by one thread of one process at a time. `name` stands in errors. A wait for it ends and tells why."""

    def __init__(self, path: Path, name: str, patience_ms: int) -> None:
        self._path = path.with_name(path.name + ".writers")
        self._name = name
        self._patience = patience_ms / 1000
        self._thread = threading.Lock()
        self._file: IO[bytes] | None = None

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Hold the lock. Raises RepositoryError when it does not come in time, or the lock file cannot be made."""
        until = time.monotonic() + self._patience
        if not self._thread.acquire(timeout=self._patience):
            raise self._busy()
        try:
            held = self._open()
            pause = FIRST_PAUSE
            while not lock(held):
                if time.monotonic() > until:
                    raise self._busy()
                time.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)
            try:
                yield
            finally:
                unlock(held)
        finally:
            self._thread.release()

    def _open(self) -> IO[bytes]:
        if self._file is None:
            try:
                make_folder(self._path.parent)
                self._file = self._path.open("ab")
            except OSError as error:
                message = f"{self._name}: {error.strerror}: {error.filename}"
                raise RepositoryError(message, remedy="check the permissions and the space of its folder") from error
        return self._file

    def _busy(self) -> Unreachable:
        message = f"{self._name}: another writer has held the database for {self._patience:g} seconds"
        return Unreachable(message, remedy="end that program, or wait and try again")

    def close(self) -> None:
        """Close the lock file; whoever writes next opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None
