"""The schema: made by the revisions, the same as the tables say, and refused when it is not today's."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from crawler.errors import RepositoryError
from crawler.repository import search, views
from crawler.repository.database import Database
from crawler.repository.migrations import HEAD, check_schema, current, upgrade
from crawler.repository.schema import metadata


def test_the_revisions_make_the_tables_of_the_schema(database: Database) -> None:
    def ours(_item: object, name: str | None, *_rest: object) -> bool:
        return not (name or "").startswith(search.OWN)

    with database.read() as c:
        assert (
            compare_metadata(MigrationContext.configure(c, opts={"include_object": ours, "compare_type": True}), metadata) == []
        )
