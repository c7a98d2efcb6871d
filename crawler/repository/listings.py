"""Listings: which source's list showed which address, when, under which title and date."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.repository import schema as t
from crawler.repository.database import Upsert, chunks
from crawler.repository.many import many


@dataclass(slots=True)
class Listing:
    """A row of `listings` while a batch is folded. `run` that listed it last, `page` on which it stood; `reason` why it is not followed."""

    source: str
    url: int
    first_listed: Millis
    last_listed: Millis
    title: str
    date: str | None
    run: int | None
    reason: str | None
    page: int | None = None


_l = t.listings.c
ROWS = sa.select(*(t.listings.c[name] for name in Listing.__slots__)).where(
    _l.source.in_(sa.bindparam("sources", expanding=True)), _l.url.in_(sa.bindparam("ids", expanding=True))
)
PUT = Upsert(
    t.listings,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["source", "url"],
        set_={
            "last_listed": sa.case(
                (_l.last_listed < insert.excluded.last_listed, insert.excluded.last_listed), else_=_l.last_listed
            ),
            "page": sa.case((_l.last_listed <= insert.excluded.last_listed, insert.excluded.page), else_=_l.page),
            "title": insert.excluded.title,
            "date": insert.excluded.date,
            "reason": insert.excluded.reason,
            "run": sa.func.coalesce(insert.excluded.run, _l.run),
        },
    ),
)


def load(c: Connection, sources: Collection[str], addresses: Collection[int]) -> dict[tuple[str, int], Listing]:
    """What these sources' lists showed of these addresses."""
    found = {}
    for some in chunks(sorted(addresses)):
        for row in c.execute(ROWS, {"sources": sorted(sources), "ids": some}).all():
            found[row.source, row.url] = Listing(*row)
    return found


def save(c: Connection, changed: Iterable[Listing]) -> None:
    """Write listings, made or seen again."""
    rows = [
        {name: getattr(listing, name) for name in Listing.__slots__}
        for listing in sorted(changed, key=lambda listing: (listing.source, listing.url))
    ]
    if rows:
        many(c, PUT(c), rows)
