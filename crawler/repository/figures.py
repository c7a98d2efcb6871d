"""A source in figures, for those who look at it: its runs of a year, what it brought month by month, what is still there. Three statements,
however much it holds."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis, RunKind
from crawler.repository import schema as t
from crawler.repository import visible
from crawler.repository.database import AnyRow

BEIJING: Millis = 8 * 3_600_000
DAY: Millis = 86_400_000
MOST_RUNS = 5_000  # of the newest that are read
LISTS = frozenset(map(str, (RunKind.LIST, RunKind.SWEEP, RunKind.ONCE)))


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One firing: `rows` of its first list page (None: it looked at no list), how many notices were new and edited, looks and failed looks."""

    id: int
    kind: str
    started: Millis
    ended: Millis | None
    result: str | None
    trouble: str | None
    rows: int | None
    new: int
    edit: int
    looks: int
    failed: int

    @property
    def bad(self) -> bool:
        """Was something wrong with it?"""
        return self.result in ("failed", "suspect")


@dataclass(frozen=True, slots=True)
class Figures:
    """`runs` newest first; `days`: documents by the day they were first seen (days since 1970, in Beijing); `presence`: documents by state."""

    runs: tuple[RunFigures, ...]
    days: Mapping[int, int]
    presence: Mapping[str, int]

    @property
    def documents(self) -> int:
        """How many there are."""
        return sum(self.presence.values())


_r, _d = t.runs.c, t.documents.c
RUNS = (
    sa.select(_r.id, _r.kind, _r.started, _r.ended, _r.result, _r.trouble, _r.counts)
    .where(_r.source == sa.bindparam("source"), _r.started >= sa.bindparam("since"))
    .order_by(_r.id.desc())
    .limit(MOST_RUNS)
)
_day = (_d.first_seen + BEIJING) // DAY
DAYS = sa.select(_day, sa.func.count()).where(_d.source == sa.bindparam("source"), sa.text(visible.document())).group_by(_day)
PRESENCE = (
    sa.select(_d.presence, sa.func.count())
    .where(_d.source == sa.bindparam("source"), sa.text(visible.document()))
    .group_by(_d.presence)
)


def of_source(c: Connection, source: str, since: Millis) -> Figures:
    """The figures of a source; its runs from `since` on."""
    runs = tuple(_run(row) for row in c.execute(RUNS, {"source": source, "since": since}))
    days = {int(day): count for day, count in c.execute(DAYS, {"source": source})}
    presence: dict[str, int] = dict(tuple(row) for row in c.execute(PRESENCE, {"source": source}))
    return Figures(runs, days, presence)


def _run(row: AnyRow) -> RunFigures:
    counts = Counter(json.loads(row.counts))
    looked = row.kind in LISTS and (counts["lists"] or counts["heads"])
    return RunFigures(
        row.id, row.kind, row.started, row.ended, row.result, row.trouble, counts["rows"] if looked else None, counts["new"], counts["edit"],
        counts["looks"], counts["failed"],
    )  # fmt: skip


_v = t.versions.c
CHANGED = (
    sa.select(_d.public_id, _v.first_seen)
    .join(t.versions, _v.id == _d.version)
    .where(_d.public_id.in_(sa.bindparam("ids", expanding=True)), sa.text(visible.document()))
)


def changed(c: Connection, ids: Collection[str]) -> dict[str, Millis]:
    """By public id, when a document's current version was first seen. One statement."""
    return dict(tuple(row) for row in c.execute(CHANGED, {"ids": sorted(ids)}))


_c = t.captures.c
BEHIND = (
    sa.select(_c.offset + _c.length)
    .where(_c.file == sa.bindparam("file"), _c.offset < sa.bindparam("offset"))
    .order_by(_c.offset.desc())
    .limit(1)
)


def behind(c: Connection, file: str, offset: int) -> int:
    """Where in a file the capture before this one ends; 0: it is the first."""
    return c.execute(BEHIND, {"file": file, "offset": offset}).scalar() or 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is still to be looked at in one queue. `due`: the earliest; `reason`: why the last of the dead was given up."""

    queue: str
    todo: int
    dead: int
    due: Millis | None


_f = t.frontier.c
_todo, _dead = _f.state == "todo", _f.state == "dead"
WAITING = (
    sa.select(
        _f.queue,
        sa.func.sum(sa.case((_todo, 1), else_=0)),
        sa.func.sum(sa.case((_dead, 1), else_=0)),
        sa.func.min(sa.case((_todo, _f.due))),
    )
    .group_by(_f.queue)
    .order_by(sa.func.sum(sa.case((_todo, 1), else_=0)).desc(), _f.queue)
    .limit(sa.bindparam("most"))
)


def waiting(c: Connection, most: int = 200) -> Sequence[Waiting]:
    """The frontier by queue, the longest first."""
    return [Waiting(queue, int(todo), int(dead), due) for queue, todo, dead, due in c.execute(WAITING, {"most": most})]
