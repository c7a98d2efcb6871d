"""Lines that several commands show: of the ledger, and of what came of a source's columns."""

from collections.abc import Iterable
from typing import Any

from crawler.cli.output import fit, iso, json_line, say, when
from crawler.monitor.condition import Columns
from crawler.record.diff import paragraphs
from crawler.record.frame import unpacked
from crawler.record.serial import from_json
from crawler.repository.changes import ChangeView


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
    "people": "人员",
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
    place += f"第 {first.cell} 格" if first.cell else ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    if first.before is None or first.after is None:
        return f"{'+' if first.before is None else '−'} {_cut(first.after or first.before or '')}     {place}{more}"
    return f"{_cut(first.before) or '∅'} → {_cut(first.after) or '∅'}     {place}{more}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _millis(value: object) -> int | None:
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
