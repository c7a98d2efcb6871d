"""`health` and `sources`: how every source is, and what the operator does by hand."""

import json
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from crawler.cli.main import run
from crawler.demo.site import Site
from crawler.repository import runs
from crawler.repository import schema as t
from crawler.repository.database import Database
from crawler.repository.migrations import upgrade

Home = Any  # the fixture's class lives in conftest, which tests do not import


def gongkai(home: Home, *arguments: str) -> int:
    """The exit code of a command."""
    return run(["--config", str(home.path), *arguments])


def by_id(home: Home, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    """Exit code and `health --json` by source."""
    code, lines = said(home, capsys)
    return code, {line["id"]: line for line in lines if line["id"] is not None}


def said(home: Home, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and lines of `health --json`; the last one is about the archive's own works."""
    capsys.readouterr()
    code = gongkai(home, "health", "--json")
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_source_is_shown_before_and_after_its_first_run(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.set_source("later", 'title = "尚未启用"\nstart = "http://later.test/"\n')
    assert gongkai(home, "health") == 3  # where there is no archive yet nobody can say how it is
    assert "there is no database" in capsys.readouterr().err
    upgrade(made := Database(home.config.storage.database))
    made.close()
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


# ------------------------------------------------------------------ the archive's own works
def change(home: Home, *statements: Any) -> None:
    """Write into the archive's database by hand."""
    database = Database(home.config.storage.database)
    with database.write() as c:
        for statement in statements:
            c.execute(statement)
    database.close()


NOW = int(time.time() * 1000)
HOUR = 3_600_000


def dead_daemon(home: Home) -> None:
    row = {"owner": "a", "what": "run", "started": NOW - 5 * HOUR, "beat": NOW - HOUR}
    change(home, t.daemons.insert().values(**row))


def left_daemon(home: Home) -> None:
    row = {"source": "lanwan", "kind": "list", "slot": 1, "started": NOW - HOUR, "ended": NOW, "result": "ok"}
    change(home, t.runs.insert().values(**row))


def open_breaker(home: Home) -> None:
    values = {"broken_since": NOW - HOUR, "next_at": NOW + HOUR, "failures": 6}
    change(home, t.queues.update().where(t.queues.c.name == "www.lanwan.test").values(**values))


def refused_alarm(home: Home) -> None:
    text = home.path.read_text("utf-8") + '[alarms.channels.duty]\nkind = "log"\n'
    home.path.write_text(text, "utf-8")
    change(home, t.channels.insert().values(name="duty", seq=0, error="no route to host"))


def full_disk(home: Home) -> None:
    home.path.write_text(home.path.read_text("utf-8") + '[storage]\nkeep_free = "900000GB"\n', "utf-8")


UNWELL: dict[Callable[[Home], None], str] = {
    dead_daemon: "no daemon is alive",
    left_daemon: "no daemon is alive",
    open_breaker: "www.lanwan.test is left alone",
    refused_alarm: "alarms by duty",
    full_disk: "the disk is full",
}


@pytest.mark.parametrize("spoil", UNWELL, ids=lambda spoil: spoil.__name__)
def test_whatever_is_not_well_is_named_and_makes_the_exit_code_one(
    home: Home, spoil: Callable[[Home], None], capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    assert gongkai(home, "health") == 0
    spoil(home)
    assert gongkai(home, "health") == 1
    assert UNWELL[spoil] in capsys.readouterr().err
    code, lines = said(home, capsys)
    assert (code, lines[-1]["well"], lines[-1]["unwell"]) == (1, False, [UNWELL[spoil]])
    assert gongkai(home, "health", "qinghe") == 0  # a source that is asked for by name is judged by itself


def test_a_daemon_that_lives_and_a_host_nobody_waits_for_are_well(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan")
    left_daemon(home)
    row = {"owner": "a", "what": "run", "started": NOW - 5 * HOUR, "beat": int(time.time() * 1000)}
    change(
        home,
        t.daemons.insert().values(**row),
        t.queues.insert().values(name="gone.test", leased_until=0, next_at=1, delay=0, broken_since=1, failures=9),
    )
    assert gongkai(home, "health") == 0
    assert "alive since" in capsys.readouterr().out
    database = Database(home.config.storage.database)
    with database.read() as c:
        assert [process.owner for process in runs.processes(c)] == ["a"]
        assert c.execute(sa.select(sa.func.count()).select_from(t.queues)).scalar_one() >= 2
    database.close()


@pytest.mark.parametrize("command", [["health"], ["sources"], ["search", "x"], ["changes"], ["crawl", "lanwan"], ["frontier"]])
def test_an_archive_whose_folder_is_gone_is_told_by_every_command(
    home: Home, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    shutil.rmtree(home.config.storage.archive)
    assert gongkai(home, *command) == 3
    assert "is its disk mounted" in capsys.readouterr().err
    assert not home.config.storage.archive.exists()
