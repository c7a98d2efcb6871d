"""Stored moments that lie further ahead than any rule could have put them: found, and put right. What is evidence stays as it was dated.

Every column that holds something back, or orders it, is here; `politeness.clocks` says what is believed of one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.politeness import clocks
from crawler.politeness.pace import LONGEST_PAUSE, LONGEST_WAIT
from crawler.repository import frontier, leases
from crawler.repository import schema as t
from crawler.repository.queues import QueueRow
from crawler.repository.runs import AHEAD, SKIPPED

LATEST_RUNS = 200  # that are asked when they began
MOST_FAULTS = 20
_NOW: sa.BindParameter[int] = sa.bindparam("now")
_PAST: sa.BindParameter[int] = sa.bindparam("past")  # nothing that has happened is dated later

Longest = Callable[[int], Millis]


@dataclass(frozen=True, slots=True)
class Rules:
    """How long each rule may hold something back. `pause`: least pause of a queue; `lease`; `ladder`: the rungs of revisits, shortest
    first; `rest(failures)`: a quarantine; `told`: an alarm."""

    pause: Callable[[str], Millis]
    lease: Millis
    ladder: Sequence[Millis]
    rest: Longest
    told: Millis


@dataclass(frozen=True, slots=True)
class Fault:
    """A clock fault that was noticed: when, and by how much the clock had been ahead."""

    at: Millis
    ahead: Millis


# ------------------------------------------------------------------ is there anything?
_q, _f, _u, _r, _s, _o = t.queues.c, t.frontier.c, t.urls.c, t.runs.c, t.sources.c, t.outbox.c
_QUEUES = sa.select(sa.func.max(_q.last_end), sa.func.max(_q.last_ok))
_BEATS = sa.select(sa.func.max(t.daemons.c.beat)).where(t.daemons.c.owner != sa.bindparam("owner"))
_latest = sa.select(_r.started).order_by(_r.id.desc()).limit(LATEST_RUNS).subquery()
_STARTED = sa.select(sa.func.max(_latest.c.started))


def ahead(c: Connection, owner: str, now: Millis) -> Millis:
    """How far what has happened lies ahead of now, by the newest witnesses; 0 where the clock was well."""
    found = [*c.execute(_QUEUES).one(), c.execute(_BEATS, {"owner": owner}).scalar(), c.execute(_STARTED).scalar()]
    return max(clocks.ahead(at, now) for at in found)


# ------------------------------------------------------------------ queues
_ODD = sa.select(t.queues).where(
    sa.or_(_q.last_end > _PAST, _q.last_ok > _PAST, _q.next_at > sa.bindparam("far"), _q.leased_until > sa.bindparam("leased"))
)
_RIGHT = (
    t.queues.update()
    .where(_q.name == sa.bindparam("b_name"))
    .values(
        {
            name: sa.bindparam(f"b_{name}")
            for name in ("next_at", "last_end", "broken_since", "blocked_since", "last_ok", "leased_until")
        }
    )
)


def right_queues(c: Connection, now: Millis, rules: Rules) -> int:
    """Put queues right, each by its own pace; how many."""
    asked = {"past": now + clocks.TOLERANCE, "far": now + LONGEST_PAUSE, "leased": now + rules.lease + clocks.TOLERANCE}
    rows = []
    for row in c.execute(_ODD, asked).all():
        was = QueueRow(row.name, row.fence, leases.pace_of(row), row.delay, row.last_ok)
        pace = was.pace.put_right(now, rules.pause(row.name))
        leased = min(row.leased_until, now + rules.lease) if row.owner else clocks.bounded(row.leased_until, now, 0)
        last_ok = None if row.last_ok is None else clocks.past(row.last_ok, now)
        if (pace, leased, last_ok) != (was.pace, row.leased_until, row.last_ok):
            rows.append(
                {"b_name": row.name, "b_last_ok": last_ok, "b_leased_until": leased}
                | {f"b_{name}": value for name, value in leases.pace_values(pace).items() if name not in ("latency", "failures")}
            )
    if rows:
        c.execute(_RIGHT, rows)
    return len(rows)


# ------------------------------------------------------------------ the others
_far: sa.BindParameter[int] = sa.bindparam("far")
CHEAP: tuple[tuple[str, sa.UpdateBase], ...] = (  # each asks a small table, or an index
    ("frontier.due", t.frontier.update().where(_f.state == frontier.TODO, _f.due > _far).values(due=_NOW)),
    ("runs.slot", t.runs.delete().where(_r.result == SKIPPED, _r.slot > _PAST)),
    (
        "runs.slot",
        t.runs.update().where(_r.kind != "once", _r.slot > _PAST, _r.options != AHEAD).values(options=AHEAD),
    ),
    ("outbox.due", t.outbox.update().where(_o.sent.is_(None), _o.due > sa.bindparam("told")).values(due=_NOW)),
    ("outbox.sent", t.outbox.update().where(_o.sent > _PAST).values(sent=_NOW)),
    ("origins.expires", t.origins.update().where(sa.or_(t.origins.c.fetched > _PAST, t.origins.c.expires > _far)).values(expires=_NOW)),
)  # fmt: skip
_home = sa.select(_u.last_look).where(_u.id == _f.url).scalar_subquery()
_its_ahead = sa.case((_home > _PAST, _home - _NOW), else_=0)
DEEP: tuple[tuple[str, sa.UpdateBase], ...] = (  # each reads a whole table: only when a clock was ahead
    # what nobody has tried is due at once, or waits for its visiting hours again; what failed, as long as it was to wait then
    ("frontier.due", t.frontier.update().where(_f.state == frontier.TODO, _f.due > _NOW, _f.tries == 0).values(due=_NOW)),
    ("frontier.due", t.frontier.update().where(_f.state == frontier.TODO, _f.due > _NOW, _home > _PAST).values(due=_f.due - _its_ahead)),
    ("urls.due", t.urls.update().where(_u.last_look > _PAST).values(due=_u.due - (_u.last_look - _NOW), last_look=_NOW)),
    ("urls.first_missed", t.urls.update().where(_u.first_missed > _PAST).values(first_missed=_NOW)),
    ("documents.last_seen", t.documents.update().where(t.documents.c.last_seen > _PAST).values(last_seen=_NOW)),
    ("documents.first_missed", t.documents.update().where(t.documents.c.first_missed > _PAST).values(first_missed=_NOW)),
    ("listings.first_listed", t.listings.update().where(t.listings.c.first_listed > _PAST).values(first_listed=_NOW)),
    ("listings.last_listed", t.listings.update().where(t.listings.c.last_listed > _PAST).values(last_listed=_NOW)),
    ("runs.started", t.runs.update().where(_r.started > _PAST).values(started=_NOW)),
    ("runs.ended", t.runs.update().where(_r.ended > _PAST).values(ended=_NOW)),
    ("daemons.beat", t.daemons.update().where(t.daemons.c.beat > _PAST).values(beat=_NOW, started=_NOW)),
    *(
        (f"sources.{name}", t.sources.update().where(_s[name] > _PAST).values({name: _NOW}))
        for name in ("health_since", "last_ok", "last_new", "paused")
    ),
)  # fmt: skip


def right(c: Connection, now: Millis, rules: Rules, *, deep: bool) -> dict[str, int]:
    """Put everything right; how many rows of what. `deep`: a clock is known to have been ahead."""
    values = {
        "now": now,
        "past": now + clocks.TOLERANCE,
        "far": now + LONGEST_WAIT + clocks.TOLERANCE,
        "told": now + rules.told + clocks.TOLERANCE,
    }
    found = {"queues": right_queues(c, now, rules)}
    for name, statement in (*(DEEP if deep else ()), *CHEAP):  # first what a witness tells, then what no rule asks for
        wanted = {key: value for key, value in values.items() if key in statement.compile().params}
        found[name] = found.get(name, 0) + c.execute(statement, wanted).rowcount
    found["sources.rests_until"] = _right_rests(c, now, rules)
    found["urls.due"] = found.get("urls.due", 0) + _right_ladders(c, now, rules)
    return {name: count for name, count in found.items() if count}


def _right_rests(c: Connection, now: Millis, rules: Rules) -> int:
    resting = c.execute(sa.select(_s.id, _s.rests_until, _s.failures).where(_s.rests_until > now)).all()
    rows = [row.id for row in resting if clocks.bounded(row.rests_until, now, rules.rest(row.failures)) != row.rests_until]
    if rows:
        c.execute(t.sources.update().where(_s.id.in_(rows)).values(rests_until=now))
    return len(rows)


def _right_ladders(c: Connection, now: Millis, rules: Rules) -> int:
    """No notice is looked at again later than the ladder's last rung."""
    far = now + rules.ladder[-1] + clocks.TOLERANCE
    count = 0
    for source in c.execute(sa.select(_s.id)).scalars().all():
        late = t.urls.update().where(_u.source == source, _u.due > far).values(due=now + rules.ladder[-1])
        count += c.execute(late).rowcount
    return count


# ------------------------------------------------------------------ what is told
def remember(c: Connection, fault: Fault) -> None:
    """Keep that a clock fault was noticed; the oldest are forgotten."""
    c.execute(t.clock_faults.insert().values(at=fault.at, ahead=fault.ahead))
    oldest = sa.select(t.clock_faults.c.id).order_by(t.clock_faults.c.id.desc()).offset(MOST_FAULTS)
    c.execute(t.clock_faults.delete().where(t.clock_faults.c.id.in_(oldest.limit(MOST_FAULTS))))


def last_fault(c: Connection, since: Millis) -> Fault | None:
    """The last clock fault that was noticed since then."""
    its = t.clock_faults.c
    row = c.execute(sa.select(its.at, its.ahead).where(its.at >= since).order_by(its.id.desc()).limit(1)).first()
    return Fault(row.at, row.ahead) if row else None
