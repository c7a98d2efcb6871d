"""Cookies: kept for a source and a run, sent back to the host that set them and to nobody else."""

import pytest

from crawler.fetcher.cookies import Jars, parse

URL = "http://www.example.gov.cn/zwgk/list.jsp"


def sent(*lines: str, to: str = URL, at: int = 1000, by: str = URL) -> str:
    """What is sent to an address after another has set these cookies."""
    jars = Jars()
    jars.keep("demo", 1, by, lines, 1000)
    return jars.header("demo", 1, to, at)


def test_a_cookie_goes_back_to_its_host_and_path_for_as_long_as_it_lives() -> None:
    assert sent("JSESSIONID=0A; Path=/; HttpOnly") == "JSESSIONID=0A"
    assert sent("a=1; Path=/zwgk", "b=2; Path=/", "c=3") == "a=1; c=3; b=2"
    assert sent("a=1; Path=/zw") == ""
    assert sent("a=1; Max-Age=1", at=1999) == "a=1"
    assert sent("a=1; Max-Age=1", at=2000) == ""
    assert sent("a=1; Expires=Thu, 01-Jan-1970 00:00:05 GMT", at=4999) == "a=1"
    assert sent("a=1; Expires=Thu, 01 Jan 1970 00:00:05 GMT", at=5001) == ""
    assert sent("a=1", "a=2; Max-Age=-1") == ""
    assert sent("a=1", "a=2") == "a=2"


@pytest.mark.parametrize(
    "other",
    ["http://example.gov.cn/zwgk/x", "http://a.www.example.gov.cn/zwgk/x", "http://wwwexample.gov.cn/", "http://b.gov.cn/zwgk/x"],
)
def test_a_cookie_never_goes_to_another_host(other: str) -> None:
    assert sent("a=1; Domain=.example.gov.cn; Path=/", to=other) == ""
    assert sent("a=1; Path=/", to=other) == ""


@pytest.mark.parametrize("domain", ["gov.cn", ".gov.cn", "cn", "other.gov.cn", "ww.example.gov.cn", "www.example.gov.cn.evil.cn"])
def test_a_cookie_for_what_is_not_the_host_s_own_is_not_kept(domain: str) -> None:
    assert sent(f"a=1; Domain={domain}; Path=/") == ""


def test_a_secure_cookie_needs_https_both_ways() -> None:
    https = URL.replace("http:", "https:")
    assert sent("a=1; Secure", by=https, to=https) == "a=1"
    assert sent("a=1; Secure", by=https) == ""
    assert sent("a=1; Secure") == ""
    assert sent("__Host-a=1; Path=/", by=https, to=https) == ""


def test_another_source_and_another_run_know_nothing_of_it() -> None:
    jars = Jars()
    jars.keep("demo", 1, URL, ["a=1"], 1000)
    assert jars.header("demo", 2, URL, 1000) == jars.header("other", 1, URL, 1000) == ""
    jars.forget("demo", 1)
    assert jars.header("demo", 1, URL, 1000) == ""


@pytest.mark.parametrize("line", ["", "a", "=1", "a=1\r\nX: y", "a=" + "x" * 5000, "a\0=1"])
def test_what_is_no_cookie_is_not_kept(line: str) -> None:
    assert parse(URL, line, 0) is None


def test_a_host_cannot_make_us_remember_without_end() -> None:
    assert len(sent(*(f"c{i}=1" for i in range(200))).split("; ")) == 50
