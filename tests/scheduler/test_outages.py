"""What goes away and comes back, in short: `python -m tests.tools.outages` prints the whole table."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    "words",
    [
        ("database locked crawl", "sqlite", "--seconds", "7"),
        ("database killed -9 run", "postgresql"),
        ("cut after COMMIT crawl", "postgresql"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_fault_costs_no_page_and_no_process(words: tuple[str, ...], tmp_path: Path) -> None:
    fault, database, *options = words
    command = [
        sys.executable,
        "-m",
        "tests.tools.outages",
        "--only",
        fault,
        "--only",
        database,
        "--folder",
        str(tmp_path),
        *options,
    ]
    table = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=ROOT)
    assert table.returncode == 0, table.stdout + table.stderr
    assert "1 rows, all well" in table.stdout
