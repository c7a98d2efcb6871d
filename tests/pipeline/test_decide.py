"""Decisions, without a clock, a database or a network."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crawler.model import ChangeKind, Outcome, Watch
from crawler.pipeline.judge import Action, Known, align, judge
from crawler.pipeline.presence import UrlState, after_look, retry_at, seen
from crawler.record import normalize
from crawler.record.notice import Draft, Notice

DAY = 86_400_000
WATCH = Watch((DAY, 3 * DAY, 7 * DAY), gone_misses=3, gone_after=14 * DAY)
HERE = UrlState(presence="here")


def notice(digest: str) -> Notice:
    """A notice of which only the digest matters."""
    return made(Draft("t"), digest)


def made(draft: Draft, digest: str) -> Notice:
    """The notice of a draft, under a digest that says what it is."""
    return replace(normalize.notice(draft, url=None, final_url=None, at=1000), text_digest=digest)


KNOWN = Known(n=2, text_digest="a", rules="1", capture=7, capture_at=1000)


def test_a_notice_nobody_knows_is_new() -> None:
    assert judge(None, notice("a"), capture=7, at=1000, rules="1").action is Action.NEW


def test_an_equal_text_is_the_same_and_another_an_edit() -> None:
    assert judge(KNOWN, notice("a"), capture=8, at=2000, rules="1").action is Action.SAME
    edit = judge(KNOWN, notice("b"), capture=8, at=2000, rules="1")
    assert (edit.action, edit.n) == (Action.EDIT, 3)


def test_another_text_from_the_very_same_capture_is_our_doing() -> None:
    reread = judge(KNOWN, notice("b"), capture=7, at=1000, rules="2")
    assert (reread.action, reread.n) == (Action.REREAD, 2)
    assert judge(KNOWN, notice("a"), capture=7, at=1000, rules="2").action is Action.SAME


def test_a_look_older_than_what_is_known_changes_nothing() -> None:
    assert judge(KNOWN, notice("b"), capture=3, at=500, rules="1").action is Action.LATE


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


# ------------------------------------------------------------------ what was missing, and parts
def part(text: str, *, incomplete: str | None = None) -> Notice:
    """A notice of these paragraphs."""
    return made(Draft("t", body=tuple(text.split("|")), incomplete=incomplete), text)


def known(text: str, *, whole: bool) -> Known:
    """A version of these paragraphs."""
    return Known(1, text, "1", 7, 1000, whole, tuple(text.split("|")))


def test_what_was_missing_and_has_come_is_ours_and_not_the_site_s() -> None:
    come = judge(known("a", whole=False), part("a|b"), capture=8, at=2000, rules="1")
    assert (come.action, come.n) == (Action.REREAD, 1)
    assert judge(known("a", whole=False), part("A|b"), capture=8, at=2000, rules="1").action is Action.EDIT
    assert (
        judge(known("a|cut sent", whole=False), part("a|cut sentence|b"), capture=8, at=2000, rules="1").action is Action.REREAD
    )
    half = judge(known("a", whole=False), part("a|b", incomplete="c"), capture=8, at=2000, rules="1")
    assert half.action is Action.SAME


def test_what_could_not_be_looked_at_takes_nothing_away() -> None:
    short = part("a", incomplete="page 2 is missing")
    assert judge(known("a|b", whole=True), short, capture=8, at=2000, rules="1", reached=False).action is Action.SAME
    assert judge(known("a|b", whole=True), short, capture=8, at=2000, rules="1").action is Action.EDIT


def test_a_notice_put_in_between_moves_nobody() -> None:
    before = [(0, "a", "A"), (1, "b", "B"), (2, "c", "C")]
    assert align([], [("a", "A"), ("b", "B")]) == [0, 1]
    assert align(before, [("a", "A"), ("x", "X"), ("b", "B"), ("c", "C")]) == [0, 3, 1, 2]
    assert align(before, [("b", "B"), ("c", "C")]) == [1, 2]
    assert align(before, [("a", "A"), ("b2", "B"), ("c", "C")]) == [0, 1, 2]
    assert align(before, [("a", "A"), ("b2", "B2"), ("c", "C")]) == [0, 1, 2]
    assert align(before, [("b", "B"), ("c", "C"), ("d", "D")]) == [1, 2, 3]


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdefgh"), unique=True))
def test_every_notice_has_one_number_and_keeps_it_while_its_text_does(before: list[str], after: list[str]) -> None:
    numbered = [(number, text, text.upper()) for number, text in enumerate(before)]
    parts = align(numbered, [(text, text.upper()) for text in after])
    assert len(set(parts)) == len(after)
    assert all(parts[after.index(text)] == number for number, text, _ in numbered if text in after)
