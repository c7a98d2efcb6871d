"""The daemon speaks: a line for every run, and for every change of a source's health, of a breaker, of a quarantine.

It reads what stands in the database, every few seconds, so that nothing on a page's way waits for it and what other processes of the
archive do is told too. What it says is decided by `told`, which is pure.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from crawler.errors import RepositoryError
from crawler.model import DOWN, SUSPECT, Millis
from crawler.pipeline.line import Line
from crawler.repository import story
from crawler.repository.changes import ChangeView
from crawler.repository.story import Chapter, Place, RunStory
from crawler.scheduler.slots import when

LISTEN = 2.0  # seconds between two looks
BAD = ("failed", "suspect")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the log. `bad`: a warning."""

    event: str
    bad: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was said last: breakers that are open, sources in quarantine."""

    breakers: Mapping[str, Millis] = field(default_factory=dict)
    resting: Mapping[str, Millis] = field(default_factory=dict)


def told(before: Standing, now: Chapter, zone: ZoneInfo) -> Iterator[Said]:
    """What there is to say of a chapter."""
    yield from _skips([run for run in now.runs if story.is_skipped(run)], zone)
    for run in now.runs:
        if not story.is_skipped(run):
            yield _run(run, zone)
    for line in now.lines:
        yield _health(line)
    for queue in sorted(now.breakers.keys() - before.breakers.keys()):
        yield Said("breaker open", bad=True, values={"queue": queue, "tried_again": when(now.breakers[queue], zone)})
    for queue in sorted(before.breakers.keys() - now.breakers.keys()):
        yield Said("breaker closed", values={"queue": queue})
    for source, until in sorted(now.resting.items()):
        if before.resting.get(source) != until:
            yield Said("quarantine", bad=True, values={"source": source, "until": when(until, zone)})
    for source in sorted(before.resting.keys() - now.resting.keys()):
        yield Said("quarantine over", values={"source": source})


ATTACHED = ("attachments", "attachments_missing")


def _run(run: RunStory, zone: ZoneInfo) -> Said:
    counts = run.counts
    values = {
        "source": run.source,
        "kind": run.kind,
        "slot": when(run.slot, zone),
        "result": run.result,
        "looks": counts.get("looks", 0),
        "new": counts.get("new", 0),
        "edited": counts.get("edit", 0),
        "failed": counts.get("failed", 0),
        "skipped": story.skipped(counts),
        "seconds": round((run.ended - run.started) / 1000, 1),
        "bytes": counts.get("bytes", 0),
    }
    more = {name: counts[name] for name in ("missing", "gone", "back", "reread", "shelved", *ATTACHED) if counts.get(name)}
    return Said("run", run.result in BAD, values | more)


def _skips(runs: list[RunStory], zone: ZoneInfo) -> Iterator[Said]:
    """Slots that were not fired: one line for each source, kind and reason."""
    by_line: dict[tuple[str, str, str], list[Millis]] = {}
    for run in runs:
        by_line.setdefault((run.source, run.kind, run.trouble or ""), []).append(run.slot)
    for (source, kind, why), slots in by_line.items():
        span = {"first": when(min(slots), zone), "last": when(max(slots), zone), "reason": why}
        yield Said("slots skipped", values={"source": source, "kind": kind, "slots": len(slots), **span})


def _health(line: ChangeView) -> Said:
    detail = line.detail
    values = {"source": line.source, "before": detail.get("before"), "after": detail.get("after")}
    more = {"trouble": detail["trouble"]} if detail.get("trouble") else {}
    reasons = [str(reason) for reason in detail.get("reasons", ())]
    return Said("health", detail.get("after") in (SUSPECT, DOWN), {**values, **more, "reasons": reasons})


class Narrator:
    """Says what happens on an archive from now on. `warns` False: what is not well is no warning, because somebody else tells it."""

    def __init__(self, line: Line, *, warns: bool = True) -> None:
        self._line, self._warns = line, warns
        self._before = Standing()
        self._place: Place | None = None

    def begin(self) -> None:
        """From here on; whose breaker is open and who is in quarantine already is said at once."""
        with self._line.database.read() as c:
            place = story.here(c)
            chapter = story.since(c, place, self._line.clock())
        self._say(chapter)

    def speak(self) -> None:
        """Say what is new. A database that is away is somebody else's to tell: it is said afterwards."""
        try:
            if self._place is None:
                self.begin()
                return
            with self._line.database.read() as c:
                chapter = story.since(c, self._place, self._line.clock())
        except RepositoryError:
            return
        self._say(chapter)

    def _say(self, chapter: Chapter) -> None:
        zone = ZoneInfo(self._line.policy.config.schedule.timezone)
        for said in told(self._before, chapter, zone):
            (log.warning if said.bad and self._warns else log.info)(said.event, **said.values)
        self._place, self._before = chapter.place, Standing(chapter.breakers, chapter.resting)

    async def listen(self) -> None:
        """Every few seconds, until it is cancelled."""
        while True:
            await asyncio.sleep(LISTEN)
            await asyncio.to_thread(self.speak)
