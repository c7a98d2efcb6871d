"""Pages as people save them: MHTML, and HTML that says itself where it came from (browsers, HTTrack, SingleFile, the page's own metas)."""

import email.message
import email.parser
import email.policy
import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from crawler.model import Millis
from crawler.parsers.tree import attribute, parse
from crawler.text import charset, urls

MHTML = re.compile(rb"content-type\s*:\s*multipart/related\b", re.IGNORECASE)
HEAD = 16_384  # bytes in which a file says what it is
MARKS = (  # what programs write into a page that they save
    ("saved from url", re.compile(r"<!--\s*saved from url=\(\d+\)\s*(?P<url>https?://[^\s>]+?)\s*-->", re.IGNORECASE)),
    ("HTTrack", re.compile(r"<!--\s*(?:Mirrored|Added) from (?P<url>[^\s<>]+) by HTTrack", re.IGNORECASE)),
    ("SingleFile", re.compile(r"<!--\s*Page saved with SingleFile\s+url:\s*(?P<url>https?://\S+)", re.IGNORECASE)),
    (
        "Archived",
        re.compile(r"<!--[^<>]{0,200}?\b(?:source|original|page) ?url\s*[:=]\s*(?P<url>https?://[^\s<>]+)", re.IGNORECASE),
    ),
)
METAS = ("og:url", "url", "pageurl", "page_url", "twitter:url")
FRONT = re.compile(r"/(?:(?:index|default|main)\.\w{2,5})?$", re.IGNORECASE)
ROOT = re.compile(r"/?(?:(?:index|default|main)\.\w{2,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Saved:
    """A page out of a file. `url`: its own address, None where nothing says it; `told_by`: what says it; `type`: its media type, if that is
    known; `at`: when it was saved, 0 where nothing says it."""

    body: bytes
    url: str | None
    told_by: str = ""
    type: str = ""
    at: Millis = 0


def is_mhtml(body: bytes) -> bool:
    """Is this a file of several parts, as browsers save a page whole (RFC 2557)?"""
    head = body[:HEAD]
    return MHTML.search(head) is not None and head.lstrip()[:1] not in (b"<", b"%", b"{")


def read_saved(body: bytes) -> Saved:
    """The page of a file somebody saved: the first part of MHTML that is HTML, else the file as it is, with its own address."""
    if is_mhtml(body):
        return _from_mhtml(body)
    url, why = own_address(body)
    return Saved(body, url, why)


# ------------------------------------------------------------------ MHTML
def _from_mhtml(body: bytes) -> Saved:
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(body.lstrip())
    parts = [part for part in message.walk() if not part.is_multipart()]
    start = (message.get_param("start") or "") if message.get_param("start") else ""
    html = [part for part in parts if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    chosen = next((part for part in html if start and part.get("Content-ID") == start), next(iter(html or parts), message))
    raw = chosen.get_payload(decode=True)
    plain = raw if isinstance(raw, bytes) else b""
    said = (message.get("Snapshot-Content-Location"), chosen.get("Content-Location"), message.get("Content-Location"))
    address = next((found.strip() for found in map(_header, said) if urls.is_http(found.strip())), None)
    told_by = "Content-Location" if address else ""
    if address is None:
        address, told_by = own_address(plain)
    return Saved(plain, address, told_by, _header(chosen.get("Content-Type")), _moment(_header(message.get("Date"))))


def _header(value: object) -> str:
    return re.sub(r"\s*\r?\n\s*", "", str(value)) if value else ""


def _moment(said: str) -> Millis:
    try:
        moment = parsedate_to_datetime(said)
    except (TypeError, ValueError, IndexError):
        return 0
    return int((moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp() * 1000)


# ------------------------------------------------------------------ the page's own address
def own_address(body: bytes) -> tuple[str | None, str]:
    """(address, what says it) of a saved page of HTML: og:url, canonical, a meta with its address, base, or the mark of the program that
    saved it; (None, "") where nothing does. The address of a site's front page says nothing: templates print it on all pages."""
    if b"<" not in body[:HEAD] or b"\0" in body[:64]:
        return None, ""
    text = charset.decode(body[: 4 * HEAD], None).text
    marked = [(match["url"], name) for name, form in MARKS if (match := form.search(text)) is not None]
    for said, name in [*_stated(text), *marked, *_based(text)]:
        address = said if "://" in said else f"http://{said.removeprefix('//')}" if name in ("HTTrack", "//") else ""
        if urls.is_http(address) and not ROOT.fullmatch(urls.path(address)):
            return address, name
    front = next((said for said, _ in marked if urls.is_http(said)), None)  # a front page that was saved as such
    return front, "saved from url" if front else ""


def _stated(text: str) -> list[tuple[str, str]]:
    tree = parse(text)
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = (attribute(node, "property") or attribute(node, "name")).strip().lower()
        if name in METAS:
            found.setdefault(name, attribute(node, "content").strip())
    for node in tree.css("link[rel]"):
        if attribute(node, "rel").strip().lower() == "canonical":
            found.setdefault("canonical", attribute(node, "href").strip())
    order = ("og:url", "canonical", *METAS[1:])
    return [(found[name], name) for name in order if found.get(name)]


def _based(text: str) -> list[tuple[str, str]]:
    """A base that is a page's address, not a folder's."""
    node = parse(text).css_first("base[href]")
    href = attribute(node, "href").strip() if node is not None else ""
    return [(href, "base")] if href and urls.is_http(href) and not FRONT.search(urls.path(href)) else []
