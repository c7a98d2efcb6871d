"""What several commands share: the global options, the configuration, the archive opened for reading."""

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from crawler.config.load import load
from crawler.config.values import Config
from crawler.errors import UsageError
from crawler.model import Millis
from crawler.repository.database import Connection

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


def configured(context: typer.Context) -> Config:
    """The configuration that --config, GONGKAI_CONFIG or the folder names."""
    found = context.find_object(Globals)
    return load(found.config if found else None)


@contextlib.contextmanager
def reading(context: typer.Context) -> Iterator[Connection]:
    """The database, for a command that only reads. Raises RepositoryError when its schema is not today's."""
    from crawler.scheduler.process import reading as opened

    with opened(configured(context)) as c:
        yield c


def moment(written: str) -> Millis:
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
