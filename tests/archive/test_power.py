"""The power goes while several processes keep looks in one archive: a short form of `python -m tests.tools.power_cuts`."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.tools import power_cuts


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("strace") is None, reason="strace records what is asked of the disk")
def test_after_a_power_cut_no_revisit_is_without_its_original_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    assert power_cuts.main(10, 30, tmp_path / "cuts", 3) == 0
