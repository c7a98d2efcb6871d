"""How far runs are: what is open, what came of their looks, what went wrong."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import GOOD, MISSES, Kind, Outcome
from crawler.repository import frontier, runs, visible
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
    attachments: int = 0
    attachments_missing: int = 0
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


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of an address that a run was asked to look at once, and of where it led.

    `documents`: (new, edit, … or same; public id; title) of the notices there. An address that was given up has no `status`; `detail` says why.
    `capture`: row id of the bytes.
    """

    url: str
    outcome: str
    status: int | None = None
    detail: str = ""
    led_to: str | None = None
    page_kind: str | None = None
    evidence: str = ""
    error: str | None = None
    rows: int = 0
    documents: tuple[tuple[str, str, str], ...] = ()
    capture: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `reasons`: what was wrong with its source; `judged`: its source was judged by it."""

    source: str
    result: str
    failed: int
    shelved: int
    reasons: tuple[str, ...]
    judged: bool


_l, _u, _g = t.looks.c, t.urls.c, t.readings.c
LOOKED = (
    sa.select(_u.id, _u.url, _l.outcome, _l.status, _l.detail, _g.page_kind, _g.evidence, _g.error, _g.rows, _l.capture)
    .select_from(t.looks)
    .join(t.urls, _u.id == _l.url)
    .outerjoin(t.readings, _g.capture == _l.capture)
    .where(_l.run == sa.bindparam("run"), _u.kind.in_([str(Kind.DETAIL), str(Kind.LIST)]))
    .order_by(_l.id)
)
GIVEN_UP = (
    sa.select(_u.url, t.frontier.c.reason)
    .join(t.urls, _u.id == t.frontier.c.url)
    .where(t.frontier.c.run == sa.bindparam("run"), t.frontier.c.state == frontier.DEAD)
    .order_by(t.frontier.c.id)
)
NOTICES = (
    sa.select(t.documents.c.id, t.documents.c.public_id, t.versions.c.title, t.documents.c.presence)
    .join(t.versions, t.versions.c.id == t.documents.c.version)
    .where(t.documents.c.url == sa.bindparam("url"), sa.text(visible.document()))
    .order_by(t.documents.c.part)
)
VERDICTS = (
    sa.select(t.changes.c.document, t.changes.c.kind)
    .join(t.looks, _l.id == t.changes.c.look)
    .where(_l.run == sa.bindparam("run"))
    .order_by(t.changes.c.seq)
)
ENDED = (
    sa.select(t.runs.c.source, t.runs.c.result, t.runs.c.counts, t.runs.c.observation, t.sources.c.reasons)
    .join(t.sources, t.sources.c.id == t.runs.c.source)
    .where(t.runs.c.id.in_(sa.bindparam("ids", expanding=True)), t.runs.c.ended.is_not(None))
    .order_by(t.runs.c.id)
)


def looked(c: Connection, run: int, url: str) -> Looked:
    """What came of a run that was to look at one address and its redirects."""
    looks = c.execute(LOOKED, {"run": run}).all()
    if not looks:
        given_up = c.execute(GIVEN_UP, {"run": run}).first()
        return Looked(url, "not asked", detail=given_up.reason or "" if given_up else "")
    last = looks[-1]
    verdicts = {row.document: row.kind for row in c.execute(VERDICTS, {"run": run})}
    notices = c.execute(NOTICES, {"url": last.id}).all()
    return Looked(
        url=url,
        outcome=last.outcome,
        status=last.status,
        detail=last.detail,
        led_to=last.url if last.url != looks[0].url else None,
        page_kind=last.page_kind,
        evidence=last.evidence or "",
        error=last.error,
        rows=last.rows or 0,
        capture=last.capture,
        documents=tuple(
            (verdicts.get(row.id, "same" if row.presence == "here" else row.presence), row.public_id, row.title)
            for row in notices
        ),
    )


def ended(c: Connection, ids: Collection[int]) -> list[Ended]:
    """How those of these runs ended that are over."""
    found = []
    for row in c.execute(ENDED, {"ids": sorted(ids)}):
        counts, judged = json.loads(row.counts), row.observation is not None
        reasons = tuple(json.loads(row.reasons)) if judged else ()
        found.append(Ended(row.source, row.result, counts.get("failed", 0), counts.get("shelved", 0), reasons, judged))
    return found


def progress(c: Connection, ids: Collection[int]) -> Progress:
    """How far these runs are."""
    wanted = sorted(ids)
    rows = c.execute(
        sa.select(t.runs.c.id, t.runs.c.ended, t.runs.c.result, t.runs.c.counts).where(t.runs.c.id.in_(wanted))
    ).all()
    results = Counter(row.result for row in rows if row.ended is not None)
    totals: Counter[str] = Counter()
    for row in rows:
        totals.update(json.loads(row.counts) if row.ended is not None else runs.count(c, row.id))
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
        attachments=totals.get("attachments", 0),
        attachments_missing=totals.get("attachments_missing", 0),
        results=dict(results),
        looks={row.outcome: row[1] for row in c.execute(outcomes)},
    )
