"""An export as a Parquet file (the extra `parquet`): typed columns, a row group at a time."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crawler.cli import sheets
from crawler.cli.exporting import What
from crawler.errors import UsageError

ROWS = 2000  # of a row group, at most
CHARACTERS = 8_000_000  # of its texts, about


def check() -> None:
    """Raises UsageError where the extra is not installed."""
    try:
        import pyarrow as pa  # noqa: F401
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow", remedy="pip install 'gongkai[parquet]', or use --as csv") from error


def write(path: Path, what: What, items: Iterable[Mapping[str, Any]]) -> int:
    """Write items; how many. The same items give the same bytes. Raises OSError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(pa, what)
    count = held = 0
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for item in items:
            row = _row(what, item)
            rows.append(row)
            held += sum(len(value) for value in row.values() if isinstance(value, str))
            count += 1
            if len(rows) >= ROWS or held >= CHARACTERS:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows, held = [], 0
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return count


def _schema(pa: Any, what: What) -> Any:
    columns = sheets.CHANGED if what is What.CHANGES else sheets.COLUMNS
    fields = [(name, pa.int64() if name in sheets.NUMBERS else pa.string()) for name in columns]
    if what is What.CHANGES:
        return pa.schema([*fields, ("record", pa.string())])
    file = pa.struct([("name", pa.string()), ("url", pa.string()), ("media_type", pa.string())])
    own = {"attachments": pa.list_(file), "meta": pa.string(), "tables": pa.string()}
    return pa.schema([*((name, own.get(name, kind)) for name, kind in fields), ("meta", pa.string())])


def _row(what: What, item: Mapping[str, Any]) -> dict[str, Any]:
    if what is What.CHANGES:
        return {**{name: _value(item.get(name)) for name in sheets.CHANGED}, "record": _json(item.get("record"))}
    files = [{name: _value(file[name]) for name in ("name", "url", "media_type")} for file in item["attachments"]]
    values = {name: _value(value) for name, value in sheets.flat(item).items()}
    return {**values, "attachments": files, "meta": _json(item["meta"]), "tables": _json(item.get("tables", []))}


def _value(value: Any) -> Any:
    """As Parquet takes it: half a character pair is none."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _json(value: Any) -> str | None:
    return None if value is None else str(_value(json.dumps(value, ensure_ascii=False)))
