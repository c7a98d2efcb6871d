"""`sources`: the columns, what is known of them, and whether their files are right."""

import time
from typing import Annotated

import typer

from crawler.cli import output
from crawler.cli.options import Json, configured
from crawler.config import Config
from crawler.errors import RepositoryError, UsageError
from crawler.repository import query, runs
from crawler.repository.database import Database
from crawler.repository.migrations import check_schema, upgrade
from crawler.repository.query import SourceView


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sources, name="sources", help="The columns: list, check, pause, resume.\n\nExample: gongkai sources list")


sources = typer.Typer(no_args_is_help=False, invoke_without_command=True)


@sources.callback()
def default(context: typer.Context) -> None:
    """The columns: list, check, pause, resume.

    Example: gongkai sources list
    """
    if context.invoked_subcommand is None:
        list_sources(context)


@sources.command("list")
def list_sources(context: typer.Context, as_json: Json = False) -> None:
    """Every configured source, and what is known of it.

    Example: gongkai sources list --json
    """
    config = configured(context)
    known = _known(config)
    for source in config.sources.values():
        seen = known.get(source.id)
        state = "paused" if seen and seen.paused else "on" if source.enabled else "off"
        if as_json:
            output.json_line(
                {"id": source.id, "title": source.title, "start": [start.url for start in source.start], "enabled": source.enabled,
                 "paused": output.iso(seen.paused) if seen else None, "health": seen.health if seen else None,
                 "documents": seen.documents if seen else 0, "last_ok": output.iso(seen.last_ok) if seen else None,
                 "last_new": output.iso(seen.last_new) if seen else None, "last_run": seen.last_run if seen else None,
                 "region": source.region, "level": source.level, "verified": source.verified}
            )  # fmt: skip
            continue
        facts = (
            f"{seen.health:<8} {seen.documents:>6} documents  last new {output.when(seen.last_new)}" if seen else "never crawled"
        )
        output.table([[source.id, state, facts, source.title]], [20, 6, 52])
    if not as_json:
        output.note(f"{len(config.sources)} sources, {sum(s.enabled for s in config.sources.values())} turned on")


def _known(config: Config) -> dict[str, SourceView]:
    database = Database(config.storage.database)
    try:
        check_schema(database)
        with database.read() as c:
            return {view.id: view for view in query.sources(c)}
    except RepositoryError as error:
        output.note(str(error))
        return {}
    finally:
        database.close()


@sources.command("check")
def check(context: typer.Context) -> None:
    """Read every source file; errors name file, line and column.

    Example: gongkai sources check
    """
    config = configured(context)
    output.say(f"{len(config.sources)} source files are right")


@sources.command("pause")
def pause(context: typer.Context, name: Annotated[str, typer.Argument(metavar="SOURCE")]) -> None:
    """Stop firing a source until it is resumed; remembered in the database.

    Example: gongkai sources pause demo
    """
    _set(context, name, int(time.time() * 1000))
    output.say(f"{name} is paused")


@sources.command("resume")
def resume(context: typer.Context, name: Annotated[str, typer.Argument(metavar="SOURCE")]) -> None:
    """Fire a paused source again by its schedule.

    Example: gongkai sources resume demo
    """
    _set(context, name, None)
    output.say(f"{name} is resumed")


def _set(context: typer.Context, name: str, at: int | None) -> None:
    config = configured(context)
    if name not in config.sources:
        raise UsageError(f"unknown source {name!r}", remedy="gongkai sources list names them")
    source = config.sources[name]
    database = Database(config.storage.database)
    try:
        upgrade(database)
        with database.write() as c:
            runs.sync_sources(c, [runs.SourceRow(source.id, source.title, source.digest, source.enabled)])
            runs.pause(c, name, at)
    finally:
        database.close()
