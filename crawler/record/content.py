"""What a file says, as it is kept: its text in pieces with the places they stand at, packed once, in the child that read it. Frozen.

Knows no format and no parser: whoever shows, searches or compares the text of a file needs no more than this.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crawler.record.frame import opened, packed_texts
from crawler.record.tables import Table, table_json

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_TEXT = "no_text: "  # how the note of a file begins that gave no text
MOST_CHARACTERS = 16 << 20  # of the pieces' JSON: what a frame unpacks to stays below its limit
ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Piece:
    """A page, sheet, slide or other part of a file. `kind`: page, sheet, slide, notes, text, aside; `name`: the page's number or the
    sheet's own name; `within`: the archive's member it is of. `rows`: of a sheet, (number, cells from the first column on).
    `tables`: as those of a page, `at` a place among the piece's lines; a sheet is one."""

    kind: str
    name: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[int, tuple[str, ...]], ...] = ()
    within: str = ""
    tables: tuple[Table, ...] = ()

    @property
    def place(self) -> str:
        """Where it is, for a person: `page 3`, `附件.zip!表.xlsx Sheet1`."""
        own = self.name if self.kind == "sheet" and self.name else f"{self.kind} {self.name}".strip()
        return f"{self.within} {own if own != 'text' else ''}".strip() or "text"


@dataclass(frozen=True, slots=True)
class Said:
    """What a file's text says of itself: `field` as in a record (title, meta.doc_no …), the text, and where it stands in the file."""

    field: str
    raw: str
    place: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says. `digest` and `media_type` of and by its own bytes (no content coding); `reader`: what read it, with its version; `note`: why it has no text, or what is
    missing of it; `flags`: what was odd; `name`: as its server or address calls it, and which of them does (`named_by`); `says`: of itself."""

    media_type: str
    size: int
    reader: str
    pages: int
    note: str
    flags: tuple[str, ...]
    name: str
    named_by: str
    packed: bytes
    digest: str
    says: tuple[Said, ...] = ()

    @property
    def has_text(self) -> bool:
        """Is there any text of it?"""
        return not self.note.startswith(NO_TEXT)


def pack_pieces(pieces: Sequence[Piece], members: Sequence[Sequence[Any]], searched: str) -> bytes:
    """What is stored of a file: its pieces and the members of an archive as JSON, and its text as it is searched.

    Where all of it is too much, cells go first, then what stands last.
    """
    kept: list[list[Any]] = []
    left = MOST_CHARACTERS
    for piece in pieces:
        rows = [[number, list(cells)] for number, cells in piece.rows]
        made = [piece.kind, piece.name, piece.within, list(piece.lines), rows, [_table(piece, each) for each in piece.tables]]
        size = len(ENCODE(made))
        if size > left:
            made[4], made[5] = [], []
            size = len(ENCODE(made))
        if size > left:
            break
        left -= size
        kept.append(made)
    return packed_texts(ENCODE({"pieces": kept, "members": [list(member) for member in members]}), searched)


def _table(piece: Piece, table: Table) -> list[Any]:
    """A table as JSON; the cells of a sheet stand in its rows already."""
    rows = None if piece.rows else [list(row) for row in table.rows]
    return [table.at, table.caption, table.header, rows]


def _table_of(said: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Table:
    at, caption, header, own = said
    held = own if own is not None else [cells for _, cells in rows]
    wide = max(map(len, held), default=0)
    return Table(at, caption, header, tuple((*row, *[""] * (wide - len(row))) for row in held))


def pieces_of(packed: bytes) -> tuple[Piece, ...]:
    """The pieces of a stored file. Raises ValueError when there are none."""
    values = json.loads(opened(packed)[0])
    return tuple(
        Piece(
            kind,
            name,
            tuple(lines),
            tuple((number, tuple(cells)) for number, cells in rows),
            within,
            tuple(_table_of(each, rows) for each in tables),
        )
        for kind, name, within, lines, rows, tables in values["pieces"]
    )


def tables_of(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """All tables of a file as those of a record, each with its place; `at` is a line of that page or part."""
    return [{"place": piece.place, **table_json(each)} for piece in pieces for each in piece.tables]


def members_of(packed: bytes) -> list[dict[str, Any]]:
    """The members of a stored archive: name, size, why one was not read."""
    return [{"name": name, "size": size, "note": note} for name, size, note in json.loads(opened(packed)[0])["members"]]


def searched_of(packed: bytes) -> str:
    """The text of a stored file as it is searched."""
    return opened(packed)[2]


def text_lines(pieces: Sequence[Piece]) -> Iterator[str]:
    """All text, each piece under its place where there are several."""
    for number, piece in enumerate(pieces):
        if len(pieces) > 1:
            yield from ([""] if number else [])
            yield f"── {piece.place}"
        yield from piece.lines


def column_name(number: int) -> str:
    """The letters of a column, counted from 0."""
    name = ""
    number += 1
    while number:
        number, last = divmod(number - 1, 26)
        name = LETTERS[last] + name
    return name
