"""The pages of a column within a run: their places, what each said, the rule that ended it; and what they come to.

One row for each page and run. A page number belongs to the run, not to the address: descending pagers give an address another place
every time.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import ABOUT_THE_SITE, WHOLE, Millis, Outcome, Request, Stop
from crawler.repository import schema as t
from crawler.repository.addresses import request_of
from crawler.repository.database import AnyRow, replacing
from crawler.repository.many import many

NEAR = 16  # pages before one that what comes after it may depend on
UNREACHED = (
    f"robots.txt: {Outcome.REFUSED}"  # why an address was not asked for on whose host the guard let nobody ask for robots.txt
)


@dataclass(slots=True)
class ListPage:
    """A row of `list_pages` while a batch is folded. `at` None: asked for, not read yet; `request`: what is sent for it."""

    run: int
    url: int
    head: int
    page: int
    at: Millis | None = None
    looks: int = 0
    rows: int = 0
    fresh: int = 0
    tail: int = 0
    total_pages: int | None = None
    total_rows: int | None = None
    skipped: str = "{}"
    stop: str | None = None
    request: Request | None = None


@dataclass(slots=True)
class Pages:
    """The pages that a batch may touch, by (run, address). `grown`: (run, head) of columns some of whose pages repeat rows of others."""

    rows: dict[tuple[int, int], ListPage] = field(default_factory=dict)
    changed: dict[tuple[int, int], ListPage] = field(default_factory=dict)
    grown: set[tuple[int, int]] = field(default_factory=set)

    def own(self, run: int, url: int, request: Request | None = None) -> ListPage:
        """The page's row; made when nobody asked for this page: it is the head of a column."""
        return self.rows.get((run, url)) or self.add(ListPage(run, url, url, 0, request=request))

    def add(self, page: ListPage) -> ListPage:
        """A page nobody has asked for in this run."""
        self.rows[page.run, page.url] = page
        return self.touch(page)

    def touch(self, page: ListPage) -> ListPage:
        """A page that has changed."""
        self.changed[page.run, page.url] = page
        return page

    def column(self, page: ListPage) -> list[ListPage]:
        """The other pages of its column that are known here."""
        return [other for other in self.rows.values() if (other.run, other.head) == (page.run, page.head) and other is not page]


_p = t.list_pages.c
_own = t.list_pages.alias("own")
_SAVED = tuple(column.name for column in t.list_pages.columns)
NEAR_BY = (
    sa.select(*(_p[name] for name in _SAVED), t.urls.c.url.label("address"), t.urls.c.method, t.urls.c.headers, t.urls.c.body)
    .join(_own, sa.and_(_own.c.run == _p.run, _own.c.head == _p.head))
    .join(t.urls, t.urls.c.id == _p.url)
    .where(
        _own.c.run.in_(sa.bindparam("runs", expanding=True)),
        _own.c.url.in_(sa.bindparam("ids", expanding=True)),
        sa.or_(_p.page >= _own.c.page - NEAR, _p.page == 0),
    )
    .distinct()
)
GROWN = (
    sa.select(_p.run, _p.head)
    .where(_p.run.in_(sa.bindparam("runs", expanding=True)), _p.looks == 1, _p.stop.is_(None))
    .group_by(_p.run, _p.head)
    .having(sa.func.sum(_p.rows - _p.fresh) > 0)
)
PUT = replacing(t.list_pages, "run", "url")


def load(c: Connection, runs: Collection[int], addresses: Collection[int]) -> Pages:
    """The pages of these runs at these addresses, each with the head of its column and the pages near it and behind it."""
    found = Pages()
    if runs and addresses:
        for row in c.execute(NEAR_BY, {"runs": sorted(runs), "ids": sorted(addresses)}):
            values = tuple(row)[: len(_SAVED)]
            request = request_of(row.address, row.method, row.headers, row.body)
            found.rows[row.run, row.url] = ListPage(**dict(zip(_SAVED, values, strict=True)), request=request)
    return found


def grown(c: Connection, runs: Collection[int]) -> set[tuple[int, int]]:
    """(run, head) of the columns that grew at their head while they were read: pages of them repeat rows of others."""
    return {(row.run, row.head) for row in c.execute(GROWN, {"runs": sorted(runs)})} if runs else set()


def save(c: Connection, changed: Iterable[ListPage]) -> None:
    """Write pages, made or changed."""
    rows = [{name: getattr(page, name) for name in _SAVED} for page in sorted(changed, key=lambda page: (page.run, page.url))]
    if rows:
        many(c, PUT(c), rows)


# ------------------------------------------------------------------ counts
def count(c: Connection, run: int) -> dict[str, int]:
    """What came of a run's list pages.

    `listed` distinct rows; `skip:REASON` rows not fetched, and pages without rows among those a column says it has; `stop:RULE` columns ended by it. Where a column was read to its end and declared
    a total: `declared`, and `undercount` or `overcount`, by how much the rows fall short of it or exceed it.
    """
    found: Counter[str] = Counter()
    heads: dict[int, list[AnyRow]] = {}
    for row in c.execute(sa.select(t.list_pages).where(t.list_pages.c.run == run).order_by(t.list_pages.c.at)):
        heads.setdefault(row.head, []).append(row)
        found["listed"] += row.fresh
        for reason, n in json.loads(row.skipped).items():
            found[f"skip:{reason}"] += n
        if row.stop:
            found[f"stop:{row.stop}"] += 1
    for pages in heads.values():
        _reconcile(found, pages)
    query = (
        sa.select(t.looks.c.outcome, t.looks.c.detail, sa.func.count().label("n"))
        .join(t.urls, t.urls.c.id == t.looks.c.url)
        .where(t.looks.c.run == run, t.looks.c.outcome.in_([str(Outcome.DISALLOWED), str(Outcome.REFUSED)]))
        .where(t.urls.c.kind.not_in([str(kind) for kind in ABOUT_THE_SITE]))
    )
    for row in c.execute(query.group_by(t.looks.c.outcome, t.looks.c.detail)):
        guarded = row.outcome == Outcome.REFUSED or row.detail == UNREACHED
        found["skip:guard" if guarded else "skip:robots"] += row.n
    found["skip:other host"] += c.execute(sa.select(t.runs.c.beyond).where(t.runs.c.id == run)).scalar_one()
    return dict(+found)


def behind_shells(c: Connection, run: int) -> int:
    """Rows of the first pages that stand behind heads without rows of their own, which are shells around an API."""
    head, first = t.list_pages.alias("head"), t.list_pages.alias("first")
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(first.c.rows), 0))
        .select_from(head)
        .join(first, sa.and_(first.c.run == head.c.run, first.c.head == head.c.url, first.c.page == 1))
        .where(head.c.run == run, head.c.page == 0, head.c.rows == 0)
    )
    return int(c.execute(query).scalar_one())


def _blank(pages: Collection[AnyRow]) -> int:
    """Pages without rows that are not the last of those that the column says it has."""
    said = max((page.total_pages or 0 for page in pages if page.at is not None), default=0)
    read = (page for page in pages if page.at is not None and page.stop in (None, Stop.BLANK_PAGE))
    return sum(1 for page in read if page.page and not page.rows and page.page + 1 < said)


def _reconcile(found: Counter[str], pages: Collection[AnyRow]) -> None:
    blank = _blank(pages)
    found["skip:blank list page"] += blank
    declared = [page.total_rows for page in pages if page.total_rows is not None and page.at is not None]
    if not declared or not any(page.stop in WHOLE or page.stop == Stop.BLANK_PAGE for page in pages):
        found["undercount"] += blank * max((page.rows for page in pages), default=0)
        return
    listed = sum(page.fresh for page in pages)
    found["declared"] += declared[-1]
    found["undercount"] += max(0, declared[-1] - listed)
    found["overcount"] += max(0, listed - declared[-1])
