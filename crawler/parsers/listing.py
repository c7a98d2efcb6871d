"""A list page → rows, by repeating structure: links to notices that stand in the same kind of place, not names of classes.

A row is the largest node around a link that holds no other titled link. Rows that stand alike (the same path of tags under one parent
list) form a group; the best group is the one with most rows, dates and title text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser

from crawler import urls
from crawler.dates import Stamp, read_date
from crawler.model import ListRules, Page, Request, Row
from crawler.parsers.pagers import read_pager
from crawler.parsers.tree import EDGES, Node, ancestors, attribute, parse, select, squeeze, text

LEAST_TITLE = 4
DATA = re.compile(
    r"\ufeff?[\s;]*(?:[{\[]|[\w.$]+\s*\(\s*[{\[]|<(?:datastore|rss|feed)\b|<\?xml(?![^>]*>\s*<(?:!DOCTYPE )?html))", re.IGNORECASE
)
CHROME = frozenset({"header", "footer", "nav"})
NAVIGATION = re.compile(
    r"(?:^|[\s_-])(?:nav|menu|crumb|breadcrumb|footer|foot|header|head|top|link|links|yqlj|friend|page|pager|pagination|page-?turn|sitemap|tab)(?:$|[\s_-])",
    re.IGNORECASE,
)
PAGE_LINK = re.compile(
    r"^(?:[<>«»‹›\s]*(?:首页|尾页|末页|上一?页|下一?页|第?\d+页?|更多|more|\.{3})[<>«»‹›\s]*)+$", re.IGNORECASE
)
NOTICE_URL = re.compile(r"(?:\d{4,}|content|detail|info|art|post|show|view|/c\.html|\bid=)", re.IGNORECASE)
MARKS = re.compile(r"^[\s·•●○◆■□▪►▶※★☆→>\-—]+|[\s.…]+$")
CUT = re.compile(r"(?:\.{2,}|…)\s*$")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list page says."""

    rows: tuple[Row, ...]
    next_list: Request | None
    total_pages: int | None
    total_rows: int | None
    evidence: str
    pager: str = ""
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class _Candidate:
    node: Node
    link: Node
    row: Row
    shape: str
    parent: int


def read_list(source: str, page: Page, *, rules: ListRules, encoding: str = "utf-8", request: Request | None = None) -> Listing:  # noqa: ARG001
    """Rows and pager of a list page; no rows when nothing on it repeats. Raises UnreadablePage for a selector that is none."""
    if DATA.match(source):
        return Listing((), None, None, None, "JSON or XML, and no rule for it")
    tree = parse(source)
    base_node = tree.css_first("base[href]")
    base = (urls.join(page.url, attribute(base_node, "href")) if base_node is not None else None) or page.url
    rows = _by_rules(tree, base, rules, encoding) if rules.rows else _by_structure(tree, base, encoding)
    pager = read_pager(tree, source, page.url)
    following = Request(pager.next) if pager.next and rules.next != "none" and rows else None
    evidence = f"{len(rows)} rows {'by list.rows' if rules.rows else 'by structure'}, pager: {pager.rule}"
    return Listing(
        tuple(rows), following, pager.total_pages, pager.total_rows, evidence, "" if pager.rule == "none" else pager.rule
    )


# ------------------------------------------------------------------ by the source's own rules
def _by_rules(tree: LexborHTMLParser, base: str, rules: ListRules, encoding: str) -> list[Row]:
    found = []
    for node in select(tree, rules.rows or ""):
        links = select(node, rules.link) if rules.link else node.css("a[href]")
        link = next(iter(links), node if node.tag == "a" else None)
        if link is None:
            continue
        dated = select(node, rules.date) if rules.date else []
        row = _row(node, link, base, encoding, own_date=text(dated[0]) if dated else None)
        if row is not None:
            found.append(row)
    return _distinct(found)


# ------------------------------------------------------------------ by structure
def _by_structure(tree: LexborHTMLParser, base: str, encoding: str) -> list[Row]:
    body = tree.body or tree.root
    if body is None:
        return []
    candidates = _candidates(body, base, encoding)
    groups: dict[tuple[int, str], list[_Candidate]] = {}
    for candidate in candidates:
        groups.setdefault((candidate.parent, candidate.shape), []).append(candidate)
    merged = _merge(list(groups.values()))
    ranked = sorted(merged, key=_worth, reverse=True)
    if not ranked or _worth(ranked[0]) < 4:
        return []
    return _distinct([candidate.row for candidate in ranked[0]])


def _candidates(body: Node, base: str, encoding: str) -> list[_Candidate]:
    """Titled links that are no navigation, each with the largest node around it that is its alone."""
    links = [link for link in body.css("a[href]") if _titled(link) and not _in_navigation(link)]
    same: dict[int, set[str]] = {}
    for link in links:
        for above in ancestors(link):
            same.setdefault(above.mem_id, set()).add(attribute(link, "href"))
    found = []
    for link in links:
        node = link
        for above in ancestors(link):
            if above.tag == "body" or len(same[above.mem_id]) > 1:
                break
            node = above
        row = _row(node, link, base, encoding)
        if row is not None and node.parent is not None:
            found.append(_Candidate(node, link, row, _shape(node), _list_of(node).mem_id))
    return found


def _titled(link: Node) -> bool:
    title = squeeze(attribute(link, "title") or link.text(deep=True))
    return len(title) >= LEAST_TITLE and not PAGE_LINK.match(title)


def _in_navigation(link: Node) -> bool:
    return any(
        above.tag in CHROME or NAVIGATION.search(attribute(above, "class") + " " + attribute(above, "id"))
        for above in list(ancestors(link))[:3]
    )


def _shape(node: Node) -> str:
    """The tags from the row up to its list: rows of one list look alike."""
    return "/".join([node.tag or "", *(above.tag or "" for above in list(ancestors(node))[:3])])


def _list_of(node: Node) -> Node:
    parent = node.parent
    assert parent is not None
    return parent


def _merge(groups: list[list[_Candidate]]) -> list[list[_Candidate]]:
    """Groups of one shape under neighbouring parents are one list cut into blocks of five, as many sites print it."""
    merged: list[list[_Candidate]] = []
    keyed = sorted(groups, key=lambda group: (_grand(group[0]), group[0].shape))
    for _, same in groupby(keyed, key=lambda group: (_grand(group[0]), group[0].shape)):
        merged.append([candidate for group in same for candidate in group])
    return merged


def _grand(candidate: _Candidate) -> int:
    parent = candidate.node.parent
    above = parent.parent if parent is not None else None
    return above.mem_id if above is not None and above.tag != "body" else candidate.parent


def _worth(group: list[_Candidate]) -> float:
    """How much a group looks like a column of notices."""
    count = len(group)
    dated = sum(1 for item in group if item.row.date) / count
    length = sum(min(len(item.row.title), 40) for item in group) / count
    notices = sum(1 for item in group if NOTICE_URL.search(item.row.url)) / count
    if count < 3 and dated < 1:
        return 0.0
    if dated < 0.5 and (length < 9 or notices < 0.5):
        return 0.0
    return min(count, 60) * (0.4 + 2.2 * dated) * (0.3 + length / 25) * (0.5 + notices)


# ------------------------------------------------------------------ one row
def _row(node: Node, link: Node, base: str, encoding: str, own_date: str | None = None) -> Row | None:
    url = urls.join(base, attribute(link, "href"), encoding)
    title = _title(link)
    if url is None or len(squeeze(title)) < 2:
        return None
    return Row(url, title, _date(node, link, own_date))


def _title(link: Node) -> str:
    """title= when it is the fuller one: the visible text is often cut with dots."""
    shown = MARKS.sub("", text(link)).strip(EDGES) if not CUT.search(text(link)) else text(link).strip(EDGES)
    full = attribute(link, "title").strip(EDGES)
    return full or shown


def _date(node: Node, link: Node, own: str | None) -> str | None:
    if own:
        stamp = read_date(own)
        return stamp.iso if stamp else None
    whole = text(node, frozenset({link.mem_id})) if node is not link else ""
    stamp = read_date(whole) or _inside(link)
    if stamp is None:
        return _split_day(whole)
    return stamp.iso


def _inside(link: Node) -> Stamp | None:
    """A date in an element of its own within the link."""
    for part in link.css("span, em, i, time, b, p, div"):
        if len(squeeze(part.text(deep=True))) <= 20:
            stamp = read_date(text(part))
            if stamp is not None:
                return stamp
    return None


DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\s+((?:19|20)\d\d)[-/.年]\s*(\d{1,2})(?!\d)")


def _split_day(whole: str) -> str | None:
    """`26 2019-08`: a big day above year and month."""
    match = DAY_FIRST.search(whole)
    stamp = read_date(f"{match[2]}-{match[3]}-{match[1]}") if match else None
    return stamp.iso if stamp else None


def _distinct(rows: Iterable[Row]) -> list[Row]:
    found: dict[str, Row] = {}
    for row in rows:
        held = found.get(row.url)
        if held is None or (held.date is None and row.date is not None):
            found[row.url] = row
    return list(found.values())
