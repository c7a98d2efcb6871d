"""An export as one SQLite file that Datasette opens well: tables that refer to each other, an index of the words, what it was made of."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from crawler.cli import sheets
from crawler.cli.exporting import What

AT_ONCE = 1000
FLAT = tuple(name for name in sheets.COLUMNS if name not in ("attachments", "tables"))
TRIGRAMS = (3, 34)  # SQLite that can index texts without blanks between words
ABOUT = """CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE sources (id TEXT PRIMARY KEY, title TEXT, health TEXT, enabled INTEGER, documents INTEGER, last_ok TEXT, last_new TEXT, last_run TEXT);
"""
PARTS = """CREATE TABLE attachments ({keys}, position INTEGER, name TEXT, url TEXT, media_type TEXT, PRIMARY KEY ({names}, position), {refers});
CREATE TABLE tables ({keys}, position INTEGER, caption TEXT, header INTEGER, "rows" TEXT, PRIMARY KEY ({names}, position), {refers});
CREATE TABLE people ({keys}, position INTEGER, role TEXT, name TEXT, PRIMARY KEY ({names}, position), {refers});
"""


def write(path: Path, what: What, items: Iterable[Mapping[str, Any]], sources: Iterable[Mapping[str, Any]]) -> int:
    """Write items and the sources; how many items. The same items give the same bytes. Raises sqlite3.Error."""
    count = 0
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.executescript(
            "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA application_id = 0;"
        )
        c.executescript(ABOUT + _tables(what))
        _insert(c, "sources", [tuple(one.values()) for one in sources])
        following = iter(items)
        while some := list(islice(following, AT_ONCE)):
            c.execute("BEGIN")
            for name, rows in _rows(what, some).items():
                _insert(c, name, rows)
            c.execute("COMMIT")
            count += len(some)
        _finish(c, what)
    return count


def note(path: Path, values: Mapping[str, Any]) -> None:
    """Write what it was made of into it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.execute("PRAGMA journal_mode = OFF")
        c.execute("BEGIN")
        _insert(
            c,
            "about",
            [
                (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
                for name, value in values.items()
            ],
        )
        c.execute("COMMIT")


def _tables(what: What) -> str:
    if what is What.CHANGES:
        columns = ", ".join(_column(name) for name in sheets.CHANGED)
        return f"CREATE TABLE changes ({columns}, record TEXT, FOREIGN KEY (source) REFERENCES sources(id));"
    key = "id" if what is What.RECORDS else "id, version"
    own = {"id": "record TEXT", "id, version": "record TEXT, version INTEGER"}[key]
    names = own.replace(" TEXT", "").replace(" INTEGER", "")
    columns = ", ".join(_column(name) for name in FLAT)
    main = (
        f"CREATE TABLE {what} ({columns}, meta TEXT, PRIMARY KEY ({key}), FOREIGN KEY (archive_source) REFERENCES sources(id));"
    )
    parts = PARTS.format(keys=own, names=names, refers=f"FOREIGN KEY ({names}) REFERENCES {what}({key})")
    return main + parts


def _column(name: str) -> str:
    return f'"{name}" {"INTEGER" if name in sheets.NUMBERS else "TEXT"}'


def _rows(what: What, items: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by table."""
    if what is What.CHANGES:
        return {"changes": [(*(_value(item.get(name)) for name in sheets.CHANGED), _json(item.get("record"))) for item in items]}
    found: dict[str, list[tuple[Any, ...]]] = {str(what): [], "attachments": [], "tables": [], "people": []}
    for item in items:
        own = (item["id"],) if what is What.RECORDS else (item["id"], item["version"])
        values = sheets.flat(item)
        found[str(what)].append((*(_value(values[name]) for name in FLAT), _json(item["meta"])))
        found["attachments"] += _numbered(own, [(one["name"], one["url"], one["media_type"]) for one in item["attachments"]])
        found["tables"] += _numbered(own, [(one["caption"], one["header"], _json(one["rows"])) for one in item.get("tables", ())])
        found["people"] += _numbered(own, [(one["role"], one["name"]) for one in item.get("people", ())])
    return found


def _numbered(own: tuple[Any, ...], rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(rows, 1):
        yield (*own, number, *map(_value, row))


def _value(value: Any) -> Any:
    """As SQLite takes it: half a character pair is none."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _json(value: Any) -> str | None:
    return None if value is None else _value(json.dumps(value, ensure_ascii=False))


def _insert(c: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        c.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _finish(c: sqlite3.Connection, what: What) -> None:
    """Indexes of what Datasette makes facets and references of; the words, found by three neighbouring characters."""
    if what is What.CHANGES:
        c.executescript("CREATE INDEX changes_document ON changes (document); CREATE INDEX changes_seq ON changes (seq);")
        return
    for name in ("archive_source", "published", "work", "doc_no"):
        c.execute(f"CREATE INDEX {what}_{name} ON {what} ({name})")
    if sqlite3.sqlite_version_info >= TRIGRAMS:
        c.execute(f"CREATE VIRTUAL TABLE {what}_fts USING fts5(title, body, content='{what}', tokenize='trigram')")
        c.execute(f"INSERT INTO {what}_fts ({what}_fts) VALUES ('rebuild')")
