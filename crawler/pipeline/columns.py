"""How far a column is read, and which of its rows are followed. Pure: no clock, no database, no network.

Each end has a name, each address that is not fetched a reason; both are counted with the run.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from crawler.model import PageKind, RunKind, Stop
from crawler.record.reading import Row
from crawler.record.rules import ListRules
from crawler.text import urls

MOST_PAGES = 5000
KNOWN_TAIL = 20  # known rows in a row after which a list run stops: what was slipped in above them is found
REPEATS = 2  # pages in a row without a row of their own; one may be made of rows that insertions pushed down
MOST_BACK = 3  # pages looked at again when the column shrinks while it is read
MOST_PINNED = 5  # rows above a page's others, whatever their days
MOST_LOOKS = 3  # at one page of one run, whatever its totals say
SCRIPT = "script"  # the pager's rule where the next page is known to the page's script alone
FRONT = re.compile(r"/(?:(?:index|default|main)\.\w{2,5})?", re.IGNORECASE)
OTHER_HOST = "other host"
WALLED = frozenset({"mp.weixin.qq.com"})  # hands articles to its own app only
NO_LIST = frozenset({PageKind.ERROR, PageKind.SOFT_404, PageKind.HOME})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run wants of a column."""

    kind: RunKind
    since: str | None = None
    limit: int = MOST_PAGES


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a column as it was read: what decides whether the next one is.

    `fresh` rows that no page of this run had shown; `tail` known rows in a row up to its end; `repeats` pages in a row, this one included,
    without a fresh row; `old` every row is dated, and before the day that is asked for; `following` the page names a next one; `declared` the pages it says there are;
    `inside` it has no rows and is not the last of the pages that the column says it has.
    """

    page: int
    kind: PageKind
    rows: int
    fresh: int
    tail: int
    repeats: int
    old: bool
    following: bool
    pager: str
    declared: int | None = None
    inside: bool = False


def refusal(row: Row, rules: ListRules, *, key: str, lists: frozenset[str] | set[str]) -> str | None:
    """Why a row's address is not followed, None when it is. `lists`: keys of addresses that are lists themselves."""
    if row.reason is not None:
        return row.reason
    host = urls.host(row.url)
    if host in WALLED and host not in rules.hosts:
        return "weixin"
    if (rules.only and not re.search(rules.only, row.url)) or (rules.skip and re.search(rules.skip, row.url)):
        return "pattern"
    return "not a notice" if key in lists else None


def within(url: str, site: str, rules: ListRules) -> bool:
    """Does an address belong to the site of the list at `site`: by its registered domain, or because the source's file says so?"""
    host, own = urls.host(url), urls.host(site)
    return host in rules.hosts or urls.registered(host) == urls.registered(own)


def is_front(url: str) -> bool:
    """Is this the address of a site's front page?"""
    return FRONT.fullmatch(urls.path(url)) is not None


def is_before(row: Row, since: str | None) -> bool:
    """Is a row dated before that day? A date without a day counts by what it says: 2019 is before 2019-05-01 only as a year is."""
    if not since or not row.date:
        return False
    width = min(len(row.date), len(since), 10)
    return row.date[:width] < since[:width]


def newest_first(days: Sequence[str]) -> bool:
    """Does a page show its rows by their days, the newest first, but for some that are pinned above the others?"""
    falls = 1
    for earlier, later in pairwise(reversed(days)):
        if earlier > later:
            break
        falls += 1
    return len(days) - falls <= min(MOST_PINNED, len(days) // 2)


def stop(leaf: Leaf, wish: Wish) -> Stop | None:
    """The rule that ends the column at this page; None: the next page is read."""
    if leaf.kind is not PageKind.LIST:
        return Stop.SOFT_404 if leaf.kind in NO_LIST else Stop.NOT_A_LIST
    if not leaf.rows:
        if leaf.following and (leaf.inside or not leaf.page):  # a head may be a shell around an API
            return None
        return Stop.BLANK_PAGE if leaf.inside else Stop.EMPTY_PAGE
    if leaf.page and leaf.repeats >= REPEATS:
        return Stop.REPEATED_ROWS
    if not leaf.following:
        unknown = leaf.pager == SCRIPT or (leaf.declared is not None and leaf.page + 1 < leaf.declared and not leaf.page)
        return Stop.NOT_UNDERSTOOD if unknown else Stop.DECLARED_END if leaf.pager else Stop.NO_PAGER
    if leaf.old:
        return Stop.SINCE
    if wish.kind is RunKind.LIST and leaf.tail >= KNOWN_TAIL:
        return Stop.KNOWN_TAIL
    if leaf.page + 1 >= min(wish.limit, MOST_PAGES):
        return Stop.PAGE_LIMIT
    return None


def tail_after(known: Sequence[bool], before: int) -> int:
    """Known rows in a row up to the end of a page, given how many there were up to its beginning."""
    own = 0
    for flag in reversed(known):
        if not flag:
            return own
        own += 1
    return before + own


def pages_back(before: int | None, now: int | None, rows: int, *, in_pages: bool = False, overlaps: bool = True) -> int:
    """How many pages before this one are looked at again, by how the column's declared total (of rows, or of pages) has changed.

    When rows vanish above the page that is read, those behind them move up, and as many slip from the next page onto one already read.
    When the column grows, its pages overlap; where they do not, its addresses count from the end and one page was stepped over.
    """
    if before is None or now is None or now == before or rows <= 0:
        return 0
    if now > before:
        return 0 if overlaps else 1
    return 1 if in_pages else min(MOST_BACK, math.ceil((before - now) / rows))
