"""Schedules: what is due, what was skipped, what comes next."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.config.cron import Schedule, check
from crawler.scheduler.slots import MOST_SKIPPED, due_slot, jitter

DAILY = Schedule("0 8 * * *", "Asia/Shanghai")
MINUTE = 60_000


def at(text: str) -> int:
    """Milliseconds of a time in Shanghai."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)


def test_a_slot_that_was_taken_is_not_due_again() -> None:
    slots = due_slot(DAILY, at("2026-03-05 08:00"), at("2026-03-05 09:00"))
    assert (slots.due, slots.skipped, slots.next) == (None, (), at("2026-03-06 08:00"))


def test_a_slot_is_due_from_its_very_millisecond() -> None:
    last = at("2026-03-05 08:00")
    assert due_slot(DAILY, last, at("2026-03-06 08:00") - 1).due is None
    assert due_slot(DAILY, last, at("2026-03-06 08:00")).due == at("2026-03-06 08:00")
    assert due_slot(DAILY, last, at("2026-03-06 08:00")).next == at("2026-03-07 08:00")


def test_missed_slots_become_one_and_the_older_ones_are_named() -> None:
    slots = due_slot(DAILY, at("2026-03-01 08:00"), at("2026-03-05 09:00"))
    assert slots.due == at("2026-03-05 08:00")
    assert slots.skipped == (at("2026-03-02 08:00"), at("2026-03-03 08:00"), at("2026-03-04 08:00"))


@pytest.mark.parametrize("now", ["2026-03-05 08:00", "2026-03-05 13:59", "2026-03-06 07:59"])
def test_a_source_never_crawled_is_due_in_the_slot_every_daemon_computes(now: str) -> None:
    assert due_slot(DAILY, None, at(now)).due == at("2026-03-05 08:00")
    assert due_slot(DAILY, None, at(now)).skipped == ()


def test_a_source_never_crawled_is_due_even_on_the_rarest_schedule() -> None:
    """29 February on a Monday: 2016, then 2044."""
    leap = Schedule("0 0 29 2 mon", "Asia/Shanghai")
    assert due_slot(leap, None, at("2026-03-05 08:00")).due == at("2016-02-29 00:00")
    assert due_slot(leap, None, at("2026-03-05 08:00")).next == at("2044-02-29 00:00")


def test_a_year_of_missed_minutes_is_capped_and_the_newest_are_kept() -> None:
    now = at("2026-03-05 08:00")
    slots = due_slot(Schedule("* * * * *", "Asia/Shanghai"), now - 366 * 86_400_000, now)
    assert slots.due == now
    assert len(slots.skipped) == MOST_SKIPPED
    assert slots.skipped[-1] == now - MINUTE
    assert slots.skipped[0] == now - MOST_SKIPPED * MINUTE


def test_a_clock_that_went_back_makes_nothing_due() -> None:
    assert due_slot(DAILY, at("2026-03-09 08:00"), at("2026-03-05 09:00")).due is None


def test_the_fields_are_read_in_the_schedules_own_zone() -> None:
    utc = due_slot(Schedule("0 8 * * *", "UTC"), None, at("2026-03-05 17:00"))
    assert utc.due == at("2026-03-05 16:00")


@pytest.mark.parametrize("cron", ["0 8 * * *", "*/15 8-18 * * mon-fri", "0 8,20 1 JAN,jul sat,sun", "30 6 last * *"])
def test_a_schedule_that_fires_is_accepted(cron: str) -> None:
    check(cron, "Asia/Shanghai")
    assert due_slot(Schedule(cron, "Asia/Shanghai"), None, at("2026-03-05 08:00")).due is not None


@pytest.mark.parametrize(
    ("cron", "named"),
    [
        ("0 8 * *", "five fields"),
        ("0 8 * * * *", "five fields"),
        ("61 * * * *", "minute:"),
        ("0 25 * * *", "hour:"),
        ("0 0 32 * *", "day:"),
        ("0 0 * foo *", "month:"),
        ("0 0 * * 1", "weekday:"),
        ("0 0 * * 1-5", "weekday:"),
        ("0 0 * * fri-mon", "weekday:"),
        ("*/0 * * * *", "minute:"),
        ("0 0 30 2 *", "never fires"),
    ],
)
def test_a_bad_schedule_is_refused_by_the_name_of_its_field(cron: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        check(cron)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        check("0 8 * * *", zone)


def test_jitter_is_the_same_everywhere_and_spread_over_the_span() -> None:
    delays = [jitter(f"source-{n}", at("2026-03-05 08:00"), 60_000) for n in range(200)]
    assert delays == [jitter(f"source-{n}", at("2026-03-05 08:00"), 60_000) for n in range(200)]
    assert min(delays) >= 0
    assert max(delays) < 60_000
    assert max(delays) - min(delays) > 50_000
    assert jitter("source", 1, 0) == 0
