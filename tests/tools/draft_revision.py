"""For maintainers: prints the body of a revision that takes the newest one to what `schema.py` says now.

python tests/tools/draft_revision.py            # put the result into crawler/repository/migrations/versions/NNNN_name.py, raise HEAD
python tests/tools/draft_revision.py --first    # before the first release: write 0001's SQL anew instead
"""

import re
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext

from crawler.repository.database import Database
from crawler.repository.migrations import FOLDER, upgrade
from crawler.repository.schema import whole
from crawler.repository.search import index


def first() -> None:
    """Write the SQL of the first revision for both databases."""
    for url, more in (("sqlite://", index.SQLITE), ("postgresql+psycopg://", index.POSTGRESQL)):
        dialect = sa.make_url(url).get_dialect()()
        made: list[str] = []
        for table in whole().sorted_tables:
            made.append(str(sa.schema.CreateTable(table).compile(dialect=dialect)))
            indexes = sorted(table.indexes, key=lambda index: str(index.name))
            made += [str(sa.schema.CreateIndex(index).compile(dialect=dialect)) for index in indexes]
        made += more
        text = "\n\n".join(re.sub(r"[ \t]+$", "", statement.strip(), flags=re.MULTILINE) for statement in made)
        (FOLDER / "versions" / f"0001_{dialect.name}.sql").write_text(text + "\n", encoding="utf-8")


def following() -> str:
    """The operations that are missing, as Python."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'draft.db'}")
        upgrade(database)
        with database.read() as c:
            options = {"include_object": lambda item, name, *rest: not (name or "").startswith(index.OWN)}
            operations = produce_migrations(MigrationContext.configure(c, opts=options), whole()).upgrade_ops
        database.close()
    assert operations is not None
    return str(render_python_code(operations))


if __name__ == "__main__":
    if sys.argv[1:] == ["--first"]:
        first()
    else:
        print(following())
