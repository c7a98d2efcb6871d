"""Memento (RFC 7089): a TimeGate and TimeMaps over captures, so that its clients find what the archive holds of an address."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from crawler.console.answers import conditional
from crawler.console.api.common import Reader
from crawler.console.door import Door
from crawler.console.problems import NotThere, Unreadable
from crawler.model import Millis
from crawler.repository import exchanges
from crawler.repository.exchanges import Moment

router = APIRouter(tags=["memento"])
MOST = 10_000  # captures of one TimeMap


def _moments(door: Door, url: str) -> Sequence[Moment]:
    with door.read() as c:
        found = exchanges.moments(c, url, MOST)
    if not found:
        raise NotThere(f"the archive holds nothing of {url[:200]}", remedy="gongkai search finds what it holds")
    return found


def http_date(at: Millis) -> str:
    """A moment as RFC 9110 writes it."""
    return format_datetime(datetime.fromtimestamp(at / 1000, UTC), usegmt=True)


def _url(request: Request, marker: str) -> str:
    """The address behind the marker, its query with it: an address has no need to be escaped in another's path."""
    path = (request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1")
    url = path.partition(marker)[2]
    return f"{url}?{request.url.query}" if request.url.query else url


@router.get("/timegate/{_:path}", include_in_schema=False)
def timegate(request: Request, door: Reader) -> Response:
    """The capture nearest to `Accept-Datetime`, without it the newest: a redirect to its page."""
    original = _url(request, "/timegate/")
    found = _moments(door, original)
    wanted = request.headers.get("accept-datetime")
    at = found[-1].at
    if wanted is not None:
        try:
            at = int(parsedate_to_datetime(wanted).timestamp() * 1000)
        except (ValueError, OverflowError) as error:
            raise Unreadable(
                f"Accept-Datetime {wanted[:60]!r} is no date", remedy="write it as RFC 9110 does: Sun, 06 Nov 1994 08:49:37 GMT"
            ) from error
    best = min(found, key=lambda one: (abs(one.at - at), -one.at))
    base = str(request.base_url).rstrip("/")
    return RedirectResponse(f"{base}/c/{best.id}", 302, headers={"Vary": "accept-datetime", "Link": links(request, original)})


def links(request: Request, original: str) -> str:
    """Where an address and its captures are, for the header of that name. An archived address is quoted: it may hold anything."""
    base, safe = str(request.base_url).rstrip("/"), quote(original, safe="%:/?#[]@!$&'()*+,;=-._~")
    to = (("", "original"), (f"{base}/timegate/", "timegate"), (f"{base}/timemap/link/", "timemap"))
    kind = '; type="application/link-format"'
    return ", ".join(f'<{start}{safe}>; rel="{name}"{kind if name == "timemap" else ""}' for start, name in to)


@router.get("/timemap/link/{_:path}", include_in_schema=False)
def timemap(request: Request, door: Reader) -> Response:
    """All captures of an address, in link format (RFC 6690)."""
    original = _url(request, "/timemap/link/")
    found = _moments(door, original)
    body = ",\n".join(_lines(str(request.base_url).rstrip("/"), original, found)) + "\n"
    return conditional(request, body.encode("utf-8", "replace"), "application/link-format")


def _lines(base: str, original: str, found: Sequence[Moment]) -> Iterator[str]:
    span = f'from="{http_date(found[0].at)}"; until="{http_date(found[-1].at)}"'
    yield f'<{original}>; rel="original"'
    yield f'<{base}/timemap/link/{original}>; rel="self"; type="application/link-format"; {span}'
    yield f'<{base}/timegate/{original}>; rel="timegate"'
    for number, one in enumerate(found):
        ends = [word for word, here in (("first", number == 0), ("last", number == len(found) - 1)) if here]
        yield f'<{base}/c/{one.id}>; rel="{" ".join([*ends, "memento"])}"; datetime="{http_date(one.at)}"'
