"""Sources, their runs, how they are, and how much there is."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crawler.console import shown
from crawler.console.answers import answer, listed
from crawler.console.api.common import MISSING, Limit, Reader, SourceName, links
from crawler.console.api.shapes import Health, RunList, SourceList, SourceShape, Stats
from crawler.console.door import Door
from crawler.console.problems import NotThere
from crawler.model import now_ms
from crawler.monitor.condition import Condition, conditions
from crawler.record.schema import record_schema
from crawler.repository import exchanges
from crawler.repository.database import Connection
from crawler.text.beijing import iso

router = APIRouter(tags=["sources"])
TIMES = ("since", "paused", "rests_until", "last_ok", "last_new", "last_run")


def condition(found: Condition) -> dict[str, Any]:
    """How a source is, as JSON."""
    values = asdict(found)
    for name in TIMES:
        values[name] = iso(values[name]) if values[name] else None
    return values


def all_conditions(door: Door, c: Connection, only: Sequence[str] | None = None) -> dict[str, Condition]:
    """How sources are, all that the database knows unless some are named."""
    wanted = tuple(row.id for row in door.sources(c)) if only is None else tuple(only)
    expects = {name: source.expect for name, source in door.config.sources.items()}
    return conditions(c, expects, now_ms(), wanted) if wanted else {}


@router.get(
    "/sources",
    response_model=None,
    responses={200: {"model": SourceList, "links": links(source=("source", "/items/0/id"))}},
    summary="All sources",
)
def sources(request: Request, door: Reader) -> Response:
    """Every column that was ever configured or crawled."""
    with door.read() as c:
        found = door.sources(c)
    return answer(request, listed([shown.source(row) for row in found], len(found), None))


@router.get("/sources/{name}", response_model=None, responses={200: {"model": SourceShape}, **MISSING}, summary="One source")
def source(request: Request, door: Reader, name: SourceName) -> Response:
    """A source and its condition."""
    with door.read() as c:
        found = next((row for row in door.sources(c) if row.id == name), None)
        how = all_conditions(door, c, (name,)).get(name) if found else None
    if found is None:
        raise NotThere(f"there is no source {name[:80]!r}", remedy="/api/v1/sources lists them")
    return answer(request, {**shown.source(found), "condition": condition(how) if how else None})


@router.get("/runs", response_model=None, responses={200: {"model": RunList}}, summary="Runs")
def runs(
    request: Request,
    door: Reader,
    source: Annotated[str | None, Query(max_length=100, description="Runs of this source.")] = None,
    after: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of an earlier answer: older ones.")] = None,
    limit: Limit = 50,
) -> Response:
    """Firings of sources, the newest first."""
    with door.read() as c:
        found = exchanges.runs(c, source=source, before=after, limit=limit + 1)
    more = found[limit - 1].id if len(found) > limit else None
    return answer(request, listed([shown.run(row) for row in found[:limit]], None, more))


@router.get(
    "/health", response_model=None, responses={200: {"model": Health}}, tags=["operations"], summary="Is everything well?"
)
def health(request: Request, door: Reader) -> Response:
    """How every source is."""
    with door.read() as c:
        found = all_conditions(door, c)
    well = all(one.state not in ("suspect", "down") for one in found.values())
    return answer(request, {"well": well, "sources": [condition(one) for one in found.values()]})


@router.get("/stats", response_model=None, responses={200: {"model": Stats}}, tags=["operations"], summary="How much there is")
def stats(request: Request, door: Reader) -> Response:
    """Documents, versions, works, captures, looks, changes."""
    with door.read() as c:
        return answer(request, door.totals(c))


@router.get(
    "/schema/record.json",
    response_model=None,
    responses={200: {"content": {"application/schema+json": {}}}},
    tags=["records"],
    summary="The record's JSON Schema",
)
def schema(request: Request) -> Response:
    """The schema of `GET /records/{name}`, of `gongkai show --as json` and of exports."""
    return answer(request, record_schema(), fresh={"Content-Type": "application/schema+json"})
