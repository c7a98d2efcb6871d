"""Every command of typer's own tree in every adversity that needs no process of its own; tools/walk_commands.py walks them all in all."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.demo.site import LANWAN

Home = Any  # the fixture's class lives in conftest, which tests do not import
SLOW = ("demo", "run", "probe", "try", "fetch")  # which wait for a site, or for ever: the tool walks them
READERS = ("health", "search", "changes", "show", "history", "export", "frontier", "frontier list")


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
