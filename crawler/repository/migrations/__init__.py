"""The schema's history (alembic inside the package) and the two questions asked of it: bring it up to date; is it today's?

A revision is `versions/NNNN_name.py`, its number the next one, and `HEAD` of `revision.py` is raised with it. The first is plain SQL.
Views are not part of the history: they hold nothing, and every upgrade makes them anew (`views.py`). A changed view needs a
revision all the same, an empty one, so that databases out there get it.
"""

from pathlib import Path

from sqlalchemy.engine import Connection

from crawler.repository import views
from crawler.repository.database import Database, check_schema, current, lock_keys
from crawler.repository.revision import HEAD, refuse_newer

__all__ = ["HEAD", "check_schema", "current", "run_revisions", "upgrade"]

FOLDER = Path(__file__).parent


def upgrade(database: Database) -> None:
    """Bring the schema up to date; two processes at once do it once. Raises RepositoryError for a newer schema."""
    with database.write() as c:
        lock_keys(c, ["schema"])
        found = current(c)
        refuse_newer(database.name, found)
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
