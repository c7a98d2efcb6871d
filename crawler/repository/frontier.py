"""What is still to be looked at, queue by queue. A queue is held by a fenced lease; a frontier row waits for one look of one run."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Kind, Millis, Original, Request, Run, RunKind, Task, Validators
from crawler.politeness.host import Lease
from crawler.repository import addresses, looks
from crawler.repository import schema as t
from crawler.repository.addresses import Seed
from crawler.repository.database import AnyRow, chunks, clean, ignoring
from crawler.repository.many import many

TODO, DEAD = "todo", "dead"
LIST, NEW, ATTACHMENT, REVISIT, BACKFILL, KNOWN = range(6)  # priorities
SHELVED = "shelved: "  # reason of what was given up without having been asked


@dataclass(slots=True)
class Moves:
    """What a batch does to frontier rows, by (run, address): put, tried again, given up, postponed, done."""

    put: dict[tuple[int, int], dict[str, object]] = field(default_factory=dict)
    changed: dict[tuple[int, int], dict[str, object]] = field(default_factory=dict)
    done: set[tuple[int, int]] = field(default_factory=set)
    shelved: list[tuple[int, str, str]] = field(default_factory=list)  # (run, queue, reason): notices that are not waited for

    def add(self, run: int, address: int, seed: Seed) -> None:
        """A run is to look at an address; what stands there does not stand twice."""
        row = {"run": run, "url": address, "queue": seed.queue, "priority": seed.priority, "due": seed.due, "hops": seed.hops}
        self.put.setdefault((run, address), row)

    @property
    def queues(self) -> set[str]:
        """The queues in which rows are put."""
        return {str(row["queue"]) for row in self.put.values()}

    def change(self, run: int, address: int, **values: object) -> None:
        """Columns of a row that stands: `due`, `tries`, `reason`, `state`."""
        if (run, address) not in self.done:
            self.changed.setdefault((run, address), {}).update(values)

    def finish(self, run: int, address: int) -> None:
        """A row has had its look."""
        self.done.add((run, address))
        self.changed.pop((run, address), None)
        self.put.pop((run, address), None)


_f = t.frontier.c
_MINE = sa.and_(_f.run == sa.bindparam("b_run"), _f.url == sa.bindparam("b_url"))
FINISH = t.frontier.delete().where(_MINE)
POSTPONE = t.frontier.update().where(_MINE).values(due=sa.bindparam("b_due"))
RETRY = (
    t.frontier.update()
    .where(_MINE)
    .values(due=sa.bindparam("b_due"), tries=sa.bindparam("b_tries"), reason=sa.bindparam("b_reason"))
)
GIVE_UP = t.frontier.update().where(_MINE).values(state=DEAD, reason=sa.bindparam("b_reason"))
PUT = ignoring(t.frontier)
SHELVE = (
    t.frontier.update()
    .where(
        _f.run == sa.bindparam("b_run"),
        _f.queue == sa.bindparam("b_queue"),
        _f.state == TODO,
        sa.exists().where(t.urls.c.id == _f.url, t.urls.c.kind.in_([str(Kind.DETAIL), str(Kind.ATTACHMENT)])),
    )
    .values(state=DEAD, reason=sa.bindparam("b_reason"))
)
BY_CHANGE = ((POSTPONE, {"due"}), (RETRY, {"due", "tries", "reason"}), (GIVE_UP, {"state", "reason"}))


def apply(c: Connection, moves: Moves) -> None:
    """Write what a batch does to frontier rows."""
    for statement, names in BY_CHANGE:
        rows = [
            {"b_run": run, "b_url": url} | {f"b_{name}": value for name, value in values.items() if name != "state"}
            for (run, url), values in sorted(moves.changed.items())
            if values.keys() == names
        ]
        if rows:
            c.execute(statement, rows)
    if moves.done:
        many(c, FINISH, [{"b_run": run, "b_url": url} for run, url in sorted(moves.done)])
    if moves.put:
        many(c, PUT(c), [moves.put[key] for key in moves.put])
    if moves.shelved:
        c.execute(
            SHELVE,
            [{"b_run": run, "b_queue": queue, "b_reason": f"{SHELVED}{reason}"} for run, queue, reason in moves.shelved],
        )


_its_run = sa.select(t.runs.c.id).where(
    t.runs.c.source == sa.bindparam("b_source"), t.runs.c.kind == sa.bindparam("b_kind"), t.runs.c.slot == sa.bindparam("b_slot")
)
_its_address = sa.select(t.urls.c.id).where(t.urls.c.key == sa.bindparam("b_key"))
GIVE_UP_LOOK = (
    t.frontier.update().where(_f.run.in_(_its_run), _f.url.in_(_its_address)).values(state=DEAD, reason=sa.bindparam("b_reason"))
)


def give_up(c: Connection, run: Run, key: str, reason: str) -> None:
    """Nobody looks there again for this run before somebody asks for it: an address by its URL key, and why."""
    where = {"b_source": run.source, "b_kind": str(run.kind), "b_slot": run.slot, "b_key": key}
    c.execute(GIVE_UP_LOOK, where | {"b_reason": clean(reason)[:500]})


# ------------------------------------------------------------------ seeding
def seed(c: Connection, run: int, seeds: Sequence[Seed], *, again: bool = False) -> int:
    """Put addresses into a run's frontier; what stands there, or was looked at in this run already, does not stand twice.

    `again`: what was looked at already is looked at again. Returns how many rows were added.
    """
    known = addresses.ensure(c, seeds)
    by_id = {known[item.key].id: item for item in seeds}
    seen = set() if again else looks.looked(c, [run], by_id)
    moves = Moves()
    for number, item in by_id.items():
        if (run, number) not in seen:
            moves.add(run, number, item)
    apply(c, moves)
    return len(moves.put)


# ------------------------------------------------------------------ giving up for now
def shelve(c: Connection, which: sa.ColumnElement[bool], reason: str) -> list[tuple[int, int]]:
    """Mark as dead what waits and is meant: (run, address) of each row."""
    rows = t.frontier.update().where(t.frontier.c.state == TODO, which).values(state=DEAD, reason=f"{SHELVED}{reason}")
    return [(row.run, row.url) for row in c.execute(rows.returning(t.frontier.c.run, t.frontier.c.url))]


_own = t.frontier.alias("own").c
_mine = t.runs.alias("mine").c
_earlier = sa.select(t.runs.c.id).where(
    _mine.id == sa.bindparam("run"),
    t.runs.c.source == _mine.source,
    t.runs.c.kind == _mine.kind,
    t.runs.c.options == _mine.options,
    t.runs.c.id < _mine.id,
    t.runs.c.ended.is_not(None),
)
SUPERSEDED = t.frontier.delete().where(
    _f.state == DEAD,
    _f.run.in_(_earlier),
    sa.or_(
        _f.url.in_(sa.select(_own.url).where(_own.run == sa.bindparam("run"))),
        _f.url.in_(sa.select(t.looks.c.url).where(t.looks.c.run == sa.bindparam("run"))),
    ),
)


def supersede(c: Connection, run: int) -> None:
    """What earlier runs of the same wish had given up, and this one has looked at or given up itself, is told once: a column whose runs all
    end by their budget would leave its rows behind with each of them."""
    c.execute(SUPERSEDED, {"run": run})


# ------------------------------------------------------------------ queues
def _of_runs(query: sa.Select[Any]) -> dict[bool, sa.Select[Any]]:
    """A query over the whole frontier, and over that of certain runs."""
    return {False: query, True: query.where(t.frontier.c.run.in_(sa.bindparam("runs", expanding=True)))}


_DUE = _of_runs(
    sa.select(t.frontier.c.queue)
    .outerjoin(t.queues, t.queues.c.name == t.frontier.c.queue)
    .where(
        t.frontier.c.state == TODO,
        t.frontier.c.due <= sa.bindparam("now"),
        sa.or_(
            t.queues.c.name.is_(None),
            sa.and_(t.queues.c.leased_until <= sa.bindparam("now"), t.queues.c.next_at <= sa.bindparam("now")),
        ),
    )
    .group_by(t.frontier.c.queue)
    .order_by(sa.func.min(t.frontier.c.due))
    .limit(sa.bindparam("most"))
)


def queues_due(c: Connection, now: Millis, limit: int, runs: Collection[int] | None = None) -> list[str]:
    """Queues with something due that nobody holds and whose host may be asked, longest waiting first."""
    return list(c.execute(_DUE[runs is not None], {"now": now, "most": limit} | _named(runs)).scalars())


def _named(runs: Collection[int] | None) -> dict[str, list[int]]:
    return {} if runs is None else {"runs": sorted(runs)}


def ask_again(c: Connection, queues: Collection[str], now: Millis) -> None:
    """Somebody asks for these queues now: one whose breaker is open may be tried at once, with its one request."""
    broken = sa.and_(t.queues.c.name.in_(sorted(queues)), t.queues.c.broken_since.is_not(None), t.queues.c.next_at > now)
    c.execute(t.queues.update().where(broken).values(next_at=now))


# ------------------------------------------------------------------ tasks
_captured, _first, _home = t.captures.alias("captured"), t.captures.alias("first"), t.urls.alias("home")
_SLICE = _of_runs(
    sa.select(
        t.frontier.c.id, t.frontier.c.tries, t.frontier.c.hops,
        t.urls.c.key, t.urls.c.method, t.urls.c.url, t.urls.c.headers, t.urls.c.body, t.urls.c.public_url, t.urls.c.kind,
        t.urls.c.via, t.urls.c.etag, t.urls.c.last_modified, t.urls.c.last_digest,
        t.runs.c.id.label("run"), t.runs.c.source, t.runs.c.kind.label("run_kind"), t.runs.c.slot,
        _first.c.record, _home.c.url.label("home"), _first.c.at, _first.c.payload_digest,
        sa.exists().where(t.continuations.c.capture == t.urls.c.last_capture).label("many"),
    )
    .select_from(t.frontier)
    .join(t.urls, t.urls.c.id == t.frontier.c.url)
    .join(t.runs, t.runs.c.id == t.frontier.c.run)
    .outerjoin(_captured, _captured.c.id == t.urls.c.last_capture)
    .outerjoin(_first, _first.c.id == sa.func.coalesce(_captured.c.original, _captured.c.id))
    .outerjoin(_home, _home.c.id == _first.c.url)
    .where(t.frontier.c.queue == sa.bindparam("held"), t.frontier.c.state == TODO, t.frontier.c.due <= sa.bindparam("now"))
    .order_by(t.frontier.c.priority, t.frontier.c.due, t.frontier.c.id)
    .limit(sa.bindparam("most"))
)  # fmt: skip


def slice_(c: Connection, held: Lease, now: Millis, limit: int, runs: Collection[int] | None = None) -> list[Task]:
    """The next tasks of a held queue: lists first, then new notices, then documents, then what is looked at again."""
    rows = c.execute(_SLICE[runs is not None], {"held": held.queue, "now": now, "most": limit} | _named(runs)).all()
    return [_task(row, held.queue) for row in rows]


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


_POSTPONE = (
    t.frontier.update()
    .where(t.frontier.c.id == sa.bindparam("row"), t.frontier.c.due < sa.bindparam("later"))
    .values(due=sa.bindparam("later"))
)


def postpone(c: Connection, rows: Sequence[tuple[int, Millis]]) -> None:
    """Frontier rows that are not due before a certain time: (id, time)."""
    c.execute(_POSTPONE, [{"row": number, "later": due} for number, due in rows])


# ------------------------------------------------------------------ for people
@dataclass(frozen=True, slots=True)
class RowView:
    """One row of the frontier: what is looked at next, when and why again, or what was given up (`dead`) and why."""

    id: int
    state: str
    source: str
    run_kind: str
    queue: str
    kind: str
    url: str
    tries: int
    due: Millis
    reason: str | None


def rows(
    c: Connection, *, state: str | None = None, source: str | None = None, queue: str | None = None, limit: int = 1000
) -> list[RowView]:
    """Rows of the frontier: what is due first, then what was given up."""
    query = (
        sa.select(
            t.frontier.c.id, t.frontier.c.state, t.runs.c.source, t.runs.c.kind.label("run_kind"), t.frontier.c.queue, t.urls.c.kind, t.urls.c.url,
            t.frontier.c.tries, t.frontier.c.due, t.frontier.c.reason,
        )
        .join(t.urls, t.urls.c.id == t.frontier.c.url)
        .join(t.runs, t.runs.c.id == t.frontier.c.run)
        .order_by(t.frontier.c.state.desc(), t.frontier.c.due, t.frontier.c.id)
        .limit(limit)
    )  # fmt: skip
    for column, wanted in ((t.frontier.c.state, state), (t.runs.c.source, source), (t.frontier.c.queue, queue)):
        query = query if wanted is None else query.where(column == wanted)
    return [RowView(**row._mapping) for row in c.execute(query)]  # noqa: SLF001 - the documented way to a row as a mapping


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What a run was that gave rows up: its source, its kind, and the options it had."""

    source: str
    kind: RunKind
    options: str

    @classmethod
    def of(cls, source: str, kind: str, options: str) -> "GivenUp":
        """Of a run that took up rows of another: what that one was."""
        said = json.loads(options)
        said.pop("requeued", None)
        return cls(source, RunKind(said.pop("as", kind)), json.dumps(said))

    def again(self, count: int) -> dict[str, object]:
        """The options of the one-off run that takes so many rows up: it reads columns `as` the first one did."""
        return {**json.loads(self.options), "requeued": count, "as": str(self.kind)}


def dead(
    c: Connection, *, ids: Collection[int] = (), source: str | None = None, reason: str | None = None
) -> dict[GivenUp, list[int]]:
    """Rows that were given up, by what their run was: all of them, or these ids, of one source, whose reason starts so."""
    query = (
        sa.select(t.frontier.c.id, t.runs.c.source, t.runs.c.kind, t.runs.c.options)
        .join(t.runs, t.runs.c.id == t.frontier.c.run)
        .where(t.frontier.c.state == DEAD)
        .order_by(t.frontier.c.id)
    )
    if ids:
        query = query.where(t.frontier.c.id.in_(sorted(ids)))
    if source is not None:
        query = query.where(t.runs.c.source == source)
    if reason is not None:
        query = query.where(t.frontier.c.reason.startswith(reason, autoescape=True))
    found: dict[GivenUp, list[int]] = {}
    for row in c.execute(query):
        found.setdefault(GivenUp.of(row.source, row.kind, row.options), []).append(row.id)
    return found


def revive(c: Connection, run: int, ids: Sequence[int], now: Millis) -> int:
    """Move dead rows into a run that is open and make them due, tries forgotten; of two for one address one goes. How many are due.

    A list page keeps its place in its column: how deep a run may read counts from the head. In the place of a continuation comes the address
    whose record it belongs to: a record is made of one run's captures.
    """
    rows = [row for some in chunks(ids) for row in _revived(c, some)]
    kept = {row.address: row for row in rows}
    gone = [row.id for row in rows if kept[row.address] is not row]
    for number in gone:
        c.execute(t.frontier.delete().where(t.frontier.c.id == number))
    for row in kept.values():
        values = {"run": run, "url": row.address, "queue": row.queue, "state": TODO, "tries": 0, "due": now, "reason": None}
        c.execute(t.frontier.update().where(t.frontier.c.id == row.id).values(**values))
    places = [
        {"run": run, "url": row.address, "head": row.head, "page": row.page} for row in kept.values() if row.page is not None
    ]
    if places:
        c.execute(t.list_pages.insert(), places)
    return len(kept)


def _revived(c: Connection, ids: Sequence[int]) -> Sequence[AnyRow]:
    """Dead rows with the address and queue that is asked instead, and the place in a column."""
    holder, pages = t.urls.alias("holder"), t.list_pages.c
    query = (
        sa.select(
            t.frontier.c.id, sa.func.coalesce(holder.c.id, t.frontier.c.url).label("address"),
            sa.func.coalesce(holder.c.queue, t.frontier.c.queue).label("queue"), pages.head, pages.page,
        )
        .join(t.urls, t.urls.c.id == t.frontier.c.url)
        .outerjoin(holder, sa.and_(t.urls.c.kind == str(Kind.CONTINUATION), holder.c.key == t.urls.c.via))
        .outerjoin(t.list_pages, sa.and_(pages.run == t.frontier.c.run, pages.url == t.frontier.c.url))
        .where(t.frontier.c.id.in_(ids))
        .order_by(t.frontier.c.id)
    )  # fmt: skip
    return c.execute(query).all()
