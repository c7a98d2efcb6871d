"""`withhold`: a document is kept and not shown."""

import getpass
import time
from typing import Annotated

import typer

from crawler.cli import output
from crawler.cli.archive import reading
from crawler.cli.options import Json, file_of
from crawler.config.storage import places_of
from crawler.errors import CannotError, UsageError, Withheld
from crawler.model import ChangeKind
from crawler.pipeline.withhold import Act, act, checked
from crawler.repository import query, withheld
from crawler.repository.database import Connection, Database, check_schema


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("withhold")(withhold)


def withhold(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="An id or its beginning, or the page's address; none: what is withheld.")
    ] = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; it is shown in the document's place and stands in the ledger.")
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Show it again.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a document and show nothing of it but its id and the reason: no record, no bytes, no title, on no surface.

    Its bytes stay in the archive and are audited, its address is looked at as before. The list pages that may have shown its title are not
    shown either, as they were while they listed it; other documents of the same work are. Who did it is written beside the WARC files, in
    withheld.jsonl, which every rebuild and backup takes along: keep the file with them.

    Example: gongkai withhold 7k3m --reason "asked for by the person named in it"
    """
    if name is None:
        if reason or undo:
            raise UsageError("which document?", remedy="gongkai withhold ID --reason …")
        _list(context, as_json=as_json)
        return
    said = checked(reason)
    path, folder = places_of(file_of(context))
    if not folder.is_dir():
        raise CannotError(f"there is no archive at {folder}", remedy="check storage.archive")
    with reading(context) as c:
        document = _meant(c, name)
    what = ChangeKind.RESTORED if undo else ChangeKind.WITHHELD
    database = Database(path)
    try:
        check_schema(database)
        done = act(database, folder, Act(what, document, said, getpass.getuser(), time.time_ns() // 1_000_000))
    finally:
        database.close()
    if as_json:
        output.json_line({"document": document, "withheld": not undo, "done": done})
    elif undo:
        output.tell(f"{document} is shown again" if done else f"{document} was not withheld")
    else:
        output.tell(f"{document} is withheld" if done else f"{document} was withheld already")


def _meant(c: Connection, name: str) -> str:
    """The document, whether it is shown or not. Raises UsageError."""
    try:
        document, version = query.resolve(c, name)
    except Withheld as hidden:
        return hidden.document
    if version is not None:
        raise UsageError(f"{name!r} is one version", remedy=f"a document is withheld whole: gongkai withhold {document}")
    return document


def _list(context: typer.Context, *, as_json: bool) -> None:
    with reading(context) as c:
        found = withheld.now(c)
    for entry in found:
        if as_json:
            output.json_line(
                {"document": entry.document, "since": output.iso(entry.at), "reason": entry.reason, "who": entry.who}
            )
        else:
            output.say(f"{entry.document}  {output.when(entry.at, '%Y-%m-%d %H:%M')}  {entry.who}  {entry.reason}")
    if not as_json:
        output.note(f"{output.plural(len(found), 'document')} withheld · gongkai withhold ID --undo --reason … shows one again")
