"""`changes` and `export`: what happened, and the records themselves."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import known, lines, output, sheets, sink, streams
from crawler.cli.archive import reading
from crawler.cli.options import Json, moment
from crawler.errors import CannotError, UsageError
from crawler.model import ChangeKind
from crawler.repository import changes as ledger
from crawler.repository import query

KINDS = tuple(str(kind) for kind in ChangeKind)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("changes")(changes)
    app.command("export")(export)


def changes(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(metavar="SPAN|DAY", help="A span (7d, 12h) or a day (YYYY-MM-DD).")] = None,
    after: Annotated[
        int | None, typer.Option(metavar="SEQ", help="Lines after this number of the ledger, oldest first: for who follows it.")
    ] = None,
    before: Annotated[int | None, typer.Option(metavar="SEQ", help="Only lines before this number of the ledger.")] = None,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Only this source.")] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", parser=known.one_of("kind", KINDS), help=f"Only these: {', '.join(KINDS)}.")
    ] = None,
    min_rank: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=100, help="Only lines that weigh at least so much (0 to 100).")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="So many lines at most.")] = 1000,
    as_json: Json = False,
) -> None:
    """What happened, and what did not, newest first. Times are Beijing time.

    Example: gongkai changes --since 7d --kind edit
    """
    with reading(context) as c:
        only = ledger.Only(
            after or 0, moment(since) if since else None, known.source(context, c, source), kind, min_rank, before=before
        )
        found = ledger.read(c, only, limit, newest=after is None)
        total = len(found) if len(found) < limit else ledger.count(c, only)
    lines.changes(found, as_json=as_json)
    if not as_json or total > len(found):
        output.note(_counted(found, total, following=after is not None))


def _counted(found: list[ledger.ChangeView], total: int, *, following: bool) -> str:
    """How many there are beside how many are shown, and how to see more."""
    shown = next((change.document for change in found if change.document and change.kind in ("edit", "gone")), None)
    if total > len(found):
        where = f"--after {found[-1].seq}" if following else f"--before {found[-1].seq}"
        more = f" · {'later' if following else 'older'} ones: gongkai changes {where}"
        return f"{len(found)} of {total} changes{more}"
    return output.plural(len(found), "change") + (f" · gongkai history {shown[:4]}" if shown else "")


class Form(StrEnum):
    """How records are written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    context: typer.Context,
    to: Annotated[str, typer.Option(metavar="FILE", help="A file, or - for standard output.")] = "-",
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Only this source.")] = None,
    form: Annotated[Form, typer.Option("--as", help="jsonl: whole records, or csv: a line each.")] = Form.JSONL,
    tables: Annotated[Path | None, typer.Option(metavar="DIR", help="Each table of a notice as a CSV file there.")] = None,
    warc: Annotated[bool, typer.Option("--warc", help="The looks' WARC records, to a folder.")] = False,
    cdxj: Annotated[bool, typer.Option("--cdxj", help="An index of the archive's captures, sorted.")] = False,
    wacz: Annotated[bool, typer.Option("--wacz", help="One WACZ file, for ReplayWeb.page.")] = False,
    pywb: Annotated[bool, typer.Option("--pywb", help="A folder that pywb shows.")] = False,
    bag: Annotated[bool, typer.Option("--bag", help="The WARC records in a bag (BagIt).")] = False,
    since: Annotated[str | None, typer.Option(metavar="WHEN", help="Of these: looks from then on: a span (7d) or a day.")] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Of these: looks before then.")] = None,
) -> None:
    """Every document's current version as JSON Lines or CSV, ordered by id; or the evidence itself, for other programs.

    A file that is there is replaced when everything is written, and not before.

    Example: gongkai export --to records.jsonl
    """
    bundles = [name for name, asked in (("warc", warc), ("cdxj", cdxj), ("wacz", wacz), ("pywb", pywb), ("bag", bag)) if asked]
    if bundles:
        _hand_over(context, bundles, to, source, (moment(since) if since else None, moment(until) if until else None))
        return
    count = files = 0
    with reading(context) as c:
        records = query.export(c, source=known.source(context, c, source))
        with sink.written(to) as write:
            for text, found in _written(records, form, tables, everything=to not in sink.STDOUT):
                write(text)
                count, files = count + 1, files + found
                if streams.nobody_reads():
                    break
    if to not in sink.STDOUT:
        output.note(f"{output.plural(count - (form is Form.CSV), 'record')} in {to}")
    if tables is not None:
        output.note(f"{output.plural(files, 'table')} in {tables}")


def _hand_over(
    context: typer.Context, bundles: list[str], to: str, source: str | None, span: tuple[int | None, int | None]
) -> None:
    from crawler.cli.handover import Bundle, hand_over

    if len(bundles) > 1:
        raise UsageError(f"--{bundles[0]} and --{bundles[1]} are two exports", remedy="ask for one at a time")
    with reading(context) as c:
        chosen = known.source(context, c, source)
    hand_over(context, Bundle(bundles[0]), to, chosen, span)


def _written(
    records: Iterable[dict[str, object]], form: Form, tables: Path | None, *, everything: bool
) -> Iterator[tuple[str, int]]:
    """(a line, how many tables it brought) of each record. `everything`: it goes where every character may. Raises CannotError where a
    table cannot be written."""
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
        yield (sheets.record_line(item) if form is Form.CSV else output.json_text(item, everything=everything)), found


def _times(item: dict[str, object]) -> dict[str, object]:
    for name in ("first_seen", "last_seen", "version_seen"):
        value = item[name]
        item[name] = output.iso(value if isinstance(value, int) else None)
    return item
