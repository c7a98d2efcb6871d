"""What is no text of a notice is told by its words; which forms a line is tried with is told by its first character."""

import time
from collections.abc import Sequence
from re import _constants as codes  # type: ignore[attr-defined] # there is no other way to ask a pattern how it may begin
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from crawler.parsers.furniture import FORMS, NEIGHBOUR, NEIGHBOURLY, is_furniture
from crawler.text.fold import content_of


def begins(sequence: Sequence[Any]) -> tuple[set[str], bool]:
    """The characters a piece of a pattern can begin with, and whether it can be empty."""
    found: set[str] = set()
    for code, value in sequence:
        own, empty = begin(code, value)
        found |= own
        if not empty:
            return found, False
    return found, True


def begin(code: Any, value: Any) -> tuple[set[str], bool]:
    """The same of one node of it."""
    if code is codes.LITERAL:
        return {chr(value)}, False
    if code is codes.IN:
        return set[str]().union(*(of_set(*member) for member in value)), False
    if code is codes.AT:
        return set(), True
    if code is codes.SUBPATTERN:
        return begins(value[3])
    if code is codes.BRANCH:
        made = [begins(branch) for branch in value[1]]
        return set[str]().union(*(own for own, _ in made)), any(empty for _, empty in made)
    assert code in (codes.MAX_REPEAT, codes.MIN_REPEAT), code
    own, empty = begins(value[2])
    return own, empty or value[0] == 0


def of_set(code: Any, value: Any) -> set[str]:
    """The characters of one member of a class."""
    if code is codes.RANGE:
        return {chr(point) for point in range(value[0], value[1] + 1)}
    if code is codes.CATEGORY:
        return set({codes.CATEGORY_SPACE: " \t\n\r\f\v", codes.CATEGORY_DIGIT: "0123456789"}[value])
    return {chr(value)}


def test_a_form_is_asked_of_every_line_that_may_be_of_it() -> None:
    for form, heads in [*FORMS.items(), (NEIGHBOUR, NEIGHBOURLY)]:
        own, empty = begins(parser.parse(form.pattern))
        assert not empty
        assert own == set(heads), form.pattern


@pytest.mark.parametrize(
    ("furniture", "text"),
    [
        ("【打印】", "打印机采购项目已经完成验收"),
        ("责任编辑：王小禾", "编辑部将于下周迁至新址办公"),
        ("上一篇：关于停水的通知", "上一轮检查发现的问题已经整改"),
        ("▪ 关闭窗口", "▪ 关闭小煤矿二十处"),
        ("浏览次数：120", "浏览器安装说明见附件"),
        ("共12页", "共12户村民签字同意"),
    ],
)
def test_furniture_is_told_from_text_that_begins_like_it(furniture: str, text: str) -> None:
    assert is_furniture(furniture)
    assert not is_furniture(text)


@pytest.mark.parametrize("gap", ["\t", " ", "\t\u3000", "-", "。"])
def test_a_row_of_empty_cells_costs_its_length(gap: str) -> None:
    def spent(size: int) -> float:
        best = 1.0
        for _ in range(5):
            began = time.process_time()
            assert content_of(f"甲{gap * size}9") in ("甲9", "甲-9")
            best = min(best, time.process_time() - began)
        return best

    assert spent(32_000) < 0.1  # by its square it takes ten seconds
