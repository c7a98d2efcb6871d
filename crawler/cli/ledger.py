"""`changes` and `export`: what happened, and the records themselves."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import lines, output
from crawler.cli.archive import reading
from crawler.cli.options import Json, moment
from crawler.errors import CannotError, UsageError
from crawler.model import ChangeKind
from crawler.repository import changes as ledger
from crawler.repository import query


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("changes")(changes)
    app.command("export")(export)


def changes(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="A span (7d, 12h) or a day.")] = None,
    after: Annotated[int, typer.Option(help="Lines after this number of the ledger.")] = 0,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    kind: Annotated[str | None, typer.Option(help="new, edit, missing, gone, back, health, reread …")] = None,
    min_rank: Annotated[int | None, typer.Option(help="Only lines that weigh at least so much (0 to 100).")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 1000,
    as_json: Json = False,
) -> None:
    """What happened, and what did not. Times are Beijing time.

    Example: gongkai changes --since 7d --kind edit
    """
    if kind is not None and kind not in {str(known) for known in ChangeKind}:
        raise UsageError(f"unknown kind {kind!r}", remedy=f"the ledger has {', '.join(ChangeKind)}")
    with reading(context) as c:
        only = ledger.Only(after, moment(since) if since else None, source, kind, min_rank)
        found = ledger.read(c, only, limit)
    count = lines.changes(found, as_json=as_json)
    if not as_json:
        shown = next((change.document for change in found if change.document and change.kind in ("edit", "gone")), None)
        hint = f" · gongkai history {shown[:4]}" if shown else ""
        output.note(f"{count} change{'' if count == 1 else 's'}{hint}")


def export(
    context: typer.Context,
    to: Annotated[str, typer.Option(help="A file, or - for standard output.")] = "-",
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
) -> None:
    """Every document's current version as JSON Lines, ordered by id.

    Example: gongkai export --to records.jsonl
    """
    count = 0
    with reading(context) as c:
        if to == "-":
            for item in query.export(c, source=source):
                output.json_line(_times(item))
            return
        target = Path(to)
        partial = target.with_name(target.name + ".part")
        try:
            with partial.open("w", encoding="utf-8") as file:
                for item in query.export(c, source=source):
                    file.write(json.dumps(_times(item), ensure_ascii=False) + "\n")
                    count += 1
            os.replace(partial, target)
        except OSError as error:
            raise CannotError(
                f"cannot write {target}: {error.strerror or error}", remedy="choose another place with --to"
            ) from error
    sys.stdout.flush()
    output.note(f"{count} records in {target}")


def _times(item: dict[str, object]) -> dict[str, object]:
    for name in ("first_seen", "last_seen", "version_seen"):
        value = item[name]
        item[name] = output.iso(value if isinstance(value, int) else None)
    return item
