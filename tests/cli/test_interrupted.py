"""Ctrl-C: whatever is interrupted says what was done and which command goes on; what serves until a signal ends has ended well."""

import fcntl
import os
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tools.called import said

Home = Any  # the fixture's class lives in conftest, which tests do not import
PROC = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc: nobody tells which files a process has open")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def begun(home: Home, *words: str, python: tuple[str, ...] = (), **how: Any) -> "subprocess.Popen[str]":
    """The command, working."""
    program = [sys.executable, *python, "-m", "crawler.cli", "--config", str(home.path), *words]
    return subprocess.Popen(program, stderr=subprocess.PIPE, text=True, **how)


def until(process: "subprocess.Popen[str]", is_so: Callable[[], bool]) -> None:
    """Wait for that, as long as the process lives."""
    while not is_so():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def holds(process: "subprocess.Popen[str]", ending: str) -> bool:
    """Has the process such a file open?"""
    folder = Path(f"/proc/{process.pid}/fd")
    return any(str(one.readlink()).endswith(ending) for one in folder.iterdir() if one.is_symlink())


def interrupted(process: "subprocess.Popen[str]") -> str:
    """What it says of Ctrl-C."""
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130, err
    return err


@PROC
@pytest.mark.parametrize(("given", "more"), [((), ["--older-than", "1h"]), (("--older-than", "0h"), [])])
def test_an_interrupted_audit_names_the_command_that_goes_on(home: Home, given: tuple[str, ...], more: list[str]) -> None:
    home.crawl("lanwan")
    words = ["audit", "--rate", "1B", *given]
    process = begun(home, *words)
    until(process, lambda: holds(process, ".warc.gz"))
    told = re.search(r"^interrupted: (\d) checks? done and kept · gongkai (.+) goes on$", interrupted(process), re.MULTILINE)
    assert told is not None
    assert shlex.split(told[2]) == [*words, *more]
    assert said(["--config", str(home.path), *shlex.split(told[2].replace("1B", "1GB"))]).returncode == 0


def test_an_interrupted_import_names_the_command_that_goes_on(home: Home, tmp_path: Path) -> None:
    pipe = tmp_path / "a b.warc"
    os.mkfifo(pipe)
    process = begun(home, "import", str(pipe))
    with pipe.open("wb"):  # which it has opened then, and reads
        err = interrupted(process)
    assert f"interrupted: 0 of 0 captures taken in · gongkai import {shlex.quote(str(pipe))} goes on\n" in err


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="a pipe's room cannot be chosen here")
def test_an_interrupted_export_says_that_it_is_not_whole(home: Home) -> None:
    home.crawl("lanwan")
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
    process = begun(home, "export", stdout=writes)
    os.close(writes)

    def held() -> int:
        counted = bytearray(4)
        fcntl.ioctl(reads, termios.FIONREAD, counted)
        return int.from_bytes(counted, sys.byteorder)

    until(process, lambda: held() > 0)  # there is no room for all of it, so that it cannot have ended
    process.send_signal(signal.SIGINT)
    while os.read(reads, 1 << 16):
        pass
    os.close(reads)
    err = process.communicate(timeout=60)[1]
    assert (process.returncode, "interrupted: what was written is not whole · gongkai export begins again" in err) == (
        130,
        True,
    ), err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["typer", "pydantic", "uvicorn"])
def test_serve_ends_well_however_early_it_is_ended(home: Home, module: str, number: int) -> None:
    home.crawl("lanwan")
    process = begun(home, "serve", "--listen", "127.0.0.1:0", python=("-X", "importtime"))
    assert process.stderr is not None
    while not re.search(rf"\| +{module}\b", process.stderr.readline()):
        assert process.poll() is None
    process.send_signal(number)
    err = process.communicate(timeout=60)[1]
    assert (process.returncode, "Traceback" in err) == (0, False), err[-2000:]


def test_ctrl_c_that_is_caught_is_no_death_by_it_where_a_library_executes_text(tmp_path: Path) -> None:
    (tmp_path / "started.py").write_text("""
from crawler.cli import __main__, main
def run():
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return 130
main.run = run
__main__.main()
""")
    assert subprocess.run([sys.executable, "-m", "started"], cwd=tmp_path, check=False).returncode == 130


@pytest.mark.parametrize("module", ["typing", "typer"])
def test_a_command_that_is_interrupted_while_it_is_loaded_ends_without_a_traceback(home: Home, module: str) -> None:
    process = begun(home, "search", "x", python=("-X", "importtime"))
    assert process.stderr is not None
    while not re.search(rf"\| +{module}\b", process.stderr.readline()):
        assert process.poll() is None
    err = interrupted(process)
    assert "Traceback" not in err
