"""What several commands share: the global options, spans of time, the database for whoever only asks."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.there import refuse_lost
from crawler.config.storage import places_of
from crawler.errors import UsageError
from crawler.model import now_ms
from crawler.repository.reader import Reads
from crawler.repository.reader import asking as opened
from crawler.text.beijing import day_bound, moment

Json = Annotated[bool, typer.Option("--json", help="JSON Lines on stdout and nothing else.")]


@dataclass(frozen=True, slots=True)
class Globals:
    """The options before the command."""

    config: Path | None
    log_format: str
    verbosity: int


def file_of(context: typer.Context) -> Path | None:
    """The configuration's file that --config names."""
    found = context.find_object(Globals)
    return found.config if found else None


@contextlib.contextmanager
def asking(context: typer.Context) -> Iterator[Reads]:
    """The database, for a command that asks in SQL alone. Raises RepositoryError when its schema is not today's."""
    database, folder = places_of(file_of(context))
    with opened(database) as c:
        refuse_lost(c, folder)
        yield c


def first_moment(written: str) -> int:
    """Where a span begins that somebody typed: `7d`, `12h`, or the beginning of a day (Beijing). Raises UsageError."""
    return moment(written, now_ms(), end=False)


def last_moment(written: str) -> int:
    """Where it ends: the end of a day. Raises UsageError."""
    return moment(written, now_ms(), end=True)


def day(written: str) -> str:
    """The first day of what was typed, ISO. Raises UsageError."""
    try:
        return day_bound(written.strip(), end=False).isoformat()
    except ValueError as error:
        raise UsageError(str(error)) from error
