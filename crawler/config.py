"""TOML → frozen values. Every error names file, line and column, the key, what was expected and the nearest valid name; all at once.

`config/gongkai.toml` holds the operator's settings, `config/sources/<id>.toml` one column of one site each. Relative paths are relative
to the folder that holds `config/`. GONGKAI_CONFIG names another file; GONGKAI_DATABASE and GONGKAI_ARCHIVE override the storage lines.
"""

import difflib
import hashlib
import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from crawler import columns, slots, urls
from crawler.budget import UNLIMITED, Budget
from crawler.errors import ConfigError, UsageError
from crawler.fetcher.tls import PROFILES
from crawler.model import ChangeKind, DetailRules, Expect, ListRules, Millis, ReadRules, Request, Watch, Way
from crawler.pace import Window
from crawler.parsers import mapped
from crawler.toml_places import Places

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))+")
PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)", re.IGNORECASE)
SIZES = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
SOURCE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
KEYS = re.compile(r"\w+(?:\.\w+)*")
LEAST_DELAY: Millis = 1000
DEFAULT = Path("config/gongkai.toml")
T = TypeVar("T", bound=BaseModel)


# ------------------------------------------------------------------ what the rest of the house sees
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


@dataclass(frozen=True, slots=True)
class Network:
    """How the network is used. Times in milliseconds, sizes in bytes."""

    delay_ms: Millis
    deadline_ms: Millis
    max_body: int
    queues_at_once: int
    connect: Mapping[str, str]
    allow_private: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScheduleDefaults:
    """When sources fire that do not say so themselves."""

    timezone: str
    lists: str
    revisit_per_day: int


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alarms go. `tell`: kinds of ledger lines. Secrets are named by the environment variable that holds them."""

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


@dataclass(frozen=True, slots=True)
class Alarms:
    """Whom to tell. `gather_ms`: how long an alarm waits for others of its host; `remind_ms` 0: never."""

    remind_ms: Millis
    gather_ms: Millis
    channels: Mapping[str, Channel]


@dataclass(frozen=True, slots=True)
class Politeness:
    """A source's own queue, pause and visiting hours; None: the host, the default, any hour."""

    queue: str | None
    delay_ms: Millis | None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One column of one site."""

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
    way: Way = field(default_factory=Way)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is configured. `root` is the folder that holds `config/`."""

    operator: Operator
    storage: Storage
    network: Network
    schedule: ScheduleDefaults
    watch: Watch
    budget: Budget  # of a run that belongs to no configured source
    alarms: Alarms
    sources: Mapping[str, Source]
    root: Path
    path: Path


# ------------------------------------------------------------------ what the files may say
def _duration(value: object) -> Millis:
    if not isinstance(value, str) or not DURATION.fullmatch(value.strip()):
        raise ValueError('expected a duration such as "2s", "14d" or "1h30m"')
    return int(sum(float(number) * UNITS[unit] for number, unit in PIECE.findall(value)))


def _size(value: object) -> int:
    match = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a size such as "32MB"')
    return int(float(match[1]) * SIZES[match[2].lower()])


def _cron(value: str) -> str:
    slots.check(value)
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


def _contact(value: str) -> str:
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


def _line(value: str) -> str:
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
    int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": f"^{SIZE.pattern}$", "examples": ["32MB"]})
]
Hours = Annotated[tuple[int, int], BeforeValidator(_hours)]
Cron = Annotated[str, AfterValidator(_cron)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Line = Annotated[str, AfterValidator(_line)]
Told = Annotated[str, AfterValidator(_told)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Operator(_Table):
    name: Line
    contact: Annotated[Line, AfterValidator(_contact)]


class _Storage(_Table):
    database: str = "sqlite:///data/gongkai.db"
    archive: str = "data/warc"
    keep_free: Size = 500 << 20


class _Network(_Table):
    delay: Duration = 2000
    deadline: Duration = 60_000
    max_body: Size = 32 << 20
    queues_at_once: int = Field(default=20, ge=1, le=500)
    connect: dict[str, Endpoint] = {}
    allow_private: list[str] = []


class _Schedule(_Table):
    timezone: Zone = "Asia/Shanghai"
    lists: Cron = "15 9-18 * * mon-fri"
    revisit_per_day: int = Field(default=2000, ge=0)


class _Watch(_Table):
    revisit: list[Duration] = Field(
        default=[86_400_000, 3 * 86_400_000, 7 * 86_400_000, 30 * 86_400_000, 90 * 86_400_000], min_length=1
    )
    gone_misses: int = Field(default=3, ge=1)
    gone_after: Duration = 14 * 86_400_000


class _Budget(_Table):
    requests: int | None = Field(default=None, ge=1)
    bytes: Size | None = None
    time: Duration | None = None


class _Channel(_Table):
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
    def _whole(self) -> "_Channel":
        needs = {"log": (), "command": ("command",), "email": ("host", "sender", "to")}.get(self.kind, ("url",))
        missing = [name for name in needs if not (getattr(self, name) or (name == "url" and self.url_env))]
        if missing:
            names = " and ".join("url or url_env" if name == "url" else name for name in missing)
            raise ValueError(f"a channel of kind {self.kind} needs {names}")
        if self.user and not self.password_env:
            raise ValueError("user needs password_env, the name of the environment variable that holds the password")
        return self


class _Alarms(_Table):
    remind: Duration = 3 * 86_400_000
    gather: Duration = 300_000
    channels: dict[str, _Channel] = {}


class _Settings(_Table):
    operator: _Operator
    storage: _Storage = _Storage()
    network: _Network = _Network()
    schedule: _Schedule = _Schedule()
    watch: _Watch = _Watch()
    budget: _Budget = _Budget()
    alarms: _Alarms = _Alarms()


class _Start(_Table):
    url: Address
    method: Literal["GET", "POST"] = "GET"
    body: str = ""
    headers: dict[str, str] = {}


class _SourceSchedule(_Table):
    lists: Cron | None = None
    sweep: Cron | None = None


class _Pager(BaseModel):
    """`"auto"`, `"none"`, or a table with a kind and its parameters."""

    model_config = ConfigDict(extra="allow", strict=True)
    kind: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        wrong = columns.pager_complaint(self.kind, self.params())
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


class _List(_Table):
    hosts: list[str] = []
    rows: str | None = None
    link: str | None = None
    title: str | None = None
    date: str | None = None
    min_items: int | None = Field(default=None, ge=0)
    next: Annotated[_Pager, BeforeValidator(_as_pager, str | _Pager)] = _Pager(kind="auto")
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


class _Json(_Table):
    """Where an answer in JSON holds what; `parsers/mapped.py` reads by it."""

    address: Annotated[str, AfterValidator(_line)] | None = None
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


class _Detail(_Table):
    parts: str | None = None
    mapping: _Json | None = Field(default=None, alias="json")  # pydantic has a method of that name
    body: str | None = None
    title: str | None = None
    published: str | None = None
    source: str | None = None
    channel: str | None = None
    since: date | None = None


class _Politeness(_Table):
    queue: str | None = None
    delay: Duration | None = None
    window: Hours | None = None


class _Expect(_Table):
    rows: int | None = Field(default=None, ge=0)
    silence: Duration | None = None
    fill: dict[Literal["title", "channel", "published", "source", "body"], Annotated[float, Field(ge=0, le=1)]] = {}


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


Starts = Annotated[
    list[Address | _Start], BeforeValidator(_as_list, Address | _Start | list[Address | _Start]), Field(min_length=1)
]
Details = Annotated[list[_Detail], BeforeValidator(_as_list, _Detail | list[_Detail])]


class _Way(_Table):
    proxy: Annotated[str, AfterValidator(_proxy)] | None = None


class _Tls(_Table):
    profile: Annotated[str, AfterValidator(_profile)] = "modern"
    reason: Line | None = None
    certificates: str | None = None
    hosts: list[Annotated[str, AfterValidator(_host)]] = []


class _Source(_Table):
    title: Line
    start: Starts
    enabled: bool = False
    region: str | None = Field(default=None, pattern=r"^\d{6}$")
    level: Literal["central", "province", "city", "county", "town"] | None = None
    verified: str | None = None
    schedule: _SourceSchedule = _SourceSchedule()
    list: _List = _List()
    detail: Details = []
    politeness: _Politeness = _Politeness()
    budget: _Budget = _Budget()
    network: _Way = _Way()
    tls: _Tls = _Tls()
    expect: _Expect = _Expect()


def source_shape() -> dict[str, Any]:
    """The JSON Schema of a source's file as the model alone knows it (`source_schema` adds the words)."""
    return _Source.model_json_schema(mode="validation")


# ------------------------------------------------------------------ reading
def check_operator(name: str | None, contact: str | None) -> None:
    """Would these two do in a configuration? Raises UsageError; what is not given is not judged."""
    for key, judge, value in (("name", _line, name), ("contact", _contact, contact)):
        try:
            if value is not None:
                judge(value)
        except ValueError as error:
            raise UsageError(f"operator.{key}: {error}", remedy=f"it is {value!r} now") from error


def load(path: Path | None = None) -> Config:
    """The configuration. Raises UsageError when there is none, ConfigError with every problem of every file."""
    chosen = path or Path(os.environ.get("GONGKAI_CONFIG") or DEFAULT)
    if not chosen.is_file():
        raise UsageError(f"there is no configuration at {chosen}", remedy="gongkai init writes one, --config names another")
    root = chosen.resolve().parent.parent if chosen.resolve().parent.name == "config" else chosen.resolve().parent
    problems: list[str] = []
    settings = _read(chosen, _Settings, problems)
    sources: dict[str, Source] = {}
    for file in sorted(chosen.parent.glob("sources/*.toml")):
        if not SOURCE_ID.fullmatch(file.stem):
            problems.append(f"{file}:1:1: the file's name is the source's id: small letters, digits and hyphens only")
            continue
        found = _read(file, _Source, problems)
        if found is not None and settings is not None:
            sources[file.stem] = _source(file.stem, found, settings, root)
            _check_tls(file, found.tls, root, problems)
            _check_list(file, found.list, problems)
            _check_delay(
                file,
                "politeness",
                found.politeness.delay,
                [urls.host(s.url) for s in sources[file.stem].start],
                settings,
                problems,
            )
    if settings is not None:
        _check_delay(chosen, "network", settings.network.delay, None, settings, problems)
    if problems or settings is None:
        raise ConfigError(problems)
    return _config(settings, sources, root, chosen)


def read_source(file: Path) -> Source:
    """One source's file alone, with the defaults of settings that say nothing. Raises ConfigError with every problem."""
    problems: list[str] = []
    found = _read(file, _Source, problems)
    if found is None:
        raise ConfigError(problems)
    nobody = _Operator(name="nobody", contact="mailto:nobody@example.org")
    return _source(file.stem, found, _Settings(operator=nobody), file.resolve().parent.parent.parent)


def place(file: Path, path: tuple[str | int, ...]) -> str:
    """`file:line:column` of a key, in a table or in the first of an array of them; the file's beginning when it is not there any more."""
    try:
        places = Places(file.read_text("utf-8"))
        line, column = places.key(path if places.has(path) else (path[0], 0, *path[1:]))
    except (OSError, ValueError):
        line, column = 1, 1
    return f"{file}:{line}:{column}"


def _read(file: Path, model: type[T], problems: list[str]) -> T | None:
    """The values of one file; None, and its problems added, when there are any."""
    try:
        text = file.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        problems.append(f"{file}:1:1: not UTF-8: {error.reason} at byte {error.start}")
        return None
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        lines = text.rstrip().split("\n")
        line, column = (match[1], match[2]) if match else (len(lines), len(lines[-1]) + 1)
        problems.append(f"{file}:{line}:{column}: {str(error).partition(' (at')[0]}")
        return None
    except OSError as error:
        problems.append(f"{file}:1:1: cannot be read: {error.strerror}")
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        places = Places(text)
        found = {_problem(file, places, item, model) for item in error.errors(include_url=False) if item["type"] != "model_type"}
        problems += [message for _, message in sorted(found)]
        return None


def _config(settings: _Settings, sources: Mapping[str, Source], root: Path, path: Path) -> Config:
    database = os.environ.get("GONGKAI_DATABASE") or settings.storage.database
    if database.startswith("sqlite:///") and not database.startswith("sqlite:////"):
        database = f"sqlite:///{root / database.removeprefix('sqlite:///')}"
    network = settings.network
    return Config(
        operator=Operator(settings.operator.name, settings.operator.contact),
        storage=Storage(
            database, root / (os.environ.get("GONGKAI_ARCHIVE") or settings.storage.archive), settings.storage.keep_free
        ),
        network=Network(
            network.delay,
            network.deadline,
            network.max_body,
            network.queues_at_once,
            MappingProxyType(network.connect),
            tuple(network.allow_private),
        ),
        schedule=ScheduleDefaults(settings.schedule.timezone, settings.schedule.lists, settings.schedule.revisit_per_day),
        alarms=_alarms(settings.alarms),
        watch=Watch(tuple(settings.watch.revisit), settings.watch.gone_misses, settings.watch.gone_after),
        budget=_budget(settings.budget, settings.budget),
        sources=MappingProxyType(dict(sources)),
        root=root,
        path=path,
    )


def _alarms(found: _Alarms) -> Alarms:
    """A mail server's usual port follows from its security (RFC 8314, 3.3; RFC 6409, 3.1)."""
    ports = {"tls": 465, "starttls": 587, "none": 25}
    channels = {
        name: Channel(
            name, c.kind, tuple(c.tell), c.url, c.url_env, c.sign_env, tuple(c.command), c.host, c.port or ports[c.security],
            c.security, c.user, c.password_env, c.sender, tuple(c.to),
        )
        for name, c in found.channels.items()
    }  # fmt: skip
    return Alarms(found.remind, found.gather, MappingProxyType(channels))


def _source(name: str, found: _Source, settings: _Settings, root: Path) -> Source:
    starts = [_Start(url=start) if isinstance(start, str) else start for start in found.start]
    details = sorted(found.detail, key=lambda rules: rules.since or date.min, reverse=True)
    rules = ReadRules(
        tuple(
            DetailRules(
                d.body,
                d.title,
                d.published,
                d.source,
                d.channel,
                d.since.isoformat() if d.since else None,
                d.parts,
                tuple(d.mapping.model_dump(exclude_none=True).items()) if d.mapping else (),
            )
            for d in details
        ),
        _list_rules(found.list),
    )
    return Source(
        id=name,
        title=found.title,
        start=tuple(Request(s.url, s.method, tuple(s.headers.items()), s.body.encode()) for s in starts),
        enabled=found.enabled,
        region=found.region,
        level=found.level,
        verified=found.verified,
        lists=found.schedule.lists or settings.schedule.lists,
        sweep=found.schedule.sweep,
        read=rules,
        politeness=Politeness(
            found.politeness.queue,
            found.politeness.delay,
            Window(*found.politeness.window, settings.schedule.timezone) if found.politeness.window else None,
        ),
        expect=Expect(
            found.expect.rows, found.expect.silence, MappingProxyType({str(k): v for k, v in found.expect.fill.items()})
        ),
        digest=hashlib.sha256(json.dumps(found.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:16],
        budget=_budget(found.budget, settings.budget),
        way=Way(
            proxy=found.network.proxy,
            tls_profile=found.tls.profile,
            tls_reason=found.tls.reason or "",
            certificates=str(root / found.tls.certificates) if found.tls.certificates else None,
            hosts=frozenset(found.tls.hosts or (urls.host(start.url) for start in starts)),
        ),
    )


def _budget(own: _Budget, default: _Budget) -> Budget:
    """A source's own limits where it has some, else those for all."""
    return Budget(own.requests or default.requests, own.bytes or default.bytes, own.time or default.time)


def _list_rules(found: _List) -> ListRules:
    return ListRules(
        hosts=tuple(found.hosts),
        rows=found.rows,
        link=found.link,
        title=found.title,
        date=found.date,
        min_items=found.min_items,
        next=found.next.kind,
        next_with=tuple(sorted(found.next.params().items())),
        max_pages=found.max_pages,
        only=found.only,
        skip=found.skip,
    )


def _check_list(file: Path, found: _List, problems: list[str]) -> None:
    """Selectors that are none. A path of keys of a JSON answer is none either, and may stand in their place."""
    for name in ("rows", "link", "title", "date"):
        selector = getattr(found, name)
        if selector is None or KEYS.fullmatch(selector):
            continue
        from crawler.parsers.tree import complaint

        wrong = complaint(selector)
        if wrong is not None:
            line, column = Places(file.read_text("utf-8")).value(("list", name))
            problems.append(f"{file}:{line}:{column}: list.{name}: {wrong}")


def _check_tls(file: Path, tls: _Tls, root: Path, problems: list[str]) -> None:
    """A profile that takes more than `modern` has its reason beside it; certificates go with the profile that uses them."""
    said: list[tuple[str, str]] = []
    if tls.profile != "modern" and not tls.reason:
        said.append(("profile", f'{tls.profile} needs a reason beside it: reason = "…", kept with every capture'))
    if tls.profile == "extra-intermediate" and not tls.certificates:
        said.append(("profile", 'extra-intermediate needs certificates = "file.pem", relative to the folder that holds config/'))
    if tls.certificates and tls.profile != "extra-intermediate":
        said.append(("certificates", "only the profile extra-intermediate uses them"))
    elif tls.certificates and not (root / tls.certificates).is_file():
        said.append(("certificates", f"there is no file {root / tls.certificates}"))
    for key, message in said:
        line, column = Places(file.read_text("utf-8")).value(("tls", key))
        problems.append(f"{file}:{line}:{column}: tls.{key}: {message}")


def _check_delay(
    file: Path, table: str, delay: Millis | None, hosts: list[str] | None, settings: _Settings, problems: list[str]
) -> None:
    """A pause under a second is only for hosts that are our own: in `connect` or `allow_private`."""
    if delay is None or delay >= LEAST_DELAY:
        return
    own = {*settings.network.connect, *settings.network.allow_private}
    if "*" in own or (hosts is None and own) or (hosts is not None and all(_is_own(host, own) for host in hosts)):
        return
    line, column = Places(file.read_text("utf-8")).value((table, "delay"))
    problems.append(f"{file}:{line}:{column}: {table}.delay: under 1s only for hosts in network.connect or network.allow_private")


def _is_own(host: str, own: set[str]) -> bool:
    if host in own:
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return any(
        address in network for item in own if (network := _network(item)) is not None and network.version == address.version
    )


def _network(item: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(item, strict=False)
    except ValueError:
        return None


# ------------------------------------------------------------------ errors with their places
def _problem(file: Path, places: Places, error: Mapping[str, Any], model: type[BaseModel]) -> tuple[tuple[int, int], str]:
    loc = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith(("function-", "_Start"))))
    path = tuple(part for part in loc if part not in ("str", "literal"))
    dotted = ".".join(str(part) for part in path if not isinstance(part, int))
    if not places.has(path):  # one table where an array of them may stand
        path = tuple(part for part in path if not isinstance(part, int))
    if error["type"] == "extra_forbidden":
        at, what = places.key(path), "unknown key" + _suggest(str(path[-1]), model, path[:-1])
    elif error["type"] == "missing":
        at, what = places.key(path), "required key is missing"
    else:
        message = str(error["msg"]).removeprefix("Value error, ")
        got = "" if path[:1] == ("alarms",) else f" (got {_shown(error['input'])!r})"  # a webhook's address is a secret
        at, what = places.value(path), f"{message[:1].lower()}{message[1:]}{got}"
    return at, f"{file}:{at[0]}:{at[1]}: {dotted}: {what}"


def _shown(value: object) -> str:
    """A value as an error may show it: short, and without a password."""
    return re.sub(r"//[^/@]*@", "//…@", str(value))[:60]


def _suggest(key: str, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    for part in path:
        named = ((field.alias or name, field) for name, field in model.model_fields.items())
        field = next((field for name, field in named if name == part), None)
        inner = _inner(field.annotation) if field else None
        if inner is None and not isinstance(part, int):
            return ""
        model = inner or model
    near = difflib.get_close_matches(key, model.model_fields, 1, 0.5)
    return f'; did you mean "{near[0]}"?' if near else f"; known here: {', '.join(model.model_fields)}"


def _inner(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner(argument)
        if found is not None:
            return found
    return None
