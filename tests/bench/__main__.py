"""The bench: one crawl job by `gongkai crawl` and by Scrapy tuned, in CPU seconds; and how the database bears growing.

    python3 -m venv .bench && .bench/bin/pip install -r tests/bench/requirements.txt        # Scrapy and py-spy, for the bench only
    .venv/bin/python -m tests.bench                         # both visits, 1,000 pages, 5 rounds; needs nginx and Linux
    .venv/bin/python -m tests.bench --profile --rounds 1    # with one more crawl under py-spy: CPU by stage
    .venv/bin/python -m tests.bench --grow                  # 10,000 to 1,000,000 documents (tests/bench/grow.py says more)

The job: a site of 20 hosts that does not exist (pages.py), served by nginx on 127.0.0.1 to 127.0.0.20 (where the system has only
127.0.0.1, as macOS, add the others first). List pages, then every detail page; four fields of each; kept. No pause, one robots.txt a host
that is not there. The second visit is the same command on the same folder after one page in ten was edited.

Rounds are interleaved and `ratio` is the median of each round's ratio to the peer: trust it, not the seconds, which are the machine's. A round
whose records are not exactly the site's does not count, and makes the exit code 1. Start-up is counted, export and check are not. The peer
keeps less (peer.py says what), so it is favoured. Statements are counted in one crawl more, which is not timed.
"""

import argparse
import compileall
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import grow
from tests.bench.checked import faults
from tests.bench.measured import Spent, measure
from tests.bench.pages import write_site
from tests.bench.served import served, show
from tests.bench.stages import shares

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SETTINGS = """[operator]
name = "Bench"
contact = "mailto:bench@example.org"

[network]
delay = "0s"
allow_private = ["127.0.0.0/8"]
"""
VISITS = ("first", "second")


@dataclass(frozen=True, slots=True)
class Job:
    """The site and how often it is crawled."""

    site: Path
    hosts: int
    pages: int
    port: int
    rounds: int
    visits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crawler:
    """Who does the job. `prepare` makes a folder ready, `crawl` and `export` are commands over it; export writes records.jsonl."""

    name: str
    prepare: Callable[[Path], None]
    crawl: Callable[[Path], list[str]]
    export: Callable[[Path], list[str]]


@dataclass(slots=True)
class Result:
    """Good rounds of one crawler, by number; `size`: bytes of its database, by round."""

    spent: dict[int, Spent] = field(default_factory=dict)
    size: dict[int, int] = field(default_factory=dict)
    tried: int = 0


# ------------------------------------------------------------------ the two crawlers
def gongkai(job: Job) -> Crawler:
    """This project's command line, in a folder of its own."""
    command = [sys.executable, "-m", "crawler.cli"]
    starts = ", ".join(f'"http://127.0.0.{number}:{job.port}/zwgk/zcwj/index.html"' for number in range(1, job.hosts + 1))

    def prepare(folder: Path) -> None:
        sources = folder / "config" / "sources"
        sources.mkdir(parents=True)
        (folder / "config" / "gongkai.toml").write_text(SETTINGS, "utf-8")
        (sources / "bench.toml").write_text(f'title = "bench"\nenabled = true\nstart = [{starts}]\n', "utf-8")

    def run(folder: Path, *words: str) -> list[str]:
        return [*command, "--config", str(folder / "config" / "gongkai.toml"), *words]

    return Crawler(
        "gongkai",
        prepare,
        lambda folder: run(folder, "crawl", "bench"),
        lambda folder: run(folder, "export", "--to", str(folder / "records.jsonl")),
    )


def peer(job: Job, python: str) -> Crawler:
    """Scrapy, tuned."""
    base = [python, str(HERE / "peer.py")]
    return Crawler(
        "scrapy",
        lambda folder: None,
        lambda folder: [*base, str(folder), "--port", str(job.port), "--hosts", str(job.hosts)],
        lambda folder: [*base, str(folder), "--export", str(folder / "records.jsonl")],
    )


# ------------------------------------------------------------------ rounds
def visit(
    job: Job, crawler: Crawler, which: str, command: Callable[[list[str]], list[str]] | None = None
) -> tuple[Spent, list[str], int]:
    """One visit by a crawler in a new folder: what it cost, what is wrong with its records, bytes of its database.

    `command` makes another command of its crawl; a first visit that only makes ready for a second is never changed.
    """
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        folder, state = Path(name), 1
        show(job.site, state)
        crawler.prepare(folder)
        crawl = crawler.crawl(folder)
        if which == "second":
            before = measure(crawl)
            if before.code:
                return before, [f"exit code {before.code} of the first visit: {before.said}"], 0
            state = 2
            show(job.site, state)
        spent = measure(command(crawl) if command else crawl)
        if spent.code:
            return spent, [f"exit code {spent.code}: {spent.said}"], 0
        size = sum(file.stat().st_size for file in folder.rglob("*.db*"))
        export = subprocess.run(crawler.export(folder), capture_output=True, text=True, check=False)
        if export.returncode:
            return spent, [f"its export failed: {export.stderr}"], 0
        return spent, faults(job.site, state, folder / "records.jsonl"), size


def rounds(job: Job, crawlers: Sequence[Crawler], which: str) -> dict[str, Result]:
    """Every crawler once a round."""
    results = {crawler.name: Result() for crawler in crawlers}
    for number in range(job.rounds):
        for crawler in crawlers:
            result = results[crawler.name]
            spent, wrong, size = visit(job, crawler, which)
            result.tried += 1
            if wrong:
                sys.stderr.write(f"{crawler.name}, round {number + 1}: " + "\n  ".join(wrong) + "\n")
            else:
                result.spent[number], result.size[number] = spent, size
    return results


def tell(job: Job, which: str, results: Mapping[str, Result]) -> None:
    """The table of one kind of visit."""
    per = 1000 / job.pages
    sys.stdout.write(f"\n{which} visit, {job.pages} pages on {job.hosts} hosts, medians of {job.rounds} rounds\n")
    sys.stdout.write(
        f"{'':10}{'CPU-s/1k':>10}{'own':>8}{'children':>10}{'pages/s':>9}{'peak MB':>9}{'B/document':>12}{'rounds':>8}\n"
    )
    for name, result in results.items():
        if not result.spent:
            sys.stdout.write(f"{name:10} no round was right\n")
            continue
        middle = {
            part: statistics.median(getattr(spent, part) for spent in result.spent.values())
            for part in ("cpu", "own", "children", "wall")
        }
        peak, size = max(spent.peak for spent in result.spent.values()), statistics.median(result.size.values())
        sys.stdout.write(
            f"{name:10}{middle['cpu'] * per:10.2f}{middle['own'] * per:8.2f}{middle['children'] * per:10.2f}{job.pages / middle['wall']:9.0f}"
            f"{peak:9.0f}{size / job.pages:12.0f}{len(result.spent):5}/{result.tried}\n"
        )
    ours, theirs = results["gongkai"].spent, results["scrapy"].spent if "scrapy" in results else {}
    if both := sorted(ours.keys() & theirs.keys()):
        found = [ours[number].cpu / theirs[number].cpu for number in both]
        faster = [theirs[number].wall / ours[number].wall for number in both]
        sys.stdout.write(
            f"ratio of CPU, gongkai / scrapy: {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f}); of pages/s: {statistics.median(faster):.2f}\n"
        )


# ------------------------------------------------------------------ what is not timed
def tell_statements(job: Job, which: str) -> bool:
    """One crawl with its statements counted; was it right?"""
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        file = Path(name) / "counts.json"

        def counted(crawl: list[str]) -> list[str]:
            return [sys.executable, "-m", "tests.bench.counted", str(file), *crawl[crawl.index("--config") :]]

        _, wrong, _ = visit(job, gongkai(job), which, counted)
        if wrong:
            sys.stderr.write("counted: " + "\n  ".join(wrong) + "\n")
            return False
        counts: dict[str, int] = json.loads(file.read_text("utf-8"))
    apart = counts.pop("transaction", 0)
    parts = ", ".join(f"{name} {count / job.pages:.2f}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
    total = sum(counts.values()) / job.pages
    sys.stdout.write(
        f"SQL statements a page: {total:.2f} ({parts}); and {apart / job.pages:.2f} that begin or end a transaction\n"
    )
    return True


def tell_stages(job: Job, which: str, spy: str, cpu: float) -> bool:
    """One crawl under py-spy: the stages' shares, in CPU seconds of the timed rounds; was it right?"""
    with tempfile.TemporaryDirectory(prefix="gongkai-bench-") as name:
        file = Path(name) / "samples.txt"
        record = [
            spy,
            "record",
            "--subprocesses",
            "--full-filenames",
            "--rate",
            "100",
            "--format",
            "raw",
            "--output",
            str(file),
            "--",
        ]
        _, wrong, _ = visit(job, gongkai(job), which, lambda crawl: record + crawl)
        if wrong:
            sys.stderr.write("profiled: " + "\n  ".join(wrong) + "\n")
            return False
        found = shares(file)
    sys.stdout.write("CPU-s/1k by stage: " + ", ".join(f"{name} {share * cpu:.2f}" for name, share in found.items()) + "\n")
    return True


# ------------------------------------------------------------------ the command
def arguments() -> argparse.Namespace:
    """What was asked for."""
    options = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--pages", type=int, default=1000)
    options.add_argument("--hosts", type=int, default=20)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--port", type=int, default=18080)
    options.add_argument("--visit", choices=VISITS, help="only this one")
    options.add_argument(
        "--bench-env", type=Path, default=ROOT / ".bench", metavar="FOLDER", help="the environment with Scrapy and py-spy"
    )
    options.add_argument("--alone", action="store_true", help="without the peer")
    options.add_argument("--profile", action="store_true", help="one more crawl under py-spy")
    options.add_argument("--site", type=Path, help="where the site is written and left; default: a folder that is removed")
    grow.add_options(options)
    return options.parse_args()


def programs(chosen: argparse.Namespace) -> tuple[str, str]:
    """Python with Scrapy, and py-spy. Ends with a message where one that is needed is not there."""
    python, spy = (chosen.bench_env / "bin" / name for name in ("python", "py-spy"))
    if (not chosen.alone and not python.exists()) or (chosen.profile and not spy.exists()):
        sys.exit(
            f"the bench needs an environment of its own: python3 -m venv {chosen.bench_env} && "
            f"{chosen.bench_env}/bin/pip install -r tests/bench/requirements.txt (or --alone, without the peer)"
        )
    return str(python), str(spy)


def crawl(chosen: argparse.Namespace, site: Path) -> int:
    """Both visits, told as they are measured; the exit code."""
    python, spy = programs(chosen)
    compileall.compile_dir(
        ROOT / "crawler", quiet=1
    )  # as an installation does, and has done for the peer; a source tree may not be
    write_site(site, hosts=chosen.hosts, pages=chosen.pages, port=chosen.port)
    job = Job(site, chosen.hosts, chosen.pages, chosen.port, chosen.rounds, (chosen.visit,) if chosen.visit else VISITS)
    crawlers = [*([] if chosen.alone else [peer(job, python)]), gongkai(job)]
    right = True
    with served(site, job.hosts, job.port):
        for which in job.visits:
            results = rounds(job, crawlers, which)
            tell(job, which, results)
            right &= all(len(result.spent) == result.tried for result in results.values())
            right &= tell_statements(job, which)
            if chosen.profile and results["gongkai"].spent:
                cpu = statistics.median(spent.cpu for spent in results["gongkai"].spent.values()) * 1000 / job.pages
                right &= tell_stages(job, which, spy, cpu)
    return 0 if right else 1


def main() -> int:
    """The exit code: 1 when a crawl was not right."""
    chosen = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers end and folders go
    if chosen.grow:
        return grow.run(chosen)
    if chosen.hosts < 1 or chosen.pages < chosen.hosts or chosen.pages % chosen.hosts:
        sys.exit("--pages must be a multiple of --hosts")
    if chosen.site:
        return crawl(chosen, chosen.site)
    folder = Path(tempfile.mkdtemp(prefix="gongkai-bench-site-"))
    folder.chmod(0o755)  # nginx's worker may be another user
    try:
        return crawl(chosen, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
