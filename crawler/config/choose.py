"""Which sources are meant by the names somebody typed."""

import difflib
from collections.abc import Sequence

from crawler.config.values import Config, Source
from crawler.errors import UsageError


def chosen(config: Config, names: Sequence[str]) -> list[Source]:
    """The named sources; without a name, all that are enabled. Raises UsageError for a name that no file has."""
    if not names:
        enabled = [source for source in config.sources.values() if source.enabled]
        if not enabled:
            raise UsageError("no source is enabled", remedy="name one, or set enabled = true in config/sources/<id>.toml")
        return enabled
    for name in names:
        if name not in config.sources:
            near = difflib.get_close_matches(name, config.sources, 1)
            raise UsageError(
                f"unknown source {name!r}",
                remedy=f"did you mean {near[0]!r}?" if near else "gongkai sources list names them",
            )
    return [config.sources[name] for name in dict.fromkeys(names)]
