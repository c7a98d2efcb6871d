"""The archive's pen: one WARC file at a time, locked while it is open, synced before the database hears of it.

A group is request, response (or revisit), metadata, in this order, tied by WARC-Concurrent-To. A group without its metadata is torn.
Where replay tools would misread an answer, a resource record with its exact bytes stands behind it (`replay`).
"""

import contextlib
import hashlib
import itertools
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar

from crawler.archive import metadata
from crawler.archive.locks import lock, make_folder, sync_folder
from crawler.archive.record import IDENTICAL, NOT_MODIFIED, STEP, UNSAFE, Draft, new_id, warc_date
from crawler.archive.replay import WIRE, plain_reason, replayable
from crawler.errors import ArchiveError, Condemned, DamagedRecord
from crawler.fetcher.message import HEAD_END, parse_response
from crawler.fetcher.spool import release
from crawler.model import Capture, Exchange, Kept, Millis, Octets, Original, Outcome, payload_digest

SUFFIX = ".warc.gz"
OPEN = ".open"
HELD = STEP  # bytes of a group that are written at once
RESPONSE = "application/http; msgtype=response"
REQUEST = "application/http; msgtype=request"
NOTHING = payload_digest(b"")
BROUGHT = re.compile(r"-import(\d{10,16})-\d{4}\.warc\.gz$")
T = TypeVar("T")
CUT = {Outcome.TIMEOUT: "time", Outcome.TOO_LARGE: "length", Outcome.TRUNCATED: "disconnect"}


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A closed file: final name, length, SHA-256 (hex)."""

    name: str
    bytes: int
    sha256: str


def owner_name() -> str:
    """A name for this process that no other has: host, process id, time, chance. Safe in file names."""
    host = "".join(c if c.isalnum() else "-" for c in socket.gethostname().lower())[:20].strip("-") or "host"
    return f"{host}-{os.getpid()}-{datetime.now(UTC):%H%M%S}-{secrets.token_hex(3)}"


def brought(name: str) -> Millis | None:
    """When what a file holds was brought in, if it was: others, or another archive, had looked. By the name that `bringing` gave its process."""
    found = BROUGHT.search(name)
    return int(found[1]) if found else None


def bringing(owner: str, at: Millis) -> str:
    """The name of a process that brings in, at this time, what others have seen."""
    return f"{owner}-import{at}"


@dataclass(slots=True)
class _Open:
    """The file being written."""

    name: str
    path: Path
    file: IO[bytes]
    info: str = field(default_factory=new_id)  # of its warcinfo record: every other names it (WARC 1.1, 5.16)
    end: int = 0  # behind what was appended, held or written
    born: float = field(default_factory=time.monotonic)
    dirty: bool = False
    held: list[bytes] = field(default_factory=list)


class Archive:
    """Appends exchanges to WARC files of one process. One thread at a time.

    A file is closed only when whatever was appended to it has been synced, and by its user's order committed: a closed file is not
    looked into by recovery. It may therefore outgrow `max_bytes` by one batch. One that is older than `max_age` seconds is closed before
    the next look is appended.
    """

    def __init__(
        self,
        folder: Path,
        *,
        owner: str,
        info: Mapping[str, str],
        max_bytes: int = 1 << 30,
        max_age: float = 86_400,
        take: Callable[[IO[bytes]], bool] = lock,
    ) -> None:
        self.folder, self.owner, self.info = folder, owner, dict(info)
        self._take = take
        self._opening = b""  # the warcinfo record that a file begins with, where it is not our own
        self.max_bytes, self.max_age = max_bytes, max_age
        self._open: _Open | None = None
        self._serial = itertools.count(1)
        self._finished: list[FileInfo] = []

    # -------------------------------------------------------------- one look
    def append(self, exchange: Exchange, same: Original | None = None, digest: str | None = None) -> Kept:
        """Write one look's group; not yet durable (`sync`). `same`: a response record that holds this very payload.

        `digest`: of the answer's payload, where the caller has it already.

        Raises ArchiveError when the disk refuses. Whatever it raises, the file is cut back to its last whole group, or condemned.
        """
        own = digest_of(exchange) if digest is None else digest
        return self._whole(lambda target: self._group(target, exchange, same, own))

    def beside(self, opening: bytes) -> "Archive":
        """A pen for groups of another archive of ours, in files of their own: each begins with their warcinfo record, one gzip member."""
        made = Archive(self.folder, owner=self.owner, info={}, max_bytes=self.max_bytes, max_age=self.max_age, take=self._take)
        made._opening, made._serial = opening, self._serial
        return made

    def copy(self, group: bytes) -> tuple[str, int]:
        """Append the records of a group as they are; the file they are in now, and where they begin. As `append`."""

        def put(target: _Open) -> tuple[str, int]:
            _hold(target, group)
            return target.name, target.end - len(group)

        return self._whole(put)

    def _whole(self, put: "Callable[[_Open], T]") -> "T":
        target = self._file()
        start = target.end
        try:
            done = put(target)
            _flush(target)
        except OSError as error:
            self._cut_back(target, start)
            raise ArchiveError(
                f"cannot write {target.path}: {error.strerror or error}", remedy="free some disk space, or check the folder"
            ) from error
        except Exception:
            self._cut_back(target, start)
            raise
        return done

    def _group(self, target: _Open, exchange: Exchange, same: Original | None, digest: str) -> Kept:
        wire, task, at = exchange.wire, exchange.task, exchange.at
        release(exchange.payload)
        outcome = exchange.outcome
        if outcome is Outcome.OK and digest == task.last_digest:
            outcome = Outcome.SAME_BYTES
        told = exchange.provenance
        look, answer = (told.look, told.answer) if told else (new_id(), new_id())
        redacted, wire_id = False, ""
        capture = None
        tied: list[tuple[str, str]] = []
        page = ("WARC-Target-URI", task.request.url)
        if wire and wire.request:
            request, redacted = metadata.redact(wire.request)
            request_id = new_id()
            extra = [page, *([("WARC-Concurrent-To", answer)] if wire.response else [])]
            body = request.partition(b"\r\n\r\n")[2]
            extra.append(("WARC-Payload-Digest", payload_digest(body) if body else NOTHING))
            _add(target, Draft("request", request_id, at, REQUEST, request, extra, target.info))
            tied.append(("WARC-Concurrent-To", request_id))
        if wire and wire.response:
            capture, wire_id = self._answer(target, exchange, answer, digest, same)
            release(wire.response)
            tied.append(("WARC-Concurrent-To", answer))
        block = metadata.write(exchange, outcome, redacted=redacted, wire=wire_id)
        _add(target, Draft("metadata", look, at, metadata.CONTENT_TYPE, block, [page, *tied], target.info))
        return metadata.told(exchange, outcome, block, look=look, place=(target.name, target.end), capture=capture)

    def _answer(
        self, target: _Open, exchange: Exchange, record_id: str, digest: str, same: Original | None
    ) -> tuple[Capture | None, str]:
        """The response or revisit record, and behind it the answer's exact bytes where the record does not hold them: the capture, unless
        a 304 only confirmed one we have, and the id of the record with the exact bytes, if any."""
        wire, at = exchange.wire, exchange.at
        assert wire is not None
        confirmed = exchange.task.validators.original if exchange.task.validators else None
        offset, url = target.end, exchange.task.request.url
        unknown = not wire.address or (exchange.reach is not None and exchange.reach.proxy)  # the server's address
        extra = [("WARC-Target-URI", url), *([] if unknown else [("WARC-IP-Address", wire.address)])]
        unchanged = exchange.outcome is Outcome.NOT_MODIFIED and confirmed is not None
        repeats = same is not None and same.payload_digest == digest and wire.whole
        exact: Octets = wire.response
        if unchanged and confirmed is not None:
            digest, kind = confirmed.payload_digest, "revisit"
            extra += _refers(NOT_MODIFIED, confirmed)
        elif repeats and same is not None:
            exact, kind = wire.response[: wire.head] if wire.head else head_of(wire.response), "revisit"
            extra += _refers(IDENTICAL, same)
        else:
            kind = "response"
            extra += [] if wire.whole else [("WARC-Truncated", CUT.get(exchange.outcome, "unspecified"))]
        if not unchanged and not wire.head and exchange.page is None:
            digest = ""  # of what is no HTTP nobody can tell the payload
        extra += [("WARC-Payload-Digest", digest)] if digest else []
        shown = b"" if unchanged else self._shown(exchange, bytes(exact) if kind == "revisit" else None)
        _add(target, Draft(kind, record_id, at, RESPONSE, exact if shown is None else shown, extra, target.info))
        end, wire_id = target.end, ""
        if shown is not None:
            wire_id = new_id()
            own = [
                ("WARC-Target-URI", WIRE + url),
                ("WARC-Concurrent-To", record_id),
                ("WARC-Payload-Digest", payload_digest(exact)),
            ]
            _add(target, Draft("resource", wire_id, at, RESPONSE, exact, own, target.info))
        if unchanged:
            return None, wire_id
        page = exchange.page
        status, media_type = head_facts(exact) if page is None else (page.status, media_type_of(page.header("content-type")))
        return Capture(
            record_id=record_id,
            url=url,
            at=at,
            file=target.name,
            offset=offset,
            length=end - offset,
            type=kind,
            payload_digest=digest,
            media_type=media_type,
            status=status,
            original=same if kind == "revisit" else None,
        ), wire_id

    @staticmethod
    def _shown(exchange: Exchange, repeated: bytes | None) -> bytes | None:
        """What stands in a response record instead of the exact bytes, or in a revisit record instead of the head `repeated`; None: they do."""
        wire, told = exchange.wire, exchange.provenance
        assert wire is not None
        if told is not None and told.shown is not None:
            return told.shown if repeated is None else head_of(told.shown)
        if repeated is not None:
            return plain_reason(repeated)
        head = wire.head or len(head_of(wire.response[:STEP]))
        return replayable(wire.response, head, wire.framing if wire.whole else "", exchange.payload)

    # -------------------------------------------------------------- files
    def check_room(self, keep_free: int) -> None:
        """Raises ArchiveError before the archive's disk is full, `keep_free` bytes before: what is in flight still finds room."""
        folder = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        free = shutil.disk_usage(folder).free
        if free < keep_free:
            raise ArchiveError(
                f"only {free >> 20} MB are free on the disk of {self.folder}, storage.keep_free is {keep_free >> 20} MB",
                remedy="free some space; nothing is lost, what is due stays due",
            )

    def go_on(self, info: Mapping[str, str], *, max_bytes: int, max_age: float) -> None:
        """Under other settings: a file that says otherwise of itself is closed before the next group."""
        told, self.info = self.info, dict(info)
        self.max_bytes, self.max_age = max_bytes, max_age
        if self._open is not None and told != self.info:
            self._open.born = float("-inf")

    def _file(self) -> _Open:
        target = self._open
        if target is not None and not target.dirty:  # what it holds is committed
            old = time.monotonic() - target.born >= self.max_age
            if target.end >= self.max_bytes or old:
                self._close()
        if self._open is None:
            self._open = self._start()
        return self._open

    def _start(self) -> _Open:
        path = self.folder
        try:
            make_folder(self.folder)
            name, path = self._next()
            while (file := self._claimed(path)) is None:
                name, path = self._next()
            target = _Open(name, path, file)
            if self._opening:
                _hold(target, self._opening)
            else:
                block = "".join(f"{key}: {UNSAFE.sub(' ', value)}\r\n" for key, value in self.info.items()).encode()
                now = int(datetime.now(UTC).timestamp() * 1000)
                _add(target, Draft("warcinfo", target.info, now, "application/warc-fields", block, [("WARC-Filename", name)]))
            _flush(target)
            sync_folder(self.folder)
        except OSError as error:
            raise ArchiveError(
                f"cannot write {path}: {error.strerror or error}", remedy="check the folder and its free space"
            ) from error
        return target

    def _next(self) -> tuple[str, Path]:
        """The next file's final name, and the path it has while it is written."""
        name = f"gongkai-{datetime.now(UTC):%Y%m%d%H%M%S}-{self.owner}-{next(self._serial):04}{SUFFIX}"
        return name, self.folder / (name + OPEN)

    def _claimed(self, path: Path) -> IO[bytes] | None:
        """A new file under our lock. None: between its birth and our lock another process took it for a dead one's."""
        file = path.open("xb", buffering=0)
        try:
            if self._take(file) and path.exists():  # it may have been closed under its final name meanwhile
                return file
        except OSError:
            file.close()
            raise
        file.close()
        return None

    def _cut_back(self, target: _Open, start: int) -> None:
        """Half a group would hide everything behind it: cut it away, or never write to this file again."""
        target.held.clear()
        try:
            target.file.truncate(start)
            target.file.seek(start)
            target.end = start
        except OSError:
            self.abandon()

    def abandon(self) -> None:
        """Let go of a file that can no longer be trusted, or that holds what the database may not know: recovery will look at it."""
        if self._open is not None:
            with contextlib.suppress(OSError):
                self._open.file.close()
            self._open = None

    def sync(self) -> None:
        """Make every appended look durable. Raises Condemned when the disk cannot say so."""
        if self._open is None or not self._open.dirty:
            return
        path = self._open.path
        try:
            os.fsync(self._open.file.fileno())
            self._open.dirty = False
        except OSError as error:
            self.abandon()
            raise Condemned(
                f"fsync of {path} failed: {error.strerror or error}",
                remedy="check the disk; what was not confirmed is fetched again",
            ) from error

    def _close(self) -> None:
        """Sync, say length and digest, give the file its final name. Raises ArchiveError when the folder refuses."""
        if self._open is None:
            return
        self.sync()
        done, final = self._open, self._open.path.with_name(self._open.name)
        self._open = None
        try:
            with done.file:
                os.replace(done.path, final)  # while the lock is held: nobody finds it unlocked and open
                sync_folder(self.folder)
            self._finished.append(describe(final))
        except OSError as error:
            raise ArchiveError(
                f"cannot close {done.path}: {error.strerror or error}",
                remedy="check the folder; what the file holds is adopted at the next start",
            ) from error

    def close(self) -> None:
        """Close the open file, if any."""
        self._close()

    def finished(self) -> list[FileInfo]:
        """The files closed since the last call."""
        done, self._finished = self._finished, []
        return done


def _add(target: _Open, draft: Draft) -> None:
    """Append a record; a group's are held together until there are many bytes of them."""
    for piece in draft.pieces():
        _hold(target, piece)


def _hold(target: _Open, piece: bytes) -> None:
    target.held.append(piece)
    target.end += len(piece)
    if sum(map(len, target.held)) > HELD:
        _flush(target)


def _flush(target: _Open) -> None:
    """Write what is held. Raises OSError."""
    data = b"".join(target.held)
    target.held.clear()
    if not data:
        return
    target.dirty = True
    written = target.file.write(data)
    if written != len(data):
        raise OSError(f"short write: {written} of {len(data)} bytes")


def digest_of(exchange: Exchange) -> str:
    """The payload digest of an answer; empty where there was none."""
    return payload_digest(exchange.payload) if exchange.wire and exchange.wire.response else ""


def head_facts(block: Octets) -> tuple[int, str]:
    """Status and media type of a stored answer; (0, "") when even its head is cut."""
    try:
        message = parse_response(head_of(block))
    except DamagedRecord:
        return 0, ""
    return message.status, media_type_of(next((value for key, value in message.headers if key.lower() == "content-type"), None))


def media_type_of(content_type: str | None) -> str:
    """The media type of a Content-Type header, as captures keep it."""
    return (content_type or "").partition(";")[0].strip().lower()[:100]


def head_of(response: Octets) -> bytes:
    """Status line and headers of a response block, with the blank line; of a block with none, all of it. A body is not copied for it."""
    found = HEAD_END.search(response)
    return bytes(response[: found.end()] if found else response)


def _refers(profile: str, original: Original) -> list[tuple[str, str]]:
    return [
        ("WARC-Profile", profile),
        ("WARC-Refers-To", original.record_id),
        ("WARC-Refers-To-Target-URI", original.url),
        ("WARC-Refers-To-Date", warc_date(original.date)),
    ]


def describe(path: Path) -> FileInfo:
    """Name, length and SHA-256 of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return FileInfo(path.name, size, digest.hexdigest())
