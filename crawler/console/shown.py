"""What rows of the archive look like on every surface of the console: plain values, times as ISO 8601."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from crawler.monitor.told import told
from crawler.record.diff import paragraphs
from crawler.record.serial import from_json
from crawler.repository.changes import ChangeView
from crawler.repository.exchanges import CaptureView, RunView
from crawler.repository.query import LookRow, SourceView, VersionRow
from crawler.repository.search.attached import at_values, excerpt
from crawler.repository.search.find import Hit, hit_values
from crawler.text.beijing import iso
from crawler.text.words import Phrase


def hit(found: Hit, phrases: Sequence[Phrase]) -> dict[str, Any]:
    """A search result."""
    shown = excerpt(found.record, found.files, phrases)
    return {
        **hit_values(found),
        "first_seen": iso(found.first_seen),
        "last_seen": iso(found.last_seen),
        "snippet": shown.text,
        "at": at_values(shown.at),
    }


def version(row: VersionRow) -> dict[str, Any]:
    """A line of the list of a document's versions."""
    return {
        "version": row.n,
        "first_seen": iso(row.first_seen),
        "title": row.record["title"],
        "capture": row.capture,
        "rules": row.rules,
        "incomplete": row.record.get("incomplete"),
    }


def difference(before: VersionRow, after: VersionRow) -> list[dict[str, Any]]:
    """What differs between two versions, in the page's order."""
    return [asdict(item) for item in paragraphs(from_json(before.record), from_json(after.record))]


def change(found: ChangeView) -> dict[str, Any]:
    """A line of the ledger."""
    return dict(told(found).data)


def look(found: LookRow) -> dict[str, Any]:
    """A look at an address."""
    return {"at": iso(found.at), "outcome": found.outcome, "status": found.status, "capture": found.capture}


def capture(found: CaptureView) -> dict[str, Any]:
    """A capture's metadata."""
    return {
        "id": found.id,
        "record_id": found.record,
        "at": iso(found.at),
        "url": found.url,
        "status": found.status,
        "media_type": found.media_type,
        "type": found.type,
        "payload_digest": found.payload_digest,
        "file": found.file,
        "offset": found.offset,
        "length": found.length,
        "original": found.original,
        "outcome": found.outcome,
        "ms": found.ms,
        "source": found.source,
        "documents": list(found.documents),
    }


def source(found: SourceView) -> dict[str, Any]:
    """A source."""
    return {
        "id": found.id,
        "title": found.title,
        "enabled": found.enabled,
        "paused": iso(found.paused) if found.paused else None,
        "health": found.health,
        "last_ok": iso(found.last_ok) if found.last_ok else None,
        "last_new": iso(found.last_new) if found.last_new else None,
        "documents": found.documents,
        "last_run": found.last_run,
    }


def run(found: RunView) -> dict[str, Any]:
    """A run."""
    return {
        "id": found.id,
        "source": found.source,
        "kind": found.kind,
        "slot": iso(found.slot),
        "started": iso(found.started),
        "ended": iso(found.ended) if found.ended else None,
        "result": found.result,
        "trouble": found.trouble,
        "counts": dict(found.counts),
    }
