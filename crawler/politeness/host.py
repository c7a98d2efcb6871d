"""What is known of a host while it is asked: the lease of its queue, its robots.txt, what it shows for what it has not."""

from dataclasses import dataclass

from crawler.model import Millis, Outcome
from crawler.politeness.pace import FRESH, Pace


@dataclass(frozen=True, slots=True)
class Lease:
    """A held queue. Writes under it carry `fence`; `pace` is what was known of it when it was leased."""

    queue: str
    owner: str
    fence: int
    pace: Pace = FRESH


@dataclass(frozen=True, slots=True)
class Origin:
    """`verdict` is rules, allow or disallow; `body` the file's text when it has rules; `detail` why there are none; the sitemaps it names."""

    origin: str
    verdict: str
    body: str
    detail: str
    fetched: Millis
    expires: Millis
    sitemaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """A look at an address that cannot exist: what came, where it was redirected, and the page that was shown instead."""

    origin: str
    at: Millis
    outcome: Outcome
    location: str | None = None
    capture: int | None = None
