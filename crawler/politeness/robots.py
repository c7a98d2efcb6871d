"""May we ask? robots.txt as rules. Pure: bytes in, decisions out; never raises.

RFC 9309, read as Google's parser reads it (its published test cases are the reading of record), which means where the RFC leaves room:
a key counts by its beginning and in common misspellings; a colon may be forgotten between two words; only Allow and Disallow end a
list of user agents; an agent's name ends at the first character that is no letter, hyphen or underscore; patterns are compared byte
by byte with the percent-encoded path, the longest one wins, Allow in a tie; `Allow: /x/index.html` also allows `/x/`.
Crawl-delay, Request-rate and Visit-time are no part of the RFC. They are honoured where they can be read, the strictest of several.
"""

import codecs
import re
from dataclasses import dataclass, field, replace
from typing import Literal

from crawler.fetcher.outcomes import wall_in
from crawler.model import Millis, Outcome, RobotsSaid
from crawler.politeness.hours import Window

LIMIT = 500 * 1024  # RFC 9309, 2.5
LONGEST_LINE = 2083 * 8 - 1  # as Google's parser: eight times the longest address browsers took, less the end of the line
AGENT = re.compile(r"[A-Za-z_-]+")
AUTHORITY_END = re.compile(r"[/?]")
HIGH = re.compile(r"[\x80-\xff]")
ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
NUMBER = re.compile(r"\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}")
RATE = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})\s*([smhd]?)(?:ec|in|our|ay)?s?(?:\s+(\d{4})\s*-\s*(\d{4}))?\s*$", re.IGNORECASE)
HOURS = re.compile(r"(\d{4})\s*-\s*(\d{4})")
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
KEYS = (  # what a line is by the beginning of its key, in this order
    ("user-agent", "agent"), ("useragent", "agent"), ("user agent", "agent"), ("allow", "allow"), ("disallow", "disallow"),
    ("dissallow", "disallow"), ("dissalow", "disallow"), ("disalow", "disallow"), ("diasllow", "disallow"), ("disallaw", "disallow"),
    ("sitemap", "sitemap"), ("site-map", "sitemap"), ("crawl-delay", "delay"), ("crawldelay", "delay"), ("request-rate", "rate"),
    ("visit-time", "visit"),
)  # fmt: skip

Verdict = Literal["rules", "allow", "disallow", "busy"]


@dataclass(frozen=True, slots=True)
class Rule:
    """An Allow or Disallow line. `line` is its number, `text` what it says."""

    allow: bool
    pattern: str
    line: int
    text: str  # characters that stand for bytes

    def said(self) -> str:
        """The line as evidence."""
        return f"line {self.line}: {self.text.strip()[:200].encode('latin-1').decode('utf-8', 'replace')}"


@dataclass(frozen=True, slots=True)
class Asks:
    """What the file asks of us besides: a pause in seconds (Crawl-delay), pauses at certain hours (Request-rate), visiting hours (UTC)."""

    crawl_delay: float | None = None
    rates: tuple[tuple[float, Window | None], ...] = ()
    visits: tuple[Window, ...] = ()

    def pause(self, at: Millis) -> float | None:
        """The longest pause asked for at this moment, in seconds; None when nothing is asked."""
        asked = [seconds for seconds, hours in self.rates if hours is None or hours.opens(at) is None]
        return max([*asked, *([self.crawl_delay] if self.crawl_delay is not None else [])], default=None)

    def opens(self, at: Millis) -> Millis | None:
        """When we may visit; None: now."""
        waits = [window.opens(at) for window in self.visits]
        return None if not waits or None in waits else min(wait for wait in waits if wait is not None)


@dataclass(slots=True)
class _Group:
    """What the file says to the names above it: shared by them, so that many names and many rules stay a sum and no product."""

    rules: list[Rule] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    rates: list[tuple[float, Window | None]] = field(default_factory=list)
    visits: list[Window] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one robots.txt: by agent's name in lower case, `*` for everybody; and the sitemaps it names, as written."""

    groups: dict[str, list[_Group]]
    sitemaps: tuple[str, ...]

    @classmethod
    def parse(cls, body: bytes) -> "Robots":
        """Never raises; what is no rule is no rule. Read up to 500 KiB."""
        found: dict[str, list[_Group]] = {}
        sitemaps: list[str] = []
        current = _Group()  # of nobody: rules above the first name
        ended = True
        for number, line in enumerate(_lines(body), 1):
            kind, value = _said(line)
            if kind == "agent":
                if ended:
                    current, ended = _Group(), False
                groups = found.setdefault(_agent(value), [])
                if not groups or groups[-1] is not current:
                    groups.append(current)
            elif kind in ("allow", "disallow"):
                ended = True
                current.rules.append(Rule(kind == "allow", _escaped(value), number, line))
            elif kind == "sitemap":
                sitemaps.append(_escaped(value))
            elif kind:
                _ask(current, kind, value)
        return cls(found, tuple(dict.fromkeys(sitemaps)))

    def _groups(self, agent: str) -> list[_Group]:
        return self.groups.get(agent.lower()) or self.groups.get("*") or []

    def said(self, url: str, agent: str) -> RobotsSaid:
        """The decision for one absolute address and the line that made it; what the file asks as a pause, whatever the hour."""
        path = _path(url)
        best: Rule | None = None
        for rule in (rule for group in self._groups(agent) for rule in group.rules):
            longer = best is None or (len(rule.pattern), rule.allow) > (len(best.pattern), best.allow)
            if rule.pattern and longer and (found := _matching(rule, path)):
                best = found if best is None or (len(found.pattern), found.allow) > (len(best.pattern), best.allow) else best
        decision = "allow" if best is None or best.allow else "disallow"
        return RobotsSaid(decision, best.said() if best else "", self.asks(agent).crawl_delay)

    def asks(self, agent: str) -> Asks:
        """What the file asks of this agent besides its rules."""
        groups = self._groups(agent)
        delays = [delay for group in groups for delay in group.delays]
        rates = tuple(rate for group in groups for rate in group.rates)
        return Asks(max(delays, default=None), rates, tuple(visit for group in groups for visit in group.visits))


# ------------------------------------------------------------------ lines
def stored(body: bytes) -> str:
    """A robots.txt as text that parses to the same rules: 500 KiB of it, bytes that are no UTF-8 percent-encoded."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if body.startswith(mark):
            body = body[2 : LIMIT + 2].decode(encoding, "replace").encode("utf-8", "replace")
    head = body[:LIMIT].replace(b"\0", b"")
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(body) > LIMIT and error.start >= len(head) - 3:  # cut inside a character
            return head[: error.start].decode("utf-8")
    return HIGH.sub(lambda high: f"%{ord(high[0]):02X}", head.decode("latin-1"))


def _lines(body: bytes) -> list[str]:
    """Lines as characters that stand for bytes; a byte order mark, also a cut one, is skipped."""
    text = body[:LIMIT].decode("latin-1").replace("\0", "")
    for mark in ("\xef\xbb\xbf", "\xef\xbb", "\xef"):
        if text.startswith(mark):
            text = text.removeprefix(mark)
            break
    return [line[:LONGEST_LINE] for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def _said(line: str) -> tuple[str, str]:
    """(kind, value) of a line; an empty kind for what is none of ours."""
    line = line.partition("#")[0].strip(" \t\v\f")
    key, colon, value = line.partition(":")
    if not colon:
        words = line.split()  # the colon forgotten: exactly two words
        if len(words) != 2:
            return "", ""
        key, value = words
    key = key.strip(" \t\v\f").lower()
    return next((kind for start, kind in KEYS if key.startswith(start)), ""), value.strip(" \t\v\f")


def _agent(value: str) -> str:
    if value.startswith("*") and (len(value) == 1 or value[1].isspace()):
        return "*"
    name = AGENT.match(value)
    return name[0].lower() if name else ""


def _escaped(pattern: str) -> str:
    """Bytes above ASCII percent-encoded, escapes in capitals: as the path of an address is written."""
    if not pattern.isascii():
        pattern = HIGH.sub(lambda high: f"%{ord(high[0]):02X}", pattern)
    return ESCAPE.sub(lambda escape: escape[0].upper(), pattern) if "%" in pattern else pattern


def _ask(group: _Group, kind: str, value: str) -> None:
    """Crawl-delay, Request-rate, Visit-time for the agents named above it."""
    if kind == "delay" and (number := NUMBER.match(value)):
        group.delays.append(float(number[0]))
    elif kind == "rate" and (rate := RATE.match(value)) and int(rate[1]):
        hours = _hours(rate[4], rate[5]) if rate[4] else None
        seconds = int(rate[2]) * UNITS[rate[3].lower()] / int(rate[1])
        group.rates.append((seconds, hours))
    elif kind == "visit" and (visit := HOURS.search(value)) and (window := _hours(visit[1], visit[2])):
        group.visits.append(window)


def _hours(start: str, end: str) -> Window | None:
    """Visiting hours, UTC; None when they are none."""
    minutes = [int(time[:2]) * 60 + int(time[2:]) for time in (start, end)]
    if any(minute > 24 * 60 for minute in minutes) or minutes[0] == minutes[1]:
        return None
    return Window(minutes[0], minutes[1])


# ------------------------------------------------------------------ matching
def _path(url: str) -> str:
    """Path and query of an address as it is sent, escapes in capitals."""
    rest = url.partition("://")[2].partition("#")[0]
    start = AUTHORITY_END.search(rest)
    path = rest[start.start() :] if start else ""
    path = path if path.startswith("/") else f"/{path}"
    return ESCAPE.sub(lambda escape: escape[0].upper(), path)


def _matching(rule: Rule, path: str) -> Rule | None:
    """The rule, if its pattern matches; for `Allow: …/index.html` perhaps the rule for its folder."""
    if matches(path, rule.pattern):
        return rule
    folder, slash, name = rule.pattern.rpartition("/")
    if rule.allow and slash and name.startswith("index.htm") and matches(path, f"{folder}/$"):
        return replace(rule, pattern=f"{folder}/$")
    return None


def matches(path: str, pattern: str) -> bool:
    """RFC 9309, 2.2.3: from the path's start; `*` is any characters, `$` at the end of the pattern the end of the path."""
    anchored = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    last = rest.pop() if rest and anchored else None
    for piece in rest:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    if last is not None:
        return len(path) - len(last) >= at and path.endswith(last)
    return not anchored or at == len(path)


# ------------------------------------------------------------------ the answer to asking for it
def verdict_of(outcome: Outcome, body: bytes = b"") -> Verdict:
    """What an attempt to read robots.txt means for its origin (RFC 9309, 2.3.1): rules, allow, disallow, or busy (ask later).

    A wall's challenge is no answer of the site, whatever its status: nothing is allowed until robots.txt can be read.
    """
    if outcome in (Outcome.OK, Outcome.SAME_BYTES, Outcome.NOT_MODIFIED):
        is_page = body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")  # rules may well speak of /captcha/
        return "disallow" if is_page and wall_in(body) else "rules"
    if outcome is Outcome.BUSY:
        return "busy"
    if outcome in (Outcome.NOT_FOUND, Outcome.GONE, Outcome.FORBIDDEN, Outcome.CLIENT_ERROR, Outcome.REDIRECTED):
        return "allow"
    return "disallow"
