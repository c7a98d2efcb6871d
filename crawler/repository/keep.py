"""The keep step's transaction: looks and captures, the state of their addresses and queues, what is to be read, what comes next.

Idempotent: a look that stands already changes nothing, so that what the archive tells twice counts once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import (
    ABOUT_THE_SITE,
    GOOD,
    PASSING,
    Kept,
    Kind,
    Millis,
    Original,
    Outcome,
    PageKind,
    Request,
    Watch,
    capture_id,
)
from crawler.pipeline import decide
from crawler.politeness import pace
from crawler.politeness.host import Probe
from crawler.politeness.pace import Pace
from crawler.repository import files, frontier, list_pages, origins, pieces, presence, runs
from crawler.repository import schema as t
from crawler.repository.changes import NewChange, append
from crawler.repository.database import clean, upsert
from crawler.repository.frontier import Seed
from crawler.text import urls

PENDING = "pending"
MOST_HOPS = 10
GOLDEN = 0.618034  # spreads one random number evenly over the looks of a batch
ANOTHER: Millis = 5_000  # a list that is being read for another run is asked again after so long
WELL: Millis = 24 * 3_600_000  # a host that answered others within a day is well
ANSWERED = GOOD | {Outcome.REDIRECTED}


@dataclass(frozen=True, slots=True)
class Manner:
    """What the process knows and the database does not. `rules`: source → today's version; `queue_of(source, url)`: politeness key."""

    watch: Watch
    rules: Callable[[str], str]
    queue_of: Callable[[str, str], str]
    pause: Callable[[str], Millis]


@dataclass(frozen=True, slots=True)
class _Look:
    """A look being kept, with the rows it belongs to."""

    kept: Kept
    url: int
    run: int
    running: bool
    id: int
    capture: int | None


def known_payloads(c: Connection, digests: Collection[str]) -> dict[str, Original]:
    """Response records that hold these payloads, by digest."""
    listed = sorted(digests)
    found: dict[str, Original] = {}
    for at in range(0, len(listed), frontier.AT_ONCE):
        query = (
            sa.select(t.captures.c.record, t.urls.c.url, t.captures.c.at, t.captures.c.payload_digest)
            .join(t.urls, t.urls.c.id == t.captures.c.url)
            .where(t.captures.c.payload_digest.in_(listed[at : at + frontier.AT_ONCE]), t.captures.c.type == "response")
        )
        for row in c.execute(query):
            found.setdefault(row.payload_digest, Original(row.record, row.url, row.at, row.payload_digest))
    return found


def keep(
    c: Connection,
    batch: Sequence[Kept],
    *,
    owner: str,
    fences: Mapping[str, int] | None,
    manner: Manner,
    spread: float,
) -> set[int]:
    """Commit looks. `fences`: queue → fence of the lease it was fetched under; None when they are told by the archive (adoption, reindex).

    A look fetched after the lease was lost is kept all the same; only its queue is not touched. Returns the runs concerned.
    """
    files.reached(c, batch, owner)
    if any(kept.task.kind is Kind.PIECE for kept in batch):
        pieces.lock(c)
    ids = frontier.ensure_urls(c, [_as_seed(look) for look in batch])
    changes: list[NewChange] = []
    concerned = set()
    paces: dict[str, Pace | None] = {}
    for number, kept in enumerate(batch):
        look = _insert(c, kept, ids[kept.task.key])
        if look is None:
            continue
        concerned.add(look.run)
        _queue(c, kept, fences, manner, paces)
        _address(c, look, manner, changes)
        _frontier(c, look, manner, (spread + number * GOLDEN) % 1)
        if kept.task.kind not in ABOUT_THE_SITE:
            for capture in pieces.ready(c, look.run, look.url, kept.task.via if kept.task.kind is Kind.PIECE else None):
                _to_read(c, capture, look.run if look.running else None)
    append(c, changes)
    return concerned


def _as_seed(kept: Kept) -> Seed:
    task = kept.task
    return Seed(task.request, task.public_url, task.kind, task.queue, task.source, frontier.NEW, kept.at, via=task.via)


# ------------------------------------------------------------------ evidence
def _insert(c: Connection, kept: Kept, url: int) -> _Look | None:
    """The capture and the look; None when this look stands already."""
    if c.execute(sa.select(t.looks.c.id).where(t.looks.c.record == kept.look)).first() is not None:
        return None
    run, running = runs.ensure_run(c, kept.task.run)
    capture = _capture(c, kept, url) if kept.capture else None
    shown = capture
    if kept.outcome is Outcome.NOT_MODIFIED:
        shown = c.execute(sa.select(t.urls.c.last_capture).where(t.urls.c.id == url)).scalar()
    row = {
        "record": kept.look,
        "url": url,
        "run": run,
        "at": kept.at,
        "ms": kept.ms,
        "outcome": str(kept.outcome),
        "status": kept.status,
        "leads": kept.leads,
        "capture": shown,
        "detail": clean(kept.detail)[:2000],
    }
    look = c.execute(t.looks.insert().values(**row).returning(t.looks.c.id)).scalar_one()
    return _Look(kept, url, run, running, look, capture)


def _capture(c: Connection, kept: Kept, url: int) -> int:
    capture = kept.capture
    assert capture is not None
    original = None
    if capture.original is not None:
        original = c.execute(sa.select(t.captures.c.id).where(t.captures.c.record == capture.original.record_id)).scalar()
    row = {
        "record": capture.record_id,
        "public_id": capture_id(capture.record_id),
        "url": url,
        "at": capture.at,
        "file": capture.file,
        "offset": capture.offset,
        "length": capture.length,
        "type": capture.type,
        "payload_digest": capture.payload_digest,
        "media_type": clean(capture.media_type),
        "status": capture.status,
        "original": original,
    }
    number: int = c.execute(t.captures.insert().values(**row).returning(t.captures.c.id)).scalar_one()
    return number


# ------------------------------------------------------------------ the queue
def _queue(c: Connection, kept: Kept, fences: Mapping[str, int] | None, manner: Manner, paces: dict[str, Pace | None]) -> None:
    """When the host may be asked again, and how it is. Without a valid fence only that it was asked, and whether it answered."""
    name, end = kept.task.queue, kept.at + kept.ms
    if kept.outcome in pace.NOT_ASKED:
        return
    least = manner.pause(name)
    if fences is None:
        c.execute(upsert(c, t.queues).values(name=name, leased_until=0, next_at=0, delay=0).on_conflict_do_nothing())
        _later(c, name, {"last_end": end, "next_at": end + least} | ({"last_ok": end} if kept.outcome in ANSWERED else {}))
        return
    mine = sa.and_(t.queues.c.name == name, t.queues.c.fence == fences.get(name, -1))
    if name not in paces:
        row = c.execute(sa.select(t.queues).where(mine)).first()
        paces[name] = frontier.pace_of(row) if row else None
    known = paces[name]
    if known is None:
        return
    now = pace.after(known, kept.outcome, at=kept.at, ms=kept.ms, least=least, retry_after=kept.retry_after)
    paces[name] = now
    well = {"last_ok": end} if kept.outcome in ANSWERED else {}
    c.execute(t.queues.update().where(mine).values(**frontier.pace_values(now), **well, delay=now.pause(least)))


def _later(c: Connection, queue: str, times: Mapping[str, Millis]) -> None:
    """Times of a queue that only move forward."""
    for column, time in times.items():
        known = t.queues.c[column]
        c.execute(t.queues.update().where(t.queues.c.name == queue, sa.or_(known.is_(None), known < time)).values({column: time}))


# ------------------------------------------------------------------ the address
def _address(c: Connection, look: _Look, manner: Manner, changes: list[NewChange]) -> None:
    """What is now known of the address; what must be read; whether its notices are there."""
    kept = look.kept
    values: dict[str, object] = {"last_look": kept.at, "last_outcome": str(kept.outcome)}
    if kept.outcome in GOOD:
        values |= {"etag": kept.etag, "last_modified": kept.last_modified} if kept.outcome is not Outcome.NOT_MODIFIED else {}
        values["redirect"] = None
    if look.capture is not None and kept.capture is not None and kept.outcome in GOOD:
        values |= {"last_capture": look.capture, "last_digest": kept.capture.payload_digest}
        values["first_record"] = sa.func.coalesce(t.urls.c.first_record, kept.capture.record_id)
    if kept.outcome is Outcome.REDIRECTED and kept.location:
        values["redirect"] = urls.key(Request(kept.location))
    if kept.task.kind in ABOUT_THE_SITE:
        c.execute(t.urls.update().where(t.urls.c.id == look.url).values(**values))
        if kept.task.kind is Kind.PROBE:
            name = urls.origin(kept.task.request.url)
            shown = look.capture if kept.outcome is Outcome.OK else None
            origins.probed(c, Probe(name, kept.at, kept.outcome, kept.location, shown))
        return
    before = c.execute(sa.select(t.urls.c.last_capture).where(t.urls.c.id == look.url)).scalar()
    c.execute(t.urls.update().where(t.urls.c.id == look.url).values(**values))
    if kept.task.kind is Kind.PIECE:
        return  # it has no reading of its own: the record it belongs to is read with it
    if kept.outcome is Outcome.OK:
        if look.capture is not None:
            _to_read(c, look.capture, look.run if look.running else None)
        return
    waits = presence.waits(c, before)
    there = decide.seen(kept.outcome, kept.leads)
    if kept.outcome in (Outcome.SAME_BYTES, Outcome.NOT_MODIFIED):
        there = _same(c, look, before, manner)
    if kept.task.kind is Kind.DETAIL and not waits:  # else the settle step tells it, after what came before it
        presence.looked(c, look.url, there, at=kept.at, look=look.id, watch=manner.watch, well=_well(c, kept), changes=changes)


def _to_read(c: Connection, capture: int, run: int | None) -> None:
    insert = upsert(c, t.readings).values(capture=capture, state=PENDING, run=run)
    waiting = sa.and_(t.readings.c.state == PENDING, t.readings.c.run.is_not(None))
    whose = sa.case((waiting, t.readings.c.run), else_=insert.excluded.run)  # nobody's reading is taken over
    c.execute(insert.on_conflict_do_update(index_elements=["capture"], set_={"state": PENDING, "run": whose}))


def _same(c: Connection, look: _Look, before: int | None, manner: Manner) -> bool | None:
    """The bytes are those of the last capture: is it to be read again (by new rules; a list whose rows this run must follow)?

    Returns whether the notice is there, as far as the last reading can tell; None when it is about to be read again.
    """
    # held to the end: whether it still waits must be the same when the frontier is told
    row = c.execute(sa.select(t.readings).where(t.readings.c.capture == before).with_for_update()).first() if before else None
    if row is None:
        return None
    current = row.rules == manner.rules(look.kept.task.source) and row.state == "done"
    # the same bytes, sent again: their own capture tells the same; what nobody has told yet, this run must wait for as well
    if look.capture is not None:
        values = {
            "capture": look.capture,
            "state": row.state,
            "run": look.run if row.state == PENDING and look.running else None,
            "page_kind": row.page_kind,
            "rules": row.rules,
            "rows": row.rows,
            "facts": row.facts,
            "text": row.text,
        }
        c.execute(upsert(c, t.readings).values(**values, evidence=row.evidence, error=row.error).on_conflict_do_nothing())
    if row.state == PENDING:
        if look.capture is None and look.running:
            _to_read(c, row.capture, look.run)
        return None
    leads_on = look.kept.task.kind is Kind.LIST or row.page_kind == PageKind.REDIRECT
    if look.capture and before and pieces.same(c, before, look.capture):
        if not look.running or not pieces.follow(c, look.run, look.capture, look.kept.at):
            _to_read(c, look.capture, look.run if look.running else None)
        return None
    if not current or (leads_on and look.running):
        _to_read(c, look.capture or row.capture, look.run if look.running else None)
        return None
    if row.page_kind in decide.SHOWN:
        return True
    return False if row.page_kind in decide.GONE_PAGES else None


def _well(c: Connection, kept: Kept) -> bool:
    """Did the host answer others within a day?"""
    last_ok = c.execute(sa.select(t.queues.c.last_ok).where(t.queues.c.name == kept.task.queue)).scalar()
    return last_ok is not None and kept.at - last_ok <= WELL


# ------------------------------------------------------------------ what comes next
def _frontier(c: Connection, look: _Look, manner: Manner, spread: float) -> None:
    """The row that waited for this look is done, tried again, or dead; a redirect is a new row."""
    kept, task = look.kept, look.kept.task
    if _is_being_read(c, look):  # for another run: what it shows is no news of this one before it is asked again
        c.execute(
            t.frontier.update()
            .where(t.frontier.c.run == look.run, t.frontier.c.url == look.url)
            .values(due=kept.at + kept.ms + ANOTHER)
        )
        return
    if kept.leads == "cookie":  # it is asked again at once, with the cookie; killed meanwhile, it is still due
        return
    row = sa.and_(t.frontier.c.run == look.run, t.frontier.c.url == look.url)
    retry = decide.retry_at(kept.outcome, task.tries, kept.at + kept.ms, kept.retry_after, spread=spread)
    if retry is not None:
        c.execute(t.frontier.update().where(row).values(tries=task.tries + 1, due=retry, reason=str(kept.outcome)))
        return
    if task.kind is Kind.LIST and look.running and kept.outcome not in ANSWERED:
        list_pages.missed(c, kept, look.run, look.url, manner.queue_of)
    if kept.outcome in PASSING:
        c.execute(t.frontier.update().where(row).values(state=frontier.DEAD, reason=str(kept.outcome)))
        return
    if task.kind is Kind.LIST and not look.running:
        return  # the run gave this page up while it was asked for: its rows are still to be followed
    c.execute(t.frontier.delete().where(row))
    if (
        kept.outcome is Outcome.REDIRECTED
        and kept.location
        and look.running
        and (task.kind is Kind.LIST or (task.kind is Kind.DETAIL and kept.leads in ("", "itself")))
        and task.hops < MOST_HOPS
        and not (task.kind is Kind.LIST and list_pages.strays(c, look.run, look.url, kept.location))
    ):
        target = Seed(
            Request(kept.location),
            task.public_url,
            task.kind,
            manner.queue_of(task.source, kept.location),
            task.source,
            frontier.LIST if task.kind is Kind.LIST else frontier.NEW,
            kept.at,
            hops=task.hops + 1,
            via=task.key if task.kind is Kind.DETAIL else task.via,
        )
        if frontier.seed(c, look.run, [target]) and task.kind is Kind.LIST:
            list_pages.moved(c, look.run, look.url, frontier.ensure_urls(c, [target])[urls.key(target.request)])


def _is_being_read(c: Connection, look: _Look) -> bool:
    """Is a list as it was, and what it was still being read for another run? Its reading has room for one run that waits."""
    if not look.running or look.kept.outcome is not Outcome.NOT_MODIFIED or look.kept.task.kind is not Kind.LIST:
        return False
    query = (
        sa.select(t.readings.c.run)
        .join(t.urls, t.urls.c.last_capture == t.readings.c.capture)
        .where(t.urls.c.id == look.url, t.readings.c.state == PENDING)
    )
    row = c.execute(query).first()
    return row is not None and row.run != look.run


def resolve_originals(c: Connection, looks: Sequence[Kept]) -> None:
    """Revisits that were told before their originals find them now."""
    wanted = {look.capture.record_id: look.capture.original.record_id for look in looks if look.capture and look.capture.original}
    orphans = c.execute(
        sa.select(t.captures.c.id, t.captures.c.record).where(t.captures.c.type == "revisit", t.captures.c.original.is_(None))
    )
    for row in orphans.all():
        original = sa.select(t.captures.c.id).where(t.captures.c.record == wanted.get(row.record, "")).scalar_subquery()
        c.execute(t.captures.update().where(t.captures.c.id == row.id).values(original=original))
