"""How every source is, in figures: what `gongkai health` shows. Reads only; nothing is judged here that a run has not judged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from crawler.model import Expect, Millis, Observation
from crawler.monitor import health
from crawler.monitor.health import Rhythm
from crawler.repository import attached, captures, documents, moments, observations, outbox, queues, runs, sources
from crawler.repository.attached import Counts
from crawler.repository.captures import Hurt
from crawler.repository.database import Connection
from crawler.repository.moments import Fault
from crawler.repository.observations import FIELDS
from crawler.repository.outbox import ChannelView
from crawler.repository.queues import Broken
from crawler.repository.runs import Process
from crawler.repository.sources import State

ALIVE: Millis = 60_000  # a process that has not been heard of for so long is taken for dead
RUNS = 10  # whose notices make up the fill rates


@dataclass(frozen=True, slots=True)
class Columns:
    """What came of a source's columns in a run: rows listed; why rows were not fetched; the rules that ended columns.

    Of columns that were read to their end and declared a total: that total, and by how much their rows fall short of it or exceed it.
    """

    listed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    stops: Mapping[str, int] = field(default_factory=dict)
    declared: int = 0
    undercount: int = 0
    overcount: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Columns":
        """From what was counted with runs."""
        skipped, stops = (
            {name.removeprefix(what): n for name, n in sorted(counts.items()) if name.startswith(what)}
            for what in ("skip:", "stop:")
        )
        listed, declared = counts.get("listed", 0), counts.get("declared", 0)
        return cls(listed, skipped, stops, declared, counts.get("undercount", 0), counts.get("overcount", 0))


def columns(c: Connection, runs: Collection[int]) -> dict[str, Columns]:
    """By source, what came of its columns in those of these runs that are over."""
    return {source: Columns.of(counts) for source, counts in sources.counted(c, runs).items()}


@dataclass(frozen=True, slots=True)
class Condition:
    """One source. `rows` and `columns` of its last run, `expected` rows of its first list page; `fill` share of the newest notices with a field;
    `hurt` what is damaged in the archive;
    `blocked` share of the last seven days' looks; `overdue` how far it is in its longest silence (1: at its end)."""

    id: str
    state: str
    since: Millis | None
    trouble: str | None
    reasons: tuple[str, ...]
    bad: int
    good: int
    paused: Millis | None
    rests_until: Millis | None
    last_ok: Millis | None
    last_new: Millis | None
    last_run: Millis | None
    last_result: str | None
    rows: int | None
    expected: int | None
    fill: Mapping[str, float]
    looks: int
    blocked: float | None
    silence: str | None
    overdue: float | None
    columns: Columns
    hurt: Hurt


@dataclass(frozen=True, slots=True)
class House:
    """How the archive's own works are, beside its sources.

    `daemon`: the one alive, else the one that died without taking its leave. `fired`: when a schedule fired last; then a daemon is looked
    for. `clock`: a clock fault that was noticed within a day. `unsearchable`: documents that could not be indexed, and why. `broken`: hosts that are left alone just now, and that anybody waits for.
    """

    daemon: Process | None
    alive: bool
    fired: Millis | None
    broken: tuple[Broken, ...]
    channels: tuple[ChannelView, ...]
    clock: Fault | None = None
    unsearchable: tuple[int, str] = (0, "")
    attachments: Counts = field(default_factory=Counts)

    @property
    def lacks_daemon(self) -> bool:
        """Is none alive where one has worked before?"""
        return not self.alive and (self.daemon is not None or self.fired is not None)


def house(c: Connection, wanted: Collection[str], channels: Collection[str], now: Millis) -> House:
    """How the works are. `wanted`: queues that a source uses; `channels`: those that are configured."""
    daemons = [process for process in runs.processes(c) if process.what == "run"]
    return House(
        daemon=daemons[0] if daemons else None,
        alive=bool(daemons) and abs(now - daemons[0].beat) <= ALIVE,  # nobody was heard of later than now
        fired=runs.last_fired(c),
        broken=tuple(queue for queue in queues.broken(c) if queue.waiting or queue.name in wanted),
        channels=tuple(channel for channel in outbox.channels(c) if channel.name in channels),
        clock=moments.last_fault(c, now - health.DAY),
        unsearchable=documents.unsearchable(c),
        attachments=attached.counts(c),
    )


def conditions(c: Connection, expects: Mapping[str, Expect], now: Millis, only: Collection[str] = ()) -> dict[str, Condition]:
    """By source id, of those that were ever seen by a process."""
    return {row.id: _one(c, row, expects.get(row.id, Expect()), now) for row in sources.states(c, sorted(only or expects))}


def _one(c: Connection, row: State, expect: Expect, now: Millis) -> Condition:
    last = sources.last_run(c, row.id)
    shown = last.observation if last else None
    before = observations.before(c, row.id)
    rhythm = health.rhythm(observations.listed(c, row.id, now))
    looks, blocked = sources.looked(c, row.id, now)
    return Condition(
        id=row.id,
        state=row.health,
        since=row.health_since,
        trouble=row.trouble,
        reasons=row.reasons,
        bad=row.bad,
        good=row.good,
        paused=row.paused,
        rests_until=row.rests_until if row.rests_until and row.rests_until > now else None,
        last_ok=row.last_ok,
        last_new=rhythm.last_new or row.last_new,
        last_run=last.ended if last else None,
        last_result=last.result if last else None,
        rows=shown.rows if shown and shown.faces else None,
        expected=expect.rows if expect.rows is not None else _usual(before),
        fill=_fill(before),
        looks=looks,
        blocked=blocked / looks if looks else None,
        silence=_silence(expect, rhythm),
        overdue=health.overdue(expect, rhythm, now),
        columns=Columns.of(last.counts) if last else Columns(),
        hurt=captures.hurt_of(c, row.id),
    )


def _usual(before: list[Observation]) -> int | None:
    counts = sorted(run.rows for run in before if run.rows)
    return counts[len(counts) // 2] if counts else None


def _fill(before: list[Observation]) -> dict[str, float]:
    recent = [run for run in before if run.notices][:RUNS]
    notices = sum(run.notices for run in recent)
    return {name: sum(run.filled.get(name, 0) for run in recent) / notices for name in FIELDS} if notices else {}


def _silence(expect: Expect, rhythm: Rhythm) -> str | None:
    if expect.silence_ms is not None:
        return f"{expect.silence_ms / health.DAY:g} days, promised"
    return f"{rhythm.limit} working days, learned" if rhythm.limit else None
