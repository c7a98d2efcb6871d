"""The frozen words: one type for each stage of the line. Standard library only; times are integer milliseconds since 1970 UTC."""

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Millis = int
Octets = bytes | memoryview  # a memoryview when the bytes are many and lie in a temporary file; it goes when nobody holds it
EMPTY: Mapping[str, str] = MappingProxyType({})


def now_ms() -> Millis:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


# ------------------------------------------------------------------ words
class Kind(StrEnum):
    """What an address is fetched as."""

    LIST = "list"
    DETAIL = "detail"
    CONTINUATION = "continuation"  # a further capture that the record of a detail address needs
    ATTACHMENT = "attachment"  # a document that a notice links to
    ROBOTS = "robots"
    PROBE = "probe"  # an address that cannot exist: how the site says so


ABOUT_THE_SITE = frozenset({Kind.ROBOTS, Kind.PROBE})  # kinds that are no page of a source


class RunKind(StrEnum):
    """Why a source fired. `list` follows only rows that are new; `once` and `sweep` look at every row again."""

    LIST = "list"
    SWEEP = "sweep"
    ONCE = "once"
    REVISIT = "revisit"


class Outcome(StrEnum):
    """What came of one look, from transport and status alone. A closed list."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"  # 304 to our own validators
    SAME_BYTES = "same_bytes"  # a payload this address had at its last look; only `keep` says so
    REDIRECTED = "redirected"
    NOT_FOUND = "not_found"
    GONE = "gone"
    FORBIDDEN = "forbidden"  # 401, 403, 451
    BLOCKED = "blocked"  # 412, 521 and challenges known by their headers
    BUSY = "busy"  # 429, 503
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    PROTOCOL_ERROR = "protocol_error"  # not HTTP, or a 304 nobody asked for
    NETWORK_ERROR = "network_error"
    TLS_ERROR = "tls_error"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    EMPTY = "empty"  # a good status, and a body that shows nothing
    DISALLOWED = "disallowed"  # robots.txt
    REFUSED = "refused"  # the address guard


GOOD = frozenset({Outcome.OK, Outcome.NOT_MODIFIED, Outcome.SAME_BYTES})
NOWHERE = "nowhere"  # where a redirect leads that names no address: final, however often it is tried
MISSES = frozenset({Outcome.NOT_FOUND, Outcome.GONE, Outcome.FORBIDDEN})
PASSING = frozenset(  # worth another try soon: the trouble is the network's or the server's
    {
        Outcome.BUSY,
        Outcome.SERVER_ERROR,
        Outcome.NETWORK_ERROR,
        Outcome.TIMEOUT,
        Outcome.TRUNCATED,
        Outcome.EMPTY,
        Outcome.PROTOCOL_ERROR,
    }
)


class PageKind(StrEnum):
    """What only reading can tell of a page."""

    NOTICE = "notice"
    LIST = "list"
    HOME = "home"
    SOFT_404 = "soft_404"
    ERROR = "error"
    CHALLENGE = "challenge"
    LOGIN = "login"
    SHELL = "shell"  # filled by script: nothing to read without a browser
    REDIRECT = "redirect"  # meta refresh or script, nothing else
    FILE = "file"  # not HTML: a document at the notice's address
    OTHER = "other"


class Stop(StrEnum):
    """The rule that ended a column."""

    DECLARED_END = "declared end"  # the page says that it is the last
    NO_PAGER = "no pager"  # the page names no other page
    KNOWN_TAIL = "known tail"
    REPEATED_ROWS = "repeated rows"
    REPEATED_ADDRESS = "repeated address"  # the next page is one that this run has looked at
    EMPTY_PAGE = "empty page"
    BLANK_PAGE = "blank page"  # a page without rows among those that the column says it has
    SOFT_404 = "soft 404"
    NOT_A_LIST = "not a list"  # a challenge, a login, a shell, a file
    NOT_FOUND = "not found"
    NOT_READ = "not read"  # no answer after all tries, or robots.txt
    NOT_UNDERSTOOD = "pager not understood"  # the page says that there are more, and only its script knows where
    PAGE_LIMIT = "page limit"
    SINCE = "since"


WHOLE = frozenset(  # ends at which a column was read from its head to its end
    {Stop.DECLARED_END, Stop.NO_PAGER, Stop.REPEATED_ROWS, Stop.REPEATED_ADDRESS, Stop.EMPTY_PAGE, Stop.SOFT_404, Stop.NOT_FOUND}
)


class ChangeKind(StrEnum):
    """Lines of the ledger: those that some code writes."""

    NEW = "new"
    EDIT = "edit"
    ATTACHMENT = "attachment"  # a document that a notice links to was swapped under its address, vanished, or is back
    MISSING = "missing"
    GONE = "gone"
    BACK = "back"
    REREAD = "reread"
    HEALTH = "health"
    WITHHELD = "withheld"
    RESTORED = "restored"


# ------------------------------------------------------------------ public ids
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
SHIFTS = tuple(range(55, -1, -5))


def short_id(record_id: str, part: int = 0) -> str:
    """12 characters of Crockford base32 (60 bits of SHA-256) of a WARC-Record-ID and, above 0, the part's number."""
    seed = record_id if part == 0 else f"{record_id}/{part}"
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") >> 4
    return "".join([CROCKFORD[number >> shift & 31] for shift in SHIFTS])


def capture_id(record_id: str) -> str:
    """The public id of a capture: `c-` and the short id of its record."""
    return "c-" + short_id(record_id)


def payload_digest(payload: Octets) -> str:
    """`sha256:` and base32, as WARC-Payload-Digest writes it; `payload` after transfer decoding, content coding kept."""
    return "sha256:" + base64.b32encode(hashlib.sha256(payload).digest()).decode()


# ------------------------------------------------------------------ frontier → fetcher
@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, apart from what every request carries (User-Agent, Accept, validators)."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Original:
    """The response record a revisit record points to."""

    record_id: str
    url: str
    date: Millis
    payload_digest: str


@dataclass(frozen=True, slots=True)
class Validators:
    """What lets a server answer 304, and what such an answer stands for."""

    etag: str | None
    last_modified: str | None
    original: Original


@dataclass(frozen=True, slots=True)
class Run:
    """One firing of a source. (source, kind, slot) is unique; `id` is 0 until a database knows it."""

    source: str
    kind: RunKind
    slot: Millis
    id: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One address to look at. `key` is the URL key (method + canonical address + body digest)."""

    key: str
    request: Request
    public_url: str
    queue: str
    kind: Kind
    source: str
    run: Run
    tries: int = 0
    validators: Validators | None = None
    via: str | None = None  # URL key of the page or redirect that led here
    hops: int = 0  # redirects between the row that was followed and this address
    frontier: int = 0  # row that waits for this look; 0 for robots.txt
    last_digest: str | None = None  # payload digest of this address's last capture


# ------------------------------------------------------------------ fetcher → archive
@dataclass(frozen=True, slots=True)
class Tls:
    """How a TLS connection was made."""

    protocol: str
    cipher: str
    chain_digest: str  # SHA-256 over the DER certificates as sent, leaf first
    profile: str = "modern"
    reason: str = ""  # why the source asks for another profile than `modern`
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Wire:
    """The exact bytes of one exchange. `response` is the status line to the last byte of the message, framing included."""

    request: bytes
    response: Octets
    address: str
    framing: str  # length, chunked, close, none
    whole: bool
    reused: bool = False
    tls: Tls | None = None
    head: int = 0  # how many bytes of `response` are its head; 0 when the head is not whole
    interim: int = 0  # 1xx answers before it, which are not kept
    surplus: int = 0  # bytes behind the message that came with it, which are not kept
    condemned: str = ""  # why the connection is not used again; empty when it is, or when the server ended it


@dataclass(frozen=True, slots=True)
class Reach:
    """How a host was looked up, judged and dialled; told also when nothing was sent. Times None where a step was not taken."""

    host: str
    port: int
    answers: tuple[str, ...] = ()  # what the lookup gave
    guard: str = ""  # public, allowed, configured, or why the host is refused
    address: str = ""  # what was dialled, `ip:port`
    proxy: str = ""  # the proxy's address as configured; host and answers are then the proxy's
    tls_profile: str = ""  # which one was used, also when no connection came of it
    reused: bool = False
    lookup_ms: Millis | None = None
    connect_ms: Millis | None = None
    tls_ms: Millis | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A response as a reader needs it: content decoded (gzip etc. removed), charset not yet."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: Millis

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class RobotsSaid:
    """Why robots.txt let us (or did not): `allow`, `disallow`, and the line that decided, if any."""

    decision: str
    line: str = ""
    crawl_delay: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """`verdict` is rules, allow or disallow; `body` the file's text when it has rules; `detail` why there are none; the sitemaps it names."""

    origin: str
    verdict: str
    body: str
    detail: str
    fetched: Millis
    expires: Millis
    sitemaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Of a look that somebody else made: the record ids that its metadata and its answer have here, and what is `said` of who made it, with
    what, and where it lay. `shown`: what its response record holds instead of the exact bytes, None: they."""

    look: str
    answer: str
    said: Mapping[str, object] = field(hash=False)
    shown: bytes | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One hop, whatever came of it. Network trouble is a value: `outcome` and one sentence in `detail`."""

    task: Task
    outcome: Outcome
    at: Millis  # start
    ms: int  # duration
    status: int | None = None
    wire: Wire | None = None
    page: Page | None = None
    payload: Octets = b""  # after transfer decoding, content coding kept
    location: str | None = None  # absolute, of a redirect
    leads: str = ""  # what a redirect says besides: home, login, itself, cookie (itself, with a cookie it wants back), missing (where the site sends what it has not), nowhere (what is no address)
    retry_after: Millis | None = None  # not before this time
    detail: str = ""
    robots: RobotsSaid | None = None
    origin: Origin | None = None  # of a look at robots.txt: what it says, to be believed as soon as the look is kept
    reach: Reach | None = None
    codings: tuple[str, ...] = ()  # content codings that were undone, outermost first
    flags: tuple[str, ...] = ()  # what was odd and did no harm: not-encoded, unknown-coding, trailing-bytes, …
    provenance: Provenance | None = None  # None: we looked ourselves


# ------------------------------------------------------------------ archive → keep
@dataclass(frozen=True, slots=True)
class Capture:
    """Where the bytes of one look lie. A revisit record holds the head only; its payload is the original's."""

    record_id: str
    url: str
    at: Millis
    file: str
    offset: int
    length: int
    type: str  # response, revisit
    payload_digest: str
    media_type: str
    status: int
    original: Original | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """One look as the archive remembers it; the same when it is told by the writer and when it is told by recovery."""

    look: str  # record id of the metadata record
    task: Task
    outcome: Outcome
    at: Millis
    ms: int
    file: str
    end: int  # offset behind the metadata record
    status: int | None = None
    capture: Capture | None = None
    location: str | None = None
    leads: str = ""
    retry_after: Millis | None = None
    etag: str | None = None
    last_modified: str | None = None
    detail: str = ""


# ------------------------------------------------------------------ configuration the line needs
@dataclass(frozen=True, slots=True)
class Route:
    """How a source is reached: by a proxy, and with which TLS profile its `hosts` are met (others are met with `modern`)."""

    proxy: str | None = None  # http://host:port
    tls_profile: str = "modern"
    tls_reason: str = ""
    certificates: str | None = None  # PEM file of the profile extra-intermediate
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Expect:
    """What a source promises: least rows on its first list page, longest silence, least share of records with a field."""

    rows: int | None = None
    silence_ms: Millis | None = None
    fill: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Watch:
    """When a known notice is looked at again and when it is gone. Durations in milliseconds."""

    ladder: tuple[Millis, ...]
    gone_misses: int
    gone_after: Millis


# ------------------------------------------------------------------ what a run showed
@dataclass(frozen=True, slots=True)
class Face:
    """What a list page shows: rows, how many of them dated, the newest date; characters a reader sees and dates among them; the rows' own
    characters; the total it declares; whether its rows stand by their dates, the newest first."""

    rows: int = 0
    dated: int = 0
    newest: str | None = None
    visible: int = 0
    days: int = 0
    text: int = 0
    total: int | None = None
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Head:
    """How the look at the first page of a list ended. `face` None: it was not read as a list."""

    outcome: Outcome
    page_kind: PageKind | None = None
    face: Face | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one run of a source's list showed. `listed`: rows never listed before; `lost`: rows that stood on a page that
    was read, newer than all it shows, and not shown, though nothing has come that could have pushed them off; `whole`: every column was read
    to its end; `details`, `failed`, `blocked`: looks at notices; `notices` read, and how many of them have each field (`filled`)."""

    heads: tuple[Head, ...] = ()
    listed: int = 0
    lost: int = 0
    details: int = 0
    failed: int = 0
    blocked: int = 0
    notices: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True

    @property
    def faces(self) -> tuple[Face, ...]:
        """The list pages that could be read."""
        return tuple(head.face for head in self.heads if head.face is not None)

    @property
    def rows(self) -> int:
        """Rows of all first pages."""
        return sum(face.rows for face in self.faces)

    @property
    def total(self) -> int | None:
        """Rows the list says it has, all first pages together; None when one of them does not say."""
        totals = [face.total for face in self.faces]
        return sum(total or 0 for total in totals) if totals and None not in totals else None


OK, SUSPECT, DOWN, RECOVERED = "ok", "suspect", "down", "recovered"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source is: state, the name and reasons of its trouble, and how many runs in a row were bad, good, or failed."""

    state: str = OK
    trouble: str | None = None
    reasons: tuple[str, ...] = ()
    bad: int = 0
    good: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """When the rows of a source's lists were published and seen. `dated`: (date as written, first listed), newest first; `undated`: when the
    last row without a date was seen first; `days`: when rows were seen first, where none is dated; `watched`: since when there are any."""

    dated: tuple[tuple[str, Millis], ...] = ()
    undated: Millis | None = None
    days: tuple[Millis, ...] = ()
    watched: Millis = 0
