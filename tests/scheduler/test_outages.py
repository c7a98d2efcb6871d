"""What goes away and comes back, in short: tests/tools/outages.py prints the whole table."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent / "tools" / "outages.py"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    "words",
    [
        ("database locked crawl", "sqlite", "--seconds", "7"),
        ("database killed -9 run", "postgresql"),
        ("cut after COMMIT crawl", "postgresql"),
        ("kill -9", "sqlite", "--kills", "2"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_fault_costs_no_page_and_no_process(words: tuple[str, ...], tmp_path: Path) -> None:
    fault, database, *options = words
    command = [sys.executable, str(TOOL), "--only", fault, "--only", database, "--folder", str(tmp_path), *options]
    table = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert table.returncode == 0, table.stdout + table.stderr
    assert "1 rows, all well" in table.stdout
