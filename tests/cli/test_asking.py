"""`diff`, `cite`, `stats`, `sql`, and the pager: what they tell, with what exit code."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.cli.output import json_text
from tests.tools.called import said

Home = Any  # the fixture's class lives in conftest, which tests do not import


@pytest.fixture
def edited(home: Home, site: Any) -> tuple[Home, str]:
    """An archive, and the document in it that was edited."""
    home.crawl("lanwan")
    site.change()
    home.crawl("lanwan")
    return home, home.sql("SELECT document FROM v_changes WHERE kind = 'edit'")[0][0]


def ask(home: Home, *words: str) -> int:
    """The exit code of a command."""
    return run(["--config", str(home.path), *words])


def test_a_difference_is_told_word_by_word(edited: tuple[Home, str], capsys: pytest.CaptureFixture[str]) -> None:
    home, name = edited
    assert ask(home, "diff", name) == 1
    inline = capsys.readouterr().out
    assert "[-90.2%-]{+9.02%+}" in inline
    assert ask(home, "diff", name[:6], "1", "2", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["from"], told["to"], told["differences"][0]["before"], told["differences"][0]["after"]) == (
        1,
        2,
        "90.2%",
        "9.02%",
    )
    assert ask(home, "diff", f"{name}.2", "-y") == 1
    beside = capsys.readouterr().out
    assert any("90.2%" in left and "9.02%" in right for left, _, right in (line.partition("│") for line in beside.splitlines()))
    assert ask(home, "diff", name, "2", "2") == 0
    assert ask(home, "diff", name, "1", "9") == 2
    assert ask(home, "diff", f"{name}.2", "1") == 2


def test_a_table_differs_by_its_cells(capsys: pytest.CaptureFixture[str]) -> None:
    from crawler.cli.diff import _body
    from crawler.record.notice import Record

    old, new = (
        Record(title="题", channel=None, published=None, source=None, clicks=None, body=("姓名\t得分", f"王小禾\t{score}\t甲"))
        for score in ("92", "29")
    )
    _body((old, new), 0)
    assert capsys.readouterr().out.splitlines() == ["正文 第 2 段", "第 2 格  王小禾", "  [-92-]{+29+}"]


def test_a_document_is_cited_with_its_capture_in_every_form(edited: tuple[Home, str], capsys: pytest.CaptureFixture[str]) -> None:
    home, name = edited
    capture = home.sql(f"SELECT capture FROM v_versions WHERE document = '{name}' AND version = 1")[0][0]
    digest = home.sql(f"SELECT payload_digest FROM v_captures WHERE id = '{capture}'")[0][0]
    for form in ("text", "english", "gb7714", "csl"):
        assert ask(home, "cite", f"{name}.1", "--as", form) == 0
        told = capsys.readouterr().out
        assert capture in told
        assert digest in told
        assert ".warc.gz" in told
    assert json.loads(told)["type"] == "webpage"
    assert ask(home, "cite", name, "--json") == 0
    assert json.loads(capsys.readouterr().out)["version"] == 2
    assert ask(home, "cite", f"{name}.7") == 2


def test_the_figures_are_those_of_the_views(edited: tuple[Home, str], capsys: pytest.CaptureFixture[str]) -> None:
    home, _ = edited
    assert ask(home, "stats", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["documents"] == home.sql("SELECT count(*) FROM v_documents")[0][0] == sum(told["presence"].values())
    assert sum(told["years"].values()) == sum(told["sources"].values()) == told["documents"]
    assert told["bytes"] == sum(path.stat().st_size for path in (home.folder / "data" / "warc").iterdir())
    assert ask(home, "stats") == 0


def test_sql_answers_as_a_table_or_as_json_and_from_a_pipe(
    edited: tuple[Home, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, name = edited
    assert ask(home, "sql", "SELECT id, versions FROM v_documents WHERE versions > 1") == 0
    assert capsys.readouterr().out.split() == ["id", "versions", name, "2"]
    assert ask(home, "sql", "SELECT 1 AS a, 2 AS a, NULL AS b, x'00ff' AS c", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"a": 1, "a_2": 2, "b": None, "c": "00ff"}
    assert ask(home, "sql", "SELECT id FROM v_documents", "--rows", "2") == 0
    assert "--rows" in capsys.readouterr().err
    assert ask(home, "sql", "SELECT * FROM documents") == 2
    told = said(["--config", str(home.path), "sql", "--json"], stdin="SELECT 1 AS a;\nSELECT\n 2 AS b; SELECT 3 AS c")
    assert [json.loads(line) for line in told.stdout.splitlines()] == [{"a": 1}, {"b": 2}, {"c": 3}]


@pytest.mark.parametrize(("sql", "number"), [("1e999", "Infinity"), ("-1e999", "-Infinity"), ("0.5", 0.5)])
def test_what_is_printed_is_json_also_where_json_has_no_such_number(
    home: Home, capsys: pytest.CaptureFixture[str], sql: str, number: object
) -> None:
    home.crawl("lanwan")
    capsys.readouterr()
    assert ask(home, "sql", "--json", f"SELECT {sql} AS x") == 0

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    assert json.loads(capsys.readouterr().out, parse_constant=refuse) == {"x": number}
    written = json_text({"a": [{"b": float("nan")}, (float("-inf"),)]}, everything=True)
    assert json.loads(written, parse_constant=refuse) == {"a": [{"b": "NaN"}, ["-Infinity"]]}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc: nobody tells what a process has worked")
def test_a_query_that_is_interrupted_is_not_told_to_take_too_long(home: Home) -> None:
    home.crawl("lanwan")
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    program = [sys.executable, "-m", "crawler.cli", "--config", str(home.path), "sql", "--seconds", "600", endless]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and _seconds_worked(process.pid) < 2:  # its start takes a fifth of that
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert (process.communicate(timeout=60), process.returncode) == (("", "interrupted\n"), 130)
    assert ask(home, "sql", "--seconds", "0.1", endless) == 3


def _seconds_worked(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_terminal_s_pager_gets_what_is_shown_and_a_pipe_none(home: Home, tmp_path: Path) -> None:
    home.crawl("lanwan")
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\nexec cat > {tmp_path / 'paged'}\n")
    pager.chmod(0o755)
    command = [sys.executable, "-m", "crawler.cli", "--config", str(home.path), "changes"]
    environment = {**os.environ, "PAGER": str(pager), "TERM": "xterm"}
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment, check=False, timeout=60)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "paged").read_text("utf-8").count("new") == 15
    (tmp_path / "paged").unlink()
    subprocess.run(command, capture_output=True, env=environment, check=True, timeout=60)
    assert not (tmp_path / "paged").exists()
