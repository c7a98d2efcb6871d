"""Is what was read new, the same, edited at the site, or only read differently by us? Which notice of a page is which? Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crawler.model import Millis
from crawler.record.notice import Notice
from crawler.record.serial import record_of


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

    `whole`: nothing of it was missing; `body` is needed only where something was, or is. `told` False: its record has fields that the
    new one has otherwise, though no version is cut by them (tables, pictures, addresses); asked only of the very same capture.
    """

    n: int
    text_digest: str
    rules: str
    capture: int
    capture_at: Millis
    whole: bool = True
    body: tuple[str, ...] = ()
    told: bool = True


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
        changed = not same or whole != known.whole or not known.told
        return Verdict(Action.REREAD if changed and (rules != known.rules or completed) else Action.SAME, known.n)
    if at < known.capture_at:
        return Verdict(Action.LATE, known.n)
    if same or (not known.whole and covers(body(notice), known.body)):
        return Verdict(Action.REREAD if completed else Action.SAME, known.n)
    if not reached and (known.whole or covers(known.body, body(notice))):
        return Verdict(Action.SAME, known.n)
    return Verdict(Action.EDIT, known.n + 1)


def body(notice: Notice) -> tuple[str, ...]:
    """The paragraphs of a notice's record."""
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
