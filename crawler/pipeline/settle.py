"""What a batch of readings comes to. Pure: `decide` folds it, oldest capture first, into what is known, and returns what is to be written.

Idempotent: a capture whose reading is not pending any more is passed over. Times are the captures', never the clock's, so that a
rebuilt database says the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crawler.model import GOOD, ChangeKind, Kind, Millis, Outcome, PageKind, short_id
from crawler.pipeline import attachments, judge, lists, presence
from crawler.pipeline.attachments import Contents, Shown, Told
from crawler.pipeline.judge import Action, align
from crawler.pipeline.presence import GONE_PAGES, SHOWN, Sighting
from crawler.pipeline.seeding import Rules
from crawler.record.content import Content
from crawler.record.frame import unpacked
from crawler.record.notice import CUT_OFF, Notice
from crawler.record.reading import Reading
from crawler.record.serial import fields_of
from crawler.repository.addresses import Address, Seed
from crawler.repository.attachments import Link
from crawler.repository.changes import NewChange
from crawler.repository.continuations import Round
from crawler.repository.database import clean, dump
from crawler.repository.documents import HERE, MISSING, Current, Document
from crawler.repository.looks import WELL, Look
from crawler.repository.readings import DONE, PENDING, UNREADABLE, ReadingRow
from crawler.repository.settle import Item, Known, Writes
from crawler.repository.versions import NewVersion, Reference
from crawler.repository.works import Member
from crawler.text import urls

MOST_ATTEMPTS = 200  # readings of one capture: each continuation of a long article may call for one
MOST_HOPS = 10


def decide(known: Known, rules: Rules) -> Writes:
    """What is written of a batch.

    A reading by rules that the document's current version was not read by waits: that version's capture becomes pending and is
    read again first, so that a change of our rules is never taken for a change at the site.
    """
    return _Fold(known, rules).all()


@dataclass(frozen=True, slots=True)
class _Turn:
    """The look from which on a capture says whether its notices are there."""

    look: Look
    at: Millis


class _Fold:
    """One batch while it is folded."""

    def __init__(self, known: Known, rules: Rules) -> None:
        self.known, self.rules = known, rules
        self.writes = Writes()
        self.document_ids, self.work_ids, self.version_ids = (
            iter(known.document_ids), iter(known.work_ids), iter(known.version_ids),
        )  # fmt: skip
        self.contents = Contents(known.contents, iter(known.content_ids))

    def all(self) -> Writes:
        for item in self.known.items:
            row = self.known.readings[item.capture.id]
            if row.state != PENDING:
                continue
            if row.run is not None:
                self.writes.concerned.add(row.run)
            reading = self._one(item, row)
            self.writes.readings[row.capture] = row
            row.attempts += 1
            if reading is not None:
                self._done(item, row, reading)
        self.writes.contents = list(self.contents.made.values())
        return self.writes

    def _one(self, item: Item, row: ReadingRow) -> Reading | None:
        """One capture, and what is said of it; None: read it again, after another, or with further captures that are there by now."""
        reading = item.settled.reading
        if item.redirect is not None:
            self._lead_on(item, row)
        if item.address.kind == Kind.LIST:
            batch = lists.Batch(self.known, self.writes, self.rules.queue_of)
            lists.settle(batch, item, row.run, self.rules.lists(item.address.source))
            return reading
        if reading.error is not None:
            if (turn := self._turn(item, row)) is not None and not item.settled.again:
                self._later(item, turn, there=None)
            return reading
        if item.address.kind == Kind.ATTACHMENT:
            self._file(item, row)
            return reading
        rounds = self.known.rounds
        its_run = self._first_run(item)
        if reading.continues and row.run is not None and row.run == its_run and self._follow(item, row.run):
            return reading  # the run looks at them; the last of those looks calls for this capture again
        its_round = rounds.round_of(its_run, item.capture.id)
        if its_round.captures != item.settled.made_of and row.attempts < MOST_ATTEMPTS:
            return None
        said = self._notices(item, row, its_round)
        if said is not None and said.file is not None:
            self._read_file(item, row, said.file)
        return said

    def _open_run(self, row: ReadingRow) -> int | None:
        run = self.known.runs.get(row.run) if row.run is not None else None
        return run.id if run is not None and run.is_open else None

    def _first_run(self, item: Item) -> int | None:
        return next((look.run for look in self._looks(item)), None)

    def _looks(self, item: Item) -> list[Look]:
        """The looks that a capture answers for."""
        return [look for look in self.known.looks.get(item.address.id, ()) if look.capture == item.capture.id]

    # -------------------------------------------------------------- where a page leads
    def _lead_on(self, item: Item, row: ReadingRow) -> None:
        """A page that sends its reader on by itself (meta refresh, script) is followed as redirects are.

        Its run looks there next, while it is open; of a notice not where there is none (the home page, a login).
        """
        seed, address, is_list = item.redirect, item.address, item.address.kind == Kind.LIST
        assert seed is not None
        address.redirect = seed.key
        self.writes.addresses[address.id] = address
        run = self._open_run(row)
        if run is None or (not is_list and urls.leads(address.url, seed.request.url) in ("home", "login")):
            return
        hops = self.known.led.get(run, 0) if is_list else self.known.hops.get(address.key, 0)
        if hops < MOST_HOPS and (is_list or self._may_lead(run, address, seed)):
            self._look_at(run, seed)

    def _may_lead(self, run: int, address: Address, seed: Seed) -> bool:
        """Within the site, or on one of the other hosts that rows of this run may lead to?"""
        if (run, self.known.address_of(seed).id) in self.known.looked:
            return False
        to, most = urls.host(seed.request.url), self.rules.beyond(address.source, seed.request.url)
        return self.known.runs[run].leads(urls.host(address.url), to, most)

    def _look_at(self, run: int, seed: Seed) -> bool:
        """Put an address into a run's frontier; False when the run has looked at it already."""
        number = self.known.address_of(seed).id
        if (run, number) in self.known.looked:
            return False
        self.writes.frontier.add(run, number, seed)
        return True

    def _follow(self, item: Item, run: int) -> bool:
        """Put the continuations of a capture into its run's frontier, but those it has looked at; does the run wait for any of them?"""
        for seed in item.further:
            if self._look_at(run, seed):
                self.known.rounds.ask(run, self.known.address_of(seed))
        return self.known.rounds.waits(run, item.capture.id)

    # -------------------------------------------------------------- notices
    def _notices(self, item: Item, row: ReadingRow, its_round: Round) -> Reading | None:
        reading = item.settled.reading
        if item.capture.id in self.known.late and self._documents(item):
            return reading  # what is known of them is younger: `late`
        if reading.page_kind in SHOWN and reading.notices:
            stale = self._stale(item, reading)
            if stale is not None and row.attempts >= MOST_ATTEMPTS:
                return replace(
                    reading, error="processes with different rules read this address in turn; end one, then read it again"
                )
            if stale is not None:
                self._to_read(stale, row.run)
                return None
            self._shown(item, row, its_round)
            return reading
        if any(document.current and document.current.capture == item.capture.id for document in self._documents(item)):
            return reading  # on the very same bytes a notice was read: that today's rules see none is our doing
        leads_home = reading.leads_to is not None and urls.leads(item.address.url, reading.leads_to) == "home"
        gone = leads_home or reading.page_kind in GONE_PAGES
        self._presence(item, row, there=False if gone else None)
        return reading

    def _shown(self, item: Item, row: ReadingRow, its_round: Round) -> None:
        """The page's notices, each judged against what is known of it."""
        look = max((look.id for look in self._looks(item)), default=None)
        notices = self._aligned(item)
        fresh = False
        for notice in notices:
            fresh |= self._notice(item, notice, its_round, look)
        parts = frozenset(notice.part for notice in notices)
        row.facts = None if parts == {0} else dump(sorted(parts))
        self._follow_files(item, row)
        self._parts_gone(item, parts, look)
        self._seen(item, row, parts)
        self._presence(item, row, there=True, fresh=fresh, parts=parts)

    def _documents(self, item: Item) -> list[Document]:
        return self.known.documents.setdefault(item.address.id, [])

    def _aligned(self, item: Item) -> Sequence[Notice]:
        """The page's notices under the part numbers by which they are known."""
        found = item.settled.reading.notices
        held = sorted(self._documents(item), key=lambda document: document.part)
        if len(found) == 1 and [document.part for document in held] in ([], [0]):
            return found if found[0].part == 0 else [replace(found[0], part=0)]
        parts = align(
            [(document.part, document.current.text_digest, document.current.title) for document in held if document.current],
            [(notice.text_digest, clean(notice.title)) for notice in found],
        )
        return [replace(notice, part=part) for notice, part in zip(found, parts, strict=True)]

    def _stale(self, item: Item, reading: Reading) -> int | None:
        """The capture of a current version at this address that today's rules have not read yet."""
        for document in self._documents(item):
            current = document.current
            assert current is not None
            read = self.known.readings.get(current.capture)
            unread = read is None or (read.rules != reading.rules and read.state != UNREADABLE)
            if current.capture != item.capture.id and current.capture_at <= item.capture.at and unread:
                return current.capture
        return None

    def _to_read(self, capture: int, run: int | None) -> None:
        row = self.known.readings.setdefault(capture, ReadingRow(capture, state=DONE))
        row.wait(run)
        self.writes.readings[capture] = row

    def _notice(self, item: Item, notice: Notice, its_round: Round, look: int | None) -> bool:
        """Judge one notice and apply the verdict; True when it is new or edited."""
        document = next((held for held in self._documents(item) if held.part == notice.part), None)
        reached = its_round.reached and not (notice.incomplete or "").startswith(CUT_OFF)
        capture, rules = item.capture, item.settled.reading.rules
        known = self._known(document, notice, capture.id, rules, reached=reached) if document else None
        verdict = judge.judge(known, notice, capture=capture.id, at=capture.at, rules=rules, reached=reached)
        if verdict.action in (Action.SAME, Action.LATE):
            return False
        before = document.version if document else None
        if document is None:
            document = self._new_document(item, notice)
        version = self._new_version(item, document, notice, verdict.n, its_round)
        kind = ChangeKind(str(verdict.action))
        self.writes.changes.append(NewChange(kind, capture.at, item.address.source, document.id, before, version, look))
        return verdict.action is not Action.REREAD

    def _known(self, document: Document, notice: Notice, capture: int, rules: str, *, reached: bool) -> judge.Known:
        current = document.current
        assert current is not None
        body = () if current.whole and reached else self.known.bodies[current.version]
        again = capture == current.capture and rules != current.rules and current.version in self.known.records
        told = not again or fields_of(unpacked(notice.packed)) == fields_of(self.known.records[current.version])
        return judge.Known(
            current.n, current.text_digest, current.rules, current.capture, current.capture_at, current.whole, body, told
        )

    def _new_document(self, item: Item, notice: Notice) -> Document:
        """Its public id derives from the record id of the address's first capture and the part."""
        address, at = item.address, item.capture.at
        public_id = short_id(address.first_record or item.capture.record, notice.part)
        number, work = next(self.document_ids), next(self.work_ids)
        document = Document(number, public_id, address.id, notice.part, address.source, work, HERE, at, at, None, None)
        self.known.works.new(work, Member(number, public_id, at))
        self.writes.made.append(document)
        self._documents(item).append(document)
        return document

    def _new_version(self, item: Item, document: Document, notice: Notice, n: int, its_round: Round) -> int:
        """Append a version, make it current, link its work."""
        number, capture, rules, before = next(self.version_ids), item.capture, item.settled.reading.rules, document.version
        further = tuple(self.known.captures[held].place for held in its_round.captures)
        files = self._link_files(item, document, notice)
        self.writes.versions.append(NewVersion(number, document.id, n, rules, capture.id, capture.at, notice, further, files))
        whole = notice.incomplete is None
        document.current = Current(number, n, notice.text_digest, rules, clean(notice.title), whole, capture.id, capture.at)
        if not whole:
            self.known.bodies[number] = judge.body(notice)
        document.version = number
        if before is not None:
            self.writes.changed[document.id] = document
        if notice.match_digest:
            self.known.works.link(document.id, notice.match_digest, capture.at)
        return number

    # -------------------------------------------------------------- documents that notices link to
    def _link_files(self, item: Item, document: Document, notice: Notice) -> tuple[Reference, ...]:
        """What a version links to; from now on its document links there and nowhere else."""
        if not (notice.attachments or document.attached):
            return ()
        files = attachments.references(notice, item.address.source, self.known.addresses, self.rules.unfetched)
        links = {
            file.address: Link(document.id, document.source, file.position, file.name, file.url)
            for file in reversed(files)
            if file.address is not None and file.address != item.address.id
        }
        document.attached = int(bool(links))
        self.known.linked.relink(document.id, links)
        return files

    def _follow_files(self, item: Item, row: ReadingRow) -> None:
        """Documents go into the frontier of the run that reads their notice, within the hosts it may be led to."""
        run = self._open_run(row)
        for seed in item.files if run is not None else ():
            target = self.known.address_of(seed)
            own = target.id == item.address.id or target.kind == Kind.LIST
            if run is not None and not own and self._may_lead(run, item.address, seed):
                self._look_at(run, seed)

    def _file(self, item: Item, row: ReadingRow) -> None:
        """What came for a document: the document, or a page in its place."""
        reading = item.settled.reading
        if reading.file is None:
            self._presence(item, row, there=False if reading.page_kind in GONE_PAGES else None)
            return
        turn = self._turn(item, row)
        self._read_file(item, row, reading.file)
        if turn is not None:
            self._later(item, turn, there=True)

    def _read_file(self, item: Item, row: ReadingRow, content: Content) -> None:
        turn, look = self._turn(item, row), max((look.id for look in self._looks(item)), default=None)
        row.content = number = self.contents.number(content, item.capture.id)
        self.known.linked.digests[number] = content.digest
        if turn is not None:
            shown = Shown(item.capture.at, look, row.rules is None)
            self._tell(attachments.shown(item.address, self.known.linked, number, shown))

    def _tell(self, told: Told) -> None:
        self.writes.addresses.update((address.id, address) for address in told.addresses)
        self.writes.unindexed |= told.unindexed
        self.writes.changes += told.lines

    def _parts_gone(self, item: Item, parts: frozenset[int], look: int | None) -> None:
        """Notices that stood on this page and do not any more, while the page itself is there. On the very same bytes that is our doing;
        and so it is where today's rules do not see them on the page that showed them either."""
        at = item.capture.at
        for document in self._documents(item):
            current = document.current
            assert current is not None
            later = current.capture_at <= at and current.capture != item.capture.id
            if document.part not in parts and document.presence == HERE and later and self._is_seen(document, current.capture):
                document.presence, document.first_missed = MISSING, at
                self.writes.seen[document.id] = document
                detail = {"last_seen": document.last_seen, "first_missed": at, "part": document.part}
                self.writes.changes.append(
                    NewChange(
                        ChangeKind.MISSING, at, item.address.source, document.id, document.version, document.version, look, detail
                    )
                )

    def _is_seen(self, document: Document, capture: int) -> bool:
        """Do today's rules, which have read that capture too by now (`_stale`), see this notice there?"""
        row = self.known.readings.get(capture)
        if row is None or row.state == UNREADABLE:
            return row is None
        return document.part in (json.loads(row.facts) if row.facts else (0,))

    # -------------------------------------------------------------- presence
    def _seen(self, item: Item, row: ReadingRow, parts: frozenset[int]) -> None:
        """These notices stood on the page then, whatever later looks have said already."""
        turn = self._turn(item, row)
        at = turn.at if turn else self._last_shown(item)
        for document in self._documents(item):
            if document.part in parts and document.last_seen < at:
                document.last_seen = at
                self.writes.seen[document.id] = document

    def _presence(
        self, item: Item, row: ReadingRow, *, there: bool | None, fresh: bool = False, parts: frozenset[int] | None = None
    ) -> None:
        turn = self._turn(item, row)
        if item.capture.id in self.known.late:
            self._saw(presence.missed_since(item.address, self._documents(item), item.capture.at))
        if turn is None or item.settled.again:
            return
        at = turn.at if there else item.capture.at
        self._look(item, Sighting(there, at, turn.look.id, self._well(item, turn.look), fresh, parts))
        self._later(item, turn, there=there)

    def _look(self, item: Item, sighting: Sighting) -> None:
        if item.address.kind == Kind.ATTACHMENT:
            look = Shown(sighting.at, sighting.look, first=True)
            self._tell(attachments.sighted(item.address, self.known.linked, look, there=sighting.there, well=sighting.well))
            return
        self._saw(presence.looked(item.address, self._documents(item), sighting, self.rules.watch))
        self.writes.addresses[item.address.id] = item.address

    def _saw(self, told: tuple[list[Document], list[NewChange]]) -> None:
        self.writes.seen.update((document.id, document) for document in told[0])
        self.writes.changes += told[1]

    def _turn(self, item: Item, row: ReadingRow) -> _Turn | None:
        """None when a later capture has spoken, or will in its place.

        Read for the first time, a capture speaks from the look that brought it: no later look was told while it waited. Read again,
        from the last look it answers for. What was brought in late has no turn.
        """
        looks = self._looks(item)
        if not looks or item.capture.id in self.known.late:
            return None
        if row.rules is None:
            spoken = self.known.read.get(item.address.id)
            return None if spoken is not None and spoken > item.capture.id else _Turn(looks[0], item.capture.at)
        latest = item.address.last_capture
        return None if latest is not None and latest > item.capture.id else _Turn(looks[-1], self._last_shown(item))

    def _last_shown(self, item: Item) -> Millis:
        """The last look that this capture answers for."""
        return max((item.capture.at, *(look.at for look in self._looks(item))))

    def _later(self, item: Item, turn: _Turn, *, there: bool | None) -> None:
        """What later looks said while this capture waited to be read, up to the next that has a page of its own; a 304 says what the
        capture does."""
        for look in self.known.looks.get(item.address.id, ()):
            if look.id <= turn.look.id:
                continue
            outcome = Outcome(look.outcome)
            if outcome in GOOD and look.capture != item.capture.id:
                break
            said = there if outcome is Outcome.NOT_MODIFIED else presence.seen(outcome, look.leads)
            self._look(item, Sighting(said, look.at, look.id, self._well(item, look)))

    def _well(self, item: Item, look: Look) -> bool:
        """Had the host answered others within the day before? Where it is known to have answered later only, its looks were asked."""
        queue = self.known.queues.get(item.address.queue)
        if queue is None or queue.last_ok is None:
            return False
        return look.at - queue.last_ok <= WELL if queue.last_ok <= look.at else look.id in self.known.well

    # -------------------------------------------------------------- the reading
    def _done(self, item: Item, row: ReadingRow, reading: Reading) -> None:
        row.state = UNREADABLE if reading.error is not None else DONE
        row.run = None
        row.page_kind = str(reading.page_kind)
        row.evidence = clean(reading.evidence)[:2000]
        row.text = clean(reading.text)[:200]
        row.rules = reading.rules
        row.rows = len(reading.rows) or len(reading.notices)
        is_list = item.address.kind == Kind.LIST and reading.page_kind is PageKind.LIST
        if is_list or not reading.notices:
            row.facts = lists.face(reading) if is_list else None
        row.structure = (clean(reading.structure) or None) if is_list else None
        if reading.file is None:
            row.content = None
        row.error = clean(reading.error)[:2000] if reading.error else None
        self.known.read[item.address.id] = max(self.known.read.get(item.address.id, 0), item.capture.id)
