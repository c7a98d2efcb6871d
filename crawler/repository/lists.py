"""A list page settled: its rows become listings and, while its run is open, addresses to look at; then the next page, or the rule that ends it.

What came of each page stands in `list_pages`, one row for each page and run: its rows, the reasons why some are not fetched, the totals it
declares, the rule that stopped there. `runs.count` adds them up when the run closes.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler import columns, urls
from crawler.columns import Leaf, Stop, Wish
from crawler.model import MISSES, PASSING, Kept, Kind, ListRules, Millis, Outcome, Reading, Request, Row, RunKind
from crawler.repository import frontier
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, clean, upsert
from crawler.repository.frontier import Seed

Queues = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class _Here:
    """Where a column stands: the run, its source, the page's URL key and the time of its look."""

    run: int
    source: str
    key: str
    at: Millis
    queue_of: Queues


def apply(c: Connection, row: AnyRow, reading: Reading, *, rules: ListRules, queue_of: Queues) -> None:
    """`row`: the capture's row with its address's key, source and run. Rows that point back at the list itself are no rows."""
    run = c.execute(sa.select(t.runs).where(t.runs.c.id == row.run)).first() if row.run is not None else None
    running = run is not None and run.ended is None
    if reading.error is not None:
        if run is not None and running:
            _page(c, run.id, row.url)
            _stop(c, run.id, row.url, Stop.NOT_READ)
        return
    skipped: Counter[str] = Counter()
    found: dict[str, Row] = {}
    for item in reading.rows:
        if item.reason is not None or not urls.is_http(item.url):
            skipped[item.reason or "no address"] += 1
        else:
            found.setdefault(urls.key(Request(item.url)), item)
    skipped["limit"] += reading.beyond
    if found.pop(row.key, None):
        skipped["not a notice"] += 1
    seeds = {key: _seed(item, row, queue_of) for key, item in found.items()}
    ids = frontier.ensure_urls(c, seeds.values())
    before = _listings(c, row.source, list(ids.values()))
    lists = _lists(c, ids)
    reasons = {key: columns.refusal(item, rules, key=key, lists=lists) for key, item in found.items()}
    _list(c, row, found, ids, reasons, running=running)
    if run is None or not running:
        return
    wish = _wish(run, rules)
    fresh = [key for key in found if (held := before.get(ids[key])) is None or held[2] != run.id]
    known = _known(c, {ids[key]: found[key] for key in found}, before)
    chosen, left = _choose(found, ids, reasons, known, wish)
    skipped.update(reason for key in fresh if (reason := reasons[key] or left.get(key)))
    priority = frontier.NEW if wish.since is None else frontier.BACKFILL
    frontier.seed(c, run.id, [replace(seeds[key], priority=priority) for key in chosen])
    flags = [ids[key] in (before if reasons[key] is not None else known) for key in found]
    old = bool(found) and all(columns.is_before(item, wish.since) for item in found.values())
    here = _Here(run.id, row.source, row.key, row.at, queue_of)
    _settle_page(c, here, row.url, reading, wish, fresh=len(fresh), flags=flags, old=old, skipped=+skipped)


def _wish(run: AnyRow, rules: ListRules) -> Wish:
    options = json.loads(run.options)
    limit = options.get("max_pages") or rules.max_pages or columns.MOST_PAGES
    return Wish(RunKind(run.kind), options.get("since"), min(limit, columns.MOST_PAGES))


def _choose(
    found: dict[str, Row], ids: dict[str, int], reasons: dict[str, str | None], known: dict[int, str], wish: Wish
) -> tuple[list[str], dict[str, str]]:
    """The rows that are looked at, and the reasons of the others that no rule of the source refuses."""
    chosen, left = [], dict[str, str]()
    for key, item in found.items():
        if reasons[key] is not None:
            continue
        if columns.is_before(item, wish.since):
            left[key] = "since"
        elif wish.kind is RunKind.LIST and known.get(ids[key]) == "known":
            left[key] = "known"
        else:
            chosen.append(key)
    return chosen, left


# ------------------------------------------------------------------ rows
def _seed(item: Row, row: AnyRow, queue_of: Queues) -> Seed:
    request = Request(item.url)
    return Seed(request, item.url, Kind.DETAIL, queue_of(row.source, item.url), row.source, frontier.NEW, row.at, via=row.key)


def _listings(c: Connection, source: str, ids: list[int]) -> dict[int, tuple[str, str | None, int | None]]:
    """(title, date, run that listed it last) by address."""
    found: dict[int, tuple[str, str | None, int | None]] = {}
    for at in range(0, len(ids), frontier.AT_ONCE):
        query = sa.select(t.listings.c.url, t.listings.c.title, t.listings.c.date, t.listings.c.run).where(
            t.listings.c.source == source, t.listings.c.url.in_(ids[at : at + frontier.AT_ONCE])
        )
        found.update({row.url: (row.title, row.date, row.run) for row in c.execute(query)})
    return found


def _lists(c: Connection, ids: dict[str, int]) -> set[str]:
    """Keys of those addresses that are lists."""
    found: set[str] = set()
    numbers = list(ids.values())
    for at in range(0, len(numbers), frontier.AT_ONCE):
        query = sa.select(t.urls.c.key).where(
            t.urls.c.id.in_(numbers[at : at + frontier.AT_ONCE]), t.urls.c.kind == str(Kind.LIST)
        )
        found.update(c.execute(query).scalars())
    return found


def _list(
    c: Connection, row: AnyRow, found: dict[str, Row], ids: dict[str, int], reasons: dict[str, str | None], *, running: bool
) -> None:
    rows = [
        {
            "source": row.source,
            "url": ids[key],
            "first_listed": row.at,
            "last_listed": row.at,
            "title": clean(item.title)[:1000],
            "date": item.date,
            "run": row.run if running else None,
            "reason": reasons[key],
        }
        for key, item in found.items()
    ]
    if not rows:
        return
    insert = upsert(c, t.listings)
    later = sa.case((t.listings.c.last_listed < row.at, row.at), else_=t.listings.c.last_listed)
    new = insert.excluded
    set_ = {"last_listed": later, "title": new.title, "date": new.date, "reason": new.reason}
    set_["run"] = sa.func.coalesce(new.run, t.listings.c.run)
    c.execute(insert.on_conflict_do_update(index_elements=["source", "url"], set_=set_), rows)


def _known(c: Connection, wanted: dict[int, Row], before: dict[int, tuple[str, str | None, int | None]]) -> dict[int, str]:
    """Addresses that were looked at and whose row is as it was: `known`, or `failed` when no answer of theirs was ever kept.

    A row that is not followed is known when it was listed.
    """
    listed, found = list(wanted), dict[int, str]()
    for at in range(0, len(listed), frontier.AT_ONCE):
        query = sa.select(t.urls.c.id, t.urls.c.last_capture, t.urls.c.last_outcome).where(
            t.urls.c.id.in_(listed[at : at + frontier.AT_ONCE]), t.urls.c.last_look.is_not(None)
        )
        for row in c.execute(query):
            held, item = before.get(row.id), wanted[row.id]
            if held is not None and held[:2] != (clean(item.title)[:1000], item.date):
                continue
            lost = row.last_capture is None and row.last_outcome in PASSING
            found[row.id] = "failed" if lost else "known"
    return found


# ------------------------------------------------------------------ pages
def _settle_page(
    c: Connection, here: _Here, url: int, reading: Reading, wish: Wish, *,
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


def _step_back(c: Connection, here: _Here, own: AnyRow, count: int) -> None:
    """Look again at the last pages read before this one."""
    if not count:
        return
    frontier.seed(c, here.run, [_page_seed(here, request) for request in _requests(c, here, own)[:count]], again=True)


def _requests(c: Connection, here: _Here, own: AnyRow, *, head: bool = False) -> list[Request]:
    """The pages of this column that were read before this one, the last first; or its head alone."""
    pages = t.list_pages
    query = (
        sa.select(t.urls.c.url, t.urls.c.method, t.urls.c.headers, t.urls.c.body)
        .join(pages, pages.c.url == t.urls.c.id)
        .where(pages.c.run == here.run, pages.c.head == own.head, pages.c.at.is_not(None), pages.c.url != own.url)
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


def _look_at_head(c: Connection, here: _Here, own: AnyRow) -> None:
    frontier.seed(c, here.run, [_page_seed(here, request) for request in _requests(c, here, own, head=True)], again=True)


def _turn(c: Connection, here: _Here, own: AnyRow, request: Request, ahead: int = 0) -> bool:
    """Ask for the next page, or one that lies further `ahead`; False when this run has it already."""
    seed = _page_seed(here, request)
    number = frontier.ensure_urls(c, [seed])[urls.key(request)]
    values = {"run": here.run, "url": number, "head": own.head, "page": own.page + 1 + ahead}
    made = upsert(c, t.list_pages).values(**values).on_conflict_do_nothing().returning(t.list_pages.c.url)
    if c.execute(made).first() is None:
        return False
    return frontier.seed(c, here.run, [seed]) > 0


def _page_seed(here: _Here, request: Request) -> Seed:
    queue = here.queue_of(here.source, request.url)
    return Seed(request, request.url, Kind.LIST, queue, here.source, frontier.LIST, here.at, via=here.key)


def _stop(c: Connection, run: int, url: int, ended: Stop) -> None:
    c.execute(t.list_pages.update().where(t.list_pages.c.run == run, t.list_pages.c.url == url).values(stop=str(ended)))


# ------------------------------------------------------------------ pages that do not come
def missed(c: Connection, kept: Kept, run: int, url: int, queue_of: Queues) -> None:
    """A list page whose look is final and brought nothing: the column ends here.

    Where the page before had named it, that one is looked at again: rows may have moved up since.
    """
    own = _page(c, run, url)
    gone = kept.outcome in MISSES
    _stop(c, run, url, Stop.NOT_FOUND if gone else Stop.NOT_READ)
    if gone and own.page and own.at is None:
        _step_back(c, _Here(run, kept.task.source, kept.task.key, kept.at, queue_of), own, 1)


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
    for outcome, reason in ((Outcome.DISALLOWED, "robots"), (Outcome.REFUSED, "guard")):
        query = sa.select(sa.func.count()).where(t.looks.c.run == run, t.looks.c.outcome == str(outcome))
        found[f"skip:{reason}"] += c.execute(query).scalar_one()
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
