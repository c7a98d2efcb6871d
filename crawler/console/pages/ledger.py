"""Today, and the ledger with its filters."""

from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crawler.console.api.common import Reader
from crawler.console.api.sources import all_conditions
from crawler.console.pages.labels import Line, change_lines
from crawler.console.pages.rendering import address, page
from crawler.errors import UsageError
from crawler.model import ChangeKind, now_ms
from crawler.repository import changes
from crawler.repository.changes import Only
from crawler.text.beijing import beijing

router = APIRouter(include_in_schema=False)
DAY = 86_400_000
PAGE = 60
LATELY = 12
KINDS = ("new", "edit", "attachment", "gone", "missing", "back", "health", "reread")


@router.get("/")
def today(request: Request, door: Reader) -> Response:
    """What is new, changed, gone; which sources are silent; a search box first."""
    now = now_ms()
    with door.read() as c:
        newest = changes.read(c, Only(since=now - 7 * DAY), LATELY, newest=True)
        totals = door.totals(c)
        ill = list(all_conditions(door, c, [row.id for row in door.sources(c) if row.health in ("suspect", "down")]).values())
    lines = [change_lines(line) for line in newest]
    return page(request, "today.html", {"here": "today", "days": by_day(lines), "totals": totals, "ill": ill})


@router.get("/changes")
def ledger(
    request: Request,
    door: Reader,
    kind: Annotated[str | None, Query(max_length=20)] = None,
    source: Annotated[str | None, Query(max_length=100)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """The ledger, the newest first, a page at a time."""
    if kind and kind not in set(map(str, ChangeKind)):
        raise UsageError(f"the ledger has no kind {kind!r}", remedy=f"it has {', '.join(KINDS)}")
    with door.read() as c:
        found = changes.read(c, Only(kind=kind or None, source=source or None, before=before), PAGE + 1, newest=True)
    lines = [change_lines(line) for line in found[:PAGE]]
    earlier = address("/changes", kind=kind, source=source, before=lines[-1].seq) if len(found) > PAGE else None
    kinds = [(one, address("/changes", kind=one, source=source), one == kind) for one in KINDS]
    values: dict[str, Any] = {
        "here": "changes", "days": by_day(lines), "kinds": kinds, "kind": kind, "source": source, "earlier": earlier,
        "all": address("/changes", source=source), "feed": address("/feeds/changes.atom", kind=kind, source=source),
    }  # fmt: skip
    return page(request, "changes.html", values)


def by_day(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """Lines by their day in Beijing."""
    return [(day, list(some)) for day, some in groupby(lines, key=lambda line: beijing(line.at, "%Y-%m-%d"))]
