"""The schema's history (alembic inside the package) and the two questions asked of it: bring it up to date; is it today's?

A revision is `versions/NNNN_name.py`, its number the next one, and `HEAD` of `revision.py` is raised with it. The first is plain SQL, and
what an empty database gets: alembic, a tenth of a second and some megabytes, is imported where there is a later one to be run.
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
FIRST = "0001"
NOTE = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"


def upgrade(database: Database) -> None:
    """Bring the schema up to date; two processes at once do it once. Raises RepositoryError for a newer schema."""
    with database.write() as c:
        lock_keys(c, ["schema"])
        found = current(c)
        refuse_newer(database.name, found)
        if found == HEAD:
            return
        if found is None:
            create_first(c)
            found = FIRST
        views.drop(c)
        if found != HEAD:
            run_revisions(c, "head")
        views.create(c)


def create_first(c: Connection) -> None:
    """The first schema in an empty database, and alembic's note of it."""
    c.exec_driver_sql(NOTE)
    c.exec_driver_sql(f"INSERT INTO alembic_version (version_num) VALUES ('{FIRST}')")
    run_first(c)


def run_first(c: Connection) -> None:
    """Run the statements of `0001_<dialect>.sql`; a blank line ends each."""
    script = (FOLDER / "versions" / f"0001_{c.dialect.name}.sql").read_text(encoding="utf-8")
    for statement in script.strip().split("\n\n"):
        c.exec_driver_sql(statement)


def run_revisions(c: Connection, target: str) -> None:
    """Run the revisions up to `target` in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = c
    command.upgrade(config, target)
