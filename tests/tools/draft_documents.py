"""For maintainers: writes docs/record.md and docs/tables.md anew, from the record's JSON Schema and from the tables' definitions."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crawler.parsers.labels import LABELS
from crawler.record.schema import record_schema
from crawler.repository.schema import metadata

DOCS = Path(__file__).parent.parent.parent / "docs"
DIGEST = "sha256:" + "A" * 52
EXAMPLE: dict[str, Any] = {  # a notice that nobody published
    "title": "关于2024年社区食堂布点的公示",
    "channel": "民生服务",
    "published": "2024-12-22 09:30",
    "source": "示例区民政局",
    "clicks": 128,
    "body": ["今年计划新开社区食堂2处。", "名称 地址 座位", "北街食堂 北街1号 60"],
    "attachments": [{"url": "http://www.example.gov.cn/xxgk/P020241222.docx", "name": "附件1：布点方案", "media_type": "docx"}],
    "tables": [{"at": 1, "caption": None, "header": 1, "rows": [["名称", "地址", "座位"], ["北街食堂", "北街1号", "60"]]}],
    "images": [{"at": 1, "url": "http://www.example.gov.cn/xxgk/map.png", "alt": "布点图"}],
    "people": [{"role": "责任编辑", "name": "王小明"}],
    "meta": {
        "index_no": "000014349/2024-00123",
        "doc_no": "示民〔2024〕5号",
        "issuer": "示例区民政局",
        "written_date": "2024-12-20",
        "category": "民政",
        "labels": [{"label": "发文字号", "value": "示民〔2024〕5号"}],
    },
    "url": "http://www.example.gov.cn/xxgk/t20241222_1007.html",
    "final_url": "http://www.example.gov.cn/xxgk/t20241222_1007.html",
    "site": {"code": "2100000001", "name": "示例区人民政府"},
    "provenance": {
        "published": {
            "rule": "meta:PubDate",
            "raw": "2024-12-22 09:30",
            "disagrees": "",
            "version": 1,
            "against": ["line"],
            "confidence": 0.98,
            "refused": ["line: 2024-02-30: no such day"],
        }
    },
    "incomplete": None,
    "capture": {
        "id": "c-7k3m9q2x1vtd", "file": "gongkai-20241222013000-00001.warc.gz", "offset": 4096, "length": 8192, "digest": DIGEST,
        "time": "2024-12-22T01:30:00Z",
    },
    "further": [
        {
            "id": "c-1b8n4c6w9hzp", "file": "gongkai-20241222013000-00001.warc.gz", "offset": 12288, "length": 2048, "digest": DIGEST,
            "time": "2024-12-22T01:30:04Z",
        }
    ],
}  # fmt: skip


# ------------------------------------------------------------------ the record
def kind(part: Mapping[str, Any]) -> str:
    """What a key holds, in a word or two."""
    if "anyOf" in part:
        return " or ".join(kind(each) for each in part["anyOf"])
    if "$ref" in part:
        return str(part["$ref"]).rpartition("/")[2]
    if part.get("type") == "array":
        return f"list of {kind(part['items'])}" if part.get("items") else "list"
    return str(part.get("type", "anything"))


def keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """(key, type, example, description) of every key."""
    for name, part in schema["properties"].items():
        yield name, kind(part), shown(EXAMPLE[name]), str(part.get("description", ""))


def shown(value: object) -> str:
    """An example as JSON on one line."""
    return json.dumps(value, ensure_ascii=False).replace("|", "\\|")


def first(name: str) -> Mapping[str, Any]:
    """The example of a part of a record, by the part's name."""
    places = {
        "Attachment": EXAMPLE["attachments"][0], "Image": EXAMPLE["images"][0], "Person": EXAMPLE["people"][0], "Table": EXAMPLE["tables"][0],
        "Pair": EXAMPLE["meta"]["labels"][0], "Place": EXAMPLE["capture"], "Site": EXAMPLE["site"],
        "Witness": EXAMPLE["provenance"]["published"],
    }  # fmt: skip
    found: Mapping[str, Any] = places[name]
    return found


def record_page() -> str:
    """docs/record.md."""
    schema = record_schema()
    lines = [
        "# The record",
        "",
        "What `gongkai show --as json`, `gongkai export`, `gongkai parse --json` and the API give of a notice: one JSON object, by",
        "[record.schema.json](record.schema.json). Those that know the archive add keys of their own beside these (id, version, times).",
        "This page is written by `python tests/tools/draft_documents.py`; the example validates.",
        "",
        "| key | holds | example | |",
        "|---|---|---|---|",
        *(f"| `{name}` | {what} | `{example}` | {said} |" for name, what, example, said in keys(schema)),
    ]
    for name, part in sorted(schema["$defs"].items()):
        lines += ["", f"## {name}", "", str(part.get("description", "")), "", "| key | holds | example |", "|---|---|---|"]
        lines += [f"| `{key}` | {kind(each)} | `{shown(first(name)[key])}` |" for key, each in part["properties"].items()]
    lines += [
        "",
        "## meta",
        "",
        "Its keys, and the labels on pages that they are read from; a page's other labels stand in `labels` only.",
        "",
    ]
    lines += ["| key | labels |", "|---|---|", *(f"| `{key}` | {said} |" for key, said in sorted(LABELS.items()))]
    lines += ["", "## A whole record", "", "```json", json.dumps(EXAMPLE, ensure_ascii=False, indent=2), "```", ""]
    return "\n".join(lines)


# ------------------------------------------------------------------ the tables
def tables_page() -> str:
    """docs/tables.md: a diagram that GitHub and others draw (Mermaid), then every table with its columns."""
    tables = sorted(metadata.tables.values(), key=lambda table: table.name)
    lines = [
        "# The tables",
        "",
        "Written by `python tests/tools/draft_documents.py` from `crawler/repository/schema.py`. Times are milliseconds since 1970, UTC.",
        "Ask the views (`v_documents`, `v_versions`, `v_looks`, `v_captures`, `v_changes`, `v_sources`), not these: tables may change.",
        "",
        "```mermaid",
        "erDiagram",
        *sorted({f"    {to} ||--o{{ {table.name} : {column}" for table in tables for column, to in references(table)}),
        *(f"    {table.name}" for table in tables if not touched(table, tables)),
        "```",
    ]
    for table in tables:
        lines += ["", f"## {table.name}", "", "| column | type | |", "|---|---|---|"]
        lines += [f"| `{column.name}` | {type_of(column)} | {notes(column)} |" for column in table.columns]
    return "\n".join([*lines, ""])


def references(table: sa.Table) -> list[tuple[str, str]]:
    """(column, table it refers to) of every foreign key."""
    return sorted((key.parent.name, key.column.table.name) for key in table.foreign_keys)


def touched(table: sa.Table, tables: list[sa.Table]) -> bool:
    """Does it refer to another, or another to it?"""
    return bool(table.foreign_keys) or any(to == table.name for other in tables for _, to in references(other))


def type_of(column: sa.Column[Any]) -> str:
    """A column's type on PostgreSQL, in small letters."""
    return str(column.type.compile(dialect=sa.create_engine("postgresql+psycopg://").dialect)).partition(" COLLATE")[0].lower()


def notes(column: sa.Column[Any]) -> str:
    """Key, reference, whether it may be empty."""
    said = ["key"] if column.primary_key else []
    said += [f"→ {key.column.table.name}" for key in column.foreign_keys]
    said += ["unique"] if column.unique else []
    return ", ".join([*said, *(["may be empty"] if column.nullable else [])])


PAGES = {"record.md": record_page, "tables.md": tables_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
