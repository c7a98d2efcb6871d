"""The shapes a notice's address can have: one notice, many on a page, one over several captures, one in a frame, one in JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape

from crawler.model import Page, PageKind, Request
from crawler.parsers.attachments import base_of, read_attachments
from crawler.parsers.continuation import Piece, frame, inline, join
from crawler.parsers.detail import Detail, read_detail
from crawler.parsers.files import file_name, what_file
from crawler.parsers.flat import lay_flat
from crawler.parsers.furniture import is_furniture
from crawler.parsers.mapped import api_address, is_json, read_mapped
from crawler.parsers.parts import read_parts
from crawler.parsers.tree import lines, parse
from crawler.record.notice import CUT_OFF, Draft
from crawler.record.rules import DetailRules
from crawler.text import charset, urls

FRAMES = frozenset(
    {PageKind.NOTICE, PageKind.OTHER, PageKind.REDIRECT, PageKind.SHELL}
)  # what an empty page around a frame looks like
REFUSALS = frozenset({PageKind.CHALLENGE, PageKind.LOGIN, PageKind.ERROR, PageKind.SOFT_404})
OPENING = re.compile(r"<[/!a-zA-Z]")
CUTS = frozenset(1 << power for power in range(13, 27))  # sizes at which buffers and proxies cut


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at an address; `continues`: further captures it needs, those that are missing too."""

    page_kind: PageKind
    evidence: str
    drafts: tuple[Draft, ...] = ()
    continues: tuple[Request, ...] = ()


def read_shapes(said: charset.Decoded, page: Page, rules: DetailRules, public_url: str, more: Mapping[str, Page]) -> Found:
    """The notices at an address; `more`: its further captures by URL key.

    Raises UnreadablePage for a source's selector that is none, and for a mapping that does not fit the answer.
    """
    mapping = dict(rules.json)
    if is_json(said.text):
        if not mapping or "address" in mapping:
            return Found(PageKind.OTHER, "JSON, and no detail.json in the source's file says what it holds")
        return Found(PageKind.NOTICE, "detail.json", read_mapped(said.text, page, mapping))
    api = api_address(mapping, public_url)
    if api is not None:
        return _elsewhere(said, page, rules, more, api)
    detail = read_detail(said.text, page, rules=rules, encoding=said.encoding)
    whole = detail.drafts[0] if detail.drafts else None
    parts = read_parts((said.text, detail.tree), page, rules, said.encoding, whole)
    if parts:
        return Found(PageKind.NOTICE, f"{len(parts)} notices on one page", parts)
    if whole is not None:
        whole = replace(whole, incomplete=cut_off(page, said) or whole.incomplete)
    if whole is not None and whole.body:
        joined = join(whole, (said.text, detail.tree), page, more, lambda other: _piece(other, rules))
        if joined.continues:
            return Found(detail.page_kind, detail.evidence, (joined.draft,), joined.continues)
    framed = frame(said.text, page, sum(map(len, whole.body)) if whole else 0)
    if framed is not None and detail.page_kind in FRAMES:
        return _framed(said, page, rules, more, framed, replace(detail, drafts=(whole,) if whole else ()))
    return Found(detail.page_kind, detail.evidence, (whole,) if whole else ())


def _elsewhere(said: charset.Decoded, page: Page, rules: DetailRules, more: Mapping[str, Page], api: Request) -> Found:
    """The page is a shell; the answer its source's file names holds the notice. A page that says it is gone is believed first."""
    held = more.get(urls.key(api))
    if held is None:
        judged = read_detail(said.text, page, rules=rules, encoding=said.encoding)
        if judged.page_kind in REFUSALS:
            return Found(judged.page_kind, judged.evidence)
        return Found(PageKind.SHELL, f"its text stands at {api.url}", (), (api,))
    answer = charset.decode(held.body, held.header("content-type"))
    return Found(PageKind.NOTICE, "detail.json", read_mapped(answer.text, held, dict(rules.json)), (api,))


# ------------------------------------------------------------------ frames and further pages
def _framed(
    said: charset.Decoded, page: Page, rules: DetailRules, more: Mapping[str, Page], framed: Request, outer: Detail
) -> Found:
    """An empty page around a frame, `outer` what is read of it: its facts are the page's, its text the frame's."""
    held = more.get(urls.key(framed))
    if held is None:
        return _without(outer, framed, f"the frame that holds the text is missing: {framed.url}")
    file = what_file(held)
    if file is not None:
        link = f'<p><a href="{escape(held.url)}">{escape(file_name(held)[0])}</a></p>'
        inner, kind = charset.Decoded(f"<body>{link}</body>", "utf-8", None, "file"), None
    else:
        inner = charset.decode(held.body, held.header("content-type"))
        kind = read_detail(inner.text, held, rules=rules, encoding=inner.encoding)
    if kind is not None and kind.page_kind in REFUSALS:
        why = f"the frame that should hold the text does not ({kind.page_kind}: {kind.evidence}): {framed.url}"
        return _without(outer, framed, why)
    merged = inline(said.text, page, framed, inner.text, held, inner.encoding)
    whole = read_detail(merged, page, rules=rules, encoding=said.encoding)
    return Found(whole.page_kind, f"in a frame: {whole.evidence}", whole.drafts, (framed,))


def _without(outer: Detail, framed: Request, why: str) -> Found:
    """What there is of a page without the text in its frame."""
    drafts = tuple(replace(draft, incomplete=why) for draft in outer.drafts)
    return Found(outer.page_kind, outer.evidence, drafts, (framed,))


def _piece(page: Page, rules: DetailRules) -> tuple[str, Piece]:
    """A further page's source and what it adds: its article, read like any other."""
    file = what_file(page)
    if file is not None:
        return "", Piece(error=file[0])
    said = charset.decode(page.body, page.header("content-type"))
    found = read_detail(said.text, page, rules=rules, encoding=said.encoding)
    if found.drafts:
        (draft, *_) = found.drafts
        return said.text, Piece(draft.body, draft.attachments, "" if draft.body else "no text", draft.tables, draft.images)
    if found.page_kind is not PageKind.OTHER:
        return said.text, Piece(error=f"{found.page_kind}: {found.evidence}")
    tree = parse(said.text)
    root = tree.body or tree.root
    if root is None:
        return said.text, Piece(error="no text")
    written = tuple(line.text for line in lines(root) if not is_furniture(line.text))
    sheet = lay_flat(tree)
    files = read_attachments(sheet, sheet.named("body")[:1], base_of(sheet, page.url, said.encoding), said.encoding)
    return said.text, Piece(written, files, "" if written else "no text")


def cut_off(page: Page, said: charset.Decoded) -> str | None:
    """Why a page is taken to be cut off: nothing closes it, and it ends within a character or a tag, or at a buffer's size."""
    tail = said.text[-4000:]
    low = tail.lower()
    if "</html" in low or "</body" in low or not tail.strip():
        return None
    if tail.endswith("\ufffd") and not page.body.endswith(b"\xef\xbf\xbd"):
        return f"{CUT_OFF} within a character"
    inside = tail.rfind("<")
    if inside > tail.rfind(">") and OPENING.match(tail, inside):
        return f"{CUT_OFF} within a tag"
    return f"{CUT_OFF} at {len(page.body)} bytes" if len(page.body) in CUTS else None
