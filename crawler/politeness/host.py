"""What is known of a host while it is asked: the lease of its queue, its robots.txt, what it shows for what it has not."""

from dataclasses import dataclass

from crawler.model import Millis, Origin, Outcome
from crawler.politeness.pace import FRESH, Pace

__all__ = ["Lease", "Origin", "Probe"]


@dataclass(frozen=True, slots=True)
class Lease:
    """A held queue. Writes under it carry `fence`; `pace` is what was known of it when it was leased."""

    queue: str
    owner: str
    fence: int
    pace: Pace = FRESH


@dataclass(frozen=True, slots=True)
class Probe:
    """A look at an address that cannot exist: what came, where it was redirected, and the page that was shown instead."""

    origin: str
    at: Millis
    outcome: Outcome
    location: str | None = None
    capture: int | None = None
