"""`diff`: what differs between two versions of a document, word by word; tables by cell."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from crawler.cli import attached, output
from crawler.cli.archive import reading
from crawler.cli.options import Json
from crawler.errors import UsageError
from crawler.monitor.told import FIELDS
from crawler.record.compare import Side, pair
from crawler.record.diff import Difference, paragraphs, unequal
from crawler.record.normalize import collapse
from crawler.record.notice import Record
from crawler.record.serial import from_json
from crawler.repository import query
from crawler.repository.query import DocumentView, VersionRow

GONE, CAME = "red strike", "green underline"
NARROWEST = 60  # columns in which two sides stand beside each other
Pieces = Sequence[tuple[str, bool]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diff")(diff)


def diff(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="An id or its beginning, ID.N for a version, or the page's address.")],
    first: Annotated[int | None, typer.Argument(metavar="[A]", min=1, help="A version; by default the last but one.")] = None,
    last: Annotated[int | None, typer.Argument(metavar="[B]", min=1, help="Another; by default the last.")] = None,
    beside: Annotated[bool, typer.Option("--side-by-side", "-y", help="In two columns.")] = False,
    attachment: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Of the document that the notice links to, by its number in show: A and B are its states."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """What differs between two versions of a document. Exit code 1: something does.

    Example: gongkai diff 7k3m 1 2 --side-by-side
    """
    with reading(context) as c:
        if attachment is not None:
            attached.differ(c, name, attachment, (first, last), as_json=as_json)
            return
        public_id, number = query.resolve(c, name)
        found = query.document(c, public_id)
    before, after = _two(found, number, first, last)
    old, new = from_json(before.record), from_json(after.record)
    differences = paragraphs(old, new)
    if as_json:
        output.json_line({"id": found.id, "from": before.n, "to": after.n, "differences": [asdict(one) for one in differences]})
    else:
        _show(found, (before, after), (old, new), differences, beside=beside)
    if differences:
        raise typer.Exit(1)


def _two(found: DocumentView, number: int | None, first: int | None, last: int | None) -> tuple[VersionRow, VersionRow]:
    """The versions meant. `ID.N` alone: that one and the one before. Raises UsageError."""
    if number is not None and first is not None:
        raise UsageError(f"{found.id}.{number} names a version already", remedy=f"write {found.id[:4]} A B")
    if len(found.versions) == 1 and number is None and first is None:
        only = found.versions[0]
        return only, only
    after = query.version(found, number if number is not None else last)
    return query.version(found, first if first is not None else max(1, after.n - 1)), after


def _show(
    found: DocumentView,
    rows: tuple[VersionRow, VersionRow],
    records: tuple[Record, Record],
    differences: Sequence[Difference],
    *,
    beside: bool,
) -> None:
    before, after = rows
    output.say(after.record["title"], "bold")
    output.say(
        f"{found.id}  {before.n} seen {output.when(before.first_seen)} → {after.n} seen {output.when(after.first_seen)}", "dim"
    )
    if not differences:
        output.note("one version" if before is after and len(found.versions) == 1 else "nothing a reader sees differs")
        return
    wide = max(output.width(), NARROWEST)
    for item in differences:
        if item.field != "body":
            _field(item, wide if beside else 0)
    _body(records, wide if beside else 0)
    output.note(f"{output.plural(len(differences), 'difference')} · gongkai cite {found.id[:4]}.{after.n}")


def _field(item: Difference, wide: int) -> None:
    field, _, own = item.field.partition(".")
    output.say(f"{FIELDS.get(field, field)}{f' {own}' if own else ''}", "dim")
    _pair(pair(item.before, item.after), wide)


def _body(records: tuple[Record, Record], wide: int) -> None:
    """Paragraphs; of a table's rows with as many cells on both sides each cell that changed."""
    old, new = (list(record.body) for record in records)
    cells = {collapse(text): text.split("\t") for record in records for text in record.body if "\t" in text}
    for number, left, right in unequal([collapse(text) for text in old], [collapse(text) for text in new]):
        a, b = cells.get(left or "", []), cells.get(right or "", [])
        output.say(f"正文 第 {number} 段", "dim")
        if len(a) > 1 and len(a) == len(b):
            for place, (one, other) in enumerate(zip(a, b, strict=True), 1):
                if collapse(one) != collapse(other):
                    output.say(f"第 {place} 格  {collapse(b[0]) if place > 1 else ''}".rstrip(), "dim")
                    _pair(pair(collapse(one) or None, collapse(other) or None), wide)
        else:
            _pair(pair(left, right), wide)


def _pair(side: Side, wide: int) -> None:
    if wide:
        _columns(side, wide)
    else:
        _inline(side)


def _inline(side: Side) -> None:
    """One text; what is gone stands before what came for it. Without colours as [-gone-]{+came+}."""
    output.pieces([("  ", ""), *_marked(_merged(side))])


def _merged(side: Side) -> list[tuple[str, int]]:
    """(text, -1 gone, 0 same, 1 came), in reading order."""
    before, after = list(side.before), list(side.after)
    merged: list[tuple[str, int]] = []
    while before or after:
        if before and before[0][1]:
            merged.append((before.pop(0)[0], -1))
        elif after and after[0][1]:
            merged.append((after.pop(0)[0], 1))
        else:
            same = (before or after)[0][0]
            merged.append((same, 0))
            before, after = before[1:], after[1:]
    return merged


def _marked(pieces: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    signs = {-1: ("[-", "-]", GONE), 0: ("", "", ""), 1: ("{+", "+}", CAME)}
    bare = output.coloured()
    said = []
    for text, kind in pieces:
        opening, closing, style = signs[kind]
        said.append((text if bare else f"{opening}{text}{closing}", style))
    return said


def _columns(side: Side, wide: int) -> None:
    """Two columns, each folded to its half."""
    room = (wide - 3) // 2
    left, right = _folded(side.before, room, -1), _folded(side.after, room, 1)
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else []
        other = right[number] if number < len(right) else []
        used = sum(output.columns(text) for text, _ in one)
        output.pieces([*one, (" " * max(0, room - used) + " │ ", "dim"), *other])


def _folded(pieces: Pieces, room: int, kind: int) -> list[list[tuple[str, str]]]:
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0
    for text, style in _marked([(text, kind if changed else 0) for text, changed in pieces]):
        for character in output.safe(text).replace("\n", " "):
            size = output.columns(character)
            if used + size > room:
                lines.append([])
                used = 0
            line = lines[-1]
            if line and line[-1][1] == style:
                line[-1] = (line[-1][0] + character, style)
            else:
                line.append((character, style))
            used += size
    return lines
