"""The schema's history (alembic inside the package) and the two questions asked of it: bring it up to date; is it today's?

A revision is `versions/NNNN_name.py`, its number the next one, and `HEAD` below is raised with it. The first is plain SQL.
Views are not part of the history: they hold nothing, and every upgrade makes them anew (`views.py`). A changed view needs a
revision all the same, an empty one, so that databases out there get it.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import RepositoryError
from crawler.repository import views
from crawler.repository.database import Database, lock_keys

FOLDER = Path(__file__).parent
HEAD = "0001"  # the newest revision this program knows; revisions are numbered, so that older and newer can be told apart


def current(c: Connection) -> str | None:
    """The revision of a database, None when it has no schema."""
    if not sa.inspect(c).has_table("alembic_version"):
        return None
    found: str | None = c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(database: Database) -> None:
    """Bring the schema up to date; two processes at once do it once. Raises RepositoryError for a newer schema."""
    with database.write() as c:
        lock_keys(c, ["schema"])
        found = current(c)
        _refuse_newer(database, found)
        if found == HEAD:
            return
        views.drop(c)
        run_revisions(c, "head")
        views.create(c)


def run_revisions(c: Connection, target: str) -> None:
    """Run the revisions up to `target` in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = c
    command.upgrade(config, target)


def check_schema(database: Database) -> None:
    """For readers: raises RepositoryError unless the schema is today's."""
    with database.read() as c:
        found = current(c)
    _refuse_newer(database, found)
    if found is None:
        raise RepositoryError(
            f"{database.name} holds no archive yet", remedy="gongkai crawl or gongkai run fills it, gongkai reindex rebuilds it"
        )
    if found != HEAD:
        message = f"{database.name} has schema {found}, this program needs {HEAD}"
        raise RepositoryError(message, remedy="any writing command (gongkai crawl, gongkai run) brings it up to date")


def _refuse_newer(database: Database, found: str | None) -> None:
    if found is not None and found > HEAD:
        raise RepositoryError(
            f"{database.name} has schema {found}, this program knows {HEAD} and older", remedy="use a newer gongkai"
        )
