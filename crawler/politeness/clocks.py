"""What is believed of a stored moment. Pure.

A clock may have been ahead when a moment was written, or go back, or stand still while the machine sleeps. So no moment that is read
holds anything back longer than its own rule could have asked for at this moment, and nothing has happened later than now. What lies
further ahead was written by a clock that was wrong: it is put right, and told.

Durations within a process are measured by a clock that only goes forward (`steady`), never by two readings of the wall's.
"""

from dataclasses import dataclass

from crawler.model import Millis

TOLERANCE: Millis = 10_000  # machines that share a database need not agree better than this
STEP: Millis = 2_000  # what a clock is moved by at once is no drift


def past(at: Millis, now: Millis) -> Millis:
    """When something happened, as far as that may be believed: not later than now."""
    return min(at, now)


def ahead(at: Millis | None, now: Millis) -> Millis:
    """How far a moment that must lie in the past lies ahead; 0 for what two machines may disagree by."""
    return at - now if at is not None and at - now > TOLERANCE else 0


def bounded(until: Millis, now: Millis, longest: Millis) -> Millis:
    """Until when something is held back by a rule that asks for `longest` at most; what lies further ahead is no rule's doing: now."""
    return until if until - now <= longest + TOLERANCE else now


def shifted(until: Millis, witness: Millis | None, now: Millis, longest: Millis) -> Millis:
    """The same, where `witness` was written by the same clock of what had happened by then: both are as much too far ahead."""
    return bounded(until - ahead(witness, now), now, longest)


def is_fresh(since: Millis, until: Millis, now: Millis, longest: Millis) -> bool:
    """Does what was learned at `since` still stand, by a rule that lets it stand until `until`, `longest` at most?"""
    return not ahead(since, now) and now < until <= now + longest + TOLERANCE


@dataclass(slots=True)
class Drift:
    """The wall's clock beside a steady one: by how much it was moved since it was looked at last. Times in milliseconds."""

    apart: Millis

    @classmethod
    def begin(cls, wall: Millis, steady: Millis) -> "Drift":
        """From two readings of one moment."""
        return cls(wall - steady)

    def moved(self, wall: Millis, steady: Millis) -> Millis:
        """Forward when positive (the machine slept, or its clock was set), back when negative; 0 where it only drifts."""
        step, self.apart = wall - steady - self.apart, wall - steady
        return step if abs(step) > STEP else 0


def span(ms: Millis) -> str:
    """A length of time in words, for people: 3 days, 2 hours, 40 seconds."""
    for length, name in ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute")):
        if abs(ms) >= 2 * length:
            return f"{abs(ms) // length} {name}s"
    return f"{abs(ms) // 1000} seconds"
