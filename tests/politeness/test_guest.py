"""A good guest, on the whole line: what a site shows for nothing, pages that lead on, cookies, walls, hours, the pace that is left behind."""

import gzip
from dataclasses import replace
from typing import Any

import pytest

from crawler.demo.site import LANWAN, Page, Site

Home = Any  # the fixture's class lives in conftest, which tests do not import

SORRY = "<html><head><title>蓝湾区人民政府</title></head><body><ul><li>首页</li><li>政务公开</li></ul><p>内容正在整理，请稍后再来浏览本站其他栏目，感谢您的关注与支持，祝您生活愉快。</p></body></html>"


class Polite(dict[Any, Page]):
    """A site's pages, with a friendly one for whatever it has not."""

    def get(self, key: Any, default: Any = None) -> Any:
        """The page, or the friendly one."""
        return super().get(key, Page(SORRY.encode()))


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_a_notice_that_became_the_page_for_nothing_is_missing(site: Site, home: Home) -> None:
    site.pages = Polite(site.pages)
    home.crawl("lanwan")
    lost = site.notices[LANWAN][5]
    del site.pages[LANWAN, lost.path]
    home.crawl("lanwan")
    assert home.sql("SELECT presence, count(*) FROM documents GROUP BY presence ORDER BY presence") == [
        ("here", 14),
        ("missing", 1),
    ]
    kinds = home.sql("SELECT page_kind, evidence FROM readings WHERE page_kind = 'soft_404'")
    assert len(kinds) == 1
    assert kinds[0][1].startswith("the page shown for an address that cannot exist")
    assert home.sql("SELECT outcome FROM probes") == [("ok",)]


def test_the_pages_of_a_site_that_shows_itself_for_nothing_are_still_notices(site: Site, home: Home) -> None:
    """A new notice after the probe is no soft 404, however much of the frame it shares."""
    site.pages = Polite(site.pages)
    assert home.crawl("lanwan").new == 15


def test_a_list_that_the_site_shows_for_nothing_is_still_a_list(site: Site, home: Home) -> None:
    """Some sites answer every address they have not with a column of theirs."""
    listed = site.pages[LANWAN, "/zwgk/index.html"]

    class Column(dict[Any, Page]):
        def get(self, key: Any, default: Any = None) -> Any:
            return super().get(key, listed)

    site.pages = Column(site.pages)
    assert home.crawl("lanwan").new == 15
    home.crawl("lanwan")
    assert home.sql("SELECT count(*) FROM readings WHERE page_kind = 'soft_404'") == [(0,)]
    assert home.sql("SELECT outcome FROM probes") == [("ok",)]


def test_a_notice_that_leads_home_or_where_nothing_is_sent_is_missing_and_not_followed(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    lost = site.notices[LANWAN][5]
    site.put(LANWAN, lost.path, Page(b"", status=302, location="/"))
    home.crawl("lanwan")
    assert ("missing", 1) in home.sql("SELECT presence, count(*) FROM documents GROUP BY presence")
    assert "/" not in [item.path for item in site.seen]


@pytest.mark.parametrize(
    "to", ["javascript:alert(1)", "file:///etc/passwd", "mailto:a@lanwan.test", "ftp://lanwan.test/x", "http://"]
)
def test_a_redirect_to_what_can_be_asked_of_nobody_is_final(site: Site, home: Home, to: str) -> None:
    lost = site.notices[LANWAN][5]
    site.put(LANWAN, lost.path, Page(b"", status=302, location=to))
    progress = home.crawl("lanwan")
    assert (progress.open, progress.new) == (0, 14)
    assert [item.path for item in site.seen].count(lost.path) == 1
    assert home.sql("SELECT state, count(*) FROM frontier WHERE state = 'todo' GROUP BY state") == []
    assert home.sql("SELECT count(*) FROM looks WHERE outcome = 'protocol_error'") == [(1,)]


def test_a_start_page_that_leads_on_by_meta_refresh_is_followed(site: Site, home: Home) -> None:
    listed = site.pages[LANWAN, "/zwgk/index.html"]
    site.put(LANWAN, "/zwgk/index.html", Page(b"<meta http-equiv=refresh content='0;url=/zwgk/start.html'>"))
    site.put(LANWAN, "/zwgk/start.html", listed)
    progress = home.crawl("lanwan", max_pages=1)
    assert progress.new > 5
    assert progress.results.get("failed", 0) == 0
    assert home.sql("SELECT count(*) FROM readings WHERE page_kind = 'redirect'") == [(1,)]


class Cookies(dict[Any, Page]):
    """A site whose notices want a cookie first: each is shown from the second time on."""

    def get(self, key: Any, default: Any = None) -> Any:
        """The page, or a redirect to itself."""
        path = key[1]
        self.asked = [*getattr(self, "asked", []), path]
        if "/t2024" in path and self.asked.count(path) == 1:
            return Page(b"", status=302, location=path, cookie="sid=0A1B2C; HttpOnly")
        return super().get(key, default)


def test_a_site_that_wants_its_cookie_back_is_read_and_the_cookie_is_written_nowhere(site: Site, home: Home) -> None:
    site.pages = Cookies(site.pages)
    assert home.crawl("lanwan").new == 15
    told = b"".join(gzip.decompress(path.read_bytes()) for path in home.config.storage.archive.glob("*.warc.gz"))
    assert b"Cookie: redacted" in told
    assert b"\r\nCookie: sid" not in told
    assert told.count(b"0A1B2C") == told.count(b"Set-Cookie: sid=0A1B2C")  # what the site said stays as it came
    database = (home.folder / "data" / "gongkai.db").read_bytes()
    assert b"0A1B2C" not in database


def test_pages_that_lead_in_a_circle_end(site: Site, home: Home) -> None:
    for here, there in (("a", "b"), ("b", "a")):
        site.put(LANWAN, f"/{here}.html", Page(f"<script>location.href='/{there}.html';</script>".encode()))
    progress = home.crawl(url=f"http://{LANWAN}/a.html")
    assert progress.open == 0
    asked = [item.path for item in site.seen]
    # before the second notice that one hold of a queue asks for, it asks what the site has not; the queue may be let go between the two
    assert [path for path in asked if "has-no-such-page" not in path] == ["/robots.txt", "/a.html", "/b.html"]
    assert len(asked) <= 4


def test_how_bytes_became_text_is_recorded(site: Site, home: Home) -> None:
    home.crawl()
    said = {row[0] for row in home.sql("SELECT text FROM readings")}
    assert "utf-8 by meta, declared utf-8" in said
    assert any(text.startswith("gb18030 by ") for text in said)


def test_the_pace_of_a_queue_outlives_its_process(site: Site, home: Home) -> None:
    home.crawl("lanwan", max_pages=1)
    rows = home.sql("SELECT last_end, next_at, latency, failures, broken_since FROM queues WHERE name = 'www.lanwan.test'")
    assert len(rows) == 1
    last_end, next_at, latency, failures, broken = rows[0]
    assert next_at >= last_end > 0
    assert (latency >= 0, failures, broken) == (True, 0, None)


def test_the_decision_of_robots_txt_and_its_line_are_kept_with_each_look(site: Site, home: Home) -> None:
    site.put(
        LANWAN,
        "/robots.txt",
        Page(b"User-agent: *\nAllow: /zwgk/\nDisallow: /\nSitemap: http://www.lanwan.test/map.xml\n", "text/plain"),
    )
    home.crawl("lanwan", max_pages=1)
    told = b"".join(gzip.decompress(path.read_bytes()) for path in home.config.storage.archive.glob("*.warc.gz")).decode(
        "utf-8", "replace"
    )
    assert '"robots": {"decision": "allow", "line": "line 2: Allow: /zwgk/"}' in told
    assert home.sql("SELECT sitemaps FROM origins WHERE origin = 'http://www.lanwan.test'") == [
        ('["http://www.lanwan.test/map.xml"]',)
    ]


def test_a_rebuilt_database_knows_what_the_sites_showed_for_nothing(site: Site, home: Home) -> None:
    from crawler.pipeline.rebuild import rebuild
    from crawler.scheduler import process as house

    site.pages = Polite(site.pages)
    home.crawl("lanwan")
    del site.pages[LANWAN, site.notices[LANWAN][5].path]
    home.crawl("lanwan")
    kinds = "SELECT page_kind, count(*) FROM readings GROUP BY page_kind ORDER BY page_kind"
    before = (home.sql("SELECT origin, at, outcome FROM probes"), home.sql(kinds))
    for file in home.folder.glob("data/gongkai.db*"):
        file.unlink()
    with house.open_line(home.config, "reindex") as line:
        rebuild(line, lambda done, all_: None)
    assert (home.sql("SELECT origin, at, outcome FROM probes"), home.sql(kinds)) == before


def test_a_wall_is_no_notice_and_costs_none(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    lost = site.notices[LANWAN][5]
    good = site.pages[LANWAN, lost.path]
    site.put(LANWAN, lost.path, Page(b"<html><script>$_ts=window['$_ts'];</script></html>"))
    home.crawl("lanwan")
    site.put(LANWAN, lost.path, Page(b"<html>405 errors.aliyun.com</html>", status=405))
    home.crawl("lanwan")
    site.put(LANWAN, lost.path, replace(good))
    home.crawl("lanwan")
    assert home.sql("SELECT presence, count(*) FROM documents GROUP BY presence") == [("here", 15)]
    outcomes = dict(home.sql("SELECT outcome, count(*) FROM looks GROUP BY outcome"))
    assert outcomes["blocked"] == 1
    assert home.sql("SELECT count(*) FROM readings WHERE page_kind = 'challenge'") == [(1,)]


def test_pages_that_lead_on_without_end_are_followed_so_far(site: Site, home: Home) -> None:
    for n in range(30):
        site.put(LANWAN, f"/j{n}.html", Page(f"<script>location.href='/j{n + 1}.html';</script>".encode()))
    assert home.crawl(url=f"http://{LANWAN}/j0.html").open == 0
    assert [item.path for item in site.seen if item.path.startswith("/j")] == [f"/j{n}.html" for n in range(11)]
