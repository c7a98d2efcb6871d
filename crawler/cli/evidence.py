"""`audit`: the archive's keeper looks after it."""

import time
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import output, typed
from crawler.cli.options import Json, first_moment
from crawler.cli.settings import configured
from crawler.errors import UsageError

SHOWN = 20  # troubles of one file that are told


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("audit")(audit)


def audit(
    context: typer.Context,
    older_than: Annotated[
        str | None, typer.Option(help="Only files that were not found sound for so long (30d); so an interrupted audit goes on.")
    ] = None,
    rate: Annotated[str | None, typer.Option(help="Read so many bytes a second (20MB); default as fast as the disk.")] = None,
    repair_from: Annotated[
        Path | None,
        typer.Option(
            help="A folder with copies of the files, or a backup: a damaged one is taken back from there, if its copy is sound."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Is the archive what was written, and does the database say what it says?

    Every file's length and SHA-256, every record's digests, every look and capture both ways. Exit code 0: sound; 1: damage; 3: something
    could not be checked.

    Example: gongkai audit --older-than 30d --rate 20MB
    """
    from crawler.cli.main import VERSION
    from crawler.config.kinds import size_of
    from crawler.pipeline.audit import Asked, Audit
    from crawler.repository.database import Database
    from crawler.repository.migrations import check_schema

    copies = _copies(repair_from) if repair_from is not None else None
    config = configured(context)
    try:
        bytes_a_second = size_of(rate) if rate else None
    except ValueError as error:
        raise UsageError(f"--rate: {error}", remedy=f"it is {rate!r} now") from error
    asked = Asked(first_moment(older_than) if older_than else None, bytes_a_second, copies)
    database, outcomes, began = Database(config.storage.database), list[str](), time.monotonic()
    try:
        check_schema(database)
        for checked in Audit(database, config.storage.archive, asked, f"gongkai/{VERSION}", _now).run():
            outcomes.append(checked.outcome)
            _tell(checked, as_json=as_json)
    except KeyboardInterrupt:
        since = () if older_than else ("--older-than", f"{int((time.monotonic() - began) // 3600) + 1}h")
        output.note(f"interrupted: {output.plural(len(outcomes), 'check')} done and kept · {typed.again(*since)} goes on")
        raise typer.Exit(130) from None
    finally:
        database.close()
    counts = {name: outcomes.count(name) for name in ("pass", "fail", "repaired", "not checked")}
    if not as_json:
        output.note(
            f"audited: {len(outcomes)} checks, {', '.join(f'{count} {name}' for name, count in counts.items() if count) or 'nothing due'}"
        )
    if counts["fail"]:
        raise typer.Exit(1)
    if counts["not checked"]:
        raise typer.Exit(3)


def _copies(folder: Path) -> Path:
    """The folder with copies of WARC files, also in a backup. Raises UsageError where there are none."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", remedy="give the folder that holds the second copies")
    places = (folder, folder / "data" / "warc")
    found = next((place for place in places if any(place.glob("*.warc.gz"))), None)
    if found is None:
        raise UsageError(f"{folder} holds no WARC file", remedy="give the folder that holds the second copies")
    return found


def _now() -> int:
    return time.time_ns() // 1_000_000


def _tell(checked: object, *, as_json: bool) -> None:
    from crawler.pipeline.audit import Checked

    assert isinstance(checked, Checked)
    if as_json:
        output.json_line(
            {
                "object": checked.object, "outcome": checked.outcome, "bytes": checked.bytes, "records": checked.records, "looks": checked.looks,
                "troubles": [{"what": trouble.what, "where": trouble.where, "said": trouble.said} for trouble in checked.troubles],
            }
        )  # fmt: skip
        return
    style = "" if checked.outcome == "pass" else "red" if checked.outcome == "fail" else "yellow"
    output.tell(
        f"{checked.outcome:11}  {checked.object}  {output.size(checked.bytes)}, {checked.records} records, {checked.looks} looks",
        style,
    )
    for trouble in checked.troubles[:SHOWN]:
        output.say(f"             {trouble}")
    if len(checked.troubles) > SHOWN:
        output.tell(f"             … and {len(checked.troubles) - SHOWN} more")
