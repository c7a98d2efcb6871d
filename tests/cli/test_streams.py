"""What a command does with a reader that leaves, a full device, a terminal that is not UTF-8, or no stream at all."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Home = Any  # the fixture's class lives in conftest, which tests do not import
READS = (["search", "通知"], ["changes", "--json"], ["export"], ["--help"])


@pytest.fixture
def full(home: Home) -> Home:
    """An archive that holds one column."""
    home.crawl("lanwan")
    return home


def started(home: Home, command: list[str], **how: Any) -> "subprocess.CompletedProcess[bytes]":
    """The command as a process of its own."""
    environment = {**os.environ, **how.pop("environment", {})}
    program = [sys.executable, "-m", "crawler.cli", "--config", str(home.path), *command]
    return subprocess.run(program, check=False, stdin=subprocess.DEVNULL, timeout=60, env=environment, **how)


def test_a_reader_that_has_left_is_no_error_and_the_exit_code_stays_true(full: Home) -> None:
    for command in READS:
        reading, writing = os.pipe()
        os.close(reading)
        told = started(full, command, stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        assert told.returncode == 0, (command, told.stderr)
        assert b"Traceback" not in told.stderr, command
        assert b"Exception ignored" not in told.stderr, command
    full.set_source("late", 'title = "x"\nstart = "http://late.test/"\nenabled = true\n')
    full.crawl("late")
    reading, writing = os.pipe()
    os.close(reading)
    told = started(full, ["health"], stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    assert told.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_device_is_one_sentence_and_exit_code_three(full: Home) -> None:
    for command in READS:
        with Path("/dev/full").open("wb") as device:
            told = started(full, command, stdout=device, stderr=subprocess.PIPE)
        assert told.returncode == 3, command
        assert "No space left on device" in told.stderr.decode().splitlines()[-1], command
        assert b"Traceback" not in told.stderr, command
    with Path("/dev/full").open("wb") as device:
        assert started(full, ["changes"], stdout=subprocess.DEVNULL, stderr=device).returncode == 0


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_what_a_terminal_cannot_show_is_replaced_and_json_stays_whole(full: Home, encoding: str) -> None:
    environment = {"PYTHONIOENCODING": encoding}
    plain = started(full, ["search", "通知"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, environment=environment)
    assert plain.returncode == 0, plain.stderr
    assert b"Traceback" not in plain.stderr
    plain.stdout.decode(encoding)
    lines = started(full, ["search", "通知", "--json"], stdout=subprocess.PIPE, environment=environment).stdout
    known = started(full, ["search", "通知", "--json"], stdout=subprocess.PIPE, environment={"PYTHONIOENCODING": "utf-8"}).stdout
    assert [json.loads(line) for line in lines.decode(encoding).splitlines()] == [
        json.loads(line) for line in known.decode().splitlines()
    ]


def test_a_command_without_any_stream_ends_as_it_should(full: Home) -> None:
    for command, code in ((["changes"], 0), (["search", "x", "--limit", "0"], 2), (["health"], 0)):
        shell = f'exec "{sys.executable}" -m crawler.cli --config "$0" "$@" <&- >&- 2>&-'
        told = subprocess.run(["sh", "-c", shell, str(full.path), *command], check=False, timeout=60)
        assert told.returncode == code, command
