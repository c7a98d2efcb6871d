"""Dates as they stand on pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.dates import day_in_url, read_date


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2009-09-30 10:53", "2009-09-30 10:53"),
        ("2023-12-05", "2023-12-05"),
        ("2021/09/06", "2021-09-06"),
        ("2023年11月14日", "2023-11-14"),
        ("2020年09月15日 09时32分", "2020-09-15 09:32"),
        ("2020年02月18日 09:15", "2020-02-18 09:15"),
        ("2024-07-05  13:57:08", "2024-07-05 13:57:08"),
        ("( 2024-05-11)", "2024-05-11"),
        ("发布时间：2017-05-02 来源：", "2017-05-02"),
        ("2020-11-11 10∶08", "2020-11-11 10:08"),
        ("2020-11-11 10：08", "2020-11-11 10:08"),
        ("2024.09.30 09:24:36 GMT+08:00", "2024-09-30 09:24:36"),
        ("2007-08-20-23:59:59", "2007-08-20 23:59:59"),
        ("2024-01-02T10:05:00.000Z", "2024-01-02 10:05:00"),
        ("20240930", "2024-09-30"),
        ("20240930092436", "2024-09-30 09:24:36"),
        ("2024-9-3 9:05", "2024-09-03 09:05"),
        ("２０２４年０５月０６日　１２：３０", "2024-05-06 12:30"),
        ("2024-05-06\n\t12:30", "2024-05-06 12:30"),
        ("一九九六年六月二十九日", "1996-06-29"),
        ("二〇〇六年十月十八日", "2006-10-18"),
        ("二○二四年元月廿一日", "2024-01-21"),
        ("二0一九年十二月三十一日", "2019-12-31"),
        ("二〇〇六年十月", "2006-10"),
        ("二O二三年五月八日", "2023-05-08"),  # Latin
        ("二О二三年五月八日", "2023-05-08"),  # Cyrillic
        ("二o二三年五月", "2023-05"),
        ("二◯二三年五月八日", "2023-05-08"),
        ("2023  年  5  月  8  日", "2023-05-08"),
        ("2024年2月", "2024-02"),
        ("2024-05", "2024-05"),
        ("2024年", "2024"),
        ("2024", "2024"),
        ("二〇二四年", "2024"),
        ("星期一2024年1月2日", "2024-01-02"),
        ("2024-01-02星期二", "2024-01-02"),
        ("2019年度工作总结 2020-01-05", "2020-01-05"),
        ("2024年9月30人参加", "2024-09"),
        ("第2024-13-01号，2024-01-02", "2024-01-02"),
        ("自2023年10月2024-01-02", "2024-01-02"),
    ],
)
def test_a_date_is_read_with_the_precision_of_the_page(text: str, iso: str) -> None:
    stamp = read_date(text)
    assert stamp is not None
    assert stamp.iso == iso


@pytest.mark.parametrize(
    "text",
    [
        "",
        "无",
        "9999-99-99 99:99",
        "2024-13-01",
        "2024-02-30",
        "2024年2月30日",
        "2023年13月5日",
        "1948-12-31",
        "20240231",
        "国发〔2019〕5号",
        "000014349/2019-00007",
        "K16185922-201704-00036",
        "12024-01-02",
        "二十年",
        "第2024010100号",
        "2024-01/02",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize("clock", ["00:00", "0:00", "00:00:00", "00时00分"])
def test_a_clock_of_zero_is_a_placeholder_and_only_the_day_is_kept(clock: str) -> None:
    stamp = read_date(f"2023-12-05 {clock}")
    assert stamp is not None
    assert stamp.iso == "2023-12-05"
    assert stamp.raw.startswith("2023-12-05")


@pytest.mark.parametrize("clock", ["24:00", "99:99", "13:577", "8时"])
def test_a_clock_that_is_none_leaves_the_day(clock: str) -> None:
    stamp = read_date(f"2023-12-05 {clock}")
    assert stamp is not None
    assert stamp.iso == "2023-12-05"


def test_midnight_and_a_second_is_a_time() -> None:
    stamp = read_date("2023-12-05 00:00:01")
    assert stamp is not None
    assert stamp.iso == "2023-12-05 00:00:01"


def test_the_raw_text_is_the_pages_own() -> None:
    stamp = read_date("发布时间：２０２４年５月６日 12∶30 来源：")
    assert stamp is not None
    assert stamp.raw == "２０２４年５月６日 12∶30"


def test_a_date_later_than_the_day_after_the_capture_is_passed_over() -> None:
    tomorrow, later = read_date("2024-06-02", not_after="2024-06-01"), read_date("2024-06-03", not_after="2024-06-01")
    assert tomorrow is not None
    assert later is None
    passed = read_date("截至2030-12-31 发布：2024-05-30", not_after="2024-12-31")
    assert passed is not None
    assert passed.iso == "2024-05-30"
    year_end = read_date("2025-01-01", not_after="2024-12-31")
    assert year_end is not None


@given(st.text(alphabet="0123456789年月日-/.:： 一二三十〇廿T\n", max_size=60))
def test_any_text_gives_a_possible_date_or_none_and_the_same_again_from_its_raw_text(text: str) -> None:
    stamp = read_date(text)
    if stamp is not None:
        assert 4 <= len(stamp.iso) <= 19
        assert stamp.raw in text
        assert "1949" <= stamp.iso < "2100"


@pytest.mark.parametrize(
    ("url", "iso"),
    [
        ("http://example.cn/zwgk/202407/t20240703_4321.html", "2024-07-03"),
        ("http://example.cn/art/2024/10/4/art_12_345.html", "2024-10-04"),
        ("http://example.cn/2018-12/06/c_1.htm", "2018-12-06"),
        ("http://example.cn/2018-12-06/c_1.htm", "2018-12-06"),
        ("http://example.cn/20260911/0123456789abcdef0123456789abcdef/c.html", "2026-09-11"),
        ("http://example.cn/html/2024/0703/77.html", "2024-07-03"),
        ("http://example.cn/news_20240703.shtml", "2024-07-03"),
        ("http://example.cn/t20241399_1.html", None),
        ("http://example.cn/content/post_4012345.html", None),
        ("http://example.cn/20101123456.html", None),
        ("http://example.cn/202407/index.html", None),
        ("http://example.cn/99991231/x.html", None),
    ],
)
def test_an_address_may_carry_a_day(url: str, iso: str | None) -> None:
    assert day_in_url(url) == iso
