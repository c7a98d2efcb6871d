"""Feeds: readable by whatever reads Atom or JSON Feed, with ids that stay and the difference in the entry."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.console.feeds import Entry, Feed, _atom, _json

A = "{http://www.w3.org/2005/Atom}"
PATHS = (
    "/feeds/search.{}?q=公告",
    "/feeds/changes.{}",
    "/feeds/changes.{}?kind=edit",
    "/feeds/source/lanwan.{}",
    "/feeds/search.{}?q=绝无此词",
)


@pytest.mark.parametrize("path", PATHS)
def test_both_forms_say_the_same_and_have_what_their_formats_demand(console: Any, path: str) -> None:
    with console.client() as client:
        atom, plain = client.get(path.format("atom")), client.get(path.format("json"))
    assert atom.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert plain.headers["content-type"].startswith("application/feed+json")
    root, feed = ET.fromstring(atom.content), plain.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    entries = root.findall(f"{A}entry")
    assert [one.findtext(f"{A}id") for one in entries] == [item["id"] for item in feed["items"]]
    assert [one.findtext(f"{A}content") for one in entries] == [item["content_html"] for item in feed["items"]]
    for node in (root, *entries):
        assert (node.findtext(f"{A}id") or "").startswith("urn:uuid:")
        assert node.findtext(f"{A}title")
        assert (node.findtext(f"{A}updated") or "").endswith("Z")
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
    assert feed["home_page_url"].startswith(console.url)
    assert bool(feed["items"]) == ("绝无" not in path)


def test_the_difference_stands_in_the_entry(console: Any) -> None:
    with console.client() as client:
        item = client.get("/feeds/changes.json", params={"kind": "edit"}).json()["items"][0]
        page = client.get(item["url"])
    tree = LexborHTMLParser(item["content_html"])
    assert [node.text() for node in tree.css("del")] == ["90.2%"]
    assert [node.text() for node in tree.css("ins")] == ["9.02%"]
    assert page.status_code == 200


def test_an_id_does_not_depend_on_where_the_console_is_reached(console: Any) -> None:
    with console.client() as client:
        here = client.get("/feeds/changes.atom")
        there = client.get("/feeds/changes.atom", headers={"Host": "localhost:1"})
    ids = [[one.text for one in ET.fromstring(answer.content).iter(f"{A}id")] for answer in (here, there)]
    assert here.content != there.content
    assert ids[0] == ids[1]


def test_what_has_not_changed_is_not_sent_again(console: Any) -> None:
    with console.client() as client:
        for path in PATHS:
            for form in ("atom", "json"):
                first = client.get(path.format(form))
                again = client.get(path.format(form), headers={"If-None-Match": first.headers["etag"]})
                assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/feeds/source/none.atom", "/feeds/changes.xml", "/feeds/changes.atom?kind=x", '/feeds/search.json?q="']
)
def test_a_wrong_feed_is_told_to_the_machine_that_asked(console: Any, path: str) -> None:
    with console.client() as client:
        answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "hostile", ["\x00\x08\x1b[31m", "]]><x/>", "&lt;script&gt;", "\ud800", "\ufffe\uffff", '"><script>1</script>']
)
def test_nothing_in_a_record_breaks_a_feed(hostile: str) -> None:
    entry = Entry("urn:uuid:1", f"t{hostile}", "/d/x", f"http://h/{hostile}", 0, 0, "<p>x</p>", (hostile,))
    feed = Feed(hostile, "/", (entry,))
    root = ET.fromstring(_atom(feed, "http://h", "http://h/f", "urn:uuid:2"))
    plain = ET.fromstring(
        _atom(
            Feed("t", "/", (replace(entry, title="t", original="http://h/", words=("w",)),)),
            "http://h",
            "http://h/f",
            "urn:uuid:2",
        )
    )
    assert [node.tag for node in root.iter()] == [node.tag for node in plain.iter()]
    assert _json(feed, "http://h", "http://h/f")["items"][0]["content_html"] == "<p>x</p>"
