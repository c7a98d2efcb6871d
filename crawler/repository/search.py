"""Full text: the application cuts the words (`words.py`), the database finds sets of tokens, the text itself decides.

A row's key begins with the day of publication, so that the newest come first without sorting; behind it stands the row's number
within the day, so that neighbours in a list of matches differ by little: an index of 1,000 notices takes 4.6 kB each, where the
document's id in that place took 11. The text that is searched is not here: it lies in the version (`record.serial`), and what
matches by its words is unpacked to see whether the phrase stands in it. SQLite: contentless FTS5 without positions. PostgreSQL: a
tsvector cast from text, which checks sizes (array_to_tsvector stores broken words in silence). Both answer the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crawler.errors import UsageError
from crawler.record.frame import searched
from crawler.repository.reader import Reads, among, dialect_of, rows
from crawler.text.words import LONGEST_QUERY, OVERLAP, Phrase, parse, parts, tokens

DAY = 16  # bits of a place behind its day: so many rows of one day keep their order, the rest stands with what has no date
FIRST_DAY = date(1900, 1, 1).toordinal()  # the places of all days before are those of what has no date
MOST_PARTS = 256  # of a document, about 30 million characters: the rest is not searched
LARGEST = (1 << 20) - 1  # bytes of words in a tsvector
LONGEST_TITLE = 2000  # characters of a title that are searched
MOST_TERMS = 64  # tokens asked of the index; beyond, the text decides alone
TESTED = 64, 1024  # rows whose text is looked at together: at first, at most
TRIED = 256  # of the newest rows, for a lone character: a common one is found there, a rare one quickly in the index


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that matches: its public id and what a list of results shows of its current version.

    `place` is the first of its keys. `source` is the configured source. `first_seen`, `last_seen` in milliseconds. `record`: packed (`record.serial`).
    """

    place: int
    id: str
    version: int
    title: str
    published: str | None
    doc_no: str | None
    issuer: str | None
    url: str
    source: str
    presence: str
    first_seen: int
    last_seen: int
    record: bytes


@dataclass(frozen=True, slots=True)
class Hits:
    """Newest first. `next`: what to give as `after` for those that follow, None at the end."""

    rows: tuple[Hit, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Match:
    """A row of the index: part `part` of a document, in the version whose words the index has."""

    place: int
    part: int
    document: int
    version: int


def day(published: str | None) -> int:
    """The day that a notice stands on, 0 where it has no date. A year or month stands on its first day."""
    if published:
        known = published[:10]
        try:
            found = date.fromisoformat(known + "0000-01-01"[len(known) :]).toordinal()
        except ValueError:
            return 0  # a date no calendar has: the notice is found, as one without a date
        return found if found >= FIRST_DAY else 0
    return 0


def texts(record: bytes) -> list[tuple[str, str]]:
    """(title, text) of each part of a document; the title stands in the first."""
    title, body = searched(record)
    cut = [part for _, part in zip(range(MOST_PARTS), _parts(body), strict=False)]
    return [(title[:LONGEST_TITLE] if number == 0 else "", text) for number, text in enumerate(cut)]


def _parts(body: str) -> Iterator[str]:
    """Parts whose words fit into a tsvector: 120,000 characters do, unless most of them lie outside the basic plane."""
    for part in parts(body):
        spare = LARGEST - 3 * 4 * LONGEST_TITLE
        if 3 * len(part.encode()) <= spare or sum(len(token.encode()) for token in tokens(part)) <= spare:
            yield part
        else:
            middle = len(part) // 2
            yield part[: middle + OVERLAP]
            yield part[middle:]


def says(record: bytes, phrases: Sequence[Phrase]) -> bool:
    """Would a search for these phrases find this record?"""
    return any(all(phrase.text in title or phrase.text in text for phrase in phrases) for title, text in texts(record))


# ------------------------------------------------------------------ find
@dataclass(frozen=True, slots=True)
class Only:
    """What a search is narrowed to. `since`, `until`: ISO days of publication, both included; `presence`: here, missing or gone."""

    source: str | None = None
    since: str | None = None
    until: str | None = None
    presence: str | None = None


EVERYTHING = Only()


def find(c: Reads, query: str, *, limit: int = 20, after: int | None = None, only: Only = EVERYTHING) -> Hits:
    """Documents whose title or body has every phrase, newest first; the same answer on both databases.

    `after`: `next` of an earlier answer. A notice without a date is in no span of days. A query without letter or digit finds
    nothing. Raises UsageError for a query over 500 characters and for a day that is none.
    """
    if len(query) > LONGEST_QUERY:
        raise UsageError(f"the query has {len(query)} characters", remedy=f"search for {LONGEST_QUERY} characters at most")
    phrases = parse(query)
    if not phrases:
        return Hits((), None)
    low, below = _span(only.since, only.until)
    if after is not None:
        below = min(below, after)
    filters = {name: value for name, value in (("source", only.source), ("presence", only.presence)) if value is not None}
    places: dict[int, int] = {}  # document → its first place; other parts of it are no hits of their own
    for row in _matches(c, phrases, filters, (low, below), limit + 1):
        places.setdefault(row.document, row.place - row.part)
        if len(places) > limit:
            break
    shown = dict(list(places.items())[:limit])
    following = list(shown.values())[-1] if shown and len(places) > limit else None
    return Hits(_hits(c, shown), following)


def _span(since: str | None, until: str | None) -> tuple[int, int]:
    """The first place of a span of days and the first behind it."""
    try:
        first = date.fromisoformat(since).toordinal() if since else 0
        last = date.fromisoformat(until).toordinal() if until else date.max.toordinal()
    except ValueError as error:
        raise UsageError(f"not a day: {since or until!r}", remedy="write it as 2024-05-31") from error
    if since or until:
        first = max(first, FIRST_DAY)
    return first << DAY, (last + 1) << DAY


def _matches(
    c: Reads, phrases: Sequence[Phrase], filters: Mapping[str, str], span: tuple[int, int], wanted: int
) -> Iterator[Match]:
    """Rows that have every phrase, newest first, read as they are asked for."""
    low, below = span
    terms = sorted({token for phrase in phrases for token in phrase.exact})
    prefixes = sorted({prefix for phrase in phrases for prefix in phrase.prefixes})
    if not terms and all(len(prefix) == 1 for prefix in prefixes):
        found = _rows(c, _statement(dialect_of(c), (), (), filters), filters, (low, below), TRIED)
        yield from _tested(c, found, phrases)
        if len(found) < TRIED:
            return
        below = found[-1].place
    cut = len(terms) + len(prefixes) > MOST_TERMS
    asked = terms[:MOST_TERMS], prefixes[: 0 if cut and terms else MOST_TERMS]
    tested = [phrase for phrase in phrases if cut or not phrase.sure]
    sql = _statement(dialect_of(c), *asked, filters, hidden=bool(tested))
    first, most = TESTED
    size = first if tested else wanted
    while True:
        found = _rows(c, sql, {**filters, "terms": _terms(dialect_of(c), *asked)}, (low, below), size)
        yield from _tested(c, found, tested)
        if len(found) < size:
            return
        below, size = found[-1].place, min(size * 4, most)


def _rows(c: Reads, sql: str, values: Mapping[str, str], span: tuple[int, int], size: int) -> list[Match]:
    return [Match(*row) for row in rows(c, sql, {**values, "low": span[0], "below": span[1], "size": size})]


def _tested(c: Reads, found: Sequence[Match], phrases: Sequence[Phrase]) -> Iterator[Match]:
    """Those whose text has all phrases."""
    if not phrases or not found:
        yield from found
        return
    wanted, ids = among(c, "ids", [row.version for row in found])
    records = dict(rows(c, f"SELECT id, record FROM versions WHERE id {wanted}", {"ids": ids}))
    for row in found:
        title, text = texts(records[row.version])[row.part]
        if all(phrase.text in title or phrase.text in text for phrase in phrases):
            yield row


def _terms(dialect: str, terms: Sequence[str], prefixes: Sequence[str]) -> str:
    """What is asked of the index."""
    if dialect == "sqlite":
        return " AND ".join([f'"{token}"' for token in terms] + [f'"{prefix}"*' for prefix in prefixes])
    return " & ".join([f"'{token}'" for token in terms] + [f"'{prefix}':*" for prefix in prefixes])


def _statement(
    dialect: str, terms: Sequence[str], prefixes: Sequence[str], filters: Mapping[str, str], *, hidden: bool = False
) -> str:
    """Rows, newest first: those the index has for these words, or without any all there are.

    On PostgreSQL a sum hides the key from the planner when the text is still to decide: else it may walk all rows by date (2 s
    against 18 ms).
    """
    indexed = bool(terms or prefixes)
    tables, key = "search s JOIN documents d ON d.id = s.document", "s.place"
    where = ["d.withheld IS NULL", *(f"d.{name} = :{name}" for name in filters)]
    if dialect == "sqlite" and indexed:
        tables = "search_index i CROSS JOIN search s ON s.place = i.rowid CROSS JOIN documents d ON d.id = s.document"
        key = "i.rowid"
        where.insert(0, "search_index MATCH :terms")
    elif dialect == "sqlite":
        tables = "search s CROSS JOIN documents d ON d.id = s.document"
    elif indexed:
        where.insert(0, "s.words @@ CAST(:terms AS tsquery)")
        key = "s.place + 0" if hidden else key
    where += [f"{key} >= :low", f"{key} < :below"]
    return (
        f"SELECT s.place, s.part, s.document, s.version FROM {tables} WHERE {' AND '.join(where)} ORDER BY {key} DESC LIMIT :size"
    )


def _hits(c: Reads, places: Mapping[int, int]) -> tuple[Hit, ...]:
    """What is shown of documents, in the order given."""
    wanted, ids = among(c, "ids", list(places))
    sql = f"""SELECT d.id, d.public_id, v.n, v.title, v.published, v.doc_no, v.issuer, u.public_url, d.source, d.presence,
        d.first_seen, d.last_seen, v.record
        FROM documents d JOIN versions v ON v.id = d.version JOIN urls u ON u.id = d.url WHERE d.id {wanted}"""
    found: dict[int, tuple[Any, ...]] = {row[0]: tuple(row)[1:] for row in rows(c, sql, {"ids": ids})}
    return tuple(Hit(key, *found[document]) for document, key in places.items())
