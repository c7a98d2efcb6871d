"""A list page settled: its rows become listings and, while its run is open, addresses to look at; then the column goes on or ends."""

import json
from collections import Counter
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import PASSING, Kind, ListRules, Millis, Request, RunKind
from crawler.pipeline import columns
from crawler.pipeline.columns import Wish
from crawler.politeness import pace
from crawler.politeness.pace import Pace
from crawler.record.reading import Reading, Row
from crawler.repository import frontier, list_pages
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, clean, upsert
from crawler.repository.frontier import Seed
from crawler.repository.list_pages import Here, Queues
from crawler.text import urls


def apply(c: Connection, row: AnyRow, reading: Reading, *, rules: ListRules, queue_of: Queues) -> None:
    """`row`: the capture's row with its address's key, source and run. Rows that point back at the list itself are no rows."""
    run = c.execute(sa.select(t.runs).where(t.runs.c.id == row.run)).first() if row.run is not None else None
    running = run is not None and run.ended is None
    if reading.error is not None:
        if run is not None and running:
            list_pages.unread(c, run.id, row.url)
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
    troubled = frontier.in_trouble(c, {seed.queue for seed in seeds.values()})
    _shelve(c, run.id, troubled, row.at)
    flags = [ids[key] in (before if reasons[key] is not None or seeds[key].queue in troubled else known) for key in found]
    old = bool(found) and all(columns.is_before(item, wish.since) for item in found.values())
    here = Here(run.id, row.source, row.key, row.at, queue_of)
    list_pages.settle_page(c, here, row.url, reading, wish, fresh=len(fresh), flags=flags, old=old, skipped=+skipped)


def _wish(run: AnyRow, rules: ListRules) -> Wish:
    options = json.loads(run.options)
    limit = options.get("max_pages") or rules.max_pages or columns.MOST_PAGES
    return Wish(RunKind(options.get("as", run.kind)), options.get("since"), min(limit, columns.MOST_PAGES))


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


def _shelve(c: Connection, run: int, troubled: dict[str, Pace], at: Millis) -> None:
    """No run waits for a host whose breaker stays open for a while; the next run asks again."""
    for queue, known in troubled.items():
        if known.next_at > at:
            its = sa.exists().where(t.urls.c.id == t.frontier.c.url, t.urls.c.kind == str(Kind.DETAIL))
            which = sa.and_(t.frontier.c.run == run, t.frontier.c.queue == queue, its)
            frontier.shelve(c, which, pace.in_trouble(known))


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
