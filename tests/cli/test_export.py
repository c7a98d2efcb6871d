"""`export`: every form holds what is in the archive and nothing that runs; the same data are the same bytes; beside it, what it was made of."""

import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from crawler.cli import columnar, lite, sheets
from crawler.cli.exporting import What
from crawler.cli.main import run
from crawler.record.notice import Attachment, Pair, Person, Place, Record
from crawler.record.serial import as_json
from crawler.record.tables import Table

Home = Any  # the fixture's class lives in conftest, which tests do not import
STRINGS = [
    "=1+1",
    "+86-10",
    "@SUM(1)",
    "\t=1",
    "a,b\"c'd\r\ne",
    "NUL\0here",
    "\u202egnp.exe",
    "\ufeffx",
    "𠮷<script>",
    "'; DROP TABLE records;--",
    "",
]


def item(number: int, text: str) -> dict[str, Any]:
    """An exported record with this text in every field."""
    record = Record(
        title=text, channel=text, published="2024-05-31", source=text, clicks=number, body=(text, text), meta={"doc_no": text, "issuer": text},
        attachments=(Attachment("http://example.test/" + text, text, None),), people=(Person(text, text),), labels=(Pair(text, text),),
        tables=(Table(0, text, 1, ((text, "1"),)),), url="http://example.test/", incomplete=text,
        capture=Place(f"c-{number:012}", text, 0, 9, "sha256:x", "2024-05-31T00:00:00Z"),
    )  # fmt: skip
    head = {"id": f"{number:012}", "version": 1, "work": "w", "archive_source": "s", "presence": "here"}
    return {**head, **dict.fromkeys(sheets.TIMES, "2024-05-31T00:00:00Z"), **as_json(record)}


def exported(home: Home, *more: str) -> int:
    """The exit code of an export."""
    return run(["--config", str(home.path), "export", *more])


@pytest.fixture
def naughty(request: pytest.FixtureRequest) -> list[str]:
    """Our own strings; where the shared suites are at hand theirs too."""
    import os

    folder = os.environ.get("GONGKAI_SHARED")
    if not folder:
        return STRINGS
    suites = Path(folder) / "suites"
    more = [case["text"] for case in json.loads((suites / "csv-formula.json").read_text("utf-8"))]
    return [*STRINGS, *more, *json.loads((suites / "blns.json").read_text("utf-8"))]


# ------------------------------------------------------------------ strings
def test_no_string_is_a_formula_or_breaks_a_line_of_csv(naughty: list[str]) -> None:
    text = sheets.head() + "".join(sheets.record_line(item(number, one)) for number, one in enumerate(naughty))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(sheets.MARK), newline="")))
    assert len(rows) == len(naughty)
    for number, row in enumerate(rows):
        assert row["id"] == f"{number:012}"
        assert None not in row
        for value in row.values():
            assert sheets.harmless(value) == value or value.startswith("'"), value


def whole(text: str) -> str:
    """A text as a database can hold it."""
    return text.encode("utf-8", "replace").decode()


def test_every_string_comes_back_from_sqlite_and_parquet_as_it_was(naughty: list[str], tmp_path: Path) -> None:
    items = [item(number, one) for number, one in enumerate(naughty)]
    assert lite.write(tmp_path / "a.sqlite", What.RECORDS, items, []) == len(items)
    assert columnar.write(tmp_path / "a.parquet", What.RECORDS, items) == len(items)
    with sqlite3.connect(tmp_path / "a.sqlite") as c:
        told = c.execute("SELECT title, source, doc_no, body FROM records ORDER BY id").fetchall()
        assert c.execute("SELECT name, url FROM attachments ORDER BY record").fetchall() == [
            (whole(one), "http://example.test/" + whole(one)) for one in naughty
        ]
        assert c.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    for one, row, kept in zip(naughty, rows, told, strict=True):
        expected = (whole(one), whole(one), whole(one), whole(f"{one}\n{one}"))
        assert (row["title"], row["source"], row["doc_no"], row["body"]) == expected == kept
        assert row["attachments"][0]["name"] == whole(one)


# ------------------------------------------------------------------ the command
@pytest.mark.parametrize("what", ["", "--versions", "--changes"])
def test_the_same_data_are_the_same_bytes_in_every_form_also_in_parts(home: Home, tmp_path: Path, what: str) -> None:
    home.crawl("lanwan")
    for form in ("jsonl", "csv", "parquet", "sqlite"):
        first, second = tmp_path / f"first.{form}", tmp_path / f"second.{form}"
        more = [what] if what else []
        assert exported(home, "--as", form, "--to", str(first), *more) == 0
        assert exported(home, "--as", form, "--to", str(second), "--resume", *more) == 0
        assert first.read_bytes() == second.read_bytes(), form
        told = json.loads(Path(f"{first}.manifest.json").read_text("utf-8"))
        assert told["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
        assert (told["count"], told["bytes"]) == (15, first.stat().st_size)
        assert {one["id"]: one["documents"] for one in told["sources"]}["lanwan"] == 15
        package = json.loads(Path(f"{first}.datapackage.json").read_text("utf-8"))
        assert package["resources"][0]["hash"] == f"sha256:{told['sha256']}"
        assert package["resources"][0]["path"] == first.name
    with (tmp_path / "first.csv").open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file))
    described = json.loads((tmp_path / "first.csv.datapackage.json").read_text("utf-8"))["resources"][0]["schema"]["fields"]
    assert names == [field["name"] for field in described]


def test_an_export_is_narrowed_as_a_search_is(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan", "qinghe")
    capsys.readouterr()

    def ids(*more: str) -> set[str]:
        assert run(["--config", str(home.path), *more]) == 0
        return {json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()}

    for narrowed in (
        ["公告"],
        ["-公告", "--source", "qinghe"],
        ["--until", "2024-06"],
        ["title:公示", "--presence", "here"],
        ["通知 OR 公示"],
    ):
        found = ids("search", "--json", "--limit", "1000", *narrowed)
        assert found
        assert ids("export", *narrowed) == found, narrowed
    assert exported(home, "--source", "nobody") == 2
    assert exported(home, "(公告") == 2
    assert exported(home, "--versions", "--changes") == 2
    assert exported(home, "--after", "3") == 2
    assert exported(home, "--as", "parquet") == 2
    assert exported(home, "--as", "sqlite", "--to", str(tmp_path)) == 2
    assert exported(home, "--resume") == 2


def test_who_follows_the_cursor_has_what_a_new_export_has(home: Home, site: Any, tmp_path: Path) -> None:
    home.crawl("lanwan")
    assert exported(home, "--to", str(tmp_path / "all.jsonl")) == 0
    cursor = json.loads((tmp_path / "all.jsonl.manifest.json").read_text("utf-8"))["cursor"]
    held: dict[str, Mapping[str, Any]] = {line["id"]: line for line in lines(tmp_path / "all.jsonl")}
    site.change()
    home.crawl("lanwan")
    assert exported(home, "--changes", "--after", str(cursor), "--to", str(tmp_path / "steps.jsonl")) == 0
    told = lines(tmp_path / "steps.jsonl")
    assert "edit" in {step["op"] for step in told}
    texts = {name: line["body"] for name, line in held.items()} | {
        step["document"]: step["record"]["body"] for step in told if step["record"]
    }
    assert exported(home, "--to", str(tmp_path / "again.jsonl"), "--bare") == 0
    assert texts == {line["id"]: line["body"] for line in lines(tmp_path / "again.jsonl")}
    assert not Path(f"{tmp_path / 'again.jsonl'}.manifest.json").exists()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_datasette_finds_keys_references_and_an_index_of_words(home: Home, tmp_path: Path) -> None:
    home.crawl("lanwan")
    assert exported(home, "--as", "sqlite", "--to", str(tmp_path / "all.db")) == 0
    with sqlite3.connect(tmp_path / "all.db") as c:
        assert [row[5] for row in c.execute("PRAGMA table_info(records)") if row[1] == "id"] == [1]
        assert {row[2] for row in c.execute("PRAGMA foreign_key_list(records)")} == {"sources"}
        assert {row[2] for row in c.execute("PRAGMA foreign_key_list(attachments)")} == {"records"}
        assert c.execute("PRAGMA foreign_key_check").fetchall() == []
        assert c.execute("SELECT count(*) FROM records_fts WHERE records_fts MATCH '长兴岛'").fetchone()[0] > 0
        assert "cursor" in dict(c.execute("SELECT name, value FROM about"))
    assert exported(home, "--as", "csv", "--no-bom", "--to", str(tmp_path / "plain.csv")) == 0
    assert (tmp_path / "plain.csv").read_bytes().startswith(b"id,")
