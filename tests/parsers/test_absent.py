"""What a site shows for what it has not, and pages that send their reader on."""

import pytest

from crawler.parsers.absent import resembles
from crawler.parsers.redirect import target

MENU = "".join(f"<li><a href='/{n}'>栏目{name}</a></li>" for n, name in enumerate("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"))
FRAME = "<html><head><meta charset=utf-8><title>云溪县人民政府</title></head><body><ul>{}</ul><div>{}</div><p>主办：云溪县人民政府办公室 版权所有</p></body></html>"


def site(inner: str) -> str:
    """A page in the frame of a site."""
    return FRAME.format(MENU, inner)


NOTHING = site("<p>您要找的内容暂时走丢了</p><p>2024年5月1日 10:31:22 星期三</p>")


def test_the_page_shown_for_nothing_is_known_again_whatever_the_clock_says() -> None:
    assert resembles(site("<p>您要找的内容暂时走丢了</p><p>2024年5月9日 08:00:00 星期四</p>"), NOTHING).startswith(
        "the page shown"
    )


@pytest.mark.parametrize(
    "own", ["<h1>公示</h1><p>见附件</p>", "<p>您要找的内容暂时走丢了</p><h1>停水通知</h1>", "<p>任免名单</p>"]
)
def test_a_short_notice_in_the_same_frame_is_a_notice(own: str) -> None:
    assert resembles(site(own), NOTHING) == ""


def test_nothing_is_like_an_empty_page_and_a_bare_one_is_not_like_a_full_one() -> None:
    assert resembles(site(""), "") == ""
    assert resembles("", NOTHING) == ""
    assert resembles("<p>您要找的内容暂时走丢了</p>", NOTHING) == ""


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<meta http-equiv='refresh' content='0;url=/zwgk/index.html'>", "http://a.test/zwgk/index.html"),
        ("<META HTTP-EQUIV=Refresh CONTENT=\"3; URL='list.html'\">", "http://a.test/x/list.html"),
        ("<meta http-equiv=refresh content='0; url=http://b.test/?k=通知'>", "http://b.test/?k=%CD%A8%D6%AA"),
        ("<!-- <meta http-equiv='refresh' content='0;url=/evil'> -->", None),
        ("<meta http-equiv=refresh content='300'>", None),
        ("<meta http-equiv=refresh content='0;url=javascript:x()'>", None),
        ("<meta http-equiv=refresh content='0;url=/x/y.html'>", None),
        ("<script>window.location.href='/zwgk/';</script>", "http://a.test/zwgk/"),
        ('<script>location = "index2.html"</script>', "http://a.test/x/index2.html"),
        ("<script>top.location.replace('/z/')</script>", "http://a.test/z/"),
        ("<script>location.href='/show?id='+id;</script>", None),
        ("<script>location.href=next;</script>", None),
        ("<p>location.href='/zwgk/';</p>", None),
    ],
)
def test_where_a_page_sends_its_reader_is_read_not_searched_for(html: str, expected: str | None) -> None:
    assert target(f"<html><head>{html}</head><body></body></html>", "http://a.test/x/y.html", "gb18030") == expected
