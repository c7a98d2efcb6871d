"""The console as one ASGI application: the guard, the API, the pages, the machines' addresses."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from crawler.console import feeds, machines, memento, problems
from crawler.console.answers import answer
from crawler.console.api import attachments, captures, changes, common, operations, records, sources
from crawler.console.api.shapes import Problem
from crawler.console.door import Door
from crawler.console.guard import Guard, Rate
from crawler.console.pages import captures as capture_pages
from crawler.console.pages import citing, described, faults, ledger, login, rendering
from crawler.console.pages import operations as operation_pages
from crawler.console.pages import records as record_pages
from crawler.console.pages import sources as source_pages
from crawler.console.waiting import Tip

TITLE = "Gongkai"
ABOUT = (
    "What governments published, as records that point to the very bytes they came from. Times are ISO 8601. Lists are "
    '`{"items": […], "total": n, "next": cursor}`; errors are `application/problem+json`.'
)


def create(door: Door, *, version: str = "0.1.0") -> Guard:
    """The application. The door's database stays open for as long as it serves."""
    app = FastAPI(
        title=TITLE,
        version=version,
        description=ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.door = door
    app.state.streams = set()
    app.state.tip = Tip()
    problems.install(app, faults.fault_page)
    for module in (records, attachments, changes, captures, sources, operations):
        app.include_router(module.router, prefix="/api/v1", responses=common.PROBLEMS)
    pages = (ledger, record_pages, source_pages, capture_pages, citing, operation_pages, login, described)
    for plain in (machines, memento, feeds, rendering, *pages):
        app.include_router(plain.router)
    _describe(app)

    @app.get("/api/openapi.json", include_in_schema=False)
    def description(request: Request) -> Response:
        """What the API takes and answers."""
        return answer(request, app.openapi())

    serve = door.config.serve
    return Guard(app, names=serve.names, rate=Rate(serve.requests_per_minute))


def _describe(app: FastAPI) -> None:
    """The OpenAPI description, with the problem's shape and the token."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            parts = made.setdefault("components", {})
            parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
            parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            for path in made["paths"].values():
                for method, operation in path.items():
                    if method == "post":
                        operation["security"] = [{"token": []}]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
