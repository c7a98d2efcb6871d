"""Every command of the command line under every adversity: exit code, first line, no traceback. Prints the table.

    python tests/tools/walk_commands.py [--only WORD] [--adversity NAME]… [--markdown FILE]

The commands are those of typer's own tree, so that a new one is walked too; an argument it requires and that nobody has named below is
given a word. Each runs as a process of its own, without root's rights where they would hide something.
"""

import argparse
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import typer.main
from rich.cells import cell_len

from crawler.cli.main import everything
from crawler.demo.site import LANWAN, Site
from crawler.demo.story import write_config

WITHOUT_RIGHTS = (  # root as everybody else is: what its owner may not, it may not
    "setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search",
)  # fmt: skip
GIVEN = {"ID": "{id}", "URL": "{url}", "SOURCE": "lanwan", "FILE...": "{page}", "TO": "{folder}/copy"}
EXTRA = {  # what a walk gives besides, so that the command does its work and ends
    "crawl": ["lanwan", "--max-pages", "1"],
    "demo": ["--folder", "{folder}/demo"],
    "init": ["--folder", "{folder}/fresh", "--name", "x", "--contact", "mailto:a@example.org"],
    "probe": ["--print"],
    "search": ["公告"],
    "sql": ["SELECT id, title FROM v_documents LIMIT 3"],
    "sources enable": ["qinghe"],
    "sources disable": ["qinghe"],
}
REFUSES = ("reindex", "prove", "verify", "alarms test")  # a database that is not empty, no checkpoint yet, no such channel
TABLES = ("health", "try", "frontier", "frontier list")  # whose lines fit a terminal of 80 columns
FOREVER = ("run", "serve", "worker")  # ended by SIGTERM
PATIENCE = 60.0
STARTED = 1.0  # seconds after which what runs for ever is ended


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, and what it is given."""

    words: tuple[str, ...]
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its words."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Came:
    """How a command ended. `ended` by its own exit code, or None: by us."""

    code: int
    out: str
    err: str

    @property
    def first(self) -> str:
        """The first line people see."""
        said = (self.err.strip() or self.out.strip()).splitlines()
        return next((line for line in said if line.startswith("gongkai: ")), said[0] if said else "")

    @property
    def widest(self) -> int:
        """Columns of the longest line of standard output."""
        return max((cell_len(line) for line in self.out.splitlines()), default=0)

    @property
    def traced(self) -> bool:
        """Is there a traceback, or what the interpreter says of one?"""
        return any(word in self.out + self.err for word in ("Traceback (most recent", "Exception ignored", "Fatal Python"))


@dataclass(frozen=True, slots=True)
class House:
    """An archive that knows a little, and what commands of it may be given."""

    folder: Path
    config: Path
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adversity:
    """What is wrong: how the house is made so, and how the command is run."""

    name: str
    spoil: Callable[[House], None] = lambda house: None
    stdout: str = "pipe"  # pipe, full, closed
    environment: Mapping[str, str] = field(default_factory=dict)
    rights: bool = True  # root's, which no permission stops
    configured: bool = True


def tree() -> list[tuple[tuple[str, ...], Any]]:
    """Every command that can be called, with its typer object."""
    found: list[tuple[tuple[str, ...], Any]] = []

    def walk(words: tuple[str, ...], command: Any) -> None:
        below = getattr(command, "commands", None)
        if below is None or (getattr(command, "invoke_without_command", False) and words):
            found.append((words, command))
        for name, sub in (below or {}).items():
            walk((*words, name), sub)

    walk((), typer.main.get_command(everything()))
    return found


def commands(given: Mapping[str, str]) -> list[Command]:
    """What is walked."""
    made = []
    for words, command in tree():
        arguments = list(EXTRA.get(" ".join(words), ()))
        for param in command.params:
            if param.param_type_name == "argument" and param.required:
                arguments.append(GIVEN.get(param.metavar or param.name, "x"))
            elif param.required:
                arguments += [param.opts[0], "x"]
        made.append(Command(words, tuple(argument.format(**given) for argument in arguments)))
    return made


# ------------------------------------------------------------------ what is wrong
def _database(house: House) -> Path:
    return house.folder / "data" / "gongkai.db"


def _no_database(house: House) -> None:
    for file in _database(house).parent.glob("gongkai.db*"):
        file.unlink()


def _malformed(house: House) -> None:
    _no_database(house)
    _database(house).write_bytes(b"SQLite format 3\0" + b"\x10\0\1\1\0@  \0\0\0\1" + bytes(range(256)) * 64)


def _truncated(house: House) -> None:
    whole = _database(house).read_bytes()
    _database(house).write_bytes(whole[: len(whole) // 3])


def _text_file(house: House) -> None:
    _no_database(house)
    _database(house).write_text("this is no database\n" * 100)


def _locked_away(house: House) -> None:
    (house.folder / "data").chmod(0)


def _read_only(house: House) -> None:
    for path in [house.folder, *house.folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def _no_archive(house: House) -> None:
    shutil.rmtree(house.folder / "data" / "warc")
    (house.folder / "data" / "warc").write_text("a file where a folder should be")


def _broken_source(house: House) -> None:
    (house.config.parent / "sources" / "broken.toml").write_text('title = "x"\nstart = [')


def _refused_server(house: House) -> None:
    """Nothing listens on port 9 of this machine."""


ADVERSITIES = (
    Adversity("all well"),
    Adversity("no database", _no_database),
    Adversity("malformed database", _malformed),
    Adversity("truncated database", _truncated),
    Adversity("text for a database", _text_file),
    Adversity("server refused", _refused_server, environment={"GONGKAI_DATABASE": "postgresql://nobody@127.0.0.1:9/none"}),
    Adversity("no permission", _locked_away, rights=False),
    Adversity("no permission to write", _read_only, rights=False),
    Adversity("archive is a file", _no_archive),
    Adversity("full device", stdout="full"),
    Adversity("closed pipe", stdout="closed"),
    Adversity("GBK terminal", environment={"PYTHONIOENCODING": "gbk"}),
    Adversity("ASCII terminal", environment={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}),
    Adversity("80 columns", environment={"COLUMNS": "80"}),
    Adversity("no configuration", configured=False),
    Adversity("broken source file", _broken_source),
)


# ------------------------------------------------------------------ one command
def house_of(folder: Path, port: int) -> House:
    """A house whose archive holds one column of the demo's site."""
    config = write_config(folder, port)
    done = subprocess.run(
        [sys.executable, "-m", "crawler.cli", "--config", str(config), "crawl", "lanwan"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "crawler.cli", "--config", str(config), "export"], capture_output=True, text=True, check=True
    )
    first = re.search(r'"id": "(\w+)"', listed.stdout)
    assert first is not None
    page = folder / "page.html"
    page.write_text("<html><h1>关于召开会议的通知</h1><p>各有关单位：现将有关事项通知如下。</p></html>", "utf-8")
    given = {"id": first[1], "url": f"http://{LANWAN}/zwgk/index.html", "page": str(page), "folder": str(folder)}
    return House(folder, config, given)


def copy_of(house: House, to: Path) -> House:
    """Another house like it, which may be spoiled. Everybody may read it, and write where it lies."""
    shutil.copytree(house.folder, to)
    for path in [to, *to.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    given = {name: value.replace(str(house.folder), str(to)) for name, value in house.given.items()}
    return House(to, to / house.config.relative_to(house.folder), given)


def run(command: Command, house: House, adversity: Adversity) -> Came:
    """Run one command in one adversity."""
    program = [sys.executable, "-m", "crawler.cli"]
    if not adversity.rights and os.geteuid() == 0:
        program = [*WITHOUT_RIGHTS, *program]
    if adversity.configured:
        program += ["--config", str(house.config)]
    environment = {**os.environ, "COLUMNS": "120", "PYTHONPATH": str(Path(__file__).parents[2]), **adversity.environment}
    with tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as out:
        target, closing = _target(adversity.stdout, out.fileno())
        process = subprocess.Popen(
            [*program, *command.words, *command.arguments],
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=err,
            cwd=house.folder if adversity.configured else tempfile.gettempdir(),
            env=environment,
        )
        if closing is not None:
            os.close(closing)
        code = _ended(process, Path(f"/proc/self/fd/{err.fileno()}") if command.words[0] in FOREVER else None)
        err.seek(0)
        out.seek(0)
        encoding = adversity.environment.get("PYTHONIOENCODING", "utf-8")
        return Came(code, out.read().decode(encoding, "replace"), err.read().decode(encoding, "replace"))


def _target(stdout: str, out: int) -> tuple[int, int | None]:
    """Where standard output goes, and what is to be closed of it here once the command has it."""
    if stdout == "full":
        full = os.open("/dev/full", os.O_WRONLY)
        return full, full
    if stdout == "closed":
        reading, writing = os.pipe()
        os.close(reading)
        return writing, writing
    return out, None


def _ended(process: "subprocess.Popen[bytes]", says: Path | None) -> int:
    """Its exit code. `says`: where what runs for ever writes its log; it is ended a little after it says that it runs."""
    until = time.monotonic() + PATIENCE
    while says is not None and process.poll() is None and time.monotonic() < until:
        if any(word in says.read_bytes() for word in (b"running", b"http://")):
            break
        time.sleep(0.1)
    if says is not None and process.poll() is None:
        time.sleep(STARTED)
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return -9


@dataclass(frozen=True, slots=True)
class Walked:
    """One cell of the table."""

    command: Command
    adversity: Adversity
    came: Came

    @property
    def wrong(self) -> str:
        """What is wrong with it; empty: nothing."""
        came = self.came
        if came.traced:
            return "traceback"
        if came.code not in (0, 1, 2, 3):
            return f"exit code {came.code}"
        if came.code >= 2 and not re.search(r"^(gongkai: .+|Usage: )", came.err, re.MULTILINE):
            return "no sentence"
        if self.adversity.name == "all well" and came.code > 1 and self.command.name not in REFUSES:
            return f"exit code {came.code}"
        if self.adversity.environment.get("COLUMNS") == "80" and self.command.name in TABLES and came.widest > 80:
            return f"{came.widest} columns"
        return ""


def walk(folder: Path, port: int, only: str = "", adversities: Sequence[Adversity] = ADVERSITIES) -> Iterator[Walked]:
    """Every command in every adversity; `only`: those with that word in either's name."""
    base = house_of(folder / "base", port)
    for adversity in adversities:
        for number, command in enumerate(commands(base.given)):
            if only and only not in f"{command.name} / {adversity.name}":
                continue
            house = copy_of(base, folder / f"{adversity.name} {number}".replace(" ", "-"))
            mine = next(one for one in commands(house.given) if one.words == command.words)
            adversity.spoil(house)
            yield Walked(mine, adversity, run(mine, house, adversity))
            for path in [house.folder, house.folder / "data"]:
                path.chmod(0o777)
            shutil.rmtree(house.folder, ignore_errors=True)


def main() -> int:
    """Print the table; exit code 1 when a cell is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--adversity", action="append", choices=[adversity.name for adversity in ADVERSITIES])
    parser.add_argument("--markdown", type=Path)
    asked = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="walk-") as name, Site() as site:
        Path(name).chmod(0o755)
        chosen = [adversity for adversity in ADVERSITIES if not asked.adversity or adversity.name in asked.adversity]
        for cell in walk(Path(name), site.port, asked.only, chosen):
            found.append(replace(cell, came=replace(cell.came, err=cell.came.err.replace(name, "…"), out="")))
            print(
                f"{cell.adversity.name:<24}{cell.command.name:<20}{cell.came.code:>3}  {cell.wrong or 'ok':<12}{cell.came.first[:110]}",
                flush=True,
            )
            if cell.wrong:
                print(cell.came.err[-1500:])
    bad = [cell for cell in found if cell.wrong]
    print(f"{len(found)} walked, {len(bad)} wrong")
    if asked.markdown:
        asked.markdown.write_text(table(found), "utf-8")
    return 1 if bad else 0


def table(found: Sequence[Walked]) -> str:
    """The cells as Markdown."""
    lines = ["| adversity | command | exit code | first line | |", "|---|---|---|---|---|"]
    for cell in found:
        first = cell.came.first[:160].replace("|", "\\|")
        lines.append(f"| {cell.adversity.name} | `{cell.command.name}` | {cell.came.code} | {first} | {cell.wrong or 'ok'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
