"""The documents: every command in them is one that can be called so, what is generated is today's, and backup and restore do what they say."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
from pydantic import BaseModel

from crawler.cli.main import everything
from crawler.config.shape import SettingsTable, SourceTable
from crawler.errors import UsageError
from crawler.monitor.health import Trouble
from crawler.record.schema import record_schema
from crawler.repository.schema import metadata

Home = Any  # the fixture's class lives in conftest, which tests do not import
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(<!-- tried -->\n)?```sh\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`(gongkai [^`]+)`")
PLACES = {"/mnt/backup/gongkai": "backup"}
OTHERS = {  # programs of others; what follows them is not ours to judge
    "pip", "pytest", "ruff", "mypy", "lint-imports", "python3", "python", "docker", "mkdir", "cp", "mv", "cd", "chmod", "createdb", "pg_restore", ".", "sqlite3",
    "wayback", "systemctl",
}  # fmt: skip
ELLIPSIS = ("…", "...")


def load(name: str) -> Any:
    """A tool as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


DRAFT = load("draft_documents")


def commands(text: str) -> list[list[str]]:
    """The words of every command of a document's shell blocks, parts of a line by themselves."""
    found = []
    for _, block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            part: list[str] = []
            for word in [*words, "&&"]:
                if word in ("&&", ";", "|"):
                    found += [part] if part else []
                    part = []
                else:
                    part.append(word)
    return found


def inline(text: str) -> list[list[str]]:
    """The commands of ours that stand within a text; `A|B` stands for either, and what is left open is left out."""
    return [
        words
        for said in INLINE.findall(text)
        if not any(mark in said for mark in ELLIPSIS)
        for words in [[word.split("|")[0] for word in shlex.split(said)]]
    ]


def check(words: list[str]) -> None:
    """Raises when typer does not take these words: no such command, no such option, a missing argument."""
    context = typer.main.get_command(everything()).make_context("gongkai", list(words), resilient_parsing=False)
    while hasattr(context.command, "resolve_command"):
        rest = [*context._protected_args, *context.args] if hasattr(context, "_protected_args") else list(context.args)
        if not rest:
            return
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_document_can_be_called_so(page: Path) -> None:
    text = page.read_text("utf-8")
    wrong = []
    for words in commands(text):
        program = Path(words[0]).name or words[0]
        if program == "gongkai":
            wrong += complaint(words[1:])
        elif program.startswith("python") and len(words) > 1:
            wrong += python(words[1:])
        elif program not in OTHERS:
            wrong.append(f"unknown program: {shlex.join(words)}")
    for words in inline(text):
        if len(words) > 1 and not (len(words) == 2 and words[1].isupper()):
            wrong += complaint(words[1:], complete=False)
    assert wrong == []


def complaint(words: list[str], *, complete: bool = True) -> list[str]:
    """What typer says of a command; in a running text its arguments may be left out."""
    if words == ["--help"] or "--help" in words or words == ["--install-completion"]:
        return []
    try:
        check(words)
    except UsageError as error:
        return [f"gongkai {shlex.join(words)}: {error}"]
    except Exception as error:
        if not complete and type(error).__name__ == "MissingParameter":
            return []
        return [f"gongkai {shlex.join(words)}: {getattr(error, 'message', None) or error}"]
    return []


def python(words: list[str]) -> list[str]:
    """A module or a file of ours must be there."""
    if words[0] == "-m" and words[1].partition(".")[0] in ("crawler", "tests"):
        place = ROOT / words[1].replace(".", "/")
        return [] if place.with_suffix(".py").is_file() or (place / "__main__.py").is_file() else [f"no module {words[1]}"]
    return [] if words[0].startswith("-") or (ROOT / words[0]).is_file() else [f"no file {words[0]}"]


@pytest.mark.parametrize(
    "words", [["craw"], ["crawl", "--sinse", "x"], ["show"], ["sources", "enabel"], ["health", "--json", "true"]]
)
def test_a_command_that_cannot_be_called_so_is_told(words: list[str]) -> None:
    assert complaint(words) != []


@pytest.mark.parametrize("name", DRAFT.PAGES)
def test_what_is_written_by_a_tool_is_today_s(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == DRAFT.PAGES[name](), "python tests/tools/draft_documents.py"


def test_the_example_has_every_key_of_a_record_and_obeys_its_schema() -> None:
    schema = record_schema()
    jsonschema.Draft202012Validator(schema).validate(DRAFT.EXAMPLE)
    assert set(DRAFT.EXAMPLE) == set(schema["properties"])
    for name, part in schema["$defs"].items():
        assert set(DRAFT.first(name)) == set(part["properties"]), name
    page = (ROOT / "docs" / "record.md").read_text("utf-8")
    whole = page.partition("```json\n")[2].partition("\n```")[0]
    assert json.loads(whole) == DRAFT.EXAMPLE


def test_the_diagram_has_every_table_and_every_reference() -> None:
    drawn = (ROOT / "docs" / "tables.md").read_text("utf-8").partition("```mermaid\n")[2].partition("```")[0]
    assert {name for name in metadata.tables if not re.search(rf"\b{name}\b", drawn)} == set()
    references = {
        (key.column.table.name, table.name, key.parent.name) for table in metadata.tables.values() for key in table.foreign_keys
    }
    assert set(re.findall(r"(\w+) \|\|--o\{ (\w+) : (\w+)", drawn)) == references


def test_every_alarm_is_explained() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## What alarms mean")[2].partition("\n## ")[0]
    assert re.findall(r"^\| ([a-z ]+) \| (?!what)", text, re.MULTILINE) == [str(trouble) for trouble in Trouble]


KEY = re.compile(r"(?<![\w.\[-])(?:\[(?P<head>[a-z_]+)\]\s+|(?P<table>[a-z_]+)\.)(?P<key>[a-z_]+)\b(?!\()")


def inner(field: Any) -> list[type[BaseModel]]:
    """The tables that a key may hold."""
    return [one for one in (field, *getattr(field, "__args__", ())) if isinstance(one, type) and issubclass(one, BaseModel)] + [
        deeper for one in getattr(field, "__args__", ()) if getattr(one, "__args__", ()) for deeper in inner(one)
    ]


def unknown_keys(text: str) -> list[str]:
    """Every `[table] key` and `table.key` in code that no configuration has."""
    found = []
    for code in re.findall(r"`([^`\n]+)`", text):
        for match in KEY.finditer(code):
            table = match["head"] or match["table"]
            tables = [
                made for model in (SettingsTable, SourceTable) if table in model.model_fields
                for made in inner(model.model_fields[table].annotation)
            ]  # fmt: skip
            if tables and not any(match["key"] in made.model_fields for made in tables):
                found.append(match[0])
    return found


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/README.zh-CN.md", "docs/operations.md"])
def test_every_configuration_key_that_a_document_names_is_one(name: str) -> None:
    assert unknown_keys((ROOT / name).read_text("utf-8")) == []


def test_a_configuration_key_that_is_none_is_told() -> None:
    told = (
        "`[serve] closed = true` and `serve.read`, `storage.arhive`, `[politeness] delay`, `[list] date`, `gongkai sources list`"
    )
    assert unknown_keys(told) == ["[serve] closed", "storage.arhive"]


def test_links_between_documents_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
    head = (ROOT / "README.md").read_text("utf-8").splitlines()[:4]
    assert any("docs/README.zh-CN.md" in line for line in head)


@pytest.mark.skipif(sys.platform == "win32", reason="bash")
def test_backup_and_restore_and_reindex_do_what_the_document_says(crawled: Home, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    tried = [block for marked, block in BLOCK.findall(text) if marked]
    assert len(tried) == 3
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program = bin_ / "gongkai"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m crawler.cli "$@"\n', "utf-8")
    program.chmod(0o755)
    script = "".join(f"({block})\n" for block in tried).replace("/mnt/backup/gongkai", str(tmp_path / "backup"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=crawled.folder, capture_output=True, text=True, check=False, timeout=100,
        env={**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"audited: (\d+) checks, \1 pass", done.stderr)
    assert "documents" in done.stdout.splitlines()[-1]


def test_the_systemd_unit_runs_commands_that_are_there() -> None:
    unit = re.search(r"```ini\n(.*?)```", (ROOT / "docs" / "operations.md").read_text("utf-8"), re.DOTALL)
    assert unit is not None
    started = re.search(r"^ExecStart=\S+/gongkai (.+)$", unit[1], re.MULTILINE)
    assert started is not None
    assert complaint(shlex.split(started[1])) == []
    sections = re.findall(r"^\[(\w+)\]$", unit[1], re.MULTILINE)
    assert sections == ["Unit", "Service", "Install"]
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"] == {
        "gongkai": "crawler.cli.__main__:main"
    }
