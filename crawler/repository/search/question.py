"""What is searched for, from whatever surface: a query, what narrows it, the order, where to go on. Frozen."""

import hashlib
import re
from dataclasses import dataclass

from crawler.errors import UsageError
from crawler.model import Millis
from crawler.text import asked
from crawler.text.asked import Node, day_span, each, field_value

CURSOR = re.compile(r"(\d{1,18})-([0-9a-f]{8})(?:-(\d{1,15}))?")
NARROWING = ("source", "region", "level", "channel", "issuer", "category", "genre", "validity", "no", "has", "written", "seen")
SORTS = ("date", "relevance")


@dataclass(frozen=True, slots=True)
class Only:
    """What a search is narrowed to, beside its query: each as the query's field of that name takes it, None for no matter.

    `since`, `until`: days of publication, both included, ISO; `written`, `seen`: spans (`2024-01..2024-06`); `presence`: here, missing or gone.
    """

    source: str | None = None
    since: str | None = None
    until: str | None = None
    presence: str | None = None
    region: str | None = None
    level: str | None = None
    channel: str | None = None
    issuer: str | None = None
    category: str | None = None
    genre: str | None = None
    validity: str | None = None
    no: str | None = None
    has: str | None = None
    written: str | None = None
    seen: str | None = None


EVERYTHING = Only()


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for. `sort`: date (newest first) or relevance. `after`: `next` of an earlier answer to the same question.

    `as_of`: what the archive knew then, milliseconds; `moment`: as somebody has said that, where it is another one each time (`10m`).
    `counted`: with total and facets.
    """

    query: str
    only: Only = EVERYTHING
    sort: str = "date"
    limit: int = 20
    after: str | None = None
    as_of: Millis | None = None
    moment: str = ""
    counted: bool = False


def meaning(question: Question) -> Node:
    """The query and what narrows it, as one. Raises UsageError for what cannot be understood."""
    if question.sort not in SORTS:
        raise UsageError(f"results are sorted by date or relevance, not {question.sort!r}")
    only = question.only
    found = [asked.parse(question.query)] if question.query.strip() else []
    try:
        if only.since or only.until:
            found.append(day_span("published", f"{only.since or ''}..{only.until or ''}"))
        if only.presence:
            found.append(field_value("is", only.presence))
        found += [field_value(name, value) for name in NARROWING if (value := getattr(only, name))]
    except ValueError as error:
        raise UsageError(str(error)) from error
    return asked.NOTHING if asked.NOTHING in found else each(found)


def mark_of(question: Question, node: Node) -> str:
    """What a cursor carries so that it is known whose it is."""
    return hashlib.sha256(repr((node, question.sort, question.moment or question.as_of)).encode()).hexdigest()[:8]


def place_of(cursor: str | None, mark: str) -> tuple[int | None, Millis | None]:
    """(where to go on, the moment that the first page was asked of). Raises UsageError for what is no cursor, or one of another question."""
    if cursor is None:
        return None, None
    known = CURSOR.fullmatch(cursor)
    if known is None:
        raise UsageError(f"{cursor[:80]!r} is no cursor", remedy="give what an earlier answer named as next")
    if known[2] != mark:
        raise UsageError("this cursor belongs to another question", remedy="leave it out to begin at the first result")
    return int(known[1]), int(known[3]) if known[3] else None


def cursor(place: int, mark: str, moment: Millis | None = None) -> str:
    """The cursor of a place, in what was known at a moment."""
    return f"{place}-{mark}" if moment is None else f"{place}-{mark}-{moment}"
