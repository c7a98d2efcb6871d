"""Every command of typer's own tree in every adversity that needs no process of its own; tools/walk_commands.py walks them all in all."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.demo.site import LANWAN
from crawler.model import ChangeKind
from crawler.repository.changes import NewChange, append
from crawler.repository.database import Database

Home = Any  # the fixture's class lives in conftest, which tests do not import
READERS = (
    "health", "search", "changes", "show", "history", "export", "frontier", "frontier list", "diff", "cite", "stats", "sql",
)  # fmt: skip


def load() -> Any:
    """The tool as a module."""
    name = "walk_commands"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent.parent / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


WALK = load()
SLOW = ("demo", "probe", "try", "fetch", *WALK.FOREVER)  # which wait for a site, or for ever: the tool walks them
SPOIL: dict[str, Callable[[Any], None]] = {
    "no database": WALK._no_database,
    "malformed database": WALK._malformed,
    "text for a database": WALK._text_file,
    "archive is a file": WALK._no_archive,
    "broken source file": WALK._broken_source,
    "server refused": WALK._refused_server,
}


@pytest.mark.parametrize("adversity", [*SPOIL, "no configuration"])
def test_every_command_ends_with_a_code_and_a_sentence_and_never_with_a_traceback(
    home: Home, adversity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    page = tmp_path / "page.html"
    page.write_text("<h1>\u901a\u77e5</h1>", "utf-8")
    given = {"id": home.export()[0]["id"], "url": f"http://{LANWAN}/", "page": str(page), "folder": str(tmp_path / "to")}
    if adversity in SPOIL:
        SPOIL[adversity](WALK.House(home.folder, home.path, given))
    if adversity == "server refused":
        monkeypatch.setenv("GONGKAI_DATABASE", "postgresql://nobody@127.0.0.1:9/none")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = [] if adversity == "no configuration" else ["--config", str(home.path)]
    walked = [command for command in WALK.commands(given) if command.words[0] not in SLOW]
    assert len(walked) > 15
    for command in walked:
        if adversity == "no database":  # which a command before may have made
            WALK._no_database(WALK.House(home.folder, home.path, given))
        capsys.readouterr()
        code = run([*before, *command.words, *command.arguments])
        err = capsys.readouterr().err
        assert code in (0, 1, 2, 3), command.name
        assert code < 2 or any(line.startswith(("gongkai: ", "Usage: ")) for line in err.splitlines()), (command.name, err)
        if command.name in READERS and adversity != "broken source file":
            assert code == (2 if adversity == "no configuration" else 3), (command.name, err)
        if command.name == "health" and adversity == "broken source file":
            assert (code, "broken.toml:" in err or "1 source file wrong" in err) == (1, True)


@pytest.mark.parametrize("written_meanwhile", [False, True])
def test_who_reads_needs_no_right_to_write_anywhere(home: Home, written_meanwhile: bool) -> None:
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to take that right from it")
    home.crawl("lanwan")
    database = Database(home.config.storage.database)
    if written_meanwhile:  # a daemon has the database open, and what it wrote last stands in the log beside it
        with database.write() as c:
            append(c, [NewChange(ChangeKind.HEALTH, 1, "lanwan", detail={"after": "seen by a reader"})])
    WALK._read_only(WALK.House(home.folder, home.path, {}))
    rights = WALK.WITHOUT_RIGHTS if os.geteuid() == 0 else ()
    before = {path: path.stat().st_mtime_ns for path in home.folder.rglob("*") if not path.name.endswith("-shm")}
    try:
        for command in (["search", "区"], ["changes", "--limit", "3"], ["health"]):
            program = [*rights, sys.executable, "-m", "crawler.cli", "--config", str(home.path), *command]
            told = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)
            assert told.returncode == 0, (command, told.stderr)
            if command[0] == "changes":
                assert ("seen by a reader" in told.stdout) is written_meanwhile
        assert before == {path: path.stat().st_mtime_ns for path in before}
    finally:
        for path in [home.folder, *home.folder.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o700)
        database.close()
