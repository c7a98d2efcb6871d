"""Does a notice fit what is asked (`text.asked`)? Pure: what the index cannot decide alone is decided here, the same for both databases."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any as Value

from crawler.record.frame import opened
from crawler.text import asked
from crawler.text.asked import All, Any, Is, Node, Not, Number, Span, Words, number
from crawler.text.beijing import day_of
from crawler.text.words import search_text

FIRST_DAY = date(1900, 1, 1).toordinal()  # a notice of an earlier day stands with what has no date
META = ("issuer", "category", "genre", "validity")  # fields that are keys of a record's meta


@dataclass(frozen=True, slots=True)
class Origin:
    """A source as a search sees it: its title folded, where it is."""

    id: str
    title: str
    region: str | None
    level: str | None


@dataclass(frozen=True)
class Facts:
    """One notice in one version. `presence`, `first_seen` (milliseconds): of its document; `origin`: its source; `files`:
    the texts of the documents it links to, as they are searched."""

    record: bytes
    origin: Origin
    presence: str
    first_seen: int
    files: tuple[str, ...] = ()

    @cached_property
    def _opened(self) -> tuple[str, str, str]:
        return opened(self.record)

    @cached_property
    def text(self) -> tuple[str, str]:
        """Title and body as they are searched."""
        return self._opened[1:]

    @cached_property
    def values(self) -> dict[str, Value]:
        """The record's JSON."""
        found: dict[str, Value] = json.loads(self._opened[0])
        return found

    def words(self, field: str) -> str:
        """A field as it is searched."""
        if field == "title":
            return self.text[0]
        return search_text(said(self.values, field))


def said(values: Mapping[str, Value], field: str) -> str:
    """What a record says of a field, empty when it says nothing. `no` is the document number, `source` what the page calls 来源."""
    meta = values.get("meta") or {}
    if field == "no":
        return meta.get("doc_no") or ""
    return (meta if field in META else values).get(field) or ""


def has(values: Mapping[str, Value]) -> list[str]:
    """Which of attachment, table and image a record has."""
    return [name for name, key in (("attachment", "attachments"), ("table", "tables"), ("image", "images")) if values.get(key)]


def day(published: str | None) -> int:
    """The day that a notice stands on, 0 where it has no date. A year or month stands on its first day."""
    if published:
        known = published[:10]
        try:
            found = date.fromisoformat(known + "0000-01-01"[len(known) :]).toordinal()
        except ValueError:
            return 0  # a date no calendar has: the notice is found, as one without a date
        return found if found >= FIRST_DAY else 0
    return 0


def named(leaf: Words, origin: Origin) -> bool:
    """Is a source meant by its id or title?"""
    return leaf.raw.lower() == origin.id or leaf.phrase.text in origin.title


def placed(leaf: Is, origin: Origin) -> bool:
    """Is a source of this region or level?"""
    if leaf.field == "level":
        return origin.level == leaf.value
    return origin.region is not None and origin.region.startswith(leaf.value)


def holds(node: Node, facts: Facts) -> bool:
    """Is what is asked true of a notice?"""
    if isinstance(node, All):
        return all(holds(inner, facts) for inner in node.of)
    if isinstance(node, Any):
        return any(holds(inner, facts) for inner in node.of)
    if isinstance(node, Not):
        return not holds(node.of, facts)
    if isinstance(node, Words):
        return _said(node, facts)
    if isinstance(node, Number):
        return _numbered(node, said(facts.values, "no"))
    return _is(node, facts) if isinstance(node, Is) else _within(node, facts)


def _said(leaf: Words, facts: Facts) -> bool:
    if leaf.field == "text":
        return any(leaf.phrase.text in text for text in (*facts.text, *facts.files))
    if leaf.field == "source" and named(leaf, facts.origin):
        return True
    return leaf.phrase.text in facts.words(leaf.field)


def _numbered(leaf: Number, doc_no: str) -> bool:
    known = number(doc_no)
    return known is not None and leaf.n in (None, known.n) and leaf.year in (None, known.year) and leaf.by in known.by


def _is(leaf: Is, facts: Facts) -> bool:
    if leaf.field == "is":
        return facts.presence == leaf.value
    return leaf.value in has(facts.values) if leaf.field == "has" else placed(leaf, facts.origin)


def _within(span: Span, facts: Facts) -> bool:
    if span.field == "seen":
        at = day_of(facts.first_seen).toordinal()
    elif span.field == "published":
        at = day(facts.values.get("published"))
    else:
        at = day((facts.values.get("meta") or {}).get("written_date"))
    low, high = days(span)
    return low <= at <= high


def days(span: Span) -> tuple[int, int]:
    """The first and the last day of a span; what has no date is in none."""
    low = date.fromisoformat(span.first).toordinal() if span.first else FIRST_DAY
    return max(low, FIRST_DAY), date.fromisoformat(span.last).toordinal() if span.last else date.max.toordinal()


def needs_record(node: Node) -> bool:
    """Must the record be unpacked to decide this?"""
    if isinstance(node, All | Any):
        return any(needs_record(inner) for inner in node.of)
    if isinstance(node, Not):
        return needs_record(node.of)
    return not (isinstance(node, Is) and node.field != "has") and not (isinstance(node, Span) and node.field == "seen")


def needs_files(node: Node) -> bool:
    """Must the documents that a notice links to be looked into to decide this?"""
    return any(isinstance(leaf, Words) and leaf.field == "text" for leaf in asked.leaves(node))


NOTHING = asked.NOTHING
