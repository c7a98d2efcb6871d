"""DOCX (ECMA-376, part 1, 17): paragraphs and tables in their order. What was deleted, field codes and what is only drawn for old readers is left out."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from crawler.parsers.attached.package import Package, attribute, child, local
from crawler.parsers.attached.said import Placed, Reading, Section

BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
LEFT_OUT = frozenset({"Fallback", "del", "moveFrom", "instrText", "delText", "rPr", "pPr", "sdtPr"})
ASIDE = ("header", "footer", "footnotes", "endnotes")
MOST_SPAN = 1000
MOST_NESTED = 40
MOST_PLACES = 400_000  # cells of a table with spans expanded; of a larger one only its lines are read


def read(package: Package, main: str, reading: Reading) -> tuple[Section, ...]:
    """The text of a document, and heads, feet and notes behind it, each said once."""
    document = package.xml(main)
    found = [section(child(document, "body"), reading)]
    for kind, target in package.relations(main).values():
        if kind in ASIDE and package.has(target):
            beside: list[str] = []
            _blocks(package.xml(target), beside, [], 0)
            said = reading.kept(list(dict.fromkeys(beside)))
            if said:
                found.append(Section("aside", kind, said))
    return tuple(found)


def section(body: Element | None, reading: Reading) -> Section:
    """The text of a body."""
    lines: list[str] = []
    tables: list[Placed] = []
    if body is not None:
        _blocks(body, lines, tables, 0)
    return Section("text", "", reading.kept(lines), tables=tuple(tables))


def _blocks(box: Element, lines: list[str], tables: list[Placed], depth: int) -> None:
    """The lines of what a body, a cell or a note holds."""
    for block in box:
        name = local(block)
        if name == "p":
            lines += filter(str.strip, _paragraph(block, tables, depth))
        elif name == "tbl":
            rows, said = _table(block, depth)
            tables.append((len(lines), rows))
            lines += filter(str.strip, said)
        elif name not in LEFT_OUT and depth < MOST_NESTED:
            _blocks(block, lines, tables, depth + 1)


def _paragraph(paragraph: Element, tables: list[Placed], depth: int) -> list[str]:
    """Its lines; those of a text box that hangs on it come behind it."""
    pieces: list[str] = []
    boxes: list[Element] = []
    stack: list[Iterator[Element]] = [iter(paragraph)]
    while stack:  # hostile files nest deeper than Python's stack
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
            continue
        name = local(item)
        if name == "t":
            pieces.append(item.text or "")
        elif name in BREAKS:
            pieces.append(BREAKS[name])
        elif name == "txbxContent":
            boxes.append(item)
        elif name not in LEFT_OUT:
            stack.append(iter(item))
    lines = "".join(pieces).split("\n")
    for box in boxes if depth < MOST_NESTED else []:
        _blocks(box, lines, tables, depth + 1)
    return lines


def _rows(table: Element) -> Iterator[Element]:
    """Its rows, also those in content controls."""
    for item in table:
        if local(item) == "tr":
            yield item
        elif local(item) == "sdt":
            content = child(item, "sdtContent")
            yield from (row for row in content if local(row) == "tr") if content is not None else ()


def _cells(row: Element) -> Iterator[Element]:
    for item in row:
        if local(item) == "tc":
            yield item
        elif local(item) == "sdt":
            content = child(item, "sdtContent")
            yield from (cell for cell in content if local(cell) == "tc") if content is not None else ()


def _cell(cell: Element, depth: int) -> str:
    lines: list[str] = []
    if depth < MOST_NESTED:
        _blocks(cell, lines, [], depth + 1)
    return " ".join(line.strip() for line in lines if line.strip())


def _spans(cell: Element) -> tuple[int, bool]:
    """(columns, does it go on with the cell above?)"""
    properties = child(cell, "tcPr")
    columns, below = 1, False
    for item in properties if properties is not None else ():
        if local(item) == "gridSpan":
            said = attribute(item, "val") or "1"
            columns = min(MOST_SPAN, max(1, int(said))) if said.isascii() and said.isdigit() and len(said) < 6 else 1
        elif local(item) == "vMerge":
            below = (attribute(item, "val") or "continue") == "continue"
    return columns, below


def _table(table: Element, depth: int) -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    """(its rows, equally long, spans expanded, none where they are too many; its rows as lines, each text where its cell begins)."""
    rows: list[list[str]] = []
    lines: list[str] = []
    places = 0
    for row in _rows(table):
        made: list[str] = []
        said: list[str] = []
        for cell in _cells(row):
            columns, below = _spans(cell)
            if below and rows and len(made) < len(rows[-1]):
                text = rows[-1][len(made)]
                said.append("")
            else:
                text = _cell(cell, depth)
                said.append(text)
            places += columns
            made += [text] * (columns if places < MOST_PLACES else 1)
        rows.append(made)
        lines.append("\t".join(said))
    width = max(map(len, rows), default=0)
    if width * len(rows) > MOST_PLACES:
        return (), lines
    return tuple((*row, *[""] * (width - len(row))) for row in rows), lines
