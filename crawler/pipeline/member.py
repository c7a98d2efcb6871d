"""One writing process among the others of its archive: its doors to the database, what it takes over from the dead, what it puts right."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from crawler.archive.alive import Alive
from crawler.archive.members import Damage
from crawler.archive.recover import Recovered, discard, recover, walk
from crawler.archive.writer import Archive, FileInfo, describe
from crawler.model import Kept, Millis
from crawler.monitor import alarms, health
from crawler.pipeline.fellows import Fellows
from crawler.pipeline.policy import Policy
from crawler.politeness import clocks
from crawler.repository import files, moments, runs
from crawler.repository.database import Connection, Database
from crawler.repository.outage import Outage

LEASE_MARGIN: Millis = 60_000  # a lease outlives the longest exchange by this much

T = TypeVar("T")
P = ParamSpec("P")
log = structlog.get_logger()


class Member:
    """What a process does for itself and for those that died. `adopt` belongs to one thread."""

    policy: Policy

    def __init__(self, database: Database, archive: Archive, owner: str, clock: Callable[[], Millis]) -> None:
        self.database, self.archive, self.owner, self.clock = database, archive, owner, clock
        self.what = ""  # kind of process
        self.outage = Outage()
        self.fellows = Fellows(database, Alive(archive.folder, owner), owner, lambda queue: self.policy.pause(queue))  # noqa: PLW0108 - it may go on under another policy

    @abstractmethod
    def commit(self, c: Connection, kept: Sequence[Kept], owner: str, fences: Mapping[str, int] | None) -> None:
        """What the keep step's one transaction holds; `fences` None adopts."""

    # -------------------------------------------------------------- the database
    def do(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A step that is one write transaction, done over for as long as the database is away: it must stand when it is done twice."""
        return self.outage.through(lambda: self.database.do(lambda c: step(c, *args, **kwargs)))

    def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A query in a read transaction of its own, asked again for as long as the database is away."""

        def asked() -> T:
            with self.database.read() as c:
                return query(c, *args, **kwargs)

        return self.outage.through(asked)

    # -------------------------------------------------------------- clocks
    def put_right(self) -> None:
        """Put right what a clock that was ahead has written: told, and kept for `gongkai health`."""
        config, now = self.policy.config, self.clock()
        lease = config.network.deadline_ms + LEASE_MARGIN
        rules = moments.Rules(self.policy.pause, lease, config.watch.ladder, _longest_rest, alarms.LONGEST_RETRY)
        was_ahead = self.ask(moments.ahead, self.owner, now)

        def step(c: Connection) -> dict[str, int]:
            found = moments.right(c, now, rules, deep=bool(was_ahead))
            if found:
                moments.remember(c, moments.Fault(now, was_ahead))
            return found

        found = self.do(step)
        if found:
            by = clocks.span(was_ahead) if was_ahead else "an unknown time"
            rows = {name.replace(".", "_"): count for name, count in found.items()}
            log.warning("a clock was ahead: its moments are put right, everything goes on", by=by, **rows)

    # -------------------------------------------------------------- the dead
    def dead(self) -> list[str]:
        """The processes that have died and are still known as living."""
        return self.fellows.dead(self.ask(runs.processes), self.clock())

    def inherit(self) -> int:
        """Take over from the dead: first what they had archived, then what they held. How many looks, and processes."""
        return self.adopt() + len(self.bury())

    def bury(self) -> list[str]:
        """Free what the dead held; who they were."""
        strays, dead, now = self.fellows.strays(), self.dead(), self.clock()
        for owner in dead:
            self.do(self.fellows.free, owner, now)
            log.info("a process died: what it held is free", owner=owner)
        known = {process.owner for process in self.ask(runs.processes)}
        self.fellows.bury([*dead, *(owner for owner in strays if owner not in known)])
        return dead

    def adopt(self) -> int:
        """Commit what processes that died had archived, close their files, free their queues. How many looks."""
        committed = self.ask(files.committed)
        adopted = 0
        for found in recover(self.archive.folder, lambda name: committed.get(name, 0), _left_alone):
            self.do(self._adopt, found)
            if not found.info.bytes and not committed.get(found.info.name):
                discard(self.archive.folder, found)
            adopted += len(found.kept)
            log.info("adopted", file=found.info.name, looks=len(found.kept), torn=found.torn)
        return adopted + self._adopt_closed()

    def _adopt(self, c: Connection, found: Recovered) -> None:
        self.commit(c, found.kept, found.owner, None)
        files.closed(c, [found.info] if found.info.bytes else [], found.owner)
        self.fellows.free(c, found.owner, self.clock())

    def _adopt_closed(self) -> int:
        """Files that got their final name from a process that died before it could say so; how many looks they still held."""
        adopted = 0
        for name, owner, committed in self.ask(files.unclosed):
            path = self.archive.folder / name
            if not path.exists():
                continue
            lost: list[Damage] = []
            try:
                kept, info = tuple(walk(path, committed, lost)), describe(path)
            except OSError as error:
                _left_alone(path, error)
                continue
            for damage in lost:
                log.warning("damaged", file=name, said=str(damage))
            self.do(self._adopt_file, kept, info, owner)
            adopted += len(kept)
            log.info("adopted", file=name, looks=len(kept), torn=0)
        return adopted

    def _adopt_file(self, c: Connection, kept: Sequence[Kept], info: FileInfo, owner: str) -> None:
        self.commit(c, kept, owner, None)
        files.closed(c, [info], owner)


def _longest_rest(failures: int) -> Millis:
    """How long a source that has failed so often rests."""
    return health.rest(failures, 0) or 0


def _left_alone(path: Path, error: OSError) -> None:
    """One file that cannot be recovered stops nobody: it is tried again with the next look for dead processes."""
    log.error("cannot recover", file=path.name, error=error.strerror or str(error))
