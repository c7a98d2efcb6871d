"""A stored response block read again: status, headers, payload. Tolerates what the wire accepted."""

from dataclasses import dataclass

import httptools

from crawler.errors import DamagedRecord
from crawler.fetcher.connection import LENIENT


@dataclass(frozen=True, slots=True)
class Message:
    """`payload` after transfer decoding; `whole` False when the block ends before the message does."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    whole: bool


class _Reader:
    """Collects what llhttp reads of one final response; interim answers are not stored."""

    def __init__(self, method: str) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []
        self.reason = b""
        self.complete = self.head = False
        self.method = method

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.head = True

    def on_body(self, data: bytes) -> None:
        self.body.append(data)

    def on_message_complete(self) -> None:
        self.complete = True


def parse_response(block: bytes, method: str = "GET") -> Message:
    """Read a response block. Raises DamagedRecord when it has no head."""
    reader = _Reader(method)
    parser = httptools.HttpResponseParser(reader)
    parser.set_dangerous_leniencies(**LENIENT)
    try:
        parser.feed_data(block)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
        if not reader.head:
            raise DamagedRecord(f"no HTTP response in the record: {error}") from error
    if not reader.head:
        raise DamagedRecord("no HTTP response in the record: the head is not whole")
    status = parser.get_status_code()
    delimited = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in reader.headers)
    whole = reader.complete or not delimited or method == "HEAD" or status in (204, 304)
    return Message(status, reader.reason.decode("latin-1"), tuple(reader.headers), b"".join(reader.body), whole)
