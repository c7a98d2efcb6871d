"""What a document's tables are, however its format writes them, in the form that pages' tables have."""

from collections.abc import Sequence

from crawler.parsers.attached.said import Grid, Section
from crawler.parsers.heads import Cell, heading_rows
from crawler.record.tables import Table

LOOKED_AT = 60  # rows that tell which of them are the head
WIDEST = 200  # columns of a table whose head is asked for
OWN_NAMES = ("sheet", "工作表", "表格")  # what programs call a sheet that nobody named


def tables_of(section: Section) -> list[Table]:
    """The tables of a part of a document: a sheet's rows, or those within a text."""
    if section.rows:
        return [table_of(0, [cells for _, cells in section.rows], section.name)]
    return [table_of(at, grid) for at, grid in section.tables if grid]


def table_of(at: int, grid: Sequence[Sequence[str]], name: str = "") -> Table:
    """A table of a document. `at`: the paragraph of its first row; `name`: its sheet's own.

    What stands above the headings over the whole width is the caption, else the sheet's name where somebody gave it one.
    """
    wide = max(map(len, grid), default=0)
    rows = tuple((*row, *[""] * (wide - len(row))) for row in grid)
    header, above = _heads(rows) if 1 < wide <= WIDEST else (0, "")
    caption = above or (name if name.lower().rstrip("0123456789 ") not in OWN_NAMES else "")
    return Table(at, caption or None, header, rows)


def _heads(rows: Grid) -> tuple[int, str]:
    """(how many rows are the head, what stands in the first of them over the whole width)."""
    looked = [list(row) for row in rows[:LOOKED_AT]]
    header = heading_rows([_cells(looked, number) for number in range(len(looked))], looked)
    first = looked[0]
    over = first[0] if first[0] and all(cell in ("", first[0]) for cell in first) and (len(set(first)) == 1 or header) else ""
    return header, over


def _cells(rows: list[list[str]], number: int) -> list[Cell]:
    """A row's cells: equal texts beside each other are one that spans, and so are those below."""
    row, found = rows[number], []
    at = 0
    while at < len(row):
        end = at + 1
        while end < len(row) and row[at] and row[end] == row[at]:
            end += 1
        deep = 1
        while row[at] and number + deep < len(rows) and rows[number + deep][at] == row[at] and deep < len(rows):
            deep += 1
        if not number or not row[at] or rows[number - 1][at] != row[at]:
            found.append(Cell(row[at], at, head=False, wide=end - at, deep=deep))
        at = end
    return found
