"""Runs: claimed by their row, closed by themselves. Sources: what is known of them, and how they are."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import EMPTY, GOOD, MISSES, ChangeKind, Kind, Millis, Outcome, PageKind, Run, RunKind
from crawler.politeness.pace import NOT_ASKED
from crawler.repository import addresses, attachments, continuations, frontier, list_pages, no_record
from crawler.repository import schema as t
from crawler.repository.addresses import Seed
from crawler.repository.changes import NewChange, append
from crawler.repository.continuations import Question
from crawler.repository.database import AnyRow, chunks, ignoring, upsert
from crawler.repository.rows import RunRow

SKIPPED = "skipped"
BUSY, NOBODY = "the run before was not over", "no daemon fired it"  # why a slot was skipped
AHEAD = '{"ahead": true}'  # options of a run whose slot was taken by a clock that was ahead: the slot is still to come
BY_HAND = 30  # rank of what the operator did


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What the database knows of a configured source."""

    id: str
    title: str
    config_digest: str
    enabled: bool
    region: str | None = None
    level: str | None = None


# ------------------------------------------------------------------ sources and processes
def sync_sources(c: Connection, rows: Sequence[SourceRow]) -> None:
    """Make the configured sources known; nothing that was learned of them is forgotten."""
    for row in rows:
        values = {
            "title": row.title,
            "config_digest": row.config_digest,
            "enabled": int(row.enabled),
            "region": row.region,
            "level": row.level,
        }
        c.execute(upsert(c, t.sources).values(id=row.id, **values).on_conflict_do_update(index_elements=["id"], set_=values))


def ensure_source(c: Connection, source: str) -> None:
    """A source that only the archive knows."""
    c.execute(upsert(c, t.sources).values(id=source, title=source, config_digest="", enabled=0).on_conflict_do_nothing())


def pause(c: Connection, source: str, at: Millis, reason: str = "") -> bool:
    """Pause a source, and write that into the ledger; False when it is paused already, or there is none of that id. Call it last."""
    row = sa.and_(t.sources.c.id == source, t.sources.c.paused.is_(None))
    return _by_hand(c, row, {"paused": at}, NewChange(ChangeKind.HEALTH, at, source, detail=_said("paused", reason)))


def resume(c: Connection, source: str, at: Millis, reason: str = "") -> bool:
    """Resume a source, out of its quarantine too, and write that into the ledger; False when it was neither. Call it last."""
    held = sa.or_(t.sources.c.paused.is_not(None), t.sources.c.rests_until > at)
    row = sa.and_(t.sources.c.id == source, held)
    line = NewChange(ChangeKind.HEALTH, at, source, detail=_said("resumed", reason))
    return _by_hand(c, row, {"paused": None, "rests_until": None}, line)


def _said(after: str, reason: str) -> dict[str, object]:
    return {"after": after, "reasons": [reason] if reason else []}


def _by_hand(c: Connection, row: sa.ColumnElement[bool], values: Mapping[str, object], line: NewChange) -> bool:
    before: str | None = c.execute(sa.select(t.sources.c.health).where(row).with_for_update()).scalar()
    if before is None:
        return False
    c.execute(t.sources.update().where(t.sources.c.id == line.source).values(**values))
    append(c, [replace(line, detail={"before": before, **line.detail}, rank=BY_HAND)])
    return True


def is_held(c: Connection, source: str, now: Millis) -> bool:
    """Is the source paused by its operator, or in quarantine?"""
    row = c.execute(sa.select(t.sources.c.paused, t.sources.c.rests_until).where(t.sources.c.id == source)).first()
    return row is not None and (row.paused is not None or (row.rests_until is not None and row.rests_until > now))


def beat(c: Connection, owner: str, what: str, now: Millis) -> None:
    """This process works on the archive."""
    insert = upsert(c, t.daemons).values(owner=owner, what=what, started=now, beat=now)
    c.execute(insert.on_conflict_do_update(index_elements=["owner"], set_={"beat": now}))


def leave(c: Connection, owner: str) -> None:
    """That process does not work on the archive any more."""
    c.execute(t.daemons.delete().where(t.daemons.c.owner == owner))


def working(c: Connection, since: Millis, until: Millis) -> list[tuple[str, str]]:
    """(owner, what) of the processes heard of last between two moments: nobody was heard of later than now."""
    heard = t.daemons.c.beat.between(since, until)
    query = sa.select(t.daemons.c.owner, t.daemons.c.what).where(heard).order_by(t.daemons.c.started)
    return [(row.owner, row.what) for row in c.execute(query)]


@dataclass(frozen=True, slots=True)
class Process:
    """A process that works on the archive, or died at it. `what`: run, crawl, …; `beat`: when it was heard of last."""

    owner: str
    what: str
    started: Millis
    beat: Millis


PROCESSES = sa.select(*(t.daemons.c[name] for name in Process.__slots__)).order_by(t.daemons.c.beat.desc(), t.daemons.c.owner)
LAST_FIRED = sa.select(sa.func.max(t.runs.c.started)).where(t.runs.c.kind != str(RunKind.ONCE), t.runs.c.result != "rebuilt")
LAST_FIRED_OPEN = sa.select(sa.func.max(t.runs.c.started)).where(t.runs.c.kind != str(RunKind.ONCE), t.runs.c.result.is_(None))


def processes(c: Connection) -> list[Process]:
    """Every process that has not taken its leave, the one heard of last first."""
    return [Process(*row) for row in c.execute(PROCESSES)]


def last_fired(c: Connection) -> Millis | None:
    """When a schedule fired last; None: it never did, every run was asked for."""
    return max((at for query in (LAST_FIRED, LAST_FIRED_OPEN) if (at := c.execute(query).scalar()) is not None), default=None)


# ------------------------------------------------------------------ firing
def last_slot(c: Connection, source: str, kind: RunKind, now: Millis) -> Millis | None:
    """The newest slot taken up to now, skipped ones included: what was taken by a clock that was ahead says nothing of today."""
    its = (t.runs.c.source == source, t.runs.c.kind == str(kind), t.runs.c.slot <= now)
    return c.execute(sa.select(sa.func.max(t.runs.c.slot)).where(*its)).scalar()


def fire(
    c: Connection,
    run: Run,
    seeds: Sequence[Seed],
    now: Millis,
    *,
    skipped: Sequence[Millis] = (),
    options: Mapping[str, object] = EMPTY,
) -> Run | None:
    """Claim a run's slot and seed its frontier; the run as the database knows it, None when somebody else has it.

    A slot whose source still works on the one before becomes a row marked skipped, like the slots nobody fired.
    """
    _skip(c, run.source, run.kind, skipped, now, NOBODY)
    if run.kind is not RunKind.ONCE and _is_open(c, run.source, run.kind):
        _skip(c, run.source, run.kind, [run.slot], now, BUSY)
        return None
    if run.kind is not RunKind.ONCE and _was_taken_ahead(c, run):
        run = replace(run, slot=run.slot + 1)
    values = {"source": run.source, "kind": str(run.kind), "slot": run.slot, "started": now, "options": json.dumps(dict(options))}
    number = c.execute(upsert(c, t.runs).values(**values).on_conflict_do_nothing().returning(t.runs.c.id)).scalar()
    if number is None:
        return None
    frontier.seed(c, number, seeds)
    return replace(run, id=number)


def _was_taken_ahead(c: Connection, run: Run) -> bool:
    its = (t.runs.c.source == run.source, t.runs.c.kind == str(run.kind), t.runs.c.slot == run.slot, t.runs.c.options == AHEAD)
    return c.execute(sa.select(t.runs.c.id).where(*its)).first() is not None


def fire_once(c: Connection, source: str, seeds: Sequence[Seed], now: Millis, options: Mapping[str, object]) -> int:
    """Fire a one-off run; two in one millisecond are two slots. Its id."""
    slot = now
    while (run := fire(c, Run(source, RunKind.ONCE, slot), seeds, now, options=options)) is None:
        slot += 1
    return run.id


def shelve(c: Connection, reason: str, *, queue: str | None, run: int | None, but: Collection[int] = ()) -> set[int]:
    """Mark as dead what a run still waits for, or what runs wait for in a queue; the runs concerned. `but`: frontier rows that are being
    looked at, whose look ends them.

    In a queue that is everything of one-off runs, whose end somebody waits for, and notices of every other run: a host that is down holds
    no source's timetable up. Lists of those stay due: whether they can be read is what the run is to find out.
    """
    if run is not None:
        which = t.frontier.c.run == run
    else:
        once = sa.select(t.runs.c.id).where(t.runs.c.kind == str(RunKind.ONCE), t.runs.c.ended.is_(None))
        lists = sa.exists().where(t.urls.c.id == t.frontier.c.url, t.urls.c.kind == str(Kind.LIST))
        which = sa.and_(t.frontier.c.queue == queue, sa.or_(t.frontier.c.run.in_(once), sa.not_(lists)))
    if but:
        which = sa.and_(which, t.frontier.c.id.not_in(sorted(but)))
    shelved = frontier.shelve(c, which, reason)
    read_without(c, shelved)
    return {number for number, _ in shelved}


def read_without(c: Connection, shelved: Sequence[tuple[int, int]]) -> None:
    """Records that waited for one of these addresses as a continuation are read with what there is of them."""
    listed = sorted({url for _, url in shelved})
    held = addresses.by_id(c, listed)
    named = {number: address.via for number, address in held.items() if address.kind == Kind.CONTINUATION}
    if not named:
        return
    continuations.lock(c)
    asked = Question(
        runs=frozenset(run for run, _ in shelved),
        captures=frozenset(),
        ids=frozenset(named),
        vias=frozenset(via for via in named.values() if via is not None),
    )
    rounds = continuations.load(c, asked)
    rows = [
        {"b_capture": capture, "b_run": run}
        for run, url in shelved
        if url in named
        for capture in rounds.ready(run, url, named[url])
    ]
    if rows:
        c.execute(READ_ANYWAY, rows)


READ_ANYWAY = (
    t.readings.update()
    .where(t.readings.c.capture == sa.bindparam("b_capture"))
    .values(state="pending", run=sa.bindparam("b_run"))
)


def spent(c: Connection, run: int) -> tuple[int, int, Millis]:
    """(requests, bytes, start) of a run: what was asked on its behalf, robots.txt included, and what of it lies in the archive."""
    asked = sa.select(sa.func.count()).where(t.looks.c.run == run, t.looks.c.outcome.not_in([str(o) for o in NOT_ASKED]))
    started = c.execute(sa.select(t.runs.c.started).where(t.runs.c.id == run)).scalar_one()
    return c.execute(asked.select_from(t.looks)).scalar_one(), _bytes(c, run), started


def unfinished(c: Connection, source: str, options: Mapping[str, object], started: Millis | None = None) -> int | None:
    """The newest one-off run of a source with these very options that is still open; None when there is none. `started`: at this very
    moment, by a step that never heard that it was committed."""
    query = sa.select(t.runs.c.id).where(
        t.runs.c.source == source,
        t.runs.c.kind == str(RunKind.ONCE),
        t.runs.c.ended.is_(None),
        t.runs.c.options == json.dumps(dict(options)),
    )
    query = query if started is None else query.where(t.runs.c.started == started)
    found: int | None = c.execute(query.order_by(t.runs.c.id.desc()).limit(1)).scalar()
    return found


def _is_open(c: Connection, source: str, kind: RunKind) -> bool:
    query = sa.select(t.runs.c.id).where(t.runs.c.source == source, t.runs.c.kind == str(kind), t.runs.c.ended.is_(None))
    return c.execute(query.limit(1)).first() is not None


def _skip(c: Connection, source: str, kind: RunKind, slots: Sequence[Millis], now: Millis, why: str) -> None:
    skipped = {"source": source, "kind": str(kind), "started": now, "ended": now, "result": SKIPPED, "trouble": why}
    rows = [{**skipped, "slot": slot} for slot in slots]
    if rows:
        c.execute(upsert(c, t.runs).on_conflict_do_nothing(), rows)


def fire_revisits(c: Connection, source: str, slot: Millis, now: Millis, limit: int) -> Run | None:
    """Look again at what is due of a source, `limit` addresses at most; None when nothing is due or somebody else has the slot."""
    waiting = sa.select(t.frontier.c.url).where(t.frontier.c.state == frontier.TODO)
    due = c.execute(
        sa.select(t.urls.c.id, t.urls.c.queue)
        .where(t.urls.c.source == source, t.urls.c.due <= now, t.urls.c.kind == str(Kind.DETAIL), t.urls.c.id.not_in(waiting))
        .order_by(t.urls.c.due)
        .limit(limit)
    ).all()
    if not due:
        return None
    run = fire(c, Run(source, RunKind.REVISIT, slot), (), now)
    if run is None:
        return None
    rows = [{"run": run.id, "url": row.id, "queue": row.queue, "priority": frontier.REVISIT, "due": now} for row in due]
    c.execute(t.frontier.insert(), rows)
    return run


_r = t.runs.c
_ROW = tuple(t.runs.c[name] for name in RunRow.__slots__)
BY_SLOT = sa.select(*_ROW).where(
    _r.slot.in_(sa.bindparam("slots", expanding=True)), _r.source.in_(sa.bindparam("sources", expanding=True))
)
BY_ID = sa.select(*_ROW).where(_r.id.in_(sa.bindparam("ids", expanding=True)))
TOLD_SOURCE, TOLD_RUN = ignoring(t.sources), ignoring(t.runs)


def ensure(c: Connection, told: Collection[Run]) -> dict[tuple[str, str, int], RunRow]:
    """Runs by (source, kind, slot). One that only the archive knows is made, with its source; it is over."""
    wanted = {(run.source, str(run.kind), run.slot) for run in told}
    found = _by_slot(c, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        sources = sorted({source for source, _, _ in missing})
        c.execute(TOLD_SOURCE(c), [{"id": source, "title": source, "config_digest": "", "enabled": 0} for source in sources])
        values = [
            {"source": source, "kind": kind, "slot": slot, "started": slot, "ended": slot, "result": "rebuilt"}
            for source, kind, slot in missing
        ]
        c.execute(TOLD_RUN(c), values)
        found |= _by_slot(c, missing)
    return found


def _by_slot(c: Connection, wanted: Collection[tuple[str, str, int]]) -> dict[tuple[str, str, int], RunRow]:
    asked = {"slots": sorted({slot for _, _, slot in wanted}), "sources": sorted({source for source, _, _ in wanted})}
    rows = (RunRow(*row) for row in c.execute(BY_SLOT, asked))
    return {key: row for row in rows if (key := (row.source, row.kind, row.slot)) in wanted}


def by_id(c: Connection, ids: Collection[int]) -> dict[int, RunRow]:
    """Runs by row id."""
    return {row.id: RunRow(*row) for row in c.execute(BY_ID, {"ids": sorted(ids)})} if ids else {}


MET = t.runs.update().where(_r.id == sa.bindparam("b_id")).values(others=sa.bindparam("b_to"), beyond=sa.bindparam("b_beyond"))


def save_met(c: Connection, found: Iterable[RunRow]) -> None:
    """Remember which hosts beyond their sources' sites runs were led to."""
    rows = [{"b_id": run.id, "b_to": run.others, "b_beyond": run.beyond} for run in sorted(found, key=lambda run: run.id)]
    if rows:
        c.execute(MET, rows)


# ------------------------------------------------------------------ closing
_todo = sa.exists().where(t.frontier.c.run == _r.id, t.frontier.c.state == frontier.TODO)
_pending = sa.exists().where(t.readings.c.run == _r.id, t.readings.c.state == "pending")
# what another process is about to keep or settle refers to the run and holds its key: the key is left alone here
OPEN = (
    sa.select(_r.id)
    .where(_r.id.in_(sa.bindparam("ids", expanding=True)), _r.ended.is_(None))
    .order_by(_r.id)
    .with_for_update(key_share=True)
)
FINISHED = (
    sa.select(*_ROW)
    .where(_r.id.in_(sa.bindparam("ids", expanding=True)), _r.ended.is_(None), sa.not_(_todo), sa.not_(_pending))
    .order_by(_r.id)
)
END = (
    t.runs.update()
    .where(_r.id == sa.bindparam("b_id"))
    .values(ended=sa.bindparam("b_ended"), result=sa.bindparam("b_result"), counts=sa.bindparam("b_counts"))
)


def finished(c: Connection, ids: Collection[int]) -> list[RunRow]:
    """Those of these runs that are open and wait for nothing more, held until the transaction ends."""
    found = []
    for some in chunks(sorted(ids)):
        if c.dialect.name != "sqlite":
            c.execute(OPEN, {"ids": some})
        found += [RunRow(*row) for row in c.execute(FINISHED, {"ids": some})]
    return found


def end(c: Connection, run: int, now: Millis, result: str, counts: Mapping[str, int]) -> None:
    """A run is over."""
    c.execute(END, {"b_id": run, "b_ended": now, "b_result": result, "b_counts": json.dumps(counts)})


def count(c: Connection, run: int) -> dict[str, int]:
    """What came of a run: looks, lists, details, failed, missed, rows of its first list pages, ledger lines by kind, bytes.

    Of documents that notices link to: `attachments` looked at, and how many of them are not there (`attachments_missing`). Also why rows that were fetched gave no record (`skip:REASON`, see `no_record`), and what `list_pages.count` says of its columns: rows
    listed, reasons of what was not fetched, rules that ended them, totals reconciled.
    """
    found = dict.fromkeys(("looks", "lists", "details", "failed", "missed", "heads", "head_failures", "rows", "bytes"), 0)
    last = sa.select(sa.func.max(t.looks.c.id)).where(t.looks.c.run == run).group_by(t.looks.c.url)
    query = (
        sa.select(
            t.urls.c.kind,
            t.urls.c.via,
            t.urls.c.key,
            t.urls.c.redirect,
            t.looks.c.outcome,
            t.looks.c.leads,
            t.readings.c.state,
            t.readings.c.page_kind,
            t.readings.c.rows,
        )
        .select_from(t.looks)
        .join(t.urls, t.urls.c.id == t.looks.c.url)
        .outerjoin(t.readings, t.readings.c.capture == t.looks.c.capture)
        .where(t.looks.c.id.in_(last), t.urls.c.kind.in_([str(Kind.LIST), str(Kind.DETAIL)]))
    )
    rows = c.execute(query).all()
    for row in rows:
        _tally(found, row)
    found["bytes"] = _bytes(c, run)
    dead = sa.select(sa.func.count()).where(t.frontier.c.run == run, t.frontier.c.state == frontier.DEAD)
    found["shelved"] = c.execute(dead.where(t.frontier.c.reason.like(f"{frontier.SHELVED}%"))).scalar_one()
    lines = (
        sa.select(t.changes.c.kind, sa.func.count()).join(t.looks, t.looks.c.id == t.changes.c.look).where(t.looks.c.run == run)
    )
    found.update({row.kind: row[1] for row in c.execute(lines.group_by(t.changes.c.kind))})
    found.update(list_pages.count(c, run))
    found.update(attachments.count(c, run))
    for reason, lost in no_record.reasons(rows).items():
        found[f"skip:{reason}"] = found.get(f"skip:{reason}", 0) + lost
    found["rows"] += list_pages.behind_shells(c, run)
    return found


def _tally(found: dict[str, int], row: AnyRow) -> None:
    outcome, is_list = Outcome(row.outcome), row.kind == Kind.LIST
    good = outcome in GOOD or outcome is Outcome.REDIRECTED
    unreadable = row.state == "unreadable"
    found["looks"] += 1
    found["lists" if is_list else "details"] += 1
    if outcome in MISSES and not (is_list and row.via is None):  # a page of a list beyond the last one is no failure
        found["missed"] += 1
    elif not good or unreadable:
        found["failed"] += 1
    if is_list and row.via is None:
        found["heads"] += 1
        if outcome in GOOD and row.page_kind == PageKind.LIST:
            found["rows"] += row.rows or 0
        elif outcome is not Outcome.REDIRECTED:
            found["head_failures"] += 1


def _bytes(c: Connection, run: int) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(t.captures.c.length), 0)).join(t.looks, t.looks.c.capture == t.captures.c.id)
    return int(c.execute(query.where(t.looks.c.run == run, t.looks.c.at <= t.captures.c.at)).scalar_one())


def open_ids(c: Connection) -> list[int]:
    """The runs that still go on."""
    return list(c.execute(sa.select(t.runs.c.id).where(t.runs.c.ended.is_(None)).order_by(t.runs.c.id)).scalars())


_OPEN = sa.select(t.runs.c.id).where(t.runs.c.id.in_(sa.bindparam("ids", expanding=True)), t.runs.c.ended.is_(None)).limit(1)


def are_open(c: Connection, ids: Collection[int]) -> bool:
    """Does any of these runs still go on? Cheap, whatever they have looked at."""
    return c.execute(_OPEN, {"ids": sorted(ids)}).first() is not None
