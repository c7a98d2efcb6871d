"""A list page → rows and pager: an answer of an API by its data, a page by the source's own rules or by its structure."""

from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser

from crawler.model import Page, Request
from crawler.parsers import data
from crawler.parsers.embedded import read_scripts
from crawler.parsers.feeds import Answer
from crawler.parsers.pagers import NONE, Pager, Sheet, read_pager
from crawler.parsers.pushed import lay_open
from crawler.parsers.rows import Given, distinct, make_row
from crawler.parsers.structure import PAGED, Found, best_group, by_structure, where
from crawler.parsers.tree import Node, attribute, is_hidden, lines, parse, select, squeeze, text
from crawler.parsers.written import written_out
from crawler.record.reading import Row
from crawler.record.rules import ListRules
from crawler.text import urls

MORE_IN_SCRIPTS = 1.5  # times the rows a reader sees: the page shows a part of them at a time
MOST_ROWS = 10_000  # of one page of HTML; more links than that are no list


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list page says; `shown`: what a reader sees of it, without white space."""

    rows: tuple[Row, ...]
    next_list: Request | None
    total_pages: int | None
    total_rows: int | None
    evidence: str
    pager: str = ""
    beyond: int = 0
    more_lists: tuple[Request, ...] = ()
    structure: str = ""
    shown: str = ""


def read_list(
    source: str, page: Page, *, rules: ListRules, encoding: str = "utf-8", request: Request | None = None, like: str = ""
) -> Listing:
    """Rows and pager of a list page, the answer to `request`; no rows when nothing on it repeats. `like`: the structure of its column's
    first page, where this is a later one.

    Raises UnreadablePage for a selector that is none.
    """
    asked = request or Request(page.url)
    served = parse(source)
    seen = lines(served.root) if served.root is not None else []
    shown = "".join(squeeze(line.text) for line in seen)
    answer = data.read_answer(source, page.url, rules, encoding)
    if answer is not None:
        return replace(_answered(answer, source, page, rules, encoding, asked), shown=shown)
    written = written_out(source)
    own = written == source
    tree = served if own else parse(written)
    lay_open(tree)
    base_node = tree.css_first("base[href]")
    base = (urls.join(page.url, attribute(base_node, "href")) if base_node is not None else None) or page.url
    store = data.read_store(tree, base, encoding)
    if rules.rows:
        found = Found(*_by_rules(tree, base, rules, encoding))
    elif store is not None and store.rows:
        found = Found(list(store.rows), f"{len(store.rows)} rows of the datastore in the page")
    else:
        found = _found(tree, source, base, encoding, like)
    addresses = {row.url for row in found.rows}
    told = seen if own and _is_all(tree.body) else None
    sheet = Sheet(source, tree, page.url, asked, len(found.rows), addresses, store, encoding, told)
    listing = _listing(found.rows, read_pager(sheet, rules), rules, found.how)
    return replace(listing, structure=found.structure, shown=shown)


def _is_all(body: Node | None) -> bool:
    """Are the lines of a page's body those of the whole page? A body that is hidden has lines of its own."""
    return body is not None and body.tag == "body" and not is_hidden(body)


def _found(tree: LexborHTMLParser, source: str, base: str, encoding: str, like: str) -> Found:
    """Rows by structure, or those that stand as data in the page's scripts, where these are more than what the page shows."""
    paged = any(form.search(source) for form in PAGED)
    found = by_structure(tree, base, encoding, paged=paged, like=like)
    said = read_scripts(tree, source, base, encoding)
    if said is None:
        return found
    shown = {row.url for row in found.rows}
    both = sum(1 for row in said.rows if row.url in shown)
    more = len(said.rows) > len(found.rows) * MORE_IN_SCRIPTS and (not paged or both * 2 >= len(found.rows))
    return Found(list(said.rows), f"{said.evidence} in the page's scripts") if not shown or more else found


def _answered(answer: Answer, source: str, page: Page, rules: ListRules, encoding: str, asked: Request) -> Listing:
    """An API's answer: its rows, or those of the piece of HTML it wraps."""
    rows, how, tree = list(answer.rows), answer.evidence, None
    if answer.html is not None:
        tree = parse(answer.html)
        piece = (
            Found(*_by_rules(tree, page.url, rules, encoding)) if rules.rows else by_structure(tree, page.url, encoding, least=1)
        )
        rows, how = piece.rows, f"{answer.evidence}: {piece.how}"
    sheet = Sheet(answer.html or source, tree, page.url, asked, len(rows), {row.url for row in rows}, answer, encoding)
    found = _listing(rows, read_pager(sheet, rules), rules, how, data.MOST_ROWS)
    return Listing(
        found.rows, found.next_list, found.total_pages, found.total_rows, found.evidence, found.pager, found.beyond, answer.lists
    )


def _listing(rows: list[Row], pager: Pager, rules: ListRules, how: str, most: int = MOST_ROWS) -> Listing:
    following = pager.next if rules.next != "none" else None
    evidence = f"{how}, pager: {pager.rule or 'none'}"
    return Listing(
        tuple(rows[:most]),
        following,
        pager.total_pages,
        pager.total_rows,
        evidence,
        pager.rule if rules.next != "none" else NONE,
        max(0, len(rows) - most),
    )


# ------------------------------------------------------------------ by the source's own rules
def _by_rules(tree: LexborHTMLParser, base: str, rules: ListRules, encoding: str) -> tuple[list[Row], str]:
    found = []
    nodes = select(tree, rules.rows or "")
    for node in nodes:
        links = select(node, rules.link) if rules.link else node.css("a[href]")
        link = next(iter(links), node if node.tag == "a" else None)
        if link is None:
            continue
        dated = select(node, rules.date) if rules.date else []
        titled = select(node, rules.title) if rules.title else []
        own = text(dated[0]) if dated else None
        row = make_row(node, link, base, encoding, Given(own, text(titled[0]) if titled else None))
        if row is not None:
            found.append(row)
    rows = distinct(found)
    least = rules.min_items if rules.min_items is not None else 1
    if len(rows) >= least:
        return rows, f"{len(rows)} rows by list.rows"
    complaint = f"list.rows: {rules.rows!r} matched {len(nodes)} nodes, {len(rows)} rows with a link"
    if nodes:
        complaint += f" (first: {_glimpse(nodes[0])})"
    guess = best_group(tree, base, encoding)
    if guess is not None and len(guess.rows) > len(rows):
        complaint += f"; by structure {len(guess.rows)} rows stand in {where(guess)}"
    return rows, f"{complaint}, at least {least} expected"


def _glimpse(node: Node) -> str:
    label = f"<{node.tag}{' class=' + repr(attribute(node, 'class')) if attribute(node, 'class') else ''}>"
    return f"{label} {squeeze(node.text(deep=True))[:30]!r}"
