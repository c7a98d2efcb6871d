"""Records: search, one record, its versions, what differs between them, its history; the work it belongs to."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crawler.console import shown
from crawler.console.answers import answer, listed
from crawler.console.api.common import GONE, MISSING, Name, Reader, WorkName, links
from crawler.console.api.shapes import Citation, Differences, History, RecordList, RecordShape, Versions, Work
from crawler.console.asking import Asked, as_of
from crawler.console.door import document_of
from crawler.console.problems import NotThere
from crawler.errors import UsageError
from crawler.record import citation as citations
from crawler.repository import changes, query
from crawler.repository.query import DocumentView, VersionRow
from crawler.repository.search.find import find
from crawler.text.asked import phrases
from crawler.text.beijing import iso

router = APIRouter(tags=["records"])
FROM_HIT = links(
    record=("record", "/items/0/id"), versions=("versions", "/items/0/id"), differences=("differences", "/items/0/id"),
    history=("history", "/items/0/id"), citation=("citation", "/items/0/id"),
)  # fmt: skip
FROM_RECORD = links(
    versions=("versions", "/id"), differences=("differences", "/id"), history=("history", "/id"), citation=("citation", "/id"),
    work=("work", "/work"), capture=("capture", "/capture/id"), payload=("payload", "/capture/id"), source=("source", "/archive_source"),
)  # fmt: skip


@router.get("/records", response_model=None, responses={200: {"model": RecordList, "links": FROM_HIT}}, summary="Search")
def search(request: Request, door: Reader, asked: Asked) -> Response:
    """Find records. Without `q` and filters: all of them, newest first."""
    question = asked.question()
    with door.read() as c:
        found = find(c, question)
    marked = phrases(asked.q)
    facets = {
        name: [{"value": value, "count": count} for value, count in values] for name, values in (found.facets or {}).items()
    }
    items = [shown.hit(hit, marked) for hit in found.rows]
    return answer(request, listed(items, found.total, found.next, exact=found.exact, facets=facets))


@router.get(
    "/records/{name}",
    response_model=None,
    responses={200: {"model": RecordShape, "links": FROM_RECORD}, **MISSING, **GONE},
    summary="One record",
)
def record(
    request: Request,
    door: Reader,
    name: Name,
    version: Annotated[int | None, Query(ge=1, le=1_000_000, description="A state at the site, from 1.")] = None,
    when: Annotated[
        str | None, Query(alias="as_of", max_length=40, description="What the archive knew then: a day, ISO 8601, or 7d.")
    ] = None,
) -> Response:
    """A record in its current version, or the one asked for: the JSON of `gongkai show --as json`."""
    with door.read() as c:
        public_id, number = document_of(c, name, version)
        found = query.outline(c, public_id)
        row = query.filled(c, [chosen(found, number, as_of(when))])[0]
    return answer(request, query.as_json(found, row))


def chosen(found: DocumentView, number: int | None, at: int | None = None) -> VersionRow:
    """The version meant. Raises NotThere."""
    if at is not None:
        known = [row for row in found.versions if row.first_seen <= at]
        if not known:
            raise NotThere(f"the archive did not know {found.id} then", remedy=f"it knows it since {iso(found.first_seen)}")
        return known[-1]
    try:
        return query.version(found, number)
    except UsageError as error:
        raise NotThere(error.message, remedy=error.remedy) from error


@router.get(
    "/records/{name}/versions",
    response_model=None,
    responses={200: {"model": Versions}, **MISSING, **GONE},
    summary="Its versions",
)
def versions(request: Request, door: Reader, name: Name) -> Response:
    """Every state at the site, the first first."""
    with door.read() as c:
        found = query.document(c, document_of(c, name)[0])
    return answer(request, listed([shown.version(row) for row in found.versions], len(found.versions), None, id=found.id))


@router.get(
    "/records/{name}/diff",
    response_model=None,
    responses={200: {"model": Differences}, **MISSING, **GONE},
    summary="What changed",
)
def differences(
    request: Request,
    door: Reader,
    name: Name,
    before: Annotated[int | None, Query(alias="from", ge=1, le=1_000_000, description="The earlier version.")] = None,
    after: Annotated[int | None, Query(alias="to", ge=1, le=1_000_000, description="The later version.")] = None,
) -> Response:
    """What differs between two versions; by default the last two."""
    with door.read() as c:
        found = query.outline(c, document_of(c, name)[0])
        last = chosen(found, after)
        first, last = query.filled(c, [chosen(found, before if before is not None else max(1, last.n - 1)), last])
    return answer(request, {"id": found.id, "from": first.n, "to": last.n, "differences": shown.difference(first, last)})


@router.get(
    "/records/{name}/history", response_model=None, responses={200: {"model": History}, **MISSING, **GONE}, summary="Its history"
)
def history(request: Request, door: Reader, name: Name) -> Response:
    """Its lines in the ledger, the looks at its address (newest first), the columns that listed it."""
    with door.read() as c:
        found = query.document(c, document_of(c, name)[0])
        ledger = changes.read(c, changes.Only(document=found.row))
        looks = query.looks(c, found.row)
    sightings: list[dict[str, Any]] = [
        {
            "source": one.source,
            "first_listed": iso(one.first_listed),
            "last_listed": iso(one.last_listed),
            "title": one.title,
            "date": one.date,
        }
        for one in found.sightings
    ]
    value = {"id": found.id, "changes": [shown.change(line) for line in ledger], "looks": [shown.look(row) for row in looks]}
    return answer(request, {**value, "sightings": sightings})


@router.get(
    "/records/{name}/cite", response_model=None, responses={200: {"model": Citation}, **MISSING, **GONE}, summary="How to cite it"
)
def citation(
    request: Request,
    door: Reader,
    name: Name,
    version: Annotated[int | None, Query(ge=1, le=1_000_000, description="A state at the site, from 1.")] = None,
) -> Response:
    """One version as it was captured: a sentence in Chinese and in English, GB/T 7714-2015, and an item of CSL-JSON."""
    with door.read() as c:
        public_id, number = document_of(c, name, version)
        found = query.outline(c, public_id)
        row = query.filled(c, [chosen(found, number)])[0]
    return answer(request, citations.as_json(citations.cited(found.id, row.n, row.record, found.presence)))


@router.get("/works/{name}", response_model=None, responses={200: {"model": Work}, **MISSING}, tags=["works"], summary="One work")
def work(request: Request, door: Reader, name: WorkName) -> Response:
    """The act behind documents: those that say the same, in the order they were seen."""
    with door.read() as c:
        found = query.work(c, name)
    if not found:
        raise NotThere(f"no work is known as {name[:80]!r}", remedy="a record names its work")
    items = [
        {
            "id": one.id,
            "title": one.title,
            "url": one.url,
            "archive_source": one.source,
            "first_seen": iso(one.first_seen),
            "presence": one.presence,
        }
        for one in found
    ]
    return answer(request, listed(items, len(items), None, id=name))
