"""What a run may spend: requests, bytes, time. Pure; the process that spends keeps a `Spending` for each run."""

from dataclasses import dataclass

from crawler.model import Millis


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a run may take; None is no limit. `bytes` as they come over the wire, of earlier processes as they lie in the archive."""

    requests: int | None = None
    bytes: int | None = None
    time_ms: Millis | None = None

    def __bool__(self) -> bool:
        return (self.requests, self.bytes, self.time_ms) != (None, None, None)


UNLIMITED = Budget()
DEFAULT = Budget(requests=20_000)  # half a day of one host at a request every two seconds


@dataclass(slots=True)
class Spending:
    """What a run has spent of its budget so far."""

    budget: Budget
    started: Millis
    requests: int = 0
    bytes: int = 0

    def spent(self, now: Millis) -> str:
        """Which limit is reached, in words; empty when another request may be made."""
        most = self.budget
        if most.requests is not None and self.requests >= most.requests:
            return f"budget of {most.requests} requests"
        if most.bytes is not None and self.bytes >= most.bytes:
            return f"budget of {most.bytes} bytes"
        if most.time_ms is not None and now - self.started >= most.time_ms:
            return f"budget of {most.time_ms // 1000} seconds"
        return ""
