"""Layouts of many systems and years are read as a reader sees them, and what changes nothing for the reader changes nothing."""

import pytest

from crawler.model import Kind, Page, PageKind, Reading, ReadRules, Record
from crawler.parsers.page import read
from tests.parsers.families import FAMILIES
from tests.parsers.mutate import AT

URL = "http://www.shili.example/a/b.html"


def reading(html: str) -> Reading:
    """What the page says."""
    return read(Page(URL, 200, (), html.encode("utf-8"), AT), Kind.DETAIL, ReadRules(), URL)


def recorded(html: str) -> Record:
    """The one record of a page that is a notice."""
    found = reading(html)
    assert found.page_kind is PageKind.NOTICE, found.evidence
    return found.notices[0].record


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
