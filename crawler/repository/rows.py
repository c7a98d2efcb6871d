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
    beyond: int = 0  # redirects to further ones, which were not followed

    def meets(self, host: str, most: int) -> bool:
        """May a row lead this run to a host beyond its source's site? So many different ones may."""
        known = json.loads(self.others)
        if host in known:
            return True
        if len(known) >= most:
            return False
        self.others = json.dumps([*known, host])
        return True

    def leads(self, host: str, to: str, most: int | None) -> bool:
        """May a page at `host` lead this run on to one at `to`? `most`: other hosts that its rows may lead to; None: `to` is within the site."""
        if most is None or host == to or self.meets(to, most):
            return True
        self.beyond += 1
        return False

    @property
    def is_open(self) -> bool:
        """Does it still go on?"""
        return self.ended is None
