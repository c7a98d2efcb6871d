"""Where the configuration's file lies and where it says things are kept: what a command that only reads needs of it.

The rest of the configuration is checked by the commands that use it (`load.py`); pydantic alone would double a search's start.
"""

import os
import tomllib
from pathlib import Path

from crawler.config.secrets import variable
from crawler.errors import UsageError

DEFAULT = Path("config/gongkai.toml")
DATABASE = "sqlite:///data/gongkai.db"
ARCHIVE = "data/warc"
KEYS = frozenset({"database", "archive", "keep_free", "file_size", "file_age"})


def named_file(path: Path | None) -> Path:
    """The file that is meant, there or not: this one, else GONGKAI_CONFIG's, else the folder's."""
    return path or Path(os.environ.get("GONGKAI_CONFIG") or DEFAULT)


def chosen_file(path: Path | None) -> Path:
    """The file that is meant. Raises UsageError when there is none."""
    chosen = named_file(path)
    if not chosen.is_file():
        raise UsageError(f"there is no configuration at {chosen}", remedy="gongkai init writes one, --config names another")
    return chosen


def root_of(file: Path) -> Path:
    """What relative paths in it are relative to."""
    folder = file.resolve().parent
    return folder.parent if folder.name == "config" else folder


def database_url(written: str, root: Path) -> str:
    """The database's address: GONGKAI_DATABASE's, or that of the file GONGKAI_DATABASE_FILE names, else what is written, a relative path made absolute."""
    database = variable("GONGKAI_DATABASE") or written
    if database.startswith("sqlite:///") and not database.startswith("sqlite:////"):
        return f"sqlite:///{root / database.removeprefix('sqlite:///')}"
    return database


def archive_folder(written: str, root: Path) -> Path:
    """The folder of the WARC files: GONGKAI_ARCHIVE's, else what is written."""
    return root / (os.environ.get("GONGKAI_ARCHIVE") or written)


def places_of(path: Path | None) -> tuple[str, Path]:
    """(the database's address, the archive's folder) by the configuration's file alone. What is wrong with the file is told as by `load`."""
    file = chosen_file(path)
    try:
        found = tomllib.loads(file.read_bytes().decode("utf-8")).get("storage", {})
        database, archive = found.get("database", DATABASE), found.get("archive", ARCHIVE)
        plain = isinstance(database, str) and isinstance(archive, str) and set(found) <= KEYS
    except (ValueError, AttributeError, OSError):  # no UTF-8, no TOML, no table
        plain = False
    if plain:
        return database_url(database, root_of(file)), archive_folder(archive, root_of(file))
    from crawler.config.load import survey

    storage = survey(path).storage
    return storage.database, storage.archive
