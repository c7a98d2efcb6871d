"""CPU a page, as in the reading child, beside the bare Lexbor parse of the same text; beside another extractor's on the same pages.

    python tests/bench_parse.py FILE… [--runs N] [--beside /path/to/venv/bin/python]

Pages are read one after another, as a child reads them, so that what is remembered between pages is worth what it is worth there. Figures
are process CPU times, the least of N runs a page; ratios within one run are what to trust. Stages are measured in runs of their own.
`--beside` names a Python in which trafilatura is installed by hand, in an environment of its own; it is no dependency of this project.
"""

import argparse
import functools
import itertools
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

AT = 1_790_000_000_000
HOST = re.compile(r"\d+(?:\.\d+){3}")  # the folder of one site's pages, as the bench's site has them
OTHER = """
import json, sys, time
import trafilatura
names = json.loads(sys.stdin.read())
out = [1e9] * len(names)
for _ in range(int(sys.argv[1])):
    for place, name in enumerate(names):
        body = open(name, "rb").read()
        start = time.process_time()
        trafilatura.bare_extraction(body, with_metadata=True)
        out[place] = min(out[place], time.process_time() - start)
print(json.dumps([trafilatura.__version__, out]))
"""
# Stage → the functions whose time it is, without that of other stages within them.
STAGES = {
    "decode": ("crawler.text.charset.decode",),
    "lexbor parse": ("crawler.parsers.detail.parse",),
    "lay flat": ("crawler.parsers.detail.lay_flat",),
    "rest of extraction": ("crawler.parsers.page.read_shapes",),
    "normalise and digests": ("crawler.parsers.page.notice",),
    "pack": ("crawler.record.normalize.packed",),
}


def least(kinds: Sequence[Sequence[Callable[[], object]]], runs: int) -> list[list[float]]:
    """The least CPU seconds of each work over some runs; kinds of work take turns, so that both meet the same heap."""
    best = [[1e9] * len(works) for works in kinds]
    for _ in range(runs):
        for works, found in zip(kinds, best, strict=True):
            for place, work in enumerate(works):
                start = time.process_time()
                made = work()
                found[place] = min(found[place], time.process_time() - start)
                del made
    return best


class Stages:
    """Own time of each stage, page by page."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(STAGES, 0.0)
        self.inner: list[float] = []

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time noted."""

        @functools.wraps(function)
        def work(*given: Any, **named: Any) -> Any:
            start = time.process_time()
            self.inner.append(0.0)
            try:
                return function(*given, **named)
            finally:
                spent, inner = time.process_time() - start, self.inner.pop()
                self.spent[stage] += spent - inner
                if self.inner:
                    self.inner[-1] += spent

        return work

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Within it, the stages' functions note their time."""
        held = []
        for stage, names in STAGES.items():
            for name in names:
                module, _, function = name.rpartition(".")
                owner = sys.modules[module]
                held.append((owner, function, getattr(owner, function)))
                setattr(owner, function, self.timed(stage, getattr(owner, function)))
        try:
            yield
        finally:
            for owner, function, plain in held:
                setattr(owner, function, plain)


def ours(files: list[str], runs: int) -> tuple[list[float], list[float], dict[str, list[float]]]:
    """CPU seconds of each page: the bare parse of its text, all that a child does with it, and by stage."""
    from selectolax.lexbor import LexborHTMLParser

    from crawler.model import Kind, Page
    from crawler.parsers import child, protocol
    from crawler.record.rules import ReadRules
    from crawler.text import charset

    child.settle_in()
    bodies = [Path(name).read_bytes() for name in files]

    def asked(place: int, run: int) -> protocol.Job:
        host = next((part for part in Path(files[place]).parts if HOST.fullmatch(part)), f"{place}.invalid")
        page = Page(f"http://run{run}.{host}/{place}", 200, (), bodies[place], AT)
        return protocol.Job(page, Kind.DETAIL, ReadRules(), "http://page.invalid/")

    def work(place: int) -> Callable[[], object]:
        """Each run reads the page as of a site of its own: what a site's pages share is learned anew."""
        runs = itertools.count()
        return lambda: child.answer(asked(place, next(runs)))

    texts = [charset.decode(body).text.replace("\0", "\ufffd") for body in bodies]
    works = [work(place) for place in range(len(files))]
    bare, whole = least([[functools.partial(LexborHTMLParser, text) for text in texts], works], runs)
    by_stage = {stage: [1e9] * len(files) for stage in STAGES}
    for _ in range(runs):
        for place, read in enumerate(works):
            stages = Stages()
            with stages.measured():
                read()
            for stage, spent in stages.spent.items():
                by_stage[stage][place] = min(by_stage[stage][place], spent)
    return bare, whole, by_stage


def place_of(share: float, spent: list[float]) -> float:
    """A quantile."""
    return sorted(spent)[min(len(spent) - 1, int(len(spent) * share))]


def tell(name: str, spent: list[float], bare: list[float]) -> None:
    """One line: milliseconds, and how many times the bare parse."""
    ratios = [one / other for one, other in zip(spent, bare, strict=True)]
    print(
        f"{name:28} mean {statistics.mean(spent) * 1000:7.3f} ms  p50 {place_of(0.5, spent) * 1000:7.3f}  p99 {place_of(0.99, spent) * 1000:7.3f}"
        f"   ratio of means {sum(spent) / sum(bare):6.2f}  p50 {place_of(0.5, ratios):6.2f}  p99 {place_of(0.99, ratios):6.2f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--beside", help="a Python that has trafilatura")
    args = parser.parse_args()
    bare, whole, by_stage = ours(args.files, args.runs)
    tell(f"bare parse, {len(args.files)} pages", bare, bare)
    tell("gongkai", whole, bare)
    for stage, spent in by_stage.items():
        tell(f"  {stage}", spent, bare)
    if args.beside:
        done = subprocess.run(
            [args.beside, "-c", OTHER, str(args.runs)], input=json.dumps(args.files), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            sys.exit(done.stderr[-2000:])
        version, spent = json.loads(done.stdout)
        tell(f"trafilatura {version}", spent, bare)


if __name__ == "__main__":
    main()
