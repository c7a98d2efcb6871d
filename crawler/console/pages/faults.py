"""What is wrong, as a page: for whoever asks for HTML. Programs get it as `application/problem+json`."""

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from crawler.console.pages import login
from crawler.console.pages.rendering import page

MACHINES = ("/api/", "/feeds/", "/timegate/", "/timemap/", "/metrics", "/healthz", "/readyz", "/static/")


def wants_page(request: Request) -> bool:
    """Does a browser ask? The API and what else is for machines answers machines."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(MACHINES)


def fault_page(request: Request, told: dict[str, Any]) -> Response | None:
    """A problem as a page; None where it is not wanted as one. `told`: the problem's members."""
    if not wants_page(request):
        return None
    if told["status"] == 401 and request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return login.shown(request, f"{request.url.path}{query}", status=401)
    known = f"fault.{told['status']}"
    made = page(request, "fault.html", {"told": told, "known": known, "q": ""}, status=told["status"])
    made.headers["Vary"] = "Accept, Accept-Language, Cookie"
    return made
