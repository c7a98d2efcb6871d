"""The daemon as a process: signals, slots, several on one archive, kills."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.site import LANWAN, Site

Home = Any  # the fixture's class lives in conftest, which tests do not import
ROOT = Path(__file__).parent.parent.parent
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """The command as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "crawler.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    """Wait until it is so; fail when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def has_documents(home: Home, count: int) -> bool:
    """Does the archive hold so many documents yet?"""
    return (home.folder / "data" / "gongkai.db").exists() and _count(home) >= count


def _count(home: Home) -> int:
    try:
        return int(home.sql("SELECT count(*) FROM documents")[0][0])
    except Exception:
        return 0


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_crawls_what_was_never_crawled_and_ends_well_on_a_signal(home: Home, number: signal.Signals) -> None:
    with start("--config", str(home.path), "run") as daemon:
        until(lambda: has_documents(home, 45))
        daemon.send_signal(number)
        _, err = daemon.communicate(timeout=30)
    assert daemon.returncode == 0, err
    assert "Traceback" not in err
    assert not list(home.config.storage.archive.glob("*.open"))
    assert home.sql("SELECT count(*) FROM daemons") == [(0,)]


@POSIX
def test_a_daemon_tells_that_a_column_is_empty(site: Site, home: Home, tmp_path: Path) -> None:
    site.change()
    target = tmp_path / "told"
    script = f"import sys; open({str(target)!r}, 'a', encoding='utf-8').write(sys.stdin.read())"
    command = f'[alarms]\ngather = "0s"\n[alarms.channels.here]\nkind = "command"\ncommand = {json.dumps([sys.executable, "-c", script])}\n'
    home.path.write_text(home.path.read_text("utf-8") + command, "utf-8")
    with start("--config", str(home.path), "run") as daemon:
        until(target.exists)
        daemon.terminate()
        daemon.communicate(timeout=30)
    assert json.loads(target.read_text("utf-8"))["trouble"] == "list empty"


@POSIX
def test_two_daemons_on_one_archive_fire_each_slot_once(home: Home) -> None:
    text = home.path.read_text("utf-8")
    home.path.write_text(text + '\n[schedule]\nlists = "* * * * *"\n', "utf-8")
    daemons = [start("--config", str(home.path), "run") for _ in range(2)]
    until(lambda: has_documents(home, 45))
    time.sleep(1)
    for daemon in daemons:
        daemon.terminate()
    said = [daemon.communicate(timeout=30)[1] for daemon in daemons]
    assert [daemon.returncode for daemon in daemons] == [0, 0], said
    fired = sum(len(re.findall(r"fired .*kind=list", text)) for text in said)
    rows = home.sql("SELECT source, slot FROM runs WHERE kind = 'list' AND result IS NOT 'skipped'")
    assert fired == len(rows) == len(set(rows))
    assert len({source for source, _ in rows}) == 3


@POSIX
def test_a_one_off_crawl_beside_a_daemon_joins_it_and_ends(home: Home) -> None:
    with start("--config", str(home.path), "run") as daemon:
        until(lambda: has_documents(home, 5))
        with start("--config", str(home.path), "crawl", "lanwan") as crawl:
            out, err = crawl.communicate(timeout=60)
        daemon.terminate()
        daemon.communicate(timeout=30)
    assert crawl.returncode == 0, err
    assert "joining: run" in err
    assert out.startswith("done:")
    assert home.sql("SELECT count(*) FROM runs WHERE ended IS NULL AND kind = 'once'") == [(0,)]


@POSIX
def test_an_interrupted_crawl_exits_130_and_hands_back_what_was_in_flight(site: Site, home: Home) -> None:
    text = home.path.read_text("utf-8")
    home.path.write_text(text.replace('delay = "0s"', 'delay = "300ms"'), "utf-8")
    with start("--config", str(home.path), "crawl", "lanwan") as crawl:
        until(lambda: len([seen for seen in site.seen if seen.host == LANWAN]) > 3)
        crawl.send_signal(signal.SIGINT)
        _, err = crawl.communicate(timeout=30)
    assert crawl.returncode == 130, err
    assert home.sql("SELECT count(*) FROM frontier WHERE state = 'todo'")[0][0] > 0
    assert home.sql("SELECT count(*) FROM queues WHERE leased_until > 0") == [(0,)]
    home.path.write_text(text, "utf-8")
    home.crawl("lanwan")
    assert _count(home) == 15


@POSIX
def test_daemons_and_crawls_killed_at_random_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "tests" / "tools" / "kill_daemon.py"),
        "--kills",
        "6",
        "--copies",
        "2",
        "--folder",
        str(tmp_path),
    ]
    storm = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert storm.returncode == 0, storm.stdout + storm.stderr
