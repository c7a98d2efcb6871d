"""What differs between two versions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.record.diff import Difference, paragraphs
from crawler.record.normalize import text_digest
from crawler.record.notice import Attachment, Pair, Person, Record, Witness


def made(*body: str) -> Record:
    """A record with that body."""
    return Record("关于汛期值班的通知", "通知公告", "2022-06-01", "应急局", 3, body)


def test_a_changed_number_is_shown_whole_and_alone() -> None:
    before, after = made("甲", "同比增长90.2%，好于预期。"), made("甲", "同比增长9.02%，好于预期。")
    assert paragraphs(before, after) == (Difference("body", 2, "90.2%", "9.02%"),)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("应当报告", "应不当报告", (None, "不")),
        ("面积10²平方", "面积102平方", ("10²", "102")),
        ("第12条", "第112条", ("12", "112")),
        ("全文替换", "毫不相干", ("全文替换", "毫不相干")),
        ("甲甲", "甲甲甲", (None, "甲")),
    ],
)
def test_of_a_changed_paragraph_the_shortest_middle_is_shown(old: str, new: str, expected: tuple[str | None, str | None]) -> None:
    (difference,) = paragraphs(made(old), made(new))
    assert (difference.before or None, difference.after or None) == expected


def test_added_and_removed_paragraphs_move_no_others() -> None:
    before, after = made("一", "二", "三", "四"), made("零", "一", "三", "四", "五")
    assert paragraphs(before, after) == (
        Difference("body", 1, None, "零"),
        Difference("body", 2, "二", None),
        Difference("body", 5, None, "五"),
    )


def test_a_paragraph_split_in_two_is_seen() -> None:
    differences = paragraphs(made("一。二。", "三"), made("一。", "二。", "三"))
    assert [difference.paragraph for difference in differences] == [1, 2]


def test_every_field_is_named_as_in_the_record() -> None:
    before = replace(
        made("甲"),
        meta={"doc_no": "应急发〔2022〕1号", "validity": "有效"},
        attachments=(Attachment("http://a.cn/1", "表1.xls"),),
    )
    after = replace(
        before,
        title="关于汛期带班的通知",
        source=None,
        meta={"doc_no": "应急发〔2022〕1号", "validity": "失效", "issuer": "应急局"},
        attachments=(Attachment("http://a.cn/1", "表1.xls"), Attachment("http://a.cn/2", "表2.xls")),
    )
    assert paragraphs(before, after) == (
        Difference("title", None, "值", "带"),
        Difference("source", None, "应急局", None),
        Difference("attachments", None, None, "表2.xls"),
        Difference("meta.validity", None, "有", "失"),
        Difference("meta.issuer", None, None, "应急局"),
    )


def test_white_space_clicks_addresses_and_provenance_are_no_difference() -> None:
    before = made("甲 乙", "丙")
    after = replace(
        before,
        clicks=99,
        url="http://a.cn/",
        provenance={"title": Witness("h1")},
        body=("甲\u3000 乙\n", "丙"),
        title=before.title + " ",
    )
    assert paragraphs(before, after) == ()


def test_a_body_turned_upside_down_is_compared_in_time() -> None:
    """20,000 paragraphs, and 14,000 equal ones: difflib would take minutes."""
    lines = [str(number) for number in range(20_000)]
    assert paragraphs(made(*lines), made(*reversed(lines)))
    assert paragraphs(made(*["甲"] * 14_000), made(*["甲", "乙"] * 7_000))


BODIES = st.lists(st.sampled_from(["一", "二", "三", "四", "五 五", "1.5%", " "]), max_size=8).map(tuple)


@given(BODIES, BODIES)
def test_there_is_a_difference_exactly_where_the_text_digests_differ(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    before, after = (made(*(text for text in body if text.strip())) for body in (old, new))
    assert bool(paragraphs(before, after)) == (text_digest(before) != text_digest(after))


def test_rows_of_a_table_are_compared_by_cell() -> None:
    before, after = (made("各单位：", f"东镇\t{n}\t8", "西镇\t1") for n in (7, 9))
    (found,) = paragraphs(before, after)
    assert (found.paragraph, found.cell, found.before, found.after) == (2, 2, "7", "9")


def test_another_number_of_cells_is_a_changed_row() -> None:
    (found,) = paragraphs(made("东镇\t7"), made("东镇\t7\t8"))
    assert (found.paragraph, found.cell) == (1, None)


def test_people_and_labels_that_no_field_tells_are_compared() -> None:
    before = replace(made(), people=(Person("编辑", "甲"),), labels=(Pair("备注", "一"), Pair("点击数", "1")))
    after = replace(made(), people=(Person("编辑", "乙"),), labels=(Pair("备注", "二"), Pair("点击数", "2")))
    assert [(item.field, item.before, item.after) for item in paragraphs(before, after)] == [
        ("people", "甲", "乙"),
        ("meta.labels", "一", "二"),
    ]
    assert text_digest(before) != text_digest(after)
    assert text_digest(replace(before, labels=before.labels[:1])) == text_digest(before)
