"""Templates → pages: the reader's language, how values are written, the files that belong to pages. Everything is escaped."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from crawler.console import session
from crawler.console.answers import conditional
from crawler.console.pages.words import LANGUAGES, WORDS
from crawler.console.problems import NotThere
from crawler.record.labels import label_of
from crawler.text.beijing import beijing
from crawler.text.urls import is_http

router = APIRouter(include_in_schema=False)
STATIC = {"console.css": "text/css", "icon.svg": "image/svg+xml"}
NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")  # what HTML may not hold, whoever wrote it
YEAR_S = 31_536_000
COOKIE = "lang"
STORED = frozenset({"kind", "outcome", "presence", "result", "run", "state"})  # words of the archive, not of the interface


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: `language` zh or en; `address` of this page without its language."""

    language: str
    address: str

    def say(self, key: str, **values: object) -> str:
        """A word of the interface. What the archive stores and nobody has translated is shown as it is stored."""
        group, _, stored = key.partition(".")
        if group in STORED and key not in WORDS:
            return stored
        said = WORDS[key][LANGUAGES.index(self.language)]
        one, several, many = said.partition("|")  # of a word that is counted: what one is called, what more are
        if several:
            said = one if str(values.get("count")) == "1" else many
        return said.format(**values) if values else said


def reader_of(request: Request) -> Reader:
    """By `?lang=`, the cookie, Accept-Language; Chinese where nothing is said."""
    asked = request.query_params.get("lang") or request.cookies.get(COOKIE) or ""
    if asked not in LANGUAGES:
        accepted = request.headers.get("accept-language", "")
        first = accepted.split(",")[0].split(";")[0].strip().lower()
        asked = "en" if first and not first.startswith("zh") and first != "*" else "zh"
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return Reader(asked, f"{request.url.path}{'?' + urlencode(kept) if kept else ''}")


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("crawler.console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["when"] = lambda at, form="%Y-%m-%d %H:%M": beijing(at, form) if at is not None else "—"
    made.filters["label"] = label_of
    made.filters["segment"] = lambda text: quote(str(text), safe="")
    made.tests["web"] = lambda url: (
        isinstance(url, str) and is_http(url)
    )  # nothing else becomes a link: an archived address may be anything
    made.globals["asset"] = asset
    return made


def page(request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
    """A page in the reader's language. `values` are what its template shows; `here`: the part of the navigation it belongs to."""
    reader = reader_of(request)
    door = request.app.state.door
    inside = door.closed and door.is_reader(request.cookies.get(session.COOKIE))
    shown = {"here": "", "q": "", "session": inside, **values, "reader": reader, "say": reader.say, "lang": reader.language}
    body = NO_TEXT.sub("\ufffd", _environment().get_template(template).render(shown))
    headers = {"Content-Language": "zh-Hans" if reader.language == "zh" else "en", "Vary": "Accept-Language, Cookie"}
    if status == 200:
        made = conditional(request, body.encode("utf-8", "replace"), "text/html; charset=utf-8", headers)
    else:
        made = HTMLResponse(body, status, headers={**headers, "Cache-Control": "no-cache"})
    if inside:
        made.headers["Referrer-Policy"] = "same-origin"  # under `no-referrer` a browser does not say where the form comes from
    if request.query_params.get("lang") in LANGUAGES:
        made.set_cookie(COOKIE, reader.language, max_age=YEAR_S, httponly=True, samesite="strict")
    return made


def address(path: str, **query: object) -> str:
    """An address with a query; what is None or empty is left out."""
    kept = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path


# ------------------------------------------------------------------ files
@cache
def _static(name: str) -> tuple[bytes, str]:
    body = files("crawler.console").joinpath("static", name).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file that pages use: it changes with the file, so that it may be kept for a year."""
    return f"/static/{_static(name)[1]}/{name}"


@router.get("/static/{digest}/{name}")
def static(digest: str, name: str) -> Response:
    """A style sheet or picture of ours."""
    if name not in STATIC:
        raise NotThere(f"there is no file {name[:80]!r}")
    try:
        body, known = _static(name)
    except FileNotFoundError as error:
        raise NotThere(f"there is no file {name[:80]!r}") from error
    keep = f"public, max-age={YEAR_S}, immutable" if digest == known else "no-cache"
    return Response(body, media_type=STATIC[name], headers={"Cache-Control": keep})
