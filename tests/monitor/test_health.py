"""How a source is judged: without a clock, a database or a network."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Expect, Face, Head, Millis, Observation, Outcome, PageKind, Standing
from crawler.monitor.health import (
    DAY,
    Finding,
    Rhythm,
    Trouble,
    Weight,
    examine,
    learn_silence,
    overdue,
    rest,
    result,
    step,
)
from crawler.monitor.workdays import is_working

MONDAY: Millis = 1_718_582_400_000  # 2024-06-17, 08:00 in Beijing
FULL = Face(rows=20, dated=20, newest="2024-06-14", visible=1400, days=21, text=900, total=200)


def seen(face: Face | None = FULL, outcome: Outcome = Outcome.OK, kind: PageKind = PageKind.LIST) -> Observation:
    """A run with one list page."""
    return Observation((Head(outcome, kind, face),))


BEFORE = [seen()] * 5
NOTHING, UNKNOWN = Expect(), Rhythm()


def names(found: tuple[Finding, ...]) -> list[str]:
    """The names of what was found."""
    return [str(item.trouble) for item in found]


def look(
    now_shown: Observation, expect: Expect = NOTHING, before: list[Observation] = BEFORE, rhythm: Rhythm = UNKNOWN
) -> tuple[Finding, ...]:
    """What is wrong with it on a Monday."""
    return examine(now_shown, before, expect, rhythm, MONDAY)


# ------------------------------------------------------------------ what is wrong, by name
def test_a_list_as_it_always_was_is_well() -> None:
    assert look(seen()) == ()
    assert look(seen(), before=[]) == ()


def test_no_rows_where_there_were_rows_is_a_failure_whatever_was_expected() -> None:
    found = look(seen(replace(FULL, rows=0, dated=0, newest=None, visible=520, days=1, text=0)))
    assert [(item.trouble, item.weight) for item in found] == [(Trouble.EMPTY, Weight.FAILURE)]
    assert found[0].reason == "list has 0 rows, had 20 in each of the last 5 runs"


def test_a_page_as_full_as_before_without_a_row_has_another_layout() -> None:
    assert names(look(seen(replace(FULL, rows=0, dated=0, newest=None, text=0)))) == ["layout changed"]
    thinner = replace(FULL, rows=0, dated=0, newest=None, visible=900, text=0)  # most of its frame is gone too
    assert names(look(seen(thinner))) == ["layout changed"]


def test_a_new_source_that_yields_nothing_is_not_green() -> None:
    found = look(seen(Face()), before=[])
    assert [(item.trouble, item.weight) for item in found] == [(Trouble.EMPTY, Weight.ODD)]
    assert look(seen(Face()), Expect(rows=5), before=[])[0].weight is Weight.FAILURE


def test_every_way_a_list_page_can_fail_has_its_name() -> None:
    told = {
        Outcome.NOT_FOUND: "list not found", Outcome.GONE: "list not found", Outcome.BLOCKED: "blocked", Outcome.FORBIDDEN: "forbidden",
        Outcome.NETWORK_ERROR: "host down", Outcome.TIMEOUT: "host down", Outcome.SERVER_ERROR: "server error", Outcome.TLS_ERROR: "tls",
        Outcome.DISALLOWED: "robots", Outcome.REFUSED: "refused",
    }  # fmt: skip
    for outcome, name in told.items():
        assert names(look(seen(None, outcome))) == [name]
    pages = {
        PageKind.LOGIN: "login wall",
        PageKind.CHALLENGE: "blocked",
        PageKind.ERROR: "list not found",
        PageKind.SHELL: "layout changed",
    }
    for kind, name in pages.items():
        assert names(look(seen(None, kind=kind))) == [name]
    for outcome in Outcome:
        assert look(seen(None, outcome)) != ()


def test_a_host_whose_robots_txt_cannot_be_reached_is_down_and_not_forbidding() -> None:
    down = Observation((Head(Outcome.DISALLOWED, None, None, "robots.txt: network_error"),))
    assert names(look(down)) == ["host down"]
    assert names(look(Observation((Head(Outcome.DISALLOWED, None, None, "disallowed by robots.txt"),)))) == ["robots"]


def test_one_failing_list_of_two_is_odd_and_keeps_its_name() -> None:
    found = look(Observation((Head(Outcome.OK, PageKind.LIST, FULL), Head(Outcome.NOT_FOUND))))
    assert [(item.trouble, item.weight) for item in found] == [(Trouble.NOT_FOUND, Weight.ODD)]


def test_half_the_rows_are_odd_unless_the_list_has_always_varied() -> None:
    half = seen(replace(FULL, rows=10, dated=10))
    assert names(look(half)) == ["fewer rows"]
    varied = [seen(replace(FULL, rows=count, dated=count)) for count in (20, 8, 19, 20, 20)]
    assert look(half, before=varied) == ()
    assert names(look(seen(replace(FULL, rows=3, dated=3)), Expect(rows=5), before=[])) == ["fewer rows"]


def test_rows_without_dates_are_odd_where_they_had_them() -> None:
    assert names(look(seen(replace(FULL, dated=2, newest="2024-06-14")))) == ["dates gone"]
    bare = [seen(replace(FULL, dated=0, newest=None))] * 5
    assert look(seen(replace(FULL, dated=0, newest=None)), before=bare) == ()


def test_an_older_state_of_a_list_is_a_stale_cache_and_one_withdrawn_notice_is_not() -> None:
    assert names(look(replace(seen(), lost=2))) == ["stale cache"]
    assert look(replace(seen(), lost=1)) == ()
    assert look(replace(seen(), lost=3, listed=2)) == ()


def test_a_declared_total_that_shrinks_by_a_third_is_odd() -> None:
    assert names(look(seen(replace(FULL, total=100)))) == ["total shrank"]
    assert look(seen(replace(FULL, total=185))) == ()


def test_fields_that_used_to_be_filled_are_missed_and_promises_are_kept() -> None:
    before = [replace(seen(), notices=10, filled={"published": 10, "source": 5})] * 4
    assert names(look(replace(seen(), notices=10, filled={"published": 2, "source": 4}), before=before)) == ["fields gone"]
    assert look(replace(seen(), notices=10, filled={"published": 9, "source": 0}), before=before) == ()
    promised = Expect(fill={"source": 0.5})
    found = look(replace(seen(), notices=10, filled={"published": 10, "source": 3}), promised, before)
    assert [item.reason for item in found] == ["source in 30% of the last 10 notices, expected 50%"]


def test_few_notices_are_judged_together_with_those_of_the_runs_before() -> None:
    before = [replace(seen(), notices=3, filled={"published": 0})] * 2 + [replace(seen(), notices=20, filled={"published": 20})]
    assert names(look(replace(seen(), notices=2, filled={"published": 0}), before=before)) == ["fields gone"]
    assert look(replace(seen(), notices=1, filled={"published": 0}), before=before[2:]) == ()


def test_blocked_notices_under_a_good_list_are_odd() -> None:
    assert names(look(replace(seen(), details=10, blocked=6))) == ["blocked"]
    assert names(look(replace(seen(), details=10, failed=6))) == ["notices failing"]
    assert look(replace(seen(), details=10, failed=3)) == ()


# ------------------------------------------------------------------ silence
def days(*gaps: int) -> list[date]:
    """Working days of publication, so many working days apart."""
    found = [date(2024, 3, 1)]
    for gap in gaps:
        day = found[-1]
        while gap:
            day += timedelta(1)
            gap -= is_working(day)
        found.append(day)
    return found


def test_the_longest_silence_is_learned_from_enough_gaps_only() -> None:
    assert learn_silence(days(*[1] * 9)) is None
    daily = learn_silence(days(*[1] * 100))
    weekly = learn_silence(days(*[5] * 100))
    assert daily is not None
    assert weekly is not None
    assert daily == 12  # 9.2 means, widened by a fifth
    assert weekly == 56
    assert learn_silence(days(*[1] * 50, 9, *[1] * 50, 8, *[1] * 50)) == 14  # half as much again as the longest
    assert learn_silence(days(*[1] * 50, 900, *[1] * 50)) == 12  # a lone old notice is no rhythm


def test_weekends_and_holidays_do_not_make_a_source_silent() -> None:
    rhythm = Rhythm(1_727_668_800_000, 5)  # 2024-09-30, 12:00 in Beijing
    assert overdue(Expect(), rhythm, rhythm.last_new + 8 * DAY if rhythm.last_new else 0) == 0
    assert overdue(Expect(), rhythm, rhythm.last_new + 15 * DAY if rhythm.last_new else 0) == 1


def test_a_silence_longer_than_it_ever_was_is_a_frozen_feed() -> None:
    found = look(seen(), rhythm=Rhythm(MONDAY - 70 * DAY, 20))
    assert names(found) == ["feed frozen"]
    assert found[0].reason == "nothing new for 70 days, its longest silence is 20 working days"
    assert look(seen(), rhythm=Rhythm(MONDAY - 70 * DAY, None)) == ()


def test_what_was_old_when_we_came_is_not_silence_yet() -> None:
    assert look(seen(), rhythm=Rhythm(MONDAY - 900 * DAY, 20, watched=MONDAY - 9 * DAY)) == ()
    assert names(look(seen(), rhythm=Rhythm(MONDAY - 900 * DAY, 20, watched=MONDAY - 70 * DAY))) == ["feed frozen"]


def test_a_promised_silence_is_counted_in_days_and_waits_for_holidays() -> None:
    quiet = Expect(silence_ms=30 * DAY)
    assert names(look(seen(), quiet, rhythm=Rhythm(MONDAY - 35 * DAY))) == ["feed frozen"]
    assert look(seen(), quiet, rhythm=Rhythm(MONDAY - 29 * DAY)) == ()
    assert look(seen(), Expect(silence_ms=2 * DAY), rhythm=Rhythm(MONDAY - 3 * DAY)) == ()  # since Friday


# ------------------------------------------------------------------ states
FAILED = (Finding(Trouble.EMPTY, Weight.FAILURE, "list has 0 rows"),)
AWAY = (Finding(Trouble.HOST_DOWN, Weight.PASSING, "no list page could be read"),)
ODD = (Finding(Trouble.DATES, Weight.ODD, "0 of 20 rows have a date"),)


def states(*runs: tuple[Finding, ...]) -> list[str]:
    """The state after each run."""
    standing, told = Standing(), []
    for found in runs:
        standing = step(standing, found)
        told.append(standing.state)
    return told


def test_a_failure_is_suspect_at_once_and_down_when_it_stays() -> None:
    assert states(FAILED, FAILED, FAILED) == ["suspect", "down", "down"]


def test_what_passes_by_itself_must_be_seen_twice() -> None:
    assert states(AWAY, ()) == ["ok", "ok"]
    assert states(AWAY, AWAY, AWAY) == ["ok", "suspect", "down"]
    assert states(ODD, ()) == ["ok", "ok"]
    assert states(ODD, ODD, ODD, ODD) == ["ok", "suspect", "suspect", "suspect"]


def test_two_good_runs_recover_and_three_more_are_quietly_ok() -> None:
    assert states(FAILED, (), (), (), (), ()) == ["suspect", "suspect", "recovered", "recovered", "recovered", "ok"]


def test_a_source_that_flickers_changes_its_state_once() -> None:
    assert states(*[FAILED, ()] * 10) == ["suspect"] * 20


def test_reasons_stay_while_a_source_is_not_well_and_go_when_it_is() -> None:
    standing = step(step(Standing(), FAILED), ())
    assert (standing.state, standing.trouble, standing.reasons, standing.good) == (
        "suspect",
        "list empty",
        ("list has 0 rows",),
        1,
    )
    assert step(standing, ()).trouble is None


@given(st.lists(st.sampled_from([(), FAILED, AWAY, ODD]), max_size=60))
def test_states_follow_each_other_in_one_order(runs: list[tuple[Finding, ...]]) -> None:
    standing = Standing()
    allowed = {
        ("ok", "suspect"),
        ("suspect", "down"),
        ("suspect", "recovered"),
        ("down", "recovered"),
        ("recovered", "ok"),
        ("recovered", "suspect"),
    }
    for found in runs:
        after = step(standing, found)
        assert after.state == standing.state or (standing.state, after.state) in allowed
        assert not (after.bad and after.good)
        standing = after


def test_a_source_that_keeps_failing_is_asked_ever_more_slowly() -> None:
    hours = [until // 3_600_000 if (until := rest(n, 0)) is not None else None for n in (4, 5, 6, 7, 30)]
    assert hours == [None, 6, 12, 24, 168]


def test_a_run_ends_by_what_it_found() -> None:
    assert result({"looks": 5, "new": 1}, ()) == "ok"
    assert result({"looks": 5}, ()) == "unchanged"
    assert result({"looks": 5, "failed": 1}, ()) == result({"looks": 5}, ODD) == "suspect"
    assert result({"looks": 5, "failed": 5}, ()) == result({"looks": 5}, FAILED) == result({"looks": 5}, AWAY) == "failed"
