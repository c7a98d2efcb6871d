"""`changes` and `export`: what happened, and the records themselves."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import lines, output, sheets
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


class Form(StrEnum):
    """How records are written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    context: typer.Context,
    to: Annotated[str, typer.Option(help="A file, or - for standard output.")] = "-",
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    form: Annotated[Form, typer.Option("--as", help="jsonl: whole records, or csv: a line each.")] = Form.JSONL,
    tables: Annotated[Path | None, typer.Option(metavar="DIR", help="Each table of a notice as a CSV file there.")] = None,
) -> None:
    """Every document's current version as JSON Lines or CSV, ordered by id.

    Example: gongkai export --to records.jsonl
    """
    count = files = 0
    with reading(context) as c:
        records = query.export(c, source=source)
        if to == "-":
            for text, found in _written(records, form, tables):
                sys.stdout.write(output.CONTROL.sub(output.escaped, text) if form is Form.JSONL else text)
                files += found
        else:
            target = Path(to)
            partial = target.with_name(target.name + ".part")
            try:
                with partial.open("w", encoding="utf-8", newline="") as file:
                    for text, found in _written(records, form, tables):
                        file.write(text)
                        count, files = count + 1, files + found
                os.replace(partial, target)
            except OSError as error:
                raise CannotError(
                    f"cannot write {target}: {error.strerror or error}", remedy="choose another place with --to"
                ) from error
    sys.stdout.flush()
    if to != "-":
        output.note(f"{count - (form is Form.CSV)} records in {to}")
    if tables is not None:
        output.note(f"{files} tables in {tables}")


def _written(records: Iterable[dict[str, object]], form: Form, tables: Path | None) -> Iterator[tuple[str, int]]:
    """(a line, how many tables it brought) of each record. Raises CannotError where a table cannot be written."""
    if form is Form.CSV:
        yield sheets.head(), 0
    for item in map(_times, records):
        found = 0
        if tables is not None:
            try:
                tables.mkdir(parents=True, exist_ok=True)
                found = sheets.write_tables(tables, item)
            except OSError as error:
                raise CannotError(
                    f"cannot write tables to {tables}: {error.strerror or error}", remedy="choose another place with --tables"
                ) from error
        yield (sheets.record_line(item) if form is Form.CSV else json.dumps(item, ensure_ascii=False) + "\n"), found


def _times(item: dict[str, object]) -> dict[str, object]:
    for name in ("first_seen", "last_seen", "version_seen"):
        value = item[name]
        item[name] = output.iso(value if isinstance(value, int) else None)
    return item
