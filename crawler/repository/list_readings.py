"""What a list page said when it was read last: an unchanged page is not read again to follow its rows. One row for each list page.

Nothing rests on it: what is missing here is read.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.repository import schema as t
from crawler.repository.database import chunks, replacing


@dataclass(frozen=True, slots=True)
class ListReading:
    """A row of `list_readings`. `asked`, `page`: digests of what the reading depends on (`pipeline.unchanged`)."""

    url: int
    capture: int
    asked: str
    page: str
    reading: bytes


_l = t.list_readings.c
COLUMNS = (_l.url, _l.capture, _l.asked, _l.page, _l.reading)
ROWS = (
    sa.select(t.captures.c.id, *COLUMNS)
    .join(t.list_readings, _l.url == t.captures.c.url)
    .where(t.captures.c.id.in_(sa.bindparam("captures", expanding=True)))
)
PUT = replacing(t.list_readings, "url")


def of_captures(c: Connection, captures: Collection[int]) -> dict[int, ListReading]:
    """Capture of a list page → the last reading of its address."""
    found = (row for some in chunks(sorted(captures)) for row in c.execute(ROWS, {"captures": some}))
    return {int(row[0]): ListReading(*row[1:]) for row in found}


def save(c: Connection, made: Iterable[ListReading]) -> None:
    """Write readings over those before them; of one address the last."""
    rows = {reading.url: asdict(reading) for reading in made}
    if rows:
        c.execute(PUT(c), [rows[url] for url in sorted(rows)])
