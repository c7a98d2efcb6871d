"""`export --to`: nothing that is there is harmed, whatever it is."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run

Home = Any  # the fixture's class lives in conftest, which tests do not import


def export(home: Home, to: str) -> int:
    """The exit code of an export of one column's archive."""
    return run(["--config", str(home.path), "export", "--to", to])


@pytest.fixture
def full(home: Home) -> Home:
    """An archive that holds one column."""
    home.crawl("lanwan")
    return home


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_a_file_is_replaced_with_its_rights_and_a_link_stays_a_link(full: Home, tmp_path: Path) -> None:
    plain, link, dangling = tmp_path / "plain.jsonl", tmp_path / "link.jsonl", tmp_path / "dangling.jsonl"
    plain.write_text("what was there\n")
    plain.chmod(0o640)
    link.symlink_to(plain)
    dangling.symlink_to(tmp_path / "made.jsonl")
    assert export(full, str(link)) == 0
    assert link.is_symlink()
    assert (lines(plain), stat.S_IMODE(plain.stat().st_mode)) == (15, 0o640)
    assert export(full, str(dangling)) == 0
    assert (dangling.is_symlink(), lines(tmp_path / "made.jsonl")) == (True, 15)
    assert not list(tmp_path.glob(".*.part"))


def test_a_folder_is_an_error_and_so_is_a_place_that_cannot_be(full: Home, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    assert export(full, str(tmp_path / "folder")) == 2
    assert export(full, str(tmp_path / "not there yet") + "/") == 2
    assert export(full, str(tmp_path / "no" / "such" / "folder.jsonl")) == 3
    assert export(full, str(tmp_path / "file") + "/") == 3
    assert export(full, str(tmp_path / "file" / "below")) == 3
    assert (tmp_path / "file").read_text() == "kept"
    assert not list(tmp_path.glob("**/.*.part"))


def test_a_pipe_and_a_device_are_streamed_to_and_stay_what_they_are(full: Home, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")))
    reader.start()
    assert export(full, str(pipe)) == 0
    reader.join(10)
    assert len(got[0].splitlines()) == 15
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert export(full, os.devnull) == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_device_is_told_and_what_was_there_is_kept(full: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(full, "/dev/full") == 3
    assert "No space left on device" in capsys.readouterr().err


def test_standard_output_may_be_named_and_is_not_cut(full: Home, tmp_path: Path) -> None:
    target = tmp_path / "all.jsonl"
    target.write_text("before\n")
    with target.open("ab") as out:
        program = [sys.executable, "-m", "crawler.cli", "--config", str(full.path), "export", "--to", "/dev/stdout"]
        assert subprocess.run(program, stdout=out, check=False, timeout=60).returncode == 0
    assert target.read_text("utf-8").startswith("before\n")
    assert lines(target) == 16


def test_an_export_that_fails_leaves_the_file_as_it_was(full: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "records.jsonl"
    target.write_text("kept\n")
    assert run(["--config", str(full.path), "export", "--source", "lanwam", "--to", str(target)]) == 2
    assert "did you mean 'lanwan'?" in capsys.readouterr().err
    assert target.read_text() == "kept\n"
