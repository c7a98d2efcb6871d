"""PPTX (ECMA-376, part 1, 19): the slides in their order, what is said to them behind each."""

from xml.etree.ElementTree import Element

from crawler.parsers.attached.package import Package, child, local
from crawler.parsers.attached.said import Placed, Reading, Section

PAGE_FIELDS = frozenset({"slidenum"})
YES = ("1", "true")


def read(package: Package, main: str, reading: Reading) -> tuple[Section, ...]:
    """The slides of a presentation and their notes."""
    listed, relations = child(package.xml(main), "sldIdLst"), package.relations(main)
    found = []
    for number, item in enumerate(listed if listed is not None else (), 1):
        if number > reading.limits.pages or reading.cut:
            reading.cut = reading.cut or f"cut: more than {reading.limits.pages} slides"
            break
        rel = next((value for key, value in item.items() if key.endswith("}id")), "")
        _, target = relations.get(rel, ("", ""))
        if not package.has(target):
            continue
        lines, tables = _text(package.xml(target))
        found.append(Section("slide", str(number), reading.kept(lines), tables=tuple(tables)))
        for kind, notes in package.relations(target).values():
            if kind == "notesSlide" and package.has(notes) and (said := reading.kept(_text(package.xml(notes))[0])):
                found.append(Section("notes", str(number), said))
    return tuple(found)


def _text(root: Element) -> tuple[list[str], list[Placed]]:
    """Its paragraphs and tables; a table's row is one line."""
    in_tables = {id(item) for table in root.iter() if local(table) == "tbl" for item in table.iter()}
    lines: list[str] = []
    tables: list[Placed] = []
    for item in root.iter():
        name = local(item)
        if name == "tbl":
            rows, said = _table(item)
            tables.append((len(lines), rows))
            lines += filter(str.strip, said)
        elif name == "p" and id(item) not in in_tables and (text := _paragraph(item)).strip():
            lines.append(text)
    return lines, tables


def _paragraph(paragraph: Element) -> str:
    pieces = []
    for item in paragraph:
        name = local(item)
        if name == "br":
            pieces.append(" ")
        elif name == "r" or (name == "fld" and item.get("type", "") not in PAGE_FIELDS):
            pieces += [text.text or "" for text in item if local(text) == "t"]
    return "".join(pieces)


def _cell(cell: Element) -> str:
    return " ".join(filter(None, (_paragraph(item).strip() for item in cell.iter() if local(item) == "p")))


def _table(table: Element) -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    """(its rows, what spans cells in each of them; its rows as lines, each text once)."""
    rows: list[tuple[str, ...]] = []
    lines: list[str] = []
    for row in (item for item in table if local(item) == "tr"):
        made: list[str] = []
        said: list[str] = []
        for cell in (item for item in row if local(item) == "tc"):
            if cell.get("vMerge") in YES and rows and len(made) < len(rows[-1]):
                made.append(rows[-1][len(made)])
            elif cell.get("hMerge") in YES and made:
                made.append(made[-1])
            else:
                made.append(_cell(cell))
                said.append(made[-1])
                continue
            said.append("")
        rows.append(tuple(made))
        lines.append("\t".join(said))
    return tuple(rows), lines
