"""`sql`: a question in SQL over the views, or a prompt for several. Nothing is written."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from crawler.cli import output, words
from crawler.cli.archive import of
from crawler.cli.options import Json, file_of
from crawler.config.storage import places_of
from crawler.errors import UsageError
from crawler.repository.asked_sql import Asking, Found, Limits, opened, statements
from crawler.repository.views import NAMES

PROMPT, MORE = "gongkai> ", "     ...> "
WIDEST = 60  # columns of one cell on a terminal


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sql")(sql)


def sql(
    context: typer.Context,
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="One SELECT; without it they are read from a prompt.")
    ] = None,
    rows: Annotated[int, typer.Option(metavar="N", min=1, max=1_000_000, help="So many rows at most.")] = 1000,
    seconds: Annotated[float, typer.Option(metavar="S", min=0.1, max=3600, help="So long at most.")] = 10,
    as_json: Json = False,
) -> None:
    """Ask in SQL, read-only, over the views: v_documents, v_versions, v_looks, v_captures, v_changes, v_sources.

    Example: gongkai sql "SELECT source, count(*) FROM v_documents GROUP BY source"
    """
    database, folder = places_of(file_of(context))
    with of(database, folder):
        pass  # it is there, with its evidence
    with opened(database, Limits(rows, seconds)) as asking:
        if query is not None:
            _show(asking.ask(query), as_json=as_json)
            return
        for asked in _typed():
            _answer(asking, asked, as_json=as_json)


def _answer(asking: Asking, asked: str, *, as_json: bool) -> None:
    """One answer of a prompt, where an error is no end; of a pipe it is."""
    if asked.strip().rstrip(";").lower() in (".tables", ".views", ".help", "help"):
        output.say("  ".join(NAMES))
        return
    try:
        _show(asking.ask(asked), as_json=as_json)
    except UsageError as error:
        if not sys.stdin.isatty():
            raise
        output.note(words.complaint(error))


def _typed() -> Iterator[str]:
    """Statements, each up to its semicolon, from a terminal with a history of lines, or from a pipe to its end."""
    held = ""
    if not sys.stdin.isatty():
        for text in sys.stdin:
            whole, held = statements(held + text)
            yield from whole
        if held.strip():
            yield held
        return
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - by its import, input() edits lines
    output.note("SELECT …; over " + ", ".join(NAMES) + " · .quit ends")
    while True:
        try:
            held += input(MORE if held else PROMPT) + "\n"
        except EOFError:
            return
        if held.strip().lower() in (".quit", ".exit", "quit", "exit"):
            return
        if held.strip().startswith("."):
            yield held
            held = ""
            continue
        whole, held = statements(held)
        held = held if held.strip() else ""
        yield from whole


def _show(found: Found, *, as_json: bool) -> None:
    if as_json:
        for row in found.rows:
            output.json_line(dict(zip(_distinct(found.columns), map(_plain, row), strict=True)))
    elif found.columns:
        _table(found)
    if not as_json or found.more:
        output.note(
            f"the first {output.plural(len(found.rows), 'row')}: --rows N shows more"
            if found.more
            else output.plural(len(found.rows), "row")
        )


def _distinct(columns: tuple[str, ...]) -> list[str]:
    """Names for the keys of an object: a second one of a name is numbered."""
    made: list[str] = []
    for name in columns:
        number = 2
        unique = name
        while unique in made:
            unique, number = f"{name}_{number}", number + 1
        made.append(unique)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _table(found: Found) -> None:
    from rich.cells import cell_len

    cells = [["" if value is None else str(_plain(value)) for value in row] for row in found.rows]
    every = [list(found.columns), *cells]
    widths = [min(WIDEST, max(cell_len(output.safe(row[at])) for row in every)) for at in range(len(found.columns))]
    output.table([list(found.columns)], widths[:-1], "bold")
    output.table(cells, widths[:-1])
