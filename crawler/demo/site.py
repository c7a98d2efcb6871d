"""A small government site on loopback: three hosts, three layouts, one server. It also serves the project's tests.

www.lanwan.test   UTF-8 with the mandated metas; ETag and Last-Modified
zwgk.qinghe.test  GBK, declared in the page only; no validators; a layout of tables
xxgk.songling.test  UTF-8, a disclosure table; gzip
"""

import gzip
import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from html import escape
from pathlib import Path

from crawler.demo.stories import STORIES, TOWNS

SAMPLE = Path(__file__).with_name("sample")
PER_PAGE = 8
LANWAN, QINGHE, SONGLING = "www.lanwan.test", "zwgk.qinghe.test", "xxgk.songling.test"
HOSTS = (LANWAN, QINGHE, SONGLING)
SITES = dict(zip(HOSTS, ("蓝湾区人民政府", "青河县人民政府", "松岭市政府信息公开"), strict=True))
SAMPLES = dict(zip(HOSTS, ("simplified", "traditional", "annotated"), strict=True))
ROBOTS = b"User-agent: *\nDisallow: /admin/\n"


@dataclass(frozen=True, slots=True)
class Page:
    """What a path answers."""

    body: bytes
    content_type: str = "text/html"
    status: int = 200
    location: str | None = None
    modified: int = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice of the site."""

    path: str
    channel: str
    title: str
    published: str
    source: str
    body: tuple[str, ...]
    number: int


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


def sample(host: str) -> Notice:
    """The sample notice in the host's disguise."""
    lines = [line.strip() for line in (SAMPLE / f"{SAMPLES[host]}.txt").read_text("utf-8").split("\n")]
    kept = [line for line in lines if line]
    return Notice("/zwgk/201908/t20190826_77.html", kept[0], kept[1], "2019-08-26", _sample_source(kept[2]), tuple(kept[4:]), 77)


def _sample_source(facts: str) -> str:
    return facts.replace("：", ":").split(":")[2].rsplit(None, 1)[0].strip()


# ------------------------------------------------------------------ how it looks
def _chrome(host: str, inner: str, *, head: str, charset: str) -> bytes:
    menu = "".join(
        f"<li><a href='/{name}/'>{label}</a></li>"
        for name, label in (("", "首页"), ("zwgk", "政务公开"), ("bsfw", "办事"), ("hdjl", "互动"))
    )
    page = (
        f"<!DOCTYPE html>\n<html><head><meta charset='{charset}'>{head}<style>.a{{color:#333}}</style></head>\n<body>"
        f"<div class='header'><a href='/'><img src='/logo.png' alt=''></a><ul class='nav'>{menu}</ul></div>\n{inner}\n"
        f"<div class='footer'><p>主办：{SITES[host]}办公室　网站标识码：2100000{HOSTS.index(host)}01</p><p>地址：文化路1号　邮编：100001</p></div></body></html>"
    )
    return page.encode("gbk" if charset in ("gbk", "gb2312") else charset)


def _first(host: str, notice: Notice) -> bytes:
    """Metas, breadcrumb, a line of facts, paragraphs."""
    metas = {
        "SiteName": SITES[host], "SiteDomain": host, "SiteIDCode": "2100000001", "ColumnName": notice.channel, "ColumnType": "政务公开",
        "ArticleTitle": notice.title, "PubDate": f"{notice.published} 09:30", "ContentSource": notice.source,
    }  # fmt: skip
    head = (
        "".join(f'<meta name="{name}" content="{escape(value)}">' for name, value in metas.items())
        + f"<title>{escape(notice.title)}_{SITES[host]}</title>"
    )
    paragraphs = "".join(f"<p>　　{escape(text)}</p>\n" for text in notice.body)
    inner = (
        f"<div class='position'>您现在的位置：<a href='/'>首页</a> &gt; <a href='/zwgk/'>政务公开</a> &gt; <a href='/zwgk/'>{escape(notice.channel)}</a></div>"
        f"<div class='main'><h1>{escape(notice.title)}</h1><div class='info'><span>发布时间：{notice.published} 09:30</span>　<span>来源：{escape(notice.source)}</span>　"
        f"<span>点击：<i id='hits'></i></span></div><div class='tools'>字号：<a>大</a> <a>中</a> <a>小</a> <a href='javascript:print()'>打印本页</a></div>"
        f"<div class='TRS_Editor'>{paragraphs}</div><div class='share'>分享到：<a>微信</a></div></div>"
    )
    return _chrome(host, inner, head=head, charset="utf-8")


def _second(host: str, notice: Notice) -> bytes:
    """GBK, tables, no metas, labels in the page's own script."""
    traditional = notice.number == 77
    labels = ("時間", "來源", "點擊", "字號", "打印本頁") if traditional else ("时间", "来源", "点击", "字号", "打印本页")
    text = "<br>\n".join(f"　　{escape(paragraph)}" for paragraph in notice.body)
    inner = (
        f"<table width='960'><tr><td>当前位置：<a href='/'>首页</a> &gt;&gt; <a href='/zwgk/'>{escape(notice.channel)}</a></td></tr>"
        f"<tr><td align='center'><h2 class='title'>{escape(notice.title)}</h2></td></tr>"
        f"<tr><td>{labels[0]}:{notice.published}&nbsp;&nbsp;&nbsp;{labels[1]}:{escape(notice.source)}&nbsp;&nbsp;&nbsp;{labels[2]}:<span id='c'></span></td></tr>"
        f"<tr><td>{labels[3]}:　　{labels[4]}</td></tr><tr><td id='zoom'>{text}</td></tr></table>"
    )
    return _chrome(host, inner, head=f"<title>{SITES[host]}</title>", charset="gb2312")


def _third(host: str, notice: Notice) -> bytes:
    """A disclosure table above the article."""
    cells = (
        ("索 引 号", f"SL{notice.number:04}-{notice.published[:4]}-00{notice.number % 90 + 10}"), ("主题分类", notice.channel),
        ("发文机关", "松岭市人民政府办公室"), ("成文日期", notice.published.replace("-", "年", 1).replace("-", "月") + "日"),
        ("名　　称", escape(notice.title)), ("文　　号", f"松政发〔{notice.published[:4]}〕{notice.number + 1}号"),
        ("发布日期", notice.published), ("有 效 性", "有效"),
    )  # fmt: skip
    rows = "".join(
        f"<tr><td><b>{a[0]}：</b></td><td>{a[1]}</td><td><b>{b[0]}：</b></td><td>{b[1]}</td></tr>"
        for a, b in zip(cells[::2], cells[1::2], strict=True)
    )
    paragraphs = "".join(f"<p style='text-indent:2em'>{escape(text)}</p>" for text in notice.body)
    file = f"./P0{notice.published.replace('-', '')}_{notice.number}.pdf"
    attached = (
        f"<div class='fj'>附件：<a href='{file}'>{escape(notice.title)[:12]}附表.pdf</a></div>" if notice.number % 3 == 0 else ""
    )
    inner = (
        f"<div class='crumb'>当前位置：首页 &gt; 政府信息公开 &gt; {escape(notice.channel)}</div><table class='bd1'>{rows}</table>"
        f"<div class='article'><h1>{escape(notice.title)}</h1><p class='from'>来源：{escape(notice.source)}</p><div id='zoom'>{paragraphs}</div>"
        f"{attached}</div>"
    )
    return _chrome(host, inner, head=f"<title>{escape(notice.title)} - {SITES[host]}</title>", charset="utf-8")


LAYOUTS: dict[str, Callable[[str, Notice], bytes]] = {LANWAN: _first, QINGHE: _second, SONGLING: _third}


def _lists(host: str, listed: list[Notice]) -> dict[str, Page]:
    """index.html, index_1.html …: eight rows a page and createPageHTML."""
    count = max(1, -(-len(listed) // PER_PAGE))
    pages = {}
    for number in range(count):
        rows = "".join(
            f"<li><a href='{n.path}' title='{escape(n.title)}'>{escape(n.title[:22])}{'…' if len(n.title) > 22 else ''}</a><span>{n.published}</span></li>\n"
            for n in listed[number * PER_PAGE : (number + 1) * PER_PAGE]
        )
        inner = f"<div class='list'><ul class='news'>{rows}</ul></div><script>createPageHTML({count}, {number}, \"index\", \"html\");</script>"
        charset = "gb2312" if host == QINGHE else "utf-8"
        name = "/zwgk/index.html" if number == 0 else f"/zwgk/index_{number}.html"
        pages[name] = Page(_chrome(host, inner, head=f"<title>政府信息公开 - {SITES[host]}</title>", charset=charset))
    return pages


# ------------------------------------------------------------------ the server
class Site:
    """The site, its states, and the server that shows them. A context manager: `with Site() as site: site.port`."""

    def __init__(self, *, copies: int = 1) -> None:
        """`copies` > 1 repeats every notice under further addresses, for tests that need a larger site."""
        self.notices = {host: self._grown(notices(host), copies) for host in HOSTS}
        self.pages: dict[tuple[str, str], Page] = {}
        self.seen: list[Seen] = []
        self.port = 0
        self._server: http.server.ThreadingHTTPServer | None = None
        for host in HOSTS:
            self._publish(host)

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
            self.pages[host, notice.path] = Page(LAYOUTS[host](host, notice))
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
        del self.pages[host, path]
        for name, page in _lists(host, self.notices[host]).items():
            self.pages[host, name] = page

    def add(self, host: str, notice: Notice) -> None:
        """Publish a notice."""
        self.notices[host] = [notice, *self.notices[host]]
        self._publish(host)

    def silence(self, host: str) -> None:
        """Let a column fall silent: its list is there, and empty."""
        charset = "gb2312" if host == QINGHE else "utf-8"
        empty = _chrome(
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
        self.wfile.write(body)
        self.wfile.flush()
        self.home.seen.append(Seen(host, path, came, time.monotonic(), status, dict(self.headers.items())))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent."""
