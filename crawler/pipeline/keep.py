"""What a batch of looks comes to. Pure: `decide` folds it, look by look, into what is known, and returns what is to be written.

Two looks at one address, a run that begins, a round that becomes whole see each other in their order. Idempotent: a look that stands
already changes nothing, so that what the archive tells twice counts once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crawler.model import (
    ABOUT_THE_SITE,
    GOOD,
    MISSES,
    NOWHERE,
    PASSING,
    Kept,
    Kind,
    Millis,
    Outcome,
    PageKind,
    Request,
    Stop,
    Watch,
    capture_id,
)
from crawler.pipeline import attachments, columns, list_pages, presence
from crawler.pipeline.attachments import Shown
from crawler.pipeline.presence import GONE_PAGES, SHOWN, Sighting
from crawler.politeness import clocks, pace
from crawler.politeness.host import Probe
from crawler.politeness.pace import Pace
from crawler.repository import frontier
from crawler.repository.addresses import Address, Seed
from crawler.repository.database import clean
from crawler.repository.keep import Known, Writes
from crawler.repository.list_pages import ListPage
from crawler.repository.looks import ANSWERED, WELL
from crawler.repository.queues import QueueRow
from crawler.repository.readings import DONE, PENDING, ReadingRow
from crawler.repository.rows import RunRow
from crawler.text import urls

MOST_HOPS = 10
GOLDEN = 0.618034  # spreads one random number evenly over the looks of a batch
PRIORITY = {Kind.LIST: frontier.LIST, Kind.ATTACHMENT: frontier.ATTACHMENT}
ANOTHER: Millis = 5_000  # a list that is being read for another run is asked again after so long


@dataclass(frozen=True, slots=True)
class Rules:
    """What the process knows and the database does not. `version`: source → today's rules; `queue_of(source, url)`: politeness key;
    `beyond(source, url)`: None within a source's site, else how many other hosts a run of it may be led to."""

    watch: Watch
    version: Callable[[str], str]
    queue_of: Callable[[str, str], str]
    pause: Callable[[str], Millis]
    beyond: Callable[[str, str], int | None]


@dataclass(frozen=True, slots=True)
class _Look:
    """A look being kept, with the rows it belongs to."""

    kept: Kept
    address: Address
    run: RunRow
    id: int
    capture: int | None

    @property
    def waiting_run(self) -> int | None:
        """The run that waits for what is read of it."""
        return self.run.id if self.run.is_open else None


def seeds(batch: Sequence[Kept], rules: Rules) -> Iterator[Seed]:
    """The addresses of a batch's looks, and those its redirects lead to."""
    for kept in batch:
        task = kept.task
        yield Seed(task.request, task.public_url, task.kind, task.queue, task.source, frontier.NEW, kept.at, via=task.via)
    for kept in batch:
        if _is_followed(kept):
            yield _target(kept, rules)


def decide(
    known: Known, batch: Sequence[Kept], fences: Mapping[str, int] | None, rules: Rules, spread: float, now: Millis | None = None
) -> Writes:
    """What is written of a batch.

    `fences`: queue → fence of the lease it was fetched under; None when the looks are told by the archive (adoption, reindex). A look fetched
    after the lease was lost is kept all the same; only its queue is not touched. `spread`: a random number of this batch, in [0, 1). `now`: what is dated later was dated by a clock
    that was ahead; it is kept as it was dated, and counts as of now.
    """
    return _Fold(known, fences, rules, now).all(batch, spread)


def _believed(kept: Kept, now: Millis | None) -> Kept:
    ahead = clocks.ahead(kept.at, now) if now is not None else 0
    if not ahead:
        return kept
    return replace(kept, at=kept.at - ahead, retry_after=None if kept.retry_after is None else kept.retry_after - ahead)


class _Fold:
    """One batch while it is folded."""

    def __init__(self, known: Known, fences: Mapping[str, int] | None, rules: Rules, now: Millis | None) -> None:
        self.known, self.fences, self.rules, self.now = known, fences, rules, now
        self.writes = Writes()

    def all(self, batch: Sequence[Kept], spread: float) -> Writes:
        ids = zip(self.known.look_ids, self.known.capture_ids, strict=True)
        for number, kept in enumerate(batch):
            if kept.look in self.known.told:
                continue
            self.known.told.add(kept.look)
            self._one(self._insert(kept, *next(ids)), (spread + number * GOLDEN) % 1)
        return self.writes

    def _one(self, look: _Look, spread: float) -> None:
        self.writes.concerned.add(look.run.id)
        self._queue(look.kept)
        self._address(look)
        self._frontier(look, spread)
        task = look.kept.task
        if task.kind not in ABOUT_THE_SITE and self.known.rounds.named:
            via = task.via if task.kind is Kind.CONTINUATION else None
            for capture in self.known.rounds.ready(look.run.id, look.address.id, via):
                self._to_read(capture, look.waiting_run)

    # -------------------------------------------------------------- evidence
    def _insert(self, kept: Kept, look_id: int, capture_number: int) -> _Look:
        """The rows of the look and of its capture."""
        task = kept.task
        address, run = self.known.addresses[task.key], self.known.runs[task.run.source, str(task.run.kind), task.run.slot]
        capture = self._capture(kept, address, capture_number) if kept.capture else None
        confirms = kept.outcome is Outcome.NOT_MODIFIED and not presence.is_late(address, kept)
        shown = address.last_capture if confirms else capture
        row: dict[str, object] = {
            "id": look_id,
            "record": kept.look,
            "url": address.id,
            "run": run.id,
            "at": kept.at,
            "ms": kept.ms,
            "outcome": str(kept.outcome),
            "status": kept.status,
            "leads": kept.leads,
            "capture": shown,
            "detail": clean(kept.detail)[:2000],
        }
        self.writes.looks.append(row)
        self.known.looked.add((run.id, address.id))
        if capture is not None and kept.outcome in (Outcome.OK, Outcome.SAME_BYTES):
            self.known.rounds.showing.append((run.id, capture))
        return _Look(_believed(kept, self.now), address, run, look_id, capture)

    def _capture(self, kept: Kept, address: Address, number: int) -> int:
        capture = kept.capture
        assert capture is not None
        original = self.known.originals.get(capture.original.record_id) if capture.original else None
        self.known.originals[capture.record_id] = number
        self.writes.captures.append(
            {
                "id": number,
                "record": capture.record_id,
                "public_id": capture_id(capture.record_id),
                "url": address.id,
                "at": capture.at,
                "file": capture.file,
                "offset": capture.offset,
                "length": capture.length,
                "type": capture.type,
                "payload_digest": capture.payload_digest,
                "media_type": clean(capture.media_type),
                "status": capture.status,
                "original": original,
            }
        )
        return number

    # -------------------------------------------------------------- the queue
    def _queue(self, kept: Kept) -> None:
        """When the host may be asked again, and how it is. Without a valid fence only that it was asked, and whether it answered."""
        name, end = kept.task.queue, kept.at + kept.ms
        if kept.outcome in pace.NOT_ASKED:
            return
        least = self.rules.pause(name)
        if self.fences is None:
            self._told(name, end, least, answered=kept.outcome in ANSWERED)
            return
        row = self.known.queues.get(name)
        if row is None or row.fence is None or row.fence != self.fences.get(name):
            return
        row.pace = pace.after(row.pace, kept.outcome, at=kept.at, ms=kept.ms, least=least, retry_after=kept.retry_after)
        row.delay = row.pace.pause(least)
        if kept.outcome in ANSWERED:
            row.last_ok = end
        self.writes.queues[name] = row

    def _told(self, name: str, end: Millis, least: Millis, *, answered: bool) -> None:
        row = self.known.queues.setdefault(name, QueueRow(name))
        row.pace = replace(row.pace, last_end=max(row.pace.last_end, end), next_at=max(row.pace.next_at, end + least))
        if answered:
            row.last_ok = max(row.last_ok or 0, end)
        told = self.writes.told.setdefault(name, QueueRow(name, pace=Pace()))
        told.pace, told.last_ok = row.pace, row.last_ok

    def _well(self, kept: Kept) -> bool:
        """Did the host answer others within a day?"""
        queue = self.known.queues.get(kept.task.queue)
        return queue is not None and queue.last_ok is not None and kept.at - queue.last_ok <= WELL

    # -------------------------------------------------------------- the address
    def _address(self, look: _Look) -> None:
        """What is now known of the address; what must be read; whether its notices are there."""
        kept, address = look.kept, look.address
        before = address.last_capture
        if presence.is_late(address, kept):
            self._late(look)
            return
        self._leave(look)
        if kept.task.kind in ABOUT_THE_SITE:
            if kept.task.kind is Kind.PROBE:
                shown = look.capture if kept.outcome is Outcome.OK else None
                origin = urls.origin(kept.task.request.url)
                self.writes.probes.append(Probe(origin, kept.at, kept.outcome, kept.location, shown))
            return
        if kept.task.kind is Kind.CONTINUATION:
            return  # it has no reading of its own: the record it belongs to is read with it
        if kept.outcome is Outcome.OK:
            if look.capture is not None:
                self._to_read(look.capture, look.waiting_run)
            return
        reading = self.known.readings.get(before) if before is not None else None
        waits = reading is not None and reading.state == PENDING
        there = presence.seen(kept.outcome, kept.leads)
        if kept.outcome in (Outcome.SAME_BYTES, Outcome.NOT_MODIFIED):
            there = self._same(look, reading)
        if waits:  # the settle step tells it, after what came before it
            return
        if kept.task.kind is Kind.DETAIL:
            self._see(address, Sighting(there, kept.at, look.id, well=self._well(kept)))
            if there:
                self._follow_files(look)
        elif kept.task.kind is Kind.ATTACHMENT:
            told = attachments.sighted(
                address, self.known.linked, Shown(kept.at, look.id, first=True), there=there, well=self._well(kept)
            )
            self.writes.addresses.update((held.id, held) for held in told.addresses)
            self.writes.changes += told.lines

    def _late(self, look: _Look) -> None:
        """It is read and kept, and says nothing of how the address is today."""
        kept, address = look.kept, look.address
        if kept.task.kind in ABOUT_THE_SITE or look.capture is None or kept.capture is None or kept.outcome not in GOOD:
            return
        if address.last_capture is None:
            address.last_capture, address.last_digest = look.capture, kept.capture.payload_digest
            address.first_record = address.first_record or kept.capture.record_id
            self.writes.addresses[address.id] = address
        if kept.task.kind is not Kind.CONTINUATION:
            self._to_read(look.capture, None)

    def _leave(self, look: _Look) -> None:
        kept, address = look.kept, look.address
        address.last_look, address.last_outcome = kept.at, str(kept.outcome)
        if kept.outcome in GOOD:
            if kept.outcome is not Outcome.NOT_MODIFIED:
                address.etag, address.last_modified = kept.etag, kept.last_modified
            address.redirect = None
        if look.capture is not None and kept.capture is not None and kept.outcome in GOOD:
            address.last_capture, address.last_digest = look.capture, kept.capture.payload_digest
            address.first_record = address.first_record or kept.capture.record_id
        if kept.outcome is Outcome.REDIRECTED and kept.location:
            address.redirect = urls.key(Request(kept.location))
        self.writes.addresses[address.id] = address

    def _see(self, address: Address, sighting: Sighting) -> None:
        documents = self.known.documents.get(address.id, ())
        changed, lines = presence.looked(address, documents, sighting, self.rules.watch)
        self.writes.documents.update((document.id, document) for document in changed)
        self.writes.changes += lines

    def _to_read(self, capture: int, run: int | None) -> ReadingRow:
        reading = self.known.readings.get(capture)
        if reading is None:
            reading = self.known.readings[capture] = ReadingRow(capture)
        reading.wait(run)
        self.writes.readings[capture] = reading
        return reading

    def _same(self, look: _Look, last: ReadingRow | None) -> bool | None:
        """The bytes are those of the last capture: is it to be read again (by new rules; a list whose rows this run must follow)?

        Returns whether the notice is there, as far as the last reading can tell; None when it is about to be read again.
        """
        if last is None:
            return None
        rounds, running = self.known.rounds, look.run.is_open
        # the same bytes, sent again: their own capture tells the same; what nobody has told yet, this run must wait for as well
        if look.capture is not None and look.capture not in self.known.readings:
            its_run = look.run.id if last.state == PENDING and running else None
            copy = replace(last, capture=look.capture, run=its_run, attempts=0)
            self.known.readings[look.capture] = self.writes.readings[look.capture] = copy
        if last.state == PENDING:
            if look.capture is None and running:
                self._to_read(last.capture, look.run.id)
            return None
        listed = rounds.named.get(last.capture)
        if look.capture and listed:
            rounds.name(look.capture, look.address.key, listed)
            if not running or not self._follow(look, listed):
                self._to_read(look.capture, look.waiting_run)
            return None
        current = last.state == DONE and last.rules == self.rules.version(look.kept.task.source)
        leads_on = look.kept.task.kind is Kind.LIST or last.page_kind == PageKind.REDIRECT
        if not current or (leads_on and running):
            self._to_read(look.capture or last.capture, look.waiting_run)
            return None
        if last.page_kind in SHOWN:
            return True
        return False if last.page_kind in GONE_PAGES else None

    def _follow(self, look: _Look, listed: Sequence[int]) -> bool:
        """Put the continuations of a capture into its run's frontier, but those it has looked at; does the run wait for any of them?"""
        rounds = self.known.rounds
        assert look.capture is not None
        for number in listed:
            if (look.run.id, number) not in self.known.looked:
                held = rounds.addresses[number]
                seed = Seed(held.request, held.public_url, Kind.CONTINUATION, held.queue, held.source, frontier.NEW, look.kept.at)
                self.writes.frontier.add(look.run.id, number, seed)
                rounds.ask(look.run.id, held)
        return rounds.waits(look.run.id, look.capture)

    def _follow_files(self, look: _Look) -> None:
        """The documents that a notice links to are looked at by the run that found it as it was."""
        if not look.run.is_open:
            return
        task = look.kept.task
        for held in self.known.files.get(look.address.id, ()):
            may = look.run.leads(urls.host(task.request.url), urls.host(held.url), self.rules.beyond(task.source, held.url))
            if may and (look.run.id, held.id) not in self.known.looked and held.kind != Kind.LIST:
                kind = Kind(held.kind)
                seed = Seed(held.request, held.public_url, kind, held.queue, held.source, frontier.ATTACHMENT, look.kept.at)
                self.writes.frontier.add(look.run.id, held.id, seed)

    # -------------------------------------------------------------- what comes next
    def _frontier(self, look: _Look, spread: float) -> None:
        """The row that waited for this look is done, tried again, or dead; a redirect is a new row."""
        kept, task, moves, row = look.kept, look.kept.task, self.writes.frontier, (look.run.id, look.address.id)
        if self._is_being_read(look):  # for another run: what it shows is no news of this one before it is asked again
            moves.change(*row, due=kept.at + kept.ms + ANOTHER)
            return
        if kept.leads == "cookie":  # it is asked again at once, with the cookie; killed meanwhile, it is still due
            return
        retry = presence.retry_at(kept.outcome, task.tries, kept.at + kept.ms, kept.retry_after, spread=spread)
        if retry is not None and kept.leads != NOWHERE:
            moves.change(*row, tries=task.tries + 1, due=retry, reason=str(kept.outcome))
            return
        if task.kind is Kind.LIST and look.run.is_open and kept.outcome not in ANSWERED:
            self._missed(look)
        if kept.outcome in PASSING:
            moves.change(*row, state=frontier.DEAD, reason=str(kept.outcome))
            self.known.rounds.waiting.pop(row, None)
            return
        if task.kind is Kind.LIST and not look.run.is_open:
            return  # the run gave this page up while it was asked for: its rows are still to be followed
        moves.finish(*row)
        self.known.rounds.waiting.pop(row, None)
        if _is_followed(kept) and look.run.is_open:
            self._redirect(look)

    def _is_being_read(self, look: _Look) -> bool:
        """Is a list as it was, and what it was still being read for another run? Its reading has room for one run that waits."""
        if not look.run.is_open or look.kept.outcome is not Outcome.NOT_MODIFIED or look.kept.task.kind is not Kind.LIST:
            return False
        last = look.address.last_capture
        reading = self.known.readings.get(last) if last is not None else None
        return reading is not None and reading.state == PENDING and reading.run != look.run.id

    def _missed(self, look: _Look) -> None:
        """A list page whose look is final and brought nothing: the column ends here.

        Where the page before had named it, that one is looked at again: rows may have moved up since.
        """
        pages, gone = self.known.pages, look.kept.outcome in MISSES
        own = pages.touch(pages.own(look.run.id, look.address.id, look.address.request))
        own.stop = str(Stop.NOT_FOUND if gone else Stop.NOT_READ)
        if gone and own.page and own.at is None:
            for page in list_pages.before(pages, own)[:1]:
                pages.touch(page).looks += 1
                self._again(look, page.url, page.request)

    def _again(self, look: _Look, url: int, request: Request | None) -> None:
        assert request is not None
        task = look.kept.task
        queue = self.rules.queue_of(task.source, request.url)
        seed = Seed(request, request.url, Kind.LIST, queue, task.source, frontier.LIST, look.kept.at, via=task.key)
        self.writes.frontier.add(look.run.id, url, seed)

    def _redirect(self, look: _Look) -> None:
        kept, task, pages = look.kept, look.kept.task, self.known.pages
        is_list = task.kind is Kind.LIST
        assert kept.location is not None
        own = pages.rows.get((look.run.id, look.address.id)) if is_list else None
        if own is not None and own.page and columns.is_front(kept.location):
            pages.touch(own).stop = str(Stop.SOFT_404)  # there is no such page, and the column ends here
            return
        seed = _target(kept, self.rules)
        target = self.known.addresses[seed.key]
        if (look.run.id, target.id) in self.known.looked:
            return
        if not is_list:
            host, to, most = urls.host(task.request.url), urls.host(kept.location), self.rules.beyond(task.source, kept.location)
            if not look.run.leads(host, to, most):
                return
        self.writes.frontier.add(look.run.id, target.id, seed)
        if own is not None and (look.run.id, target.id) not in pages.rows:  # its place in the column goes to the target
            head = target.id if own.head == own.url else own.head
            pages.add(ListPage(look.run.id, target.id, head, own.page, request=seed.request))


def _is_followed(kept: Kept) -> bool:
    """Does this look say where its address's page is to be looked for?"""
    task = kept.task
    leads = task.kind is Kind.LIST or (task.kind in (Kind.DETAIL, Kind.ATTACHMENT) and kept.leads in ("", "itself"))
    return kept.outcome is Outcome.REDIRECTED and bool(kept.location) and leads and task.hops < MOST_HOPS


def _target(kept: Kept, rules: Rules) -> Seed:
    task = kept.task
    assert kept.location is not None
    return Seed(
        Request(kept.location),
        task.public_url,
        task.kind,
        rules.queue_of(task.source, kept.location),
        task.source,
        PRIORITY.get(task.kind, frontier.NEW),
        kept.at,
        hops=task.hops + 1,
        via=task.key if task.kind in (Kind.DETAIL, Kind.ATTACHMENT) else task.via,
    )
