"""Where `--to` writes: beside a regular file, which is replaced only when all is written; straight into whatever else is there."""

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from crawler.cli import streams
from crawler.errors import CannotError, UsageError

STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
Write = Callable[[str], object]


@contextlib.contextmanager
def written(to: str) -> Iterator[Write]:
    """A function that writes text to a place: `-` is standard output; a symlink's target is what is written, the link stays; a device or
    a FIFO is streamed to. Raises UsageError for a folder, CannotError when it cannot be written; then a file that was there is unharmed.
    """
    if to in STDOUT:
        yield streams.emit
        return
    try:
        kind = _kind(to)
        if kind is not None and stat.S_ISDIR(kind):
            raise UsageError(f"{to} is a folder", remedy="name a file in it with --to")
        with _streamed(to) if kind is not None and not stat.S_ISREG(kind) else _beside(Path(os.path.realpath(to))) as write:
            yield write
    except OSError as error:
        raise CannotError(f"cannot write {to}: {error.strerror or error}", remedy="choose another place with --to") from error


def _kind(to: str) -> int | None:
    """What stands at a path, links followed; None: nothing yet."""
    try:
        return os.stat(to).st_mode  # noqa: PTH116 - a Path forgets a slash at the end
    except FileNotFoundError:
        return stat.S_IFDIR if not to or to.endswith(os.sep) else None


@contextlib.contextmanager
def _streamed(to: str) -> Iterator[Write]:
    """A device, a FIFO, a socket: opened as it is, neither made nor cut."""
    with os.fdopen(os.open(to, os.O_WRONLY), "w", encoding="utf-8", newline="") as file:
        yield file.write


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Write]:
    """A file beside the target, with its rights, put into its place at the end."""
    partial = target.with_name(f".{secrets.token_hex(6)}.part")
    file = partial.open("x", encoding="utf-8", newline="")
    try:
        with file:
            if target.exists():
                partial.chmod(stat.S_IMODE(target.stat().st_mode))
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
