"""The schema's history (alembic inside the package) and the two questions asked of it: bring it up to date; is it today's?"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from crawler.errors import RepositoryError
from crawler.repository.database import Database, lock_keys

FOLDER = Path(__file__).parent


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def head() -> str:
    """The newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(c: Connection) -> str | None:
    """The revision of a database, None when it has no schema."""
    return MigrationContext.configure(c).get_current_revision()


def upgrade(database: Database) -> None:
    """Bring the schema up to date; two processes at once do it once. Raises RepositoryError for a schema newer than this program."""
    config = _config()
    with database.write() as c:
        lock_keys(c, ["schema"])
        found = current(c)
        if found == head():
            return
        _refuse_newer(database, found)
        config.attributes["connection"] = c
        command.upgrade(config, "head")


def check_schema(database: Database) -> None:
    """For readers: raises RepositoryError unless the schema is today's."""
    with database.read() as c:
        found = current(c)
        if found is None and not sa.inspect(c).has_table("documents"):
            raise RepositoryError(f"{database.name} holds no archive yet", remedy="gongkai crawl or gongkai run fills it, gongkai reindex rebuilds it")
    _refuse_newer(database, found)
    if found != head():
        raise RepositoryError(f"{database.name} has the older schema {found}", remedy="any writing command (gongkai crawl, gongkai run) brings it up to date")


def _refuse_newer(database: Database, found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise RepositoryError(f"{database.name} has the schema {found}, which this program does not know", remedy="use a newer gongkai")
