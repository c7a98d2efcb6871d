"""Rows of the index that fit a plan, newest first, read as they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from crawler.repository.reader import Reads, among, dialect_of, rows
from crawler.repository.search import attached
from crawler.repository.search.facts import Facts, holds, needs_files, needs_record
from crawler.repository.search.plan import NEVER, Plan
from crawler.repository.search.terms import lone
from crawler.text.asked import All

TESTED = 64, 1024  # rows whose text is looked at together: at first, at most
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


COLUMNS = "s.place, s.part, s.parts, s.document, s.version, s.source, s.channel, s.issuer, s.category, d.presence, d.first_seen"


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
            found = self._rows(walked, (low, below), TRIED)
            fit = list(tested(self.c, walked, found))
            yield from fit
            if len(found) < TRIED:
                return
            below = found[-1].place
            plan = walked if len(fit) >= COMMON and (wanted <= WALKED or most_tests is not None) else plan
        floor = self._floor(plan, (low, below)) if most_tests is not None else low
        yield from self._blocks(plan, (floor, below), wanted, most_tests)
        if floor > low and not self.cut:
            self.cut, self.reached = True, floor

    def _blocks(self, plan: Plan, span: tuple[int, int], wanted: int, most_tests: int | None) -> Iterator[Match]:
        first, most = TESTED
        size = first if plan.tested else min(wanted, 4 * most)
        (low, below), looked_at = span, 0
        while True:
            found = self._rows(plan, (low, below), size)
            yield from tested(self.c, plan, found)
            looked_at += len(found) if plan.tested else 0
            if len(found) < size:
                return
            if most_tests is not None and looked_at >= most_tests:
                self.cut, self.reached = True, found[-1].place
                return
            below, size = found[-1].place, min(size * 4, most if plan.tested else 4 * most)
            size = min(size, most_tests - looked_at) if plan.tested and most_tests is not None else size

    def _floor(self, plan: Plan, span: tuple[int, int]) -> int:
        """Below which place the index is not followed to count: where SQL may refuse most of what it has."""
        if plan.expression is None or len(plan.where) < 2 or dialect_of(self.c) != "sqlite" or _absent(plan):
            return span[0]
        values = {"terms": plan.values["terms"], "low": span[0], "below": span[1], "looked": LOOKED}
        return max([span[0], *(int(row[0]) for row in rows(self.c, FLOOR, values))])

    def _rows(self, plan: Plan, span: tuple[int, int], size: int) -> list[Match]:
        values = {**plan.values, "low": span[0], "below": span[1], "size": size}
        if plan.expression is None:
            values.pop("terms", None)
        return list(map(Match._make, rows(self.c, statement(dialect_of(self.c), plan), values)))


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


def statement(dialect: str, plan: Plan) -> str:
    """Rows, newest first: those the index has for these words, or without any all there are.

    On PostgreSQL a sum hides the key from the planner when the text is still to decide: else it may walk all rows by date (2 s
    against 18 ms).
    """
    tables, key, where = "search s JOIN documents d ON d.id = s.document", "s.place", list(plan.where)
    indexed = plan.expression is not None
    absent = _absent(plan)
    if dialect == "sqlite" and indexed:
        tables = "search_index i CROSS JOIN search s ON s.place = i.rowid CROSS JOIN documents d ON d.id = s.document"
        key = "i.rowid"
        where[:0] = ["search_index MATCH :terms", AWAY] if absent else ["search_index MATCH :terms"]
    elif dialect == "sqlite" and absent:  # few are: by their own index, and sorted
        tables = "documents d CROSS JOIN search s ON s.document = d.id"
        where.append("d.presence <> 'here'")
        key = "+s.place"
    elif dialect == "sqlite":
        tables = "search s CROSS JOIN documents d ON d.id = s.document"
    elif indexed:
        where.insert(0, "s.words @@ CAST(:terms AS tsquery)")
        key = "s.place + 0" if plan.tested else key
    where += [f"{key} >= :low", f"{key} < :below"]
    return f"SELECT {COLUMNS} FROM {tables} WHERE {' AND '.join(where)} ORDER BY {key} DESC LIMIT :size"


def _absent(plan: Plan) -> bool:
    """Is only what is not here any more asked for?"""
    return any(one.startswith("d.presence") and "'here'" not in one for one in plan.where)
