"""A site's frame is remembered from page to page; what is read is the same as where nothing is remembered."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from crawler.parsers import frames
from crawler.parsers.flat import lay_flat
from crawler.parsers.frames import FRAMES
from crawler.parsers.sheet import Sheet
from crawler.parsers.tree import parse

MENU = "".join(f"<li id='m{n}'><a href='/{n}/' title='栏目{n}'>栏目{n}</a></li>" for n in range(9))
HEAD = f"<div class='top'><select id='s'><option>州</option></select><ul>{MENU}</ul><p style='display:none'>关怀版<b>入口</b></p></div>"
FOOT = (
    f"<div class='foot'><!-- x --><table><tr><td>主办</td><td>县府办</td></tr></table><img src='/a.png'><br><ul>{MENU}</ul></div>"
)
WRITES = "<div class='day'><script>var day = '{}';</script></div>"
SAYS = f"<div class='today'><script>document.write(day)</script><ul>{MENU}</ul></div>"


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    FRAMES.forget()
    yield
    FRAMES.forget()


def page(number: int, *, before: str = "", behind: str = "") -> str:
    text = "".join(f"<p>第{number}号通知的第{line}段。</p>" for line in range(number % 3 + 1))
    return f"<html><body>{before}{HEAD}<div class='main'>{text}</div>{behind}{FOOT}</body></html>"


def columns(sheet: Sheet) -> dict[str, object]:
    """All that a sheet says, the nodes by their memory."""
    said = {item.name: getattr(sheet, item.name) for item in fields(sheet) if item.name != "nodes"}
    return said | {"nodes": [sheet.node(at).mem_id for at in range(len(sheet.nodes))], "order": list(sheet.marked)}


def walked(source: str, site: str = "a.example") -> int:
    """How many elements of a page were walked; the page is read the same with what is remembered and without."""
    tree = parse(source)
    remembered = lay_flat(tree, site=site)
    walked = sum(1 for node in remembered.nodes if node is not None)
    assert columns(remembered) == columns(lay_flat(tree))
    return walked


def test_a_frame_is_walked_until_it_is_known_and_never_again() -> None:
    counts = [walked(page(number)) for number in (0, 3, 6, 9, 12)]
    assert counts[3] == counts[4] < counts[0] / 2


def test_of_a_site_s_first_page_nothing_is_learned() -> None:
    walked(page(0))
    assert (FRAMES.balances, FRAMES.pieces) == ({}, {})
    walked(page(3))
    assert FRAMES.balances


@pytest.mark.parametrize(
    "before", ["", "<div>公告一</div>", "一行字", "<pre>一\n二</pre>", "<table><tr><td>甲</td><td>乙</td></tr></table>"]
)
def test_a_frame_that_moves_is_read_where_it_stands(before: str) -> None:
    for number in range(5):
        walked(page(number, before=before if number % 2 else ""))


def test_a_frame_that_changes_is_read_as_it_is() -> None:
    for number in range(8):
        walked(page(number).replace("栏目8", f"栏目{number}"))


def test_what_a_script_writes_from_another_box_is_not_remembered() -> None:
    for number in range(5):
        walked(page(number, before=WRITES.format(f"2024-05-0{number + 1}"), behind=SAYS))


def test_sites_do_not_share_a_frame() -> None:
    for number in range(4):
        walked(page(number))
    assert walked(page(4), "b.example") > walked(page(4))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST", 100)
    for number in range(30):
        for _ in range(3):
            walked(page(number).replace("栏目", f"专栏{number}"), f"{number}.example")
    assert FRAMES.size <= 100
    assert sum(len(piece.tags) for piece in FRAMES.pieces.values()) == FRAMES.size
