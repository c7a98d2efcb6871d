"""A line of the ledger as it is told: one function makes it, and every surface prints what it made.

`gongkai changes` and `history`, `--json`, webhooks, commands and mails all show a `Told`; the view `v_changes` shows the same facts in SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crawler.model import ChangeKind, Millis
from crawler.record.labels import FACTS
from crawler.repository.changes import ChangeView
from crawler.text.beijing import beijing, iso

FIELDS = {**FACTS, "meta": "公开信息"}
DIGEST = 19  # characters of a digest in a line for people: sha256: and twelve
LONGEST = 40  # characters of a passage in a line for people
TIMES = ("last_seen", "first_missed")


@dataclass(frozen=True, slots=True)
class Told:
    """What a line of the ledger says. `why`: what it rests on, in a line; `differences`: each in a line; `data`: everything, for programs."""

    why: str
    differences: tuple[str, ...]
    data: Mapping[str, Any]


def told(change: ChangeView) -> Told:
    """A line of the ledger, for people and for programs."""
    found = change.differences if change.kind in (ChangeKind.EDIT, ChangeKind.REREAD, ChangeKind.ATTACHMENT) else ()
    differences = tuple(_difference(item) for item in found)
    return Told(_why(change, differences), differences, _data(change, found))


def _data(change: ChangeView, differences: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Times are ISO 8601. `before` and `after`: by field the first text that was there and what stands in its place; of a
    source its state; of a document that a notice links to its digest."""
    known = {
        name: iso(value) if name in TIMES and isinstance(value, int) else value
        for name, value in change.detail.items()
        if name not in ("differences", "before", "after")
    }
    first = {item["field"]: item for item in reversed(differences)}
    fields = change.document and change.kind != ChangeKind.ATTACHMENT
    before: object = {name: item["before"] for name, item in first.items()} if fields else change.detail.get("before")
    after: object = {name: item["after"] for name, item in first.items()} if fields else change.detail.get("after")
    return {
        "seq": change.seq,
        "at": iso(change.at),
        "kind": change.kind,
        "rank": change.rank,
        "source": change.source,
        "document": change.document,
        "title": change.title,
        "doc_no": change.doc_no,
        "origin": change.origin,
        "url": change.url,
        "before": before,
        "after": after,
        "before_version": change.before,
        "after_version": change.after,
        "before_capture": change.before_capture,
        "after_capture": change.after_capture,
        "differences": [dict(item) for item in differences],
        "detail": known,
    }


# ------------------------------------------------------------------ for people
def _why(change: ChangeView, differences: Sequence[str]) -> str:
    """What a line of the ledger rests on."""
    detail = change.detail
    if change.kind in (ChangeKind.WITHHELD, ChangeKind.RESTORED):
        return f"{detail.get('reason')} ({detail.get('who')})"
    if change.withheld:
        return "withheld"
    if change.kind in (ChangeKind.EDIT, ChangeKind.REREAD):
        if not differences:
            return "the page's own text is the same"
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        return f"{differences[0]}{more}"
    if change.kind in (ChangeKind.GONE, ChangeKind.MISSING, ChangeKind.BACK):
        misses = detail.get("misses") or 1
        since = f"last seen {_moment(detail.get('last_seen'))}, first missed {_moment(detail.get('first_missed'))}"
        return f"{since}, missed by {misses} look{'' if misses == 1 else 's'}"
    if change.kind == ChangeKind.ATTACHMENT:
        return _file(detail, differences)
    if change.kind == ChangeKind.HEALTH:
        said = "; ".join(map(str, detail.get("reasons") or ()))
        return f"{detail.get('after')}{': ' if said else ''}{said}"
    return ""


def _file(detail: Mapping[str, Any], differences: Sequence[str]) -> str:
    """A document that was swapped, vanished or is back: which, both digests where there are two, and the first thing that differs."""
    before, after = (str(detail.get(name) or "")[:DIGEST] for name in ("before", "after"))
    said = f"{detail.get('name')} {detail.get('what')}"
    if detail.get("first_missed") is not None:
        said += f", first missed {_moment(detail['first_missed'])}"
    if before and after and before != after:
        said += f", {before}… → {after}…"
    more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
    return f"{said}; {differences[0]}{more}" if differences else said


def _difference(item: Mapping[str, Any]) -> str:
    """One difference: `90.2% → 9.02%     正文第 3 段`."""
    name, paragraph, before, after = str(item["field"]), item["paragraph"], item["before"], item["after"]
    place = FIELDS.get(name.partition(".")[0], name) + (f"第 {paragraph} 段" if paragraph else "")
    if item.get("place"):
        place = f"{item['place']}!{item['cell']}" if item.get("cell") else str(item["place"])
    elif item.get("cell"):
        place += f"第 {item['cell']} 格"
    if before is None or after is None:
        return f"{'+' if before is None else '−'} {_cut(after or before or '')}     {place}"
    return f"{_cut(before) or '∅'} → {_cut(after) or '∅'}     {place}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _moment(value: object) -> str:
    at: Millis | None = value if isinstance(value, int) else None
    return beijing(at) if at is not None else "-"
