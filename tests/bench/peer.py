"""The bench's job in Scrapy, tuned: what the job does not need is off. Run by the bench with the Python that has Scrapy, by its file.

    python tests/bench/peer.py FOLDER --port PORT --hosts N           # a first visit; on the same FOLDER again, a second one
    python tests/bench/peer.py FOLDER --export records.jsonl          # what it has

It keeps what it must have for a second visit, and no more: pages in SQLite (WAL, synchronous NORMAL, a transaction a hundred pages), their
bytes in gzip members (level 6), validators. It asks with them; an answer 304, or the same bytes, is not parsed again. No robots.txt, no
pause, 3 requests at a time on each host. It reads four fields by four fixed selectors.
"""

import argparse
import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

PAGER = re.compile(r"createPageHTML\((\d+), *(\d+)")
COMMIT_EVERY = 100
SCHEMA = """
CREATE TABLE IF NOT EXISTS page (url TEXT PRIMARY KEY, title TEXT, published TEXT, source TEXT, body TEXT, digest BLOB, place INT, etag TEXT, modified TEXT);
CREATE TABLE IF NOT EXISTS list (url TEXT PRIMARY KEY, links TEXT, digest BLOB, etag TEXT, modified TEXT);
CREATE TABLE IF NOT EXISTS look (url TEXT, status INT);
"""
DOWNLOADER, SPIDER, EXTENSION = "scrapy.downloadermiddlewares.", "scrapy.spidermiddlewares.", "scrapy.extensions."
HANDLER = "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"
SETTINGS: dict[str, Any] = {
    "CONCURRENT_REQUESTS": 60,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 3,
    "DOWNLOAD_DELAY": 0,
    "ROBOTSTXT_OBEY": False,
    "USER_AGENT": "Mozilla/5.0 (compatible; bench/1.0)",
    "DEFAULT_REQUEST_HEADERS": {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "zh-CN,zh;q=0.9", "Accept-Encoding": "gzip"},
    "LOG_LEVEL": "WARNING",
    "TWISTED_REACTOR_ENABLED": False,
    "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
    "DOWNLOAD_HANDLERS": {"http": HANDLER, "https": HANDLER},
    "DOWNLOADER_MIDDLEWARES": {
        f"{DOWNLOADER}{name}": None
        for name in ("offsite.OffsiteMiddleware", "httpauth.HttpAuthMiddleware", "stats.DownloaderStats", "downloadtimeout.DownloadTimeoutMiddleware", "robotstxt.RobotsTxtMiddleware")
    },
    "SPIDER_MIDDLEWARES": {f"{SPIDER}{name}": None for name in ("depth.DepthMiddleware", "urllength.UrlLengthMiddleware", "metacopy.MetaCopyDetectionMiddleware")},
    "EXTENSIONS": {f"{EXTENSION}{name}": None for name in ("corestats.CoreStats", "logcount.LogCount", "memdebug.MemoryDebugger")},
    "LOGSTATS_INTERVAL": 0,
    **dict.fromkeys(
        ("AUTOTHROTTLE_ENABLED", "COOKIES_ENABLED", "HTTPPROXY_ENABLED", "MEMUSAGE_ENABLED", "METAREFRESH_ENABLED", "REDIRECT_ENABLED", "REFERER_ENABLED", "RETRY_ENABLED", "TELNETCONSOLE_ENABLED"),
        False,
    ),
}  # fmt: skip


class Store:
    """What is kept of a visit."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / "peer.db", isolation_level=None)
        self._database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {SCHEMA}")
        self._bytes = (folder / "pages.gz").open("ab")
        self._known: dict[str, tuple[bytes, str | None, str | None]] = {}
        for table in ("page", "list"):
            for url, *rest in self._database.execute(f"SELECT url, digest, etag, modified FROM {table}"):
                self._known[url] = tuple(rest)
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []

    def conditions(self, url: str) -> dict[str, str]:
        """The headers that let a server answer 304."""
        _, etag, modified = self._known.get(url, (b"", None, None))
        return {name: value for name, value in (("If-None-Match", etag), ("If-Modified-Since", modified)) if value}

    def is_known(self, response: Any) -> bool:
        """Is it what was there at the last visit? The look is kept."""
        self._add("INSERT INTO look VALUES (?, ?)", (response.url, response.status))
        if response.status == 304:
            return True
        known = self._known.get(response.url)
        return known is not None and known[0] == hashlib.sha256(response.body).digest()

    def links(self, url: str) -> tuple[list[str], list[str]]:
        """Of a list page that is as it was: its rows, and its further pages."""
        self.commit()
        (found,) = self._database.execute("SELECT links FROM list WHERE url = ?", (url,)).fetchone()
        rows, further = json.loads(found)
        return rows, further

    def add_list(self, response: Any, links: tuple[list[str], list[str]]) -> None:
        """Keep a list page."""
        row = (response.url, json.dumps(links), hashlib.sha256(response.body).digest(), *_validators(response))
        self._add("INSERT OR REPLACE INTO list VALUES (?, ?, ?, ?, ?)", row)

    def add(self, response: Any, fields: tuple[str, str, str, str]) -> None:
        """Keep a detail page."""
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        place = self._bytes.tell()
        self._bytes.write(packer.compress(response.body) + packer.flush())
        row = (response.url, *fields, hashlib.sha256(response.body).digest(), place, *_validators(response))
        self._add("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _add(self, statement: str, row: tuple[Any, ...]) -> None:
        self._waiting.append((statement, row))
        if len(self._waiting) >= 2 * COMMIT_EVERY:  # a look and a page
            self.commit()

    def commit(self) -> None:
        """Write what waits."""
        self._bytes.flush()
        self._database.execute("BEGIN")
        for statement in dict.fromkeys(statement for statement, _ in self._waiting):
            self._database.executemany(statement, [row for said, row in self._waiting if said == statement])
        self._database.execute("COMMIT")
        self._waiting.clear()

    def close(self) -> None:
        """Write what waits, and be done."""
        self.commit()
        self._bytes.close()
        self._database.close()

    def export(self, to: Path) -> None:
        """All pages as JSON Lines."""
        names = ("url", "title", "published", "source", "body")
        rows = self._database.execute(f"SELECT {', '.join(names)} FROM page")
        to.write_text("".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows), "utf-8")


def _validators(response: Any) -> tuple[str | None, str | None]:
    found = (response.headers.get(name) for name in ("ETag", "Last-Modified"))
    etag, modified = (value.decode("latin-1") if value else None for value in found)
    return etag, modified


def crawl(store: Store, hosts: int, port: int) -> None:
    """The whole job."""
    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess
    from selectolax.lexbor import LexborHTMLParser

    def text(page: Any, selector: str, separator: str = "") -> str:
        return str(page.css_first(selector).text(separator=separator)).strip()

    class Column(scrapy.Spider):  # type: ignore[misc]
        name = "column"
        handle_httpstatus_list = (304,)

        async def start(self) -> AsyncIterator[Any]:
            for number in range(1, hosts + 1):
                yield self.ask(f"http://127.0.0.{number}:{port}/zwgk/zcwj/index.html", self.parse)

        def ask(self, url: str, then: Any) -> Any:
            return scrapy.Request(url, then, headers=store.conditions(url))

        def parse(self, response: Any) -> Iterator[Any]:
            if store.is_known(response):
                rows, further = store.links(response.url)
            else:
                rows = [
                    urljoin(response.url, link.attributes["href"]) for link in LexborHTMLParser(response.text).css("ul.list li a")
                ]
                pager = PAGER.search(response.text)
                pages = range(1, int(pager[1])) if pager and pager[2] == "0" else ()
                further = [urljoin(response.url, f"index_{page}.html") for page in pages]
                store.add_list(response, (rows, further))
            yield from (self.ask(url, self.parse) for url in further)
            yield from (self.ask(url, self.detail) for url in rows)

        def detail(self, response: Any) -> None:
            if not store.is_known(response):
                page = LexborHTMLParser(response.text)
                fields = (
                    text(page, "#article_title"),
                    text(page, ".pubdate"),
                    text(page, ".source"),
                    text(page, "#UCAP-CONTENT", "\n"),
                )
                store.add(response, fields)

    process = AsyncCrawlerProcess(SETTINGS)
    process.crawl(Column)
    process.start()


def main() -> None:
    """A visit, or what is there."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--port", type=int, default=18080)
    options.add_argument("--hosts", type=int, default=20)
    options.add_argument("--export", type=Path)
    chosen = options.parse_args()
    store = Store(chosen.folder)
    if chosen.export:
        store.export(chosen.export)
    else:
        crawl(store, chosen.hosts, chosen.port)
        store.close()


if __name__ == "__main__":
    main()
