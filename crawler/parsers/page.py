"""A page → Reading: decode, tell what it is, read it as a list or as notices. Pure: no clock, no network."""

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from crawler.errors import UnreadablePage
from crawler.model import Kind, Page, PageKind, Request
from crawler.parsers.continuation import list_frame
from crawler.parsers.files import what_file
from crawler.parsers.kinds import judge
from crawler.parsers.shapes import read_shapes
from crawler.parsers.tree import parse
from crawler.parsers.version import ABSENT, rules_version
from crawler.record.normalize import notice
from crawler.record.reading import Reading
from crawler.record.rules import DetailRules, ReadRules
from crawler.text import charset

GZIP = b"\x1f\x8b\x08"
MOST_UNPACKED = 50 << 20  # what a sitemap may be (sitemaps.org)
BEIJING = timedelta(hours=8)
DAY = re.compile(r"(?:19|20)\d\d[-/.年]\d{1,2}")
LONGEST_STRUCTURE = 4_000
NONE: Mapping[str, Page] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for. `request` None: a GET of its address; `like`: a column's later page, the structure of its first."""

    request: Request | None = None
    like: str = ""


def pick(rules: ReadRules, at: int) -> DetailRules:
    """The detail rules in force at the capture's time: the newest whose `since` is not later."""
    if not rules.details:
        return DetailRules()
    day = (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).strftime("%Y-%m-%d")
    return next((dated for dated in rules.details if dated.since is None or dated.since <= day), DetailRules())


def read(
    page: Page, kind: Kind, rules: ReadRules, public_url: str, asked: Asked = Asked(), more: Mapping[str, Page] = NONE
) -> Reading:
    """What a page says; `more`: the further captures of its record, by URL key, and under ABSENT what the site shows for an address that
    cannot exist.

    Raises UnreadablePage for a source's selector that is none, and for a mapping that does not fit the answer.
    """
    version = rules_version(rules)
    packed = kind is Kind.LIST and page.body.startswith(GZIP)
    file = what_file(page) if not packed else None
    if file is not None:
        return _as_file(page, kind, file, public_url, version)
    decoded = charset.decode(_unpacked(page.body) if packed else page.body, page.header("content-type"))
    if kind is not Kind.LIST:
        return _completed(_detail(decoded, page, rules, public_url, more), decoded, page)
    listed = _as_list(decoded, page, rules, version, asked)
    if not listed.rows and (why := _absent(decoded, more)):  # some sites show a list for whatever they have not
        listed = Reading(version, PageKind.SOFT_404, why)
    return _completed(listed, decoded, page)


def _completed(reading: Reading, decoded: charset.Decoded, page: Page) -> Reading:
    """The reading with how the bytes became text, and where the page leads if it does nothing else."""
    leads_to = reading.leads_to
    if leads_to is None and reading.page_kind is PageKind.REDIRECT:
        from crawler.parsers import redirect  # few pages lead anywhere

        leads_to = redirect.target(decoded.text, page.url, decoded.encoding)
    said = f"{decoded.encoding} by {decoded.why}" + (f", declared {decoded.declared}" if decoded.declared else "")
    return replace(reading, text="; ".join((said, *decoded.flags)), leads_to=leads_to)


def _detail(decoded: charset.Decoded, page: Page, rules: ReadRules, public_url: str, more: Mapping[str, Page]) -> Reading:
    version = rules_version(rules)
    if why := _absent(decoded, more):
        return Reading(version, PageKind.SOFT_404, why)
    found = read_shapes(decoded, page, pick(rules, page.at), public_url, more)
    notices = tuple(notice(draft, url=public_url, final_url=page.url, at=page.at) for draft in found.drafts)
    return Reading(version, found.page_kind, found.evidence, notices=notices, continues=found.continues)


def _absent(decoded: charset.Decoded, more: Mapping[str, Page]) -> str:
    """Why this is what the site shows for an address that cannot exist; empty when it is not, or nobody has asked."""
    shown = more.get(ABSENT)
    if shown is None:
        return ""
    from crawler.parsers import absent

    return absent.resembles(decoded.text, charset.decode(shown.body, shown.header("content-type")).text)


def _as_file(page: Page, kind: Kind, file: tuple[str, str], public_url: str, version: str) -> Reading:
    """A document. Its bytes cut its versions, not its text: what another release of a library reads, or one that is not installed,
    is no edit of the office."""
    evidence = f"{file[0]} of {len(page.body)} bytes"
    if kind is Kind.LIST:
        return Reading(version, PageKind.FILE, evidence)
    from crawler.parsers.attached.said import READERS  # few pages are documents
    from crawler.parsers.documents import read_file

    draft, held = read_file(page, file[1])
    made = notice(draft, url=public_url, final_url=page.url, at=page.at)
    evidence += f", {held.note}" if held.note else ""
    both = f"{READERS} {made.published} {draft.attachments[0].name} {hashlib.sha256(page.body).hexdigest()}"
    digest = made.text_digest[:2] + hashlib.sha256(both.encode()).hexdigest()[:30]
    return Reading(version, PageKind.FILE, evidence, notices=(replace(made, text_digest=digest),), file=held)


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


def _as_list(decoded: charset.Decoded, page: Page, rules: ReadRules, version: str, asked: Asked) -> Reading:
    from crawler.parsers.listing import read_list  # a fifth of what a child imports, and details need none of it

    found = read_list(
        decoded.text,
        page,
        rules=rules.list,
        encoding=decoded.encoding,
        request=asked.request or Request(page.url),
        like=asked.like,
    )
    if not found.rows and found.next_list is None and not found.more_lists:
        tree = parse(decoded.text)
        framed = list_frame(decoded.text, tree, page)
        if framed is not None:
            return Reading(version, PageKind.REDIRECT, "no rows: the list stands in a frame", leads_to=framed.url)
        other = judge(tree, decoded.text, article_title=False, body=0)
        if other is not None and other.kind in (
            PageKind.CHALLENGE,
            PageKind.ERROR,
            PageKind.LOGIN,
            PageKind.SHELL,
            PageKind.REDIRECT,
        ):
            return Reading(version, other.kind, other.evidence)
    return Reading(
        version,
        PageKind.LIST,
        found.evidence,
        rows=found.rows,
        next_list=found.next_list,
        total_pages=found.total_pages,
        total_rows=found.total_rows,
        visible=len(found.shown),
        days=len(DAY.findall(found.shown)),
        pager=found.pager,
        beyond=found.beyond,
        structure=found.structure if len(found.structure) <= LONGEST_STRUCTURE else "",
        more_lists=found.more_lists,
    )
