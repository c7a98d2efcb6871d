"""What changes something: pause, resume, crawl now, withhold, restore. Each needs the token, and is written down (`acts`)."""

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from crawler.config.values import Source
from crawler.console.answers import ENCODE
from crawler.console.api.common import MISSING, Name, Operator, SourceName
from crawler.console.api.shapes import Done, Reason, Wish
from crawler.console.door import Door, document_of
from crawler.console.problems import NotThere
from crawler.errors import UsageError, Withheld
from crawler.model import ChangeKind, Kind, now_ms
from crawler.model import Request as Page
from crawler.pipeline.policy import Policy
from crawler.pipeline.withhold import Act, act, checked
from crawler.repository import acts, frontier, runs
from crawler.repository.addresses import Seed
from crawler.text import urls

router = APIRouter(tags=["operations"])
MOST_URLS = 100


def _configured(door: Door, name: str) -> Source:
    found = door.config.sources.get(name)
    if found is None:
        raise NotThere(f"there is no source {name[:80]!r} in the configuration", remedy="gongkai sources lists them")
    return found


def _answer(value: dict[str, object], status: int = 200) -> Response:
    return Response(ENCODE(value), status, media_type="application/json")


@router.post("/sources/{name}/pause", response_model=None, responses={200: {"model": Done}, **MISSING}, summary="Pause a source")
def pause(request: Request, door: Operator, name: SourceName, why: Annotated[Reason | None, Body()] = None) -> Response:
    """Its schedule does not fire it until it is resumed. `done` false: it was paused already."""
    source, at = _configured(door, name), now_ms()
    with door.database.write() as c:
        runs.ensure_source(c, source.id)
        acts.note(c, at, "pause", source.id, _who(request))
        done = runs.pause(c, source.id, at, why.reason if why else "")
    return _answer({"done": done})


@router.post(
    "/sources/{name}/resume", response_model=None, responses={200: {"model": Done}, **MISSING}, summary="Resume a source"
)
def resume(request: Request, door: Operator, name: SourceName, why: Annotated[Reason | None, Body()] = None) -> Response:
    """Out of a pause or its quarantine. `done` false: it was in neither."""
    source, at = _configured(door, name), now_ms()
    with door.database.write() as c:
        acts.note(c, at, "resume", source.id, _who(request))
        done = runs.resume(c, source.id, at, why.reason if why else "")
    return _answer({"done": done})


@router.post("/crawl", status_code=202, response_model=None, responses={202: {"model": Done}, **MISSING}, summary="Crawl now")
def crawl(request: Request, door: Operator, wish: Wish) -> Response:
    """Fire a one-off run of a source, or of single addresses for it; whoever runs the daemon carries it out."""
    source, at = _configured(door, wish.source), now_ms()
    if len(wish.urls) > MOST_URLS:
        raise UsageError(f"{len(wish.urls)} addresses at once", remedy=f"give {MOST_URLS} at most")
    for url in wish.urls:
        if not urls.is_http(url):
            raise UsageError(f"{url[:200]!r} is no http address")
    policy = Policy(door.config)
    kind, priority = (Kind.DETAIL, frontier.NEW) if wish.urls else (Kind.LIST, frontier.LIST)
    starts = [Page(url) for url in wish.urls] or list(source.start)
    seeds = [Seed(start, start.url, kind, policy.queue(source.id, start.url), source.id, priority, at) for start in starts]
    with door.database.write() as c:
        runs.ensure_source(c, source.id)
        acts.note(c, at, "crawl", source.id, _who(request))
        run = runs.fire_once(c, source.id, seeds, at, {})
    return _answer({"done": True, "run": run}, 202)


@router.post(
    "/records/{name}/withhold",
    response_model=None,
    responses={200: {"model": Done}, **MISSING},
    tags=["records"],
    summary="Withhold a document",
)
def withhold(request: Request, door: Operator, name: Name, why: Annotated[Reason, Body()]) -> Response:
    """Nothing of it is shown any more but its id and the reason. Its bytes stay. `done` false: it is withheld already."""
    return _withheld(request, door, name, ChangeKind.WITHHELD, why)


@router.post(
    "/records/{name}/restore",
    response_model=None,
    responses={200: {"model": Done}, **MISSING},
    tags=["records"],
    summary="Give a document back",
)
def restore(request: Request, door: Operator, name: Name, why: Annotated[Reason, Body()]) -> Response:
    """What was withheld is shown again. `done` false: it was not withheld."""
    return _withheld(request, door, name, ChangeKind.RESTORED, why)


def _withheld(request: Request, door: Door, name: str, what: ChangeKind, why: Reason) -> Response:
    reason = checked(why.reason)
    with door.read() as c:
        try:
            document = document_of(c, name)[0]
        except Withheld as hidden:
            document = hidden.document
    done = act(door.database, door.archive, Act(what, document, reason, _who(request), now_ms()))
    with door.database.write() as c:
        acts.note(c, now_ms(), "withhold" if what is ChangeKind.WITHHELD else "restore", document, _who(request))
    return _answer({"done": done, "document": document})


def _who(request: Request) -> str:
    """Whom an act is put down to: the address it came from."""
    return request.client.host if request.client else ""
