"""List pages: rows by their structure, whatever the classes are called; the next page from what the page says."""

import importlib.util
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UnreadablePage
from crawler.model import Kind, Page
from crawler.parsers.listing import Listing, read_list
from crawler.parsers.page import read as read_page
from crawler.record.rules import ListRules, ReadRules

URL = "http://www.yunxi.example/zwgk/tzgg/index.html"


def _script(name: str) -> Any:
    """One of the maintainers' scripts."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent.parent / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


mutate_lists = _script("mutate_lists")
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


U = "./202310/t202310{d:02}_{n}.html"
SUMMARY = "摘要：根据2022年1月3日会议精神，有关工作安排如下，这里是一段比标题还要长的文字"
FORMS: dict[str, tuple[str, str, str]] = {  # before, each row, behind
    "list items, date behind": ("<ul class='l'>", f"<li><a href='{U}' title='{{t}}'>{{s}}</a><span>2023-10-{{d:02}}</span></li>", "</ul>"),
    "date before": ("<ul>", f"<li><em>2023-10-{{d:02}}</em><a href={U} title={{t}}>{{s}}</a></li>", "</ul>"),
    "date inside the link": ("<ul>", f"<li><a href={U} title={{t}}>{{s}}<b>2023-10-{{d:02}}</b></a></li>", "</ul>"),
    "date within the link's text": ("<ul>", f"<li><a href='{U}'>{{t}} 2023-10-{{d:02}}</a></li>", "</ul>"),
    "date first in the link": ("<ul>", f"<li><a href='{U}'><span>2023-10-{{d:02}}</span>{{t}}</a></li>", "</ul>"),
    "table rows": ("<table>", f"<tr><td>·</td><td><a href='{U}' title='{{t}}'>{{s}}</a></td><td>[2023/10/{{d:02}}]</td></tr>", "</table>"),
    "a column for the number": ("<table><tr><th>标题</th><th>文号</th><th>日期</th></tr>", f"<tr><td><a href='{U}'>{{t}}</a></td><td>云政〔2022〕{{d}}号</td><td>2023-10-{{d:02}}</td></tr>", "</table>"),
    "two dates": ("<table>", f"<tr><td><a href='{U}'>{{t}}</a></td><td>2023-10-{{d:02}}</td><td>2023-11-{{d:02}}</td></tr>", "</table>"),
    "a table a row": ("<div>", f"<table><tr><td>·<a href='{U}'>{{t}}</a></td><td>(2023-10-{{d:02}})</td></tr></table>", "</div>"),
    "tables within tables": ("<table><tr><td><table>", f"<tr><td><img src=d.gif></td><td><a href='{U}'><font color=red>{{t}}</font></a></td><td>2023-10-{{d:02}}</td></tr><tr><td colspan=3></td></tr>", "</table></td></tr></table>"),
    "definition lists": ("", f"<dl><dt><a href='{U}' title='{{t}}'>{{s}}</a></dt><dd>2023年10月{{d:02}}日</dd></dl>", ""),
    "one definition list": ("<dl>", f"<dt><a href='{U}'>{{t}}</a></dt><dd>2023-10-{{d:02}}</dd>", "</dl>"),
    "plain text between links": ("<div>", f"<a href='{U}'>{{t}}</a> 2023-10-{{d:02}}<br>", "</div>"),
    "plain text before links": ("<div>", f"[2023-10-{{d:02}}] <a href='{U}'>{{t}}</a><br>", "</div>"),
    "paragraphs": ("<div>", f"<p><a href='{U}'>{{t}}</a><span>2023-10-{{d:02}}</span></p>", "</div>"),
    "links around items": ("<ul>", f"<a href='{U}'><li>{{t}}<span>2023-10-{{d:02}}</span></li></a>", "</ul>"),
    "cards": ("<div>", f"<div><div><a href='{U}'><img src=x></a></div><div><h3><a href='{U}'>{{t}}</a></h3><p>{SUMMARY}</p><span>2023-10-{{d:02}}</span></div></div>", "</div>"),
    "a summary in the link": ("<ul>", f"<li><a href='{U}'><h4>{{t}}</h4><p>{SUMMARY}</p><p>2023-10-{{d:02}}</p></a></li>", "</ul>"),
    "a big day": ("<ul>", f"<li><div><b>{{d:02}}</b><i>2023-10</i></div><a href='{U}'>{{t}}</a></li>", "</ul>"),
    "a big day behind its month": ("<ul>", f"<li><div><i>2023.10</i><b>{{d:02}}</b></div><a href='{U}'>{{t}}</a></li>", "</ul>"),
    "no year": ("<ul>", f"<li><a href='{U}'>{{t}}</a><span>[10-{{d:02}}]</span></li>", "</ul>"),
    "a link to the category": ("<ul>", f"<li><a href='/lm/'>[县政府办]</a><a href='{U}'>{{t}}</a><span>2023-10-{{d:02}}</span></li>", "</ul>"),
    "a link to the document": ("<ul>", f"<li><a href='{U}'>{{t}}</a><a href='/f/{{n}}.pdf'>附件下载</a><span>2023-10-{{d:02}}</span></li>", "</ul>"),
    "links that only say 查看": ("<table>", f"<tr><td>{{d}}</td><td>{{t}}</td><td>2023-10-{{d:02}}</td><td><a href='{U}'>查看</a></td></tr>", "</table>"),
    "a link to the reading in a cell": ("<table>", f"<tr><td><a href='{U}'>{{t}}</a></td><td><a href='/jd/{{n}}.html'>政策解读</a></td><td>2023-10-{{d:02}}</td></tr>", "</table>"),
    "a deadline before the date": ("<ul>", f"<li><a href='{U}'>{{t}}</a><span>截止日期：2023-12-31</span><span>发布日期：2023-10-{{d:02}}</span></li>", "</ul>"),
    "the day of writing before the date": ("<table>", f"<tr><td><a href='{U}'>{{t}}</a></td><td>发文日期：2023-09-01</td><td>发布日期：2023-10-{{d:02}}</td></tr>", "</table>"),
    "the day of writing alone": ("<ul>", f"<li><a href='{U}'>{{t}}</a><span>发文日期：2023-10-{{d:02}}</span></li>", "</ul>"),
    "a card that is a link with a big day": ("<div>", f"<a href='{U}'><div><span>{{d:02}}</span><em>2023-10</em></div><h4>{{t}}</h4></a>", "</div>"),
    "a box called a tab": ("<div class='tab-content'><div class='tab-pane'><ul>", f"<li><a href='{U}'>{{t}}</a><span>2023-10-{{d:02}}</span></li>", "</ul></div></div>"),
    "a list called links": ("<ul class='links'>", f"<li><a href='{U}'>{{t}}</a><span>2023-10-{{d:02}}</span></li>", "</ul>"),
    "a box called a head": ("<div class='right_head'><ul>", f"<li><a href='{U}'>{{t}}</a><span>2023-10-{{d:02}}</span></li>", "</ul></div>"),
    "a clock and a count": ("<ul>", f"<li><a href='{U}'>{{t}}</a><span>2023-10-{{d:02}} 00:00</span><span>点击：12{{d}}</span></li>", "</ul>"),
}  # fmt: skip


def listed(form: str) -> str:
    """The eight rows in a form."""
    before, each, behind = FORMS[form]
    return before + rows(each) + behind


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_found_by_structure_with_full_titles_and_dates(form: str) -> None:
    found = read(page(listed(form)))
    assert [row.title for row in found.rows] == TITLES
    assert [row.date for row in found.rows] == [f"2023-10-{day:02}" for day in range(1, 9)]
    assert found.rows[0].url == "http://www.yunxi.example/zwgk/tzgg/202310/t20231001_100.html"


@pytest.mark.parametrize(
    ("written", "day"),
    [("二〇二三年十月五日", "2023-10-05"), ("民国一百一十二年十月五日", "2023-10-05"), ("民國九十年三月五日", "2001-03-05")],
)
def test_a_date_without_any_digit_is_one(written: str, day: str) -> None:
    each = "<li><a href='./202310/t202310{d:02}_{n}.html'>{t}</a><span>" + written + "</span></li>"
    found = read(page(f"<ul>{rows(each)}</ul>"))
    assert {row.date for row in found.rows} == {day}


def test_a_pager_is_found_however_deep_it_stands() -> None:
    deep = "<font>" * 40 + "<a href='index_1.html'>下一页</a>" + "</font>" * 40
    found = read(page(f"<ul>{rows()}</ul><div>{deep}</div>"))
    assert found.next_list is not None
    assert found.next_list.url == "http://www.yunxi.example/zwgk/tzgg/index_1.html"


def test_a_list_in_blocks_of_four_is_one_list() -> None:
    items = re.findall(r"<li>.*?</li>", rows())
    found = read(page("".join(f"<ul>{''.join(items[at : at + 4])}</ul>" for at in (0, 4))))
    assert [row.title for row in found.rows] == TITLES


def test_pinned_rows_rows_with_readings_and_undated_rows_are_rows() -> None:
    pinned = "<li class='top'><b><a href='/zt/2023.html'>置顶：关于主题教育的专栏</a></b><span>2020-08-03</span></li>"
    reading = "<li><a href='./202309/t20230930_9.html'>云溪县节水条例</a><div><ul><li><a href='./jd/t20230930_8.html'>节水条例解读之一</a></li></ul></div><span>2023-09-30</span></li>"
    found = read(page(f"<ul>{pinned}{rows()}{reading}</ul>"))
    assert [row.title for row in found.rows] == ["置顶：关于主题教育的专栏", *TITLES, "云溪县节水条例"]
    assert (found.rows[0].date, found.rows[-1].date) == ("2020-08-03", "2023-09-30")


def test_two_columns_of_titles_are_rows_each() -> None:
    cells = re.findall(r"<td>.*?</td>", rows("<td><a href='./202310/t202310{d:02}_{n}.html'>{t}</a></td>"))
    dated = re.findall(r"<td>.*?</td>", rows("<td><a href='./202310/t202310{d:02}_{n}.html'>{t}</a> 2023-10-{d:02}</td>"))
    for kind in (cells, dated):
        table = "".join(f"<tr>{kind[at]}{kind[at + 1]}</tr>" for at in range(0, 8, 2))
        assert [row.title for row in read(page(f"<table>{table}</table>")).rows] == TITLES


def test_the_list_of_a_tab_that_is_not_open_does_not_beat_the_one_that_is_seen() -> None:
    other = "".join(
        f"<li><a href='/b/t20231001_{n}.html'>另一栏目的第{n}条很长很长的信息标题</a><span>2023-10-01</span></li>"
        for n in range(30)
    )
    found = read(page(f"<div><ul>{rows()}</ul></div><div style='display:none'><div><ul>{other}</ul></div></div>"))
    assert [row.title for row in found.rows] == TITLES


def test_one_dated_row_is_a_list_and_a_page_around_one_link_is_none() -> None:
    one = f"<ul>{re.findall(r'<li>.*?</li>', rows())[0]}</ul>"
    assert len(read(page(one)).rows) == 1
    article = "".join(f"<p>第{n}段：各单位要高度重视，认真组织实施，确保各项措施落到实处，不留死角。</p>" for n in range(20))
    assert (
        read(page(f"<h1>标题</h1><p>2023-10-01 10:00</p>{article}<p><a href='/f/附件12345.doc'>申请表下载地址</a></p>")).rows
        == ()
    )


def test_a_hub_of_short_lists_has_no_rows_and_a_list_beside_boxes_has() -> None:
    def box(n: int) -> str:
        items = "".join(
            f"<li><a href='/b{n}/t2023100{m}_{n}{m}.html'>栏目{n}的第{m}条信息标题</a><span>2023-10-0{m}</span></li>"
            for m in range(1, 4)
        )
        return f"<div><div><h3>栏目{n}</h3><a href='/b{n}/'>更多&gt;&gt;</a></div><ul>{items}</ul></div>"

    boxes = "".join(map(box, range(4)))
    assert read(page(boxes)).rows == ()
    with_pager = f"<div><ul>{rows()}</ul><div><span>1</span><a href='index_1.html'>下一页</a></div></div>"
    assert len(read(page(with_pager + boxes)).rows) == 8


MUTATED = [
    "list items, date behind",
    "table rows",
    "definition lists",
    "cards",
    "a big day",
    "a link to the category",
]


@given(
    form=st.sampled_from(MUTATED),
    names=st.lists(st.sampled_from(sorted(mutate_lists.MUTATIONS)), min_size=1, max_size=3, unique=True),
    seed=st.integers(0, 99),
)
def test_what_changes_nothing_for_a_reader_changes_no_row(form: str, names: list[str], seed: int) -> None:
    html = page(listed(form) + "<div><span>1</span><a href='index_1.html'>2</a><a href='index_1.html'>下一页</a></div>")
    mutated = html
    for name in names:
        mutated = mutate_lists.MUTATIONS[name](mutated, random.Random(seed))
    before, after = read(html), read(mutated)
    compared = (lambda row: (row.url, row.date)) if "drop titles" in names else (lambda row: (row.url, row.title, row.date))
    assert list(map(compared, after.rows)) == list(map(compared, before.rows))
    assert after.next_list == before.next_list


@pytest.mark.parametrize("day", ["05-{d:02}", "[05/{d:02}]", "5月{d}日"])
def test_a_list_whose_dates_have_no_year_is_no_less_a_list(day: str) -> None:
    own = "".join(
        f"<li><a href='./{n}.html'>{TITLES[n % len(TITLES)]}</a><span>{day.format(d=20 - n)}</span></li>" for n in range(10)
    )
    beside = "".join(
        f"<li><a href='/yw/202405/t2024050{n}_{n}.html'>全市经济运行开局良好 主要指标稳中有进之{n}</a></li>" for n in range(1, 4)
    )
    found = read(page(f"<ul>{own}</ul><div><h3>热点推荐</h3><ul>{beside}</ul></div>"))
    assert [row.url.rpartition("/")[2] for row in found.rows] == [f"{n}.html" for n in range(10)]


def test_navigation_and_footers_are_no_rows() -> None:
    assert read(page("<p>本栏目正在建设中。</p>")).rows == ()


ANSWERS = {
    "an array": '[{"title": "关于甲的公告", "url": "/a/1.html", "pubDate": "2023-10-01"}]',
    "deep, with tags": '{"code": 200, "data": {"page": {"rows": [{"docTitle": "<em>关于</em>甲的公告", "docPubUrl": "./../a/1.html", "docRelTime": 1696118400}]}}}',
    "objects inside": '{"r": [{"data": {"title": "关于甲的公告", "url": "/a/1.html", "time": "2023-10-01 08:00:00"}}]}',
    "of a document": '{"list": [{"docTitle": "关于甲的公告", "docUrl": "/a/1.html", "releaseDate": "2023-10-01", "createTime": "2020-01-01"}]}',
    "of an article": '[{"articleTitle": "关于甲的公告", "articleUrl": "/a/1.html", "addTime": "2023-10-01", "imgUrl": "/p/1.jpg"}]',
    "of news": '[{"newsTitle": "关于甲的公告", "newsUrl": "/a/1.html", "newsTime": "2023-10-01", "updateTime": "2023-12-01"}]',
    "of content": '[{"contentTitle": "关于甲的公告", "contentUrl": "/a/1.html", "publish_time": "2023-10-01", "channelUrl": "/a/"}]',
    "of a view": '[{"TITLE": "关于甲的公告", "VIEWURL": "/a/1.html", "INPUTTIME": "2023-10-01"}]',
    "static": '[{"title": "关于甲的公告", "staticUrl": "/a/1.html", "publish_date": "2023-10-01"}]',
    "in pinyin": '[{"wzbt": "关于甲的公告", "wzlj": "/a/1.html", "fbsj": "2023-10-01"}]',
    "a call": 'cb123([{"name": "关于甲的公告", "href": "/a/1.html", "fbrq": "20231001"}]);',
    "a call around records": ';raw({"result": "<datastore><totalrecord>7</totalrecord><recordset><record><![CDATA[<li><a href=\\"/a/1.html\\">关于甲的公告</a><b>2023-10-01</b></li>]]></record></recordset></datastore>"})',
    "records": "<datastore><recordset><record><![CDATA[<li><a href='/a/1.html' title='关于甲的公告'>关于…</a><b>2023-10-01</b></li>]]></record></recordset></datastore>",
    "records without CDATA": "<datastore><record>&lt;a href='/a/1.html'&gt;关于甲的公告&lt;/a&gt;2023-10-01</record></datastore>",
    "RSS": "<?xml version='1.0'?><rss><channel><title>x</title><item><title><![CDATA[关于甲的公告]]></title><link>/a/1.html</link><pubDate>Sat, 30 Sep 2023 23:30:00 GMT</pubDate></item></channel></rss>",
    "Atom": "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>关于甲的公告</title><link rel='alternate' href='/a/1.html'/><updated>2023-10-01T08:00:00+08:00</updated></entry></feed>",
    "HTML in JSON": '{"data": {"html": "<ul><li><a href=\\"/a/1.html\\">关于甲的公告通知书</a><span>2023-10-01</span></li></ul>"}}',
    "wrongly encoded": json.dumps(
        {"list": [{"title": "关于甲的公告".encode().decode("latin-1"), "url": "/a/1.html", "time": "2023-10-01"}]},
        ensure_ascii=False,
    ),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_of_apis_and_feeds_are_read(answer: str) -> None:
    (row,) = read(ANSWERS[answer]).rows
    assert (row.url, row.title.removesuffix("通知书"), (row.date or "")[:10]) == (
        "http://www.yunxi.example/a/1.html" if "deep" not in answer else "http://www.yunxi.example/zwgk/a/1.html",
        "关于甲的公告",
        "2023-10-01",
    )


def test_the_rows_of_an_answer_may_be_named_by_their_keys_and_a_wrong_path_is_told() -> None:
    answer = '{"top": [{"t": "首页推荐内容", "u": "/x.html"}], "data": {"list": [{"t": "关于甲的公告", "u": "a/1.html", "d": "2023-10-01"}]}}'
    (row,) = read(answer, ListRules(rows="data.list", link="u", title="t", date="d")).rows
    assert (row.title, row.date) == ("关于甲的公告", "2023-10-01")
    wrong = read('{"list": [{"title": "关于甲的公告", "url": "/a/1.html"}]}', ListRules(rows="data.items"))
    assert wrong.rows == ()
    assert wrong.evidence.startswith("list.rows: 'data.items' gave 0 values")
    assert "by structure 1 stand at list" in wrong.evidence


def test_an_index_of_sitemaps_leads_to_further_lists() -> None:
    found = read(
        "<?xml version='1.0'?><sitemapindex><sitemap><loc>http://www.yunxi.example/1.xml</loc></sitemap><sitemap><loc>/2.xml.gz</loc></sitemap></sitemapindex>"
    )
    assert [request.url for request in found.more_lists] == [
        "http://www.yunxi.example/1.xml",
        "http://www.yunxi.example/2.xml.gz",
    ]


@pytest.mark.parametrize(
    ("pager", "following", "pages", "total"),
    [
        ("共 <b>36</b> 页 当前第 <b>1</b> 页 <a href='index_1.html'>下一页</a> <a href='index_35.html'>尾页</a>", "index_1.html", 36, None),
        ("<div>页次：1/36　每页20条　总数：716 <a href='?page=2'>下一页</a><a href='?page=36'>末页</a></div>", "index.html?page=2", 36, 716),
        ("<div><span>共有 716 条记录，分 36 页显示</span><a href='p_2.html'>下页</a></div>", "p_2.html", 36, 716),
        ("<div><span>1</span><a href='?p=2'>2</a><a href='?p=3'>3</a>...<a href='?p=36'>36</a><a href='?p=2'>下一页</a></div>", "index.html?p=2", 36, None),
        ("<div><a href='index_1.html'><img src='n.gif' alt='下一页'></a></div>", "index_1.html", None, None),
        ("<div><strong>1</strong><a href='l_2.html'>2</a><a href='l_3.html'>3</a></div>", "l_2.html", 3, None),
        ("<div><a class='cur' href='index.html'>1</a><a href='l_2.html'>2</a><a href='l_3.html'>3</a><a href='l_2.html'>&gt;</a><a href='l_3.html'>&gt;&gt;</a></div>", "l_2.html", 3, None),
        ("<div><span>共52条</span><i>1</i><a href='zb/10.htm'>2</a><a href='zb/9.htm'>3</a><a href='zb/10.htm'>下页</a><a href='zb/1.htm'>尾页</a> 1/11</div>", "zb/10.htm", 11, 52),
        ("<table><tr><td>共165条</td><td>9页</td><td><a href='l_2.htm'>下一页</a></td></tr></table>", "l_2.htm", 9, 165),
        ("<div><a href='javascript:void(0)' onclick='go(2)'>下一页</a> 共9页</div>", None, 9, None),
        ("<div>上一篇：<a href='a.html'>没有了</a> 下一篇：<a href='b.html'>下一条信息内容</a></div>", None, None, None),
        ("<div><a class='prev'></a><a class='num on'>1</a><a class='num' href='l_2.htm'>2</a><a class='next' href='l_2.htm'></a></div>", "l_2.htm", 2, None),
        ("<select onchange='go()'><option value='index.html' selected>1</option><option value='index_1.html'>2</option></select>", "index_1.html", 2, None),
    ],
)  # fmt: skip
def test_the_next_page_and_the_totals_are_read_from_links_and_words(
    pager: str, following: str | None, pages: int | None, total: int | None
) -> None:
    found = read(page(f"<ul>{rows()}</ul>{pager}"))
    wanted = f"http://www.yunxi.example/zwgk/tzgg/{following}" if following else None
    assert (found.next_list.url if found.next_list else None, found.total_pages, found.total_rows) == (wanted, pages, total)
    assert len(found.rows) == 8


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


def test_the_real_list_pages_are_read_as_they_are_labelled(shared: Path) -> None:
    folder = shared / "corpus" / "lists"
    labels = [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines()]
    lost, wrong = [], []
    for label in labels:
        said = Page(label["page_url"], 200, (), (folder / label["file"]).read_bytes(), 0)
        found = read_page(said, Kind.LIST, ReadRules(), label["page_url"])
        lost += [row["url"] for row in label["rows"] if row["url"] not in {row.url for row in found.rows}]
        wrong += [row.url for row in found.rows if row.url not in {row["url"] for row in label["rows"]}]
        following = (label["next"] or {}).get("url")
        if following is not None:
            assert found.next_list is not None
            assert found.next_list.url == following
        if label["total_pages"] is not None:
            assert found.total_pages == label["total_pages"]
    assert (lost, wrong) == ([], [])
