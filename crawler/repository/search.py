"""Full text: the application cuts the words (`words.py`), the database finds sets of tokens, the text itself decides.

A row's key begins with the day of publication, so that the newest come first without sorting; behind it stands the row's number
within the day, so that neighbours in a list of matches differ by little: an index of 1,000 notices takes 4.6 kB each, where the
document's id in that place took 11. The text that is searched is not here: it lies in the version (`record.serial`), and what
matches by its words is unpacked to see whether the phrase stands in it. SQLite: contentless FTS5 without positions. PostgreSQL: a
tsvector cast from text, which checks sizes (array_to_tsvector stores broken words in silence). Both answer the same.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import UsageError
from crawler.record.serial import searched
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, lock_keys
from crawler.text.words import OVERLAP, Phrase, parse, parts, tokens

DAY = 16  # bits of a place behind its day: so many rows of one day keep their order, the rest stands with what has no date
FIRST_DAY = date(1900, 1, 1).toordinal()  # the places of all days before are those of what has no date
MOST_PARTS = 256  # of a document, about 30 million characters: the rest is not searched
LARGEST = (1 << 20) - 1  # bytes of words in a tsvector
LONGEST_TITLE = 2000  # characters of a title that are searched
LONGEST_QUERY = 500  # characters
MOST_TERMS = 64  # tokens asked of the index; beyond, the text decides alone
TESTED = 64, 1024  # rows whose text is looked at together: at first, at most
TRIED = 256  # of the newest rows, for a lone character: a common one is found there, a rare one quickly in the index
OWN = ("search_index", "ix_search_words", "words")  # made by a revision, not in `schema.py`: alembic must not compare them
SQLITE = (
    """CREATE VIRTUAL TABLE search_index
USING fts5 (words, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '.'")""",
)
POSTGRESQL = (
    "ALTER TABLE search ADD COLUMN words tsvector NOT NULL",
    "CREATE INDEX ix_search_words ON search USING gin (words)",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that matches: its public id and what a list of results shows of its current version.

    `place` is the first of its keys. `source` is the configured source. `first_seen`, `last_seen` in milliseconds. `record`: packed (`record.serial`).
    """

    place: int
    id: str
    version: int
    title: str
    published: str | None
    doc_no: str | None
    issuer: str | None
    url: str
    source: str
    presence: str
    first_seen: int
    last_seen: int
    record: bytes


@dataclass(frozen=True, slots=True)
class Hits:
    """Newest first. `next`: what to give as `after` for those that follow, None at the end."""

    rows: tuple[Hit, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One document to be indexed: its day, and the words of each of its parts."""

    day: int
    document: int
    version: int
    words: tuple[set[str], ...]


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


# ------------------------------------------------------------------ index
def index(c: Connection, limit: int) -> int:
    """Write the search rows of up to `limit` documents that are not indexed, in order of their keys; returns how many documents.

    Withheld documents lose their rows, gone ones keep them. On PostgreSQL, documents that another transaction is changing are
    left for the next call: what is marked as indexed is what was read. One transaction at a time numbers rows.
    """
    lock_keys(c, ["search"])
    documents = c.execute(_UNINDEXED, {"most": limit}).all()
    if not documents:
        return 0
    ids = [row.id for row in documents]
    _forget(c, ids)
    _write(c, [_entry(row) for row in documents if row.withheld is None])
    c.execute(_MARK, {"ids": ids})
    if c.dialect.name == "postgresql" and len(ids) < limit:
        # caught up: what the index put off, readers would pay for (112 ms for a query that takes 1 ms, at 20,000 documents)
        c.execute(sa.text("SELECT gin_clean_pending_list('ix_search_words')"))
    return len(ids)


_UNINDEXED = (
    sa.select(
        t.documents.c.id,
        t.documents.c.withheld,
        t.versions.c.id.label("version"),
        t.versions.c.published,
        t.versions.c.record,
    )
    .join(t.versions, t.versions.c.id == t.documents.c.version)
    .where(t.documents.c.indexed == sa.literal_column("0"))  # a literal: the partial index is taken for nothing else
    .order_by(t.documents.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(of=t.documents, skip_locked=True)
)
_MARK = t.documents.update().where(t.documents.c.id.in_(sa.bindparam("ids", expanding=True))).values(indexed=1)
_HELD = (
    sa.select(t.search.c.place, t.search.c.part, t.versions.c.record)
    .join(t.versions, t.versions.c.id == t.search.c.version)
    .where(t.search.c.document.in_(sa.bindparam("ids", expanding=True)))
)
_DROP = t.search.delete().where(t.search.c.document.in_(sa.bindparam("ids", expanding=True)))
_RECORDS = sa.select(t.versions.c.id, t.versions.c.record).where(t.versions.c.id.in_(sa.bindparam("ids", expanding=True)))


def _entry(document: AnyRow) -> _Entry:
    words = tuple(tokens(f"{title}|{body}") for title, body in _texts(document.record))
    return _Entry(day(document.published), document.id, document.version, words)


def _texts(record: bytes) -> list[tuple[str, str]]:
    """(title, text) of each part of a document; the title stands in the first."""
    title, body = searched(record)
    texts = [part for _, part in zip(range(MOST_PARTS), _parts(body), strict=False)]
    return [(title[:LONGEST_TITLE] if number == 0 else "", text) for number, text in enumerate(texts)]


def _parts(body: str) -> Iterator[str]:
    """Parts whose words fit into a tsvector: 120,000 characters do, unless most of them lie outside the basic plane."""
    for part in parts(body):
        spare = LARGEST - 3 * 4 * LONGEST_TITLE
        if 3 * len(part.encode()) <= spare or sum(len(token.encode()) for token in tokens(part)) <= spare:
            yield part
        else:
            middle = len(part) // 2
            yield part[: middle + OVERLAP]
            yield part[middle:]


def _write(c: Connection, entries: Sequence[_Entry]) -> None:
    """Rows and words, in the order of their keys; the parts of a document have keys that follow each other."""
    free = _free(c, {entry.day for entry in entries})
    rows: list[dict[str, int]] = []
    words: list[set[str]] = []
    for entry in sorted(entries, key=lambda entry: (-entry.day, entry.document)):
        whole = free[entry.day] + len(entry.words) > (entry.day + 1) << DAY
        its_day = 0 if whole else entry.day
        for part, cut in enumerate(entry.words):
            rows.append({"place": free[its_day] + part, "document": entry.document, "part": part, "version": entry.version})
            words.append(cut)
        free[its_day] += len(entry.words)
    order = sorted(range(len(rows)), key=lambda number: rows[number]["place"])
    if not order:
        return
    if c.dialect.name == "sqlite":
        c.execute(t.search.insert(), [rows[number] for number in order])
        c.exec_driver_sql(
            "INSERT INTO search_index (rowid, words) VALUES (?, ?)",
            [(rows[number]["place"], " ".join(words[number])) for number in order],
        )
        return
    columns = "place, document, part, version, words"
    insert = f"INSERT INTO search ({columns}) VALUES (:place, :document, :part, :version, CAST(:words AS tsvector))"
    c.execute(sa.text(insert), [{**rows[number], "words": _quoted(words[number])} for number in order])


def _quoted(words: set[str]) -> str:
    """No token holds a quote or a blank: they are letters, digits, points and the joint."""
    return " ".join(f"'{token}'" for token in words)


def _free(c: Connection, days: set[int]) -> dict[int, int]:
    """The first free place of each day, and of what has no day."""
    asked = sorted({0, *days})
    sqlite = c.dialect.name == "sqlite"
    listed = "json_each(:days)" if sqlite else "unnest(CAST(:days AS bigint[])) AS listed(value)"
    end = f"CASE value WHEN 0 THEN {FIRST_DAY} ELSE value + 1 END << {DAY}"
    last = f"SELECT max(place) FROM search WHERE place >= value << {DAY} AND place < {end}"
    found = c.execute(sa.text(f"SELECT value, ({last}) FROM {listed}"), {"days": json.dumps(asked) if sqlite else asked})
    return {day: day << DAY if last is None else last + 1 for day, last in found}


def _forget(c: Connection, documents: Sequence[int]) -> None:
    """A contentless index must be told the very words it holds: they are cut again from the text of the version it was told of."""
    held = c.execute(_HELD, {"ids": documents}).all()
    if not held:
        return
    if c.dialect.name == "sqlite":
        texts = [(row.place, _texts(row.record)[row.part]) for row in held]
        c.exec_driver_sql(
            "INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', ?, ?)",
            [(place, " ".join(tokens(f"{title}|{body}"))) for place, (title, body) in texts],
        )
    c.execute(_DROP, {"ids": documents})


# ------------------------------------------------------------------ find
def find(
    c: Connection,
    query: str,
    *,
    limit: int = 20,
    after: int | None = None,
    source: str | None = None,
    since: str | None = None,
    until: str | None = None,
    presence: str | None = None,
) -> Hits:
    """Documents whose title or body has every phrase, newest first; the same answer on both databases.

    `after`: `next` of an earlier answer. `since`, `until`: ISO days of publication, both included; a notice without a date is in
    no such span. `presence`: here, missing or gone. A query without letter or digit finds nothing. Raises UsageError for a query
    over 500 characters and for a day that is none.
    """
    if len(query) > LONGEST_QUERY:
        raise UsageError(f"the query has {len(query)} characters", remedy=f"search for {LONGEST_QUERY} characters at most")
    phrases = parse(query)
    if not phrases:
        return Hits((), None)
    low, below = _span(since, until)
    if after is not None:
        below = min(below, after)
    filters = {name: value for name, value in (("source", source), ("presence", presence)) if value is not None}
    places: dict[int, int] = {}  # document → its first place; other parts of it are no hits of their own
    for row in _matches(c, phrases, filters, (low, below), limit + 1):
        places.setdefault(row.document, row.place - row.part)
        if len(places) > limit:
            break
    shown = dict(list(places.items())[:limit])
    following = list(shown.values())[-1] if shown and len(places) > limit else None
    return Hits(_hits(c, shown), following)


def _span(since: str | None, until: str | None) -> tuple[int, int]:
    """The first place of a span of days and the first behind it."""
    try:
        first = date.fromisoformat(since).toordinal() if since else 0
        last = date.fromisoformat(until).toordinal() if until else date.max.toordinal()
    except ValueError as error:
        raise UsageError(f"not a day: {since or until!r}", remedy="write it as 2024-05-31") from error
    if since or until:
        first = max(first, FIRST_DAY)
    return first << DAY, (last + 1) << DAY


def _matches(
    c: Connection, phrases: Sequence[Phrase], filters: Mapping[str, str], span: tuple[int, int], wanted: int
) -> Iterator[AnyRow]:
    """Rows that have every phrase, newest first, read as they are asked for."""
    low, below = span
    terms = sorted({token for phrase in phrases for token in phrase.exact})
    prefixes = sorted({prefix for phrase in phrases for prefix in phrase.prefixes})
    if not terms and all(len(prefix) == 1 for prefix in prefixes):
        found = _rows(c, _statement(c.dialect.name, (), (), filters), filters, (low, below), TRIED)
        yield from _tested(c, found, phrases)
        if len(found) < TRIED:
            return
        below = found[-1].place
    cut = len(terms) + len(prefixes) > MOST_TERMS
    asked = terms[:MOST_TERMS], prefixes[: 0 if cut and terms else MOST_TERMS]
    tested = [phrase for phrase in phrases if cut or not phrase.sure]
    sql = _statement(c.dialect.name, *asked, filters, hidden=bool(tested))
    first, most = TESTED
    size = first if tested else wanted
    while True:
        found = _rows(c, sql, {**filters, "terms": _terms(c.dialect.name, *asked)}, (low, below), size)
        yield from _tested(c, found, tested)
        if len(found) < size:
            return
        below, size = found[-1].place, min(size * 4, most)


def _rows(c: Connection, sql: str, values: Mapping[str, str], span: tuple[int, int], size: int) -> Sequence[AnyRow]:
    return c.execute(sa.text(sql), {**values, "low": span[0], "below": span[1], "size": size}).all()


def _tested(c: Connection, rows: Sequence[AnyRow], phrases: Sequence[Phrase]) -> Iterator[AnyRow]:
    """Those whose text has all phrases."""
    if not phrases or not rows:
        yield from rows
        return
    records = {row.id: row.record for row in c.execute(_RECORDS, {"ids": [row.version for row in rows]})}
    for row in rows:
        title, text = _texts(records[row.version])[row.part]
        if all(phrase.text in title or phrase.text in text for phrase in phrases):
            yield row


def _terms(dialect: str, terms: Sequence[str], prefixes: Sequence[str]) -> str:
    """What is asked of the index."""
    if dialect == "sqlite":
        return " AND ".join([f'"{token}"' for token in terms] + [f'"{prefix}"*' for prefix in prefixes])
    return " & ".join([f"'{token}'" for token in terms] + [f"'{prefix}':*" for prefix in prefixes])


def _statement(
    dialect: str, terms: Sequence[str], prefixes: Sequence[str], filters: Mapping[str, str], *, hidden: bool = False
) -> str:
    """Rows, newest first: those the index has for these words, or without any all there are.

    On PostgreSQL a sum hides the key from the planner when the text is still to decide: else it may walk all rows by date (2 s
    against 18 ms).
    """
    indexed = bool(terms or prefixes)
    tables, key = "search s JOIN documents d ON d.id = s.document", "s.place"
    where = ["d.withheld IS NULL", *(f"d.{name} = :{name}" for name in filters)]
    if dialect == "sqlite" and indexed:
        tables = "search_index i CROSS JOIN search s ON s.place = i.rowid CROSS JOIN documents d ON d.id = s.document"
        key = "i.rowid"
        where.insert(0, "search_index MATCH :terms")
    elif dialect == "sqlite":
        tables = "search s CROSS JOIN documents d ON d.id = s.document"
    elif indexed:
        where.insert(0, "s.words @@ CAST(:terms AS tsquery)")
        key = "s.place + 0" if hidden else key
    where += [f"{key} >= :low", f"{key} < :below"]
    return (
        f"SELECT s.place, s.part, s.document, s.version FROM {tables} WHERE {' AND '.join(where)} ORDER BY {key} DESC LIMIT :size"
    )


def _hits(c: Connection, places: Mapping[int, int]) -> tuple[Hit, ...]:
    """What is shown of documents, in the order given."""
    d, v = t.documents.c, t.versions.c
    query = (
        sa.select(d.id.label("document"), d.public_id, v.n, v.title, v.published, v.doc_no, v.issuer, t.urls.c.public_url,
                  d.source, d.presence, d.first_seen, d.last_seen, v.record)
        .join(t.versions, v.id == d.version)
        .join(t.urls, t.urls.c.id == d.url)
        .where(d.id.in_(places))
    )  # fmt: skip
    rows: dict[int, tuple[Any, ...]] = {row.document: tuple(row)[1:] for row in c.execute(query)}
    return tuple(Hit(key, *rows[document]) for document, key in places.items())
