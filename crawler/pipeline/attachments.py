"""Documents that notices link to: which are fetched, what a look at one says, and which lines of the ledger that is worth. Pure.

A line tells of a document that was *swapped* under its address, that *vanished*, or that is *back*, for each notice whose version links
there. What was fetched for the first time is no change.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from crawler.model import ChangeKind, Kind, Millis, Request
from crawler.record.content import Content
from crawler.record.notice import Attachment, Notice
from crawler.repository import frontier
from crawler.repository.addresses import Address, Seed
from crawler.repository.attachments import Held, Link, Linked, NewContent, read_of
from crawler.repository.changes import NewChange
from crawler.repository.versions import Reference
from crawler.text import urls

SWAPPED, VANISHED, BACK = "swapped", "vanished", "back"
Unfetched = Callable[[str, Attachment], str | None]  # (source, what a notice links to) → why it is not fetched


def seeds(
    notices: tuple[Notice, ...], address: Address, due: Millis, unfetched: Unfetched, queue_of: Callable[[str, str], str]
) -> tuple[Seed, ...]:
    """The addresses that are fetched of what a page's notices link to."""
    source, found = address.source, dict[str, Seed]()
    for item in (item for notice in notices for item in notice.attachments):
        if item.url is not None and item.url not in found and unfetched(source, item) is None:
            queue = queue_of(source, item.url)
            found[item.url] = Seed(
                Request(item.url), item.url, Kind.ATTACHMENT, queue, source, frontier.ATTACHMENT, due, via=address.key
            )
    return tuple(found.values())


def references(notice: Notice, source: str, addresses: Mapping[str, Address], unfetched: Unfetched) -> tuple[Reference, ...]:
    """What stands with a version of each document that its notice links to. `addresses` by URL key."""
    found = []
    for position, item in enumerate(notice.attachments):
        if item.url is None:
            continue
        reason = unfetched(source, item)
        address = addresses.get(urls.key(Request(item.url))) if reason is None else None
        found.append(Reference(position, item.url, item.name, address.id if address is not None else None, reason))
    return tuple(found)


@dataclass(slots=True)
class Contents:
    """What documents say, while a batch is folded: those known by digest, ids for new ones, what is to be written."""

    known: dict[str, Held] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: iter(()))
    made: dict[str, NewContent] = field(default_factory=dict)

    def number(self, content: Content, capture: int) -> int:
        """The row of what a document says; one that was read before is written anew where today's rules read it differently."""
        held, read = self.known.get(content.digest), read_of(content)
        if held is None:
            held = self.known[content.digest] = Held(next(self.ids), content.digest, read)
            self.made[content.digest] = NewContent(held.id, capture, content)
        elif held.read != read:
            before = self.made.get(content.digest)
            self.made[content.digest] = NewContent(held.id, capture, content, again=before is None or before.again)
            self.known[content.digest] = Held(held.id, content.digest, read)
        return held.id


@dataclass(slots=True)
class Told:
    """What looks at documents come to: addresses to be saved, lines, and documents whose text to be searched is another now."""

    addresses: list[Address] = field(default_factory=list)
    lines: list[NewChange] = field(default_factory=list)
    unindexed: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Shown:
    """A look that showed a document. `first`: nobody had read its capture before."""

    at: Millis
    look: int | None
    first: bool


def shown(address: Address, linked: Linked, number: int, look: Shown) -> Told:
    """What it means that an address shows this document now, for itself and for those that redirect there."""
    told = Told()
    for holder in _holders(address, linked):
        before, missed = holder.content, holder.first_missed if holder.misses else None
        holder.content = number
        if holder.kind == Kind.ATTACHMENT:
            holder.misses, holder.first_missed = 0, None
        told.addresses.append(holder)
        was_gone = missed is not None and holder.kind == Kind.ATTACHMENT
        for link in linked.links.get(holder.id, ()):
            if before != number:
                told.unindexed.add(link.document)
            if before is not None and look.first and (was_gone or before != number):
                what = BACK if was_gone else SWAPPED
                both = linked.digests.get(before), linked.digests.get(number)
                told.lines.append(_line(link, look, what, both, missed if was_gone else None))
    return told


def sighted(address: Address, linked: Linked, look: Shown, *, there: bool | None, well: bool) -> Told:
    """What a look says that brought no bytes of its own: still there, or missed. A miss at a host that is unwell is none."""
    told = Told()
    if there is None or (not there and not well):
        return told
    if there and not address.misses:
        return told
    missed = address.first_missed if address.first_missed is not None else look.at
    again, address.misses = address.misses > 0, 0 if there else address.misses + 1
    address.first_missed = None if there else missed
    told.addresses.append(address)
    if not there and again:
        return told
    for holder in _holders(address, linked):
        digest = linked.digests.get(holder.content) if holder.content is not None else None
        if digest is not None:
            both = (digest, digest) if there else (digest, None)
            told.lines += [
                _line(link, look, BACK if there else VANISHED, both, missed) for link in linked.links.get(holder.id, ())
            ]
    return told


def _holders(address: Address, linked: Linked) -> list[Address]:
    others = [linked.addresses[number] for number in linked.holders.get(address.id, ()) if number != address.id]
    return [address, *others]


def _line(link: Link, look: Shown, what: str, digests: tuple[str | None, str | None], missed: Millis | None) -> NewChange:
    detail: dict[str, object] = {"what": what, "name": link.name, "address": link.url, "attachment": link.position + 1}
    detail |= {"before": digests[0], "after": digests[1]}
    if missed is not None:
        detail["first_missed"] = missed
    return NewChange(ChangeKind.ATTACHMENT, look.at, link.source, link.document, look=look.look, detail=detail)
