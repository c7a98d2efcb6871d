"""Documents that a record's notice links to: what is known of each, its text by page, its bytes as a download that no browser shows."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from crawler.archive.reader import open_page
from crawler.console.answers import answer, has, listed
from crawler.console.api.captures import DOWNLOAD
from crawler.console.api.common import GONE, MISSING, Name, Reader
from crawler.console.api.shapes import Attachments, AttachmentShape, AttachmentText
from crawler.console.door import document_of
from crawler.console.problems import NotThere
from crawler.errors import UsageError
from crawler.record.content import members_of, pieces_of
from crawler.record.tables import table_json
from crawler.repository import attached, query, selection
from crawler.repository.attached import Attached
from crawler.repository.database import Connection

router = APIRouter(tags=["attachments"])
Number = Annotated[int, Path(ge=1, le=100_000, description="Its number among the record's attachments, from 1.")]
Version = Annotated[int | None, Query(ge=1, le=1_000_000, description="A state at the site, from 1.")]
PIECES = 200  # of one answer


def of_record(c: Connection, name: str, version: int | None) -> tuple[str, tuple[Attached, ...]]:
    """(id of a record, what its version links to). Raises NotThere."""
    public_id, meant = document_of(c, name, version)
    found = query.document(c, public_id)
    try:
        return found.id, found.attachments(query.version(found, meant))
    except UsageError as error:
        raise NotThere(error.message, remedy=error.remedy) from error


def one(c: Connection, name: str, version: int | None, number: int) -> Attached:
    """One of them. Raises NotThere."""
    try:
        return attached.numbered(of_record(c, name, version)[1], number)
    except UsageError as error:
        raise NotThere(error.message, remedy=error.remedy) from error


@router.get(
    "/records/{name}/attachments",
    response_model=None,
    responses={200: {"model": Attachments}, **MISSING, **GONE},
    summary="Its attachments",
)
def attachments(request: Request, door: Reader, name: Name, version: Version = None) -> Response:
    """The documents that the notice links to, in the page's order, with what became of each."""
    with door.read() as c:
        public_id, found = of_record(c, name, version)
    return answer(request, listed([attached.values(item) for item in found], len(found), None, id=public_id))


@router.get(
    "/records/{name}/attachments/{number}", response_model=None, responses={200: {"model": AttachmentShape}, **MISSING, **GONE}, summary="One attachment"
)  # fmt: skip
def attachment(request: Request, door: Reader, name: Name, number: Number, version: Version = None) -> Response:
    """What is known of it: type by its bytes, size, pages, digest, since when it is gone."""
    with door.read() as c:
        found = one(c, name, version, number)
    return answer(request, attached.values(found))


@router.get(
    "/records/{name}/attachments/{number}/text", response_model=None, responses={200: {"model": AttachmentText}, **MISSING, **GONE}, summary="Its text"
)  # fmt: skip
def attachment_text(
    request: Request,
    door: Reader,
    name: Name,
    number: Number,
    version: Version = None,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Begin with this page, sheet or part, counted from 1.")] = 1,
) -> Response:
    """Its text by page, sheet or part, so many at a time; of sheets also the cells with their rows' numbers."""
    with door.read() as c:
        found = one(c, name, version, number)
        if found.digest is None:
            raise NotThere(f"attachment {number} was not read", remedy=found.reason or "")
        packed = attached.text(c, found.digest)
    pieces = pieces_of(packed)
    items: list[dict[str, Any]] = [
        {
            "kind": piece.kind, "name": piece.name, "place": piece.place, "within": piece.within, "lines": list(piece.lines),
            "rows": [{"row": row, "cells": list(cells)} for row, cells in piece.rows], "tables": [table_json(each) for each in piece.tables],
        }
        for piece in pieces[page - 1 : page - 1 + PIECES]
    ]  # fmt: skip
    following = page + PIECES if len(pieces) >= page + PIECES else None
    value = listed(items, len(pieces), str(following) if following else None, digest=found.digest, reason=found.reason)
    return answer(request, {**value, "members": members_of(packed)})


@router.get(
    "/records/{name}/attachments/{number}/payload",
    response_model=None,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **MISSING,
        **GONE,
    },
    summary="Its bytes",
)
def attachment_payload(request: Request, door: Reader, name: Name, number: Number, version: Version = None) -> Response:
    """The document as a download, under the name its server gave it. The bytes are checked against their digest before they are sent."""
    with door.read() as c:
        found = one(c, name, version, number)
        if found.capture is None:
            raise NotThere(f"the archive has no bytes of attachment {number}", remedy=found.reason or "")
        tag = f'"{found.digest}"'
        if has(request, tag):
            return Response(status_code=304, headers={**DOWNLOAD, "ETag": tag})
        places = selection.one(c, found.capture)
    body = bytes(open_page(door.archive, *places).body)
    headers = {**DOWNLOAD, "Content-Disposition": disposition(found), "ETag": tag}
    return Response(body, headers=headers, media_type="application/octet-stream")


def disposition(found: Attached) -> str:
    """Always a download (RFC 6266); the name in UTF-8 (RFC 5987), without what a path could be made of."""
    name = "".join(each for each in (found.file or found.name) if each.isprintable() and each not in '"\\/:*?<>|;') or "file"
    plain = "".join(each if each.isascii() else "_" for each in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
