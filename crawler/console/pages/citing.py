"""How a version is cited, and what this archive proves and what not."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response

from crawler.console.answers import ENCODE
from crawler.console.api.common import Reader
from crawler.console.api.records import chosen
from crawler.console.door import document_of
from crawler.console.pages.rendering import page, reader_of
from crawler.record import citation
from crawler.repository import query

router = APIRouter(include_in_schema=False)
CSL = "application/vnd.citationstyles.csl+json"


@router.get("/d/{name}/cite")
def cite(
    request: Request,
    door: Reader,
    name: str,
    number: Annotated[int | None, Query(alias="version", ge=1, le=2**31)] = None,
    form: Annotated[str | None, Query(alias="as", pattern="^(text|gb7714|csl)$")] = None,
) -> Response:
    """A citation in three forms; `as`: one of them alone, for programs and reference managers."""
    with door.read() as c:
        public_id, meant = document_of(c, name, number)
        found = query.outline(c, public_id)
        row = query.filled(c, [chosen(found, meant)])[0]
    made = citation.cited(found.id, row.n, row.record, found.presence)
    language = reader_of(request).language
    if form == "csl":
        file = {"Content-Disposition": f'attachment; filename="{made.name}.json"'}
        return Response(ENCODE([citation.csl(made)]).encode("utf-8", "replace"), media_type=CSL, headers=file)
    if form is not None:
        said = citation.gb7714(made) if form == "gb7714" else citation.text(made, language)
        return PlainTextResponse(said + "\n")
    values = {
        "here": "records", "found": found, "version": row, "made": made, "text": citation.text(made, language), "gb7714": citation.gb7714(made),
        "csl_text": json.dumps(citation.csl(made), ensure_ascii=False, indent=2), "others": [one.n for one in found.versions if one.n != row.n],
    }  # fmt: skip
    return page(request, "cite.html", values)


@router.get("/about")
def about(request: Request, door: Reader) -> Response:
    """What this archive proves and what not."""
    with door.read() as c:
        totals = door.totals(c)
    return page(request, "about.html", {"here": "about", "totals": totals, "operator": door.config.operator})
