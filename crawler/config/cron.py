"""A schedule as a source's file writes it: five cron fields in a time zone. The door to APScheduler's triggers.

The cron fields are APScheduler's: day *and* weekday must match (classic cron takes either), weekdays are names, because numbers
mean different days to different crons.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

FIELDS = ("minute", "hour", "day", "month", "weekday")
DAY_NAME = "(?:mon|tue|wed|thu|fri|sat|sun)"
WEEKDAYS = re.compile(rf"\*|{DAY_NAME}(?:-{DAY_NAME})?(?:,{DAY_NAME}(?:-{DAY_NAME})?)*")
TICK = timedelta(microseconds=1)


class Trigger(Protocol):
    """What we ask of APScheduler's cron trigger."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first fire time at or after `now`, None when there is none."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five cron fields and the name of the time zone they are read in."""

    cron: str
    timezone: str


def check(cron: str, timezone: str = "UTC") -> None:
    """Raises ValueError, in words for the configuration's author, when this is no schedule that ever fires."""
    fields = cron.lower().split()
    if len(fields) != len(FIELDS):
        raise ValueError(f"a schedule has five fields (minute hour day month weekday), this has {len(fields)}")
    if not WEEKDAYS.fullmatch(fields[4]):
        raise ValueError(f"weekday: names such as mon-fri or sat,sun or *, not {fields[4]!r}: numbers differ between crons")
    try:
        _cron({}, timezone or "none")
    except (KeyError, ValueError, OSError, TypeError):
        raise ValueError(f"no such time zone: {timezone!r}") from None
    for name, value in zip(FIELDS, fields, strict=True):
        try:
            _cron({name: value}, "UTC")
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if first_after(trigger_of(Schedule(cron, "UTC")), datetime(2000, 1, 1, tzinfo=UTC)) is None:
        raise ValueError(f"day: there is no day {fields[2]} in month {fields[3]}, the schedule never fires")


def _cron(fields: dict[str, str], timezone: str) -> Trigger:
    from apscheduler.triggers.cron import CronTrigger  # 60 ms, and most commands ask for no schedule

    renamed = {"day_of_week" if name == "weekday" else name: value for name, value in fields.items()}
    trigger: Trigger = CronTrigger(**renamed, timezone=timezone)
    return trigger


@lru_cache(256)
def trigger_of(schedule: Schedule) -> Trigger:
    """The trigger of a schedule that `check` let pass."""
    return _cron(dict(zip(FIELDS, schedule.cron.lower().split(), strict=True)), schedule.timezone)


def first_after(trigger: Trigger, moment: datetime) -> datetime | None:
    """The first fire time after a moment, None when there is none."""
    return trigger.get_next_fire_time(None, moment + TICK)
