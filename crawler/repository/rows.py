"""Rows that several modules ask for."""

from dataclasses import dataclass

from crawler.model import Millis


@dataclass(frozen=True, slots=True)
class RunRow:
    """A row of `runs`, as far as looks and readings ask for it. `options` of a one-off crawl, as JSON."""

    id: int
    source: str
    kind: str
    slot: Millis
    started: Millis
    ended: Millis | None
    options: str

    @property
    def is_open(self) -> bool:
        """Does it still go on?"""
        return self.ended is None
