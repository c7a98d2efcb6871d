"""An exclusive lock on an open file, seen by every process of the machine, gone when its holder is."""

import os
import sys
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def lock(file: IO[bytes], *, wait: bool = False) -> bool:
        """Take the lock; False when somebody else holds it and we do not wait."""
        file.seek(0)
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True

    def is_locked(file: IO[bytes]) -> bool:
        """Does somebody hold the lock?"""
        if not lock(file):
            return True
        unlock(file)
        return False

    def unlock(file: IO[bytes]) -> None:
        """Give the lock back."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock(file: IO[bytes], *, wait: bool = False) -> bool:
        """Take the lock; False when somebody else holds it and we do not wait."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def is_locked(file: IO[bytes]) -> bool:
        """Does somebody hold the lock? Who asks is in nobody's way: the question is a shared lock."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        unlock(file)
        return False

    def unlock(file: IO[bytes]) -> None:
        """Give the lock back."""
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Make names in a folder survive a power cut (a no-op where folders cannot be opened)."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """A folder with all above it, so that their names survive a power cut."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(made):
        sync_folder(path.parent)
