"""What leaves the archive in bulk: all of it once and in order, what a search finds and no more, and nothing withheld; so too in SQL."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.errors import CannotError, UsageError
from crawler.model import ChangeKind
from crawler.record.notice import Record
from crawler.record.pack import pack
from crawler.record.serial import as_json
from crawler.repository import schema as t
from crawler.repository.asked_sql import Limits, opened, statements
from crawler.repository.changes import NewChange, append
from crawler.repository.database import Database
from crawler.repository.exports import choose, records, state, steps, versions
from crawler.repository.search.find import find
from crawler.repository.search.index import index
from crawler.repository.search.question import Only, Question
from crawler.repository.views import NAMES
from crawler.text.words import search_text

DAY = 86_400_000
IDS = [f"{number * 7919 % 100_000:012}" for number in range(1, 61)]
HIDDEN = "h1dden000000"


@pytest.fixture
def archive(database: Database, library: Any) -> Database:
    """Sixty documents of two sources, every fifth edited later, one withheld; all in the index."""
    with database.write() as c:
        shelf = library(c)
        for name in ("odd", "even", "s"):
            shelf.source(name)
        for number, public_id in enumerate(IDS):
            document = shelf.document(
                public_id, f"关于{number}号预算的{'公告' if number % 3 else '通知'}", "各单位：现将有关事项公告如下。",
                source="odd" if number % 2 else "even", published=f"2024-0{number % 6 + 1}-11", first_seen=number * DAY,
            )  # fmt: skip
            append(c, [NewChange(ChangeKind.NEW, number * DAY, "s", document, after=_version(c, document))])
            if number % 5 == 0:
                before = _version(c, document)
                after = shelf.version(
                    document, 2, f"关于{number}号决算的公告", "改过的正文。", at=100 * DAY, published="2024-01-02"
                )
                append(c, [NewChange(ChangeKind.EDIT, 100 * DAY, "s", document, before, after)])
        hidden = shelf.document(HIDDEN, "不予公开的公告", "正文", withheld="a court order", source="odd")
        append(c, [NewChange(ChangeKind.NEW, 1, "odd", hidden, after=_version(c, hidden))])
    with database.write() as c:
        while index(c, 1000):
            pass
    return database


def _version(c: Any, document: int) -> int:
    found: int = c.execute(t.documents.select().where(t.documents.c.id == document)).one().version
    return found


def everything_found(c: Any, question: Question) -> set[str]:
    """All ids that a search tells, page by page."""
    found: set[str] = set()
    after = None
    while True:
        page = find(c, Question(question.query, question.only, limit=7, after=after, as_of=question.as_of))
        found |= {hit.id for hit in page.rows}
        after = page.next
        if after is None:
            return found


QUESTIONS = [
    Question("公告"), Question("通知 OR 决算"), Question("-公告"), Question("号", Only(since="2024-03")), Question("题 不存在"),
    Question("", Only(presence="here", until="2024-02-28")), Question("", Only(source="odd")), Question("决算", as_of=99 * DAY),
    Question("公告", as_of=101 * DAY), Question("预算", Only(seen="1970-01-05..1970-01-20"), as_of=50 * DAY), Question("", as_of=10 * DAY),
]  # fmt: skip


def test_an_export_holds_what_a_search_finds_by_id(archive: Database) -> None:
    with archive.read() as c:
        for question in QUESTIONS:
            held = [item["id"] for item in records(c, choose(c, question))]
            assert held == sorted(everything_found(c, question)), question
            assert HIDDEN not in held
            assert {item["id"] for item in versions(c, choose(c, question))} >= set(held)


def test_an_export_goes_on_behind_any_of_its_items(archive: Database) -> None:
    with archive.read() as c:
        whole = [(item["id"], item["version"]) for item in versions(c)]
        assert len(whole) == 72
        assert whole == sorted(whole)
        for place in (0, 1, 35, 70, 71):
            assert [(item["id"], item["version"]) for item in versions(c, after=whole[place])] == whole[place + 1 :]
        ids = [item["id"] for item in records(c)]
        assert [item["id"] for item in records(c, after=ids[20])] == ids[21:]


def test_what_was_known_then_is_told_as_it_was(archive: Database) -> None:
    with archive.read() as c:
        then = {item["id"]: item for item in records(c, choose(c, Question("", as_of=99 * DAY)))}
        now = {item["id"]: item for item in records(c)}
    assert {item["version"] for item in then.values()} == {1}
    assert sum(item["version"] == 2 for item in now.values()) == 12
    assert set(then) == set(now)


def test_who_has_a_copy_is_told_each_step_once_and_what_is_withheld_by_its_id_alone(archive: Database) -> None:
    with archive.read() as c:
        told = list(steps(c))
        last = state(c).last
        assert [step.operation for step in told].count("create") == 60
        assert [step.operation for step in told].count("edit") == 12
        assert HIDDEN not in {step.document for step in told}  # who has nothing need not be told to take it away
        later = list(steps(c, after=30))
        assert later == told[len(told) - len(later) :]
        assert all(step.record is not None for step in told)
    with archive.write() as c:
        hidden = c.execute(sa.select(t.documents.c.id).where(t.documents.c.public_id == HIDDEN)).scalar_one()
        append(c, [NewChange(ChangeKind.WITHHELD, 1, "odd", hidden, detail={"reason": "a court order", "who": "x"})])
    with archive.read() as c:
        assert HIDDEN not in {step.document for step in steps(c)}
        (step,) = steps(c, after=last)
        assert (step.operation, step.document, step.record, step.line.title) == ("withhold", HIDDEN, None, None)


# ------------------------------------------------------------------ SQL
def ask(database: Database, url: str, sql: str, **limits: Any) -> list[tuple[Any, ...]]:
    with opened(url, Limits(**limits)) as asking:
        return list(asking.ask(sql).rows)


def test_the_views_answer_and_hold_nothing_withheld(archive: Database, database_url: str) -> None:
    assert ask(archive, database_url, "SELECT count(*) FROM v_documents;") == [(60,)]
    assert ask(archive, database_url, f"WITH d AS (SELECT * FROM v_documents) SELECT 1 FROM d WHERE id = '{HIDDEN}'") == []
    assert ask(archive, database_url, "SELECT count(*) FROM v_changes c JOIN v_documents d ON d.id = c.document -- ;") == [(72,)]
    assert ask(archive, database_url, "SELECT upper('a') AS x, 'a;b' AS y, count(*) FROM v_versions") == [("A", "a;b", 72)]


@pytest.mark.parametrize("view", NAMES)
def test_every_view_answers_with_all_its_columns(archive: Database, database_url: str, view: str) -> None:
    rows = ask(archive, database_url, f"SELECT count(*) FROM (SELECT * FROM {view}) AS a")[0][0]
    assert (rows > 0) == (view != "v_looks")
    assert len(ask(archive, database_url, f"WITH gone AS (SELECT * FROM {view}) SELECT * FROM gone LIMIT 1")) == min(rows, 1)


REFUSED = [
    "SELECT * FROM documents", "SELECT count(*) FROM documents", "SELECT 1 FROM documents", "SELECT exists(SELECT 1 FROM versions)",
    "WITH v_documents AS (SELECT * FROM documents) SELECT * FROM v_documents", "SELECT * FROM (SELECT * FROM documents) AS v_documents",
    "SELECT * FROM documents AS v_documents", "SELECT 1 WHERE 'a' IN (SELECT withheld FROM documents)", "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_class", "SELECT count(*) FROM pragma_table_list", "SELECT query_to_xml('select * from documents', true, true, '')",
    "SELECT table_to_xml('documents', true, true, '')", "SELECT pg_read_file('/etc/passwd')", "SELECT load_extension('x')",
    "SELECT pg_sleep(0)", "SELECT lo_import('/etc/passwd')", "DELETE FROM v_documents", "ATTACH 'x' AS y", "PRAGMA query_only = 0",
    "UPDATE v_documents SET title = ''", "VACUUM", "SELECT 1; DROP TABLE looks", "SELECT 1) AS a, documents AS b, (SELECT 1", "", " ; ", "-- ",
    "WITH x AS (DELETE FROM looks RETURNING 1) SELECT * FROM x", "SELECT ?", "SELECT 'a", "/* SELECT 1", "SELECT nothing FROM v_documents",
    "SELECT 1\0", "SELECT '\ud800'", "SELECT * INTO x FROM v_documents", "SELECT nextval('looks_id_seq')", "COPY v_looks TO '/tmp/x'",
    "WITH v_looks AS (SELECT * FROM sqlite_master) SELECT sql FROM v_looks", "WITH gone AS (SELECT * FROM pragma_table_list) SELECT * FROM gone",
    "WITH gone(id) AS (SELECT url FROM documents) SELECT * FROM gone", "SELECT E'\\'; DROP TABLE looks; --'", "SET TRANSACTION READ WRITE", "SELECT 1 FROM v_documents; COMMIT", "EXPLAIN SELECT 1",
]  # fmt: skip


def test_whatever_else_is_asked_is_refused_in_a_sentence(archive: Database, database_url: str) -> None:
    for sql in REFUSED:
        with pytest.raises(UsageError) as refused:
            ask(archive, database_url, sql)
        assert str(refused.value), sql
    with archive.read() as c:
        assert len(c.execute(t.documents.select()).all()) == 61


def test_a_query_is_cut_at_its_rows_and_at_its_time(archive: Database, database_url: str) -> None:
    with opened(database_url, Limits(rows=10)) as asking:
        found = asking.ask("SELECT id FROM v_documents ORDER BY id")
        assert (len(found.rows), found.more) == (10, True)
        assert not asking.ask("SELECT id FROM v_documents ORDER BY id LIMIT 10").more
    endless = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT max(x) FROM a"
    with pytest.raises(CannotError, match="longer"):
        ask(archive, database_url, endless, seconds=0.2)


def test_statements_end_at_semicolons_that_are_no_text() -> None:
    assert statements("SELECT 1; SELECT ';' /* ; */; -- ;\nSELECT") == (["SELECT 1", " SELECT ';' /* ; */"], " -- ;\nSELECT")


# ------------------------------------------------------------------ interrupted
def many(database: Database, count: int) -> None:
    """So many documents, by the fewest statements."""
    with database.write() as c:
        c.execute(t.files.insert(), {"name": "a.warc.gz", "owner": "test", "state": "closed", "committed": 0})
        c.execute(t.works.insert(), {"id": 1, "public_id": "w" * 12})
        rows: dict[Any, list[dict[str, Any]]] = {t.urls: [], t.captures: [], t.documents: [], t.versions: []}
        for n in range(1, count + 1):
            record = as_json(
                Record(title=f"第{n}号公告", channel=None, published=None, source=None, clicks=None, body=("正文。" * 20,))
            )
            url = f"http://www.example.test/{n}"
            rows[t.urls].append(
                {
                    "id": n,
                    "key": url,
                    "method": "GET",
                    "url": url,
                    "public_url": url,
                    "queue": "q",
                    "kind": "detail",
                    "source": "s",
                }
            )
            rows[t.captures].append(
                {"id": n, "record": f"r{n}", "public_id": f"c-{n:012}", "url": n, "at": 1000, "file": "a.warc.gz", "offset": n, "length": 9,
                 "type": "response", "payload_digest": "sha256:x", "media_type": "text/html", "status": 200}
            )  # fmt: skip
            rows[t.documents].append(
                {
                    "id": n,
                    "public_id": f"{n:012}",
                    "url": n,
                    "part": 0,
                    "source": "s",
                    "work": 1,
                    "first_seen": 1,
                    "last_seen": 2,
                    "version": n,
                }
            )
            packed = pack("\n".join((json.dumps(record, ensure_ascii=False), search_text(str(record["title"])), "")))
            rows[t.versions].append(
                {"id": n, "document": n, "n": 1, "rules": "r", "capture": n, "first_seen": 1, "text_digest": "x", "title": record["title"], "record": packed}
            )  # fmt: skip
        for table, values in rows.items():
            c.execute(table.insert(), values)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "sqlite"])
def test_an_export_whose_disk_was_full_goes_on_to_the_same_bytes(database: Database, tmp_path: Path, form: str) -> None:
    many(database, 2300)
    config = tmp_path / "config" / "gongkai.toml"
    config.parent.mkdir()
    config.write_text(
        f'[operator]\nname = "x"\ncontact = "mailto:a@example.org"\n[storage]\ndatabase = "sqlite:///{database.path}"\n', "utf-8"
    )
    (tmp_path / "data" / "warc").mkdir(parents=True)
    to = tmp_path / f"all.{form}"

    def export(name: Path, *more: str, room: int = resource.RLIM_INFINITY) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "crawler.cli", "--config", str(config), "export", "--as", form, "--to", str(name), *more]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=100,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY)),
        )  # fmt: skip

    (tmp_path / "whole").mkdir()
    whole = tmp_path / "whole" / to.name
    done = export(whole, "--bare")
    assert done.returncode == 0, done.stderr
    assert (
        export(to, "--resume", room=whole.stat().st_size * 65 // 100).returncode == 3
    )  # between its first thousand and its second
    assert not to.exists()
    came = export(to, "--resume")
    assert came.returncode == 0, came.stderr
    assert form == "parquet" or "going on behind 1000 items" in came.stderr  # its groups are written when the next one is full
    assert to.read_bytes() == whole.read_bytes()
    told = json.loads(Path(f"{to}.manifest.json").read_text("utf-8"))
    assert (told["count"], told["bytes"]) == (2300, to.stat().st_size)
    assert not list(tmp_path.glob(f".{to.name}*"))
