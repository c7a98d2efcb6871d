"""Every stored moment that holds something back, dated by a clock that was ahead, and its healthy twin: put right, or left alone."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.model import Millis, Run, RunKind
from crawler.repository import frontier, leases, moments, runs
from crawler.repository import schema as t
from crawler.repository.database import Connection, Database

NOW: Millis = 1_700_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
LEASE = 120_000
RULES = moments.Rules(lambda _: 2_000, LEASE, (DAY, 3 * DAY, 90 * DAY), lambda failures: 6 * HOUR << (failures - 5), HOUR)
SKEWS = [2 * HOUR, 2 * DAY, 400 * DAY]


def fill(c: Connection, skew: Millis) -> None:
    """An archive whose last run was made by a clock that was so far ahead."""
    then = NOW + skew
    source = {"id": "s", "title": "s", "config_digest": "", "failures": 6, "rests_until": then + 12 * HOUR - 1_000}
    c.execute(t.sources.insert().values(**source, last_ok=then, last_new=then, health_since=then))
    for number, slot in enumerate((NOW - DAY, then, then + 1), 101):
        row = {"id": number, "source": "s", "kind": "list", "slot": slot, "started": min(slot, then)}
        c.execute(t.runs.insert().values(**row, ended=min(slot, then), result="skipped" if slot > then else "ok"))
    for number, rung in enumerate((DAY, 90 * DAY), 1):
        row = {
            "id": number,
            "key": f"k{number}",
            "method": "GET",
            "url": f"http://q.test/{number}",
            "public_url": "u",
            "queue": "q.test",
        }
        c.execute(t.urls.insert().values(**row, kind="detail", source="s", last_look=then, due=then + rung, first_missed=then))
    waiting = {"run": 101, "queue": "q.test", "priority": 0}
    c.execute(t.frontier.insert().values(**waiting, url=1, due=then))
    c.execute(t.frontier.insert().values(**waiting, url=2, due=then + 20 * HOUR, tries=1, reason="busy"))
    c.execute(
        t.queues.insert().values(
            name="q.test", delay=2_000, next_at=then + 2_000, last_end=then, last_ok=then, leased_until=then + LEASE
        )
    )
    c.execute(t.daemons.insert().values(owner="other", what="run", started=then, beat=then))
    c.execute(t.origins.insert().values(origin="http://q.test", fetched=then, expires=then + DAY, verdict="disallow"))
    c.execute(t.changes.insert().values(seq=1, kind="new", at=then, source="s"))
    c.execute(t.outbox.insert().values(change=1, channel="here", reminder=0, due=then + HOUR))
    c.execute(t.outbox.insert().values(change=1, channel="there", reminder=0, due=0, sent=then))
    c.execute(t.listings.insert().values(source="s", url=1, first_listed=then, last_listed=then))


LATEST: dict[str, tuple[str, Callable[[Millis], bool]]] = {
    "a queue's next request": ("SELECT next_at FROM queues", lambda at: at <= NOW + 2_000),
    "its last": ("SELECT last_end FROM queues", lambda at: at <= NOW),
    "when it was well": ("SELECT last_ok FROM queues", lambda at: at <= NOW),
    "its lease": ("SELECT leased_until FROM queues", lambda at: at <= NOW + LEASE),
    "an address nobody has tried": ("SELECT due FROM frontier WHERE tries = 0", lambda at: at <= NOW),
    "one that is tried again": ("SELECT due FROM frontier WHERE tries = 1", lambda at: at <= NOW + 20 * HOUR),
    "the ladder's first rung": ("SELECT due FROM urls WHERE id = 1", lambda at: at <= NOW + DAY),
    "its last rung": ("SELECT due FROM urls WHERE id = 2", lambda at: at <= NOW + 90 * DAY),
    "a first miss": ("SELECT max(first_missed) FROM urls", lambda at: at <= NOW),
    "a quarantine": ("SELECT rests_until FROM sources", lambda at: at <= NOW + 12 * HOUR),
    "a source's last news": ("SELECT last_new FROM sources", lambda at: at <= NOW),
    "a run": ("SELECT max(started) FROM runs", lambda at: at <= NOW),
    "a slot nobody fired": ("SELECT count(*) FROM runs WHERE result = 'skipped'", lambda count: count == 0),
    "a process": ("SELECT beat FROM daemons", lambda at: at <= NOW),
    "robots.txt": ("SELECT expires FROM origins", lambda at: at <= NOW),
    "an alarm": ("SELECT due FROM outbox WHERE channel = 'here'", lambda at: at <= NOW + HOUR),
    "a reminder": ("SELECT sent FROM outbox WHERE channel = 'there'", lambda at: at <= NOW),
    "a row of a list": ("SELECT max(first_listed) FROM listings", lambda at: at <= NOW),
}


@pytest.mark.parametrize("skew", SKEWS)
def test_nothing_is_held_back_longer_than_its_own_rule_asks(database: Database, skew: Millis) -> None:
    with database.write() as c:
        fill(c, skew)
        assert moments.ahead(c, "me", NOW) == skew
        moments.right(c, NOW, RULES, deep=True)
        held = {name: c.execute(sa.text(query)).scalar_one() for name, (query, _) in LATEST.items()}
        assert {name: value for name, value in held.items() if not LATEST[name][1](value)} == {}
        assert moments.ahead(c, "me", NOW) == 0
        assert frontier.queues_due(c, NOW + 2_000, 10) in ([], ["q.test"])
        (lease,) = leases.lease(c, ["q.test"], "me", NOW + LEASE, NOW + 2 * LEASE)
        assert [task.key for task in frontier.slice_(c, lease, NOW + LEASE, 10)] == ["k1"]


def test_what_a_clock_that_was_well_has_written_is_left_alone(database: Database) -> None:
    def everything(c: Connection) -> list[Any]:
        tables = (t.queues, t.frontier, t.urls, t.sources, t.runs, t.origins, t.outbox, t.listings, t.daemons)
        return [[tuple(row) for row in c.execute(sa.select(table))] for table in tables]

    with database.write() as c:
        fill(c, 0)
        c.execute(t.runs.delete().where(t.runs.c.result == "skipped"))
        before = everything(c)
        assert moments.ahead(c, "me", NOW) == 0
        assert moments.right(c, NOW, RULES, deep=False) == {}
        assert everything(c) == before


@pytest.mark.parametrize(
    ("table", "values", "column", "latest"),
    [
        (t.queues, {"next_at": NOW + 2 * DAY}, "next_at", NOW + 2_000),
        (t.queues, {"leased_until": NOW + 2 * DAY}, "leased_until", NOW + LEASE),
        (t.sources, {"rests_until": NOW + 10 * DAY}, "rests_until", NOW + 12 * HOUR),
        (t.urls, {"due": NOW + 400 * DAY}, "due", NOW + 90 * DAY),
        (t.frontier, {"due": NOW + 3 * DAY}, "due", NOW + DAY),
        (t.outbox, {"due": NOW + 2 * DAY, "sent": None}, "due", NOW + HOUR),
        (t.origins, {"expires": NOW + 3 * DAY}, "expires", NOW),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_one_moment_too_far_ahead_is_put_right_without_any_witness(
    database: Database, table: sa.Table, values: dict[str, int], column: str, latest: Millis
) -> None:
    with database.write() as c:
        fill(c, 0)
        c.execute(table.update().values(**values))
        assert moments.right(c, NOW, RULES, deep=False)
        assert c.execute(sa.select(sa.func.max(table.c[column]))).scalar_one() <= latest


def test_a_slot_that_a_clock_ahead_has_taken_is_still_fired_when_it_comes(database: Database) -> None:
    with database.write() as c:
        fill(c, 2 * HOUR)
        assert runs.last_slot(c, "s", RunKind.LIST, NOW) == NOW - DAY
        moments.right(c, NOW, RULES, deep=True)
        slot = NOW + 2 * HOUR
        fired = runs.fire(c, Run("s", RunKind.LIST, slot), (), slot)
        assert fired is not None
        assert runs.last_slot(c, "s", RunKind.LIST, slot + 1) == fired.slot
        assert runs.fire(c, Run("s", RunKind.LIST, slot), (), slot) is None


def test_a_clock_fault_is_remembered_and_the_oldest_forgotten(database: Database) -> None:
    with database.write() as c:
        assert moments.last_fault(c, 0) is None
        for number in range(30):
            moments.remember(c, moments.Fault(NOW + number, number))
        assert moments.last_fault(c, 0) == moments.Fault(NOW + 29, 29)
        assert moments.last_fault(c, NOW + 30) is None
        assert c.execute(sa.select(sa.func.count()).select_from(t.clock_faults)).scalar_one() <= moments.MOST_FAULTS
