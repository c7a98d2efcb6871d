"""Documents that notices link to, as they are shown: of each version what it links to and what became of it, and every state of one. What is
withheld is in no answer: whoever asks has asked for its document first."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import UsageError
from crawler.model import GOOD, Kind, Millis, Outcome
from crawler.record.content import Said
from crawler.repository import schema as t
from crawler.repository.attachments import MOST_HOPS
from crawler.repository.attachments import TEXT as TEXT_STATE
from crawler.repository.database import chunks, iso

WAITING, NOT_FETCHED, MISSING = "waiting", "not fetched", "missing"


@dataclass(frozen=True, slots=True)
class Attached:
    """A document that a version links to: `number` among its attachments, from 1.

    `state`: text or no_text (it was read), missing, waiting (nobody has looked yet), not fetched; `reason`: why, or what is not whole.
    `gone`: since when it is not there any more, though the archive has it; the rest is known of what was read: `file` its name on its
    server, `says` what a red-header document states of itself, `capture` the public id of its bytes.
    """

    number: int
    url: str
    name: str
    state: str
    reason: str | None
    gone: Millis | None
    media_type: str | None
    bytes: int | None
    pages: int | None
    digest: str | None
    file: str | None
    flags: tuple[str, ...]
    says: tuple[Said, ...]
    extractor: str | None
    capture: str | None
    seen: Millis | None
    address: int | None

    @property
    def is_held(self) -> bool:
        """Does the archive have it?"""
        return self.digest is not None


def values(item: Attached) -> dict[str, Any]:
    """What every surface says of it to programs."""
    return {
        "attachment": item.number, "url": item.url, "name": item.name, "state": item.state, "reason": item.reason,
        "gone_since": iso(item.gone) if item.gone is not None else None, "media_type": item.media_type, "bytes": item.bytes, "pages": item.pages,
        "digest": item.digest, "file_name": item.file, "flags": list(item.flags),
        "says": [asdict(each) for each in item.says], "extractor": item.extractor, "capture": item.capture,
        "seen": iso(item.seen) if item.seen is not None else None,
    }  # fmt: skip


_a, _u, _k, _p, _r = t.attachments.c, t.urls.c, t.contents.c, t.captures.c, t.readings.c
_last = t.readings.alias("last")
_to = (
    sa.select(_u.id.label("of"), _u.id, _u.redirect, sa.literal(0).label("hops"))
    .where(_u.id.in_(sa.select(_a.address).where(_a.version.in_(sa.bindparam("versions", expanding=True)))))
    .cte("way", recursive=True)
)
_way = _to.union_all(
    sa.select(_to.c.of, _u.id, _u.redirect, _to.c.hops + 1)
    .select_from(t.urls)
    .join(_to, _u.key == _to.c.redirect)
    .where(_to.c.hops < MOST_HOPS)
)
WAYS = sa.select(_way.c.of, _way.c.id).order_by(_way.c.of, _way.c.hops)
LINKS = (
    sa.select(_a.version, _a.position, _a.url, _a.name, _a.reason, _a.address)
    .where(_a.version.in_(sa.bindparam("versions", expanding=True)))
    .order_by(_a.version, _a.position)
)
PLACES = (
    sa.select(
        _u.id, _u.last_look, _u.last_outcome, _u.misses, _u.first_missed, _u.content, _last.c.evidence, _last.c.content.label("shown"),
        _k.type, _k.bytes, _k.pages, _k.state, _k.reason, _k.digest, _k.name, _k.flags, _k.says, _k.extractor,
    )
    .outerjoin(_last, _last.c.capture == _u.last_capture)
    .outerjoin(t.contents, _k.id == _u.content)
    .where(_u.id.in_(sa.bindparam("ids", expanding=True)))
)  # fmt: skip
SHOWING = (
    sa.select(_p.url, _r.content, sa.func.max(_p.id).label("capture"))
    .join(t.readings, _r.capture == _p.id)
    .where(_p.url.in_(sa.bindparam("ids", expanding=True)), _r.content.is_not(None))
    .group_by(_p.url, _r.content)
)
NAMES = sa.select(_p.id, _p.public_id, _p.at).where(_p.id.in_(sa.bindparam("ids", expanding=True)))


def of_versions(c: Connection, versions: Collection[int]) -> dict[int, tuple[Attached, ...]]:
    """Version → what it links to and has an address, in the page's order."""
    found: dict[int, list[Attached]] = {}
    for some in chunks(sorted(versions)):
        links = c.execute(LINKS, {"versions": some}).all()
        if links:
            ways: dict[int, list[int]] = {}
            for row in c.execute(WAYS, {"versions": some}):
                ways.setdefault(row.of, []).append(row.id)
            places, shown = _places(c, {number for way in ways.values() for number in way})
            for link in links:
                way = ways.get(link.address, [])
                found.setdefault(link.version, []).append(_attached(link, [places[number] for number in way], shown))
    return {version: tuple(listed) for version, listed in found.items()}


def of_version(c: Connection, version: int) -> tuple[Attached, ...]:
    """What one version links to."""
    return of_versions(c, [version]).get(version, ())


def numbered(found: Collection[Attached], number: int) -> Attached:
    """The one of that number. Raises UsageError."""
    for item in found:
        if item.number == number:
            return item
    known = ", ".join(str(item.number) for item in found)
    raise UsageError(f"there is no attachment {number}", remedy=f"it has {known}" if known else "it links to no documents")


def _places(c: Connection, ids: Collection[int]) -> tuple[dict[int, Any], Mapping[tuple[int, int], tuple[str, Millis]]]:
    """(rows by address, (address, contents) → public id and time of the last capture that showed it)."""
    places = {row.id: row for some in chunks(sorted(ids)) for row in c.execute(PLACES, {"ids": some})}
    last = {(row.url, row.content): row.capture for some in chunks(sorted(ids)) for row in c.execute(SHOWING, {"ids": some})}
    names = {
        row.id: (row.public_id, row.at) for some in chunks(sorted(set(last.values()))) for row in c.execute(NAMES, {"ids": some})
    }
    return places, {key: names[capture] for key, capture in last.items()}


def _attached(link: Any, way: list[Any], shown: Mapping[tuple[int, int], tuple[str, Millis]]) -> Attached:
    own, end = (way[0], way[-1]) if way else (None, None)
    held = own if own is not None and own.content is not None else None
    gone = next((place.first_missed for place in way if place.misses and place.first_missed is not None), None)
    state, reason = NOT_FETCHED, link.reason
    if held is not None:
        state, reason = held.state, held.reason
    elif link.reason is None and end is not None:
        state, reason = _unseen(end)
    capture = next((shown[place.id, held.content] for place in way if (place.id, held.content) in shown), None) if held else None
    return Attached(
        number=link.position + 1,
        url=link.url,
        name=link.name,
        state=state,
        reason=reason,
        gone=gone if held is not None else None,
        media_type=held.type if held else None,
        bytes=held.bytes if held else None,
        pages=held.pages if held else None,
        digest=held.digest if held else None,
        file=held.name if held else None,
        flags=tuple(json.loads(held.flags)) if held else (),
        says=tuple(Said(*each) for each in json.loads(held.says)) if held else (),
        extractor=held.extractor or None if held else None,
        capture=capture[0] if capture else None,
        seen=capture[1] if capture else None,
        address=own.id if own is not None else None,
    )


def _unseen(place: Any) -> tuple[str, str]:
    if place.last_outcome is None:
        return WAITING, "nobody has looked yet"
    if place.last_outcome in GOOD:
        return (MISSING, place.evidence) if place.evidence else (WAITING, "not read yet")
    return MISSING, Outcome(place.last_outcome).value.replace("_", " ")


# ------------------------------------------------------------------ every state of one
@dataclass(frozen=True, slots=True)
class State:
    """What an address showed from one moment on: row and digest of the document, the first capture of it."""

    content: int
    digest: str
    at: Millis
    capture: str


STATES = (
    sa.select(_r.content, _k.digest, _p.at, _p.public_id)
    .select_from(t.captures)
    .join(t.readings, _r.capture == _p.id)
    .join(t.contents, _k.id == _r.content)
    .where(_p.url.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_p.id)
)
TEXT = sa.select(_k.text).where(_k.digest == sa.bindparam("digest"))


def states(c: Connection, item: Attached, version: int) -> list[State]:
    """What an attachment was, the first first; the same bytes seen again are the same state."""
    ways: dict[int, list[int]] = {}
    for row in c.execute(WAYS, {"versions": [version]}):
        ways.setdefault(row.of, []).append(row.id)
    found: list[State] = []
    for shown in c.execute(STATES, {"ids": ways.get(item.address or 0, [])}):
        if not found or found[-1].content != shown.content:
            found.append(State(shown.content, shown.digest, shown.at, shown.public_id))
    return found


def text(c: Connection, digest: str) -> bytes:
    """The packed text of a document that was read. Raises UsageError."""
    held = c.execute(TEXT, {"digest": digest}).scalar()
    if held is None:
        raise UsageError(f"no document is known as {digest}")
    return bytes(held)


CONVERTED = (
    sa.select(_p.record, _u.url, _p.at, _k.extractor, _k.text)
    .select_from(t.captures)
    .join(t.urls, _u.id == _p.url)
    .join(t.readings, _r.capture == _p.id)
    .join(t.contents, _k.id == _r.content)
    .where(_p.record.in_(sa.bindparam("records", expanding=True)), _p.type == "response", _k.state == TEXT_STATE)
    .order_by(_p.id)
)


def converted(c: Connection, records: Collection[str]) -> Iterator[tuple[str, str, Millis, str, bytes]]:
    """(record id, address, time, extractor, packed text) of those of these responses that are documents with text."""
    for some in chunks(sorted(records), 100):
        for row in c.execute(CONVERTED, {"records": some}):
            yield row.record, row.url, row.at, row.extractor, bytes(row.text)


COUNTS = sa.select(sa.func.count(), sa.func.count(_u.content), sa.func.count(_u.content).filter(_u.misses > 0)).where(
    _u.kind == str(Kind.ATTACHMENT)
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Addresses of documents: `known` to be linked to, `held` in the archive, and of those `gone` from their sites by now."""

    known: int = 0
    held: int = 0
    gone: int = 0


def counts(c: Connection) -> Counts:
    """How many documents there are that notices link to."""
    return Counts(*c.execute(COUNTS).one())
