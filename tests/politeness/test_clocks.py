"""What is believed of stored moments: the family of every moment that holds something back, each beside its healthy twin."""

import pytest

from crawler.model import Millis, Outcome
from crawler.monitor import health
from crawler.politeness import clocks
from crawler.politeness.clocks import Drift
from crawler.politeness.pace import LONGEST_PAUSE, LONGEST_WAIT, Pace, after
from crawler.politeness.worker import PROBE_FRESH, ROBOTS_FRESH

NOW: Millis = 1_700_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
SKEWS = [2 * HOUR, 2 * DAY, 400 * DAY]
LEAST = 2_000


@pytest.mark.parametrize("skew", SKEWS)
def test_a_queue_that_a_clock_ahead_has_asked_waits_one_pause_and_no_more(skew: Millis) -> None:
    was = after(Pace(), Outcome.OK, at=NOW + skew, ms=100, least=LEAST, retry_after=None)
    right = was.put_right(NOW, LEAST)
    assert right.last_end <= NOW
    assert right.next_at <= NOW + LEAST


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("failures", [1, 4, 5, 9])
def test_a_server_in_trouble_keeps_the_rest_it_had_been_given(skew: Millis, failures: int) -> None:
    """What its breaker or its Retry-After asked for counts from now: neither forgotten nor longer."""
    asked = NOW + skew + 5 * HOUR
    was = Pace(failures=failures - 1, broken=NOW + skew if failures > 5 else None)
    was = after(was, Outcome.BUSY, at=NOW + skew, ms=0, least=LEAST, retry_after=asked)
    right = was.put_right(NOW, LEAST)
    assert right.next_at - NOW == was.next_at - (NOW + skew)
    assert right.failures == failures
    assert right.broken is None or right.broken <= NOW


@pytest.mark.parametrize(
    "known",
    [
        Pace(),
        Pace(next_at=NOW + LEAST, last_end=NOW),
        Pace(next_at=NOW + LONGEST_PAUSE, last_end=NOW - 1),
        Pace(next_at=NOW + LONGEST_WAIT, last_end=NOW, failures=1),
        Pace(next_at=NOW + 3 * HOUR, last_end=NOW, failures=6, broken=NOW - DAY, blocked=NOW - DAY),
        Pace(next_at=NOW + LEAST + 3_000, last_end=NOW + 3_000),  # another machine's clock, three seconds ahead
    ],
)
def test_a_pace_that_its_rules_could_have_made_is_left_as_it_is(known: Pace) -> None:
    assert known.put_right(NOW, LEAST) == known


def test_a_wait_that_no_rule_asks_for_is_none_even_without_a_witness() -> None:
    assert Pace(next_at=NOW + 2 * DAY, last_end=NOW - 5_000).put_right(NOW, LEAST).next_at == NOW
    assert Pace(next_at=NOW + 2 * DAY, last_end=NOW, failures=2).put_right(NOW, LEAST).next_at <= NOW + 4 * LEAST


@pytest.mark.parametrize("longest", [0, 120_000, HOUR, LONGEST_WAIT, 90 * DAY], ids=["seed", "lease", "alarm", "retry", "rung"])
def test_what_is_held_back_is_held_no_longer_than_its_rule_asks(longest: Millis) -> None:
    assert clocks.bounded(NOW + longest, NOW, longest) == NOW + longest
    assert clocks.bounded(NOW + longest // 2, NOW, longest) == NOW + longest // 2
    assert clocks.bounded(NOW - DAY, NOW, longest) == NOW - DAY
    for skew in SKEWS:
        assert clocks.bounded(NOW + longest + skew, NOW, longest) == NOW
        assert clocks.shifted(NOW + longest + skew, NOW + skew, NOW, longest) == NOW + longest


@pytest.mark.parametrize("failures", [5, 6, 20])
def test_a_quarantine_lasts_as_long_as_its_failures_ask(failures: int) -> None:
    rest = health.rest(failures, 0)
    assert rest is not None
    assert clocks.bounded(NOW + rest, NOW, rest) == NOW + rest
    assert clocks.bounded(NOW + 2 * DAY + rest, NOW, rest) == NOW


@pytest.mark.parametrize("longest", [ROBOTS_FRESH, PROBE_FRESH], ids=["robots.txt", "probe"])
def test_what_was_learned_in_the_future_is_not_known(longest: Millis) -> None:
    assert clocks.is_fresh(NOW - 1, NOW - 1 + longest, NOW, longest)
    assert clocks.is_fresh(NOW + 2_000, NOW + 2_000 + longest, NOW, longest)
    assert not clocks.is_fresh(NOW - longest, NOW, NOW, longest)
    for skew in SKEWS:
        assert not clocks.is_fresh(NOW + skew, NOW + skew + longest, NOW, longest)
        assert not clocks.is_fresh(NOW - 1, NOW + skew + longest, NOW, longest)


def test_a_clock_that_is_set_is_noticed_and_one_that_drifts_is_not() -> None:
    drift = Drift.begin(NOW, 0)
    assert drift.moved(NOW + 1_000, 1_000) == 0
    assert drift.moved(NOW + 2_400, 2_000) == 0
    assert drift.moved(NOW + 2_400 + 2 * HOUR, 2_000) == 2 * HOUR
    assert drift.moved(NOW + 3_400 + 2 * HOUR, 3_000) == 0
    assert drift.moved(NOW + 4_400, 4_000) == -2 * HOUR


@pytest.mark.parametrize(
    ("ms", "said"), [(2 * DAY, "2 days"), (-7_200_000, "2 hours"), (90_000, "90 seconds"), (180_000, "3 minutes")]
)
def test_a_length_of_time_is_said_in_words(ms: Millis, said: str) -> None:
    assert clocks.span(ms) == said
