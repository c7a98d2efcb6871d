"""The house itself: how long its functions are, what importing does, and whether the documents tell the truth."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.cli.main import COMMANDS, VERSION
from crawler.repository.schema import metadata

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "crawler").rglob("*.py"))
README = (ROOT / "README.md").read_text("utf-8")
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")


MOST_NAMES, MOST_LINES, MOST_ARGUMENTS = 16, 450, 6
LISTINGS = {
    "schema.py": 650,
    "model.py": 500,
    "complaints.py": 550,
}  # tables, types and sentences, one behind the other: nothing in them is read through


def functions(path: Path) -> list[tuple[str, int]]:
    """(name, lines) of every function of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in nodes]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_longer_than_sixty_lines_and_every_module_says_what_it_is_for(path: Path) -> None:
    assert [item for item in functions(path) if item[1] > 60] == []
    text = path.read_text("utf-8")
    assert not text or ast.get_docstring(ast.parse(text))
    assert "TYPE_CHECKING" not in text


def arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many a function takes, keyword-only ones too; what a method is called on does not count."""
    given = node.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg) if each]
    return len(names) - (names[:1] in (["self"], ["cls"]))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_long_and_no_function_takes_many_arguments(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= LISTINGS.get(path.name, MOST_LINES)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    # a command's arguments are its options, and an address's its parameters: Typer and FastAPI read them from its signature
    plain = [node for node in nodes if not re.search(r"typer\.|Query\(|: Word = None", ast.unparse(node.args))]
    assert {node.name: count for node in plain if (count := arguments(node)) > MOST_ARGUMENTS} == {}


def test_the_house_shows_few_names_and_every_room_says_in_two_lines_what_lives_there_and_what_may_not() -> None:
    names = [entry for entry in (ROOT / "crawler").iterdir() if entry.name not in ("__pycache__", "__init__.py")]
    assert len(names) <= MOST_NAMES
    for room in (entry for entry in names if entry.is_dir()):
        said = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) or ""
        assert len([line for line in said.splitlines() if line]) == 2, room.name


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """(name right below `crawler`, line) of every import of this project, the lazy ones too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((name.split(".")[1], node.lineno) for name in found if name.startswith("crawler."))


def test_rooms_import_from_the_rows_below_only() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    place = {name.strip(): number for number, layer in enumerate(layers) for name in layer.split(":")}
    wrong = []
    for path in MODULES:
        own = path.relative_to(ROOT / "crawler").parts[0].removesuffix(".py")
        for name, line in imported(path) if own in place else ():
            if name != own and place[name] <= place[own]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert wrong == []


def test_importing_the_package_does_nothing() -> None:
    script = (
        "import sys; before = set(sys.modules); import crawler, crawler.cli.__main__; print(sorted(set(sys.modules) - before))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "['crawler', 'crawler.cli', 'crawler.cli.__main__']"


@pytest.mark.parametrize("name", ["demo", "test"])
def test_readme_has_the_two_commands_that_do_all_the_set_up(name: str) -> None:
    match = re.search(rf"<!-- {name} command -->\n```sh\n(.+)\n```", README)
    assert match is not None
    assert match[1].startswith("python3 -m venv .venv && ")
    locks = re.findall(r"-r (\S+)", match[1])
    assert locks
    assert all((ROOT / lock).is_file() for lock in locks)


def test_readme_names_only_commands_and_views_that_exist() -> None:
    named = set(re.findall(r"^gongkai (\w+)", README, re.MULTILINE)) | set(re.findall(r"`gongkai (\w+)", README))
    assert named
    assert named <= set(COMMANDS)
    views = (ROOT / "crawler" / "repository" / "views.py").read_text("utf-8")
    assert all(view in views for view in set(re.findall(r"v_\w+", README)))


def test_every_word_of_the_glossary_names_a_table_or_a_type_that_is_there() -> None:
    glossary = DESIGN.partition("## Glossary")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| ([a-z ,]+) \| .+ \| (.+) \|$", glossary, re.MULTILINE)[1:]
    assert len(lines) > 30
    for word, said in lines:
        names = re.findall(r"`([\w.]+)`", re.sub(r" \(`\w+`\)", "", said))
        assert names, word
        for name in names:
            module, _, kind = name.rpartition(".")
            assert name in metadata.tables if not module else hasattr(importlib.import_module(f"crawler.{module}"), kind), name


def test_the_design_names_only_modules_and_files_that_are_there() -> None:
    rooms = "|".join(path.name for path in (ROOT / "crawler").iterdir() if path.is_dir())
    named = re.findall(rf"`((?:tests|docs|{rooms})/[\w./]+)`", DESIGN) + re.findall(r"python (tests/[\w./]+)", DESIGN)
    assert len(named) > 20
    places = {name: (ROOT / name, ROOT / "crawler" / name, ROOT / "crawler" / f"{name}.py") for name in named}
    assert [name for name, tried in places.items() if not any(place.exists() for place in tried)] == []


def test_the_locks_hold_hashes_and_no_address_of_an_index() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "tests" / "requirements.lock"):
        text = lock.read_text("utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


def test_the_version_is_said_once_and_the_same_everywhere() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'\nversion = "{VERSION}"\n' in project
    assert f'VERSION = "{VERSION}"' in (ROOT / "crawler" / "scheduler" / "process.py").read_text("utf-8")


def test_the_change_log_has_a_section_for_what_is_not_released() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text("utf-8")
