"""How text is cut for searching, and how hits are shown."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.text.asked import phrases as parse
from crawler.text.words import OVERLAP, SEARCHED, Phrase, parts, search_text, snippet, tokens

DOCUMENTS = {
    1: "長(zhǎng)興島經(jīng)濟(jì)區(qū)召開“兩委”全體會(huì)議。8月23日下午召開的會(huì)議。長政發〔2019〕12號。",
    2: "政府采购公告。PM2.5指标的采购，率先。文号〔2019〕112号，元素𬭚，2020年。",
    3: "贵政发[2019]12号。WTO与O'Neill。根据《行政许可法》",
}


def matches(phrase: Phrase, searched: str) -> bool:
    """What a database does: tokens first, then the substring unless the tokens say it all."""
    held = tokens(searched)
    if not set(phrase.exact) <= held:
        return False
    if not all(any(token.startswith(prefix) for token in held) for prefix in phrase.prefixes):
        return False
    return phrase.sure or phrase.text in searched


def find(query: str) -> list[int]:
    """Documents that match every phrase."""
    phrases = parse(query)
    return [number for number, text in DOCUMENTS.items() if phrases and all(matches(p, search_text(text)) for p in phrases)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("长兴岛", [1]),
        ("長興島經濟區", [1]),
        ("采购", [2]),
        ("贵", [3]),
        ("的", [1, 2]),
        ("購率", []),
        ("𬭚", [2]),
        ("，。", []),
        ("", []),
        ("〔2019〕12号", [1, 3]),
        ("(2019)12号", [1, 3]),
        ("[2019]12號", [1, 3]),
        ("12号", [1, 3]),
        ("112号", [2]),
        ("2号", []),
        ("2.5", [2]),
        ("PM2.5", [2]),
        ("pm 2.5", [2]),
        ("WTO", [3]),
        ("wt", []),
        ("wt*", [3]),
        ("201*", [1, 2, 3]),
        ("202*", [2]),
        ("政府采购 2020", [2]),
        ("岛经济 会议", [1]),
        ("行政许可法", [3]),
        ('"两委"全体', [1]),
        ("甲'乙\"丙", []),
        ("O'Neill", [3]),
    ],
)
def test_a_query_finds_what_it_says_in_any_script(query: str, expected: list[int]) -> None:
    assert find(query) == expected


def test_search_text_shows_runs_words_and_bars() -> None:
    assert search_text("长政发〔2019〕12号，即日") == "长政发 2019  12 号|即日"
    assert search_text("") == ""


def test_tokens_are_pairs_of_neighbours_words_and_what_ends_a_sentence() -> None:
    assert tokens(search_text("政府采购 PM2.5")) == {"政府", "府采", "采购", "购", "购pm", "pm", "pm·2.5", "2.5"}
    assert tokens(search_text("发〔2019〕12号，即")) == {"发", "发2019", "2019", "2019·12", "12", "12号", "号", "即"}
    assert tokens("") == set()


TEXTS = st.text(alphabet="甲乙丙ab1 2.，。〔·", max_size=30)


@given(TEXTS, TEXTS.filter(lambda text: bool(text.strip())))
def test_tokens_find_what_a_full_scan_finds(text: str, query: str) -> None:
    """Where a phrase stands, the index has all its tokens; where it says that they are enough, they are."""
    searched = search_text(text)
    for phrase in parse(query + "*") + parse(query) + parse(f'"{query}"'):
        assert matches(phrase, searched) == (phrase.text in searched)


def test_a_character_three_times_is_more_than_twice() -> None:
    (thrice,) = parse("哈哈哈")
    assert not matches(thrice, search_text("哈哈"))
    assert not matches(parse("哈，哈")[0], search_text("哈"))


def test_a_token_is_capped_but_a_long_word_is_still_told_from_its_like() -> None:
    one, other = "z" * 100 + "a", "z" * 100 + "b"
    assert max(map(len, tokens(search_text(one)))) == 64
    assert not parse(one)[0].sure
    assert matches(parse(one)[0], search_text(one))
    assert not matches(parse(one)[0], search_text(other))


def test_parts_are_small_and_overlap_so_that_a_phrase_on_a_border_is_found() -> None:
    some = random.Random(1)
    searched = search_text("".join(chr(some.randrange(0x4E00, 0x9FA5)) for _ in range(300_000)))
    cut = parts(searched)
    assert len(cut) == 3
    assert all(len(part) <= SEARCHED for part in cut)
    for border in (SEARCHED, 2 * SEARCHED - OVERLAP):
        phrase = searched[border - 32 : border + 30]
        assert any(phrase in part for part in cut)
    assert parts("短") == ("短",)


@settings(max_examples=12)
@given(st.integers(min_value=1, max_value=9), st.integers(min_value=0, max_value=20))
def test_no_part_begins_or_ends_inside_a_word(length: int, shift: int) -> None:
    """A number cut in two would be found as another number."""
    number = "123456789"[:length]
    searched = search_text("甲" * shift + f"{number} " * (130_000 // (length + 2)))
    cut = parts(searched)
    assert len(cut) > 1
    assert all(len(part) <= SEARCHED for part in cut)
    assert set().union(*map(tokens, cut)) == tokens(searched)


def test_parts_of_one_endless_word_end_too() -> None:
    cut = parts("z" * 500_000)
    assert all(0 < len(part) <= SEARCHED for part in cut)
    assert len(cut) == 5


@given(st.text(alphabet=st.sampled_from("甲乙丙長(zhǎng)，。12ab .|\n"), max_size=60), st.data())
def test_whatever_stands_in_a_text_is_found_there(text: str, data: st.DataObject) -> None:
    """A run of Han characters of the text is a query that finds it."""
    searched = search_text(text)
    runs = [run for run in searched.replace("|", " ").split() if run]
    if runs:
        run = data.draw(st.sampled_from(runs))
        assert all(matches(phrase, searched) for phrase in parse(run))


def test_a_snippet_marks_the_pages_own_characters_annotations_included() -> None:
    own = "長(zhǎng)興島經(jīng)濟(jì)區(qū)召開“兩委”全體(擴(kuò)大)會(huì)議"
    assert snippet(own, parse("经济区"), 5) == "ng)興島[經(jīng)濟(jì)區(qū)]召開“兩委"
    assert snippet(own, parse("长兴岛 会议"), 80) == "[長(zhǎng)興島]經(jīng)濟(jì)區(qū)召開“兩委”全體(擴(kuò)大)[會(huì)議]"


def test_a_snippet_is_a_window_around_the_first_hit() -> None:
    text = "前" * 100 + "采购" + "后" * 100 + "采购"
    assert snippet(text, parse("采购"), 5, ("<b>", "</b>")) == "前" * 5 + "<b>采购</b>" + "后" * 5
    assert snippet(text, parse("无此词"), 5) == "前" * 10
    assert snippet("", parse("采购")) == ""


@given(
    st.text(alphabet=st.sampled_from("甲乙長(zhǎng)，12ab ?shù"), max_size=50),
    st.sampled_from(["甲", "甲乙", "长", "1", "a*", "12 甲"]),
)
def test_a_snippet_holds_the_pages_own_text_and_nothing_else(text: str, query: str) -> None:
    shown = snippet(text, parse(query), 1000, ("\x01", "\x02"))
    assert shown.replace("\x01", "").replace("\x02", "") == text
    assert shown.count("\x01") == shown.count("\x02")
