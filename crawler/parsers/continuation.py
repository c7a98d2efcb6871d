"""One notice, several captures: which further addresses a page's record needs, and the record put together from what is there.

Three shapes: an article over several pages (its own pager), an article in an iframe of an otherwise empty page, an answer in JSON
that the source's file names. A further address is taken only from what the page says, and only where it cannot be anything else:
a wrong one would put another notice's text into this record.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from selectolax.lexbor import LexborHTMLParser

from crawler.model import Page, Request
from crawler.parsers.tree import attribute, is_hidden, parse, squeeze
from crawler.record.notice import Attachment, Draft, Image, Witness
from crawler.record.rules import ListRules
from crawler.record.tables import Table
from crawler.text import urls

MOST_PIECES = 50
MOST_FRAMES = 20
SHORT = 60  # characters of text below which a page with a frame is only the frame around its article
# Asked of every page: a pattern that begins with one character is looked for in a tenth of the time of five words.
PAGED = re.compile("页(?:(?<=下一页)|(?<=下页)|(?<=后一页)|(?<=后页)|(?<=下 一 页))")
FRAMED = re.compile(r"<iframe\b", re.IGNORECASE)
FRAME = re.compile(r"<iframe\b[^>]{0,2000}>(?:\s{0,100}</iframe\s*>)?", re.IGNORECASE)
ANY_FRAME = re.compile(r"<i?frame\b", re.IGNORECASE)
LISTED = re.compile(r"list|index|column|catalog|lanmu|page|liebiao", re.IGNORECASE)
PAGE_PARAMETER = re.compile(r"(?:page|pageno|pagenum|pageindex|curpage|cur_page|cpage|p|pn)", re.IGNORECASE)
FIRST: tuple[list[str], ...] = ([], [""], ["0"], ["1"])  # what a first page says of its number
NO_ARTICLE = re.compile(
    r"(?:comment|pinglun|share|jiucuo|error|weather|tianqi|video|player|map|login|search|count|stat)", re.IGNORECASE
)
STEM = re.compile(r"^(?P<stem>.*?)(?P<ending>\.[a-z]{3,5})?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """What a further page adds: paragraphs with their tables and pictures, and documents; `error` says why it adds nothing."""

    body: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    error: str = ""
    tables: tuple[Table, ...] = ()
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """A draft made of all its captures, and every further address it needs, those that are missing too."""

    draft: Draft
    continues: tuple[Request, ...]


# ------------------------------------------------------------------ an article over several pages
def next_page(source: str, tree: LexborHTMLParser | None, page: Page, head: str) -> Request | None:
    """The next page of the article that begins at `head`, as `page` names it; None when it is the last or names none of its own."""
    if "createPage" not in source and PAGED.search(source) is None:
        return None
    from crawler.parsers.pagers import Sheet, read_pager  # few articles have pages

    found = read_pager(Sheet(source, tree or parse(source), page.url, Request(page.url), 1, ()), ListRules()).next
    return found if found is not None and belongs(found.url, head) else None


def belongs(address: str, head: str) -> bool:
    """Is this the address of a further page of the article at `head`?

    Only when it differs by a number behind the name (`t20240101_12.html`, `t20240101_12_1.html`) or by a page parameter: the link
    that says 下一页 may as well lead to the next notice.
    """
    one, other = urlsplit(urls.canonical(address)), urlsplit(urls.canonical(head))
    if (one.scheme, one.netloc) != (other.scheme, other.netloc):
        return False
    if one.path == other.path:
        return _paged(one.query, other.query)
    if one.query != other.query or one.path.rpartition("/")[0] != other.path.rpartition("/")[0]:
        return False
    mine, theirs = STEM.match(one.path.rpartition("/")[2]), STEM.match(other.path.rpartition("/")[2])
    assert mine is not None
    assert theirs is not None
    stem = theirs["stem"] or "index"
    return mine["ending"] == (theirs["ending"] or mine["ending"]) and bool(
        re.fullmatch(re.escape(stem) + r"[_-]\d{1,3}", mine["stem"])
    )


def _paged(one: str, other: str) -> bool:
    mine, theirs = (
        sorted((name, value) for name, value in parse_qsl(query, keep_blank_values=True) if not PAGE_PARAMETER.fullmatch(name))
        for query in (one, other)
    )
    numbers, head = (
        [value for name, value in parse_qsl(query, keep_blank_values=True) if PAGE_PARAMETER.fullmatch(name)]
        for query in (one, other)
    )
    # an article begins at its first page: the 123 of `?p=123` is the notice's own number
    return one != other and mine == theirs and head in FIRST and bool(numbers)


def join(
    draft: Draft,
    source: tuple[str, LexborHTMLParser | None],
    page: Page,
    more: Mapping[str, Page],
    read: Callable[[Page], tuple[str, Piece]],
) -> Joined:
    """The draft of a first page (`source`: its text, and its tree if it is there) with the text of its further pages, as far as they are there. `read(page)`: its source, what it adds.

    The last page that is there names the next, so the whole chain shows only as it arrives.
    """
    head, body = page.url, list(draft.body)
    names: list[Request] = []
    attachments = {item.url or item.name: item for item in draft.attachments}
    tables, images = [*draft.tables], [*draft.images]
    trouble: list[str] = []
    at, (said, tree) = page, source
    seen: set[str] = set()
    while (following := next_page(said, tree, at, head)) is not None and len(names) < MOST_PIECES:
        seen.add(urls.canonical(head))
        if urls.canonical(following.url) in seen:
            break
        seen.add(urls.canonical(following.url))
        names.append(following)
        held = more.get(urls.key(following))
        if held is None:
            trouble.append(f"page {len(names) + 1} is missing: {following.url}")
            break
        at, tree = held, None
        said, piece = read(held)
        if piece.error:
            trouble.append(f"page {len(names) + 1} is no part of the article ({piece.error}): {following.url}")
            break
        added = _new_lines(piece.body, body)
        shift = len(body) + len(added) - len(piece.body)
        tables += [replace(item, at=max(0, item.at + shift)) for item in piece.tables]
        images += [replace(item, at=max(0, item.at + shift)) for item in piece.images]
        body += added
        attachments |= {key: item for item in piece.attachments if (key := item.url or item.name) not in attachments}
    draft = replace(draft, tables=tuple(tables), images=tuple(images))
    return Joined(_made(draft, tuple(body), tuple(attachments.values()), trouble, len(names)), tuple(names))


def _new_lines(piece: tuple[str, ...], body: list[str]) -> list[str]:
    """A page that repeats the first page's head (title line, editor's note) repeats it once too often."""
    lines = list(piece)
    while lines and body and squeeze(lines[0]) == squeeze(body[0]):
        lines.pop(0)
    return lines


def _made(draft: Draft, body: tuple[str, ...], attachments: tuple[Attachment, ...], trouble: list[str], pages: int) -> Draft:
    if not pages:
        return draft
    before = draft.witnesses.get("body", Witness("body"))
    witnesses = {**draft.witnesses, "body": replace(before, rule=f"{before.rule}+{pages}")}
    words = "; ".join(filter(None, [draft.incomplete, *trouble])) or None
    return replace(draft, body=body, attachments=attachments, witnesses=MappingProxyType(witnesses), incomplete=words)


# ------------------------------------------------------------------ an article in a frame
def frame(source: str, page: Page, written: int) -> Request | None:
    """The iframe that holds the article of a page which has next to no text of its own (`written` characters)."""
    if written >= SHORT or not 0 < len(FRAMED.findall(source)) <= MOST_FRAMES:
        return None
    return _only(address for address in _frames(parse(source), page, "iframe[src]") if urls.host(address) == urls.host(page.url))


def list_frame(source: str, tree: LexborHTMLParser, page: Page) -> Request | None:
    """The frame in which the list of a page without rows stands: the only one of its site that may hold one."""
    if not 0 < len(ANY_FRAME.findall(source)) <= MOST_FRAMES:
        return None
    found = [address for address in _frames(tree, page, "iframe[src], frame[src]") if _same_site(address, page.url)]
    return _only(found) or _only(address for address in found if LISTED.search(urlsplit(address).path))


def _frames(tree: LexborHTMLParser, page: Page, selector: str) -> Iterator[str]:
    """The addresses of frames that a reader sees, and that are not known to hold something else than text."""
    for node in tree.css(selector):
        address = urls.join(page.url, attribute(node, "src").strip())
        if address is None or is_hidden(node) or _is_small(attribute(node, "width")) or _is_small(attribute(node, "height")):
            continue
        if not NO_ARTICLE.search(urlsplit(address).path) and urls.canonical(address) != urls.canonical(page.url):
            yield urls.canonical(address)


def _only(addresses: Iterable[str]) -> Request | None:
    distinct = set(addresses)
    return Request(distinct.pop()) if len(distinct) == 1 else None


def _same_site(one: str, other: str) -> bool:
    return urls.registered(urls.host(one)) == urls.registered(urls.host(other))


def _is_small(size: str) -> bool:
    match = re.match(r"\s*(\d{1,4})(?:px)?\s*$", size)
    return match is not None and int(match[1]) < 100


def inline(source: str, page: Page, framed: Request, inner: str, inner_page: Page, encoding: str) -> str:
    """The page as a reader sees it: the frame's content in the frame's place, its links absolute."""
    tree = parse(inner)
    for name in ("href", "src"):
        for node in tree.css(f"[{name}]"):
            address = urls.join(inner_page.url, attribute(node, name), encoding)
            if address is not None:
                node.attrs[name] = address
    content = "".join(child.html or "" for child in tree.body.iter(include_text=True)) if tree.body is not None else ""

    def put(match: re.Match[str]) -> str:
        node = parse(match[0]).css_first("iframe[src]")
        address = urls.join(page.url, attribute(node, "src").strip()) if node is not None else None
        return f"<div>{content}</div>" if address is not None and urls.canonical(address) == framed.url else match[0]

    return FRAME.sub(put, source, count=MOST_PIECES)
