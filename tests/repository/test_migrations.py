"""The schema: made by the revisions, the same as the tables say, and refused when it is not today's."""

import contextlib
import hashlib
import multiprocessing
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.schema import CreateIndex

from crawler.errors import RepositoryError
from crawler.repository import views
from crawler.repository.database import Database
from crawler.repository.migrations import FOLDER, HEAD, check_schema, current, run_revisions, upgrade
from crawler.repository.schema import whole
from crawler.repository.search import index

VIEWS_AT = {"0001": "94af06eb5b2fbb06"}  # revision → digest of the views it brings


def stamp(database: Database, revision: str) -> None:
    with database.write() as c:
        c.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_the_revisions_make_the_tables_of_the_schema(database: Database) -> None:
    def ours(_item: object, name: str | None, *_rest: object) -> bool:
        return not (name or "").startswith(index.OWN)

    with database.read() as c:
        assert compare_metadata(MigrationContext.configure(c, opts={"include_object": ours, "compare_type": True}), whole()) == []


def test_a_partial_index_is_one_on_both_databases() -> None:
    def predicates(url: str) -> dict[str, str]:
        dialect = sa.make_url(url).get_dialect()()
        made = [str(CreateIndex(held).compile(dialect=dialect)) for table in whole().tables.values() for held in table.indexes]
        return {said.split()[2]: said.partition(" WHERE ")[2] for said in made if " WHERE " in said}

    assert len(predicates("sqlite://")) >= 12
    assert predicates("postgresql+psycopg://") == predicates("sqlite://")


def where(index: Any) -> str:
    """Of which rows a partial index is."""
    return " ".join(str(said) for said in index.get("dialect_options", {}).values())


def shape(c: sa.Connection) -> dict[str, object]:
    """Every table with its columns, keys and indexes."""
    known = sa.inspect(c)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in known.get_columns(name)],
            known.get_pk_constraint(name),
            sorted(
                f"{index['name']} {index['column_names']} {index['unique']} {where(index)}" for index in known.get_indexes(name)
            ),
        )
        for name in sorted(known.get_table_names())
    }


class Undone(Exception):
    """What a transaction did is not to stay."""


def test_an_empty_database_gets_what_the_revisions_would_make(database_url: str) -> None:
    database = Database(database_url)
    with contextlib.suppress(Undone), database.write() as c:
        run_revisions(c, "head")
        by_revisions, revision = shape(c), current(c)
        raise Undone
    upgrade(database)
    with database.read() as c:
        assert (shape(c), current(c)) == (by_revisions, revision)
    database.close()


def test_the_newest_revision_is_the_one_the_program_asks_for() -> None:
    assert ScriptDirectory(str(FOLDER)).get_current_head() == HEAD


def test_a_changed_view_comes_with_a_new_revision() -> None:
    """When this fails: make an empty revision, raise HEAD, and note the new digest here."""
    text = "\n".join(views.statements("sqlite") + views.statements("postgresql"))
    assert VIEWS_AT[HEAD] == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_every_view_can_be_read(database: Database) -> None:
    with database.read() as c:
        for name in views.NAMES:
            assert c.exec_driver_sql(f"SELECT * FROM {name}").all() == []
        assert set(sa.inspect(c).get_view_names()) >= set(views.NAMES)


def test_an_upgrade_of_todays_schema_changes_nothing(database: Database) -> None:
    upgrade(database)
    check_schema(database)
    with database.read() as c:
        assert current(c) == HEAD


def upgrade_alone(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.close()


def test_two_processes_upgrade_at_once_and_one_does_it(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=upgrade_alone, args=(database_url,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    database = Database(database_url)
    check_schema(database)
    database.close()


def test_an_upgrade_that_fails_leaves_nothing(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE changes (mine INTEGER)")
    with pytest.raises(RepositoryError, match="changes"):
        upgrade(database)
    with database.read() as c:
        assert sa.inspect(c).get_table_names() == ["changes"]
    database.close()


def test_readers_refuse_an_older_schema_with_the_remedy(database: Database) -> None:
    stamp(database, "0000")
    with pytest.raises(RepositoryError, match="has schema 0000") as caught:
        check_schema(database)
    assert "brings it up to date" in caught.value.remedy


def test_a_newer_schema_is_refused_by_readers_and_writers(database: Database) -> None:
    stamp(database, "9999")
    for refused in (check_schema, upgrade):
        with pytest.raises(RepositoryError, match="has schema 9999") as caught:
            refused(database)
        assert caught.value.remedy == "use a newer gongkai"


def test_readers_refuse_a_database_that_holds_no_archive(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE somebody_elses (a INTEGER)")
    with pytest.raises(RepositoryError, match="holds no archive yet"):
        check_schema(database)
    database.close()
