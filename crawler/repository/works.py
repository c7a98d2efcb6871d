"""The act behind documents. Documents that share a match digest, in any version, are one work; its id is its earliest member's.

So the grouping is a closure over what has been seen, and does not depend on the order in which it was settled.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.repository import schema as t
from crawler.repository.database import upsert


def new(c: Connection, public_id: str) -> int:
    """A work of one: every document has one from the start."""
    number: int = c.execute(t.works.insert().values(public_id=public_id).returning(t.works.c.id)).scalar_one()
    return number


def link(c: Connection, document: int, match_digest: str, at: Millis) -> None:
    """Join the works of all documents that ever had this digest; remember why."""
    same = sa.select(t.versions.c.document).where(t.versions.c.match_digest == match_digest).distinct()
    members = c.execute(sa.select(t.documents.c.id, t.documents.c.work).where(t.documents.c.id.in_(same))).all()
    others = [row.id for row in members if row.id != document]
    if not others:
        return
    first = min(others)
    pair = {"document": document, "other": first, "kind": "copy", "reason": "match_digest", "score": 1.0, "at": at}
    c.execute(upsert(c, t.relations).values(**pair).on_conflict_do_nothing())
    joined = {row.work for row in members}
    if len(joined) > 1:
        _merge(c, joined)


def _merge(c: Connection, joined: set[int]) -> None:
    """All members into one work, named after the earliest of them (first seen, then id)."""
    rows = c.execute(
        sa.select(t.documents.c.id, t.documents.c.public_id, t.documents.c.first_seen).where(t.documents.c.work.in_(joined))
    ).all()
    earliest = min(rows, key=lambda row: (row.first_seen, row.public_id))
    work = min(joined)
    c.execute(t.documents.update().where(t.documents.c.work.in_(joined)).values(work=work))
    c.execute(t.works.delete().where(t.works.c.id.in_(joined - {work})))
    c.execute(t.works.update().where(t.works.c.id == work).values(public_id=earliest.public_id))
