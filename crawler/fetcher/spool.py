"""Bytes as they come: in memory while they are few, in a temporary file without a name when they are many."""

import contextlib
import mmap
import tempfile
from pathlib import Path
from typing import IO

from crawler.model import Octets

SPOOL_AT = 1 << 20  # bytes held in memory at most


class Spool:
    """Append with `write`, read with `octets`. `folder`: where the file goes; the system's temporary folder when there is none."""

    __slots__ = ("_file", "_folder", "_pieces", "size")

    def __init__(self, folder: Path | None = None) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._folder = folder

    def write(self, piece: bytes) -> None:
        """Add bytes. Raises OSError when the disk refuses."""
        self.size += len(piece)
        if self._file is not None:
            self._file.write(piece)
            return
        self._pieces.append(piece)
        if self.size > SPOOL_AT:
            folder = self._folder if self._folder is not None and self._folder.is_dir() else None
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it lives as long as what is read from it
            self._file.writelines(self._pieces)
            self._pieces = []

    def octets(self) -> Octets:
        """Everything so far. What lies in a file is mapped, not read. Raises OSError when the disk refuses."""
        if self._file is None:
            if len(self._pieces) > 1:
                self._pieces = [b"".join(self._pieces)]
            return self._pieces[0] if self._pieces else b""
        self._file.flush()
        return memoryview(mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ))

    def close(self) -> None:
        """Close the file; what `octets` gave stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk says so once more; what is let go of needs no room
                self._file.close()
        self._pieces = []


def release(octets: Octets) -> None:
    """Let the system take back the memory of mapped bytes; they are read again from the file when somebody asks."""
    mapped = octets.obj if isinstance(octets, memoryview) else None
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
