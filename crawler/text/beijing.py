"""Moments as days and times in Beijing, which all these pages are written in, and as programs are told them. Pure."""

from datetime import UTC, date, datetime, timedelta

BEIJING = timedelta(hours=8)


def day_of(at: int) -> date:
    """The day in Beijing."""
    return (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).date()


def beijing(at: int, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment as people in Beijing write it."""
    return (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).strftime(form)


def iso(at: int | None) -> str | None:
    """A moment for programs: ISO 8601 with its offset, UTC, to the second. None stays None."""
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
