"""May we ask? robots.txt as rules (RFC 9309), by protego. Pure: text in, decision out."""

from dataclasses import dataclass
from typing import Literal

from protego import Protego

from crawler.model import Outcome, RobotsSaid

LIMIT = 500 * 1024  # RFC 9309, 2.5
LONGEST_LINE = 2048

Verdict = Literal["rules", "allow", "disallow", "busy"]


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one robots.txt."""

    rules: Protego

    @classmethod
    def parse(cls, body: bytes) -> "Robots":
        """Never raises; what is no rule is no rule. Read up to 500 KiB."""
        text = body[:LIMIT].decode("utf-8", "replace").removeprefix("\ufeff")
        lines = [line[:LONGEST_LINE] for line in text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")]
        return cls(Protego.parse("\n".join(lines)))

    def said(self, url: str, agent: str) -> RobotsSaid:
        """The decision for one address, and the pause the file asks for."""
        allowed = self.rules.can_fetch(url, agent)
        delay = self.rules.crawl_delay(agent)
        return RobotsSaid("allow" if allowed else "disallow", "" if allowed else "disallowed by robots.txt", delay)


def verdict_of(outcome: Outcome) -> Verdict:
    """What an attempt to read robots.txt means for its origin (RFC 9309, 2.3.1): rules, allow, disallow, or busy (ask later)."""
    if outcome in (Outcome.OK, Outcome.SAME_BYTES, Outcome.NOT_MODIFIED):
        return "rules"
    if outcome is Outcome.BUSY:
        return "busy"
    if outcome in (Outcome.NOT_FOUND, Outcome.GONE, Outcome.FORBIDDEN, Outcome.CLIENT_ERROR, Outcome.REDIRECTED):
        return "allow"
    return "disallow"
