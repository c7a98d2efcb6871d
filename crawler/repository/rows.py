"""Rows that several modules ask for."""

import json
from dataclasses import dataclass

from crawler.model import Millis


@dataclass(slots=True)
class RunRow:
    """A row of `runs` while a batch is folded. `options` of a one-off crawl, as JSON."""

    id: int
    source: str
    kind: str
    slot: Millis
    started: Millis
    ended: Millis | None
    options: str
    others: str = "[]"  # hosts beyond its source's site that rows of it have led to, as JSON
    met: bool = False  # another one, since it was loaded

    def meets(self, host: str, most: int) -> bool:
        """May a row lead this run to a host beyond its source's site? So many different ones may."""
        known = json.loads(self.others)
        if host in known:
            return True
        if len(known) >= most:
            return False
        self.others, self.met = json.dumps([*known, host]), True
        return True

    @property
    def is_open(self) -> bool:
        """Does it still go on?"""
        return self.ended is None
