"""`sources`: the columns, what is known of them, and whether their files are right."""

import time
from collections.abc import Callable
from typing import Annotated

import typer

from crawler.cli import archive, output, words
from crawler.cli.options import Json
from crawler.cli.settings import configured
from crawler.config import edit
from crawler.config.choose import chosen, within_region
from crawler.config.values import Config, Source
from crawler.errors import ConfigError, NoArchive, UsageError
from crawler.repository import query, runs
from crawler.repository.database import Connection, Database
from crawler.repository.migrations import upgrade
from crawler.repository.query import SourceView
from crawler.text import urls

WIDTHS = (6, 22, 8, 9, 9, 10)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(
        sources, name="sources", help="The columns: list, check, enable, disable, pause, resume.\n\nExample: gongkai sources list"
    )


sources = typer.Typer(no_args_is_help=False, invoke_without_command=True)


@sources.callback()
def default(context: typer.Context) -> None:
    """The columns: list, check, enable, disable, pause, resume.

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
    if not as_json:
        output.table([words.heads("", "source", "level", "health", "documents", "last new", "")], WIDTHS, style="dim")
    for source in config.sources.values():
        seen = known.get(source.id)
        state = "paused" if seen and seen.paused else "on" if source.enabled else "off"
        if as_json:
            output.json_line(_as_json(source, seen))
            continue
        crawled = seen is not None and seen.last_run is not None
        facts = (
            [seen.health, f"{seen.documents:>9}", output.when(seen.last_new, "%Y-%m-%d")]
            if seen and crawled
            else ["-", "        -", "-"]
        )
        output.table(
            [[state, source.id, source.level or "-", *facts, source.title]], WIDTHS, style="" if source.enabled else "dim"
        )
    if not as_json:
        on, paused = sum(s.enabled for s in config.sources.values()), sum(1 for seen in known.values() if seen.paused)
        output.note(f"{len(config.sources)} sources, {on} turned on, {paused} paused · gongkai health says how they are")
    for name, problems in config.broken.items():
        output.note(f"{name} cannot be used: {problems[0]}")


def _as_json(source: Source, seen: SourceView | None) -> dict[str, object]:
    return {
        "id": source.id, "title": source.title, "start": [start.url for start in source.start], "pages": [page.url for page in source.pages],
        "tags": list(source.tags), "enabled": source.enabled,
        "paused": output.iso(seen.paused) if seen else None, "health": seen.health if seen else None,
        "documents": seen.documents if seen else 0, "last_ok": output.iso(seen.last_ok) if seen else None,
        "last_new": output.iso(seen.last_new) if seen else None, "last_run": seen.last_run if seen else None,
        "region": source.region, "level": source.level, "verified": source.verified,
    }  # fmt: skip


def _known(config: Config) -> dict[str, SourceView]:
    try:
        with archive.of(config.storage.database, config.storage.archive) as c:
            return {view.id: view for view in query.sources(c)}
    except NoArchive as error:  # nothing was crawled yet: the files say all there is
        output.note(words.complaint(error))
        return {}


@sources.command("check")
def check(context: typer.Context) -> None:
    """Read every source file; errors name file, line and column. Exit code 2 when one is wrong, 1 when two sources are the same column.

    Example: gongkai sources check
    """
    config = configured(context)
    found: dict[str, list[str]] = {}
    for source in config.sources.values():
        for start in source.addresses:
            found.setdefault(urls.key(start), []).append(source.id)
    twice = {key: ids for key, ids in found.items() if len(ids) > 1}
    for key, ids in twice.items():
        output.tell(f"{' and '.join(ids)} both start at {key.split()[1]}", "yellow")
    unsaid = [
        source.id for source in config.sources.values() if source.enabled and (source.verified or "").startswith("never live")
    ]
    if unsaid:
        output.note(f"turned on and still marked never live: {', '.join(unsaid)}; gongkai try looks, then say so in verified")
    if config.broken:
        output.note(
            f"{len(config.sources)} source files are right, {len(config.broken)} cannot be used: {', '.join(config.broken)}"
        )
        raise ConfigError([problem for problems in config.broken.values() for problem in problems])
    output.tell(f"{len(config.sources)} source files are right")
    if twice:
        raise typer.Exit(1)


Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Sources by their ids.")]
Region = Annotated[
    str | None, typer.Option(metavar="CODE", help="All sources of this region and those below it, as 2102 or 210200.")
]
Tag = Annotated[str | None, typer.Option(metavar="TAG", help="All sources with this tag.")]


@sources.command("enable")
def enable(context: typer.Context, ids: Ids = None, region: Region = None, tag: Tag = None) -> None:
    """Turn sources on: writes `enabled = true` into their files, which keep everything else. A daemon that runs takes it over.

    Example: gongkai sources enable --region 2102
    """
    _turn(configured(context), _meant(configured(context), ids or [], region, tag), on=True)


@sources.command("disable")
def disable(context: typer.Context, ids: Ids = None, region: Region = None, tag: Tag = None) -> None:
    """Turn sources off: writes `enabled = false` into their files, which keep everything else. What was archived of them stays.

    Example: gongkai sources disable demo
    """
    _turn(configured(context), _meant(configured(context), ids or [], region, tag), on=False)


def _meant(config: Config, ids: list[str], region: str | None, tag: str | None) -> list[Source]:
    """The sources of these ids, beside them those of the region that have the tag. Raises UsageError when there is none."""
    if not ids and region is None and tag is None:
        raise UsageError("which sources?", remedy="name their ids, or choose them by --region or --tag")
    found = {source.id: source for source in (chosen(config, ids) if ids else [])}
    if region is not None or tag is not None:
        within = within_region(region or "")
        for source in config.sources.values():
            if (region is None or (source.region or "").startswith(within)) and (tag is None or tag in source.tags):
                found[source.id] = source
    if not found:
        asked = [f"--region {region}"] * (region is not None) + [f"--tag {tag}"] * (tag is not None)
        raise UsageError(f"no source has {' and '.join(asked)}", remedy="gongkai sources list shows them all")
    return list(found.values())


def _turn(config: Config, meant: list[Source], *, on: bool) -> None:
    folder, word = config.path.parent / "sources", "enabled" if on else "disabled"
    turned = [source.id for source in meant if edit.turn(folder / f"{source.id}.toml", on=on)]
    for id_ in turned:
        output.tell(f"{id_} is {word}")
    rest = len(meant) - len(turned)
    output.note(f"{len(turned)} {word}" + (f", {rest} {'was' if rest == 1 else 'were'} so already" if rest else ""))


Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it stands in the ledger.")]


@sources.command("pause")
def pause(context: typer.Context, name: Annotated[str, typer.Argument(metavar="SOURCE")], reason: Reason = "") -> None:
    """Stop firing a source until it is resumed; the database and the ledger remember it.

    Example: gongkai sources pause demo --reason "the site is being rebuilt"
    """
    done = _by_hand(context, name, runs.pause, reason)
    output.tell(f"{name} is paused" if done else f"{name} was paused already")


@sources.command("resume")
def resume(context: typer.Context, name: Annotated[str, typer.Argument(metavar="SOURCE")], reason: Reason = "") -> None:
    """Fire a paused source again by its schedule, or one in quarantine at once.

    Example: gongkai sources resume demo
    """
    done = _by_hand(context, name, runs.resume, reason)
    output.tell(f"{name} is resumed" if done else f"{name} was neither paused nor in quarantine")


def _by_hand(context: typer.Context, name: str, act: Callable[[Connection, str, int, str], bool], reason: str) -> bool:
    config = configured(context)
    (source,) = chosen(config, [name])
    database = Database(config.storage.database)
    try:
        upgrade(database)
        with database.write() as c:
            runs.sync_sources(
                c, [runs.SourceRow(source.id, source.title, source.digest, source.enabled, source.region, source.level)]
            )
            return act(c, name, int(time.time() * 1000), reason.strip())
    finally:
        database.close()
