"""A capture that somebody else made, as a look of ours: what was asked and came, when, and who made it with what. Pure.

Its record ids here follow from its own there, so that the same capture is told once, however often it is brought in. A revisit is told as
the answer it stands for; a saved page has a head of our own making, and its provenance says so.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from crawler.archive.foreign import Answer, as_it_is, head_for
from crawler.archive.walking import Raw
from crawler.fetcher import outcomes
from crawler.fetcher.fetcher import LEADS
from crawler.fetcher.message import HEAD_END
from crawler.model import EMPTY, NOWHERE, Exchange, Kind, Millis, Outcome, Page, Provenance, Request, Task, Wire, payload_digest
from crawler.text import urls

SPACE = uuid.UUID("6e0f4a3c-55a7-4ad5-9a0e-3c0c6f0f7a11")  # the name space of these ids
REQUEST_LINE = re.compile(rb"([A-Z]{3,10}) ")
STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b")
TYPE = re.compile(rb"\ncontent-type[ \t]*:[ \t]*([^\s;,]+)", re.IGNORECASE)
FURNITURE = re.compile(  # what pages are made with and no page is
    r"(?:image|video|audio|font)/.*|text/(?:css|javascript|ecmascript|x-component|vtt)|application/(?:x-|font-|vnd\.ms-)?(?:javascript|ecmascript|fontobject|font-.*|woff2?)"
    r"|application/(?:wasm|x-shockwave-flash|x-mpegurl|dash\+xml|vnd\.apple\.mpegurl|manifest\+json|ocsp-.*|pkix-.*)"
)
FURNITURE_PATH = re.compile(
    r"\.(?:css|m?js|map|png|jpe?g|gif|webp|avif|svg|ico|bmp|woff2?|ttf|otf|eot|swf|mp[34]|m3u8|ts|webm|flv|wasm)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a capture lies in: name, SHA-256, and what its warcinfo record says of who made it with what."""

    name: str
    sha256: str
    made: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a record tells: status, media type."""

    status: int
    media_type: str


def head_of(raw: Raw) -> Head | None:
    """None where a response record holds no HTTP."""
    if raw.type == "resource":
        return Head(200, raw.headers.get("content-type", "").partition(";")[0].strip().lower())
    found = STATUS_LINE.match(raw.block)
    if found is None:
        return None
    start = raw.block[: 1 << 16]
    end = HEAD_END.search(start)
    kind = TYPE.search(start, 0, end.end() if end else len(start))
    return Head(int(found[1]), kind[1].decode("latin-1").lower() if kind else "")


def furniture(url: str, head: Head) -> str:
    """Why this is no page: its media type; empty where it may be one."""
    if FURNITURE.fullmatch(head.media_type):
        return (
            head.media_type.partition("/")[0]
            if head.media_type.startswith(("image", "video", "audio", "font"))
            else head.media_type
        )
    if not head.media_type.startswith(("text/html", "application/xhtml", "application/json")) and FURNITURE_PATH.search(
        urls.path(url)[-8:]
    ):
        return "style, script, picture or font"
    return ""


def made_by(info: Raw) -> dict[str, str]:
    """What a warcinfo record says of who made the file, and with what (WARC 1.1, 6.2)."""
    lines = (line.partition(":") for line in info.block[: 1 << 16].decode("utf-8", "replace").splitlines())
    wanted = ("software", "operator", "publisher", "ispartof", "hostname", "format", "http-header-user-agent", "description")
    said = {name.strip().lower(): value.strip()[:500] for name, _, value in lines if value.strip()}
    return {name: said[name] for name in wanted if name in said}


def identity(raw: Raw) -> str:
    """What a capture is known by: its record id, address and time; where it has no id, its bytes, address and time."""
    own = raw.headers.get("warc-record-id", "") or payload_digest(raw.block)
    return f"{own} {raw.url} {raw.at}"


def record_id(what: str, known_as: str) -> str:
    """The WARC-Record-ID here of a capture: of its `look`, its `answer`."""
    return f"<urn:uuid:{uuid.uuid5(SPACE, f'{what} {known_as}')}>"


def request_of(url: str, sent: bytes) -> Request | None:
    """What was asked; `sent` is the request record's block, empty where there is none. None for other methods than GET and POST."""
    method = REQUEST_LINE.match(sent)
    if method is None or method[1] == b"GET":
        return Request(url)
    if method[1] != b"POST":
        return None
    return Request(url, "POST", body=sent.partition(b"\r\n\r\n")[2])


def digests(payload: bytes) -> set[str]:
    """A payload's digests as WARC files name them, in lower case."""
    found = set()
    for name in ("sha1", "sha256", "md5"):
        made = hashlib.new(name, payload, usedforsecurity=False)
        found |= {
            f"{name}:{base64.b32encode(made.digest()).decode().lower()}",
            f"{name}:{made.hexdigest()}",
            base64.b32encode(made.digest()).decode().lower(),
        }
    return found


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture to be told: its record and the answer it holds. Of a revisit the answer is the original's, below the `head` that came;
    `stands_for` is what it refers to."""

    raw: Raw
    answer: Answer
    origin: Origin
    sent: bytes = b""
    head: bytes = b""
    stands_for: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()


def exchange(found: Capture, task: Task, now: Millis) -> Exchange:
    """The look, as if we had looked then; `now`: when it is brought in."""
    raw, answer = found.raw, found.answer
    block, shown, head, notes = _bytes(found)
    cut = (
        raw.headers.get("warc-truncated", "") if raw.type != "revisit" else ""
    )  # of a revisit it says that its body is elsewhere
    framing = "chunked" if shown is None and b"transfer-encoding" in block[:head].lower() else "length"
    wire = Wire(found.sent, block, raw.headers.get("warc-ip-address", ""), framing, whole=not cut, head=head)
    outcome, evidence, location, leads = _outcome(task, answer, cut)
    known_as = identity(raw)
    said: dict[str, object] = {
        "file": found.origin.name,
        "sha256": found.origin.sha256,
        "record": raw.headers.get("warc-record-id", ""),
        "number": raw.number,
        "offset": raw.offset,
        "type": raw.type,
        "date": raw.headers.get("warc-date", ""),
        "made": dict(found.origin.made),
        "imported": now,
        **({"digest": raw.headers["warc-payload-digest"]} if "warc-payload-digest" in raw.headers else {}),
        **({"stands_for": dict(found.stands_for)} if found.stands_for else {}),
        **({"notes": list(notes)} if notes else {}),
    }
    return Exchange(
        task, outcome, raw.at, 0, status=answer.status, wire=wire,
        page=Page(task.request.url, answer.status, answer.headers, answer.body, raw.at), payload=answer.payload, location=location, leads=leads,
        detail="; ".join(filter(None, (evidence, *notes))), provenance=Provenance(record_id("look", known_as), record_id("answer", known_as), said, shown),
    )  # fmt: skip


def _bytes(found: Capture) -> tuple[bytes, bytes | None, int, tuple[str, ...]]:
    """(the answer as it came, what stands in our record instead, how much of the first is its head, what is odd of it)."""
    raw, answer, notes = found.raw, found.answer, (*found.answer.notes, *found.notes)
    if raw.type == "response":
        return raw.block, as_it_is(raw.block, answer), answer.head, notes
    if not found.head:
        own = head_for(b"", answer)
        return own + answer.payload, None, len(own), (*notes, "the HTTP head is not the server's")
    whole = found.head + answer.payload
    return whole, as_it_is(whole, replace(answer, head=len(found.head))), len(found.head), notes


def _outcome(task: Task, answer: Answer, cut: str) -> tuple[Outcome, str, str | None, str]:
    headers = {name.lower(): value for name, value in answer.headers}
    outcome, evidence = outcomes.outcome_of(answer.status, headers, conditional=False, body=answer.body[: outcomes.LOOKED_AT])
    if cut and outcome is Outcome.OK:
        reasons = {"length": Outcome.TOO_LARGE, "time": Outcome.TIMEOUT}
        return reasons.get(cut.lower(), Outcome.TRUNCATED), f"cut: {cut}", None, ""
    if outcome is Outcome.OK and task.kind in (Kind.DETAIL, Kind.LIST) and outcomes.is_blank(answer.body):
        return Outcome.EMPTY, f"{len(answer.body)} bytes with nothing to see", None, ""
    if outcome is not Outcome.REDIRECTED:
        return outcome, evidence, None, ""
    location = outcomes.location_of(task.request.url, headers["location"])
    if location is None:
        return Outcome.PROTOCOL_ERROR, f"redirected to what is no address: {headers['location'][:60]!a}", None, NOWHERE
    leads = urls.leads(task.request.url, location)
    return outcome, f"leads to {LEADS[leads]}" if leads else "", location, leads
