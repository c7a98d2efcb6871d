"""`health`: how every source is, and whether the archive's own works are: a daemon, hosts that are left alone, alarms, the disk, damage, files.

Exit code 1 when anything of that is not well, 3 when it cannot be told.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from crawler.cli import archive, lines, output, words
from crawler.cli.options import Json
from crawler.cli.settings import configured
from crawler.config.choose import chosen
from crawler.config.values import Config, Source
from crawler.model import DOWN, RECOVERED, SUSPECT, Millis
from crawler.monitor import condition
from crawler.monitor.condition import Condition, House
from crawler.monitor.health import HOST_WIDE
from crawler.politeness import clocks
from crawler.repository.captures import Hurt
from crawler.repository.reader import is_unfinished
from crawler.text.urls import host

MARKS = {"ok": "green", RECOVERED: "green", SUSPECT: "yellow", DOWN: "bold red", "paused": "dim", "off": "dim", "new": "dim"}
ORDER = (DOWN, SUSPECT, RECOVERED, "ok", "new", "paused", "off")
HEADS = ("state", "source", "last read", "last new", "rows/exp", "overdue")
WIDTHS = (10, 22, 11, 10, 8, 7)
INDENT = 12


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of the archive, in bytes."""

    free: int
    total: int
    keep_free: int

    @property
    def full(self) -> bool:
        """Is nothing written there any more?"""
        return self.free < self.keep_free


@dataclass(frozen=True, slots=True)
class Found:
    """Everything `health` tells. `house` None: only some sources were asked for; `broken`: sources whose files are wrong, and what is."""

    rows: list[tuple[str, Source]]
    known: dict[str, Condition]
    house: House | None
    disk: Disk | None
    broken: Mapping[str, tuple[str, ...]]
    unfinished: bool = False  # the database is a part of the archive (`reader.is_unfinished`), and says so by itself

    @property
    def unwell(self) -> list[str]:
        """What is not well, each in a few words."""
        counts = [(state, sum(1 for other, _ in self.rows if other == state)) for state in (DOWN, SUSPECT)]
        damaged = sum(known.hurt.unhealed for known in self.known.values())
        said = [f"{count} {'source' if count == 1 else 'sources'} {state}" for state, count in counts if count]
        said += [f"{output.plural(damaged, 'capture')} damaged"] if damaged else []
        if self.house is not None:
            said += ["no daemon is alive"] if self.house.lacks_daemon else []
            said += ["a clock was ahead"] if self.house.clock else []
            unsearchable = self.house.unsearchable[0]
            said += [f"{output.plural(unsearchable, 'document')} not searchable"] if unsearchable else []
            said += [f"{queue.name} is left alone" for queue in self.house.broken]
            said += [f"alarms by {channel.name}" for channel in self.house.channels if channel.error or channel.given_up]
        said += ["the database is a part of the archive"] if self.unfinished else []
        if self.broken:
            said.append(f"{output.plural(len(self.broken), 'source file')} wrong")
        if self.disk is not None and self.disk.full:
            said.append("the disk is full")
        return said


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("health")(health)


def health(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Default: every configured source.")] = None,
    as_json: Json = False,
) -> None:
    """How every source is: last success, last new item, rows, silence; and the daemon, hosts left alone, alarms, the disk.

    Times are Beijing time. Exit code 1: something is not well; 3: it cannot be told.

    Example: gongkai health
    """
    config = configured(context)
    wanted = chosen(config, names) if names else list(config.sources.values())
    now = int(time.time() * 1000)
    found = _load(config, wanted, now, whole=not names)
    if as_json:
        for state, source in found.rows:
            output.json_line(_as_json(state, source, found.known.get(source.id)))
        if found.house is not None:
            output.json_line(_house_json(found, now))
    else:
        _print(found, now, detailed=bool(names))
    if found.unwell:
        output.note(f"not well: {', '.join(found.unwell)}")
        raise typer.Exit(1)


def _load(config: Config, wanted: list[Source], now: Millis, *, whole: bool) -> Found:
    with archive.of(config.storage.database, config.storage.archive) as c:
        known = condition.conditions(c, {source.id: source.expect for source in wanted}, now)
        used = {queue for source in wanted if source.enabled for queue in _queues(source)}
        house = condition.house(c, used, config.alarms.channels, now) if whole else None
        unfinished = is_unfinished(c)
    rows = sorted(
        ((_state(source, known.get(source.id)), source) for source in wanted), key=lambda row: (ORDER.index(row[0]), row[1].id)
    )
    return Found(rows, known, house, _disk(config) if whole else None, config.broken if whole else {}, unfinished)


def _queues(source: Source) -> list[str]:
    return [source.politeness.queue or host(start.url) for start in source.addresses]


def _disk(config: Config) -> Disk | None:
    try:
        used = shutil.disk_usage(config.storage.archive)
    except FileNotFoundError:  # nothing was archived yet
        return None
    return Disk(used.free, used.total, config.storage.keep_free)


def _state(source: Source, known: Condition | None) -> str:
    if not source.enabled and (known is None or known.last_run is None):
        return "off"
    if known is not None and known.paused is not None:
        return "paused"
    if known is None or known.last_run is None:
        return "new"
    return known.state if source.enabled or known.state != "ok" else "off"


# ------------------------------------------------------------------ for people
def _print(found: Found, now: Millis, *, detailed: bool) -> None:
    wide = output.width() >= sum(WIDTHS) + 2 * len(WIDTHS) + 20
    output.table([[*map(words.said, HEADS), ""]], WIDTHS, style="dim")
    for state, source in found.rows:
        known = found.known.get(source.id)
        output.table([[words.said(state), source.id, *_figures(known), source.title if wide else ""]], WIDTHS, style=MARKS[state])
        if known is not None and (detailed or state in (SUSPECT, DOWN)):
            _tell(known, state)
        if known is not None and known.hurt.captures:
            output.wrapped(_damage(known.hurt), INDENT, "yellow")
        if known is not None and detailed and (columns := lines.columns_line(known.columns)):
            output.wrapped(f"last run: {columns}", INDENT, "dim")
    _hosts(found)
    if found.house is not None:
        _tell_house(found.house, found.disk, now)
    for problem in (problem for problems in found.broken.values() for problem in problems):
        _part("file", problem, "yellow")
    counts = {state: sum(1 for other, _ in found.rows if other == state) for state in ORDER}
    output.note(
        ", ".join(f"{count} {state}" for state, count in counts.items() if count) + f" · {output.when(now)}, Beijing time"
    )


def _damage(hurt: Hurt) -> str:
    more = f" and {len(hurt.files) - 2} more files" if len(hurt.files) > 2 else ""
    left = f"{hurt.unhealed} are stored anew at the next look" if hurt.unhealed else "their addresses have newer ones"
    return f"damaged: {hurt.captures} captures in {', '.join(hurt.files[:2])}{more}; {left}"


def _figures(known: Condition | None) -> list[str]:
    if known is None or known.last_run is None:
        return ["-"] * 4
    rows = f"{'-' if known.rows is None else known.rows}/{'-' if known.expected is None else known.expected}"
    overdue = "-" if known.overdue is None else f"{known.overdue:.0%}"
    return [output.when(known.last_ok, "%m-%d %H:%M"), output.when(known.last_new, "%Y-%m-%d"), rows, overdue]


def _tell(known: Condition, state: str) -> None:
    for reason in known.reasons:
        output.wrapped(f"{known.trouble}: {reason}" if reason == known.reasons[0] else reason, INDENT)
    if state in (SUSPECT, DOWN):
        bad = f", {known.bad} run{'s' if known.bad > 1 else ''} in a row" if known.bad else ""
        good = f", {known.good} good since" if known.good else ""
        output.wrapped(f"since {output.when(known.since)}{bad}{good}", INDENT)
    if known.rests_until is not None:
        output.wrapped(f"in quarantine: asked again after {output.when(known.rests_until)}", INDENT)
    if known.blocked:
        output.wrapped(f"blocked: {known.blocked:.0%} of the last week's {known.looks} looks", INDENT)
    if known.fill:
        output.wrapped("filled: " + ", ".join(f"{name} {share:.0%}" for name, share in known.fill.items()), INDENT, "dim")
    if known.silence:
        output.wrapped(f"longest silence: {known.silence}", INDENT, "dim")


def _hosts(found: Found) -> None:
    """Hosts all of whose sources have the same trouble of the host's own."""
    by_host: dict[str, list[Condition | None]] = {}
    for _, source in found.rows:
        if source.enabled:
            by_host.setdefault(host(source.addresses[0].url), []).append(found.known.get(source.id))
    for name, known in by_host.items():
        troubles = {item.trouble if item is not None and item.state in (SUSPECT, DOWN) else None for item in known}
        (one,) = troubles if len(troubles) == 1 else (None,)
        if len(known) > 1 and one in [str(wide) for wide in HOST_WIDE]:
            output.tell(f"the whole host {name}: {one}, {len(known)} sources", "bold")


def _tell_house(house: House, disk: Disk | None, now: Millis) -> None:
    """One line a part of the works; what is well is dim."""
    _part("daemon", _daemon(house, now), "yellow" if house.lacks_daemon else "dim")
    if house.clock is not None:
        noticed = output.when(house.clock.at, "%m-%d %H:%M")
        by = f"{clocks.span(house.clock.ahead)} ahead" if house.clock.ahead else "ahead"
        _part("clock", f"was {by}, noticed {noticed}; what it held back is put right", "yellow")
    if house.unsearchable[0]:
        count, why = house.unsearchable
        said = f"{output.plural(count, 'document')} could not be indexed ({why}); gongkai reindex tries again"
        _part("search", said, "yellow")
    files = house.attachments
    if files.known:
        missing = files.known - files.held
        said = f"{files.held} in the archive, {files.gone} of them gone from their sites, {missing} not there"
        _part("attachments", said, "dim")
    for queue in house.broken:
        asked = output.when(queue.until, "%m-%d %H:%M")
        left = f"left alone since {output.when(queue.since, '%m-%d %H:%M')}, asked again at {asked}"
        _part("host", f"{queue.name}: {left}; {queue.failures} failures in a row, {queue.waiting} waiting", "yellow")
    for channel in house.channels:
        bad = bool(channel.error or channel.given_up)
        given_up = f", {channel.given_up} given up" if channel.given_up else ""
        said = f"{channel.name}: {channel.waiting} waiting{given_up}{f' ({channel.error})' if channel.error else ''}"
        _part("alarms by", said, "yellow" if bad else "dim")
    if disk is not None:
        room = f"{output.size(disk.free)} free of {output.size(disk.total)}, {1 - disk.free / max(1, disk.total):.0%} full"
        kept = f"; below {output.size(disk.keep_free)} nothing is written (storage.keep_free)" if disk.full else ""
        _part("disk", f"{room}{kept}", "bold red" if disk.full else "dim")


def _part(name: str, said: str, style: str) -> None:
    """A part of the works, and how it is; a long line goes on below."""
    shown = output.folded(output.safe(words.said(said)).replace("\n", " "), output.width() - INDENT)
    for number, line in enumerate(shown or [""]):
        output.say(output.fit("" if number else words.said(name), INDENT) + line, style)


def _daemon(house: House, now: Millis) -> str:
    if house.alive and house.daemon is not None:
        return f"alive since {output.when(house.daemon.started)}, heard of {_ago(now - house.daemon.beat)} ago"
    if house.daemon is not None:
        return f"dead: last heard of at {output.when(house.daemon.beat)}, started {output.when(house.daemon.started)}"
    if house.fired is not None:
        return f"none is alive; a schedule fired last at {output.when(house.fired)}"
    return "none; sources are read when gongkai crawl is called"


def _ago(span: Millis) -> str:
    return f"{max(0, span) // 1000} s"


# ------------------------------------------------------------------ for programs
def _house_json(found: Found, now: Millis) -> dict[str, Any]:
    """The works as one object, after those of the sources."""
    house, disk = found.house, found.disk
    assert house is not None
    daemon = house.daemon
    return {
        "id": None,
        "at": output.iso(now),
        "well": not found.unwell,
        "unwell": found.unwell,
        "clock": {"noticed": output.iso(house.clock.at), "ahead": house.clock.ahead // 1000} if house.clock else None,
        "daemon": {
            "alive": house.alive,
            "expected": house.fired is not None or daemon is not None,
            "owner": daemon.owner if daemon else None,
            "started": output.iso(daemon.started) if daemon else None,
            "last_beat": output.iso(daemon.beat) if daemon else None,
            "last_fired": output.iso(house.fired),
        },
        "attachments": asdict(house.attachments),
        "left_alone": [
            {
                "queue": queue.name, "since": output.iso(queue.since), "until": output.iso(queue.until), "failures": queue.failures,
                "waiting": queue.waiting,
            }
            for queue in house.broken
        ],
        "channels": [
            {"name": channel.name, "waiting": channel.waiting, "given_up": channel.given_up, "error": channel.error}
            for channel in house.channels
        ],
        "broken_files": {name: list(problems) for name, problems in found.broken.items()},
        "disk": {"free": disk.free, "total": disk.total, "keep_free": disk.keep_free} if disk else None,
    }  # fmt: skip


def _as_json(state: str, source: Source, known: Condition | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": source.id,
        "title": source.title,
        "host": host(source.addresses[0].url),
        "enabled": source.enabled,
        "state": state,
    }
    if known is None:
        return said
    return said | {
        "since": output.iso(known.since),
        "trouble": known.trouble,
        "reasons": list(known.reasons),
        "bad_runs": known.bad,
        "good_runs": known.good,
        "paused": output.iso(known.paused),
        "quarantine_until": output.iso(known.rests_until),
        "last_success": output.iso(known.last_ok),
        "last_new": output.iso(known.last_new),
        "last_run": output.iso(known.last_run),
        "last_result": known.last_result,
        "rows": known.rows,
        "rows_expected": known.expected,
        "fill": {name: round(share, 4) for name, share in known.fill.items()},
        "looks_7d": known.looks,
        "block_rate": known.blocked,
        "longest_silence": known.silence,
        "overdue": None if known.overdue is None else round(known.overdue, 3),
        "columns": lines.columns_json(known.columns),
        "damaged": {"captures": known.hurt.captures, "files": list(known.hurt.files), "unhealed": known.hurt.unhealed},
    }
