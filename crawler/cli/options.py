"""What several commands share: the global options, spans of time, the database for whoever only asks."""

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.there import refuse_lost
from crawler.config.storage import places_of
from crawler.errors import UsageError
from crawler.repository.reader import Reads
from crawler.repository.reader import asking as opened

Json = Annotated[bool, typer.Option("--json", help="JSON Lines on stdout and nothing else.")]
AGO = re.compile(r"(\d+)\s*([mhdw])")
UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
BEIJING = timedelta(hours=8)


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


def moment(written: str) -> int:
    """`7d`, `12h`, or a day (Beijing time). Raises UsageError."""
    ago = AGO.fullmatch(written.strip())
    if ago:
        return int(time.time() * 1000) - int(ago[1]) * UNITS[ago[2]]
    return int((datetime.fromisoformat(day(written)).replace(tzinfo=UTC) - BEIJING).timestamp() * 1000)


def day(written: str) -> str:
    """An ISO day. Raises UsageError."""
    try:
        return datetime.strptime(written.strip(), "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        raise UsageError(f"{written!r} is no day", remedy="write YYYY-MM-DD, or 7d, 12h where a span is meant") from None
