"""How fields and lines of the ledger are called on pages."""

from dataclasses import dataclass
from typing import Any

from crawler.monitor.told import told
from crawler.record.labels import FACTS, META
from crawler.repository.changes import ChangeView

LOUD = ("edit", "gone", "attachment", "health", "withheld")  # changed or gone: the one accent
SHOWN = 3  # differences in a line


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger as pages show it. `differences`: (place, before, after)."""

    seq: int
    at: int
    kind: str
    loud: bool
    title: str
    where: str
    source: str
    document: str | None
    doc_no: str | None
    why: str
    differences: tuple[tuple[str, str, str], ...]
    more: int
    before: int | None
    after: int | None


def change_lines(change: ChangeView) -> Line:
    """One line of the ledger."""
    said = told(change)
    found = [difference(item) for item in said.data["differences"]]
    return Line(
        change.seq, change.at, change.kind, change.kind in LOUD, change.title or change.source, f"/d/{change.document}" if change.document else f"/s/{change.source}",
        change.source, change.document, change.doc_no, said.why, tuple(found[:SHOWN]), max(0, len(found) - SHOWN), change.before, change.after,
    )  # fmt: skip


def difference(item: dict[str, Any]) -> tuple[str, str, str]:
    """(place, before, after) of a difference, for people."""
    name = item["field"]
    place = FACTS.get(name) or META.get(name.removeprefix("meta.")) or name
    if item.get("paragraph"):
        place = f"{place}第 {item['paragraph']} 段"
    return place, item["before"] or "", item["after"] or ""
