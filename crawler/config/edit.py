"""One key of a source's file written anew; every other byte of it stays: comments, order, line ends."""

import contextlib
import os
import stat
import tomllib
from pathlib import Path

from crawler.config.places import Places
from crawler.errors import CannotError, ConfigError

KEY = "enabled"
BEHIND = ("start", "pages", "title")  # below which of them the key is written where it is not there yet


def turned(text: str, *, on: bool) -> str:
    """The text of a source's file with `enabled` as it should be. Raises ValueError when it is no TOML."""
    said = tomllib.loads(text)
    word = "true" if on else "false"
    if KEY in said:
        if said[KEY] is on:
            return text
        at = Places(text).offset((KEY,))
        old = "true" if said[KEY] is True else "false"
        if not text.startswith(old, at):
            raise ValueError(f"{KEY} is neither true nor false")
        return text[:at] + word + text[at + len(old) :]
    return _inserted(text, f"{KEY} = {word}")


def _inserted(text: str, line: str) -> str:
    """A line put in below the keys it belongs to, before the first table at the latest."""
    end = "\r\n" if "\r\n" in text else "\n"
    places = Places(text)
    keys = ((name,) for name in BEHIND if places.has((name,)))
    known = [places.end(key) for key in keys if places.key(key) != places.value(key)]  # the same where it is a table's header
    at = max(known, default=0)
    if not known:
        return f"{line}{end}{text}"
    following = text.find("\n", at)
    if following < 0:
        return f"{text}{end}{line}{end}"
    return f"{text[: following + 1]}{line}{end}{text[following + 1 :]}"


def turn(file: Path, *, on: bool) -> bool:
    """Turn a source on or off in its file; False when it was so already. Whoever reads it meanwhile sees the old file or the new one.

    Raises ConfigError when the file is no TOML or changes into something else, CannotError when it cannot be written.
    """
    try:
        before = file.read_bytes().decode("utf-8")
        after = turned(before, on=on)
        if after == before:
            return False
        _check(before, after, on=on)
    except ValueError as error:
        raise ConfigError([f"{file}:1:1: {error}"], remedy=f"write {KEY} = {'true' if on else 'false'} by hand") from error
    except OSError as error:
        raise CannotError(f"cannot read {file}: {error.strerror or error}") from error
    _write(file.resolve(), after.encode("utf-8"))
    return True


def _check(before: str, after: str, *, on: bool) -> None:
    """Says the new text the same but for the key? Raises ValueError."""
    if tomllib.loads(after) != {**tomllib.loads(before), KEY: on}:
        raise ValueError("cannot be edited without changing more")


def _write(file: Path, data: bytes) -> None:
    """Beside it and renamed over it: a link stays one, its target is what changes; rights stay as they were."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as made:
            beside.chmod(stat.S_IMODE(file.stat().st_mode))
            made.write(data)
            made.flush()
            os.fsync(made.fileno())
        os.replace(beside, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise CannotError(f"cannot write {file}: {error.strerror or error}", remedy="check the folder's permissions") from error
