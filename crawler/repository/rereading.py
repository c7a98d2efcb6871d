"""What other rules than today's have read: the captures that `reparse` reads again.

Of an address with documents these are the captures of their present versions, of one without its last capture: there today's rules may
find a notice. Of files that notices link to it is the capture that each was read from. Lists are left alone: what a list showed then was followed then.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Kind, Millis
from crawler.repository import schema as t

_c, _u, _r, _d, _v = t.captures.c, t.urls.c, t.readings.c, t.documents.c, t.versions.c
_present = sa.exists().where(_d.url == _u.id, _v.id == _d.version, _v.capture == _c.id)
_empty = sa.and_(_u.last_capture == _c.id, sa.not_(sa.exists().where(_d.url == _u.id)))
_file = sa.exists().where(t.contents.c.capture == _c.id)
_OLD = (
    sa.select(_u.id, _c.id)
    .select_from(t.readings)
    .join(t.captures, _c.id == _r.capture)
    .join(t.urls, _u.id == _c.url)
    .where(
        _u.source == sa.bindparam("source"),
        _r.rules != sa.bindparam("rules"),
        _c.at >= sa.bindparam("since"),
        sa.or_(
            sa.and_(_u.kind == str(Kind.DETAIL), sa.or_(_present, _empty)),
            sa.and_(_u.kind == str(Kind.ATTACHMENT), _file),
        ),
    )
)
COUNT = sa.select(sa.func.count()).select_from(_OLD.subquery())
NEXT = _OLD.where(_u.id > sa.bindparam("after")).order_by(_u.id, _c.id).limit(sa.bindparam("most"))
SOURCES = sa.select(_u.source).distinct().order_by(_u.source)


def sources(c: Connection) -> list[str]:
    """The sources that addresses belong to."""
    return list(c.execute(SOURCES).scalars())


def count(c: Connection, rules: Mapping[str, str], since: Millis) -> int:
    """How many captures of these sources were read by other `rules` (by source) than these."""
    told = ({"source": source, "rules": version, "since": since} for source, version in rules.items())
    return sum(int(c.execute(COUNT, asked).scalar_one()) for asked in told)


def following(c: Connection, source: str, rules: str, since: Millis, after: int, most: int) -> tuple[list[int], int | None]:
    """Some of a source's captures, those of one address together, behind the address `after`; and the last of their addresses, None where
    there are no more."""
    asked = {"source": source, "rules": rules, "since": since, "after": after, "most": most}
    rows = [(int(url), int(capture)) for url, capture in c.execute(NEXT, asked)]
    if not rows:
        return [], None
    last = rows[-1][0]
    if len(rows) == most and rows[0][0] != last:  # the last address may have more
        rows = [row for row in rows if row[0] != last]
    return [capture for _, capture in rows], rows[-1][0]
