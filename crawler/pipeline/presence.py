"""Is a notice still there? What a look at an address says of its documents, when to look again, and when to try again. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from crawler.archive.writer import brought
from crawler.model import GOOD, MISSES, PASSING, ChangeKind, Kept, Millis, Outcome, PageKind, Watch
from crawler.repository.addresses import Address
from crawler.repository.changes import NewChange
from crawler.repository.documents import GONE, HERE, MISSING, Document

MOST_TRIES = 3
FIRST_RETRY: Millis = 30_000
LONGEST_RETRY: Millis = 3_600_000
SHOWN = frozenset({PageKind.NOTICE, PageKind.FILE})  # a page that holds what a list promised
GONE_PAGES = frozenset({PageKind.SOFT_404, PageKind.ERROR, PageKind.HOME})


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


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look says of the notices at its address.

    `there` True: they were there; False: a miss; None: could not look. `well`: the host answered others meanwhile. `fresh`: the content
    is new or edited. `parts`: the notices that stand on the page; None, nobody read it: those that stood on it when one was seen last.
    """

    there: bool | None
    at: Millis
    look: int
    well: bool
    fresh: bool = False
    parts: frozenset[int] | None = None


def looked(
    address: Address, documents: Sequence[Document], sighting: Sighting, watch: Watch
) -> tuple[list[Document], list[NewChange]]:
    """Apply one look to an address and its documents: the documents that are changed by it, and the ledger lines it is worth.

    A notice that was taken off a page of many stays off.
    """
    standing = _standing(documents, sighting.parts)
    held = {document.presence for document in standing}
    present = next((word for word in (HERE, MISSING, GONE) if word in held), None)
    was = UrlState(address.misses, address.first_missed, address.rung, present)
    fate = after_look(was, sighting.there, sighting.at, watch, well=sighting.well, fresh=sighting.fresh)
    state = fate.state
    address.misses, address.first_missed, address.rung, address.due = state.misses, state.first_missed, state.rung, fate.due
    changes = []
    for document in standing:
        change = ChangeKind.BACK if sighting.there and document.presence != HERE else fate.change
        if change is not None and not (change is ChangeKind.BACK and document.presence == HERE):
            detail = {
                "last_seen": document.last_seen,
                "first_missed": state.first_missed or document.first_missed,
                "misses": state.misses or was.misses,
            }
            changes.append(
                NewChange(
                    change, sighting.at, document.source, document.id, document.version, document.version, sighting.look, detail
                )
            )
    for document in standing:
        document.presence, document.first_missed = state.presence or document.presence, state.first_missed
        if sighting.there:
            document.last_seen = max(document.last_seen, sighting.at)
    return standing, changes


def missed_since(address: Address, documents: Sequence[Document], at: Millis) -> tuple[list[Document], list[NewChange]]:
    """Documents that are told late, of a page that stood there `at` that time: missing, where their address has been missed since."""
    missed, lines = address.first_missed, []
    gone = [document for document in documents if missed is not None and missed > at]
    for document in gone:
        document.presence, document.first_missed = MISSING, missed
        detail = {"last_seen": document.last_seen, "first_missed": missed, "misses": address.misses}
        version = document.version
        lines.append(NewChange(ChangeKind.MISSING, missed or at, document.source, document.id, version, version, None, detail))
    return gone, lines


def is_late(address: Address, kept: Kept) -> bool:
    """Was a look brought in, and is it older than what is known of its address?"""
    return address.last_look is not None and kept.at < address.last_look and brought(kept.file) is not None


def _standing(documents: Sequence[Document], parts: Collection[int] | None) -> list[Document]:
    if parts is not None:
        return [document for document in documents if document.part in parts]
    latest = max((document.last_seen for document in documents), default=0)
    return [document for document in documents if document.last_seen == latest]


def after_look(state: UrlState, seen: bool | None, at: Millis, watch: Watch, *, well: bool, fresh: bool = False) -> Fate:
    """After a look at an address that has documents, or may have.

    `seen` True: the notice was there; False: a miss (404, 410, 403, soft 404, the home page); None: could not look.
    `well`: the host answered others meanwhile; a miss at a host that is unwell is no miss. `fresh`: the content is new or edited.
    A rung that was reached on a longer ladder is the last of today's.
    """
    state = replace(state, rung=min(state.rung, len(watch.ladder) - 1))
    if seen is None or (seen is False and not well):
        return Fate(state, at + watch.ladder[state.rung])
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
