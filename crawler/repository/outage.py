"""A database that goes away and comes back: which errors pass by themselves, and steps that wait for it.

Whoever waits does the whole step over. So a step is one transaction, or several that stand when they are done twice: a connection that
is cut after COMMIT was sent does not say whether it was committed.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import structlog

from crawler.errors import Unreachable

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two tries
GRACE = 5.0  # seconds that a process which is to end still tries
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
# PostgreSQL, appendix A: connection lost, server shut down or starting, cancelled, too many connections, no memory, locked, rolled back
# for another's sake, a standby before it takes over
PASSING = ("08", "57P01", "57P02", "57P03", "57P05", "57014", "53300", "53200", "55P03", "40", "25006")
# a refusal to connect has no such code; these are no matter of time
FINAL = ("password", "authentication failed", "no pg_hba.conf entry", "permission denied", "not permitted", "does not exist")

T = TypeVar("T")
log = structlog.get_logger()


def comes_back(error: BaseException | None, *, cut: bool = False) -> bool:
    """Is an error of a driver one that passes without anybody's doing? `cut`: the connection is known to be lost."""
    if isinstance(error, sqlite3.Error):
        return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in BUSY
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return str(state).startswith(PASSING)
    said = str(error).lower()
    unconnected = type(error).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout")
    return (cut or unconnected) and not any(word in said for word in FINAL)


def pauses() -> Iterator[float]:
    """Seconds to wait, try after try."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


class Outage:
    """Steps of one process that wait while its database is away. Said once when that begins, and once when it is over. For any thread."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._lock = threading.Lock()
        self._waiting = 0  # steps that were tried in vain
        self._since: float | None = None
        self._ending = threading.Event()
        self._until: float | None = None  # when a process that is to end tries no more

    @property
    def is_on(self) -> bool:
        """Does any step wait?"""
        return self._waiting > 0

    def end(self) -> None:
        """The process is to end: whoever waits tries a little longer, then gives up."""
        if self._until is None:
            self._until = self._steady() + GRACE
        self._ending.set()

    def through(self, step: Callable[[], T]) -> T:
        """What the step returns, done over until the database is there. Raises Unreachable only when the process is to end."""
        try:
            return step()
        except Unreachable as error:
            self._begins(error)
        over = False
        try:
            for pause in pauses():
                self._wait(pause)
                last = self._until is not None and self._steady() >= self._until
                try:
                    found = step()
                except Unreachable:
                    if last:
                        raise
                else:
                    over = True
                    return found
            raise AssertionError
        finally:
            self._ends(over=over)

    def _wait(self, pause: float) -> None:
        if self._ending.is_set():
            time.sleep(FIRST_PAUSE)
        else:
            self._ending.wait(pause)

    def _begins(self, error: Unreachable) -> None:
        with self._lock:
            self._waiting += 1
            if self._since is not None:
                return
            self._since = self._steady()
        log.warning("the database cannot be reached: waiting for it, nothing is lost", error=str(error))

    def _ends(self, *, over: bool) -> None:
        with self._lock:
            self._waiting -= 1
            if self._waiting or self._since is None or not over:
                return
            seconds, self._since = self._steady() - self._since, None
        log.warning("the database is back", seconds=round(seconds, 1))
