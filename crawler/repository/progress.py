"""How far runs are: what is open, what came of their looks, what went wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import GOOD, MISSES, Kind, Outcome
from crawler.repository import frontier, runs
from crawler.repository import schema as t


@dataclass(frozen=True, slots=True)
class Progress:
    """How far runs are: what is still open, what came of the looks, and what they found."""

    open: int = 0
    todo: int = 0
    pending: int = 0
    lists: int = 0
    details: int = 0
    failed: int = 0
    bytes: int = 0
    new: int = 0
    edit: int = 0
    reread: int = 0
    shelved: int = 0
    results: Mapping[str, int] = field(default_factory=dict)
    looks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """An address whose last look in a run failed, and why."""

    url: str
    outcome: str
    detail: str


def failures(c: Connection, ids: Collection[int], limit: int) -> list[Failure]:
    """What went wrong in these runs, oldest first, `limit` at most; what no reader could read is there too, robots.txt as well."""
    last = sa.select(sa.func.max(t.looks.c.id)).where(t.looks.c.run.in_(sorted(ids))).group_by(t.looks.c.run, t.looks.c.url)
    fine = [str(outcome) for outcome in (*GOOD, *MISSES, Outcome.REDIRECTED)]
    query = (
        sa.select(t.urls.c.url, t.looks.c.outcome, t.looks.c.detail, t.readings.c.error)
        .join(t.urls, t.urls.c.id == t.looks.c.url)
        .outerjoin(t.readings, t.readings.c.capture == t.looks.c.capture)
        .where(
            t.looks.c.id.in_(last),
            sa.or_(
                t.looks.c.outcome.not_in(fine),
                t.readings.c.state == "unreadable",
                sa.and_(t.looks.c.outcome.in_([str(miss) for miss in MISSES]), t.urls.c.kind == str(Kind.LIST)),
            ),
        )
        .order_by(t.looks.c.id)
        .limit(limit)
    )
    return [
        Failure(row.url, "unreadable" if row.error else row.outcome, row.error or row.detail) for row in c.execute(query).all()
    ]


def progress(c: Connection, ids: Collection[int]) -> Progress:
    """How far these runs are."""
    wanted = sorted(ids)
    rows = c.execute(sa.select(t.runs.c.ended, t.runs.c.result).where(t.runs.c.id.in_(wanted))).all()
    results: dict[str, int] = {}
    for row in rows:
        if row.ended is not None:
            results[row.result] = results.get(row.result, 0) + 1
    totals: dict[str, int] = {}
    for number in wanted:
        for name, value in runs.count(c, number).items():
            totals[name] = totals.get(name, 0) + value
    outcomes = sa.select(t.looks.c.outcome, sa.func.count()).where(t.looks.c.run.in_(wanted)).group_by(t.looks.c.outcome)
    todo = sa.select(sa.func.count()).where(t.frontier.c.run.in_(wanted), t.frontier.c.state == frontier.TODO)
    pending = sa.select(sa.func.count()).where(t.readings.c.run.in_(wanted), t.readings.c.state == "pending")
    return Progress(
        open=sum(1 for row in rows if row.ended is None),
        todo=c.execute(todo).scalar_one(),
        pending=c.execute(pending).scalar_one(),
        lists=totals.get("lists", 0),
        details=totals.get("details", 0),
        failed=totals.get("failed", 0),
        bytes=totals.get("bytes", 0),
        new=totals.get("new", 0),
        edit=totals.get("edit", 0),
        reread=totals.get("reread", 0),
        shelved=totals.get("shelved", 0),
        results=results,
        looks={row.outcome: row[1] for row in c.execute(outcomes)},
    )
