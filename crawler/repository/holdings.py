"""How much there is, and of what: what `stats` shows. Withheld documents are not counted, their lines of the ledger are."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.repository import attached, query, visible
from crawler.repository import schema as t

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """`totals` by name; documents by presence and year of publication; looks by outcome; lines of the ledger by kind; `sources` by the
    number of their documents; `attached`: documents that notices link to, known, held, and of those gone from their sites; `bytes` of the
    WARC files as far as they are committed."""

    totals: dict[str, int]
    presence: Counts
    years: Counts
    outcomes: Counts
    kinds: Counts
    sources: Counts
    attached: Counts
    bytes: int


def read(c: Connection) -> Figures:
    """The figures."""
    d, v, h = t.documents.c, t.versions.c, t.changes.c
    shown = sa.text(visible.document())
    year = sa.func.coalesce(sa.func.substr(v.published, 1, 4), "")
    now = t.documents.join(t.versions, v.id == d.version)
    size = sa.select(sa.func.coalesce(sa.func.sum(sa.func.coalesce(t.files.c.bytes, t.files.c.committed)), 0))
    return Figures(
        query.totals(c),
        _counts(c, sa.select(d.presence, sa.func.count()).where(shown).group_by(d.presence)),
        tuple(sorted(_counts(c, sa.select(year, sa.func.count()).select_from(now).where(shown).group_by(year)), reverse=True)),
        _counts(c, sa.select(t.looks.c.outcome, sa.func.count()).group_by(t.looks.c.outcome)),
        _counts(c, sa.select(h.kind, sa.func.count()).group_by(h.kind)),
        _counts(c, sa.select(d.source, sa.func.count()).where(shown).group_by(d.source)),
        tuple(asdict(attached.counts(c)).items()),
        int(c.execute(size).scalar_one()),
    )


def _counts(c: Connection, asked: sa.Select[str, int]) -> Counts:
    """The most frequent first."""
    return tuple(sorted(((str(row[0]), int(row[1])) for row in c.execute(asked)), key=lambda one: (-one[1], one[0])))
