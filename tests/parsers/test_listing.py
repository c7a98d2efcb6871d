"""List pages: rows by their structure, whatever the classes are called; the next page from what the page says."""

import re
from collections.abc import Callable

import pytest

from crawler.errors import UnreadablePage
from crawler.model import ListRules, Page
from crawler.parsers.listing import Listing, read_list

URL = "http://www.yunxi.example/zwgk/tzgg/index.html"
TITLES = [
    f"云溪县关于{word}的通知"
    for word in ("秋季造林", "河道清淤", "校车检查", "电梯加装", "农机补贴", "图书捐赠", "冬季供暖", "夜班公交")
]


def rows(form: str = "<li><a href='./202310/t202310{d:02}_{n}.html' title='{t}'>{s}</a><span>2023-10-{d:02}</span></li>") -> str:
    """Eight rows in a form."""
    return "".join(form.format(t=title, s=title[:9] + "...", d=number + 1, n=100 + number) for number, title in enumerate(TITLES))


def page(inner: str, script: str = "") -> str:
    """A list page with its chrome."""
    menu = "".join(f"<li><a href='/c{n}/'>栏目名称{n}号</a></li>" for n in range(12))
    return f"<html><body><div class='nav'><ul>{menu}</ul></div><div class='main'>{inner}</div><div class='foot'><a href='/about.html'>关于我们的网站</a></div>{script}</body></html>"


def read(html: str, rules: ListRules | None = None, url: str = URL) -> Listing:
    """The listing of a page."""
    return read_list(html, Page(url, 200, (), b"", 0), rules=rules or ListRules())


FORMS: dict[str, Callable[[], str]] = {
    "list items, date behind": lambda: f"<ul class='l'>{rows()}</ul>",
    "date before": lambda: f"<ul>{rows('<li><em>2023-10-{d:02}</em><a href=./202310/t202310{d:02}_{n}.html title={t}>{s}</a></li>')}</ul>",
    "date inside the link": lambda: f"<ul>{rows('<li><a href=./202310/t202310{d:02}_{n}.html title={t}>{s}<b>2023-10-{d:02}</b></a></li>')}</ul>",
    "table rows": lambda: "<table>" + rows("<tr><td>·</td><td><a href='./202310/t202310{d:02}_{n}.html' title='{t}'>{s}</a></td><td>[2023/10/{d:02}]</td></tr>") + "</table>",
    "definition lists": lambda: rows("<dl><dt><a href='./202310/t202310{d:02}_{n}.html' title='{t}'>{s}</a></dt><dd>2023年10月{d:02}日</dd></dl>"),
    "blocks of four": lambda: "".join(f"<ul>{half}</ul>" for half in _halves()),
}  # fmt: skip


def _halves() -> list[str]:
    items = re.findall(r"<li>.*?</li>", rows())
    return ["".join(items[:4]), "".join(items[4:])]


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_found_by_structure_with_full_titles_and_dates(form: str) -> None:
    found = read(page(FORMS[form]()))
    assert [row.title for row in found.rows] == TITLES
    assert [row.date for row in found.rows] == [f"2023-10-{day:02}" for day in range(1, 9)]
    assert found.rows[0].url == "http://www.yunxi.example/zwgk/tzgg/202310/t20231001_100.html"


def test_navigation_and_footers_are_no_rows() -> None:
    assert read(page("<p>本栏目正在建设中。</p>")).rows == ()


def test_an_answer_of_an_api_is_not_read_as_a_page() -> None:
    for data in (
        '{"rows": [1]}',
        ';raw({"a": "<li><a href=x>公示公告名单</a></li>"})',
        "<datastore><![CDATA[<a href=1>x</a>]]></datastore>",
    ):
        assert read(data).rows == ()


@pytest.mark.parametrize(
    ("script", "url", "following", "pages", "total"),
    [
        ("createPageHTML(55, 0, 'index', 'shtml', '1089');", URL, "index_1.shtml", 55, 1089),
        ("createPageHTML(3,1,\"index\",\"html\");", URL, "index_2.html", 3, None),
        ("createPageHTML(3, 2, 'index', 'html')", URL, None, 3, None),
        ("//createPageHTML(9, 0, \"list\", \"html\");", URL, "list_1.html", 9, None),
        ("Pager({size:25, current:0, prefix:'index',suffix:'htm'})", URL, "index_1.htm", 25, None),
        ("var countPage = 56; var url = 'index' + '_' + n + '.html';", URL, "index_1.html", 56, None),
    ],
)  # fmt: skip
def test_the_next_page_is_what_the_script_says(
    script: str, url: str, following: str | None, pages: int, total: int | None
) -> None:
    found = read(page(f"<ul>{rows()}</ul>", f"<script>{script}</script>"), url=url)
    wanted = f"http://www.yunxi.example/zwgk/tzgg/{following}" if following else None
    assert (found.next_list.url if found.next_list else None, found.total_pages, found.total_rows) == (wanted, pages, total)


def test_a_link_that_says_next_page_is_followed_and_a_guess_is_not() -> None:
    assert read(page(f"<ul>{rows()}</ul><a href='index_2.html'>下一页</a>")).next_list is not None
    assert read(page(f"<ul>{rows()}</ul>")).next_list is None
    assert read(page(f"<ul>{rows()}</ul><a href='index_2.html'>下一页</a>"), ListRules(next="none")).next_list is None


def test_a_source_s_own_selectors_win_and_a_broken_one_is_named() -> None:
    html = page(f"<ul class='a'>{rows()}</ul><ul class='b'><li><a href='/x/2.html'>唯一一条</a><i>2022-01-02</i></li></ul>")
    (row,) = read(html, ListRules(rows="ul.b > li", link="a", date="i")).rows
    assert (row.title, row.date) == ("唯一一条", "2022-01-02")
    with pytest.raises(UnreadablePage, match=r"li\[\["):
        read(html, ListRules(rows="li[["))
