"""Each fault of a field as the family it belongs to: every label, separator, tag and place, each beside its healthy twin."""

import pytest

from crawler.record.notice import Record
from tests.parsers.frames import FOOT, INFO, TITLE, TOOLS, TOP, frame, recorded, thinned

TEXT = (
    "各乡镇人民政府，县直各单位：",
    "为做好汛期水库巡查工作，现将有关事项通知如下，请认真贯彻执行，遇到问题及时报告。",
    "各单位要于月底前将巡查情况报送县水务局。",
)
ARTICLE = "<div id='zoom'>" + "".join(f"<p>{line}</p>" for line in TEXT) + "</div>"
SITE = "临河县人民政府"


def told(info: str, *, metas: bool = True, article: str = ARTICLE, title: str = TITLE) -> Record:
    """A page with these facts under its title."""
    return recorded(frame(article, info=info, metas=metas, title=title))


# ------------------------------------------------------------------ titles
QUOTES = {
    "印发": ("临河县水务局关于印发《水库巡查办法》的通知", "水库巡查办法"),
    "意见": ("关于征求《水库巡查办法（征求意见稿）》意见的公告", "水库巡查办法（征求意见稿）"),
    "解读": ("《临河县水库巡查实施细则》政策解读", "临河县水库巡查实施细则"),
    "转发": ("转发省水利厅关于做好“水库安全度汛行动”的通知", "水库安全度汛行动"),
}
ENDS = ("_", " _ ", "-", " - ", "－", "|", "｜", "—", "——", "--", "·", "_通知公告_", "-通知公告-", "_政务公开_通知公告_", " ")
HEADINGS = {
    "bold": "<p align='center'><b>{}</b></p>",
    "h2": "<h2>{}</h2>",
    "large": "<p style='text-align:center'><span style='font-size:22pt'>{}</span></p>",
    "plain": "<p align='center'>{}</p>",
    "h3": "<h3>{}</h3>",
    "titled": "<p class='title'>{}</p>",
}


def bare(page_title: str, inside: str, info: str = "<div class='rq'>2024-05-06</div>") -> str:
    """A page that shows no title of its own: only <title> has it."""
    return f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{page_title}</title></head><body>{TOP}{info}<div class='c9'>{inside}</div>{TOOLS}{FOOT}</body></html>"


@pytest.mark.parametrize(("quote", "end", "heading"), thinned(QUOTES, ENDS, HEADINGS))
def test_a_title_that_quotes_the_text_s_heading_is_the_title_and_the_heading_stays_in_the_text(
    quote: str, end: str, heading: str
) -> None:
    title, quoted = QUOTES[quote]
    inside = HEADINGS[heading].format(quoted) + "".join(f"<p>{line}</p>" for line in TEXT)
    made = recorded(bare(f"{title}{end}{SITE}", inside))
    assert (made.title, made.body) == (title, (quoted, *TEXT))


@pytest.mark.parametrize("end", ENDS)
def test_a_title_that_the_page_shows_is_cut_from_its_site_s_name(end: str) -> None:
    assert (
        recorded(bare(f"{TITLE}{end}{SITE}", f"<p align='center'>{TITLE}</p>" + "".join(f"<p>{line}</p>" for line in TEXT))).title
        == TITLE
    )


SHORTS = ("公告", "公示", "通知", "通告", "通 告", "公　　告", "简介", "张三", "欧阳明远")
PLACES = {
    "h1": "<h1>{}</h1>", "h2": "<h2>{}</h2>", "a box called title": "<div class='title'>{}</div>", "a plain box": "<div class='k3'>{}</div>",
    "bold": "<p align='center'><b>{}</b></p>",
}  # fmt: skip


@pytest.mark.parametrize(("short", "place", "metas"), thinned(SHORTS, PLACES, [True, False]))
def test_a_title_of_two_characters_is_one(short: str, place: str, metas: bool) -> None:
    signed = (*TEXT, "特此公告。", "临河县公安局交通警察大队", "2024年5月6日")
    article = "<div id='zoom'>" + "".join(f"<p>{line}</p>" for line in signed) + "</div>"
    html = frame(article, title=short, metas=metas).replace(f"<h1>{short}</h1>", PLACES[place].format(short))
    made = recorded(html)
    assert (made.title, made.body) == (short.replace("　　", "  ") if False else short, signed)


@pytest.mark.parametrize("length", [150, 201, 250, 330, 500])
@pytest.mark.parametrize("metas", [True, False])
def test_a_long_title_is_one(length: int, metas: bool) -> None:
    title = (
        "、".join(f"临河县第{number}行政管理局" for number in range(100, 200))[: length - 20]
        + "局关于开展联合检查工作有关事项的紧急通知"
    )
    assert recorded(frame(ARTICLE, title=title, metas=metas)).title == title


@pytest.mark.parametrize("signature", ["临河县公安局交通警察大队", "临河县水务局办公室", "关于水库巡查的工作专班"])
@pytest.mark.parametrize("facts", ["<p>发布时间：2024-05-06　来源：县水务局</p>", "<p>日期：2024-05-06</p>"])
def test_a_line_below_the_text_is_no_title(signature: str, facts: str) -> None:
    inside = (
        f"<div class='k1'>{TITLE}</div><div class='k2'>"
        + "".join(f"<p>{line}</p>" for line in TEXT)
        + f"<p>{signature}</p></div>{facts}"
    )
    made = recorded(bare(f"{TITLE}-{SITE}", inside, info=""))
    assert (made.title, signature in made.body) == (TITLE, True)


# ------------------------------------------------------------------ dates
OTHERS = (
    "开始时间", "截止时间", "截止日期", "征集时间", "征集期限", "开标时间", "公示时间", "公示期", "公示期限", "有效期", "有效期至", "写信时间", "来信时间", "报名时间", "会议时间",
    "答复时间", "办理时间", "投标截止时间", "考试时间", "活动时间", "实施日期", "施行日期", "失效日期", "成文日期", "印发日期", "签发日期", "受理时间", "中标日期", "成交日期", "培训时间",
)  # fmt: skip
JOINTS = ("：{}", ": {}", " {}", "：<span>{}</span>", "：</span><span>{}", "</b>：{}", "　{}")


@pytest.mark.parametrize(("label", "joint", "metas"), thinned(OTHERS, JOINTS, [True, False]))
def test_a_date_of_another_label_is_not_the_day_of_publication(label: str, joint: str, metas: bool) -> None:
    written = label + joint.format("2024-06-18 09:30")
    made = told(f"<div class='info'><span>{'<b>' if '</b>' in joint else ''}{written}</span></div>", metas=metas)
    assert made.published == ("2024-05-06 09:30" if metas else None)
    assert made.body == TEXT


SPANS = (
    "2024-05-08至2024-05-14",
    "2024年5月8日—2024年5月14日",
    "2024-05-08 至 2024-05-14",
    "2024年5月8日起",
    "2024.05.08~2024.05.14",
    "2024-05-08到2024-05-14",
)


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("label", ["", "公示时间：", "时间：", "公示期 "])
def test_a_span_of_days_is_no_day_of_publication(span: str, label: str) -> None:
    assert told(f"<div class='info'>{label}{span}</div>").published == "2024-05-06 09:30"


PUBLISHED = (
    "发布时间",
    "发布日期",
    "时间",
    "日期",
    "发文时间",
    "刊发日期",
    "挂网时间",
    "更新时间",
    "公开日期",
    "发布于",
    "上网日期",
    "信息时间",
    "发稿时间",
    "Date",
    "Release time",
    "Published",
    "PUBLISHED ON",
    "Publish Date",
    "Updated",
    "Posted on",
)


@pytest.mark.parametrize(("label", "joint"), thinned(PUBLISHED, JOINTS[:5]))
def test_a_date_of_publication_is_read_behind_every_label(label: str, joint: str) -> None:
    made = told(f"<div class='info'><span>{label}{joint.format('2024-06-18 09:30')}</span></div>")
    assert (made.published, made.body) == ("2024-06-18 09:30", TEXT)


CLOCKS = {
    "2024/5/6 下午 3:20:05": "2024-05-06 15:20:05", "2024-05-06 3:20:05 PM": "2024-05-06 15:20:05", "2024-5-6 下午3:20": "2024-05-06 15:20", "2024年5月6日 下午3点20分": "2024-05-06 15:20",
    "2024年5月6日上午9时5分": "2024-05-06 09:05", "2024-05-06 12:05 AM": "2024-05-06 00:05", "2024-05-06 12:05 PM": "2024-05-06 12:05", "2024/5/6 上午 12:05:00": "2024-05-06 00:05:00",
    "2024-05-06 晚上8:05": "2024-05-06 20:05", "2024-05-06 3:20 p.m.": "2024-05-06 15:20", "2024-05-06 15:20": "2024-05-06 15:20", "2024-05-06 下午15:20": "2024-05-06 15:20",
    "5/6/2024 3:20:05 PM": "2024-05-06 15:20:05", "2024-05-06 星期一 09:30": "2024-05-06 09:30", "民國113年5月6日": "2024-05-06", "中華民國113年05月06日": "2024-05-06", "民国一百一十三年五月六日": "2024-05-06",
    "24-05-06": "2024-05-06", "24/05/06 09:30": "2024-05-06 09:30", "24年5月6日": "2024-05-06", "May 6, 2024": "2024-05-06", "6 May 2024": "2024-05-06", "May 6th, 2024 3:20 PM": "2024-05-06 15:20",
    "06-May-2024": "2024-05-06", "Monday, May 6, 2024": "2024-05-06",
}  # fmt: skip


@pytest.mark.parametrize(("written", "label"), thinned(CLOCKS, ["发布时间：", "时间:", "Date: "]))
def test_dates_of_every_clock_calendar_and_language_are_read(written: str, label: str) -> None:
    assert told(f"<div class='info'>{label}{written}　来源：县水务局</div>").published == CLOCKS[written]


def test_a_page_in_english_has_its_labels() -> None:
    made = told(
        "<div class='info'>Source: Linhe Water Bureau  Release time: May 6, 2024  Document No.: LW〔2024〕12号</div>", metas=False
    )
    assert (made.source, made.published, made.meta["doc_no"]) == ("Linhe Water Bureau", "2024-05-06", "LW〔2024〕12号")


# ------------------------------------------------------------------ source
LINES = {
    "li": "<ul class='f1'><li>信息来源：{s}</li><li>发布日期：2019/08/26</li></ul>",
    "li turned": "<ul class='f1'><li>发布日期：2019/08/26</li><li>信息来源：{s}</li></ul>",
    "p": "<p>来源：{s}</p><p>发布日期：2019/08/26</p>",
    "div": "<div>来源：{s}</div><div>发布日期：2019/08/26</div>",
    "br": "<div>来源：{s}<br>日期：2019/08/26</div>",
    "with clicks": "<ul><li>来源：{s}</li><li>浏览次数：35</li><li>发布日期：2019/08/26</li></ul>",
    "one line": "<p>来源：{s}　发布日期：2019/08/26</p>",
    "spans": "<div><span>来源：{s}</span><span>2019/08/26</span></div>",
    "ems": "<div><em>来源：{s}</em><em>2019年8月26日</em><em>【打印】</em></div>",
    "italics": "<div><i>2019-08-26</i><i>09:30</i><i>来源：{s}</i></div>",
    "label apart": "<div><span>来源：</span><span>{s}</span><span>2019-08-26</span></div>",
    "date first": "<div><span>2019-08-26</span><span>来源：{s}</span></div>",
    "bar": "<div>2019-08-26 | 来源：{s} | 打印</div>",
    "cells": "<table><tr><td>来源：{s}</td><td>发布日期：2019/08/26</td></tr></table>",
    "dl": "<dl><dt>来源：</dt><dd>{s}</dd><dt>日期：</dt><dd>2019-08-26</dd></dl>",
}


@pytest.mark.parametrize(
    ("line", "source", "inside"),
    # labels that fill a line within the text are the text's
    [
        one
        for one in thinned(LINES, ["党群工作部", "县委办", "临河县应急管理局"], [True, False])
        if not (one[0] == "dl" and one[2])
    ],
)
def test_a_source_is_read_in_every_layout_of_the_facts(line: str, source: str, inside: bool) -> None:
    facts = LINES[line].format(s=source)
    article = ARTICLE.replace("<div id='zoom'>", f"<div id='zoom'>{facts}") if inside else ARTICLE
    made = told("" if inside else facts, metas=False, article=article)
    assert (made.source, (made.published or "")[:10], made.body) == (source, "2019-08-26", TEXT)


EMPTY = ("来源：", "来源： ", "来源:&nbsp;", "信息来源：", "来源：<span></span>", "来源：无", "来源：　　")


@pytest.mark.parametrize(
    ("label", "first", "box"),
    thinned(EMPTY, ["各乡镇人民政府及有关专家：", "2024年第4期", "县水务局", "第一章"], [True, False]),
)
def test_a_label_of_a_source_without_a_value_takes_nothing_from_the_text(label: str, first: str, box: bool) -> None:
    text = "".join(f"<p>{line}</p>" for line in (first, *TEXT[1:]))
    made = told(
        f"<div class='info'><span>发布时间：2024-05-06</span><span>作者：</span><span>{label}</span></div>",
        metas=False,
        article=f"<div class='z'>{text}</div>" if box else text,
    )
    assert (made.source, made.published, made.body) == (None, "2024-05-06", (first, *TEXT[1:]))


@pytest.mark.parametrize(
    "facts",
    [
        "来源：　作者：张三　来源：县水务局　时间：2024-05-06",
        "<p>来源：</p><p>信息来源：县水务局</p><p>发布时间：2024-05-06</p>",
        "<p>来源： 发布时间：2024-05-06 稿源：县水务局</p>",
    ],
)
def test_an_empty_label_does_not_shadow_a_filled_one(facts: str) -> None:
    assert told(f"<div class='info'>{facts}</div>", metas=False).source == "县水务局"


# ------------------------------------------------------------------ channel
TRAILS = {
    "ol": "<ol class='breadcrumb'><li><a href='/'>首页</a></li><li><a href='/zwgk/'>政务公开</a></li><li><a href='/zwgk/tzgg/'>通知公告</a></li></ol>",
    "ul": "<ul class='crumbs'><li><a href='/'>首页</a></li><li><a href='/zwgk/'>政务公开</a></li><li class='active'>通知公告</li></ul>",
    "ends with 正文": "<ol class='breadcrumb'><li><a href='/'>网站首页</a></li><li><a href='/zwgk/tzgg/'>通知公告</a></li><li>正文</li></ol>",
    "links in a box": "<div class='crumb'><a href='/'>首页</a><a href='/zwgk/'>政务公开</a><a href='/zwgk/tzgg/'>通知公告</a></div>",
    "spans": "<div class='location'><span><a href='/'>首页</a></span><span><a href='/zwgk/'>政务公开</a></span><span><a href='/zwgk/tzgg/'>通知公告</a></span></div>",
    "nameless links": "<div class='q1'><a href='/'>首页</a><a href='/zwgk/'>政务公开</a><a href='/zwgk/tzgg/'>通知公告</a></div>",
    "nameless list": "<ul class='q1'><li><a href='/'>首页</a></li><li><a href='/zwgk/'>政务公开</a></li><li><a href='/zwgk/tzgg/'>通知公告</a></li></ul>",
    "nameless, whole addresses": "<p><a href='http://www.linhe.example/'>首页</a> <a href='http://www.linhe.example/zwgk/'>政务公开</a> <a href='http://www.linhe.example/zwgk/tzgg/index.html'>通知公告</a></p>",
    "place before": "<div class='q1'><span>当前位置：</span><a href='/'>首页</a><a href='/zwgk/'>政务公开</a><a href='/zwgk/tzgg/'>通知公告</a></div>",
    "arrows": "<div class='q1'><a href='/'>首页</a> &gt; <a href='/zwgk/'>政务公开</a> &gt; <a href='/zwgk/tzgg/'>通知公告</a></div>",
    "with the title": f"<ol class='breadcrumb'><li><a href='/'>首页</a></li><li><a href='/zwgk/tzgg/'>通知公告</a></li><li>{TITLE}</li></ol>",
    "nav": "<nav aria-label='breadcrumb'><ol><li><a href='/'>首页</a></li><li><a href='/zwgk/'>政务公开</a></li><li><a href='/zwgk/tzgg/'>通知公告</a></li></ol></nav>",
    "slashes by css": "<div class='bread-nav'><a href='/'>首页</a><i></i><a href='/zwgk/'>政务公开</a><i></i><a href='/zwgk/tzgg/'>通知公告</a></div>",
}


@pytest.mark.parametrize("trail", TRAILS)
def test_a_breadcrumb_is_read_however_it_is_drawn_and_beats_the_tag(trail: str) -> None:
    assert recorded(frame(ARTICLE, pos=TRAILS[trail]).replace('content="通知公告"', 'content="要闻"')).channel == "通知公告"


@pytest.mark.parametrize(
    "menu", [TOP, TOP.replace("div", "ul").replace("<a", "<li><a").replace("</a>", "</a></li>"), TOP.replace("top", "nav-path")]
)
def test_a_menu_is_no_breadcrumb(menu: str) -> None:
    assert recorded(frame(ARTICLE, pos=menu)).channel == "通知公告"


# ------------------------------------------------------------------ numbers
NUMBERS = (
    "临水〔2024〕12号",
    "临水[2024]12号",
    "临水（2024）12号",
    "临水【2024】12号",
    "临水〔２０２４〕１２号",
    "临水 〔2024〕 12 号",
    "临水〔2024〕第12号",
)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "place", ["title", "title in brackets", "facts", "facts by 发文字号", "under the title", "in the text", "block"]
)
def test_a_document_number_is_found_wherever_it_stands_in_one_form(number: str, place: str) -> None:
    title, info, article = TITLE, INFO, ARTICLE
    if place.startswith("title"):
        title = f"{TITLE}（{number}）" if place == "title" else f"{TITLE}({number})"
    elif place.startswith("facts"):
        info = f"<div class='info'>{'文号' if place == 'facts' else '发文字号'}：{number}　发布时间：2024-05-06　来源：县水务局</div>"
    elif place == "under the title":
        info = f"<p align='center'>{number}</p>{INFO}"
    elif place == "in the text":
        article = ARTICLE.replace("<div id='zoom'>", f"<div id='zoom'><p>{number}</p>")
    else:
        info = f"<table><tr><td>索引号</td><td>0000/2024-1</td><td>发文字号</td><td>{number}</td></tr></table>{INFO}"
    made = recorded(frame(article, info=info, title=title, metas=False))
    assert made.meta.get("doc_no") == "临水〔2024〕12号"
    assert made.provenance["meta.doc_no"].raw.replace(" ", "") == number.replace(" ", "")


IN_FORCE = "本办法自2024年7月1日起施行。"
NOT_OWN = {
    "a draft by its title": ("关于《水库巡查办法（征求意见稿）》公开征求意见的公告", f"<p>{IN_FORCE}</p>"),
    "a draft": ("水库巡查办法（征求意见稿）", f"<p>{IN_FORCE}</p>"),
    "a draft for examination": ("水库巡查办法（送审稿）", f"<p>{IN_FORCE}</p>"),
    "a quoted act": (TITLE, "<p>《水库管理条例》自2024年7月1日起施行，请认真学习。</p>"),
    "a quotation": (TITLE, "<p>该条例第二十条规定：“本条例自2024年7月1日起施行”。</p>"),
    "that act": (TITLE, "<p>该办法自2024年7月1日起施行，请各单位遵照执行。</p>"),
    "an annex": (TITLE, f"<p>附件</p><p>水库巡查办法</p><p>{IN_FORCE}</p>"),
    "annex one": (TITLE, f"<p>附件1：</p><p>水库巡查办法</p><p>{IN_FORCE}</p>"),
}


@pytest.mark.parametrize("kind", NOT_OWN)
def test_the_day_another_act_comes_into_force_is_not_the_notice_s(kind: str) -> None:
    title, more = NOT_OWN[kind]
    assert "effective_date" not in recorded(frame(ARTICLE.replace("</div>", f"{more}</div>"), title=title)).meta


@pytest.mark.parametrize(
    "sentence", [IN_FORCE, "本通知自2024年7月1日起执行，有效期五年。", "第二十条　本细则自2024年7月1日起正式实施。"]
)
def test_the_day_this_act_comes_into_force_is(sentence: str) -> None:
    made = recorded(frame(ARTICLE.replace("</div>", f"<p>{sentence}</p></div>")))
    assert made.meta["effective_date"] == "2024-07-01"


# ------------------------------------------------------------------ furniture
ORNAMENTED = (
    "▪ 上一篇：<a href='/1.html'>关于夏季用电安全的通知</a>", "·【打印】", "· 【关闭窗口】", "■ 下一篇：没有了", "★ 分享到：", "附件：", "相关附件：", "▶ 打印本页", "1 2 下一页", "上一页 1 2 3 下一页",
    "共3页 1 2 3 下一页 尾页", "[1] [2] 下一页", "第1页/共2页 下一页", "◆ 上一条：关于公开招聘工作人员的公告", "» 返回顶部", "※责任编辑：张三", "| 打印 | 关闭 |",
)  # fmt: skip


@pytest.mark.parametrize("line", ORNAMENTED)
@pytest.mark.parametrize("tag", ["p", "div", "li"])
def test_furniture_with_ornaments_is_left_out(line: str, tag: str) -> None:
    assert recorded(frame(ARTICLE.replace("</div>", f"<{tag}>{line}</{tag}></div>"))).body == TEXT


@pytest.mark.parametrize("column", ["<p align='center'>通知公告</p>", "<div class='lm'>通知公告</div>", "<h3>通知公告</h3>"])
def test_the_column_s_name_over_the_text_is_left_out(column: str) -> None:
    assert recorded(frame(ARTICLE.replace("<div id='zoom'>", f"<div id='zoom'>{column}"))).body == TEXT


@pytest.mark.parametrize(
    "line",
    ["1.加强巡查", "二、首页推荐的做法", "第2页的表格要逐项填写", "· 坚持日巡查、周汇总", "附件：水库名录", "★ 重点水库12座"],
)
def test_a_line_of_the_text_that_looks_a_little_like_furniture_stays(line: str) -> None:
    assert recorded(frame(ARTICLE.replace("</div>", f"<p>{line}</p><p>请各单位认真落实。</p></div>"))).body == (
        *TEXT,
        line,
        "请各单位认真落实。",
    )
