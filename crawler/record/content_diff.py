"""What differs between two states of a file, for people: line by line with the page it stands on, sheets by cell. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from crawler.record.content import Piece, column_name
from crawler.record.diff import shortest, unequal
from crawler.record.normalize import collapse

MOST = 2_000  # differences; what two files that have nothing in common differ in helps nobody


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One thing that changed. `place`: page, sheet or part in the later state, or in the earlier one where it is gone there; `cell` of a
    sheet, likewise. `before` None: added; `after` None: taken away; else the shortest differing middles. `passage`: the line around it."""

    place: str
    cell: str | None
    before: str | None
    after: str | None
    passage: str


def between(before: Sequence[Piece], after: Sequence[Piece]) -> tuple[FileDifference, ...]:
    """Every difference of the texts, those of pages first; empty when white space alone differs."""
    found: list[FileDifference] = []
    for item in _all(before, after):
        found.append(item)
        if len(found) == MOST:
            break
    return tuple(found)


def _all(before: Sequence[Piece], after: Sequence[Piece]) -> Iterator[FileDifference]:
    for member in dict.fromkeys(piece.within for piece in (*after, *before) if not piece.rows):
        yield from _lines(
            *([piece for piece in pieces if not piece.rows and piece.within == member] for pieces in (before, after))
        )
    old, new = ({(piece.within, piece.name): piece for piece in pieces if piece.rows} for pieces in (before, after))
    for key in dict.fromkeys((*old, *new)):
        yield from _sheet(old.get(key), new.get(key))


def _lines(before: Sequence[Piece], after: Sequence[Piece]) -> Iterator[FileDifference]:
    """Of all pages of a member together: a line that moves to the next page is the same line."""
    old, new = (
        [(text, piece.place) for piece in pieces for line in piece.lines if (text := collapse(line))]
        for pieces in (before, after)
    )
    for number, one, other in unequal([text for text, _ in old], [text for text, _ in new]):
        side = old if other is None else new
        where = side[min(number, len(side)) - 1][1]
        first, last = (one, other) if one is None or other is None else shortest(one, other)
        yield FileDifference(where, None, first, last, other if other is not None else one or "")


def _sheet(before: Piece | None, after: Piece | None) -> Iterator[FileDifference]:
    """Rows that are the same stand beside each other, wherever they have moved to; of the others each cell that changed."""
    old, new = before.rows if before else (), after.rows if after else ()
    place = (after or before or Piece("sheet", "")).place
    for number, one, other in unequal(*([_joined(cells) for _, cells in rows] for rows in (old, new))):
        side = old if other is None else new
        row = side[min(number, len(side)) - 1][0]
        left, right = ([] if text is None else text.split("\t") for text in (one, other))
        for column, (a, b) in enumerate(zip_longest(left, right, fillvalue="")):
            if a != b:
                first, last = (a or None, b or None) if not (a and b) else shortest(a, b)
                yield FileDifference(place, f"{column_name(column)}{row}", first, last, " ".join(right or left))


def _joined(cells: Sequence[str]) -> str:
    return "\t".join(collapse(cell).replace("\t", " ") for cell in cells).rstrip("\t")
