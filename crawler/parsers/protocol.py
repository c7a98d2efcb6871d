"""What parent and child say to each other: a length, a JSON header, a length, bytes. No pickle: a parser's bug must not hand the parent code.

A message to a child holds a batch of jobs; the child answers each with a message of its own, in their order, so that the parent
knows at any moment which page is being read. The parent takes nothing from a child but plain values of the expected types and
bounded sizes; what it only passes on (packed records, search text) it does not look into.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from functools import lru_cache
from typing import IO, Any

from crawler.model import Kind, Page, PageKind, Request
from crawler.parsers.attached.limits import Limits
from crawler.record.content import Content, Said
from crawler.record.notice import Attachment, Notice
from crawler.record.reading import Reading, Row
from crawler.record.rules import DetailRules, ListRules, ReadRules

LENGTH = struct.Struct(">I")
LONGEST_ANSWER = 64 << 20
MOST_ROWS = 50_000  # what a sitemap may hold (sitemaps.org)
MOST_NOTICES = 1_000
MOST_HEADERS = 100
MOST_FLAGS = 200
LONGEST_TEXT = 16 << 20
JOINED = 1 << 20  # bytes up to which a message is written at once
READ = frozenset({"content-type", "content-disposition"})  # the headers that a reader looks at


class BadMessage(ValueError):
    """The other end said something that is no message."""


@dataclass(frozen=True, slots=True)
class File:
    """What is known of a file that is read for its own sake (`Kind.ATTACHMENT`), beside its answer's head: as links call it, and how
    much of it is read."""

    name: str = ""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Job:
    """One page to be read. `more`: (URL key, page) of further captures that its record is made of."""

    page: Page
    kind: Kind
    rules: ReadRules
    public_url: str
    more: tuple[tuple[str, Page], ...] = ()
    request: Request | None = None  # that the page answers, where it was more than a GET of the page's address
    like: str = ""  # a later page of a column: the structure of its first one
    file: File | None = None  # of a job whose kind is ATTACHMENT

    @property
    def size(self) -> int:
        """The bytes of all its pages."""
        return len(self.page.body) + sum(len(page.body) for _, page in self.more)


# ------------------------------------------------------------------ frames
def write(stream: IO[bytes], header: Mapping[str, Any], *bodies: bytes) -> None:
    """One message; its bodies stand one behind the other."""
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    size = sum(map(len, bodies))
    pieces = [LENGTH.pack(len(head)), head, LENGTH.pack(size), *bodies]
    for piece in pieces if size > JOINED else [b"".join(pieces)]:
        stream.write(piece)
    stream.flush()


def read(stream: IO[bytes], longest: int = LONGEST_ANSWER) -> tuple[dict[str, Any], bytes] | None:
    """The next message, None at the end. Raises BadMessage."""
    head = _frame(stream, longest)
    if head is None:
        return None
    body = _frame(stream, longest)
    if body is None:
        raise BadMessage("cut message")
    try:
        header = json.loads(head.decode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise BadMessage(f"no JSON: {error}") from error
    if not isinstance(header, dict):
        raise BadMessage("no JSON object")
    return header, body


def _frame(stream: IO[bytes], longest: int) -> bytes | None:
    size = stream.read(LENGTH.size)
    if not size:
        return None
    if len(size) < LENGTH.size:
        raise BadMessage("cut message")
    length = LENGTH.unpack(size)[0]
    if length > longest:
        raise BadMessage(f"message of {length} bytes")
    data = stream.read(length)
    if len(data) < length:
        raise BadMessage("cut message")
    return data


# ------------------------------------------------------------------ jobs
def write_jobs(stream: IO[bytes], jobs: Sequence[Job]) -> None:
    """One message for a batch of jobs. The rules of a source stand in it once, however many of its pages it holds."""
    rules = list(dict.fromkeys(job.rules for job in jobs))
    place = {each: number for number, each in enumerate(rules)}
    header = {"rules": [_rules_text(each) for each in rules], "jobs": [_job_header(job, place[job.rules]) for job in jobs]}
    write(stream, header, *(page.body for job in jobs for page in (job.page, *(page for _, page in job.more))))


@lru_cache(maxsize=64)
def _rules_text(rules: ReadRules) -> str:
    return json.dumps({"details": [asdict(dated) for dated in rules.details], "list": asdict(rules.list)})


@lru_cache(maxsize=64)
def _rules(text: str) -> ReadRules:
    said = json.loads(text)
    listed = {**said["list"], "hosts": tuple(said["list"]["hosts"])}
    listed["next_with"] = tuple((name, value) for name, value in listed["next_with"])
    details = [{**dated, "json": tuple((name, path) for name, path in dated["json"])} for dated in said["details"]]
    return ReadRules(tuple(DetailRules(**dated) for dated in details), ListRules(**listed))


def _job_header(job: Job, rules: int) -> list[Any]:
    return [
        str(job.kind),
        rules,
        job.public_url,
        _page_header(job.page),
        [[key, _page_header(page)] for key, page in job.more],
        _request_header(job.request) if job.request else None,
        job.like,
        [job.file.name, astuple(job.file.limits)] if job.file else None,
    ]


def _page_header(page: Page) -> list[Any]:
    headers = [pair for pair in page.headers if pair[0].lower() in READ]
    return [page.url, page.status, headers, page.at, len(page.body)]


def jobs_of(header: Mapping[str, Any], body: bytes) -> list[Job]:
    """The jobs of a message back; a body of other pages than the header's is BadMessage."""
    rules, at, jobs = [_rules(text) for text in header["rules"]], 0, []
    for kind, number, public_url, page, more, request, like, file in header["jobs"]:
        pages = []
        for said in (page, *(said for _, said in more)):
            pages.append(_page_of(said, body[at : at + said[4]]))
            at += said[4]
        held = tuple((key, other) for (key, _), other in zip(more, pages[1:], strict=True))
        asked = File(file[0], Limits(*file[1])) if file else None
        answers = _request(request) if request else None
        jobs.append(Job(pages[0], Kind(kind), rules[number], public_url, held, answers, like, asked))
    if at != len(body):
        raise BadMessage(f"{len(body)} bytes, {at} announced")
    return jobs


def _page_of(said: Sequence[Any], body: bytes) -> Page:
    url, status, headers, at, _ = said
    return Page(url, status, tuple((name, value) for name, value in headers), body, at)


# ------------------------------------------------------------------ readings
def reading_header(reading: Reading) -> dict[str, Any]:
    """A reading as plain values."""
    return {
        "rules": reading.rules,
        "page_kind": str(reading.page_kind),
        "evidence": reading.evidence,
        "notices": [_notice_header(notice) for notice in reading.notices],
        "rows": [[row.url, row.title, row.date, row.reason] for row in reading.rows],
        "next": _request_header(reading.next_list) if reading.next_list else None,
        "continues": [_request_header(request) for request in reading.continues],
        "total_pages": reading.total_pages,
        "total_rows": reading.total_rows,
        "pager": reading.pager,
        "beyond": reading.beyond,
        "structure": reading.structure,
        "more_lists": [_request_header(request) for request in reading.more_lists],
        "error": reading.error,
        "seen": [reading.visible, reading.days],
        "text": reading.text,
        "leads_to": reading.leads_to,
        "file": _content_header(reading.file) if reading.file else None,
    }


NOTICE_TEXTS = ("published", "channel", "source", "doc_no", "index_no", "issuer", "keywords", "incomplete", "match_digest")


def _notice_header(notice: Notice) -> list[Any]:
    return [
        notice.part,
        notice.title,
        [getattr(notice, name) for name in NOTICE_TEXTS],
        notice.paragraphs,
        [[item.url, item.name, item.media_type] for item in notice.attachments],
        notice.text_digest,
        len(notice.packed),
    ]


def reading_bodies(reading: Reading) -> list[bytes]:
    """What of a reading the parent only passes on: the packed texts of its notices, and of its file."""
    return [*(notice.packed for notice in reading.notices), *([reading.file.packed] if reading.file else [])]


def _content_header(file: Content) -> list[Any]:
    return [
        file.media_type, file.size, file.reader, file.pages, file.note, file.flags, file.name, file.named_by, len(file.packed), file.digest,
        [[each.field, each.raw, each.place] for each in file.says],
    ]  # fmt: skip


def _request_header(request: Request) -> list[Any]:
    return [request.url, request.method, request.headers, request.body.decode("latin-1")]


def _request(said: Any) -> Request:
    url, method, headers, body = said
    if len(headers) > MOST_HEADERS:
        raise BadMessage(f"{len(headers)} headers")
    named = tuple((_text(name), _text(value)) for name, value in headers)
    return Request(_text(url), _text(method), named, _text(body).encode("latin-1"))


def reading_of(said: Mapping[str, Any], body: bytes) -> Reading:
    """A reading a child has told, checked: types, sizes, no surprises. Raises BadMessage."""
    try:
        rows, notices, continues = said["rows"], said["notices"], said["continues"]
        if len(rows) > MOST_ROWS or len(notices) > MOST_NOTICES or len(continues) > MOST_NOTICES:
            raise BadMessage("too much in one page")
        found, at = _notices(notices, body)
        return Reading(
            rules=_text(said["rules"]),
            page_kind=PageKind(said["page_kind"]),
            evidence=_text(said["evidence"]),
            notices=found,
            rows=tuple(Row(_text(url), _text(title), _optional(date), _optional(reason)) for url, title, date, reason in rows),
            next_list=_request(said["next"]) if said["next"] else None,
            total_pages=_count(said["total_pages"]),
            total_rows=_count(said["total_rows"]),
            pager=_text(said["pager"]),
            beyond=_count(said["beyond"]) or 0,
            structure=_text(said["structure"]),
            more_lists=tuple(map(_request, said["more_lists"][:MOST_ROWS])),
            error=_optional(said["error"]),
            visible=_count(said["seen"][0]) or 0,
            days=_count(said["seen"][1]) or 0,
            continues=tuple(map(_request, continues)),
            text=_text(said["text"]),
            leads_to=_optional(said["leads_to"]),
            file=_content(said["file"], body[at:]) if said["file"] else None,
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadMessage(f"not a reading: {error!r}") from error


def _content(said: Sequence[Any], body: bytes) -> Content:
    kind, size, reader, pages, note, flags, name, named_by, packed, digest, says = said
    if _count(packed) != len(body) or len(flags) > MOST_FLAGS or len(says) > MOST_FLAGS:
        raise BadMessage(f"{len(body)} bytes of a file, {packed!r:.40} announced")
    return Content(
        _text(kind), _count(size) or 0, _text(reader), _count(pages) or 0, _text(note), tuple(map(_text, flags)),
        _text(name), _text(named_by), body, _text(digest), tuple(Said(_text(field), _text(raw), _text(place)) for field, raw, place in says),
    )  # fmt: skip


def _notices(said: Sequence[Any], body: bytes) -> tuple[tuple[Notice, ...], int]:
    """(the notices, where what is packed of them ends)."""
    found, at = [], 0
    for part, title, texts, paragraphs, attachments, text_digest, packed in said:
        end = at + (_count(packed) or 0)
        if end > len(body):
            raise BadMessage(f"{len(body)} bytes, more announced")
        found.append(
            Notice(
                part=_count(part) or 0,
                title=_text(title),
                **dict(zip(NOTICE_TEXTS, map(_optional, texts), strict=True)),
                paragraphs=_count(paragraphs) or 0,
                attachments=tuple(Attachment(_optional(url), _text(name), _optional(kind)) for url, name, kind in attachments),
                text_digest=_text(text_digest),
                packed=body[at:end],
            )
        )
        at = end
    return tuple(found), at


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise BadMessage(f"no text: {type(value).__name__}")
    return value


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _count(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise BadMessage(f"no count: {value!r:.40}")
    return value
