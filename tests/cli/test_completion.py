"""Shell completion in the shells that are installed here: the script is whole, and completes commands, sub-commands and options."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELLS = [name for name in ("bash", "zsh", "fish") if shutil.which(name)]
ASK = {  # how a script that was read is asked for the ends of a line, as the shell itself asks it
    "bash": 'COMP_WORDS=({words}); COMP_CWORD={last}; _gongkai_completion gongkai; printf "%s\\n" "${{COMPREPLY[@]}}"',
    "zsh": "words=({words}); CURRENT=$(({last} + 1)); _gongkai_completion",
    "fish": 'complete -C "{words}"',
}
BEFORE = {  # zsh's completion system needs a terminal: its words are printed instead
    "bash": "",
    "zsh": 'compdef() {{ : }}; _arguments() {{ print -r -- "$@" }}; _describe() {{ print -r -- "$@" }};',
    "fish": "",
}
FILES = {"bash": ".bash_completions/gongkai.sh", "zsh": ".zfunc/_gongkai", "fish": ".config/fish/completions/gongkai.fish"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of one's own, and the program on the path."""
    program = tmp_path / "bin" / "gongkai"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m crawler.cli "$@"\n', "utf-8")
    program.chmod(0o755)
    return {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }


def run(words: list[str], environment: dict[str, str]) -> str:
    """What a program prints."""
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_installed_is_read_by_the_shell_and_completes_what_is_typed(
    shell: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert "completion installed in" in run(["gongkai", "--install-completion", shell], environment)
    script = tmp_path / FILES[shell]
    shown = run(["gongkai", "--show-completion", shell], environment)
    assert [line for line in shown.split("\n") if line.strip()] == [
        line for line in script.read_text("utf-8").split("\n") if line.strip()
    ]
    run([shell, "-n", str(script)], environment)
    for typed, wanted in (("gongkai sour", "sources"), ("gongkai sources en", "enable"), ("gongkai search --sor", "--sort")):
        ask = (BEFORE[shell] + f"source {script}; " + ASK[shell]).format(words=typed, last=typed.count(" "))
        assert wanted in run([shell, "-c", ask], environment).replace('"', " ").split(), (shell, typed)
