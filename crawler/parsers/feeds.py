"""XML that holds rows: Hanweb's datastore, RSS, Atom, sitemaps. No XML parser: the pieces are cut out and Lexbor reads them.

An XML parser would refuse what these servers send (HTML entities, two roots, a BOM in front) and can be made to expand entities.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta

from crawler.model import Request
from crawler.parsers.rows import distinct, make_row
from crawler.parsers.tree import EDGES, parse, squeeze
from crawler.record.reading import Row
from crawler.text import urls
from crawler.text.dates import read_date

TOTAL_RECORD = re.compile(r"<totalrecord>\s*(\d{1,9})\s*<", re.IGNORECASE)
TOTAL_PAGE = re.compile(r"<totalpage>\s*(\d{1,9})\s*<", re.IGNORECASE)
HREF = re.compile(r"""\bhref\s*=\s*(["'])(.*?)\1""", re.IGNORECASE)
TAGS = re.compile(r"<[^>]{1,200}>")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is no page. `html`: a piece of HTML that holds the rows; `following` an address it names as the next; `lists` further lists."""

    rows: tuple[Row, ...]
    evidence: str
    html: str | None = None
    total_rows: int | None = None
    total_pages: int | None = None
    page: int | None = None
    following: str | None = None
    lists: tuple[Request, ...] = ()


# ------------------------------------------------------------------ Hanweb
def from_store(source: str, url: str, encoding: str) -> Answer:
    """`<record><![CDATA[<li>…</li>]]></record>`, one row each."""
    rows = []
    for record in elements(source, "record"):
        piece = parse(_plain(record))
        root = piece.body or piece.root
        link = next(
            (node for node in piece.css("a[href]") if squeeze(node.text(deep=True)) or node.attributes.get("title")), None
        )
        row = make_row(root, link, url, encoding) if root is not None and link is not None else None
        if row is not None:
            rows.append(row)
    href = HREF.search(_plain(next(elements(source, "nextgroup"), "")))
    following = urls.join(url, html.unescape(href[2]), encoding) if href and href[2].strip() else None
    total, pages = TOTAL_RECORD.search(source), TOTAL_PAGE.search(source)
    return Answer(
        tuple(distinct(rows)),
        f"{len(rows)} records",
        None,
        int(total[1]) if total else None,
        int(pages[1]) if pages else None,
        None,
        following,
    )


# ------------------------------------------------------------------ feeds and sitemaps
def elements(source: str, name: str) -> Iterator[str]:
    """The insides of every element of that name, whatever its namespace prefix; those within one of them are part of it."""
    opening = re.compile(rf"<(?:\w+:)?{name}\b[^<>]*(?<!/)>", re.IGNORECASE)
    closing = re.compile(rf"</(?:\w+:)?{name}\s*>", re.IGNORECASE)
    at = 0
    while (start := opening.search(source, at)) is not None and (end := closing.search(source, start.end())) is not None:
        yield source[start.end() : end.start()]
        at = end.end()


def _plain(piece: str) -> str:
    """What an element holds as HTML: its CDATA section, else its text with entities resolved."""
    start = piece.find("<![CDATA[")
    end = piece.find("]]>", start) if start >= 0 else -1
    return piece[start + 9 : end] if end >= 0 else piece if "<a" in piece else html.unescape(piece)


def _content(piece: str, *names: str) -> str:
    """The text of the first of these elements that has any, CDATA and entities resolved, tags removed."""
    for name in names:
        for inside in elements(piece, name):
            shown = html.unescape(TAGS.sub("", _plain(inside))).strip(EDGES)
            if shown:
                return shown
    return ""


def from_feed(source: str, url: str) -> Answer:
    """RSS 0.9–2.0 and Atom (RFC 4287); the next page of an archived feed by rel=next (RFC 5005)."""
    rows = []
    pieces = list(elements(source, "item")) or list(elements(source, "entry"))
    for piece in pieces:
        link = _content(piece, "link") or _atom_link(piece, "alternate") or _content(piece, "guid", "id")
        title = _content(piece, "title")
        address = urls.join(url, link) if link else None
        if address and len(squeeze(title)) >= 2:
            rows.append(Row(address, title, _feed_date(_content(piece, "pubDate", "published", "updated", "date"))))
    head = source[: source.find("<item") if "<item" in source else source.find("<entry")] if pieces else source
    following = _atom_link(head, "next")
    return Answer(
        tuple(distinct(rows)), f"{len(rows)} entries of a feed", following=urls.join(url, following) if following else None
    )


def _atom_link(piece: str, rel: str) -> str:
    for tag in re.findall(r"<(?:\w+:)?link\b[^>]*>", piece, re.IGNORECASE):
        href = HREF.search(tag)
        said = re.search(r"""\brel\s*=\s*["'](\w+)["']""", tag, re.IGNORECASE)
        if href and (said[1].lower() if said else "alternate") == rel:
            return html.unescape(href[2])
    return ""


def _feed_date(said: str) -> str | None:
    """RFC 822 (RSS) in its own zone's clock turned to Beijing's, or what else reads as a date (Atom's RFC 3339)."""
    stamp = read_date(said) if said else None
    if stamp is not None:
        return stamp.iso
    from email.utils import parsedate_to_datetime  # few sites have feeds, and it imports much

    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return (moment + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")


def from_sitemap(source: str, url: str, kind: str) -> Answer:
    """sitemaps.org 0.9: addresses without titles; of an index, further lists."""
    if kind == "sitemapindex":
        found = [urls.join(url, _content(piece, "loc")) for piece in elements(source, "sitemap")]
        lists = tuple(Request(address) for address in found if address)
        return Answer((), f"an index of {len(lists)} sitemaps", lists=lists)
    rows = []
    for piece in elements(source, "url"):
        address = urls.join(url, _content(piece, "loc"))
        if address:
            rows.append(Row(address, _content(piece, "title"), _feed_date(_content(piece, "publication_date", "lastmod"))))
    return Answer(tuple(distinct(rows)), f"{len(rows)} addresses of a sitemap")
