"""`crawl`, `run` and `reindex`: the commands that write to the archive."""

import os
import re
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import structlog
import typer

from crawler.archive.alive import is_dead
from crawler.cli import archive, crawled, guarded, lines, output
from crawler.cli.options import Globals, Json, day
from crawler.cli.progress import Bar
from crawler.cli.settings import configured
from crawler.cli.waiting import until_it_can
from crawler.config.choose import chosen
from crawler.config.values import Config
from crawler.errors import ArchiveError, CannotError, UsageError
from crawler.model import GOOD, PageKind
from crawler.monitor import condition
from crawler.monitor.condition import Columns
from crawler.pipeline.line import Line
from crawler.pipeline.rebuild import rebuild
from crawler.repository import exports, patience, query, readings, runs
from crawler.repository.database import Connection, Database
from crawler.repository.migrations import check_schema
from crawler.repository.progress import Ended, Failure, Looked, Progress, ended, failures, looked
from crawler.repository.reader import is_unfinished
from crawler.repository.readings import Pending
from crawler.scheduler import process as house
from crawler.text import urls
from crawler.text.fold import HAN

ALIVE_MS = 60_000
FAILURES_SHOWN = 5
DAMAGE_SHOWN = 100
HAN_RUN = re.compile(f"[{HAN}]{{2,4}}")


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
    url: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="One look at this address and its redirects; may be given again.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="With --url: take it as a list.")] = False,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="Follow only rows dated this day or later.")] = None,
    max_pages: Annotated[int | None, typer.Option(metavar="N", min=1, help="List pages, at most.")] = None,
    as_json: Json = False,
) -> None:
    """One-off crawl of sources, or of one address, with progress, to its end.

    Example: gongkai crawl demo --max-pages 3
    """
    asked = tuple(dict.fromkeys(url or ()))
    if follow and not asked:
        raise UsageError("--follow goes with --url", remedy="a source's start addresses are lists anyway")
    config = configured(context)
    wish = house.Wish(tuple(names or ()), None, follow, day(since) if since else None, max_pages)
    _check_wish(config, wish, asked)
    archive.refuse_new_folder(config.storage)
    began = time.monotonic()
    with house.open_line(config, "crawl") as line:
        _say_others(line)
        fired = [run for one in asked or (None,) for run in house.fire(config, line, replace(wish, url=one))]
        with Bar(" ".join(names or asked) or "all sources", quiet=as_json) as bar:
            progress, interrupted = house.on_loop(house.work(config, line, fired, bar.show if bar.shown else None))
        came = _came(line, fired, () if follow else asked)
    seconds = time.monotonic() - began
    if interrupted and not as_json:
        bounded = since is not None or max_pages is not None
        crawled.tell_interrupted(
            progress, shlex.join(["crawl", *_words(names, asked, since, max_pages, follow=follow)]), resumes=bounded
        )
    elif as_json:
        output.json_line(_json(progress, seconds, came, interrupted=interrupted))
    else:
        _summary(config, progress, seconds, came)
    _tell_failures(came.failures)
    _tell_given_up(came.given_up)
    if interrupted:
        raise typer.Exit(130)
    crawled.tell_ended(came.ended)
    left_out = bool(config.broken) and not (asked or names)
    if left_out or any(run.result in ("failed", "suspect") for run in came.ended) or not all(map(crawled.is_well, came.looked)):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a crawl, beside its counts. `sample`: (id, title) of the notice that is suggested to be looked at."""

    looked: tuple[Looked, ...]
    ended: list[Ended]
    failures: list[Failure]
    columns: dict[str, Columns]
    sample: tuple[str, str] | None
    given_up: dict[str, int]


def _came(line: Line, fired: list[int], asked: Sequence[str]) -> Came:
    """Everything, of one read transaction. `asked`: the addresses of these runs, where each was asked for one look."""
    found, ends, failed, columns, sample, given_up = line.ask(_asked, fired, asked)
    return Came(tuple(_as_list(line, one, page) for one, page in found), ends, failed, columns, sample, given_up)


def _asked(c: Connection, fired: list[int], asked: Sequence[str]) -> tuple[Any, ...]:
    """Of one read transaction: the looks with their pages, and the rest as `Came` has it."""
    found = [(one := looked(c, run, url), _bytes_of(c, one)) for run, url in zip(fired, asked, strict=False)]
    of_these = ((public_id, title) for one, _ in found for _, public_id, title in one.documents)
    any_known = ((item["id"], item["title"]) for item in exports.records(c))
    sample = next(of_these if asked else any_known, None)
    ends, failed, columns = ended(c, fired), failures(c, fired, FAILURES_SHOWN + 1), condition.columns(c, fired)
    given_up = patience.given_up(c, fired)
    return found, ends, failed, columns, sample, given_up


def _bytes_of(c: Connection, found: Looked) -> Pending | None:
    """The page of an address that was there and holds no notice."""
    wanted = found.outcome in GOOD and not found.documents and found.capture is not None
    return readings.placed(c, found.capture) if wanted and found.capture is not None else None


def _as_list(line: Line, found: Looked, page: Pending | None) -> Looked:
    """A page without a notice is tried as a list: then that is what it is."""
    if page is None:
        return found
    try:
        read = line.read_as_list(page)
    except ArchiveError:  # what is damaged is told already
        return found
    if read.page_kind is not PageKind.LIST or not read.rows:
        return found
    return replace(found, page_kind=str(PageKind.LIST), evidence=read.evidence, rows=len(read.rows))


def _check_wish(config: Config, wish: house.Wish, asked: Sequence[str]) -> None:
    """Raises UsageError for a source that no file has, for none, and for an address that is none, before anything is fired."""
    if not asked or wish.sources:
        chosen(config, wish.sources)
    for name, problems in () if asked or wish.sources else config.broken.items():
        output.note(f"{name} is left out: {problems[0]}; gongkai sources check shows all that is wrong")
    for url in asked:
        if not urls.is_http(url):
            raise UsageError(f"{url!r} is no http or https address", remedy="give the whole address, scheme included")


def _words(
    names: Sequence[str] | None, asked: Sequence[str], since: str | None, max_pages: int | None, *, follow: bool
) -> list[str]:
    """The arguments of this very crawl."""
    options = [word for url in asked for word in ("--url", url)] + (["--follow"] if follow else [])
    options += ["--since", since] if since else []
    return [*(names or ()), *options, *(["--max-pages", str(max_pages)] if max_pages is not None else [])]


def _others(line: Line) -> list[tuple[str, str]]:
    working = line.ask(runs.working, line.clock() - ALIVE_MS, line.clock() + ALIVE_MS)  # which waits for a database that is away
    return [found for found in working if found[0] != line.owner]


def _say_others(line: Line) -> None:
    for owner, what in _others(line):
        output.note(f"joining: {what or 'another process'} ({owner}) works on this archive; queues and slots are shared")


def _tell_failures(failed: list[Failure]) -> None:
    """Why, address by address; the rest stands in v_looks."""
    for item in failed[:FAILURES_SHOWN]:
        output.note(f"{item.outcome}: {item.url}" + (f" ({item.detail})" if item.detail else ""))
    guarded.note_closed(guarded.detail_of(item.url, item.detail) for item in failed)
    if len(failed) > FAILURES_SHOWN:
        output.note("… and more: every look stands in the view v_looks")


def _tell_given_up(reasons: dict[str, int]) -> None:
    """What nobody was asked for and why, and how to take it up again."""
    for reason, count in list(reasons.items())[:FAILURES_SHOWN]:
        output.note(f"given up without a look: {count} {'address' if count == 1 else 'addresses'}: {reason}")
    if reasons:
        output.note("gongkai frontier list --state dead names them · gongkai frontier requeue takes them up again")


def _tell_columns(columns: dict[str, Columns]) -> None:
    """Source by source: why rows were not fetched, and by which rule its columns ended."""
    for source, found in columns.items():
        if said := lines.columns_line(found):
            output.note(f"{source}: {said}")


def _json(progress: Progress, seconds: float, came: Came, *, interrupted: bool) -> dict[str, object]:
    return {
        "done": not interrupted, "todo": progress.todo + progress.pending,
        "runs": dict(progress.results), "lists": progress.lists, "notices": progress.details, "new": progress.new, "edit": progress.edit,
        "reread": progress.reread, "attachments": progress.attachments, "attachments_missing": progress.attachments_missing, "failed": progress.failed, "shelved": progress.shelved, "bytes": progress.bytes, "looks": dict(progress.looks), "seconds": round(seconds, 2),
        "columns": {source: lines.columns_json(found) for source, found in came.columns.items()},
        **({"addresses": [crawled.address_json(one) for one in came.looked]} if came.looked else {}),
    }  # fmt: skip


def _summary(config: Config, progress: Progress, seconds: float, came: Came) -> None:
    for one in came.looked:
        crawled.tell_address(one)
    counted = [
        output.plural(progress.lists, "list page"),
        output.plural(progress.details, "notice"),
        output.plural(progress.new, "new document"),
        *([f"{progress.edit} edited"] if progress.edit else []),
        *([f"{progress.reread} reread"] if progress.reread else []),
        *([_attachments(progress)] if progress.attachments else []),
        f"{progress.failed} failed",
        f"{output.size(progress.bytes)} in {_short(config.storage.archive)}",
        f"{seconds:.1f} s",
    ]
    output.tell(f"done: {', '.join(counted)}")
    _tell_columns(came.columns)
    if came.sample and came.looked:
        output.note(f"next: gongkai show {came.sample[0]} · gongkai history {came.sample[0]}")
    elif came.sample:
        words = HAN_RUN.search(came.sample[1])  # nothing else of a title is sure to mean itself in a query, and in a shell
        shown = came.sample[0][:4]
        output.note(f"next: gongkai search {words[0]} · gongkai show {shown}" if words else f"next: gongkai show {shown}")


def _attachments(progress: Progress) -> str:
    missing = f" ({progress.attachments_missing} missing)" if progress.attachments_missing else ""
    return f"{output.plural(progress.attachments, 'attachment')}{missing}"


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
    wait: Annotated[
        bool, typer.Option("--wait", help="While there is no configuration that can be used, wait for it and say so.")
    ] = False,
    log_format: Annotated[str | None, typer.Option(metavar="text|json", help="How logs are written.")] = None,
) -> None:
    """The daemon: fires every enabled source by its schedule until SIGTERM or Ctrl-C. SIGHUP, or a changed file, is taken over at once.

    Example: gongkai run
    """
    if check:
        _check(configured(context))
        return
    if log_format not in (None, "text", "json"):
        raise UsageError(f"--log-format is text or json, not {log_format!r}")
    shared = context.find_object(Globals)
    from crawler.cli import logs

    logs.set_up_daemon(shared.verbosity if shared else 0, log_format or (shared.log_format if shared else "text"))
    log = structlog.get_logger()
    config = until_it_can(lambda: configured(context), (UsageError,)) if wait else configured(context)
    if config is None:
        return
    enabled = sum(source.enabled for source in config.sources.values())
    if not enabled:
        log.warning("no source is enabled", remedy="gongkai sources enable ID; it is taken over when the file is written")
    archive.refuse_new_folder(config.storage)
    with house.open_line(config, "run") as line:
        for owner, what in _others(line):
            log.info("joining", owner=owner, what=what or "another process")
        house.on_loop(house.run(config, line))
    log.info("ended")


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
    output.tell(f"alive: {', '.join(found)}")


def reindex(context: typer.Context) -> None:
    """Rebuild the database from the WARC files: same documents, versions and ids.

    The present database, if any, must have been moved away; a rebuild that was interrupted goes on. What is withheld stays so
    (withheld.jsonl); pauses are not in the WARC files.

    Example: mv data/gongkai.db old.db && gongkai reindex
    """
    config = configured(context)
    _refuse_filled(config)
    try:
        with house.open_line(config, house.REINDEX) as line, Bar("reindex", quiet=not sys.stderr.isatty()) as bar:
            told = rebuild(line, bar.count)
    except KeyboardInterrupt:
        output.note("interrupted: the database is a part of the archive until it is whole · gongkai reindex goes on")
        raise typer.Exit(130) from None
    with_database = Database(config.storage.database)
    try:
        with with_database.read() as c:
            totals = query.totals(c)
    finally:
        with_database.close()
    output.tell(
        f"done: {told.looks} looks told, {told.captures} captures read, {totals['documents']} documents, {totals['versions']} versions"
    )
    for damage in told.lost[:DAMAGE_SHOWN]:
        output.note(f"damaged: {damage}")
    if len(told.lost) > DAMAGE_SHOWN:
        output.note(f"… and {len(told.lost) - DAMAGE_SHOWN} more places")
    if told.damaged:
        output.note(f"{told.damaged} captures could not be read: their bytes, or those they refer to, are lost")
    if told.unknown:
        output.note(f"withheld and not found: {', '.join(told.unknown[:DAMAGE_SHOWN])}; they are withheld when they are")
    if told.lost or told.damaged:
        output.note("everything else is in the database; what is lost is stored anew at the next look at its address")
        raise typer.Exit(1)


def _refuse_filled(config: Config) -> None:
    if not config.storage.archive.is_dir():
        raise CannotError(f"there is no archive at {config.storage.archive}", remedy="check storage.archive")
    database = Database(config.storage.database)
    try:
        if database.dialect == "sqlite" and not database.path.exists():
            return
        with database.read() as c:
            filled = query.is_filled(c) and not is_unfinished(c)
    finally:
        database.close()
    if filled:
        raise UsageError(f"{database.name} is not empty", remedy="move it away first; nothing is deleted here")
