"""What is known of an origin besides its pages: what robots.txt said, and how it says that it has not something."""

import json
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis, Outcome
from crawler.politeness.host import Origin, Probe
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, clean, replacing

_ORIGIN = sa.select(t.origins).where(t.origins.c.origin == sa.bindparam("name"))
_PROBE = (
    sa.select(t.probes)
    .where(t.probes.c.origin == sa.bindparam("name"), t.probes.c.at <= sa.bindparam("until"))
    .order_by(t.probes.c.at.desc())
    .limit(1)
)


def get(c: Connection, name: str) -> Origin | None:
    """What is remembered of an origin, fresh or not."""
    row = c.execute(_ORIGIN, {"name": name}).first()
    if row is None:
        return None
    return Origin(row.origin, row.verdict, row.body, row.detail, row.fetched, row.expires, tuple(json.loads(row.sitemaps)))


PUT = replacing(t.origins, "origin")


def put(c: Connection, found: Sequence[Origin]) -> None:
    """Remember what the robots.txt of these origins say now."""
    rows = {
        origin.origin: {
            "origin": origin.origin,
            "fetched": origin.fetched,
            "expires": origin.expires,
            "verdict": origin.verdict,
            "body": clean(origin.body),
            "detail": clean(origin.detail),
            "sitemaps": json.dumps([clean(item) for item in origin.sitemaps]),
        }
        for origin in found
    }
    if rows:
        c.execute(PUT(c), [rows[name] for name in sorted(rows)])


def probe(c: Connection, name: str, until: Millis) -> Probe | None:
    """The last look up to then at an address that an origin cannot have."""
    row = c.execute(_PROBE, {"name": name, "until": until}).first()
    return _probe(row) if row else None


def shown(c: Connection, names: Collection[str]) -> dict[str, list[Probe]]:
    """All such looks of the origins among these that ever showed a page there, oldest first."""
    pages = sa.select(t.probes.c.origin).where(t.probes.c.origin.in_(sorted(names)), t.probes.c.capture.is_not(None))
    found: dict[str, list[Probe]] = {}
    for row in c.execute(sa.select(t.probes).where(t.probes.c.origin.in_(pages)).order_by(t.probes.c.at)):
        found.setdefault(row.origin, []).append(_probe(row))
    return found


def _probe(row: AnyRow) -> Probe:
    return Probe(row.origin, row.at, Outcome(row.outcome), row.location, row.capture)


PROBED = replacing(t.probes, "origin", "at")


def probed(c: Connection, found: Sequence[Probe]) -> None:
    """Remember such looks."""
    rows = [
        {
            "origin": probe.origin,
            "at": probe.at,
            "outcome": str(probe.outcome),
            "location": probe.location,
            "capture": probe.capture,
        }
        for probe in found
    ]
    if rows:
        c.execute(PROBED(c), rows)
