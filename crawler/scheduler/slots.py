"""When a source is due. Pure: a schedule, the last slot taken, and now → what to fire, what was skipped, what comes next.

Times are milliseconds since 1970, UTC.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from crawler.config.cron import Schedule, Trigger, first_after, trigger_of
from crawler.model import Millis

MOST_SKIPPED = 1000
FIRST_WINDOW = timedelta(hours=1)
LONG_AGO = timedelta(days=366 * 30)  # 29 February falls on a given weekday once in 28 years


@dataclass(frozen=True, slots=True)
class Slots:
    """`due`: to fire now; `skipped`: older ones nobody fired, the newest 1,000, oldest first; `next`: the first after now."""

    due: Millis | None
    skipped: tuple[Millis, ...]
    next: Millis


def due_slot(schedule: Schedule, last: Millis | None, now: Millis) -> Slots:
    """What is due at `now` when `last` was the newest slot taken.

    A source that was never fired (`last` None) is due at once, in the newest slot there has been, so that every daemon computes
    the same one (0 for a schedule that has not fired in thirty years). Missed slots become one: the newest is due, the others are
    skipped. Raises ValueError when the schedule never fires again.
    """
    trigger, moment = trigger_of(schedule), _time(now)
    following = first_after(trigger, moment)
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
    slot = first_after(trigger, after)
    while slot is not None and slot <= until:
        yield slot
        slot = first_after(trigger, slot)


def _time(at: Millis) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC) + timedelta(milliseconds=at % 1000)


def _millis(at: datetime) -> Millis:
    return int(at.timestamp()) * 1000


def when(at: Millis, zone: tzinfo) -> str:
    """A moment in a zone, with its offset."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(zone).isoformat(timespec="seconds")


def jitter(source: str, slot: Millis, span: Millis) -> Millis:
    """0 ≤ delay < span, the same on every machine and after every restart."""
    digest = hashlib.sha256(f"{source} {slot}".encode()).digest()
    return int.from_bytes(digest[:4], "big") * span >> 32
