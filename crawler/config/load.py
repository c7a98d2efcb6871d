"""TOML → frozen values. Every error names file, line and column, the key, what was expected and the nearest valid name; all at once.

`config/gongkai.toml` holds the operator's settings, `config/sources/<id>.toml` one column of one site each. Relative paths are relative
to the folder that holds `config/`. GONGKAI_CONFIG names another file; GONGKAI_DATABASE and GONGKAI_ARCHIVE override the storage lines.
"""

import difflib
import hashlib
import ipaddress
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import (
    BaseModel,
    ValidationError,
)

from crawler.config.kinds import contact_of, one_line
from crawler.config.places import Places
from crawler.config.shape import (
    AlarmsTable,
    BudgetTable,
    ListTable,
    OperatorTable,
    ServeTable,
    SettingsTable,
    SourceTable,
    StartTable,
    TlsTable,
)
from crawler.config.storage import archive_folder, chosen_file, database_url, root_of
from crawler.config.values import (
    Alarms,
    Attachments,
    Auditing,
    Channel,
    Config,
    Network,
    Operator,
    Politeness,
    Proving,
    ScheduleDefaults,
    Serve,
    Source,
    Storage,
)
from crawler.errors import ConfigError, UsageError
from crawler.model import Expect, Millis, Request, Route, Watch
from crawler.politeness.budget import DEFAULT as DEFAULT_BUDGET
from crawler.politeness.budget import Budget
from crawler.politeness.hours import Window
from crawler.record.rules import DetailRules, ListRules, ReadRules
from crawler.text import urls

SOURCE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
KEYS = re.compile(r"\w+(?:\.\w+)*")
LEAST_DELAY: Millis = 1000
T = TypeVar("T", bound=BaseModel)


# ------------------------------------------------------------------ reading
def check_operator(name: str | None, contact: str | None) -> None:
    """Would these two do in a configuration? Raises UsageError; what is not given is not judged."""
    for key, judge, value in (("name", one_line, name), ("contact", contact_of, contact)):
        try:
            if value is not None:
                judge(value)
        except ValueError as error:
            raise UsageError(f"operator.{key}: {error}", remedy=f"it is {value!r} now") from error


def load(path: Path | None = None) -> Config:
    """The configuration, every file of it right. Raises UsageError when there is none, ConfigError with every problem of every file."""
    config = survey(path)
    if config.broken:
        raise ConfigError([problem for problems in config.broken.values() for problem in problems])
    return config


def survey(path: Path | None = None) -> Config:
    """The configuration as far as it can be used: a source whose file is wrong stands in `broken` and nowhere else.

    Raises UsageError when there is no configuration, ConfigError with every problem of every file when the settings themselves are wrong.
    """
    chosen = chosen_file(path)
    root = root_of(chosen)
    problems: list[str] = []
    settings = _read(chosen, SettingsTable, problems)
    sources: dict[str, Source] = {}
    broken: dict[str, tuple[str, ...]] = {}
    for file in source_files(chosen, problems):
        wrong: list[str] = []
        found = _one(file, settings, root, wrong)
        if wrong:
            broken[file.stem] = tuple(wrong)
        elif found is not None:
            sources[file.stem] = found
    if settings is not None:
        _check_delay(chosen, "network", settings.network.delay, None, settings, problems)
    if problems or settings is None:
        raise ConfigError([*problems, *(problem for wrong in broken.values() for problem in wrong)])
    return replace(_config(settings, sources, root, chosen), broken=MappingProxyType(broken))


def _one(file: Path, settings: SettingsTable | None, root: Path, problems: list[str]) -> Source | None:
    """One source's file, checked together with the settings; None, and its problems added, when it cannot be used."""
    if not SOURCE_ID.fullmatch(file.stem):
        problems.append(f"{file}:1:1: the file's name is the source's id: small letters, digits and hyphens only")
        return None
    found = _read(file, SourceTable, problems)
    if found is None or settings is None:
        return None
    try:
        source = _source(file.stem, found, settings, root)
        _check_tls(file, found.tls, root, problems)
        _check_list(file, found.list, problems)
        hosts = [urls.host(request.url) for request in source.addresses]
        _check_delay(file, "politeness", found.politeness.delay, hosts, settings, problems)
    except OSError as error:  # it is being written, or was taken away, while it is read
        problems.append(f"{file}:1:1: cannot be read: {error.strerror}")
        return None
    return source


def read_source(file: Path) -> Source:
    """One source's file alone, with the defaults of settings that say nothing. Raises ConfigError with every problem."""
    problems: list[str] = []
    found = _read(file, SourceTable, problems)
    if found is None:
        raise ConfigError(problems)
    nobody = OperatorTable(name="nobody", contact="mailto:nobody@example.org")
    return _source(file.stem, found, SettingsTable(operator=nobody), file.resolve().parent.parent.parent)


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
    except RecursionError:
        problems.append(f"{file}:1:1: nested too deeply")
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


def _config(settings: SettingsTable, sources: Mapping[str, Source], root: Path, path: Path) -> Config:
    network = settings.network
    return Config(
        operator=Operator(settings.operator.name, settings.operator.contact),
        storage=Storage(
            database_url(settings.storage.database, root),
            archive_folder(settings.storage.archive, root),
            settings.storage.keep_free,
            settings.storage.file_size,
            settings.storage.file_age,
        ),
        network=Network(
            network.delay,
            network.deadline,
            network.max_body,
            network.queues_at_once,
            MappingProxyType(network.connect),
            tuple(network.allow_private),
            network.patience,
        ),
        schedule=ScheduleDefaults(settings.schedule.timezone, settings.schedule.lists, settings.schedule.revisit_per_day),
        alarms=_alarms(settings.alarms),
        serve=_serve(settings.serve),
        attachments=Attachments.of(settings.attachments.fetch, settings.attachments.max_bytes, settings.attachments.ocr),
        audit=Auditing(settings.audit.schedule, settings.audit.older_than, settings.audit.rate),
        proof=Proving(settings.proof.schedule, root / settings.proof.key if settings.proof.key else None),
        watch=Watch(tuple(settings.watch.revisit), settings.watch.gone_misses, settings.watch.gone_after),
        budget=_budget(settings.budget, DEFAULT_BUDGET),
        sources=MappingProxyType(dict(sources)),
        root=root,
        path=path,
        digest=_digest(path),
    )


def _serve(table: ServeTable) -> Serve:
    host, _, port = table.listen.rpartition(":")
    return Serve(host.strip("[]"), int(port), table.read == "token", tuple(table.names), table.requests_per_minute)


def source_files(path: Path, problems: list[str]) -> list[Path]:
    """The sources' files beside a configuration's. A folder that is there and cannot be listed is a problem: it is not taken for an empty one."""
    folder = path.parent / "sources"
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".toml" and not file.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(f"{folder}:1:1: cannot be listed: {error.strerror}")
        return []


def _digest_of(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:  # its source is told to be broken
        return "-" * 64


def _digest(path: Path) -> str:
    """One digest of all files of a configuration."""
    files = [path, *source_files(path, [])]
    listed = "".join(f"{_digest_of(file)}  {file.relative_to(path.parent).as_posix()}\n" for file in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def _alarms(found: AlarmsTable) -> Alarms:
    """A mail server's usual port follows from its security (RFC 8314, 3.3; RFC 6409, 3.1)."""
    ports = {"tls": 465, "starttls": 587, "none": 25}
    channels = {
        name: Channel(
            name, c.kind, tuple(c.tell), c.url, c.url_env, c.sign_env, tuple(c.command), c.host, c.port or ports[c.security],
            c.security, c.user, c.password_env, c.sender, tuple(c.to), c.query, tuple(c.sources), tuple(c.regions), c.min_rank,
        )
        for name, c in found.channels.items()
    }  # fmt: skip
    return Alarms(found.remind, found.gather, MappingProxyType(channels))


def _source(name: str, found: SourceTable, settings: SettingsTable, root: Path) -> Source:
    starts, pages = (
        [StartTable(url=start) if isinstance(start, str) else start for start in listed] for listed in (found.start, found.pages)
    )
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
        start=tuple(map(_request, starts)),
        pages=tuple(map(_request, pages)),
        tags=tuple(dict.fromkeys(found.tags)),
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
        budget=_budget(found.budget, _budget(settings.budget, DEFAULT_BUDGET)),
        attachments=Attachments.of(
            found.attachments.fetch or settings.attachments.fetch,
            found.attachments.max_bytes or settings.attachments.max_bytes,
            settings.attachments.ocr,
        ),
        route=Route(
            proxy=found.network.proxy,
            tls_profile=found.tls.profile,
            tls_reason=found.tls.reason or "",
            certificates=str(root / found.tls.certificates) if found.tls.certificates else None,
            hosts=frozenset(found.tls.hosts or (urls.host(start.url) for start in [*starts, *pages])),
        ),
    )


def _request(found: StartTable) -> Request:
    return Request(found.url, found.method, tuple(found.headers.items()), found.body.encode())


def _budget(own: BudgetTable, default: Budget) -> Budget:
    """A source's own limits where it has some, else those for all."""
    return Budget(own.requests or default.requests, own.bytes or default.bytes, own.time or default.time_ms)


def _list_rules(found: ListTable) -> ListRules:
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
        other_hosts=found.other_hosts,
    )


def _check_list(file: Path, found: ListTable, problems: list[str]) -> None:
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


def _check_tls(file: Path, tls: TlsTable, root: Path, problems: list[str]) -> None:
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
    file: Path, table: str, delay: Millis | None, hosts: list[str] | None, settings: SettingsTable, problems: list[str]
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
    loc = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith(("function-", "StartTable"))))
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
        at, what = places.value(path), f"{message[:1].lower()}{message[1:]}{got if path else ''}"
    return at, f"{file}:{at[0]}:{at[1]}: {dotted}{': ' if dotted else ''}{what}"


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
