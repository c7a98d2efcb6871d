"""Another configuration while the daemon runs: read when SIGHUP comes or a file has changed, taken over all or nothing.

What is wrong in the settings keeps everything as it is. What is wrong in a source's file stops that source. One line of the log says what
changed; values of channels are not in it, because addresses of webhooks are secrets.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from crawler.config.load import survey
from crawler.config.values import Config, Source
from crawler.errors import GongkaiError, UsageError

LOOK = 2.0  # seconds between two looks at the files; what changes is read when it stays the same for so long

TABLES = ("operator", "storage", "network", "schedule", "watch", "budget", "audit")
ONCE = ("database", "archive", "file_size", "file_age_ms")  # of storage: a process has one of each

log = structlog.get_logger()
Files = Mapping[str, tuple[int, int, int]]


# ------------------------------------------------------------------ what changed, pure
def differences(old: Config, new: Config) -> list[str]:
    """What is configured otherwise than before, in words, one for each key and source."""
    said = [words for table in TABLES for words in _of_table(table, getattr(old, table), getattr(new, table))]
    said += _of_table("alarms", replace(old.alarms, channels={}), replace(new.alarms, channels={}))
    said += _of_names("alarms.channels.", old.alarms.channels, new.alarms.channels)
    said += _of_sources(old, new)
    return said


def _of_table(table: str, old: object, new: object) -> list[str]:
    assert is_dataclass(old)
    pairs = ((field.name, getattr(old, field.name), getattr(new, field.name)) for field in fields(old))
    return [f"{table}.{name}: {_shown(was)} → {_shown(now)}" for name, was, now in pairs if was != now]


def _shown(value: object) -> str:
    written = str(dict(value)) if isinstance(value, Mapping) else str(value)
    return written if len(written) <= 80 else written[:79] + "…"


def _of_names(prefix: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{prefix}{name} removed"
        elif name not in old:
            yield f"{prefix}{name} added"
        elif old[name] != new[name]:
            yield f"{prefix}{name} changed"


def _of_sources(old: Config, new: Config) -> Iterator[str]:
    for name in sorted({*old.sources, *old.broken, *new.sources, *new.broken}):
        was, now = old.sources.get(name), new.sources.get(name)
        if name in new.broken:
            if new.broken[name] != old.broken.get(name):
                yield f"source {name} broken: {new.broken[name][0]}"
        elif now is None:
            yield f"source {name} removed"
        elif name in old.broken:
            yield f"source {name} mended"
        elif was is None:
            yield f"source {name} added{'' if now.enabled else ', not enabled'}"
        elif was != now:
            yield f"source {name}: {', '.join(_of_source(was, now))}"


def _of_source(old: Source, new: Source) -> Iterator[str]:
    for field in fields(Source):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if was != now and field.name == "enabled":
            yield "enabled" if now else "disabled"
        elif was != now and field.name != "digest":
            yield f"{field.name} changed"


def refusal(old: Config, new: Config) -> str:
    """Why this cannot be taken over while the process runs; empty when it can."""
    fixed = [f"storage.{name.removesuffix('_ms')}" for name in ONCE if getattr(old.storage, name) != getattr(new.storage, name)]
    return f"{' and '.join(fixed)} can only change with a restart" if fixed else ""


def stamps(path: Path) -> Files:
    """What the configuration's files look like from outside: when written, how long, which."""
    found = {}
    for file in (path, *path.parent.glob("sources/*.toml")):
        with contextlib.suppress(OSError):
            stat = file.stat()
            found[str(file)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found


# ------------------------------------------------------------------ taking over
@dataclass(slots=True)
class Reload:
    """Keeps a process at what its files say. `take_over(config)` does the work; when it raises, nothing has changed."""

    config: Config
    take_over: Callable[[Config], Awaitable[None]]

    async def watch(self, asked: asyncio.Event) -> None:
        """Until it is cancelled; `asked` is set by SIGHUP."""
        read = seen = await asyncio.to_thread(stamps, self.config.path)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), LOOK)
            now = await asyncio.to_thread(stamps, self.config.path)
            if asked.is_set() or (now == seen and now != read):
                by_signal = asked.is_set()
                asked.clear()
                read = now
                await self.read(say_nothing_changed=by_signal)
            seen = now

    async def read(self, *, say_nothing_changed: bool) -> None:
        """Read the files and take over what they say, or say why not."""
        try:
            new = await asyncio.to_thread(survey, self.config.path)
        except UsageError as error:
            self._refuse(str(error).splitlines())
            return
        changed = differences(self.config, new)
        if not changed:
            if say_nothing_changed:
                log.info("configuration read, nothing changed")
            return
        refused = refusal(self.config, new)
        if refused:
            self._refuse([refused])
            return
        try:
            await self.take_over(new)
        except GongkaiError as error:
            self._refuse([str(error)])
            return
        self.config = new
        say: Any = log.warning if new.broken else log.info
        say("configuration taken over", changed=changed)

    def _refuse(self, problems: list[str]) -> None:
        log.error("configuration not taken over", problems=problems, remedy="the next change, or SIGHUP, tries again")
