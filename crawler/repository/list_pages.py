"""The pages of a column within a run: their places, what each said, the next one, the rule that ended it; and what they come to.

`list_pages` holds one row for each page and run. A page number belongs to the run, not to the address: descending pagers give an address
another place every time.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import ABOUT_THE_SITE, MISSES, Kept, Kind, Millis, Outcome, Request, RunKind
from crawler.pipeline import columns
from crawler.pipeline.columns import Leaf, Stop, Wish
from crawler.record.reading import Reading
from crawler.repository import frontier
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, upsert
from crawler.repository.frontier import Seed
from crawler.text import urls

Queues = Callable[[str, str], str]
UNREACHED = (
    f"robots.txt: {Outcome.REFUSED}"  # why an address was not asked for on whose host the guard let nobody ask for robots.txt
)


@dataclass(frozen=True, slots=True)
class Here:
    """Where a column stands: the run, its source, the page's URL key and the time of its look."""

    run: int
    source: str
    key: str
    at: Millis
    queue_of: Queues


def settle_page(
    c: Connection, here: Here, url: int, reading: Reading, wish: Wish, *,
    fresh: int, flags: Sequence[bool], old: bool, skipped: Counter[str],
) -> None:  # fmt: skip
    """What came of the page, and what comes after it. A page looked at again only adds its rows."""
    own = _page(c, here.run, url)
    before = _before(c, here.run, own, here.at)
    tail = columns.tail_after(flags, _tail(c, here.run, own))
    again = own.at is not None
    values = {
        "at": here.at, "looks": own.looks + 1, "rows": len(flags), "fresh": own.fresh + fresh, "tail": tail,
        "total_pages": reading.total_pages, "total_rows": reading.total_rows,
        "skipped": own.skipped if again else json.dumps(dict(sorted(skipped.items()))),
    }  # fmt: skip
    c.execute(t.list_pages.update().where(t.list_pages.c.run == here.run, t.list_pages.c.url == url).values(**values))
    if before is not None and (again or own.page):
        was, now, in_pages = _totals(before, reading)
        back = columns.pages_back(was, now, max(len(flags), before.rows), in_pages=in_pages, overlaps=again or fresh < len(flags))
        _step_back(c, here, own, back)
    if again:
        return
    following = reading.next_list
    repeats = _repeats(c, here.run, own, fresh)
    leaf = Leaf(
        own.page,
        reading.page_kind,
        len(flags),
        fresh,
        tail,
        repeats,
        old,
        following is not None,
        reading.pager,
        reading.total_pages,
    )
    ended = columns.stop(leaf, wish) if not reading.more_lists else None
    for number, request in enumerate(reading.more_lists[: wish.limit]):
        _turn(c, here, own, request, number)
    if ended is None and following is not None and not _turn(c, here, own, following):
        ended = Stop.REPEATED_ADDRESS
    if ended is not None:
        _stop(c, here.run, url, ended)
        if ended in columns.WHOLE and own.page and wish.kind is not RunKind.LIST and _has_grown(c, here.run, own):
            _look_at_head(c, here, own)


def _has_grown(c: Connection, run: int, own: AnyRow) -> bool:
    """Did pages of this column repeat rows of others? Then it grew at its head while it was read."""
    pages = t.list_pages
    query = sa.select(sa.func.sum(pages.c.rows - pages.c.fresh)).where(
        pages.c.run == run, pages.c.head == own.head, pages.c.looks == 1, pages.c.stop.is_(None)
    )
    return (c.execute(query).scalar() or 0) > 0


def _page(c: Connection, run: int, url: int) -> AnyRow:
    """The page's row; made when nobody asked for this page: it is the head of a column."""
    values = {"run": run, "url": url, "head": url, "page": 0}
    c.execute(upsert(c, t.list_pages).values(**values).on_conflict_do_nothing())
    return c.execute(sa.select(t.list_pages).where(t.list_pages.c.run == run, t.list_pages.c.url == url)).one()


def _before(c: Connection, run: int, own: AnyRow, at: int) -> AnyRow | None:
    """The page of this column that was read last."""
    pages = t.list_pages
    query = sa.select(pages).where(pages.c.run == run, pages.c.head == own.head, pages.c.at.is_not(None), pages.c.at <= at)
    return c.execute(query.where(pages.c.url != own.url).order_by(pages.c.at.desc(), pages.c.page.desc()).limit(1)).first()


def _tail(c: Connection, run: int, own: AnyRow) -> int:
    pages = t.list_pages
    query = sa.select(pages.c.tail).where(pages.c.run == run, pages.c.head == own.head, pages.c.page == own.page - 1)
    return c.execute(query).scalar() or 0


def _repeats(c: Connection, run: int, own: AnyRow, fresh: int) -> int:
    if fresh:
        return 0
    pages = t.list_pages
    query = sa.select(pages.c.fresh).where(pages.c.run == run, pages.c.head == own.head, pages.c.page < own.page)
    count = 1
    for shown in c.execute(query.order_by(pages.c.page.desc()).limit(columns.REPEATS)).scalars():
        if shown:
            break
        count += 1
    return count


def _totals(before: AnyRow, reading: Reading) -> tuple[int | None, int | None, bool]:
    """The declared total before and now, of rows where both name one; else of pages."""
    if before.total_rows is not None and reading.total_rows is not None:
        return before.total_rows, reading.total_rows, False
    return before.total_pages, reading.total_pages, True


def _step_back(c: Connection, here: Here, own: AnyRow, count: int) -> None:
    """Look again at the last pages read before this one."""
    if not count:
        return
    frontier.seed(c, here.run, [_page_seed(here, request) for request in _requests(c, here, own)[:count]], again=True)


def _requests(c: Connection, here: Here, own: AnyRow, *, head: bool = False) -> list[Request]:
    """The pages of this column that were read before this one, the last first; or its head alone."""
    pages = t.list_pages
    query = (
        sa.select(t.urls.c.url, t.urls.c.method, t.urls.c.headers, t.urls.c.body)
        .join(pages, pages.c.url == t.urls.c.id)
        .where(pages.c.run == here.run, pages.c.head == own.head, pages.c.at.is_not(None), pages.c.url != own.url)
        .where(pages.c.looks < columns.MOST_LOOKS)
        .order_by(pages.c.page.desc())
    )
    if own.at is None:
        query = query.where(pages.c.page < own.page)
    if head:
        query = query.where(pages.c.url == own.head)
    found = []
    for row in c.execute(query.limit(columns.MOST_BACK)):
        headers = tuple((name, value) for name, value in json.loads(row.headers))
        found.append(Request(row.url, row.method, headers, bytes(row.body or b"")))
    return found


def _look_at_head(c: Connection, here: Here, own: AnyRow) -> None:
    frontier.seed(c, here.run, [_page_seed(here, request) for request in _requests(c, here, own, head=True)], again=True)


def _turn(c: Connection, here: Here, own: AnyRow, request: Request, ahead: int = 0) -> bool:
    """Ask for the next page, or one that lies further `ahead`; False when this run has it already."""
    seed = _page_seed(here, request)
    number = frontier.ensure_urls(c, [seed])[urls.key(request)]
    values = {"run": here.run, "url": number, "head": own.head, "page": own.page + 1 + ahead}
    made = upsert(c, t.list_pages).values(**values).on_conflict_do_nothing().returning(t.list_pages.c.url)
    if c.execute(made).first() is None:
        return False
    return frontier.seed(c, here.run, [seed]) > 0


def _page_seed(here: Here, request: Request) -> Seed:
    queue = here.queue_of(here.source, request.url)
    return Seed(request, request.url, Kind.LIST, queue, here.source, frontier.LIST, here.at, via=here.key)


def _stop(c: Connection, run: int, url: int, ended: Stop) -> None:
    c.execute(t.list_pages.update().where(t.list_pages.c.run == run, t.list_pages.c.url == url).values(stop=str(ended)))


# ------------------------------------------------------------------ pages that do not come
def unread(c: Connection, run: int, url: int) -> None:
    """A page that came and could not be read."""
    _page(c, run, url)
    _stop(c, run, url, Stop.NOT_READ)


def missed(c: Connection, kept: Kept, run: int, url: int, queue_of: Queues) -> None:
    """A list page whose look is final and brought nothing: the column ends here.

    Where the page before had named it, that one is looked at again: rows may have moved up since.
    """
    own = _page(c, run, url)
    gone = kept.outcome in MISSES
    _stop(c, run, url, Stop.NOT_FOUND if gone else Stop.NOT_READ)
    if gone and own.page and own.at is None:
        _step_back(c, Here(run, kept.task.source, kept.task.key, kept.at, queue_of), own, 1)


def strays(c: Connection, run: int, url: int, location: str) -> bool:
    """Is this a page behind the first that was redirected to the site's front page? Then there is none, and the column ends here."""
    own = c.execute(sa.select(t.list_pages).where(t.list_pages.c.run == run, t.list_pages.c.url == url)).first()
    if own is None or not own.page or not columns.is_front(location):
        return False
    _stop(c, run, url, Stop.SOFT_404)
    return True


def moved(c: Connection, run: int, url: int, target: int) -> None:
    """A list page was redirected: its place in the column goes to the target."""
    own = c.execute(sa.select(t.list_pages).where(t.list_pages.c.run == run, t.list_pages.c.url == url)).first()
    if own is None:
        return
    head = target if own.head == url else own.head
    values = {"run": run, "url": target, "head": head, "page": own.page}
    c.execute(upsert(c, t.list_pages).values(**values).on_conflict_do_nothing())


# ------------------------------------------------------------------ counts
def count(c: Connection, run: int) -> dict[str, int]:
    """What came of a run's list pages.

    `listed` distinct rows; `skip:REASON` rows not fetched; `stop:RULE` columns ended by it. Where a column was read to its end and declared
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


def _reconcile(found: Counter[str], pages: Collection[AnyRow]) -> None:
    declared = [page.total_rows for page in pages if page.total_rows is not None and page.at is not None]
    if not declared or not any(page.stop in columns.WHOLE for page in pages):
        return
    listed = sum(page.fresh for page in pages)
    found["declared"] += declared[-1]
    found["undercount"] += max(0, declared[-1] - listed)
    found["overcount"] += max(0, listed - declared[-1])
