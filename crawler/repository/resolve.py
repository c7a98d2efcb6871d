"""What somebody typed → one document: an id or its beginning, a version, a capture, or the page's address."""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import Several, UsageError
from crawler.model import Request
from crawler.repository import schema as t
from crawler.repository import tombstones, visible
from crawler.repository.tombstones import Tombstone
from crawler.text import urls

SHORTEST, LONGEST = 4, 12
REFERENCE = re.compile(r"(c-)?([0-9a-z]{1,12})(?:\.(\d{1,9}))?")
LOOKALIKES = str.maketrans("ilo", "110")  # as Crockford's base32 is read
MOST_CHOICES = 10
MOST_HOPS = 10
NO_DOCUMENT = "gongkai search finds ids; gongkai crawl --url ADDRESS looks at an address"


def resolve(c: Connection, text: str) -> tuple[str, int | None]:
    """(public id, version number or None) of the one document that is meant.

    `text`: a public id or four characters or more of its beginning, with `.N` for a version; a capture's `c-…` id likewise; an
    http(s) address as it is cited, as it was fetched, or one that was redirected there. Raises UsageError when it is unknown or
    unreadable, and when several documents are meant: then it lists them; Withheld where what is meant is not shown.
    """
    wanted = text.strip()
    if urls.is_http(wanted):
        urls_ = _of_address(c, wanted)
        return _chosen(c, wanted, _at_urls(c, urls_), tombstones.at(c, urls_)), None
    match = REFERENCE.fullmatch(wanted.lower())
    if match is None:
        raise UsageError(f"{text!r} is neither an id nor an http address", remedy=NO_DOCUMENT)
    start = match[2].translate(LOOKALIKES)
    if len(start) < SHORTEST:
        raise UsageError(f"{text!r} is too short", remedy=f"give at least {SHORTEST} characters of the id")
    if match[1]:
        return _of_capture(c, wanted, start)
    query = sa.select(t.documents.c.id).where(_begins(t.documents.c.public_id, start), sa.text(visible.document()))
    ids = c.execute(query).scalars().all()
    found = _chosen(c, wanted, ids, () if ids else tombstones.begins(c, *_span(start)))
    return found, int(match[3]) if match[3] else None


def _begins(column: sa.Column[Any], start: str, prefix: str = "") -> sa.ColumnElement[bool]:
    """Does an id begin so? A range, because LIKE neither uses the index nor means the same on both databases."""
    first, last = _span(start)
    return sa.and_(column >= prefix + first, column <= prefix + last)


def _span(start: str) -> tuple[str, str]:
    """The first and the last id that begin so."""
    return start.ljust(LONGEST, "0"), start.ljust(LONGEST, "z")


def _chosen(c: Connection, wanted: str, ids: Sequence[int], hidden: Sequence[Tombstone]) -> str:
    """The only one. Raises UsageError for none and for several, Withheld where none is shown and this one is `hidden`."""
    if not ids and hidden:
        raise hidden[0].refuse()
    if not ids:
        raise UsageError(f"no document is known as {wanted!r}", remedy=_nearest(c, wanted) or NO_DOCUMENT)
    query = (
        sa.select(t.documents.c.public_id, t.versions.c.title)
        .join(t.versions, t.versions.c.id == t.documents.c.version)
        .where(t.documents.c.id.in_(ids[: MOST_CHOICES + 1]))
        .order_by(t.documents.c.url, t.documents.c.part)
    )
    rows = c.execute(query).all()
    if len(ids) == 1:
        return str(rows[0].public_id)
    lines = [f"  {row.public_id}  {row.title}" for row in rows[:MOST_CHOICES]]
    if len(ids) > MOST_CHOICES:
        lines.append(f"  and {len(ids) - MOST_CHOICES} more")
    said = "\n".join([f"{wanted!r} may mean {len(ids)} documents:", *lines, "name one by its id"])
    raise Several(said, [(row.public_id, row.title) for row in rows[:MOST_CHOICES]])


def _nearest(c: Connection, wanted: str) -> str:
    """The document whose id begins most like what was typed; empty for what is no id."""
    match = REFERENCE.fullmatch(wanted.lower())
    start = match[2].translate(LOOKALIKES) if match and not match[1] else ""
    d = t.documents.c
    for length in range(len(start) - 1, 2, -1):
        query = sa.select(d.public_id).where(_begins(d.public_id, start[:length]), sa.text(visible.document())).limit(1)
        if (found := c.execute(query.order_by(d.public_id)).scalar()) is not None:
            return f"did you mean {found!r}?"
    return ""


# ------------------------------------------------------------------ captures
def capture_id_of(c: Connection, text: str) -> str:
    """The public id of the one capture that is meant by its id or the beginning of it. Raises UsageError."""
    match = REFERENCE.fullmatch(text.strip().lower())
    start = match[2].translate(LOOKALIKES) if match and match[1] and not match[3] else ""
    if len(start) < SHORTEST:
        raise UsageError(
            f"{text[:80]!r} is no capture's id", remedy=f"it begins with c- and has {SHORTEST} characters or more behind that"
        )
    found = (
        c.execute(sa.select(t.captures.c.public_id).where(_begins(t.captures.c.public_id, start, "c-")).limit(2)).scalars().all()
    )
    if not found:
        raise UsageError(f"no capture is known as {text!r}", remedy="gongkai history names a document's captures")
    if len(found) > 1:
        raise UsageError(f"{text!r} may mean several captures", remedy="give more characters")
    return str(found[0])


def _of_capture(c: Connection, wanted: str, start: str) -> tuple[str, int | None]:
    """The document, and the version it was in, that a capture shows."""
    query = sa.select(t.captures.c.public_id, t.captures.c.url, t.captures.c.at).where(
        _begins(t.captures.c.public_id, start, "c-")
    )
    captures = c.execute(query.limit(MOST_CHOICES)).all()
    if len(captures) > 1:
        lines = [f"  {row.public_id}" for row in captures]
        raise UsageError("\n".join([f"{wanted!r} may mean several captures:", *lines, "give more characters"]))
    if not captures:
        raise UsageError(f"no capture is known as {wanted!r}", remedy=NO_DOCUMENT)
    capture = captures[0]
    found = _chosen(c, wanted, _at_urls(c, [capture.url]), tombstones.at(c, [capture.url]))
    shown = (
        sa.select(sa.func.max(t.versions.c.n))
        .join(t.documents, t.documents.c.id == t.versions.c.document)
        .where(t.documents.c.public_id == found, t.versions.c.first_seen <= capture.at)
    )
    return found, c.execute(shown).scalar()


# ------------------------------------------------------------------ addresses
def _of_address(c: Connection, url: str) -> Sequence[int]:
    """The addresses that one means: cited as it, fetched from it, or where it led."""
    canonical, key = urls.canonical(url), urls.key(Request(url))
    cited = c.execute(sa.select(t.urls.c.id).where(t.urls.c.public_url.in_({url, canonical}))).scalars().all()
    ids = set(cited)
    for _ in range(MOST_HOPS):
        row = c.execute(sa.select(t.urls.c.id, t.urls.c.redirect).where(t.urls.c.key == key)).first()
        if row is None:
            break
        ids.add(row.id)
        if row.redirect is None:
            break
        key = row.redirect
    return sorted(ids)


def _at_urls(c: Connection, ids: Sequence[int]) -> Sequence[int]:
    query = sa.select(t.documents.c.id).where(t.documents.c.url.in_(ids), sa.text(visible.document()))
    return c.execute(query.order_by(t.documents.c.url, t.documents.c.part)).scalars().all()
