"""A later page of a column is read by the structure of the first: each form of rows beside each kind of box, from many rows to none."""

import pytest

from crawler.model import Page
from crawler.parsers.carried import read_structure
from crawler.parsers.listing import Listing, read_list
from crawler.record.rules import ListRules

URL = "http://www.yunxi.example/zwgk/tzgg/index.html"
TITLES = [f"云溪县关于{word}的通知" for word in ("秋季造林", "河道清淤", "校车检查", "电梯加装", "农机补贴", "图书捐赠", "冬季供暖", "夜班公交", "菜场改造", "路灯更换")]  # fmt: skip
FORMS = {
    "items with a day": "<ul class='list'>{}</ul>|<li><a href='/zwgk/content_{n}.html'>{t}</a><span>2024-05-{n:02}</span></li>",
    "items without": "<ul class='list'>{}</ul>|<li><a href='/zwgk/content_{n}.html'>{t}</a></li>",
    "items with odd addresses": "<ul class='list'>{}</ul>|<li><i>·</i><a href='/zwgk/{t}'>{t}</a></li>",
    "table rows": "<table class='tb'><tbody>{}</tbody></table>|<tr><td>{n}</td><td><a href='/zwgk/content_{n}.html'>{t}</a></td><td>2024-05-{n:02}</td></tr>",
    "boxes": "<div class='list'>{}</div>|<div class='row'><h4><a href='/zwgk/content_{n}.html'>{t}</a></h4><p>摘要</p></div>",
    "odd and even": "<ul class='list'>{}</ul>|<li class='x{n}'><a href='/zwgk/content_{n}.html'>{t}</a><em>2024-05-{n:02}</em></li>",
    "two links a row": "<ul class='list'>{}</ul>|<li><a href='/lm{n}/'>[通知公告]</a><a href='/zwgk/content_{n}.html'>{t}</a><em>2024-05-{n:02}</em></li>",
    "links alone": "<div class='list'>{}</div>|<a href='/zwgk/content_{n}.html'><p>{t}</p><i>2024-05-{n:02}</i></a>",
}
LONG = "石桥县深入开展第{n}届全民健身活动综述与图片报道专题"
BESIDE = {
    "none": "",
    "a box of news": "<div class='side'><h3>热点专题</h3><ul>" + "".join(f"<li><a href='/zt/content_{90 + n}.html'>{LONG.format(n=n)}</a></li>" for n in range(8)) + "</ul></div>",
    "a box with days": "<div class='side'><ul>" + "".join(f"<li><a href='/zt/content_{90 + n}.html'>{LONG.format(n=n)}</a><span>2024-04-{n + 1:02}</span></li>" for n in range(8)) + "</ul></div>",
    "a table": "<table class='hot'><tbody>" + "".join(f"<tr><td><a href='/zt/content_{90 + n}.html'>{LONG.format(n=n)}</a></td></tr>" for n in range(8)) + "</tbody></table>",
}  # fmt: skip
PAGER = "<div class='page'>共42条 <a href='index.html'>首页</a> <a href='index_1.html'>上一页</a> <a href='index_9.html'>下一页</a></div>"


def page(form: str, beside: str, count: int) -> str:
    """A page of the column with so many rows."""
    around, _, row = FORMS[form].partition("|")
    rows = "".join(row.format(n=n + 10, t=title) for n, title in enumerate(TITLES[:count]))
    return (
        f"<html><head><title>通知公告</title></head><body><div class='nav'><a href='/'>首页</a></div>"
        f"<div class='main'>{around.format(rows)}{PAGER}</div>{BESIDE[beside]}<div class='foot'>主办：云溪县人民政府</div></body></html>"
    )


def read(html: str, like: str = "") -> Listing:
    """What the page says."""
    return read_list(html, Page(URL, 200, (), b"", 0), rules=ListRules(), like=like)


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("form", FORMS)
def test_a_later_page_has_the_rows_of_its_column_and_no_others(form: str, beside: str) -> None:
    plain = {"items with odd addresses": ("a box of news", "a table", "a box with days"), "items without": ("a box with days",), "boxes": ("a box with days",)}  # fmt: skip
    told_apart = beside not in plain.get(form, ())  # by its first page; the others are tried without the box
    beside = beside if told_apart else "none"
    first = read(page(form, beside, 10))
    assert [row.title for row in first.rows] == TITLES
    assert first.structure
    for count in (10, 3, 2, 1, 0):
        later = read(page(form, beside, count), first.structure)
        assert [row.title for row in later.rows] == TITLES[:count]


def test_a_later_page_of_another_build_is_read_by_itself_without_the_links_beside() -> None:
    first = read(page("items with a day", "a box of news", 10))
    later = read(page("table rows", "a box of news", 3), first.structure)
    assert [row.title for row in later.rows] == TITLES[:3]


def test_rows_that_stand_where_others_do_carry_nothing() -> None:
    rows = [
        "".join(f"<li><a href='/{kind}/content_{n}.html'>{title}</a></li>" for n, title in enumerate(TITLES)) for kind in "ab"
    ]
    boxes = "".join(f"<div><div><ul>{each}</ul></div></div><hr>" for each in rows)
    found = read(f"<html><body>{boxes}</body></html>")
    assert found.rows
    assert (found.structure, read_structure("")) == ("", None)


def test_the_box_with_the_page_numbers_is_the_column_where_both_have_no_days() -> None:
    found = read(page("items without", "a box of news", 10))
    assert [row.title for row in found.rows] == TITLES
