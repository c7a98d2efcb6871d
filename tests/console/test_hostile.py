"""Records full of naughty strings: every page and feed has the same elements and attributes as with plain ones, and no link leads to a script."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from crawler.config.values import Config
from crawler.console.app import create
from crawler.console.server import opened
from crawler.model import ChangeKind
from crawler.repository import schema as t
from crawler.repository.changes import NewChange, append
from crawler.repository.database import Database, dump
from crawler.repository.migrations import upgrade
from crawler.repository.search.index import index
from tests.repository.conftest import Library
from tests.tools.answering import answering

OWN = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", "javascript:alert(1)", "</title><svg onload=alert(1)>", "{{7*7}}{% raw %}",
    "-->]]><!--<![CDATA[", "\u202e<b>\u2028</b>", "</textarea></option></select><a href=javascript:1>", "&lt;i&gt;&#60;i&#62;", "a\nb\r\nSet-Cookie: x=1", "=cmd|' /C calc'!A0",
]  # fmt: skip
ID, PLAIN = "7k3m9q2x1vtd", "1b8n4c6w9hzp"


@pytest.fixture(scope="module")
def strings() -> list[str]:
    shared = Path(os.environ.get("GONGKAI_SHARED", "")) / "suites" / "blns.json"
    more = json.loads(shared.read_text("utf-8")) if shared.is_file() else []
    return [text.encode("utf-8", "replace").decode().replace("\x00", "") for text in (*OWN, *more) if text.strip("\x00")]


def record(values: list[str]) -> dict[str, Any]:
    """A record that holds these texts wherever a record holds any."""
    witness = {"rule": values[0], "raw": values[1], "disagrees": values[2], "version": 1, "against": [values[3]], "confidence": 0.5, "refused": [values[4]]}  # fmt: skip
    return {
        "channel": values[0], "source": values[1], "clicks": None, "body": values, "attachments": [{"url": text, "name": text, "media_type": text} for text in values],
        "tables": [{"at": 0, "caption": values[2], "header": 1, "rows": [[text, text] for text in values]}], "images": [], "people": [{"role": values[0], "name": values[1]}],
        "meta": {"doc_no": values[3], "issuer": values[1], "labels": [{"label": text, "value": text + "值"} for text in values]}, "url": values[1], "final_url": values[2],
        "site": {"code": values[0], "name": values[1]}, "provenance": dict.fromkeys(("title", "channel", "published", "meta", "meta.issuer", "people"), witness),
        "incomplete": values[4],
    }  # fmt: skip


def shelve(library: Library, public_id: str, source: str, texts: list[str]) -> None:
    """A source, a document in two versions, and what the ledger says of them."""
    c = library.c
    library.source(source)
    c.execute(
        sa.update(t.sources)
        .where(t.sources.c.id == source)
        .values(title=texts[0], trouble=texts[1], reasons=dump(texts[:6]), health="suspect")
    )
    number = library.document(
        public_id, texts[0], url=f"http://www.example.test/{public_id}/{quote(texts[1])}", source=source, record=record(texts)
    )
    library.version(number, 2, texts[1], at=2000, record=record(texts[1:] + texts[:1]), doc_no=texts[2], issuer=texts[3])
    versions = (
        c.execute(sa.select(t.versions.c.id).where(t.versions.c.document == number).order_by(t.versions.c.n)).scalars().all()
    )
    append(c, [NewChange(ChangeKind.EDIT, 2000, source, number, versions[0], versions[1]), NewChange(ChangeKind.HEALTH, 2000, source, detail={"after": "suspect", "reasons": texts[:6]})])  # fmt: skip
    c.execute(
        t.runs.insert().values(
            source=source, kind="list", slot=1, started=1, ended=2, result="failed", trouble=texts[1], counts='{"lists": 1}'
        )
    )


@pytest.fixture(scope="module")
def hostile(told: Config, strings: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A console over one plain and one hostile document."""
    url = f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'gongkai.db'}"
    database = Database(url)
    upgrade(database)
    with database.write() as c:
        shelve(Library(c), PLAIN, "plain", [f"平常{number}" for number in range(len(strings))])
        shelve(Library(c), ID, "hostile", strings)
        index(c, 100)
    database.close()
    with (
        opened(
            replace(told, storage=replace(told.storage, database=url), serve=replace(told.serve, requests_per_minute=0)), None
        ) as door,
        answering(create(door)) as base,
        httpx.Client(base_url=base, timeout=30, trust_env=False, headers={"Accept": "text/html"}) as client,
    ):
        yield client


def shape(page: str) -> set[tuple[str, tuple[str, ...]]]:
    """Which elements there are, with which attributes."""
    return {(node.tag or "", tuple(sorted(node.attributes))) for node in LexborHTMLParser(page).css("*")}


VIEWS = (
    "/d/{id}", "/d/{id}/v/1", "/d/{id}/diff/1..2", "/d/{id}/diff/1..2?as=inline", "/d/{id}/cite", "/w/{id}", "/s/{source}", "/changes?source={source}",
    "/search?source={source}", "/c/{capture}",
)  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_a_hostile_record_adds_no_element_and_no_attribute(hostile: httpx.Client, view: str) -> None:
    shapes = []
    for name, source in ((PLAIN, "plain"), (ID, "hostile")):
        capture = hostile.get(f"/api/v1/records/{name}").json()["capture"]["id"]
        answer = hostile.get(view.format(id=name, source=source, capture=capture))
        assert answer.status_code == 200, LexborHTMLParser(answer.text).text()[-600:]
        shapes.append(shape(answer.text))
        links = [node.attributes.get("href") or "" for node in LexborHTMLParser(answer.text).css("a, link")]
        assert not [link for link in links if not link.startswith(("/", "?", "#", "http://", "https://"))]
    assert {tag for tag, _ in shapes[1]} - {"mark"} <= {tag for tag, _ in shapes[0]} | {"a"}
    assert not [attributes for _, attributes in shapes[1] if any(one.startswith("on") or one == "style" for one in attributes)]
    known = shapes[0] | {("a", ("href", "rel")), ("span", ("class",))}
    assert shapes[1] <= known, shapes[1] - known


@pytest.mark.parametrize("path", ["/", "/s", "/health", "/operations", "/changes"])
def test_lists_hold_hostile_names_as_text(hostile: httpx.Client, path: str) -> None:
    answer = hostile.get(path)
    assert answer.status_code == 200
    assert not LexborHTMLParser(answer.text).css("[onerror], [onload], [onmouseover], [style], img, script, i, svg[onload]")


def test_naughty_strings_typed_into_every_field_stay_text(hostile: httpx.Client, strings: list[str]) -> None:
    plain = shape(hostile.get("/search?q=无").text) | shape(hostile.get('/search?q="').text) | shape(hostile.get("/nothing").text)
    for path in ("/search", "/search?q=平常1&sort=relevance", "/search?source=plain"):
        plain |= shape(hostile.get(path).text)
    plain |= {
        ("p", ("class",)),
        ("a", ("aria-label", "href")),
        ("details", ("class", "open")),
        ("option", ("selected", "value")),
        ("mark", ()),
    }
    telling = [text for text in strings if any(mark in text for mark in "<>\"'&{")]
    fields = ("q", "source", "issuer", "no", "as_of", "since", "has", "presence", "sort", "after", "lang")
    for number, text in enumerate(telling):
        answer = hostile.get("/search", params={fields[number % len(fields)]: text})
        assert answer.status_code in (200, 422), (text, LexborHTMLParser(answer.text).css("[role=alert]")[0].text())
        assert shape(answer.text) <= plain, (fields[number % len(fields)], text, shape(answer.text) - plain)
    for path in ("/d/{}", "/s/{}", "/c/{}", "/w/{}", "/d/" + ID + "/diff/{}", "/nothing/{}"):
        answer = hostile.get(path.format(quote(OWN[1], safe="")))
        if answer.status_code != 200:
            assert answer.headers["content-type"].startswith("text/html")
            assert shape(answer.text) <= plain


@pytest.mark.parametrize("feed", ["/feeds/changes", "/feeds/search", "/feeds/source/hostile"])
def test_entries_of_feeds_hold_no_markup_but_ours(hostile: httpx.Client, feed: str) -> None:
    items = hostile.get(f"{feed}.json").json()["items"]
    assert items
    for item in items:
        inside = {node.tag for node in LexborHTMLParser(item["content_html"]).css("body *")}
        assert inside <= {"p", "del", "ins", "blockquote"}
    assert hostile.get(f"{feed}.atom").content.startswith(b"<?xml")
