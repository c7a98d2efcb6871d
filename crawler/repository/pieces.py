"""The further captures of a record: which they are, where they stand in one round, and when a round is whole.

A *round* is one run's looks at an address and at the pieces its page names. A record is made of one round only: its first page and its
second are never from different visits. The round of a capture is the run of the look that made it, which the archive knows as well,
so a rebuilt database puts the same captures together. An address with pieces is asked without validators: each of its looks then has
a capture of its own, and that capture stands for the round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import GOOD, MISSES, Kind, Millis, Outcome, Request
from crawler.repository import frontier
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, lock_keys, upsert
from crawler.repository.frontier import Seed
from crawler.text import urls

MOST_HOPS = 10


@dataclass(frozen=True, slots=True)
class Round:
    """The pieces of one capture in its round, in order: (URL key, id of the capture that shows it, None when there is none).

    `reached`: every piece was looked at, and was there or is said by its server not to be.
    """

    run: int | None
    pieces: tuple[tuple[str, int | None], ...] = ()
    reached: bool = True

    @property
    def captures(self) -> tuple[int, ...]:
        """The captures there are."""
        return tuple(capture for _, capture in self.pieces if capture is not None)


# ------------------------------------------------------------------ what a capture names
def name(c: Connection, row: AnyRow, continues: Sequence[Request], queue_of: Callable[[str, str], str]) -> list[int]:
    """Remember the further addresses that a capture's page names, in order, in the place of what it was said to name before."""
    if not continues:
        c.execute(t.pieces.delete().where(t.pieces.c.capture == row.capture))
        return []
    lock(c)
    seeds = [
        Seed(request, request.url, Kind.PIECE, queue_of(row.source, request.url), row.source, frontier.NEW, row.at, via=row.key)
        for request in continues
    ]
    ids = frontier.ensure_urls(c, seeds)
    listed = list(dict.fromkeys(ids[urls.key(request)] for request in continues))
    c.execute(t.pieces.delete().where(t.pieces.c.capture == row.capture))
    if listed:
        c.execute(t.pieces.insert(), [{"capture": row.capture, "position": at, "url": url} for at, url in enumerate(listed)])
    return listed


def lock(c: Connection) -> None:
    """One process at a time names pieces or tells that one was looked at: else the last look could miss who waits for it."""
    lock_keys(c, ["pieces"])


def same(c: Connection, before: int, capture: int) -> list[int]:
    """A capture of the same bytes names the same pieces; their addresses."""
    listed = _named(c, before)
    if listed and capture != before:
        c.execute(t.pieces.delete().where(t.pieces.c.capture == capture))
        c.execute(t.pieces.insert(), [{"capture": capture, "position": at, "url": url} for at, url in enumerate(listed)])
    return listed


def _named(c: Connection, capture: int) -> list[int]:
    query = sa.select(t.pieces.c.url).where(t.pieces.c.capture == capture).order_by(t.pieces.c.position)
    return list(c.execute(query).scalars())


def follow(c: Connection, run: int, capture: int, at: Millis) -> bool:
    """Put the pieces of a capture into a run's frontier, but those it has looked at; True when the run waits for any of them."""
    listed = _named(c, capture)
    looked = set(c.execute(sa.select(t.looks.c.url).where(t.looks.c.run == run, t.looks.c.url.in_(listed))).scalars())
    rows = c.execute(
        sa.select(t.urls.c.id, t.urls.c.queue).where(t.urls.c.id.in_([url for url in listed if url not in looked]))
    ).all()
    if rows:
        values = [{"run": run, "url": row.id, "queue": row.queue, "priority": frontier.NEW, "due": at} for row in rows]
        c.execute(upsert(c, t.frontier).on_conflict_do_nothing(), values)
    return _waits(c, run, capture, listed)


def _waits(c: Connection, run: int, capture: int, listed: Sequence[int]) -> bool:
    """Does the run still wait for one of these pieces, or for where one was redirected to?"""
    holder = sa.select(t.urls.c.key).join(t.captures, t.captures.c.url == t.urls.c.id).where(t.captures.c.id == capture)
    own = sa.and_(t.urls.c.kind == str(Kind.PIECE), t.urls.c.via == holder.scalar_subquery())
    query = (
        sa.select(t.frontier.c.id)
        .join(t.urls, t.urls.c.id == t.frontier.c.url)
        .where(t.frontier.c.run == run, t.frontier.c.state == frontier.TODO, sa.or_(t.frontier.c.url.in_(listed), own))
    )
    return c.execute(query.limit(1)).first() is not None


# ------------------------------------------------------------------ a round
def round_of(c: Connection, capture: int) -> Round:
    """The round of a capture as far as it has come."""
    run = c.execute(sa.select(t.looks.c.run).where(t.looks.c.capture == capture).order_by(t.looks.c.id).limit(1)).scalar()
    listed = _named(c, capture)
    if not listed or run is None:
        return Round(run)
    keys = {row.id: row.key for row in c.execute(sa.select(t.urls.c.id, t.urls.c.key).where(t.urls.c.id.in_(listed)))}
    seen = [_seen(c, run, url) for url in listed]
    return Round(
        run,
        tuple((keys[url], shown) for url, (_, shown) in zip(listed, seen, strict=True)),
        reached=all(outcome in GOOD | MISSES for outcome, _ in seen),
    )


def _seen(c: Connection, run: int, url: int) -> tuple[Outcome | None, int | None]:
    """(outcome, capture) of the run's last look at an address, through its redirects."""
    for _ in range(MOST_HOPS):
        query = (
            sa.select(t.looks.c.outcome, t.looks.c.capture, t.urls.c.redirect)
            .join(t.urls, t.urls.c.id == t.looks.c.url)
            .where(t.looks.c.run == run, t.looks.c.url == url)
        )
        row = c.execute(query.order_by(t.looks.c.id.desc()).limit(1)).first()
        if row is None:
            return None, None
        outcome = Outcome(row.outcome)
        if outcome is not Outcome.REDIRECTED:
            return outcome, row.capture if outcome in GOOD else None
        target = c.execute(sa.select(t.urls.c.id).where(t.urls.c.key == row.redirect)).scalar()
        if target is None:
            return outcome, None
        url = target
    return Outcome.REDIRECTED, None


def ready(c: Connection, run: int, url: int, via: str | None) -> list[int]:
    """Captures of this run whose rounds a final look at `url` has made whole: they are to be read (again) with all their pieces."""
    holder = t.urls.alias("holder")
    names = sa.exists().where(t.pieces.c.capture == t.looks.c.capture, t.pieces.c.url == url)
    query = (
        sa.select(t.looks.c.capture)
        .join(holder, holder.c.id == t.looks.c.url)
        .where(
            t.looks.c.run == run,
            t.looks.c.capture.is_not(None),
            t.looks.c.outcome.in_([str(Outcome.OK), str(Outcome.SAME_BYTES)]),
            sa.or_(holder.c.key == via, names),
        )
    )
    found = []
    for capture in dict.fromkeys(c.execute(query).scalars()):
        listed = _named(c, capture)
        if listed and not _waits(c, run, capture, listed):
            found.append(int(capture))
    return found


def with_pieces(c: Connection, captures: Sequence[int]) -> set[int]:
    """Those of these captures that name pieces."""
    return set(c.execute(sa.select(t.pieces.c.capture).where(t.pieces.c.capture.in_(captures)).distinct()).scalars())
