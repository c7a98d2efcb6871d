"""How fast a queue may be asked: pauses and the breaker. Pure: what is known of the queue + what came → when it may be asked again.

The worker that holds a queue and the transaction that keeps its looks use the same functions, so that a process that is killed leaves
the pace it had.
"""

from dataclasses import dataclass, replace

from crawler.model import GOOD, Millis, Outcome
from crawler.politeness import clocks

TROUBLE = frozenset(
    {
        Outcome.BUSY,
        Outcome.BLOCKED,
        Outcome.SERVER_ERROR,
        Outcome.NETWORK_ERROR,
        Outcome.TIMEOUT,
        Outcome.TLS_ERROR,
        Outcome.TRUNCATED,  # a host that ends its answers before their end is as much in trouble as one that gives none
    }
)
NOT_ASKED = frozenset({Outcome.DISALLOWED, Outcome.REFUSED})  # the host has heard nothing of these
LONGEST_PAUSE: Millis = 3_600_000
LONGEST_LATENCY: Millis = 30_000  # a pause follows the server's own slowness up to here
BREAK_AFTER = 5  # failures in a row that open the breaker
FIRST_BREAK: Millis = 10 * 60_000
LONGEST_BREAK: Millis = 6 * 3_600_000
LONGEST_WAIT: Millis = 24 * 3_600_000  # that a server may ask for (Retry-After, fetcher.outcomes)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of a queue. `broken`: since when its breaker is open; then one request at `next_at` decides whether it closes."""

    next_at: Millis = 0
    last_end: Millis = 0  # of the last exchange
    latency: Millis = 0  # the server's own, smoothed
    failures: int = 0  # in a row
    broken: Millis | None = None
    blocked: Millis | None = None  # since when only walls and refusals come back

    def pause(self, least: Millis) -> Millis:
        """The pause after an exchange: never below `least`, as long as the server takes to answer, doubled for every failure in a row.

        No pause at all (`least` 0, for hosts of our own) stays none until the breaker opens.
        """
        calm = max(least, min(self.latency, LONGEST_LATENCY)) if least else 0
        if self.failures >= BREAK_AFTER:
            return max(calm, min(FIRST_BREAK << min(self.failures - BREAK_AFTER, 16), LONGEST_BREAK))
        return max(calm, min(calm << self.failures, LONGEST_PAUSE))

    def longest(self, least: Millis) -> Millis:
        """The longest a queue in this state may have to wait: only a server in trouble asks for more than a pause."""
        return max(self.pause(least), LONGEST_WAIT if self.failures else LONGEST_PAUSE)

    def put_right(self, now: Millis, least: Millis) -> "Pace":
        """The same without what a clock that was ahead has written: as far ahead as its last exchange is, everything is."""
        was_ahead = clocks.ahead(self.last_end, now)
        last_end = self.last_end - was_ahead
        next_at = clocks.bounded(self.next_at - was_ahead, now, self.longest(least))
        if next_at != self.next_at - was_ahead:
            next_at = max(now, last_end + self.pause(least))
        broken, blocked = (None if at is None else clocks.past(at - was_ahead, now) for at in (self.broken, self.blocked))
        return replace(self, next_at=next_at, last_end=last_end, broken=broken, blocked=blocked)


FRESH = Pace()


def in_trouble(pace: Pace) -> str:
    """Why a queue whose breaker is open is not waited for."""
    return f"the host is in trouble ({pace.failures} failures in a row)"


def after(pace: Pace, outcome: Outcome, *, at: Millis, ms: Millis, least: Millis, retry_after: Millis | None) -> Pace:
    """The pace after an exchange that began at `at` and took `ms`. `least`: the shortest pause anybody allows.

    Only good answers make it faster: what fails quickly says nothing about how much the server can take.
    """
    if outcome in NOT_ASKED:
        return pace
    end = at + ms
    good, failed = outcome in GOOD, outcome in TROUBLE
    latency = (pace.latency + ms) // 2 if good else max(pace.latency, ms)
    failures = pace.failures + 1 if failed else 0
    broken = (end if pace.broken is None else pace.broken) if failures >= BREAK_AFTER else None
    blocked = (at if pace.blocked is None else pace.blocked) if outcome in (Outcome.BLOCKED, Outcome.FORBIDDEN) else None
    found = replace(pace, last_end=end, latency=latency, failures=failures, broken=broken, blocked=blocked)
    return replace(found, next_at=max(end + found.pause(least), retry_after or 0))
