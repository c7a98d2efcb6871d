"""The archive, for commands that only read: its database, and whether the folder of its evidence is there."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import typer

from crawler.cli.options import file_of
from crawler.cli.there import refuse_lost
from crawler.config.storage import places_of
from crawler.config.values import Storage
from crawler.errors import NoArchive
from crawler.repository.database import Connection
from crawler.repository.database import reading as opened


@contextlib.contextmanager
def reading(context: typer.Context) -> Iterator[Connection]:
    """The database. Raises NoArchive when there is none, CannotError when it or the archive's folder cannot be asked."""
    database, folder = places_of(file_of(context))
    with of(database, folder) as c:
        yield c


@contextlib.contextmanager
def of(database: str, folder: Path) -> Iterator[Connection]:
    """As `reading`, of a database and a folder."""
    with opened(database) as c:
        refuse_lost(c, folder)
        yield c


def refuse_new_folder(storage: Storage) -> None:
    """For writers: where the database knows of files, a folder that is gone is not made anew. Raises CannotError."""
    if storage.archive.is_dir():
        return
    with contextlib.suppress(NoArchive), of(storage.database, storage.archive):
        pass
