"""The XML of Office 2003, which programs write as .doc and .xls: WordprocessingML and SpreadsheetML."""

from xml.etree.ElementTree import Element

from crawler.parsers.attached import word
from crawler.parsers.attached.package import attribute, child, local, root
from crawler.parsers.attached.said import Reading, Section, row_line

MOST_SPAN = 16_384
DATES = ("T00:00:00.000", "T00:00:00")


def read_word(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """The text of a document. Raises NoText."""
    body = child(root(data, "document"), "body")
    return (word.section(body, reading),)


def read_excel(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """The sheets of a workbook. Raises NoText."""
    found = []
    for number, sheet in enumerate(item for item in root(data, "workbook") if local(item) == "Worksheet"):
        if number >= reading.limits.sheets or reading.cut:
            reading.cut = reading.cut or f"cut: more than {reading.limits.sheets} sheets"
            break
        found.append(_sheet(sheet, reading))
    return tuple(found)


def _number(item: Element, name: str, default: int) -> int:
    said = attribute(item, name) or ""
    return min(int(said), MOST_SPAN * 64) if said.isascii() and said.isdigit() and len(said) < 9 else default


def _sheet(sheet: Element, reading: Reading) -> Section:
    rows: dict[int, list[str]] = {}
    lines: list[str] = []
    table = child(sheet, "Table")
    last = 0
    for row in (item for item in table if local(item) == "Row") if table is not None else ():
        last = _number(row, "Index", last + 1)
        shown: list[str] = []
        at = 0
        for cell in (item for item in row if local(item) == "Cell"):
            at = min(_number(cell, "Index", at + 1), MOST_SPAN)
            text = _text(child(cell, "Data"))
            right, below = (_number(cell, name, 0) for name in ("MergeAcross", "MergeDown"))
            reading.cells += (right + 1) * (below + 1) if text else 1
            if reading.cells > reading.limits.cells or right > MOST_SPAN:
                reading.cut = f"cut: more than {reading.limits.cells} cells"
                break
            if text:
                shown += [""] * (at - len(shown))
                shown[at - 1] = text
                for number in range(last, last + below + 1):
                    held = rows.setdefault(number, [])
                    held += [""] * (at + right - len(held))
                    held[at - 1 : at + right] = [text] * (right + 1)
            at += right
        lines.append(row_line(shown))
        if reading.cut:
            break
    return Section(
        "sheet",
        attribute(sheet, "Name") or "",
        reading.kept(lines),
        tuple((number, tuple(cells)) for number, cells in sorted(rows.items())),
    )


def _text(data: Element | None) -> str:
    if data is None:
        return ""
    text = " ".join("".join(data.itertext()).split())
    if attribute(data, "Type") == "DateTime":
        for ending in DATES:
            text = text.removesuffix(ending)
        return text.replace("T", " ").removesuffix(".000")
    return text
