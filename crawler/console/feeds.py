"""Feeds: Atom (RFC 4287) and JSON Feed 1.1 of a search, of the ledger, of a source; the difference stands in the entry.

An entry's id is a name made of what it is about (document, version, kind, moment), not of where it was read: it stays when the console
moves and when the database is rebuilt from its archive. Nothing of a page is markup here: what is shown as HTML is made of escaped text.
"""

import html
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crawler.console.answers import ENCODE, conditional
from crawler.console.api.changes import only_of
from crawler.console.api.common import Reader
from crawler.console.asking import Asked
from crawler.console.door import Door
from crawler.console.pages.labels import difference
from crawler.console.pages.rendering import reader_of
from crawler.console.problems import NotThere
from crawler.model import ChangeKind, Millis
from crawler.monitor.told import told
from crawler.record.frame import unpacked
from crawler.repository import changes, figures
from crawler.repository.changes import ChangeView, Only
from crawler.repository.search.find import Hit, find
from crawler.text.beijing import iso

router = APIRouter(include_in_schema=False)
MOST = 50  # entries
PARAGRAPHS, LONGEST = 6, 1_500  # of a record, in an entry of a search
OURS = uuid.uuid5(uuid.NAMESPACE_URL, "gongkai")
ATOM = "http://www.w3.org/2005/Atom"
Form = Literal["atom", "json"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`id`: what it is about; `content`: HTML; `words`: its kind and source."""

    id: str
    title: str
    link: str
    original: str | None
    first: Millis
    updated: Millis
    content: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """`page`: the address of the page that shows the same."""

    title: str
    page: str
    entries: tuple[Entry, ...]

    @property
    def updated(self) -> Millis:
        """When something in it changed last."""
        return max((entry.updated for entry in self.entries), default=0)


# ------------------------------------------------------------------ addresses
@router.get("/feeds/search.{form}")
def search(request: Request, door: Reader, form: Form, asked: Asked) -> Response:
    """The newest of what a search finds, the same parameters as the page."""
    question = replace(asked.question(), sort="date", limit=min(asked.limit, MOST), after=None, counted=False)
    with door.read() as c:
        found = find(c, question).rows
        times = figures.changed(c, [hit.id for hit in found])
    say = reader_of(request).say
    entries = tuple(_of_hit(hit, times.get(hit.id, hit.first_seen)) for hit in found)
    return _answer(
        request, door, form, Feed(f"{say('archive')} · {asked.q or say('nav.records')}", _page(request, "/search"), entries)
    )


@router.get("/feeds/changes.{form}")
def ledger(
    request: Request,
    door: Reader,
    form: Form,
    source: Annotated[str | None, Query(max_length=100)] = None,
    kind: Annotated[ChangeKind | None, Query()] = None,
    min_rank: Annotated[int | None, Query(ge=0, le=100)] = None,
) -> Response:
    """The newest lines of the ledger."""
    only = only_of(0, None, source or None, kind, min_rank)
    say = reader_of(request).say
    return _answer(
        request, door, form, _of_ledger(request, door, only, f"{say('archive')} · {say('changes')}", _page(request, "/changes"))
    )


@router.get("/feeds/source/{name}.{form}")
def source(request: Request, door: Reader, name: str, form: Form) -> Response:
    """The newest lines of the ledger about a source and its notices."""
    with door.read() as c:
        known = next((row for row in door.sources(c) if row.id == name), None)
    if known is None:
        raise NotThere(f"there is no source {name[:80]!r}", remedy="/s lists them")
    return _answer(request, door, form, _of_ledger(request, door, Only(source=name), known.title or name, f"/s/{name}"))


def _page(request: Request, path: str) -> str:
    return f"{path}?{request.url.query}" if request.url.query else path


def _of_ledger(request: Request, door: Door, only: Only, title: str, page: str) -> Feed:
    with door.read() as c:
        found = changes.read(c, only, MOST, newest=True)
    return Feed(title, page, tuple(_of_change(line, reader_of(request).say) for line in found))


# ------------------------------------------------------------------ entries
def _name(*parts: object) -> str:
    return uuid.uuid5(OURS, "\n".join(map(str, parts))).urn


def _of_change(line: ChangeView, say: Any) -> Entry:
    said = told(line)
    compared = line.document and line.before and line.after
    link = (
        f"/d/{line.document}/diff/{line.before}..{line.after}"
        if compared
        else f"/d/{line.document}"
        if line.document
        else f"/s/{line.source}"
    )
    kind = say(f"kind.{line.kind}")
    rows = [difference(item) for item in said.data["differences"]]
    content = "".join(
        f"<p>{_escaped(place)}: {_mark('del', before)} → {_mark('ins', after)}</p>" for place, before, after in rows
    )
    if not content:
        content = f"<p>{_escaped(said.why or line.title or line.source)}</p>"
    passages = [item["passage"] for item in said.data["differences"] if item.get("passage")]
    content += "".join(f"<blockquote>{_escaped(text)}</blockquote>" for text in passages[:PARAGRAPHS])
    return Entry(
        _name("change", line.document or line.source, line.kind, line.before, line.after, line.at), f"{kind} · {line.title or line.source}", link,
        line.url, line.at, line.at, content, (line.kind, line.source),
    )  # fmt: skip


def _of_hit(hit: Hit, changed: Millis) -> Entry:
    facts = [fact for fact in (hit.published, hit.doc_no, hit.issuer or hit.origin, hit.channel) if fact]
    body, size = [], 0
    for text in unpacked(hit.record)["body"][:PARAGRAPHS]:
        body.append(text[: LONGEST - size])
        size += len(text)
        if size >= LONGEST:
            break
    content = f"<p>{_escaped(' · '.join(facts))}</p>" + "".join(f"<p>{_escaped(text)}</p>" for text in body)
    return Entry(
        _name("document", hit.id),
        hit.title,
        f"/d/{hit.id}",
        hit.url,
        hit.first_seen,
        changed,
        content,
        (hit.presence, hit.source),
    )


def _mark(tag: str, text: str) -> str:
    return f"<{tag}>{_escaped(text)}</{tag}>" if text else "∅"


def _escaped(text: str) -> str:
    return html.escape(_clean(text))


def _clean(text: str) -> str:
    """What XML 1.0 can hold (2.2): no control characters, no surrogates."""
    return "".join(
        mark
        for mark in text
        if mark in "\t\n\r" or "\x20" <= mark <= "\ud7ff" or "\ue000" <= mark <= "\ufffd" or mark >= "\U00010000"
    )


# ------------------------------------------------------------------ forms
def _answer(request: Request, door: Door, form: Form, feed: Feed) -> Response:
    """304 to whoever has it, by its tag alone: a line of the ledger may come after one that happened later, so no time tells what is new."""
    base = str(request.base_url).rstrip("/")
    own = f"{base}{_page(request, request.url.path)}"
    identity = _name("feed", door.config.operator.name, _page(request, request.url.path))
    if form == "json":
        body, kind = ENCODE(_json(feed, base, own)).encode("utf-8", "replace"), "application/feed+json"
    else:
        body, kind = _atom(feed, base, own, identity), "application/atom+xml; charset=utf-8"
    return conditional(request, body, kind, {"Vary": "Accept-Language, Cookie"})


def _json(feed: Feed, base: str, own: str) -> dict[str, Any]:
    items = []
    for entry in feed.entries:
        item = {
            "id": entry.id, "url": base + entry.link, "title": entry.title, "content_html": entry.content, "date_published": iso(entry.first),
            "date_modified": iso(entry.updated), "tags": list(entry.words),
        }  # fmt: skip
        items.append({**item, "external_url": entry.original} if entry.original else item)
    return {
        "version": "https://jsonfeed.org/version/1.1", "title": feed.title, "home_page_url": base + feed.page, "feed_url": own,
        "items": items,
    }  # fmt: skip


def _atom(feed: Feed, base: str, own: str, identity: str) -> bytes:
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "zh-Hans"})

    def add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
        made = ET.SubElement(parent, tag, {name: _clean(value) for name, value in attributes.items()})
        made.text = _clean(text) or None
        return made

    add(root, "id", identity)
    add(root, "title", feed.title)
    add(root, "updated", iso(feed.updated) or "")
    add(root, "link", rel="self", type="application/atom+xml", href=own)
    add(root, "link", rel="alternate", type="text/html", href=base + feed.page)
    add(add(root, "author"), "name", "Gongkai")
    for entry in feed.entries:
        node = add(root, "entry")
        add(node, "id", entry.id)
        add(node, "title", entry.title)
        add(node, "updated", iso(entry.updated) or "")
        add(node, "published", iso(entry.first) or "")
        add(node, "link", rel="alternate", type="text/html", href=base + entry.link)
        if entry.original:
            add(node, "link", rel="via", href=entry.original)
        for word in entry.words:
            add(node, "category", term=word)
        add(node, "content", entry.content, type="html")
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body
