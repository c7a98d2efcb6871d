"""Programs that we did not write, asked what they find in our files. GONGKAI_REPLAY names a Python that has them
(`pip install -r tests/archive/replay-requirements.txt` in an environment of its own; `.ci/run` makes one)."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.archive.reader import open_page
from crawler.archive.recover import walk

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Shown:
    """What a replay answered: status, and the body's SHA-256; (0, "") where no server could have sent it."""

    status: int
    body: str


def shown(status: int, body: bytes) -> Shown:
    """What a replay should answer."""
    return Shown(status, hashlib.sha256(body).hexdigest())


def program(name: str) -> Path:
    """A program of the environment. Skips the test where there is none."""
    named = os.environ.get("GONGKAI_REPLAY")
    if not named:
        pytest.skip("pywb: GONGKAI_REPLAY names no Python that has it")
    return Path(named).parent / name


def run(name: str, *arguments: object, folder: Path | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run one to its end; its own exit code is in the answer."""
    command = [str(program(name)), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=False, timeout=100)


def timestamp(at: int) -> str:
    """14 digits, as an address of a replay has them."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%d%H%M%S")


def collect(folder: Path, files: Sequence[Path]) -> None:
    """Add WARC files to a pywb collection called `c`, by its own manager and indexer."""
    folder.mkdir(exist_ok=True)
    for arguments in (("init", "c"), ("add", "c", *files)):
        done = run("wb-manager", *arguments, folder=folder)
        assert done.returncode == 0, done.stderr


def replay(folder: Path, wanted: Iterable[tuple[str, str]], collection: str = "c") -> list[Shown]:
    """What pywb answers for each (timestamp, address)."""
    asked = "".join(json.dumps([collection, *each]) + "\n" for each in wanted)
    told = folder / "replayed.jsonl"
    done = run("python", HERE / "replay_pywb.py", folder, told, given=asked)
    assert done.returncode == 0, done.stderr
    return [Shown(status, body) for status, body, _ in map(json.loads, told.read_text().splitlines())]


def replayed(archive: Path, folder: Path) -> tuple[int, list[tuple[tuple[str, str], Shown]]]:
    """How many captures an archive's closed files have, and those that pywb shows otherwise than they came: (timestamp, address), what it
    should show. `folder`: of the collection that is made."""
    files = sorted(archive.glob("*.warc.gz"))
    captures = {look.capture.record_id: look.capture for file in files for look in walk(file) if look.capture}
    wanted = [(timestamp(capture.at), capture.url) for capture in captures.values()]
    collect(folder, files)
    told = replay(folder, wanted)
    pages = (open_page(archive, one, captures[one.original.record_id] if one.original else None) for one in captures.values())
    expected = [shown(page.status, page.body) for page in pages]
    return len(told), [(asked, was) for asked, was, now in zip(wanted, expected, told, strict=True) if was != now]
