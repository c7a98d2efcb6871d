"""The database brought to another configuration: whose an address is, in which queue it stands, what is not waited for any more."""

import sqlalchemy as sa

from crawler.model import Kind, Request, Run, RunKind
from crawler.repository import runs, settings
from crawler.repository import schema as t
from crawler.repository.addresses import Seed
from crawler.repository.database import Database
from crawler.repository.runs import SourceRow
from crawler.repository.settings import Settings
from crawler.text import urls

NOW = 1_725_000_000_000
LIST = "http://a.test/list"


def row(name: str, digest: str = "1") -> SourceRow:
    """A configured source."""
    return SourceRow(name, name, digest, enabled=True)


def configured(
    *rows: SourceRow, starts: dict[str, str] | None = None, queue: str | None = None, broken: tuple[str, ...] = ()
) -> Settings:
    """A configuration; `starts`: address → source."""
    keys = {urls.key(Request(url)): source for url, source in (starts or {}).items()}
    return Settings(rows, keys, broken, lambda _, url: queue or urls.host(url))


def begun(database: Database, source: str, queue: str = "a.test") -> int:
    """A run of a source that waits for its list and a notice."""
    seeds = [
        Seed(Request(LIST), LIST, Kind.LIST, queue, source, 0, NOW),
        Seed(Request("http://a.test/1"), "", Kind.DETAIL, queue, source, 1, NOW, via=urls.key(Request(LIST))),
    ]
    with database.write() as c:
        run = runs.fire(c, Run(source, RunKind.LIST, NOW), seeds, NOW)
        assert run is not None
        for url in c.execute(sa.select(t.urls.c.id)).scalars().all():
            c.execute(t.listings.insert(), {"source": source, "url": url, "first_listed": NOW, "last_listed": NOW})
        return run.id


def held(database: Database, table: sa.Table, column: str) -> set[str]:
    """The values of a column."""
    with database.read() as c:
        return set(c.execute(sa.select(table.c[column])).scalars())


def test_a_source_with_another_name_keeps_what_it_has(database: Database) -> None:
    with database.write() as c:
        settings.sync(c, configured(row("old"), starts={LIST: "old"}))
    run = begun(database, "old")
    with database.write() as c:
        moved = settings.sync(c, configured(row("new"), starts={LIST: "new"}))
    assert moved.renamed == {"old": "new"}
    assert moved.shelved == {run}
    assert held(database, t.urls, "source") == held(database, t.listings, "source") == {"new"}
    assert held(database, t.runs, "source") == {"old"}  # what was, was
    with database.write() as c:
        assert settings.sync(c, configured(row("new"), starts={LIST: "new"})).renamed == {}


def test_what_another_source_lists_is_looked_after_by_it_when_the_first_is_gone(database: Database) -> None:
    both = configured(row("old"), row("other"), starts={LIST: "old", "http://b.test/": "other"})
    with database.write() as c:
        settings.sync(c, both)
    begun(database, "old")
    with database.write() as c:
        for url in c.execute(sa.select(t.urls.c.id).where(t.urls.c.kind == "detail")).scalars().all():
            c.execute(t.listings.insert(), {"source": "other", "url": url, "first_listed": NOW, "last_listed": NOW})
        settings.sync(c, configured(row("other"), starts={"http://b.test/": "other"}))
        sources = dict(tuple(pair) for pair in c.execute(sa.select(t.urls.c.kind, t.urls.c.source)))
    assert sources == {"list": "old", "detail": "other"}


def test_what_stands_in_another_queue_is_put_into_its_own(database: Database) -> None:
    with database.write() as c:
        settings.sync(c, configured(row("s"), starts={LIST: "s"}))
    begun(database, "s")
    with database.write() as c:
        assert settings.sync(c, configured(row("s"), starts={LIST: "s"}, queue="unseen")).queued == 0  # its file is the same
        moved = settings.sync(c, configured(row("s", "2"), starts={LIST: "s"}, queue="platform"))
    assert (moved.queued, moved.shelved) == (2, frozenset())
    assert held(database, t.urls, "queue") == held(database, t.frontier, "queue") == {"platform"}


def test_a_source_whose_file_is_broken_waits_and_keeps_everything(database: Database) -> None:
    with database.write() as c:
        settings.sync(c, configured(row("s"), row("other"), starts={LIST: "s"}))
    run = begun(database, "s")
    with database.write() as c:
        moved = settings.sync(c, configured(row("other", "2"), starts={LIST: "other"}, broken=("s",)))
    assert not moved.renamed
    assert moved.shelved == {run}
    assert held(database, t.urls, "source") == {"s"}
    assert all(reason.endswith(settings.BROKEN) for reason in held(database, t.frontier, "reason"))
    with database.read() as c:
        assert c.execute(sa.select(t.sources.c.enabled).where(t.sources.c.id == "s")).scalar_one() == 1
