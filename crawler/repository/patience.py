"""What runs wait for that their hosts, or visiting hours, put off: when it may be asked, and giving it up."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis, Outcome
from crawler.repository import frontier, runs
from crawler.repository import schema as t

_resting = t.queues.alias("resting")
_waits = sa.and_(
    t.frontier.c.run.in_(sa.bindparam("runs", expanding=True)),
    t.frontier.c.state == frontier.TODO,
    sa.or_(
        sa.and_(
            t.frontier.c.due > sa.bindparam("until"),
            sa.or_(t.frontier.c.reason.is_(None), t.frontier.c.reason == str(Outcome.BUSY)),
        ),
        t.frontier.c.queue.in_(sa.select(_resting.c.name).where(_resting.c.next_at > sa.bindparam("until"))),
    ),
)
_asked_at = sa.case((t.queues.c.next_at > t.frontier.c.due, t.queues.c.next_at), else_=t.frontier.c.due)
PUT_OFF = (
    sa.select(sa.func.min(_asked_at))
    .select_from(t.frontier)
    .outerjoin(t.queues, t.queues.c.name == t.frontier.c.queue)
    .where(_waits)
)


def put_off(c: Connection, ids: Collection[int], until: Millis) -> Millis | None:
    """When the first of what these runs wait for may be asked for that their hosts, or visiting hours, put off beyond a moment; None:
    nothing is put off so far. Tries of ours after a failure are no such thing: they are few."""
    found: Millis | None = c.execute(PUT_OFF, {"runs": sorted(ids), "until": until}).scalar()
    return found


def shelve_put_off(c: Connection, ids: Collection[int], until: Millis, reason: str) -> set[int]:
    """Mark as dead what these runs wait for and is put off beyond a moment; the runs concerned."""
    shelved = frontier.shelve(c, _waits.params(runs=sorted(ids), until=until), reason)
    runs.read_without(c, shelved)
    return {number for number, _ in shelved}


def given_up(c: Connection, ids: Collection[int]) -> dict[str, int]:
    """Why these runs gave addresses up without a look, and how many."""
    f = t.frontier.c
    query = (
        sa.select(f.reason, sa.func.count().label("n"))
        .where(f.run.in_(sorted(ids)), f.state == frontier.DEAD, f.reason.like(f"{frontier.SHELVED}%"))
        .group_by(f.reason)
        .order_by(sa.func.count().desc(), f.reason)
    )
    return {row.reason.removeprefix(frontier.SHELVED): row.n for row in c.execute(query)}
