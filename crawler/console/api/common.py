"""What the routes share: the door, who asks, and the parameters that several take."""

from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request

from crawler.console.door import Door
from crawler.console.session import COOKIE


def door_of(request: Request) -> Door:
    """The door of this console."""
    door: Door = request.app.state.door
    return door


def reader(request: Request, authorization: Annotated[str | None, Header(include_in_schema=False)] = None) -> Door:
    """The door, for whoever may read."""
    door = door_of(request)
    door.admit(authorization, writes=False, reader=request.cookies.get(COOKIE))
    return door


def operator(request: Request, authorization: Annotated[str | None, Header(include_in_schema=False)] = None) -> Door:
    """The door, for whoever may change something."""
    door = door_of(request)
    door.admit(authorization, writes=True)
    return door


Reader = Annotated[Door, Depends(reader)]
Operator = Annotated[Door, Depends(operator)]
BEGINNING = "or an unambiguous beginning of it, of four characters or more"
Name = Annotated[
    str,
    Path(
        max_length=6000,
        description=f"A record's id, {BEGINNING}; a capture's id; or the address of its page, percent-encoded.",
        examples=["7k3m9q2x1vtd"],
    ),
]
CaptureName = Annotated[str, Path(max_length=2000, description=f"A capture's id, {BEGINNING}.", examples=["c-7k3m9q2x1vtd"])]
SourceName = Annotated[str, Path(max_length=2000, description="A source's id.", examples=["demo"])]
WorkName = Annotated[str, Path(max_length=2000, description="A work's id, as its records name it.", examples=["7k3m9q2x1vtd"])]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": said, **PROBLEM}
    for status, said in {
        400: "The body is no JSON.",
        401: "A token is needed.",
        403: "That is not the token.",
        413: "The request has too many bytes.",
        414: "The address has too many bytes.",
        422: "What was asked is not understood.",
        429: "Too often.",
        503: "The archive cannot be asked now, or too many streams are open.",
    }.items()
}
MISSING: dict[int | str, dict[str, Any]] = {404: {"description": "It is not in the archive.", **PROBLEM}}


def links(**to: tuple[str, str]) -> dict[str, Any]:
    """Where the answer's values lead: name → (operation, JSON pointer of the name that it takes)."""
    return {
        name: {"operationId": operation, "parameters": {"path.name": f"$response.body#{pointer}"}}
        for name, (operation, pointer) in to.items()
    }


GONE: dict[int | str, dict[str, Any]] = {
    410: {"description": "It is withheld, and why; or its bytes are damaged or missing.", **PROBLEM}
}
