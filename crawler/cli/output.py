"""What people read: results on stdout, notes on stderr; `--json` is JSON Lines on stdout and nothing else.

Nothing from a page reaches a terminal unescaped; Chinese widths are counted; times are Beijing time, said once.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from crawler.model import Millis
from crawler.monitor.condition import Columns
from crawler.record.diff import paragraphs
from crawler.record.serial import from_json, unpacked
from crawler.repository.changes import ChangeView

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
BEIJING = timedelta(hours=8)


def out() -> Console:
    """Results. Not wrapped when it is no terminal, so that lines stay lines."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def err() -> Console:
    """Progress and notes."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def safe(written: object) -> str:
    """Text from a page, harmless in a terminal."""
    return CONTROL.sub("\ufffd", str(written))


def note(message: str) -> None:
    """A line on stderr."""
    err().print(Text(safe(message)))


def say(message: str = "", style: str = "") -> None:
    """A line on stdout."""
    out().print(Text(safe(message), style=style))


def json_line(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    written = json.dumps(value, ensure_ascii=False)
    sys.stdout.write(CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", written) + "\n")


def when(at: Millis | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment in Beijing time."""
    return "-" if at is None else (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).strftime(form)


def iso(at: Millis | None) -> str | None:
    """A moment in JSON: ISO 8601, UTC."""
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def size(count: int) -> str:
    """Bytes for people."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def fit(written: str, width: int) -> str:
    """Cut or padded to so many columns; a Chinese character is two."""
    plain = safe(written).replace("\n", " ").replace("\t", " ")
    if cell_len(plain) > width:
        while cell_len(plain) > width - 1:
            plain = plain[:-1]
        plain += "…"
    return plain + " " * (width - cell_len(plain))


def table(rows: Sequence[Sequence[str]], widths: Sequence[int], style: str = "") -> None:
    """Rows in columns; the last column is as long as it is."""
    console = out()
    for row in rows:
        cells = [fit(cell, width) for cell, width in zip(row, widths, strict=False)] + [safe(cell) for cell in row[len(widths) :]]
        console.print(Text("  ".join(cells).rstrip(), style=style))


# ------------------------------------------------------------------ columns
def columns_json(found: Columns) -> dict[str, Any]:
    """What came of a source's columns as JSON."""
    return {
        "listed": found.listed, "skipped": dict(found.skipped), "stops": dict(found.stops), "declared": found.declared,
        "undercount": found.undercount, "overcount": found.overcount,
    }  # fmt: skip


def columns_line(found: Columns) -> str:
    """The same for people; empty when no column was read to an end and every row was fetched."""
    said = [f"{name} ({n} columns)" if n > 1 else name for name, n in found.stops.items()]
    parts = [f"ended by {', '.join(said)}"] if said else []
    if found.skipped:
        parts.append(f"not fetched: {', '.join(f'{n} {reason}' for reason, n in found.skipped.items())}")
    off = [f"{found.undercount} fewer"] if found.undercount else []
    off += [f"{found.overcount} more"] if found.overcount else []
    if off:
        parts.append(f"{found.declared} declared, {' and '.join(off)} listed")
    return "; ".join([f"{found.listed} rows listed", *parts]) if parts else ""


# ------------------------------------------------------------------ the ledger
def change_json(change: ChangeView) -> dict[str, Any]:
    """A line of the ledger as JSON."""
    return {
        "seq": change.seq,
        "at": iso(change.at),
        "kind": change.kind,
        "source": change.source,
        "document": change.document,
        "title": change.title,
        "before": change.before,
        "after": change.after,
        "rank": change.rank,
        "detail": dict(change.detail),
    }


def change_lines(change: ChangeView) -> tuple[str, str]:
    """A line of the ledger for people: what and where, then why."""
    first = f"{when(change.at, '%m-%d %H:%M')}  {change.kind:<8}{fit(change.source, 14)}  "
    if change.kind == "health":
        return first + why(change), ""
    first += change.title or ""
    if change.doc_no:
        first += f"  {change.doc_no}"
    version = f"{change.document}.{change.after}" if change.document and change.after else change.document or ""
    return first, f"{why(change)}   {version}".rstrip()


def why(change: ChangeView) -> str:
    """What a line of the ledger rests on."""
    if change.kind in ("edit", "reread") and change.before_record and change.after_record:
        return _difference(change.before_record, change.after_record)
    if change.kind in ("gone", "missing"):
        missed = change.detail.get("first_missed")
        misses = change.detail.get("misses")
        return f"last seen {when(_millis(change.detail.get('last_seen')))}, first missed {when(_millis(missed))}, {misses or 1} misses"
    if change.kind == "health":
        reasons = change.detail.get("reasons")
        said = "; ".join(map(str, reasons)) if isinstance(reasons, list) else ""
        return f"{change.detail.get('after')}{': ' if said else ''}{said}"
    return ""


FIELDS = {
    "title": "标题",
    "channel": "栏目",
    "published": "时间",
    "source": "来源",
    "body": "正文",
    "attachments": "附件",
    "meta": "公开信息",
}
LONGEST = 40


def _difference(before: bytes, after: bytes) -> str:
    """The first difference in one line: `90.2% → 9.02%     正文第 3 段`."""
    found = paragraphs(from_json(unpacked(before)), from_json(unpacked(after)))
    if not found:
        return "the page's own text is the same"
    first = found[0]
    place = FIELDS.get(first.field.partition(".")[0], first.field) + (f"第 {first.paragraph} 段" if first.paragraph else "")
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    if first.before is None or first.after is None:
        return f"{'+' if first.before is None else '−'} {_cut(first.after or first.before or '')}     {place}{more}"
    return f"{_cut(first.before) or '∅'} → {_cut(first.after) or '∅'}     {place}{more}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _millis(value: object) -> Millis | None:
    return value if isinstance(value, int) else None


def changes(found: Iterable[ChangeView], *, as_json: bool) -> int:
    """Print lines of the ledger; how many."""
    count = 0
    for change in found:
        count += 1
        if as_json:
            json_line(change_json(change))
            continue
        first, second = change_lines(change)
        say(first, "bold" if change.rank >= 70 else "")
        if second:
            say(" " * 13 + second, "dim")
    return count
