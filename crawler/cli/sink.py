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


@contextlib.contextmanager
def made(to: str) -> Iterator[Path]:
    """A path beside a regular file, whose place it takes at the end: for what a library writes. Raises as `written`; UsageError for what
    is no file."""
    kind = None if to in STDOUT else _kind(to)
    if to in STDOUT or (kind is not None and not stat.S_ISREG(kind)):
        raise UsageError(f"{to} is no file, and this form needs one", remedy="name a file with --to")
    target = Path(os.path.realpath(to))
    partial = target.with_name(f".{secrets.token_hex(6)}.part")
    try:
        partial.open("x").close()
        yield partial
        put(partial, target)
    except OSError as error:
        raise CannotError(f"cannot write {to}: {error.strerror or error}", remedy="choose another place with --to") from error
    finally:
        partial.unlink(missing_ok=True)


def put(partial: Path, target: Path) -> None:
    """A file that is whole takes its place, durably. Raises OSError."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    if target.exists():
        partial.chmod(stat.S_IMODE(target.stat().st_mode))
    os.replace(partial, target)


def is_file(to: str) -> bool:
    """Does this name a regular file, or what may become one? Raises OSError."""
    kind = None if to in STDOUT else _kind(to)
    return to not in STDOUT and (kind is None or stat.S_ISREG(kind))


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
