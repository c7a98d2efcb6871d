"""A fresh database for each test, once on SQLite and once on PostgreSQL."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.model import capture_id
from crawler.record.pack import pack
from crawler.repository import schema as t
from crawler.repository.database import Connection, Database, upsert
from crawler.repository.migrations import upgrade
from crawler.text.words import search_text


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


class Library:
    """Writes documents straight into the tables, as settle leaves them, so that what reads them can be tested alone."""

    def __init__(self, c: Connection) -> None:
        self.c = c
        self._serial = 0
        row = {"name": "a.warc.gz", "owner": "test", "state": "closed", "committed": 0}
        c.execute(upsert(c, t.files).values(**row).on_conflict_do_nothing())
        self._serial = c.execute(sa.select(sa.func.count()).select_from(t.captures)).scalar_one()

    def source(self, name: str) -> None:
        self.c.execute(upsert(self.c, t.sources).values(id=name, title=name, config_digest="").on_conflict_do_nothing())

    def url(self, url: str, **values: Any) -> int:
        row = {"key": f"GET {url}", "method": "GET", "url": url, "public_url": url, "queue": "q", "kind": "detail", "source": "s"}
        return self._insert(t.urls, {**row, **values})

    def capture(self, url: int, at: int = 1000, public_id: str | None = None) -> int:
        self._serial += 1
        row = {
            "record": f"record-{self._serial}",
            "public_id": public_id or capture_id(f"record-{self._serial}"),
            "url": url,
            "at": at,
            "file": "a.warc.gz",
            "offset": self._serial * 1000,
            "length": 999,
            "type": "response",
            "payload_digest": f"sha256:{self._serial}",
            "media_type": "text/html",
            "status": 200,
        }
        return self._insert(t.captures, row)

    def document(
        self, public_id: str, title: str, body: str = "", *, url: str | None = None, work: int | None = None, **values: Any
    ) -> int:
        """A document in one version; `values` for its row, `record` and `published` for its version's."""
        version = {name: values.pop(name) for name in ("record", "published") if name in values}
        address = self.url(url or f"http://www.example.test/{public_id}.html")
        work = work or self._insert(t.works, {"public_id": public_id})
        row = {
            "public_id": public_id,
            "url": address,
            "part": 0,
            "source": "s",
            "work": work,
            "first_seen": 1000,
            "last_seen": 2000,
        }
        document = self._insert(t.documents, {**row, **values})
        self.version(document, 1, title, body, **version)
        return document

    def version(
        self, document: int, n: int, title: str, body: str = "", *, rules: str = "r1", at: int = 1000, **values: Any
    ) -> int:
        """One more version, made the current one."""
        url = self.c.execute(sa.select(t.documents.c.url).where(t.documents.c.id == document)).scalar_one()
        published = values.pop("published", None)
        record = {
            "title": title,
            "published": published,
            "source": "财政局",
            "channel": None,
            "body": [body],
            **values.pop("record", {}),
        }
        row = {
            "document": document,
            "n": n,
            "rules": rules,
            "capture": values.pop("capture", None) or self.capture(url, at),
            "first_seen": at,
            "text_digest": f"{title}{body}",
            "title": title,
            "published": published,
            "record": pack("\n".join((json.dumps(record, ensure_ascii=False), search_text(title), search_text(body)))),
        }
        made = self._insert(t.versions, {**row, **values})
        self.c.execute(t.documents.update().where(t.documents.c.id == document).values(version=made, indexed=0))
        return made

    def _insert(self, table: sa.Table, values: dict[str, Any]) -> int:
        number: int = self.c.execute(table.insert().values(**values).returning(table.c.id)).scalar_one()
        return number


@pytest.fixture
def library() -> type[Library]:
    """Writes documents straight into the tables: `library(c).document(…)`."""
    return Library
