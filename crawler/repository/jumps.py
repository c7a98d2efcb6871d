"""Pages that send their reader on by themselves (meta refresh, script) are followed as redirects are."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Kind, PageKind, Request
from crawler.repository import frontier
from crawler.repository import schema as t
from crawler.repository.database import AnyRow
from crawler.repository.frontier import Seed
from crawler.text import urls

MOST_HOPS = 10


def follow(c: Connection, row: AnyRow, url: str, queue_of: Callable[[str, str], str]) -> None:
    """`row`: the capture's row with its address's key, kind, via, source and run; `url`: where its page leads.

    Its run looks there next, while it is open; of a notice not where there is none (the home page, a login).
    """
    c.execute(t.urls.update().where(t.urls.c.id == row.url).values(redirect=urls.key(Request(url))))
    is_list = row.kind == Kind.LIST
    running = sa.select(t.runs.c.id).where(t.runs.c.id == row.run, t.runs.c.ended.is_(None))
    if row.run is None or c.execute(running).first() is None:
        return
    if not is_list and urls.leads(row.address, url) in ("home", "login"):
        return
    if (_lists(c, row.run) if is_list else _hops(c, row.via)) >= MOST_HOPS:
        return
    priority = frontier.LIST if is_list else frontier.NEW
    via, cited = (row.via, url) if is_list else (row.key, row.public_url)
    target = Seed(Request(url), cited, Kind(row.kind), queue_of(row.source, url), row.source, priority, row.at, via=via)
    frontier.seed(c, row.run, [target])


def _hops(c: Connection, key: str | None) -> int:
    """How many addresses that lead on lie between a notice's and the list that named it."""
    hops = 0
    while key is not None and hops < MOST_HOPS:
        before = c.execute(sa.select(t.urls.c.kind, t.urls.c.via).where(t.urls.c.key == key)).first()
        if before is None or before.kind != Kind.DETAIL:
            break
        key, hops = before.via, hops + 1
    return hops


def _lists(c: Connection, run: int) -> int:
    """How many list pages of a run have led on."""
    looked = sa.select(sa.func.count()).select_from(t.readings).join(t.looks, t.looks.c.capture == t.readings.c.capture)
    looked = looked.join(t.urls, t.urls.c.id == t.looks.c.url)
    led = sa.and_(t.looks.c.run == run, t.urls.c.kind == str(Kind.LIST), t.readings.c.page_kind == str(PageKind.REDIRECT))
    return c.execute(looked.where(led)).scalar_one()
