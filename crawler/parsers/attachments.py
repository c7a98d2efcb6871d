"""Documents a notice names: files it links to, offers by a script or shows in a frame, in or beside its article.

A link is a file by its address or its name (`TYPES`), by how download pages are called, by a `download` attribute, or because it stands
behind 附件： and leads to no page. What is named and has no address is listed without one. The name is the nearest text that names it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.parsers.media import KINDS, TYPES
from crawler.parsers.sheet import EMBEDS, Line, Sheet
from crawler.parsers.tree import squeeze
from crawler.record.notice import Attachment
from crawler.text import urls
from crawler.text.late import late

ENDING = re.compile(r"\.([a-z0-9]{2,4})(?:$|[?&#])", re.IGNORECASE)
DOWNLOADS = re.compile(r"downfile\.jsp|DownloadAttachUrl|/download(?:file)?[/.?]|attachment|filename=", re.IGNORECASE)
VIEWER = re.compile(r"view|pdf\.?js|online|reader|office", re.IGNORECASE)
SHOWS = frozenset({"file", "url", "src", "pdf", "pdfurl", "fileurl", "filepath", "file_url", "furl", "path", "doc", "link"})
PAGE = re.compile(r"(?:\.(?:s?html?|php|aspx?|jspx?)|/)$", re.IGNORECASE)
NOWHERE = late(r"\s*(?:#.*|about:blank|javascript\s*:?\s*(?:void\b.*|;*\s*|return\b.*))?\s*", re.IGNORECASE | re.DOTALL)
SCRIPTED = re.compile(r"\s*javascript\s*:", re.IGNORECASE)
QUOTED = re.compile(r"'([^'\n]{1,1000})'|\"([^\"\n]{1,1000})\"")
HELD = (
    "data-href",
    "data-url",
    "data-file",
    "data-src",
    "data-path",
    "data-link",
    "data-download",
    "data-filepath",
    "data-fileurl",
)
CLICKED = frozenset({"onclick", *HELD})
SHOWN = frozenset({*EMBEDS, "video", "audio", "source"})
LABEL = late(
    r"[（(【\[]?(?:相关|本文|文件|文档|公告)?(?:附[件表录图]|文件下载|资料下载|下载附件|相关下载|下载中心)(?:下载|列表|清单|材料|文件)?[（(]?[\d一二三四五六七八九十]{0,3}[)）】\]]?[:：.．、]?"
)
NAMED_FILE = late(rf"[^\s：:；;，。/\\|]{{1,120}}?\.(?:{'|'.join(TYPES)})(?![a-z0-9])", re.IGNORECASE)
BEHIND = 20  # lines of links between a label and the last of its files
ALONE = 24  # characters of a line beside its links: more is a sentence


@lru_cache(maxsize=4096)  # a site's menus are the same on all its pages
def leads_to_file(href: str) -> bool:
    """Does a link's address end like a document's?"""
    match = ENDING.search(href)
    return match is not None and match[1].lower() in TYPES


def media_type(url: str, name: str) -> str | None:
    """The type a file's address or name ends in."""
    for written in (name, unquote(url)):
        found = [kind for match in ENDING.finditer(written) if (kind := KINDS.get(match[1].lower())) is not None]
        if found:
            return found[-1]
    return None


def base_of(sheet: Sheet, url: str, encoding: str) -> str:
    """What the page's addresses are relative to: its <base>, or its own."""
    bases = sheet.named("base")
    if not bases:
        return url
    held = next((said for at in bases if (said := sheet.attribute(at, "href"))), "")
    return urls.join(url, held.strip(), encoding) or url


@dataclass(slots=True)
class _Offer:
    """A file that is offered: how good its name is (0 best)."""

    url: str | None
    name: str
    rank: int
    kind: str | None


def read_attachments(
    sheet: Sheet, places: Iterable[int], base: str, encoding: str, *, offered: Iterable[int] = ()
) -> tuple[Attachment, ...]:
    """The files of these elements, in their order, each address once; `offered`: elements all of whose links are files."""
    found: dict[str, _Offer] = {}
    boxes = set(offered)
    for box in dict.fromkeys((*places, *boxes)):
        for offer in _offers(sheet, box, (base, encoding), named=box in boxes):
            key = _key(offer)
            held = found.get(key)
            if held is None:
                found[key] = offer
            elif offer.rank < held.rank:
                held.name, held.rank, held.kind = offer.name, offer.rank, held.kind or offer.kind
    said = {squeeze(offer.name) for offer in found.values() if offer.url is not None}
    return tuple(
        Attachment(offer.url, offer.name, offer.kind)
        for offer in found.values()
        if offer.url is not None or squeeze(offer.name) not in said
    )


def _key(offer: _Offer) -> str:
    """A film is offered once for each player: what has the same name in its address is one."""
    if offer.url is None:
        return f" {squeeze(offer.name)}"
    film = offer.kind is not None and offer.kind.startswith(("video/", "audio/"))
    return urlsplit(offer.url).path.rpartition("/")[2] if film else offer.url


def _offers(sheet: Sheet, box: int, base: tuple[str, str], *, named: bool) -> Iterator[_Offer]:
    lines: dict[int, bool] = {}  # line → do its links stand behind a label? asked once a line
    own = slice(box, sheet.end(box))
    offering = [
        at
        for at, (tag, attributes) in enumerate(zip(sheet.tags[own], sheet.attributes[own], strict=True), box)
        if tag == "a" or tag in SHOWN or (attributes and tag != "img" and not CLICKED.isdisjoint(attributes))
    ]
    for at in offering:
        offer = _shown(sheet, at, base) if sheet.tags[at] in SHOWN else _linked(sheet, at, base, lines, named=named)
        if offer is not None:
            yield offer
    yield from _written(sheet, box)


def _linked(sheet: Sheet, at: int, base: tuple[str, str], lines: dict[int, bool], *, named: bool) -> _Offer | None:
    """What a link, or whatever is clicked like one, offers."""
    attributes, link = sheet.attributes[at], sheet.tags[at] == "a"
    written, names = _address(attributes)
    url = urls.join(base[0], written, base[1]) if written else None
    if written and (url is None or not url.startswith(("http:", "https:"))):
        return None  # mail, a telephone
    url = _unwrapped(url, base[1]) if url is not None else None
    from crawler.parsers.naming import link_name  # many pages have no file

    said = link_name(sheet, at, names, url)
    kind = media_type(url or "", said.text)
    if kind is not None and not kind.startswith(("image/", "video/", "audio/")):
        return _Offer(url, said.text, said.rank, kind) if url is not None or (link and media_type("", said.own)) else None
    if url is not None and DOWNLOADS.search(url):
        return _Offer(url, said.text, said.rank, kind)
    if kind is not None and (kind[0] != "i" or media_type("", said.own)) and url is not None and said.own:
        return _Offer(url, said.text, said.rank, kind)
    if not link or not (said.own or said.rank < 5):
        return None
    path = urlsplit(url).path if url is not None else ""
    if kind is not None and not said.own:  # a picture that opens itself larger
        return None
    if "download" in attributes and url is not None:
        return _Offer(url, said.text, said.rank, kind)
    if (PAGE.search(path) and kind is None) or (url is None and ("name" in attributes or "id" in attributes or not said.own)):
        return None
    line = sheet.firsts[at]
    if line not in lines:
        lines[line] = named or _behind_label(sheet, line)
    return _Offer(url, said.text, said.rank, kind) if lines[line] and (url is not None or said.rank == 0) else None


def _behind_label(sheet: Sheet, place: int) -> bool:
    """Does a line of links begin with 附件：, or stand with others like it below a line that does?"""
    if place >= len(sheet.lines):
        return False
    for at in range(place, max(-1, place - BEHIND), -1):
        line = sheet.lines[at]
        beside = len(line.plain) - line.linked
        if LABEL().match(line.plain) and (beside <= ALONE or at < place):
            return beside <= ALONE
        if beside > ALONE or (at < place and not line.linked):
            return False
    return False


# ------------------------------------------------------------------ addresses
def _address(attributes: dict[str, str | None]) -> tuple[str, list[str]]:
    """(address as it is written, names that its script gives): the first that is a file's, else where the link leads."""
    href = attributes.get("href") or ""
    said = [href] if href and not SCRIPTED.match(href) and not NOWHERE().fullmatch(href) else []
    said += [value for name in HELD if (value := attributes.get(name))]
    code = " ".join((href if SCRIPTED.match(href) else "", attributes.get("onclick") or ""))
    quoted = [match[1] or match[2] for match in QUOTED.finditer(code)] if code.strip() else []
    said += [value for value in quoted if "/" in value or _is_file(value)]
    names = [value for value in quoted if "/" not in value]
    chosen = next((value for value in said if _is_file(value)), said[0] if said else "")
    return chosen.strip(), names


def _is_file(written: str) -> bool:
    return media_type(written, "") is not None or DOWNLOADS.search(written) is not None


def _unwrapped(url: str, encoding: str) -> str:
    """The document behind a viewer's address: `/pdfjs/web/viewer.html?file=/a/b.pdf` shows /a/b.pdf."""
    parts = urlsplit(url)
    if not parts.query or media_type(parts.path, "") is not None or not VIEWER.search(parts.netloc + parts.path):
        return url
    return _within(url, parts.query, encoding) or url


def _within(url: str, query: str, encoding: str) -> str | None:
    for name, value in parse_qsl(query):
        if name.lower() in SHOWS and media_type(value, "") is not None:
            return urls.join(url, value, encoding)
    return None


def _shown(sheet: Sheet, at: int, base: tuple[str, str]) -> _Offer | None:
    """A document or a film that the page shows within itself."""
    written = next((said for name in ("src", "data", "data-src") if (said := sheet.attribute(at, name).strip())), "")
    url = urls.join(base[0], written, base[1]) if written else None
    if url is None or not url.startswith(("http:", "https:")):
        return None
    url = _within(url, urlsplit(url).query, base[1]) or url
    kind = media_type(url, "")
    if kind is None and sheet.attribute(at, "type").lower() == "application/pdf":
        kind = "application/pdf"
    if kind is None or kind.startswith("image/"):
        return None
    from crawler.parsers.naming import link_name

    name = link_name(sheet, at, [], url)
    return _Offer(url, name.text, name.rank, kind)


def _written(sheet: Sheet, box: int) -> Iterator[_Offer]:
    """Files that a line behind 附件： names, and no link leads to."""
    below = False
    for line in sheet.own(box):
        labelled = ("附" in line.plain or "下载" in line.plain) and LABEL().match(line.plain) is not None
        if (labelled or below) and not line.linked and "." in line.text:
            from crawler.parsers.naming import rest_of

            names = [] if _is_sentence(line) else [match[0] for match in NAMED_FILE().finditer(rest_of(line.text))]
            yield from (_Offer(None, name, 0, media_type("", name)) for name in names)
            below = bool(names)
        else:
            below = labelled and len(line.plain) <= ALONE


def _is_sentence(line: Line) -> bool:
    return "。" in line.text or "http" in line.text
