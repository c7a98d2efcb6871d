"""Visiting hours: when a source may be asked at all. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crawler.model import Millis

DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day, from minute to minute in a time zone; over midnight when it ends before it starts."""

    start: int
    end: int
    zone: str = "UTC"

    def opens(self, at: Millis) -> Millis | None:
        """When the window opens next; None when it is open at this moment."""
        now = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(self.zone))
        minute, start = now.hour * 60 + now.minute, self.start % DAY
        if (start <= minute < self.end) if start < self.end else (minute >= start or minute < self.end):
            return None
        opening = now.replace(hour=start // 60, minute=start % 60, second=0, microsecond=0)
        return int((opening + timedelta(days=0 if minute < start else 1)).timestamp() * 1000)
