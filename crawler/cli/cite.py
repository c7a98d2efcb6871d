"""`cite`: how a document is cited, with the capture that proves it."""

from enum import StrEnum
from typing import Annotated

import typer

from crawler.cli import output
from crawler.cli.archive import reading
from crawler.cli.options import Json
from crawler.record import citation
from crawler.repository import query


class Style(StrEnum):
    """How it is cited."""

    ALL = "all"
    TEXT = "text"
    ENGLISH = "english"
    GB7714 = "gb7714"
    CSL = "csl"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cite")(cite)


def cite(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="An id or its beginning, ID.N for a version, or the page's address.")],
    form: Annotated[Style, typer.Option("--as", help="text, english, gb7714 (GB/T 7714-2015), csl (CSL-JSON).")] = Style.ALL,
    as_json: Json = False,
) -> None:
    """How to cite a document: one version, as it was captured.

    Example: gongkai cite 7k3m --as gb7714
    """
    with reading(context) as c:
        public_id, number = query.resolve(c, name)
        found = query.document(c, public_id)
    version = query.version(found, number)
    made = citation.cited(found.id, version.n, version.record, found.presence)
    if as_json:
        output.json_line(citation.as_json(made))
    elif form is Style.CSL:
        output.json_line(citation.csl(made))
    elif form is not Style.ALL:
        output.say(_said(made, form))
    else:
        for style, title in ((Style.TEXT, "文"), (Style.ENGLISH, "English"), (Style.GB7714, "GB/T 7714-2015")):
            output.say(title, "dim")
            output.say(_said(made, style))
        output.note(f"for reference managers: gongkai cite {found.id[:4]} --as csl")


def _said(made: citation.Citation, form: Style) -> str:
    if form is Style.GB7714:
        return citation.gb7714(made)
    return citation.text(made, "en" if form is Style.ENGLISH else "zh")
