"""The archive's database, for commands that only read."""

import contextlib
from collections.abc import Iterator

import typer

from crawler.cli.options import file_of
from crawler.config.storage import database_of
from crawler.repository.database import Connection
from crawler.repository.database import reading as opened


@contextlib.contextmanager
def reading(context: typer.Context) -> Iterator[Connection]:
    """The database. Raises RepositoryError when there is none or its schema is not today's."""
    with opened(database_of(file_of(context))) as c:
        yield c
