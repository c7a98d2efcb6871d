"""The configuration as the rest of the house sees it: frozen values, nothing to be checked any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crawler.model import Expect, Millis, Request, Route, Watch
from crawler.politeness.budget import UNLIMITED, Budget
from crawler.politeness.hours import Window
from crawler.record.rules import ReadRules


@dataclass(frozen=True, slots=True)
class Operator:
    """Who asks: sent with every request."""

    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Where things are kept."""

    database: str
    archive: Path
    keep_free: int = 0  # bytes of the disk that are never written
    file_size: int = 1 << 30  # a WARC file that has so many bytes is closed …
    file_age_ms: Millis = 86_400_000  # … and one that is so old


@dataclass(frozen=True, slots=True)
class Auditing:
    """When the daemon audits, which files (not found sound for so long), and how many bytes a second it reads."""

    schedule: str
    older_than_ms: Millis
    rate: int


@dataclass(frozen=True, slots=True)
class Proving:
    """When the daemon signs a checkpoint, and the file of the key it signs by; none: the one beside the archive."""

    schedule: str
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """How the network is used. Times in milliseconds, sizes in bytes."""

    delay_ms: Millis
    deadline_ms: Millis
    max_body: int
    queues_at_once: int
    connect: Mapping[str, str]
    allow_private: tuple[str, ...]
    patience_ms: Millis = 120_000  # what is put off longer, a one-off crawl does not wait for


@dataclass(frozen=True, slots=True)
class ScheduleDefaults:
    """When sources fire that do not say so themselves."""

    timezone: str
    lists: str
    revisit_per_day: int


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alarms go. `tell`: kinds of ledger lines. Secrets are named by the environment variable that holds them.

    Of those lines it hears the ones of these `sources`, or of sources whose region begins with one of `regions`; of at least `min_rank`; and,
    where there is a `query` in the language of search, of notices that it finds. What is empty keeps nothing out.
    """

    name: str
    kind: str
    tell: tuple[str, ...]
    url: str | None = field(default=None, repr=False)
    url_env: str | None = None
    sign_env: str | None = None
    command: tuple[str, ...] = ()
    host: str | None = None
    port: int = 465
    security: str = "tls"
    user: str | None = None
    password_env: str | None = None
    sender: str | None = None
    to: tuple[str, ...] = ()
    query: str | None = None
    sources: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    min_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Alarms:
    """Whom to tell. `gather_ms`: how long an alarm waits for others of its host; `remind_ms` 0: never."""

    remind_ms: Millis
    gather_ms: Millis
    channels: Mapping[str, Channel]


@dataclass(frozen=True, slots=True)
class Serve:
    """The console. `host` and `port` it listens on; `closed`: reading needs the token too; `names` it answers to besides loopback's."""

    host: str = "127.0.0.1"
    port: int = 8080
    closed: bool = False
    names: tuple[str, ...] = ()
    requests_per_minute: int = 600


@dataclass(frozen=True, slots=True)
class Attachments:
    """Which documents that notices link to are fetched: None all, else those with one of these endings; and how large one may be."""

    endings: frozenset[str] | None = None
    max_bytes: int = 64 << 20
    ocr: str = ""  # languages of tesseract (chi_sim+eng) in which pictures and scans are read; none: they are not

    @classmethod
    def of(cls, fetch: str | Sequence[str], max_bytes: int, ocr: str = "") -> "Attachments":
        """`fetch`: all, none, or the endings that are."""
        return cls(None if fetch == "all" else frozenset(() if fetch == "none" else fetch), max_bytes, ocr)


@dataclass(frozen=True, slots=True)
class Politeness:
    """A source's own queue, pause and visiting hours; None: the host, the default, any hour."""

    queue: str | None
    delay_ms: Millis | None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One column of one site, or single pages that are watched; `start` the column's lists, `pages` the pages, one of them at least."""

    id: str
    title: str
    start: tuple[Request, ...]
    enabled: bool
    region: str | None
    level: str | None
    verified: str | None
    lists: str
    sweep: str | None
    read: ReadRules
    politeness: Politeness
    expect: Expect
    digest: str
    budget: Budget = UNLIMITED
    route: Route = field(default_factory=Route)
    pages: tuple[Request, ...] = ()
    tags: tuple[str, ...] = ()
    attachments: Attachments = Attachments()

    @property
    def addresses(self) -> tuple[Request, ...]:
        """What a run of it begins with."""
        return (*self.start, *self.pages)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is configured. `root` is the folder that holds `config/`; `broken`: by id, what is wrong with the files of
    sources that cannot be used, each as `file:line:column: key: what is wrong`."""

    operator: Operator
    storage: Storage
    network: Network
    schedule: ScheduleDefaults
    watch: Watch
    budget: Budget  # of a run that belongs to no configured source
    alarms: Alarms
    audit: Auditing
    proof: Proving
    sources: Mapping[str, Source]
    root: Path
    path: Path
    digest: str  # SHA-256 over the names and SHA-256 of its files, as `sha256sum` lists them
    broken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    serve: Serve = Serve()
    attachments: Attachments = Attachments()  # of notices that belong to no configured source
