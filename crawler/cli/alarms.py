"""`alarms`: who is told, how far they have heard, what could not be told; and one message to see that a channel works."""

import asyncio
import difflib
import time
from typing import Annotated

import typer

from crawler.cli import guarded, output, words
from crawler.cli.options import Json
from crawler.cli.settings import configured
from crawler.config.values import Channel, Config
from crawler.errors import CannotError, UsageError
from crawler.monitor.alarms import Alarms
from crawler.repository import outbox
from crawler.repository.database import Database, reading
from crawler.repository.outbox import ChannelView
from crawler.scheduler.process import fetch_settings

WIDTHS = (16, 9, 8, 8, 9)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(alarms, name="alarms", help="Who is told: list, test.\n\nExample: gongkai alarms list")


alarms = typer.Typer(no_args_is_help=False, invoke_without_command=True)


@alarms.callback()
def default(context: typer.Context) -> None:
    """Who is told: list, test.

    Example: gongkai alarms list
    """
    if context.invoked_subcommand is None:
        list_channels(context)


@alarms.command("list")
def list_channels(context: typer.Context, as_json: Json = False) -> None:
    """Every channel: what it hears of, how far it has heard, what waits and what failed. Exit code 1 when something failed.

    Example: gongkai alarms list
    """
    config = configured(context)
    with reading(config.storage.database) as c:
        known = {view.name: view for view in outbox.channels(c)}
    configured_ = config.alarms.channels
    if not as_json:
        output.table([words.heads("channel", "kind", "heard", "waiting", "given up", "")], WIDTHS, style="dim")
    for name in [*configured_, *sorted(known.keys() - configured_.keys())]:
        channel, view = configured_.get(name), known.get(name)
        if as_json:
            output.json_line(_as_json(name, channel, view))
        else:
            _print(name, channel, view)
    if not configured_:
        output.note("no channel is configured: [alarms.channels.NAME] in the configuration makes one")
    if any(view.error or view.given_up for name, view in known.items() if name in configured_):
        raise typer.Exit(1)


def _print(name: str, channel: Channel | None, view: ChannelView | None) -> None:
    figures = [str(view.cursor), str(view.waiting), str(view.given_up)] if view else ["-", "-", "-"]
    what = words.said(_what(channel) if channel else "not configured any more")
    output.table([[name, channel.kind if channel else "-", *figures, what]], WIDTHS, style="" if channel else "dim")
    if view and view.error and channel:
        output.tell(f"    last try: {view.error}", "yellow")


def _what(channel: Channel) -> str:
    """What a channel hears of, in words."""
    parts = [", ".join(channel.tell)]
    if channel.sources or channel.regions:
        parts.append(f"of {', '.join([*channel.sources, *(f'region {region}' for region in channel.regions)])}")
    if channel.min_rank is not None:
        parts.append(f"rank {channel.min_rank} and more")
    if channel.query:
        parts.append(f"saying {channel.query}")
    return "; ".join(parts)


def _as_json(name: str, channel: Channel | None, view: ChannelView | None) -> dict[str, object]:
    return {
        "name": name,
        "configured": channel is not None,
        "kind": channel.kind if channel else None,
        "tell": list(channel.tell) if channel else [],
        "query": channel.query if channel else None,
        "sources": list(channel.sources) if channel else [],
        "regions": list(channel.regions) if channel else [],
        "min_rank": channel.min_rank if channel else None,
        "heard": view.cursor if view else None,
        "waiting": view.waiting if view else 0,
        "given_up": view.given_up if view else 0,
        "error": view.error if view else None,
    }


@alarms.command("test")
def test(context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="A configured channel.")]) -> None:
    """Send one message by a channel, to see that it arrives. Exit code 3 when it was not taken.

    Example: gongkai alarms test duty
    """
    config = configured(context)
    channel = _channel(config, name)
    database = Database(config.storage.database)  # connected to by nobody: a test is in no outbox
    try:
        teller = Alarms(config, database, fetch_settings(config), lambda: int(time.time() * 1000))
        error = asyncio.run(teller.try_out(channel))
    finally:
        database.close()
    if error:
        guarded.note_closed([error])
        raise CannotError(f"channel {name} ({channel.kind}) did not take it: {error}", remedy=f"see [alarms.channels.{name}]")
    output.tell(f"channel {name} ({channel.kind}) took the message")


def _channel(config: Config, name: str) -> Channel:
    found = config.alarms.channels.get(name)
    if found is None:
        near = difflib.get_close_matches(name, config.alarms.channels, 1)
        raise UsageError(
            f"unknown channel {name!r}", remedy=f"did you mean {near[0]!r}?" if near else "gongkai alarms list names them"
        )
    return found
