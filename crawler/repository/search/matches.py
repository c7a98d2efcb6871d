"""Rows of the index that fit a plan, newest first, read as they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from crawler.repository import visible
from crawler.repository.reader import Reads, among, dialect_of, rows
from crawler.repository.search import attached
from crawler.repository.search.facts import Facts, holds, needs_files, needs_record
from crawler.repository.search.plan import NEVER, Plan
from crawler.repository.search.terms import lone
from crawler.text.asked import All

TESTED = 64, 1024  # rows whose text is looked at together: at first, at most
TOGETHER = 8_192  # rows that are read together where no text is: all that is counted, since each statement begins anew
TRIED = 256  # of the newest rows, for a lone character: a common one is found there, a rare one quickly in the index
COMMON = 16  # found so often among those, it is sought without the index, which would put together all words it begins
WALKED = 1_000  # rows that are wanted at most for that; who wants them all has the index put together
LOOKED = 60_000  # rows that the index has, of which SQL is asked for those that fit, when many will not: for counting


class Match(NamedTuple):
    """A row of the index: part `part` of a document, in the version whose words the index has, and what it is counted by.

    A tuple, since thousands of them are counted for one answer."""

    place: int
    part: int
    parts: int
    document: int
    version: int
    source: str
    channel: str | None
    issuer: str | None
    category: str | None
    presence: str
    first_seen: int
    shown: bool  # not withheld


class _Block(NamedTuple):
    """Rows read together, those that may be shown, and the place of the last that was read; None: it was the last there is."""

    rows: list[Match]
    last: int | None


HELD = "s.place, s.part, s.parts, s.document, s.version, s.source, s.channel, s.issuer, s.category"
SHOWN = visible.document("d")
COLUMNS = f"{HELD}, d.presence, d.first_seen"


class Matches:
    """The rows of a plan within a span of places; after iterating, `cut` says whether it ended because enough had been looked at, and
    `reached` below which place nothing was."""

    def __init__(self, c: Reads, plan: Plan, span: tuple[int, int]) -> None:
        self.c, self.plan, self.span = c, plan, span
        self.cut, self.reached = False, span[0]

    def read(self, wanted: int, *, most_tests: int | None = None) -> Iterator[Match]:
        """Rows that fit, newest first; no more after so many whose text was looked at. `wanted`: how many will be asked for."""
        plan, (low, below) = self.plan, self.span
        if plan.expression == NEVER:
            return
        if lone(plan.expression):
            walked = replace(plan, expression=None, tested=(plan.node,), parted=())
            block = self._block(walked, (low, below), TRIED)
            fit = list(tested(self.c, walked, block.rows))
            yield from fit
            if block.last is None:
                return
            below = block.last
            plan = walked if len(fit) >= COMMON and (wanted <= WALKED or most_tests is not None) else plan
        floor = self._floor(plan, (low, below)) if most_tests is not None else low
        yield from self._blocks(plan, (floor, below), wanted, most_tests)
        if floor > low and not self.cut:
            self.cut, self.reached = True, floor

    def _blocks(self, plan: Plan, span: tuple[int, int], wanted: int, most_tests: int | None) -> Iterator[Match]:
        first, most = TESTED
        size = (most_tests or first) if plan.tested else min(wanted, TOGETHER)
        (low, below), looked_at = span, 0
        near = self._near(plan, span, size)
        while True:
            walked = below > near
            block = self._block(plan, (near if walked else low, below), size, walked=walked)
            yield from tested(self.c, plan, block.rows)
            looked_at += len(block.rows) if plan.tested else 0
            if block.last is None and not walked:
                return
            below = near if block.last is None else block.last
            if most_tests is not None and looked_at >= most_tests:
                self.cut, self.reached = True, below
                return
            size = min(size * 4, most if plan.tested else TOGETHER)
            size = min(size, most_tests - looked_at) if plan.tested and most_tests is not None else size

    def _floor(self, plan: Plan, span: tuple[int, int]) -> int:
        """Below which place the index is not followed to count: where SQL may refuse most of what it has."""
        if plan.expression is None or len(plan.where) < 2 or dialect_of(self.c) != "sqlite" or _absent(plan):
            return span[0]
        values = {"terms": plan.values["terms"], "low": span[0], "below": span[1], "looked": LOOKED}
        return max([span[0], *(int(row[0]) for row in rows(self.c, FLOOR, values))])

    def _near(self, plan: Plan, span: tuple[int, int], wanted: int) -> int:
        """From which place on the newest rows are walked one by one, on PostgreSQL: for a word that many of them have, where all rows that
        have it would be put together and sorted else. Its planner cannot tell: it does not know what a look at a row's words takes."""
        (low, below), terms = span, plan.values.get("terms")
        if plan.expression is None or dialect_of(self.c) != "postgresql":
            return below
        ((fit, seen, all_),) = rows(self.c, SAMPLE, {"terms": terms, "low": low, "below": below, "size": SAMPLED})
        share = fit / seen if seen else 0
        if share * share * all_ < LOOK_TO_SORT * wanted:
            return below
        to_walk = int(1.25 * wanted / share)
        return max([low, *(int(row[0]) for row in rows(self.c, WALK, {"low": low, "below": below, "walked": to_walk}))])

    def _block(self, plan: Plan, span: tuple[int, int], size: int, *, walked: bool = False) -> _Block:
        values = {**plan.values, "low": span[0], "below": span[1], "size": size}
        if plan.expression is None:
            values.pop("terms", None)
        by_index = plan.expression is not None and not walked and dialect_of(self.c) == "postgresql"
        if by_index:
            rows(self.c, PLANNING, {"scan": "off"})
        found = list(map(Match._make, rows(self.c, statement(dialect_of(self.c), plan, walked=walked), values)))
        if by_index:
            rows(self.c, PLANNING, {"scan": "on"})
        return _Block([row for row in found if row.shown], found[-1].place if len(found) == size else None)


SAMPLED = 64  # of the newest rows, to tell how many have what is asked
LOOK_TO_SORT = 5.4  # what a look at a row's words takes (4.3 µs), in times of what a row takes that the index has (0.8 µs)
SAMPLE = """SELECT count(*) FILTER (WHERE near.words @@ CAST(:terms AS tsquery)), count(*),
    (SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = CAST('search' AS regclass))
    FROM (SELECT words FROM search WHERE place >= :low AND place < :below ORDER BY place DESC LIMIT :size) near"""
WALK = "SELECT place FROM search WHERE place >= :low AND place < :below ORDER BY place DESC LIMIT 1 OFFSET :walked"
# first in order, then looked at: else all of them would be looked at, to be sorted
IN_ORDER = "SELECT * FROM search WHERE place >= :low AND place < :below ORDER BY place DESC OFFSET 0"
# Until the transaction ends or it is said anew. A scan of the whole table looks at the words of all rows (0.4 s of 100,000).
PLANNING = "SELECT set_config('enable_seqscan', :scan, true)"
# each by its key: the planner would rather read all documents there are (`OFFSET 0` keeps it from doing so)
ITS_DOCUMENT = "SELECT presence, first_seen, withheld FROM documents WHERE id = s.document OFFSET 0"
FLOOR = """SELECT rowid FROM search_index WHERE search_index MATCH :terms AND rowid >= :low AND rowid < :below
    ORDER BY rowid DESC LIMIT 1 OFFSET :looked"""
AWAY = """+i.rowid IN (SELECT near.place FROM documents away CROSS JOIN search near ON near.document = away.id
    WHERE away.presence <> 'here')"""  # few are: put together first, or every row that the index has would be looked at


def tested(c: Reads, plan: Plan, found: Sequence[Match]) -> Iterator[Match]:
    """Those that fit where the index could not tell."""
    if not found or not (plan.tested or plan.parted):
        yield from found
        return
    wanted, whole = All(plan.tested), All((*plan.tested, *plan.parted))
    held = records(c, [row.version for row in found if needs_record(whole if row.parts > 1 else wanted)])
    files = attached.indexed(c, [row.document for row in found]) if needs_files(whole) else {}
    for row in found:
        texts = files.get(row.document, ())
        facts = Facts(held.get(row.version, b""), plan.origin(row.source), row.presence, row.first_seen, texts)
        if holds(whole if row.parts > 1 else wanted, facts):
            yield row


def records(c: Reads, versions: Sequence[int]) -> Mapping[int, bytes]:
    """The packed records of versions."""
    if not versions:
        return {}
    wanted, ids = among(c, "ids", versions)
    return {row[0]: row[1] for row in rows(c, f"SELECT id, record FROM versions WHERE id {wanted}", {"ids": ids})}


def statement(dialect: str, plan: Plan, *, walked: bool = False) -> str:
    """Rows, newest first, and of each whether it may be shown: those the index has for these words, or without any all there are.
    `walked`: one row after the other is looked at for the words, the index is not asked."""
    if dialect == "sqlite":
        return _on_sqlite(plan)
    where, key, table = list(plan.where), "s.place", "search s"
    if plan.expression is not None:
        where.insert(0, "s.words @@ CAST(:terms AS tsquery)")
    if plan.expression is not None and not walked:
        key = "s.place + 0"  # as a sum, the key has no index
    if walked:
        table = f"({IN_ORDER}) s"
    else:
        where += [f"{key} >= :low", f"{key} < :below"]
    last = f"ORDER BY {key} DESC LIMIT :size"
    if any("d." in one for one in where if one != SHOWN):
        return f"SELECT {COLUMNS}, true FROM {table} JOIN documents d ON d.id = s.document WHERE {' AND '.join(where)} {last}"
    # Nothing else is asked of the documents: joined before the limit, all that have a word would be put together with all there are.
    some = f"SELECT {HELD} FROM {table} WHERE {' AND '.join(one for one in where if one != SHOWN)} {last}"
    return f"SELECT {COLUMNS}, {SHOWN} FROM ({some}) s CROSS JOIN LATERAL ({ITS_DOCUMENT}) d ORDER BY s.place DESC"


def _on_sqlite(plan: Plan) -> str:
    tables, key, where = "search s CROSS JOIN documents d ON d.id = s.document", "s.place", list(plan.where)
    absent = _absent(plan)
    if plan.expression is not None:
        tables = "search_index i CROSS JOIN search s ON s.place = i.rowid CROSS JOIN documents d ON d.id = s.document"
        key = "i.rowid"
        where[:0] = ["search_index MATCH :terms", AWAY] if absent else ["search_index MATCH :terms"]
    elif absent:  # few are: by their own index, and sorted
        tables = "documents d CROSS JOIN search s ON s.document = d.id"
        where.append("d.presence <> 'here'")
        key = "+s.place"
    where += [f"{key} >= :low", f"{key} < :below"]
    return f"SELECT {COLUMNS}, 1 FROM {tables} WHERE {' AND '.join(where)} ORDER BY {key} DESC LIMIT :size"


def _absent(plan: Plan) -> bool:
    """Is only what is not here any more asked for?"""
    return any(one.startswith("d.presence") and "'here'" not in one for one in plan.where)
