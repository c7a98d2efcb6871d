"""`health` and `sources`: how every source is, and what the operator does by hand."""

import json
from typing import Any

import pytest
import structlog

from crawler.cli.main import run
from crawler.demo.site import Site

Home = Any  # the fixture's class lives in conftest, which tests do not import


def gongkai(home: Home, *arguments: str) -> int:
    """The exit code of a command."""
    return run(["--config", str(home.path), *arguments])


def by_id(home: Home, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    """Exit code and `health --json` by source."""
    capsys.readouterr()
    code = gongkai(home, "health", "--json")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return code, {line["id"]: line for line in lines}


def test_every_source_is_shown_before_and_after_its_first_run(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.set_source("later", 'title = "尚未启用"\nstart = "http://later.test/"\n')
    code, told = by_id(home, capsys)
    assert (code, {name: line["state"] for name, line in told.items()}) == (
        0, {"lanwan": "new", "qinghe": "new", "songling": "new", "later": "off"},
    )  # fmt: skip
    home.crawl()
    code, told = by_id(home, capsys)
    assert (code, told["lanwan"]["state"], told["later"]["state"]) == (0, "ok", "off")
    line = told["lanwan"]
    assert (line["rows"], line["rows_expected"], line["last_result"], line["block_rate"]) == (8, 5, "ok", 0.0)
    assert line["last_success"]
    assert line["last_new"]
    assert line["fill"] == {"title": 1.0, "channel": 1.0, "published": 1.0, "source": 1.0, "body": 1.0}


def test_a_source_that_fell_silent_makes_the_exit_code_one(site: Site, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl()
    site.change()
    home.crawl()
    code, told = by_id(home, capsys)
    assert (code, told["qinghe"]["state"], told["qinghe"]["trouble"]) == (1, "suspect", "list empty")
    assert gongkai(home, "health") == 1
    shown = capsys.readouterr().out
    assert "list empty: list has 0 rows, had 8" in shown
    assert shown.splitlines()[1].startswith("suspect     qinghe")
    home.crawl("qinghe")
    assert by_id(home, capsys)[1]["qinghe"]["state"] == "down"
    assert gongkai(home, "health", "lanwan") == 0


def test_a_pause_is_recorded_and_shown_and_undone(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan")
    assert gongkai(home, "sources", "pause", "lanwan", "--reason", "the site is rebuilt") == 0
    assert gongkai(home, "sources", "pause", "lanwan") == 0
    assert "paused already" in capsys.readouterr().out
    assert by_id(home, capsys)[1]["lanwan"]["state"] == "paused"
    assert gongkai(home, "changes", "--kind", "health") == 0
    assert "paused: the site is rebuilt" in capsys.readouterr().out
    assert gongkai(home, "sources", "resume", "lanwan") == 0
    assert by_id(home, capsys)[1]["lanwan"]["state"] == "ok"
    assert gongkai(home, "sources", "resume", "lanwan") == 0
    assert "neither paused" in capsys.readouterr().out
    assert home.sql("SELECT count(*) FROM changes WHERE kind = 'health'") == [(2,)]


def test_two_files_for_one_column_are_named(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert gongkai(home, "sources", "check") == 0
    home.set_source("again", f'title = "a"\nstart = "{home.config.sources["lanwan"].start[0].url}"\n')
    assert gongkai(home, "sources", "check") == 1
    assert "again and lanwan both start at" in capsys.readouterr().out
    assert gongkai(home, "sources", "pause", "lanwam") == 2
    assert "did you mean 'lanwan'?" in capsys.readouterr().err


def test_an_alarm_of_a_crawl_is_told_when_it_ends(site: Site, home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()  # another test's command may have turned logs to its own stream
    home.path.write_text(home.path.read_text("utf-8") + '[alarms.channels.here]\nkind = "log"\n', "utf-8")
    home.crawl()
    site.change()
    home.crawl()
    assert "suspect: list empty, 青河县人民政府 政府信息公开" in "".join(capfd.readouterr())
    assert home.sql("SELECT result FROM outbox") == [("sent",)]
