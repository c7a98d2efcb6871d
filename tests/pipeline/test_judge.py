"""Is it new, an edit, or our own doing? Without a clock, a database or a network."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crawler.pipeline.judge import Action, Known, align, judge
from crawler.record import normalize
from crawler.record.notice import Draft, Notice


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
