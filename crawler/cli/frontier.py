"""`frontier`: what is looked at next, what is tried again, and what was given up."""

import contextlib
from typing import Annotated

import typer

from crawler.cli import archive, known, output
from crawler.cli.archive import reading
from crawler.cli.options import Json
from crawler.errors import NoArchive, UsageError
from crawler.repository import frontier as rows
from crawler.repository.frontier import RowView

STATES = ("todo", "dead")
WIDTHS = (6, 4, 14, 14, 34)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(
        frontier, name="frontier", help="What is due, what is dead: list, requeue.\n\nExample: gongkai frontier list --state dead"
    )


frontier = typer.Typer(no_args_is_help=False, invoke_without_command=True)


@frontier.callback()
def default(context: typer.Context) -> None:
    """What is due, what is dead: list, requeue.

    Example: gongkai frontier list --state dead
    """
    if context.invoked_subcommand is None:
        list_rows(context)


@frontier.command("list")
def list_rows(
    context: typer.Context,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", parser=known.one_of("state", STATES), help="todo (due or waiting) or dead (given up)."),
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Only this source.")] = None,
    queue: Annotated[
        str | None, typer.Option(metavar="QUEUE", help="Only this queue: a host, unless a source names another.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="So many rows at most.")] = 1000,
    as_json: Json = False,
) -> None:
    """What is looked at next and when, what is tried again and why, what was given up. Times are Beijing time.

    Example: gongkai frontier list --state dead
    """
    with reading(context) as c:
        only = {"state": state, "source": known.source(context, c, source), "queue": known.queue(c, queue)}
        found = rows.rows(c, **only, limit=limit)
    if as_json:
        for row in found:
            output.json_line(_json(row))
        return
    _print(found)
    dead = sum(1 for row in found if row.state == rows.DEAD)
    hint = " · gongkai frontier requeue" if dead else ""
    output.note(f"{len(found) - dead} to look at, {dead} given up{hint}" if found else "nothing is due and nothing was given up")


def _print(found: list[RowView]) -> None:
    """A line a row; on a narrow terminal its address stands below it."""
    wide = output.width() >= sum(WIDTHS) + 2 * len(WIDTHS) + 50
    for row in found:
        facts = [str(row.id), row.state, output.when(row.due, "%m-%d %H:%M:%S"), row.source, _why(row)]
        if wide:
            output.table([[*facts, row.url]], WIDTHS)
        else:
            output.table([facts], WIDTHS[:4])
            output.wrapped(row.url, 8, "dim")


def _why(row: RowView) -> str:
    if row.reason is None:
        return row.kind
    again = f"try {row.tries + 1}, " if row.state == rows.TODO else ""
    return f"{again}{row.reason}"


def _json(row: RowView) -> dict[str, object]:
    return {
        "id": row.id, "state": row.state, "source": row.source, "run": row.run_kind, "queue": row.queue, "kind": row.kind, "url": row.url,
        "tries": row.tries, "due": output.iso(row.due), "reason": row.reason,
    }  # fmt: skip


@frontier.command("requeue")
def requeue(
    context: typer.Context,
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Rows of frontier list; default: all that were given up.")
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Only this source.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Only rows whose reason starts so.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Look at them now instead of leaving them to the daemon.")] = False,
    as_json: Json = False,
) -> None:
    """Take up again what was given up, with its tries forgotten.

    Example: gongkai frontier requeue --source demo --now
    """

    from crawler.cli.progress import Bar  # what works is not imported for who only lists
    from crawler.cli.settings import configured
    from crawler.scheduler import firing
    from crawler.scheduler import process as house

    config = configured(context)
    archive.refuse_new_folder(config.storage)
    interrupted = False
    if source is not None:
        with contextlib.suppress(NoArchive), reading(context) as c:
            known.source(context, c, source)
    with house.open_line(config, "requeue") as line:
        fired, count = firing.requeue(line, ids or (), source, reason)
        if now and fired:
            with Bar("requeued", quiet=as_json) as bar:
                _, interrupted = house.on_loop(house.work(config, line, fired, bar.show if bar.shown else None))
    if ids and not count:
        raise UsageError("none of these rows was given up", remedy="gongkai frontier list --state dead shows what was")
    if as_json:
        output.json_line({"requeued": count, "runs": len(fired), "worked": now})
    else:
        what = "address" if count == 1 else "addresses"
        where = "" if not count else "; looked at" if now else "; the daemon looks at them next, --now does it here"
        output.tell(f"{count} {what} taken up again{where}")
    if interrupted:
        raise typer.Exit(130)
