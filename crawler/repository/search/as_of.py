"""What the archive knew at a moment: each document in the version that was its newest then, here, missing or gone as it was then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crawler.model import Millis
from crawler.repository import visible
from crawler.repository.reader import Reads, among, rows
from crawler.repository.search import attached
from crawler.repository.search.facts import Facts, day, holds, needs_files, needs_record
from crawler.repository.search.matches import Matches, records
from crawler.repository.search.plan import Plan, plan
from crawler.repository.search.texts import DAY
from crawler.text.asked import All, Any, Is, Node, Not

MOST = 20_000  # rows of the index that are read; what is older than those is not listed
BATCH = 500  # documents whose records are held together
ABSENCE = {"missing": "missing", "gone": "gone", "back": "here"}  # kinds of change that say where a document is


@dataclass(frozen=True, slots=True)
class Then:
    """A document as it was: its row id, its version's, its day, where it was."""

    document: int
    version: int
    day: int
    presence: str


def known_then(c: Reads, now: Plan, at: Millis) -> tuple[list[Then], bool]:
    """(what fits, newest first, are these all). The index has only what is known now: what changed since is looked at itself."""
    presence = presence_at(c, at)
    loose = plan(c, _loosened(now.node), now.origins)
    steady = replace(
        loose, where=(*loose.where, f"d.first_seen <= {at}", f"{CURRENT} <= {at}", f"NOT {SWAPPED}".replace(":at", str(at)))
    )
    whole = True
    held: dict[int, Then] = {}
    for number, row in enumerate(Matches(c, steady, steady.span).read(MOST + 1)):
        if number == MOST:
            whole = False
            break
        held.setdefault(row.document, Then(row.document, row.version, row.place >> DAY, presence.get(row.document, "here")))
    found = list(held.values())
    if loose.node != now.node:
        found = list(_fitting(c, now, found, (_origins(c, list(held)), at)))
    found += _changed_since(c, now, at, presence)
    return sorted(found, key=lambda then: (-then.day, -then.document)), whole


CURRENT = "(SELECT v.first_seen FROM versions v WHERE v.id = d.version)"
SWAPPED = "(d.attached = 1 AND EXISTS (SELECT 1 FROM changes h WHERE h.document = d.id AND h.kind = 'attachment' AND h.at > :at))"
CHANGED = f"""SELECT d.id, max(v.id) FROM documents d
    JOIN versions now ON now.id = d.version JOIN versions v ON v.document = d.id
    WHERE {visible.document("d")} AND d.first_seen <= :at AND (now.first_seen > :at OR {SWAPPED}) AND v.first_seen <= :at
    GROUP BY d.id"""
MOVED = f"""SELECT document, kind, at FROM changes
    WHERE kind IN ({", ".join(f"'{kind}'" for kind in ABSENCE)}) AND document IS NOT NULL ORDER BY seq"""


def _changed_since(c: Reads, now: Plan, at: Millis, presence: Mapping[int, str]) -> Iterator[Then]:
    """Documents that had another version then, if that one fits."""
    some = [Then(row[0], row[1], 0, presence.get(row[0], "here")) for row in rows(c, CHANGED, {"at": at})]
    for first in range(0, len(some), BATCH):
        batch = some[first : first + BATCH]
        yield from _fitting(c, now, batch, (_origins(c, [then.document for then in batch]), at), always=True)


def _fitting(
    c: Reads, now: Plan, some: Sequence[Then], known: tuple[Mapping[int, tuple[str, Millis]], Millis], *, always: bool = False
) -> Iterator[Then]:
    """Those of which the question is true. `known`: source and first sight of each document; the moment that is asked for."""
    seen, at = known
    files = attached.held(c, [then.version for then in some], at) if needs_files(now.node) else {}
    held = records(c, [then.version for then in some]) if always or needs_record(now.node) else {}
    for then in some:
        source, first_seen = seen[then.document]
        texts = attached.texts(files.get(then.version, ()))
        facts = Facts(held.get(then.version, b""), now.origin(source), then.presence, first_seen, texts)
        if holds(now.node, facts):
            yield replace(then, day=day(facts.values.get("published"))) if always else then


def _origins(c: Reads, documents: Sequence[int]) -> dict[int, tuple[str, Millis]]:
    """(source, first seen) of documents."""
    wanted, ids = among(c, "ids", documents)
    return {
        row[0]: (row[1], row[2])
        for row in rows(c, f"SELECT id, source, first_seen FROM documents WHERE id {wanted}", {"ids": ids})
    }


def presence_at(c: Reads, at: Millis) -> dict[int, str]:
    """Where documents were, as far as they were ever away."""
    return {document: ABSENCE[kind] for document, kind, told in rows(c, MOVED, {}) if told <= at}


def _loosened(node: Node) -> Node:
    """The question without what depends on where a document is now: what fits it is never too little."""
    if isinstance(node, All):
        return All(tuple(map(_loosened, node.of)))
    if isinstance(node, Any):
        return Any(tuple(map(_loosened, node.of)))
    return All(()) if _asks_where(node) else node


def _asks_where(node: Node) -> bool:
    if isinstance(node, All | Any):
        return any(map(_asks_where, node.of))
    if isinstance(node, Not):
        return _asks_where(node.of)
    return isinstance(node, Is) and node.field == "is"
