"""How many documents fit, and of what: totals and facets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from crawler.repository.reader import Reads
from crawler.repository.search.matches import Match, Matches
from crawler.repository.search.plan import Plan
from crawler.repository.search.texts import DAY

COUNTED = 5_000  # rows that are counted; beyond, a total is "at least"
TESTS = 600  # rows whose text is looked at to count (about 40 µs each)
FACETS = ("source", "region", "level", "year", "channel", "issuer", "category", "presence")
SHOWN = 12  # values of a facet, the most frequent first

Facets = Mapping[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True)
class Count:
    """How many; not `exact`: at least so many. `found`: what was counted, newest first, of each document its first row; `facets`: field →
    (value, how many) of it."""

    found: tuple[Match, ...]
    exact: bool
    facets: Facets

    @property
    def total(self) -> int:
        """How many documents were counted."""
        return len(self.found)


def count(c: Reads, plan: Plan) -> Count:
    """Count what fits a plan, the newest first, as far as that is quick."""
    found: dict[int, Match] = {}
    matches = Matches(c, plan, plan.span)
    whole = True
    for number, row in enumerate(matches.read(COUNTED + 1, most_tests=TESTS)):
        if number == COUNTED:
            whole = False
            break
        found.setdefault(row.document, row)
    return Count(tuple(found.values()), whole and not matches.cut, facets(plan, found.values()))


def facets(plan: Plan, found: Iterable[Match]) -> Facets:
    """What rows are counted by."""
    counts: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for row in found:
        origin = plan.origin(row.source)
        number = row.place >> DAY
        values = (
            row.source, origin.region, origin.level, str(date.fromordinal(number).year) if number else None,
            row.channel, row.issuer, row.category, row.presence,
        )  # fmt: skip
        for name, value in zip(FACETS, values, strict=True):
            if value:
                counts[name][value] = counts[name].get(value, 0) + 1
    return {name: tuple(sorted(some.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]) for name, some in counts.items()}
