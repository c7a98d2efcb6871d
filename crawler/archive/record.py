"""One WARC 1.1 record as one gzip member, written and read."""

import re
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain

from crawler.archive import deflate
from crawler.errors import DamagedRecord
from crawler.model import Millis, Octets, payload_digest

UNSAFE = re.compile(r"[\r\n\0]")
END = b"\r\n\r\n"
OWN = 8  # lines of a head that every record has: its version, six headers, the blank one
STEP = 1 << 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """A record read back: headers with lower-case names, the block, and the head as it stands there, without the blank line."""

    headers: dict[str, str]
    block: bytes
    head: bytes = b""

    @property
    def type(self) -> str:
        """WARC-Type."""
        return self.headers.get("warc-type", "")

    @property
    def id(self) -> str:
        """WARC-Record-ID."""
        return self.headers.get("warc-record-id", "")


def new_id() -> str:
    """A fresh WARC-Record-ID."""
    return f"<urn:uuid:{uuid.uuid4()}>"


@lru_cache(maxsize=64)  # the records of a look bear one date
def warc_date(at: Millis) -> str:
    """WARC-Date with milliseconds, UTC (WARC 1.1, 5.4)."""
    return (EPOCH + timedelta(milliseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"


@dataclass(frozen=True, slots=True)
class Draft:
    """A record to be written: its own headers are made of this, `extra` are further ones."""

    type: str
    id: str
    at: Millis
    content_type: str
    block: Octets
    extra: Sequence[tuple[str, str]] = ()
    file: str = ""  # the record id of its file's warcinfo

    def head(self) -> bytes:
        """Version line and headers, with the blank line. Raises ValueError for a value that would break out of its line."""
        extra = [*self.extra, ("WARC-Warcinfo-ID", self.file)] if self.file else self.extra
        further = "".join([f"{name}: {value}\r\n" for name, value in extra])
        text = (
            f"WARC/1.1\r\nWARC-Type: {self.type}\r\nWARC-Record-ID: {self.id}\r\nWARC-Date: {warc_date(self.at)}\r\n{further}"
            f"WARC-Block-Digest: {payload_digest(self.block)}\r\nContent-Type: {self.content_type}\r\nContent-Length: {len(self.block)}\r\n\r\n"
        )
        if not text.count("\n") == text.count("\r") == len(extra) + OWN or "\0" in text:
            own = [("WARC-Type", self.type), ("WARC-Record-ID", self.id), ("Content-Type", self.content_type)]
            name, value = next(header for header in [*own, *extra] if UNSAFE.search(header[1]))
            raise ValueError(f"line break in the WARC header {name}: {value!r}")
        return text.encode()

    def pieces(self) -> Iterator[bytes]:
        """The record as one gzip member; a large block a piece at a time, so that it is never held twice."""
        if len(self.block) <= STEP:
            yield deflate.member(b"".join((self.head(), self.block, END)))
            return
        steps = (self.block[start : start + STEP] for start in range(0, len(self.block), STEP))
        yield from deflate.in_pieces(chain((self.head(),), steps, (END,)))


def decode(member: bytes) -> WarcRecord:
    """The record of one gzip member. Raises DamagedRecord unless it is whole and its block has its digest."""
    unpacker = zlib.decompressobj(31)
    try:
        data = unpacker.decompress(member)
    except zlib.error as error:
        raise DamagedRecord(f"the bytes are no gzip member: {error}") from error
    if not unpacker.eof:
        raise DamagedRecord("the gzip member is cut")
    return parse(data)


def parse(data: bytes) -> WarcRecord:
    """The record in decompressed bytes. Raises DamagedRecord."""
    head, mark, rest = data.partition(END)
    lines = head.decode("utf-8", "replace").split("\r\n")
    if not mark or lines[0] not in ("WARC/1.1", "WARC/1.0"):
        raise DamagedRecord("the bytes are no WARC record")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = headers.get("content-length", "")
    if not length.isdigit() or len(rest) != int(length) + len(END) or not rest.endswith(END):
        raise DamagedRecord("the record is not as long as it says")
    block = rest[: int(length)]
    said = headers.get("warc-block-digest", "")
    if said.startswith("sha256:") and said != payload_digest(block):
        raise DamagedRecord(f"the block of {headers.get('warc-record-id', 'a record')} is not what was written")
    return WarcRecord(headers, block, head)
