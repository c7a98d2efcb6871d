"""Looks: one row for each attempt to see one address. Append-only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import GOOD, Kind, Millis, Outcome
from crawler.repository import schema as t
from crawler.repository.database import chunks
from crawler.repository.many import many

ANSWERED = GOOD | {Outcome.REDIRECTED}
WELL: Millis = 24 * 3_600_000  # a host that answered others within a day is well


@dataclass(frozen=True, slots=True)
class Look:
    """A row of `looks`, as far as what comes of it is decided by it."""

    id: int
    url: int
    run: int | None
    at: Millis
    outcome: str
    leads: str
    capture: int | None


INSERT = t.looks.insert()
NUMBERS = sa.select(t.looks.c.record, t.looks.c.id).where(t.looks.c.record.in_(sa.bindparam("records", expanding=True)))
TOLD = sa.select(t.looks.c.record).where(t.looks.c.record.in_(sa.bindparam("records", expanding=True)))
LOOKED = (
    sa.select(t.looks.c.run, t.looks.c.url)
    .where(t.looks.c.run.in_(sa.bindparam("runs", expanding=True)), t.looks.c.url.in_(sa.bindparam("ids", expanding=True)))
    .distinct()
)
_first = (
    sa.select(t.looks.c.url, sa.func.min(t.looks.c.id).label("id"))
    .where(t.looks.c.capture.in_(sa.bindparam("captures", expanding=True)))
    .group_by(t.looks.c.url)
    .subquery("first_")
)
SINCE = (
    sa.select(t.looks.c.id, t.looks.c.url, t.looks.c.run, t.looks.c.at, t.looks.c.outcome, t.looks.c.leads, t.looks.c.capture)
    .join(_first, sa.and_(_first.c.url == t.looks.c.url, t.looks.c.id >= _first.c.id))
    .order_by(t.looks.c.id)
)
_own, _other, _at = t.urls.alias("own"), t.urls.alias("other"), t.looks.alias("answer")
WELL_THEN = (
    sa.select(t.looks.c.id)
    .join(_own, _own.c.id == t.looks.c.url)
    .where(
        t.looks.c.id.in_(sa.bindparam("ids", expanding=True)),
        sa.exists().where(
            _other.c.queue == _own.c.queue,
            _at.c.url == _other.c.id,
            _at.c.at <= t.looks.c.at,
            _at.c.at >= t.looks.c.at - WELL,
            _at.c.outcome.in_([str(outcome) for outcome in sorted(ANSWERED)]),
        ),
    )
)
_before = t.looks.alias("before")
LATE = (
    sa.select(t.looks.c.capture)
    .where(
        t.looks.c.capture.in_(sa.bindparam("captures", expanding=True)),
        sa.exists().where(_before.c.url == t.looks.c.url, _before.c.id < t.looks.c.id, _before.c.at > t.looks.c.at),
    )
    .distinct()
)
OF_CONTINUATIONS = (
    sa.select(t.looks.c.run, t.looks.c.url, t.urls.c.key, t.looks.c.outcome, t.looks.c.capture, t.urls.c.redirect)
    .join(t.urls, t.urls.c.id == t.looks.c.url)
    .where(
        t.looks.c.run.in_(sa.bindparam("runs", expanding=True)),
        sa.or_(
            t.looks.c.url.in_(sa.bindparam("ids", expanding=True)),
            sa.and_(t.urls.c.kind == str(Kind.CONTINUATION), t.urls.c.via.in_(sa.bindparam("holders", expanding=True))),
        ),
    )
    .order_by(t.looks.c.id)
)
SHOWING = (
    sa.select(t.looks.c.run, t.looks.c.capture)
    .where(
        t.looks.c.run.in_(sa.bindparam("runs", expanding=True)),
        t.looks.c.capture.in_(sa.bindparam("captures", expanding=True)),
        t.looks.c.outcome.in_([str(Outcome.OK), str(Outcome.SAME_BYTES)]),
    )
    .order_by(t.looks.c.id)
)


def told(c: Connection, records: Collection[str]) -> set[str]:
    """Those of these looks that stand already."""
    return {record for some in chunks(sorted(records)) for record in c.execute(TOLD, {"records": some}).scalars()}


def numbers(c: Connection, records: Sequence[str]) -> dict[str, int]:
    """Of these looks, by record, the number each got when it was committed: they grow in commit order."""
    return {row.record: row.id for some in chunks(records) for row in c.execute(NUMBERS, {"records": some})}


def looked(c: Connection, runs: Collection[int], addresses: Collection[int]) -> set[tuple[int, int]]:
    """(run, address) of the looks there were of these runs at these addresses."""
    if not runs or not addresses:
        return set()
    found: set[tuple[int, int]] = set()
    for some in chunks(sorted(addresses)):
        found.update((row.run, row.url) for row in c.execute(LOOKED, {"runs": sorted(runs), "ids": some}).all())
    return found


def since(c: Connection, captures: Collection[int]) -> list[Look]:
    """The looks at these captures' addresses from the first on that each capture answers for, in their order."""
    return [Look(*row) for row in c.execute(SINCE, {"captures": sorted(captures)}).all()] if captures else []


def late(c: Connection, captures: Collection[int]) -> set[int]:
    """Those of these captures that were told when a later look at their address was known already."""
    return set(c.execute(LATE, {"captures": sorted(captures)}).scalars()) if captures else set()


def well_then(c: Connection, ids: Collection[int]) -> set[int]:
    """Those of these looks before which their host had answered somebody within a day."""
    return set(c.execute(WELL_THEN, {"ids": sorted(ids)}).scalars()) if ids else set()


def insert(c: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Append looks: rows with their ids."""
    if rows:
        many(c, INSERT, rows)
