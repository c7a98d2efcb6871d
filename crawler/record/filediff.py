"""What differs between two versions of a file's text, for people: pieces by their page or name, sheets by cell. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crawler.record.content import Piece
from crawler.record.diff import shortest, unequal
from crawler.record.normalize import collapse

LETTERS = 26


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One thing that changed in a file.

    `place`: the piece it is in (`page 3`, `Sheet1`, `a.zip!b.xlsx Sheet1`), as it is now, or was where it is gone. `line` counts from 1
    in the later piece (in the earlier where it is gone); `cell`: of a sheet, where it stands (`B7`). `before` None: added; `after`
    None: taken away; of a changed text only the shortest differing middle.
    """

    place: str
    line: int | None
    cell: str | None
    before: str | None
    after: str | None


def files(before: Sequence[Piece], after: Sequence[Piece]) -> tuple[FileDifference, ...]:
    """Every difference between two texts of a file, in the order of the later one; empty when white space alone differs.

    Pieces belong together by their names within their member. Pages are only numbers: what a page pushes on to the next is no
    difference, so the pages of a document are compared as one text.
    """
    found: list[FileDifference] = []
    old, new = _groups(before), _groups(after)
    for key in dict.fromkeys((*new, *old)):
        left, right = old.get(key, []), new.get(key, [])
        if any(piece.rows for piece in (*left, *right)):
            found += _cells(_rows_of(left), _rows_of(right), (right or left)[0].place)
        else:
            found += _lines(left, right)
    return tuple(found)


def _groups(pieces: Sequence[Piece]) -> dict[tuple[str, ...], list[Piece]]:
    """Pieces that are compared with each other: all pages of a member, else those of one kind and name."""
    found: dict[tuple[str, ...], list[Piece]] = {}
    for piece in pieces:
        key = (piece.within, "page") if piece.kind == "page" else (piece.within, piece.kind, piece.name)
        found.setdefault(key, []).append(piece)
    return found


def _lines(before: Sequence[Piece], after: Sequence[Piece]) -> Iterable[FileDifference]:
    old, new = _placed(before), _placed(after)
    for number, one, other in unequal([text for text, _, _ in old], [text for text, _, _ in new]):
        if one == other:
            continue
        _, place, line = (new if other is not None else old)[number - 1]
        yield FileDifference(place, line, None, *_said(one, other))


def _placed(pieces: Sequence[Piece]) -> list[tuple[str, str, int]]:
    """(text, place of its piece, number of its line) of each line."""
    return [
        (text, piece.place, number) for piece in pieces for number, line in enumerate(piece.lines, 1) if (text := collapse(line))
    ]


def _rows_of(pieces: Sequence[Piece]) -> list[tuple[int, str]]:
    """(number, cells between tabs) of each row of sheets of one name."""
    return [(number, "\t".join(map(collapse, cells)).rstrip("\t")) for piece in pieces for number, cells in piece.rows]


def _cells(before: list[tuple[int, str]], after: list[tuple[int, str]], place: str) -> Iterable[FileDifference]:
    """The cells that differ. Rows are aligned first: a row put in is one row of differences, not all below it."""
    for number, one, other in unequal([row for _, row in before], [row for _, row in after]):
        row = (after if other is not None else before)[number - 1][0]
        yield from _row(place, row, (one or "").split("\t"), (other or "").split("\t"))


def _row(place: str, row: int, before: Sequence[str], after: Sequence[str]) -> Iterable[FileDifference]:
    for column in range(max(len(before), len(after))):
        one = before[column] if column < len(before) else ""
        other = after[column] if column < len(after) else ""
        if one != other:
            yield FileDifference(place, None, f"{letters(column + 1)}{row}", *_said(one or None, other or None))


def _said(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    return shortest(before, after) if before and after else (before or None, after or None)


def letters(column: int) -> str:
    """A column's letters from its number: 1 is A, 27 is AA."""
    found = ""
    while column:
        column, rest = divmod(column - 1, LETTERS)
        found = chr(65 + rest) + found
    return found
