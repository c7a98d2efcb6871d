"""Columns that end badly: each ends by a rule with a name, and what is not fetched has a reason."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Desk = Any  # the fixture's classes live in conftest, which tests do not import
Asked = Any
Answer = tuple[int, str, bytes]
PageOf = Callable[[list[int], str], str]
HOST = "bad.columns.test"


def serve(
    desk: Desk, answer: Callable[[Asked], str | Answer], start: str = f'"http://{HOST}/list/index.html"', rules: str = ""
) -> None:
    """A column whose every page is `answer`; its source is called bad."""

    def full(asked: Asked) -> Answer:
        made = answer(asked)
        return made if isinstance(made, tuple) else (200, "text/html; charset=utf-8", made.encode())

    desk.server.extra[HOST] = full
    desk.source("bad", start, rules or f'hosts = ["{HOST}"]\nother_hosts = 0')


def test_an_endless_pager_ends_at_the_page_limit(desk: Desk, page_of: PageOf) -> None:
    def answer(asked: Asked) -> str:
        at = int(asked.query.get("page", "1"))
        return page_of(list(range(at * 10, at * 10 + 10)), f"<a href='?page={at + 1}'>下一页</a>")

    serve(desk, answer, rules=f'hosts = ["{HOST}"]\nother_hosts = 0\nmax_pages = 7')
    progress = desk.crawl("bad")
    assert (progress.lists, desk.stops("bad")) == (7, {"page limit"})


def test_a_pager_that_shows_page_one_for_ever_ends_by_its_repeated_rows(desk: Desk, page_of: PageOf) -> None:
    serve(desk, lambda asked: page_of(list(range(12)), f"<a href='?page={int(asked.query.get('page', '1')) + 1}'>下一页</a>"))
    progress = desk.crawl("bad")
    assert (progress.lists, desk.stops("bad"), desk.counts("bad")["listed"]) == (3, {"repeated rows"}, 12)


def test_a_calendar_that_goes_on_for_ever_ends_at_its_first_empty_pages(desk: Desk) -> None:
    days = "".join(f"<td><a href='/rl/{n}'>{n}</a></td>" for n in range(1, 32))
    serve(
        desk, lambda asked: f"<table><tr>{days}</tr></table><a href='?month={int(asked.query.get('month', '1')) + 1}'>下一页</a>"
    )
    progress = desk.crawl("bad")
    assert (progress.lists, desk.stops("bad")) == (2, {"empty page"})


def test_two_pages_that_name_one_another_are_read_once_each(desk: Desk, page_of: PageOf) -> None:
    def answer(asked: Asked) -> str:
        second = asked.path.endswith("b.html")
        return page_of(
            list(range(10, 20)) if second else list(range(10)), f"<a href='/list/{'index' if second else 'b'}.html'>下一页</a>"
        )

    serve(desk, answer)
    assert (desk.crawl("bad").lists, desk.stops("bad")) == (2, {"repeated address"})


def test_of_ten_thousand_links_and_more_the_rest_is_counted(desk: Desk, page_of: PageOf) -> None:
    serve(desk, lambda asked: page_of(list(range(10_400)), ""))
    desk.crawl("bad")
    counts = desk.counts("bad")
    assert (counts["listed"], counts["skip:limit"]) == (10_000, 400)
    assert desk.stops("bad") == {"no pager"}


LOST = {"no notice on the page": 1, "says it is not there": 4}  # what the server has at these addresses


def test_odd_addresses_are_followed_as_a_browser_would_or_have_a_reason(desk: Desk) -> None:
    hrefs = (
        "a b.html", "x\\2024\\t20240102_2.html", "show.jsp?title=公告&id=3", "javascript:show(4)", "t20240105_5.html;jsessionid=0A1B2C?x=1",
        "mailto:a@b.example", "http://mp.weixin.qq.com/s/abc", "http://other.example/t20240108_8.html", "/pic/t20240109_9.jpg", "  ./t20240110_10.html  ", "index.html",
    )  # fmt: skip
    rows = "".join(
        f"<li><a href='{href}'>关于第{n}件事项的公告</a><span>2024-01-{n + 1:02}</span></li>" for n, href in enumerate(hrefs)
    )
    page = f"<html><head><meta charset='gbk'></head><body><ul>{rows}</ul></body></html>".encode("gbk")
    serve(
        desk,
        lambda asked: (200, "text/html", page),
        rules=f'hosts = ["{HOST}"]\nother_hosts = 0\nskip = "[.]jpg$"\nmax_pages = 1',
    )
    desk.crawl("bad")
    base = f"http://{HOST}/list/"
    followed = {url for (url,) in desk.sql("SELECT u.url FROM listings l JOIN urls u ON u.id = l.url WHERE l.reason IS NULL")}
    assert followed == {
        base + "a%20b.html", base + "x/2024/t20240102_2.html", base + "show.jsp?title=%B9%AB%B8%E6&id=3",
        base + "t20240105_5.html;jsessionid=0A1B2C?x=1", base + "t20240110_10.html",
    }  # fmt: skip
    assert {key for (key,) in desk.sql("SELECT u.key FROM urls u WHERE u.url LIKE '%jsessionid%'")} == {
        f"GET {base}t20240105_5.html?x=1"
    }
    reasons = {name.removeprefix("skip:"): n for name, n in desk.counts("bad").items() if name.startswith("skip:")}
    assert reasons == {"script": 1, "mail": 1, "weixin": 1, "other host": 1, "pattern": 1, "not a notice": 1, **LOST}


@pytest.mark.parametrize(
    ("wall", "stop"),
    [
        ("<html><head><script>$_ts=window['$_ts'];</script></head><body></body></html>", "not a list"),
        ("<html><body><h1>您的访问过于频繁，请稍后再试</h1></body></html>", "blank page"),
        ("<html><head><title>404</title></head><body>您访问的页面不存在</body></html>", "soft 404"),
    ],
)
def test_an_answer_in_json_that_is_suddenly_a_page_ends_the_column(wall: str, stop: str, desk: Desk) -> None:
    def answer(asked: Asked) -> str | Answer:
        if asked.query["page"] == "2":
            return wall
        rows = [{"title": f"关于第{n}件事项的公告", "url": f"/t20240101_{n}.html", "date": "2024-01-01"} for n in range(10)]
        return 200, "application/json", json.dumps({"total": 50, "list": rows}).encode()

    serve(
        desk, answer, f'"http://{HOST}/api?page=1&pageSize=10"', 'hosts = ["nowhere.example"]\nother_hosts = 0\nonly = "nowhere"'
    )
    desk.crawl("bad")
    counts = desk.counts("bad")
    assert desk.stops("bad") == {stop}
    assert counts.get("undercount", 0) == (0 if stop == "not a list" else 40)


@pytest.mark.parametrize(
    ("told", "under", "over"), [("共500条", 470, 0), ("共12条", 0, 18), ("共30条", 0, 0), ("共30条 共99条", 0, 0)]
)
def test_a_wrong_total_is_told_and_believed_by_nobody(told: str, under: int, over: int, desk: Desk, page_of: PageOf) -> None:
    def answer(asked: Asked) -> str:
        at = int(asked.query.get("page", "1"))
        following = f"<a href='?page={at + 1}'>下一页</a>" if at < 3 else "<span>下一页</span>"
        return page_of(list(range(at * 10, at * 10 + 10)), f"<div><span>{told}</span><a href='?page=1'>首页</a>{following}</div>")

    serve(desk, answer)
    desk.crawl("bad")
    counts = desk.counts("bad")
    assert (counts["listed"], counts.get("undercount", 0), counts.get("overcount", 0)) == (30, under, over)


def test_a_declared_page_that_is_not_there_ends_the_column_and_fails_nothing(desk: Desk, page_of: PageOf) -> None:
    def answer(asked: Asked) -> str | Answer:
        at = int((asked.path.partition("index_")[2] or "0.").partition(".")[0])
        if at >= 2:
            return 404, "text/html", b"<title>404</title>"
        return page_of(list(range(at * 10, at * 10 + 10)), f"<script>createPageHTML(5,{at},'index','html')</script>")

    serve(desk, answer)
    progress = desk.crawl("bad")
    assert (desk.stops("bad"), progress.failed, desk.counts("bad")["listed"]) == ({"not found"}, 0, 20)
    assert [path for _, path in desk.server.seen if "index_" in path] == [
        "/list/index_1.html",
        "/list/index_2.html",
        "/list/index_1.html",
    ]


def test_a_page_redirected_to_the_front_page_is_no_page(desk: Desk, page_of: PageOf) -> None:
    def answer(asked: Asked) -> str | Answer:
        if asked.path == "/list/index_1.html":
            return 302, "/", b""
        return page_of(list(range(10)), "<script>createPageHTML(3,0,'index','html')</script>")

    serve(desk, answer)
    assert (desk.crawl("bad").lists, desk.stops("bad")) == (2, {"soft 404"})
    assert "/" not in {path for _, path in desk.server.seen}


def test_a_pager_that_only_its_script_understands_is_told_apart_from_the_end(desk: Desk, page_of: PageOf) -> None:
    pager = "<div><span>共30条 1/3页</span><a href='javascript:go(1)'>首页</a><a href='javascript:go(2)'>下一页</a></div>"
    serve(desk, lambda asked: page_of(list(range(10)), pager))
    desk.crawl("bad")
    assert desk.stops("bad") == {"pager not understood"}


def test_a_wrong_selector_is_told_with_its_place_and_what_it_matched(desk: Desk, page_of: PageOf) -> None:
    serve(desk, lambda asked: page_of(list(range(10)), ""), rules='rows = "div.news > p"')
    desk.crawl("bad")
    ((evidence,),) = desk.sql("SELECT evidence FROM readings WHERE page_kind = 'list'")
    assert "sources/bad.toml:4:1: list.rows: 'div.news > p' matched 0 nodes" in evidence
    assert "by structure 10 rows stand in div > ul > li" in evidence
    serve(desk, lambda asked: page_of(list(range(10)), ""), rules='rows = "body p"\nmin_items = 5')
    desk.crawl("bad")
    evidence = desk.sql("SELECT evidence FROM readings ORDER BY capture DESC")[0][0]
    assert "'body p' matched 1 nodes, 0 rows with a link (first: <p> '主办：云溪县')" in evidence
    assert "at least 5 expected" in evidence


def test_rows_that_robots_txt_forbids_are_counted(desk: Desk, page_of: PageOf) -> None:
    rows = "".join(
        f"<li><a href='/{'geheim' if n < 3 else 'offen'}/t2024010{n}_{n}.html'>关于第{n}件事项的公告</a><span>2024-01-0{n + 1}</span></li>"
        for n in range(6)
    )
    serve(desk, lambda asked: f"<ul>{rows}</ul>")
    desk.server.robots = b"User-agent: *\nDisallow: /geheim/\n"
    desk.crawl("bad")
    assert desk.counts("bad")["skip:robots"] == 3


def test_rows_that_the_guard_refuses_are_counted(desk: Desk) -> None:
    """Names that are not dialled by configuration go past the guard; an address inside somebody's network is no notice."""
    text = desk.path.read_text("utf-8")
    desk.path.write_text(text.replace('"*" =', f'"{HOST}" ='), "utf-8")
    hosts = (HOST, "10.1.2.3", "127.0.0.1", "[::1]", "10.1.2.3", HOST)
    rows = "".join(
        f"<li><a href='http://{host}/t2024010{n + 1}_{n}.html'>关于第{n}件事项的公告</a><span>2024-01-0{n + 1}</span></li>"
        for n, host in enumerate(hosts)
    )
    serve(desk, lambda asked: f"<ul>{rows}</ul>", rules=f"hosts = {json.dumps([*dict.fromkeys(hosts)])}")
    desk.crawl("bad")
    assert (desk.counts("bad")["skip:guard"], desk.counts("bad").get("skip:robots", 0)) == (4, 0)
    assert {host for host, _ in desk.server.seen} == {HOST}


def test_totals_that_shrink_with_every_answer_do_not_hold_a_crawl_for_ever(desk: Desk, page_of: PageOf) -> None:
    asked: list[int] = []

    def answer(request: Asked) -> str:
        at = int(request.query.get("page", "1"))
        asked.append(at)
        following = f"<a href='?page={at + 1}'>下一页</a>" if at < 5 else "<span>下一页</span>"
        return page_of(
            list(range(at * 10, at * 10 + 10)),
            f"<div><span>共{9000 - len(asked)}条</span><a href='?page=1'>首页</a>{following}</div>",
        )

    serve(desk, answer)
    desk.crawl("bad")
    assert (desk.stops("bad"), desk.counts("bad")["listed"]) == ({"declared end"}, 50)
    assert len(asked) <= 3 * 5


def far(rows: list[str]) -> str:
    """A list page whose rows stand at these addresses."""
    found = "".join(
        f"<li><a href='{url}'>关于第{n}件事项办理结果的公告</a><span>2024-03-{n % 28 + 1:02}</span></li>"
        for n, url in enumerate(rows)
    )
    return f"<html><body><ul>{found}</ul></body></html>"


def test_rows_within_the_site_are_followed_and_of_other_hosts_those_on_the_first_twenty(desk: Desk) -> None:
    own = [f"http://h{n}.columns.test/t20240101_{n}.html" for n in range(30)]
    others = [f"http://www.town{n % 25}.test/t20240101_{n}.html" for n in range(50)]
    serve(desk, lambda asked: far([*others, *own]), rules='hosts = ["www.town24.test"]')
    desk.crawl("bad")
    followed = {url for (url,) in desk.sql("SELECT u.url FROM listings l JOIN urls u ON u.id = l.url WHERE l.reason IS NULL")}
    named = {url for n, url in enumerate(others) if n % 25 < 20 or n % 25 == 24}
    assert followed == {*own, *named}
    assert desk.counts("bad")["skip:other host"] == 8


def test_other_hosts_are_counted_over_all_pages_of_a_run_and_anew_in_the_next(desk: Desk) -> None:
    def answer(asked: Asked) -> str:
        at = int(asked.query.get("page", "1"))
        rows = far([f"http://www.town{at}-{n}.test/t20240101_1.html" for n in range(8)])
        return rows + (f"<a href='?page={at + 1}'>下一页</a>" if at < 4 else "")

    serve(desk, answer, rules="other_hosts = 10")
    desk.crawl("bad")
    assert desk.counts("bad")["skip:other host"] == 22
    (others,) = desk.sql("SELECT others FROM runs WHERE source = 'bad'")
    assert len(json.loads(others[0])) == 10


Onward = Callable[[str], tuple[int, str, bytes]]
ONWARD: dict[str, Onward] = {
    "a redirect": lambda to: (302, to, b""),
    "a page that leads on by itself": lambda to: (200, "text/html", f'<meta http-equiv="refresh" content="0;url={to}">'.encode()),
}


def led(desk: Desk, way: Onward, targets: list[str], rules: str) -> list[str]:
    """A column whose rows lead on to these addresses; which of them were asked for."""
    rows = [f"http://{HOST}/t20240101_{n}.html" for n in range(len(targets))]
    for url in targets:
        host = url.split("/")[2]
        desk.server.extra.setdefault(host, lambda asked: (200, "text/html", b"<p>there</p>"))

    def answer(asked: Asked) -> str | Answer:
        number = asked.path.partition("_")[2].partition(".")[0]
        return way(targets[int(number)]) if number else far(rows)

    serve(desk, answer, rules=rules)
    desk.crawl("bad")
    return [url for url in targets if (url.split("/")[2], "/" + url.split("/", 3)[3]) in desk.server.seen]


@pytest.mark.parametrize("way", ONWARD)
def test_hosts_that_rows_lead_on_to_count_as_those_of_rows_do(desk: Desk, way: str) -> None:
    targets = [f"http://www.town{n % 12}.test/t{n}.html" for n in range(24)]
    asked = led(desk, ONWARD[way], targets, "other_hosts = 5")
    assert len({url.split("/")[2] for url in asked}) == 5
    assert (len(asked), desk.counts("bad")["skip:other host"]) == (10, 14)


@pytest.mark.parametrize("way", ONWARD)
def test_within_the_site_rows_lead_on_wherever_they_like(desk: Desk, way: str) -> None:
    targets = [f"http://h{n}.columns.test/t{n}.html" for n in range(6)] + [
        "http://www.named.test/a.html",
        "http://www.named.test/b.html",
    ]
    assert led(desk, ONWARD[way], targets, 'hosts = ["www.named.test"]\nother_hosts = 0') == targets
    assert "skip:other host" not in desk.counts("bad")


def test_a_host_that_was_asked_may_lead_on_within_itself(desk: Desk) -> None:
    def away(asked: Asked) -> Answer:
        return (302, "/new" + asked.path, b"") if not asked.path.startswith("/new") else (200, "text/html", b"<p>there</p>")

    desk.server.extra["www.town.test"] = away
    serve(desk, lambda asked: far([f"http://www.town.test/t20240101_{n}.html" for n in range(3)]), rules="other_hosts = 1")
    desk.crawl("bad")
    assert {path for host, path in desk.server.seen if host == "www.town.test"} >= {f"/new/t20240101_{n}.html" for n in range(3)}
    assert "skip:other host" not in desk.counts("bad")


@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_last_page_of_few_rows_beside_a_longer_box_of_links_loses_none(last: int, desk: Desk) -> None:
    def answer(asked: Asked) -> str:
        at, count = int(asked.query.get("page", "1")), 20 + last
        rows = "".join(
            f"<li><a href='http://n.elsewhere.test/t{n}.html'>关于第{n}号工作的通知</a><span>2024-05-{n % 28 + 1:02}</span></li>"
            for n in range((at - 1) * 10, min(at * 10, count))
        )
        box = "".join(
            f"<li><a href='http://n.elsewhere.test/zt{n}.html'>石桥县深入开展第{n}届全民健身活动综述与图片报道专题</a></li>"
            for n in range(8)
        )
        following = f"<a href='?page={at + 1}'>下一页</a>" if at < 3 else "<span>下一页</span>"
        return f"<html><body><div class='main'><ul>{rows}</ul><div><a href='?page=1'>首页</a>{following}</div></div><div class='side'><ul>{box}</ul></div></body></html>"

    serve(desk, answer)
    desk.crawl("bad")
    assert (desk.counts("bad")["listed"], desk.counts("bad").get("new")) == (20 + last, None)


FRAMES = {
    "one frame": "<html><body><div class='nav'><a href='/'>首页</a></div><iframe src='/inner/list.html' width='100%'></iframe></body></html>",
    "a frame set": "<html><frameset rows='80,*'><frame src='/top.html'><frame src='/inner/list.html'></frameset></html>",
    "beside the weather": "<html><body><iframe src='/weather/index.html'></iframe><iframe src='http://other.example/list.html'></iframe><iframe src='/inner/list.html'></iframe></body></html>",
    "beside a small one": "<html><body><iframe src='/inner/list.html'></iframe><iframe width=0 height=0 src='/tj/list.html'></iframe></body></html>",
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_list_in_a_frame_is_read_there(name: str, desk: Desk, page_of: PageOf) -> None:
    def answer(asked: Asked) -> str:
        if asked.path != "/inner/list.html":
            return FRAMES[name]
        at = int(asked.query.get("page", "1"))
        return page_of(list(range(at * 10, at * 10 + 10)), f"<a href='?page={at + 1}'>下一页</a>" if at < 3 else "")

    serve(desk, answer)
    for _ in range(2):
        assert desk.crawl("bad").failed == 0
    assert desk.counts("bad")["listed"] == 30
    assert desk.sql("SELECT DISTINCT trouble FROM runs") == [(None,)]


def test_frames_that_lead_to_one_another_end(desk: Desk) -> None:
    serve(
        desk,
        lambda asked: (
            f"<html><body><iframe src='/list/{'b' if asked.path.endswith('a.html') else 'a'}.html'></iframe></body></html>"
        ),
    )
    assert desk.crawl("bad").lists <= 3
