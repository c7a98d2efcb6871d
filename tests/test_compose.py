"""docker-compose.yml and what goes into its image, as far as that can be tried without Docker: its words, and its commands as processes."""

import fnmatch
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Home = Any  # the fixture's class lives in conftest, which tests do not import
ROOT = Path(__file__).parent.parent
DURATION = re.compile(r"(\d+)s")
MOST_CPU = 0.1  # seconds of a health check
BEAT = 15.0
KEYS = {  # what a service says here; of the Compose specification
    "build", "image", "profiles", "command", "environment", "secrets", "ports", "volumes", "healthcheck", "user", "read_only", "tmpfs",
    "cap_drop", "security_opt", "mem_limit", "cpus", "pids_limit", "logging", "init", "restart", "stop_grace_period",
}  # fmt: skip


def parsed(text: str) -> dict[str, Any]:
    """The part of YAML that the file is written in: mappings, lists with a dash, flow lists, scalars. Anything else is an error."""
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines() if line.split("#")[0].strip()]
    found, end = block(lines, 0, 0)
    assert end == len(lines)
    assert isinstance(found, dict)
    return found


def block(lines: list[tuple[int, str]], at: int, indent: int) -> tuple[Any, int]:
    """(what is indented so far from a line on, the line behind it)."""
    mapping: dict[str, Any] = {}
    listed: list[Any] = []
    while at < len(lines) and lines[at][0] == indent:
        said = lines[at][1]
        if said.startswith("- "):
            listed.append(scalar(said[2:]))
            at += 1
            continue
        key, _, value = re.fullmatch(r"([\w-]+):(\s+(.*))?", said).group(1, 2, 3)  # type: ignore[union-attr]
        assert key not in mapping, f"{key} twice"
        at += 1
        if value:
            mapping[key] = scalar(value)
        elif at < len(lines) and lines[at][0] > indent:
            mapping[key], at = block(lines, at, lines[at][0])
        else:
            mapping[key] = None
    assert at == len(lines) or lines[at][0] < indent, lines[at]
    assert not (mapping and listed)
    return listed or mapping, at


def scalar(said: str) -> Any:
    """A value on its line."""
    if said[0] in '["':
        return json.loads(said)
    return {"true": True, "false": False}.get(said, said)


COMPOSE = parsed((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]


@pytest.mark.parametrize("name", ["worker", "console"])
def test_a_service_can_do_no_more_than_its_work(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= KEYS
    assert service["read_only"] is True
    assert not service["user"].startswith(("0", "root"))
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"][0].startswith("/tmp:size=")
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert all(mount.endswith(":ro") or mount.startswith("data:") for mount in service["volumes"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert not any(re.search("TOKEN$|PASSWORD$|SECRET$", variable) for variable in service["environment"])
    assert "--wait" in service["command"]  # nothing configured: no loop of starts
    assert COMPOSE["volumes"] == {"data": None}


def test_the_health_check_is_red_within_two_beats() -> None:
    from crawler.cli.pulse import LATE

    check = SERVICES["worker"]["healthcheck"]
    every = float(DURATION.fullmatch(check["interval"])[1])  # type: ignore[index]
    assert check["retries"] == "1"
    assert BEAT < LATE
    assert LATE + every <= 2 * BEAT


def test_only_the_program_goes_into_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    inside = [rule[1:] for rule in rules if rule.startswith("!")]
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert sorted(word for line in copied for word in line.split()) == sorted(inside)
    for kept in ("config/gongkai.toml", "config/sources/mine.toml", "data/gongkai.db", "secrets/token", ".git/config", ".env"):
        assert not any(fnmatch.fnmatch(kept, f"{name}*") for name in inside), kept


def start(words: list[str], environment: dict[str, str], folder: Path) -> "subprocess.Popen[str]":
    """A service's command as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "crawler.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it is so; fail when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def checked(service: dict[str, Any], environment: dict[str, str], folder: Path, *more: str) -> tuple[bool, str]:
    """(is it well, what is said) by a service's own health check."""
    words = service["healthcheck"]["test"]
    assert words[:2] == ["CMD", "python"]
    told = subprocess.run(
        [sys.executable, *words[2:], *more], capture_output=True, text=True, check=False, timeout=30, cwd=folder,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "Traceback" not in told.stderr, told.stderr
    return told.returncode == 0, told.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_worker_waits_for_a_configuration_works_and_is_told_from_one_that_is_stuck_or_dead(home: Home) -> None:
    worker = SERVICES["worker"]
    environment = dict(worker["environment"])
    configured, away = home.path, home.path.with_suffix(".away")
    configured.rename(away)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert checked(worker, environment, home.folder)[0] is False
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3 * MOST_CPU
    )  # 0.05 by itself; a busy machine's share
    with start(worker["command"], environment, home.folder) as daemon:
        assert daemon.stderr is not None
        first = json.loads(daemon.stderr.readline())
        assert (first["event"], "there is no configuration" in first["reason"]) == ("waiting", True)
        assert checked(worker, environment, home.folder)[0] is False
        away.rename(configured)
        until(lambda: checked(worker, environment, home.folder)[0])
        daemon.send_signal(signal.SIGSTOP)  # a stuck one: it lives, and nothing goes on
        (sign,) = (home.folder / "data" / "warc").glob("*.alive")
        with sign.open("r+b") as file:  # as it would look half a minute later
            file.write(f"run {time.monotonic() - 2 * BEAT:15.3f}\n".encode())
        well, said = checked(worker, environment, home.folder)
        assert (well, said.startswith("stuck")) == (False, True)
        daemon.send_signal(signal.SIGCONT)
        daemon.terminate()
        _, err = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, err
    assert all(line.startswith("{") for line in err.splitlines())
    assert checked(worker, environment, home.folder) == (
        False,
        f"no daemon works on {(home.folder / 'data' / 'warc').resolve()}\n",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_who_waits_for_a_configuration_ends_well_on_a_signal(tmp_path: Path) -> None:
    with start(SERVICES["worker"]["command"], dict(SERVICES["worker"]["environment"]), tmp_path) as daemon:
        assert daemon.stderr is not None
        assert "waiting" in daemon.stderr.readline()
        daemon.terminate()
        daemon.communicate(timeout=30)
    assert daemon.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_console_waits_for_an_archive_answers_with_a_token_from_a_file_and_minds_no_broken_source(home: Home) -> None:
    console = SERVICES["console"]
    secret = home.folder / "token"
    secret.write_text("a-token-that-nobody-guesses\n", "utf-8")
    environment = dict(console["environment"]) | {"GONGKAI_TOKEN_FILE": str(secret)}
    words = [word.replace("0.0.0.0:8080", "0.0.0.0:0") for word in console["command"]]
    home.crawl("lanwan")
    home.set_source("broken", "title = ")
    database = home.folder / "data" / "gongkai.db"
    database.rename(home.folder / "away.db")
    with start(words, environment, home.folder) as served:
        assert served.stderr is not None
        assert "waiting" in served.stderr.readline()
        (home.folder / "away.db").rename(database)
        said = [served.stderr.readline(), served.stderr.readline()]
        assert "broken is left out" in said[0]
        url = re.search(r"http://[\d.]+:(\d+)/", said[1])
        assert url is not None, said
        until(lambda: checked(console, environment, home.folder, f"127.0.0.1:{url[1]}")[0], 20)
        assert checked(console, environment, home.folder, "127.0.0.1:9")[0] is False
        served.terminate()
        served.communicate(timeout=30)
