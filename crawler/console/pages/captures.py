"""A capture: the exchange, its headers and digests, where it lies, its text; and the archived page itself, shut in."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crawler.archive.around import Around, around
from crawler.archive.reader import open_page
from crawler.console.api.captures import capture_of
from crawler.console.api.common import Reader
from crawler.console.memento import http_date, links
from crawler.console.pages.plain import inert, text_of
from crawler.console.pages.rendering import page
from crawler.console.problems import NotThere
from crawler.errors import DamagedRecord
from crawler.model import Page
from crawler.repository import figures
from crawler.text import charset
from crawler.text.urls import is_http

router = APIRouter(include_in_schema=False)
LONGEST = 400_000  # characters of a page that are read for its text
SHOWN = 20_000  # of the text that are shown
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SHUT = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-DNS-Prefetch-Control": "off",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-cache",
}


@router.get("/c/{name}")
def capture(request: Request, door: Reader, name: str) -> Response:
    """What was asked, what came, where it lies. Damage is told on the page: the metadata is there all the same."""
    found, held = capture_of(door, name)
    shown: Page | None = None
    damage, text, near = "", "", Around()
    try:
        shown = open_page(door.archive, found.place, held)
        text = _text(shown)
        with door.read() as c:
            behind = figures.behind(c, found.file, found.offset)
        near = around(door.archive, found.place, behind)
    except DamagedRecord as error:
        damage = error.message
    reach = near.look.get("reach") or {}
    values = {
        "here": "records", "found": found, "damage": damage, "headers": shown.headers if shown else (), "size": len(shown.body) if shown else None,
        "text": text[:SHOWN], "cut": len(text) > SHOWN, "viewable": shown is not None and _kind(shown) is not None, "near": near, "reach": reach,
        "request": near.request.decode("utf-8", "replace").strip(), "tls": near.look.get("tls") or {}, "linkable": is_http(found.url),
    }  # fmt: skip
    made = page(request, "capture.html", values)
    made.headers["Memento-Datetime"] = http_date(found.at)  # RFC 7089, 2.1.1
    made.headers["Link"] = links(request, found.url)
    return made


@router.get("/c/{name}/page")
def archived(door: Reader, name: str) -> Response:
    """The archived page: in a sandbox without scripts, forms and origin, and with nothing loaded from anywhere. What it shows is
    decoded by us; the very bytes are the download's."""
    found, held = capture_of(door, name)
    shown = open_page(door.archive, found.place, held)
    kind = _kind(shown)
    if kind is None:
        raise NotThere(f"{found.id} is no page that can be shown", remedy="download its bytes")
    if kind in PICTURES:
        return Response(bytes(shown.body), media_type=kind, headers=SHUT)
    read = charset.decode(bytes(shown.body), shown.header("content-type")).text
    body = inert(read) if kind == "text/html" else read
    return Response(body.encode("utf-8", "replace"), media_type=f"{kind}; charset=utf-8", headers=SHUT)


def _kind(shown: Page) -> str | None:
    """As what a browser may be given it: HTML, plain text, a picture that runs nothing; None: not at all."""
    said = (shown.header("content-type") or "").partition(";")[0].strip().lower()
    if said in PICTURES:
        return said
    if said in ("text/html", "application/xhtml+xml"):
        return "text/html"
    if said.startswith("text/") or said.endswith(("json", "xml")):
        return "text/plain"
    start = bytes(shown.body[:512]).lstrip().lower()
    return "text/html" if not said and start.startswith((b"<!doctype html", b"<html")) else None


def _text(shown: Page) -> str:
    kind = _kind(shown)
    if kind not in ("text/html", "text/plain"):
        return ""
    read = charset.decode(bytes(shown.body), shown.header("content-type")).text[:LONGEST]
    return text_of(read) if kind == "text/html" else read
