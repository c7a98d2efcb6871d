"""`fetch`: the whole story of one exchange, nothing kept; `frontier`: what is due and what was given up."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.site import LANWAN, Page, Site
from tests.tools.called import said

Home = Any  # the fixture's class lives in conftest, which tests do not import


def gongkai(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, with a home's configuration."""
    return said(["--config", str(home.path), *arguments])


def files(folder: Path) -> list[str]:
    """Every file below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_story_of_an_exchange_is_told_and_nothing_is_kept(site: Site, home: Home) -> None:
    before = files(home.folder)
    path = next(path for host, path in site.pages if host == LANWAN and path.startswith("/zwgk/2024"))
    told = gongkai(home, "fetch", f"http://{LANWAN}{path}")
    assert told.returncode == 0, told.stderr
    for part in (
        "robots.txt  ok 200",
        "guard       configured",
        f"GET {path} HTTP/1.1",
        "HTTP/1.1 200 OK",
        "utf-8",
        "reads as    notice",
        "outcome     ok",
    ):
        assert part in told.stdout
    assert [item.path for item in site.seen] == ["/robots.txt", path]
    assert files(home.folder) == before


def test_the_story_in_json_is_one_object(site: Site, home: Home) -> None:
    site.put(LANWAN, "/gbk.html", Page("<meta charset=utf-8><p>关于公开征求意见的通知，各有关单位</p>".encode("gbk")))
    told = gongkai(home, "fetch", f"http://{LANWAN}/gbk.html", "--json")
    said = json.loads(told.stdout)
    assert (said["outcome"], said["status"], said["response"]["framing"], said["response"]["whole"]) == (
        "ok",
        200,
        "length",
        True,
    )
    assert (said["text"]["encoding"], said["text"]["declared"], said["text"]["why"]) == ("gb18030", "utf-8", "evidence")
    assert said["robots"]["decision"] == "allow"
    assert said["reach"]["guard"] == "configured"
    assert said["request"][0] == "GET /gbk.html HTTP/1.1"


@pytest.mark.parametrize(
    ("path", "outcome"), [("/admin/x", "disallowed"), ("/none.html", "not_found"), ("/wall", "blocked"), ("/home", "redirected")]
)
def test_what_went_wrong_is_the_outcome_and_the_exit_code(site: Site, home: Home, path: str, outcome: str) -> None:
    site.put(LANWAN, "/wall", Page(b"", status=412))
    site.put(LANWAN, "/home", Page(b"", status=302, location="/"))
    told = gongkai(home, "fetch", f"http://{LANWAN}{path}", "--json")
    said = json.loads(told.stdout)
    assert said["outcome"] == outcome
    assert told.returncode == (0 if outcome == "redirected" else 1)
    assert said["leads"] == ("home" if path == "/home" else None)
    if path == "/admin/x":
        assert said["robots"]["line"] == "line 2: Disallow: /admin/"
        assert [item.path for item in site.seen] == ["/robots.txt"]


def test_what_is_no_address_is_said_so(home: Home) -> None:
    told = gongkai(home, "fetch", "ftp://example.cn/")
    assert (told.returncode, told.stdout) == (2, "")
    assert "is no http or https address" in told.stderr


def test_what_a_budget_stopped_is_listed_and_taken_up_again(site: Site, home: Home) -> None:
    text = home.path.read_text("utf-8")
    home.path.write_text(text + "\n[budget]\nrequests = 6\n", "utf-8")
    told = gongkai(home, "crawl", "lanwan", "--json")
    assert told.returncode == 1, told.stderr
    said = json.loads(told.stdout)
    assert len(site.seen) == 6
    assert said["shelved"] > 0
    rows = [json.loads(line) for line in gongkai(home, "frontier", "list", "--json").stdout.splitlines()]
    assert {row["state"] for row in rows} == {"dead"}
    assert {row["reason"] for row in rows} == {"shelved: budget of 6 requests"}
    assert len(rows) == said["shelved"]
    assert "gongkai frontier requeue" in gongkai(home, "frontier").stderr
    home.path.write_text(text, "utf-8")
    again = gongkai(home, "frontier", "requeue", "--now")
    assert f"{len(rows)} addresses taken up again" in again.stdout
    assert gongkai(home, "frontier", "list", "--json").stdout == ""
    assert gongkai(home, "frontier", "requeue", "7").returncode == 2


def test_a_disk_that_is_nearly_full_ends_the_crawl_and_loses_nothing(site: Site, home: Home) -> None:
    text = home.path.read_text("utf-8")
    home.path.write_text(text + '\n[storage]\nkeep_free = "900000GB"\n', "utf-8")
    told = gongkai(home, "crawl", "lanwan")
    assert told.returncode == 3
    assert "storage.keep_free" in told.stderr
    assert site.seen == []
    assert home.sql("SELECT count(*) FROM frontier WHERE state = 'todo'") == [(1,)]


def test_a_crawl_says_why_rows_were_not_fetched_and_what_ended_its_columns(site: Site, home: Home) -> None:
    told = gongkai(home, "crawl", "lanwan", "--since", "2024-06-01")
    lines = [line for line in told.stderr.splitlines() if line.startswith("lanwan: ")]
    said = json.loads(gongkai(home, "crawl", "lanwan", "--since", "2024-06-01", "--json").stdout)["columns"]["lanwan"]
    older = sum(notice.published < "2024-06-01" for notice in site.notices[LANWAN])
    assert older > 0
    assert (said["listed"], said["skipped"], said["stops"]) == (15, {"since": older}, {"declared end": 1})
    assert lines == [f"lanwan: 15 rows listed; ended by declared end; not fetched: {older} since"]
    known = json.loads(gongkai(home, "health", "lanwan", "--json").stdout)
    assert known["columns"] == said
    assert lines[0].removeprefix("lanwan: ") in gongkai(home, "health", "lanwan").stdout
