"""`import`: what others have captured becomes looks of ours at their own times, through the same keep and settle as ever.

First everything is sorted out (`sorting`), then pages at addresses that nobody knows are read once, to tell a list from a notice and a
second page from a first, and then the looks are told in the order they happened. Each step is idempotent: what was told once is known by
its record id. What is told in the end is settled like whatever waits to be read.
"""

import contextlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crawler.archive.alive import is_dead
from crawler.archive.foreign import Answer, answer_of, read_response
from crawler.archive.groups import Group, moved, put_file, taken
from crawler.archive.locks import make_folder
from crawler.archive.opened import REWRITTEN
from crawler.archive.reader import open_block
from crawler.archive.recover import NAME, told_at
from crawler.archive.walking import Raw, moment, record_at
from crawler.archive.writer import Archive, FileInfo, describe, head_of
from crawler.errors import ArchiveError, DamagedRecord
from crawler.fetcher.decoding import Undecodable
from crawler.model import Capture as Place
from crawler.model import Exchange, Kept, Kind, Millis, Outcome, Page, Request, Run, RunKind, Task, payload_digest
from crawler.pipeline import brought
from crawler.pipeline.brought import Capture, digests
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.line import Line
from crawler.pipeline.policy import AD_HOC
from crawler.pipeline.sorting import Entry, Sorted, saved_record, sort_out
from crawler.pipeline.told_apart import tell_apart
from crawler.repository import addresses, captures, files, intake, looks
from crawler.repository.addresses import Address
from crawler.repository.database import Connection
from crawler.text import urls

DAY: Millis = 86_400_000
BEIJING: Millis = 8 * 3_600_000
AT_ONCE = 200  # looks of a transaction
BYTES_AT_ONCE = 16 << 20
NEAREST = 50  # answers of an address among which a revisit's is looked for
ROOM = ".import-"

Watch = Callable[[str, int, int], None]


@dataclass(slots=True)
class Brought:
    """What came of an import. `looks` by outcome, `known` before already, `late`: older than what was known of their addresses, `noted`: read by
    what their bytes are; `left_out`: why → how many; `problems`: what could not be read, with its place; `changes`: ledger lines by kind."""

    looks: Counter[str] = field(default_factory=Counter)
    known: int = 0
    late: int = 0
    noted: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)
    sources: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _State:
    """An address while looks are told. `kind` None: nobody knows; `via`: whose second page it is."""

    source: str
    kind: Kind | None = None
    via: str | None = None
    last_look: Millis | None = None
    last_digest: str | None = None
    answered: bool = False  # a good answer is known, or lies in these files


def bring_in(
    line: Line, named: Iterable[Path], source: str | None = None, watch: Watch = lambda *_: None, at_once: int = AT_ONCE
) -> Brought:
    """Take in what these files and folders hold. `source`: whose it is; None: its address's, that of the host's column, or one made for its site.

    `watch(what, done, all)`; `at_once`: looks of a transaction. What is archived when this ends in the middle is told at the next start; the same call then goes on.
    """
    with _room(line) as room:
        found = sort_out(named, room, line.clock(), lambda name: watch(f"sorting {name}", 0, 0))
        return _Intake(line, found, source, watch).all(at_once)


@contextlib.contextmanager
def _room(line: Line) -> Iterator[Path]:
    """A folder for what must be unpacked, beside the archive; those of imports that died are taken away."""
    folder = line.archive.folder
    make_folder(folder)
    for old in folder.glob(f"{ROOM}*"):
        if is_dead(folder, old.name.removeprefix(ROOM)) is not False:
            shutil.rmtree(old, ignore_errors=True)
    room = folder / f"{ROOM}{line.owner}"
    try:
        room.mkdir()
        yield room
    except OSError as error:
        raise ArchiveError(
            f"cannot unpack beside the archive: {error.strerror or error}", remedy="free some disk space"
        ) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)


class _Intake:
    def __init__(self, line: Line, found: Sorted, source: str | None, watch: Watch) -> None:
        self.line, self.found, self.source, self.watch = line, found, source, watch
        self.done = Brought(left_out=found.left_out, problems=found.problems)
        self.addresses: dict[str, _State] = {}
        self.pens: dict[bytes, Archive] = {}
        self.taken: list[FileInfo] = []  # files of an archive of ours that are here as they are
        self.seen: set[tuple[str, Millis, str]] = set()
        self.earlier: dict[str, list[tuple[Place, Place | None]]] = {}  # URL key → answers that revisits of a batch may stand for

    def all(self, at_once: int) -> Brought:
        before = self.line.ask(intake.last_change)
        self._take_over()
        entries = self.found.entries
        self._known([entry.url for entry in entries if entry.group is None])
        entries = self._worth(entries)
        self._told_apart(entries)
        told = 0
        try:
            for some in _batches(entries, at_once):
                self._tell(some)
                told += len(some)
                self.watch("telling", told, len(entries))
            self._close()
        except BaseException:
            for pen in self.pens.values():
                pen.abandon()
            raise
        self.line.do(self._resolve)
        settle_all(self.line, lambda read: self.watch("reading", read, max(read, told)))
        self.done.changes = self.line.ask(intake.changes_since, before)
        self.done.left_out = +self.done.left_out
        return self.done

    # -------------------------------------------------------------- what is known
    def _known(self, listed: Iterable[str]) -> None:
        keys = {urls.key(Request(url)) for url in listed} - self.addresses.keys()
        for key, address in self.line.ask(addresses.by_key, keys).items():
            self.addresses[key] = _of(address)

    def _state(self, key: str, url: str) -> _State:
        if key not in self.addresses:
            self.addresses[key] = _State(self._source(url))
        return self.addresses[key]

    def _source(self, url: str) -> str:
        if self.source is not None:
            return self.source
        host = urls.host(url)
        for source in self.line.policy.config.sources.values():
            if host in {urls.host(start.url) for start in source.addresses}:
                return source.id
        name = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in urls.registered(host).lower())
        return f"import-{name.strip('-')}"[:64]

    def _worth(self, entries: Sequence[Entry]) -> list[Entry]:
        """Without answers that are no page at addresses which never gave one, here or to anybody."""
        good = {
            urls.key(Request(entry.url))
            for entry in entries
            if entry.group is None and (entry.type != "response" or 200 <= entry.status < 300)
        }
        for key in good:
            if key in self.addresses:
                self.addresses[key].answered = True
        kept = []
        for entry in entries:
            key = urls.key(Request(entry.url)) if entry.group is None else ""
            if (
                entry.group is not None
                or key in good
                or (key in self.addresses and self.addresses[key].answered)
                or self._leads_to(entry, good)
            ):
                kept.append(entry)
            else:
                self.done.left_out[f"an answer with status {entry.status} at an address without a page"] += 1
        return kept

    def _leads_to(self, entry: Entry, good: set[str]) -> bool:
        """Is this a redirect to a page that is there?"""
        if entry.status not in (301, 302, 303, 307, 308):
            return False
        try:
            location = {name.lower(): value for name, value in answer_of(self._raw(entry)).headers}.get("location", "")
            to = urls.join(entry.url, location)
            return to is not None and urls.key(Request(to)) in good
        except (ArchiveError, Undecodable, urls.BadUrl):
            return False

    # -------------------------------------------------------------- lists, notices, second pages
    def _told_apart(self, entries: Sequence[Entry]) -> None:
        """Read the first page of each address that nobody knows: is it a list? Whose second page is it?"""
        first: dict[str, Entry] = {}
        for entry in entries:
            if entry.group is None and (entry.type == "saved" or 200 <= entry.status < 300):
                key = urls.key(Request(entry.url))
                if self._state(key, entry.url).kind is None:
                    first.setdefault(key, entry)
        rules = {key: self.line.policy.rules(self.addresses[key].source) for key in first}
        told = tell_apart(self.line.readers, rules, lambda key: self._page(first[key]), self.watch)
        for key, kind in told.kinds.items():
            self.addresses[key].kind = kind
        for named, kind in ((told.files, Kind.ATTACHMENT), (told.further, Kind.CONTINUATION)):
            for key, holder in named.items():
                if key in first and key != holder and told.kinds[key] is not Kind.LIST:
                    self.addresses[key].kind, self.addresses[key].via = kind, holder

    def _page(self, entry: Entry) -> Page | None:
        try:
            answer = answer_of(self._raw(entry))
        except (ArchiveError, Undecodable):
            return None  # told when its look is
        return Page(entry.url, answer.status, answer.headers, answer.body, entry.at)

    def _raw(self, entry: Entry) -> Raw:
        held = self.found.files[entry.file]
        if entry.type == "saved":
            return saved_record(held.path, entry)
        return replace(record_at(held.path, entry.offset), number=entry.number, offset=entry.offset)

    # -------------------------------------------------------------- telling
    def _tell(self, some: Sequence[Entry]) -> None:
        ours = [entry for entry in some if entry.group is not None]
        theirs = [entry for entry in some if entry.group is None]
        ids = [entry.group.look.look if entry.group else brought.record_id("look", entry.known_as) for entry in some]
        told = self.line.ask(looks.told, ids)
        fresh = [entry for entry, name in zip(some, ids, strict=True) if name not in told]
        self.done.known += len(some) - len(fresh)
        if ours:
            self._copy([entry for entry in fresh if entry.group is not None])
        if theirs:
            self._keep([entry for entry in fresh if entry.group is None])

    def _keep(self, entries: Sequence[Entry]) -> None:
        """Looks of others, archived as groups of our own."""
        away = {_stands_at(entry) for entry in entries if entry.type == "revisit" and entry.original is None}
        self.earlier = self.line.ask(intake.answers, away) if away else {}
        found = [
            (entry, capture, request)
            for entry in entries
            if (capture := self._capture(entry)) and (request := self._request(entry))
        ]
        self._known([entry.url for entry, _, _ in found])
        there = self.line.ask(
            intake.moments, {urls.key(request) for _, _, request in found}, {capture.raw.at for _, capture, _ in found}
        )
        exchanges = []
        for entry, capture, request in found:
            key = urls.key(request)
            what = (key, entry.at, payload_digest(capture.answer.payload))
            if what in there or what in self.seen:
                self.done.left_out["the same bytes at the same time are known"] += 1
                continue
            self.seen.add(what)
            exchanges.append(self._exchange(entry, capture, request, key))
        if exchanges:
            self.line.keep(exchanges, None)

    def _exchange(self, entry: Entry, capture: Capture, request: Request, key: str) -> Exchange:
        state = self._state(key, entry.url)
        late = state.last_look is not None and entry.at < state.last_look
        slot = (entry.at + BEIJING) // DAY * DAY - BEIJING  # what one day showed belongs together
        queue = self.line.policy.queue(state.source, entry.url)
        task = Task(
            key, request, entry.url, queue, state.kind or Kind.DETAIL, state.source, Run(state.source, RunKind.ONCE, slot), via=state.via,
            last_digest=None if late else state.last_digest,
        )  # fmt: skip
        made = brought.exchange(capture, task, self.line.clock())
        if made.outcome is Outcome.OK and not late:
            state.last_digest = payload_digest(made.payload)
        if not late:
            state.last_look = entry.at
        self.done.late += late
        same = made.outcome is Outcome.OK and payload_digest(made.payload) == task.last_digest
        self.done.looks[str(Outcome.SAME_BYTES if same else made.outcome)] += 1
        self.done.noted.update(capture.answer.notes and ["read by what the bytes are"])
        self.done.sources[state.source] += 1
        return made

    def _request(self, entry: Entry) -> Request | None:
        request = brought.request_of(entry.url.partition("#")[0], self._sent(entry))
        if request is None:
            self.done.left_out["neither GET nor POST"] += 1
        return request

    def _sent(self, entry: Entry) -> bytes:
        if entry.sent is None:
            return b""
        try:
            return record_at(self.found.files[entry.sent[0]].path, entry.sent[1]).block
        except ArchiveError:
            return b""

    def _capture(self, entry: Entry) -> Capture | None:
        """The capture with its answer; None, and why is counted, where it cannot be had."""
        origin = self.found.origins[entry.file]
        try:
            raw = self._raw(entry)
            if raw.type == "revisit":
                return self._revisit(entry, raw)
            return Capture(raw, answer_of(raw), origin, self._sent(entry))
        except (DamagedRecord, Undecodable) as error:
            self.done.left_out["an answer that cannot be read"] += 1
            self.found.problems.append(f"{origin.name} at {entry.offset}, record {entry.number}: {error}")
            return None

    def _revisit(self, entry: Entry, raw: Raw) -> Capture | None:
        assert entry.refers is not None
        held = self._original(entry)
        if held is None:
            self.done.left_out["a revisit whose answer is neither in these files nor in the archive"] += 1
            return None
        head, answer = held
        stands_for = {name: value for name, value in zip(("record", "url", "date", "digest"), entry.refers, strict=True) if value}
        own = brought.head_of(raw)
        if own is not None and own.status != 304 and 200 <= own.status < 600:
            told = answer_of(replace(raw, headers={**raw.headers, "warc-type": "response"}))
            head, answer = raw.block[: told.head], replace(answer, status=told.status, headers=told.headers, notes=())
            return Capture(raw, answer, self.found.origins[entry.file], self._sent(entry), head, stands_for)
        notes = ("a 304: told as the answer that it confirmed",) if own is not None else ()
        return Capture(raw, replace(answer, notes=()), self.found.origins[entry.file], self._sent(entry), head, stands_for, notes)

    def _original(self, entry: Entry) -> tuple[bytes, Answer] | None:
        """(head, answer) that a revisit stands for: in these files, else in the archive."""
        if entry.original is not None:
            raw = self._raw(entry.original)
            answer = answer_of(raw)
            return raw.block[: answer.head], answer
        assert entry.refers is not None
        digest, date = entry.refers[3], moment(entry.refers[2])
        near = sorted(self.earlier.get(_stands_at(entry), ()), key=lambda held: abs(held[0].at - date))
        for capture, payload in near[:NEAREST]:
            with contextlib.suppress(DamagedRecord, Undecodable):
                head, answer = _held(self.line.archive.folder, capture, payload)
                if not digest or digest in digests(answer.payload):
                    return head, answer
        return None

    # -------------------------------------------------------------- another archive of ours
    def _take_over(self) -> None:
        """An archive of ours that comes into an empty one keeps its files as they are, and is told as it was.

        Empty is also what holds nothing but some of these files: so it is when this was interrupted.
        """
        numbers = {entry.file for entry in self.found.entries if entry.group is not None}
        held = {number: self.found.files[number] for number in sorted(numbers)}
        names = {number: opened.name.rpartition("/")[2] for number, opened in held.items()}
        whole = all(
            NAME.fullmatch(name) and opened.path.suffix != REWRITTEN
            for name, opened in zip(names.values(), held.values(), strict=True)
        )
        known = set(self.line.ask(files.committed))
        if not held or not whole or len(set(names.values())) < len(names) or not known <= set(names.values()):
            return
        for number, opened in held.items():
            put_file(opened.path, self.line.archive.folder, names[number])
        self.taken = [describe(self.line.archive.folder / name) for name in names.values()]
        self.found.entries.sort(
            key=lambda entry: told_at(entry.group.look) if entry.group else (entry.at, entry.at, "", entry.number)
        )

    def _copy(self, entries: Sequence[Entry]) -> None:
        """Looks of another archive of ours, their records byte for byte."""
        kept: list[Kept] = []
        for entry in entries:
            assert entry.group is not None
            look = entry.group.look if self.taken else self._moved(entry, entry.group)
            kept.append(look)
            self.done.looks[str(look.outcome)] += 1
            self.done.sources[look.task.source] += 1
        for pen in self.pens.values():
            pen.sync()
        self.line.do(self._commit, kept, [info for pen in self.pens.values() for info in pen.finished()])

    def _moved(self, entry: Entry, group: Group) -> Kept:
        opening, data = taken(self.found.files[entry.file].path, group)
        if opening not in self.pens:
            self.pens[opening] = self.line.archive.beside(opening)
        return moved(group, *self.pens[opening].copy(data))

    def _commit(self, c: Connection, kept: Sequence[Kept], finished: Sequence[FileInfo]) -> None:
        self.line.commit(c, kept, self.line.owner, None)
        files.closed(c, finished, self.line.owner)

    def _close(self) -> None:
        for pen in self.pens.values():
            pen.close()
            self.line.do(files.closed, pen.finished(), self.line.owner)
        self.line.do(files.closed, self.taken, self.line.owner)

    def _resolve(self, c: Connection) -> None:
        """Revisits of ours that were told before their originals."""
        captures.resolve_originals(c, [entry.group.look for entry in self.found.entries if entry.group is not None])


def _stands_at(entry: Entry) -> str:
    """URL key of the address whose answer a revisit stands for."""
    assert entry.refers is not None
    return urls.key(Request(entry.refers[1] or entry.url))


def _held(folder: Path, capture: Place, payload: Place | None) -> tuple[bytes, Answer]:
    """(head, answer) of a capture of the archive. Raises DamagedRecord, Undecodable."""
    own = open_block(folder, capture)
    if payload is None:
        return head_of(own), read_response(own)
    whole = open_block(folder, payload)
    return head_of(own), read_response(head_of(whole) + read_response(whole).payload)


def _of(address: Address) -> _State:
    source = address.source or AD_HOC
    answered = address.last_capture is not None
    return _State(source, Kind(address.kind), address.via, address.last_look, address.last_digest, answered)


def _batches(entries: Sequence[Entry], most: int) -> Iterator[Sequence[Entry]]:
    """Entries that are told together, in their order: either ours or others'."""
    some: list[Entry] = []
    size = 0
    for entry in entries:
        full = len(some) >= most or size + entry.size > BYTES_AT_ONCE
        if some and (full or (some[0].group is None) != (entry.group is None)):
            yield some
            some, size = [], 0
        some.append(entry)
        size += entry.size
    if some:
        yield some
