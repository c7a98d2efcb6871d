"""A list page settled: its rows become listings and, while its run is open, addresses to look at; then the column goes on or ends. Pure."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace

from crawler.model import GOOD, PASSING, WHOLE, Face, Kind, PageKind, Request, RunKind, Stop
from crawler.pipeline import columns, list_pages
from crawler.pipeline.columns import Leaf, Wish
from crawler.politeness import pace
from crawler.record.reading import Reading, Row
from crawler.record.rules import ListRules
from crawler.repository import frontier
from crawler.repository.addresses import Address, Seed
from crawler.repository.database import clean, dump
from crawler.repository.list_pages import ListPage
from crawler.repository.listings import Listing
from crawler.repository.rows import RunRow
from crawler.repository.settle import Item, Known, Writes
from crawler.text import urls

LONGEST_TITLE = 1000
AGAIN, YOUNG = 20 * 3_600_000, 7 * 24 * 3_600_000  # how often, and how long, a row that gave no record is asked for again


@dataclass(slots=True)
class Batch:
    """What a list page is folded into. `queue_of(source, url)`: politeness key."""

    known: Known
    writes: Writes
    queue_of: Callable[[str, str], str]


@dataclass(slots=True)
class _Rows:
    """The rows of one page by URL key, with their addresses, what the source's lists showed of them before, and why they are not fetched."""

    found: dict[str, Row] = field(default_factory=dict)
    seeds: dict[str, Seed] = field(default_factory=dict)
    addresses: dict[str, Address] = field(default_factory=dict)
    before: dict[str, Listing] = field(default_factory=dict)
    reasons: dict[str, str | None] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a page's rows come to for its column: rows of no other page of this run, which rows are known, whether all are too old."""

    fresh: int
    flags: tuple[bool, ...]
    old: bool


def settle(batch: Batch, item: Item, run: int | None, rules: ListRules) -> None:
    """`run`: the run that waits for this page, while it is open. Rows that point back at the list itself are no rows."""
    row = batch.known.runs.get(run) if run is not None else None
    running = row if row is not None and row.is_open else None
    reading = item.settled.reading
    if reading.error is not None:
        if running is not None:
            pages = batch.known.pages
            page = pages.own(running.id, item.address.id, item.address.request)
            pages.touch(page).stop = str(Stop.NOT_READ)
        return
    rows = _rows(batch.known, item, rules)
    if running is None or _looks_once(running):
        _list(batch, item, rows, None)
        return
    wish = _wish(running, rules)
    _leave_far(running, item, rows, wish, rules)
    _list(batch, item, rows, running)
    _go_on(batch, item, running.id, wish, _follow(batch, item, running.id, rows, wish), rows.skipped)


def face(reading: Reading) -> str:
    """What a list page shows, for the judgement of its source's health: JSON of `Face`."""
    days = [row.date[:10] for row in reading.rows if row.date]
    shown = Face(
        rows=len(reading.rows),
        dated=len(days),
        newest=max(days, default=None),
        visible=reading.visible,
        days=reading.days,
        text=sum(len(row.title) + len(row.date or "") for row in reading.rows),
        total=reading.total_rows,
        ordered=columns.newest_first(days),
    )
    return dump(asdict(shown))


# ------------------------------------------------------------------ rows
def _rows(known: Known, item: Item, rules: ListRules) -> _Rows:
    rows, reading, own = _Rows(), item.settled.reading, item.address.key
    seeds = iter(item.rows)
    for row in reading.rows:
        if row.reason is not None or not urls.is_http(row.url):
            rows.skipped[row.reason or "no address"] += 1
            continue
        seed = next(seeds)
        key = seed.key
        if key in rows.found:
            continue
        rows.found[key], rows.seeds[key] = row, seed
    rows.skipped["limit"] += reading.beyond
    if rows.found.pop(own, None):
        rows.skipped["not a notice"] += 1
    rows.addresses = {key: known.addresses[key] for key in rows.found}
    rows.before = {
        key: replace(held)
        for key, address in rows.addresses.items()
        if (held := known.listings.get((item.address.source, address.id))) is not None
    }
    lists = {key for key, address in rows.addresses.items() if address.kind == Kind.LIST}
    rows.reasons = {key: columns.refusal(row, rules, key=key, lists=lists) for key, row in rows.found.items()}
    return rows


def _leave_far(run: RunRow, item: Item, rows: _Rows, wish: Wish, rules: ListRules) -> None:
    """Of the rows that would be looked at, those within the site are, and those on the first other hosts that the run meets."""
    chosen, _ = _choose(rows, _known(rows), wish)
    for key in chosen:
        url = rows.seeds[key].request.url
        if not columns.within(url, item.address.url, rules) and not run.meets(urls.host(url), rules.other_hosts):
            rows.reasons[key] = columns.OTHER_HOST


def _list(batch: Batch, item: Item, rows: _Rows, running: RunRow | None) -> None:
    """Remember which list showed which address."""
    at, source = item.capture.at, item.address.source
    for key, row in rows.found.items():
        place, before = (source, rows.addresses[key].id), rows.before.get(key)
        title, date, run = clean(row.title)[:LONGEST_TITLE], row.date, running.id if running else None
        first, last, page = at, at, item.address.id
        if before is not None:
            first, last, run = before.first_listed, max(before.last_listed, at), run or before.run
            page = page if at >= before.last_listed or before.page is None else before.page
            title, date = (title, date) if at >= before.last_listed else (before.title, before.date)
        listing = Listing(*place, first, last, title, date, run, rows.reasons[key], page)
        batch.known.listings[place] = batch.writes.listings[place] = listing


def _follow(batch: Batch, item: Item, run: int, rows: _Rows, wish: Wish) -> _Outcome:
    """Put into the run's frontier what is looked at."""
    fresh = [key for key in rows.found if (held := rows.before.get(key)) is None or held.run != run]
    known = _known(rows)
    again = _worth_another(rows, batch.known.no_record, item.capture.at)
    chosen, left = _choose(rows, {key: why for key, why in known.items() if key not in again}, wish)
    rows.skipped.update(reason for key in fresh if (reason := rows.reasons[key] or left.get(key)))
    # What was looked at before comes behind what nobody has seen: a run that ends by its budget else never gets beyond its first rows.
    unseen, seen = (frontier.NEW, frontier.REVISIT) if wish.since is None else (frontier.BACKFILL, frontier.KNOWN)
    for key in chosen:
        number, priority = rows.addresses[key].id, seen if key in known and key not in again else unseen
        if (run, number) not in batch.known.looked:
            batch.writes.frontier.add(run, number, replace(rows.seeds[key], priority=priority))
    troubled = _shelve(batch, item, run, rows)
    flags = tuple(
        key in (rows.before if rows.reasons[key] is not None or rows.seeds[key].queue in troubled else known)
        for key in rows.found
    )
    old = bool(rows.found) and all(columns.is_before(row, wish.since) for row in rows.found.values())
    return _Outcome(len(fresh), flags, old)


def _known(rows: _Rows) -> dict[str, str]:
    """Addresses that were looked at and whose row is as it was: `known`, or `failed` when no answer of theirs was ever kept, or none is left.

    A row that is not followed is known when it was listed.
    """
    found = {}
    for key, row in rows.found.items():
        address, held = rows.addresses[key], rows.before.get(key)
        if address.last_look is None:
            continue
        if held is not None and (held.title, held.date) != (clean(row.title)[:LONGEST_TITLE], row.date):
            continue
        lost = address.last_capture is None and address.last_outcome in PASSING | GOOD
        found[key] = "failed" if lost else "known"
    return found


def _worth_another(rows: _Rows, no_record: Collection[int], at: int) -> set[str]:
    """Known rows that gave no record when they were looked at (a wall, an empty article): asked again once a day while they are young."""
    return {
        key
        for key, held in rows.before.items()
        if (address := rows.addresses[key]).id in no_record
        and address.last_look is not None
        and at - address.last_look >= AGAIN
        and at - held.first_listed <= YOUNG
    }


def _choose(rows: _Rows, known: Mapping[str, str], wish: Wish) -> tuple[list[str], dict[str, str]]:
    """The rows that are looked at, and the reasons of the others that no rule of the source refuses."""
    chosen, left = [], dict[str, str]()
    for key, row in rows.found.items():
        if rows.reasons[key] is not None:
            continue
        if columns.is_before(row, wish.since):
            left[key] = "since"
        elif wish.kind is RunKind.LIST and known.get(key) == "known":
            left[key] = "known"
        else:
            chosen.append(key)
    return chosen, left


def _shelve(batch: Batch, item: Item, run: int, rows: _Rows) -> set[str]:
    """The queues whose breaker is open. No run waits for a host that stays so for a while; the next run asks again."""
    troubled = set()
    for name in sorted({seed.queue for seed in rows.seeds.values()}):
        queue = batch.known.queues.get(name)
        if queue is None or queue.pace.broken is None:
            continue
        troubled.add(name)
        if queue.pace.next_at > item.capture.at:
            batch.writes.frontier.shelved.append((run, name, pace.in_trouble(queue.pace)))
    return troubled


def _looks_once(run: RunRow) -> bool:
    """Is the run one look at an address that somebody has named? A list that stands there is read and not followed."""
    options = json.loads(run.options)
    return bool(options.get("url")) and not options.get("follow")


def _wish(run: RunRow, rules: ListRules) -> Wish:
    options = json.loads(run.options)
    limit = options.get("max_pages") or rules.max_pages or columns.MOST_PAGES
    return Wish(RunKind(options.get("as", run.kind)), options.get("since"), min(limit, columns.MOST_PAGES))


# ------------------------------------------------------------------ the column
def _go_on(batch: Batch, item: Item, run: int, wish: Wish, outcome: _Outcome, skipped: Counter[str]) -> None:
    """What came of the page, and what comes after it. A page looked at again only adds its rows."""
    pages, reading, at, count = batch.known.pages, item.settled.reading, item.capture.at, len(outcome.flags)
    own = pages.own(run, item.address.id, item.address.request)
    before, again = list_pages.last_read(pages, own, at), own.at is not None
    tail = columns.tail_after(outcome.flags, list_pages.tail(pages, own))
    may_go_back = list_pages.before(pages, own)
    if before is not None and (again or own.page):
        was, now, in_pages = _totals(before, reading)
        overlaps = again or outcome.fresh < count
        back = columns.pages_back(was, now, max(count, before.rows), in_pages=in_pages, overlaps=overlaps)
        for page in may_go_back[:back]:
            _look_again(batch, item, page)
    repeats = list_pages.repeats(pages, own, outcome.fresh)
    blank = not count and reading.page_kind is PageKind.LIST and list_pages.is_inside(pages, own, reading.total_pages)
    late = again and not own.rows and own.stop is None and not list_pages.has_gone_on(pages, own)
    pages.touch(own)
    own.at, own.looks, own.rows, own.fresh, own.tail = at, max(own.looks, 1), count, own.fresh + outcome.fresh, tail
    own.total_pages, own.total_rows = reading.total_pages, reading.total_rows
    if blank and own.looks < columns.MOST_LOOKS:  # it may have been a bad moment of the server
        _look_again(batch, item, own)
        if reading.next_list is None:
            return
    if again and not late:
        return
    own.skipped = dump(dict(sorted((+skipped).items())))
    leaf = Leaf(
        own.page,
        reading.page_kind,
        count,
        outcome.fresh,
        tail,
        repeats,
        outcome.old,
        reading.next_list is not None,
        reading.pager,
        reading.total_pages,
        blank,
    )
    _turn(batch, item, own, leaf, wish)


def _turn(batch: Batch, item: Item, own: ListPage, leaf: Leaf, wish: Wish) -> None:
    """Ask for the next pages, or say why the column ends here."""
    pages, reading = batch.known.pages, item.settled.reading
    ended = columns.stop(leaf, wish) if not reading.more_lists else None
    for number, request in enumerate(reading.more_lists[: wish.limit]):
        _ask(batch, item, own, request, number)
    if ended is None and reading.next_list is not None and not _ask(batch, item, own, reading.next_list):
        ended = Stop.REPEATED_ADDRESS
    if ended is None:
        return
    own.stop = str(ended)
    grew = (own.run, own.head) in pages.grown
    if ended in WHOLE and own.page and wish.kind is not RunKind.LIST and grew:
        for page in list_pages.before(pages, own, head=True):
            _look_again(batch, item, page)


def _ask(batch: Batch, item: Item, own: ListPage, request: Request, ahead: int = 0) -> bool:
    """Ask for the next page, or one that lies further `ahead`; False when this run has it already."""
    pages, seed = batch.known.pages, _seed(batch, item, request)
    number = batch.known.addresses[seed.key].id
    if (own.run, number) in pages.rows:
        return False
    pages.add(ListPage(own.run, number, own.head, own.page + 1 + ahead, request=request))
    if (own.run, number) in batch.known.looked:
        return False
    batch.writes.frontier.add(own.run, number, seed)
    return True


def _look_again(batch: Batch, item: Item, page: ListPage) -> None:
    """A page that was read is looked at again: counted when it is asked for, because its look may be long in being read."""
    assert page.request is not None
    batch.known.pages.touch(page).looks += 1
    batch.writes.frontier.add(page.run, page.url, _seed(batch, item, page.request))


def _seed(batch: Batch, item: Item, request: Request) -> Seed:
    source, at = item.address.source, item.capture.at
    queue = batch.queue_of(source, request.url)
    return Seed(request, request.url, Kind.LIST, queue, source, frontier.LIST, at, via=item.address.key)


def _totals(before: ListPage, reading: Reading) -> tuple[int | None, int | None, bool]:
    """The declared total before and now, of rows where both name one; else of pages."""
    if before.total_rows is not None and reading.total_rows is not None:
        return before.total_rows, reading.total_rows, False
    return before.total_pages, reading.total_pages, True
