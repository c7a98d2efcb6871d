"""What happened since somebody looked last: runs begun and ended, what was told of sources, whose breaker is open, who is in quarantine.

A few statements, each by a key or over a table with a row for every host or source, however large the archive is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import ChangeKind, Millis
from crawler.repository import changes
from crawler.repository import schema as t
from crawler.repository.changes import ChangeView, Only
from crawler.repository.runs import SKIPPED

MOST = 1000  # runs and lines of one look


@dataclass(frozen=True, slots=True)
class RunStory:
    """A run that is over; `result` skipped: a slot that was not fired, `trouble` says why. Times in milliseconds."""

    id: int
    source: str
    kind: str
    slot: Millis
    started: Millis
    ended: Millis
    result: str
    counts: Mapping[str, int]
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """How far the story was read: the newest run, those still open then, the newest line of the ledger."""

    run: int
    open: frozenset[int]
    line: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is there now. `runs` and `lines` since the place before; `breakers`: queue → when it is tried again; `resting`: source → until."""

    place: Place
    runs: Sequence[RunStory]
    lines: Sequence[ChangeView]
    breakers: Mapping[str, Millis]
    resting: Mapping[str, Millis]


_r = t.runs.c
OPEN = sa.select(_r.id).where(_r.ended.is_(None))
NEWEST = sa.select(sa.func.coalesce(sa.func.max(_r.id), 0))
LAST_LINE = sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))
_COLUMNS = (_r.id, _r.source, _r.kind, _r.slot, _r.started, _r.ended, _r.result, _r.counts, _r.trouble)
BEGUN = sa.select(*_COLUMNS).where(_r.id > sa.bindparam("last")).order_by(_r.id).limit(MOST)
WERE_OPEN = sa.select(*_COLUMNS).where(_r.id.in_(sa.bindparam("ids", expanding=True)), _r.ended.is_not(None)).order_by(_r.ended)
BREAKERS = sa.select(t.queues.c.name, t.queues.c.next_at).where(t.queues.c.broken_since.is_not(None))
RESTING = sa.select(t.sources.c.id, t.sources.c.rests_until).where(t.sources.c.rests_until > sa.bindparam("now"))


def here(c: Connection) -> Place:
    """Where the story stands: what follows is told from here."""
    return Place(c.execute(NEWEST).scalar_one(), frozenset(c.execute(OPEN).scalars()), c.execute(LAST_LINE).scalar_one())


def since(c: Connection, place: Place, now: Millis) -> Chapter:
    """What happened since then, in its order."""
    ended = c.execute(WERE_OPEN, {"ids": sorted(place.open)}).all()
    begun = c.execute(BEGUN, {"last": place.run}).all()
    still = (place.open - {row.id for row in ended}) | {row.id for row in begun if row.ended is None}
    lines = changes.read(c, Only(after=place.line, kind=str(ChangeKind.HEALTH)), MOST)
    runs = [RunStory(*row[:-2], json.loads(row.counts), row.trouble) for row in (*ended, *begun) if row.ended is not None]
    runs.sort(key=lambda run: (run.ended, run.id))
    return Chapter(
        Place(begun[-1].id if begun else place.run, frozenset(still), lines[-1].seq if lines else place.line),
        runs,
        lines,
        {row.name: row.next_at for row in c.execute(BREAKERS)},
        {row.id: row.rests_until for row in c.execute(RESTING, {"now": now})},
    )


def is_skipped(run: RunStory) -> bool:
    """Was this slot not fired?"""
    return run.result == SKIPPED


def skipped(counts: Mapping[str, int]) -> str:
    """Why rows were not fetched, in words: `12 known, 1 other host`."""
    said = {name.removeprefix("skip:"): n for name, n in sorted(counts.items()) if name.startswith("skip:") and n}
    return ", ".join(f"{n} {reason}" for reason, n in said.items())
