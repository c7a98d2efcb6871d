"""Which sources are meant by the names somebody typed."""

import difflib
from collections.abc import Sequence

from crawler.config.values import Config, Source
from crawler.errors import ConfigError, UsageError


def within_region(code: str) -> str:
    """What the codes of a region and of those below it begin with (GB/T 2260): 210000, 2100 and 21 are the province with all its cities."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def chosen(config: Config, names: Sequence[str]) -> list[Source]:
    """The named sources; without a name, all that are enabled and whose files are right.

    Raises UsageError for a name that no file has, ConfigError for one whose file is wrong.
    """
    if not names:
        enabled = [source for source in config.sources.values() if source.enabled]
        if not enabled:
            raise UsageError("no source is enabled", remedy="name one, or turn some on: gongkai sources enable ID")
        return enabled
    wrong = [problem for name in dict.fromkeys(names) for problem in config.broken.get(name, ())]
    if wrong:
        raise ConfigError(wrong)
    for name in names:
        if name not in config.sources:
            near = difflib.get_close_matches(name, config.sources, 1)
            raise UsageError(
                f"unknown source {name!r}",
                remedy=f"did you mean {near[0]!r}?" if near else "gongkai sources list names them",
            )
    return [config.sources[name] for name in dict.fromkeys(names)]
