"""Continuations: the further captures a record is made of, and the rounds in which they are looked at.

A *round* is one run's looks at an address and at the continuations its page names. A record is made of one round only: its first page
and its second are never from different visits. The round of a capture is the run of the look that made it, which the archive knows as
well, so a rebuilt database puts the same captures together. An address with continuations is asked without validators: each of its
looks then has a capture of its own, and that capture stands for the round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import GOOD, MISSES, Kind, Outcome
from crawler.repository import addresses, looks
from crawler.repository import schema as t
from crawler.repository.addresses import Address
from crawler.repository.database import lock_keys

MOST_HOPS = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A run's last look at an address. `redirect`: URL key its address was last redirected to."""

    outcome: Outcome
    capture: int | None
    redirect: str | None


@dataclass(frozen=True, slots=True)
class Round:
    """The continuations of one capture in its round, in order: (URL key, id of the capture that shows it, None when there is none).

    `reached`: every one was looked at, and was there or is said by its server not to be.
    """

    run: int | None
    named: tuple[tuple[str, int | None], ...] = ()
    reached: bool = True

    @property
    def captures(self) -> tuple[int, ...]:
        """The captures there are."""
        return tuple(capture for _, capture in self.named if capture is not None)


@dataclass(slots=True)
class Rounds:
    """What is known of continuations while a batch is folded.

    `named`: capture → addresses it names, in order; `holders`: capture → URL key of its own address; `showing`: (run, capture) of looks
    that brought such a capture; `seen`: (run, address) → the last look; `waiting`: (run, address) → `via`, of frontier rows that are due.
    """

    named: dict[int, list[int]] = field(default_factory=dict)
    holders: dict[int, str] = field(default_factory=dict)
    showing: list[tuple[int, int]] = field(default_factory=list)
    seen: dict[tuple[int, int], Seen] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # URL key → address, of what was looked at
    waiting: dict[tuple[int, int], str | None] = field(default_factory=dict)
    given_up: set[tuple[int, int]] = field(default_factory=set)  # (run, address) of frontier rows that are dead
    addresses: dict[int, Address] = field(default_factory=dict)
    renamed: set[int] = field(default_factory=set)  # captures whose names are to be written

    def name(self, capture: int, holder: str, listed: Sequence[int]) -> None:
        """From now on a capture names these addresses."""
        if self.named.get(capture, []) != list(listed):
            self.renamed.add(capture)
        self.named[capture] = list(listed)
        self.holders[capture] = holder

    def ask(self, run: int, address: Address) -> None:
        """A run is to look at a continuation; what it has given up it does not wait for."""
        if (run, address.id) not in self.given_up:
            self.waiting.setdefault((run, address.id), address.via)

    def waits(self, run: int, capture: int) -> bool:
        """Does the run still wait for a continuation of this capture, or for where one was redirected to?"""
        listed, holder = set(self.named.get(capture, ())), self.holders.get(capture)
        return any(r == run and (url in listed or (via is not None and via == holder)) for (r, url), via in self.waiting.items())

    def ready(self, run: int, url: int, via: str | None) -> list[int]:
        """Captures of this run whose rounds a final look at `url` has made whole: they are to be read (again) with all of them."""
        found = []
        for capture in dict.fromkeys(capture for r, capture in self.showing if r == run):
            listed = self.named.get(capture)
            concerns = listed and (url in listed or (via is not None and self.holders[capture] == via))
            if concerns and not self.waits(run, capture):
                found.append(capture)
        return found

    def round_of(self, run: int | None, capture: int) -> Round:
        """The round of a capture, whose look belonged to `run`, as far as it has come."""
        listed = self.named.get(capture)
        if not listed or run is None:
            return Round(run)
        seen = [self._seen(run, url) for url in listed]
        named = tuple((self.addresses[url].key, shown) for url, (_, shown) in zip(listed, seen, strict=True))
        return Round(run, named, reached=all(outcome in GOOD | MISSES for outcome, _ in seen))

    def _seen(self, run: int, url: int) -> tuple[Outcome | None, int | None]:
        """(outcome, capture) of the run's last look at an address, through its redirects."""
        for _ in range(MOST_HOPS):
            look = self.seen.get((run, url))
            if look is None:
                return None, None
            if look.outcome is not Outcome.REDIRECTED:
                return look.outcome, look.capture if look.outcome in GOOD else None
            target = self.numbers.get(look.redirect or "")
            if target is None:
                return look.outcome, None
            url = target
        return Outcome.REDIRECTED, None


_holder = t.urls.alias("holder")
_concerned = sa.union(
    sa.select(t.captures.c.id).where(t.captures.c.id.in_(sa.bindparam("captures", expanding=True))),
    sa.select(t.continuations.c.capture).where(t.continuations.c.url.in_(sa.bindparam("ids", expanding=True))),
    sa.select(t.captures.c.id)
    .join(_holder, _holder.c.id == t.captures.c.url)
    .where(_holder.c.key.in_(sa.bindparam("vias", expanding=True))),
)
_own = t.urls.alias("own")
NAMED = (
    sa.select(t.continuations.c.capture, t.continuations.c.url, _own.c.key)
    .join(t.captures, t.captures.c.id == t.continuations.c.capture)
    .join(_own, _own.c.id == t.captures.c.url)
    .where(t.continuations.c.capture.in_(_concerned))
    .order_by(t.continuations.c.capture, t.continuations.c.position)
)
WAITING = (
    sa.select(t.frontier.c.run, t.frontier.c.url, t.frontier.c.state, t.urls.c.via)
    .join(t.urls, t.urls.c.id == t.frontier.c.url)
    .where(
        t.frontier.c.run.in_(sa.bindparam("runs", expanding=True)),
        sa.or_(
            t.frontier.c.url.in_(sa.bindparam("ids", expanding=True)),
            sa.and_(t.urls.c.kind == str(Kind.CONTINUATION), t.urls.c.via.in_(sa.bindparam("holders", expanding=True))),
        ),
    )
)
FORGET = t.continuations.delete().where(t.continuations.c.capture == sa.bindparam("b_capture"))


@dataclass(frozen=True, slots=True)
class Question:
    """Whose continuations are asked for: those named by captures, those that name one of `ids`, and those of the addresses `vias`.

    `renamed`: what a capture's page names now, whatever it was said to name before.
    """

    runs: frozenset[int]
    captures: frozenset[int]
    ids: frozenset[int] = frozenset()
    vias: frozenset[str] = frozenset()
    renamed: Mapping[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)


def lock(c: Connection) -> None:
    """One process at a time names continuations or tells that one was looked at: else the last look could miss who waits for it."""
    lock_keys(c, ["continuations"])


def load(c: Connection, asked: Question) -> Rounds:
    """Everything `Rounds` answers from; one statement where there are none."""
    found = Rounds()
    asked_for = {"captures": sorted(asked.captures), "ids": sorted(asked.ids), "vias": sorted(asked.vias)}
    for row in c.execute(NAMED, asked_for):
        found.named.setdefault(row.capture, []).append(row.url)
        found.holders[row.capture] = row.key
    for capture, (holder, listed) in asked.renamed.items():
        found.name(capture, holder, listed)
    if not any(found.named.values()):
        return found
    runs = sorted(asked.runs)
    ids = sorted({url for listed in found.named.values() for url in listed})
    holders = sorted(set(found.holders.values()))
    for look in c.execute(looks.OF_CONTINUATIONS, {"runs": runs, "ids": ids, "holders": holders}):
        found.seen[look.run, look.url] = Seen(Outcome(look.outcome), look.capture, look.redirect)
        found.numbers[look.key] = look.url
    for due in c.execute(WAITING, {"runs": runs, "ids": ids, "holders": holders}):
        if due.state == "todo":
            found.waiting[due.run, due.url] = due.via
        else:
            found.given_up.add((due.run, due.url))
    showing = c.execute(looks.SHOWING, {"runs": runs, "captures": sorted(found.named)})
    found.showing = [(row.run, row.capture) for row in showing]
    found.addresses = addresses.by_id(c, ids)
    return found


FIRST_RUN = (
    sa.select(t.looks.c.capture, t.looks.c.run)
    .where(t.looks.c.capture.in_(sa.bindparam("captures", expanding=True)))
    .order_by(t.looks.c.id.desc())
)


def of_captures(c: Connection, captures: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """The continuations that are there of each of these captures' rounds: (URL key, capture). One statement where there are none."""
    named = {row.capture for row in c.execute(NAMED, {"captures": list(captures), "ids": [], "vias": []})}
    if not named:
        return {}
    runs = {row.capture: row.run for row in c.execute(FIRST_RUN, {"captures": sorted(named)})}
    rounds = load(c, Question(frozenset(run for run in runs.values() if run is not None), frozenset(named)))
    found = {}
    for capture in named:
        its = rounds.round_of(runs.get(capture), capture)
        found[capture] = [(key, number) for key, number in its.named if number is not None]
    return found


def save(c: Connection, rounds: Rounds) -> None:
    """Write what captures name now."""
    if not rounds.renamed:
        return
    c.execute(FORGET, [{"b_capture": capture} for capture in sorted(rounds.renamed)])
    rows = [
        {"capture": capture, "position": position, "url": url}
        for capture in sorted(rounds.renamed)
        for position, url in enumerate(rounds.named[capture])
    ]
    if rows:
        c.execute(t.continuations.insert(), rows)
