"""What an answer means: walls and the site's own word, redirects, Retry-After."""

import pytest

from crawler.fetcher.outcomes import is_blank, location_of, outcome_of, retry_after, wall_in
from crawler.model import Outcome
from crawler.text.urls import leads

HOME = "http://www.example.gov.cn/zwgk/t1.html"


@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome"),
    [
        (200, {}, b"", Outcome.OK),
        (202, {}, b"", Outcome.OK),
        (304, {}, b"", Outcome.PROTOCOL_ERROR),
        (302, {"location": "/x"}, b"", Outcome.REDIRECTED),
        (302, {}, b"", Outcome.PROTOCOL_ERROR),
        (403, {}, b"<h1>403 Forbidden</h1>", Outcome.FORBIDDEN),
        (403, {"server": "GOV/1.0.0"}, b"", Outcome.FORBIDDEN),
        (403, {"server": "yunjiasu-nginx"}, b"", Outcome.BLOCKED),
        (403, {"set-cookie": "__jsluid_s=1; path=/"}, b"", Outcome.BLOCKED),
        (403, {"cf-mitigated": "challenge"}, b"", Outcome.BLOCKED),
        (403, {}, "<p>您的访问被拦截</p>".encode(), Outcome.BLOCKED),
        (405, {}, b'<script src="//errors.aliyun.com/x.js">', Outcome.BLOCKED),
        (405, {}, b"", Outcome.CLIENT_ERROR),
        (404, {"set-cookie": "__jsluid_s=1; path=/"}, b"", Outcome.NOT_FOUND),
        (410, {}, b"", Outcome.GONE),
        (412, {}, b"", Outcome.BLOCKED),
        (429, {}, b"", Outcome.BUSY),
        (500, {"set-cookie": "__jsluid_s=1; path=/"}, b"", Outcome.SERVER_ERROR),
        (503, {}, b"", Outcome.BUSY),
        (503, {}, b"<script>TencentCaptcha()</script>", Outcome.BLOCKED),
        (521, {}, b"", Outcome.BLOCKED),
        (999, {}, b"", Outcome.SERVER_ERROR),
    ],
)
def test_a_wall_is_told_from_the_site_s_own_word(status: int, headers: dict[str, str], body: bytes, outcome: Outcome) -> None:
    found, evidence = outcome_of(status, headers, conditional=False, body=body)
    assert found is outcome
    assert bool(evidence) == (outcome in (Outcome.BLOCKED, Outcome.PROTOCOL_ERROR))


def test_a_304_is_good_only_where_it_was_asked_for() -> None:
    assert outcome_of(304, {}, conditional=True) == (Outcome.NOT_MODIFIED, "")


def test_a_challenge_has_its_mark() -> None:
    assert wall_in(b"<script>$_ts=window['$_ts'];</script>") == "$_ts"
    assert wall_in("<title>安全验证</title>".encode()) == "安全验证"
    assert wall_in("<p>关于行政审批的通知</p>".encode()) == ""


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_redirect_gives_back_the_bytes_the_server_sent(encoding: str) -> None:
    raw = "/公告/列表.asp?栏目=财政".encode(encoding)
    escaped = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
    assert location_of(HOME, raw.decode("latin-1")) == f"http://www.example.gov.cn{escaped}"
    assert location_of(HOME, "ftp://x/") is None


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://www.example.gov.cn/", "home"),
        ("http://example.gov.cn/index.html", "home"),
        ("https://www.example.gov.cn/zwgk/t1.html", ""),
        ("http://www.example.gov.cn/zwgk/t1.html#x", "itself"),
        ("http://www.example.gov.cn/?id=1", ""),
        ("http://other.gov.cn/", ""),
        ("http://sso.example.gov.cn/cas/login?x=1", "login"),
        ("http://www.example.gov.cn/user/login.jsp", "login"),
        ("http://www.example.gov.cn/zwgk/t2.html", ""),
    ],
)
def test_a_redirect_home_to_a_login_or_to_itself_is_named(location: str, said: str) -> None:
    assert leads(HOME, location) == said


def test_the_home_page_s_own_redirect_leads_nowhere_special() -> None:
    assert leads("http://www.example.gov.cn/", "http://www.example.gov.cn/index.html") == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [("120", 121_000), ("0", 1000), ("99999999999", 1000 + 86_400_000), ("Thu, 01 Jan 1970 00:01:00 GMT", 60_000),
     ("Thu, 01 Jan 1970 00:00:00 GMT", 1000), ("soon", None), ("-5", None), ("²", None), (None, None)],
)  # fmt: skip
def test_retry_after_is_read_in_both_its_forms(value: str | None, expected: int | None) -> None:
    assert retry_after(value, 1000) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"", b" \r\n\t", b"\xef\xbb\xbf", b"<html><head></head><body></body></html>", b"<!DOCTYPE html><html><head><meta charset=utf-8><title>\xe6\x9f\x90\xe5\x8e\xbf</title></head><body></body></html>",
        b"<html><body>&nbsp;<br/><p></p></body></html>", b"<html><body><!-- cms --></body></html>", b"<html><head><style>p{color:red}</style></head><body><div id='c'></div></body></html>",
    ],
)  # fmt: skip
def test_a_page_with_nothing_to_see_is_blank(body: bytes) -> None:
    assert is_blank(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>a</body></html>", b"<html><body><img src=a.png></body></html>", b"<html><body><script src=a.js></script></body></html>",
        b"<html><body><iframe src=a.html></iframe></body></html>", b"<frameset><frame src=a.html></frameset>", b"<html><head><meta http-equiv=refresh content='0;url=/x'></head></html>",
        b"<html><body><ul class='list'></ul></body></html>", b"<html><body><embed src=a.pdf></body></html>", b"{}", b"[]", b"0", b"<?xml version='1.0'?><urlset></urlset>", b"<svg></svg>",
    ],
)  # fmt: skip
def test_a_page_that_shows_or_may_be_filled_with_something_is_not(body: bytes) -> None:
    assert not is_blank(body)
