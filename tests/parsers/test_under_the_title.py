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
