"""The tables of a text as grids: what spans several rows or columns stands in each of them, and an empty cell is a cell.

Cells are placed as HTML says ("forming a table") and as browsers lay them out: heading rows first, footing rows last, spans that end with
their row group, rows and columns in which no cell begins left out. A grid on which two cells claim one place is none: the lines of
its rows stay as they are, and the trouble is named. What lays out a page and holds no data is told from tables by what is in its cells.
"""

import re
from dataclasses import dataclass, field

from crawler.parsers.heads import Cell, heading_rows
from crawler.parsers.sheet import Sheet
from crawler.parsers.tree import squeeze

PARTS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"})
SECTIONS = frozenset({"thead", "tbody", "tfoot"})
MOST_COLUMNS, MOST_SPAN = 1000, 65534  # HTML's own limits
MOST_PLACES = 400_000  # cells of a grid; a hostile page asks for a thousand columns in each of a thousand rows
NUMBER = re.compile(r"[ \t\n\f\r]*\+?(\d{1,9})")
UNSEEN = re.compile(r"visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
RULED = re.compile(
    r"border(?!-(?:collapse|spacing|radius))[^:;]*:(?!\s*(?:none|0|medium none|initial|currentcolor none)\b)[^;]*\w",
    re.IGNORECASE,
)
WORD_TABLE = re.compile(r"Mso\w*Table|TableGrid|et\d|xl\d+", re.IGNORECASE)
LONG = 200  # characters of a cell that may be an article in a layout's column
MANY_BLOCKS = 12  # paragraphs of one cell


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the page: the first of its lines and the one behind its last, and its text as one paragraph of the body."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `place`: its element; `rows`: cells with spans expanded; `lines`: each row's own; `trouble`: spans that do not fit.

    Where the spans contradict each other `rows` is empty.
    """

    place: int
    caption: str | None
    header: int
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[Row, ...]
    trouble: tuple[str, ...] = ()


@dataclass(slots=True)
class _Table:
    place: int
    sections: list[tuple[str, list[tuple[int, list[int]]]]] = field(default_factory=list)  # tag, rows: place and cells
    caption: int | None = None
    nested: int = 0  # tables within it

    def ordered(self) -> list[tuple[str, list[tuple[int, list[int]]]]]:
        """The first thead at the top, the first tfoot at the bottom."""
        tags = [tag for tag, _ in self.sections]
        head = tags.index("thead") if "thead" in tags else None
        foot = tags.index("tfoot") if "tfoot" in tags else None
        middle = [section for number, section in enumerate(self.sections) if number not in (head, foot)]
        return [
            *([self.sections[head]] if head is not None else []),
            *middle,
            *([self.sections[foot]] if foot is not None else []),
        ]


def read_grids(sheet: Sheet, outer: int) -> tuple[Grid, ...]:
    """The tables of data within an element, in the page's order."""
    end = sheet.end(outer)
    try:
        first = sheet.tags.index("table", outer, end)
    except ValueError:
        return ()
    made = (_grid(sheet, table) for table in _tables(sheet, first, end))
    return tuple(grid for grid in made if grid is not None)


def _tables(sheet: Sheet, first: int, end: int) -> list[_Table]:
    """The tables of a range of places, one walk for all of them however they nest."""
    tables: dict[int, _Table] = {}
    sections: dict[int, list[tuple[int, list[int]]]] = {}
    rows: dict[int, list[int]] = {}
    tags, ups, hidden = sheet.tags, sheet.ups, sheet.hidden
    holds: dict[int, int] = {}  # cell → its table
    for at in range(first, end):
        tag = tags[at]
        if tag not in PARTS or (at in hidden and not UNSEEN.search(sheet.attribute(at, "style"))):
            continue
        up = ups[at]
        if tag == "table":
            tables[at] = _Table(at)
            for above in sheet.above(at, 6):
                if above in holds:
                    tables[holds[above]].nested += 1
                    break
        elif tag in SECTIONS and up in tables:
            sections[at] = []
            tables[up].sections.append((tag, sections[at]))
        elif tag == "tr" and up in sections:
            rows[at] = []
            sections[up].append((at, rows[at]))
        elif tag in ("td", "th") and up in rows:
            rows[up].append(at)
            holds[at] = ups[ups[up]]
        elif tag == "caption" and up in tables and tables[up].caption is None:
            tables[up].caption = at
    return list(tables.values())


def _grid(sheet: Sheet, table: _Table) -> Grid | None:
    """A table of data; None for what lays out a page."""
    trouble: list[str] = []
    rows: list[tuple[int, list[Cell]]] = []
    placed: list[list[Cell | None]] = []
    heads = 0
    for tag, listed in table.ordered():
        cells = [_cells(sheet, row, own) for row, own in listed]
        kept = _placed(cells, trouble, len(rows))
        if kept is None or sum(map(len, placed)) + sum(map(len, kept)) > MOST_PLACES:
            return _none(sheet, table, trouble or ["a table of too many cells"])
        placed += kept
        rows += [(row, own) for (row, _), own in zip(listed, cells, strict=True)]
        heads += len([own for own in cells if own]) if tag == "thead" and not heads else 0
    width = max(map(len, placed), default=0)
    begun = [any(len(row) > c and (cell := row[c]) is not None and cell.column == c for row in placed) for c in range(width)]
    shown = [n for n, (_, own) in enumerate(rows) if own]
    columns = [c for c in range(width) if begun[c]]
    if not _is_data(sheet, table, [own for _, own in rows if own], len(columns)):
        return None
    own_heads = [_texts(placed[n], columns) for n in shown]
    _ragged(placed, shown, columns, trouble)
    lines = _in_order(tuple(_line(sheet, rows[n][0], placed[n], n, columns) for n in shown))
    header = heads if 0 < heads < len(shown) else heading_rows([rows[n][1] for n in shown], own_heads)
    caption = sheet.text(table.caption) if table.caption is not None else None
    return Grid(table.place, caption or None, header, tuple(map(tuple, own_heads)), lines, tuple(trouble))


def _none(sheet: Sheet, table: _Table, trouble: list[str]) -> Grid:
    caption = sheet.text(table.caption) if table.caption is not None else None
    return Grid(table.place, caption, 0, (), (), tuple(trouble))


def _texts(row: list[Cell | None], columns: list[int]) -> list[str]:
    """A row's texts in these columns, what spans several in each of them."""
    wide = len(row)
    return [cell.text if c < wide and (cell := row[c]) is not None else "" for c in columns]


def _ragged(placed: list[list[Cell | None]], shown: list[int], columns: list[int], trouble: list[str]) -> None:
    for number, n in enumerate(shown, 1):
        row = placed[n]
        there = len([c for c in columns if c < len(row) and row[c] is not None])
        if there < len(columns):
            trouble.append(f"row {number} has {there} of {len(columns)} columns")


def _line(sheet: Sheet, row: int, placed: list[Cell | None], number: int, columns: list[int]) -> Row:
    """A row as a paragraph: each text once, where its cell begins, so that spans alone change no word of the text."""
    own: list[str] = []
    last, wide = 0, len(placed)
    for c in columns:
        cell = placed[c] if c < wide else None
        if cell is not None and cell.column == c and cell.row == number:
            own.append(cell.text)
            last = len(own)
        else:
            own.append("")
    return Row(sheet.firsts[row], sheet.lasts[row], "\t".join(own[:last]))


def _in_order(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Where a row group is shown elsewhere than it is written, the texts take their places in the order of the page's lines."""
    places = [(row.first, row.last) for row in rows]
    if places == sorted(places):
        return rows
    full = iter(sorted(place for place in places if place[0] < place[1]))
    return tuple(Row(*next(full), row.text) if row.first < row.last else row for row in rows)


# ------------------------------------------------------------------ cells
def _cells(sheet: Sheet, row: int, places: list[int]) -> list[Cell]:
    """A row's cells, with their texts as the page's lines have them."""
    first = sheet.firsts[row]
    whole = sheet.lines[first] if first < sheet.lasts[row] else None
    seen = [at for at in places if at not in sheet.hidden]
    if whole is not None and whole.element == row and len(whole.cells) == len(seen):
        texts = dict(zip(seen, whole.cells, strict=True))
    else:
        texts = {at: " ".join(line.text.replace("\t", " ") for line in sheet.own(at)) for at in seen}
    own = [(at, sheet.attributes[at]) for at in places]
    return [
        Cell(
            texts.get(at, ""),
            at,
            sheet.tags[at] == "th",
            _span(said, "colspan", MOST_COLUMNS) or 1,
            _span(said, "rowspan", MOST_SPAN),
        )
        for at, said in own
    ]


def _span(attributes: dict[str, str | None], name: str, most: int) -> int:
    """HTML's rules for parsing a non-negative integer; 1 where there is none."""
    match = NUMBER.match(written) if (written := attributes.get(name)) else None
    return min(int(match[1]), most) if match else 1


def _placed(rows: list[list[Cell]], trouble: list[str], above: int) -> list[list[Cell | None]] | None:
    """Which cell fills each place of a row group; None where two claim one, or where there are too many."""
    grid: list[list[Cell | None]] = [[] for _ in rows]
    filled = 0
    for r, cells in enumerate(rows):
        c = 0
        for cell in cells:
            while c < len(grid[r]) and grid[r][c] is not None:
                c += 1
            cell.row, cell.column = above + r, c
            deep = min(cell.deep or len(rows), len(rows) - r)
            if cell.deep > deep:
                trouble.append(f"row {above + r + 1}: a cell spans {cell.deep} rows, {deep} are left")
            filled += deep * cell.wide
            if filled > MOST_PLACES:
                trouble.append("a table of too many cells")
                return None
            for row in grid[r : r + deep]:
                row += [None] * (c + cell.wide - len(row))
                if any(row[c : c + cell.wide]):
                    trouble.append(f"row {above + r + 1}: two cells claim column {c + 1} to {c + cell.wide}")
                    return None
                row[c : c + cell.wide] = [cell] * cell.wide
            c += cell.wide
    return grid


# ------------------------------------------------------------------ data or layout
def _is_data(sheet: Sheet, table: _Table, rows: list[list[Cell]], width: int) -> bool:
    """Is it a table of data? A layout has one row or column, other tables, or an article in one of its cells."""
    cells = [cell for row in rows for cell in row]
    sizes = [len(squeeze(cell.text)) for cell in cells]
    if sum(map(bool, sizes)) < 2 or sheet.attribute(table.place, "role") in ("presentation", "none"):
        return False
    named = table.caption is not None or any(cell.head for cell in cells)
    ruled = named or _is_ruled(sheet, table.place, cells)
    if width < 2 or len(rows) < 2:
        return ruled and not table.nested and (width > 1 or named or len(rows) > 2) and max(sizes) < LONG
    longest = max(sizes)
    if table.nested:
        return ruled and table.nested * 3 <= len(cells) and longest * 2 < sum(sizes)
    if ruled:
        return not (longest >= LONG * 5 and longest * 5 >= sum(sizes) * 4 and not named)
    full = max((cell for cell in cells), key=lambda cell: len(cell.text))
    blocks = sum(1 for tag in sheet.tags[full.place : sheet.end(full.place)] if tag in ("p", "div", "li"))
    if blocks > MANY_BLOCKS or any(tag in ("h1", "h2", "article") for tag in sheet.tags[table.place : sheet.end(table.place)]):
        return False
    return not (longest >= LONG and longest * 2 >= sum(sizes))


def _is_ruled(sheet: Sheet, place: int, cells: list[Cell]) -> bool:
    """Are there lines between its cells?"""
    border = sheet.attribute(place, "border")
    if border and border.strip() != "0":
        return True
    if WORD_TABLE.search(sheet.attribute(place, "class")):
        return True
    return any(RULED.search(sheet.attribute(at, "style")) for at in (place, *(cell.place for cell in cells[:6])))
