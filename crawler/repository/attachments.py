"""Documents that notices link to: which addresses they are fetched from, what each says, and who links there.

What a document says is derived from its bytes: one row of `contents` for the same bytes, however many addresses show them. An
address's `content` is what it showed last, itself or where it redirects to; the states it had before are its captures.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import GOOD, Kind, Outcome, PageKind
from crawler.record.content import Content
from crawler.repository import schema as t
from crawler.repository.addresses import COLUMNS, Address
from crawler.repository.database import chunks, clean

TEXT, NO_TEXT = "text", "no_text"
MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class Link:
    """A document (by row id) whose version links to an address, and how it calls what lies there. `position` among its attachments."""

    document: int
    source: str
    position: int
    name: str
    url: str


@dataclass(slots=True)
class Linked:
    """Who links where, while a batch is folded.

    `holders`: address → itself and the addresses that redirect there; `links`: address → those who link to it; `addresses` by row id;
    `digests` of documents by their rows in `contents`.
    """

    holders: dict[int, list[int]] = field(default_factory=dict)
    links: dict[int, list[Link]] = field(default_factory=dict)
    addresses: dict[int, Address] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)

    def relink(self, document: int, links: Mapping[int, Link]) -> None:
        """From now on a document links to these addresses, and no other."""
        for address, held in self.links.items():
            self.links[address] = [link for link in held if link.document != document]
        for address, link in links.items():
            self.links.setdefault(address, []).append(link)


_u, _a, _d, _v = t.urls.c, t.attachments.c, t.documents.c, t.versions.c
_start = (
    sa.select(_u.id.label("of"), _u.id, _u.key, _u.content, sa.literal(0).label("hops"))
    .where(_u.id.in_(sa.bindparam("ids", expanding=True)))
    .cte("chain", recursive=True)
)
_chain = _start.union_all(
    sa.select(_start.c.of, _u.id, _u.key, _u.content, _start.c.hops + 1)
    .select_from(t.urls)
    .join(_start, _u.redirect == _start.c.key)
    .where(_u.kind == str(Kind.ATTACHMENT), _start.c.hops < MOST_HOPS)
)
LINKED = (
    sa.select(
        _chain.c.of,
        _chain.c.id.label("holder"),
        _d.id,
        _d.source,
        _a.position,
        _a.name,
        _a.url,
        _chain.c.content,
        t.contents.c.digest,
    )
    .select_from(_chain)
    .outerjoin(t.contents, t.contents.c.id == _chain.c.content)
    .outerjoin(t.attachments, _a.address == _chain.c.id)
    .outerjoin(t.versions, _v.id == _a.version)
    .outerjoin(t.documents, sa.and_(_d.id == _v.document, _d.version == _v.id, _d.url != _chain.c.id))
    .order_by(_chain.c.of, _chain.c.hops, _chain.c.id, _d.id, _a.position)
)
ADDRESSES = sa.select(*COLUMNS).where(_u.id.in_(sa.bindparam("ids", expanding=True))).order_by(_u.id).with_for_update()


def linked(c: Connection, ids: Collection[int], known: Mapping[int, Address]) -> Linked:
    """Who links to these addresses, and to those that redirect there. `known`: rows that are held already."""
    found = Linked()
    if not ids:
        return found
    for row in c.execute(LINKED, {"ids": sorted(ids)}):
        holders = found.holders.setdefault(row.of, [])
        if row.holder not in holders:
            holders.append(row.holder)
        if row.content is not None:
            found.digests[row.content] = row.digest
        links = found.links.setdefault(row.holder, [])
        if row.id is not None and all(link.document != row.id for link in links):
            links.append(Link(row.id, row.source, row.position, row.name, row.url))
    held = {holder for holders in found.holders.values() for holder in holders}
    found.addresses = {number: known[number] for number in held if number in known}
    missing = sorted(held - found.addresses.keys())
    if missing:
        found.addresses |= {row.id: Address(*row) for row in c.execute(ADDRESSES, {"ids": missing})}
    return found


OF_DOCUMENTS = (
    sa.select(_d.url.label("page"), *COLUMNS)
    .select_from(t.documents)
    .join(t.attachments, _a.version == _d.version)
    .join(t.urls, _u.id == _a.address)
    .where(_d.url.in_(sa.bindparam("ids", expanding=True)), _d.attached == 1, _u.id != _d.url)
    .order_by(_d.id, _a.position)
)


def of_pages(c: Connection, ids: Collection[int]) -> dict[int, list[Address]]:
    """Page (address) → the addresses of the documents that its notices link to."""
    found: dict[int, list[Address]] = {}
    if ids:
        for row in c.execute(OF_DOCUMENTS, {"ids": sorted(ids)}):
            found.setdefault(row[0], []).append(Address(*row[1:]))
    return found


_via = t.urls.alias("via")
_NAMED = sa.select(t.captures.c.id, _a.name).join(t.urls, _u.id == t.captures.c.url)
_OURS = t.captures.c.id.in_(sa.bindparam("captures", expanding=True))
NAMES = sa.union(
    _NAMED.join(t.attachments, _a.address == _u.id).where(_OURS),
    _NAMED.join(_via, _via.c.key == _u.via).join(t.attachments, _a.address == _via.c.id).where(_OURS),
)


def names(c: Connection, captures: Collection[int]) -> dict[int, str]:
    """Capture of a document → how a notice that links there calls it; of several names the first in their order."""
    found: dict[int, str] = {}
    if captures:
        for number, name in sorted((row[0], row[1]) for row in c.execute(NAMES, {"captures": sorted(captures)})):
            found.setdefault(number, name)
    return found


# ------------------------------------------------------------------ what documents say
@dataclass(frozen=True, slots=True)
class Held:
    """A row of `contents`, as far as a batch needs it. `read`: what our readers made of its bytes, and only of them."""

    id: int
    digest: str
    read: Mapping[str, object]


READ = ("text", "says", "pages", "reason", "extractor")  # columns that no name of the document has a say in
HELD = sa.select(t.contents.c.id, t.contents.c.digest, *(t.contents.c[name] for name in READ))
BY_DIGEST = HELD.where(t.contents.c.digest.in_(sa.bindparam("digests", expanding=True)))
DIGESTS = sa.select(t.contents.c.id, t.contents.c.digest).where(t.contents.c.id.in_(sa.bindparam("ids", expanding=True)))
PUT = t.contents.insert()
AGAIN = (
    t.contents.update()
    .where(t.contents.c.id == sa.bindparam("b_id"))
    .values({c: sa.bindparam(f"b_{c.name}") for c in t.contents.c if c.name not in ("id", "digest")})
)
UNINDEXED = t.documents.update().where(_d.id.in_(sa.bindparam("ids", expanding=True))).values(indexed=0)


def by_digest(c: Connection, digests: Collection[str]) -> dict[str, Held]:
    """Those of these documents that were read before."""
    return {
        row.digest: Held(row.id, row.digest, {name: getattr(row, name) for name in READ})
        for some in chunks(sorted(digests))
        for row in c.execute(BY_DIGEST, {"digests": some})
    }


def digests(c: Connection, ids: Collection[int]) -> dict[int, str]:
    """Row id → digest."""
    return {row.id: row.digest for some in chunks(sorted(ids)) for row in c.execute(DIGESTS, {"ids": some})}


@dataclass(frozen=True, slots=True)
class NewContent:
    """What a document says, to be written under its row id; `again`: in the place of what was read of the same bytes before."""

    id: int
    capture: int
    content: Content
    again: bool = False


def save(c: Connection, made: Sequence[NewContent]) -> None:
    """Write what documents say."""
    first = [_row(item) for item in made if not item.again]
    if first:
        c.execute(PUT, first)
    again = [{f"b_{name}": value for name, value in _row(item).items() if name != "digest"} for item in made if item.again]
    if again:
        c.execute(AGAIN, again)


INDEXED_WITH = (
    sa.select(t.search_contents.c.document)
    .where(t.search_contents.c.content.in_(sa.bindparam("ids", expanding=True)))
    .distinct()
    .order_by(t.search_contents.c.document)
)


def indexed_with(c: Connection, contents: Collection[int]) -> list[int]:
    """The documents whose words in the index are also those of these."""
    return list(c.execute(INDEXED_WITH, {"ids": sorted(contents)}).scalars())


def unindex(c: Connection, documents: Collection[int]) -> None:
    """What is searched of these documents has changed."""
    for some in chunks(sorted(documents)):
        c.execute(UNINDEXED, {"ids": some})


def read_of(content: Content) -> dict[str, object]:
    """What `Held.read` would be of it."""
    row = _row(NewContent(0, 0, content))
    return {name: row[name] for name in READ}


def _row(item: NewContent) -> dict[str, object]:
    content = item.content
    return {
        "id": item.id,
        "digest": content.digest,
        "capture": item.capture,
        "type": clean(content.media_type)[:200],
        "bytes": content.size,
        "pages": content.pages,
        "state": TEXT if content.has_text else NO_TEXT,
        "reason": clean(content.note)[:500] or None,
        "flags": json.dumps([clean(flag) for flag in content.flags], ensure_ascii=False),
        "says": json.dumps(
            [[clean(text) for text in (each.field, each.raw, each.place)] for each in content.says], ensure_ascii=False
        ),
        "extractor": clean(content.reader)[:200],
        "name": clean(content.name)[:500],
        "text": content.packed,
    }


_l, _g = t.looks.c, t.readings.c
COUNTED = (
    sa.select(_l.outcome, _l.leads, _g.page_kind, sa.func.count().label("looks"))
    .select_from(t.looks)
    .join(t.urls, _u.id == _l.url)
    .outerjoin(t.readings, _g.capture == _l.capture)
    .where(
        _u.kind == str(Kind.ATTACHMENT),
        _l.id.in_(sa.select(sa.func.max(_l.id)).where(_l.run == sa.bindparam("run")).group_by(_l.url)),
    )
    .group_by(_l.outcome, _l.leads, _g.page_kind)
)


def count(c: Connection, run: int) -> dict[str, int]:
    """How many documents a run has looked at, and how many of them are not there; nothing where it looked at none."""
    found = {"attachments": 0, "attachments_missing": 0}
    for row in c.execute(COUNTED, {"run": run}):
        if row.outcome == Outcome.REDIRECTED and not row.leads:
            continue  # counted where it leads
        found["attachments"] += row.looks
        unread = row.page_kind is None or row.page_kind == PageKind.FILE
        if row.outcome not in GOOD or not unread:
            found["attachments_missing"] += row.looks
    return found if found["attachments"] else {}
