"""Signs of life: seen while their process lives, however silent it is, and gone with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.archive.alive import Alive, asked, bury, is_dead, unlocked

PROCESS = """
import sys
from pathlib import Path
from crawler.archive.alive import Alive
sign = Alive(Path(sys.argv[1]), "other")
sign.begin()
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_process_that_is_stopped_lives_and_one_that_is_killed_is_dead_at_once(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    assert is_dead(tmp_path, "other") is False
    os.kill(other.pid, signal.SIGSTOP)
    assert is_dead(tmp_path, "other") is False
    assert unlocked(tmp_path) == []
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    assert is_dead(tmp_path, "other") is True
    assert unlocked(tmp_path) == ["other"]
    bury(tmp_path, "other")
    assert is_dead(tmp_path, "other") is None


def test_who_asks_is_in_nobody_s_way_and_whoever_ends_leaves_no_sign(tmp_path: Path) -> None:
    sign = Alive(tmp_path / "warc", "me")
    sign.begin()
    assert [is_dead(tmp_path / "warc", "me") for _ in range(3)] == [False] * 3
    sign.end()
    sign.end()
    assert list((tmp_path / "warc").iterdir()) == []
    assert is_dead(tmp_path / "warc", "me") is None


def test_a_sign_says_when_its_process_asked_last(tmp_path: Path) -> None:
    sign = Alive(tmp_path, "me")
    sign.begin()
    os.utime(tmp_path / "me.alive", (1_000, 1_000))
    assert asked(tmp_path, "me") == 1_000_050  # another may have begun within the moment
    sign.asks()
    assert abs(asked(tmp_path, "me") - time.time() * 1000) < 5_000
    assert asked(tmp_path, "nobody") + 50 >= asked(tmp_path, "me")
    os.utime(tmp_path / "me.alive", (1_000, 1_000))
    sign.asks()
    assert asked(tmp_path, "me") == 1_000_050
    sign.end()


def test_who_could_not_say_that_it_ends_is_dead_and_not_gone(tmp_path: Path) -> None:
    sign = Alive(tmp_path, "me")
    sign.begin()
    sign.end(kept=True)
    assert is_dead(tmp_path, "me") is True
    assert unlocked(tmp_path) == ["me"]


def test_what_died_before_it_had_shown_its_sign_leaves_nothing_for_long(tmp_path: Path) -> None:
    for name in ("old", "fresh"):
        (tmp_path / f"{name}.born").touch()
    os.utime(tmp_path / "old.born", (1_000, 1_000))
    assert unlocked(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["fresh.born"]
