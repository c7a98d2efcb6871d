"""Records and tables for spreadsheets and for people: nothing is a formula, and a table looks like one."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.sheets import body_lines, drawn, harmless, write_tables
from tests.cli.test_commands import gongkai
from tests.conftest import Home

RECORD: dict[str, Any] = {
    "id": "7k3m",
    "version": 2,
    "body": ["各单位：", "得分表", "姓名\t得分", "王小禾\t92", "\t=1+1", "特此通知。"],
    "tables": [
        {"at": 1, "caption": None, "header": 2, "rows": [["得分表", "得分表"], ["姓名", "得分"], ["王小禾", "92"], ["", "=1+1"]]}
    ],
}


@pytest.mark.parametrize("text", ["=1+1", "+86-10", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "－2+3", "-", "+1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text).startswith("'")


@pytest.mark.parametrize("text", ["2024-06-13", "-5", "-12.5", "-1,234.50", "-7%", "——附件1", "a=b", "", "第一行\n=不是"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_the_cells_of_the_shared_suite_are_harmless_and_whole(shared: Path) -> None:
    for case in json.loads((shared / "suites" / "csv-formula.json").read_text("utf-8")):
        assert (harmless(case["text"]) != case["text"]) == case["must_be_neutralised"], case


def test_each_table_is_a_file_that_reads_back(tmp_path: Path) -> None:
    assert write_tables(tmp_path, RECORD) == 1
    (file,) = tmp_path.iterdir()
    assert file.name == "7k3m.2-1.csv"
    with file.open(encoding="utf-8-sig", newline="") as read:
        assert list(csv.reader(read)) == [["得分表", "得分表"], ["姓名", "得分"], ["王小禾", "92"], ["", "'=1+1"]]


def test_a_table_is_shown_as_one() -> None:
    assert body_lines(RECORD, 80) == [
        "\u3000\u3000各单位：",
        "  得分表",
        "  姓名    得分",
        "  ──────  ────",
        "  王小禾  92",
        "          =1+1",
        "\u3000\u3000特此通知。",
    ]


def test_a_body_that_does_not_tell_the_table_is_shown_as_it_is() -> None:
    record = {**RECORD, "body": ["各单位：", "别的"]}
    assert body_lines(record, 80) == ["\u3000\u3000各单位：", "\u3000\u3000别的"]


def test_long_cells_go_on_in_further_lines_and_lose_nothing() -> None:
    lines = drawn([["一", "甲" * 30, "乙" * 5], ["二", "丙", "丁"]], 1, 40)
    assert "".join(lines).count("甲") == 30
    assert all(sum(2 if ord(character) > 0x2FFF else 1 for character in line) <= 42 for line in lines)


def test_export_writes_a_line_a_record_and_says_how_many_tables(home: Home, tmp_path: Path) -> None:
    home.crawl("lanwan")
    config = ("--config", str(home.path))
    to, tables = tmp_path / "records.csv", tmp_path / "tables"
    done = gongkai(*config, "export", "--as", "csv", "--to", str(to), "--tables", str(tables))
    assert done.returncode == 0, done.stderr
    assert "15 records" in done.stderr
    assert f"0 tables in {tables}" in done.stderr
    with to.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    exported = home.export()
    assert [line["title"] for line in lines] == [record["title"] for record in exported]
    assert [line["body"].split("\n") for line in lines] == [record["body"] for record in exported]
    blocked = tmp_path / "file"
    blocked.write_text("")
    refused = gongkai(*config, "export", "--tables", str(blocked))
    assert refused.returncode == 3
    assert "cannot write tables" in refused.stderr
