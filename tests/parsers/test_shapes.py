"""Shapes of a notice's address: what is taken for a further page, for a part, for a document, for a field in JSON; and what is not."""

import json
import sys
from typing import Any

import pytest

from crawler.errors import UnreadablePage
from crawler.model import Kind, Page, PageKind, Request
from crawler.parsers.continuation import belongs
from crawler.parsers.files import file_name
from crawler.parsers.page import read
from crawler.record.reading import Reading
from crawler.record.rules import DetailRules, ReadRules
from crawler.record.serial import record_of
from crawler.text.urls import key

HEAD = "http://www.yunxi.test/zwgk/202410/t20241008_31.html"
AT = 1_735_000_000_000
SENTENCE = "各村把旧渡船的缆绳换成新的，换下的缆绳交文化站，编成秋千挂在祠堂前的樟树上，孩子们轮流坐。"


def page(body: str | bytes, url: str = HEAD, content_type: str = "text/html", **headers: str) -> Page:
    """A page as it came."""
    named = (("Content-Type", content_type), *((name.replace("_", "-"), value) for name, value in headers.items()))
    return Page(url, 200, named, body.encode() if isinstance(body, str) else body, AT)


def told(one: Page, rules: DetailRules | None = None, *more: Page) -> Reading:
    """What is read."""
    held = {key(Request(other.url)): other for other in more}
    return read(one, Kind.DETAIL, ReadRules((rules,) if rules else ()), one.url, more=held)


def article(text: str, tail: str = "") -> str:
    """A notice, with what stands behind it."""
    return (
        "<html><head><title>渡船</title></head><body><h1>云溪县关于更换渡船缆绳的通知</h1><div>发布时间：2024-10-08　来源：云溪县交通运输局</div>"
        f"<div class='TRS_Editor'><p>{text}</p></div>{tail}</body></html>"
    )


# ------------------------------------------------------------------ further pages
@pytest.mark.parametrize(
    ("address", "is_page"),
    [
        ("http://www.yunxi.test/zwgk/202410/t20241008_31_1.html", True),
        ("http://www.yunxi.test/zwgk/202410/t20241008_31-2.html", True),
        ("http://www.yunxi.test/zwgk/202410/t20241008_32.html", False),
        ("http://www.yunxi.test/zwgk/202410/t20241008_3.html", False),
        ("http://www.yunxi.test/zwgk/202411/t20241008_31_1.html", False),
        ("http://other.test/zwgk/202410/t20241008_31_1.html", False),
        ("http://www.yunxi.test/zwgk/202410/t20241008_31_1.pdf", False),
        (HEAD, False),
    ],
)
def test_a_further_page_is_the_first_one_s_name_with_a_number(address: str, is_page: bool) -> None:
    assert belongs(address, HEAD) is is_page


def test_a_page_parameter_is_a_further_page_and_another_identifier_is_not() -> None:
    head = "http://a.test/show.jsp?id=7"
    assert belongs("http://a.test/show.jsp?id=7&page=2", head)
    assert belongs("http://a.test/show.jsp?pageNo=2&id=7", head)
    assert not belongs("http://a.test/show.jsp?id=8", head)
    assert not belongs("http://a.test/show.jsp?id=8&page=2", head)


def test_the_next_notice_is_no_next_page() -> None:
    link = "<div class='prenext'>上一页：<a href='t20241008_30.html'>旧桥</a> 下一页：<a href='t20241008_32.html'>新桥</a></div><a href='t20241008_32.html'>下一页</a>"
    reading = told(page(article(SENTENCE, link)))
    assert (reading.continues, record_of(reading.notices[0]).incomplete) == ((), None)


def test_a_chain_of_pages_is_followed_by_what_each_says_and_its_text_stands_once() -> None:
    second, third = HEAD.replace(".html", "_1.html"), HEAD.replace(".html", "_2.html")
    pages = [
        page(article("甲：" + SENTENCE, "<a href='t20241008_31_1.html'>下一页</a>")),
        page(article("乙：" + SENTENCE, "<a href='t20241008_31_2.html'>下一页</a>"), second),
        page(article("丙：" + SENTENCE, "<a href='t20241008_31.html'>首页</a>"), third),
    ]
    alone = told(pages[0])
    assert alone.continues == (Request(second),)
    assert record_of(alone.notices[0]).incomplete == f"page 2 is missing: {second}"
    half = told(pages[0], None, pages[1])
    assert half.continues == (Request(second), Request(third))
    whole = told(pages[0], None, *pages[1:])
    assert [text[:2] for text in record_of(whole.notices[0]).body] == ["甲：", "乙：", "丙："]
    assert (record_of(whole.notices[0]).incomplete, whole.continues) == (None, half.continues)


def test_tables_and_pictures_of_a_further_page_stand_at_its_paragraphs() -> None:
    second = HEAD.replace(".html", "_1.html")
    rows = (
        "<table border='1'><tr><td>名称</td><td>数量</td></tr><tr><td>桥</td><td>2</td></tr></table><p><img src='/p/1.jpg'></p>"
    )
    first = page(article("甲：" + SENTENCE, "<a href='t20241008_31_1.html'>下一页</a>"))
    made = record_of(told(first, None, page(article("乙：" + SENTENCE + rows), second)).notices[0])
    assert [made.body[item.at] for item in made.tables] == ["名称\t数量"]
    assert [made.body[item.at] for item in made.images] == ["[图片：1.jpg]"]


def test_a_further_page_that_says_it_is_gone_is_told_and_adds_nothing() -> None:
    second = page("<title>404</title><h1>您访问的页面不存在</h1>", HEAD.replace(".html", "_1.html"))
    made = record_of(told(page(article(SENTENCE, "<a href='t20241008_31_1.html'>下一页</a>")), None, second).notices[0])
    assert made.body == (SENTENCE,)
    assert (made.incomplete or "").startswith("page 2 is no part of the article (error: ")


def test_pages_that_name_each_other_for_ever_end() -> None:
    loop = page(article("乙：" + SENTENCE, "<a href='t20241008_31.html?'>下一页</a>"), HEAD.replace(".html", "_1.html"))
    reading = told(page(article(SENTENCE, "<a href='t20241008_31_1.html'>下一页</a>")), None, loop)
    assert len(reading.continues) == 1


# ------------------------------------------------------------------ frames
def test_a_frame_beside_an_article_is_left_alone() -> None:
    assert told(page(article(SENTENCE * 3, "<iframe src='jiedu_1.htm' width='600' height='400'></iframe>"))).continues == ()


def test_a_frame_of_another_host_a_hidden_one_and_a_small_one_are_no_article() -> None:
    for frame in (
        "src='http://video.test/1.htm'",
        "src='a.htm' style='display:none'",
        "src='a.htm' height='1'",
        "src='/search.htm'",
    ):
        assert told(page(article("", f"<iframe {frame}></iframe>"))).continues == ()


# ------------------------------------------------------------------ parts
def test_a_notice_with_chapters_and_numbers_of_other_documents_is_one_notice() -> None:
    chapters = "".join(f"<div><h3>第{n}章 缆绳</h3><p>依照云政发〔2023〕{n}号文件办理。{SENTENCE}</p></div>" for n in range(1, 6))
    assert len(told(page(article(SENTENCE + chapters))).notices) == 1


def test_parts_by_the_source_s_own_selector() -> None:
    items = "".join(f"<li class='n'><b class='t'>第{n}号渡口修缮公告</b><p>{SENTENCE}</p></li>" for n in range(3))
    rules = DetailRules(parts="li.n", title=".t")
    found = told(page(f"<html><body><ul>{items}</ul></body></html>"), rules).notices
    assert [(notice.part, notice.title) for notice in found] == [(n, f"第{n}号渡口修缮公告") for n in range(3)]
    with pytest.raises(UnreadablePage, match="li\\[\\["):
        told(page(article(SENTENCE)), DetailRules(parts="li[["))


# ------------------------------------------------------------------ documents
@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=UTF-8''%E7%BC%86%E7%BB%B3.pdf", "缆绳.pdf"),
        ('attachment; filename="plan.doc"', "plan.doc"),
        ("attachment; filename=%E7%BC%86%E7%BB%B3.ofd", "缆绳.ofd"),
        (f'attachment; filename="{"缆绳表.xls".encode("gbk").decode("latin-1")}"', "缆绳表.xls"),
        (f'attachment; filename="{"缆绳表.xls".encode().decode("latin-1")}"', "缆绳表.xls"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\x\\\\y.doc"', "y.doc"),
        ('attachment; filename="a\u202ecod.exe"', "acod.exe"),
        ("", "t20241008_31.html"),
    ],
)
def test_a_document_s_name_is_one_line_and_no_path(disposition: str, name: str) -> None:
    assert file_name(page(b"%PDF-1.4\0", Content_Disposition=disposition))[0] == name


def test_documents_by_their_first_bytes_are_records_with_themselves_attached() -> None:
    for mark in (
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n",
        b"RIFF0000WEBP",
    ):
        reading = told(page(mark + b"\0" * 64, "http://www.yunxi.test/a/t20241008_31.pdf", "text/html"))
        (notice,) = reading.notices
        assert (reading.page_kind, notice.title, notice.published) == (PageKind.FILE, "t20241008_31", "2024-10-08")
        assert notice.attachments[0].url == "http://www.yunxi.test/a/t20241008_31.pdf"
    one, other = (told(page(b"%PDF-1.7" + tail, HEAD)).notices[0] for tail in (b"a", b"b"))
    assert one.text_digest != other.text_digest
    assert read(page(b"%PDF-1.7"), Kind.LIST, ReadRules(), HEAD).notices == ()


def test_a_document_is_the_same_one_whether_or_not_what_reads_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.parsers.attached import made

    document = page(made.pdf(), "http://www.yunxi.test/a/t20241008_31.pdf")
    (whole,) = told(document).notices
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    reading = told(document)
    (bare,) = reading.notices
    assert reading.evidence.endswith("no_text: needs the extra `attachments` (pypdfium2)")
    assert (record_of(whole).body[:7], record_of(bare).body, bare.text_digest) == (made.LINES, (), whole.text_digest)


# ------------------------------------------------------------------ JSON
ANSWER = {
    "data": {
        "list": [
            {
                "t": "甲",
                "c": "<p>一。</p><p>二。<a href='/f/1.pdf'>附表.pdf</a></p>",
                "d": "2024-10-08 09:00",
                "f": [{"u": "/f/2.doc", "n": "表.doc"}],
            },
            {"t": "乙", "c": ["三。", "四。"], "d": 1728349200, "f": [], "no": "云政发〔2024〕7号"},
        ]
    }
}
RULES: dict[str, str] = {
    "records": "data.list", "title": "t", "body": "c", "published": "d", "attachments": "f", "attachment_url": "u", "attachment_name": "n",
    "doc_no": "no?",
}  # fmt: skip


def mapped(answer: Any, rules: dict[str, str]) -> Reading:
    """An answer read by a mapping."""
    return told(page(json.dumps(answer), content_type="application/json"), DetailRules(json=tuple(rules.items())))


def test_a_list_in_json_is_many_notices_with_their_documents() -> None:
    first, second = (record_of(notice) for notice in mapped(ANSWER, RULES).notices)
    assert (first.title, first.body, first.published) == ("甲", ("一。", "二。附表.pdf"), "2024-10-08 09:00")
    assert [item.name for item in first.attachments] == ["表.doc", "附表.pdf"]
    assert (second.body, second.published, dict(second.meta)) == (
        ("三。", "四。"),
        "2024-10-08 09:00:00",
        {"doc_no": "云政发〔2024〕7号"},
    )
    assert [notice.part for notice in mapped(ANSWER, RULES).notices] == [0, 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "x"}, r"detail\.json\.title: x: the answer has no 'x'; it has: t, c, d, f"),
        ({"records": "data"}, r"detail\.json\.records: data is an object, not a list"),
        ({"records": "data.rows"}, r"detail\.json\.records: data\.rows: data has no 'rows'; it has: list"),
        ({"attachment_url": "href"}, r"detail\.json\.attachment_url: href: the answer has no 'href'"),
        ({"title": "f"}, r"detail\.json\.title: f is empty"),
    ],
)
def test_a_path_that_leads_nowhere_is_named_with_what_is_there(change: dict[str, str], said: str) -> None:
    with pytest.raises(UnreadablePage, match=said):
        mapped(ANSWER, {**RULES, **change})


def test_json_without_a_mapping_and_jsonp_and_no_json() -> None:
    assert told(page(json.dumps(ANSWER), content_type="application/json")).page_kind is PageKind.OTHER
    rules = DetailRules(json=(("title", "t"),))
    assert told(page('cb({"t": "甲"});', content_type="text/javascript"), rules).notices[0].title == "甲"
    with pytest.raises(UnreadablePage, match="no JSON"):
        told(page("{broken", content_type="application/json"), rules)


def test_the_api_s_address_needs_what_the_page_s_address_has() -> None:
    rules = DetailRules(json=(("address", "/api/{id}/{stem}"), ("title", "t")))
    shell = page("<div id='app'></div>", "http://a.test/x/y.html?id=a%2Fb")
    assert told(shell, rules).continues == (Request("http://a.test/api/a%2Fb/y"),)
    assert told(shell, rules).page_kind is PageKind.SHELL
    with pytest.raises(UnreadablePage, match=r"detail\.json\.address: \{id\} is no parameter"):
        told(page("<div id='app'></div>", "http://a.test/x/y.html"), rules)
