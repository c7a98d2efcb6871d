"""On PostgreSQL: a session of this process whose lock dies with it, seen by whoever asks the same server, on whatever machine."""

import contextlib
import time
from collections.abc import Collection
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import RepositoryError
from crawler.repository.database import Database

SETTLED = (
    20.0  # seconds that a session stands before it speaks of others: after a restart of the server all are on their way back
)
_TAKE = sa.text("SELECT pg_try_advisory_lock(:key)")
_TAKEN = sa.text(
    "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def key_of(owner: str) -> int:
    """The number of a process's lock."""
    return int.from_bytes(blake2b(owner.encode(), digest_size=8, person=b"alive").digest(), "big", signed=True)


class Session:
    """The session of one process; of no use on SQLite, whose processes are all on one machine."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database, self._key = database, key_of(owner)
        self._held: Connection | None = None
        self._since = 0.0

    def hold(self) -> frozenset[int] | None:
        """Hold on to the session, again where it was lost: the locks there are. None: it says nothing of others yet."""
        if self._database.dialect == "sqlite":
            return None
        try:
            if self._held is None:
                self._held = self._database.session()
                self._since = time.monotonic()
            taken = frozenset(self._held.execute(_TAKEN).scalars())
            if self._key not in taken:
                self._held.execute(_TAKE, {"key": self._key})
                self._since = time.monotonic()
        except (RepositoryError, sa.exc.DBAPIError):  # the server is away: whoever must wait for it says so
            self.close()
            return None
        return taken if time.monotonic() - self._since >= SETTLED else None

    def close(self) -> None:
        """Let go of it."""
        held, self._held = self._held, None
        if held is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError, RepositoryError):
                held.invalidate()
                held.close()


def missing(owners: Collection[str], taken: frozenset[int] | None) -> set[str]:
    """Those of these processes whose lock is not among those taken; nobody where nothing is known."""
    return set() if taken is None else {owner for owner in owners if key_of(owner) not in taken}
