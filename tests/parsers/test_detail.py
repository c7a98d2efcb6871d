"""Detail pages of many families become the same record; what only looks different reads the same."""

import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Page, PageKind
from crawler.parsers.detail import Detail, read_detail
from crawler.record.normalize import record
from crawler.record.notice import Record
from crawler.record.rules import DetailRules

Layout = Any  # the class lives in conftest, which tests do not import
URL = "http://www.yunxi.example/zwgk/tzgg/202310/t20231008_119.html"
AT = 1_760_000_000_000


def read(html: str, rules: DetailRules | None = None) -> Detail:
    """The detail of a page."""
    return read_detail(html, Page(URL, 200, (), b"", AT), rules=rules or DetailRules())


def recorded(html: str, rules: DetailRules | None = None) -> Record:
    """The record of a page that is a notice."""
    found = read(html, rules)
    assert found.page_kind is PageKind.NOTICE, found.evidence
    return record(found.drafts[0], url=URL, final_url=URL, at=AT)


def test_each_layout_gives_what_a_reader_sees(layout: Layout) -> None:
    made = recorded(layout.html)
    assert (made.title, made.published, made.source, made.channel) == (
        layout.title,
        layout.published,
        layout.source,
        layout.channel,
    )
    assert made.body == layout.body
    assert {key: value for key, value in made.meta.items() if key != "name"} == layout.meta


def test_every_field_names_the_rule_that_read_it(standard: Layout) -> None:
    made = recorded(standard.html)
    assert made.provenance["published"].rule == "published.label.head"
    assert made.provenance["title"].rule.startswith("title.")
    assert made.provenance["body"].rule == "trs.body"


def test_a_witness_that_says_something_else_is_remembered(standard: Layout) -> None:
    made = recorded(standard.html.replace('content="2023-10-08 15:20"', 'content="2023-12-31 00:00"'))
    assert made.published == "2023-10-08 15:20"
    assert made.provenance["published"].disagrees == "2023-12-31 00:00"


def shuffled_attributes(html: str) -> str:
    """content before name, single quotes."""
    return re.sub(r'<meta name="(\w+)" content="([^"]*)">', r"<META content='\2' NAME='\1' >", html)


def renamed_classes(html: str) -> str:
    """Class names nobody has seen, but for those that name the article's container."""
    return re.sub(r"class='(crumb|con|xx|gn|related|foot|top|menu)'", lambda m: f"class='q{len(m[1])}x'", html)


MUTATIONS: dict[str, Callable[[str], str]] = {
    "attributes shuffled": shuffled_attributes,
    "classes renamed": renamed_classes,
    "metas dropped": lambda html: re.sub(r"<meta name=[^>]*>", "", html),
    "wrapped in another table": lambda html: html.replace("<body>", "<body><table><tr><td>").replace(
        "</body>", "</td></tr></table></body>"
    ),
    "an early </html>": lambda html: html.replace("<div class='con'>", "</body></html><div class='con'>"),
    "unclosed paragraphs": lambda html: html.replace("</p>", ""),
    "comments everywhere": lambda html: html.replace("<p>", "<!--<$[内容]>begin--><p>").replace("</h1>", "<!--end--></h1>"),
    "words in spans": lambda html: html.replace("造林", "<span>造</span><span style='x'>林</span>"),
    "a container nobody knows": lambda html: html.replace("TRS_Editor", "q1").replace("Custom_UnionStyle", "q2"),
    "upper-case tags": lambda html: re.sub(r"</?[a-z][a-z0-9]*", lambda m: m[0].upper(), html),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_what_only_looks_different_reads_the_same(standard: Layout, mutation: str) -> None:
    made = recorded(MUTATIONS[mutation](standard.html))
    assert (made.title, made.published, made.source, made.channel, made.body) == (
        standard.title, standard.published, standard.source, standard.channel, standard.body,
    )  # fmt: skip


def test_a_source_s_own_selectors_win(standard: Layout) -> None:
    made = recorded(standard.html, DetailRules(body=".TRS_Editor p:nth-child(2)", source=".crumb a:nth-child(2)"))
    assert made.body == standard.body[1:2]
    assert (made.source, made.provenance["body"].rule) == ("政务公开", "source.body")


def test_a_selector_that_finds_nothing_falls_back_to_evidence(standard: Layout) -> None:
    assert recorded(standard.html, DetailRules(body="#nowhere")).body == standard.body


def test_attachments_are_named_with_address_and_type(standard: Layout) -> None:
    html = standard.html.replace(
        "</div></div><div class='gn'>",
        "<p>附件：<a href='./P0202310.docx'>造林验收表.docx</a> <a href='/zwgk/'>返回</a></p></div></div><div class='gn'>",
    )
    (item,) = recorded(html).attachments
    assert (item.url, item.name) == ("http://www.yunxi.example/zwgk/tzgg/202310/P0202310.docx", "造林验收表.docx")
    assert item.media_type is not None
    assert item.media_type.endswith("wordprocessingml.document")


def test_a_source_filled_with_the_title_and_clicks_filled_by_script_are_nothing(standard: Layout) -> None:
    html = standard.html.replace("来源：县政府办公室　", "").replace('content="县政府办公室"', f'content="{standard.title}"')
    made = recorded(html)
    assert (made.source, made.clicks) == (None, None)


NOT_NOTICES = {
    PageKind.ERROR: "<title>404</title><body>抱歉，您访问的页面不存在或已删除！<a href='/'>返回首页</a></body>",
    PageKind.CHALLENGE: "<html><head><script>window['$_ts']={};</script><script src='/x.js' r='m'></script></head><body></body></html>",
    PageKind.SHELL: "<html ng-app='x'><title>政务公开</title><body><div ng-controller='c'>{{item.title}}</div></body></html>",
    PageKind.REDIRECT: "<html><head><meta http-equiv='refresh' content='0;url=/index.html'></head><body></body></html>",
    PageKind.LOGIN: "<title>统一身份认证</title><body>用户登录<form><input name=u><input type='password' name=p></form></body>",
}


@pytest.mark.parametrize("kind", NOT_NOTICES)
def test_what_is_no_notice_is_told_apart_with_evidence(kind: PageKind) -> None:
    found = read(NOT_NOTICES[kind])
    assert (found.page_kind, found.drafts) == (kind, ())
    assert found.evidence


def test_a_list_is_no_notice(standard: Layout) -> None:
    rows = "".join(
        f"<li><a href='/zwgk/t2023_{n}.html'>云溪县第{n}批造林地块验收结果公示名单</a><span>2023-10-{n % 28 + 1:02}</span></li>"
        for n in range(40)
    )
    assert read(f"<title>通知公告</title><body><ul>{rows}</ul></body>").page_kind in (
        PageKind.LIST,
        PageKind.HOME,
        PageKind.OTHER,
    )


@pytest.mark.parametrize(
    "html",
    ["", "\0" * 50, "<", "<div>" * 3000 + "文字", "<p " + "a=b " * 20_000 + ">x", "\ud800标题\udfff", "<title>" + "长" * 200_000, "<table><tr><td>索引号：", "<!--" * 500],
)  # fmt: skip
def test_hostile_pages_raise_nothing(html: str) -> None:
    assert isinstance(read(html), Detail)


@given(st.integers(0, 10_000))
def test_a_page_cut_or_garbled_anywhere_raises_nothing(seed: int) -> None:
    chance = random.Random(seed)
    html = "<html><head><meta name=ArticleTitle content=关于造林的通知></head><body><h1>关于造林的通知</h1><table><tr><td>索引号：</td><td>1</td></tr></table><div id=zoom><p>正文</p></div></body></html>"
    cut = html[: chance.randrange(len(html))]
    place = chance.randrange(len(cut) + 1)
    assert isinstance(read(cut[:place] + chance.choice("<>\"'&\0/= \n") + cut[place:]), Detail)


def test_the_tree_inputs_of_the_conformance_data_raise_nothing(shared: Path) -> None:
    script = """
import base64, gzip, json, sys
from crawler.model import Page
from crawler.record.rules import DetailRules
from crawler.parsers.detail import read_detail
count = 0
for line in gzip.open(sys.argv[1], "rt", encoding="utf-8"):
    text = base64.b64decode(json.loads(line)["data"]).decode("utf-8", "replace")
    read_detail(text, Page("http://a.test/", 200, (), b"", 1_760_000_000_000), rules=DetailRules())
    count += 1
print(count)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(shared / "suites" / "html-trees.jsonl.gz")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "1796", done.stderr[-2000:]
