"""The next page of a list, from what the page says of itself, never from a guessed pattern alone."""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler import urls
from crawler.parsers.tree import attribute, squeeze

CREATE = re.compile(
    r"""(?<!function )createPage(?:HTML|Html|html)?\w*\(\s*["']?(\d+)["']?\s*,\s*["']?(\d+)["']?\s*,\s*["']([\w./-]+)["']\s*,\s*["'](\w+)["']\s*(?:,\s*["']?(\d+)["']?)?"""
)
COUNT_PAGE = re.compile(r"var\s+(?:countPage|pageCount|totalPages?|nPageCount)\s*=\s*[\"']?(\d+)", re.IGNORECASE)
CURRENT_PAGE = re.compile(r"var\s+(?:currentPage|curPage|nCurrIndex)\s*=\s*[\"']?(\d+)", re.IGNORECASE)
PAGER = re.compile(
    r"Pager\(\s*\{[^}]*?size\s*:\s*(\d+)\s*,\s*current\s*:\s*(\d+)\s*,\s*prefix\s*:\s*'([\w-]+)'\s*,\s*suffix\s*:\s*'(\w+)'"
)
NEXT_TEXT = re.compile(r"^[<>»›\s]*(?:下一?页|后一?页|下页|next)[<>»›\s]*$", re.IGNORECASE)
TOTAL_PAGES = (
    re.compile(r"共\s*<?[^<>\d]{0,3}(?:<[^>]+>)?\s*(\d+)\s*(?:</[^>]+>)?\s*页"),
    re.compile(r"(?:页次|页码|当前第?)\s*[:：]?\s*(?:<[^>]+>)?\s*\d+\s*(?:</[^>]+>)?\s*/\s*(?:<[^>]+>)?\s*(\d+)"),
    re.compile(r"\b\d+\s*/\s*(\d+)\s*页"),
)
TOTAL_ROWS = (
    re.compile(r"共\s*(?:<[^>]+>)?\s*(\d+)\s*(?:</[^>]+>)?\s*(?:条|篇|件|个|项)"),
    re.compile(r"总\s*(?:记录|条数|数)\s*[:：]?\s*(?:<[^>]+>)?\s*(\d+)"),
)
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Pager:
    """`next` absolute, None on the last page or when the page does not say."""

    next: str | None
    total_pages: int | None
    total_rows: int | None
    rule: str


def read_pager(tree: LexborHTMLParser, source: str, base: str) -> Pager:
    """What the page says of its pages."""
    total_rows = _number(TOTAL_ROWS, source)
    scripted = _created(source, base) or _counted(source, base)
    linked = _linked(tree, base)
    total_pages = scripted.total_pages if scripted else _number(TOTAL_PAGES, source)
    if scripted is not None:
        return Pager(scripted.next, total_pages, scripted.total_rows or total_rows, scripted.rule)
    return Pager(linked, total_pages, total_rows, "link" if linked else "none")


def _created(source: str, base: str) -> Pager | None:
    """createPageHTML(pages, current, "index", "html"[, rows]): index.html, index_1.html, … index_(pages-1).html."""
    for match in CREATE.finditer(source):
        pages, current, name, ending, rows = int(match[1]), int(match[2]), match[3], match[4], match[5]
        if 0 < pages <= MOST:
            following = urls.join(base, f"{name}_{current + 1}.{ending}") if current + 1 < pages else None
            return Pager(following, pages, int(rows) if rows else None, "createPageHTML")
    sized = PAGER.search(source)
    if sized and 0 < int(sized[1]) <= MOST:
        pages, current = int(sized[1]), int(sized[2])
        following = urls.join(base, f"{sized[3]}_{current + 1}.{sized[4]}") if current + 1 < pages else None
        return Pager(following, pages, None, "Pager")
    return None


def _counted(source: str, base: str) -> Pager | None:
    """countPage in a script, together with a script or link that names index_N."""
    pages = COUNT_PAGE.search(source)
    if pages is None or not 0 < int(pages[1]) <= MOST:
        return None
    named = re.search(r"""["']([\w-]*?index)["']?\s*\+?\s*["']?_["']?""", source)
    current = CURRENT_PAGE.search(source)
    at = int(current[1]) if current else 0
    if named is None:
        return None
    ending = re.search(r"""["']\.(s?html?)["']""", source)
    step = at + 1
    following = urls.join(base, f"{named[1]}_{step}.{ending[1] if ending else 'html'}") if step < int(pages[1]) else None
    return Pager(following, int(pages[1]), None, "countPage")


def _linked(tree: LexborHTMLParser, base: str) -> str | None:
    """A link that says 下一页, or the number behind the current one."""
    for link in tree.css("a[href]"):
        if NEXT_TEXT.match(squeeze(link.text(deep=True))) or NEXT_TEXT.match(squeeze(attribute(link, "title"))):
            url = urls.join(base, attribute(link, "href"))
            if url is not None and urls.canonical(url) != urls.canonical(base):
                return url
    return None


def _number(forms: tuple[re.Pattern[str], ...], source: str) -> int | None:
    for form in forms:
        match = form.search(source)
        if match:
            return int(match[1][:9])
    return None
