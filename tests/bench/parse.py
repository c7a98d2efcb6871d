"""CPU a page, in this process as in the reading child, decoding included; beside another extractor's on the same pages.

    python tests/bench_parse.py FILE… [--runs N] [--beside /path/to/venv/bin/python]

`--beside` names a Python in which trafilatura is installed by hand, in an environment of its own; it is no dependency of this project.
Figures are process CPU times, the least of N runs a page; ratios within one run are what to trust.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

AT = 1_790_000_000_000
OTHER = """
import json, sys, time
import trafilatura
out = []
for name in json.loads(sys.stdin.read()):
    body = open(name, "rb").read()
    best = None
    for _ in range(int(sys.argv[1]) + 1):
        start = time.process_time()
        trafilatura.bare_extraction(body, with_metadata=True)
        spent = time.process_time() - start
        best = spent if best is None else min(best, spent)
    out.append(best)
print(json.dumps([trafilatura.__version__, out]))
"""


def least(work: Callable[[], object], runs: int) -> float:
    """The least CPU seconds of some runs; the first is not counted."""
    work()
    spent = []
    for _ in range(runs):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def ours(files: list[str], runs: int) -> list[float]:
    """CPU seconds a page."""
    from crawler.model import Kind, Page, ReadRules
    from crawler.parsers import protocol
    from crawler.parsers.page import read

    def work(body: bytes) -> Callable[[], object]:
        page = Page("http://page.invalid/", 200, (), body, AT)
        return lambda: protocol.reading_header(read(page, Kind.DETAIL, ReadRules(), page.url))

    return [least(work(Path(name).read_bytes()), runs) for name in files]


def tell(name: str, spent: list[float]) -> None:
    """One line."""
    spent = sorted(spent)
    print(
        f"{name:28} mean {statistics.mean(spent) * 1000:7.2f} ms  p50 {spent[len(spent) // 2] * 1000:7.2f}  "
        f"p90 {spent[len(spent) * 9 // 10] * 1000:7.2f}  p99 {spent[min(len(spent) - 1, len(spent) * 99 // 100)] * 1000:7.2f}  max {spent[-1] * 1000:7.2f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--beside", help="a Python that has trafilatura")
    args = parser.parse_args()
    tell(f"gongkai, {len(args.files)} pages", ours(args.files, args.runs))
    if args.beside:
        done = subprocess.run(
            [args.beside, "-c", OTHER, str(args.runs)], input=json.dumps(args.files), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            sys.exit(done.stderr[-2000:])
        version, spent = json.loads(done.stdout)
        tell(f"trafilatura {version}", spent)


if __name__ == "__main__":
    main()
