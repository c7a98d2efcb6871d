"""The table of all named faults: what came of each, in what time, at what cost in memory, and how a healthy host fared meanwhile.

    python tests/tools/fault_table.py [WORDS]        # only the cases whose name holds WORDS; exit 1 when a row is not as it should be

The server is another process. Each row is fetched and archived by this one, with the fetcher's own limits; a second host is fetched all
the time by the same fetcher. `RSS` is the peak above what the process held before, in MiB (Linux only).
"""

import asyncio
import gc
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from crawler.archive.reader import open_wire
from crawler.archive.writer import Archive
from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.model import Exchange, Outcome
from tests.fetcher.conftest import HELD, task
from tests.fetcher.fault_server import CASES, Case, Flood, Where, process, url_of

DEADLINE = 2.0  # of the faults that end by it; the others have five times as long, and a busy machine may need it
GRACE = 2.0
MOST_RSS = 64
STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


@dataclass
class Row:
    """One line of the table; `wrong` says what is not as it should be."""

    exchange: Exchange
    seconds: float
    rss: float
    healthy: int
    slowest: float
    exact: str
    wrong: list[str]


def memory(key: str) -> float:
    """VmRSS or VmHWM of this process in MiB; 0 where the system does not tell."""
    if not STATUS.exists():
        return 0.0
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(key)) / 1024


def forget_peak() -> None:
    """Let VmHWM begin anew."""
    gc.collect()
    if CLEAR.exists():
        CLEAR.write_text("5")


async def warm(where: Where, name: str) -> None:
    """Let the server make its bomb before the clock runs."""
    if not CASES[name].bomb:
        return
    host, _, port = where.connect["fault.test"].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /%d HTTP/1.1\r\n\r\n" % list(CASES).index(name))
    await reader.read(1)
    writer.close()


async def healthy(fetcher: Fetcher, seen: list[float]) -> None:
    """Fetch the healthy host again and again."""
    while True:
        began = time.monotonic()
        exchange = await fetcher.fetch(task("https://good.test/healthy"), 5 * DEADLINE)
        assert exchange.outcome == "ok", exchange.detail
        seen.append(time.monotonic() - began)
        await asyncio.sleep(0.02)


def archived(exchange: Exchange, case: Case) -> str:
    """Does the archive hold what was sent? `yes`, `no`, or `-` where there is nothing to compare."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder), owner="table", info={})
        kept = archive.append(exchange)
        archive.close()
        if kept.capture is None or case.bomb or any(isinstance(step, Flood) for step in case.script):
            return "-"
        return "yes" if open_wire(Path(folder), kept.capture) == case.message else "no"


async def row(where: Where, name: str) -> Row:
    """Fetch one case."""
    case = CASES[name]
    fetcher = Fetcher(FetchSettings("table", connect=where.connect, ca_file=Path(where.ca), spool=Path(tempfile.gettempdir())))
    seen: list[float] = []
    await warm(where, name)
    beside = asyncio.create_task(healthy(fetcher, seen))
    await asyncio.sleep(0.1)
    forget_peak()
    before, began, count = memory("VmRSS"), time.monotonic(), len(seen)
    held = HELD if case.conditional else None
    deadline = DEADLINE if case.outcome is Outcome.TIMEOUT else 5 * DEADLINE
    exchange = await fetcher.fetch(task(url_of(name), method=case.method, validators=held), deadline)
    seconds = time.monotonic() - began
    exact = await asyncio.to_thread(archived, exchange, case)
    rss = memory("VmHWM") - before
    await asyncio.sleep(0.1)
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)
    await fetcher.aclose()
    found = Row(exchange, seconds, rss, len(seen) - count, max(seen[count:], default=99.0), exact, [])
    checks = {
        f"outcome, wanted {case.outcome}": exchange.outcome == case.outcome,
        "time": seconds <= deadline + GRACE,
        "memory": rss <= MOST_RSS,
        "bytes": exact != "no",
        "page": case.body is None or (exchange.page is not None and exchange.page.body == case.body),
        "healthy host": found.healthy > 0 and found.slowest < 1,
    }
    found.wrong = [what for what, right in checks.items() if not right]
    return found


def main() -> int:
    """Print the table."""
    chosen = [name for name in CASES if " ".join(sys.argv[1:]) in name]
    print(f"{'fault':50} {'outcome':14} {'s':>5} {'RSS':>6} {'exact':>5} {'healthy':>7} {'slowest':>7}")
    wrong, rows = 0, []
    with process() as where:
        for name in chosen:
            found = asyncio.run(row(where, name))
            rows.append(found)
            wrong += bool(found.wrong)
            print(
                f"{name[:50]:50} {found.exchange.outcome:14} {found.seconds:5.2f} {found.rss:6.1f} {found.exact:>5} {found.healthy:7} "
                f"{found.slowest * 1000:5.0f}ms {'WRONG: ' + ', '.join(found.wrong) if found.wrong else ''}",
                flush=True,
            )
    print(
        f"{len(rows)} faults, {wrong} wrong; longest {max(r.seconds for r in rows):.2f} s (deadline {DEADLINE:g} where it decides), "
        f"most memory {max(r.rss for r in rows):.1f} MiB, slowest healthy answer {max(r.slowest for r in rows) * 1000:.0f} ms"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
