"""What can go wrong, and whose fault it is. Every error of ours is one of these.

GongkaiError
├── UsageError             the caller asked for something that cannot be (wrong argument, unknown id): exit code 2
│   ├── ConfigError        a configuration file says something that cannot be: file, line, column, remedy
│   ├── Several            what was asked for may be one of these: choices
│   └── Withheld           what was asked for is there and its operator withholds it: document, reason
├── CannotError            the machine cannot: disk, database, network, permission: exit code 3
│   ├── ArchiveError       the WARC files cannot be written or read
│   │   └── DamagedRecord  a record's bytes are not what they were when they were written
│   ├── RepositoryError    the database cannot be reached, is locked, or has another schema
│   │   ├── Unreachable    for now: its server is away, or another program holds it; the same step may be tried again
│   │   ├── NoArchive      there is no database yet, or nothing in it
│   │   └── Refused        the database is well and does not take what it was given
│   └── Condemned          a file may no longer be written to after a failed write or fsync
├── UnreadablePage         a page could not be read within its limits; its bytes are kept
└── LeaseLost              another process holds the queue now; what we were doing must not be recorded as its doing

Network trouble is no error here: it is the `outcome` of an Exchange.
"""


class GongkaiError(Exception):
    """Base of every error this package raises on purpose. `remedy` says in one clause what to do about it."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class UsageError(GongkaiError):
    """The caller asked for something that cannot be."""


class ConfigError(UsageError):
    """One or more configuration errors, each already rendered as `file:line:column: key: what is wrong`."""

    def __init__(self, problems: list[str], *, remedy: str = "") -> None:
        super().__init__("\n".join(problems), remedy=remedy)
        self.problems = problems


class Withheld(UsageError):
    """What was asked for is in the archive and is not shown: all there is of it is this tombstone."""

    def __init__(self, document: str, reason: str) -> None:
        super().__init__(f"{document} is withheld: {reason}")
        self.document = document
        self.reason = reason


class Several(UsageError):
    """What was asked for may mean several documents. `choices`: (id, title) of the first of them."""

    def __init__(self, message: str, choices: list[tuple[str, str]]) -> None:
        super().__init__(message)
        self.choices = choices


class CannotError(GongkaiError):
    """The machine, not the caller, stands in the way."""


class ArchiveError(CannotError):
    """A WARC file cannot be written or read."""


class DamagedRecord(ArchiveError):
    """The bytes at a record's place are not a whole record, or not the one that was written."""


class Condemned(ArchiveError):
    """A write or fsync failed: nothing may be appended to this file any more."""


class RepositoryError(CannotError):
    """The database cannot be reached, is locked, or has another schema than this program."""


class Unreachable(RepositoryError):
    """The database cannot be reached for now, or somebody else holds it. What was to be done may be done over: nothing says whether it
    was committed."""


class NoArchive(RepositoryError):
    """There is no database at that place yet, or one without a schema."""


class Refused(RepositoryError):
    """The database is well and does not take what it was given: a number or a key beyond its limits, or against a constraint."""


class UnreadablePage(GongkaiError):
    """A page outlived its reader: deadline, memory or a crash of the child. `reason` is one word for the ledger."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class LeaseLost(GongkaiError):
    """The queue's fence has moved on: another process owns it."""
