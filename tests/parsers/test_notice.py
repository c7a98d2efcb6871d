"""The sample's layout, in and out."""

import re
from pathlib import Path

import pytest

from crawler.parsers.notice import read_notice, write_notice
from crawler.record.normalize import record
from crawler.record.notice import Record
from crawler.text.fold import fold

OURS = """政务公开
关于调整城区公交线路的通告
时间:2021-03-04   来源:交通运输局   点击:57
字号:       打印本页

  因道路施工，自三月十日起调整三条公交线路，请市民合理安排出行。


  一、2路由东站发车，不再经过人民广场。
"""
DISGUISED = """
 政務公開\r
關於調(diào)整城區(qū)公交線路的通告\r
發布時(shí)間：2021-03-04\xa0\xa0\xa0來(lái)源：交通運(yùn)輸局\xa0\xa0點(diǎn)擊：57\r
字號(hào)：[大 中 小]\u3000打印本頁(yè)\r
\r
\u3000\u3000因道路施工，自三月十日起調整三條公交線路，請市民合理安排出行。\r
\u3000\u3000一、2路由東站發車，不再經過人民廣場。\r
"""
FURNITURE = re.compile("字号|打印本页")


def squeezed(text: str) -> str:
    """Folded, white space gone, the furniture line left out."""
    lines = [line for line in map(fold, text.splitlines()) if not FURNITURE.search(line)]
    return re.sub(r"\s+", "", "".join(lines))


def read(text: str) -> Record:
    """The record of a notice's text."""
    return record(read_notice(text), url=None, final_url=None, at=1_800_000_000_000)


def test_every_field_of_the_layout_is_read() -> None:
    draft = read_notice(OURS)
    assert draft.title == "关于调整城区公交线路的通告"
    assert draft.channel == "政务公开"
    assert (draft.published, draft.source, draft.clicks) == ("2021-03-04", "交通运输局", "57")
    assert draft.body == (
        "因道路施工，自三月十日起调整三条公交线路，请市民合理安排出行。",
        "一、2路由东站发车，不再经过人民广场。",
    )
    assert draft.witnesses["source"].raw == "交通运输局"


def test_disguised_labels_are_recognised_and_the_text_stays_the_pages_own() -> None:
    draft = read_notice(DISGUISED)
    assert draft.title == "關於調(diào)整城區(qū)公交線路的通告"
    assert (draft.published, draft.source, draft.clicks) == ("2021-03-04", "交通運(yùn)輸局", "57")
    assert draft.body[-1] == "一、2路由東站發車，不再經過人民廣場。"
    assert len(draft.body) == 2


@pytest.mark.parametrize("text", [OURS, DISGUISED.replace("發布", "").replace("[大 中 小]", "")])
def test_what_is_read_and_written_is_the_same_notice(text: str) -> None:
    assert squeezed(write_notice(read(text))) == squeezed(text)


def test_what_was_written_is_read_again_as_the_same_record() -> None:
    made = read(DISGUISED)
    again = read(write_notice(made))
    for name in ("title", "channel", "published", "source", "clicks", "body"):
        assert getattr(again, name) == getattr(made, name)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ("时间:2021-03-04   来源:   点击:", ("2021-03-04", None, None)),
        ("时间: 来源:局 点击:", (None, "局", None)),
        ("时间:2021-03-04", ("2021-03-04", None, None)),
        ("来源:局  时间:2021-03-04", ("2021-03-04", "局", None)),
        ("时　间：2021-03-04 10∶08　信息来源：局　点击量：3", ("2021-03-04 10∶08", "局", "3")),
    ],
)
def test_missing_fields_are_missing_and_order_does_not_matter(facts: str, expected: tuple[str | None, ...]) -> None:
    draft = read_notice(f"栏目\n题\n{facts}\n正文\n")
    assert (draft.published, draft.source, draft.clicks) == expected
    assert draft.body == ("正文",)


def test_a_notice_may_lack_a_channel_and_a_body() -> None:
    draft = read_notice("题\n时间:2021-03-04 来源: 点击:")
    assert (draft.title, draft.channel, draft.body) == ("题", None, ())
    assert write_notice(read("题\n时间:2021-03-04 来源: 点击:")) == "题\n时间:2021-03-04   来源:   点击:\n\n\n"


def test_a_title_broken_over_lines_is_one_title() -> None:
    assert read_notice("栏目\n关于调整\n公交线路的通告\n时间:2021-03-04 来源: 点击:\n").title == "关于调整公交线路的通告"


def test_a_paragraph_that_names_furniture_is_text() -> None:
    body = "打印本页时请注意字号。"
    furniture = "【字号：大 中 小】【打印本页】"
    assert read_notice(f"题\n时间:2021-03-04 来源: 点击:\n{furniture}\n{body}\n中\n").body == (body, "中")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "只有一行",
        "时间:2021-03-04 来源: 点击:\n正文",
        "题\n正文里说时间:很紧\n",
        "{}",
        "题\n" * 20 + "时间:2021-03-04 来源: 点击:",
    ],
)
def test_what_is_no_notice_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="no notice:"):
        read_notice(text)


def test_line_breaks_inside_values_do_not_break_the_layout() -> None:
    made = Record("题\n目", "栏\u2028目", "2021-03-04", "局", None, ("一\n二",))
    again = read_notice(write_notice(made))
    assert (again.title, again.channel, again.body) == ("题 目", "栏 目", ("一 二",))


def test_the_sample_read_and_written_is_the_sample(shared: Path) -> None:
    sample = (shared / "seed-notice.txt").read_text("utf-8")
    made = read(sample)
    assert squeezed(write_notice(made)) == squeezed(sample)
    assert (made.published, made.clicks, len(made.body)) == ("2019-08-26", None, 6)
    assert made.title in sample
    assert all(paragraph in sample for paragraph in made.body)
