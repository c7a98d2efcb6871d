"""Columns that are longer than the budget of a run."""

from typing import Any

import pytest

from crawler.demo.site import LANWAN, Page, Site

Home = Any  # the fixture's class lives in conftest, which tests do not import

MANY = 24


@pytest.fixture
def long(site: Site, home: Home) -> Home:
    """A source whose list shows 24 notices on one page."""
    rows = "".join(
        f"<li><a href='t{number}.html'>关于第{number}号春耕安排的通知</a><span>2024-05-{number + 1:02}</span></li>"
        for number in range(MANY)
    )
    site.put(LANWAN, "/long/index.html", Page(f"<html><body><h1>通知公告</h1><ul>{rows}</ul></body></html>".encode()))
    for number in range(MANY):
        body = (
            f"<h1>关于第{number}号春耕安排的通知</h1><p>发布时间：2024-05-{number + 1:02}　来源：农业局</p>"
            f"<div><p>各村：现将第{number}号春耕安排通知如下，请于本月底以前做好准备，不得延误。</p></div>"
        )
        site.put(LANWAN, f"/long/t{number}.html", Page(f"<html><body>{body}</body></html>".encode()))
    home.set_source("long", f'title = "long"\nenabled = true\nstart = ["http://{LANWAN}/long/index.html"]\n')
    return home


def bounded(home: Home, requests: int | None) -> None:
    """The budget of each run from now on."""
    text = home.path.read_text("utf-8").partition("\n[budget]")[0]
    home.path.write_text(text + (f"\n[budget]\nrequests = {requests}\n" if requests else ""), "utf-8")


@pytest.mark.parametrize("wish", [{}, {"since": "2000-01-01", "max_pages": 100}], ids=["crawl", "back-fill"])
def test_runs_that_end_by_their_budget_come_to_the_end_of_a_column(long: Home, wish: dict[str, Any]) -> None:
    bounded(long, 10)
    new = [long.crawl("long", **wish).new for _ in range(4)]
    assert all(new[:3])
    assert sum(new) == MANY


def test_what_each_run_gives_up_anew_is_told_once(long: Home) -> None:
    bounded(long, 5)
    for _ in range(4):
        long.crawl("long")
    ((rows, addresses),) = long.sql("SELECT count(*), count(DISTINCT url) FROM frontier WHERE state = 'dead'")
    assert rows == addresses > 5
    bounded(long, None)
    long.crawl("long")
    assert long.sql("SELECT count(*) FROM frontier") == [(0,)]
