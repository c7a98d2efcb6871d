"""Whether a notice is still there, and when it is looked at again: without a clock, a database or a network."""

from hypothesis import given
from hypothesis import strategies as st

from crawler.model import ChangeKind, Outcome, Watch
from crawler.pipeline.presence import UrlState, after_look, retry_at, seen

DAY = 86_400_000
WATCH = Watch((DAY, 3 * DAY, 7 * DAY), gone_misses=3, gone_after=14 * DAY)
HERE = UrlState(presence="here")


def test_a_notice_is_missing_at_once_and_gone_after_misses_and_days() -> None:
    state, changes = HERE, []
    for day in (0, 1, 2, 13, 14, 15):
        fate = after_look(state, False, day * DAY, WATCH, well=True)
        state = fate.state
        changes.append((day, fate.change))
    assert [item for item in changes if item[1]] == [(0, ChangeKind.MISSING), (14, ChangeKind.GONE)]


def test_a_miss_at_a_host_that_is_unwell_is_no_miss() -> None:
    assert after_look(HERE, False, DAY, WATCH, well=False).state == HERE


def test_could_not_look_changes_nothing_and_is_looked_at_again() -> None:
    fate = after_look(HERE, None, DAY, WATCH, well=True)
    assert (fate.state, fate.change, fate.due) == (HERE, None, 2 * DAY)


def test_what_comes_back_is_told_and_watched_closely_again() -> None:
    gone = UrlState(5, DAY, 0, "gone")
    fate = after_look(gone, True, 30 * DAY, WATCH, well=True)
    assert (fate.change, fate.state.presence, fate.state.misses, fate.due) == (ChangeKind.BACK, "here", 0, 31 * DAY)


def test_the_ladder_is_climbed_by_quiet_looks_and_left_by_an_edit() -> None:
    state, dues = HERE, []
    for _ in range(4):
        fate = after_look(state, True, 0, WATCH, well=True)
        state = fate.state
        dues.append(fate.due)
    assert dues == [DAY, 3 * DAY, 7 * DAY, 7 * DAY]
    assert after_look(state, True, 0, WATCH, well=True, fresh=True).state.rung == 0


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans(), st.integers(1, 20)), max_size=40))
def test_presence_never_jumps_and_the_ledger_tells_every_step(looks: list[tuple[bool | None, bool, int]]) -> None:
    state, at = HERE, 0
    for there, well, days in looks:
        at += days * DAY
        fate = after_look(state, there, at, WATCH, well=well)
        moved = (str(state.presence), str(fate.state.presence))
        expected = {
            ("here", "missing"): ChangeKind.MISSING, ("missing", "gone"): ChangeKind.GONE, ("here", "gone"): ChangeKind.GONE,
            ("missing", "here"): ChangeKind.BACK, ("gone", "here"): ChangeKind.BACK,
        }.get(moved)  # fmt: skip
        assert fate.change == expected
        assert moved[0] == moved[1] or expected
        assert fate.due is not None
        assert fate.due > at
        state = fate.state


def test_what_fails_in_passing_is_tried_again_a_few_times_and_no_sooner_than_asked() -> None:
    assert retry_at(Outcome.TIMEOUT, 0, 1000, None, spread=0.5) == 16_000
    assert retry_at(Outcome.BUSY, 0, 1000, 999_999, spread=0.5) == 999_999
    assert retry_at(Outcome.TIMEOUT, 2, 1000, None, spread=0.5) is None
    assert retry_at(Outcome.NOT_FOUND, 0, 1000, None, spread=0.5) is None


def test_every_outcome_says_there_missed_or_could_not_look() -> None:
    said = {outcome: seen(outcome) for outcome in Outcome}
    assert {outcome for outcome, there in said.items() if there is False} == {Outcome.NOT_FOUND, Outcome.GONE, Outcome.FORBIDDEN}
    assert said[Outcome.BLOCKED] is said[Outcome.TIMEOUT] is said[Outcome.SERVER_ERROR] is said[Outcome.DISALLOWED] is None
