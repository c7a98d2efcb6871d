"""Figures of a source as rectangles of small charts, each with what it says in words. Pure: the templates draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from crawler.model import Millis
from crawler.repository.figures import RunFigures
from crawler.text.beijing import beijing, day_of

WEEKS = 53
CELL, STEP = 9, 11
LABELS = 12  # pixels above the calendar, for its months
MONTHS = 24
RUNS = 60
HIGH, WIDE = 72, 572


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle. `kind`: its class; `said`: what it stands for."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`labels`: (x, text) along the axis; `rows`: (what, how much) for those who read figures; `line`: how high what is expected lies."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    labels: tuple[tuple[float, str], ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    line: float | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """What happened in a day: looks, new notices, runs with something wrong."""

    looks: int = 0
    new: int = 0
    bad: int = 0

    @property
    def kind(self) -> str:
        """The class of its box."""
        return "bad" if self.bad else "new" if self.new else "ok" if self.looks else "none"


def days(runs: Sequence[RunFigures]) -> dict[date, Day]:
    """By day in Beijing, what the runs that began then did."""
    found: dict[date, Day] = {}
    for run in runs:
        day = day_of(run.started)
        was = found.get(day, Day())
        found[day] = Day(was.looks + run.looks, was.new + run.new, was.bad + run.bad)
    return found


def calendar(found: Mapping[date, Day], now: Millis, said: str) -> Chart:
    """A year of days, a column for each week from Monday on. `said`: `{day} {looks} {new} {bad}` in the reader's language."""
    today = day_of(now)
    first = today - timedelta(today.weekday() + 7 * (WEEKS - 1))
    boxes, labels = [], []
    for week in range(WEEKS):
        monday = first + timedelta(7 * week)
        if monday.day <= 7:
            labels.append((float(week * STEP), f"{monday.month}"))
        for weekday in range(7):
            day = monday + timedelta(weekday)
            if day <= today:
                what = found.get(day, Day())
                text = said.format(day=day.isoformat(), looks=what.looks, new=what.new, bad=what.bad)
                boxes.append(Box(week * STEP, LABELS + weekday * STEP, CELL, CELL, what.kind, text))
    return Chart(WEEKS * STEP, LABELS + 7 * STEP, tuple(boxes), tuple(labels))


def months(by_day: Mapping[int, int], now: Millis) -> Chart:
    """New notices month by month, two years at most."""
    counts: dict[str, int] = {}
    for number, count in by_day.items():
        month = (date(1970, 1, 1) + timedelta(number)).strftime("%Y-%m")
        counts[month] = counts.get(month, 0) + count
    today = day_of(now)
    whole = today.year * 12 + today.month - 1
    shown = [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(whole - MONTHS + 1, whole + 1)]
    first = next((place for place, month in enumerate(shown) if counts.get(month)), len(shown) - 1)
    shown = shown[min(first, MONTHS - 12) :]
    values = [(month, counts.get(month, 0)) for month in shown]
    return _bars([(month, count, "new" if count else "none", f"{month}: {count}") for month, count in values], None)


def rows(runs: Sequence[RunFigures], expected: int | None) -> Chart:
    """Rows of the first list page, run by run, the latest last."""
    listed = [run for run in runs if run.rows is not None and run.ended is not None][:RUNS][::-1]
    return _bars(
        [
            (beijing(run.started), run.rows or 0, "bad" if run.bad else "ok", f"{beijing(run.started)}: {run.rows}")
            for run in listed
        ],
        expected,
    )


def _bars(values: Sequence[tuple[str, int, str, str]], expected: int | None) -> Chart:
    """Bars of (label, value, kind, what it says), a line at what is expected; a bar of nothing is a stroke at the foot."""
    most = max([value for _, value, _, _ in values] + [expected or 0, 1])
    step = min(WIDE / max(len(values), 1), WIDE / 12)
    boxes = tuple(
        Box(round(place * step, 1), round(HIGH - height, 1), round(step * 0.72, 1), round(height, 1), kind, said)
        for place, (_, value, kind, said) in enumerate(values)
        for height in (max(1.5, value / most * HIGH),)
    )
    line = None if not expected or not values else round(HIGH - expected / most * HIGH, 1)
    return Chart(WIDE, HIGH, boxes, (), tuple((label, str(value)) for label, value, _, _ in values), line)
