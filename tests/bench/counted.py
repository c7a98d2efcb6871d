"""The command `gongkai` with its SQL statements counted: how many, and for which step of the line.

    python -m tests.bench.counted FILE crawl SOURCE        # what follows FILE is gongkai's; FILE gets the counts as JSON

One executemany is one statement. What begins and ends a transaction (BEGIN, PRAGMA, SAVEPOINT) is counted apart, as `transaction`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event

from crawler.cli.main import run

APART = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")
PACKAGE = str(Path(__file__).parent.parent.parent / "crawler")
# The outermost of these functions on the stack names the step.
STEPS = {
    "upgrade": "start", "begin": "start", "adopt": "start", "keep": "keep", "settle": "settle", "index": "index", "pending": "pending",
    "slice": "frontier", "queues_due": "frontier", "lease": "lease", "release": "lease", "beat": "lease", "are_open": "watch", "progress": "watch",
    "tell": "alarms",
}  # fmt: skip


def step() -> str:
    """The step of the line that asks."""
    frame: FrameType | None = sys._getframe(1)
    found = "other"
    while frame is not None:
        code = frame.f_code
        if code.co_name in STEPS and code.co_filename.startswith(PACKAGE):
            found = STEPS[code.co_name]
        frame = frame.f_back
    return found


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Statements by step, while the block lasts."""
    counts: Counter[str] = Counter()

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        counts["transaction" if statement.lstrip().upper().startswith(APART) else step()] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def main() -> None:
    """Run gongkai and write the counts."""
    file, sys.argv[1:] = Path(sys.argv[1]), sys.argv[2:]
    with counted() as counts:
        code = run()
    file.write_text(json.dumps(counts), "utf-8")
    sys.exit(code)


if __name__ == "__main__":
    main()
