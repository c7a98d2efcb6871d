"""Who works on the archive beside this process, and what the dead have held.

Death is seen by what dies with a process, never by its silence: a lock file beside the archive, and on PostgreSQL, of processes of
other machines, the lock of their session. Only what shows neither is given up for its silence.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from crawler.archive import alive
from crawler.archive.alive import Alive
from crawler.model import Millis
from crawler.politeness import clocks
from crawler.repository import leases, queues, runs
from crawler.repository.database import Connection, Database
from crawler.repository.runs import Process
from crawler.repository.session import Session, missing

SILENT: Millis = 120_000  # after which a process that shows no sign at all is taken for dead


class Fellows:
    """This process among the others of its archive. `pause`: the least pause of a queue."""

    def __init__(self, database: Database, alive: Alive, owner: str, pause: Callable[[str], Millis]) -> None:
        self.owner, self._pause, self._alive = owner, pause, alive
        self._folder = alive.folder
        self._session = Session(database, owner)

    def begin(self) -> None:
        """Show that this process lives, before it holds anything."""
        self._alive.begin()
        self._session.hold()

    def asks(self) -> None:
        """A request begins."""
        self._alive.asks()

    def beats(self, what: str) -> None:
        """What is done here goes on."""
        self._alive.beats(what)

    def dead(self, known: Sequence[Process], now: Millis) -> list[str]:
        """Those who have died; on PostgreSQL this holds on to our own session as well."""
        others = [process for process in known if process.owner != self.owner]
        gone = missing([other.owner for other in others], self._session.hold())
        return [other.owner for other in others if self._is_dead(other, now, gone)]

    def _is_dead(self, other: Process, now: Millis, gone: set[str]) -> bool:
        shown = alive.is_dead(self._folder, other.owner)
        if shown is not None:
            return shown
        silent = now - other.beat > SILENT or clocks.ahead(other.beat, now) > SILENT
        return silent or (other.owner in gone and now - other.beat > clocks.TOLERANCE)

    def free(self, c: Connection, owner: str, now: Millis) -> None:
        """Give back what a dead process held. Each queue rests as if it had been asked by the last request of that process."""
        asked = min(alive.asked(self._folder, owner), now)
        rows = queues.load(c, queues.held_by(c, owner), lock=True)
        for row in rows.values():
            pause = row.pace.pause(self._pause(row.name))
            row.pace = replace(row.pace, next_at=max(row.pace.next_at, asked + pause))
        queues.rest(c, rows.values())
        leases.release_owner(c, owner)
        runs.leave(c, owner)

    def bury(self, owners: Sequence[str]) -> None:
        """Their signs are taken away, once the database has forgotten them."""
        for owner in owners:
            alive.bury(self._folder, owner)

    def strays(self) -> list[str]:
        """Signs of dead processes, of whom the database may know nothing: adopted already, or killed while they began or ended."""
        return alive.unlocked(self._folder)

    def end(self, *, told: bool) -> None:
        """This process holds nothing any more, and the database was told so; where it could not be told, the others see a dead one."""
        self._session.close()
        self._alive.end(kept=not told)
