"""`changes`: what happened, and what did not."""

from typing import Annotated

import typer

from crawler.cli import known, lines, output
from crawler.cli.archive import reading
from crawler.cli.options import Json, first_moment
from crawler.model import ChangeKind
from crawler.repository import changes as ledger

KINDS = tuple(str(kind) for kind in ChangeKind)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("changes")(changes)


def changes(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="SPAN|DAY", help="A span (7d, 12h) or a day (2024-05-31), from its beginning.")
    ] = None,
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
            after or 0, first_moment(since) if since else None, known.source(context, c, source), kind, min_rank, before=before
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
