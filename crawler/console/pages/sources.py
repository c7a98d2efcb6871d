"""The sources, one source, and how everything is."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crawler.config.values import Source
from crawler.console.api.common import Reader
from crawler.console.api.sources import all_conditions
from crawler.console.door import Door
from crawler.console.pages import charts
from crawler.console.pages.labels import change_lines
from crawler.console.pages.rendering import address, page, reader_of
from crawler.console.problems import NotThere
from crawler.model import now_ms
from crawler.monitor.condition import Condition, house
from crawler.repository import changes, figures, gauges
from crawler.repository.query import SourceView
from crawler.text.urls import host

router = APIRouter(include_in_schema=False)
YEAR = 371 * 86_400_000  # 53 weeks
ORDER = ("down", "suspect", "recovered", "ok", "paused", "off")
LATEST = 20  # runs and alarms of a source


@dataclass(frozen=True, slots=True)
class Line:
    """A source in a list: what is known of it, how it is, what its file says. `state`: health, or paused, or off."""

    known: SourceView
    how: Condition | None
    file: Source | None

    @property
    def state(self) -> str:
        """In one word."""
        if self.known.paused:
            return "paused"
        enabled = self.file.enabled if self.file else self.known.enabled
        return self.known.health if enabled or self.known.health in ("down", "suspect") else "off"


def _lines(door: Door, known: Sequence[SourceView], how: dict[str, Condition]) -> list[Line]:
    return [Line(row, how.get(row.id), door.config.sources.get(row.id)) for row in known]


@router.get("/s")
def sources(request: Request, door: Reader) -> Response:
    """Every column that was ever configured or crawled."""
    with door.read() as c:
        known = door.sources(c)
        lines = _lines(door, known, all_conditions(door, c, [row.id for row in known if row.health != "ok"]))
    missing = [source for name, source in sorted(door.config.sources.items()) if name not in {row.id for row in known}]
    counts = [(state, sum(1 for line in lines if line.state == state)) for state in ORDER]
    values = {
        "here": "sources",
        "lines": lines,
        "missing": missing,
        "counts": [(state, count) for state, count in counts if count],
    }
    return page(request, "sources.html", values)


@router.get("/s/{name}")
def source(request: Request, door: Reader, name: str) -> Response:
    """A source: calendar of looks, new per month, rows per run, fill rates, what is expected of it, its alarms."""
    now = now_ms()
    with door.read() as c:
        known = next((row for row in door.sources(c) if row.id == name), None)
        if known is None:
            raise NotThere(f"there is no source {name[:80]!r}", remedy="/s lists them")
        how = all_conditions(door, c, (name,))
        found = figures.of_source(c, name, now - YEAR)
        alarms = changes.read(c, changes.Only(source=name, kind="health"), LATEST, newest=True)
    line = _lines(door, [known], how)[0]
    expect = line.file.expect if line.file else None
    said = reader_of(request).say("calendar.day")
    values: dict[str, Any] = {
        "here": "sources", "line": line, "known": known, "how": line.how, "file": line.file, "found": found, "runs": found.runs[:LATEST],
        "alarms": [change_lines(one) for one in alarms], "calendar": charts.calendar(charts.days(found.runs), now, said),
        "months": charts.months(found.days, now), "rows": charts.rows(found.runs, line.how.expected if line.how else None),
        "promised": dict(expect.fill) if expect else {}, "feed": f"/feeds/source/{name}", "ledger": address("/changes", source=name),
        "records": address("/search", source=name),
    }  # fmt: skip
    return page(request, "source.html", values)


@router.get("/health")
def health(request: Request, door: Reader) -> Response:
    """How every source is, and whether the archive's own works are."""
    now = now_ms()
    used = {
        source.politeness.queue or host(start.url)
        for source in door.config.sources.values()
        if source.enabled
        for start in source.addresses
    }
    with door.read() as c:
        how = all_conditions(door, c)
        lines = _lines(door, door.sources(c), how)
        works = house(c, used, door.config.alarms.channels, now)
        waits = gauges.read(c, now)
    lines.sort(key=lambda line: (ORDER.index(line.state), line.known.id))
    try:
        disk = shutil.disk_usage(door.archive)
        free: float | None = disk.free / disk.total
    except OSError:
        free = None
    ill = [line for line in lines if line.state in ("down", "suspect")]
    values = {
        "here": "health", "lines": lines, "ill": ill, "works": works, "waits": waits, "free": free,
        "damaged": sum(one.hurt.unhealed for one in how.values()), "broken": sorted(door.config.broken),
        "well": not ill and not works.lacks_daemon and not works.broken and not door.config.broken and not works.clock,
    }  # fmt: skip
    return page(request, "health.html", values)
