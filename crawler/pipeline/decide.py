"""What follows from what is known, what was seen, and when. Pure: no clock, no database, no network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from crawler.model import GOOD, MISSES, PASSING, ChangeKind, Millis, Outcome, PageKind, Watch
from crawler.record.notice import Notice
from crawler.record.serial import record_of

HERE, MISSING, GONE = "here", "missing", "gone"
MOST_TRIES = 3
FIRST_RETRY: Millis = 30_000
LONGEST_RETRY: Millis = 3_600_000
SHOWN = frozenset({PageKind.NOTICE, PageKind.FILE})  # a page that holds what a list promised
GONE_PAGES = frozenset({PageKind.SOFT_404, PageKind.ERROR, PageKind.HOME})


# ------------------------------------------------------------------ versions
class Action(StrEnum):
    """What settling a notice does to its document."""

    NEW = "new"
    EDIT = "edit"
    SAME = "same"
    REREAD = "reread"
    LATE = "late"  # a look older than what is known: it changes nothing


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of a document. `capture` and `capture_at`: what its current version was read from.

    `whole`: nothing of it was missing; `body` is needed only where something was, or is.
    """

    n: int
    text_digest: str
    rules: str
    capture: int
    capture_at: Millis
    last_seen: Millis
    whole: bool = True
    body: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`n` the version this look shows."""

    action: Action
    n: int


def judge(known: Known | None, notice: Notice, *, capture: int, at: Millis, rules: str, reached: bool = True) -> Verdict:
    """Is this notice new, the same, edited at the site, or only read differently by us?

    The caller has made sure that the current version was read by today's rules, or that `capture` is the one it was read from:
    then a difference on that very capture is ours, and a difference on a later one is the site's. Text that was missing and has come
    is ours as well. `reached` False: some of the notice could not be looked at, so nothing can be said against what is known.
    """
    if known is None:
        return Verdict(Action.NEW, 1)
    whole, same = notice.incomplete is None, notice.text_digest == known.text_digest
    completed = whole and not known.whole
    if capture == known.capture:
        changed = not same or whole != known.whole
        return Verdict(Action.REREAD if changed and (rules != known.rules or completed) else Action.SAME, known.n)
    if at < known.capture_at:
        return Verdict(Action.LATE, known.n)
    if same or (not known.whole and covers(_body(notice), known.body)):
        return Verdict(Action.REREAD if completed else Action.SAME, known.n)
    if not reached and (known.whole or covers(known.body, _body(notice))):
        return Verdict(Action.SAME, known.n)
    return Verdict(Action.EDIT, known.n + 1)


def _body(notice: Notice) -> Sequence[str]:
    return record_of(notice).body


def covers(more: Sequence[str], less: Sequence[str]) -> bool:
    """Does all of `less` stand in `more`, in its order? Its last paragraph may be only begun."""
    at = 0
    for number, paragraph in enumerate(less):
        last = number == len(less) - 1
        while at < len(more) and not (more[at] == paragraph or (last and more[at].startswith(paragraph))):
            at += 1
        if at == len(more):
            return False
        at += 1
    return True


def align(known: Sequence[tuple[int, str, str]], found: Sequence[tuple[str, str]]) -> list[int]:
    """Part numbers for the notices of a page, in page order. `known`: (part, text digest, title) in page order; `found`: (digest, title).

    A notice keeps its number by its text, else by its title, else by standing between the same neighbours; a notice put in between
    takes the next free number, so that the ones behind it stay who they are. At first sight the numbers are the page's order.
    """
    left = dict(enumerate(known))
    chosen: dict[int, int] = {}
    for field in (0, 1):
        for at, item in enumerate(found):
            if at not in chosen:
                match = next((number for number, (_, *held) in left.items() if held[field] == item[field]), None)
                if match is not None:
                    chosen[at] = match
                    del left[match]
    low = -1
    for at in range(len(found)):
        if at in chosen:
            low = chosen[at]
            continue
        high = next((chosen[later] for later in range(at + 1, len(found)) if later in chosen), len(known))
        match = next((number for number in left if low < number < high), None)
        if match is not None:
            chosen[at] = low = match
            del left[match]
    free = max((part for part, _, _ in known), default=-1) + 1
    parts = []
    for at in range(len(found)):
        if at in chosen:
            parts.append(known[chosen[at]][0])
        else:
            parts.append(free)
            free += 1
    return parts


# ------------------------------------------------------------------ looks at an address
@dataclass(frozen=True, slots=True)
class UrlState:
    """What is remembered of an address between looks. `presence` of its documents, None when it has none."""

    misses: int = 0
    first_missed: Millis | None = None
    rung: int = 0
    presence: str | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """The state after a look, when to look again, and the ledger line it is worth."""

    state: UrlState
    due: Millis | None
    change: ChangeKind | None = None


def after_look(state: UrlState, seen: bool | None, at: Millis, watch: Watch, *, well: bool, fresh: bool = False) -> Fate:
    """After a look at an address that has documents, or may have.

    `seen` True: the notice was there; False: a miss (404, 410, 403, soft 404, the home page); None: could not look.
    `well`: the host answered others meanwhile; a miss at a host that is unwell is no miss. `fresh`: the content is new or edited.
    """
    if seen is None or (seen is False and not well):
        return Fate(state, at + watch.ladder[min(state.rung, len(watch.ladder) - 1)])
    if seen:
        rung = 0 if fresh or state.presence in (MISSING, GONE) else min(state.rung + 1, len(watch.ladder) - 1)
        change = ChangeKind.BACK if state.presence in (MISSING, GONE) else None
        presence = HERE if state.presence else None
        return Fate(UrlState(0, None, rung, presence), at + watch.ladder[state.rung if not change else 0], change)
    missed = replace(
        state, misses=state.misses + 1, first_missed=state.first_missed if state.first_missed is not None else at, rung=0
    )
    due = at + watch.ladder[0]
    if state.presence == HERE:
        return (
            Fate(replace(missed, presence=MISSING), due, ChangeKind.MISSING)
            if not _gone(missed, at, watch)
            else _is_gone(missed, due)
        )
    if state.presence == MISSING and _gone(missed, at, watch):
        return _is_gone(missed, due)
    if state.presence == GONE:
        return Fate(missed, at + watch.ladder[-1])
    return Fate(missed, due)


def _gone(state: UrlState, at: Millis, watch: Watch) -> bool:
    return state.misses >= watch.gone_misses and state.first_missed is not None and at - state.first_missed >= watch.gone_after


def _is_gone(state: UrlState, due: Millis) -> Fate:
    return Fate(replace(state, presence=GONE), due, ChangeKind.GONE)


def seen(outcome: Outcome, leads: str = "") -> bool | None:
    """What an outcome says of the notice: True there (as far as the server says), False a miss, None could not look.

    A redirect to the home page, or to where the site sends what it has not, is a miss; one to a login page says nothing.
    """
    if outcome is Outcome.REDIRECTED and leads:
        return False if leads in ("home", "missing") else None
    if outcome in GOOD or outcome is Outcome.REDIRECTED:
        return True
    return False if outcome in MISSES else None


def retry_at(outcome: Outcome, tries: int, at: Millis, retry_after: Millis | None, *, spread: float) -> Millis | None:
    """When a look that failed in passing is tried again; None: not any more.

    Full jitter: `spread` in [0, 1) picks a moment between nothing and 30 s · 4^tries, an hour at most. Retry-After is obeyed.
    """
    if outcome not in PASSING or tries + 1 >= MOST_TRIES:
        return None
    wait = int(min(FIRST_RETRY * 4**tries, LONGEST_RETRY) * spread)
    return max(at + wait, retry_after or 0)
