"""How many documents fit, and of what: totals and facets."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice

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
    (value, how many) of it; `reached`: below which place nothing was looked at."""

    found: tuple[Match, ...]
    exact: bool
    facets: Facets
    reached: int = 0

    @property
    def total(self) -> int:
        """How many documents were counted."""
        return len(self.found)


def count(c: Reads, plan: Plan) -> Count:
    """Count what fits a plan, the newest first, as far as that is quick."""
    matches = Matches(c, plan, plan.span)
    found = list(islice(matches.read(COUNTED + 1, most_tests=TESTS), COUNTED + 1))
    firsts = {row.document: row for row in reversed(found[:COUNTED])}  # of each document its first row stays
    newest = tuple(reversed(firsts.values()))
    whole = len(found) <= COUNTED
    reached = matches.reached if whole else found[COUNTED].place + 1
    return Count(newest, whole and not matches.cut, facets(plan, newest), reached)


def facets(plan: Plan, found: Collection[Match]) -> Facets:
    """What rows are counted by."""
    sources = Counter(row.source for row in found)
    origins = [(plan.origin(source), number) for source, number in sources.items()]
    days = Counter(row.place >> DAY for row in found)
    counts: dict[str, Counter[str | None]] = {
        "source": Counter(sources),
        "region": _summed((origin.region, number) for origin, number in origins),
        "level": _summed((origin.level, number) for origin, number in origins),
        "year": _summed((str(date.fromordinal(day).year) if day else None, number) for day, number in days.items()),
        "channel": Counter(row.channel for row in found),
        "issuer": Counter(row.issuer for row in found),
        "category": Counter(row.category for row in found),
        "presence": Counter(row.presence for row in found),
    }
    return {name: _shown(counts[name]) for name in FACETS}


def _summed(some: Iterable[tuple[str | None, int]]) -> Counter[str | None]:
    made: Counter[str | None] = Counter()
    for value, number in some:
        made[value] += number
    return made


def _shown(counts: Mapping[str | None, int]) -> tuple[tuple[str, int], ...]:
    """The most frequent first; what has no value is not told."""
    return tuple(
        sorted(((value, number) for value, number in counts.items() if value), key=lambda item: (-item[1], item[0]))[:SHOWN]
    )
