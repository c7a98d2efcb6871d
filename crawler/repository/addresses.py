"""Addresses: one row for each URL key (method, canonical address, digest of the body), and what is known of it between looks."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Kind, Millis, Request
from crawler.repository import schema as t
from crawler.repository.database import chunks, clean, ignoring
from crawler.repository.many import many
from crawler.text import urls


@dataclass(frozen=True, slots=True)
class Seed:
    """An address to be looked at."""

    request: Request
    public_url: str
    kind: Kind
    queue: str
    source: str
    priority: int
    due: Millis
    hops: int = 0
    via: str | None = None

    @property
    def key(self) -> str:
        """Its URL key."""
        return urls.key(self.request)


@dataclass(slots=True)
class Address:
    """A row of `urls` while a batch is folded: what looks at it have left behind, up to the look that is folded now."""

    id: int
    key: str
    method: str
    url: str
    headers: str
    body: bytes
    public_url: str
    queue: str
    kind: str
    source: str
    via: str | None
    redirect: str | None
    first_record: str | None
    last_capture: int | None
    last_digest: str | None
    etag: str | None
    last_modified: str | None
    last_look: Millis | None
    last_outcome: str | None
    misses: int
    first_missed: Millis | None
    rung: int
    due: Millis | None
    content: int | None

    @property
    def request(self) -> Request:
        """What is sent to it."""
        return request_of(self.url, self.method, self.headers, self.body)


def request_of(url: str, method: str, headers: str, body: bytes | None) -> Request:
    """The request that a row's columns hold."""
    return Request(url, method, tuple((name, value) for name, value in json.loads(headers)), bytes(body or b""))


COLUMNS = tuple(t.urls.c[name] for name in Address.__slots__)
SAVED = (
    "redirect", "first_record", "last_capture", "last_digest", "etag", "last_modified", "last_look", "last_outcome",
    "misses", "first_missed", "rung", "due", "content",
)  # fmt: skip
BY_KEY = sa.select(*COLUMNS).where(t.urls.c.key.in_(sa.bindparam("keys", expanding=True))).order_by(t.urls.c.id)
BY_ID = sa.select(*COLUMNS).where(t.urls.c.id.in_(sa.bindparam("ids", expanding=True))).order_by(t.urls.c.id)
LOCKED_BY_KEY, LOCKED_BY_ID = BY_KEY.with_for_update(), BY_ID.with_for_update()
SAVE = (
    t.urls.update()
    .where(t.urls.c.id == sa.bindparam("b_id"))
    .values({t.urls.c[name]: sa.bindparam(f"b_{name}") for name in SAVED})
)
PUT = ignoring(t.urls)
# what was fetched as another kind is asked for anew: it was not read as what it is taken for now
TO_KIND = (
    t.urls.update()
    .where(t.urls.c.id == sa.bindparam("b_id"), t.urls.c.kind == sa.bindparam("b_was"))
    .values(
        kind=sa.bindparam("b_kind"),
        etag=sa.bindparam("b_etag"),
        last_modified=sa.bindparam("b_modified"),
        last_digest=sa.bindparam("b_digest"),
    )
)


def ensure(c: Connection, seeds: Iterable[Seed], *, lock: bool = False) -> dict[str, Address]:
    """Addresses by URL key; rows are made where there are none, as the first seed of several has it. A list stays a list, and what a list
    showed a notice's address. `lock`: held until the transaction ends."""
    wanted: dict[str, Seed] = {}
    for seed in seeds:
        held = wanted.setdefault(seed.key, seed)
        if _is_raised(held.kind, seed.kind):
            wanted[seed.key] = replace(held, kind=seed.kind)
    if not wanted:
        return {}
    found = by_key(c, wanted, lock=lock)
    missing = sorted(
        key for key in wanted if key not in found
    )  # in one order: two processes that insert the same wait, and do not block
    if missing:
        many(c, PUT(c), [_row(wanted[key], key) for key in missing])
        found |= by_key(c, missing, lock=lock)
    raised = [(found[key], seed.kind) for key, seed in wanted.items() if _is_raised(found[key].kind, seed.kind)]
    if raised:
        c.execute(TO_KIND, [_raised(address, kind) for address, kind in raised])
    return found


def _is_raised(known: str, kind: Kind) -> bool:
    """Is an address now something that more is read of? A document that a notice linked to may be a notice itself, a notice a list."""
    if known == Kind.ATTACHMENT:
        return kind in (Kind.DETAIL, Kind.LIST)
    return known == Kind.DETAIL and kind is Kind.LIST


def _raised(address: Address, kind: Kind) -> dict[str, object]:
    was = address.kind
    address.kind = str(kind)
    if was == Kind.ATTACHMENT:
        address.etag = address.last_modified = address.last_digest = None
    return {
        "b_id": address.id, "b_was": was, "b_kind": address.kind, "b_etag": address.etag, "b_modified": address.last_modified,
        "b_digest": address.last_digest,
    }  # fmt: skip


def _row(seed: Seed, key: str) -> dict[str, object]:
    return {
        "key": key,
        "method": seed.request.method,
        "url": seed.request.url,
        "headers": json.dumps(seed.request.headers) if seed.request.headers else "[]",
        "body": seed.request.body,
        "public_url": clean(seed.public_url),
        "queue": seed.queue,
        "kind": str(seed.kind),
        "source": seed.source,
        "via": seed.via,
    }


def by_key(c: Connection, keys: Collection[str], *, lock: bool = False) -> dict[str, Address]:
    """Those of these addresses that are known."""
    query = LOCKED_BY_KEY if lock else BY_KEY
    rows = [row for some in chunks(sorted(keys)) for row in c.execute(query, {"keys": some}).all()]
    return {row.key: Address(*row) for row in rows}


def by_id(c: Connection, ids: Collection[int], *, lock: bool = False) -> dict[int, Address]:
    """Addresses by row id."""
    query = LOCKED_BY_ID if lock else BY_ID
    rows = [row for some in chunks(sorted(ids)) for row in c.execute(query, {"ids": some}).all()]
    return {row.id: Address(*row) for row in rows}


def save(c: Connection, changed: Iterable[Address]) -> None:
    """Write what looks have left behind."""
    rows = [
        {"b_id": address.id} | {f"b_{name}": getattr(address, name) for name in SAVED}
        for address in sorted(changed, key=lambda address: address.id)
    ]
    if rows:
        many(c, SAVE, rows)
