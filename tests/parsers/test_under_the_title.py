"""What stands right under a title and says where a notice is from or when it was published, beside what only looks like it."""

import pytest

from crawler.record.notice import Record
from tests.parsers.families import BODY, TITLE, page, text
from tests.parsers.test_families import recorded

META = "<meta name='PubDate' content='2021-12-01'>"


def notice(under: str, head: str = META) -> Record:
    """A notice with this between its title and its text, all in one box."""
    return recorded(page(f"<div class='x'><h1>{TITLE}</h1>{under}<div class='nr'>{text()}</div></div>", head))


@pytest.mark.parametrize(
    "under", ["<div>来源：某局</div>", "<p>来源：某局　打印</p>", "<div>2021-11-30</div><div>来源：某局</div>"]
)
def test_a_lone_source_under_the_title_is_a_fact(under: str) -> None:
    made = notice(under)
    assert (made.source, made.body) == ("某局", BODY)


def test_a_sentence_that_begins_with_a_label_is_of_the_text() -> None:
    line = "来源：某局数据显示，一季度经济增长5.3%。"
    made = notice(f"<div>发布时间：2021-11-30</div><p>{line}</p>")
    assert (made.source, made.body) == (None, (line, *BODY))


@pytest.mark.parametrize(
    "line", ["2021年11月30日 星期二", "2021-11-30 星期二", "2021年11月30日（星期二）", "2021年11月30日 星期二 某局"]
)
def test_a_weekday_beside_the_date_under_the_title_does_no_harm(line: str) -> None:
    made = notice(f"<div>{line}</div>")
    assert (made.published, made.body) == ("2021-11-30", BODY)


@pytest.mark.parametrize("line", ["2021年11月30日 星期二", "今天是2021年11月30日"])
def test_the_clock_of_a_page_is_no_date_of_a_notice(line: str) -> None:
    made = recorded(page(f"<div>{line}</div><div class='x'><h1>{TITLE}</h1><p>来源：某局</p>{text()}</div>"))
    assert made.published is None


@pytest.mark.parametrize(
    "line",
    [
        "某局 2021-11-30",
        "某局2021年11月30日",
        "某局 | 2021年11月30日 | 分享",
        "[2021-11-30] [某局]",
        "某发〔2021〕3号　2021-11-30",
    ],
)
def test_a_date_beside_a_name_or_number_right_under_the_title_is_that_of_publication(line: str) -> None:
    made = recorded(page(f"<div class='x'><h1>{TITLE}</h1><p>{line}</p>{text()}</div>", META))
    assert (made.published, made.body) == ("2021-11-30", BODY)


@pytest.mark.parametrize(
    "line",
    [
        "（某某 2021年11月30日）",
        "（2021年11月30日）",
        "（2021年11月30日某市第3次常务会议通过）",
        "2021年11月30日至12月3日，全区检查",
        "截至2021年11月30日 某局",
        "公示时间：2021年11月30日至12月6日",
    ],
)
def test_a_date_that_a_subtitle_or_a_text_begins_with_is_not(line: str) -> None:
    made = recorded(page(f"<div class='x'><h1>{TITLE}</h1><p>{line}</p>{text()}</div>", META))
    assert (made.published, made.body) == ("2021-12-01", (line, *BODY))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("示例市人民政府关于示例河流域生态保护", "和高质量发展规划纲要（2021—2035年）的批复"),
        ("凝心聚力谋发展，砥砺奋进谱新篇", "——示例县2023年经济社会发展综述"),
    ],
)
def test_a_title_over_two_lines_stays_out_of_the_text(first: str, second: str) -> None:
    facts = "<div>日期：2021-11-30　来源：某局</div>"
    made = recorded(
        page(f"<div class='x'><div class='bt'>{first}<br>{second}</div>{facts}<div>{text()}</div></div>", title=first + second)
    )
    assert (made.title.replace(" ", ""), made.body) == (first + second, BODY)


@pytest.mark.parametrize(
    "facts",
    [
        "<ul class='info'><li><b>信息来源：</b>某局</li><li><b>发布时间：</b>2021-11-30</li><li>索引号：0001/2021-00009</li><li>有效性：有效</li></ul>",
        "<ul><li><b>信息来源</b><span>某局</span></li><li><b>发布时间</b><span>2021-11-30</span></li><li><b>索引号</b><span>0001/2021-00009</span></li><li><b>有效性</b><span>有效</span></li></ul>",
    ],
)
def test_facts_may_be_a_list_of_their_own(facts: str) -> None:
    made = recorded(page(f"<div class='x'><h1>{TITLE}</h1>{facts}<div class='nr'>{text('p', BODY[1:2])}</div></div>"))
    assert (made.published, made.source, made.body) == ("2021-11-30", "某局", BODY[1:2])


def test_a_label_is_no_title() -> None:
    facts = "<dl><dt>发布时间</dt><dd>2021-11-30 14:11:09</dd><dt>来源</dt><dd>某局</dd><dt>浏览量</dt><dd>31</dd></dl>"
    rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in (f"<p class='tit'>{TITLE}</p>", facts, text()))
    made = recorded(page(f"<table>{rows}</table>", META, title="某某局"))
    assert made.title == TITLE


@pytest.mark.parametrize("facts", ["", "<p>发布时间：2021-11-30　来源：某局</p>"])
def test_what_stands_above_the_title_in_one_box_with_the_text_is_none_of_it(facts: str) -> None:
    trail = "<div>当前位置：<a href='/'>首页</a> &gt; <a href='/zw/'>政务公开</a> &gt; <a href='/zw/tz/'>通知公告</a></div>"
    menu = "<p><a href='/'>首页</a> | <a href='/dt/'>动态</a> | <a href='/tz/'>通知</a></p>"
    made = recorded(page(f"<div>{menu}{trail}<h1>{TITLE}</h1>{facts}{text()}</div>", META))
    assert (made.channel, made.body) == ("通知公告", BODY)


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("某局 打印 关闭", "某局"),
        ("某局 我要纠错 下载", "某局"),
        ("某局 分享 打印本页", "某局"),
        ("分享", None),
        ("某报 网络版", "某报 网络版"),
    ],
)
def test_buttons_behind_a_source_are_none_of_its_name(written: str, source: str | None) -> None:
    assert notice(f"<div>日期：2021-11-30　来源：{written}</div>").source == source


@pytest.mark.parametrize(("written", "names"), [("张三 分享", ["张三"]), ("分享", []), ("张三 李四", ["张三", "李四"])])
def test_a_button_is_nobody_s_name(written: str, names: list[str]) -> None:
    assert [one.name for one in notice(f"<div>日期：2021-11-30　来源：某局　作者：{written}</div>").people] == names


@pytest.mark.parametrize(
    ("written", "clicks"),
    [
        ("点击：12", 12), ("（点击：12）", 12), ("访问量：4 次", 4), ("阅读：1,203 次", 1203), ("阅读(12)", 12), ("点击[12]次", 12), ("浏览 45 次", 45),
        ("已浏览：7人次", 7), ("浏览 <b>120</b> 次", 120), ("阅读 2021-11-29", None), ("点击：加载中", None), ("阅读时间 5 分钟", None),
    ],
)  # fmt: skip
def test_clicks_are_read_in_every_form_a_line_of_facts_gives_them(written: str, clicks: int | None) -> None:
    assert notice(f"<div>时间：2021-11-30 来源：某局 {written}</div>").clicks == clicks
