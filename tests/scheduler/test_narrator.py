"""What the daemon says of what happened: a line a run, a line a change."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from crawler.repository.changes import ChangeView
from crawler.repository.runs import BUSY, NOBODY
from crawler.repository.story import Chapter, Place, RunStory
from crawler.scheduler.narrator import Said, Standing, told

ZONE = ZoneInfo("America/New_York")
AT = 1_725_000_000_000
COUNTS = {
    "looks": 7,
    "new": 2,
    "edit": 1,
    "failed": 1,
    "bytes": 900,
    "skip:known": 12,
    "skip:other host": 1,
    "skip:limit": 0,
    "gone": 1,
}


def run(number: int, result: str, *, slot: int = AT, **counts: int) -> RunStory:
    """A run of one source."""
    return RunStory(number, "s", "list", slot, AT, AT + 4200, result, counts)


def chapter(
    *runs: RunStory,
    lines: tuple[ChangeView, ...] = (),
    breakers: dict[str, int] | None = None,
    resting: dict[str, int] | None = None,
) -> Chapter:
    """What is there."""
    return Chapter(Place(9, frozenset(), 9), runs, lines, breakers or {}, resting or {})


def test_a_run_is_one_line_with_its_slot_in_the_configured_zone() -> None:
    (said,) = told(Standing(), chapter(run(1, "ok", **COUNTS)), ZONE)
    assert (said.event, said.bad) == ("run", False)
    assert said.values == {
        "source": "s", "kind": "list", "slot": "2024-08-30T02:40:00-04:00", "result": "ok", "looks": 7, "new": 2, "edited": 1, "failed": 1,
        "skipped": "12 known, 1 other host", "seconds": 4.2, "bytes": 900, "gone": 1,
    }  # fmt: skip
    assert [said.bad for said in told(Standing(), chapter(run(1, "failed"), run(2, "suspect")), ZONE)] == [True, True]


def test_slots_that_were_not_fired_are_one_line_for_a_source() -> None:
    slots = [replace(run(number, "skipped", slot=AT + number * 3_600_000), trouble=NOBODY) for number in range(3)]
    busy = replace(run(4, "skipped", slot=AT + 3 * 3_600_000), trouble=BUSY)
    said, last = told(Standing(), chapter(*slots, busy), ZONE)
    assert (said.values["reason"], last.values["reason"], last.values["slots"]) == (NOBODY, BUSY, 1)
    assert (said.event, said.values["slots"], said.values["first"][11:13], said.values["last"][11:13]) == (
        "slots skipped",
        3,
        "02",
        "04",
    )


def test_breakers_and_quarantines_are_told_when_they_change_only() -> None:
    opened = chapter(breakers={"a.test": AT}, resting={"s": AT})
    assert [said.event for said in told(Standing(), opened, ZONE)] == ["breaker open", "quarantine"]
    before = Standing(opened.breakers, opened.resting)
    assert list(told(before, chapter(breakers={"a.test": AT + 5}, resting={"s": AT}), ZONE)) == []
    longer = chapter(breakers={"a.test": AT + 5}, resting={"s": AT + 9})
    assert [said.event for said in told(before, longer, ZONE)] == ["quarantine"]
    assert [said.event for said in told(before, chapter(), ZONE)] == ["breaker closed", "quarantine over"]


def test_a_change_of_health_says_from_what_to_what_and_why() -> None:
    detail = {"before": "ok", "after": "suspect", "trouble": "list empty", "reasons": ["list has 0 rows"]}
    line = ChangeView(1, AT, "health", "s", 70, detail, None, None, None, None, None, None, None, None, None)
    assert list(told(Standing(), chapter(lines=(line,)), ZONE)) == [
        Said("health", bad=True, values={"source": "s", "before": "ok", "after": "suspect", "trouble": "list empty", "reasons": ["list has 0 rows"]})
    ]  # fmt: skip
