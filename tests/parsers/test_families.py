"""Layouts of many systems and years are read as a reader sees them, and what changes nothing for the reader changes nothing."""

import re

import pytest

from crawler.model import Kind, Page, PageKind
from crawler.parsers.page import read
from crawler.record.notice import Record
from crawler.record.reading import Reading
from crawler.record.rules import ReadRules
from crawler.record.serial import record_of
from tests.parsers.families import FAMILIES, page
from tests.parsers.mutate import AT, MUTATIONS, read_record, unchanged

URL = "http://www.shili.example/a/b.html"


def reading(html: str) -> Reading:
    """What the page says."""
    return read(Page(URL, 200, (), html.encode("utf-8"), AT), Kind.DETAIL, ReadRules(), URL)


def recorded(html: str) -> Record:
    """The one record of a page that is a notice."""
    found = reading(html)
    assert found.page_kind is PageKind.NOTICE, found.evidence
    return record_of(found.notices[0])


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_reads_as_a_reader_sees_it(name: str) -> None:
    wanted = FAMILIES[name]()
    made = recorded(wanted.html)
    assert (made.title.replace(" ", ""), made.published, made.source, made.channel) == (
        wanted.title, wanted.published, wanted.source, wanted.channel,
    )  # fmt: skip
    assert made.body == wanted.body
    for field, value in wanted.meta.items():
        assert made.meta.get(field) == value, field


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_what_changes_nothing_for_the_reader_changes_nothing(mutation: str) -> None:
    changed, count = [], 0
    for name, made in FAMILIES.items():
        html = made().html
        same = unchanged(recorded(html), read_record(MUTATIONS[mutation](html), URL))
        count += len(same)
        changed += [f"{name}: {field}" for field, kept in same.items() if not kept]
    assert len(changed) <= 0.03 * count, changed


def emptied(name: str) -> str:
    """The family's page with its frame, title and facts, and nothing in the article's place."""
    html = FAMILIES[name]().html
    for line in sorted(FAMILIES[name]().body, key=len, reverse=True):
        html = html.replace(line, "")
    return re.sub(
        r"(?s)<(?:img|iframe)\b.*?>|<table border.*?</table>|<p>附件.*?</p>|\u3000\u3000|<span style='mso.*?</span>|安 全.*?通 知|<b>关于开展全区冬季</b>",
        "",
        html,
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_a_notice_without_its_article_is_none_and_says_what_is_missing(name: str) -> None:
    found = reading(emptied(name))
    assert found.page_kind is not PageKind.NOTICE
    assert found.evidence
    for made in map(record_of, found.notices):
        assert (made.body, made.attachments, bool(made.incomplete)) == ((), (), True)


@pytest.mark.parametrize("sentence", ["抱歉，您访问的页面不存在或已删除！", "404 Not Found", "对不起，该信息已被删除。"])
def test_a_frame_around_an_error_is_an_error(sentence: str) -> None:
    found = reading(page(f"<div class='content'><p>{sentence}</p><a href='/'>返回首页</a></div>", title="示例区人民政府"))
    assert (found.page_kind, found.notices) == (PageKind.ERROR, ())


@pytest.mark.parametrize("name", FAMILIES)
def test_a_system_s_own_rules_make_no_page_worse(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    html = FAMILIES[name]().html
    with_rules = recorded(html)
    monkeypatch.setattr("crawler.parsers.detail.recognise", lambda sheet, source: None)
    monkeypatch.setattr("crawler.parsers.article.COMMON", ())
    assert recorded(html).body == with_rules.body
