"""Full text: the application cuts the words (`words.py`), the database finds sets of tokens, a substring test decides.

The row's key carries the day, so that the newest come first without sorting. SQLite: contentless FTS5 without positions; PostgreSQL:
a tsvector cast from text, which checks sizes (array_to_tsvector stores broken words in silence).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.repository import schema as t
from crawler.words import Phrase, parse, parts, tokens

DAY, PART = 36, 8
SQLITE = (
    "CREATE VIRTUAL TABLE search_index USING fts5 (words, content='', detail=none, columnsize=0, tokenize=\"ascii tokenchars '.'\")",
)
POSTGRESQL = (
    "ALTER TABLE search ADD COLUMN words tsvector NOT NULL",
    "CREATE INDEX ix_search_words ON search USING gin (words)",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that matches; `place` is its key, for paging on."""

    place: int
    document: int


@dataclass(frozen=True, slots=True)
class Hits:
    """Newest first. `next`: the place to go on after, None at the end."""

    hits: tuple[Hit, ...]
    next: int | None


def place(published: str | None, document: int, part: int) -> int:
    """day << 36 | document << 8 | part; day 0 where there is no date. A year or month stands on its first day."""
    day = 0
    if published:
        padded = published[:10] + "-01-01"[len(published[:10]) - 4 :] if len(published) < 10 else published[:10]
        day = date.fromisoformat(padded).toordinal()
    return day << DAY | document << PART | part


# ------------------------------------------------------------------ index
def index(c: Connection, limit: int) -> int:
    """Write the search rows of up to `limit` documents that are not indexed, in order of their keys; how many documents."""
    query = (
        sa.select(t.documents.c.id, t.documents.c.withheld, t.versions.c.published, t.versions.c.search_title, t.versions.c.search_body)
        .join(t.versions, t.versions.c.id == t.documents.c.version)
        .where(t.documents.c.indexed == 0)
        .order_by(t.documents.c.id)
        .limit(limit)
    )
    documents = c.execute(query).all()
    if not documents:
        return 0
    _forget(c, [row.id for row in documents])
    rows = [
        {"place": place(row.published, row.id, part), "document": row.id, "part": part, "title": row.search_title if part == 0 else "", "body": body}
        for row in documents
        if row.withheld is None
        for part, body in enumerate(parts(row.search_body)[: 1 << PART])
    ]
    rows.sort(key=lambda row: row["place"])
    if rows:
        _write(c, rows)
    c.execute(t.documents.update().where(t.documents.c.id.in_([row.id for row in documents])).values(indexed=1))
    return len(documents)


def _words(title: str, body: str, *, quote: str) -> str:
    return " ".join(f"{quote}{token}{quote}" for token in sorted(tokens(f"{title}|{body}")))


def _write(c: Connection, rows: list[dict[str, object]]) -> None:
    if c.dialect.name == "sqlite":
        c.execute(t.search.insert(), rows)
        words = [{"place": row["place"], "words": _words(str(row["title"]), str(row["body"]), quote="")} for row in rows]
        c.execute(sa.text("INSERT INTO search_index (rowid, words) VALUES (:place, :words)"), words)
        return
    for row in rows:
        row["words"] = _words(str(row["title"]), str(row["body"]), quote="'")
    insert = "INSERT INTO search (place, document, part, title, body, words) VALUES (:place, :document, :part, :title, :body, CAST(:words AS tsvector))"
    c.execute(sa.text(insert), rows)


def _forget(c: Connection, documents: Sequence[int]) -> None:
    """A contentless index must be told the very words it holds: they are cut again from the stored search text."""
    held = c.execute(sa.select(t.search).where(t.search.c.document.in_(documents))).all()
    if not held:
        return
    if c.dialect.name == "sqlite":
        words = [{"place": row.place, "words": _words(row.title, row.body, quote="")} for row in held]
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

    `after`: a place from an earlier answer. `since`, `until`: ISO days of publication. A query without letter or digit finds nothing.
    """
    phrases = parse(query)
    if not phrases:
        return Hits((), None)
    sql, values = _matching(c, phrases)
    where, more = _filters(after, source, since, until, presence)
    tested = "" if all(phrase.sure for phrase in phrases) or c.dialect.name == "sqlite" else " + 0"
    statement = sa.text(f"{sql}{where} AND d.withheld IS NULL ORDER BY s.place{tested} DESC LIMIT :limit")
    rows = c.execute(statement, {**values, **more, "limit": limit + 1}).all()
    hits, seen = [], set()
    for row in rows[:limit]:
        if row.document not in seen:
            seen.add(row.document)
            hits.append(Hit(row.place, row.document))
    return Hits(tuple(hits), rows[limit - 1].place if len(rows) > limit else None)


def _matching(c: Connection, phrases: Sequence[Phrase]) -> tuple[str, dict[str, object]]:
    values: dict[str, object] = {}
    if c.dialect.name == "sqlite":
        terms = [f'"{token}"' for phrase in phrases for token in phrase.exact] + [f'"{p.prefix}"*' for p in phrases if p.prefix]
        values["terms"] = " AND ".join(terms)
        sql = "SELECT s.place, s.document FROM search_index i CROSS JOIN search s ON s.place = i.rowid JOIN documents d ON d.id = s.document WHERE search_index MATCH :terms"
        position = "instr"
    else:
        terms = [f"'{token}'" for phrase in phrases for token in phrase.exact] + [f"'{p.prefix}':*" for p in phrases if p.prefix]
        values["terms"] = " & ".join(terms)
        sql = "SELECT s.place, s.document FROM search s JOIN documents d ON d.id = s.document WHERE s.words @@ CAST(:terms AS tsquery)"
        position = "strpos"
    for number, phrase in enumerate(phrases):
        if not phrase.sure:
            sql += f" AND ({position}(s.title, :p{number}) > 0 OR {position}(s.body, :p{number}) > 0)"
            values[f"p{number}"] = phrase.text
    return sql, values


def _filters(
    after: int | None, source: str | None, since: str | None, until: str | None, presence: str | None
) -> tuple[str, dict[str, object]]:
    where, values = "", {}
    if after is not None:
        where, values["after"] = where + " AND s.place < :after", after
    if source is not None:
        where, values["source"] = where + " AND d.source = :source", source
    if presence is not None:
        where, values["presence"] = where + " AND d.presence = :presence", presence
    if since is not None:
        where, values["since"] = where + " AND s.place >= :since", date.fromisoformat(since).toordinal() << DAY
    if until is not None:
        where, values["until"] = where + " AND s.place < :until", (date.fromisoformat(until).toordinal() + 1) << DAY
    return where, values
