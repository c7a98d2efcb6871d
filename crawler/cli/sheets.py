"""Records and their tables as CSV: UTF-8 with a mark, as spreadsheets open it, and no cell that one of them would take for a formula."""

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crawler.cli.output import safe

MARK = "\ufeff"
BEGINS = frozenset("=+-@\t\r\n＝＋－＠")
HARMLESS = re.compile(r"-?[\d,]*\.?\d+%?")
FIELDS = ("id", "version", "work", "archive_source", "presence", "title", "channel", "published", "source", "clicks")
META = ("index_no", "doc_no", "issuer", "written_date", "category", "genre", "validity")
TIMES = ("first_seen", "last_seen", "version_seen")
BYTES = {
    "capture": "id",
    "captured": "time",
    "digest": "digest",
    "warc_file": "file",
    "warc_offset": "offset",
}  # column → key of the place
COLUMNS = (*FIELDS, *META, "url", "final_url", *TIMES, "incomplete", *BYTES, "attachments", "tables", "body")
NUMBERS = frozenset({"version", "clicks", "warc_offset", "tables", "seq", "rank", "before_version", "after_version"})
CHANGED = (
    "seq", "op", "at", "kind", "source", "document", "before_version", "after_version", "title", "doc_no", "origin", "url", "rank", "before_capture",
    "after_capture", "why",
)  # fmt: skip


def harmless(value: object) -> str:
    """A cell's text; where a spreadsheet would read a formula, behind an apostrophe."""
    text = "" if value is None else str(value)
    formula = text[:1] in BEGINS and HARMLESS.fullmatch(text) is None
    return f"'{safe(text)}" if formula else safe(text)


def line(cells: Iterable[object]) -> str:
    """A line of CSV, with its end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([harmless(cell) for cell in cells])
    return out.getvalue()


def head(columns: Sequence[str] = COLUMNS, *, mark: bool = True) -> str:
    """The first line: the columns' names, behind the mark by which spreadsheets know UTF-8."""
    return (MARK if mark else "") + line(columns)


def flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """An exported record as one value a column; of what is missing None."""
    files = "\n".join(f"{file['name']} {file['url'] or ''}".strip() for file in item["attachments"])
    place = {column: (item["capture"] or {}).get(key) for column, key in BYTES.items()}
    said = {**item["meta"], **item, **place, "attachments": files, "tables": len(item.get("tables", ()))}
    return {name: said.get(name) for name in COLUMNS} | {"body": "\n".join(item["body"])}


def record_line(item: Mapping[str, Any]) -> str:
    """An exported record as a line."""
    return line(flat(item).values())


def change_line(item: Mapping[str, Any]) -> str:
    """An exported step as a line."""
    return line(item.get(name) for name in CHANGED)


def write_tables(folder: Path, item: Mapping[str, Any]) -> int:
    """Each table of an exported document as `ID.VERSION-N.csv`; how many. Raises OSError."""
    for number, table in enumerate(item.get("tables", ()), 1):
        target = folder / f"{item['id']}.{item['version']}-{number}.csv"
        partial = target.with_name(target.name + ".part")
        partial.write_text(MARK + "".join(map(line, table["rows"])), "utf-8", newline="")
        os.replace(partial, target)
    return len(item.get("tables", ()))


# ------------------------------------------------------------------ for people
def body_lines(record: Mapping[str, Any], width: int) -> list[str]:
    """The body, its tables drawn as such within so many columns."""
    body, said = record["body"], []
    tables = {table["at"]: table for table in reversed(record.get("tables", ()))}
    at = 0
    while at < len(body):
        rows = _rows(body[at:], tables[at]) if at in tables else []
        said += drawn(rows, tables[at]["header"], width) if rows else [f"\u3000\u3000{body[at]}"]
        at += len(rows) or 1
    return said


def _rows(body: Sequence[str], table: Mapping[str, Any]) -> list[list[str]]:
    """A table's rows as the body has them: each text once. None where the body tells them in another way."""
    full = [row for row in table["rows"] if any(row)]
    rows = [[*text.split("\t"), *[""] * len(row)][: len(row)] for text, row in zip(body, full, strict=False)]
    same = all(set(own) - {""} <= set(row) for own, row in zip(rows, full, strict=False))
    return rows if len(rows) == len(full) and same else []


def drawn(rows: Sequence[Sequence[str]], header: int, width: int) -> list[str]:
    """Columns side by side, what is long in several lines, a rule under the heading rows. A Chinese character is two columns wide."""
    from rich.cells import cell_len

    lone = [sum(map(bool, row)) == 1 and bool(row[0]) for row in rows]  # a heading that goes over the whole width
    sized = [row for row, alone in zip(rows, lone, strict=True) if not alone] or list(rows)
    widths = _fitted([max(2, *(cell_len(row[c]) for row in sized)) for c in range(len(rows[0]))], width - 2 * len(rows[0]))
    said: list[str] = []
    for number, row in enumerate(rows):
        if lone[number]:
            said.append(f"  {row[0]}")
        else:
            cells = [_wrapped(cell, size) for cell, size in zip(row, widths, strict=True)]
            for place in range(max(map(len, cells))):
                parts = [own[place] if place < len(own) else "" for own in cells]
                said.append(
                    "  " + "  ".join(p + " " * (size - cell_len(p)) for p, size in zip(parts, widths, strict=True)).rstrip()
                )
        if number + 1 == header:
            said.append("  " + "  ".join("─" * size for size in widths))
    return said


def _fitted(sizes: list[int], room: int) -> list[int]:
    """The widest columns give way until all fit."""
    least = 6
    while sum(sizes) > room and max(sizes) > least:
        widest = max(sizes)
        following = max([size for size in sizes if size < widest], default=least)
        count = sizes.count(widest)
        target = max(least, following, widest - -(-(sum(sizes) - room) // count))
        sizes = [target if size == widest else size for size in sizes]
    return sizes


def _wrapped(text: str, width: int) -> list[str]:
    from rich.cells import cell_len

    lines, own, size = [], "", 0
    for character in text:
        wide = cell_len(character)
        if size + wide > width and own:
            lines.append(own)
            own, size = "", 0
        own, size = own + character, size + wide
    return [*lines, own]
