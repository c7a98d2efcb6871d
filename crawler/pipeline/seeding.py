"""A reading with the addresses its page names: rows, further pages, continuations, documents, where it leads by itself. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from crawler.model import Kind, Millis, Request, Watch
from crawler.pipeline import attachments, columns
from crawler.pipeline.attachments import Unfetched
from crawler.politeness import clocks
from crawler.record.rules import ListRules
from crawler.repository import frontier
from crawler.repository.addresses import Address, Seed
from crawler.repository.captures import CaptureRow
from crawler.repository.settle import Item, Known, Settled
from crawler.text import urls


@dataclass(frozen=True, slots=True)
class Rules:
    """What the process knows and the database does not. `queue_of(source, url)` politeness key; `lists(source)` its rules for lists;
    `beyond(source, url)` None within its site, else how many other hosts a run of it may be led to; `unfetched(source, attachment)` why a
    document is not fetched, None: it is."""

    watch: Watch
    queue_of: Callable[[str, str], str]
    lists: Callable[[str], ListRules]
    beyond: Callable[[str, str], int | None]
    unfetched: Unfetched


def item(settled: Settled, capture: CaptureRow, address: Address, rules: Rules) -> Item:
    """A reading with the seeds of whatever its page names."""
    reading, source = settled.reading, address.source

    def seed(request: Request, kind: Kind, priority: int, via: str | None, cited: str | None = None) -> Seed:
        queue = rules.queue_of(source, request.url)
        return Seed(request, cited or request.url, kind, queue, source, priority, capture.at, via=via)

    rows: tuple[Seed, ...] = ()
    files: tuple[Seed, ...] = ()
    if address.kind == Kind.LIST:
        rows = tuple(
            seed(Request(row.url), Kind.DETAIL, frontier.NEW, address.key)
            for row in reading.rows
            if row.reason is None and urls.is_http(row.url)
        )
        named = [*reading.more_lists[: columns.MOST_PAGES], *([reading.next_list] if reading.next_list else [])]
        further = tuple(seed(request, Kind.LIST, frontier.LIST, address.key) for request in named)
    else:
        further = tuple(seed(request, Kind.CONTINUATION, frontier.NEW, address.key) for request in reading.continues)
        files = attachments.seeds(reading.notices, address, capture.at, rules.unfetched, rules.queue_of)
    redirect = None
    if reading.leads_to is not None and address.kind == Kind.LIST:
        redirect = seed(Request(reading.leads_to), Kind.LIST, frontier.LIST, address.via)
    elif reading.leads_to is not None:
        redirect = seed(Request(reading.leads_to), Kind(address.kind), frontier.NEW, address.key, address.public_url)
    return Item(settled, capture, address, rows, further, redirect, files)


def believe(known: Known, now: Millis) -> None:
    """What was dated by a clock that was ahead counts as of now, and makes no later look an older one: what has come since is newer."""
    for address, listed in known.looks.items():
        known.looks[address] = [replace(look, at=now) if clocks.ahead(look.at, now) else look for look in listed]
    for document in (held for listed in known.documents.values() for held in listed):
        current = document.current
        if current is not None and clocks.ahead(current.capture_at, now):
            document.current = replace(current, capture_at=0)
