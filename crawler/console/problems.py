"""Errors as RFC 9457 says them: `application/problem+json`, with what is wrong and what to do about it."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from crawler.console.answers import ENCODE
from crawler.errors import CannotError, DamagedRecord, GongkaiError, Several, UsageError, Withheld
from crawler.text.asked import QueryError

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"


class NotThere(UsageError):
    """What an address names is not in the archive."""


class Unreadable(UsageError):
    """What was sent is not in the form that it says or must have."""


class Refused(UsageError):
    """The caller may not. `status`: 401 without a token, 403 with a wrong one."""

    def __init__(self, status: int, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


def problem(status: int, detail: str, **more: Any) -> Response:
    """An answer that says what is wrong."""
    title = HTTPStatus(status).phrase
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status in (429, 503):
        headers["Retry-After"] = str(more.pop("retry_after", 5))
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(ENCODE(body).encode("utf-8", "replace"), status, headers=headers, media_type=MEDIA_TYPE)


STATUSES = (
    (Withheld, 410), (NotThere, 404), (Several, 404), (Unreadable, 400), (UsageError, 422), (DamagedRecord, 410), (CannotError, 503),
)  # fmt: skip


def status_of(error: GongkaiError) -> int:
    """The status that an error of ours is told with."""
    if isinstance(error, Refused):
        return error.status
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def told(error: GongkaiError) -> Response:
    """An error of ours."""
    more: dict[str, Any] = {"remedy": error.remedy} if error.remedy else {}
    if isinstance(error, QueryError):
        more["at"] = error.at
    if isinstance(error, Withheld):
        more |= {"document": error.document, "reason": error.reason}
    if isinstance(error, Several):
        more["choices"] = [{"id": document, "title": title} for document, title in error.choices]
    return problem(status_of(error), error.message, **more)


def methods_of(app: FastAPI, path: str) -> list[str]:
    """What may be done at an address. HEAD is wherever GET is: the guard answers it."""
    asked = {"type": "http", "path": path, "root_path": "", "headers": []}
    found = [
        method
        for method in ("GET", "POST")
        if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in app.routes)
    ]
    return [*found, *(["HEAD"] if "GET" in found else [])]


Shown = Callable[[Request, dict[str, Any]], Response | None]


def install(app: FastAPI, as_page: Shown) -> None:
    """Every error leaves as a problem; as the page that `as_page` makes of it, where it makes one."""

    def leave(request: Request, made: Response) -> Response:
        shown = as_page(request, json.loads(bytes(made.body)))
        if shown is None:
            return made
        for name in ("www-authenticate", "retry-after", "allow"):
            if name in made.headers:
                shown.headers[name] = made.headers[name]
        return shown

    @app.exception_handler(GongkaiError)
    async def ours(request: Request, error: GongkaiError) -> Response:
        return leave(request, told(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        said = [{"where": ".".join(map(str, one["loc"][1:])) or str(one["loc"][0]), "what": one["msg"]} for one in error.errors()]
        if any(one["type"] == "json_invalid" for one in error.errors()):
            return leave(request, problem(400, "the body is no JSON", errors=said))
        return leave(request, problem(422, "; ".join(f"{one['where']}: {one['what']}" for one in said), errors=said))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        made = problem(error.status_code, str(error.detail))
        made.headers.update(error.headers or {})
        if error.status_code == 405:
            made.headers["allow"] = ", ".join(methods_of(app, request.scope["path"]))
        return leave(request, made)

    @app.exception_handler(ClientDisconnect)
    async def left(request: Request, _: ClientDisconnect) -> Response:
        return leave(request, problem(400, "the request ended before its body did"))

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        log.error("a request failed", path=request.url.path, exc_info=error)
        return leave(request, problem(500, "this is our fault; it is in the log"))
