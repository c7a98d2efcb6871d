"""A page → Reading: decode, tell what it is, read it as a list or as notices. Pure: no clock, no network."""

import hashlib
import json
import zlib
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from crawler import text
from crawler.errors import UnreadablePage
from crawler.model import DetailRules, Kind, Page, PageKind, Reading, ReadRules, Request
from crawler.normalize import notice
from crawler.parsers.detail import read_detail
from crawler.parsers.kinds import judge
from crawler.parsers.listing import read_list
from crawler.parsers.tree import parse

RULES = "1"  # every change of what is read from the same bytes makes this a new one
MAGIC = (
    (b"%PDF-", "PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
    (b"PK\x03\x04", "a zip, Office or OFD file"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"Rar!", "a RAR file"),
    (b"{\\rtf", "an RTF file"),
)
GZIP = b"\x1f\x8b\x08"
MOST_UNPACKED = 50 << 20  # what a sitemap may be (sitemaps.org)
TEXT_TYPES = ("text/", "application/xhtml", "application/xml", "application/json", "application/javascript")
BEIJING = timedelta(hours=8)


def rules_version(rules: ReadRules) -> str:
    """The version of everything that reads a source's pages: ours, and a digest of the source's own rules where it has any."""
    if rules == ReadRules():
        return RULES
    own = json.dumps(asdict(rules), sort_keys=True)
    return f"{RULES}+{hashlib.sha256(own.encode()).hexdigest()[:8]}"


def pick(rules: ReadRules, at: int) -> DetailRules:
    """The detail rules in force at the capture's time: the newest whose `since` is not later."""
    day = (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).strftime("%Y-%m-%d")
    return next((dated for dated in rules.details if dated.since is None or dated.since <= day), DetailRules())


def read(page: Page, kind: Kind, rules: ReadRules, public_url: str, request: Request | None = None) -> Reading:
    """What a page says, the answer to `request` (None: a GET of its address). Raises UnreadablePage for a source's selector that is none."""
    version = rules_version(rules)
    media_type = (page.header("content-type") or "").partition(";")[0].strip().lower()
    found = next((name for mark, name in MAGIC if page.body.startswith(mark)), None)
    if found is not None:
        return Reading(version, PageKind.FILE, f"{found} of {len(page.body)} bytes")
    packed = kind is Kind.LIST and page.body.startswith(GZIP)
    if media_type and not media_type.startswith(TEXT_TYPES) and not packed and b"\0" in page.body[:4096]:
        return Reading(version, PageKind.FILE, f"{media_type}, {len(page.body)} bytes")
    body = _unpacked(page.body) if packed else page.body
    decoded = text.decode(body, page.header("content-type"))
    if kind is Kind.LIST:
        return _as_list(decoded, page, rules, version, request or Request(page.url))
    return _as_detail(decoded, page, rules, public_url, version)


def _unpacked(body: bytes) -> bytes:
    """A sitemap that is a gzip file (sitemaps.org), no more of it than a reader may hold. Raises UnreadablePage for a damaged one."""
    reader = zlib.decompressobj(wbits=31)
    try:
        plain = reader.decompress(body, MOST_UNPACKED)
    except zlib.error as error:
        raise UnreadablePage(f"a damaged gzip file: {error}", reason="gzip") from error
    if reader.unconsumed_tail:
        raise UnreadablePage(f"a gzip file of more than {MOST_UNPACKED >> 20} MB", reason="gzip")
    return plain


def _as_list(decoded: text.Decoded, page: Page, rules: ReadRules, version: str, request: Request) -> Reading:
    found = read_list(decoded.text, page, rules=rules.list, encoding=decoded.encoding, request=request)
    if not found.rows and found.next_list is None and not found.more_lists:
        other = judge(parse(decoded.text), decoded.text, article_title=False, body=0)
        if other is not None and other.kind in (PageKind.CHALLENGE, PageKind.ERROR, PageKind.LOGIN, PageKind.SHELL):
            return Reading(version, other.kind, other.evidence)
    return Reading(
        version,
        PageKind.LIST,
        found.evidence,
        rows=found.rows,
        next_list=found.next_list,
        total_pages=found.total_pages,
        total_rows=found.total_rows,
        pager=found.pager,
        beyond=found.beyond,
        more_lists=found.more_lists,
    )


def _as_detail(decoded: text.Decoded, page: Page, rules: ReadRules, public_url: str, version: str) -> Reading:
    found = read_detail(decoded.text, page, rules=pick(rules, page.at), encoding=decoded.encoding)
    notices = tuple(notice(draft, url=public_url, final_url=page.url, at=page.at) for draft in found.drafts)
    return Reading(version, found.page_kind, found.evidence, notices=notices)
