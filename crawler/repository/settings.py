"""What the database holds of the configuration, brought to what it is now: whose an address is, and in which queue it stands.

Both are written when an address is met, and the configuration may be another afterwards. Nothing that was learned is forgotten, and what is
in the ledger stays as it was told.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.repository import runs
from crawler.repository import schema as t
from crawler.repository.database import chunks
from crawler.repository.runs import SourceRow

NOT_CONFIGURED = "its source is not configured any more"
BROKEN = "its source's file cannot be used"
AT_ONCE = 5_000  # addresses that are looked through together


@dataclass(frozen=True, slots=True)
class Settings:
    """What is configured. `starts`: URL key of what a run begins with → its source; `broken`: sources whose files cannot be used, which
    are neither there nor gone; `queue_of(source, url)`: politeness key."""

    sources: Sequence[SourceRow]
    starts: Mapping[str, str]
    broken: Collection[str]
    queue_of: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Moved:
    """What was brought to today's configuration: sources by their old name, addresses in another queue, runs that were given up."""

    renamed: Mapping[str, str]
    queued: int
    shelved: frozenset[int]


_s, _u, _f = t.sources.c, t.urls.c, t.frontier.c
KNOWN = sa.select(_s.id, _s.config_digest)
HOMES = sa.select(_u.key, _u.source).where(_u.key.in_(sa.bindparam("keys", expanding=True)))
FORGET = t.sources.update().where(_s.id == sa.bindparam("b_id")).values(enabled=0, config_digest="")
RENAMED = tuple(
    table.update().where(table.c.source == sa.bindparam("b_old")).values(source=sa.bindparam("b_new"))
    for table in (t.urls, t.documents)
)
LISTED = sa.select(t.listings.c.url).where(t.listings.c.source == sa.bindparam("b_new"))
RELIST = (
    t.listings.update()
    .where(t.listings.c.source == sa.bindparam("b_old"), t.listings.c.url.not_in(LISTED))
    .values(source=sa.bindparam("b_new"))
)
_shown = (
    sa.select(sa.func.min(t.listings.c.source))
    .where(t.listings.c.url == _u.id, t.listings.c.source.in_(sa.bindparam("here", expanding=True)))
    .scalar_subquery()
)
TAKEN_OVER = (
    t.urls.update()
    .where(_u.source.in_(sa.bindparam("orphans", expanding=True)), _shown.is_not(None))
    .values(source=_shown)
    .returning(_u.source)
)
OF_SOURCE = (
    sa.select(_u.id, _u.url, _u.queue)
    .where(_u.source == sa.bindparam("source"), _u.id > sa.bindparam("after"))
    .order_by(_u.id)
    .limit(AT_ONCE)
)
WAITING = sa.select(_f.id, t.runs.c.source, _u.url, _f.queue).join(t.runs, t.runs.c.id == _f.run).join(t.urls, _u.id == _f.url)
REQUEUE = tuple(
    table.update().where(table.c.id == sa.bindparam("b_id")).values(queue=sa.bindparam("b_queue"))
    for table in (t.urls, t.frontier)
)
OPEN = sa.select(t.runs.c.id, t.runs.c.source).where(t.runs.c.ended.is_(None))


def sync(c: Connection, settings: Settings) -> Moved:
    """Make the configured sources known; then give the addresses of those that are gone to whoever has them now, and put what stands in
    another queue than it should into its own. Where nothing has changed this reads the sources and no more."""
    known = {row.id: row.config_digest for row in c.execute(KNOWN)}
    runs.sync_sources(c, settings.sources)
    here = {row.id for row in settings.sources}
    gone = sorted(known.keys() - here - set(settings.broken))
    left = [name for name in gone if known[name]]
    changed = {row.id for row in settings.sources if known.get(row.id) != row.config_digest}
    if not changed and not left:
        return Moved({}, 0, _give_up(c, gone, settings.broken))
    if left:
        c.execute(FORGET, [{"b_id": name} for name in left])
    renamed = _rename(c, settings, gone)
    lists = sorted(row.id for row in settings.sources if row.config_digest)
    taken = set(c.execute(TAKEN_OVER, {"orphans": gone, "here": lists}).scalars()) if gone and lists else set[str]()
    queued = _requeue(c, settings, changed | set(left) | set(renamed.values()) | taken)
    return Moved(renamed, queued, _give_up(c, gone, settings.broken))


def _rename(c: Connection, settings: Settings, gone: Sequence[str]) -> dict[str, str]:
    """A source that is gone, and whose list another one starts at, has another name now."""
    renamed: dict[str, str] = {}
    for some in chunks(sorted(settings.starts)):
        for row in c.execute(HOMES, {"keys": some}):
            if row.source in gone:
                renamed.setdefault(row.source, settings.starts[row.key])
    if renamed:
        pairs = [{"b_old": old, "b_new": new} for old, new in sorted(renamed.items())]
        for statement in (*RENAMED, RELIST):
            c.execute(statement, pairs)
    return renamed


def _requeue(c: Connection, settings: Settings, sources: Iterable[str]) -> int:
    """Put addresses, and what is waited for, into the queues they belong to."""
    addresses: list[dict[str, object]] = []
    for source in sorted(sources):
        after = 0
        while rows := c.execute(OF_SOURCE, {"source": source, "after": after}).all():
            after = rows[-1].id
            wrong = ((row, settings.queue_of(source, row.url)) for row in rows)
            addresses += [{"b_id": row.id, "b_queue": queue} for row, queue in wrong if queue != row.queue]
    told = ((row, settings.queue_of(row.source, row.url)) for row in c.execute(WAITING).all())
    waiting = [{"b_id": row.id, "b_queue": queue} for row, queue in told if queue != row.queue]
    for statement, moved in zip(REQUEUE, (addresses, waiting), strict=True):
        if moved:
            c.execute(statement, moved)
    return len(addresses)


def _give_up(c: Connection, gone: Collection[str], broken: Collection[str]) -> frozenset[int]:
    """What runs still wait for whose source is gone or cannot be used: nobody knows how it is to be read; the next run finds it again."""
    shelved: set[int] = set()
    for row in c.execute(OPEN).all():
        reason = BROKEN if row.source in broken else NOT_CONFIGURED if row.source in gone else None
        if reason is not None:
            shelved |= {row.id, *runs.shelve(c, reason, queue=None, run=row.id)}
    return frozenset(shelved)
