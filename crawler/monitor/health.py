"""How a source is: what its list showed, against what it promised and what it showed before. Pure: no clock, no database.

    Observation (one run) + earlier ones + Expect ─▶ examine ─▶ Findings ─▶ step ─▶ Standing (ok → suspect → down → recovered → ok)

A finding has a name (`Trouble`) and a weight. A failure (nothing could be read where there was something) makes a source suspect at once
and down when it stays; trouble in passing (the host does not answer) and oddities (fewer rows, dates gone, silence) must be seen in two
runs. Two good runs recover a source, so that one that flickers gives one alarm and not one a run.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

from crawler.model import (
    DOWN,
    GOOD,
    OK,
    RECOVERED,
    SUSPECT,
    Expect,
    Head,
    Listed,
    Millis,
    Observation,
    Outcome,
    PageKind,
    Standing,
)
from crawler.monitor.workdays import holidays, working_days
from crawler.text.beijing import BEIJING, day_of

DAY: Millis = 86_400_000
HOUR: Millis = 3_600_000

LEAST_HISTORY = 3  # runs before a list is compared with itself
FEW = 0.6  # of the usual rows: under this a list is short
LEAST_SHARE, USUAL_SHARE = 0.5, 0.9
NEWER_LOST = 2  # rows newer than all that is shown: one may have been withdrawn, two are an older state of the list
SHRUNK, LEAST_SHRUNK = 0.7, 20
LEAST_NOTICES = 8  # before a fill rate says anything
LEAST_DETAILS = 4
LEAST_GAPS = 10  # between days of publication, before a rhythm is known
RARE = 9.2  # ln 10,000: a steady source is silent for so many times its mean gap once in 10,000 gaps
OUTLIER = 5  # times the second longest gap
SHORTEST_LIMIT = 5  # working days
WEEK = 7
GOOD_RUNS, QUIET_RUNS = 2, 5  # to be recovered, and to be ok again
SEEN_LATE = timedelta(days=14)  # a row published so long before we saw it was no news when we saw it
NEW_NORMAL = 31  # runs in a row with the same oddity: what it has become is what it is
QUARANTINE = 5  # failed runs in a row
FIRST_REST, LONGEST_REST = 6 * HOUR, 7 * DAY


class Trouble(StrEnum):
    """What is wrong, by name."""

    HOST_DOWN = "host down"
    SERVER_ERROR = "server error"
    TLS = "tls"
    BLOCKED = "blocked"
    LOGIN = "login wall"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "list not found"
    ROBOTS = "robots"
    REFUSED = "refused"
    LAYOUT = "layout changed"
    EMPTY = "list empty"
    UNREADABLE = "unreadable"
    FEWER = "fewer rows"
    DATES = "dates gone"
    STALE = "stale cache"
    FROZEN = "feed frozen"
    TOTAL = "total shrank"
    FIELDS = "fields gone"
    DETAILS = "notices failing"


class Weight(StrEnum):
    """How heavy a finding is."""

    FAILURE = "failure"
    PASSING = "passing"
    ODD = "odd"


HOST_WIDE = frozenset({Trouble.HOST_DOWN, Trouble.SERVER_ERROR, Trouble.TLS, Trouble.BLOCKED, Trouble.ROBOTS})
BY_OUTCOME = {
    Outcome.NOT_FOUND: Trouble.NOT_FOUND,
    Outcome.GONE: Trouble.NOT_FOUND,
    Outcome.FORBIDDEN: Trouble.FORBIDDEN,
    Outcome.BLOCKED: Trouble.BLOCKED,
    Outcome.BUSY: Trouble.SERVER_ERROR,
    Outcome.CLIENT_ERROR: Trouble.SERVER_ERROR,
    Outcome.SERVER_ERROR: Trouble.SERVER_ERROR,
    Outcome.PROTOCOL_ERROR: Trouble.SERVER_ERROR,
    Outcome.NETWORK_ERROR: Trouble.HOST_DOWN,
    Outcome.TIMEOUT: Trouble.HOST_DOWN,
    Outcome.TLS_ERROR: Trouble.TLS,
    Outcome.TOO_LARGE: Trouble.UNREADABLE,
    Outcome.TRUNCATED: Trouble.SERVER_ERROR,
    Outcome.EMPTY: Trouble.SERVER_ERROR,
    Outcome.DISALLOWED: Trouble.ROBOTS,
    Outcome.REFUSED: Trouble.REFUSED,
}
BY_PAGE = {
    PageKind.CHALLENGE: Trouble.BLOCKED,
    PageKind.LOGIN: Trouble.LOGIN,
    PageKind.SHELL: Trouble.LAYOUT,
    PageKind.ERROR: Trouble.NOT_FOUND,
    PageKind.SOFT_404: Trouble.NOT_FOUND,
    PageKind.HOME: Trouble.NOT_FOUND,
}
PASSES = frozenset({Trouble.HOST_DOWN, Trouble.SERVER_ERROR, Trouble.TLS})
ROBOTS_UNREACHABLE = re.compile(r"robots\.txt: (\w+)")  # what politeness says where robots.txt could not be fetched


# ------------------------------------------------------------------ what is wrong
@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a source last had something new, how many working days it may be silent (None: not known yet), and since when it is watched."""

    last_new: Millis | None = None
    limit: int | None = None
    watched: Millis = 0

    @property
    def since(self) -> Millis | None:
        """Since when it is silent, as far as we can tell: what was old when we came is no silence of ours to report."""
        return None if self.last_new is None else max(self.last_new, self.watched)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and why we think so, in words."""

    trouble: Trouble
    weight: Weight
    reason: str


# ------------------------------------------------------------------ examining
def examine(seen: Observation, before: Sequence[Observation], expect: Expect, rhythm: Rhythm, now: Millis) -> tuple[Finding, ...]:
    """What is wrong, the heaviest first. `before`: earlier runs in which nothing was, newest first.

    A run looks above what it knows. Where a list does not always show the newest first, what is new or gone may stand on pages
    that were not read: of those nothing is said.
    """
    heads = [finding for head in seen.heads if (finding := _head(head)) is not None]
    if heads and len(heads) == len(seen.heads):
        return tuple(_distinct(heads))
    found = [Finding(item.trouble, Weight.ODD, item.reason) for item in heads]
    by_day = all(face.ordered for run in (seen, *before) for face in run.faces)
    if seen.faces and seen.rows == 0:
        empty = _no_rows(seen, before, expect)
        found.append(empty)
        if empty.weight is Weight.FAILURE:
            return (empty,)
    elif seen.faces:
        found += [
            item
            for item in (_stale(seen) if by_day else None, _few(seen, before, expect), _dates(seen, before), _total(seen, before))
            if item
        ]
    found += [
        item
        for item in (
            _silence(expect, rhythm, now) if seen.whole or by_day else None,
            _details(seen),
            *_fields(seen, before, expect),
        )
        if item
    ]
    return tuple(_distinct(found))


def _distinct(found: Sequence[Finding]) -> list[Finding]:
    return list({item.trouble: item for item in reversed(found)}.values())[::-1]


def _head(head: Head) -> Finding | None:
    """Why a list page could not be read; None when it could."""
    outcome = head.outcome
    unreachable = ROBOTS_UNREACHABLE.match(head.detail) if outcome is Outcome.DISALLOWED else None
    if unreachable and unreachable[1] in [str(known) for known in Outcome]:
        outcome = Outcome(unreachable[1])
    if outcome in GOOD and head.face is not None:
        return None
    if outcome is Outcome.REDIRECTED:
        return Finding(Trouble.NOT_FOUND, Weight.FAILURE, f"the list page is redirected to no list{_because(head.detail)}")
    if outcome in GOOD:
        kind = head.page_kind or PageKind.OTHER
        trouble = BY_PAGE.get(kind, Trouble.UNREADABLE)
        return Finding(trouble, Weight.FAILURE, f"the list page is no list: {kind}{_because(head.detail)}")
    trouble = BY_OUTCOME[outcome]
    return Finding(
        trouble,
        Weight.PASSING if trouble in PASSES else Weight.FAILURE,
        f"no list page could be read: {outcome}{_because(head.detail)}",
    )


def _because(detail: str) -> str:
    return f" ({detail[:200]})" if detail else ""


def _no_rows(seen: Observation, before: Sequence[Observation], expect: Expect) -> Finding:
    """Zero rows where there were rows is a failure, whatever the source file says; where there never were any it is odd."""
    usual = [earlier for earlier in before if earlier.rows]
    if not usual:
        weight = Weight.FAILURE if expect.rows else Weight.ODD
        return Finding(Trouble.EMPTY, weight, "list has 0 rows, and never had any")
    rows = usual[0].rows
    steady = next((n for n, earlier in enumerate(before) if earlier.rows != rows), len(before))
    said = f"list has 0 rows, had {rows}" + (f" in each of the last {steady} runs" if steady > 1 else "")
    shown, expected = _page(seen), [_page(earlier) for earlier in usual]
    visible, days, text = (median(values) for values in zip(*expected, strict=True))
    still_text = text > 0 and shown[0] > visible - text / 2
    still_dates = days >= 4 and shown[1] >= days / 2
    if still_text or still_dates:
        return Finding(Trouble.LAYOUT, Weight.FAILURE, f"{said}; the page is as full as before")
    return Finding(Trouble.EMPTY, Weight.FAILURE, said)


def _page(seen: Observation) -> tuple[int, int, int]:
    faces = seen.faces
    return sum(face.visible for face in faces), sum(face.days for face in faces), sum(face.text for face in faces)


def _stale(seen: Observation) -> Finding | None:
    if seen.lost < NEWER_LOST or seen.listed:
        return None
    newest = max((face.newest for face in seen.faces if face.newest), default="?")
    return Finding(
        Trouble.STALE, Weight.ODD, f"an older state of the list: {seen.lost} rows newer than {newest} are not on it any more"
    )


def _few(seen: Observation, before: Sequence[Observation], expect: Expect) -> Finding | None:
    if expect.rows is not None and seen.rows < expect.rows:
        return Finding(Trouble.FEWER, Weight.ODD, f"list has {seen.rows} rows, expected at least {expect.rows}")
    counts = [earlier.rows for earlier in before]
    if len(counts) < LEAST_HISTORY or seen.rows >= min(counts) or seen.rows >= FEW * median(counts):
        return None
    return Finding(Trouble.FEWER, Weight.ODD, f"list has {seen.rows} rows, had {median(counts):.0f} (never under {min(counts)})")


def _dates(seen: Observation, before: Sequence[Observation]) -> Finding | None:
    shares = [sum(face.dated for face in earlier.faces) / earlier.rows for earlier in before if earlier.rows]
    dated = sum(face.dated for face in seen.faces)
    if len(shares) < LEAST_HISTORY or median(shares) < USUAL_SHARE or dated >= LEAST_SHARE * seen.rows:
        return None
    return Finding(Trouble.DATES, Weight.ODD, f"{dated} of {seen.rows} rows have a date, had {median(shares):.0%}")


def _total(seen: Observation, before: Sequence[Observation]) -> Finding | None:
    totals = [earlier.total for earlier in before if earlier.total is not None]
    if seen.total is None or len(totals) < LEAST_HISTORY:
        return None
    usual = median(totals)
    if seen.total >= SHRUNK * usual or usual - seen.total < LEAST_SHRUNK:
        return None
    return Finding(Trouble.TOTAL, Weight.ODD, f"the list says it has {seen.total} rows, said {usual:.0f}")


def _details(seen: Observation) -> Finding | None:
    bad = seen.failed + seen.blocked
    if seen.details < LEAST_DETAILS or bad < LEAST_SHARE * seen.details:
        return None
    trouble = Trouble.BLOCKED if seen.blocked * 2 >= bad else Trouble.DETAILS
    return Finding(trouble, Weight.ODD, f"{bad} of {seen.details} notices could not be read, {seen.blocked} of them blocked")


def _fields(seen: Observation, before: Sequence[Observation], expect: Expect) -> list[Finding]:
    """Fill rates over the newest runs that make up enough notices, against what was promised, else against all before them."""
    recent, older = _recent(seen, before)
    notices = sum(run.notices for run in recent)
    if not seen.notices or notices < LEAST_NOTICES:
        return []
    found = []
    names = {*expect.fill, *(name for run in recent for name in run.filled)}
    for name in sorted(names):
        rate = sum(run.filled.get(name, 0) for run in recent) / notices
        known = sum(run.notices for run in older)
        usual = sum(run.filled.get(name, 0) for run in older) / known if known >= LEAST_NOTICES else None
        promised = expect.fill.get(name)
        if promised is not None and rate < promised:
            found.append(
                Finding(
                    Trouble.FIELDS, Weight.ODD, f"{name} in {rate:.0%} of the last {notices} notices, expected {promised:.0%}"
                )
            )
        elif promised is None and usual is not None and usual >= USUAL_SHARE and rate < LEAST_SHARE:
            found.append(
                Finding(Trouble.FIELDS, Weight.ODD, f"{name} in {rate:.0%} of the last {notices} notices, was in {usual:.0%}")
            )
    return found


def _recent(seen: Observation, before: Sequence[Observation]) -> tuple[list[Observation], list[Observation]]:
    recent, older = [seen], list(before)
    while older and sum(run.notices for run in recent) < LEAST_NOTICES:
        recent.append(older.pop(0))
    return recent, older


# ------------------------------------------------------------------ silence
def rhythm(listed: Listed) -> Rhythm:
    """When a source last had something new, and how long it may be silent, from the dates of its rows, else from when they were listed."""
    if not listed.dated:
        return Rhythm(listed.undated, learn_silence([day_of(at) for at in listed.days]), listed.watched)
    last = max(_news(written, first_listed) for written, first_listed in listed.dated)
    return Rhythm(max(last, listed.undated or 0), learn_silence(_days([written for written, _ in listed.dated])), listed.watched)


def _days(written: Sequence[str]) -> list[date]:
    found = []
    for text in written:
        try:
            found.append(date.fromisoformat(text[:10]))
        except ValueError:  # no day of the calendar
            continue
    return found


def _news(written: str, first_listed: Millis) -> Millis:
    """When a row was news: when we saw it first, unless it had been published long before."""
    try:
        published = date.fromisoformat(written[:10])
    except ValueError:
        return first_listed
    if day_of(first_listed) - published <= SEEN_LATE:
        return first_listed
    return int((datetime(published.year, published.month, published.day, tzinfo=UTC) - BEIJING).timestamp() * 1000)


def learn_silence(days: Sequence[date]) -> int | None:
    """How many working days a source that published on these days may be silent; None when they are too few to tell.

    The larger of half as much again as its longest gap, and the gap that a steady source with its mean gap shows once in 10,000
    (nine means, widened by what the mean itself is uncertain by); five at least. Gaps are counted in working days. One gap that is
    much longer than all others (a column that was moved, a lone old notice) is left out.

    Measured (tests/tools/silence_rates.py, 50 sources over two years): one false alarm in 26,100 runs; a feed that freezes is noticed after
    17 days when it has news on nine days of ten, after 90 when on one of five, after a year when on one of twenty.
    """
    ordered = sorted(set(days))
    gaps = [max(1, working_days(first, second)) for first, second in pairwise(ordered)]
    if len(gaps) < LEAST_GAPS:
        return None
    *others, longest = sorted(gaps)
    if longest > OUTLIER * others[-1]:
        gaps = others
    mean = sum(gaps) / len(gaps) * (1 + 2 / math.sqrt(len(gaps)))
    return math.ceil(max(RARE * mean, 1.5 * max(gaps), SHORTEST_LIMIT))


def overdue(expect: Expect, rhythm: Rhythm, now: Millis) -> float | None:
    """How far a source is in its longest silence: 1 is its end. None when nothing is known of it."""
    if rhythm.since is None:
        return None
    since, today = day_of(rhythm.since), day_of(now)
    if expect.silence_ms is not None:
        return max(0, now - rhythm.since) / _allowed(expect.silence_ms, since, today)
    return working_days(since, today) / rhythm.limit if rhythm.limit else None


def _allowed(silence_ms: Millis, since: date, today: date) -> Millis:
    """A promised silence, longer by the holidays in it, and by the weekends when it is shorter than a week."""
    free = holidays(since, today)
    if silence_ms < WEEK * DAY:
        free = (today - since).days - working_days(since, today)
    return silence_ms + max(0, free) * DAY


def _silence(expect: Expect, rhythm: Rhythm, now: Millis) -> Finding | None:
    score = overdue(expect, rhythm, now)
    if score is None or score <= 1 or rhythm.since is None:
        return None
    days = (day_of(now) - day_of(rhythm.since)).days
    limit = f"{expect.silence_ms // DAY} days" if expect.silence_ms is not None else f"{rhythm.limit} working days"
    return Finding(Trouble.FROZEN, Weight.ODD, f"nothing new for {days} days, its longest silence is {limit}")


# ------------------------------------------------------------------ standing
def step(was: Standing, found: Sequence[Finding]) -> Standing:
    """The standing after a run. A change of `state` is a line of the ledger, but for the quiet last step from recovered to ok."""
    if not found:
        good = was.good + 1
        state = was.state
        if state in (SUSPECT, DOWN) and good >= GOOD_RUNS:
            state = RECOVERED
        elif state == RECOVERED and good >= QUIET_RUNS:
            state = OK
        standing_still = state in (SUSPECT, DOWN)
        return Standing(state, was.trouble if standing_still else None, was.reasons if standing_still else (), 0, good, 0)
    bad, weight = was.bad + 1, found[0].weight
    failures = was.failures + 1 if weight is not Weight.ODD else 0
    state = was.state
    if state in (OK, RECOVERED):
        state = SUSPECT if weight is Weight.FAILURE or bad >= 2 else state
    elif state == SUSPECT and failures >= (2 if weight is Weight.FAILURE else 3):
        state = DOWN
    return Standing(state, str(found[0].trouble), tuple(item.reason for item in found), bad, 0, failures)


def rest(failures: int, now: Millis) -> Millis | None:
    """Until when a source that keeps failing is left alone: six hours, doubled with every further failure, a week at most."""
    if failures < QUARANTINE:
        return None
    return now + min(FIRST_REST << min(failures - QUARANTINE, 16), LONGEST_REST)


def result(counts: Mapping[str, int], found: Sequence[Finding]) -> str:
    """How a run ended: ok, unchanged, suspect or failed."""
    if (found and found[0].weight is not Weight.ODD) or (
        counts.get("looks", 0) and counts.get("failed", 0) >= counts.get("looks", 0)
    ):
        return "failed"
    if found or counts.get("failed", 0) or counts.get("shelved", 0):
        return "suspect"
    return "ok" if counts.get("new", 0) or counts.get("edit", 0) else "unchanged"
