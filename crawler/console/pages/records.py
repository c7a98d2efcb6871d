"""Search results, a document, its versions and differences, its work."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crawler.console import shown
from crawler.console.api.common import Reader
from crawler.console.api.records import chosen
from crawler.console.asking import Asked, Parameters
from crawler.console.door import document_of
from crawler.console.pages.labels import LOUD
from crawler.console.pages.rendering import address, page, reader_of
from crawler.console.pages.steps import steps_of
from crawler.console.problems import NotThere
from crawler.errors import UsageError
from crawler.record import citation
from crawler.record.compare import Side, sides
from crawler.record.frame import unpacked
from crawler.record.labels import FACTS, META
from crawler.repository import changes, query
from crawler.repository.search.attached import excerpt
from crawler.repository.search.find import Hit, find, hit_values
from crawler.text.asked import phrases
from crawler.text.words import Phrase, marked

router = APIRouter(include_in_schema=False)
WINDOW = 60  # characters before and behind the first hit of a snippet
FACETS = ("source", "year", "issuer", "channel", "category", "presence")
LINES = 12  # of the ledger, on a document's page
VERSIONS = 20  # that are listed there, unless all are asked for
DIFF = re.compile(r"(\d{1,7})\.\.(\d{1,7})")


# ------------------------------------------------------------------ search
@router.get("/search")
def search(request: Request, door: Reader, asked: Asked) -> Response:
    """Results with snippets and facets; a question that is not understood is shown with its fault."""
    try:
        question = asked.question()
        with door.read() as c:
            found = find(c, question)
        marks = phrases(asked.q)
    except UsageError as error:
        return page(
            request,
            "search.html",
            {"here": "records", "q": asked.q, "asked": asked, "error": error, "at": getattr(error, "at", None)},
            status=422,
        )
    hits = [{**hit_values(hit), "title_parts": cut(hit.title, marks), **_excerpt(hit, marks)} for hit in found.rows]
    values = {
        "here": "records", "q": asked.q, "asked": asked, "error": None, "hits": hits, "total": found.total, "exact": found.exact,
        "facets": _facets(asked, found.facets or {}), "narrowed": _narrowed(asked), "next": _address(asked, after=found.next) if found.next else None,
        "by_date": _address(asked, sort=None), "by_relevance": _address(asked, sort="relevance"), "feed": address("/feeds/search.atom", **_query(asked)),
    }  # fmt: skip
    return page(request, "search.html", values)


def _query(asked: Parameters) -> dict[str, object]:
    only = {name: getattr(asked.only, name) for name in asked.only.__slots__}
    return {"q": asked.q, **only, "sort": None if asked.sort == "date" else asked.sort, "as_of": asked.as_of}


def _address(asked: Parameters, **other: object) -> str:
    return address("/search", **{**_query(asked), **other})


def _facets(asked: Parameters, found: Mapping[str, Sequence[tuple[str, int]]]) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """(field, (value, how many, address of the narrowed search)) of facets that tell results apart."""
    made = []
    for name in FACETS:
        values = [(value, count, _narrow(asked, name, value)) for value, count in found.get(name, ())]
        if len(values) > 1:
            made.append((name, values))
    return made


def _narrow(asked: Parameters, name: str, value: str) -> str:
    if name == "year":
        return _address(asked, since=value, until=value)
    return _address(asked, **{name: f'"{value}"' if name in ("issuer", "channel", "category") and " " in value else value})


def _narrowed(asked: Parameters) -> list[tuple[str, str, str]]:
    """(field, value, address without it) of what narrows this search."""
    return [
        (name, str(value), _address(asked, **{name: None}))
        for name, value in _query(asked).items()
        if value and name not in ("q", "sort")
    ]


def cut(text: str, marks: Sequence[Phrase]) -> list[tuple[str, bool]]:
    """A text in pieces: (piece, is it a hit)."""
    pieces, done = [], 0
    for first, last in marked(text, marks):
        if first >= done:
            pieces += [(text[done:first], False), (text[first:last], True)]
            done = last
    return [(piece, hit) for piece, hit in [*pieces, (text[done:], False)] if piece]


def _excerpt(hit: Hit, marks: Sequence[Phrase]) -> dict[str, object]:
    """The pieces of a result's snippet, and where it stands when that is in a document that the notice links to."""
    found = excerpt(hit.record, hit.files, marks, width=WINDOW, marks=("", ""))
    if found.at is None:
        return {"snippet_parts": window(hit.record, marks), "at": None}
    return {"snippet_parts": cut(found.text.replace("\n", " "), marks), "at": str(found.at)}


def window(record: bytes, marks: Sequence[Phrase]) -> list[tuple[str, bool]]:
    """What stands around the first hit in the body, or the body's beginning."""
    text = " ".join(unpacked(record)["body"])
    spans = marked(text, marks)
    first = max(0, (spans[0][0] if spans else 0) - WINDOW)
    last = min(len(text), (spans[0][1] if spans else WINDOW) + 2 * WINDOW)
    pieces = cut(text[first:last], marks)
    return [*([("…", False)] if first else []), *pieces, *([("…", False)] if last < len(text) else [])]


# ------------------------------------------------------------------ one document
@router.get("/d/{name}")
def document(request: Request, door: Reader, name: str) -> Response:
    """A record laid out like its notice, in its current version."""
    return _document(request, door, name, None)


@router.get("/d/{name}/v/{number}")
def version(request: Request, door: Reader, name: str, number: int) -> Response:
    """One of its versions."""
    return _document(request, door, name, number)


def _document(request: Request, door: Reader, name: str, number: int | None) -> Response:
    with door.read() as c:
        public_id, meant = document_of(c, name, number)
        found = query.outline(c, public_id)
        row = query.filled(c, [chosen(found, meant)])[0]
        steps = steps_of(c, found)
        tally = query.tally(c, found.row)
        ledger = changes.steps(c, found.row, LINES)
    record = row.record
    cited, language = citation.cited(found.id, row.n, record, found.presence), reader_of(request).language
    listed = steps if request.query_params.get("versions") == "all" else steps[:VERSIONS]
    values = {
        "here": "records", "found": found, "version": row, "files": {item.number: item for item in found.attachments(row)}, "record": record, "facts": facts(record), "blocks": blocks(record), "tally": tally,
        "dateline": _dateline(record), "newest": row.n == found.versions[-1].n, "ledger": [(at, kind, kind in LOUD) for at, kind in ledger],
        "steps": listed, "earlier": len(steps) - len(listed), "citation": citation.text(cited, language), "gb7714": citation.gb7714(cited),
    }  # fmt: skip
    return page(request, "document.html", values)


def _dateline(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, record.get(name)) for name in ("published", "source", "clicks")]


def facts(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(label of a fact, its value, key of its provenance): known ones, then what else the page's block said."""
    meta = record.get("meta") or {}
    rows = [(META.get(key, key), str(value), f"meta.{key}") for key, value in meta.items() if isinstance(value, str)]
    known = {value for _, value, _ in rows}
    labels = meta.get("labels") or ()
    rows += [(item["label"], item["value"], "meta.labels") for item in labels if item.get("value") and item["value"] not in known]
    rows += [(item["role"], item["name"], "people") for item in record.get("people") or ()]
    return rows


def blocks(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The body as it is laid out: ("p", text) or ("table", {caption, header, rows}); a table's paragraphs are not shown twice."""
    tables = {table["at"]: table for table in record.get("tables") or ()}
    made: list[tuple[str, Any]] = []
    skip = 0
    for at, text in enumerate(record["body"]):
        table = tables.get(at)
        if table is not None:
            made.append(("table", table))
            skip = len(table["rows"])
        if skip:
            skip -= 1
            continue
        made.append(("p", text))
    return made


@router.get("/d/{name}/diff/{span}")
def difference(request: Request, door: Reader, name: str, span: str) -> Response:
    """Two versions, side by side or inline (`?as=inline`)."""
    known = DIFF.fullmatch(span)
    if known is None:
        raise NotThere(f"{span[:40]!r} is no pair of versions", remedy="write 1..2")
    with door.read() as c:
        found = query.outline(c, document_of(c, name)[0])
        before, after = query.filled(c, [chosen(found, int(known[1])), chosen(found, int(known[2]))])
    rows: list[Side] = sides(before.record["body"], after.record["body"])
    inline = request.query_params.get("as") == "inline"
    differences = shown.difference(before, after)
    values = {
        "here": "changes", "found": found, "before": before, "after": after, "rows": rows, "inline": inline, "differences": differences,
        "fields": [item for item in differences if item["field"] != "body"], "labels": {**FACTS, **{f"meta.{key}": text for key, text in META.items()}},
    }  # fmt: skip
    return page(request, "diff.html", values)


@router.get("/w/{name}")
def work(request: Request, door: Reader, name: str) -> Response:
    """The documents that say the same."""
    with door.read() as c:
        found = query.work(c, name)
    if not found:
        raise NotThere(f"no work is known as {name[:80]!r}")
    return page(request, "work.html", {"here": "records", "members": found, "id": name})
