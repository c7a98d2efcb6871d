"""Sources: what is known of each, how it is, and what came of its runs."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Kind, Millis, Observation, Outcome, PageKind
from crawler.repository import observations
from crawler.repository import schema as t

SPAN: Millis = 7 * 86_400_000  # over which looks are counted
BLOCKED = (Outcome.BLOCKED, Outcome.FORBIDDEN, Outcome.BUSY)


@dataclass(frozen=True, slots=True)
class State:
    """How a source is, as its last run left it."""

    id: str
    health: str
    health_since: Millis | None
    trouble: str | None
    reasons: tuple[str, ...]
    bad: int
    good: int
    paused: Millis | None
    rests_until: Millis | None
    last_ok: Millis | None
    last_new: Millis | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over, whose list was looked at."""

    ended: Millis
    result: str | None
    observation: Observation
    counts: Mapping[str, int]


_s, _r = t.sources.c, t.runs.c
STATES = sa.select(*(_s[name] for name in State.__slots__)).where(_s.id.in_(sa.bindparam("ids", expanding=True)))
LAST_RUN = (
    sa.select(_r.ended, _r.result, _r.observation, _r.counts)
    .where(_r.source == sa.bindparam("source"), _r.ended.is_not(None), _r.observation.is_not(None))
    .order_by(_r.ended.desc(), _r.id.desc())
    .limit(1)
)


def states(c: Connection, ids: Collection[str]) -> list[State]:
    """Those of these sources that were ever seen by a process."""
    rows = c.execute(STATES, {"ids": list(ids)}).mappings()
    return [State(**{**row, "reasons": tuple(json.loads(row["reasons"]))}) for row in rows]


def last_run(c: Connection, source: str) -> Ended | None:
    """The last run of a source whose list was looked at."""
    row = c.execute(LAST_RUN, {"source": source}).first()
    return Ended(row.ended, row.result, observations.loaded(row.observation), json.loads(row.counts)) if row else None


def counted(c: Connection, runs: Collection[int]) -> dict[str, Counter[str]]:
    """By source, what those of these runs that are over counted."""
    query = sa.select(_r.source, _r.counts).where(_r.id.in_(sorted(runs)), _r.ended.is_not(None)).order_by(_r.source)
    found: dict[str, Counter[str]] = {}
    for row in c.execute(query):
        found.setdefault(row.source, Counter()).update(json.loads(row.counts))
    return found


def looked(c: Connection, source: str, now: Millis) -> tuple[int, int]:
    """Looks at pages of a source within a week, and how many of them were blocked, by status or by what the page showed."""
    pages = [str(kind) for kind in (PageKind.CHALLENGE, PageKind.LOGIN)]
    wall = sa.or_(t.looks.c.outcome.in_([str(outcome) for outcome in BLOCKED]), t.readings.c.page_kind.in_(pages))
    query = (
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((wall, 1), else_=0)), 0))
        .select_from(t.runs)
        .join(t.looks, t.looks.c.run == t.runs.c.id)
        .join(t.urls, t.urls.c.id == t.looks.c.url)
        .outerjoin(t.readings, t.readings.c.capture == t.looks.c.capture)
        .where(t.runs.c.source == source, t.runs.c.started >= now - SPAN, t.urls.c.kind.in_([str(Kind.LIST), str(Kind.DETAIL)]))
    )
    total, blocked = c.execute(query).one()
    return int(total), int(blocked)
