"""`import`: take in what others have captured."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import output, typed
from crawler.cli.archive import refuse_new_folder
from crawler.cli.options import Json
from crawler.cli.progress import Bar
from crawler.cli.settings import configured
from crawler.config.load import SOURCE_ID
from crawler.errors import UsageError
from crawler.pipeline.intake import Brought, bring_in
from crawler.scheduler import process as house

SHOWN = 20  # problems that are told


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    context: typer.Context,
    names: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="WARC, ARC and WACZ files, saved pages, folders of them.")
    ],
    source: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Whose pages these are; default the column of their host, else one made for their site."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in what others have captured, as looks at their own times: records, versions and take-downs come out as if we had looked then.

    Who made a file, with what, its name and SHA-256 are kept with each look. What is here already is not taken twice; what is no page is counted by reason. Of what is older than what is known of its address nothing becomes a version: it is kept as evidence.

    Example: gongkai import crawl.warc.gz pages.wacz saved/
    """
    config = configured(context)
    if source is not None and not SOURCE_ID.fullmatch(source):
        raise UsageError(f"{source!r} is no source id", remedy="small letters, digits and hyphens only")
    missing = [name for name in names if not name.exists()]
    if missing:
        raise UsageError(f"there is no file {missing[0]}")
    refuse_new_folder(config.storage)
    counted = [0, 0]

    def watch(_: str, done: int, total: int) -> None:
        counted[:] = done, total
        bar.count(done, total)

    try:
        with house.open_line(config, house.IMPORT) as line, Bar("import", quiet=as_json or not sys.stderr.isatty()) as bar:
            found = bring_in(line, names, source, watch)
    except KeyboardInterrupt:
        output.note(f"interrupted: {counted[0]} of {output.plural(counted[1], 'capture')} taken in · {typed.again()} goes on")
        raise typer.Exit(130) from None
    if as_json:
        output.json_line(_json(found))
    else:
        _tell(found)
    for problem in found.problems[:SHOWN]:
        output.note(f"gongkai: {problem}")
    if len(found.problems) > SHOWN:
        output.note(f"… and {len(found.problems) - SHOWN} more")
    if found.problems:
        raise typer.Exit(1)


def _json(found: Brought) -> dict[str, object]:
    return {
        "looks": dict(found.looks), "known": found.known, "late": found.late, "noted": dict(found.noted), "left_out": dict(found.left_out),
        "changes": found.changes, "sources": dict(found.sources), "problems": found.problems,
    }  # fmt: skip


def _tell(found: Brought) -> None:
    total = sum(found.looks.values())
    counted = [
        output.plural(total, "look") + (f" ({_list(found.looks)})" if len(found.looks) > 1 else ""),
        *[f"{found.changes[kind]} {kind}" for kind in ("new", "edit", "missing", "gone", "back") if kind in found.changes],
        *([f"{found.known} known already"] if found.known else []),
        *([f"{found.late} late"] if found.late else []),
    ]
    output.say(f"done: {', '.join(counted)}")
    for name, count in sorted(found.sources.items()):
        output.say(f"  {name}  {output.plural(count, 'look')}")
    for why, count in sorted(found.noted.items()):
        output.note(f"{why}: {count}")
    for why, count in sorted(found.left_out.items(), key=lambda item: -item[1]):
        output.note(f"not taken: {count}  {why}")
    if found.late:
        output.note("late: older than what was known of their addresses; kept as evidence, and no version is made of them")


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
