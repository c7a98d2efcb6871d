"""The labelled pages of the development corpus, where it is at hand: what must not get worse."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler.model import Kind, Page, PageKind
from crawler.parsers.page import read
from crawler.record.rules import ReadRules
from tests.parsers.calibrate import right
from tests.parsers.mutate import AT, MUTATIONS, f1, labelled_pages, read_record, squeeze, unchanged, without_metas, without_names


def labels(shared: Path) -> dict[str, dict[str, Any]]:
    """Label by file."""
    lines = (shared / "corpus" / "gold.jsonl").read_text("utf-8").splitlines()
    return {label["file"]: label for label in map(json.loads, lines)}


def figures(shared: Path, change: Any) -> tuple[Counter[str], Counter[str]]:
    """(right, all) by field, over all labelled pages after a change."""
    good: Counter[str] = Counter()
    every: Counter[str] = Counter()
    known = labels(shared)
    for name, url, html in labelled_pages(shared):
        made = read_record(change(html), url)
        assert made is not None, name
        for field, fits in right(made, known[name]).items():
            every[field.partition(".")[0]] += 1
            good[field.partition(".")[0]] += fits
    return good, every


def test_every_field_is_read_as_labelled(shared: Path) -> None:
    good, every = figures(shared, lambda html: html)
    assert (good, every["meta"], every["title"]) == (every, 70, 37)


def test_pages_without_metas_or_names_are_read_all_the_same(shared: Path) -> None:
    good, every = figures(shared, without_metas)
    assert (good["title"] / every["title"], good["published"] / every["published"], good["body"] / every["body"]) >= (
        0.95,
        0.93,
        0.95,
    )
    good, every = figures(shared, without_names)
    assert good["body"] / every["body"] >= 0.85


def test_mutations_leave_the_labelled_pages_records_as_they_were(shared: Path) -> None:
    kept: list[bool] = []
    for number, (_, url, html) in enumerate(labelled_pages(shared)):
        before = read_record(html, url)
        assert before is not None
        for place, change in enumerate(MUTATIONS.values()):
            if (number + place) % 6 == 0:  # the script reads them all
                kept += unchanged(before, read_record(change(html), url)).values()
    assert sum(kept) / len(kept) >= 0.97


def test_what_is_no_notice_makes_no_record_and_every_detail_makes_one(shared: Path) -> None:
    wrong = []
    for line in (shared / "corpus" / "manifest.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        url = entry["page_url"] or "http://page.invalid/"
        found = read(Page(url, 200, (), (shared / "corpus" / entry["file"]).read_bytes(), AT), Kind.DETAIL, ReadRules(), url)
        if (found.page_kind is PageKind.NOTICE) != (entry["kind"] == "detail"):
            wrong.append((entry["file"], found.page_kind, found.evidence))
    assert not wrong


def test_a_platform_never_makes_a_page_worse_than_the_generic_reader(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = labels(shared)

    def scores() -> dict[str, float]:
        found = {}
        for name, url, html in labelled_pages(shared):
            made = read_record(html, url)
            body = known[name]["body"]
            lines = body if isinstance(body, str) else "".join(body)
            found[name] = f1(squeeze(re.sub(r"\s", "", lines)), squeeze("".join(made.body))) if made is not None else 0.0
        return found

    with_platforms = scores()
    monkeypatch.setattr("crawler.parsers.detail.recognise", lambda sheet, source: None)
    monkeypatch.setattr("crawler.parsers.article.COMMON", ())
    generic = scores()
    assert {name for name in generic if with_platforms[name] < generic[name] - 0.001} == set()
