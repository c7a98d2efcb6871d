"""The versions of a document as its page lists them, with how much differs from one to the next."""

import threading
from collections import OrderedDict
from itertools import pairwise

from crawler.console import shown
from crawler.repository import query
from crawler.repository.database import Connection
from crawler.repository.query import DocumentView, VersionRow

COUNTED = 8  # newest versions whose differences are counted
MOST = 10_000  # counts that are remembered
Pair = tuple[VersionRow, VersionRow]


class Counts:
    """How many differences there are between two versions, remembered: neither ever changes. For several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def of(self, c: Connection, pairs: list[Pair]) -> list[int]:
        """Of each pair; only the records of those that are not remembered are loaded."""
        with self._lock:
            known = {key: self._held[key] for key in map(_key, pairs) if key in self._held}
        unknown = [pair for pair in pairs if _key(pair) not in known]
        if unknown:
            wanted = {row.id: row for pair in unknown for row in pair}
            held = {row.id: row for row in query.filled(c, list(wanted.values()))}
            known |= {_key(pair): len(shown.difference(held[pair[0].id], held[pair[1].id])) for pair in unknown}
        with self._lock:
            self._held.update(known)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return [known[_key(pair)] for pair in pairs]


def _key(pair: Pair) -> tuple[object, ...]:
    """With the digest of what was read, which tells a version from one of the same number in a database that was made anew."""
    return tuple((row.id, row.n, row.rules, row.capture, row.place["digest"]) for row in pair)


COUNTS = Counts()


def steps_of(c: Connection, found: DocumentView) -> list[tuple[VersionRow, int | None]]:
    """(version, how many differences to the one before; 0 for the first, None where they are not counted), the newest first."""
    pairs = list(pairwise(found.versions))[-COUNTED:]
    counts: dict[int, int | None] = {after.n: count for (_, after), count in zip(pairs, COUNTS.of(c, pairs), strict=True)}
    counts[found.versions[0].n] = 0
    return [(row, counts.get(row.n)) for row in reversed(found.versions)]
