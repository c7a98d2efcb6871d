"""What a command that only reads may import: its start is most of what it costs."""

import subprocess
import sys
from typing import Any

import pytest

from crawler.repository.database import Database
from crawler.repository.migrations import upgrade

Home = Any  # the fixture's class lives in conftest, which tests do not import

PROGRAM = """import sys
from crawler.cli.main import run
try:
    run(sys.argv[1:])
finally:
    sys.stderr.write("\\n".join(sys.modules))
"""
ROOMS = {"cli", "config", "errors", "model", "record", "repository", "text"}  # of ours, for whoever asks the database alone
NEVER = ("crawler.scheduler", "crawler.pipeline", "alembic", "apscheduler", "httpx", "h11", "uvloop", "warcio")
READERS = {
    "search": ["search", "通知"],
    "show": ["show", "0000"],
    "history": ["history", "0000"],
    "changes": ["changes"],
    "export": ["export"],
    "diff": ["diff", "0000"],
    "cite": ["cite", "0000"],
    "stats": ["stats"],
    "sql": ["sql", "SELECT 1"],
    "frontier": ["frontier", "list"],
}


def imported(home: Home, *arguments: str) -> set[str]:
    """The modules of a command that was run as a process."""
    command = [sys.executable, "-c", PROGRAM, "--config", str(home.path), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=100)
    return set(told.stderr.splitlines())


@pytest.fixture
def archive(home: Home) -> Home:
    """An archive with a schema and nothing in it."""
    database = Database(home.config.storage.database)
    database.path.parent.mkdir(exist_ok=True)
    upgrade(database)
    database.close()
    return home


@pytest.mark.parametrize("name", READERS)
def test_a_reader_imports_what_it_reads_with(archive: Home, name: str) -> None:
    modules = imported(archive, *READERS[name])
    assert "crawler.repository.reader" in modules
    assert {module.split(".")[1] for module in modules if module.startswith("crawler.")} - ROOMS <= (
        {"archive", "monitor", "politeness"} if name != "search" else set()
    )
    assert not [module for module in modules if module.startswith(NEVER)]


def test_a_search_imports_neither_the_database_toolkit_nor_colours(archive: Home) -> None:
    roots = {module.partition(".")[0] for module in imported(archive, "search", "通知")}
    assert not roots & {"sqlalchemy", "rich", "structlog", "selectolax"}


@pytest.mark.parametrize("command", [["health"], ["crawl", "--help"], ["frontier", "list"]])
def test_who_works_on_sqlite_does_not_load_the_dialect_of_postgresql(archive: Home, command: list[str]) -> None:
    modules = imported(archive, *command)
    assert "sqlalchemy.dialects.sqlite" in modules
    assert "sqlalchemy.dialects.postgresql" not in modules


@pytest.mark.parametrize("command", [["health"], ["sources", "list"]])
def test_what_shows_the_configured_sources_starts_no_scheduler(archive: Home, command: list[str]) -> None:
    assert not [module for module in imported(archive, *command) if module.startswith(NEVER)]


def test_a_faulty_storage_table_is_told_as_ever(home: Home) -> None:
    text = home.path.read_text("utf-8")
    home.path.write_text(
        f"{text}\n[storage]\ndatabse = 'sqlite:///x.db'\n" if "[storage]" not in text else text.replace("database", "databse"),
        "utf-8",
    )
    told = subprocess.run(
        [sys.executable, "-m", "crawler.cli", "--config", str(home.path), "search", "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert 'did you mean "database"?' in told.stderr
