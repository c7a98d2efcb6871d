"""Memory and descriptors of one process over very many exchanges, with faults mixed in. The network is simulated at the transport's seam.

    python -m tests.tools.soak [--exchanges 100000] [--seconds 170] [--folder DIR] [--seed N]

Everything behind the transport is real: fetcher, workers, archive with its fsync, database, reading children, search index. Of a hundred
answers about sixteen are none, or none that was hoped for. The database's page caches, which fill up to their bound for a long time, are
made small, so that they neither hide a leak nor pretend one. After a warm-up a line is laid through what the process holds; exit code 1
when its slope is more than 1 MiB for 10,000 exchanges, or descriptors grow. It ends early when its time is over, and says so.
"""

import argparse
import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy as sa
import structlog

from crawler.config.load import load
from crawler.fetcher.connection import Late, Lost, Truncated, WireError
from crawler.fetcher.fetcher import Fetcher
from crawler.fetcher.wire import Body, Transport
from crawler.model import Reach, Wire
from crawler.pipeline.line import Line
from crawler.repository import database
from crawler.scheduler import process as house
from crawler.scheduler.engine import Engine
from crawler.text import urls

HOSTS, ROWS = 40, 400  # hosts of the site; rows of its list, all new in each round
WARM_UP, LEAST = 0.3, 3000  # of the exchanges, and how many at least: pools, caches and the allocator fill
CACHE_KIB = 1024
SLOPE = 1.0  # MiB for 10,000 exchanges
SETTINGS = """[operator]
name = "soak"
contact = "mailto:soak@soak.test"
[network]
delay = "0s"
connect = { "*" = "127.0.0.1:9" }
"""
SOURCE = 'title = "soak"\nstart = ["http://www.soak.test/zwgk/index.html"]\nenabled = true\n'
PARAGRAPH = "为进一步做好{n}号工作，现将有关事项通知如下，请各单位结合实际认真贯彻执行，并及时报送进展情况。"


@dataclass(slots=True)
class Simulated:
    """What a site answers, by chance; what it was asked."""

    chance: random.Random
    round: int = 0
    told: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        """How many exchanges there were."""
        return self.told.total()

    def answer(self, url: httpx.URL) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body. Raises what a transport raises."""
        if url.path == "/robots.txt" or "no-such-page" in url.path:
            return self._told("robots and what is not there", 404, b"none")
        if url.path.endswith("/index.html"):
            return self._told("list", 200, self._list())
        for share, make in FAULTS:
            if self.chance.random() < share:
                return make(self, url)
        return self._told("page", 200, page(url.path))

    def _told(self, name: str, status: int, body: bytes, *headers: tuple[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        self.told[name] += 1
        return status, [("Content-Type", "text/html; charset=utf-8"), *headers], body

    def _list(self) -> bytes:
        numbers = range(self.round * ROWS, (self.round + 1) * ROWS)
        rows = "".join(
            f"<li><a href='http://h{n % HOSTS}.soak.test/t{n}.html'>关于做好第{n}号工作的通知</a><span>2024-03-{n % 28 + 1:02}</span></li>"
            for n in numbers
        )
        return f"<html><body><ul>{rows}</ul></body></html>".encode()

    def fails(self, error: WireError, data: bytes = b"") -> WireError:
        """The error of an exchange, with the bytes that came."""
        self.told[type(error).__name__] += 1
        if data:
            error.wire = Wire(b"GET / HTTP/1.1\r\n\r\n", data, "192.0.2.1", "length", whole=False)
        return error


def page(path: str) -> bytes:
    """A notice."""
    number = int("".join(filter(str.isdigit, path)) or 0)
    body = "".join(f"<p>{PARAGRAPH.format(n=number * 7 + line)}</p>" for line in range(6))
    return (
        f"<html><head><title>关于做好第{number}号工作的通知</title></head><body><h1>关于做好第{number}号工作的通知</h1>"
        f"<div>发布时间：2024-03-{number % 28 + 1:02}</div><div class='content'>{body}</div></body></html>"
    ).encode()


Made = tuple[int, list[tuple[str, str]], bytes]


def _late(site: Simulated, _: httpx.URL) -> Made:
    raise site.fails(Late("deadline passed"))


def _lost(site: Simulated, _: httpx.URL) -> Made:
    raise site.fails(Lost("the connection ended before a byte of the answer came"))


def _cut(site: Simulated, url: httpx.URL) -> Made:
    raise site.fails(
        Truncated("the connection ended"), b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + page(url.path)[:500]
    )


def _refused(site: Simulated, _: httpx.URL) -> Made:
    site.told["refused"] += 1
    raise ConnectionRefusedError(111, "connection refused")


def _of(name: str, status: int, body: bytes, *headers: tuple[str, str]) -> Callable[[Simulated, httpx.URL], Made]:
    return lambda site, _: site._told(name, status, body, *headers)


FAULTS: list[tuple[float, Callable[[Simulated, httpx.URL], Made]]] = [
    (0.01, _late), (0.01, _lost), (0.02, _cut), (0.01, _refused), (0.03, _of("not found", 404, b"<title>404</title>")),
    (0.01, _of("server error", 500, b"oops")), (0.02, _of("redirect", 302, b"", ("Location", "/moved.html"))),
    (0.01, _of("no gzip", 200, b"noise", ("Content-Encoding", "gzip"))), (0.02, _of("empty", 200, b"")),
    (0.01, _of("no text", 200, bytes(range(256)) * 40)), (0.02, _of("deep", 200, b"<div>" * 3000 + b"x")),
]  # fmt: skip


class Seam(Transport):
    """The fetcher's transport without a network."""

    site: Simulated

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A simulated exchange."""
        await asyncio.sleep(0)
        request.extensions["reach"] = Reach(request.url.host, 80, ("192.0.2.1",), "public", "192.0.2.1:80")
        status, headers, body = self.site.answer(request.url)
        lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}"]
        head = "\r\n".join([*lines, "", ""]).encode()
        wire = Wire(b"GET / HTTP/1.1\r\n\r\n", head + body, "192.0.2.1", "length", whole=True, head=len(head))
        return httpx.Response(
            status, headers=headers, stream=Body(body), request=request,
            extensions={"wire": wire, "payload": body, "dropped": (), "http_version": b"HTTP/1.1", "reason_phrase": b"Said"},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds after so many exchanges: resident MiB, descriptors."""

    exchanges: int
    mib: float
    descriptors: int


def held(exchanges: int) -> Held:
    """Now."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc: what is free already is no leak
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Held(exchanges, pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20), len(list(Path("/proc/self/fd").iterdir())))


async def soak(line: Line, site: Simulated, exchanges: int, seconds: float) -> list[Held]:
    """Round after round, one engine for all of them."""
    config, stop, seen = line.policy.config, asyncio.Event(), [held(0)]
    fetcher = Fetcher(house.fetch_settings(config))
    seam = Seam(fetcher.transport.guard, tls=fetcher.transport._make_tls)
    seam.site, fetcher.transport = site, seam
    working = asyncio.create_task(Engine(line, fetcher, house.pacing(line), queues_at_once=HOSTS).run(stop))
    until = time.monotonic() + seconds
    try:
        while site.asked < exchanges and time.monotonic() < until and not working.done():
            target = site.asked + ROWS
            await asyncio.to_thread(house.fire, config, line, house.Wish())
            before = -1
            while before < site.asked < target and time.monotonic() < until and not working.done():
                before = site.asked
                await asyncio.wait([working], timeout=2)  # a round whose rest is tried again later lets the next begin
            site.round += 1
            seen.append(held(site.asked))
    finally:
        stop.set()
        await working
    return seen


def slope(seen: list[Held]) -> float:
    """MiB for 10,000 exchanges behind the warm-up."""
    settled = [one for one in seen if one.exchanges >= max(seen[-1].exchanges * WARM_UP, LEAST)]
    if len(settled) < 2:
        raise SystemExit("too few exchanges for a line")
    return statistics.linear_regression([one.exchanges for one in settled], [one.mib for one in settled]).slope * 10_000


def main() -> int:
    """Print what was held; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=170)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    folder = given.folder or Path(tempfile.mkdtemp(prefix="gongkai-soak-"))
    (folder / "config" / "sources").mkdir(parents=True)
    (folder / "config" / "sources" / "soak.toml").write_text(SOURCE, "utf-8")
    path = folder / "config" / "gongkai.toml"
    path.write_text(SETTINGS, "utf-8")
    for number in range(urls.REMEMBERED):
        remembered = f"http://h{number % HOSTS}.filled.test/some/folder/t{number}.html"
        for ask in (urls.canonical, urls.host, urls.origin):
            ask(remembered)
    database.WRITER_CACHE_KIB = database.READER_CACHE_KIB = CACHE_KIB
    site = Simulated(random.Random(given.seed))
    with house.open_line(load(path), "soak") as line:
        seen = asyncio.run(soak(line, site, given.exchanges, given.seconds))
        with line.database.read() as c:
            documents = c.execute(sa.text("SELECT count(*) FROM documents")).scalar_one()
    for one in seen[:: max(1, len(seen) // 20)]:
        print(f"{one.exchanges:7} exchanges  {one.mib:7.1f} MiB  {one.descriptors:3} descriptors")
    settled = [one.descriptors for one in seen[len(seen) // 3 :]]
    grown, rises = max(settled[len(settled) // 2 :]) - max(settled[: len(settled) // 2]), slope(seen)
    reached = "" if site.asked >= given.exchanges else f" (its time was over before {given.exchanges})"
    print(f"{site.asked} exchanges{reached}, {documents} documents; {dict(site.told.most_common())}")
    print(f"slope {rises:.2f} MiB for 10,000 exchanges; descriptors {grown:+}")
    return 1 if rises > SLOPE or grown > 4 else 0


if __name__ == "__main__":
    sys.exit(main())
