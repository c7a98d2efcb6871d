"""Names that somebody typed: a source, a queue, a word of a closed list. One that nobody knows is an error with the nearest, never an empty answer."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import typer

from crawler.cli.options import file_of
from crawler.config.storage import chosen_file
from crawler.errors import UsageError
from crawler.repository.reader import Reads, rows


def one_of(what: str, words: Collection[str]) -> Callable[[str], str]:
    """Reads an option's value that is one of these words."""

    def read(typed: str) -> str:
        if typed not in words:
            raise unknown(what, typed, words, f"there are {', '.join(words)}")
        return typed

    read.__name__ = what
    return read


def source(context: typer.Context, c: Reads, name: str | None) -> str | None:
    """A source that the archive or a file knows. Raises UsageError."""
    if name is None or rows(c, "SELECT 1 FROM sources WHERE id = :name", {"name": name}):
        return name
    files = {path.stem for path in _folder(context).glob("*.toml")}
    if name in files:
        return name
    known = files | {row[0] for row in rows(c, "SELECT id FROM sources", {})}
    raise unknown("source", name, known, "gongkai sources list names them")


def queue(c: Reads, name: str | None) -> str | None:
    """A queue that anything was ever asked in. Raises UsageError."""
    if name is None or rows(c, "SELECT 1 FROM queues WHERE name = :name", {"name": name}):
        return name
    waiting = rows(c, "SELECT 1 FROM frontier WHERE queue = :name LIMIT 1", {"name": name})
    if waiting:
        return name
    known = {row[0] for row in rows(c, "SELECT name FROM queues", {})}
    raise unknown("queue", name, known, "it is a host, unless a source names another")


def unknown(what: str, typed: str, known: Iterable[str], remedy: str) -> UsageError:
    """Nobody knows that; the nearest name is suggested."""
    import difflib

    near = difflib.get_close_matches(typed, list(known), 1, 0.5)
    return UsageError(f"unknown {what} {typed!r}", remedy=f"did you mean {near[0]!r}?" if near else remedy)


def _folder(context: typer.Context) -> Path:
    return chosen_file(file_of(context)).parent / "sources"
