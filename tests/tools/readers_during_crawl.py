"""Thirty-two readers of the console while a crawl writes: nothing is locked, they wait little longer than when it is idle, the crawl costs no more.

    python -m tests.tools.readers_during_crawl [--pages 400] [--readers 32] [--every 1.0] [--seconds 20] [--rounds 1] [--port 18180]

The bench's site (nginx on loopback) is crawled once and its folder copied; then both copies are visited again after one page in ten was edited:
one alone, one while `gongkai serve` answers readers, each of whom asks for a page every so many seconds (search, documents, differences, the ledger,
the API, the front page). The 95th percentile is of their answers while nothing is written and while the crawl runs. CPU is the crawl's own and its
children's. Exit code 1: an answer that is no answer, "database is locked" anywhere, p95 above 3 times idle, CPU above 1.2 times.
"""

import argparse
import contextlib
import itertools
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.bench.__main__ import Job, gongkai
from tests.bench.measured import Spent, measure
from tests.bench.pages import Language, write_site
from tests.bench.served import served, show

MOST_WAIT, MOST_CPU = 3.0, 1.2


@dataclass
class Readers:
    """People who read. `waits`: seconds of their answers; `wrong`: what went wrong."""

    url: str
    paths: list[str]
    every: float
    waits: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def read(self, number: int) -> None:
        """One of them, until it is over."""
        chance = random.Random(number)
        with httpx.Client(base_url=self.url, timeout=60, trust_env=False, headers={"Accept": "text/html"}) as client:
            self.over.wait(chance.random() * self.every)
            while not self.over.is_set():
                path, began = chance.choice(self.paths), time.perf_counter()
                try:
                    answer = client.get(path)
                    if answer.status_code >= 400 or "locked" in answer.text:
                        self.wrong.append(f"{path}: {answer.status_code} {answer.text[:200]}")
                except httpx.HTTPError as error:
                    self.wrong.append(f"{path}: {error!r}")
                self.waits.append(time.perf_counter() - began)
                self.over.wait(max(0.0, self.every - (time.perf_counter() - began)))

    @contextlib.contextmanager
    def reading(self, count: int) -> Iterator[None]:
        """So many of them, as long as the block lasts."""
        threads = [threading.Thread(target=self.read, args=(number,), daemon=True) for number in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join(90)

    @property
    def at_95(self) -> float:
        """Milliseconds."""
        return sorted(self.waits)[int(len(self.waits) * 0.95)] * 1000


@contextlib.contextmanager
def console(folder: Path, port: int) -> Iterator[tuple[str, Path]]:
    """(address, what it said on stderr) of `gongkai serve` over a folder."""
    said = folder / "serve.log"
    file = folder / "config" / "gongkai.toml"
    file.write_text(file.read_text("utf-8") + "\n[serve]\nrequests_per_minute = 0\n", "utf-8")
    command = [sys.executable, "-m", "crawler.cli", "--config", str(file), "serve", "--listen", f"127.0.0.1:{port}"]
    with said.open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                        break
                if process.poll() is not None:
                    sys.exit(f"the console ended: {said.read_text('utf-8')}")
                time.sleep(0.1)
            yield url, said
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def addresses(url: str) -> list[str]:
    """What the readers ask for."""
    words = Language().words
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        items = client.get("/api/v1/records", params={"limit": 40}).json()["items"]
    found = [f"/d/{item['id']}" for item in items]
    found += [f"/search?q={word}" for word in words[:40:4]] + [f"/api/v1/records?q={word}" for word in words[2:60:8]]
    return [*found, "/", "/changes", "/s", "/health", "/api/v1/changes?limit=50", "/feeds/changes.atom"]


def round_(folder: Path, job: Job, given: argparse.Namespace) -> tuple[Spent, Spent, Readers, Readers, list[str]]:
    """(crawl alone, crawl while read, readers when idle, readers while it crawls, what went wrong)."""
    crawler, alone, read = gongkai(job), folder / "alone", folder / "read"
    show(job.site, 1)
    crawler.prepare(alone)
    first = measure(crawler.crawl(alone))
    if first.code:
        sys.exit(f"the first visit failed: {first.said}")
    shutil.copytree(alone, read)
    show(job.site, 2)
    with console(read, given.port + 1) as (url, said):
        paths = addresses(url)
        idle, busy = Readers(url, paths, given.every), Readers(url, paths, given.every)
        with idle.reading(given.readers):
            time.sleep(given.seconds)
        apart = measure(crawler.crawl(alone))
        with busy.reading(given.readers):
            time.sleep(min(given.every, 2))
            busy.waits.clear()
            beside = measure(crawler.crawl(read))
        wrong = [*idle.wrong, *busy.wrong]
        wrong += [f"exit code {one.code}: {one.said}" for one in (apart, beside) if one.code]
        logs = said.read_text("utf-8") + beside.said
    wrong += ["the log says: database is locked"] if "locked" in logs else []
    return apart, beside, idle, busy, wrong


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--readers", type=int, default=32)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--port", type=int, default=18180)
    given = parser.parse_args()
    cpu, wait, wrong = [], [], []
    with tempfile.TemporaryDirectory(prefix="readers-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker may be another user
        write_site(folder / "site", hosts=20, pages=given.pages, port=given.port)
        job = Job(folder / "site", 20, given.pages, given.port, 1, ("second",))
        print(
            f"{'':>6}{'CPU alone':>11}{'while read':>12}{'ratio':>8}{'p95 idle':>10}{'crawling':>10}{'ratio':>8}{'answers':>9}{'wrong':>7}"
        )
        with served(job.site, job.hosts, job.port):
            for number in itertools.islice(itertools.count(1), given.rounds):
                apart, beside, idle, busy, said = round_(folder / str(number), job, given)
                cpu.append(beside.cpu / apart.cpu)
                wait.append(busy.at_95 / idle.at_95)
                wrong += said
                print(
                    f"{number:>6}{apart.cpu:11.2f}{beside.cpu:12.2f}{cpu[-1]:8.2f}{idle.at_95:10.1f}{busy.at_95:10.1f}{wait[-1]:8.2f}"
                    f"{len(idle.waits) + len(busy.waits):>9}{len(said):>7}",
                    flush=True,
                )
    for one in wrong[:10]:
        print(one)
    return 1 if wrong or statistics.median(cpu) > MOST_CPU or statistics.median(wait) > MOST_WAIT else 0


if __name__ == "__main__":
    sys.exit(main())
