"""The ledger: what happened since a cursor, waiting for more where asked, or as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from crawler.console import shown
from crawler.console.answers import answer, listed
from crawler.console.api.common import Limit, Reader, links
from crawler.console.api.shapes import ChangeList
from crawler.console.asking import since as beginning
from crawler.console.door import Door
from crawler.console.waiting import Tip
from crawler.errors import CannotError
from crawler.model import ChangeKind
from crawler.repository import changes
from crawler.repository.changes import Only

router = APIRouter(tags=["changes"])
POLL_S = 0.5
LONGEST_S = 30.0  # of one waiting request
MOST_STREAMS = 32
BEAT_S = 15.0  # a comment that keeps the connection open
MOST = 2**62
Since = Annotated[str | None, Query(max_length=40, description="A day, ISO 8601, or 7d.", examples=["7d", "2024-05-31"])]

OfSource = Annotated[str | None, Query(max_length=100, description="Lines of this source.")]
OfKind = Annotated[ChangeKind | None, Query(description="Lines of this kind.")]
MinRank = Annotated[int | None, Query(ge=0, le=100, description="Lines that matter at least so much.")]


def only_of(
    after: Annotated[int, Query(ge=0, le=MOST, description="`next` of an earlier answer: lines behind it.")] = 0,
    since: Since = None,
    source: OfSource = None,
    kind: OfKind = None,
    min_rank: MinRank = None,
) -> Only:
    """Which lines are asked for. Raises UsageError for what is no moment."""
    return Only(after, beginning(since), source, None if kind is None else str(kind), min_rank)


@router.get(
    "/changes",
    response_model=None,
    responses={200: {"model": ChangeList, "links": links(record=("record", "/items/0/document"))}},
    summary="The ledger",
)
async def ledger(
    request: Request,
    door: Reader,
    after: Annotated[int, Query(ge=0, le=MOST, description="`next` of an earlier answer: lines behind it.")] = 0,
    since: Since = None,
    source: OfSource = None,
    kind: OfKind = None,
    min_rank: MinRank = None,
    limit: Limit = 100,
    wait: Annotated[float, Query(ge=0, le=LONGEST_S, description="Seconds to wait where nothing is there yet.")] = 0,
) -> Response:
    """Lines in commit order: whoever asks again with `next` misses none."""
    only = only_of(after, since, source, kind, min_rank)
    tip: Tip = request.app.state.tip
    ends, known = time.monotonic() + wait, await tip.of(door) if wait else 0
    found = await run_in_threadpool(_read, door, only, limit)
    while not found and (left := ends - time.monotonic()) > 0 and not await request.is_disconnected():
        await asyncio.sleep(min(POLL_S, left))
        if (now := await tip.of(door)) != known:
            known, found = now, await run_in_threadpool(_read, door, only, limit)
    items = [shown.change(line) for line in found]
    return answer(request, listed(items, None, items[-1]["seq"] if items else after))


def _read(door: Door, only: Only, limit: int) -> Sequence[Any]:
    with door.read() as c:
        return changes.read(c, only, limit)


@router.get(
    "/changes/stream",
    response_model=None,
    responses={200: {"content": {"text/event-stream": {}}}},
    summary="The ledger as it grows",
)
async def stream(
    request: Request,
    door: Reader,
    after: Annotated[int, Query(ge=0, le=MOST, description="The `seq` of the last line that is known.")] = 0,
) -> Response:
    """Server-sent events, one for each line; their id is its `seq`, so that a browser that comes back goes on where it was."""
    last = request.headers.get("last-event-id", "")
    at = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else after
    streams: set[object] = request.app.state.streams
    if len(streams) >= MOST_STREAMS:
        raise CannotError("too many streams are open", remedy="ask /api/v1/changes with wait instead")
    return StreamingResponse(
        _events(request, door, at),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(request: Request, door: Door, after: int) -> AsyncIterator[str]:
    streams: set[object] = request.app.state.streams
    tip: Tip = request.app.state.tip
    own = object()
    streams.add(own)
    try:
        said = time.monotonic()
        yield "retry: 5000\n\n"
        while not await request.is_disconnected():
            grown = await tip.of(door) > after
            found = await run_in_threadpool(_read, door, Only(after), 100) if grown else ()
            for line in found:
                value = shown.change(line)
                after = value["seq"]
                yield f"id: {after}\nevent: {value['kind']}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"
            now = time.monotonic()
            if not found and now - said >= BEAT_S:
                yield ": still here\n\n"
                said = now
            elif found:
                said = now
            await asyncio.sleep(POLL_S)
    finally:
        streams.discard(own)
