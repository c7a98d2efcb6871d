"""Captures: metadata, and the bytes as a download that no browser shows."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crawler.archive.reader import open_page, open_wire
from crawler.console import shown
from crawler.console.answers import answer, has
from crawler.console.api.common import GONE, MISSING, CaptureName, Reader
from crawler.console.api.shapes import CaptureShape
from crawler.console.door import Door
from crawler.console.problems import NotThere
from crawler.errors import UsageError, Withheld
from crawler.model import Capture
from crawler.repository import exchanges
from crawler.repository.exchanges import CaptureView

router = APIRouter(tags=["captures"])
DOWNLOAD = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


def capture_of(door: Door, name: str) -> tuple[CaptureView, Capture | None]:
    """(a capture, the one that holds its payload where that is another). Raises NotThere, Withheld."""
    try:
        with door.read() as c:
            found = exchanges.capture(c, name)
            held = exchanges.capture(c, found.original).place if found.original else None
    except Withheld:
        raise
    except UsageError as error:
        raise NotThere(error.message, remedy=error.remedy) from error
    return found, held


@router.get(
    "/captures/{name}", response_model=None, responses={200: {"model": CaptureShape}, **MISSING, **GONE}, summary="One capture"
)
def capture(request: Request, door: Reader, name: CaptureName) -> Response:
    """When it was made, what came, its digest, where in which WARC file it lies."""
    return answer(request, shown.capture(capture_of(door, name)[0]))


@router.get(
    "/captures/{name}/payload",
    response_model=None,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **MISSING,
        **GONE,
    },
    summary="Its bytes",
)
def payload(
    request: Request,
    door: Reader,
    name: CaptureName,
    form: Annotated[
        str, Query(alias="as", pattern="^(payload|response)$", description="payload: decoded; response: the answer as it came.")
    ] = "payload",
) -> Response:
    """The bytes as a download. They are checked against their digest before they are sent."""
    found, held = capture_of(door, name)
    tag = f'"{found.id}-{form}"'
    if has(request, tag):
        return Response(status_code=304, headers={**DOWNLOAD, "ETag": tag})
    body = open_wire(door.archive, found.place) if form == "response" else bytes(open_page(door.archive, found.place, held).body)
    file = f"{found.id}.{'http' if form == 'response' else 'bin'}"
    headers = {**DOWNLOAD, "Content-Disposition": f'attachment; filename="{quote(file)}"', "ETag": tag}
    return Response(body, headers=headers, media_type="application/octet-stream")
