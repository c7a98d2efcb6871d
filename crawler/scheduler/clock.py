"""When a source fires. APScheduler is the clock, in memory; which slot was taken is a row of `runs`, so that two daemons fire it once.

A slot is claimed by inserting its run, in the transaction that seeds the frontier. A slot missed while nobody ran is caught up once,
older ones become rows marked `skipped`; so does a slot whose source is still busy with the one before.
"""

import asyncio
import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from crawler.config.cron import Schedule
from crawler.config.values import Config, Source
from crawler.errors import GongkaiError
from crawler.model import Millis, RunKind
from crawler.pipeline.line import Line
from crawler.politeness.clocks import Drift
from crawler.repository import runs
from crawler.scheduler.firing import fire_slot
from crawler.scheduler.holding import steady_ms
from crawler.scheduler.slots import due_slot, jitter, when

log = structlog.get_logger()

REVISITS = "*/10 * * * *"
REVISIT_SLOTS_A_DAY = 144
REVISIT_SLOT: Millis = 600_000
SPAN: Millis = 60_000  # the sources of one cron line start spread over this long
AGAIN: Millis = 60_000  # a claim that failed is tried again so much later
LOOK = 5.0  # seconds between two looks whether the machine slept or its clock was set: slots are planned by the wall's clock


@dataclass(frozen=True, slots=True)
class Beat:
    """One line of the timetable: a source, why it fires, and when."""

    source: Source
    kind: RunKind
    schedule: Schedule

    @property
    def id(self) -> str:
        """Its name among the others."""
        return f"{self.source.id}/{self.kind}"


def timetable(config: Config) -> list[Beat]:
    """What fires by itself: the lists, sweeps and revisits of every enabled source."""
    zone = config.schedule.timezone
    beats = []
    for source in config.sources.values():
        if not source.enabled:
            continue
        beats.append(Beat(source, RunKind.LIST, Schedule(source.lists, zone)))
        if source.sweep:
            beats.append(Beat(source, RunKind.SWEEP, Schedule(source.sweep, zone)))
        if config.schedule.revisit_per_day:
            beats.append(Beat(source, RunKind.REVISIT, Schedule(REVISITS, zone)))
    return beats


def revisits(per_day: int, slot: Millis) -> int:
    """How many looks of a source's day belong to one of its slots: so many that any 144 in a row make exactly the day's."""
    number = slot // REVISIT_SLOT
    return (number + 1) * per_day // REVISIT_SLOTS_A_DAY - number * per_day // REVISIT_SLOTS_A_DAY


class Clock:
    """Fires the timetable of a line's configuration until it is stopped."""

    def __init__(self, line: Line, *, span: Millis = SPAN, again: Millis = AGAIN) -> None:
        self.line, self.config, self.span, self.again = line, line.policy.config, span, again
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._drift = Drift.begin(line.clock(), steady_ms())
        self._looking: asyncio.Task[None] | None = None
        self._beats: dict[str, Beat] = {}

    def start(self) -> None:
        """Plan every beat's next slot; what is due already fires at once."""
        self._scheduler.start()
        self._plan()
        self._looking = asyncio.create_task(self._keep_looking())

    def take_over(self, config: Config) -> None:
        """Go on by another timetable: what is in neither or in both stays as it is, what is new or fires otherwise is planned anew."""
        self.config = config
        self._plan()

    def _plan(self) -> None:
        beats = {beat.id: beat for beat in timetable(self.config)}
        before, self._beats = self._beats, beats
        for id_ in before.keys() - beats.keys():
            if self._scheduler.get_job(id_) is not None:  # else it is being claimed
                self._scheduler.remove_job(id_)
        for id_, beat in beats.items():
            if before.get(id_) != beat:
                self._at(beat, self.line.clock())

    def stop(self) -> None:
        """No further slot; a slot being claimed is claimed or not, never half."""
        if self._looking is not None:
            self._looking.cancel()
        self._scheduler.shutdown(wait=False)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            if self._drift.moved(self.line.clock(), steady_ms()):
                for beat in self._beats.values():
                    self._at(beat, self.line.clock())

    def _at(self, beat: Beat, when: Millis) -> None:
        if self._beats.get(beat.id) != beat:  # another timetable was taken over meanwhile
            return
        self._scheduler.add_job(
            functools.partial(self._fire, beat),
            "date",
            run_date=datetime.fromtimestamp(when / 1000, UTC),
            id=beat.id,
            replace_existing=True,
            misfire_grace_time=None,
        )

    async def _fire(self, beat: Beat) -> None:
        try:
            following = await asyncio.to_thread(self._claim, beat)
        except Exception as error:
            known = isinstance(error, GongkaiError)
            log.warning(
                "not fired", source=beat.source.id, kind=str(beat.kind), error=str(error), exc_info=None if known else error
            )
            self._at(beat, self.line.clock() + self.again)
            return
        self._at(beat, following + jitter(beat.source.id, following, self.span))

    def _claim(self, beat: Beat) -> Millis:
        """Claim what is due; the next slot."""
        now = self.line.clock()
        last = self.line.ask(runs.last_slot, beat.source.id, beat.kind, now)
        held = self.line.ask(runs.is_held, beat.source.id, now)
        slots = due_slot(beat.schedule, last, now)
        if slots.due is not None and not held:
            limit = revisits(self.config.schedule.revisit_per_day, slots.due) if beat.kind is RunKind.REVISIT else None
            run = fire_slot(self.line, beat.source, beat.kind, slots.due, skipped=slots.skipped, limit=limit)
            if run is not None:
                log.info(
                    "fired",
                    source=beat.source.id,
                    kind=str(beat.kind),
                    slot=when(slots.due, ZoneInfo(beat.schedule.timezone)),
                    skipped=len(slots.skipped),
                )
        return slots.next
