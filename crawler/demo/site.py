"""A small government site on loopback: three hosts, the layouts of ten families, one server. It also serves the project's tests.

www.lanwan.test   UTF-8 with the mandated metas (TRS); ETag and Last-Modified
zwgk.qinghe.test  GBK, declared in the page only; no validators; PHPCMS tables, Hanweb, VSB, EasySite
xxgk.songling.test  UTF-8; gzip; disclosure tables (UCAP, Lonsun), NFCMS, Epoint, Shanghai; policy documents stand on several pages
"""

import gzip
import hashlib
import http.server
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from html import escape
from itertools import count
from pathlib import Path
from urllib.parse import quote

from crawler.demo import papers
from crawler.demo.layouts import HOSTS, LANWAN, QINGHE, SITES, SONGLING, Notice, chrome, paper, render
from crawler.demo.stories import STORIES, TOWNS

SAMPLE = Path(__file__).with_name("sample")
PER_PAGE = 8
__all__ = ["HOSTS", "LANWAN", "QINGHE", "SONGLING", "Notice", "Page", "Site", "sample"]
SAMPLES = dict(zip(HOSTS, ("simplified", "traditional", "annotated"), strict=True))
PERMITS = 9  # the notice with a table in its PDF, and a workbook
WORKBOOK = "施工许可明细.xlsx"
PERMITTED = (
    ("工程名称", "施工机械", "许可编号"),
    ("滨海书屋改造工程", "塔吊两台", "3302-0417"),
    ("渔港路排水改造", "挖掘机六台", "3302-0418"),
)
SITES_BUILT = (("滨海书屋改造工程", "蓝湾区文化馆", 1200.5), ("渔港路排水改造", "蓝湾区水务局", 860))
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDE = 38  # characters of a line of a PDF
ROBOTS = b"User-agent: *\nDisallow: /admin/\n"


@dataclass(frozen=True, slots=True)
class Page:
    """What a path answers."""

    body: bytes
    content_type: str = "text/html"
    status: int = 200
    location: str | None = None
    modified: int = 1_700_000_000
    cookie: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One request the server answered: when it came and when the answer was sent (monotonic seconds)."""

    host: str
    path: str
    came: float
    left: float
    status: int
    headers: Mapping[str, str]


# ------------------------------------------------------------------ what there is
def notices(host: str) -> list[Notice]:
    """The notices of a host, newest first, the sample among them."""
    town, order = TOWNS[HOSTS.index(host)], HOSTS.index(host)
    found = []
    for number, story in enumerate(STORIES):
        day = f"2024-{1 + (number * 5 + order) % 12:02}-{1 + (number * 7 + order * 3) % 28:02}"
        n, m = 2 + (number + order) % 7, 18 + (number * 11 + order * 5) % 60
        words = {"town": town, "n": n, "m": m, "day": f"{int(day[5:7])}月{int(day[8:])}日"}
        body = tuple(text.format(**words) for text in story.body)
        path = f"/zwgk/{day[:4]}{day[5:7]}/t{day.replace('-', '')}_{1000 + number}.html"
        found.append(Notice(path, story.channel, story.title.format(**words), day, story.source.format(**words), body, number))
    found.append(sample(host))
    return sorted(found, key=lambda notice: (notice.published, notice.number), reverse=True)


def paths(notice: Notice) -> Iterator[str]:
    """Where a notice stands, page by page: t1.html, t1_1.html, t1_2.html …"""
    yield notice.path
    yield from (notice.path.replace(".html", f"_{number}.html") for number in count(1))


def sample(host: str) -> Notice:
    """The sample notice in the host's disguise."""
    lines = [line.strip() for line in (SAMPLE / f"{SAMPLES[host]}.txt").read_text("utf-8").split("\n")]
    kept = [line for line in lines if line]
    return Notice("/zwgk/201908/t20190826_77.html", kept[0], kept[1], "2019-08-26", _sample_source(kept[2]), tuple(kept[4:]), 77)


def _wrapped(text: str) -> list[str]:
    """A paragraph as lines of a PDF."""
    return [text[at : at + WIDE] for at in range(0, len(text), WIDE)]


def _sample_source(facts: str) -> str:
    return facts.replace("：", ":").split(":")[2].rsplit(None, 1)[0].strip()


# ------------------------------------------------------------------ its lists
def _lists(host: str, listed: list[Notice]) -> dict[str, Page]:
    """index.html, index_1.html …: eight rows a page and createPageHTML."""
    last = max(1, -(-len(listed) // PER_PAGE))
    pages = {}
    for number in range(last):
        rows = "".join(
            f"<li><a href='{n.path}' title='{escape(n.title)}'>{escape(n.title[:22])}{'…' if len(n.title) > 22 else ''}</a><span>{n.published}</span></li>\n"
            for n in listed[number * PER_PAGE : (number + 1) * PER_PAGE]
        )
        inner = f"<div class='list'><ul class='news'>{rows}</ul></div><script>createPageHTML({last}, {number}, \"index\", \"html\");</script>"
        charset = "gb2312" if host == QINGHE else "utf-8"
        name = "/zwgk/index.html" if number == 0 else f"/zwgk/index_{number}.html"
        pages[name] = Page(chrome(host, inner, head=f"<title>政府信息公开 - {SITES[host]}</title>", charset=charset))
    return pages


# ------------------------------------------------------------------ the server
class Site:
    """The site, its states, and the server that shows them. A context manager: `with Site() as site: site.port`."""

    def __init__(self, *, copies: int = 1, has_papers: bool = False) -> None:
        """`copies` > 1 repeats every notice under further addresses, for tests that need a larger site. `has_papers`: what notices link to
        is there; a site without them answers 404 for each."""
        self.notices = {host: self._grown(notices(host), copies) for host in HOSTS}
        self.has_papers = has_papers
        self.pages: dict[tuple[str, str], Page] = {}
        self.seen: list[Seen] = []
        self.port = 0
        self._server: http.server.ThreadingHTTPServer | None = None
        if has_papers:
            self.notices[LANWAN] = [
                replace(notice, files=(WORKBOOK,)) if notice.number == PERMITS else notice for notice in self.notices[LANWAN]
            ]
        for host in HOSTS:
            self._publish(host)
            if has_papers:
                self._put_papers(host)

    def _put_papers(self, host: str) -> None:
        """The PDF of each notice that links to one, and one workbook."""
        for notice in self.notices[host]:
            folder = notice.path.rpartition("/")[0]
            if name := paper(notice):
                lines = (notice.source, notice.title, *(piece for text in notice.body for piece in _wrapped(text)))
                body = papers.pdf(lines, PERMITTED if notice.number == PERMITS and host == LANWAN else ())
                self.pages[host, f"{folder}/{name}"] = Page(body, "application/pdf")
            for name in notice.files:
                body = papers.xlsx("施工许可", (("工程名称", "建设单位", "建筑面积"), *SITES_BUILT))
                self.pages[host, quote(f"{folder}/{name}")] = Page(body, XLSX)

    @staticmethod
    def _grown(own: list[Notice], copies: int) -> list[Notice]:
        more = [
            replace(
                notice,
                path=notice.path.replace(".html", f"{copy}.html"),
                title=f"{notice.title}（续{copy}）",
                body=(*notice.body, f"本件为第{copy}号续件。"),
            )
            for copy in range(1, copies)
            for notice in own
        ]
        return own + more

    def _publish(self, host: str) -> None:
        """Every page of a host, as its notices are now."""
        for key in [key for key in self.pages if key[0] == host and key[1].startswith("/zwgk/index")]:
            del self.pages[key]
        for notice in self.notices[host]:
            for path, body in zip(paths(notice), render(host, notice), strict=False):
                self.pages[host, path] = Page(body)
        for path, page in _lists(host, self.notices[host]).items():
            self.pages[host, path] = page
        self.pages[host, "/robots.txt"] = Page(ROBOTS, "text/plain")

    # -------------------------------------------------------------- states
    def start_urls(self) -> dict[str, str]:
        """Host → the address of its column."""
        return {host: f"http://{host}/zwgk/index.html" for host in HOSTS}

    def urls(self) -> list[str]:
        """The addresses of all notices there are now."""
        return [f"http://{host}{notice.path}" for host in HOSTS for notice in self.notices[host]]

    def put(self, host: str, path: str, page: Page) -> None:
        """Let a path answer something."""
        self.pages[host, path] = page

    def touch(self, host: str, path: str, old: str, new: str) -> None:
        """Change some words of a page, and say nothing of it. Raises ValueError when they do not stand there."""
        page = self.pages[host, path]
        charset = "gbk" if host == QINGHE else "utf-8"
        text = page.body.decode(charset)
        if old not in text:
            raise ValueError(f"{old!r} does not stand in {host}{path}")
        self.pages[host, path] = replace(page, body=text.replace(old, new).encode(charset), modified=page.modified + 1)

    def remove(self, host: str, path: str) -> None:
        """Take a notice down: off the list, and 404."""
        self.notices[host] = [notice for notice in self.notices[host] if notice.path != path]
        stem = path.removesuffix(".html")
        for key in [key for key in self.pages if key[0] == host and (key[1] == path or key[1].startswith(f"{stem}_"))]:
            del self.pages[key]
        for name, page in _lists(host, self.notices[host]).items():
            self.pages[host, name] = page

    def add(self, host: str, notice: Notice) -> None:
        """Publish a notice."""
        self.notices[host] = [notice, *self.notices[host]]
        self._publish(host)

    def silence(self, host: str) -> None:
        """Let a column fall silent: its list is there, and empty."""
        charset = "gb2312" if host == QINGHE else "utf-8"
        empty = chrome(
            host,
            "<div class='list'><ul class='news'></ul></div>",
            head=f"<title>政府信息公开 - {SITES[host]}</title>",
            charset=charset,
        )
        self.pages[host, "/zwgk/index.html"] = Page(empty)

    def change(self) -> None:
        """The second state: a silent edit, a take-down, a new notice, and a source that falls silent."""
        fresh = Notice(
            "/zwgk/202412/t20241220_2001.html", "通知公告", "蓝湾区关于冬至日开放社区厨房包饺子的通知", "2024-12-20", "蓝湾区民政局",
            ("冬至日上午9时起，全区十二处社区厨房同时开放，面粉、馅料由社区准备，居民带上擀面杖和手艺即可。",
             "包好的饺子先送给独居老人和值班的环卫工人，其余现场分食。吃素的居民请提前一天告诉社区，另备素馅。"), 2001,
        )  # fmt: skip
        self.add(LANWAN, fresh)
        finance = next(notice for notice in self.notices[LANWAN] if "财政决算" in notice.title)
        self.touch(LANWAN, finance.path, "执行率为90.2%", "执行率为9.02%")
        if self.has_papers:  # a document is swapped under its address, and nothing says so
            permits = next(notice for notice in self.notices[LANWAN] if notice.number == PERMITS)
            address = f"{permits.path.rpartition('/')[0]}/{paper(permits)}"
            lines = (permits.source, permits.title, *(piece for text in permits.body for piece in _wrapped(text)))
            swapped = tuple(tuple(cell.replace("塔吊两台", "塔吊四台") for cell in row) for row in PERMITTED)
            self.pages[LANWAN, address] = Page(papers.pdf(lines, swapped), "application/pdf", modified=1_700_000_001)
        relief = next(notice for notice in self.notices[SONGLING] if "低保对象" in notice.title)
        self.remove(SONGLING, relief.path)
        self.silence(QINGHE)

    # -------------------------------------------------------------- serving
    def start(self, port: int = 0) -> int:
        """Serve on loopback; the port."""
        site = self

        class Handler(_Handler):
            home = site

        self._server = _Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo-site", daemon=True).start()
        return self.port

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "Site":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    home: Site
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def do_GET(self) -> None:
        """Answer one request."""
        came = time.monotonic()
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        path = self.path.partition("?")[0]
        page = self.home.pages.get((host, path), Page("<title>404</title><h1>您访问的页面不存在</h1>".encode(), status=404))
        status, body = page.status, page.body
        headers = {"Content-Type": page.content_type}
        if page.location:
            headers["Location"] = page.location
        if page.cookie:
            headers["Set-Cookie"] = page.cookie
        headers |= dict(page.headers)
        if host == LANWAN and status == 200:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            headers["Last-Modified"] = formatdate(page.modified, usegmt=True)
            if self.headers.get("If-None-Match") == headers["ETag"]:
                status, body = 304, b""
        if host == SONGLING and "gzip" in (self.headers.get("Accept-Encoding") or "") and status == 200:
            body = gzip.compress(body, 6, mtime=0)
            headers["Content-Encoding"] = "gzip"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # noted before it is sent: who has the answer may look at once
        self.home.seen.append(Seen(host, path, came, time.monotonic(), status, dict(self.headers.items())))
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent."""
