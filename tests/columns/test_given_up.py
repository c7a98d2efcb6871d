"""What a run gave up: another takes it up as the first one would have, and a host that is down holds nobody's timetable up."""

import json
import time
from typing import Any

from crawler.config.load import load
from crawler.model import RunKind
from crawler.repository import runs
from crawler.scheduler import firing
from crawler.scheduler import process as house

Desk = Any  # the fixture's classes live in conftest, which tests do not import
HOST = "bad.columns.test"
AWAY = "away.columns.test"


def fire(desk: Desk, kind: RunKind, name: str = "createpage") -> None:
    """One slot of a source's schedule, worked to its end."""
    config = load(desk.path)
    with house.open_line(config, "test") as line:
        run = firing.fire_slot(line, config.sources[name], kind, line.clock())
        assert run is not None
        assert desk.work(line, [run.id]).open == 0


def requeue(desk: Desk) -> int:
    """Take everything up again, to its end; in how many runs."""
    with house.open_line(load(desk.path), "test") as line:
        fired, _ = firing.requeue(line, (), None, None)
        desk.work(line, fired)
    return len(fired)


def limit(desk: Desk, requests: int | None) -> None:
    """How many requests a run may make."""
    text = desk.path.read_text("utf-8").partition("[budget]")[0]
    desk.path.write_text(text + (f"[budget]\nrequests = {requests}\n" if requests else ""), "utf-8")


def test_what_a_bounded_crawl_gave_up_is_taken_up_within_its_bounds(desk: Desk) -> None:
    column = desk.column("createpage", 300)
    limit(desk, 3)
    desk.crawl("createpage", max_pages=6, since="2024-12-01")
    assert column.asked == 2
    limit(desk, None)
    assert requeue(desk) == 1
    assert (column.asked, desk.stops("createpage")) == (4, {"since"})
    assert desk.sql("SELECT count(*) FROM frontier") == [(0,)]
    limit(desk, 2)
    desk.crawl("createpage", max_pages=3)
    limit(desk, None)
    requeue(desk)
    assert (column.asked, desk.stops("createpage")) == (7, {"page limit"})
    kept = json.loads(desk.sql("SELECT options FROM runs ORDER BY id DESC LIMIT 1")[0][0])
    assert (kept["max_pages"], kept["as"]) == (3, "once")


def test_what_a_list_run_gave_up_is_taken_up_as_a_list_run_up_to_the_known_tail(desk: Desk) -> None:
    column = desk.column("createpage", 300)
    fire(desk, RunKind.LIST)
    asked = column.asked
    column.insert()
    limit(desk, 1)
    fire(desk, RunKind.LIST)
    limit(desk, None)
    health = "SELECT health, trouble, bad, good, failures, last_ok FROM sources WHERE id = 'createpage'"
    before = desk.sql(health)
    assert desk.sql("SELECT count(*) FROM frontier WHERE state = 'dead'") == [(1,)]
    requeue(desk)
    assert (column.asked - asked, desk.stops("createpage")) == (3, {"known tail"})
    assert desk.sql("SELECT observation, result FROM runs ORDER BY id DESC LIMIT 1")[0][0] is None
    assert desk.sql(health) == before


def test_given_up_rows_of_different_wishes_are_taken_up_in_runs_of_their_own(desk: Desk) -> None:
    column = desk.column("createpage", 300)
    desk.source("createpage", f'"http://{column.host}/list/index.html"')
    limit(desk, 2)
    desk.crawl("createpage", max_pages=2)
    desk.crawl("createpage", max_pages=3)
    fire(desk, RunKind.LIST)
    assert requeue(desk) == 3  # given up again
    assert requeue(desk) == 3
    said = [json.loads(row[0]) for row in desk.sql("SELECT options FROM runs ORDER BY id DESC LIMIT 3")]
    assert {(item.get("max_pages"), item["as"]) for item in said} == {(2, "once"), (3, "once"), (None, "list")}


def mixed(desk: Desk) -> None:
    """A column of its own host whose every other row stands on a host that is down."""
    rows = "".join(
        f"<li><a href='http://{AWAY if n % 2 else HOST}/t202401{n + 1:02}_{n}.html'>关于第{n}件事项的公告</a><span>2024-01-{n + 1:02}</span></li>"
        for n in range(10)
    )
    notice = "<html><head><title>关于事项的公告</title></head><body><h1>关于事项的公告</h1><p>各有关单位：现将有关事项公告如下。</p></body></html>"
    page = f"<ul>{rows}</ul>"
    desk.server.extra[HOST] = lambda asked: (200, "text/html; charset=utf-8", (page if "list" in asked.path else notice).encode())
    desk.server.extra[AWAY] = lambda asked: (500, "text/html", b"down")
    desk.source("bad", f'"http://{HOST}/list/index.html"')


def breaker(desk: Desk, next_at: int) -> None:
    """Somebody found that the host is down."""
    with house.open_line(load(desk.path), "test") as line, line.database.write() as c:
        c.exec_driver_sql("DELETE FROM queues WHERE name = 'away.columns.test'")
        values = f"('{AWAY}', 0, {next_at}, 0, 6, {next_at - 10**6})"
        c.exec_driver_sql(f"INSERT INTO queues (name, leased_until, next_at, delay, failures, broken_since) VALUES {values}")


def test_a_list_run_waits_for_no_host_that_is_down(desk: Desk) -> None:
    mixed(desk)
    now = int(time.time() * 1000)
    breaker(desk, now + 3_600_000)
    fire(desk, RunKind.LIST, "bad")
    assert [host for host, _ in desk.server.seen if host == AWAY] == []
    assert (desk.counts("bad")["details"], desk.counts("bad")["shelved"]) == (5, 5)
    breaker(desk, now)  # its hour has come: it has a robots.txt, so it is asked, and each of five answers is an error
    fire(desk, RunKind.LIST, "bad")
    asked = [path for host, path in desk.server.seen if host == AWAY]
    assert (len(asked), len(set(asked)), desk.counts("bad")["shelved"]) == (5, 5, 5)
    assert desk.sql("SELECT count(*) FROM frontier WHERE state = 'todo'") == [(0,)]
    desk.server.extra[AWAY] = desk.server.extra[HOST]
    breaker(desk, now)
    fire(desk, RunKind.LIST, "bad")
    assert desk.counts("bad")["details"] == 5
    assert desk.sql("SELECT count(*) FROM urls WHERE kind = 'detail' AND last_capture IS NULL") == [(0,)]


def test_rows_of_a_host_that_is_down_do_not_hide_the_known_tail(desk: Desk) -> None:
    column = desk.column("createpage", 300)
    desk.source("createpage", f'"http://{column.host}/list/index.html"')
    with house.open_line(load(desk.path), "test") as line, line.database.write() as c:
        later = int(time.time() * 1000) + 3_600_000
        c.exec_driver_sql(
            "INSERT INTO queues (name, leased_until, next_at, delay, failures, broken_since)"
            f" VALUES ('notices.elsewhere.test', 0, {later}, 0, 6, 1)"
        )
    fire(desk, RunKind.LIST)
    assert (column.asked, desk.counts("createpage")["shelved"]) == (20, 300)
    fire(desk, RunKind.LIST)
    assert (column.asked, desk.stops("createpage")) == (22, {"known tail"})


def test_a_breaker_leaves_the_lists_of_a_timetable_due(desk: Desk) -> None:
    mixed(desk)
    config = load(desk.path)
    with house.open_line(config, "test") as line:
        listed = firing.fire_slot(line, config.sources["bad"], RunKind.LIST, line.clock())
        assert listed is not None
        once = firing.fire_once(line, "bad", config.sources["bad"].start, (), {})
        with line.database.write() as c:
            runs.shelve(c, "the host is in trouble", queue=HOST, run=None)
        with line.database.read() as c:
            rows = c.exec_driver_sql("SELECT run, state FROM frontier ORDER BY run").all()
        assert [tuple(row) for row in rows] == [(listed.id, "todo"), (once, "dead")]
