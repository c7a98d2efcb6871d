"""A list page settled: its rows become listings and, while its run is open, addresses to look at; then the next page."""

import json
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler import urls
from crawler.model import Kind, Reading, Request, Row, RunKind
from crawler.repository import frontier
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, clean, upsert
from crawler.repository.frontier import Seed

MOST_PAGES = 5000
OVERLAP = 1  # pages read beyond the first that has nothing new, so that what was slipped in late is found


def apply(
    c: Connection,
    row: AnyRow,
    reading: Reading,
    *,
    follows: Callable[[str, str], bool],
    queue_of: Callable[[str, str], str],
    pages: int | None,
) -> None:
    """`row`: the capture's row with its address's key, source and run. Rows that point back at the list itself are no rows."""
    run = c.execute(sa.select(t.runs).where(t.runs.c.id == row.run)).first() if row.run is not None else None
    found = {urls.key(Request(item.url)): item for item in reading.rows if urls.is_http(item.url)}
    found.pop(row.key, None)
    seeds = {key: _seed(item, row, queue_of) for key, item in found.items()}
    ids = frontier.ensure_urls(c, seeds.values())
    before = _listings(c, row.source, list(ids.values()))
    _list(c, row, found, ids)
    if run is None or run.ended is not None:
        return
    options = json.loads(run.options)
    since = options.get("since")
    wanted = {
        key
        for key, item in found.items()
        if follows(row.source, item.url) and not (since and item.date and item.date[:10] < since[:10])
    }
    if run.kind == RunKind.LIST:
        new = _new(c, {ids[key]: found[key] for key in wanted}, before)
        chosen = [key for key in found if key in wanted and ids[key] in new]
    else:
        chosen = [key for key in found if key in wanted]
    added = frontier.seed(c, run.id, [seeds[key] for key in chosen])
    page = row.page
    limit = min(options.get("max_pages") or pages or MOST_PAGES, MOST_PAGES)
    if reading.next_list is None or page + 1 >= limit or not found or (since and not wanted):
        return
    quiet = not chosen if run.kind == RunKind.LIST else not added and page > 0
    if not quiet or (run.kind == RunKind.LIST and page < OVERLAP):
        _turn_page(c, row, run.id, reading.next_list, page, queue_of)


def _seed(item: Row, row: AnyRow, queue_of: Callable[[str, str], str]) -> Seed:
    request = Request(item.url)
    return Seed(request, item.url, Kind.DETAIL, queue_of(row.source, item.url), row.source, frontier.NEW, row.at, via=row.key)


def _listings(c: Connection, source: str, ids: list[int]) -> dict[int, tuple[str, str | None]]:
    found: dict[int, tuple[str, str | None]] = {}
    for at in range(0, len(ids), frontier.AT_ONCE):
        query = sa.select(t.listings.c.url, t.listings.c.title, t.listings.c.date).where(
            t.listings.c.source == source, t.listings.c.url.in_(ids[at : at + frontier.AT_ONCE])
        )
        found.update({row.url: (row.title, row.date) for row in c.execute(query)})
    return found


def _list(c: Connection, row: AnyRow, found: dict[str, Row], ids: dict[str, int]) -> None:
    rows = [
        {
            "source": row.source,
            "url": ids[key],
            "first_listed": row.at,
            "last_listed": row.at,
            "title": clean(item.title)[:1000],
            "date": item.date,
        }
        for key, item in found.items()
    ]
    if not rows:
        return
    insert = upsert(c, t.listings)
    later = sa.case((t.listings.c.last_listed < row.at, row.at), else_=t.listings.c.last_listed)
    set_ = {"last_listed": later, "title": insert.excluded.title, "date": insert.excluded.date}
    c.execute(insert.on_conflict_do_update(index_elements=["source", "url"], set_=set_), rows)


def _new(c: Connection, wanted: dict[int, Row], before: dict[int, tuple[str, str | None]]) -> set[int]:
    """Addresses never looked at, and those whose listed title or date has changed."""
    listed = list(wanted)
    looked: set[int] = set()
    for at in range(0, len(listed), frontier.AT_ONCE):
        query = sa.select(t.urls.c.id).where(t.urls.c.id.in_(listed[at : at + frontier.AT_ONCE]), t.urls.c.last_look.is_not(None))
        looked.update(c.execute(query).scalars())
    return {
        number
        for number, item in wanted.items()
        if number not in looked or (number in before and before[number] != (clean(item.title)[:1000], item.date))
    }


def _turn_page(c: Connection, row: AnyRow, run: int, request: Request, page: int, queue_of: Callable[[str, str], str]) -> None:
    following = Seed(
        request,
        request.url,
        Kind.LIST,
        queue_of(row.source, request.url),
        row.source,
        frontier.LIST,
        row.at,
        page=page + 1,
        via=row.key,
    )
    frontier.seed(c, run, [following])
