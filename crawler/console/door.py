"""The door to the archive for whoever answers over HTTP: the database read-only, the WARC files, who may ask for what."""

import contextlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crawler.config.values import Config
from crawler.console import session as sessions
from crawler.console.problems import NotThere, Refused
from crawler.console.remembered import Remembered
from crawler.console.target import name_of
from crawler.errors import Several, UsageError, Withheld
from crawler.model import now_ms
from crawler.repository import query, resolve
from crawler.repository.database import Connection, Database, check_schema


@dataclass(frozen=True)
class Door:
    """`token`: what whoever changes state, and with `closed` whoever reads, must show; None: nobody may."""

    config: Config
    database: Database
    token: str | None = field(default=None, repr=False)
    closed: bool = False
    remembered: Remembered = field(default_factory=Remembered, repr=False, compare=False)

    @property
    def archive(self) -> Path:
        """The folder of the WARC files."""
        return self.config.storage.archive

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent state of the database, that cannot be written to."""
        with self.database.read() as c:
            yield c

    def totals(self, c: Connection) -> dict[str, int]:
        """How much there is, as of a moment ago."""
        return self.remembered.of("totals", lambda: query.totals(c))

    def sources(self, c: Connection) -> list[query.SourceView]:
        """What is known of every source; how many documents each has, as of a moment ago."""
        return query.sources(c, self.remembered.of("documents", lambda: query.documents_of_sources(c)))

    def check(self) -> None:
        """Raises RepositoryError when the database cannot be asked."""
        check_schema(self.database)

    def admit(self, authorization: str | None, *, writes: bool, reader: str | None = None) -> None:
        """Raises Refused unless this may be done with these credentials. `reader`: a browser's session, which never writes."""
        if not writes and (not self.closed or self.is_reader(reader)):
            return
        if self.token is None:
            raise Refused(403, "nothing may be changed here", remedy="set GONGKAI_TOKEN where the console runs")
        kind, _, given = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not given.strip():
            raise Refused(401, "this needs a token", remedy="send Authorization: Bearer and the token")
        if not hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self.token.encode()):
            raise Refused(403, "this is not the token")

    def is_reader(self, session: str | None) -> bool:
        """Is this the session of somebody who has shown the token?"""
        return self.token is not None and sessions.holds(self.token, session, now_ms())


def document_of(c: Connection, name: str, asked: int | None = None) -> tuple[str, int | None]:
    """(public id, version) that an address means; `asked`: the version that is asked for beside it. Raises NotThere, Several, Withheld."""
    try:
        public_id, meant = resolve.resolve(c, name_of(name))
    except (Several, Withheld):
        raise
    except UsageError as error:
        raise NotThere(error.message, remedy=error.remedy) from error
    return public_id, meant if asked is None else asked
