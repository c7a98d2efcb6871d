"""Into a closed archive and out again: the token is typed once and becomes a session that only reads (`console.session`)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from crawler.console import session
from crawler.console.api.common import door_of
from crawler.console.pages.operations import fields
from crawler.console.pages.rendering import page
from crawler.console.problems import Refused
from crawler.model import now_ms

router = APIRouter(include_in_schema=False)
LONGEST = 2000  # characters of an address to go on to


def shown(request: Request, onward: str, *, status: int = 200, wrong: bool = False) -> Response:
    """The form. `onward`: where to go on."""
    door = door_of(request)
    values = {"onward": local(onward), "wrong": wrong, "able": door.token is not None, "closed": door.closed}
    made = page(request, "login.html", values, status=status)
    made.headers["Cache-Control"] = "no-store"
    made.headers["Referrer-Policy"] = "same-origin"  # under `no-referrer` a browser does not say where a form comes from
    return made


def local(onward: str) -> str:
    """An address of this console, whatever was given: no form leads elsewhere."""
    plain = onward.isprintable() and "\\" not in onward and len(onward) <= LONGEST
    return onward if plain and onward.startswith("/") and not onward.startswith(("//", "/login", "/logout")) else "/"


@router.get("/login")
def form(request: Request) -> Response:
    """Where the token is typed."""
    return shown(request, request.query_params.get("onward", "/"))


@router.post("/login")
def begin(request: Request, said: Annotated[dict[str, str], Depends(fields)]) -> Response:
    """Begin a session and go on to what was asked for."""
    door, token = door_of(request), said.get("token", "")
    onward = said.get("onward", "/")
    try:
        door.admit(f"Bearer {token}", writes=True)
    except Refused as error:
        return shown(request, onward, status=error.status, wrong=True)
    made = RedirectResponse(local(onward), 303)
    secure = request.url.scheme == "https"
    made.set_cookie(
        session.COOKIE,
        session.begun(door.token or "", now_ms()),
        max_age=session.LASTS_S,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return made


@router.post("/logout", dependencies=[Depends(fields)])
def end() -> Response:
    """End the session in this browser."""
    made = RedirectResponse("/login", 303)
    made.delete_cookie(session.COOKIE, httponly=True, samesite="strict")
    return made
