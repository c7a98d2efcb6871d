"""A server of columns: one host for each kind of pager, rows that come and go while they are read. All names and text are ours."""

import asyncio
import base64
import gzip
import http.server
import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
import sqlalchemy as sa

from crawler.config.load import load
from crawler.repository.database import reading
from crawler.repository.progress import Progress
from crawler.scheduler import process as house

NOTICES = "notices.elsewhere.test"
WORDS = ("造林", "清淤", "校车", "电梯", "农机", "图书", "供暖", "公交", "菜场", "路灯", "河堤", "茶园")


@dataclass(slots=True)
class Column:
    """Rows, newest first. `kind` names its pager; `size` rows of a page; `turn` is called after each of its pages was answered."""

    kind: str
    rows: list[int]
    size: int = 15
    turn: Callable[["Column"], None] = lambda column: None
    asked: int = 0
    inserted: int = 0
    front: int = 0  # rows from the top that were shown already

    @property
    def host(self) -> str:
        """Its own host."""
        return f"{self.kind}.columns.test"

    @property
    def pages(self) -> int:
        """How many pages it has now."""
        return max(1, -(-len(self.rows) // self.size))

    def page(self, number: int) -> list[int]:
        """The rows of a page, from 0."""
        self.front = max(self.front, (number + 1) * self.size)
        return self.rows[number * self.size : (number + 1) * self.size]

    def insert(self) -> None:
        """A new row on top."""
        self.inserted += 1
        self.rows.insert(0, 1_000_000 + self.inserted)

    def delete(self, chance: random.Random) -> None:
        """A row vanishes among those that were shown already."""
        if min(self.front, len(self.rows)) > 1:
            self.rows.pop(chance.randrange(min(self.front, len(self.rows))))


def title(n: int) -> str:
    """A row's title."""
    return f"关于{WORDS[n % len(WORDS)]}工作第{n}号安排的公告"


def day(n: int) -> str:
    """A row's date: the larger the number of an old row, the older it is."""
    return (date(2024, 12, 31) - timedelta(days=n if n < 1_000_000 else 0)).isoformat()


def link(n: int) -> str:
    """A row's address, on another host."""
    return f"http://{NOTICES}/zwgk/{day(n)[:4]}/t{day(n).replace('-', '')}_{n}.html"


def items(rows: list[int]) -> str:
    """Rows as list items."""
    return "".join(f"<li><a href='{link(n)}' title='{title(n)}'>{title(n)[:8]}...</a><span>{day(n)}</span></li>" for n in rows)


def html(rows: list[int], pager: str = "") -> str:
    """A page with its chrome."""
    menu = "".join(f"<li><a href='/lm{n}/'>栏目第{n}号</a></li>" for n in range(8))
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>公告</title></head><body><div><ul>{menu}</ul></div>"
        f"<div><ul>{items(rows)}</ul>{pager}</div><p>主办：云溪县</p></body></html>"
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a kind of column sees it."""

    path: str
    query: dict[str, str]
    form: dict[str, str]
    data: Any

    def number(self, form: str, default: int = 0) -> int:
        """The number in the path."""
        match = re.search(form, self.path)
        return int(match[1]) if match else default


def linked(column: Column, at: int, address: Callable[[int], str], words: str = "") -> str:
    """First, previous, numbers, next, last; `at` from 0."""
    numbers = "".join(
        f"<span>{n + 1}</span>" if n == at else f"<a href='{address(n)}'>{n + 1}</a>"
        for n in range(max(0, at - 2), min(column.pages, at + 3))
    )
    following = f"<a href='{address(at + 1)}'>下一页</a>" if at + 1 < column.pages else "<span>下一页</span>"
    return f"<div>{words}<a href='{address(0)}'>首页</a>{numbers}{following}<a href='{address(column.pages - 1)}'>尾页</a></div>"


# ------------------------------------------------------------------ kinds: answer(column, asked) -> body, or None for 404
Answer = Callable[[Column, Asked], str | bytes | None]


def _indexed(pager: Callable[[Column, int], str], ending: str = "html") -> Answer:
    def answer(column: Column, asked: Asked) -> str | None:
        at = asked.number(r"/index_(\d+)\.")
        return html(column.page(at), pager(column, at)) if at < column.pages else None

    return answer


def _counted(column: Column, at: int) -> str:
    return (
        f"<script>var currentPage = {at};//所在页从0开始\nvar nextPage = currentPage+1\nvar countPage = {column.pages}//共多少页\n"
        'document.write("<a href=\\"index"+"_" + nextPage + "."+"html\\">下一页</a>");</script>'
    )


def _static(column: Column, asked: Asked) -> str | None:
    at = asked.number(r"/index_(\d+)\.html", 1) - 1
    return html(column.page(at), linked(column, at, lambda n: f"/list/index_{n + 1}.html")) if at < column.pages else None


def _descending(column: Column, asked: Asked) -> str | None:
    at = column.pages - asked.number(r"/tzgg/(\d+)\.htm", column.pages)
    if at < 0:
        return None
    words = f"<span>共{len(column.rows)}条</span><span>{at + 1}/{column.pages}</span>"
    return html(column.page(at), linked(column, at, lambda n: f"/tzgg/{column.pages - n}.htm" if n else "/tzgg.htm", words))


def _webplus(column: Column, asked: Asked) -> str | None:
    at = asked.number(r"/list(\d+)\.htm", 1) - 1
    words = f"<em>总共&nbsp;<b>{len(column.rows)}</b>&nbsp;记录</em>"
    return html(column.page(at), linked(column, at, lambda n: f"/814/list{n + 1}.htm", words)) if at < column.pages else None


def _common(column: Column, asked: Asked) -> str | None:
    at = asked.number(r"/common_list_(\d+)\.", 1) - 1
    script = f"<script>window.onload=function() {{createPageHTML('page-div',{column.pages}, {at + 1},'common_list','shtml',{len(column.rows)});}}</script>"
    return html(column.page(at), script) if at < column.pages else None


def _query(column: Column, asked: Asked) -> str | None:
    at = int(asked.query.get("cur_page", "1")) - 1
    words = f"<i>共 {len(column.rows)} 条记录</i>"
    return html(column.page(at), linked(column, at, lambda n: f"/list.jsp?urltype=tree&cur_page={n + 1}", words))


def _encoded(column: Column, asked: Asked) -> str | None:
    at = asked.number(r"/(\d+)\.html", 1) - 1
    inner = f'<a class="a1">{len(column.rows)}条</a>' + linked(
        column, at, lambda n: f"/html/{n + 1}.html" if n else "/html/index.html"
    )
    coded = base64.b64encode(quote_plus(inner).encode()).decode()
    return html(column.page(at), f"<div id='pages'>{coded}</div>") if at < column.pages else None


def _selected(column: Column, asked: Asked) -> str | None:
    at = asked.number(r"/index_(\d+)\.html")
    options = "".join(
        f"<option value='{f'index_{n}' if n else 'index'}.html' {'selected' if n == at else ''}>{n + 1}</option>"
        for n in range(column.pages)
    )
    return html(column.page(at), f"<select onchange='location=this.value'>{options}</select>") if at < column.pages else None


def _records(column: Column, rows: list[int], group: int | None) -> str:
    following = (
        f'<nextgroup><![CDATA[<a href="/module/web/jpage/dataproxy.jsp?page={group}&webid=110&columnid=1"></a>]]></nextgroup>'
        if group is not None
        else ""
    )
    records = "".join(f"<record><![CDATA[{items([n])}]]></record>" for n in rows)
    return f"<datastore>{following}<totalrecord>{len(column.rows)}</totalrecord><recordset>{records}</recordset></datastore>"


def _hanweb(column: Column, asked: Asked) -> str | None:
    size, at = column.size * 3, int(asked.query.get("page", "0"))
    wide = Column(column.kind, column.rows, size)
    rows = wide.page(at)
    column.front = max(column.front, (at + 1) * size)
    store = _records(column, rows, at + 1 if at + 1 < wide.pages else None)
    return (
        store
        if "dataproxy" in asked.path
        else f"<html><body><div id='1'><script type='text/xml'>{store}</script></div></body></html>"
    )


def _jpage(column: Column, asked: Asked) -> str | None:
    if "dataproxy" not in asked.path:
        first = column.page(0)
        script = (
            f"$('#1').jpage({{themeName:'default',totalRecord:{len(column.rows)},dataStore:d1,groupSize:3,proxyUrl:'/module/jpage/dataproxy.jsp',"
            f"perPage:{column.size},ajaxParam:{{col:1,appid:'1',webid:60,path:'/',columnid:7,unitid:'1',webname:'云溪县',permissiontype:0}}}});"
        )
        return html(first, f"<script>{script}</script>")
    if asked.form.get("columnid") != "7" or asked.form.get("webname") != "云溪县":
        return None
    return _ranged(column, asked)


def _ranged(column: Column, asked: Asked) -> str:
    start, end = int(asked.query["startrecord"]), int(asked.query["endrecord"])
    column.front = max(column.front, end)
    return _records(column, column.rows[start - 1 : end], None)


def _jsonp(column: Column, asked: Asked) -> str:
    return f";raw({json.dumps({'result': _ranged(column, asked)}).replace('/', chr(92) + '/')})"


def _unit(column: Column, asked: Asked) -> str | None:
    if not asked.path.endswith("page/build/unit"):
        data = "{'parseType':'bulidstatic','webId':'8','pageType':'column','tagId':'当前栏目_list','pageId':'a1'}"
        return f"<html><body><div><script url='/api-gateway/jpaas-publish-server/front/page/build/unit' queryData=\"{data}\"></script></div></body></html>"
    at = json.loads(asked.query.get("paramJson", '{"pageNo":1}'))["pageNo"] - 1
    if asked.query.get("tagId") != "当前栏目_list":
        return None
    inner = f"<ul>{items(column.page(at))}</ul><div class='pagination' rows='{column.size}' count='{len(column.rows)}' pageNo='{at + 1}'></div>"
    return json.dumps({"success": True, "data": {"html": inner}}, ensure_ascii=False)


def _gkmlpt(column: Column, asked: Asked) -> str:
    at = int(asked.query["page"]) - 1
    articles = [
        {"id": n, "title": title(n), "url": link(n), "date": 1735574400 - n * 86400, "publisher": "云溪县"}
        for n in column.page(at)
    ]
    return json.dumps(
        {"classify": {"id": 5, "name": "公告", "post_count": len(column.rows)}, "articles": articles}, ensure_ascii=False
    )


def _was(column: Column, asked: Asked) -> str:
    at = int(asked.query["page"]) - 1
    words = f"<span>共有{len(column.rows)}条记录</span>"
    return html(
        column.page(at),
        linked(column, at, lambda n: f"/was5/web/search?channelid=2&classsql=chnlid=9&prepage={column.size}&page={n + 1}", words),
    )


def _searched(column: Column, asked: Asked) -> str | None:
    if not isinstance(asked.data, dict) or asked.data.get("code") != "17da70961a7":
        return None
    at = asked.data["pageNo"] - 1
    found = [
        {"title_no_tag": title(n), "title": f"<em>关于</em>{title(n)[2:]}", "url": link(n), "time": f"{day(n)} 09:00:00"}
        for n in column.page(at)
    ]
    pager = {"pageNo": at + 1, "pageCount": column.pages, "total": len(column.rows)}
    return json.dumps(
        {"resultCode": {"code": 200}, "result": {"data": {"middle": {"list": found}, "pager": pager}}}, ensure_ascii=False
    )


def _posted(column: Column, asked: Asked) -> str | None:
    if asked.path.endswith("search"):
        if asked.data["customFilter"]["properties"][0]["value"] != 69:
            return None
        at = asked.data["pageNo"] - 1
        found = [{"data": {"title": title(n), "url": link(n), "time": f"{day(n)} 00:00:00"}} for n in column.page(at)]
        return json.dumps(
            {
                "data": {
                    "pager": {"pageNo": at + 1, "pageCount": column.pages, "total": len(column.rows)},
                    "middle": {"listAndBox": found},
                }
            }
        )
    script = (
        "var id; var pagerIndex = 1; function init(id, pagerIndex) { params = { code: '18', orderBy: \"time\", pageNo: pagerIndex , pageSize: 15,"
        " customFilter: {operator: 'and', properties: [{property: 'channel_id', value: id}]} }; }\n"
        "$('#t li').click(function () { id = $(this).find('a').attr('data-id'); });\n"
        f"$.ajax({{ url: 'http://{column.host}/irs/front/search', type: 'post', data: JSON.stringify(params), contentType: 'application/json', success: show }});"
    )
    return f"<html><body><ul id='t'><li><a data-id='69'>公告</a></li></ul><script>{script}</script></body></html>"


def _rss(column: Column, asked: Asked) -> str:
    entries = "".join(
        f"<item><title><![CDATA[{title(n)}]]></title><link>{link(n)}</link><pubDate>{day(n)}</pubDate></item>"
        for n in column.page(0)
    )
    return f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>公告</title>{entries}</channel></rss>"


def _atom(column: Column, asked: Asked) -> str:
    at = int(asked.query.get("p", "1")) - 1
    following = f"<link rel='next' href='/feed.xml?p={at + 2}'/>" if at + 1 < column.pages else ""
    entries = "".join(
        f"<entry><title>{title(n)}</title><link href='{link(n)}'/><updated>{day(n)}T00:00:00Z</updated></entry>"
        for n in column.page(at)
    )
    return f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>{following}{entries}</feed>"


def _sitemap(column: Column, asked: Asked) -> str | bytes | None:
    if asked.path == "/sitemap.xml":
        maps = "".join(f"<sitemap><loc>http://{column.host}/map{n}.xml.gz</loc></sitemap>" for n in range(column.pages))
        return f"<?xml version='1.0'?><sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{maps}</sitemapindex>"
    rows = column.page(asked.number(r"/map(\d+)"))
    found = "".join(f"<url><loc>{link(n)}</loc><lastmod>{day(n)}</lastmod></url>" for n in rows)
    return gzip.compress(f"<?xml version='1.0'?><urlset>{found}</urlset>".encode(), mtime=0)


def _datasource(column: Column, asked: Asked) -> str:
    if asked.path.endswith(".json"):
        column.page(column.pages - 1)
        found = [
            {"title": f"{title(n)}（全文）", "showTitle": title(n), "publishUrl": link(n), "publishTime": f"{day(n)} 12:00:00"}
            for n in column.rows
        ]
        return json.dumps({"categoryName": "公告", "datasource": found}, ensure_ascii=False)
    return html([]).replace(
        "<ul></ul>", f"<ul data='datasource:{'0a' * 16}' datatype='ds' preview='ds_'>{items(column.page(0))}</ul>"
    )


def _unsaid(column: Column, asked: Asked) -> str | None:
    at = asked.number(r"/index_(\d+)\.html", 0)
    return html(column.page(at), "<script src='/pager.js'></script>") if at < column.pages else None


def _offset(column: Column, asked: Asked) -> str:
    at = int(asked.form.get("offset", "0"))
    column.front = max(column.front, at + column.size)
    found = [{"name": title(n), "href": link(n), "fbrq": day(n)} for n in column.rows[at : at + column.size]]
    return json.dumps({"total": len(column.rows), "rows": found}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of pager: how its server answers, how a source starts, what its file says of its pager, whether it declares a total of rows."""

    answer: Answer
    start: str = '"http://{host}/list/index.html"'
    rules: str = ""
    told: bool = False
    alone: bool = False  # one answer holds everything


FORM = "application/x-www-form-urlencoded"
KINDS: dict[str, Kind] = {
    "createpage": Kind(_indexed(lambda c, at: f"<script>createPageHTML({c.pages}, {at}, \"index\", \"html\");</script>")),
    "createpage-rows": Kind(_indexed(lambda c, at: f"<script>createPageHTML({c.pages},{at},'index','shtml','{len(c.rows)}');</script>"), told=True),
    "createpage-comment": Kind(_indexed(lambda c, at: f"<script><!--\n//createPageHTML({c.pages}, {at}, \"index\", \"html\");\n//--></script>")),
    "countpage": Kind(_indexed(_counted)),
    "pager-object": Kind(_indexed(lambda c, at: f"<script>Pager({{size:{c.pages},current:{at},prefix:'index',suffix:'html'}})</script>")),
    "static-from-one": Kind(_static),
    "vsb": Kind(_descending, '"http://{host}/tzgg.htm"', told=True),
    "webplus": Kind(_webplus, '"http://{host}/814/list.htm"', told=True),
    "common-list": Kind(_common, '"http://{host}/gg/common_list.shtml"', told=True),
    "query": Kind(_query, '"http://{host}/list.jsp?urltype=tree"', told=True),
    "base64": Kind(_encoded, '"http://{host}/html/index.html"', told=True),
    "select": Kind(_selected),
    "hanweb-groups": Kind(_hanweb, '"http://{host}/col/col1/index.html"', told=True),
    "hanweb-jpage": Kind(_jpage, '"http://{host}/col/col7/index.html"', told=True),
    "truecms": Kind(_jsonp, '"http://{host}/truecms/messageController/getMessage.do?callback=raw&startrecord=1&endrecord=45&perpage=15&columnId=x"', told=True),
    "jpaas": Kind(_unit, '"http://{host}/col/index.html"', told=True),
    "gkmlpt": Kind(_gkmlpt, '"http://{host}/gkmlpt/api/all/5?page=1&sid=2"', told=True),
    "was": Kind(_was, '"http://{host}/was5/web/search?channelid=2&classsql=chnlid=9&prepage=15&page=1"', told=True),
    "gov-search": Kind(
        _searched,
        '{{ url = "http://{host}/athena/forward/2B", method = "POST", headers = {{ "Content-Type" = "application/json", athenaAppName = "x" }},'
        " body = '{{\"code\":\"17da70961a7\",\"pageNo\":1,\"pageSize\":15}}' }}",
        told=True,
    ),
    "irs-shell": Kind(_posted, '"http://{host}/jyxx/zbgg/"', told=True),
    "rss": Kind(_rss, '"http://{host}/rss.xml"', alone=True),
    "atom": Kind(_atom, '"http://{host}/feed.xml"'),
    "sitemap": Kind(_sitemap, '"http://{host}/sitemap.xml"'),
    "datasource": Kind(_datasource, '"http://{host}/xwzx/nyyw.htm"', alone=True),
    "named-numbered": Kind(_unsaid, rules='next = {{ kind = "numbered", rest = "index_{{n}}.html" }}'),
    "named-link": Kind(_webplus, '"http://{host}/814/list.htm"', 'next = {{ kind = "link", selector = "div > span + a, div > a:nth-last-child(2)" }}', told=True),
    "named-offset": Kind(
        _offset,
        f'{{{{ url = "http://{{host}}/query", method = "POST", body = "offset=0&deptid=4", headers = {{{{ "Content-Type" = "{FORM}" }}}} }}}}',
        'rows = "rows"\nlink = "href"\ntitle = "name"\ndate = "fbrq"\nnext = {{ kind = "parameter", name = "offset", from = 0, step = 15, size = 15 }}',
        told=True,
    ),
}  # fmt: skip


@dataclass(slots=True)
class Server:
    """Answers for every column on one port of this machine."""

    columns: dict[str, Column] = field(default_factory=dict)
    extra: dict[str, Callable[[Asked], tuple[int, str, bytes]]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0
    robots: bytes = b""
    hosts: dict[str, str] = field(default_factory=dict)  # further hosts of columns

    def answer(self, host: str, asked: Asked) -> tuple[int, str, bytes]:
        """(status, type, body) of a request."""
        if asked.path == "/robots.txt":
            return (200, "text/plain", self.robots) if self.robots else (404, "text/html", b"none")
        self.seen.append((host, asked.path))
        if host in self.extra:
            return self.extra[host](asked)
        column = self.columns.get(self.hosts.get(host, host.partition(".")[0]))
        body = KINDS[column.kind].answer(column, asked) if column is not None else None
        if column is not None:
            column.asked += 1
            column.turn(column)
        if body is None:
            return 404, "text/html", "<title>404</title>您访问的页面不存在".encode()
        raw = body if isinstance(body, bytes) else body.encode()
        return (
            200,
            "application/json"
            if raw[:1] in b"{["
            else "application/octet-stream"
            if isinstance(body, bytes)
            else "text/html; charset=utf-8",
            raw,
        )


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            is_json = raw[:1] in (b"{", b"[")
            form = {} if is_json else {name: values[0] for name, values in parse_qs(raw.decode(), keep_blank_values=True).items()}
            host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
            status, kind, body = server.answer(host, Asked(parts.path, query, form, json.loads(raw) if is_json else None))
            self.send_response(status)
            self.send_header("Location" if status in (301, 302) else "Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    return Handler


@dataclass(slots=True)
class Desk:
    """An archive whose sources are columns of the server."""

    folder: Path
    server: Server

    @property
    def path(self) -> Path:
        """The settings file."""
        return self.folder / "config" / "gongkai.toml"

    def column(self, kind: str, count: int, *, size: int = 15, turn: Callable[[Column], None] | None = None) -> Column:
        """A column and its source's file."""
        made = Column(kind, list(range(count)), size)
        if turn is not None:
            made.turn = turn
        self.server.columns[kind] = made
        what = KINDS[kind]
        self.source(kind, what.start.format(host=made.host), f'hosts = ["{made.host}"]\nother_hosts = 0\n{what.rules.format()}')
        return made

    def source(self, name: str, start: str, rules: str = "", more: str = "") -> None:
        """A source's file."""
        (self.path.parent / "sources" / f"{name}.toml").write_text(
            f'title = "{name}"\nstart = [{start}]\n[list]\n{rules}\n{more}', "utf-8"
        )

    def crawl(self, *names: str, **wish: Any) -> Progress:
        """A one-off crawl to its end."""
        config = load(self.path)
        with house.open_line(config, "crawl") as line:
            return self.work(line, house.fire(config, line, house.Wish(names, **wish)))

    def work(self, line: Any, runs: Any) -> Progress:
        """Work these runs to their end."""
        progress, _ = asyncio.run(house.work(load(self.path), line, runs, lambda _: None))
        return progress

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with reading(load(self.path).storage.database) as c:
            return [tuple(row) for row in c.execute(sa.text(statement))]

    def listed(self, name: str) -> set[str]:
        """Addresses that a source has listed."""
        return {url for (url,) in self.sql(f"SELECT u.url FROM listings l JOIN urls u ON u.id = l.url WHERE l.source = '{name}'")}

    def counts(self, name: str) -> dict[str, int]:
        """The counts of a source's last run."""
        rows = self.sql(f"SELECT counts FROM runs WHERE source = '{name}' AND ended IS NOT NULL ORDER BY id DESC LIMIT 1")
        found: dict[str, int] = json.loads(rows[0][0])
        return found

    def stops(self, name: str) -> set[str]:
        """The rules that ended a source's columns in its last run."""
        return {key.removeprefix("stop:") for key in self.counts(name) if key.startswith("stop:")}


SETTINGS = """[operator]
name = "test"
contact = "mailto:test@columns.test"
[network]
delay = "0s"
connect = {{ "*" = "127.0.0.1:{port}" }}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An archive beside a running server."""
    server = Server()
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    made.daemon_threads, made.block_on_close = True, False
    server.port = made.server_address[1]
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    (tmp_path / "config" / "sources").mkdir(parents=True)
    (tmp_path / "config" / "gongkai.toml").write_text(SETTINGS.format(port=server.port), "utf-8")
    yield Desk(tmp_path, server)
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(scope="session")
def kinds() -> dict[str, Kind]:
    """Every kind of pager the server knows."""
    return KINDS


@pytest.fixture(scope="session")
def address() -> Callable[[int], str]:
    """A row's address by its number."""
    return link


@pytest.fixture(scope="session")
def page_of() -> Callable[[list[int], str], str]:
    """A list page of these rows."""
    return html
