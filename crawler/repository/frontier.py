"""What is still to be looked at, queue by queue. A queue is held by a fenced lease; a frontier row waits for one look of one run."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler import urls
from crawler.model import Kind, Millis, Original, Request, Run, RunKind, Task, Validators
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, clean, upsert

TODO, DEAD = "todo", "dead"
LIST, NEW, ATTACHMENT, REVISIT, BACKFILL = range(5)  # priorities
AT_ONCE = 400  # keys of one SELECT


@dataclass(frozen=True, slots=True)
class Seed:
    """An address to be put into the frontier."""

    request: Request
    public_url: str
    kind: Kind
    queue: str
    source: str
    priority: int
    due: Millis
    hops: int = 0
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A held queue. Writes under it carry `fence`; `next_at` is when its host may be asked again."""

    queue: str
    owner: str
    fence: int
    next_at: Millis


# ------------------------------------------------------------------ addresses
def ensure_urls(c: Connection, seeds: Iterable[Seed]) -> dict[str, int]:
    """Row ids by URL key; rows are made where there are none. A list stays a list."""
    rows: dict[str, dict[str, Any]] = {}
    for seed in seeds:
        key = urls.key(seed.request)
        rows[key] = {
            "key": key,
            "method": seed.request.method,
            "url": seed.request.url,
            "headers": json.dumps(seed.request.headers),
            "body": seed.request.body,
            "public_url": clean(seed.public_url),
            "queue": seed.queue,
            "kind": str(seed.kind),
            "source": seed.source,
            "via": seed.via,
        }
    if not rows:
        return {}
    known = _ids(c, rows)
    new = [row for key, row in rows.items() if key not in known]
    if new:
        c.execute(upsert(c, t.urls).on_conflict_do_nothing(), new)
        known |= _ids(c, [row["key"] for row in new])
    lists = [known[key] for key, row in rows.items() if row["kind"] == Kind.LIST]
    if lists:
        c.execute(t.urls.update().where(t.urls.c.id.in_(lists), t.urls.c.kind == str(Kind.DETAIL)).values(kind=str(Kind.LIST)))
    return known


def _ids(c: Connection, keys: Collection[str]) -> dict[str, int]:
    listed, found = list(keys), {}
    for at in range(0, len(listed), AT_ONCE):
        query = sa.select(t.urls.c.key, t.urls.c.id).where(t.urls.c.key.in_(listed[at : at + AT_ONCE]))
        found.update({row.key: row.id for row in c.execute(query)})
    return found


def seed(c: Connection, run: int, seeds: Sequence[Seed], *, again: bool = False) -> int:
    """Put addresses into a run's frontier; what stands there, or was looked at in this run already, does not stand twice.

    `again`: what was looked at already is looked at again. Returns how many rows were added.
    """
    ids = ensure_urls(c, seeds)
    if not ids:
        return 0
    by_id = {ids[urls.key(item.request)]: item for item in seeds}
    looked: set[int] = set()
    listed = [] if again else list(by_id)
    for at in range(0, len(listed), AT_ONCE):
        query = sa.select(t.looks.c.url).where(t.looks.c.run == run, t.looks.c.url.in_(listed[at : at + AT_ONCE]))
        looked.update(c.execute(query).scalars())
    rows = [
        {"run": run, "url": number, "queue": item.queue, "priority": item.priority, "due": item.due, "hops": item.hops}
        for number, item in by_id.items()
        if number not in looked
    ]
    if not rows:
        return 0
    c.execute(upsert(c, t.frontier).on_conflict_do_nothing(), rows)
    return len(rows)


# ------------------------------------------------------------------ queues
def queues_due(c: Connection, now: Millis, limit: int, runs: Collection[int] | None = None) -> list[str]:
    """Queues with something due that nobody holds and whose host may be asked, longest waiting first."""
    query = (
        sa.select(t.frontier.c.queue)
        .outerjoin(t.queues, t.queues.c.name == t.frontier.c.queue)
        .where(
            t.frontier.c.state == TODO,
            t.frontier.c.due <= now,
            sa.or_(t.queues.c.name.is_(None), sa.and_(t.queues.c.leased_until <= now, t.queues.c.next_at <= now)),
        )
        .group_by(t.frontier.c.queue)
        .order_by(sa.func.min(t.frontier.c.due))
        .limit(limit)
    )
    if runs is not None:
        query = query.where(t.frontier.c.run.in_(sorted(runs)))
    return list(c.execute(query).scalars())


def lease(c: Connection, queue: str, owner: str, now: Millis, until: Millis) -> Lease | None:
    """Hold a queue until `until`; None when somebody else does. Each lease has a higher fence than all before it."""
    c.execute(upsert(c, t.queues).values(name=queue, leased_until=0, next_at=0, delay=0).on_conflict_do_nothing())
    row = c.execute(
        t.queues.update()
        .where(t.queues.c.name == queue, t.queues.c.leased_until <= now)
        .values(fence=t.queues.c.fence + 1, owner=owner, leased_until=until)
        .returning(t.queues.c.fence, t.queues.c.next_at)
    ).first()
    return Lease(queue, owner, row.fence, row.next_at) if row else None


def renew(c: Connection, leases: Sequence[Lease], until: Millis) -> set[str]:
    """Hold on to leased queues; the names of those that somebody else holds now."""
    lost = set()
    for held in leases:
        done = c.execute(
            t.queues.update()
            .where(t.queues.c.name == held.queue, t.queues.c.fence == held.fence, t.queues.c.owner == held.owner)
            .values(leased_until=until)
            .returning(t.queues.c.name)
        ).first()
        if done is None:
            lost.add(held.queue)
    return lost


def release(c: Connection, held: Lease, next_at: Millis) -> None:
    """Give a queue back; its host may be asked again at `next_at`."""
    later = sa.case((t.queues.c.next_at < next_at, next_at), else_=t.queues.c.next_at)
    c.execute(
        t.queues.update()
        .where(t.queues.c.name == held.queue, t.queues.c.fence == held.fence, t.queues.c.owner == held.owner)
        .values(leased_until=0, owner=None, next_at=later)
    )


def release_owner(c: Connection, owner: str) -> None:
    """Give back everything a process held that is gone."""
    c.execute(t.queues.update().where(t.queues.c.owner == owner).values(leased_until=0, owner=None))


# ------------------------------------------------------------------ tasks
def slice_(c: Connection, held: Lease, now: Millis, limit: int, runs: Collection[int] | None = None) -> list[Task]:
    """The next tasks of a held queue: lists first, then new notices, then what is looked at again."""
    captured, first = t.captures.alias("captured"), t.captures.alias("first")
    home = t.urls.alias("home")
    query = (
        sa.select(
            t.frontier.c.id, t.frontier.c.tries, t.frontier.c.hops,
            t.urls.c.key, t.urls.c.method, t.urls.c.url, t.urls.c.headers, t.urls.c.body, t.urls.c.public_url, t.urls.c.kind,
            t.urls.c.via, t.urls.c.etag, t.urls.c.last_modified, t.urls.c.last_digest,
            t.runs.c.id.label("run"), t.runs.c.source, t.runs.c.kind.label("run_kind"), t.runs.c.slot,
            first.c.record, home.c.url.label("home"), first.c.at, first.c.payload_digest,
            sa.exists().where(t.pieces.c.capture == t.urls.c.last_capture).label("many"),
        )
        .select_from(t.frontier)
        .join(t.urls, t.urls.c.id == t.frontier.c.url)
        .join(t.runs, t.runs.c.id == t.frontier.c.run)
        .outerjoin(captured, captured.c.id == t.urls.c.last_capture)
        .outerjoin(first, first.c.id == sa.func.coalesce(captured.c.original, captured.c.id))
        .outerjoin(home, home.c.id == first.c.url)
        .where(t.frontier.c.queue == held.queue, t.frontier.c.state == TODO, t.frontier.c.due <= now)
        .order_by(t.frontier.c.priority, t.frontier.c.due, t.frontier.c.id)
        .limit(limit)
    )  # fmt: skip
    if runs is not None:
        query = query.where(t.frontier.c.run.in_(sorted(runs)))
    return [_task(row, held.queue) for row in c.execute(query)]


def _task(row: AnyRow, queue: str) -> Task:
    held = Original(row.record, row.home, row.at, row.payload_digest) if row.record else None
    return Task(
        key=row.key,
        request=Request(
            row.url, row.method, tuple((name, value) for name, value in json.loads(row.headers)), bytes(row.body or b"")
        ),
        public_url=row.public_url,
        queue=queue,
        kind=Kind(row.kind),
        source=row.source,
        run=Run(row.source, RunKind(row.run_kind), row.slot, row.run),
        tries=row.tries,
        validators=Validators(row.etag, row.last_modified, held)
        if held and (row.etag or row.last_modified) and not row.many
        else None,
        via=row.via,
        hops=row.hops,
        frontier=row.id,
        last_digest=row.last_digest,
    )
