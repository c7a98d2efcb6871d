"""The line from end to end, on the demo site, over real files, a real database and a real server."""

import asyncio
import contextlib
import itertools
import json
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.archive.locks import lock
from crawler.archive.reader import open_page
from crawler.config.load import load
from crawler.demo.site import LANWAN, QINGHE, SONGLING, Notice, Page, Site
from crawler.errors import RepositoryError
from crawler.fetcher.fetcher import Fetcher
from crawler.model import Capture, Original
from crawler.pipeline.audit import EVERYTHING, Audit
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.rebuild import rebuild
from crawler.repository import files
from crawler.repository import runs as repository_runs
from crawler.repository.database import Database
from crawler.repository.progress import progress as progress_of
from crawler.repository.readings import pending
from crawler.scheduler import process as house
from crawler.scheduler.engine import ADOPT, Engine

Home = Any  # the fixture's class lives in conftest, which tests do not import

BUDGET = "财政决算"
BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be renamed there")
NARROW = 'title = "x"\nstart = "http://www.lanwan.test/zwgk/index.html"\n[detail]\nbody = ".TRS_Editor p:first-child"\n'


def notice_of(site: Site, host: str, word: str) -> Notice:
    """The notice of a host whose title has this word."""
    return next(notice for notice in site.notices[host] if word in notice.title)


@BOTH
def test_a_crawl_finds_every_notice_and_keeps_its_bytes(site: Site, home: Home) -> None:
    progress = home.crawl()
    assert (progress.new, progress.failed, progress.open) == (45, 0, 0)
    records = home.export()
    assert sorted(record["url"] for record in records) == sorted(site.urls())
    by_url = {record["url"]: record for record in records}
    for host in (LANWAN, QINGHE, SONGLING):
        for notice in site.notices[host]:
            record = by_url[f"http://{host}{notice.path}"]
            assert (record["title"], record["source"], tuple(record["body"])) == (notice.title, notice.source, notice.body)
            assert record["published"][:10] == notice.published


def test_every_record_points_to_the_bytes_it_was_read_from(home: Home) -> None:
    home.crawl()
    folder = home.config.storage.archive
    for record in home.export():
        place = record["capture"]
        row = home.sql(f"SELECT record, type, status, media_type, at, original FROM captures WHERE public_id = '{place['id']}'")[
            0
        ]
        assert row[1] == "response" or row[5] is not None
        original = None
        held = Original("", "", 0, place["digest"]) if row[1] == "revisit" else None
        if row[5]:
            o = home.sql(
                f'SELECT record, at, file, "offset", length, payload_digest, media_type, status FROM captures WHERE id = {row[5]}'
            )[0]
            original = Capture(o[0], "", o[1], o[2], o[3], o[4], "response", o[5], o[6], o[7])
        capture = Capture(
            row[0],
            record["final_url"],
            row[4],
            place["file"],
            place["offset"],
            place["length"],
            row[1],
            place["digest"],
            row[3],
            row[2],
            held,
        )
        assert open_page(folder, capture, original).status == 200


@BOTH
def test_a_second_crawl_of_an_unchanged_site_changes_nothing(home: Home) -> None:
    home.crawl()
    before, responses = home.export(), home.sql("SELECT count(*) FROM captures WHERE type = 'response'")
    progress = home.crawl()
    assert (progress.new, progress.edit, progress.failed) == (0, 0, 0)
    assert home.sql("SELECT count(*) FROM captures WHERE type = 'response'") == responses
    assert home.kinds() == {"new": 45}
    assert [record["version"] for record in home.export()] == [record["version"] for record in before]


@BOTH
def test_what_happened_behind_our_back_is_noticed(site: Site, home: Home) -> None:
    home.crawl()
    edited, removed = notice_of(site, LANWAN, BUDGET), notice_of(site, SONGLING, "低保对象")
    site.change()
    home.crawl()
    with house.open_line(home.config, "test") as line:  # the ladder's second is over by now, whatever the clock says
        line.clock = lambda: 2_000_000_000_000
        ids = house.revisit(home.config, line, ("songling",), 1000)
    assert ids
    lines = home.sql(
        "SELECT kind, CASE WHEN document IS NULL THEN 0 ELSE 1 END, source FROM changes WHERE kind <> 'new' ORDER BY seq"
    )
    assert ("edit", 1, "lanwan") in lines
    assert ("health", 0, "qinghe") in lines
    versions = home.sql(
        f"SELECT v.n FROM versions v JOIN documents d ON d.id = v.document JOIN urls u ON u.id = d.url WHERE u.url LIKE '%{edited.path}'"
    )
    assert versions == [(1,), (2,)]
    assert home.sql(f"SELECT presence FROM documents d JOIN urls u ON u.id = d.url WHERE u.url LIKE '%{removed.path}'") == [
        ("here",)
    ]


@BOTH
def test_three_disguises_are_one_work_and_three_documents(home: Home) -> None:
    home.crawl()
    samples = [record for record in home.export() if record["url"].endswith("_77.html")]
    assert len(samples) == 3
    assert len({record["work"] for record in samples}) == 1
    assert len({record["id"] for record in samples}) == 3
    assert len({record["title"] for record in samples}) == 3  # each keeps its page's own text


@BOTH
def test_a_new_rule_rereads_and_edits_nothing(home: Home) -> None:
    home.crawl("lanwan")
    home.set_source("lanwan", NARROW)
    progress = home.crawl("lanwan")
    assert (progress.new, progress.edit, progress.reread) == (0, 0, 15)
    assert home.kinds() == {"new": 15, "reread": 15}
    assert {tuple(row) for row in home.sql("SELECT max(n), count(*) FROM versions GROUP BY document")} == {(1, 2)}
    again = home.crawl("lanwan")
    assert (again.reread, again.edit) == (0, 0)


def test_a_rule_that_is_tried_and_taken_back_rereads_twice_and_edits_nothing(home: Home) -> None:
    home.crawl("lanwan")
    before, written = home.export(), (home.path.parent / "sources" / "lanwan.toml").read_text("utf-8")
    for text in (NARROW, written, NARROW, written):
        home.set_source("lanwan", text)
        progress = home.crawl("lanwan")
        assert (progress.edit, progress.reread, progress.failed) == (0, 15, 0)
    assert [(record["version"], record["body"]) for record in home.export()] == [(r["version"], r["body"]) for r in before]


def test_an_edit_under_new_rules_is_an_edit_and_a_reread_apart(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    edited = notice_of(site, LANWAN, BUDGET)
    site.touch(LANWAN, edited.path, edited.body[0], edited.body[0] + "（更正）")
    home.set_source("lanwan", NARROW)
    home.crawl("lanwan")
    assert home.kinds() == {"new": 15, "edit": 1, "reread": 15}


def test_ten_squared_is_not_one_hundred_and_two(site: Site, home: Home) -> None:
    notice = notice_of(site, LANWAN, BUDGET)
    site.touch(LANWAN, notice.path, "90.2%", "10²%")
    home.crawl("lanwan")
    site.touch(LANWAN, notice.path, "10²%", "102%")
    assert home.crawl("lanwan").edit == 1
    assert home.kinds()["edit"] == 1


def test_two_copies_that_differ_by_a_character_never_share_versions(site: Site, home: Home) -> None:
    first, second = notice_of(site, LANWAN, BUDGET), notice_of(site, LANWAN, "旧书交换")
    page = site.pages[LANWAN, first.path]
    site.put(LANWAN, second.path, Page(page.body.replace("执行率".encode(), "执行律".encode())))
    home.crawl("lanwan")
    counted = home.sql("SELECT count(*) FROM versions")
    for _ in range(4):
        home.crawl("lanwan")
    assert home.sql("SELECT count(*) FROM versions") == counted


def test_there_and_back_again_is_three_versions(site: Site, home: Home) -> None:
    notice = notice_of(site, LANWAN, BUDGET)
    home.crawl("lanwan")
    for old, new in (("90.2%", "9.02%"), ("9.02%", "90.2%")):
        site.touch(LANWAN, notice.path, old, new)
        home.crawl("lanwan")
    assert home.kinds()["edit"] == 2
    assert max(record["version"] for record in home.export()) == 3


def test_a_redirect_is_a_look_of_its_own_and_the_record_names_both_addresses(site: Site, home: Home) -> None:
    notice = notice_of(site, LANWAN, BUDGET)
    moved = notice.path.replace(".html", "_new.html")
    site.put(LANWAN, moved, site.pages[LANWAN, notice.path])
    site.put(LANWAN, notice.path, Page(b"", status=301, location=moved))
    assert home.crawl("lanwan").new == 15
    record = next(record for record in home.export() if record["title"] == notice.title)
    assert record["url"].endswith(notice.path)
    assert record["final_url"].endswith(moved)


def test_robots_txt_is_asked_first_and_obeyed(site: Site, home: Home) -> None:
    site.put(LANWAN, "/robots.txt", Page(b"User-agent: gongkai\nDisallow: /zwgk/2024\n", "text/plain"))
    home.crawl("lanwan")
    asked = [seen.path for seen in site.seen if seen.host == LANWAN]
    assert asked[0] == "/robots.txt"
    assert not [path for path in asked if path.startswith("/zwgk/2024")]
    assert dict(home.sql("SELECT outcome, count(*) FROM looks GROUP BY outcome"))["disallowed"] == 14


def test_one_request_at_a_time_and_a_pause_after_each_answer(site: Site, home: Home) -> None:
    text = home.path.read_text("utf-8")
    home.path.write_text(text.replace('delay = "0s"', 'delay = "60ms"'), "utf-8")
    home.crawl("lanwan", max_pages=1)
    seen = sorted((item for item in site.seen if item.host == LANWAN), key=lambda item: item.came)
    assert len(seen) == 11  # robots.txt, a list, eight notices, and an address that cannot exist
    gaps = [after.came - before.left for before, after in itertools.pairwise(seen)]
    assert min(gaps) >= 0.055


def test_a_server_error_is_tried_again_and_nothing_is_lost(site: Site, home: Home) -> None:
    notice = notice_of(site, LANWAN, BUDGET)
    good = site.pages[LANWAN, notice.path]
    site.put(LANWAN, notice.path, Page(b"broken", status=500))
    config = home.config
    with house.open_line(config, "test") as line:
        ids = house.fire(config, line, house.Wish(("lanwan",)))
        with line.database.write() as c:  # chance may set the retry for this very moment: it waits until we have looked
            c.exec_driver_sql(
                "CREATE TRIGGER held AFTER UPDATE OF due ON frontier BEGIN UPDATE frontier SET due = 9000000000000 WHERE id = NEW.id; END"
            )
        stop = asyncio.Event()

        def waiting() -> bool:
            with line.database.read() as c:
                progress = progress_of(c, ids)
            return progress.todo == 1 and progress.pending == 0 and progress.details >= 15

        asyncio.run(_until(config, line, ids, stop, waiting))
    assert home.sql("SELECT tries, reason, state FROM frontier") == [(1, "server_error", "todo")]
    site.put(LANWAN, notice.path, good)
    with house.open_line(config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("DROP TRIGGER held")
            c.exec_driver_sql("UPDATE frontier SET due = 0")
        progress = home.work(line, ids)
    assert (progress.open, progress.new, progress.failed) == (0, 15, 0)


def is_open(line: Any, run: int) -> bool:
    """Does this run still go on?"""
    with line.database.read() as c:
        return bool(repository_runs.are_open(c, [run]))


async def _until(config: Any, line: Any, ids: list[int], stop: asyncio.Event, finished: Any, adopt_every: float = ADOPT) -> None:
    fetcher = Fetcher(house.fetch_settings(config))
    try:
        engine = Engine(line, fetcher, house.pacing(line), queues_at_once=4, runs=frozenset(ids), adopt_every=adopt_every)
        await engine.run(stop, finished)
    finally:
        await fetcher.aclose()


def test_a_page_no_reader_survives_is_an_outcome_with_its_bytes_kept(site: Site, home: Home) -> None:
    notice = notice_of(site, LANWAN, BUDGET)
    site.put(LANWAN, notice.path, Page(b"<div>" * 120_000 + "文字".encode()))
    config = home.config
    with house.open_line(config, "test") as line:
        line.readers.deadline = 1.0
        progress = home.work(line, house.fire(config, line, house.Wish(("lanwan",))))
    assert (progress.new, progress.failed, progress.open) == (14, 1, 0)
    assert home.sql("SELECT state, error FROM readings WHERE state = 'unreadable'") == [("unreadable", "deadline")]


def test_the_database_is_rebuilt_from_the_archive_with_equal_ids_and_an_equal_export(site: Site, home: Home) -> None:
    home.crawl()
    site.change()
    home.crawl()
    before = home.export()
    kinds = home.kinds()
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    config = load(home.path)
    with house.open_line(config, "reindex") as line:
        rebuild(line, lambda *_: None)
    assert home.export() == before
    assert {kind: n for kind, n in home.kinds().items() if kind != "health"} == {
        kind: n for kind, n in kinds.items() if kind != "health"
    }


def test_a_rebuild_after_a_kill_tells_the_dead_process_s_file_in_its_turn(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    notice = notice_of(site, LANWAN, BUDGET)
    site.touch(LANWAN, notice.path, "90.2%", "9.02%")
    home.crawl("lanwan")
    before, kinds = home.export(), home.kinds()
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    last = max(home.config.storage.archive.glob("*.warc.gz"))
    last.rename(last.with_name(last.name + ".open"))  # as a killed process leaves it
    with house.open_line(home.config, house.REINDEX) as line:
        rebuild(line, lambda *_: None)
    assert home.export() == before
    assert (kinds["new"], kinds["edit"]) == (15, 1)
    assert home.kinds() == kinds
    assert not list(home.config.storage.archive.glob("*.open"))


def test_a_rebuilt_database_knows_what_was_missing_and_what_came_back(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    lost, returned, left = site.notices[LANWAN][3:6]
    pages = {notice.path: site.pages.pop((LANWAN, notice.path)) for notice in (lost, returned)}
    site.put(LANWAN, left.path, Page(b"", status=302, location="/"))
    home.crawl("lanwan")
    site.put(LANWAN, returned.path, pages[returned.path])
    home.crawl("lanwan")
    told = (
        "SELECT kind, c.at, public_id, detail FROM changes c JOIN documents d ON d.id = c.document ORDER BY c.at, public_id, kind"
    )
    known = "SELECT presence, d.first_missed, last_seen, misses, rung, due FROM documents d JOIN urls u ON u.id = d.url ORDER BY public_id"
    before, kinds = (home.sql(told), home.sql(known)), home.kinds()
    assert (kinds["missing"], kinds["back"]) == (3, 1)
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    with house.open_line(home.config, house.REINDEX) as line:
        rebuild(line, lambda *_: None)
    assert (home.sql(told), home.sql(known)) == before


@POSIX
def test_a_notice_that_vanishes_before_it_was_read_is_missing(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    lost = site.notices[LANWAN][3]
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    file = file.rename(file.with_name(file.name + ".open"))
    with file.open("r+b") as held:
        assert lock(held)  # by a process that lives and has not read the page yet
        with contextlib.closing(Database(home.config.storage.database)) as database, database.write() as c:
            unread = "UPDATE readings SET state = 'pending', rules = NULL WHERE capture = (SELECT last_capture FROM urls WHERE url LIKE :url)"
            c.execute(sa.text(unread), {"url": f"%{lost.path}"})
            c.exec_driver_sql("UPDATE files SET state = 'open', owner = 'somebody-else'")
        del site.pages[LANWAN, lost.path]
        home.crawl(url=f"http://{LANWAN}{lost.path}")
        assert home.sql("SELECT presence, count(*) FROM documents GROUP BY presence") == [("here", 15)]
    with house.open_line(home.config, "test") as line:
        assert settle_all(line) == 1
    assert home.sql("SELECT presence, count(*) FROM documents GROUP BY presence") == [("here", 14), ("missing", 1)]
    assert home.kinds() == {"new": 15, "missing": 1}


def test_what_a_dead_process_archived_but_did_not_commit_is_adopted(home: Home) -> None:
    home.crawl("lanwan")
    before = home.export()
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    archive = home.config.storage.archive
    for file in archive.glob("*.warc.gz"):
        shutil.move(file, file.with_name(file.name + ".open"))  # as a killed process leaves it
    config = home.config
    with house.open_line(config, "test") as line:
        assert settle_all(line) > 0
    assert home.export() == before
    assert not list(archive.glob("*.open"))


def test_what_was_archived_before_the_database_failed_is_adopted_at_the_next_start(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("ALTER TABLE looks RENAME COLUMN ms TO broken")
        with pytest.raises(RepositoryError):
            home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
        with line.database.write() as c:
            c.exec_driver_sql("ALTER TABLE looks RENAME COLUMN broken TO ms")
    assert home.sql("SELECT count(*) FROM looks") == [(0,)]
    assert list(home.config.storage.archive.glob("*.open"))
    with house.open_line(home.config, "test"):
        pass
    assert home.sql("SELECT count(*) > 0 FROM looks WHERE outcome = 'ok'") == [(1,)]
    assert not list(home.config.storage.archive.glob("*.open"))


def test_a_crawl_whose_page_a_dying_process_was_to_read_takes_over_and_ends(home: Home) -> None:
    home.crawl("lanwan")
    config = home.config
    with house.open_line(config, "crawl") as line:
        (closed,) = config.storage.archive.glob("*.warc.gz")
        closed.rename(closed.with_name(closed.name + ".open"))  # a process that dies while the crawl lives
        with line.database.write() as c:
            c.exec_driver_sql("UPDATE files SET state = 'open', owner = 'dying'")
            c.exec_driver_sql("UPDATE runs SET ended = NULL")
            c.exec_driver_sql(
                "UPDATE readings SET state = 'pending', run = 1 WHERE capture = (SELECT max(capture) FROM readings)"
            )
        end = time.monotonic() + 30

        def finished() -> bool:
            return not is_open(line, 1) or time.monotonic() > end

        asyncio.run(_until(config, line, [1], asyncio.Event(), finished, adopt_every=0.2))
        assert not is_open(line, 1)


def test_a_file_whose_closing_was_never_told_is_read_to_its_end(home: Home) -> None:
    home.crawl("lanwan")
    before = home.export()
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    (closed,) = home.config.storage.archive.glob("*.warc.gz")
    with house.open_line(home.config, "test") as line, line.database.write() as c:
        statement = sa.text("INSERT INTO files (name, owner, state, committed) VALUES (:name, 'dead', 'open', 0)")
        c.execute(statement, {"name": closed.name})
    with house.open_line(home.config, "test") as line:
        assert settle_all(line) > 0
        with line.database.read() as c:
            assert [row[1] for row in files.unclosed(c)] == []
    assert home.export() == before


def test_a_url_alone_is_one_look_and_its_record(site: Site, home: Home) -> None:
    notice = notice_of(site, SONGLING, BUDGET)
    progress = home.crawl(url=f"http://{SONGLING}{notice.path}")
    assert (progress.details, progress.new) == (1, 1)
    assert [record["title"] for record in home.export()] == [notice.title]


def test_since_and_max_pages_bound_a_crawl(site: Site, home: Home) -> None:
    since = sorted(notice.published for notice in site.notices[LANWAN])[-3]
    assert home.crawl("lanwan", since=since).new == 3
    assert home.crawl("qinghe", max_pages=1).lists == 1


def test_a_paused_source_does_not_fire_and_a_run_closes_itself(home: Home) -> None:
    home.crawl("lanwan")
    assert home.sql("SELECT result, ended IS NOT NULL FROM runs") == [("ok", 1)]
    assert json.loads(home.sql("SELECT counts FROM runs")[0][0])["rows"] == 8
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            assert repository_runs.pause(c, "lanwan", 1)
        with line.database.read() as c:
            assert repository_runs.is_held(c, "lanwan", line.clock())


def test_a_run_that_nobody_closed_is_closed_at_the_next_start(home: Home) -> None:
    home.crawl("lanwan")
    with house.open_line(home.config, "test") as line, line.database.write() as c:
        c.exec_driver_sql("UPDATE runs SET ended = NULL, result = NULL")
    with house.open_line(home.config, "test"):
        assert home.sql("SELECT result, ended IS NOT NULL FROM runs") == [("ok", 1)]


def test_pending_readings_of_a_live_process_are_its_own(home: Home) -> None:
    home.crawl("lanwan")
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("UPDATE readings SET state = 'pending', rules = NULL")
            c.exec_driver_sql("UPDATE files SET state = 'open', owner = 'somebody-else'")
        with line.database.read() as c:
            assert pending(c, 100, owner=line.owner, busy=frozenset()) == []
        with line.database.read() as c:
            assert len(pending(c, 100, owner="somebody-else", busy=frozenset())) == 17
        with line.database.write() as c:
            c.exec_driver_sql("UPDATE files SET state = 'closed'")


def test_nothing_is_written_beside_the_archive_and_the_database(home: Home, tmp_path: Path) -> None:
    home.crawl("lanwan")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "data"]


def test_what_a_live_process_read_by_other_rules_is_read_again_by_whoever_asks_for_it(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    edited = notice_of(site, LANWAN, BUDGET)
    site.touch(LANWAN, edited.path, edited.body[0], edited.body[0] + "（更正）")
    home.set_source("lanwan", NARROW)
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("UPDATE files SET state = 'open', owner = 'somebody-else'")
        (run,) = house.fire(home.config, line, house.Wish(("lanwan",)))
        progress = home.work(line, [run])
        with line.database.write() as c:
            c.exec_driver_sql("UPDATE files SET state = 'closed'")
    assert progress.open == 0
    assert home.kinds() == {"new": 15, "edit": 1, "reread": 15}


def test_processes_that_read_an_address_in_turn_by_different_rules_come_to_an_end(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    edited = notice_of(site, LANWAN, BUDGET)
    site.touch(LANWAN, edited.path, edited.body[0], edited.body[0] + "（更正）")
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql(
                "CREATE TRIGGER rival AFTER UPDATE ON readings WHEN NEW.rules <> 'rival' AND NEW.state = 'done' "
                f"AND NEW.capture IN (SELECT capture FROM versions WHERE title LIKE '%{BUDGET}%') "
                "BEGIN UPDATE readings SET rules = 'rival' WHERE capture = NEW.capture; END"
            )
            c.exec_driver_sql("UPDATE readings SET rules = 'rival'")
        progress = home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
        with line.database.write() as c:
            c.exec_driver_sql("DROP TRIGGER rival")
    assert (progress.open, progress.edit, progress.failed) == (0, 1, 0)


def test_what_the_database_refuses_is_unreadable_and_holds_nobody_up(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql(
                f"CREATE TRIGGER picky BEFORE INSERT ON versions WHEN NEW.title LIKE '%{BUDGET}%' "
                "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
            )
        progress = home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
        assert (progress.new, progress.failed, progress.open) == (14, 1, 0)
        (error,) = home.sql("SELECT error FROM readings WHERE state = 'unreadable'")
        assert error[0].endswith("not this one")
        with line.database.write() as c:
            c.exec_driver_sql("DROP TRIGGER picky")
    assert home.crawl("lanwan").new == 1  # its bytes were kept, and are read when they are seen again


def test_a_look_that_the_database_refuses_is_given_up_by_its_name_and_the_others_are_kept(site: Site, home: Home) -> None:
    lost = notice_of(site, LANWAN, BUDGET)
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql(
                f"CREATE TRIGGER picky BEFORE INSERT ON captures WHEN NEW.url = (SELECT id FROM urls WHERE url LIKE '%{lost.path}') "
                "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
            )
        progress = home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
        assert (progress.new, progress.open) == (14, 0)
        ((state, reason),) = home.sql("SELECT state, reason FROM frontier")
        assert (state, reason) == ("dead", "refused by the database: not this one")
        audit = Audit(line.database, home.config.storage.archive, EVERYTHING, "test", line.clock)
        assert {checked.outcome for checked in audit.run()} == {"pass"}  # what was refused stands in the archive alone: no damage
        with line.database.write() as c:
            c.exec_driver_sql("DROP TRIGGER picky")
    assert home.crawl("lanwan").new == 1


@BOTH
def test_an_address_that_no_index_takes_stops_nobody(site: Site, home: Home) -> None:
    long = "".join(f"{number:x}" for number in random.Random(1).choices(range(1 << 32), k=800))
    listed, notice = site.pages[LANWAN, "/zwgk/index.html"], notice_of(site, LANWAN, BUDGET)
    row = f'<li><a href="/zwgk/{long}.html">关于一件地址很长的公告事项的公告</a><span>2024-05-06</span></li></ul>'
    site.put(LANWAN, "/zwgk/index.html", Page(listed.body.replace(b"</ul>", row.encode())))
    file = f'<p><a href="/files/{long}.pdf">附件：{notice.title}.pdf</a></p></div>'
    site.put(LANWAN, notice.path, Page(site.pages[LANWAN, notice.path].body.replace(b"</p></div>", b"</p>" + file.encode())))
    assert all(long.encode() in site.pages[LANWAN, path].body for path in ("/zwgk/index.html", notice.path))
    progress = home.crawl("lanwan")
    assert (progress.new, progress.failed, progress.open) == (15, 0, 0)


def test_a_crawl_whose_every_look_is_refused_ends(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("CREATE TRIGGER refusing BEFORE INSERT ON looks BEGIN SELECT RAISE(ABORT, 'not this one'); END")
        home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
    assert home.sql("SELECT count(*) FROM looks") == [(0,)]
    assert home.sql("SELECT count(*) FROM runs WHERE ended IS NULL") == [(0,)]
    assert home.sql("SELECT DISTINCT state FROM frontier") == [("dead",)]
