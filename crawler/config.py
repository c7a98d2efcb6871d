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

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from crawler import columns, slots, urls
from crawler.errors import ConfigError, UsageError
from crawler.fetcher.tls import PROFILES
from crawler.model import DetailRules, Expect, ListRules, Millis, ReadRules, Request, Watch, Way
from crawler.toml_places import Places

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))+")
PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)", re.IGNORECASE)
SIZES = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
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
class Politeness:
    """A source's own queue and pause; None: the host, the default."""

    queue: str | None
    delay_ms: Millis | None


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
    way: Way = field(default_factory=Way)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is configured. `root` is the folder that holds `config/`."""

    operator: Operator
    storage: Storage
    network: Network
    schedule: ScheduleDefaults
    watch: Watch
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


def _proxy(value: str) -> str:
    try:
        host, path = urls.host(value), urls.path(value)
    except urls.BadUrl:
        host, path = "", ""
    if not host or path != "/" or "@" in value or not value.lower().startswith("http://"):
        raise ValueError('expected "http://host:port", without user and password')
    return value.rstrip("/")


def _profile(value: str) -> str:
    if value not in PROFILES:
        raise ValueError(f"no TLS profile of that name; expected one of {', '.join(PROFILES)}")
    return value


def _line(value: str) -> str:
    if not value.strip() or any(ord(c) < 32 for c in value):
        raise ValueError("expected one line of text")
    return value.strip()


Duration = Annotated[int, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
Cron = Annotated[str, AfterValidator(_cron)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Line = Annotated[str, AfterValidator(_line)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Operator(_Table):
    name: Line
    contact: Annotated[Line, AfterValidator(_contact)]


class _Storage(_Table):
    database: str = "sqlite:///data/gongkai.db"
    archive: str = "data/warc"


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


class _Settings(_Table):
    operator: _Operator
    storage: _Storage = _Storage()
    network: _Network = _Network()
    schedule: _Schedule = _Schedule()
    watch: _Watch = _Watch()


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
    next: Annotated[_Pager, BeforeValidator(_as_pager)] = _Pager(kind="auto")
    max_pages: int | None = Field(default=None, ge=1)
    only: Pattern | None = None
    skip: Pattern | None = None


class _Detail(_Table):
    body: str | None = None
    title: str | None = None
    published: str | None = None
    source: str | None = None
    channel: str | None = None
    since: date | None = None


class _Politeness(_Table):
    queue: str | None = None
    delay: Duration | None = None


class _Expect(_Table):
    rows: int | None = Field(default=None, ge=0)
    silence: Duration | None = None
    fill: dict[Literal["title", "channel", "published", "source", "body"], Annotated[float, Field(ge=0, le=1)]] = {}


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


Starts = Annotated[list[Address | _Start], BeforeValidator(_as_list), Field(min_length=1)]
Details = Annotated[list[_Detail], BeforeValidator(_as_list)]


class _Way(_Table):
    proxy: Annotated[str, AfterValidator(_proxy)] | None = None


class _Tls(_Table):
    profile: Annotated[str, AfterValidator(_profile)] = "modern"
    reason: Line | None = None
    certificates: str | None = None
    hosts: list[str] = []


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
    network: _Way = _Way()
    tls: _Tls = _Tls()
    expect: _Expect = _Expect()


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
        storage=Storage(database, root / (os.environ.get("GONGKAI_ARCHIVE") or settings.storage.archive)),
        network=Network(
            network.delay,
            network.deadline,
            network.max_body,
            network.queues_at_once,
            MappingProxyType(network.connect),
            tuple(network.allow_private),
        ),
        schedule=ScheduleDefaults(settings.schedule.timezone, settings.schedule.lists, settings.schedule.revisit_per_day),
        watch=Watch(tuple(settings.watch.revisit), settings.watch.gone_misses, settings.watch.gone_after),
        sources=MappingProxyType(dict(sources)),
        root=root,
        path=path,
    )


def _source(name: str, found: _Source, settings: _Settings, root: Path) -> Source:
    starts = [_Start(url=start) if isinstance(start, str) else start for start in found.start]
    details = sorted(found.detail, key=lambda rules: rules.since or date.min, reverse=True)
    rules = ReadRules(
        tuple(
            DetailRules(d.body, d.title, d.published, d.source, d.channel, d.since.isoformat() if d.since else None)
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
        politeness=Politeness(found.politeness.queue, found.politeness.delay),
        expect=Expect(
            found.expect.rows, found.expect.silence, MappingProxyType({str(k): v for k, v in found.expect.fill.items()})
        ),
        digest=hashlib.sha256(json.dumps(found.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:16],
        way=Way(
            proxy=found.network.proxy,
            tls_profile=found.tls.profile,
            tls_reason=found.tls.reason or "",
            certificates=str(root / found.tls.certificates) if found.tls.certificates else None,
            hosts=frozenset(found.tls.hosts or (urls.host(start.url) for start in starts)),
        ),
    )


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


def place(file: Path, path: tuple[str | int, ...]) -> str:
    """`file:line:column` of a value in a source's file, for whoever reports that it does not fit its site."""
    line, column = Places(file.read_text("utf-8")).value(path)
    return f"{file}:{line}:{column}"


def _check_list(file: Path, found: _List, problems: list[str]) -> None:
    """Selectors that are none. A path of keys of a JSON answer is none either, and may stand in their place."""
    for name in ("rows", "link", "title", "date"):
        selector = getattr(found, name)
        if selector is None or KEYS.fullmatch(selector):
            continue
        from crawler.parsers.tree import complaint

        wrong = complaint(selector)
        if wrong is not None:
            problems.append(f"{place(file, ('list', name))}: list.{name}: {wrong}")


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
    if error["type"] == "extra_forbidden":
        at, what = places.key(path), "unknown key" + _suggest(str(path[-1]), model, path[:-1])
    elif error["type"] == "missing":
        at, what = places.key(path), "required key is missing"
    else:
        message = str(error["msg"]).removeprefix("Value error, ")
        at, what = places.value(path), f"{message[:1].lower()}{message[1:]} (got {str(error['input'])[:60]!r})"
    return at, f"{file}:{at[0]}:{at[1]}: {dotted}: {what}"


def _suggest(key: str, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    for part in path:
        field = model.model_fields.get(str(part)) if not isinstance(part, int) else None
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
