"""A capture's bytes back from its place."""

from pathlib import Path

from crawler.archive.members import Damage, members
from crawler.archive.record import WarcRecord, decode
from crawler.archive.replay import WIRE
from crawler.archive.writer import OPEN
from crawler.errors import ArchiveError, DamagedRecord
from crawler.fetcher.decoding import Undecodable
from crawler.fetcher.decoding import decode as decode_content
from crawler.fetcher.message import parse_response
from crawler.model import Capture, Page, payload_digest

FAR = 1 << 60  # bytes: to wherever a file once ended
MOST = 64 << 20  # bytes of a decoded body handed to a reader


def find(folder: Path, name: str) -> Path:
    """Where a file of the archive is now: closed, or still being written.

    Raises DamagedRecord when it is not there, ArchiveError when the whole archive is not.
    """
    for path in (folder / name, folder / (name + OPEN), folder / name):  # it may be renamed between two looks
        if path.exists():
            return path
    if not folder.is_dir():
        raise ArchiveError(f"there is no archive at {folder}", remedy="put it back, or check storage.archive")
    raise DamagedRecord(f"{folder / name} is missing", remedy="put the file back; what it held is stored anew at the next look")


def damage_of(folder: Path, name: str) -> list[Damage]:
    """What a closed file has lost, also behind its end; nothing of one that is still being written.

    Raises ArchiveError when the whole archive is not there.
    """
    try:
        path = find(folder, name)
    except DamagedRecord as error:
        return [Damage(name, 0, FAR, error.message)]
    if path.name != name:
        return []
    lost: list[Damage] = []
    try:
        with path.open("rb") as file:
            end = max((member.end for member in members(file, 0, lost, name)), default=0)
            lost.append(Damage(name, max(end, file.seek(0, 2)), FAR, "the file ends before"))
    except OSError as error:
        lost.append(Damage(name, 0, FAR, f"cannot be read: {error.strerror or error}"))
    return lost


def size_of(folder: Path, name: str) -> int:
    """How long a file of the archive is now; -1 when it is not there or cannot be asked."""
    try:
        return find(folder, name).stat().st_size
    except (ArchiveError, OSError):
        return -1


def read_record(path: Path, offset: int, length: int) -> WarcRecord:
    """The record at a place. Raises DamagedRecord, also when the file cannot be read there."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            member = file.read(length)
    except OSError as error:
        raise DamagedRecord(f"cannot read {path}: {error.strerror or error}", remedy="check the disk and the file") from error
    try:
        return decode(member)
    except DamagedRecord as error:
        raise DamagedRecord(f"{path.name} at {offset}: {error.message}") from error


def _record(folder: Path, capture: Capture) -> WarcRecord:
    record = read_record(find(folder, capture.file), capture.offset, capture.length)
    if record.id != capture.record_id:
        raise DamagedRecord(f"{capture.file} at {capture.offset} holds {record.id}, not {capture.record_id}")
    return record


def open_block(folder: Path, capture: Capture) -> bytes:
    """The block of a capture's record. Raises DamagedRecord or ArchiveError."""
    return _record(folder, capture).block


def open_wire(folder: Path, capture: Capture) -> bytes:
    """An answer's bytes as they came: of a revisit its head. Raises DamagedRecord or ArchiveError."""
    own = _record(folder, capture)
    with find(folder, capture.file).open("rb") as file:
        behind = next(members(file, capture.offset + capture.length), None)
    if behind is None or not behind.record.headers.get("warc-target-uri", "").startswith(WIRE):
        return own.block
    return behind.record.block if own.id in behind.record.headers.get("warc-concurrent-to", "") else own.block


def whole(folder: Path, capture: Capture) -> bool:
    """Is the record of a capture at its place, and what was written? Raises ArchiveError when the whole archive is not there."""
    try:
        _record(folder, capture)
    except DamagedRecord:
        return False
    return True


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
    if body.whole and capture.payload_digest and payload_digest(body.payload) != capture.payload_digest:
        raise DamagedRecord(f"the payload of {capture.record_id} is not what was written")
    headers = {name.lower(): value for name, value in (body.headers if payload else own.headers)}
    try:
        decoded = decode_content(body.payload, headers.get("content-encoding"), limit=MOST).body
    except Undecodable as error:
        raise DamagedRecord(f"the body of {capture.record_id} cannot be decoded: {error}") from error
    return Page(capture.url, own.status, own.headers, decoded, capture.at)
