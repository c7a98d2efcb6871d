"""How long the console's pages and answers take at the server, over an archive that the bench made or any other.

    python -m tests.tools.page_times [--folder DIR] [--documents 10000] [--times 60]

Without --folder so many documents are made (`tests/bench/grow.py`), one of them with forty versions. Requests go to the application in this
process, one after the other, without a network; milliseconds of wall time and of CPU, median and 95th percentile. Exit code 1: a document's
page takes more than 15 ms of CPU in the median.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import sqlalchemy as sa

from crawler.config.load import load as load_config
from crawler.console.app import create
from crawler.console.server import opened, settle_memory
from crawler.repository import schema as t
from crawler.scheduler.process import open_line
from tests.bench.grow import SETTINGS, Maker, index, keep, load, prepare, settle

MOST_MS = 15.0
VERSIONS = 40


def made(folder: Path, documents: int) -> Path:
    """An archive of so many documents; the configuration's file."""
    config = folder / "config" / "gongkai.toml"
    config.parent.mkdir(parents=True)
    config.write_text(SETTINGS.format(database=f"sqlite:///{folder / 'gongkai.db'}"), "utf-8")
    (folder / "data" / "warc").mkdir(parents=True)
    with open_line(load_config(config), "bench") as line:
        prepare(line)
        maker = Maker(500)
        load(line, maker, range(documents))
        for edition in range(1, VERSIONS):
            keep(line, [maker.look(0, edition)])
            settle(line, [maker.notice(edition * 7, edition)])
        index(line)
    return config


def addresses(config: Path) -> dict[str, list[str]]:
    """Addresses to ask for, by what they show."""
    with opened(load_config(config), None) as door, door.read() as c:
        d, v = t.documents.c, t.versions.c
        total = c.execute(sa.select(sa.func.count()).select_from(t.documents)).scalar_one()
        some = c.execute(sa.select(d.public_id).where(d.id % max(1, total // 40) == 0).limit(40)).scalars().all()
        counted = sa.select(v.document).group_by(v.document).order_by(sa.func.count().desc()).limit(1)
        edited = c.execute(sa.select(d.public_id).where(d.id == counted.scalar_subquery())).scalar_one()
        captures = c.execute(sa.select(t.captures.c.public_id).order_by(t.captures.c.id.desc()).limit(20)).scalars().all()
        titles = c.execute(sa.select(v.title).order_by(v.id.desc()).limit(40)).scalars().all()
        source = c.execute(sa.select(t.sources.c.id).limit(1)).scalar_one()
    words = [title[2:4] for title in titles]
    return {
        "a document": [f"/d/{name}" for name in some],
        "the one with most versions": [f"/d/{edited}"],
        "all its versions listed": [f"/d/{edited}?versions=all"],
        "a difference": [f"/d/{edited}/diff/1..2", f"/d/{edited}/diff/1..2?as=inline"],
        "a citation": [f"/d/{name}/cite" for name in some],
        "a record (API)": [f"/api/v1/records/{name}" for name in some],
        "search with facets": [f"/search?q={word}" for word in words],
        "search by relevance": [f"/search?q={word}&sort=relevance" for word in words],
        "search (API)": [f"/api/v1/records?q={word}" for word in words],
        "today": ["/"],
        "the ledger": ["/changes", "/changes?kind=edit"],
        "sources": ["/s"],
        "a source": [f"/s/{source}"],
        "health": ["/health"],
        "operations": ["/operations"],
        "a capture": [f"/c/{name}" for name in captures],
        "metrics": ["/metrics"],
        "a feed": ["/feeds/changes.atom", f"/feeds/search.json?q={words[0]}"],
    }


async def timed(app: object, paths: Sequence[str], times: int) -> tuple[list[float], list[float], set[int]]:
    """(wall, CPU, statuses) of requests, in milliseconds; the first of each address is not counted."""
    wall, cpu, statuses = [], [], set()
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers={"Accept": "text/html"}) as client:
        for path in paths[:3]:
            statuses.add((await client.get(path)).status_code)
        for number in range(times):
            began = time.perf_counter(), time.process_time()
            answer = await client.get(paths[number % len(paths)])
            wall.append((time.perf_counter() - began[0]) * 1000)
            cpu.append((time.process_time() - began[1]) * 1000)
            statuses.add(answer.status_code)
    return wall, cpu, statuses


@contextlib.contextmanager
def archive(given: argparse.Namespace) -> Iterator[Path]:
    """The configuration of the archive that is asked."""
    if given.folder:
        yield given.folder / "config" / "gongkai.toml"
        return
    with tempfile.TemporaryDirectory(prefix="page-times-") as name:
        yield made(Path(name), given.documents)


def at_95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[int(len(values) * 0.95)]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=60)
    given = parser.parse_args()
    slow = False
    with archive(given) as config:
        asked = addresses(config)
        settings = load_config(config)
        with opened(replace(settings, serve=replace(settings.serve, requests_per_minute=0)), None) as door:
            app = create(door)
            settle_memory()
            print(f"{'':30}{'CPU ms':>9}{'p95':>8}{'wall ms':>9}{'p95':>8}  status")
            for name, paths in asked.items():
                wall, cpu, statuses = asyncio.run(timed(app, paths, given.times))
                slow |= name in ("a document", "the one with most versions") and statistics.median(cpu) > MOST_MS
                print(
                    f"{name:30}{statistics.median(cpu):9.1f}{at_95(cpu):8.1f}{statistics.median(wall):9.1f}{at_95(wall):8.1f}  {sorted(statuses)}",
                    flush=True,
                )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
