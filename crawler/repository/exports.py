"""What leaves the archive in bulk: records, versions or changes, each in one fixed order, a page at a time. Times are milliseconds.

Withheld documents are in none of it. What is chosen is held as row ids, eight bytes each: whatever else is in memory is one page.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.record.content import pieces_of, tables_of, text_lines
from crawler.repository import changes as ledger
from crawler.repository import query, visible
from crawler.repository import schema as t
from crawler.repository.attached import Attached
from crawler.repository.attached import of_versions as attachments_of
from crawler.repository.attached import text as text_of
from crawler.repository.database import current
from crawler.repository.query import PLACE, with_place
from crawler.repository.search import attached
from crawler.repository.search.as_of import presence_at
from crawler.repository.search.facts import Facts, holds, needs_files
from crawler.repository.search.matches import Matches
from crawler.repository.search.plan import origins, plan
from crawler.repository.search.question import EVERYTHING as ALL
from crawler.repository.search.question import Question, meaning
from crawler.text.asked import All, Node

AT_ONCE = 200  # documents whose records are held in memory
Row = Any  # of SQLAlchemy, whose type names every column
ROWS = 2000  # documents whose ids are
OPERATIONS = {
    "new": "create", "edit": "edit", "reread": "reread", "missing": "missing", "gone": "gone", "back": "back", "attachment": "attachment", "withheld": "withhold",
    "restored": "restore",
}  # fmt: skip
WITH_RECORD = ("new", "edit", "reread", "restored")
PRESENT = Question("")


@dataclass(frozen=True)
class Choice:
    """Which documents: `documents`, row ids in their order, None for all; `source`: of this one; `as_of`: as the archive knew them then, as
    far as `node` is true of them. `unindexed`: documents that were not looked through, because their words are not in the index yet.
    `texts`: with those of the documents that notices link to."""

    documents: Sequence[int] | None = None
    source: str | None = None
    as_of: Millis | None = None
    node: Node = field(default_factory=lambda: All(()))
    unindexed: int = 0
    texts: bool = False

    def has(self, document: int) -> bool:
        """Is this document among them?"""
        if self.documents is None:
            return True
        at = bisect_left(self.documents, document)
        return at < len(self.documents) and self.documents[at] == document


EVERYTHING = Choice()


def choose(c: Connection, question: Question = PRESENT, source: str | None = None) -> Choice:
    """What a question means, as a search would find it, without an end; `source`: of this configured source only. Raises UsageError."""
    node = meaning(question)
    if question.as_of is not None:
        return Choice(None, source, question.as_of, node)
    if not question.query.strip() and question.only == ALL:
        return Choice(source=source)
    made = plan(c, node, origins(c))
    found = array("q", (row.document for row in Matches(c, made, made.span).read(ROWS)))
    waiting = c.execute(sa.select(sa.func.count()).where(t.documents.c.indexed == 0, sa.text(visible.document()))).scalar_one()
    return Choice(_distinct(found), source, unindexed=waiting)


def _distinct(found: "array[int]") -> "array[int]":
    """In order, each once; without a set of so many."""
    ordered, last = array("q"), None
    for number in sorted(found):
        if number != last:
            ordered.append(number)
            last = number
    return ordered


# ------------------------------------------------------------------ records
def records(c: Connection, choice: Choice = EVERYTHING, *, after: str = "") -> Iterator[dict[str, Any]]:
    """Every document's current version (or the one known then) as one JSON object, ordered by id, those behind `after`.

    Keys: id, version, work, archive_source (the configured source), presence, first_seen, last_seen, version_seen; the record's.
    """
    away = presence_at(c, choice.as_of) if choice.as_of is not None else {}
    known = origins(c) if choice.as_of is not None else {}
    for page in _documents(c, choice, after):
        wanted = {row.version: row for row in page} if choice.as_of is None else _versions_then(c, page, choice.as_of)
        if not wanted:
            continue
        read = {row.id: row for row in c.execute(_VERSIONS.where(t.versions.c.id.in_(list(wanted))))}
        asked = choice.as_of is not None and needs_files(choice.node)
        files = attached.held(c, list(wanted), choice.as_of) if asked else {}
        linked = attachments_of(c, list(wanted))
        for number, row in wanted.items():
            value = _with_files(c, choice, _record(row, read[number]), linked.get(number, ()))
            if choice.as_of is not None:
                value["presence"] = away.get(row.id, "here")
                value["last_seen"] = row.last_seen if row.last_seen <= choice.as_of else None  # how it stood then is not kept
                origin = known[row.source]
                texts = attached.texts(files.get(number, ()))
                if not holds(choice.node, Facts(read[number].record, origin, value["presence"], row.first_seen, texts)):
                    continue
            yield value


def versions(c: Connection, choice: Choice = EVERYTHING, *, after: tuple[str, int] = ("", 0)) -> Iterator[dict[str, Any]]:
    """Every version of every document, each as it was read last, ordered by id and number, those behind `after`; keys as of `records`."""
    v = t.versions.c
    start, past = after
    for page in _documents(c, choice, start, including=True):
        of = {row.id: row for row in page}
        numbers = (
            sa.select(v.document, v.n, sa.func.max(v.id).label("id")).where(v.document.in_(list(of))).group_by(v.document, v.n)
        )
        if choice.as_of is not None:
            numbers = numbers.where(v.first_seen <= choice.as_of)
        found = sorted(
            ((of[row.document].public_id, row.n, row.id, of[row.document]) for row in c.execute(numbers)), key=lambda one: one[:2]
        )
        found = [one for one in found if one[0] != start or one[1] > past]
        for first in range(0, len(found), AT_ONCE):
            some = found[first : first + AT_ONCE]
            read = {row.id: row for row in c.execute(_VERSIONS.where(v.id.in_([one[2] for one in some])))}
            linked = attachments_of(c, [one[2] for one in some])
            for _, _, number, row in some:
                yield _with_files(c, choice, _record(row, read[number]), linked.get(number, ()))


_VERSIONS = sa.select(
    t.versions.c.id, t.versions.c.n, t.versions.c.first_seen, t.versions.c.record, t.versions.c.further, *PLACE
).join(t.captures, t.captures.c.id == t.versions.c.capture)
_DOCUMENTS = (
    sa.select(
        t.documents.c.id, t.documents.c.public_id, t.documents.c.version, t.documents.c.source, t.documents.c.presence,
        t.documents.c.first_seen, t.documents.c.last_seen, t.works.c.public_id.label("work"),
    )
    .join(t.works, t.works.c.id == t.documents.c.work)
    .where(sa.text(visible.document()), t.documents.c.version.is_not(None))
    .order_by(t.documents.c.public_id)
    .limit(ROWS)
)  # fmt: skip


def _documents(c: Connection, choice: Choice, after: str, *, including: bool = False) -> Iterator[list[Row]]:
    """Rows of the documents chosen, by public id, so many at a time as their records may be held. `including` the one named by `after`."""
    d = t.documents.c
    asked = _DOCUMENTS if choice.source is None else _DOCUMENTS.where(d.source == choice.source)
    if choice.as_of is not None:
        asked = asked.where(d.first_seen <= choice.as_of)
    while True:
        rows = c.execute(asked.where(d.public_id >= after if including else d.public_id > after)).all()
        chosen = [row for row in rows if choice.has(row.id)]
        for first in range(0, len(chosen), AT_ONCE):
            yield chosen[first : first + AT_ONCE]
        if len(rows) < ROWS:
            return
        after, including = rows[-1].public_id, False


def _versions_then(c: Connection, page: Sequence[Row], at: Millis) -> dict[int, Row]:
    """Version → document, for those that were known then."""
    v = t.versions.c
    then = (
        sa.select(v.document, sa.func.max(v.id))
        .where(v.document.in_([row.id for row in page]), v.first_seen <= at)
        .group_by(v.document)
    )
    newest = {row[0]: row[1] for row in c.execute(then)}
    return {newest[row.id]: row for row in page if row.id in newest}


def _with_files(c: Connection, choice: Choice, value: dict[str, Any], files: Sequence[Attached]) -> dict[str, Any]:
    """A record with what became of the documents it links to, where it is asked for with their texts."""
    value = query.with_files(value, files)
    if choice.texts:
        for item in value["attachments"]:
            held = item.get("file")
            if held is not None and held["digest"] is not None:
                pieces = pieces_of(text_of(c, held["digest"]))
                held |= {"text": "\n".join(text_lines(pieces)), "tables": tables_of(pieces)}
    return value


def _record(document: Row, version: Row) -> dict[str, Any]:
    return {
        "id": document.public_id,
        "version": version.n,
        "work": document.work,
        "archive_source": document.source,
        "presence": document.presence,
        "first_seen": document.first_seen,
        "last_seen": document.last_seen,
        "version_seen": version.first_seen,
        **with_place(version),
    }


# ------------------------------------------------------------------ changes
@dataclass(frozen=True, slots=True)
class Step:
    """What whoever has a copy is to do: `operation` create, edit, reread, missing, gone, back, withhold or restore. `line`: of the ledger,
    `record` of the version that came, or that is given back."""

    operation: str
    document: str
    line: ledger.ChangeView
    record: Mapping[str, Any] | None = None


def steps(c: Connection, choice: Choice = EVERYTHING, *, after: int = 0, first: int | None = None) -> Iterator[Step]:
    """What happened to documents behind a line of the ledger, in its order. Of what is withheld only that it is: whoever may have a copy, made
    at `first` (by default `after`), is told to take it away, and whether it was what they asked for is not asked."""
    begun = after if first is None else first
    while found := ledger.read(c, ledger.Only(after, source=choice.source), AT_ONCE):
        h, d = t.changes.c, t.documents.c
        version = sa.case((h.kind == "restored", d.version), else_=h.after).label("version")
        numbers = sa.select(h.seq, h.document, version).outerjoin(t.documents, d.id == h.document)
        rows = {row.seq: row for row in c.execute(numbers.where(h.seq.in_([line.seq for line in found])))}
        wanted = [row.version for row in rows.values() if row.version is not None]
        read = {row.id: row for row in c.execute(_VERSIONS.where(t.versions.c.id.in_(wanted)))}
        copied = sa.select(h.document).where(
            h.document.in_([rows[line.seq].document for line in found if line.kind == "withheld"])
        )
        held = set(c.execute(copied.where(h.seq <= begun)).scalars())
        for line in found:
            row = rows[line.seq]
            if line.document is None or line.kind not in OPERATIONS:
                continue
            if row.document not in held if line.kind == "withheld" else line.withheld or not choice.has(row.document):
                continue
            record = read.get(row.version) if line.kind in WITH_RECORD else None
            yield Step(OPERATIONS[line.kind], line.document, line, with_place(record) if record is not None else None)
        after = found[-1].seq


# ------------------------------------------------------------------ what it was made of
@dataclass(frozen=True, slots=True)
class State:
    """The archive as an export finds it: `revision` of its schema, `last` line of the ledger, its sources and how fresh each is."""

    revision: str
    last: int
    sources: tuple[query.SourceView, ...]


def state(c: Connection) -> State:
    """How the archive is now."""
    last = c.execute(sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))).scalar_one()
    return State(current(c) or "", int(last), tuple(query.sources(c)))
