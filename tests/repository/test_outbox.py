"""The outbox and the figures of a source's condition, on both databases."""

import sqlalchemy as sa

from crawler.model import ChangeKind, Expect
from crawler.monitor import condition
from crawler.repository import outbox, runs
from crawler.repository import schema as t
from crawler.repository.changes import NewChange, append
from crawler.repository.database import Database
from crawler.repository.outbox import Hears

DAY = 86_400_000
NOW = 1_725_000_000_000


def told(database: Database) -> list[tuple[object, ...]]:
    """(change, reminder, tries, result) of the outbox."""
    o = t.outbox.c
    with database.read() as c:
        return [
            tuple(row) for row in c.execute(sa.select(o.change, o.reminder, o.tries, o.result).order_by(o.change, o.reminder))
        ]


def test_a_line_goes_from_the_ledger_through_the_outbox_once(database: Database) -> None:
    with database.write() as c:
        runs.sync_sources(c, [runs.SourceRow("s", "甲", "", enabled=True)])
        assert outbox.enqueue(c, {"duty": Hears(frozenset({"health"}))}, 0) == 0
    with database.write() as c:
        c.execute(t.sources.update().values(health="suspect", trouble="list empty"))
        detail = {"before": "ok", "after": "suspect", "trouble": "list empty", "reasons": ["list has 0 rows"]}
        append(c, [NewChange(ChangeKind.HEALTH, NOW, "s", detail=detail), NewChange(ChangeKind.GONE, NOW, "s")])
    with database.write() as c:
        assert outbox.enqueue(c, {"duty": Hears(frozenset({"health"}))}, 1000) == 1
        assert outbox.enqueue(c, {"duty": Hears(frozenset({"health"}))}, 1000) == 0
        assert outbox.claim(c, "duty", NOW, NOW + 5000) == []
        (due,) = outbox.claim(c, "duty", NOW + 1000, NOW + 5000)
        assert (due.title, due.health, due.change.detail["after"]) == ("甲", "suspect", "suspect")
        assert outbox.claim(c, "duty", NOW + 2000, NOW + 6000) == []
        outbox.failed(c, "duty", [due], NOW + 9000, "busy\0")
        (again,) = outbox.claim(c, "duty", NOW + 9000, NOW + 12_000)
        assert again.tries == 1
        outbox.done(c, "duty", [again], NOW + 9500, outbox.SENT)
    assert told(database) == [(1, 0, 1, "sent")]
    with database.write() as c:
        assert outbox.standing(c, "duty", NOW) == {("s", "list empty", "suspect")}
        assert outbox.remind(c, ["duty"], NOW + DAY, 2 * DAY) == 0
        assert outbox.remind(c, ["duty"], NOW + 3 * DAY, 2 * DAY) == 1
        assert outbox.remind(c, ["duty"], NOW + 9 * DAY, 2 * DAY) == 0  # the first reminder is not sent yet
        (reminder,) = outbox.claim(c, "duty", NOW + 3 * DAY, NOW + 4 * DAY)
        assert (reminder.reminder, reminder.is_over) == (1, False)
        (shown,) = outbox.channels(c)
        assert (shown.waiting, shown.given_up, shown.error) == (1, 0, None)


def test_a_pause_is_a_line_of_the_ledger_and_no_alarm(database: Database) -> None:
    with database.write() as c:
        runs.sync_sources(c, [runs.SourceRow("s", "甲", "", enabled=True)])
        outbox.enqueue(c, {"duty": Hears(frozenset({"health"}))}, 0)
    with database.write() as c:
        assert runs.pause(c, "s", NOW, "rebuilt")
        assert runs.is_held(c, "s", NOW)
    with database.write() as c:
        assert not runs.pause(c, "s", NOW)
        c.execute(t.sources.update().values(rests_until=NOW + DAY))
        assert runs.resume(c, "s", NOW)
        assert not runs.is_held(c, "s", NOW)
    with database.write() as c:
        assert outbox.enqueue(c, {"duty": Hears(frozenset({"health"}))}, 0) == 0
        assert c.execute(sa.select(sa.func.count()).select_from(t.changes)).scalar_one() == 2


def test_a_source_that_never_ran_has_a_condition_without_figures(database: Database) -> None:
    with database.write() as c:
        runs.sync_sources(c, [runs.SourceRow("s", "甲", "", enabled=True)])
    with database.read() as c:
        shown = condition.conditions(c, {"s": Expect(rows=5), "other": Expect()}, NOW)
    assert set(shown) == {"s"}
    assert (shown["s"].state, shown["s"].rows, shown["s"].expected, shown["s"].looks, shown["s"].overdue) == (
        "ok",
        None,
        5,
        0,
        None,
    )
