"""Is a notice still there? The state of an address between looks, applied to its documents and to the ledger."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler import decide
from crawler.model import Millis, Watch
from crawler.repository import schema as t
from crawler.repository.changes import NewChange


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
) -> None:
    """Apply one look: misses, revisit ladder, presence of the documents at this address; `changes` receives ledger lines."""
    row = c.execute(sa.select(t.urls.c.misses, t.urls.c.first_missed, t.urls.c.rung).where(t.urls.c.id == url)).one()
    documents = c.execute(sa.select(t.documents).where(t.documents.c.url == url)).all()
    present = next((d.presence for d in documents if d.presence != decide.GONE), documents[0].presence if documents else None)
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
    c.execute(t.documents.update().where(t.documents.c.url == url).values(**update))
    if fate.change is not None:
        for document in documents:
            detail = {
                "last_seen": document.last_seen,
                "first_missed": state.first_missed or document.first_missed,
                "misses": state.misses or row.misses,
            }
            changes.append(
                NewChange(fate.change, at, document.source, document.id, document.version, document.version, look, detail)
            )
