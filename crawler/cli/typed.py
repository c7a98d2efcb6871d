"""Commands that are suggested are written as this one was: a program called by its path stays so, --config is given again."""

import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

SUGGESTED = re.compile(r"(?<![\w/.-])gongkai (?=[a-z]|--)")


PROGRAM = "gongkai"
VALUED = ("--config", "--log-format", "--lang")


class _Typed:
    """The options that stood before the command."""

    before: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def remember(arguments: Sequence[str]) -> None:
    """Note the configuration that is named before the command, and the command."""
    _Typed.before, _Typed.command = (), tuple(_command(arguments))
    for number, word in enumerate(arguments):
        if word == "--config" and number + 1 < len(arguments):
            _Typed.before = (word, arguments[number + 1])
        elif word.startswith("--config="):
            _Typed.before = (word,)


def _command(arguments: Sequence[str]) -> Sequence[str]:
    """The command and what follows it."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in VALUED else 1
    return arguments[at:]


def again(*more: str) -> str:
    """This very command, with options that it did not have, as `suggested` takes it."""
    return shlex.join([PROGRAM, *_Typed.command, *more])


def suggested(text: str) -> str:
    """A text with the commands in it as they can be typed here. Where this is not the program `gongkai`, they are left alone."""
    started = Path(sys.argv[0] if sys.argv and sys.argv[0] else PROGRAM)
    if started.name != PROGRAM or f"{PROGRAM} " not in text:
        return text
    typed = " ".join([_named(started), *(shlex.quote(word) for word in _Typed.before)])
    return SUGGESTED.sub(lambda _: typed + " ", text)


def _named(path: Path) -> str:
    """A program's name where the shell finds it by that, else its path."""
    import shutil

    found = shutil.which(path.name)
    if (
        found is not None
        and os.path.realpath(found) == os.path.realpath(path)
        and path.is_absolute() == Path(found).is_absolute()
    ):
        return path.name
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive
        near = os.fspath(path)
    return shlex.quote(near if not near.startswith(os.pardir) else os.fspath(path))
