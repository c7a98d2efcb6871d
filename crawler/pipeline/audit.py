"""`audit`: is the archive what was written, and does the database say what it says?

Every file is read to its end: its length and SHA-256 against what was noted when it was closed, every record's digests, every look and
capture against its row, both ways. Damage is walked past. What was found is kept as an event of PREMIS, file by file, so that an audit
that was interrupted goes on where it stood (`older_than`).
"""

import contextlib
import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import IO

from crawler.archive import withheld as withheld_file
from crawler.archive.locks import sync_folder
from crawler.archive.members import Damage, Member, members
from crawler.archive.reader import FAR
from crawler.archive.recover import closed_files, looks_of
from crawler.archive.withheld import NAME as WITHHELD
from crawler.archive.writer import OPEN, describe
from crawler.errors import ArchiveError, DamagedRecord
from crawler.fetcher.message import parse_response
from crawler.model import Kept, Millis, payload_digest
from crawler.repository import captures, evidence, withheld
from crawler.repository.database import Database
from crawler.repository.evidence import ARCHIVE, CHECK, FAIL, NOT_CHECKED, PASS, REPLACEMENT, Event, Facts, FileRow

STEP = 1 << 20
REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: `what` of a closed list, the place or the record, and in words what was found."""

    what: str
    where: str
    said: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.where}{f' ({self.said})' if self.said else ''}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one file, or of what belongs to no single file. `outcome`: pass, fail, not checked, repaired."""

    object: str
    outcome: str
    bytes: int = 0
    records: int = 0
    looks: int = 0
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What an audit is asked for. `passed_before`: only files that were not found sound since; `rate`: bytes a second; `second`: a folder
    with copies of the files, from which damaged ones are taken back; `stopped`: it ends where it stands once this says so."""

    passed_before: Millis | None = None
    rate: int | None = None
    second: Path | None = None
    stopped: Callable[[], bool] = lambda: False


EVERYTHING = Asked()


@dataclass(slots=True)
class Found:
    """What reading a file has brought so far."""

    bytes: int = 0
    records: int = 0
    kept: list[Kept] = field(default_factory=list)
    lost: list[Damage] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


class Stopped(Exception):
    """Nobody waits for this audit any more."""


class Slow(io.RawIOBase):
    """A file that is read no faster than so many bytes a second (None: as fast as it can), until it is stopped."""

    def __init__(self, file: IO[bytes], asked: Asked) -> None:
        super().__init__()
        self._file, self._rate, self._stopped = file, asked.rate, asked.stopped
        self._began, self._read = time.monotonic(), 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, when it is their time."""
        if self._stopped():
            raise Stopped
        wait = self._began + self._read / self._rate - time.monotonic() if self._rate else 0
        if wait > 0:
            time.sleep(wait)
        data = self._file.read(size)
        self._read += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """As the file does."""
        return self._file.seek(offset, whence)


class Audit:
    """One audit of an archive. `agent` is who does it; `clock` tells milliseconds since 1970."""

    def __init__(self, database: Database, folder: Path, asked: Asked, agent: str, clock: Callable[[], Millis]) -> None:
        self.database, self.folder, self.asked, self.agent, self.clock = database, folder, asked, agent, clock
        self._unseen: set[int] = set()

    def run(self) -> Iterator[Checked]:
        """Check one after another; each is kept before it is told. Raises ArchiveError when there is no archive."""
        if not self.folder.is_dir():
            raise ArchiveError(f"there is no archive at {self.folder}", remedy="check storage.archive")
        with contextlib.suppress(Stopped):
            yield from self._run()

    def _run(self) -> Iterator[Checked]:
        before = self.asked.passed_before
        there = {path.name for path in closed_files(self.folder)}
        with self.database.read() as c:
            known = evidence.files(c)
            if before is None:
                self._unseen = {hash(record) for record in evidence.look_records(c)}
        sound = True
        for row in known:
            if before is not None and (row.passed or 0) > before:
                continue
            checked = self._file(row)
            sound = sound and checked.outcome in (PASS, REPAIRED)
            yield checked
        yield from self._strangers(there - {row.name for row in known})
        yield from self._withheld()
        if before is None and sound and self._unseen:
            said = f"{len(self._unseen)} looks of the database stand in no file"
            yield self._keep(Checked(ARCHIVE, FAIL, troubles=(Trouble("look without its record", said),)))

    def _strangers(self, names: set[str]) -> Iterator[Checked]:
        with self.database.read() as c:
            known = {row.name for row in evidence.files(c)}  # one may have been closed meanwhile
        for name in sorted(names - known):
            yield self._keep(Checked(name, FAIL, troubles=(Trouble("unknown file", name, "the database knows nothing of it"),)))

    def _withheld(self) -> Iterator[Checked]:
        """What is withheld: the file's lines against the database's, and every document against the last line about it."""
        try:
            said = withheld_file.read(self.folder)
        except ArchiveError as error:
            yield self._keep(Checked(WITHHELD, FAIL, troubles=(Trouble("changed", WITHHELD, error.message),)))
            return
        with self.database.read() as c:
            known, odd, hidden = withheld.rows(c), withheld.odd(c), withheld.hidden(c)
        troubles = [Trouble("withheld differs", document, "the database does not say of it what is written") for document in odd]
        pairs = zip_longest(((entry.line, entry.digest) for entry in said), known)
        for number, (here, there) in enumerate(pairs, 1):
            if here != there:
                why = (
                    "not in the file" if here is None else "not in the database" if there is None else "the database has another"
                )
                troubles.append(Trouble("withheld differs", f"{WITHHELD}:{number}", why))
        if said or known or hidden:
            yield self._keep(Checked(WITHHELD, FAIL if troubles else PASS, records=len(said), troubles=tuple(troubles)))

    def _file(self, row: FileRow) -> Checked:
        checked = self._check(row)
        if checked.outcome == FAIL and self.asked.second is not None and row.closed and self._take_back(row, self.asked.second):
            again = self._check(row)
            checked = again if again.outcome != PASS else Checked(row.name, REPAIRED, again.bytes, again.records, again.looks)
        return checked

    def _check(self, row: FileRow) -> Checked:
        try:
            found = examine(self.folder, row, self.asked)
        except FileNotFoundError:
            found = Found()
            found.troubles.append(Trouble("missing file", row.name))
            found.lost.append(Damage(row.name, 0, FAR, "missing"))
        except OSError as error:
            trouble = Trouble("cannot be read", row.name, error.strerror or str(error))
            return self._keep(Checked(row.name, NOT_CHECKED, troubles=(trouble,)))
        with self.database.read() as c:
            held = evidence.captures(c, row.name, None if row.closed else row.committed)
            known = evidence.looks(c, [look.look for look in found.kept])
            refused = evidence.refused(c, [look.look for look in found.kept if look.look not in known])
            found.troubles += _compare([look for look in found.kept if look.look not in refused], held, known)
            for version, names in evidence.odd_versions(c, row.name):
                found.troubles.append(Trouble("version differs", version, f"{', '.join(names)}: not those of its record"))
        self._unseen.difference_update(hash(kept.look) for kept in found.kept)
        outcome = FAIL if found.troubles else PASS
        checked = Checked(row.name, outcome, found.bytes, found.records, len(found.kept), tuple(found.troubles))
        return self._keep(checked, found.lost)

    def _take_back(self, row: FileRow, second: Path) -> bool:
        """Put a second copy in a damaged file's place, if the copy is what was written. What stood there is kept beside it."""
        target, copy = self.folder / row.name, second / row.name
        made = target.with_name(row.name + ".copy")
        try:
            if not copy.is_file() or not _is(copy, row):
                return False
            shutil.copyfile(copy, made)
            if not _is(made, row):
                made.unlink()
                return False
            with made.open("r+b") as file:
                os.fsync(file.fileno())
            if target.exists():
                os.replace(target, target.with_name(f"{row.name}.damaged-{self.clock()}"))
            os.replace(made, target)
            sync_folder(self.folder)
        except OSError as error:
            raise ArchiveError(f"cannot take {copy} back: {error.strerror or error}", remedy="check both folders") from error
        with self.database.write() as c:
            evidence.happened(c, Event(REPLACEMENT, row.name, self.clock(), self.agent, PASS, [{"from": str(second)}]))
            evidence.healed(c, row.name)
        return True

    def _keep(self, checked: Checked, lost: list[Damage] | None = None) -> Checked:
        detail = [{"what": trouble.what, "where": trouble.where, "said": trouble.said} for trouble in checked.troubles]
        with self.database.write() as c:
            now = self.clock()
            evidence.happened(c, Event(CHECK, checked.object, now, self.agent, checked.outcome, detail))
            if lost:
                captures.hurt(c, lost, now)
        return checked


def examine(folder: Path, row: FileRow, asked: Asked = EVERYTHING) -> Found:
    """Length, digest and records of a file, read from beginning to end; of one that is being written what is committed. Raises OSError."""
    found, lost = Found(), list[Damage]()
    path = folder / row.name
    if not row.closed and not path.exists():
        path = path.with_name(row.name + OPEN)
    with path.open("rb") as raw:
        file: IO[bytes] = Slow(raw, asked)  # type: ignore[assignment] # read and seek are all that is asked of it
        end = FAR if row.closed else row.committed
        if row.closed:
            _whole(row, file, found)
        else:
            found.bytes = min(raw.seek(0, 2), row.committed)
            if found.bytes < row.committed:
                found.troubles.append(Trouble("length", row.name, f"{found.bytes} bytes, {row.committed} are committed"))
        records = (member for member in members(file, 0, lost, row.name) if member.end <= end)
        found.kept += looks_of(_judged(records, found), row.name)
    found.lost += [damage for damage in lost if damage.offset < end]
    found.troubles += [Trouble("bytes lost", f"{row.name} at {d.offset}", f"{d.bytes} bytes, {d.why}") for d in found.lost]
    return found


def _whole(row: FileRow, file: IO[bytes], found: Found) -> None:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(STEP):
        digest.update(block)
        found.bytes += len(block)
    if found.bytes != row.bytes:
        found.troubles.append(Trouble("length", row.name, f"{found.bytes} bytes, {row.bytes} when it was closed"))
    if digest.hexdigest() != row.sha256:
        found.troubles.append(Trouble("digest", row.name, f"SHA-256 {digest.hexdigest()}, {row.sha256} when it was closed"))


def _is(path: Path, row: FileRow) -> bool:
    info = describe(path)
    return (info.bytes, info.sha256) == (row.bytes, row.sha256)


def _judged(records: Iterator[Member], found: Found) -> Iterator[Member]:
    """The same records, each counted and its payload judged; that its block is what was written was judged when it was read."""
    for member in records:
        found.records += 1
        headers = member.record.headers
        said = headers.get("warc-payload-digest")
        if member.record.type == "response" and said and "warc-truncated" not in headers:
            try:
                right = payload_digest(parse_response(member.record.block).payload) == said
            except DamagedRecord:
                right = False
            if not right:
                found.troubles.append(Trouble("payload digest", member.record.id, f"at {member.offset}"))
        yield member


def _compare(kept: list[Kept], held: dict[str, Facts], looks: dict[str, Facts]) -> Iterator[Trouble]:
    """What the database says otherwise than the archive; what either has and the other has not."""
    seen = set()
    for look in kept:
        yield from _differs("look", look.look, evidence.look_facts(look), looks.get(look.look))
        if look.capture is not None:
            seen.add(look.capture.record_id)
            facts = evidence.capture_facts(look)
            yield from _differs("capture", look.capture.record_id, facts, held.get(look.capture.record_id))
    for record in sorted(held.keys() - seen):
        yield Trouble("capture without its record", record)


def _differs(what: str, record: str, archive: Facts, database: Facts | None) -> Iterator[Trouble]:
    if database is None:
        yield Trouble(f"{what} not in the database", record)
        return
    for name, value in archive.items():
        if database[name] != value:
            said = f"{name} is {database[name]!r} in the database, {value!r} in the archive"
            yield Trouble(f"{what} differs", record, said)
