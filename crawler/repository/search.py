"""Full text: the application cuts the words (`words.py`), the database finds sets of tokens, a substring test decides.

The row's key carries the day, so that the newest come first without sorting. SQLite: contentless FTS5 without positions.
PostgreSQL: a tsvector cast from text, which checks sizes (array_to_tsvector stores broken words in silence). Both answer the
same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import UsageError
from crawler.record.pack import unpack
from crawler.repository import schema as t
from crawler.text.words import OVERLAP, Phrase, parse, parts, tokens

DAY, PART = 36, 8
LARGEST = (1 << 20) - 1  # bytes of words in a tsvector
LONGEST_TITLE = 2000  # characters of a title that are searched
LONGEST_QUERY = 500  # characters: each phrase is a term of an SQL expression, which may be 1,000 deep (SQLite)
MOST_TERMS = 64  # tokens asked of the index; beyond, the substring test decides alone
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

    `place` is its key. `source` is the configured source. `first_seen`, `last_seen` in milliseconds. `record`: packed (`record.serial`).
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


def place(published: str | None, document: int, part: int) -> int:
    """day << 36 | document << 8 | part; day 0 where there is no date. A year or month stands on its first day."""
    day = 0
    if published:
        known = published[:10]
        try:
            day = date.fromisoformat(known + "0000-01-01"[len(known) :]).toordinal()
        except ValueError:
            day = 0  # a date no calendar has: the notice is found, as one without a date
    return day << DAY | document << PART | part


# ------------------------------------------------------------------ index
def index(c: Connection, limit: int) -> int:
    """Write the search rows of up to `limit` documents that are not indexed, in order of their keys; returns how many documents.

    Withheld documents lose their rows, gone ones keep them. On PostgreSQL, documents that another transaction is changing are
    left for the next call: what is marked as indexed is what was read.
    """
    query = (
        sa.select(t.documents.c.id, t.documents.c.withheld, t.versions.c.published, t.versions.c.search)
        .join(t.versions, t.versions.c.id == t.documents.c.version)
        .where(t.documents.c.indexed == 0)
        .order_by(t.documents.c.id)
        .limit(limit)
        .with_for_update(of=t.documents, skip_locked=True)
    )
    documents = c.execute(query).all()
    if not documents:
        return 0
    ids = [row.id for row in documents]
    _forget(c, ids)
    rows = [row for document in documents if document.withheld is None for row in _rows(document)]
    rows.sort(key=lambda row: row["place"])
    if rows:
        _write(c, rows)
    c.execute(t.documents.update().where(t.documents.c.id.in_(ids)).values(indexed=1))
    if c.dialect.name == "postgresql" and len(ids) < limit:
        # caught up: what the index put off, readers would pay for (112 ms for a query that takes 1 ms, at 20,000 documents)
        c.execute(sa.text("SELECT gin_clean_pending_list('ix_search_words')"))
    return len(ids)


def _rows(document: sa.Row[*tuple[Any, ...]]) -> Iterator[dict[str, int | str]]:
    """The rows of one document; the title stands in its first."""
    folded, _, text = unpack(document.search).partition("\n")
    for part, body in enumerate(_parts(text)):
        if part >> PART:
            return  # 256 parts, about 30 million characters: the rest is not searched
        title = folded[:LONGEST_TITLE] if part == 0 else ""
        yield {
            "place": place(document.published, document.id, part),
            "document": document.id,
            "part": part,
            "title": title,
            "body": body,
        }


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


def _words(row: Mapping[str, object] | sa.RowMapping, *, quote: str) -> str:
    """The token set of a row. No token holds a quote or a blank: they are letters, digits and points."""
    return " ".join(f"{quote}{token}{quote}" for token in sorted(tokens(f"{row['title']}|{row['body']}")))


def _write(c: Connection, rows: Sequence[dict[str, int | str]]) -> None:
    if c.dialect.name == "sqlite":
        c.execute(t.search.insert(), rows)
        words = [{"place": row["place"], "words": _words(row, quote="")} for row in rows]
        c.execute(sa.text("INSERT INTO search_index (rowid, words) VALUES (:place, :words)"), words)
        return
    columns = "place, document, part, title, body, words"
    insert = f"INSERT INTO search ({columns}) VALUES (:place, :document, :part, :title, :body, CAST(:words AS tsvector))"
    c.execute(sa.text(insert), [{**row, "words": _words(row, quote="'")} for row in rows])


def _forget(c: Connection, documents: Sequence[int]) -> None:
    """A contentless index must be told the very words it holds: they are cut again from the stored search text."""
    held = c.execute(sa.select(t.search).where(t.search.c.document.in_(documents))).mappings().all()
    if not held:
        return
    if c.dialect.name == "sqlite":
        words = [{"place": row["place"], "words": _words(row, quote="")} for row in held]
        c.execute(sa.text("INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', :place, :words)"), words)
    c.execute(t.search.delete().where(t.search.c.document.in_(documents)))


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
    sql, values = _statement(c.dialect.name, phrases, source, presence)
    values["low"], values["below"] = _span(since, until)
    if after is not None:
        values["below"] = min(values["below"], after)
    places: dict[int, int] = {}  # document → place
    while len(places) <= limit:
        rows = c.execute(sa.text(sql), {**values, "limit": limit + 1}).all()
        for row in rows:
            places.setdefault(row.document, row.place)
        if len(rows) <= limit:
            break
        values["below"] = _first_part(rows[-1].place)  # a document's other parts are no hits of their own
    shown = dict(list(places.items())[:limit])
    following = _first_part(list(shown.values())[-1]) if shown and len(places) > limit else None
    return Hits(_hits(c, shown), following)


def _first_part(key: int) -> int:
    return key >> PART << PART


def _span(since: str | None, until: str | None) -> tuple[int, int]:
    """The first place of a span of days and the first behind it."""
    try:
        first = date.fromisoformat(since).toordinal() if since else int(until is not None)
        last = date.fromisoformat(until).toordinal() if until else 1 << (62 - DAY)
    except ValueError as error:
        raise UsageError(f"not a day: {since or until!r}", remedy="write it as 2024-05-31") from error
    return first << DAY, (last + 1) << DAY


def _statement(
    dialect: str, phrases: Sequence[Phrase], source: str | None, presence: str | None
) -> tuple[str, dict[str, int | str]]:
    """The query without its LIMIT's value: places and documents, newest first.

    On PostgreSQL a sum hides the key from the planner when a substring test follows: else it may walk all rows by date (2 s
    against 18 ms).
    """
    terms = sorted({token for phrase in phrases for token in phrase.exact})
    prefixes = sorted({phrase.prefix for phrase in phrases if phrase.prefix})
    cut = len(terms) + len(prefixes) > MOST_TERMS
    terms, prefixes = terms[:MOST_TERMS], prefixes[: 0 if cut and terms else MOST_TERMS]
    tested = [phrase for phrase in phrases if cut or not phrase.sure]
    values: dict[str, int | str] = {}
    if dialect == "sqlite":
        values["terms"] = " AND ".join([f'"{token}"' for token in terms] + [f'"{prefix}"*' for prefix in prefixes])
        key, position = "i.rowid", "instr"
        tables = "search_index i CROSS JOIN search s ON s.place = i.rowid CROSS JOIN documents d ON d.id = s.document"
        where = ["search_index MATCH :terms"]
    else:
        values["terms"] = " & ".join([f"'{token}'" for token in terms] + [f"'{prefix}':*" for prefix in prefixes])
        key, position = "s.place + 0" if tested else "s.place", "strpos"
        tables = "search s JOIN documents d ON d.id = s.document"
        where = ["s.words @@ CAST(:terms AS tsquery)"]
    where += [f"{key} >= :low", f"{key} < :below", "d.withheld IS NULL"]
    for number, phrase in enumerate(tested):
        where.append(f"({position}(s.title, :p{number}) > 0 OR {position}(s.body, :p{number}) > 0)")
        values[f"p{number}"] = phrase.text
    for name, value in (("source", source), ("presence", presence)):
        if value is not None:
            where.append(f"d.{name} = :{name}")
            values[name] = value
    return f"SELECT s.place, s.document FROM {tables} WHERE {' AND '.join(where)} ORDER BY {key} DESC LIMIT :limit", values


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
