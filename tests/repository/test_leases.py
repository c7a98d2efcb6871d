"""Queues held by several processes: leased, renewed and given back, many in one transaction."""

import sqlalchemy as sa

from crawler.politeness.pace import Pace
from crawler.repository import leases
from crawler.repository import schema as t
from crawler.repository.database import Connection, Database

NAMES = ["a.test", "b.test", "c.test"]


def until(c: Connection) -> dict[str, int]:
    """When each lease ends."""
    return {row.name: row.leased_until for row in c.execute(sa.select(t.queues.c.name, t.queues.c.leased_until))}


def test_of_several_queues_those_are_leased_that_nobody_holds(database: Database) -> None:
    with database.write() as c:
        (first,) = leases.lease(c, ["b.test"], "other", 0, 100)
        ours = leases.lease(c, NAMES, "me", 50, 150)
        assert {lease.queue for lease in ours} == {"a.test", "c.test"}
        (again,) = leases.lease(c, ["b.test"], "me", 101, 200)
        assert again.fence > first.fence


def test_only_a_lease_that_ends_soon_is_renewed_and_what_somebody_else_holds_is_told(database: Database) -> None:
    with database.write() as c:
        held = [leases.lease(c, [name], "me", 0, end)[0] for name, end in zip(NAMES, (100, 300, 50), strict=True)]
        leases.lease(c, ["c.test"], "other", 60, 400)
        assert leases.renew(c, held, now=100, length=400, ending=100) == {"c.test"}
        assert until(c) == {"a.test": 500, "b.test": 300, "c.test": 400}
        assert leases.renew(c, [], now=100, length=400, ending=100) == set()


def test_queues_are_given_back_with_their_pace_and_never_due_earlier_nor_by_a_stranger(database: Database) -> None:
    with database.write() as c:
        held = leases.lease(c, NAMES[:2], "me", 0, 100)
        c.execute(t.queues.update().where(t.queues.c.name == "b.test").values(next_at=900))
        leases.lease(c, ["a.test"], "other", 200, 300)
        leases.release(c, [(lease, Pace(next_at=700, last_end=600, latency=5, failures=1)) for lease in held], 1000)
        assert until(c) == {"a.test": 300, "b.test": 0}
        row = c.execute(sa.select(t.queues).where(t.queues.c.name == "b.test")).one()
        assert (row.owner, row.next_at, row.last_end, row.latency, row.failures) == (None, 900, 600, 5, 1)
