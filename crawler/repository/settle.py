"""The settle step's transaction: what is known is loaded, the verdict applied and the ledger written, or nothing is.

Idempotent: a capture whose reading is not pending any more is passed over. Times are the captures', never the clock's, so that a
rebuilt database says the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import ChangeKind, Kind, ListRules, Millis, Outcome, PageKind, Watch
from crawler.monitor.health import Face
from crawler.pipeline import decide
from crawler.record.notice import CUT_OFF, Notice
from crawler.record.reading import Reading
from crawler.repository import jumps, lists, pieces, presence, sights, versions
from crawler.repository import schema as t
from crawler.repository.changes import NewChange, append
from crawler.repository.database import AnyRow, clean, lock_keys
from crawler.repository.keep import ANSWERED, PENDING, WELL, _to_read
from crawler.repository.pieces import Round
from crawler.text import urls

DONE, UNREADABLE = "done", "unreadable"
MOST_ATTEMPTS = 200  # readings of one capture: each piece of a long article may call for one


@dataclass(frozen=True, slots=True)
class Settled:
    """A capture that was read (or could not be: `reading.error`), together with the captures `made_of`."""

    capture_id: int
    reading: Reading
    made_of: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """What the process knows and the database does not. `queue_of(source, url)` politeness key; `lists(source)` its rules for lists."""

    watch: Watch
    queue_of: Callable[[str, str], str]
    lists: Callable[[str], ListRules]


# ------------------------------------------------------------------ one transaction
def settle(c: Connection, items: Sequence[Settled], ways: Ways) -> set[int]:
    """Apply readings, oldest capture first; the runs concerned.

    A reading by rules that the document's current version was not read by waits: that version's capture becomes pending and is
    read again first, so that a change of our rules is never taken for a change at the site.
    """
    changes: list[NewChange] = []
    concerned: set[int] = set()
    ordered = sorted(items, key=lambda item: item.capture_id)
    rows = {row.capture: row for row in _load(c, [item.capture_id for item in ordered])}
    lock_keys(c, _identities(ordered, rows))
    rows = {row.capture: row for row in _load(c, list(rows))}
    for item in ordered:
        row = rows.get(item.capture_id)
        if row is None or row.state != PENDING:
            continue
        if row.run is not None:
            concerned.add(row.run)
        reading = _one(c, row, item, ways, changes)
        if reading is not None:
            _done(c, row.capture, row.kind, reading)
        else:
            own = t.readings.c.capture == row.capture
            c.execute(t.readings.update().where(own).values(attempts=t.readings.c.attempts + 1))
    append(c, changes)
    return concerned


def _load(c: Connection, ids: Sequence[int]) -> Sequence[AnyRow]:
    query = (
        sa.select(
            t.readings.c.capture, t.readings.c.state, t.readings.c.run, t.readings.c.attempts, t.readings.c.rules, t.captures.c.url, t.captures.c.at, t.captures.c.record,
            t.captures.c.file, t.captures.c.offset, t.captures.c.length, t.captures.c.payload_digest, t.urls.c.key, t.urls.c.kind, t.urls.c.source,
            t.urls.c.public_url, t.urls.c.url.label("address"), t.urls.c.first_record, t.urls.c.queue, t.urls.c.via,
        )
        .join(t.captures, t.captures.c.id == t.readings.c.capture)
        .join(t.urls, t.urls.c.id == t.captures.c.url)
        .where(t.readings.c.capture.in_(ids))
    )  # fmt: skip
    return c.execute(query).all()


def _identities(items: Sequence[Settled], rows: dict[int, AnyRow]) -> set[str]:
    keys = {f"url {row.url}" for row in rows.values()}
    return keys | {f"match {n.match_digest}" for item in items for n in item.reading.notices if n.match_digest}


def _one(c: Connection, row: AnyRow, item: Settled, ways: Ways, changes: list[NewChange]) -> Reading | None:
    """One capture, and what is said of it; None: read it again, after another, or with further captures that are there by now."""
    reading = item.reading
    if reading.leads_to is not None:
        jumps.follow(c, row, reading.leads_to, ways.queue_of)
    if row.kind == Kind.LIST:
        lists.apply(c, row, reading, rules=ways.lists(row.source), queue_of=ways.queue_of)
        return reading
    if reading.error is not None:
        if (turn := _turn(c, row)) is not None:
            _later(c, row, ways, turn, changes, there=None)
        return reading
    pieces.name(c, row, reading.continues, ways.queue_of)
    its_round = pieces.round_of(c, row.capture)
    if reading.continues and row.run is not None and row.run == its_round.run and pieces.follow(c, row.run, row.capture, row.at):
        return reading  # the run looks at them; the last of those looks calls for this capture again
    if its_round.captures != item.made_of and row.attempts < MOST_ATTEMPTS:
        return None
    return _detail(c, row, reading, its_round, ways, changes)


def _detail(
    c: Connection, row: AnyRow, reading: Reading, its_round: Round, ways: Ways, changes: list[NewChange]
) -> Reading | None:
    look = _look(c, row.capture)
    if reading.page_kind in decide.SHOWN and reading.notices:
        stale = _stale(c, row, reading)
        if stale is not None and row.attempts >= MOST_ATTEMPTS:
            return replace(reading, error="processes with different rules read this address in turn; end one, then read it again")
        if stale is not None:
            _to_read(c, stale, row.run)
            return None
        fresh = False
        notices = _aligned(c, row, reading)
        for notice in notices:
            fresh |= _notice(c, row, notice, reading.rules, its_round, look, changes)
        parts = {notice.part for notice in notices}
        _parts_gone(c, row, parts, look, changes)
        _seen(c, row, parts)
        _presence(c, row, ways, changes, there=True, fresh=fresh, parts=parts)
        return reading
    home = reading.leads_to is not None and urls.leads(row.address, reading.leads_to) == "home"
    gone = home or reading.page_kind in decide.GONE_PAGES
    _presence(c, row, ways, changes, there=False if gone else None, fresh=False)
    return reading


def _aligned(c: Connection, row: AnyRow, reading: Reading) -> Sequence[Notice]:
    """The page's notices under the part numbers by which they are known."""
    known = sorted(_current(c, row.url), key=lambda current: current.part)
    if len(reading.notices) == 1 and [current.part for current in known] in ([], [0]):
        return [replace(reading.notices[0], part=0)]
    parts = decide.align(
        [(current.part, current.text_digest, current.title) for current in known],
        [(notice.text_digest, clean(notice.title)) for notice in reading.notices],
    )
    return [replace(notice, part=part) for notice, part in zip(reading.notices, parts, strict=True)]


def _look(c: Connection, capture: int) -> int | None:
    found: int | None = c.execute(sa.select(sa.func.max(t.looks.c.id)).where(t.looks.c.capture == capture)).scalar()
    return found


def _presence(
    c: Connection,
    row: AnyRow,
    ways: Ways,
    changes: list[NewChange],
    *,
    there: bool | None,
    fresh: bool,
    parts: set[int] | None = None,
) -> None:
    turn = _turn(c, row)
    if turn is None:
        return
    at, well = turn.at if there else row.at, _well(c, row.queue, row.at)
    presence.looked(
        c, row.url, there, at=at, look=turn.look, watch=ways.watch, well=well, changes=changes, fresh=fresh, parts=parts
    )
    _later(c, row, ways, turn, changes, there=there)


@dataclass(frozen=True, slots=True)
class _Turn:
    """The look from which on a capture says whether its notices are there."""

    look: int
    at: Millis


def _turn(c: Connection, row: AnyRow) -> _Turn | None:
    """None when a later capture has spoken, or will in its place.

    Read for the first time, a capture speaks from the look that brought it: no later look was told while it waited. Read again,
    from the last look it answers for.
    """
    if row.rules is None:
        past = presence.has_spoken(c, row.url, row.capture)
    else:
        latest = c.execute(sa.select(t.urls.c.last_capture).where(t.urls.c.id == row.url)).scalar()
        past = latest is not None and latest > row.capture
    which = sa.func.min(t.looks.c.id) if row.rules is None else sa.func.max(t.looks.c.id)
    look: int | None = c.execute(sa.select(which).where(t.looks.c.capture == row.capture)).scalar()
    if past or look is None:
        return None
    return _Turn(look, row.at if row.rules is None else _shown(c, row))


def _later(c: Connection, row: AnyRow, ways: Ways, turn: _Turn, changes: list[NewChange], *, there: bool | None) -> None:
    """What later looks said while this capture waited to be read, in their order; a 304 says what the capture does."""
    for look in presence.later(c, row.url, turn.look, row.capture):
        outcome = Outcome(look.outcome)
        said = there if outcome is Outcome.NOT_MODIFIED else decide.seen(outcome, look.leads)
        well = _well(c, row.queue, look.at)
        presence.looked(c, row.url, said, at=look.at, look=look.id, watch=ways.watch, well=well, changes=changes)


def _well(c: Connection, queue: str, at: Millis) -> bool:
    """Did the host answer others within the day before? Where it is known to have answered later only, its looks are asked."""
    last_ok = c.execute(sa.select(t.queues.c.last_ok).where(t.queues.c.name == queue)).scalar()
    if last_ok is None or last_ok <= at:
        return last_ok is not None and at - last_ok <= WELL
    answered = sa.select(t.looks.c.id).join(t.urls, t.urls.c.id == t.looks.c.url)
    within = sa.and_(t.looks.c.at >= at - WELL, t.looks.c.at <= at, t.looks.c.outcome.in_([str(good) for good in ANSWERED]))
    return c.execute(answered.where(t.urls.c.queue == queue, within).limit(1)).first() is not None


def _shown(c: Connection, row: AnyRow) -> Millis:
    """The last look that this capture answers for."""
    shown = c.execute(sa.select(sa.func.max(t.looks.c.at)).where(t.looks.c.capture == row.capture)).scalar()
    at: Millis = row.at
    return max(at, shown or at)


def _seen(c: Connection, row: AnyRow, parts: set[int]) -> None:
    """These notices stood on the page then, whatever later looks have said already."""
    turn = _turn(c, row)
    at = turn.at if turn else _shown(c, row)
    own = sa.and_(t.documents.c.url == row.url, t.documents.c.part.in_(parts), t.documents.c.last_seen < at)
    c.execute(t.documents.update().where(own).values(last_seen=at))


def _facts(reading: Reading) -> str:
    """What a list page shows, for the judgement of its source's health."""
    days = [row.date[:10] for row in reading.rows if row.date]
    return sights.dump_face(
        Face(
            rows=len(reading.rows),
            dated=len(days),
            newest=max(days, default=None),
            visible=reading.visible,
            days=reading.days,
            text=sum(len(row.title) + len(row.date or "") for row in reading.rows),
            total=reading.total_rows,
        )
    )


def _done(c: Connection, capture: int, kind: str, reading: Reading) -> None:
    state = UNREADABLE if reading.error is not None else DONE
    c.execute(
        t.readings.update()
        .where(t.readings.c.capture == capture)
        .values(
            state=state,
            run=None,
            page_kind=str(reading.page_kind),
            evidence=clean(reading.evidence)[:2000],
            text=clean(reading.text)[:200],
            rules=reading.rules,
            rows=len(reading.rows) or len(reading.notices),
            facts=_facts(reading) if kind == Kind.LIST and reading.page_kind is PageKind.LIST else None,
            error=clean(reading.error)[:2000] if reading.error else None,
            attempts=t.readings.c.attempts + 1,
        )
    )


# ------------------------------------------------------------------ documents
def _current(c: Connection, url: int) -> Sequence[AnyRow]:
    query = (
        sa.select(
            t.documents.c.id, t.documents.c.part, t.documents.c.presence, t.documents.c.last_seen, t.versions.c.id.label("version"), t.versions.c.n,
            t.versions.c.text_digest, t.versions.c.title, t.versions.c.whole, t.versions.c.rules, t.versions.c.capture, t.captures.c.at, t.readings.c.rules.label("read_by"), t.readings.c.state,
        )
        .join(t.versions, t.versions.c.id == t.documents.c.version)
        .join(t.captures, t.captures.c.id == t.versions.c.capture)
        .outerjoin(t.readings, t.readings.c.capture == t.versions.c.capture)
        .where(t.documents.c.url == url)
    )  # fmt: skip
    return c.execute(query).all()


def _stale(c: Connection, row: AnyRow, reading: Reading) -> int | None:
    """The capture of a current version at this address that today's rules have not read yet."""
    for current in _current(c, row.url):
        unread = current.read_by != reading.rules and current.state != UNREADABLE
        if current.capture != row.capture and current.at <= row.at and unread:
            return int(current.capture)
    return None


def _notice(
    c: Connection, row: AnyRow, notice: Notice, rules: str, its_round: Round, look: int | None, changes: list[NewChange]
) -> bool:
    """Judge one notice and apply the verdict; True when it is new or edited."""
    current = next((known for known in _current(c, row.url) if known.part == notice.part), None)
    incomplete = notice.incomplete
    reached = its_round.reached and not (incomplete or "").startswith(CUT_OFF)
    known = None
    if current is not None:
        body = () if current.whole and reached else versions.body(c, current.version)
        known = decide.Known(
            current.n,
            current.text_digest,
            current.rules,
            current.capture,
            current.at,
            current.last_seen,
            bool(current.whole),
            body,
        )
    verdict = decide.judge(known, notice, capture=row.capture, at=row.at, rules=rules, reached=reached)
    further = versions.places(c, its_round)
    if verdict.action is decide.Action.NEW:
        document = versions.new_document(c, row, notice)
        after = versions.new_version(c, document, 1, row, notice, rules, further)
        changes.append(NewChange(_kind(verdict), row.at, row.source, document, None, after, look))
        return True
    assert current is not None
    if verdict.action in (decide.Action.EDIT, decide.Action.REREAD):
        after = versions.new_version(c, current.id, verdict.n, row, notice, rules, further)
        changes.append(NewChange(_kind(verdict), row.at, row.source, current.id, current.version, after, look))
    return verdict.action is decide.Action.EDIT


def _kind(verdict: decide.Verdict) -> ChangeKind:
    return ChangeKind(str(verdict.action))


def _parts_gone(c: Connection, row: AnyRow, parts: set[int], look: int | None, changes: list[NewChange]) -> None:
    """Notices that stood on this page and do not any more, while the page itself is there. On the very same bytes that is our doing."""
    for known in _current(c, row.url):
        if known.part not in parts and known.presence == decide.HERE and known.at <= row.at and known.capture != row.capture:
            c.execute(
                t.documents.update().where(t.documents.c.id == known.id).values(presence=decide.MISSING, first_missed=row.at)
            )
            detail = {"last_seen": known.last_seen, "first_missed": row.at, "part": known.part}
            changes.append(
                NewChange(ChangeKind.MISSING, row.at, row.source, known.id, known.version, known.version, look, detail)
            )
