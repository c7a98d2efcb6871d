"""Lets columns that are well run for months, in every order, with pins, with and without dates: how many findings there are. None is right.

    python -m tests.tools.healthy_columns [--runs 200] [WORD]...

WORD: only columns in whose name it is. Exit code 1 when there is a finding.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import sqlalchemy as sa
import structlog

from tests.monitor import test_watch as watch


def main(runs: int, words: list[str]) -> int:
    """Run them; the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    columns = {host: rate for host, rate in watch.ODD.items() if not words or any(word in host for word in words)}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        made = watch.months.__wrapped__(  # type: ignore[attr-defined] # the fixture's own function
            Path(folder), SimpleNamespace(param=columns)
        )
        months = next(made)
        watch.live(months, runs)
        with months.line.database.read() as c:
            found = c.execute(sa.text("SELECT source, trouble, count(*) FROM runs WHERE trouble IS NOT NULL GROUP BY 1, 2")).all()
            ended = c.execute(sa.text("SELECT count(*) FROM runs WHERE ended IS NOT NULL")).scalar_one()
        print(f"{ended} runs of {len(columns)} columns: {sum(row[2] for row in found)} findings, {len(months.alarms())} alarms")
        for source, trouble, count in found:
            print(f"  {source}: {trouble} in {count} runs")
        next(made, None)
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--runs", type=int, default=200)
    given = parser.parse_args()
    sys.exit(main(given.runs, given.words))
