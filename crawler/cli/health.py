"""`health`: how every source is. Exit code 1 when one that should run is not well, something of the archive is damaged, or an alarm could not be told."""

import time
from typing import Annotated, Any

import typer

from crawler.cli import lines, output
from crawler.cli.options import Json
from crawler.cli.settings import configured
from crawler.config.choose import chosen
from crawler.config.values import Config, Source
from crawler.errors import RepositoryError
from crawler.model import DOWN, RECOVERED, SUSPECT, Millis
from crawler.monitor import condition
from crawler.monitor.condition import Condition
from crawler.monitor.health import HOST_WIDE
from crawler.repository import outbox
from crawler.repository.captures import Hurt
from crawler.repository.database import reading
from crawler.repository.outbox import ChannelView
from crawler.text.urls import host

MARKS = {"ok": "green", RECOVERED: "green", SUSPECT: "yellow", DOWN: "bold red", "paused": "dim", "off": "dim", "new": "dim"}
ORDER = (DOWN, SUSPECT, RECOVERED, "ok", "new", "paused", "off")
WIDTHS = (10, 22, 12, 12, 8, 8, 7)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("health")(health)


def health(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Default: every configured source.")] = None,
    as_json: Json = False,
) -> None:
    """How every source is: last success, last new item, rows, fields, blocks, silence. Times are Beijing time.

    Example: gongkai health
    """
    config = configured(context)
    wanted = chosen(config, names) if names else list(config.sources.values())
    now = int(time.time() * 1000)
    found, channels = _load(config, wanted, now)
    rows = sorted(
        ((_state(source, found.get(source.id)), source) for source in wanted), key=lambda row: (ORDER.index(row[0]), row[1].id)
    )
    if as_json:
        for state, source in rows:
            output.json_line(_as_json(state, source, found.get(source.id)))
    else:
        _print(rows, found, channels, now, detailed=bool(names))
    unwell = [source for state, source in rows if state in (SUSPECT, DOWN)]
    damaged = any(known.hurt.unhealed for known in found.values())
    if unwell or damaged or any(channel.given_up or channel.error for channel in channels):
        raise typer.Exit(1)


def _load(config: Config, wanted: list[Source], now: Millis) -> tuple[dict[str, Condition], list[ChannelView]]:
    try:
        with reading(config.storage.database) as c:
            expects = {source.id: source.expect for source in wanted}
            used = [channel for channel in outbox.channels(c) if channel.name in config.alarms.channels]
            return condition.conditions(c, expects, now), used
    except RepositoryError as error:
        output.note(str(error))
        return {}, []


def _state(source: Source, known: Condition | None) -> str:
    if not source.enabled and (known is None or known.last_run is None):
        return "off"
    if known is not None and known.paused is not None:
        return "paused"
    if known is None or known.last_run is None:
        return "new"
    return known.state if source.enabled or known.state != "ok" else "off"


# ------------------------------------------------------------------ for people
def _print(
    rows: list[tuple[str, Source]], found: dict[str, Condition], channels: list[ChannelView], now: Millis, *, detailed: bool
) -> None:
    header = ["state", "source", "last read", "last new", "rows/exp", "overdue", "blocked", ""]
    output.table([header], WIDTHS, style="dim")
    for state, source in rows:
        known = found.get(source.id)
        output.table([[state, source.id, *_figures(known), source.title]], WIDTHS, style=MARKS[state])
        if known is not None and (detailed or state in (SUSPECT, DOWN)):
            _tell(known, state)
        if known is not None and known.hurt.captures:
            output.say(f"{' ' * 12}{_damage(known.hurt)}", "yellow")
        if known is not None and detailed and (columns := lines.columns_line(known.columns)):
            output.say(f"{' ' * 12}last run: {columns}", "dim")
    _hosts(rows, found)
    for channel in channels:
        if channel.waiting or channel.error or channel.given_up:
            given_up = f", {channel.given_up} given up" if channel.given_up else ""
            output.say(
                f"alarms by {channel.name}: {channel.waiting} waiting{given_up}{f' ({channel.error})' if channel.error else ''}",
                "yellow",
            )
    counts = {state: sum(1 for other, _ in rows if other == state) for state in ORDER}
    output.note(
        ", ".join(f"{count} {state}" for state, count in counts.items() if count) + f" · {output.when(now)}, Beijing time"
    )


def _damage(hurt: Hurt) -> str:
    more = f" and {len(hurt.files) - 2} more files" if len(hurt.files) > 2 else ""
    left = f"{hurt.unhealed} are stored anew at the next look" if hurt.unhealed else "their addresses have newer ones"
    return f"damaged: {hurt.captures} captures in {', '.join(hurt.files[:2])}{more}; {left}"


def _figures(known: Condition | None) -> list[str]:
    if known is None or known.last_run is None:
        return ["-"] * 5
    rows = f"{'-' if known.rows is None else known.rows}/{'-' if known.expected is None else known.expected}"
    overdue = "-" if known.overdue is None else f"{known.overdue:.0%}"
    blocked = "-" if known.blocked is None else f"{known.blocked:.0%}"
    return [output.when(known.last_ok, "%m-%d %H:%M"), output.when(known.last_new, "%Y-%m-%d"), rows, overdue, blocked]


def _tell(known: Condition, state: str) -> None:
    indent = " " * 12
    for reason in known.reasons:
        output.say(f"{indent}{known.trouble}: {reason}" if reason == known.reasons[0] else f"{indent}{reason}")
    if state in (SUSPECT, DOWN):
        bad = f", {known.bad} run{'s' if known.bad > 1 else ''} in a row" if known.bad else ""
        good = f", {known.good} good since" if known.good else ""
        output.say(f"{indent}since {output.when(known.since)}{bad}{good}")
    if known.rests_until is not None:
        output.say(f"{indent}in quarantine: asked again after {output.when(known.rests_until)}")
    if known.fill:
        output.say(f"{indent}filled: " + ", ".join(f"{name} {share:.0%}" for name, share in known.fill.items()), "dim")
    if known.silence:
        output.say(f"{indent}longest silence: {known.silence}", "dim")


def _hosts(rows: list[tuple[str, Source]], found: dict[str, Condition]) -> None:
    """Hosts all of whose sources have the same trouble of the host's own."""
    by_host: dict[str, list[Condition | None]] = {}
    for _, source in rows:
        if source.enabled:
            by_host.setdefault(host(source.addresses[0].url), []).append(found.get(source.id))
    for name, known in by_host.items():
        troubles = {item.trouble if item is not None and item.state in (SUSPECT, DOWN) else None for item in known}
        (one,) = troubles if len(troubles) == 1 else (None,)
        if len(known) > 1 and one in [str(wide) for wide in HOST_WIDE]:
            output.say(f"the whole host {name}: {one}, {len(known)} sources", "bold")


# ------------------------------------------------------------------ for programs
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
