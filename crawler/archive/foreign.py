"""Pages out of anybody's WARC or ARC file, compressed or not, record by record. Ours have more to say: `recover.walk` tells their looks.

Tools that write what a browser or a library handed them leave the server's head as it was: a length, a coding or chunks that the bytes
behind it have not any more. Such a record is read by what its bytes are, and `Found.note` says so.
"""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.archive.reader import MOST
from crawler.errors import ArchiveError, DamagedRecord
from crawler.fetcher.decoding import Undecodable
from crawler.fetcher.decoding import decode as decode_content
from crawler.fetcher.message import parse_response
from crawler.model import Millis, Page

GZIP = b"\x1f\x8b"
LONGEST_LINE = 1 << 16
MOST_LINES = 200
LONGEST_BLOCK = 256 << 20
ARC = b"filedesc://"
HEAD_END = re.compile(rb"\r?\n\r?\n")
STATUS = re.compile(rb"^HTTP/\d(?:\.\d)?[ \t]+(?=\d{3})")
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
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
            raw.seek(0)
            with closing(gzip.GzipFile(fileobj=raw) if packed else raw) as stream:
                is_arc = stream.read(len(ARC)) == ARC
                stream.seek(0)
                yield from _arc(stream) if is_arc else _records(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedRecord(f"{path} is cut or damaged: {error}") from error
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror or error}") from error


def _records(stream: io.BufferedIOBase) -> Iterator[Found]:
    number = 0
    while (headers := _head(stream)) is not None:
        number += 1
        length = headers.get("content-length", "")
        if not length.isdigit() or int(length) > LONGEST_BLOCK:
            raise DamagedRecord(f"record {number} says it has {length[:40] or 'no'} bytes")
        block = stream.read(int(length))
        if len(block) < int(length):
            raise DamagedRecord(f"record {number} is cut")
        url = headers.get("warc-target-uri", "").strip("<>")
        kind = headers.get("warc-type", "").lower()
        if kind == "response" and url.startswith(("http://", "https://")):
            yield _response(number, url, headers, block)
        elif kind == "resource" and url.startswith(("http://", "https://")):
            named = (("content-type", headers.get("content-type", "")),)
            yield Found(number, url, Page(url, 200, named, block, _millis(headers)))


def _head(stream: io.BufferedIOBase) -> dict[str, str] | None:
    """The header lines of the next record; None at the end."""
    line = stream.readline(LONGEST_LINE)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(LONGEST_LINE)
    if not line:
        return None
    if not line.startswith(b"WARC/1."):
        raise DamagedRecord("the bytes are no WARC record")
    headers: dict[str, str] = {}
    for _ in range(MOST_LINES):
        line = stream.readline(LONGEST_LINE)
        if line in (b"\r\n", b"\n", b""):
            return headers
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    raise DamagedRecord(f"a record with more than {MOST_LINES} header lines")


def _response(number: int, url: str, headers: dict[str, str], block: bytes) -> Found:
    try:
        status, fields, body, notes = read_response(block)
    except (DamagedRecord, Undecodable) as error:
        return Found(number, url, None, str(error))
    return Found(number, url, Page(url, status, fields, body, _millis(headers)), "", "; ".join(notes))


# ------------------------------------------------------------------ heads that do not fit their bodies
def read_response(block: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes, list[str]]:
    """(status, headers, body as a reader sees it, what of the head was not so) of a response block from anywhere.

    Raises DamagedRecord when it has no head, Undecodable when its body is in no coding that can be undone.
    """
    end = HEAD_END.search(block)
    if end is None:
        raise DamagedRecord("no HTTP response in the record: the head is not whole")
    head, rest, notes = STATUS.sub(b"HTTP/1.1 ", block[: end.end()]), block[end.end() :], list[str]()
    bare = parse_response(b"\n".join(line for line in head.split(b"\n") if not FRAMING.match(line)) + rest)
    said = {name.lower(): value for name, value in parse_response(head).headers} if bare.status >= 200 else {}
    body = _unframed(head, rest, said, notes)
    coding = said.get("content-encoding")
    decoded = decode_content(body, coding, limit=MOST)
    if "not-encoded" in decoded.flags:
        notes.append(f"Content-Encoding {coding}, and the body is plain")
    plain, packed = decoded.body, MAGIC.get(decoded.body[:4]) or MAGIC.get(decoded.body[:3])
    if packed and said.get("content-type", "").lower().startswith(("text/", "application/json", "application/xhtml")):
        plain = decode_content(plain, packed, limit=MOST).body
        notes.append(f"the body is {packed}, and the head does not say so")
    fields = tuple((name, value) for name, value in bare.headers if name.lower() != "content-encoding")
    return bare.status, fields, plain, notes


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


# ------------------------------------------------------------------ ARC
def _arc(stream: io.BufferedIOBase) -> Iterator[Found]:
    """ARC 1 and 2 (Internet Archive, 1996): a line `address IP time type … length`, then so many bytes."""
    number = 0
    while line := stream.readline(LONGEST_LINE):
        if not line.strip():
            continue
        number += 1
        parts = line.decode("utf-8", "replace").strip().split(" ")
        if len(parts) < 5 or not parts[-1].isdigit() or int(parts[-1]) > LONGEST_BLOCK:
            raise DamagedRecord(f"record {number}: the bytes are no ARC record")
        block = stream.read(int(parts[-1]))
        if len(block) < int(parts[-1]):
            raise DamagedRecord(f"record {number} is cut")
        behind = 10 if len(parts) >= 10 and re.fullmatch(r"\d{14}", parts[-8]) else 5
        url, (time, kind) = " ".join(parts[: 1 - behind]), parts[2 - behind : 4 - behind]
        if url.startswith(("http://", "https://")):
            yield _of_arc(number, url, time, kind, block)


def _of_arc(number: int, url: str, time: str, kind: str, block: bytes) -> Found:
    told = (
        {"warc-date": datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat()}
        if re.fullmatch(r"\d{14}", time)
        else {}
    )
    if STATUS.match(block):
        return _response(number, url, told, block)
    return Found(number, url, Page(url, 200, (("content-type", kind),), block, _millis(told)), "", "no HTTP head")


def _millis(headers: dict[str, str]) -> Millis:
    try:
        return round(datetime.fromisoformat(headers.get("warc-date", "")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
