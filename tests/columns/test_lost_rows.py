"""What a list promised and no record came of is told: by reason, in the run and in the last line of a crawl."""

from collections.abc import Callable
from typing import Any

import pytest

from crawler.repository.no_record import reasons

Desk = Any  # the fixture's classes live in conftest, which tests do not import
Asked = Any
HOST = "bad.columns.test"
FRAME = "<div><a href='/'>首页</a><a href='/zwgk/'>政务公开</a></div>{}<div>主办：云溪县人民政府办公室</div>"
GOOD = "<h1>关于第{n}件事项的公告</h1><div>发布时间：2024-05-0{n} 来源：云溪县财政局</div><div><p>各乡镇人民政府：</p><p>现将第{n}件事项的有关安排公告如下，请认真遵照执行，不得有误。</p></div>"
Answer = tuple[int, str, bytes] | tuple[int, str, bytes, str]


def rows(names: list[str]) -> str:
    """List items."""
    return "".join(
        f"<li><a href='/n/{name}.html'>关于第{at + 1}件事项的公告</a><span>2024-05-{at + 1:02}</span></li>"
        for at, name in enumerate(names)
    )


def html(inner: str) -> Answer:
    """A page with its frame."""
    return (
        200,
        "text/html; charset=utf-8",
        f"<html><head><title>云溪县</title></head><body>{FRAME.format(inner)}</body></html>".encode(),
    )


LOST: dict[str, tuple[Callable[[], Answer], str]] = {
    "article": (lambda: html("<h1>关于第2件事项的公告</h1><div id='zoom'></div>"), "no notice on the page"),
    "gone": (lambda: (404, "text/html", b"<h1>404 Not Found</h1>"), "not found"),
    "soft": (lambda: html("<p>您访问的页面不存在</p>"), "an error page"),
    "login": (lambda: html("<form>用户登录 <input type='password' name='p'></form>"), "a login in its place"),
    "shell": (lambda: (200, "text/html", b"<html><body><div id='app'></div><script src='a.js'></script><script src='b.js'></script></body></html>"), "filled by script"),
    "wall": (lambda: (200, "text/html", b"<html><body><script>var a='__jsluid_s';document.cookie=a;</script></body></html>"), "a wall in its place"),
    "turn-a": (lambda: (200, "text/html", b"<html><head><meta http-equiv='refresh' content='0;url=/n/turn-b.html'></head><body></body></html>"), "redirect loop"),
}  # fmt: skip


def test_each_row_that_gives_no_record_is_told_with_its_reason(desk: Desk) -> None:
    names = ["1", *LOST, "9"]

    def answer(asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2].removesuffix(".html")
        if asked.path.startswith("/list"):
            return html(f"<ul>{rows(names)}</ul>")
        if name == "turn-b":
            return (
                200,
                "text/html",
                b"<html><head><meta http-equiv='refresh' content='0;url=/n/turn-a.html'></head><body></body></html>",
            )
        return LOST[name][0]() if name in LOST else html(GOOD.format(n=name))

    desk.server.extra[HOST] = answer
    desk.source("bad", f'"http://{HOST}/list/index.html"', f'hosts = ["{HOST}"]')
    progress = desk.crawl("bad")
    counts = desk.counts("bad")
    told = {name.removeprefix("skip:"): n for name, n in counts.items() if name.startswith("skip:")}
    assert progress.new == 2
    assert told == {reason: 1 for _, reason in LOST.values()}


@pytest.mark.parametrize("blank", [1, 2, 3])
@pytest.mark.parametrize("heals", [True, False])
def test_a_page_without_rows_among_the_declared_ones_is_tried_again_and_told(desk: Desk, blank: int, heals: bool) -> None:
    asked_for: list[int] = []

    def answer(asked: Asked) -> Answer:
        if not asked.path.startswith("/list"):
            return html(GOOD.format(n=asked.path[3:-5]))
        at = int(asked.query.get("page", "1"))
        asked_for.append(at)
        empty = at == blank + 1 and not (heals and asked_for.count(at) > 1)
        listed = "" if empty else rows([str(at * 2 - 1), str(at * 2)])
        following = f"<a href='/list/?page={at + 1}'>下一页</a>" if at < 5 else ""
        return html(f"<ul>{listed}</ul><div>共5页 第{at}/5页 {following}</div>")

    desk.server.extra[HOST] = answer
    desk.source("bad", f'"http://{HOST}/list/"', f'hosts = ["{HOST}"]')
    desk.crawl("bad")
    counts = desk.counts("bad")
    assert counts["listed"] == (10 if heals else 8)
    assert counts.get("skip:blank list page", 0) == (0 if heals else 1)
    assert counts.get("undercount", 0) == (0 if heals else 2)
    assert asked_for.count(blank + 1) == (2 if heals else 3)
    assert desk.stops("bad") == {"declared end"}


class Row:
    """A last look as the count has it."""

    def __init__(self, key: str, to: str | None = None, via: str = "list", leads: str = "") -> None:
        self.key, self.redirect, self.via, self.leads = key, to, via, leads
        self.kind, self.state, self.page_kind = "detail", None if to else "done", None if to else "notice"
        self.outcome = "redirected" if to else "ok"


CHAINS: dict[str, tuple[list[Row], dict[str, int]]] = {
    "none": ([Row("a")], {}),
    "one": ([Row("a", "b"), Row("b", via="a")], {}),
    "two rows to one page": ([Row("a", "c"), Row("b", "c"), Row("c", via="a")], {}),
    "itself": ([Row("a", "a")], {"redirect loop": 1}),
    "two": ([Row("a", "b"), Row("b", "a", via="a")], {"redirect loop": 1}),
    "three": ([Row("a", "b"), Row("b", "c", via="a"), Row("c", "a", via="b")], {"redirect loop": 1}),
    "into a loop": ([Row("x", "a"), Row("a", "b", via="x"), Row("b", "a", via="a")], {"redirect loop": 1}),
    "two rows of a loop": ([Row("a", "b"), Row("b", "a")], {"redirect loop": 2}),
    "a loop known from before": ([Row("a", "b", via="b"), Row("b", "a", via="a")], {"redirect loop": 1}),
    "home": ([Row("a", "h", leads="home")], {"leads to the home page": 1}),
    "a login": ([Row("a", "l", leads="login")], {"leads to a login": 1}),
    "too long": (
        [Row("k0", "k1"), *(Row(f"k{n}", f"k{n + 1}", via=f"k{n - 1}") for n in range(1, 11))],
        {"too many redirects": 1},
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_of_redirects_that_end_nowhere_are_counted_once(name: str) -> None:
    looks: Any
    looks, told = CHAINS[name]
    assert dict(reasons(looks)) == told
