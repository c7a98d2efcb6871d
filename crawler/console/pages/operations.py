"""Operations: runs, what waits, and what may be done by whoever has the token. Its forms go through the very checks of the API.

The token is typed into the form and sent in its body: no cookie or session carries it, so another site's page has nothing to misuse.
"""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from crawler.console.api import operations
from crawler.console.api.common import Reader, door_of
from crawler.console.api.shapes import Reason, Wish
from crawler.console.pages.rendering import address, page
from crawler.console.problems import Refused, Unreadable
from crawler.errors import UsageError
from crawler.model import now_ms
from crawler.repository import acts, exchanges, figures, gauges

router = APIRouter(include_in_schema=False)
ACTIONS = ("crawl", "pause", "resume")
LATEST = 40
LONGEST = 500  # characters of a reason
MOST_FIELDS = 20  # of a form


async def fields(request: Request) -> dict[str, str]:
    """What a form said, each field once. Raises Refused when another site's page sent it, Unreadable for what is no form of ours."""
    origin = request.headers.get("origin")
    elsewhere = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if elsewhere or request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Refused(403, "this form was not sent from here")
    body = (await request.body()).decode("utf-8", "replace")
    try:
        said = parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Unreadable(f"a form has {MOST_FIELDS} fields at most") from error
    return {name: values[0] for name, values in said.items()}


@router.get("/operations")
def show(request: Request, door: Reader) -> Response:
    """Runs, the frontier, what was done by hand, and the form."""
    with door.read() as c:
        known = door.sources(c)
        values = {
            "runs": exchanges.runs(c, limit=LATEST), "waiting": figures.waiting(c), "acts": acts.acts(c, LATEST), "waits": gauges.read(c, now_ms()),
        }  # fmt: skip
    paused = {row.id for row in known if row.paused}
    choices = [(name, source.title, name in paused) for name, source in sorted(door.config.sources.items())]
    done = request.query_params.get("done")
    asked = {
        "choices": choices, "able": door.token is not None, "done": done if done in ACTIONS else None, "about": request.query_params.get("source", "")[:100],
        "actions": ACTIONS,
    }  # fmt: skip
    made = page(request, "operations.html", {"here": "health", **values, **asked})
    made.headers["Referrer-Policy"] = "same-origin"  # under `no-referrer` a browser does not say where a form comes from
    return made


@router.post("/operations")
def act(request: Request, said: Annotated[dict[str, str], Depends(fields)]) -> Response:
    """Do it, and back to the page."""
    door = door_of(request)
    door.admit(f"Bearer {said.get('token', '')}", writes=True)
    action, name = said.get("action", ""), said.get("source", "")
    reason = Reason(reason=said.get("reason", "")[:LONGEST])
    if action == "pause":
        operations.pause(request, door, name, reason)
    elif action == "resume":
        operations.resume(request, door, name, reason)
    elif action == "crawl":
        operations.crawl(request, door, Wish(source=name))
    else:
        raise UsageError(f"{action[:40]!r} is nothing that can be done here", remedy=f"it is one of {', '.join(ACTIONS)}")
    return RedirectResponse(address("/operations", done=action, source=name), 303)
