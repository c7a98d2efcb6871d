"""ODT, ODP and ODS (OpenDocument 1.3, part 3): paragraphs, tables, slides and their notes; `opensheets` reads the sheets. What was deleted (tracked changes) is left out."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from crawler.parsers.attached import opensheets
from crawler.parsers.attached.package import Package, attribute, child, local
from crawler.parsers.attached.said import Grid, NoText, Placed, Reading, Section

LEFT_OUT = frozenset(
    {
        "tracked-changes",
        "annotation",
        "forms",
        "table-of-content-source",
        "sequence-decls",
        "ruby-text",
        "desc",
        "title",
        "page-number",
    }
)
BREAKS = {"tab": "\t", "line-break": "\n"}
SIGNED = "META-INF/documentsignatures.xml"
MOST_NESTED = 40
MOST_REPEATED = 1000
MOST_PLACES = 400_000


def read(package: Package, reading: Reading) -> tuple[Section, ...]:
    """The text of a document, or the slides of a presentation. Raises NoText: encrypted, damaged."""
    _notice(package, reading)
    root = package.xml("content.xml")
    body = child(root, "body")
    content = next(iter(body), None) if body is not None else None
    if content is None:
        raise NoText("damaged: no body")
    if local(content) == "spreadsheet":
        return tuple(opensheets.read(content, opensheets.hidden_styles(root), reading))
    if local(content) == "presentation":
        return tuple(_slides(content, reading))
    lines: list[str] = []
    tables: list[Placed] = []
    _blocks(content, lines, tables, 0)
    found = [Section("text", "", reading.kept(lines), tables=tuple(tables))]
    beside: list[str] = []
    if package.has("styles.xml"):
        masters = child(package.xml("styles.xml"), "master-styles")
        for page in masters if masters is not None else ():
            _blocks(page, beside, [], 0)
    if said := reading.kept(dict.fromkeys(beside)):
        found.append(Section("aside", "", said))
    return tuple(found)


def _notice(package: Package, reading: Reading) -> None:
    if package.has("META-INF/manifest.xml") and b"encryption-data" in package.member("META-INF/manifest.xml"):
        raise NoText("encrypted")
    if any(info.filename.startswith("Basic/") for info in package.infos):
        reading.flag("macros, not run")
    if package.has(SIGNED):
        reading.flag("signed: the signature is not checked")
    for item in package.xml("content.xml").iter():
        target = attribute(item, "href") or ""
        if "://" in target and local(item) in ("image", "object", "section-source", "plugin", "floating-frame"):
            reading.flag(f"external reference not fetched: {target}")


def _slides(content: Element, reading: Reading) -> Iterator[Section]:
    pages = [item for item in content if local(item) == "page"]
    for number, page in enumerate(pages, 1):
        if number > reading.limits.pages or reading.cut:
            reading.cut = reading.cut or f"cut: more than {reading.limits.pages} slides"
            return
        lines: list[str] = []
        tables: list[Placed] = []
        notes: list[str] = []
        for item in page:
            if local(item) == "notes":
                _blocks(item, notes, [], 0)
            else:
                _blocks([item], lines, tables, 0)
        yield Section("slide", str(number), reading.kept(lines), tables=tuple(tables))
        if said := reading.kept(notes):
            yield Section("notes", str(number), said)


def _blocks(box: Element | list[Element], lines: list[str], tables: list[Placed], depth: int) -> None:
    """The lines of what a body, a cell or a slide holds."""
    for block in box:
        name = local(block)
        if name in ("p", "h"):
            lines += filter(str.strip, _paragraph(block, tables, depth))
        elif name == "table":
            rows, said = _table(block, depth)
            tables.append((len(lines), rows))
            lines += filter(str.strip, said)
        elif name not in LEFT_OUT and depth < MOST_NESTED:
            _blocks(block, lines, tables, depth + 1)


def _paragraph(paragraph: Element, tables: list[Placed], depth: int) -> list[str]:
    """Its lines; those of frames and notes that hang on it come behind it."""
    pieces: list[str] = [paragraph.text or ""]
    hung: list[Element] = []
    stack: list[Iterator[Element]] = [iter(paragraph)]
    above: list[Element] = []
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
            if above:
                pieces.append(above.pop().tail or "")
            continue
        name = local(item)
        if name in BREAKS:
            pieces.append(BREAKS[name])
        elif name == "s":
            count = attribute(item, "c") or "1"
            pieces.append(" " * min(int(count) if count.isdigit() and len(count) < 5 else 1, 100))
        elif name in ("frame", "note", "custom-shape"):
            hung.append(item)
        elif name not in LEFT_OUT:
            pieces.append(item.text or "")
            stack.append(iter(item))
            above.append(item)
            continue
        pieces.append(item.tail or "")
    lines = [" ".join(line.split("\r")) for line in "".join(pieces).replace("\n\n", "\n").split("\n")]
    for item in hung if depth < MOST_NESTED else []:
        _blocks(item, lines, tables, depth + 1)
    return lines


def _rows(table: Element) -> Iterator[Element]:
    for item in table:
        if local(item) == "table-row":
            yield item
        elif local(item) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(item)


def _count(item: Element, name: str) -> int:
    return min(opensheets.count(item, name), MOST_REPEATED)


def _table(table: Element, depth: int) -> tuple[Grid, list[str]]:
    """(its rows, spans expanded; its rows as lines, each text where its cell begins)."""
    rows: list[list[str]] = []
    lines: list[str] = []
    below: dict[int, tuple[int, str]] = {}  # column → (rows it goes on, its text)
    places = 0
    for row in _rows(table):
        made: list[str] = []
        said: list[str] = []
        wide, text = 0, ""
        for cell in row:
            covered = local(cell) == "covered-table-cell"
            if not covered and local(cell) != "table-cell":
                continue
            for _ in range(_count(cell, "number-columns-repeated")):
                at = len(made)
                if covered:
                    left, held = below.get(at, (0, ""))
                    if wide > 0:
                        made.append(text)
                    else:
                        made.append(held if left else "")
                    wide -= 1
                    said.append("")
                    continue
                text = _cell(cell, depth)
                wide = _count(cell, "number-columns-spanned") - 1
                high = _count(cell, "number-rows-spanned")
                for column in range(at, at + wide + 1):
                    below[column] = (high, text)
                made.append(text)
                said.append(text)
                places += 1
        below = {column: (left - 1, held) for column, (left, held) in below.items() if left > 1}
        rows.append(made)
        lines.append("\t".join(said).rstrip("\t"))
        if places > MOST_PLACES:
            return (), lines
    most = max(map(len, rows), default=0)
    return tuple((*row, *[""] * (most - len(row))) for row in rows), lines


def _cell(cell: Element, depth: int) -> str:
    lines: list[str] = []
    if depth < MOST_NESTED:
        _blocks(cell, lines, [], depth + 1)
    return " ".join(line.strip() for line in lines if line.strip())
