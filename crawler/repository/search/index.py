"""The index written: what settle marked as not indexed gets its rows, in blocks and in the order of their keys (`texts.py`)."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.record.content import searched_of
from crawler.record.frame import opened
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, chunks, clean, lock_keys
from crawler.repository.many import many
from crawler.repository.search.facts import FIRST_DAY, day, said
from crawler.repository.search.terms import field_tokens
from crawler.repository.search.texts import DAY, texts
from crawler.text.words import token_text

OWN = ("search_index", "ix_search_words", "words")  # made by a revision, not in `schema.py`: alembic must not compare them
CUT = 64  # rows whose words are held at once: they take six times their text
MERGED = 1000  # pages of the index written in one step of a merge
SQLITE = (
    """CREATE VIRTUAL TABLE search_index
USING fts5 (words, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '.'")""",
    # bytes of new words held before they are written: a block of 1,000 notices becomes one segment, which costs a sixth less
    "INSERT INTO search_index (search_index, rank) VALUES ('hashsize', 8388608)",
)
POSTGRESQL = (
    "ALTER TABLE search ADD COLUMN words tsvector NOT NULL",
    "CREATE INDEX ix_search_words ON search USING gin (words)",
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One document to be indexed: its day, what it is narrowed and counted by, its parts, and the tokens of its fields."""

    day: int
    document: int
    version: int
    facets: Mapping[str, str | int | None]
    parts: Sequence[str]
    fields: str
    contents: tuple[int, ...]

    def words(self, part: int) -> str:
        """The tokens of a part of its text, and those of its fields, which stand with each."""
        return _words(self.parts[part], self.fields)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a row, to be put into the index or taken out of it; they are cut when it is their turn."""

    place: int
    cut: Callable[[], str]
    adds: bool


ALL = (0, 2**63 - 1)


def waiting(c: Connection, limit: int, among: tuple[int, int] = ALL) -> list[int]:
    """The documents that `index` would take, another transaction's included."""
    return list(c.execute(_WAITING, {"most": limit, "first": among[0], "last": among[1]}).scalars())


def give_up(c: Connection, document: int, reason: str) -> None:
    """Leave a document as it stands in the index, if it does, until it has another version or the database is made anew."""
    c.execute(_GIVEN_UP, {"b_id": document, "b_reason": clean(reason)})


def index(c: Connection, limit: int, among: tuple[int, int] = ALL) -> int:
    """Write the search rows of up to `limit` documents that are not indexed, in order of their keys; returns how many documents.

    `among`: the first and the last id that is looked at.

    Withheld documents lose their rows, gone ones keep them. On PostgreSQL, documents that another transaction is changing are
    left for the next call: what is marked as indexed is what was read. One transaction at a time numbers rows.
    """
    lock_keys(c, ["search"])
    documents = c.execute(_UNINDEXED, {"most": limit, "first": among[0], "last": among[1]}).all()
    if not documents:
        return 0
    ids = [row.id for row in documents]
    old = _taken(c, ids)
    files = _files(c, [row.version for row in documents if row.attached and row.withheld is None])
    _write(c, [_entry(row, files.get(row.version, ())) for row in documents if row.withheld is None], old)
    c.execute(_MARK, {"ids": ids})
    if c.dialect.name == "postgresql" and len(ids) < limit:
        # caught up: what the index put off, readers would pay for (112 ms for a query that takes 1 ms, at 20,000 documents)
        c.execute(sa.text("SELECT gin_clean_pending_list('ix_search_words')"))
    return len(ids)


_TO_DO = (
    t.documents.c.indexed == sa.literal_column("0"),  # a literal: the partial index is taken for nothing else
    t.documents.c.id >= sa.bindparam("first", type_=sa.BigInteger),
    t.documents.c.id <= sa.bindparam("last", type_=sa.BigInteger),
)
_UNINDEXED = (
    sa.select(
        t.documents.c.id,
        t.documents.c.withheld,
        t.documents.c.source,
        t.documents.c.attached,
        t.versions.c.id.label("version"),
        t.versions.c.published,
        t.versions.c.record,
    )
    .join(t.versions, t.versions.c.id == t.documents.c.version)
    .where(*_TO_DO)
    .order_by(t.documents.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(of=t.documents, skip_locked=True)
)
_WAITING = sa.select(t.documents.c.id).where(*_TO_DO).order_by(t.documents.c.id).limit(sa.bindparam("most"))
_MARK = t.documents.update().where(t.documents.c.id.in_(sa.bindparam("ids", expanding=True))).values(indexed=1, unsearchable=None)
_GIVEN_UP = (
    t.documents.update().where(t.documents.c.id == sa.bindparam("b_id")).values(indexed=1, unsearchable=sa.bindparam("b_reason"))
)
_ROW = t.search.insert()
_NAMES = ("place", "document", "part", "parts", "version", "source", "channel", "issuer", "category", "written")
_ROW_OF_POSTGRESQL = sa.text(
    f"INSERT INTO search ({', '.join(_NAMES)}, words) VALUES ({', '.join(f':{name}' for name in _NAMES)}, CAST(:words AS tsvector))"
)
_FILES = (
    sa.select(t.attachments.c.version, t.contents.c.id, t.contents.c.text)
    .join(t.versions, t.versions.c.id == t.attachments.c.version)
    .join(t.documents, t.documents.c.id == t.versions.c.document)
    .join(t.urls, t.urls.c.id == t.attachments.c.address)
    .join(t.contents, t.contents.c.id == t.urls.c.content)
    .where(t.attachments.c.version.in_(sa.bindparam("ids", expanding=True)), t.urls.c.id != t.documents.c.url)
    .order_by(t.attachments.c.version, t.attachments.c.position)
)
_HELD_FILES = (
    sa.select(t.search_contents.c.document, t.contents.c.text)
    .join(t.contents, t.contents.c.id == t.search_contents.c.content)
    .where(t.search_contents.c.document.in_(sa.bindparam("ids", expanding=True)))
    .order_by(t.search_contents.c.document, t.search_contents.c.position)
)
_DROP_FILES = t.search_contents.delete().where(t.search_contents.c.document.in_(sa.bindparam("ids", expanding=True)))
_HELD = (
    sa.select(t.search.c.place, t.search.c.document, t.search.c.part, t.search.c.source, t.versions.c.record)
    .join(t.versions, t.versions.c.id == t.search.c.version)
    .where(t.search.c.document.in_(sa.bindparam("ids", expanding=True)))
)
_DROP = t.search.delete().where(t.search.c.document.in_(sa.bindparam("ids", expanding=True)))


def _files(c: Connection, versions: Sequence[int]) -> dict[int, tuple[tuple[int, str], ...]]:
    """Version → (contents, text to be searched) of the documents it links to, each once."""
    found: dict[int, dict[int, str]] = {}
    if versions:
        for row in c.execute(_FILES, {"ids": versions}):
            found.setdefault(row.version, {})[row.id] = searched_of(row.text)
    return {version: tuple(held.items()) for version, held in found.items()}


def _entry(document: AnyRow, files: Sequence[tuple[int, str]]) -> _Entry:
    values, parts, fields = _read(document.record, document.source, [text for _, text in files])
    facets = {
        "source": document.source,
        **{name: clean(said(values, name)) or None for name in ("channel", "issuer", "category")},
        "written": day((values.get("meta") or {}).get("written_date")),
    }
    contents = tuple(number for number, _ in files)
    return _Entry(day(document.published), document.id, document.version, facets, parts, fields, contents)


def _words(part: str, fields: str) -> str:
    return f"{token_text(part)} {fields}"


def _read(record: bytes, source: str, files: Sequence[str]) -> tuple[dict[str, Any], Sequence[str], str]:
    """(the record's values, the parts of its text and of those of the documents it links to, each with its title; its fields' tokens)."""
    written, title, body = opened(record)
    values: dict[str, Any] = json.loads(written)
    fields = field_tokens(values, source, title)
    whole = "|".join(filter(None, (body, *files))) if files else body
    return values, [f"{heading}|{text}" for heading, text in texts(title, whole)], fields


def _write(c: Connection, entries: Sequence[_Entry], old: Sequence[_Words]) -> None:
    """Rows and words, in the order of their keys; the parts of a document have keys that follow each other. `old`: what is taken out of the
    words at the same time."""
    free = _free(c, {entry.day for entry in entries})
    rows: list[dict[str, Any]] = []
    held: list[tuple[_Entry, int]] = []
    for entry in sorted(entries, key=lambda entry: (-entry.day, entry.document)):
        whole = free[entry.day] + len(entry.parts) > (entry.day + 1) << DAY
        its_day = 0 if whole else entry.day
        for part in range(len(entry.parts)):
            row = {
                "place": free[its_day] + part,
                "document": entry.document,
                "part": part,
                "parts": len(entry.parts),
                "version": entry.version,
            }
            rows.append({**row, **entry.facets})
            held.append((entry, part))
        free[its_day] += len(entry.parts)
    contents = [
        {"document": entry.document, "position": position, "content": number}
        for entry in entries
        for position, number in enumerate(entry.contents)
    ]
    if contents:
        c.execute(t.search_contents.insert(), contents)
    order = sorted(range(len(rows)), key=lambda number: rows[number]["place"])
    if c.dialect.name == "sqlite":
        if rows:
            many(c, _ROW, [rows[number] for number in order])
        new = [_Words(rows[number]["place"], partial(held[number][0].words, held[number][1]), adds=True) for number in order]
        _change(c, [*old, *new])
        return
    for some in chunks(order, CUT):
        words = [_quoted(held[number][0].words(held[number][1])) for number in some]
        c.execute(_ROW_OF_POSTGRESQL, [{**rows[number], "words": cut} for number, cut in zip(some, words, strict=True)])


def _change(c: Connection, words: Sequence[_Words]) -> None:
    """Have words taken out and put in, on SQLite, in one order of rows: FTS5 writes what it holds whenever a row comes that is not behind
    the last one (100 edits by chance took 300 ms, in order 150)."""
    for some in chunks(sorted(words, key=lambda one: (one.place, one.adds)), CUT):
        c.exec_driver_sql(
            "INSERT INTO search_index (search_index, rowid, words) VALUES (?, ?, ?)",
            [(None if one.adds else "delete", one.place, one.cut()) for one in some],
        )


def _quoted(words: str) -> str:
    """No token holds a quote or a blank: they are letters, digits, points and the joint."""
    return " ".join(f"'{token}'" for token in set(words.split()))


def _free(c: Connection, days: set[int]) -> dict[int, int]:
    """The first free place of each day, and of what has no day."""
    asked = sorted({0, *days})
    sqlite = c.dialect.name == "sqlite"
    listed = "json_each(:days)" if sqlite else "unnest(CAST(:days AS bigint[])) AS listed(value)"
    end = f"CASE value WHEN 0 THEN {FIRST_DAY} ELSE value + 1 END << {DAY}"
    last = f"SELECT max(place) FROM search WHERE place >= value << {DAY} AND place < {end}"
    found = c.execute(sa.text(f"SELECT value, ({last}) FROM {listed}"), {"days": json.dumps(asked) if sqlite else asked})
    return {day: day << DAY if last is None else last + 1 for day, last in found}


def forget(c: Connection, documents: Sequence[int]) -> None:
    """Take documents out of the index."""
    _change(c, _taken(c, documents))


def _taken(c: Connection, documents: Sequence[int]) -> list[_Words]:
    """Drop the rows of documents; what is still to be taken out of the words, on SQLite. A contentless index must be told the very words
    it holds: they are cut again from the texts it was told of, which must not have been written anew meanwhile."""
    held = c.execute(_HELD, {"ids": documents}).all()
    if not held:
        return []
    files: dict[int, list[str]] = {}
    for row in c.execute(_HELD_FILES, {"ids": documents}):
        files.setdefault(row.document, []).append(searched_of(row.text))
    if files:
        c.execute(_DROP_FILES, {"ids": documents})
    c.execute(_DROP, {"ids": documents})
    if c.dialect.name != "sqlite":
        return []
    return [_Words(row.place, partial(_held_words, row, files.get(row.document, ())), adds=False) for row in held]


def _held_words(row: AnyRow, files: Sequence[str]) -> str:
    _, parts, fields = _read(row.record, row.source, files)
    return _words(parts[row.part], fields)


def merge(c: Connection) -> bool:
    """One step towards an index in one piece, which takes a tenth less; False when it is, and on PostgreSQL, which sees to that itself.

    For the end of a back-fill: steps are short, what they cost altogether grows with all there is (0.1 s for 1,000 notices).
    """
    if c.dialect.name != "sqlite":
        return False
    held = c.connection.driver_connection
    assert isinstance(held, sqlite3.Connection)
    before = held.total_changes
    c.exec_driver_sql("INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)", (-MERGED,))
    return held.total_changes - before > 1  # the command itself counts as one
