"""Patterns that few pages need. Compiling one takes up to a hundred times as long as asking it, and a reading process starts with none."""

import re
from collections.abc import Callable
from functools import cache


def late(pattern: str, flags: int = 0) -> Callable[[], re.Pattern[str]]:
    """What compiles a pattern when it is first asked for: `FORM = late(r"…")`, and then `FORM().search(text)`."""
    return cache(lambda: re.compile(pattern, flags))
