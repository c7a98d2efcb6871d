"""When a source is due. Pure: a schedule, the last slot taken, and now → what to fire, what was skipped, what comes next.

The cron fields are APScheduler's: day *and* weekday must match (classic cron takes either), weekdays are names, because numbers
mean different days to different crons. Times are milliseconds since 1970, UTC.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from crawler.model import Millis

FIELDS = ("minute", "hour", "day", "month", "weekday")
DAY_NAME = "(?:mon|tue|wed|thu|fri|sat|sun)"
WEEKDAYS = re.compile(rf"\*|{DAY_NAME}(?:-{DAY_NAME})?(?:,{DAY_NAME}(?:-{DAY_NAME})?)*")
MOST_SKIPPED = 1000
TICK = timedelta(microseconds=1)
FIRST_WINDOW = timedelta(hours=1)
LONG_AGO = timedelta(days=366 * 30)  # 29 February falls on a given weekday once in 28 years


class Trigger(Protocol):
    """What we ask of APScheduler's cron trigger."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first fire time at or after `now`, None when there is none."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five cron fields and the name of the time zone they are read in."""

    cron: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Slots:
    """`due`: to fire now; `skipped`: older ones nobody fired, the newest 1,000, oldest first; `next`: the first after now."""

    due: Millis | None
    skipped: tuple[Millis, ...]
    next: Millis


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
    if _first_after(_trigger(Schedule(cron, "UTC")), datetime(2000, 1, 1, tzinfo=UTC)) is None:
        raise ValueError(f"day: there is no day {fields[2]} in month {fields[3]}, the schedule never fires")


def _cron(fields: dict[str, str], timezone: str) -> Trigger:
    from apscheduler.triggers.cron import CronTrigger  # 60 ms, and most commands ask for no schedule

    renamed = {"day_of_week" if name == "weekday" else name: value for name, value in fields.items()}
    trigger: Trigger = CronTrigger(**renamed, timezone=timezone)
    return trigger


@lru_cache(256)
def _trigger(schedule: Schedule) -> Trigger:
    return _cron(dict(zip(FIELDS, schedule.cron.lower().split(), strict=True)), schedule.timezone)


def due_slot(schedule: Schedule, last: Millis | None, now: Millis) -> Slots:
    """What is due at `now` when `last` was the newest slot taken.

    A source that was never fired (`last` None) is due at once, in the newest slot there has been, so that every daemon computes
    the same one (0 for a schedule that has not fired in thirty years). Missed slots become one: the newest is due, the others are
    skipped. Raises ValueError when the schedule never fires again.
    """
    trigger, moment = _trigger(schedule), _time(now)
    following = _first_after(trigger, moment)
    if following is None:
        raise ValueError(f"the schedule {schedule.cron!r} never fires")
    if last is None:
        newest = _newest(trigger, moment - LONG_AGO, moment, 1)
        return Slots(_millis(newest[-1]) if newest else 0, (), _millis(following))
    missed = _newest(trigger, _time(last), moment, MOST_SKIPPED + 1)
    due = _millis(missed.pop()) if missed else None
    return Slots(due, tuple(map(_millis, missed)), _millis(following))


def _newest(trigger: Trigger, after: datetime, until: datetime, count: int) -> list[datetime]:
    """The newest `count` slots in (after, until], oldest first. Looks back further and further: no year is walked by minutes."""
    window = FIRST_WINDOW
    while True:
        start = max(after, until - window)
        found = list(_between(trigger, start, until))
        if len(found) >= count or start == after:
            return found[-count:]
        window *= 4


def _between(trigger: Trigger, after: datetime, until: datetime) -> Iterator[datetime]:
    slot = _first_after(trigger, after)
    while slot is not None and slot <= until:
        yield slot
        slot = _first_after(trigger, slot)


def _first_after(trigger: Trigger, moment: datetime) -> datetime | None:
    return trigger.get_next_fire_time(None, moment + TICK)


def _time(at: Millis) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC) + timedelta(milliseconds=at % 1000)


def _millis(at: datetime) -> Millis:
    return int(at.timestamp()) * 1000


def jitter(source: str, slot: Millis, span: Millis) -> Millis:
    """0 ≤ delay < span, the same on every machine and after every restart."""
    digest = hashlib.sha256(f"{source} {slot}".encode()).digest()
    return int.from_bytes(digest[:4], "big") * span >> 32
