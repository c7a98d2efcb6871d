"""How the archive's work stands, in numbers: what waits, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.repository import schema as t

DAY: Millis = 86_400_000
ALIVE: Millis = 120_000


@dataclass(frozen=True, slots=True)
class Gauges:
    """`looks` of the last day by outcome, `frontier` rows by state; lags in milliseconds; counts of what waits."""

    looks: Mapping[str, int]
    frontier: Mapping[str, int]
    queue_lag: Millis
    pending: int
    settle_lag: Millis
    unindexed: int
    outbox: int
    daemons: int


def read(c: Connection, now: Millis) -> Gauges:
    """The figures of this moment."""
    look, row = t.looks.c, t.frontier.c
    of_day = sa.select(look.outcome, sa.func.count()).where(look.at >= now - DAY).group_by(look.outcome)
    first = c.execute(sa.select(sa.func.min(look.id)).where(look.at >= now - DAY, look.id > _horizon(c))).scalar()
    due = sa.select(sa.func.min(row.due)).where(row.state == "todo")
    waiting = (
        sa.select(sa.func.count(), sa.func.min(t.captures.c.at))
        .select_from(t.readings)
        .join(t.captures, t.captures.c.id == t.readings.c.capture)
    )
    pending, oldest = c.execute(waiting.where(t.readings.c.state == "pending")).one()
    earliest = c.execute(due).scalar()
    return Gauges(
        looks=_counts(c, of_day.where(look.id >= first)) if first is not None else {},
        frontier=_counts(c, sa.select(row.state, sa.func.count()).group_by(row.state)),
        queue_lag=max(0, now - earliest) if earliest is not None else 0,
        pending=pending,
        settle_lag=max(0, now - oldest) if oldest is not None else 0,
        unindexed=_count(c, t.documents, t.documents.c.indexed == 0),
        outbox=_count(c, t.outbox, t.outbox.c.sent.is_(None)),
        daemons=_count(c, t.daemons, t.daemons.c.beat >= now - ALIVE),
    )


MOST_LOOKS = 500_000  # of the newest that are counted


def _horizon(c: Connection) -> int:
    return (c.execute(sa.select(sa.func.max(t.looks.c.id))).scalar() or 0) - MOST_LOOKS


def _counts(c: Connection, query: sa.Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in c.execute(query)}


def _count(c: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    found: int = c.execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one()
    return found
