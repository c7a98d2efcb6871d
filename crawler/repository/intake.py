"""What an import asks of the database: whether it holds a capture already, which answer a revisit stands for, what came of it."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Capture, Millis
from crawler.repository import schema as t
from crawler.repository.database import chunks
from crawler.repository.readings import of

_c, _u = t.captures.c, t.urls.c
MOMENTS = (
    sa.select(_u.key, _c.at, _c.payload_digest)
    .join(t.urls, _u.id == _c.url)
    .where(_u.key.in_(sa.bindparam("keys", expanding=True)), _c.at.between(sa.bindparam("since"), sa.bindparam("until")))
)
ANSWERS = (
    sa.select(_c.id, _u.key)
    .join(t.urls, _u.id == _c.url)
    .where(_u.key.in_(sa.bindparam("keys", expanding=True)), _c.status < 400)
    .order_by(_c.id)
)
LAST = sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))
SINCE = (
    sa.select(t.changes.c.kind, sa.func.count().label("n"))
    .where(t.changes.c.seq > sa.bindparam("seq"))
    .group_by(t.changes.c.kind)
)


def moments(c: Connection, keys: Collection[str], times: Collection[Millis]) -> set[tuple[str, Millis, str]]:
    """(URL key, time, payload digest) of what is known of these addresses within these times."""
    if not keys or not times:
        return set()
    span = {"since": min(times), "until": max(times)}
    return {
        (row.key, row.at, row.payload_digest)
        for some in chunks(sorted(keys))
        for row in c.execute(MOMENTS, {"keys": some, **span})
    }


def answers(c: Connection, keys: Collection[str]) -> dict[str, list[tuple[Capture, Capture | None]]]:
    """URL key → the captures of good answers of these addresses, each with what holds its payload."""
    numbers = {int(row.id): str(row.key) for some in chunks(sorted(keys)) for row in c.execute(ANSWERS, {"keys": some})}
    found: dict[str, list[tuple[Capture, Capture | None]]] = {}
    for item in of(c, numbers):
        found.setdefault(numbers[item.capture_id], []).append((item.capture, item.payload))
    return found


def last_change(c: Connection) -> int:
    """The ledger's last line."""
    return int(c.execute(LAST).scalar_one())


def changes_since(c: Connection, seq: int) -> dict[str, int]:
    """Lines of the ledger behind one, by kind."""
    return {row.kind: row.n for row in c.execute(SINCE, {"seq": seq})}
