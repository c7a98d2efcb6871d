"""What all tests share: the folder of shared data, when it is there."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of pages, labels and conformance data; tests that need it are skipped without it."""
    named = os.environ.get("GONGKAI_SHARED")
    if not named:
        pytest.skip("shared data: GONGKAI_SHARED names no folder")
    return Path(named)
