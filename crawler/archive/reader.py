"""A capture's bytes back from its place."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crawler.archive.record import WarcRecord, decode, parse
from crawler.archive.replay import WIRE
from crawler.archive.writer import OPEN
from crawler.errors import ArchiveError, DamagedRecord
from crawler.fetcher.decoding import Undecodable
from crawler.fetcher.decoding import decode as decode_content
from crawler.fetcher.message import parse_response
from crawler.model import Capture, Page, payload_digest

BLOCK = 1 << 20
MOST = 64 << 20  # bytes of a decoded body handed to a reader


def find(folder: Path, name: str) -> Path:
    """Where a file of the archive is now: closed, or still being written. Raises ArchiveError."""
    for path in (folder / name, folder / (name + OPEN), folder / name):  # it may be renamed between two looks
        if path.exists():
            return path
    raise ArchiveError(f"{folder / name} is missing", remedy="put the file back, or run gongkai reindex over what is left")


def read_record(path: Path, offset: int, length: int) -> WarcRecord:
    """The record at a place. Raises DamagedRecord, or ArchiveError when the file cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            member = file.read(length)
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror or error}", remedy="check the folder's permissions") from error
    return decode(member)


def _record(folder: Path, capture: Capture) -> WarcRecord:
    record = read_record(find(folder, capture.file), capture.offset, capture.length)
    if record.id != capture.record_id:
        raise DamagedRecord(f"{capture.file} at {capture.offset} holds {record.id}, not {capture.record_id}")
    return record


def open_wire(folder: Path, capture: Capture) -> bytes:
    """An answer's bytes as they came: of a revisit its head. Raises DamagedRecord or ArchiveError."""
    path = find(folder, capture.file)
    own = read_record(path, capture.offset, capture.length)
    if own.id != capture.record_id:
        raise DamagedRecord(f"{capture.file} at {capture.offset} holds {own.id}, not {capture.record_id}")
    behind = next(records(path, capture.offset + capture.length), None)
    exact = behind is not None and behind.headers.get("warc-target-uri", "").startswith(WIRE)
    return behind.block if behind is not None and exact and own.id in behind.headers.get("warc-concurrent-to", "") else own.block


def records(path: Path, start: int) -> Iterator[WarcRecord]:
    """The records of a file from a place on, one by one; ends at the first that is none. Raises ArchiveError."""
    try:
        with path.open("rb") as file:
            yield from (member.record for member in members(file, start))
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror or error}", remedy="check the folder's permissions") from error


@dataclass(frozen=True, slots=True)
class Member:
    """A record and the bytes of the file that it takes."""

    record: WarcRecord
    offset: int
    end: int


def members(file: IO[bytes], start: int) -> Iterator[Member]:
    """Whole, undamaged records from `start`; ends quietly at the first that is not."""
    file.seek(start)
    at, rest = start, b""
    while True:
        unpacker, out, used = zlib.decompressobj(31), [], 0
        while not unpacker.eof:
            chunk = rest or file.read(BLOCK)
            if not chunk:
                return
            try:
                out.append(unpacker.decompress(chunk))
            except zlib.error:
                return
            rest = unpacker.unused_data if unpacker.eof else b""
            used += len(chunk) - len(rest)
        try:
            record = parse(b"".join(out))
        except DamagedRecord:
            return
        yield Member(record, at, at + used)
        at += used


def open_page(folder: Path, capture: Capture, payload: Capture | None = None) -> Page:
    """The page of a capture; of a revisit, head from its own record and body from `payload`, the capture of its original.

    Raises DamagedRecord when the bytes are not what was written, ArchiveError when they cannot be read.
    """
    own = parse_response(_record(folder, capture).block)
    body = own
    if capture.type == "revisit":
        if payload is None:
            raise DamagedRecord(f"the revisit {capture.record_id} has no original")
        body = parse_response(_record(folder, payload).block)
    if body.whole and payload_digest(body.payload) != capture.payload_digest:
        raise DamagedRecord(f"the payload of {capture.record_id} is not what was written")
    headers = {name.lower(): value for name, value in (body.headers if payload else own.headers)}
    try:
        decoded = decode_content(body.payload, headers.get("content-encoding"), limit=MOST).body
    except Undecodable as error:
        raise DamagedRecord(f"the body of {capture.record_id} cannot be decoded: {error}") from error
    return Page(capture.url, own.status, own.headers, decoded, capture.at)
