"""Lines that several commands show: of the ledger, and of what came of a source's columns."""

from collections.abc import Iterable
from typing import Any

from crawler.cli import words
from crawler.cli.output import columns, fit, json_line, say, when
from crawler.monitor.condition import Columns
from crawler.monitor.told import Told, told
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
def change_lines(change: ChangeView, said: Told) -> tuple[str, str]:
    """A line of the ledger for people: what and where, then why."""
    first = f"{when(change.at, '%m-%d %H:%M')}  {_kind(change.kind)}{fit(change.source, 14)}  "
    if change.kind == "health":
        return first + words.said(said.why), ""
    first += change.title or ""
    if change.doc_no:
        first += f"  {change.doc_no}"
    version = f"{change.document}.{change.after}" if change.document and change.after else change.document or ""
    return first, f"{words.said(said.why)}   {version}".strip()


def _kind(kind: str) -> str:
    """A kind in its column; a longer word makes it wider."""
    word = words.said(kind)
    return fit(word, max(8, columns(word) + 2))


def changes(found: Iterable[ChangeView], *, as_json: bool) -> int:
    """Print lines of the ledger; how many."""
    count = 0
    for change in found:
        count += 1
        said = told(change)
        if as_json:
            json_line(said.data)
            continue
        first, second = change_lines(change, said)
        say(first, "bold" if change.rank >= 70 else "")
        if second:
            say(" " * 13 + second, "dim")
    return count
