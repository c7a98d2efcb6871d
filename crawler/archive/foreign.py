"""Pages out of anybody's WARC or ARC file, compressed or not, record by record. Ours have more to say: `recover.walk` tells their looks.

Tools that write what a browser or a library handed them leave the server's head as it was: a length, a coding or chunks that the bytes
behind it have not any more. Such a record is read by what its bytes are, and `Found.note` says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crawler.archive.reader import MOST
from crawler.archive.record import UNSAFE
from crawler.archive.walking import LONGEST_BLOCK, STATUS, Raw, records
from crawler.errors import DamagedRecord
from crawler.fetcher.decoding import Undecodable
from crawler.fetcher.decoding import decode as decode_content
from crawler.fetcher.message import HEAD_END, parse_response
from crawler.model import Page

CODING = re.compile(rb"^content-encoding[ \t]*:", re.IGNORECASE)
FRAMING = re.compile(rb"^(?:content-length|transfer-encoding)[ \t]*:", re.IGNORECASE)
MAGIC = {b"\x1f\x8b\x08": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


@dataclass(frozen=True, slots=True)
class Found:
    """A record that holds a page, or why it cannot be read. `number` counts the file's records from 1."""

    number: int
    url: str
    page: Page | None
    trouble: str = ""
    note: str = ""  # what its head says of its body that is not so


def pages(path: Path) -> Iterator[Found]:
    """The pages of a WARC file (WARC 1.0 and 1.1: `response` of http and https, `resource`) or of an ARC file (versions 1 and 2).

    Raises ArchiveError when the file cannot be read, DamagedRecord at the first bytes that are no record: what stood before them is told.
    """
    for raw in records(path):
        if raw.type not in ("response", "resource") or not raw.url.startswith(("http://", "https://")):
            continue
        if raw.left_out:
            yield Found(raw.number, raw.url, None, f"over {LONGEST_BLOCK >> 20} MB")
            continue
        try:
            answer = answer_of(raw)
        except (DamagedRecord, Undecodable) as error:
            yield Found(raw.number, raw.url, None, str(error))
            continue
        yield Found(
            raw.number, raw.url, Page(raw.url, answer.status, answer.headers, answer.body, raw.at), "", "; ".join(answer.notes)
        )


# ------------------------------------------------------------------ heads that do not fit their bodies
@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as a record holds it. `payload` after transfer decoding, in the content coding `coding`; `body` as a reader sees it;
    `head`: the first bytes of the block; `notes`: what of the head was not so."""

    status: int
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    body: bytes
    coding: str = ""
    head: int = 0
    notes: tuple[str, ...] = ()


def answer_of(raw: Raw) -> Answer:
    """The answer that a response or resource record holds. Raises DamagedRecord, Undecodable."""
    if raw.type == "response":
        return read_response(raw.block)
    told = () if "warc-record-id" in raw.headers else ("no HTTP head",)
    return Answer(200, (("content-type", raw.headers.get("content-type", "")),), raw.block, raw.block, notes=told)


def read_response(block: bytes) -> Answer:
    """What a response block from anywhere holds.

    Raises DamagedRecord when it has no head, Undecodable when its body is in no coding that can be undone.
    """
    end = HEAD_END.search(block)
    if end is None:
        raise DamagedRecord("no HTTP response in the record: the head is not whole")
    head, rest, notes = STATUS.sub(b"HTTP/1.1 ", block[: end.end()]), block[end.end() :], list[str]()
    bare = parse_response(b"\n".join(line for line in head.split(b"\n") if not FRAMING.match(line)) + rest)
    said = {name.lower(): value for name, value in parse_response(head).headers} if bare.status >= 200 else {}
    payload = _unframed(head, rest, said, notes)
    coding = said.get("content-encoding", "")
    decoded = decode_content(payload, coding, limit=MOST)
    if "not-encoded" in decoded.flags:
        notes.append(f"Content-Encoding {coding}, and the body is plain")
    plain, packed = decoded.body, MAGIC.get(decoded.body[:4]) or MAGIC.get(decoded.body[:3])
    undone = ", ".join(decoded.codings[::-1])
    if packed and said.get("content-type", "").lower().startswith(("text/", "application/json", "application/xhtml")):
        plain = decode_content(plain, packed, limit=MOST).body
        notes.append(f"the body is {packed}, and the head does not say so")
        undone = f"{packed}, {undone}" if undone else packed
    fields = tuple((name, value) for name, value in bare.headers if name.lower() != "content-encoding")
    return Answer(bare.status, fields, payload, plain, undone, end.end(), tuple(notes))


def as_it_is(block: bytes, answer: Answer) -> bytes | None:
    """A response block whose head fits its body, where the block's own does not; None: it does."""
    try:
        read = parse_response(block)
        coding = next((value for name, value in read.headers if name.lower() == "content-encoding"), None)
        fits = read.whole and (read.status, read.payload) == (answer.status, answer.payload)
        if fits and decode_content(read.payload, coding, limit=MOST).body == answer.body:
            return None
    except (DamagedRecord, Undecodable):
        pass
    return head_for(block[: answer.head], answer) + answer.payload


def head_for(head: bytes, answer: Answer) -> bytes:
    """A head without framing that is not so, and with the coding and length that are. `head` empty: one of our own."""
    lines = STATUS.sub(b"HTTP/1.1 ", head).split(b"\n") if head else [b"HTTP/1.1 200 OK"]
    kept = [line.rstrip(b"\r") for line in lines if line.strip() and not FRAMING.match(line) and not CODING.match(line)]
    if not head:
        kept += [f"{name}: {UNSAFE.sub(' ', value)}".encode() for name, value in answer.headers if value]
    kept += [b"Content-Encoding: " + answer.coding.encode()] if answer.coding else []
    return b"\r\n".join([*kept, b"Content-Length: %d" % len(answer.payload), b"", b""])


def _unframed(head: bytes, rest: bytes, said: dict[str, str], notes: list[str]) -> bytes:
    """The payload: without chunks where it has any, and all that the record holds, whatever length the head names."""
    if "chunked" in said.get("transfer-encoding", "").lower():
        try:
            message = parse_response(head + rest)
        except DamagedRecord:
            message = None
        if message is not None and message.payload and message.whole:
            return message.payload
        if rest:
            notes.append("Transfer-Encoding chunked, and the body has no chunks")
        return rest
    length = said.get("content-length", "")
    if length.isdigit() and int(length) != len(rest):
        notes.append(f"Content-Length {length}, and the record holds {len(rest)} bytes")
    return rest
