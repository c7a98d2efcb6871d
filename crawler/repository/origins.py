"""What robots.txt said, origin by origin."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.repository import schema as t
from crawler.repository.database import clean, upsert


@dataclass(frozen=True, slots=True)
class Origin:
    """`verdict` is rules, allow or disallow; `body` the file's text when it has rules; `detail` why there are none."""

    origin: str
    verdict: str
    body: str
    detail: str
    fetched: Millis
    expires: Millis


def get(c: Connection, name: str) -> Origin | None:
    """What is remembered of an origin, fresh or not."""
    row = c.execute(sa.select(t.origins).where(t.origins.c.origin == name)).first()
    return Origin(row.origin, row.verdict, row.body, row.detail, row.fetched, row.expires) if row else None


def put(c: Connection, origin: Origin) -> None:
    """Remember what an origin's robots.txt says now."""
    values = {
        "fetched": origin.fetched,
        "expires": origin.expires,
        "verdict": origin.verdict,
        "body": clean(origin.body),
        "detail": clean(origin.detail),
    }
    insert = upsert(c, t.origins).values(origin=origin.origin, **values)
    c.execute(insert.on_conflict_do_update(index_elements=["origin"], set_=values))
