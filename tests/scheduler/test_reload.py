"""Another configuration while the daemon runs: what changed, in words; all or nothing; and a real daemon that takes it over."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.config.load import survey
from crawler.scheduler.reload import differences, refusal

Home = Any  # the fixture's class lives in conftest, which tests do not import
ROOT = Path(__file__).parent.parent.parent
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
OPERATOR = '[operator]\nname = "测试"\ncontact = "mailto:a@example.org"\n'


def write(folder: Path, settings: str, **sources: str) -> Path:
    """A configuration in a folder."""
    (folder / "config" / "sources").mkdir(parents=True, exist_ok=True)
    for name, text in sources.items():
        (folder / "config" / "sources" / f"{name}.toml").write_text(text, "utf-8")
    path = folder / "config" / "gongkai.toml"
    path.write_text(OPERATOR + settings, "utf-8")
    return path


def source(start: str, more: str = "") -> str:
    """A source's file."""
    return f'title = "甲"\nstart = "{start}"\n{more}'


def test_what_changed_is_said_key_by_key_and_without_secrets(tmp_path: Path) -> None:
    channel = '[alarms.channels.duty]\nkind = "slack"\nurl = "https://hooks.test/{}"\n'
    one = "http://a.test/"
    settings = '[network]\ndelay = "2s"\n' + channel.format("secret-one")
    old = survey(write(tmp_path, settings, gone=source(one), same=source(one), on=source(one), half=source(one), bad="title"))
    for name in ("gone", "half", "bad"):
        (tmp_path / "config" / "sources" / f"{name}.toml").unlink()
    settings = '[network]\ndelay = "3s"\n' + channel.format("secret-two") + "[watch]\ngone_misses = 5\n"
    new = survey(
        write(
            tmp_path,
            settings,
            half='title = "',
            on=source(one, 'enabled = true\n[list]\nrows = "li"\n'),
            bad=source(one),
            added=source(one),
        )
    )
    said = differences(old, new)
    assert [words for words in said if not words.startswith("source half")] == [
        "network.delay_ms: 2000 → 3000",
        "watch.gone_misses: 3 → 5",
        "alarms.channels.duty changed",
        "source added added, not enabled",
        "source bad mended",
        "source gone removed",
        "source on: enabled, read changed",
    ]
    assert any(words.startswith("source half broken: ") and "half.toml:1:" in words for words in said)
    assert "secret" not in str(said)
    assert differences(new, new) == []


def test_database_and_archive_cannot_move_below_a_process(tmp_path: Path) -> None:
    old = survey(write(tmp_path, ""))
    new = survey(write(tmp_path, '[storage]\ndatabase = "sqlite:///other.db"\nkeep_free = "1MB"\n'))
    assert refusal(old, new) == "storage.database can only change with a restart"
    assert refusal(old, survey(write(tmp_path, '[storage]\nkeep_free = "1MB"\n'))) == ""


class Daemon:
    """The command as a process; its log is JSON."""

    def __init__(self, path: Path, log: Path, *options: str) -> None:
        self.log = log
        command = [sys.executable, "-m", "crawler.cli", "--config", str(path), "--log-format", "json", *options, "run"]
        with log.open("w") as stderr:
            self.process = subprocess.Popen(command, stderr=stderr, env={**os.environ, "PYTHONWARNINGS": "default"})

    def lines(self) -> list[dict[str, Any]]:
        """Everything said so far; each line is one JSON object."""
        return [json.loads(line) for line in self.log.read_text("utf-8").split("\n")[:-1]]

    def says(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        """Wait for a line."""
        end = time.monotonic() + seconds
        while True:
            found = next((line for line in self.lines() if wanted(line)), None)
            if found is not None:
                return found
            assert time.monotonic() < end, self.lines()
            assert self.process.poll() is None, self.lines()
            time.sleep(0.1)

    def changed(self, words: str) -> dict[str, Any]:
        """Wait for a configuration that is taken over."""
        return self.says(lambda line: any(words in said for said in line.get("changed", ())))

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(40)


@POSIX
def test_a_daemon_takes_over_what_its_files_say_and_a_broken_file_stops_one_source(home: Home, tmp_path: Path) -> None:
    file = home.path.parent / "sources" / "lanwan.toml"
    good = file.read_text("utf-8")
    file.write_text(good.replace("enabled = true", "enabled = false"), "utf-8")
    daemon = Daemon(home.path, tmp_path / "log")
    daemon.says(lambda line: line["event"] == "run" and line["source"] == "qinghe")
    file.write_text(good + "[list\n", "utf-8")
    assert daemon.changed("source lanwan broken")["level"] == "warning"
    file.write_text(good, "utf-8")
    daemon.changed("source lanwan mended")
    run = daemon.says(lambda line: line["event"] == "run" and line["source"] == "lanwan")
    assert (run["result"], run["new"], run["slot"][-6:]) == ("ok", 15, "+08:00")
    settings = home.path.read_text("utf-8")
    home.path.write_text(settings.replace("gone_misses = 2", "gone_misses = 0"), "utf-8")
    refused = daemon.says(lambda line: line["event"] == "configuration not taken over")
    assert "watch.gone_misses" in refused["problems"][0]
    home.path.write_text(settings.replace("gone_misses = 2", "gone_misses = 4"), "utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.changed("watch.gone_misses: 2 → 4")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.says(lambda line: line["event"] == "configuration read, nothing changed")
    assert daemon.stop() == 0
    assert [line for line in daemon.lines() if line.get("level") in ("error", "critical")] == [refused]
    assert daemon.lines()[-1]["event"] == "ended"


@POSIX
@pytest.mark.parametrize(
    ("option", "shown"), [("", set()), ("-v", {"look"}), ("-vv", {"look", "exchange"})], ids=["plain", "v", "vv"]
)
def test_v_adds_looks_and_vv_exchanges(home: Home, tmp_path: Path, option: str, shown: set[str]) -> None:
    daemon = Daemon(home.path, tmp_path / "log", *([option] if option else []))
    daemon.says(lambda line: line["event"] == "run")
    assert daemon.stop() == 0
    assert {line["event"] for line in daemon.lines()} & {"look", "exchange"} == shown
    for line in daemon.lines():
        assert "Cookie:" not in str(line.get("head", ())).replace("Set-Cookie: redacted", "")


@POSIX
def test_a_configuration_with_nothing_turned_on_is_waited_with(tmp_path: Path) -> None:
    path = write(tmp_path, "", a=source("http://a.test/"))
    daemon = Daemon(path, tmp_path / "log")
    assert "gongkai sources enable" in daemon.says(lambda line: line["event"] == "no source is enabled")["remedy"]
    daemon.says(lambda line: line["event"] == "running")
    assert daemon.stop() == 0
