"""What the configuration files may say: their tables, keys and values, as pydantic checks them. `config` reads the files by it."""

import ipaddress
import re
from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from crawler.config import cron
from crawler.config.pagers import pager_complaint
from crawler.fetcher.tls import PROFILES
from crawler.model import ChangeKind, Millis
from crawler.parsers import mapped
from crawler.text import urls

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))+")
PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)", re.IGNORECASE)
SIZES = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


def _duration(value: object) -> Millis:
    if not isinstance(value, str) or not DURATION.fullmatch(value.strip()):
        raise ValueError('expected a duration such as "2s", "14d" or "1h30m"')
    return int(sum(float(number) * UNITS[unit] for number, unit in PIECE.findall(value)))


def size_of(value: object) -> int:
    match = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a size such as "32MB"')
    return int(float(match[1]) * SIZES[match[2].lower()])


def _cron(value: str) -> str:
    cron.check(value)
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'unknown time zone {value!r}; expected a name such as "Asia/Shanghai"') from None
    return value


def _address(value: str) -> str:
    if not urls.is_http(value):
        raise ValueError("expected an http or https address")
    return value


def contact_of(value: str) -> str:
    if not (value.startswith("mailto:") and "@" in value) and not urls.is_http(value):
        raise ValueError("expected the address of a page, or mailto:you@example.org")
    return value


def _endpoint(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        raise ValueError('expected "ip:port", for example "127.0.0.1:8765"') from None
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError('expected "ip:port", for example "127.0.0.1:8765"')
    return value


def _hours(value: object) -> tuple[int, int]:
    match = HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    minutes = [int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3)] if match else [0, 0]
    if match is None or minutes[0] == minutes[1] or max(minutes) > 24 * 60 or int(match[2]) > 59 or int(match[4]) > 59:
        raise ValueError('expected hours of the day such as "08:00-20:00"')
    return minutes[0], minutes[1]


def _proxy(value: str) -> str:
    try:
        host, path = urls.host(value), urls.path(value)
    except urls.BadUrl:
        host, path = "", ""
    if not host or path != "/" or "@" in value or not value.lower().startswith("http://"):
        raise ValueError('expected "http://host:port", without user and password')
    return value.rstrip("/")


def _host(value: str) -> str:
    try:
        host = urls.host(f"https://{value}/")
    except urls.BadUrl:
        host = ""
    if not host or set(value) & set("/:@?#"):
        raise ValueError("expected a host name, without scheme, port and path")
    return host


def _profile(value: str) -> str:
    if value not in PROFILES:
        raise ValueError(f"no TLS profile of that name; expected one of {', '.join(PROFILES)}")
    return value


def one_line(value: str) -> str:
    if not value.strip() or any(ord(c) < 32 for c in value):
        raise ValueError("expected one line of text")
    return value.strip()


def _told(value: str) -> str:
    if value not in [str(kind) for kind in ChangeKind]:
        raise ValueError(f"expected kinds of ledger lines: {', '.join(ChangeKind)}")
    return value


Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{DURATION.pattern}$", "examples": ["2s", "14d"]}),
]
Size = Annotated[
    int, BeforeValidator(size_of), WithJsonSchema({"type": "string", "pattern": f"^{SIZE.pattern}$", "examples": ["32MB"]})
]
Hours = Annotated[tuple[int, int], BeforeValidator(_hours)]
Cron = Annotated[str, AfterValidator(_cron)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Line = Annotated[str, AfterValidator(one_line)]
Told = Annotated[str, AfterValidator(_told)]


class Table(BaseModel):
    """A table that knows all its keys."""

    model_config = ConfigDict(extra="forbid", strict=True)


class OperatorTable(Table):
    """`[operator]`."""

    name: Line
    contact: Annotated[Line, AfterValidator(contact_of)]


class StorageTable(Table):
    """`[storage]`."""

    database: str = "sqlite:///data/gongkai.db"
    archive: str = "data/warc"
    keep_free: Size = 500 << 20
    file_size: Size = 1 << 30
    file_age: Duration = 86_400_000


class NetworkTable(Table):
    """`[network]`."""

    delay: Duration = 2000
    deadline: Duration = 60_000
    max_body: Size = 32 << 20
    queues_at_once: int = Field(default=20, ge=1, le=500)
    connect: dict[str, Endpoint] = {}
    allow_private: list[str] = []


class ScheduleTable(Table):
    """`[schedule]`."""

    timezone: Zone = "Asia/Shanghai"
    lists: Cron = "15 9-18 * * mon-fri"
    revisit_per_day: int = Field(default=2000, ge=0)


class WatchTable(Table):
    """`[watch]`."""

    revisit: list[Duration] = Field(
        default=[86_400_000, 3 * 86_400_000, 7 * 86_400_000, 30 * 86_400_000, 90 * 86_400_000], min_length=1
    )
    gone_misses: int = Field(default=3, ge=1)
    gone_after: Duration = 14 * 86_400_000


class BudgetTable(Table):
    """`[budget]`."""

    requests: int | None = Field(default=None, ge=1)
    bytes: Size | None = None
    time: Duration | None = None


class ChannelTable(Table):
    """`[alarms.channels.NAME]`."""

    kind: Literal["log", "command", "webhook", "dingtalk", "feishu", "wecom", "slack", "email"]
    tell: list[Told] = ["health"]
    url: Address | None = None
    url_env: Line | None = None
    sign_env: Line | None = None
    command: list[Line] = []
    host: Line | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    user: Line | None = None
    password_env: Line | None = None
    sender: Line | None = None
    to: list[Line] = []

    @model_validator(mode="after")
    def _whole(self) -> "ChannelTable":
        needs = {"log": (), "command": ("command",), "email": ("host", "sender", "to")}.get(self.kind, ("url",))
        missing = [name for name in needs if not (getattr(self, name) or (name == "url" and self.url_env))]
        if missing:
            names = " and ".join("url or url_env" if name == "url" else name for name in missing)
            raise ValueError(f"a channel of kind {self.kind} needs {names}")
        if self.user and not self.password_env:
            raise ValueError("user needs password_env, the name of the environment variable that holds the password")
        return self


class AlarmsTable(Table):
    """`[alarms]`."""

    remind: Duration = 3 * 86_400_000
    gather: Duration = 300_000
    channels: dict[str, ChannelTable] = {}


class AuditTable(Table):
    """`[audit]`."""

    schedule: Cron = "30 3 * * *"
    older_than: Duration = 30 * 86_400_000
    rate: Size = 20 << 20


class SettingsTable(Table):
    """`config/gongkai.toml`."""

    operator: OperatorTable
    storage: StorageTable = StorageTable()
    network: NetworkTable = NetworkTable()
    schedule: ScheduleTable = ScheduleTable()
    watch: WatchTable = WatchTable()
    budget: BudgetTable = BudgetTable()
    alarms: AlarmsTable = AlarmsTable()
    audit: AuditTable = AuditTable()


class StartTable(Table):
    """A start address with method, body and headers."""

    url: Address
    method: Literal["GET", "POST"] = "GET"
    body: str = ""
    headers: dict[str, str] = {}


class SourceScheduleTable(Table):
    """[schedule] of a source."""

    lists: Cron | None = None
    sweep: Cron | None = None


class PagerTable(BaseModel):
    """`"auto"`, `"none"`, or a table with a kind and its parameters."""

    model_config = ConfigDict(extra="allow", strict=True)
    kind: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        wrong = pager_complaint(self.kind, self.params())
        if wrong is not None:
            raise ValueError(wrong)
        return self

    def params(self) -> dict[str, str]:
        """What it is called with; numbers as text."""
        return {name: str(value) for name, value in (self.model_extra or {}).items()}


def _as_pager(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]


class ListTable(Table):
    """`[list]`."""

    hosts: list[str] = []
    rows: str | None = None
    link: str | None = None
    title: str | None = None
    date: str | None = None
    min_items: int | None = Field(default=None, ge=0)
    next: Annotated[PagerTable, BeforeValidator(_as_pager, str | PagerTable)] = PagerTable(kind="auto")
    max_pages: int | None = Field(default=None, ge=1)
    only: Pattern | None = None
    skip: Pattern | None = None


def _path(value: str) -> str:
    if not mapped.PATH.fullmatch(value):
        raise ValueError(
            'expected a dotted path such as "data.list" or "items.0.title", with ? behind it where it may be missing'
        )
    return value


Dotted = Annotated[str, AfterValidator(_path)]


class JsonTable(Table):
    """Where an answer in JSON holds what; `parsers/mapped.py` reads by it."""

    address: Annotated[str, AfterValidator(one_line)] | None = None
    records: Dotted | None = None
    title: Dotted
    published: Dotted | None = None
    source: Dotted | None = None
    channel: Dotted | None = None
    clicks: Dotted | None = None
    body: Dotted | None = None
    attachments: Dotted | None = None
    attachment_url: Dotted | None = None
    attachment_name: Dotted | None = None
    index_no: Dotted | None = None
    doc_no: Dotted | None = None
    issuer: Dotted | None = None
    written_date: Dotted | None = None
    category: Dotted | None = None
    keywords: Dotted | None = None
    validity: Dotted | None = None
    effective_date: Dotted | None = None
    repeal_date: Dotted | None = None
    expiry_date: Dotted | None = None
    open_type: Dotted | None = None
    abstract: Dotted | None = None
    name: Dotted | None = None
    project: Dotted | None = None
    buyer: Dotted | None = None
    region: Dotted | None = None


class DetailTable(Table):
    """`[detail]`."""

    parts: str | None = None
    mapping: JsonTable | None = Field(default=None, alias="json")  # pydantic has a method of that name
    body: str | None = None
    title: str | None = None
    published: str | None = None
    source: str | None = None
    channel: str | None = None
    since: date | None = None


class PolitenessTable(Table):
    """`[politeness]`."""

    queue: str | None = None
    delay: Duration | None = None
    window: Hours | None = None


class ExpectTable(Table):
    """`[expect]`."""

    rows: int | None = Field(default=None, ge=0)
    silence: Duration | None = None
    fill: dict[Literal["title", "channel", "published", "source", "body"], Annotated[float, Field(ge=0, le=1)]] = {}


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


Starts = Annotated[
    list[Address | StartTable], BeforeValidator(_as_list, Address | StartTable | list[Address | StartTable]), Field(min_length=1)
]
Details = Annotated[list[DetailTable], BeforeValidator(_as_list, DetailTable | list[DetailTable])]


class WayTable(Table):
    """[network] of a source."""

    proxy: Annotated[str, AfterValidator(_proxy)] | None = None


class TlsTable(Table):
    """`[tls]`."""

    profile: Annotated[str, AfterValidator(_profile)] = "modern"
    reason: Line | None = None
    certificates: str | None = None
    hosts: list[Annotated[str, AfterValidator(_host)]] = []


class SourceTable(Table):
    """`config/sources/<id>.toml`."""

    title: Line
    start: Starts
    enabled: bool = False
    region: str | None = Field(default=None, pattern=r"^\d{6}$")
    level: Literal["central", "province", "city", "county", "town"] | None = None
    verified: str | None = None
    schedule: SourceScheduleTable = SourceScheduleTable()
    list: ListTable = ListTable()
    detail: Details = []
    politeness: PolitenessTable = PolitenessTable()
    budget: BudgetTable = BudgetTable()
    network: WayTable = WayTable()
    tls: TlsTable = TlsTable()
    expect: ExpectTable = ExpectTable()


def source_shape() -> dict[str, Any]:
    """The JSON Schema of a source's file as the model alone knows it (`source_schema` adds the words)."""
    return SourceTable.model_json_schema(mode="validation")
