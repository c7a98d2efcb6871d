"""An archive crawled under one configuration goes on under any other: a short walk; the long one is a tool."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parent.parent / "tools" / "change_settings.py"


def test_an_archive_goes_on_under_other_configurations_and_nothing_is_lost_or_told_twice() -> None:
    command = [sys.executable, str(TOOL), "--pairs", "24", "--walk", "8", "--seed", "7"]
    walked = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert walked.returncode == 0, walked.stdout[-3000:] + walked.stderr[-1000:]
    assert "24 pairs" in walked.stdout
    assert "0 wrong" in walked.stdout
