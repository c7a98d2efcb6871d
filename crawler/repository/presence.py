"""Is a notice still there? The state of an address between looks, applied to its documents and to the ledger."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import GOOD, ChangeKind, Millis, Outcome, Watch
from crawler.pipeline import decide
from crawler.repository import schema as t
from crawler.repository.changes import NewChange
from crawler.repository.database import AnyRow


def looked(
    c: Connection,
    url: int,
    there: bool | None,
    *,
    at: Millis,
    look: int | None,
    watch: Watch,
    well: bool,
    changes: list[NewChange],
    fresh: bool = False,
    parts: Collection[int] | None = None,
) -> None:
    """Apply one look: misses, revisit ladder, presence of the documents at this address; `changes` receives ledger lines.

    `parts`: the notices that stand on the page. None, nobody read it: those that stood on it when one was seen last; a notice
    that was taken off a page of many stays off.
    """
    row = c.execute(sa.select(t.urls.c.misses, t.urls.c.first_missed, t.urls.c.rung).where(t.urls.c.id == url)).one()
    documents = _standing(c.execute(sa.select(t.documents).where(t.documents.c.url == url)).all(), parts)
    held = {document.presence for document in documents}
    present = next((word for word in (decide.HERE, decide.MISSING, decide.GONE) if word in held), None)
    fate = decide.after_look(
        decide.UrlState(row.misses, row.first_missed, row.rung, present), there, at, watch, well=well, fresh=fresh
    )
    state = fate.state
    values = {"misses": state.misses, "first_missed": state.first_missed, "rung": state.rung, "due": fate.due}
    c.execute(t.urls.update().where(t.urls.c.id == url).values(**values))
    if not documents:
        return
    update: dict[str, object] = {"presence": state.presence, "first_missed": state.first_missed}
    if there:
        update["last_seen"] = sa.case((t.documents.c.last_seen < at, at), else_=t.documents.c.last_seen)
    c.execute(t.documents.update().where(t.documents.c.id.in_([document.id for document in documents])).values(**update))
    for document in documents:
        change = ChangeKind.BACK if there and document.presence != decide.HERE else fate.change
        if change is not None and not (change is ChangeKind.BACK and document.presence == decide.HERE):
            detail = {
                "last_seen": document.last_seen,
                "first_missed": state.first_missed or document.first_missed,
                "misses": state.misses or row.misses,
            }
            changes.append(NewChange(change, at, document.source, document.id, document.version, document.version, look, detail))


def waits(c: Connection, capture: int | None) -> bool:
    """Is this capture, the last of its address, still to be read? What looks after it say of its notices waits for that."""
    query = sa.select(t.readings.c.capture).where(t.readings.c.capture == capture, t.readings.c.state == "pending")
    return capture is not None and c.execute(query).first() is not None


def has_spoken(c: Connection, url: int, capture: int) -> bool:
    """Was a later capture of this address read already?"""
    later = sa.select(t.captures.c.id).join(t.readings, t.readings.c.capture == t.captures.c.id)
    return (
        c.execute(later.where(t.captures.c.url == url, t.captures.c.id > capture, t.readings.c.rules.is_not(None))).first()
        is not None
    )


def later(c: Connection, url: int, look: int, capture: int) -> list[AnyRow]:
    """The looks at an address behind `look`, up to the next that has a page of its own to be read."""
    found = []
    for row in c.execute(sa.select(t.looks).where(t.looks.c.url == url, t.looks.c.id > look).order_by(t.looks.c.id)):
        if Outcome(row.outcome) in GOOD and row.capture != capture:
            break
        found.append(row)
    return found


def _standing(documents: Sequence[AnyRow], parts: Collection[int] | None) -> list[AnyRow]:
    if parts is not None:
        return [document for document in documents if document.part in parts]
    latest = max((document.last_seen for document in documents), default=0)
    return [document for document in documents if document.last_seen == latest]
