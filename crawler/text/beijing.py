"""Moments as days and times in Beijing, which all these pages are written in, as programs are told them, and as people type them. Pure."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta

from crawler.errors import UsageError

BEIJING = timedelta(hours=8)
DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
AGO = re.compile(r"(\d{1,6})\s*([mhdw])", re.ASCII)
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+ -]\d\d:?\d\d)?", re.ASCII)
FIRST = -62_135_596_800_000  # of the calendar, in UTC
UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}


def day_of(at: int) -> date:
    """The day in Beijing."""
    return (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).date()


def beijing(at: int, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment as people in Beijing write it."""
    return (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).strftime(form)


def iso(at: int | None) -> str | None:
    """A moment for programs: ISO 8601 with its offset, UTC, to the second. None stays None."""
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_bound(text: str, *, end: bool) -> date:
    """The first or the last day of a year, a month or a day. Raises ValueError with what is wrong."""
    known = DAY.fullmatch(text)
    if known is None:
        raise ValueError(f"{text!r} is no day; write it as 2024, 2024-05 or 2024-05-31")
    try:
        year = int(known[1])
        month = int(known[2]) if known[2] else 12 if end else 1
        day = int(known[3]) if known[3] else calendar.monthrange(year, month)[1] if end else 1
        return date(year, month, day)
    except (ValueError, calendar.IllegalMonthError) as error:
        raise ValueError(f"no calendar has {text}") from error


def moment(written: str, now: int, *, end: bool) -> int:
    """What somebody typed as a moment, in milliseconds. Raises UsageError.

    `7d`, `12h`: so long before `now`. A day, month or year in Beijing: its first millisecond, or its last with `end`. ISO 8601 with a time,
    in Beijing where it names no offset; the `+` of one may have become a blank on its way through an address.
    """
    text = written.strip()
    ago = AGO.fullmatch(text)
    if ago:
        return max(FIRST, now - int(ago[1]) * UNITS[ago[2]])
    try:
        time = TIME.fullmatch(text)
        if time:
            offset = (time[3] or "+08:00").replace(" ", "+")
            return max(FIRST, round(datetime.fromisoformat(f"{time[1]}T{time[2]}{offset}").timestamp() * 1000))
        return max(FIRST, _midnight(day_bound(text, end=end))) + (86_400_000 - 1 if end else 0)
    except ValueError as error:
        said = f": {error}" if DAY.fullmatch(text) else ""
        remedy = "write 2024, 2024-05, 2024-05-31, 2024-05-31T12:00:00+08:00, or 7d for a week ago"
        raise UsageError(f"{written[:40]!r} is no moment{said}", remedy=remedy) from error


def _midnight(day: date) -> int:
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000 - int(BEIJING.total_seconds()) * 1000
