"""Standard output, input and error, whatever they are: a pipe whose reader has left, a full device, a terminal that is not UTF-8, nothing at all.

What cannot be encoded is replaced; a reader that has left is no error, and who works goes on without it; notes that cannot be written are lost.
"""

import contextlib
import io
import os
import sys
from typing import Any, TextIO

STDOUT = "standard output"
STRICT = ("strict", "surrogateescape")


class Lenient:
    """Standard error that never fails: a log line that nobody takes is no reason to end what is under way."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, as far as that is possible."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            let_go(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush, as far as that is possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            let_go(self._stream)


def prepare() -> None:
    """Make the process's three streams fit for everything that is written. Called once, by the program itself."""
    sys.stdin = sys.stdin or _nothing("r")
    sys.stdout = sys.stdout or _nothing("w")
    sys.stderr = sys.stderr or _nothing("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and (stream.errors in STRICT or not takes_everything(stream)):
            stream.reconfigure(errors="replace")
    sys.stderr = Lenient(sys.stderr)


def _nothing(mode: str) -> TextIO:
    """In the place of a stream that the process was started without."""
    return io.TextIOWrapper(io.FileIO(os.devnull, mode), encoding="utf-8", line_buffering=True)


def takes_everything(stream: TextIO) -> bool:
    """Does this stream take every character?"""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "").startswith("utf")


def let_go(stream: TextIO) -> None:
    """Nobody takes what is written here any more: what is still held, and what comes, goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, number)
        finally:
            os.close(nowhere)


class _Reader:
    """Who reads standard output."""

    left = False


def emit(text: str) -> None:
    """Write to standard output. A reader that has left (`head`) is no error; raises OSError for a device that is full."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        reader_left()
    except OSError as error:
        raise OSError(error.errno, error.strerror, STDOUT) from error


def flush() -> None:
    """Write what is still held of standard output; as `emit`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        reader_left()
    except OSError as error:
        let_go(sys.stdout)
        raise OSError(error.errno, error.strerror, STDOUT) from error


def reader_left() -> None:
    """Nobody reads standard output any more: the command goes on to its end, so that its exit code is true."""
    _Reader.left = True
    let_go(sys.stdout)


def nobody_reads() -> bool:
    """Has the reader of standard output left? Who only prints may stop."""
    return _Reader.left
