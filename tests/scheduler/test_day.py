"""A day of the daemon in simulated time: its log tells what happened, in order."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.timeout(300)
def test_the_log_of_a_day_tells_its_story() -> None:
    command = [sys.executable, "-m", "tests.tools.day_of_daemon", "--format", "json"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    lines: list[dict[str, Any]] = [json.loads(line) for line in told.stdout.splitlines()]
    gamma = [line for line in lines if line.get("source") == "gamma" and line["event"] == "health"]
    assert [(line["before"], line["after"]) for line in gamma] == [("ok", "suspect"), ("suspect", "down"), ("down", "recovered")]
    assert [line["channel"] for line in lines if line["event"] == "alarm sent"] == ["duty"] * 3
    opened, closed = ([n for n, line in enumerate(lines) if line["event"] == f"breaker {what}"] for what in ("open", "closed"))
    assert opened[0] < closed[0]
    skips = {line["first"]: line["reason"] for line in lines if line["event"] == "slots skipped"}
    assert set(skips.values()) == {"the run before was not over"}  # of the host that is down
    changed = [said for line in lines for said in line.get("changed", ())]
    assert "source alpha mended" in changed
    assert any(said.startswith("source alpha broken: ") for said in changed)
    assert "network.delay_ms: 2000 → 3000" in changed
    ends = [n for n, line in enumerate(lines) if line["event"] == "ended"]
    full = next(n for n, line in enumerate(lines) if line["event"] == "cannot go on")
    assert "storage.keep_free" in lines[full]["error"]
    assert full < ends[0] < ends[1]
    assert sum(line["new"] for line in lines if line["event"] == "run") == 3 * 6 + 1
    assert not [line for line in lines if line["event"] == "run" and line["source"] != "gamma" and line["result"] == "failed"]
