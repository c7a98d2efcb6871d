"""Lists that were read as none, or wrongly: each kind a family of small pages, every member beside its healthy twin."""

import json

import pytest

from crawler.model import Page
from crawler.parsers.listing import Listing, read_list
from crawler.record.rules import ListRules

URL = "http://www.yunxi.example/zwgk/tzgg/index.html"
BASE = "http://www.yunxi.example/zwgk/tzgg/"
MENU = "<div class='nav'><ul>{}</ul></div>".format("".join(f"<li><a href='/c{n}/'>栏目名称{n}号</a></li>" for n in range(12)))
PLACE = "<div class='pos'>当前位置：<a href='/'>首页</a> &gt; <a href='/zwgk/'>政务公开</a> &gt; 通知公告</div>"
FOOT = "<div class='foot'><a href='/about.html'>关于我们的网站</a> 主办：云溪县人民政府 <a href='http://beian.example/'>某ICP备00000001号</a></div>"
WORDS = ("秋季造林", "河道清淤", "校车检查", "电梯加装", "农机补贴", "图书捐赠", "冬季供暖", "夜班公交")
TITLES = [f"云溪县关于{word}的通知" for word in WORDS]
Wanted = list[tuple[str, str, str | None]]


def page(inner: str, behind: str = "") -> str:
    """A list page with its frame."""
    return f"<html><head><title>通知公告_云溪县人民政府</title></head><body>{MENU}{PLACE}<div class='main'>{inner}</div>{behind}{FOOT}</body></html>"


def read(html: str, url: str = URL) -> Listing:
    """The listing of a page."""
    return read_list(html, Page(url, 200, (), b"", 0), rules=ListRules())


def told(found: Listing) -> Wanted:
    """Address (short), title, date."""
    return [(row.url.removeprefix(BASE), row.title, row.date) for row in found.rows]


def rows(form: str, titles: list[str] | None = None, first: int = 0, count: int = 8) -> str:
    """Rows in a form: t title, d day, n number, w a word."""
    named = (titles or TITLES)[first : first + count]
    return "".join(
        form.format(t=title, d=first + at + 1, n=first + at + 101, w=WORDS[first + at]) for at, title in enumerate(named)
    )


def wanted(address: str = "t202405{d:02}_{n}.html", titles: list[str] | None = None, first: int = 0, count: int = 8) -> Wanted:
    """What these rows say."""
    named = (titles or TITLES)[first : first + count]
    return [
        (address.format(d=first + at + 1, n=first + at + 101), title, f"2024-05-{first + at + 1:02}")
        for at, title in enumerate(named)
    ]


A = "t202405{d:02}_{n}.html"
DAY = "2024-05-{d:02}"

# ------------------------------------------------------------------ several dates a row
DATES: dict[str, tuple[str, str, str]] = {
    "valid until, in the head": ("<table><tr><th>文件名称</th><th>有效期至</th><th>公布日期</th></tr>", f"<tr><td><a href='{A}'>{{t}}</a></td><td>2029-04-{{d:02}}</td><td>{DAY}</td></tr>", "</table>"),
    "valid until behind the day": ("<table><tr><th>文件名称</th><th>公布日期</th><th>有效期至</th></tr>", f"<tr><td><a href='{A}'>{{t}}</a></td><td>{DAY}</td><td>2029-04-{{d:02}}</td></tr>", "</table>"),
    "written before published": ("<table><thead><tr><td>序号</td><td>名称</td><td>成文日期</td><td>发布日期</td></tr></thead><tbody>", f"<tr><td>{{d}}</td><td><a href='{A}'>{{t}}</a></td><td>2024-04-{{d:02}}</td><td>{DAY}</td></tr>", "</tbody></table>"),
    "a plain first row as head": ("<table><tr><td>标题</td><td>文号</td><td>生效日期</td><td>发布时间</td></tr>", f"<tr><td><a href='{A}'>{{t}}</a></td><td>云政〔2024〕{{d}}号</td><td>2024-07-{{d:02}}</td><td>{DAY}</td></tr>", "</table>"),
    "in effect from": ("<table><tr><th>标题</th><th>施行日期</th><th>公开时间</th></tr>", f"<tr><td><a href='{A}'>{{t}}</a></td><td>2024-07-{{d:02}}</td><td>{DAY}</td></tr>", "</table>"),
    "bids close": ("<table><tr><th>项目名称</th><th>开标时间</th><th>发布日期</th></tr>", f"<tr><td><a href='{A}'>{{t}}</a></td><td>2024-07-{{d:02}} 09:30</td><td>{DAY}</td></tr>", "</table>"),
    "a head of divs": ("<div><div><span>标题</span><span>截止日期</span><span>发布日期</span></div><ul>", f"<li><a href='{A}'>{{t}}</a><span>2024-07-{{d:02}}</span><span>{DAY}</span></li>", "</ul></div>"),
    "an event": ("<ul>", f"<li><a href='{A}'>{{t}}</a><em>活动时间：2024-06-{{d:02}} 09:00</em><span>发布时间：{DAY}</span></li>", "</ul>"),
    "a consultation": ("<ul>", f"<li><a href='{A}'>{{t}}</a><p>征集时间：2024-06-{{d:02}} 至 2024-07-{{d:02}}</p><p>发布：{DAY}</p></li>", "</ul>"),
    "a consultation of two days": ("<ul>", f"<li><a href='{A}'>{{t}}</a><p>开始时间：2024-06-{{d:02}}　结束时间：2024-07-{{d:02}}</p><p>发布时间：{DAY}</p></li>", "</ul>"),
    "a public notice": ("<ul>", f"<li><a href='{A}'>{{t}}</a><span>公示期：2024-06-{{d:02}}至2024-06-28</span><span>{DAY}</span></li>", "</ul>"),
    "a letter": ("<ul>", f"<li><a href='{A}'>{{t}}</a><span>写信时间：2024-04-{{d:02}}</span><span>答复时间：{DAY}</span></li>", "</ul>"),
    "written before published in words": ("<ul>", f"<li><a href='{A}'>{{t}}</a><p>成文日期：2024-04-{{d:02}} 发布日期：{DAY}</p></li>", "</ul>"),
    "published before written in words": ("<ul>", f"<li><a href='{A}'>{{t}}</a><p>发布日期：{DAY} 成文日期：2024-04-{{d:02}}</p></li>", "</ul>"),
    "updated": ("<ul>", f"<li><a href='{A}'>{{t}}</a><p>更新时间：2024-06-{{d:02}}</p><p>发布时间：{DAY}</p></li>", "</ul>"),
    "enrolment": ("<ul>", f"<li><a href='{A}'>{{t}}</a><i>报名时间：2024-06-{{d:02}}</i><i>{DAY}</i></li>", "</ul>"),
    "one date, healthy": ("<ul>", f"<li><a href='{A}'>{{t}}</a><span>{DAY}</span></li>", "</ul>"),
    "written alone": ("<table><tr><th>标题</th><th>成文日期</th></tr>", f"<tr><td><a href='{A}'>{{t}}</a></td><td>{DAY}</td></tr>", "</table>"),
}  # fmt: skip


@pytest.mark.parametrize("form", DATES)
def test_of_several_dates_of_a_row_the_day_of_publication_counts(form: str) -> None:
    before, each, behind = DATES[form]
    assert told(read(page(before + rows(each) + behind))) == wanted()


def test_a_row_whose_only_date_is_another_one_has_none() -> None:
    form = "<tr><td><a href='a{n}.html'>{t}</a></td><td>2029-04-{d:02}</td></tr>"
    found = read(page(f"<table><tr><th>文件名称</th><th>有效期至</th></tr>{rows(form)}</table>"))
    assert [row.date for row in found.rows] == [None] * 8


# ------------------------------------------------------------------ short columns
ONE = "<li><a href='{}'>{}</a><span>2024-05-06</span></li>"
SHORT_ADDRESSES = (
    "t20240506_101.html",
    "a.html",
    "gg/xkz",
    "c/d.shtml",
    "?a=b",
    "/xw/tz/abc/",
    "http://www.other.example/x",
    "fj.pdf",
)
SHORT_BOXES = (
    "<ul>{}</ul>",
    "<div class='list'><ul>{}</ul></div>",
    "<div><div><ul>{}</ul></div><div>共1页</div></div>",
    "<ul class='links'>{}</ul>",
)


@pytest.mark.parametrize("address", SHORT_ADDRESSES)
@pytest.mark.parametrize("box", SHORT_BOXES)
@pytest.mark.parametrize("count", [1, 2])
def test_a_column_of_one_or_two_notices_is_one_whatever_its_addresses_look_like(address: str, box: str, count: int) -> None:
    names = ["关于调整办公时间的公告", "关于召开座谈会的通知"][:count]
    html = page(box.format("".join(ONE.format(address + "x" * at, name) for at, name in enumerate(names))))
    assert [(row.title, row.date) for row in read(html).rows] == [(name, "2024-05-06") for name in names]


UNDATED = ("t20240506_101.html", "content_101.html", "info/1012/1034.htm", "art/2024/5/6/art_1_2.html", "detail?id=12")


@pytest.mark.parametrize("address", UNDATED)
@pytest.mark.parametrize("pager", ["", "<div>共1页 <span>1</span></div>", "<div>共1条记录</div>"])
def test_one_notice_without_a_date_is_a_row_in_a_list_where_its_address_says_so(address: str, pager: str) -> None:
    html = page(f"<ul class='list'><li><a href='{address}'>关于调整办公时间的公告</a></li></ul>{pager}")
    assert [row.title for row in read(html).rows] == ["关于调整办公时间的公告"]


NO_LISTS = {
    "nothing": "<p>本栏目正在建设中。</p>",
    "an empty list": "<ul class='list'></ul><div>共0条</div>",
    "an article": "<h1>关于造林的通知</h1><p>发布时间：2024-05-06 来源：县政府</p>" + "<p>各单位要高度重视，认真组织实施，确保各项措施落到实处，不留死角。</p>" * 20 + "<p>附件：<a href='W020240506.doc'>造林任务分解表</a></p>",
    "a menu": "<ul class='left-menu'><li><a href='/a/'>领导之窗</a></li><li><a href='/b/'>机构职能</a></li><li><a href='/c/'>政策文件</a></li></ul>",
    "one link home": "<div><a href='/'>返回首页</a></div>",
}  # fmt: skip


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_stays_none(name: str) -> None:
    assert told(read(page(NO_LISTS[name]))) == []


# ------------------------------------------------------------------ the last page
LAST = {
    "links": "<div class='page'><a href='index.html'>首页</a> <a href='index_3.html'>上一页</a> <a href='index_3.html'>4</a> <span>5</span> 下一页 尾页</div>",
    "words": "<div class='page'>共42条 第5/5页 <a href='index.html'>首页</a> <a href='index_3.html'>上一页</a></div>",
    "a script": "<div class='page'><script>createPageHTML(5, 4, 'index', 'html');</script></div>",
}
LAST_FORMS = {
    "dated items": ("<ul>", f"<li><a href='{A}'>{{t}}</a><span>{DAY}</span></li>", "</ul>"),
    "table rows": (
        "<table><tr><th>标题</th><th>日期</th></tr>",
        f"<tr><td><a href='{A}'>{{t}}</a></td><td>{DAY}</td></tr>",
        "</table>",
    ),
    "odd addresses": ("<ul>", f"<li><a href='xx/{{w}}'>{{t}}</a><span>{DAY}</span></li>", "</ul>"),
    "a summary": (
        "<div>",
        f"<div><h3><a href='{A}'>{{t}}</a></h3><p>{'摘要的文字很长很长' * 40}</p><span>{DAY}</span></div>",
        "</div>",
    ),
    "links around": ("<div>", f"<a href='{A}'><p>{{t}}</p><i>{DAY}</i></a>", "</div>"),
    "no dates": ("<ul>", "<li><a href='content_{n}.html'>{t}</a></li>", "</ul>"),
    "no dates, odd addresses": ("<ul>", "<li><a href='xx/{w}.html'>{t}</a></li>", "</ul>"),
}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("pager", LAST)
@pytest.mark.parametrize("form", LAST_FORMS)
def test_a_last_page_with_one_or_two_rows_has_them(form: str, pager: str, count: int) -> None:
    before, each, behind = LAST_FORMS[form]
    found = read(page(before + rows(each, count=count) + behind + LAST[pager]), f"{BASE}index_4.html")
    assert [row.title for row in found.rows] == TITLES[:count]
    assert found.next_list is None


# ------------------------------------------------------------------ dates in titles
TITLED = {
    "a day without a space": [f"空气质量日报2024年05月{day:02}日" for day in range(1, 9)],
    "a day with a space": [f"空气质量日报 2024年05月{day:02}日" for day in range(1, 9)],
    "a day in brackets": [f"空气质量日报（2024年5月{day}日）" for day in range(1, 9)],
    "a day in front": [f"2024年5月{day}日空气质量日报" for day in range(1, 9)],
    "a day in front with strokes": [f"2024-05-{day:02} 空气质量日报" for day in range(1, 9)],
    "a day with strokes": [f"空气质量日报2024-05-{day:02}" for day in range(1, 9)],
    "a day with strokes in brackets": [f"价格监测[2024-05-{day:02}]" for day in range(1, 9)],
    "only months": [f"2023年{day}月" for day in range(1, 9)],
    "months with a stroke": [f"2023-{day:02}" for day in range(1, 9)],
    "months and days": [f"{day}月{day}日" for day in range(1, 9)],
    "years": [f"{2015 + day}年" for day in range(1, 9)],
    "years and quarters": [f"20{15 + day}年第一季度" for day in range(1, 9)],
    "weeks": [f"第{day}周（5月{day}日—5月{day + 6}日）" for day in range(1, 9)],
    "all the same": ["空气质量日报"] * 8,
    "two characters": ["公告", "公示", "通知", "通告", "决定", "批复", "公报", "意见"],
    "two characters set apart": ["公 告", "公 示", "通 知", "通 告", "决 定", "批 复", "公 报", "意 见"],
    "all 公告": ["公告"] * 8,
    "names": ["张三", "李四", "王五", "赵六六", "钱七", "孙八", "周九九", "吴十"],
}


@pytest.mark.parametrize(
    "form",
    [
        "<li><a href='{a}'>{t}</a><span>{d}</span></li>",
        "<li><span>{d}</span><a href='{a}' title='{t}'>{t}</a></li>",
        "<tr><td><a href='{a}'>{t}</a></td><td>{d}</td></tr>",
    ],
)
@pytest.mark.parametrize("kind", TITLED)
def test_titles_keep_their_dates_and_short_ones_are_titles(kind: str, form: str) -> None:
    titles = TITLED[kind]
    inner = "".join(
        form.format(a=A.format(d=at + 1, n=at + 101), t=title, d=f"2024-05-{at + 1:02}") for at, title in enumerate(titles)
    )
    box = "<table>{}</table>" if form.startswith("<tr") else "<ul>{}</ul>"
    assert told(read(page(box.format(inner)))) == wanted(titles=titles)


BEHIND = {
    "brackets in a heading": f"<div><h3><a href='{A}'>{{t}}（{DAY}）</a></h3><p>这里是摘要这里是摘要</p></div>",
    "square brackets in a heading": f"<div><h3><a href='{A}'>{{t}}[{DAY}]</a></h3></div>",
    "a heading in the link": f"<div><a href='{A}'><h4>{{t}} ({DAY})</h4><p>摘要</p></a></div>",
    "brackets behind the link in a heading": f"<div><h3><a href='{A}'>{{t}}</a>（{DAY}）</h3></div>",
    "Chinese brackets": f"<li><a href='{A}'>{{t}}【{DAY}】</a></li>",
    "a space": f"<li><a href='{A}'>{{t}} {DAY}</a></li>",
    "a space and words": f"<li><a href='{A}'>{{t}}　2024年05月{{d:02}}日</a></li>",
}  # fmt: skip


@pytest.mark.parametrize("form", BEHIND)
def test_a_date_behind_titles_that_differ_is_the_row_s(form: str) -> None:
    assert told(read(page(f"<div>{rows(BEHIND[form])}</div>"))) == wanted()


# ------------------------------------------------------------------ cards
LONG = "摘要：有关工作安排如下，这里是一段比标题还要长的文字，这里是一段比标题还要长的文字"
CARDS = {
    "a class each": f"<a href='{A}'><div class='pic'><img src='p.jpg'></div><div class='tit'>{{t}}</div><div class='txt'>{LONG}</div><div class='date'>{DAY}</div></a>",
    "paragraphs": f"<li><a href='{A}'><p>{{t}}</p><p>{LONG}</p><p>{DAY}</p></a></li>",
    "spans": f"<li><a href='{A}'><span class='t'>{{t}}</span><span class='d'>{DAY}</span></a></li>",
    "a big day first": f"<li><a href='{A}'><div><b>{{d:02}}</b><span>2024-05</span></div><div><p>{{t}}</p><p>{LONG}</p></div></a></li>",
    "a date first": f"<li><a href='{A}'><div>{DAY}</div><div>{{t}}</div><div>{LONG}</div></a></li>",
    "the link below": f"<div><div>{{t}}</div><div>{LONG}</div><div>{DAY}</div><a href='{A}'>查看详情</a></div>",
    "the link below with an arrow": f"<div><p>{{t}}</p><p>{DAY}</p><a href='{A}'>阅读全文 &gt;&gt;</a></div>",
    "more below": f"<li><p>{{t}}</p><i>{DAY}</i><a href='{A}'>more</a></li>",
    "a picture with its name": f"<li><a href='{A}'><img src='p.jpg' alt='{{t}}'></a><span>{DAY}</span></li>",
    "a picture and a link": f"<li><a href='{A}'><img src='p.jpg' alt='{{t}}'></a><p><a href='{A}'>{{t}}</a></p><span>{DAY}</span></li>",
    "a summary with its own link": f"<li><h4><a href='{A}'>{{t}}</a></h4><p>{LONG}<a href='{A}'>[详细]</a></p><span>{DAY}</span></li>",
    "strong": f"<div><a href='{A}'><strong>{{t}}</strong><br>{LONG}<br>{DAY}</a></div>",
    "a summary beside": f"<dl><dt><a href='{A}'>{{t}}</a></dt><dd>{LONG}</dd><dd>发布时间：{DAY}</dd></dl>",
    "a label before": f"<li><span>[通知公告]</span><a href='{A}'>{{t}}</a><span>{DAY}</span></li>",
    "a label inside": f"<li><a href='{A}'><span>置顶</span>{{t}}</a><span>{DAY}</span></li>",
    "a number": f"<li><span>{{d}}、</span><a href='{A}'>{{t}}</a><span>{DAY}</span></li>",
    "new": f"<li><a href='{A}'>{{t}}</a><img src='new.gif' alt='new'><span>{DAY}</span></li>",
}  # fmt: skip


@pytest.mark.parametrize("form", CARDS)
def test_cards_without_a_heading_are_rows(form: str) -> None:
    found = told(read(page(f"<div>{rows(CARDS[form])}</div>")))
    said = [(url, title.removeprefix("置顶"), date) for url, title, date in found] if form == "a label inside" else found
    assert said == wanted()


# ------------------------------------------------------------------ what scripts write
WRITTEN = {
    "the day": f"<li><a href='{A}'>{{t}}</a><span><script>document.write('{DAY}');</script></span></li>",
    "the day before": f"<li><span><script>document.write('{DAY}')</script></span><a href='{A}'>{{t}}</a></li>",
    "the day and its clock": f"<li><a href='{A}'>{{t}}</a><script type='text/javascript'>document.write(\"{DAY} 00:00:00\");</script></li>",
    "a piece of it": f"<li><a href='{A}'>{{t}}</a><script>document.write('{DAY} 10:20:30'.substring(0,10));</script></li>",
    "a slice of it": f"<li><a href='{A}'>{{t}}</a><script>document.write(\"{DAY} 10:20:30\".substr(0, 10))</script></li>",
    "a part of it": f"<li><a href='{A}'>{{t}}</a><script>document.write('{DAY} 10:20:30'.split(' ')[0])</script></li>",
    "by a variable": f"<li><a href='{A}'>{{t}}</a><script>var d='{DAY}';document.write(d);</script></li>",
    "by a variable cut": f"<li><a href='{A}'>{{t}}</a><script>var d='{DAY} 10:20:30';document.write(d.substring(0,10));</script></li>",
    "with tags": f"<li><a href='{A}'>{{t}}</a><script>document.write('<span>{DAY}</span>');</script></li>",
    "with brackets": f"<li><a href='{A}'>{{t}}</a><script>document.write('['+'{DAY}'+']');</script></li>",
    "by a function": f"<li><a href='{A}'>{{t}}</a><script>document.write(formatDate('{DAY} 00:00:00'));</script></li>",
    "in a table": f"<tr><td><a href='{A}'>{{t}}</a></td><td><script>document.write('{DAY}');</script></td></tr>",
    "the whole row": f"<script>document.write(\"<li><a href='{A}'>{{t}}</a><span>{DAY}</span></li>\");</script>",
    "the row in pieces": f"<script>document.write('<li>');document.write('<a href=\"{A}\">{{t}}</a>');document.write('<span>{DAY}</span></li>');</script>",
    "the title": f"<li><a href='{A}'><script>document.write('{{t}}')</script></a><span>{DAY}</span></li>",
}  # fmt: skip


@pytest.mark.parametrize("form", WRITTEN)
def test_what_scripts_write_from_plain_strings_stands_in_its_row(form: str) -> None:
    box = "<table>{}</table>" if "<tr>" in WRITTEN[form] else "<ul>{}</ul>"
    assert [(u, t, (d or "")[:10]) for u, t, d in told(read(page(box.format(rows(WRITTEN[form])))))] == wanted()


# ------------------------------------------------------------------ rows without a link
VIEW = "<script>function view(id){ window.open('detail_' + id + '.html'); }</script>"
GO = '<script>function go(id, kind) { var url = "detail_" + id + ".html"; window.location.href = url; }</script>'
PUSHED = {
    "an item": ("<li onclick=\"location.href='detail_{n}.html'\">{t}<span>2024-05-{d:02}</span></li>", ""),
    "an item in another window": ("<li onclick=\"window.open('detail_{n}.html')\"><p>{t}</p><span>2024-05-{d:02}</span></li>", ""),
    "window.location": ("<li onclick=\"window.location='detail_{n}.html'\"><p>{t}</p><span>2024-05-{d:02}</span></li>", ""),
    "self.location": ("<li onclick=\"javascript:self.location.href='detail_{n}.html';\">{t}<span>2024-05-{d:02}</span></li>", ""),
    "assign": ("<li onclick=\"location.assign('detail_{n}.html')\">{t}<span>2024-05-{d:02}</span></li>", ""),
    "a table row": ("<tr onclick=\"window.open('detail_{n}.html','_blank')\"><td>{t}</td><td>2024-05-{d:02}</td></tr>", ""),
    "a cell": ("<tr><td onclick=\"window.open('detail_{n}.html')\">{t}</td><td>2024-05-{d:02}</td></tr>", ""),
    "a box": ("<div onclick=\"location.href='detail_{n}.html'\"><div>{t}</div><div>2024-05-{d:02}</div></div>", ""),
    "a span": ("<li><span onclick=\"location.href='detail_{n}.html'\">{t}</span><em>2024-05-{d:02}</em></li>", ""),
    "a link with its address in onclick": ("<li><a href='javascript:;' onclick=\"window.open('detail_{n}.html')\">{t}</a><em>2024-05-{d:02}</em></li>", ""),
    "a link to nowhere": ("<li><a href='#' onclick=\"location.href='detail_{n}.html';return false;\">{t}</a><em>2024-05-{d:02}</em></li>", ""),
    "a link without href": ("<li><a onclick=\"window.open('detail_{n}.html')\">{t}</a><em>2024-05-{d:02}</em></li>", ""),
    "a script as address": ("<li><a href=\"javascript:window.open('detail_{n}.html')\">{t}</a><em>2024-05-{d:02}</em></li>", ""),
    "a function": ("<li><a onclick=\"view('{n}')\">{t}</a><em>2024-05-{d:02}</em></li>", VIEW),
    "a function with a number": ("<li><a href='javascript:void(0)' onclick='view({n})'>{t}</a><em>2024-05-{d:02}</em></li>", VIEW),
    "a function as address": ("<li><a href=\"javascript:view('{n}')\">{t}</a><em>2024-05-{d:02}</em></li>", VIEW),
    "a function that returns": ("<li><a href='javascript:;' onclick=\"return view('{n}');\">{t}</a><em>2024-05-{d:02}</em></li>", VIEW),
    "a function by a variable": ("<li onclick=\"go('{n}', 1)\"><p>{t}</p><em>2024-05-{d:02}</em></li>", GO),
    "an arrow": ("<li onclick=\"toPage('{n}')\"><p>{t}</p><em>2024-05-{d:02}</em></li>", "<script>const toPage = (x) => { location.href = `detail_${x}.html` }</script>"),
    "an assigned function": ("<li onclick=\"toPage('{n}')\"><p>{t}</p><em>2024-05-{d:02}</em></li>", "<script>var toPage = function(x){ top.location.href='detail_'+x+'.html'; };</script>"),
    "data-href": ("<li data-href='detail_{n}.html'>{t}<em>2024-05-{d:02}</em></li>", ""),
    "data-url": ("<li><a data-url='detail_{n}.html'>{t}</a><em>2024-05-{d:02}</em></li>", ""),
    "a link, healthy": ("<li><a href='detail_{n}.html'>{t}</a><em>2024-05-{d:02}</em></li>", VIEW),
    "a link that is counted": ("<li><a href='detail_{n}.html' onclick=\"count('{n}')\">{t}</a><em>2024-05-{d:02}</em></li>", VIEW),
}  # fmt: skip


@pytest.mark.parametrize("form", PUSHED)
def test_rows_that_are_pushed_and_not_linked_are_rows(form: str) -> None:
    each, script = PUSHED[form]
    box = "<table>{}</table>" if each.startswith("<tr") else "<ul>{}</ul>" if each.startswith("<li") else "<div>{}</div>"
    assert told(read(page(box.format(rows(each)), script))) == wanted("detail_{n}.html")


def test_a_row_whose_address_only_a_foreign_script_knows_is_told_with_its_reason() -> None:
    found = read(page(f"<ul>{rows('<li><a href=javascript:; onclick=show({n})>{t}</a><em>2024-05-{d:02}</em></li>')}</ul>"))
    assert [row.reason for row in found.rows] == ["script"] * 8
    assert [row.title for row in found.rows] == TITLES


# ------------------------------------------------------------------ rows within scripts
ITEMS = [
    {"title": title, "url": f"t202405{at + 1:02}_{at + 101}.html", "pubDate": f"2024-05-{at + 1:02}"}
    for at, title in enumerate(TITLES)
]
SAID = json.dumps(ITEMS, ensure_ascii=False)
LOOSE = "[" + ",".join(f"{{title:'{item['title']}',url:'{item['url']}',pubDate:'{item['pubDate']}',}}" for item in ITEMS) + "]"
MORE = json.dumps({"props": {"pageProps": {"list": {"records": ITEMS, "total": 8}}}, "page": "/list"}, ensure_ascii=False)
SCRIPTS = {
    "a variable": f"<script>var data={SAID};</script>",
    "a loose literal": f"<script>\nvar list = {LOOSE};\nfor(var i=0;i<list.length;i++){{render(list[i])}}</script>",
    "articleList": f"<script>$(function(){{ init({{ pageSize: 10, articleList:{SAID}, total: 8 }}); }});</script>",
    "window": f"<script>window.__INITIAL_STATE__={json.dumps({'list': {'data': ITEMS}}, ensure_ascii=False)};(function(){{}})()</script>",
    "Next": f"<div id='__next'></div><script id='__NEXT_DATA__' type='application/json'>{MORE}</script>",
    "a JSON script": f"<script type='application/json' id='rows'>{SAID}</script>",
    "JSON.parse": f"<script>var rows = JSON.parse('{SAID}');</script>",
    "a string of JSON": f"<script>var rows = {json.dumps(SAID)};</script>",
    "a string within JSON": f"<script>var page = {json.dumps({'code': 0, 'data': SAID}, ensure_ascii=False)};</script>",
    "escaped": f"<script>var data={json.dumps(ITEMS)};</script>",
    "pushed": "<script>var a=[];" + "".join(f"a.push({json.dumps(item, ensure_ascii=False)});" for item in ITEMS) + "</script>",
    "indexed": "<script>var a=new Array();" + "".join(f"a[{n}]={json.dumps(item, ensure_ascii=False)};" for n, item in enumerate(ITEMS)) + "</script>",
    "Vue": f"<div id='app'></div><script>new Vue({{el:'#app',data:{{list:{SAID},page:1}}}})</script>",
    "data() of Vue": f"<div id='app'></div><script>new Vue({{el:'#app',data(){{return {{ list: {LOOSE} }}}}}})</script>",
    "Nuxt": f"<div id='__nuxt'></div><script>window.__NUXT__={{data:[{{list:{LOOSE}}}],state:{{}}}}</script>",
}  # fmt: skip


@pytest.mark.parametrize("form", SCRIPTS)
def test_rows_within_scripts_are_rows(form: str) -> None:
    assert told(read(page(f"<div id='list'></div>{SCRIPTS[form]}"))) == wanted()


def test_rows_within_a_script_of_two_megabytes_are_read_in_time() -> None:
    many = [
        {"title": f"云溪县关于第{n}项工作的通知", "url": f"a/{n}.html", "pubDate": "2024-05-06", "text": "文" * 180}
        for n in range(2500)
    ]
    found = read(page(f"<div id='list'></div><script>var data={json.dumps(many)};</script>"))
    assert len(found.rows) == 2500
    loose = (
        "["
        + ",".join(f"{{title:'{item['title']}',url:'{item['url']}',pubDate:'2024-05-06',text:'{item['text']}'}}" for item in many)
        + "]"
    )
    assert len(read(page(f"<div id='list'></div><script>var data={loose};</script>")).rows) == 2500


def test_a_menu_within_a_script_is_no_list_and_a_list_of_the_page_beats_a_box_in_a_script() -> None:
    menu = json.dumps([{"name": f"栏目{n}", "url": f"/c{n}/"} for n in range(20)], ensure_ascii=False)
    form = f"<li><a href='{A}'>{{t}}</a><span>{DAY}</span></li>"
    assert told(read(page(f"<ul>{rows(form)}</ul><script>var menu={menu};</script>"))) == wanted()
    assert told(read(page(f"<p>建设中</p><script>var menu={menu};</script>"))) == []
    hot = json.dumps(ITEMS[:3], ensure_ascii=False)
    assert told(read(page(f"<ul>{rows(form)}</ul><script>var hot={hot};</script>"))) == wanted()


PLAIN = "<li><a href='a/{n}.html'>{t}</a><span>2024-05-{d:02}</span></li>"

# ------------------------------------------------------------------ pagers
PAGERS: dict[str, tuple[str, tuple[str, str, str, int | None, int | None]]] = {  # what the page has; method, address, body, pages, rows
    'onclick href': ('<div>共36页 <a href=\'javascript:;\' onclick="location.href=\'index_2.html\'">下一页</a></div>', ('GET', 'index_2.html', '', 36, None)),
    'onclick encodeURI': ('<div>共36页 <a href=\'javascript:void(0)\' onclick="location.href=encodeURI(\'index_2.jhtml\')">下一页</a></div>', ('GET', 'index_2.jhtml', '', 36, None)),
    'button': ('<div>共36页 <input type=\'button\' value=\'下一页\' onclick="location.href=\'index_2.jhtml\'"></div>', ('GET', 'index_2.jhtml', '', 36, None)),
    'button el': ('<div>共36页 <button onclick="window.location=\'index_2.jhtml\'">下一页</button></div>', ('GET', 'index_2.jhtml', '', 36, None)),
    'span': ('<div>共36页 <span onclick="location.href=\'index_2.jhtml\'">下一页</span></div>', ('GET', 'index_2.jhtml', '', 36, None)),
    'goPage form get': ("<form name='pf' action='list.jsp' method='get'><input type='hidden' name='col' value='5'><input type='hidden' name='pageNo' value='1'></form><div>共36页 <a href='javascript:goPage(2)'>下一页</a></div><script>function goPage(n){document.pf.pageNo.value=n;document.pf.submit();}</script>", ('GET', 'list.jsp?col=5&pageNo=2', '', 36, None)),
    'goPage form post': ("<form id='pf' action='list.jsp' method='post'><input type='hidden' name='col' value='5'><input type='hidden' id='pageNo' name='pageNo' value='1'></form><div>共36页 <a href='#' onclick='goPage(2)'>下一页</a></div><script>function goPage(n){$('#pageNo').val(n);$('#pf').submit();}</script>", ('POST', 'list.jsp', 'col=5&pageNo=2', 36, None)),
    'goPage getElementById': ("<form id='pf' action='/list.do' method='post'><input type='hidden' id='pageNo' name='pageNo' value='1'></form><div>共36页 <a onclick='goPage(2)'>下一页</a></div><script>function goPage(n){document.getElementById('pageNo').value=n;document.getElementById('pf').submit();}</script>", ('POST', 'http://www.yunxi.example/list.do', 'pageNo=2', 36, None)),
    'goPage function address': ("<div>共36页 <a href='javascript:goPage(2)'>下一页</a></div><script>function goPage(n){location.href='index_'+n+'.html';}</script>", ('GET', 'index_2.html', '', 36, None)),
    'goPage query': ("<div>共36页 <a href='javascript:goPage(2)'>下一页</a></div><script>function goPage(n){window.location.href='list.jsp?col=5&page='+n;}</script>", ('GET', 'list.jsp?col=5&page=2', '', 36, None)),
    'aspnet': ('<form method=\'post\' action=\'list.aspx?id=3\'><input type=\'hidden\' name=\'__VIEWSTATE\' value=\'abc\'><input type=\'hidden\' name=\'__EVENTTARGET\'><input type=hidden name=\'__EVENTARGUMENT\'></form><div>共36页 <a href="javascript:__doPostBack(\'pager\',\'2\')">下一页</a></div>', ('POST', 'list.aspx?id=3', '__VIEWSTATE=abc&__EVENTTARGET=pager&__EVENTARGUMENT=2', 36, None)),
    'empire': ("<div class='epages'><a title='Total record'>&nbsp;<b>716</b> </a>&nbsp;&nbsp;&nbsp;<b>1</b>&nbsp;<a href='index_2.html'>2</a>&nbsp;<a href='index_3.html'>3</a>&nbsp;<a href='index_2.html'>下一页</a>&nbsp;<a href='index_36.html'>尾页</a></div>", ('GET', 'index_2.html', '', 36, 716)),
    'first/last words': ("<div><a href='index.html'>第一页</a> <a href='index_2.html'>下一页</a> <a href='index_36.html'>最后一页</a></div>", ('GET', 'index_2.html', '', None, None)),
    'select numbers': ("<div>转到<select onchange='goPage(this.value)'><option value='1' selected>1</option><option value='2'>2</option><option value='3'>3</option></select></div><script>function goPage(n){location.href='index_'+n+'.html';}</script>", ('GET', 'index_2.html', '', 3, None)),
    'select addresses': ("<select onchange='location.href=this.value'><option value='index.html' selected>第1页</option><option value='index_2.html'>第2页</option><option value='index_3.html'>第3页</option></select>", ('GET', 'index_2.html', '', 3, None)),
    'english': ("<div>Page 1 of 36 <a href='index_2.html'>Next</a> <a href='index_36.html'>Last</a></div>", ('GET', 'index_2.html', '', 36, None)),
    'next »': ("<div><a href='index_2.html'>下一页 »</a></div>", ('GET', 'index_2.html', '', None, None)),
    '下页 &gt;&gt;': ("<div><a href='index_2.html'>下页&gt;&gt;</a></div>", ('GET', 'index_2.html', '', None, None)),
    'rel next': ("<div><a rel='next' href='index_2.html'><i class='icon'></i></a></div>", ('GET', 'index_2.html', '', None, None)),
    'layui': ("<div id='p'></div><script>laypage.render({elem:'p',count:716,limit:20,curr:1,jump:function(obj,first){if(!first){location.href='list.jsp?page='+obj.curr;}}});</script>", ('GET', 'list.jsp?page=2', '', 36, 716)),
    'jq pagination': ("<div id='p'></div><script>$('#p').pagination({totalData:716,showData:20,current:1,callback:function(api){location.href='index_'+api.getCurrent()+'.html'}});</script>", ('GET', 'index_2.html', '', 36, 716)),
    'page_div': ("<div id='page_div'></div><script>createPageHTML('page_div',36,1,'common_list','shtml',716);</script>", ('GET', 'common_list_2.shtml', '', 36, 716)),
    'next in data': ("<div>共36页 <a data-href='index_2.html'>下一页</a></div>", ('GET', 'index_2.html', '', 36, None)),
}  # fmt: skip
LAST_PAGERS = {
    "a script's last page": "<div>共3页 第3/3页 <a href='javascript:goPage(2)'>上一页</a> 下一页</div><script>function goPage(n){location.href='index_'+n+'.html';}</script>",
    "a select's last page": "<select onchange='location.href=this.value'><option value='index.html'>第1页</option><option value='index_2.html'>第2页</option><option value='index_3.html' selected>第3页</option></select>",
    "a callback's last page": "<script>laypage.render({elem:'p',count:60,limit:20,curr:3,jump:function(obj,first){location.href='list.jsp?page='+obj.curr;}});</script>",
    "a form's last page": "<form name='pf' action='list.jsp'><input type='hidden' name='pageNo' value='3'></form><div>共3页 第3/3页 <a href='javascript:goPage(2)'>上一页</a> <a href='javascript:goPage(3)'>下一页</a></div><script>function goPage(n){document.pf.pageNo.value=n;document.pf.submit();}</script>",
}  # fmt: skip


@pytest.mark.parametrize("name", PAGERS)
def test_the_next_page_is_what_a_push_or_a_form_or_a_callback_leads_to(name: str) -> None:
    inner, (method, url, body, pages, total) = PAGERS[name]
    found = read(page(f"<ul>{rows(PLAIN)}</ul>{inner}"))
    assert found.next_list is not None
    asked = found.next_list
    assert (asked.method, asked.url.removeprefix(BASE), asked.body.decode()) == (method, url, body)
    assert (found.total_pages, found.total_rows, len(found.rows)) == (pages, total, 8)


@pytest.mark.parametrize("name", LAST_PAGERS)
def test_a_last_page_leads_nowhere(name: str) -> None:
    found = read(page(f"<ul>{rows(PLAIN)}</ul>{LAST_PAGERS[name]}"), f"{BASE}index_3.html")
    assert (found.next_list, found.total_pages, len(found.rows)) == (None, 3, 8)


APIS: dict[str, tuple[str, tuple[str, str, str] | None]] = {
    '$.get': ("$.get('/api/list', {pageNo: 1, pageSize: 15, channelId: 5}, function(d){});", ('GET', '/api/list?pageNo=1&pageSize=15&channelId=5', '')),
    '$.getJSON': ("$.getJSON('/api/list?page=1&size=15', function(d){});", ('GET', '/api/list?page=1&size=15', '')),
    '$.post': ("var col='5'; $.post('/api/list.do', {page: 1, rows: 15, col: col}, function(d){},'json');", ('POST', '/api/list.do', 'page=1&rows=15&col=5')),
    '$.ajax get': ("function load(page){ $.ajax({url:'/api/list', type:'GET', dataType:'json', data:{pageIndex:page,pageSize:20,cid:7}, success:function(r){}}); } load(1);", ('GET', '/api/list?pageIndex=1&pageSize=20&cid=7', '')),
    '$.ajax post': ("var pageNo=1; $.ajax({type:'post', url:'/api/list', data:{pageNo:pageNo,pageSize:20}, success:function(r){}});", ('POST', '/api/list', 'pageNo=1&pageSize=20')),
    'ajax json': ("$.ajax({type:'POST', url:'/api/list', contentType:'application/json', data:JSON.stringify({pageNo:1,pageSize:20}), success:function(r){}});", ('POST', '/api/list', '{"pageNo":1,"pageSize":20}')),
    'axios get': ("axios.get('/api/list',{params:{page:1,limit:10}}).then(function(r){})", ('GET', '/api/list?page=1&limit=10', '')),
    'axios post': ("axios.post('/api/list',{page:1,limit:10}).then(r=>{})", ('POST', '/api/list', '{"page":1,"limit":10}')),
    'fetch': ("fetch('/api/list?page=1').then(r=>r.json())", ('GET', '/api/list?page=1', '')),
    'no page': ("$.get('/api/hits', {id: 5}, function(d){});", None),
    'unknown': ("$.get('/api/list', {page: 1, token: window.token()}, function(d){});", None),
}  # fmt: skip


@pytest.mark.parametrize("name", APIS)
def test_a_page_that_names_its_own_api_is_read_from_there(name: str) -> None:
    script, wanted_ = APIS[name]
    asked = read(page("<div id='list'></div>", f"<script>{script}</script>")).next_list
    said = (asked.method, asked.url.removeprefix("http://www.yunxi.example"), asked.body.decode()) if asked else None
    assert said == wanted_
    full = read(page(f"<ul>{rows(PLAIN)}</ul>", f"<script>{script}</script>"))
    assert (len(full.rows), full.next_list) == (8, None)


NUMBERED = {
    "a joined string": ("var html=''; for(var i=0;i<list.length;i++){html+='<li><a href=\"detail.jsp?id='+list[i].id+'\">'+list[i].title+'</a></li>';}", "detail.jsp?id={}"),
    "a template": ("list.map(item=>`<li><a href=\"detail/${item.id}.html\">${item.title}</a></li>`)", "detail/{}.html"),
    "a push": ("function go(item){ window.open('show.html?id='+item.id) }", "show.html?id={}"),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERED)
def test_rows_of_a_script_that_have_only_a_number_get_the_address_its_own_script_makes(name: str) -> None:
    script, form = NUMBERED[name]
    items = [{"id": at + 101, "title": title, "pubDate": f"2024-05-{at + 1:02}"} for at, title in enumerate(TITLES)]
    found = read(page("<ul id='l'></ul>", f"<script>var list={json.dumps(items, ensure_ascii=False)};{script}</script>"))
    assert told(found) == [(form.format(at + 101), title, f"2024-05-{at + 1:02}") for at, title in enumerate(TITLES)]
