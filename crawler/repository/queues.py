"""Queues: one row for each politeness key. Held by a fenced lease; beside it when its host may be asked again, and how it is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.politeness.pace import FRESH, Pace
from crawler.repository import schema as t
from crawler.repository.database import Upsert, chunks
from crawler.repository.many import many


@dataclass(slots=True)
class QueueRow:
    """A row of `queues` while a batch is folded. `fence` None: nobody ever held it."""

    name: str
    fence: int | None = None
    pace: Pace = FRESH
    delay: Millis = 0
    last_ok: Millis | None = None


_q = t.queues.c
ROWS = (
    sa.select(
        _q.name, _q.fence, _q.delay, _q.last_ok,
        _q.next_at, _q.last_end, _q.latency, _q.failures, _q.broken_since, _q.blocked_since,
    )
    .where(_q.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(_q.name)
)  # fmt: skip
LOCKED = ROWS.with_for_update()
HELD = (
    t.queues.update()
    .where(_q.name == sa.bindparam("b_name"), _q.fence == sa.bindparam("b_fence"))
    .values(
        next_at=sa.bindparam("b_next_at"),
        last_end=sa.bindparam("b_last_end"),
        latency=sa.bindparam("b_latency"),
        failures=sa.bindparam("b_failures"),
        broken_since=sa.bindparam("b_broken"),
        blocked_since=sa.bindparam("b_blocked"),
        delay=sa.bindparam("b_delay"),
        last_ok=sa.bindparam("b_last_ok"),
    )
)


def _later(column: sa.Column[int], new: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """The later of two times; none is earlier than any."""
    return sa.case((sa.or_(column.is_(None), column < new), new), else_=column)


TOLD = Upsert(
    t.queues,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={name: _later(_q[name], insert.excluded[name]) for name in ("next_at", "last_end")}
        | {
            "last_ok": sa.case((insert.excluded.last_ok.is_(None), _q.last_ok), else_=_later(_q.last_ok, insert.excluded.last_ok))
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A queue whose breaker is open: since when, when it is asked again, failures in a row, addresses that wait for it."""

    name: str
    since: Millis
    until: Millis
    failures: int
    waiting: int


_waiting = (
    sa.select(sa.func.count())
    .where(t.frontier.c.queue == _q.name, t.frontier.c.state == "todo")
    .correlate(t.queues)
    .scalar_subquery()
)
BROKEN = (
    sa.select(_q.name, _q.broken_since, _q.next_at, _q.failures, _waiting).where(_q.broken_since.is_not(None)).order_by(_q.name)
)


def broken(c: Connection) -> list[Broken]:
    """The queues whose breaker is open."""
    return [Broken(*row) for row in c.execute(BROKEN)]


def load(c: Connection, names: Collection[str], *, lock: bool = False) -> dict[str, QueueRow]:
    """Those of these queues that are known. `lock`: held until the transaction ends."""
    query = LOCKED if lock else ROWS
    found = {}
    for some in chunks(sorted(names)):
        for name, fence, delay, last_ok, *known in c.execute(query, {"names": some}):
            found[name] = QueueRow(name, fence, Pace(*known), delay, last_ok)
    return found


_HELD_BY = sa.select(_q.name).where(_q.owner == sa.bindparam("owner"))
_REST = t.queues.update().where(_q.name == sa.bindparam("b_name")).values(next_at=sa.bindparam("b_next_at"))


def held_by(c: Connection, owner: str) -> list[str]:
    """The queues that a process holds, by its name."""
    return list(c.execute(_HELD_BY, {"owner": owner}).scalars())


def rest(c: Connection, rows: Iterable[QueueRow]) -> None:
    """These queues are not to be asked before their paces say."""
    values = [{"b_name": row.name, "b_next_at": row.pace.next_at} for row in sorted(rows, key=lambda row: row.name)]
    if values:
        c.execute(_REST, values)


def save(c: Connection, held: Iterable[QueueRow]) -> None:
    """Write how held queues are; one whose fence is another's by now is left alone."""
    rows = [
        {
            "b_name": row.name,
            "b_fence": row.fence,
            "b_next_at": row.pace.next_at,
            "b_last_end": row.pace.last_end,
            "b_latency": row.pace.latency,
            "b_failures": row.pace.failures,
            "b_broken": row.pace.broken,
            "b_blocked": row.pace.blocked,
            "b_delay": row.delay,
            "b_last_ok": row.last_ok,
        }
        for row in sorted(held, key=lambda row: row.name)
    ]
    if rows:
        many(c, HELD, rows)


def tell(c: Connection, told: Iterable[QueueRow]) -> None:
    """What the archive tells of queues: times that only move forward."""
    rows = [
        {
            "name": row.name,
            "leased_until": 0,
            "delay": 0,
            "next_at": row.pace.next_at,
            "last_end": row.pace.last_end,
            "last_ok": row.last_ok,
        }
        for row in sorted(told, key=lambda row: row.name)
    ]
    if rows:
        c.execute(TOLD(c), rows)
