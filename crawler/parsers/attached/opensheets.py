"""ODS (OpenDocument 1.3, part 3, 9): values as a person reads them, dates as dates, merged cells in every cell they cover.

Ours: calamine loses percentages, truth values and what is merged.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from crawler.parsers.attached.package import attribute, child, local
from crawler.parsers.attached.said import Reading, Section, row_line
from crawler.parsers.attached.sheets import shown

MOST = 1_048_576
GROUPS = frozenset({"table-header-rows", "table-rows", "table-row-group"})
COLUMN_GROUPS = frozenset({"table-header-columns", "table-columns", "table-column-group"})
MIDNIGHT = re.compile(r"T00:00(?::00(?:\.0*)?)?$")
DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
BESIDE = frozenset({"annotation", "tracked-changes", "shapes", "ruby-text"})


def read(content: Element, hidden: frozenset[str], reading: Reading) -> Iterator[Section]:
    """The sheets of a workbook's body. `hidden`: the table styles that are not shown."""
    for number, sheet in enumerate(item for item in content if local(item) == "table"):
        if number >= reading.limits.sheets or reading.cut:
            reading.cut = reading.cut or f"cut: more than {reading.limits.sheets} sheets"
            return
        name = attribute(sheet, "name") or ""
        if attribute(sheet, "style-name") in hidden:
            reading.flag(f"a hidden sheet: {name}")
        yield _sheet(sheet, name, reading)


def hidden_styles(root: Element) -> frozenset[str]:
    """The styles of tables that are not shown."""
    held = child(root, "automatic-styles")
    found = set()
    for style in held if held is not None else ():
        properties = child(style, "table-properties")
        if properties is not None and attribute(properties, "display") == "false":
            found.add(attribute(style, "name") or "")
    return frozenset(found)


def _rows(table: Element) -> Iterator[Element]:
    for item in table:
        name = local(item)
        if name == "table-row":
            yield item
        elif name in GROUPS:
            yield from _rows(item)


def count(item: Element, name: str) -> int:
    """A number that an attribute says; one where it says none."""
    said = attribute(item, name) or "1"
    return min(max(1, int(said)), MOST) if said.isascii() and said.isdigit() and len(said) < 9 else 1


def _sheet(sheet: Element, name: str, reading: Reading) -> Section:
    rows: dict[int, list[str]] = {}
    lines: list[str] = []
    spans: list[tuple[int, int, int, int, str]] = []
    last = 0
    for row in _rows(sheet):
        cells = _cells(row, last + 1, spans, reading)
        times = count(row, "number-rows-repeated")
        if any(cells):
            reading.cells += len(cells) * times
            if reading.cells > reading.limits.cells:
                reading.cut = f"cut: more than {reading.limits.cells} cells"
                break
            for number in range(last + 1, last + times + 1):
                rows[number] = list(cells)
                lines.append(row_line(cells))
        last += times
    for top, left, high, wide, text in spans:
        reading.cells += high * wide
        if reading.cells > reading.limits.cells:
            reading.cut = f"cut: more than {reading.limits.cells} cells"
            break
        for number in range(top, top + high):
            held = rows.setdefault(number, [])
            held += [""] * (left + wide - 1 - len(held))
            held[left - 1 : left + wide - 1] = [text] * wide
    return Section("sheet", name, reading.kept(lines), tuple((number, tuple(cells)) for number, cells in sorted(rows.items())))


def _cells(row: Element, number: int, spans: list[tuple[int, int, int, int, str]], reading: Reading) -> list[str]:
    found: list[str] = []
    at = 0
    for cell in row:
        kind = local(cell)
        if kind not in ("table-cell", "covered-table-cell"):
            continue
        times = count(cell, "number-columns-repeated")
        text = _value(cell) if kind == "table-cell" else ""
        if text:
            if at + times - len(found) > reading.limits.cells:
                break
            found += [""] * (at - len(found)) + [text] * times
            wide, high = count(cell, "number-columns-spanned"), count(cell, "number-rows-spanned")
            if (wide, high) != (1, 1) and times == 1:
                spans.append((number, at + 1, high, wide, text))
        at += times
    return found


def _value(cell: Element) -> str:
    kind = attribute(cell, "value-type") or ""
    if kind in ("float", "currency", "percentage") and (raw := attribute(cell, "value")) is not None:
        return shown(raw, percent=kind == "percentage")
    if kind == "date" and (raw := attribute(cell, "date-value")):
        return MIDNIGHT.sub("", raw).replace("T", " ").partition(".")[0]
    if kind == "time" and (match := DURATION.fullmatch(attribute(cell, "time-value") or "")):
        return ":".join(part.zfill(2) for part in match.groups())
    if kind == "boolean" and (raw := attribute(cell, "boolean-value")):
        return raw.upper()
    if kind == "string" and (raw := attribute(cell, "string-value")) is not None:
        return " ".join(raw.split())
    return " ".join(" ".join(_text(item).split()) for item in cell if local(item) == "p")


def _text(item: Element) -> str:
    pieces = [item.text or ""]
    for inner in item:
        if local(inner) in ("s", "tab", "line-break"):
            pieces.append(" ")
        elif local(inner) not in BESIDE:
            pieces.append(_text(inner) if len(inner) < 100 else "".join(inner.itertext()))
        pieces.append(inner.tail or "")
    return "".join(pieces)
