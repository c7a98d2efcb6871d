"""What `export` writes: lines as they come, a file's digest while it is written, where an interrupted one goes on, what it was made of."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from crawler.cli import output, sheets, sink, streams
from crawler.cli.attached import Files
from crawler.errors import CannotError
from crawler.monitor.told import told
from crawler.repository import exports
from crawler.repository.database import Connection
from crawler.repository.exports import Choice, State

Items = Iterable[Mapping[str, Any]]
EVERY = 1000  # items after which the place is noted


class Form(StrEnum):
    """How it is written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    SQLITE = "sqlite"


class What(StrEnum):
    """What is written."""

    RECORDS = "records"
    VERSIONS = "versions"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Order:
    """An export as it was asked for. `after`: line of the ledger; `said`: what it was narrowed by, by name, for the manifest."""

    what: What
    form: Form
    choice: Choice
    after: int
    bom: bool
    tables: Path | None
    said: Mapping[str, Any]
    files: Files | None = None

    @property
    def mark(self) -> str:
        """Two orders with one mark are the same order."""
        asked = [
            self.what,
            self.form,
            self.after,
            self.bom,
            str(self.tables),
            str(self.files and self.files.folder),
            self.choice.texts,
            sorted(self.said.items()),
        ]
        return hashlib.sha256(json.dumps(asked, ensure_ascii=False, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it. `cursor`: a line of the ledger; who asks for the changes behind it misses nothing."""

    count: int
    tables: int
    cursor: int
    bytes: int
    sha256: str


# ------------------------------------------------------------------ what is written
def items(c: Connection, order: Order, key: Any = None) -> Iterator[tuple[Any, dict[str, Any]]]:
    """(what to go on behind, item) of everything that is to be written behind a key. None for a key: there is no going on here."""
    if order.what is What.RECORDS:
        for item in exports.records(c, order.choice, after=key or ""):
            yield item["id"], _timed(item)
    elif order.what is What.VERSIONS:
        for item in exports.versions(c, order.choice, after=(key[0], key[1]) if key else ("", 0)):
            yield [item["id"], item["version"]], _timed(item)
    else:
        for step in exports.steps(c, order.choice, after=order.after if key is None else key, first=order.after):
            said = told(step.line)
            yield step.line.seq, {"op": step.operation, **said.data, "why": said.why, "record": step.record}


def _timed(item: dict[str, Any]) -> dict[str, Any]:
    for name in sheets.TIMES:
        item[name] = output.iso(item[name])
    return item


def line_of(order: Order) -> Callable[[Mapping[str, Any]], str]:
    """How an item becomes a line."""
    if order.form is not Form.CSV:
        return lambda item: output.json_text(item, everything=True)
    return sheets.change_line if order.what is What.CHANGES else sheets.record_line


def head_of(order: Order) -> str:
    """What stands before the first line."""
    if order.form is not Form.CSV:
        return ""
    return sheets.head(sheets.CHANGED if order.what is What.CHANGES else sheets.COLUMNS, mark=order.bom)


def _tables(c: Connection, order: Order, item: Mapping[str, Any]) -> int:
    """Write an item's tables as files, and the documents it links to; how many tables. Raises CannotError."""
    if order.files is not None and order.what is not What.CHANGES:
        order.files.put(c, item)
    if order.tables is None or order.what is What.CHANGES:
        return 0
    try:
        order.tables.mkdir(parents=True, exist_ok=True)
        return sheets.write_tables(order.tables, item)
    except OSError as error:
        raise CannotError(
            f"cannot write tables to {order.tables}: {error.strerror or error}", remedy="choose another place with --tables"
        ) from error


# ------------------------------------------------------------------ where it goes
@dataclass
class Place:
    """How far an export has come: kept beside it, so that the same order goes on there. `key`: what was written last."""

    mark: str
    cursor: int
    key: Any = None
    count: int = 0
    tables: int = 0
    bytes: int = 0


def to_stream(c: Connection, order: Order, to: str, cursor: int) -> Written:
    """Lines to a file that is replaced at the end, a device, or standard output. Raises UsageError, CannotError."""
    line, digest, place = line_of(order), hashlib.sha256(), Place("", cursor)
    stdout = to in sink.STDOUT and order.form is Form.JSONL
    with sink.written(to) as write:

        def put(text: str) -> None:
            encoded = text.encode()
            digest.update(encoded)
            place.bytes += len(encoded)
            write(text)

        put(head_of(order))
        for _, item in items(c, order):
            place.tables += _tables(c, order, item)
            put(output.json_text(item) if stdout else line(item))
            place.count += 1
            if streams.nobody_reads():
                break
    return Written(place.count, place.tables, cursor, place.bytes, digest.hexdigest())


@contextlib.contextmanager
def resumed(c: Connection, order: Order, to: str, cursor: int) -> Iterator[tuple[Path, Written]]:
    """(file, what is in it) of an export that goes on where the same order was interrupted, and whose place is noted as it goes. Whoever
    has it puts the file where it belongs; the note goes then. Raises CannotError; what was written stays for the next try."""
    target = Path(os.path.realpath(to))
    partial, note = target.with_name(f".{target.name}.partial"), target.with_name(f".{target.name}.place")
    try:
        with _alone(partial):
            place, digest = _place(partial, note, order, cursor)
            with partial.open("r+b") as file:
                file.truncate(place.bytes)
                file.seek(place.bytes)
                _go_on(c, order, place, digest, file, note)
                os.fsync(file.fileno())
            yield partial, Written(place.count, place.tables, place.cursor, place.bytes, digest.hexdigest())
            note.unlink(missing_ok=True)
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise CannotError(
            f"cannot write {to}: {error.strerror or error}", remedy="when there is room, the same command goes on where it was"
        ) from error


def _go_on(c: Connection, order: Order, place: Place, digest: Any, file: Any, note: Path) -> None:
    line = line_of(order)

    def put(text: str) -> None:
        encoded = text.encode()
        digest.update(encoded)
        place.bytes += len(encoded)
        file.write(encoded)

    if not place.bytes:
        put(head_of(order))
    for key, item in items(c, order, place.key):
        place.tables += _tables(c, order, item)
        put(line(item))
        place.count += 1
        if key is not None and place.count % EVERY == 0:
            place.key = key
            file.flush()
            os.fsync(file.fileno())
            _noted(note, place)
    file.flush()


def _noted(note: Path, place: Place) -> None:
    partial = note.with_name(note.name + ".new")
    partial.write_text(json.dumps(asdict(place)), "utf-8")
    os.replace(partial, note)


def _place(partial: Path, note: Path, order: Order, cursor: int) -> tuple[Place, Any]:
    """Where to go on, with the digest of what is there; at the beginning where there is nothing, or of another order."""
    digest = hashlib.sha256()
    try:
        place = Place(**json.loads(note.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return Place(order.mark, cursor), digest
    if place.mark != order.mark or partial.stat().st_size < place.bytes:
        return Place(order.mark, cursor), digest
    left = place.bytes
    with partial.open("rb") as file:
        while left:
            some = file.read(min(left, 1 << 20))
            digest.update(some)
            left -= len(some)
    output.note(f"going on behind {output.plural(place.count, 'item')}")
    return place, digest


@contextlib.contextmanager
def _alone(partial: Path) -> Iterator[None]:
    """Nobody else writes there. Raises CannotError."""
    import fcntl

    with partial.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotError(
                f"another export writes {partial.name.strip('.').removesuffix('.partial')}",
                remedy="wait for it, or name another file",
            ) from error
        yield


def spooled(path: Path) -> Iterator[dict[str, Any]]:
    """The items of a file of lines."""
    with path.open(encoding="utf-8") as file:
        for text in file:
            yield json.loads(text)


def digest_of(path: Path) -> tuple[int, str]:
    """(bytes, SHA-256) of a file."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, found


# ------------------------------------------------------------------ what it was made of
def sources_of(state: State) -> list[dict[str, Any]]:
    """How fresh every source is."""
    return [
        {
            "id": one.id, "title": one.title, "health": one.health, "enabled": one.enabled, "documents": one.documents,
            "last_ok": output.iso(one.last_ok), "last_new": output.iso(one.last_new), "last_run": one.last_run,
        }
        for one in state.sources
    ]  # fmt: skip


def manifest(order: Order, target: Path, written: Written, state: State, program: str) -> dict[str, Any]:
    """What is in a file, and what it was made of. Holds no moment of its own making: the same data give the same manifest."""
    from crawler.record.schema import record_schema

    schema = json.dumps(record_schema(), ensure_ascii=False, sort_keys=True).encode()
    return {
        "file": target.name, "what": str(order.what), "form": str(order.form), "count": written.count, "bytes": written.bytes,
        "sha256": written.sha256, "narrowed": dict(order.said), "after": order.after, "cursor": written.cursor,
        "not_looked_through": order.choice.unindexed, "program": program,
        "schema": {"database": state.revision, "record": f"sha256:{hashlib.sha256(schema).hexdigest()}"},
        "sources": sources_of(state),
    }  # fmt: skip


MEDIA = {
    Form.JSONL: "application/jsonl",
    Form.CSV: "text/csv",
    Form.PARQUET: "application/vnd.apache.parquet",
    Form.SQLITE: "application/vnd.sqlite3",
}


def descriptor(order: Order, target: Path, written: Written, state: State) -> dict[str, Any]:
    """A data package (Frictionless, specification 1) with this file as its resource."""
    columns = sheets.CHANGED if order.what is What.CHANGES else sheets.COLUMNS
    resource: dict[str, Any] = {
        "name": str(order.what), "path": target.name, "format": str(order.form), "mediatype": MEDIA[order.form],
        "bytes": written.bytes, "hash": f"sha256:{written.sha256}",
    }  # fmt: skip
    if order.form is Form.CSV:
        fields = [{"name": name, "type": "integer" if name in sheets.NUMBERS else "string"} for name in columns]
        keys = {What.RECORDS: ["id"], What.VERSIONS: ["id", "version"]}.get(order.what)
        schema = {"fields": fields, "missingValues": [""], **({"primaryKey": keys} if keys else {})}
        dialect = {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True}
        resource |= {"profile": "tabular-data-resource", "encoding": "utf-8", "dialect": dialect, "schema": schema}
    elif order.form is Form.JSONL:
        resource["encoding"] = "utf-8"
    return {
        "profile": "data-package",
        "name": f"gongkai-{order.what}",
        "title": f"{order.what} of the archive",
        "resources": [resource],
        "sources": [{"title": one.title or one.id} for one in state.sources],
    }


def beside(target: Path, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Write JSON files beside one. Raises CannotError."""
    for suffix, value in values.items():
        with sink.written(f"{target}.{suffix}.json") as write:
            write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
