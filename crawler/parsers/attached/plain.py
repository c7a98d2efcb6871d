"""What is text itself: TXT and CSV in any encoding, HTML files."""

import csv
import io
from collections import Counter

from crawler.parsers.attached.said import Reading, Section, row_line
from crawler.parsers.tree import lines, parse
from crawler.text.charset import decode

DELIMITERS = (",", "\t", ";", "|")
LOOKED_AT = 200  # lines that tell the delimiter
LONGEST_CELL = 10_000_000


def read_text(data: bytes, said: str | None, reading: Reading) -> tuple[Section, ...]:
    """The lines of a text file."""
    return (Section("text", "", reading.kept(_decoded(data, said, reading).split("\n"))),)


def read_html(data: bytes, said: str | None, reading: Reading) -> tuple[Section, ...]:
    """An HTML file as a reader sees it."""
    tree = parse(_decoded(data, said, reading))
    root = tree.body or tree.root
    return (Section("text", "", reading.kept([line.text for line in lines(root)] if root is not None else [])),)


def read_table(data: bytes, said: str | None, reading: Reading) -> tuple[Section, ...]:
    """A CSV file (RFC 4180, and what else is called so): its rows."""
    text = _decoded(data, said, reading)
    csv.field_size_limit(LONGEST_CELL)
    rows, shown = [], []
    listed = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    try:
        for number, cells in enumerate(listed, 1):
            cells = [" ".join(cell.split()) for cell in cells]
            reading.cells += len(cells)
            if reading.cells > reading.limits.cells:
                reading.cut = f"cut: more than {reading.limits.cells} cells"
                break
            if any(cells):
                rows.append((number, tuple(cells)))
                shown.append(row_line(cells))
    except csv.Error as error:
        reading.cut = f"cut: {error}"
    return (Section("sheet", "", reading.kept(shown), tuple(rows)),)


def delimiter_of(text: str) -> str:
    """The mark that stands equally often on most of the first lines."""
    first = [line for line in text[: 1 << 20].splitlines()[:LOOKED_AT] if line.strip()]
    best, most = ",", 0
    for mark in DELIMITERS:
        counts = Counter(line.count(mark) for line in first)
        counts.pop(0, None)
        if counts and (agreed := counts.most_common(1)[0][1]) > most:
            best, most = mark, agreed
    return best


def _decoded(data: bytes, said: str | None, reading: Reading) -> str:
    found = decode(data, said)
    for flag in found.flags:
        reading.flag(f"text: {flag}")
    text = found.text
    if len(text) > reading.limits.characters * 2:
        text = text[: reading.limits.characters * 2]
        reading.cut = f"cut: more than {len(text)} characters"
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
