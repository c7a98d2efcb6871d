"""What is longer than the terminal goes through the reader's pager, as with `git log`: PAGER, else less; `PAGER=cat` for none."""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Any

from crawler.cli import streams

DEFAULT = "less"
LESS = "FRX"  # ends by itself where all fits, lets colours through, leaves the text on the screen


class Piped:
    """A pager's input, which is a terminal for whoever asks: colours go through it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        """The reader sits at one."""
        return True


def chosen() -> list[str]:
    """The pager's command; none where standard output is no terminal that could show one."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        return []
    words = shlex.split(os.environ.get("PAGER", DEFAULT))
    return words if words and words[0] != "cat" and shutil.which(words[0]) else []


@contextlib.contextmanager
def paged() -> Iterator[None]:
    """Standard output goes through the pager while this lasts. A pager that is left early is a reader that has left."""
    command = chosen()
    if not command:
        yield
        return
    terminal = sys.stdout
    environment = {**os.environ, "LESS": os.environ.get("LESS", LESS), "LESSCHARSET": os.environ.get("LESSCHARSET", "utf-8")}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, encoding="utf-8", errors="replace", env=environment)
    assert process.stdin is not None
    piped: Any = Piped(process.stdin)
    sys.stdout = piped
    try:
        yield
        streams.flush()
    finally:
        sys.stdout = terminal
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.wait()
