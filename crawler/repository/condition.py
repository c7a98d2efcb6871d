"""How every source is, in figures: what `gongkai health` shows. Reads only; nothing is judged here that a run has not judged."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Expect, Kind, Millis, Outcome, PageKind
from crawler.monitor import health
from crawler.monitor.health import Rhythm, Sight
from crawler.repository import schema as t
from crawler.repository import sights
from crawler.repository.sights import FIELDS

SPAN: Millis = 7 * health.DAY  # over which looks are counted
BLOCKED = (Outcome.BLOCKED, Outcome.FORBIDDEN, Outcome.BUSY)
RUNS = 10  # whose notices make up the fill rates


@dataclass(frozen=True, slots=True)
class Columns:
    """What came of a source's columns in a run: rows listed; why rows were not fetched; the rules that ended columns.

    Of columns that were read to their end and declared a total: that total, and by how much their rows fall short of it or exceed it.
    """

    listed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    stops: Mapping[str, int] = field(default_factory=dict)
    declared: int = 0
    undercount: int = 0
    overcount: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Columns":
        """From what was counted with runs."""
        skipped, stops = (
            {name.removeprefix(what): n for name, n in sorted(counts.items()) if name.startswith(what)}
            for what in ("skip:", "stop:")
        )
        listed, declared = counts.get("listed", 0), counts.get("declared", 0)
        return cls(listed, skipped, stops, declared, counts.get("undercount", 0), counts.get("overcount", 0))


def columns(c: Connection, runs: Collection[int]) -> dict[str, Columns]:
    """By source, what came of its columns in those of these runs that are over."""
    query = sa.select(t.runs.c.source, t.runs.c.counts).where(t.runs.c.id.in_(sorted(runs)), t.runs.c.ended.is_not(None))
    counted: dict[str, Counter[str]] = {}
    for row in c.execute(query.order_by(t.runs.c.source)):
        counted.setdefault(row.source, Counter()).update(json.loads(row.counts))
    return {source: Columns.of(counts) for source, counts in counted.items()}


@dataclass(frozen=True, slots=True)
class Condition:
    """One source. `rows` and `columns` of its last run, `expected` rows of its first list page; `fill` share of the newest notices with a field;
    `blocked` share of the last seven days' looks; `overdue` how far it is in its longest silence (1: at its end)."""

    id: str
    state: str
    since: Millis | None
    trouble: str | None
    reasons: tuple[str, ...]
    bad: int
    good: int
    paused: Millis | None
    rests_until: Millis | None
    last_ok: Millis | None
    last_new: Millis | None
    last_run: Millis | None
    last_result: str | None
    rows: int | None
    expected: int | None
    fill: Mapping[str, float]
    looks: int
    blocked: float | None
    silence: str | None
    overdue: float | None
    columns: Columns


def conditions(c: Connection, expects: Mapping[str, Expect], now: Millis, only: Collection[str] = ()) -> dict[str, Condition]:
    """By source id, of those that were ever seen by a process."""
    wanted = sorted(only or expects)
    return {
        row.id: _one(c, row, expects.get(row.id, Expect()), now)
        for row in c.execute(sa.select(t.sources).where(t.sources.c.id.in_(wanted))).all()
    }


def _one(c: Connection, row: sa.Row[*tuple[object, ...]], expect: Expect, now: Millis) -> Condition:
    last = c.execute(
        sa.select(t.runs.c.ended, t.runs.c.result, t.runs.c.sight, t.runs.c.counts)
        .where(t.runs.c.source == row.id, t.runs.c.ended.is_not(None), t.runs.c.sight.is_not(None))
        .order_by(t.runs.c.ended.desc(), t.runs.c.id.desc())
        .limit(1)
    ).first()
    shown = sights.load_sight(last.sight) if last else None
    before = sights.before(c, row.id)
    rhythm = sights.learn(c, row.id, now)
    looks, blocked = _looks(c, row.id, now)
    return Condition(
        id=row.id,
        state=row.health,
        since=row.health_since,
        trouble=row.trouble,
        reasons=tuple(json.loads(row.reasons)),
        bad=row.bad,
        good=row.good,
        paused=row.paused,
        rests_until=row.rests_until if row.rests_until and row.rests_until > now else None,
        last_ok=row.last_ok,
        last_new=rhythm.last_new or row.last_new,
        last_run=last.ended if last else None,
        last_result=last.result if last else None,
        rows=shown.rows if shown and shown.faces else None,
        expected=expect.rows if expect.rows is not None else _usual(before),
        fill=_fill(before),
        looks=looks,
        blocked=blocked / looks if looks else None,
        silence=_silence(expect, rhythm),
        overdue=health.overdue(expect, rhythm, now),
        columns=Columns.of(json.loads(last.counts)) if last else Columns(),
    )


def _usual(before: list[Sight]) -> int | None:
    counts = sorted(run.rows for run in before if run.rows)
    return counts[len(counts) // 2] if counts else None


def _fill(before: list[Sight]) -> dict[str, float]:
    recent = [run for run in before if run.notices][:RUNS]
    notices = sum(run.notices for run in recent)
    return {name: sum(run.filled.get(name, 0) for run in recent) / notices for name in FIELDS} if notices else {}


def _silence(expect: Expect, rhythm: Rhythm) -> str | None:
    if expect.silence_ms is not None:
        return f"{expect.silence_ms / health.DAY:g} days, promised"
    return f"{rhythm.limit} working days, learned" if rhythm.limit else None


def _looks(c: Connection, source: str, now: Millis) -> tuple[int, int]:
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
