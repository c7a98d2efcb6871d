"""Two texts beside each other."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.record.compare import Side, pair, sides

PARAGRAPHS = st.lists(st.sampled_from(["甲乙丙", "增长90.2%，快", "增长9.02%，快", "丁", "", "戊己庚辛"]), max_size=8)


@given(PARAGRAPHS, PARAGRAPHS)
@example(["甲", "", "甲"], ["", "", "甲", "甲"])
def test_both_texts_can_be_put_together_again(old: list[str], new: list[str]) -> None:
    left: list[str] = []
    right: list[str] = []
    for row in sides(old, new):
        if row.same:
            left += old[len(left) : len(left) + row.same]
            right += new[len(right) : len(right) + row.same]
            assert left[-row.same :] == right[-row.same :]
            continue
        left += ["".join(piece for piece, _ in row.before)] if row.before else []
        right += ["".join(piece for piece, _ in row.after)] if row.after else []
    assert [text for text in left if text] == [text for text in old if text]
    assert [text for text in right if text] == [text for text in new if text]


def test_numbers_and_words_are_compared_whole() -> None:
    row = pair("增长90.2%，较快", "增长9.02%，较快")
    assert row == Side(
        (("增长", False), ("90.2%", True), ("，较快", False)), (("增长", False), ("9.02%", True), ("，较快", False))
    )


def test_paragraphs_that_have_nothing_in_common_are_not_mixed() -> None:
    assert pair("甲乙丙丁", "一二三四") == Side((("甲乙丙丁", True),), (("一二三四", True),))


def test_equal_paragraphs_are_counted() -> None:
    assert sides(["一", "二", "三", "四"], ["一", "二", "叁", "四"]) == [
        Side(same=2), Side((("三", True),), (("叁", True),)), Side(same=1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "expected"), [(["甲"], ["甲"], [Side(same=1)]), ([], [], []), (["甲"], [], [Side((("甲", True),))])]
)
def test_the_edges(old: list[str], new: list[str], expected: list[Side]) -> None:
    assert sides(old, new) == expected


def test_a_paragraph_that_stands_twice_is_the_same_where_it_is_paired_with_itself() -> None:
    changed = [Side((("一", True),), (("二", True),)), Side(same=1), Side((("三", True),), (("四", True),)), Side(same=1)]
    assert sides(["一", "乙", "三", "乙"], ["二", "乙", "四", "乙"]) == changed
