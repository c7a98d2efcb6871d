"""How fast a queue may be asked: latency, failures, Retry-After, the breaker, hours of the day."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Millis, Outcome
from crawler.politeness.budget import Budget, Spending
from crawler.politeness.hours import Window
from crawler.politeness.pace import (
    BREAK_AFTER,
    FIRST_BREAK,
    LONGEST_BREAK,
    LONGEST_LATENCY,
    NOT_ASKED,
    TROUBLE,
    Pace,
    after,
)

LEAST = 2000


def went(*answers: tuple[Outcome, Millis], pace: Pace | None = None) -> Pace:
    """The pace after these answers, each (outcome, ms), asked as early as the pace allows."""
    known = pace or Pace()
    for outcome, ms in answers:
        known = after(known, outcome, at=known.next_at, ms=ms, least=LEAST, retry_after=None)
    return known


def test_the_pause_counts_from_the_end_of_the_answer() -> None:
    assert after(Pace(), Outcome.OK, at=1000, ms=700, least=LEAST, retry_after=None).next_at == 1000 + 700 + LEAST


def test_a_slow_server_gets_longer_pauses_and_a_fast_one_no_shorter_than_configured() -> None:
    slow = went(*[(Outcome.OK, 9000)] * 8)
    assert LEAST < slow.pause(LEAST) <= 9000
    assert went(*[(Outcome.OK, 10)] * 12, pace=slow).pause(LEAST) == LEAST
    assert went(*[(Outcome.OK, 600_000)] * 9).pause(LEAST) == LONGEST_LATENCY


def test_hosts_of_our_own_that_need_no_pause_get_none() -> None:
    slow = went(*[(Outcome.OK, 9000)] * 8)
    assert slow.pause(0) == 0
    assert went(*[(Outcome.TIMEOUT, 5)] * BREAK_AFTER).pause(0) == FIRST_BREAK


@pytest.mark.parametrize("outcome", sorted(TROUBLE | {Outcome.NOT_FOUND, Outcome.FORBIDDEN, Outcome.TRUNCATED}))
def test_an_error_never_speeds_up(outcome: Outcome) -> None:
    slow = went((Outcome.OK, 16_000))
    assert went((outcome, 1), pace=slow).pause(LEAST) >= slow.pause(LEAST)


@pytest.mark.parametrize("outcome", [Outcome.SERVER_ERROR, Outcome.TRUNCATED, Outcome.NETWORK_ERROR])
def test_each_failure_in_a_row_doubles_the_pause_and_a_good_answer_ends_it(outcome: Outcome) -> None:
    pauses = [went(*[(outcome, 5)] * n).pause(LEAST) for n in range(BREAK_AFTER)]
    assert pauses == [LEAST << n for n in range(BREAK_AFTER)]
    assert went(*[(Outcome.SERVER_ERROR, 5)] * 3, (Outcome.OK, 5)).pause(LEAST) == LEAST


def test_retry_after_is_waited_for() -> None:
    assert after(Pace(), Outcome.BUSY, at=0, ms=5, least=LEAST, retry_after=90_000).next_at == 90_000


def test_the_breaker_opens_after_failures_in_a_row_and_closes_after_one_good_answer() -> None:
    broken = went(*[(Outcome.TIMEOUT, 60_000)] * BREAK_AFTER)
    assert broken.broken == broken.last_end
    assert broken.next_at == broken.last_end + FIRST_BREAK
    again = went((Outcome.NETWORK_ERROR, 5), pace=broken)
    assert (again.broken, again.next_at - again.last_end) == (broken.broken, 2 * FIRST_BREAK)
    assert went(*[(Outcome.NETWORK_ERROR, 5)] * 20, pace=broken).pause(LEAST) == LONGEST_BREAK
    assert went((Outcome.NOT_FOUND, 5), pace=again).broken is None


def test_what_was_not_asked_changes_nothing() -> None:
    known = went((Outcome.SERVER_ERROR, 5))
    for outcome in NOT_ASKED:
        assert after(known, outcome, at=10**9, ms=0, least=LEAST, retry_after=None) == known


def test_a_wall_is_remembered_since_it_was_first_met() -> None:
    met = went((Outcome.BLOCKED, 5), (Outcome.BLOCKED, 5))
    assert met.blocked == 0
    assert went((Outcome.OK, 5), pace=met).blocked is None


def moment(text: str) -> Millis:
    """A moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("window", "at", "opens"),
    [
        (Window(480, 1200), "2024-05-01 08:00", None),
        (Window(480, 1200), "2024-05-01 19:59:59", None),
        (Window(480, 1200), "2024-05-01 20:00", "2024-05-02 08:00"),
        (Window(480, 1200), "2024-05-01 07:59:30", "2024-05-01 08:00"),
        (Window(1320, 90), "2024-05-01 23:00", None),
        (Window(1320, 90), "2024-05-01 01:00", None),
        (Window(1320, 90), "2024-05-01 02:00", "2024-05-01 22:00"),
        (Window(480, 1200, "Asia/Shanghai"), "2024-05-01 01:00", None),
        (Window(480, 1200, "Asia/Shanghai"), "2024-05-01 12:30", "2024-05-02 00:00"),
        (Window(0, 1440), "2024-05-01 12:30", None),
        (Window(480, 1440), "2024-05-01 23:59", None),
    ],
)
def test_hours_of_the_day_are_those_of_their_time_zone(window: Window, at: str, opens: str | None) -> None:
    assert window.opens(moment(at)) == (moment(opens) if opens else None)


@given(st.integers(0, 1440), st.integers(0, 1440), st.integers(0, 4 * 10**12), st.sampled_from(["UTC", "Asia/Shanghai"]))
def test_a_window_that_opens_is_open_then(start: int, end: int, at: Millis, zone: str) -> None:
    window = Window(start, end if end != start % 1440 else end + 1, zone)
    opens = window.opens(at)
    if opens is not None:
        assert at < opens <= at + 86_400_000
        assert window.opens(opens) is None


def test_a_purse_says_which_limit_is_reached() -> None:
    assert Spending(Budget(), 0, 10**9, 10**12).spent(10**12) == ""
    assert Spending(Budget(requests=2), 0, 1).spent(0) == ""
    assert Spending(Budget(requests=2), 0, 2).spent(0) == "budget of 2 requests"
    assert Spending(Budget(bytes=100), 0, 0, 100).spent(0) == "budget of 100 bytes"
    assert Spending(Budget(time_ms=5000), 1000).spent(6000) == "budget of 5 seconds"
    assert not Budget()
    assert Budget(requests=1)
