"""Alarms on their way: which lines of the ledger somebody is told of, by which channel, and whether it was done.

A channel's cursor moves in the transaction that puts the lines into the outbox, so that none is left out and none stands twice. A row is
claimed before it is sent and marked afterwards: a process killed in between sends it again, none is lost.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import DOWN, SUSPECT, ChangeKind, Millis
from crawler.repository import changes, visible
from crawler.repository import schema as t
from crawler.repository.changes import ChangeView, Only
from crawler.repository.database import clean, upsert
from crawler.repository.search.facts import Facts, Origin, holds
from crawler.repository.search.plan import origins
from crawler.text.asked import Node

SENT, GROUPED, GIVEN_UP, WITHHELD = "sent", "grouped", "given up", "withheld"
BY_HAND = frozenset({"paused", "resumed"})  # what the operator did is no news to the operator


@dataclass(frozen=True, slots=True)
class Due:
    """An alarm to be sent: a line of the ledger, and what its source is now. `reminder` 0: the alarm itself."""

    change: ChangeView
    reminder: int
    tries: int
    title: str
    health: str
    trouble: str | None
    rests_until: Millis | None

    @property
    def is_over(self) -> bool:
        """A reminder of what is well again."""
        return self.reminder > 0 and self.health not in (SUSPECT, DOWN)


@dataclass(frozen=True, slots=True)
class Hears:
    """What a channel hears of: lines of these kinds, of these sources (None: all), of at least this rank; of those about a notice the ones
    whose version the query means."""

    kinds: frozenset[str]
    sources: frozenset[str] | None = None
    min_rank: int | None = None
    query: Node | None = None


@dataclass(frozen=True, slots=True)
class ChannelView:
    """How a channel is: the line of the ledger it has heard up to, alarms waiting, alarms given up, and what its last try ended with."""

    name: str
    cursor: int
    waiting: int
    given_up: int
    error: str | None


def enqueue(c: Connection, channels: Mapping[str, Hears], gather: Millis) -> int:
    """Put new lines of the ledger into the outbox; how many. `gather`: how long a line waits for others. A new channel hears of nothing
    that was before it."""
    newest: int = c.execute(sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))).scalar_one()
    count = 0
    known_sources = origins(c) if any(hears.query is not None for hears in channels.values()) else {}
    for name, hears in channels.items():
        known = c.execute(sa.select(t.channels.c.seq).where(t.channels.c.name == name).with_for_update()).scalar()
        if known is None:
            c.execute(upsert(c, t.channels).values(name=name, seq=newest).on_conflict_do_nothing())
            continue
        if known >= newest:
            continue
        rows = [
            {"change": row.seq, "channel": name, "reminder": 0, "due": row.at + gather}
            for row in c.execute(_lines(hears, known, newest))
            if not (row.kind == ChangeKind.HEALTH and any(f'"after": "{what}"' in row.detail for what in BY_HAND))
            and (hears.query is None or row.record is None or holds(hears.query, _facts(row, known_sources)))
        ]
        if rows:
            c.execute(upsert(c, t.outbox).on_conflict_do_nothing(), rows)
        c.execute(t.channels.update().where(t.channels.c.name == name).values(seq=newest))
        count += len(rows)
    return count


def _lines(hears: Hears, after: int, until: int) -> sa.Select[Any]:
    """The lines a channel may hear of; with the record of each notice where what it says decides."""
    h = t.changes.c
    version = sa.func.coalesce(h.after, sa.select(t.documents.c.version).where(t.documents.c.id == h.document).scalar_subquery())
    record = (
        sa.select(t.versions.c.record).where(t.versions.c.id == version).scalar_subquery()
        if hears.query is not None
        else sa.null()
    )
    d = t.documents.c
    query = (
        sa.select(h.seq, h.at, h.detail, h.kind, h.source, record.label("record"), d.presence, d.first_seen)
        .outerjoin(t.documents, d.id == h.document)
        .where(h.seq > after, h.seq <= until, h.kind.in_(sorted(hears.kinds)), sa.text(visible.line()))
    )
    if hears.sources is not None:
        query = query.where(h.source.in_(sorted(hears.sources)))
    if hears.min_rank is not None:
        query = query.where(h.rank >= hears.min_rank)
    return query.order_by(h.seq)


def _facts(row: sa.Row[Any], known: Mapping[str, Origin]) -> Facts:
    return Facts(row.record, known.get(row.source) or Origin(row.source, "", None, None), row.presence, row.first_seen)


def remind(c: Connection, names: Collection[str], now: Millis, after: Millis) -> int:
    """Put reminders of what is still not well into the outbox; how many. Paused sources are not reminded of."""
    latest = (
        sa.select(sa.func.max(t.changes.c.seq).label("seq"))
        .join(t.sources, t.sources.c.id == t.changes.c.source)
        .where(t.changes.c.kind == str(ChangeKind.HEALTH), t.sources.c.health.in_([SUSPECT, DOWN]), t.sources.c.paused.is_(None))
        .group_by(t.changes.c.source)
        .subquery()
    )
    o = t.outbox.c
    told = (
        sa.select(o.change, o.channel, sa.func.max(o.reminder).label("last"))
        .join(latest, latest.c.seq == o.change)
        .where(o.channel.in_(sorted(names)))
        .group_by(o.change, o.channel)
        .having(sa.func.max(o.sent) <= now - after, sa.func.count() == sa.func.count(o.sent))
    )
    rows = [{"change": row.change, "channel": row.channel, "reminder": row.last + 1, "due": now} for row in c.execute(told)]
    if rows:
        c.execute(upsert(c, t.outbox).on_conflict_do_nothing(), rows)
    return len(rows)


def claim(c: Connection, channel: str, now: Millis, until: Millis) -> list[Due]:
    """What is due on a channel, oldest first, nobody else's before `until`."""
    o = t.outbox.c
    rows = c.execute(
        sa.select(o.change, o.reminder, o.tries)
        .where(o.channel == channel, o.sent.is_(None), o.due <= now)
        .order_by(o.change)
        .with_for_update()
    ).all()
    found = []
    for row in rows:
        here = sa.and_(o.change == row.change, o.channel == channel, o.reminder == row.reminder)
        shown = changes.read(c, Only(after=row.change - 1), 1)
        if shown[0].withheld and shown[0].kind != ChangeKind.WITHHELD:
            c.execute(t.outbox.update().where(here).values(sent=now, result=WITHHELD))
            continue
        c.execute(t.outbox.update().where(here).values(due=until))
        source = c.execute(sa.select(t.sources).where(t.sources.c.id == shown[0].source)).first()
        if source is None:
            found.append(Due(shown[0], row.reminder, row.tries, shown[0].source, "", None, None))
        else:
            found.append(Due(shown[0], row.reminder, row.tries, source.title, source.health, source.trouble, source.rests_until))
    return found


def standing(c: Connection, channel: str, since: Millis) -> set[tuple[str, str, str]]:
    """(source, trouble, state) of alarms told on a channel since then whose source is still not well."""
    query = (
        sa.select(t.changes.c.seq)
        .join(t.outbox, t.outbox.c.change == t.changes.c.seq)
        .join(t.sources, t.sources.c.id == t.changes.c.source)
        .where(
            t.outbox.c.channel == channel,
            t.outbox.c.sent >= since,
            t.outbox.c.result == SENT,
            t.sources.c.health.in_([SUSPECT, DOWN]),
        )
    )
    lines = [line for seq in c.execute(query).scalars() for line in changes.read(c, Only(after=seq - 1), 1)]
    return {(line.source, str(line.detail.get("trouble")), str(line.detail.get("after"))) for line in lines}


def done(c: Connection, channel: str, rows: Sequence[Due], now: Millis, result: str) -> None:
    """These were told, or stand in what was told, or are given up."""
    for row in rows:
        c.execute(_row(channel, row).values(sent=now, result=result))
    if result == SENT:
        c.execute(t.channels.update().where(t.channels.c.name == channel).values(error=None))


def failed(c: Connection, channel: str, rows: Sequence[Due], due: Millis, error: str) -> None:
    """These could not be told; they are tried again at `due`."""
    for row in rows:
        c.execute(_row(channel, row).values(due=due, tries=row.tries + 1))
    c.execute(t.channels.update().where(t.channels.c.name == channel).values(error=clean(error)[:500]))


def _row(channel: str, row: Due) -> sa.Update:
    o = t.outbox.c
    return t.outbox.update().where(o.change == row.change.seq, o.channel == channel, o.reminder == row.reminder)


def channels(c: Connection) -> list[ChannelView]:
    """How every channel is that was ever used."""
    o = t.outbox.c
    query = (
        sa.select(
            t.channels.c.name,
            t.channels.c.seq,
            sa.func.count(o.change).filter(o.sent.is_(None)).label("waiting"),
            sa.func.count(o.change).filter(o.result == GIVEN_UP).label("given_up"),
            t.channels.c.error,
        )
        .outerjoin(t.outbox, o.channel == t.channels.c.name)
        .group_by(t.channels.c.name, t.channels.c.seq, t.channels.c.error)
        .order_by(t.channels.c.name)
    )
    return [ChannelView(*row) for row in c.execute(query)]
