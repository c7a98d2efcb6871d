"""`crawl`, `run` and `reindex`: the commands that write to the archive."""

import os
import sys
import time
from typing import Annotated

import typer

from crawler.archive.alive import is_dead
from crawler.cli import lines, output
from crawler.cli.options import Globals, Json, day
from crawler.cli.progress import Bar
from crawler.cli.settings import configured
from crawler.config.choose import chosen
from crawler.config.values import Config
from crawler.errors import CannotError, UsageError
from crawler.monitor import condition
from crawler.monitor.condition import Columns
from crawler.pipeline.line import Line
from crawler.pipeline.rebuild import rebuild
from crawler.repository import query, runs
from crawler.repository.database import Database
from crawler.repository.migrations import check_schema
from crawler.repository.progress import Failure, Progress, failures
from crawler.scheduler import process as house

ALIVE_MS = 60_000
FAILURES_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("crawl")(crawl)
    app.command("run")(run)
    app.command("reindex")(reindex)


def crawl(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Default: every source that is turned on.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="One look at this address and its redirects.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="With --url: take it as a list.")] = False,
    since: Annotated[str | None, typer.Option(help="Follow only rows dated this day or later.")] = None,
    max_pages: Annotated[int | None, typer.Option(min=1, help="List pages, at most.")] = None,
    as_json: Json = False,
) -> None:
    """One-off crawl of sources, or of one address, with progress, to its end.

    Example: gongkai crawl demo --max-pages 3
    """
    if follow and not url:
        raise UsageError("--follow goes with --url", remedy="a source's start addresses are lists anyway")
    config = configured(context)
    wish = house.Wish(tuple(names or ()), url, follow, day(since) if since else None, max_pages)
    if url is None:
        chosen(config, wish.sources)
    began = time.monotonic()
    with house.open_line(config, "crawl") as line:
        _say_others(line)
        fired = house.fire(config, line, wish)
        with Bar(" ".join(names or ()) or url or "all sources", quiet=as_json) as bar:
            progress, interrupted = house.on_loop(house.work(config, line, fired, bar.show if bar.shown else None))
        sample = _sample(line.database)
        failed, columns = _failures(line.database, fired), _columns(line.database, fired)
    seconds = time.monotonic() - began
    if as_json:
        output.json_line(_json(progress, seconds, columns))
    else:
        _summary(config, progress, seconds, sample)
        _tell_columns(columns)
    _tell_failures(failed)
    if interrupted:
        raise typer.Exit(130)
    if progress.results.get("failed") or progress.results.get("suspect"):
        raise typer.Exit(1)


def _say_others(line: Line) -> None:
    with line.database.read() as c:
        others = [found for found in runs.working(c, line.clock() - ALIVE_MS, line.clock() + ALIVE_MS) if found[0] != line.owner]
    for owner, what in others:
        output.note(f"joining: {what or 'another process'} ({owner}) works on this archive; queues and slots are shared")


def _sample(database: Database) -> tuple[str, str] | None:
    with database.read() as c:
        return next(((item["id"], item["title"]) for item in query.export(c)), None)


def _failures(database: Database, fired: list[int]) -> list[Failure]:
    with database.read() as c:
        return failures(c, fired, FAILURES_SHOWN + 1)


def _tell_failures(failed: list[Failure]) -> None:
    """Why, address by address; the rest stands in v_looks."""
    for item in failed[:FAILURES_SHOWN]:
        output.note(f"{item.outcome}: {item.url}" + (f" ({item.detail})" if item.detail else ""))
    if len(failed) > FAILURES_SHOWN:
        output.note("… and more: every look stands in the view v_looks")


def _columns(database: Database, fired: list[int]) -> dict[str, Columns]:
    with database.read() as c:
        return condition.columns(c, fired)


def _tell_columns(columns: dict[str, Columns]) -> None:
    """Source by source: why rows were not fetched, and by which rule its columns ended."""
    for source, found in columns.items():
        if said := lines.columns_line(found):
            output.note(f"{source}: {said}")


def _json(progress: Progress, seconds: float, columns: dict[str, Columns]) -> dict[str, object]:
    return {
        "runs": dict(progress.results), "lists": progress.lists, "notices": progress.details, "new": progress.new, "edit": progress.edit,
        "reread": progress.reread, "failed": progress.failed, "shelved": progress.shelved, "bytes": progress.bytes, "looks": dict(progress.looks), "seconds": round(seconds, 2),
        "columns": {source: lines.columns_json(found) for source, found in columns.items()},
    }  # fmt: skip


def _summary(config: Config, progress: Progress, seconds: float, sample: tuple[str, str] | None) -> None:
    counted = [
        _many(progress.lists, "list page"),
        _many(progress.details, "notice"),
        _many(progress.new, "new document"),
        *([f"{progress.edit} edited"] if progress.edit else []),
        *([f"{progress.reread} reread"] if progress.reread else []),
        f"{progress.failed} failed",
        f"{output.size(progress.bytes)} in {_short(config.storage.archive)}",
        f"{seconds:.1f} s",
    ]
    output.say(f"done: {', '.join(counted)}")
    if progress.shelved:
        output.note(f"{progress.shelved} addresses were given up without a look: gongkai frontier list --state dead says why")
    if progress.results.get("suspect") or progress.results.get("failed"):
        output.note("not everything is well: gongkai changes --kind health")
    if sample:
        output.note(f"next: gongkai search {sample[1][:4]} · gongkai show {sample[0][:4]}")


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _short(path: os.PathLike[str]) -> str:
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return os.fspath(path)


def run(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether a daemon works on this archive: exit code 0 or 1.")
    ] = False,
    log_format: Annotated[str | None, typer.Option(help="text or json.")] = None,
) -> None:
    """The daemon: fires every enabled source by its schedule until SIGTERM or Ctrl-C.

    Example: gongkai run
    """
    config = configured(context)
    if check:
        _check(config)
        return
    shared = context.find_object(Globals)
    from crawler.cli.main import set_up_logs

    set_up_logs(max(1, shared.verbosity if shared else 0), log_format or (shared.log_format if shared else "text"))
    enabled = chosen(config, ())
    with house.open_line(config, "run") as line:
        _say_others(line)
        output.note(f"running: {len(enabled)} sources; Ctrl-C ends it, what is in flight is kept or handed back")
        house.on_loop(house.run(config, line))
    output.note("ended")


def _check(config: Config) -> None:
    database = Database(config.storage.database)
    try:
        check_schema(database)
        with database.read() as c:
            now = int(time.time() * 1000)
            found = [owner for owner, what in runs.working(c, now - ALIVE_MS, now + ALIVE_MS) if what == "run"]
    finally:
        database.close()
    found = [owner for owner in found if not is_dead(config.storage.archive, owner)]  # heard of, and killed since
    if not found:
        output.note("no daemon has been heard of within a minute")
        raise typer.Exit(1)
    output.say(f"alive: {', '.join(found)}")


def reindex(context: typer.Context) -> None:
    """Rebuild the database from the WARC files: same documents, versions and ids.

    The present database, if any, must have been moved away. Pauses and withholding are not in the WARC files.

    Example: mv data/gongkai.db old.db && gongkai reindex
    """
    config = configured(context)
    _refuse_filled(config)
    with house.open_line(config, house.REINDEX) as line, Bar("reindex", quiet=not sys.stderr.isatty()) as bar:
        looks, captures = rebuild(line, bar.count)
    with_database = Database(config.storage.database)
    try:
        with with_database.read() as c:
            totals = query.totals(c)
    finally:
        with_database.close()
    output.say(
        f"done: {looks} looks told, {captures} captures read, {totals['documents']} documents, {totals['versions']} versions"
    )


def _refuse_filled(config: Config) -> None:
    if not config.storage.archive.is_dir():
        raise CannotError(f"there is no archive at {config.storage.archive}", remedy="check storage.archive")
    database = Database(config.storage.database)
    try:
        if database.dialect == "sqlite" and not database.path.exists():
            return
        with database.read() as c:
            filled = query.is_filled(c)
    finally:
        database.close()
    if filled:
        raise UsageError(f"{database.name} is not empty", remedy="move it away first; nothing is deleted here")
