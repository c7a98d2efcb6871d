"""The API against its own description: schemathesis, every check, a few cases an operation; tools/ask_api.py asks thousands."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

from crawler.config.values import Config


def tool() -> Any:
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location("ask_api", Path(__file__).parents[1] / "tools" / "ask_api.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["ask_api"] = made
    spec.loader.exec_module(made)
    return made


def test_no_answer_is_other_than_the_description_says(told: Config) -> None:
    asking = tool()
    with asking.archive(told.path) as url:
        came = asking.ask(url, 2, 7, "fuzzing", ("--exclude-path", "/api/v1/changes"))
    assert came.code == 0, came.told[-6000:]
    assert came.cases > 20
