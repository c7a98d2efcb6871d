"""Pages out of anybody's WARC file, compressed or not, record by record. Ours have more to say: `recover.walk` tells their looks."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Found:
    """A record that holds a page, or why it cannot be read. `number` counts the file's records from 1."""

    number: int
    url: str
    page: Page | None
    trouble: str = ""


def pages(path: Path) -> Iterator[Found]:
    """The pages of a WARC file (WARC 1.0 and 1.1: `response` of http and https, `resource`).

    Raises ArchiveError when the file cannot be read, DamagedRecord at the first bytes that are no record: what stood before them is told.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
            raw.seek(0)
            with closing(gzip.GzipFile(fileobj=raw) if packed else raw) as stream:
                yield from _records(stream)
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
        message = parse_response(block)
        coding = next((value for name, value in message.headers if name.lower() == "content-encoding"), None)
        body = decode_content(message.payload, coding, limit=MOST).body
    except (DamagedRecord, Undecodable) as error:
        return Found(number, url, None, str(error))
    return Found(number, url, Page(url, message.status, message.headers, body, _millis(headers)))


def _millis(headers: dict[str, str]) -> Millis:
    try:
        return round(datetime.fromisoformat(headers.get("warc-date", "")).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
