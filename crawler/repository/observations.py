"""What a run of a source's list showed, what it showed before, and how the source is after it. The judgement itself is `monitor.health`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import (
    GOOD,
    MISSES,
    ChangeKind,
    Face,
    Head,
    Kind,
    Listed,
    Millis,
    Observation,
    Outcome,
    PageKind,
    RunKind,
    Standing,
    Stop,
)
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, dump
from crawler.repository.rows import RunRow
from crawler.text.beijing import day_of

HISTORY = 31  # earlier runs a list is compared with
LISTING = (RunKind.LIST, RunKind.SWEEP, RunKind.ONCE)
LEARNED = 400  # newest rows a source's rhythm is learned from
NOTICES = 500  # of one run, whose fields are counted
FIELDS = ("title", "channel", "published", "source", "body")
BLOCKED_PAGES = frozenset({PageKind.CHALLENGE, PageKind.LOGIN})
BLOCKED = frozenset({Outcome.BLOCKED, Outcome.FORBIDDEN, Outcome.BUSY})


# ------------------------------------------------------------------ as JSON
def dumped(observation: Observation) -> str:
    """What a run showed, as it is kept beside the run."""
    return dump(asdict(observation))


def loaded(text: str) -> Observation:
    """The observation back."""
    said = json.loads(text)
    heads = tuple(
        Head(
            Outcome(head["outcome"]),
            PageKind(head["page_kind"]) if head["page_kind"] else None,
            Face(**head["face"]) if head["face"] else None,
            head["detail"],
        )
        for head in said.pop("heads")
    )
    return Observation(heads=heads, **said)


# ------------------------------------------------------------------ one run
SOURCE = sa.select(t.sources).where(t.sources.c.id == sa.bindparam("source"))
KEEP = (
    t.runs.update()
    .where(t.runs.c.id == sa.bindparam("b_run"))
    .values(trouble=sa.bindparam("b_trouble"), observation=sa.bindparam("b_observation"))
)


def of_source(c: Connection, source: str) -> Standing:
    """How a source is."""
    return standing(c.execute(SOURCE, {"source": source}).one())


def keep(c: Connection, run: int, observation: Observation, trouble: str | None) -> None:
    """Remember what a run showed, and what was wrong with it, by name."""
    c.execute(KEEP, {"b_run": run, "b_trouble": trouble, "b_observation": dumped(observation)})


def standing(source: AnyRow) -> Standing:
    """How a source was, from its row."""
    reasons = tuple(json.loads(source.reasons))
    return Standing(source.health, source.trouble, reasons, source.bad, source.good, source.failures)


@dataclass(frozen=True, slots=True)
class Change:
    """A source's standing before and after a run. `read`: its list was read; `last_new`: when it had something new, as far as is known;
    `rests_until`: it is left alone before."""

    was: Standing
    now: Standing
    read: bool
    last_new: Millis | None
    rests_until: Millis | None


def remember(c: Connection, source: str, change: Change, now: Millis) -> None:
    """Write how a source is after a run."""
    now_is = change.now
    values: dict[str, object] = {
        "health": now_is.state,
        "trouble": now_is.trouble,
        "reasons": dump(list(now_is.reasons)),
        "bad": now_is.bad,
        "good": now_is.good,
        "failures": now_is.failures,
        "rests_until": change.rests_until,
    }
    if now_is.state != change.was.state:
        values["health_since"] = now
    if change.read:
        values["last_ok"] = now
    if change.last_new is not None:
        values["last_new"] = change.last_new
    c.execute(t.sources.update().where(t.sources.c.id == source).values(values))


def before(c: Connection, source: str, *, ever: bool = False) -> list[Observation]:
    """What earlier runs showed in which nothing was wrong, newest first; `ever`: the newest, whatever was wrong."""
    r = t.runs.c
    query = (
        sa.select(r.observation)
        .where(r.source == source, r.kind.in_([str(kind) for kind in LISTING]), r.ended.is_not(None), r.observation.is_not(None))
        .order_by(r.ended.desc(), r.id.desc())
        .limit(HISTORY)
    )
    return [loaded(text) for text in c.execute(query if ever else query.where(r.trouble.is_(None))).scalars()]


def of_run(c: Connection, run: RunRow, now: Millis) -> Observation:
    """What a run of a source's list showed."""
    last = sa.select(sa.func.max(t.looks.c.id)).where(t.looks.c.run == run.id).group_by(t.looks.c.url)
    query = (
        sa.select(
            t.urls.c.id, t.urls.c.kind, t.urls.c.via, t.list_pages.c.page, t.looks.c.outcome, t.looks.c.detail, t.looks.c.at, t.captures.c.at.label("taken"),
            t.readings.c.state, t.readings.c.page_kind, t.readings.c.evidence, t.readings.c.error, t.readings.c.facts,
        )
        .select_from(t.looks)
        .join(t.urls, t.urls.c.id == t.looks.c.url)
        .outerjoin(t.list_pages, sa.and_(t.list_pages.c.run == t.looks.c.run, t.list_pages.c.url == t.looks.c.url))
        .outerjoin(t.captures, t.captures.c.id == t.looks.c.capture)
        .outerjoin(t.readings, t.readings.c.capture == t.looks.c.capture)
        .where(t.looks.c.id.in_(last), t.urls.c.kind != str(Kind.ROBOTS))
    )  # fmt: skip
    rows = c.execute(query).all()
    first = [row for row in rows if row.kind == Kind.LIST and (row.via is None or row.page == 0)]
    final = [row for row in first if row.outcome != Outcome.REDIRECTED and row.page_kind != PageKind.REDIRECT] or first
    final = [row for row in final if row.state != "pending"]  # what is still being read is no finding
    details = [row for row in rows if row.kind == Kind.DETAIL and row.outcome != Outcome.REDIRECTED]
    seen = final if first or run.kind == RunKind.REVISIT else _unseen(details)
    heads = tuple(map(_head, seen))
    blocked = sum(1 for row in details if row.outcome in BLOCKED or row.page_kind in BLOCKED_PAGES)
    failed = sum(1 for row in details if row.outcome not in GOOD | MISSES | BLOCKED or row.state == "unreadable")
    notices, filled = _filled(c, run.id)
    shown = [
        _Shown(row.id, row.taken, head.face.newest)
        for row, head in zip(seen, heads, strict=True)
        if row.taken is not None and head.face is not None and head.face.ordered and head.face.newest
    ]
    listed = sa.select(sa.func.count()).where(t.listings.c.source == run.source, t.listings.c.first_listed >= run.started)
    return Observation(
        heads,
        listed=c.execute(listed).scalar_one(),
        lost=_lost(c, run.source, shown, now),
        details=len(details),
        failed=failed,
        blocked=blocked,
        notices=notices,
        filled=filled,
        whole=not c.execute(CUT_SHORT, {"run": run.id}).scalar(),
    )


def _unseen(details: Sequence[AnyRow]) -> list[AnyRow]:
    """The pages that are watched one by one, when none of them could be looked at. What is not there any more is told of the notice."""
    pages = [row for row in details if row.via is None]
    failed = [row for row in pages if row.outcome not in GOOD | MISSES or row.page_kind in BLOCKED_PAGES]
    return failed if len(failed) == len(pages) else []


def _head(row: AnyRow) -> Head:
    face = Face(**json.loads(row.facts)) if row.facts and row.state == "done" and row.page_kind == PageKind.LIST else None
    detail = row.detail or row.error or row.evidence or ""
    return Head(Outcome(row.outcome), PageKind(row.page_kind) if row.page_kind else None, face, "" if face else detail[:300])


@dataclass(frozen=True, slots=True)
class _Shown:
    """A first page that was read: its address, when it was taken, the newest date it shows."""

    page: int
    taken: Millis
    newest: str


def _lost(c: Connection, source: str, shown: Sequence[_Shown], now: Millis) -> int:
    """Rows that stood last on one of these pages, newer than all it shows, and not shown any more. Dates in the future are mistakes, not news.

    Only of pages that show the newest first, and only what no later row can have pushed off: an older state of a page has none.
    """
    tomorrow, lost = (day_of(now) + timedelta(2)).isoformat(), 0
    for page in shown:
        try:
            following = (date.fromisoformat(page.newest[:10]) + timedelta(1)).isoformat()
        except ValueError:  # a list that shows months only
            continue
        found = {"source": source, "page": page.page, "taken": page.taken, "following": following, "tomorrow": tomorrow}
        came = c.execute(CAME, found).scalar()
        lost += c.execute(LOST, {**found, "came": came or 0}).scalar_one()
    return lost


_l = t.listings.c
CAME = sa.select(sa.func.max(_l.first_listed)).where(
    _l.source == sa.bindparam("source"), _l.page == sa.bindparam("page"), _l.last_listed >= sa.bindparam("taken")
)
LOST = sa.select(sa.func.count()).where(
    _l.source == sa.bindparam("source"),
    _l.date >= sa.bindparam("following"),
    _l.date < sa.bindparam("tomorrow"),
    _l.page == sa.bindparam("page"),
    _l.last_listed < sa.bindparam("taken"),
    _l.last_listed >= sa.bindparam("came"),
)
CUT_SHORT = (
    sa.select(sa.literal(1))
    .where(t.list_pages.c.run == sa.bindparam("run"), t.list_pages.c.stop == str(Stop.KNOWN_TAIL))
    .limit(1)
)


def _filled(c: Connection, run: int) -> tuple[int, dict[str, int]]:
    """How many notices a run found new or edited, and in how many of them each field is filled."""
    v = t.versions.c
    query = (
        sa.select(v.title, v.channel, v.published, v.source, v.paragraphs.label("body"))
        .join(t.changes, t.changes.c.after == v.id)
        .join(t.looks, t.looks.c.id == t.changes.c.look)
        .where(t.looks.c.run == run, t.changes.c.kind.in_([str(ChangeKind.NEW), str(ChangeKind.EDIT)]))
        .order_by(t.changes.c.seq.desc())
        .limit(NOTICES)
    )
    notices = c.execute(query).all()
    return len(notices), {name: sum(bool(getattr(row, name)) for row in notices) for name in FIELDS}


# ------------------------------------------------------------------ rhythm
def listed(c: Connection, source: str, now: Millis) -> Listed:
    """When the rows of a source's lists were published and seen."""
    rows = t.listings.c
    tomorrow = (day_of(now) + timedelta(2)).isoformat()
    dated = c.execute(
        sa.select(rows.date, rows.first_listed)
        .where(rows.source == source, rows.date < tomorrow, sa.func.length(rows.date) >= 10)
        .order_by(rows.date.desc())
        .limit(LEARNED)
    ).all()
    undated = c.execute(sa.select(sa.func.max(rows.first_listed)).where(rows.source == source, rows.date.is_(None))).scalar()
    watched = c.execute(sa.select(sa.func.min(rows.first_listed)).where(rows.source == source)).scalar() or 0
    seen: Sequence[Millis] = ()
    if not dated:
        days = sa.select(rows.first_listed).where(rows.source == source).distinct().order_by(rows.first_listed.desc())
        seen = c.execute(days.limit(LEARNED)).scalars().all()
    return Listed(tuple((row.date, row.first_listed) for row in dated), undated, tuple(seen), watched)
