"""Is a daemon at work? What its sign says: locked and lately written by a beat, locked and silent, left behind by one that died."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.archive.alive import Alive, asked, pulse
from crawler.cli import pulse as check


def sign(folder: Path, owner: str = "one", what: str = "run") -> Alive:
    """A living process that has beaten once."""
    made = Alive(folder, owner)
    made.begin()
    made.beats(what)
    return made


def aged(folder: Path, owner: str, seconds: float) -> None:
    """Make the last beat so many seconds older; whoever holds the sign still holds it."""
    with (folder / f"{owner}.alive").open("r+b") as file:
        file.write(f"run {time.monotonic() - seconds:15.3f}\n".encode())


@pytest.mark.parametrize(("seconds", "well"), [(0, True), (16, True), (23, False), (4000, False)])
def test_a_daemon_is_well_while_it_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, well: bool) -> None:
    config = tmp_path / "gongkai.toml"
    config.write_text('[operator]\nname = "x"\ncontact = "mailto:a@example.org"\n', "utf-8")
    monkeypatch.setenv("GONGKAI_CONFIG", str(config))
    monkeypatch.setenv("GONGKAI_ARCHIVE", str(tmp_path / "warc"))
    assert check.main([]) == 1
    held = sign(tmp_path / "warc")
    aged(tmp_path / "warc", "one", seconds)
    assert check.main(["run"]) == (0 if well else 1)
    held.end()
    assert check.main(["run"]) == 1


def test_only_a_living_daemon_counts(tmp_path: Path) -> None:
    crawl = sign(tmp_path, "crawl", "crawl")
    (tmp_path / "dead.alive").write_text(f"run {time.monotonic():15.3f}\n", "ascii")
    (tmp_path / "young.alive").write_bytes(b"")
    (tmp_path / "odd.alive").write_bytes(b"\xff\xfe run")
    assert pulse(tmp_path, "run") is None
    held = sign(tmp_path)
    assert pulse(tmp_path, "run") == pytest.approx(0, abs=5)
    held.end()
    crawl.end()


def test_a_beat_is_no_request(tmp_path: Path) -> None:
    held = sign(tmp_path)
    held.asks()
    before = asked(tmp_path, "one")
    time.sleep(0.02)
    held.beats("run")
    assert asked(tmp_path, "one") == before
    held.end()


def test_it_costs_next_to_nothing() -> None:
    script = "import sys, crawler.cli.pulse; print('\\n'.join(sys.modules))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in told.stdout.split()}
    assert not roots & {"typer", "click", "sqlalchemy", "sqlite3", "rich", "structlog", "pydantic", "asyncio", "ssl", "json"}
