"""A document is withheld, or given back: the line in the file first, durably, then the database in one transaction.

Whoever is killed in between has withheld it: whatever process begins next on the archive takes the line over.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog

from crawler.archive import withheld as file
from crawler.archive.withheld import Entry
from crawler.errors import ArchiveError, UsageError
from crawler.model import ChangeKind, Millis
from crawler.repository import withheld
from crawler.repository.database import Connection, Database
from crawler.repository.search import index

LONGEST = 500  # characters of a reason

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done: `what` withheld or restored, to which document, why, by whom, when."""

    what: ChangeKind
    document: str
    reason: str
    who: str
    at: Millis


def checked(reason: str) -> str:
    """A reason that can stand in the ledger. Raises UsageError."""
    said = withheld.cleaned(reason)
    if not said:
        raise UsageError("a reason is needed: it stands in the place of what is withheld", remedy='say --reason "…"')
    if len(said) > LONGEST:
        raise UsageError(f"a reason of {len(said)} characters", remedy=f"say it in {LONGEST}")
    return said


def act(database: Database, folder: Path, wanted: Act) -> bool:
    """Do it; False where it was so already. `wanted.document`: one that is there. Raises ArchiveError, RepositoryError."""
    with file.alone(folder) as lines, database.write() as c:
        said = _whole(c, lines, folder)
        before = next((entry.act for entry in reversed(said) if entry.document == wanted.document), str(ChangeKind.RESTORED))
        if before == wanted.what:
            withheld.follow(c, said)
            return False
        new = file.last_of(said).following(wanted.at, str(wanted.what), wanted.document, wanted.reason, wanted.who)
        file.append(lines, [new])
        withheld.follow(c, [*said, new])
    with database.read() as c:
        number = withheld.number(c, wanted.document)
    with database.write() as c:
        index.index(c, 1, (number, number))
    return True


def _whole(c: Connection, lines: IO[bytes], folder: Path) -> list[Entry]:
    """What the file says; lines that only the database has are put back into it."""
    said, known = file.read(folder), withheld.entries(c)
    if len(known) > len(said) and known[: len(said)] == said:
        file.append(lines, known[len(said) :])
        return known
    return said


def catch_up(database: Database, folder: Path) -> int:
    """Let file and database know what either knows; how many lines the database took over. Where they contradict each other nothing is done,
    and it is said in the log."""
    with database.read() as c:
        known = withheld.entries(c)
    try:
        if file.read(folder) == known:
            return 0
        with file.alone(folder) as lines, database.write() as c:
            return withheld.follow(c, _whole(c, lines, folder)).lines
    except ArchiveError as error:
        log.warning("withholding is not sure", said=error.message, remedy=error.remedy)
        return 0
