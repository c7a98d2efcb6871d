"""What the configuration files may say: their tables, keys and values, as pydantic checks them. `config` reads the files by it."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crawler.config.kinds import (
    Address,
    Cron,
    Duration,
    Endpoint,
    Hours,
    Line,
    Size,
    Told,
    Zone,
    as_fetched,
    contact_of,
    file_type_of,
    host_of,
    listen_of,
    one_line,
    profile_of,
    proxy_of,
    question_of,
    tag_of,
)
from crawler.config.pagers import pager_complaint
from crawler.parsers import mapped


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
    patience: Duration = 120_000
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
    query: Annotated[str, AfterValidator(question_of)] | None = None
    sources: list[Line] = []
    regions: list[Annotated[str, Field(pattern=r"^\d{2,6}$")]] = []
    min_rank: int | None = Field(default=None, ge=0, le=100)

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


Fetched = Annotated[Literal["all", "none"] | list[Annotated[str, AfterValidator(file_type_of)]], BeforeValidator(as_fetched)]


class AttachmentsTable(Table):
    """`[attachments]`: which documents that notices link to are fetched, how large one may be, and by which languages of tesseract
    pictures are read."""

    fetch: Fetched = "all"
    max_bytes: Size = 64 << 20
    ocr: Annotated[str, Field(pattern=r"^([A-Za-z_]{2,20}(\+[A-Za-z_]{2,20})*)?$")] = ""


class OwnAttachmentsTable(Table):
    """`[attachments]` of a source: what it says differs from the settings for all."""

    fetch: Fetched | None = None
    max_bytes: Size | None = None


class AlarmsTable(Table):
    """`[alarms]`."""

    remind: Duration = 3 * 86_400_000
    gather: Duration = 300_000
    channels: dict[str, ChannelTable] = {}


class ServeTable(Table):
    """`[serve]`."""

    listen: Annotated[str, AfterValidator(listen_of)] = "127.0.0.1:8080"
    read: Literal["open", "token"] = "open"
    names: list[Annotated[str, AfterValidator(host_of)]] = []
    requests_per_minute: int = Field(default=600, ge=0)


class AuditTable(Table):
    """`[audit]`."""

    schedule: Cron = "30 3 * * *"
    older_than: Duration = 30 * 86_400_000
    rate: Size = 20 << 20


class ProofTable(Table):
    """`[proof]`."""

    schedule: Cron = "10 0 * * *"
    key: str = ""


class SettingsTable(Table):
    """`config/gongkai.toml`."""

    operator: OperatorTable
    storage: StorageTable = StorageTable()
    network: NetworkTable = NetworkTable()
    schedule: ScheduleTable = ScheduleTable()
    watch: WatchTable = WatchTable()
    budget: BudgetTable = BudgetTable()
    attachments: AttachmentsTable = AttachmentsTable()
    alarms: AlarmsTable = AlarmsTable()
    serve: ServeTable = ServeTable()
    audit: AuditTable = AuditTable()
    proof: ProofTable = ProofTable()


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
    other_hosts: int = Field(default=20, ge=0)
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

    proxy: Annotated[str, AfterValidator(proxy_of)] | None = None


class TlsTable(Table):
    """`[tls]`."""

    profile: Annotated[str, AfterValidator(profile_of)] = "modern"
    reason: Line | None = None
    certificates: str | None = None
    hosts: list[Annotated[str, AfterValidator(host_of)]] = []


class SourceTable(Table):
    """`config/sources/<id>.toml`."""

    title: Line
    start: Starts = []
    pages: Starts = []
    enabled: bool = False
    tags: list[Annotated[str, AfterValidator(tag_of)]] = []
    region: str | None = Field(default=None, pattern=r"^\d{6}$")
    level: Literal["central", "province", "city", "county", "town"] | None = None
    verified: str | None = None
    schedule: SourceScheduleTable = SourceScheduleTable()
    list: ListTable = ListTable()
    detail: Details = []
    politeness: PolitenessTable = PolitenessTable()
    budget: BudgetTable = BudgetTable()
    attachments: OwnAttachmentsTable = OwnAttachmentsTable()
    network: WayTable = WayTable()
    tls: TlsTable = TlsTable()
    expect: ExpectTable = ExpectTable()

    @model_validator(mode="after")
    def _begins(self) -> "SourceTable":
        if not self.start and not self.pages:
            raise ValueError(
                'start or pages is missing: start = "address of the list page", or pages = ["address", …] for single pages'
            )
        return self


def source_shape() -> dict[str, Any]:
    """The JSON Schema of a source's file as the model alone knows it (`source_schema` adds the words)."""
    return SourceTable.model_json_schema(mode="validation")
