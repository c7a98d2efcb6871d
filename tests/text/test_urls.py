"""Addresses: parsing, joining, canonical form, keys."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Request
from crawler.text import urls


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://WWW.Example.CN:80/a/../B.html#part", "http://www.example.cn/B.html"),
        ("https://example.cn:443", "https://example.cn/"),
        ("https://example.cn:8443/", "https://example.cn:8443/"),
        ("http://example.cn/list.html?", "http://example.cn/list.html"),
        ("http://example.cn/list.html?#", "http://example.cn/list.html"),
        ("http://example.cn/?b=2&a=1", "http://example.cn/?b=2&a=1"),
        ("http://example.cn/show.jsp;jsessionid=0A1B2C?id=7", "http://example.cn/show.jsp?id=7"),
        ("http://example.cn/a;JSESSIONID=1;v=2/b;jsessionid=3", "http://example.cn/a;v=2/b"),
        ("http://user:secret@example.cn/", "http://example.cn/"),
        ("http://政府.cn/公告", "http://xn--mxtq1m.cn/%E5%85%AC%E5%91%8A"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://www.example.cn/index.html", "http://www.example.cn/index.html"),
    ],
)
def test_one_address_has_one_canonical_form(url: str, expected: str) -> None:
    assert urls.canonical(url) == expected
    assert urls.canonical(expected) == expected


@given(st.text(alphabet="ab./;?=&%2eE#@:jsessionid[]\\ 中\n", max_size=40))
def test_the_canonical_form_of_a_canonical_form_is_itself(tail: str) -> None:
    url = f"http://example.cn/{tail}"
    once = urls.canonical(url)
    assert urls.canonical(once) == once


@pytest.mark.parametrize(
    "url", ["", "x", "/x", "ftp://example.cn/", "javascript:alert(1)", "http://", "http://a b/", "http://a\ud800/"]
)
def test_what_is_no_http_address_is_refused_in_our_words(url: str) -> None:
    assert not urls.is_http(url)
    for function in (urls.canonical, urls.host, urls.origin, urls.path):
        with pytest.raises(urls.BadUrl):
            function(url)


def test_host_origin_and_path_are_what_the_parser_says() -> None:
    url = "https://政府.cn:8443/公 告?q"
    assert urls.host(url) == "xn--mxtq1m.cn"
    assert urls.origin(url) == "https://xn--mxtq1m.cn:8443"
    assert urls.path(url) == "/%E5%85%AC%20%E5%91%8A"
    assert urls.host("http://[0:0::1]:80/") == "[::1]"
    assert urls.is_http(url)


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("t20240703_1.html", "http://example.cn/zwgk/t20240703_1.html"),
        (" ./t1.\nhtml ", "http://example.cn/zwgk/t1.html"),
        ("../../../x", "http://example.cn/x"),
        ("//other.cn/x", "http://other.cn/x"),
        ("\\\\other.cn\\x", "http://other.cn/x"),
        ("?page=2", "http://example.cn/zwgk/index.html?page=2"),
        ("#top", "http://example.cn/zwgk/index.html#top"),
        ("javascript:void(0)", None),
        ("mailto:a@example.cn", None),
        ("tel:12345", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("http://", None),
        ("http://a b/", None),
        ("x" * 9_000, None),
        ("中" * 3_000, None),
    ],
)
def test_a_link_is_joined_as_a_browser_does_or_is_none(href: str, expected: str | None) -> None:
    assert urls.join("http://example.cn/zwgk/index.html", href) == expected


def test_a_base_that_is_no_address_joins_nothing() -> None:
    assert urls.join("no base", "x") is None


def test_a_query_is_percent_encoded_in_the_encoding_of_its_page() -> None:
    base = "http://example.cn/search.asp"
    assert urls.join(base, "?k=通知&n='1'", "gb18030") == f"{base}?k=%CD%A8%D6%AA&n=%271%27"
    assert urls.join(base, "?k=通知", "utf-8") == f"{base}?k=%E9%80%9A%E7%9F%A5"
    assert urls.join(base, "?k=通知", "utf-16le") == f"{base}?k=%E9%80%9A%E7%9F%A5"
    assert urls.join(base, "?k=通知", "no-such-encoding") == f"{base}?k=%E9%80%9A%E7%9F%A5"
    assert (
        urls.join(base, "/通知?k=%B9&j=通#知?中", "gbk")
        == "http://example.cn/%E9%80%9A%E7%9F%A5?k=%B9&j=%CD%A8#%E7%9F%A5?%E4%B8%AD"
    )
    assert urls.join(base, "x#a?中", "gbk") == "http://example.cn/x#a?%E4%B8%AD"


def test_a_character_the_encoding_lacks_becomes_a_reference_as_in_browsers() -> None:
    assert urls.join("http://example.cn/", "?k=\U0001f600", "gbk") == "http://example.cn/?k=%26%23128512%3B"


def test_the_key_tells_method_address_and_body_apart() -> None:
    get = urls.key(Request("http://example.cn/a?#x"))
    assert get == "GET http://example.cn/a"
    posts = {urls.key(Request("http://example.cn/a", "POST", body=body)) for body in (b"", b"page=1", b"page=2")}
    assert len(posts | {get}) == 4
    assert urls.key(Request("http://example.cn/a", headers=(("X-A", "1"),))) == get


def test_links_are_resolved_as_the_web_platform_tests_say(shared: Path) -> None:
    """Cases whose base is no http address are tried against themselves only; other schemes than http(s) are no addresses here."""
    cases = [case for case in json.loads((shared / "suites/urltestdata.json").read_text("utf-8")) if isinstance(case, dict)]
    wrong = []
    for case in cases:
        base = case["base"] or "about:blank"
        href = case.get("href", "")
        expected = href if href.startswith(("http:", "https:")) else None
        if urls.join(base, case["input"]) != expected:
            wrong.append(case["input"])
    assert (len(cases), wrong) == (891, [])


def test_hosts_become_ascii_as_the_web_platform_tests_say(shared: Path) -> None:
    cases = [case for case in json.loads((shared / "suites/toascii.json").read_text("utf-8")) if isinstance(case, dict)]
    wrong = []
    for case in cases:
        try:
            found: str | None = urls.host(f"https://{case['input']}/x")
        except urls.BadUrl:
            found = None
        if found != case["output"]:
            wrong.append(case["input"])
    assert (len(cases), wrong) == (87, [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www.zwgk.example.gov.cn", "example.gov.cn"),
        ("example.gov.cn", "example.gov.cn"),
        ("www.dl.ln.cn", "dl.ln.cn"),
        ("www.example.cn", "example.cn"),
        ("a.b.example.com", "example.com"),
        ("www.example.com.hk", "example.com.hk"),
        ("gov.cn", "gov.cn"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("[::1]", "[::1]"),
    ],
)
def test_what_one_owner_registered_is_told_by_a_small_rule(name: str, expected: str) -> None:
    assert urls.registered(name) == expected


def test_a_link_may_be_as_long_as_an_index_takes() -> None:
    room = urls.LONGEST - len("http://a.test/")
    assert urls.join("http://a.test/", "x" * room) is not None
    assert urls.join("http://a.test/", "x" * (room + 1)) is None
    assert urls.join("http://a.test/", "通" * (room // 2)) is None  # nine characters each, once it is encoded
