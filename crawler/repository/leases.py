"""Leases: who holds a queue until when, under a fence that only grows. Leased, renewed and given back, many in one transaction."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.politeness import clocks
from crawler.politeness.host import Lease
from crawler.politeness.pace import Pace
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, upsert

_LEASE = (
    t.queues.update()
    .where(
        t.queues.c.name.in_(sa.bindparam("names", expanding=True)),
        sa.or_(t.queues.c.leased_until <= sa.bindparam("now"), t.queues.c.owner == sa.bindparam("holder")),
    )
    .values(fence=t.queues.c.fence + 1, owner=sa.bindparam("holder"), leased_until=sa.bindparam("until"))
    .returning(t.queues)
)


def lease(c: Connection, names: Sequence[str], owner: str, now: Millis, until: Millis) -> list[Lease]:
    """Hold queues until `until`: those that nobody else holds. Each lease of a queue has a higher fence than all before it.

    What `owner` holds already is leased anew: it asks for what it does not know to be its own, when it never heard that it got it.
    """
    listed = sorted(names)  # everybody locks rows in one order
    c.execute(
        upsert(c, t.queues).on_conflict_do_nothing(),
        [{"name": name, "leased_until": 0, "next_at": 0, "delay": 0} for name in listed],
    )
    rows = c.execute(_LEASE, {"names": listed, "now": now, "holder": owner, "until": until})
    return [Lease(row.name, owner, row.fence, pace_of(row)) for row in rows]


def pace_of(row: AnyRow) -> Pace:
    """What a row of the queues says of its pace."""
    return Pace(row.next_at, row.last_end, row.latency, row.failures, row.broken_since, row.blocked_since)


def pace_values(pace: Pace) -> dict[str, int | None]:
    """The columns that hold a pace."""
    return {
        "next_at": pace.next_at,
        "last_end": pace.last_end,
        "latency": pace.latency,
        "failures": pace.failures,
        "broken_since": pace.broken,
        "blocked_since": pace.blocked,
    }


_HOLDERS = sa.select(t.queues.c.name, t.queues.c.owner, t.queues.c.fence, t.queues.c.leased_until).where(
    t.queues.c.name.in_(sa.bindparam("names", expanding=True))
)
_HELD = sa.and_(
    t.queues.c.name == sa.bindparam("held"),
    t.queues.c.fence == sa.bindparam("fenced"),
    t.queues.c.owner == sa.bindparam("holder"),
)
_RENEW = t.queues.update().where(_HELD).values(leased_until=sa.bindparam("until"))
_RELEASE = (
    t.queues.update()
    .where(_HELD)
    .values(
        leased_until=0,
        owner=None,
        next_at=sa.case(
            # what a clock that was ahead has written holds nothing back
            (t.queues.c.last_end > sa.bindparam("past"), sa.bindparam("new_next_at")),
            (t.queues.c.next_at < sa.bindparam("new_next_at"), sa.bindparam("new_next_at")),
            else_=t.queues.c.next_at,
        ),
        **{name: sa.bindparam(f"new_{name}") for name in ("last_end", "latency", "failures", "broken_since", "blocked_since")},
    )
)


def renew(c: Connection, leases: Sequence[Lease], now: Millis, length: Millis, ending: Millis) -> set[str]:
    """Hold on to leased queues: those whose lease ends within `ending`, or later than `length` from now (a clock was set back), get
    it for `length`. The names of what somebody else holds now."""
    rows = {row.name: row for row in c.execute(_HOLDERS, {"names": sorted(held.queue for held in leases)})} if leases else {}
    ours = [held for held in leases if (row := rows.get(held.queue)) and (row.owner, row.fence) == (held.owner, held.fence)]
    renewed = [
        _identity(held) | {"until": now + length}
        for held in ours
        if not now + ending <= rows[held.queue].leased_until <= now + length
    ]
    if renewed:
        c.execute(_RENEW, renewed)
    return {held.queue for held in leases} - {held.queue for held in ours}


def release(c: Connection, held: Sequence[tuple[Lease, Pace]], now: Millis) -> None:
    """Give queues back with what is known of them by now; nothing makes one due earlier than it was."""
    past = now + clocks.TOLERANCE
    rows = [
        _identity(lease) | {"past": past} | {f"new_{name}": value for name, value in pace_values(pace).items()}
        for lease, pace in held
    ]
    c.execute(_RELEASE, sorted(rows, key=lambda row: str(row["held"])))


def _identity(held: Lease) -> dict[str, Any]:
    return {"held": held.queue, "fenced": held.fence, "holder": held.owner}


def release_owner(c: Connection, owner: str) -> None:
    """Give back everything a process held that is gone."""
    c.execute(t.queues.update().where(t.queues.c.owner == owner).values(leased_until=0, owner=None))
