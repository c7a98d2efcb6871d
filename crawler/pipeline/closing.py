"""A run that waits for nothing more is closed: counted, its source judged by what its list showed, and a change told."""

import json
from collections.abc import Collection, Mapping

from crawler.model import ChangeKind, Expect, Millis
from crawler.monitor import health
from crawler.monitor.health import Finding, Rhythm
from crawler.repository import changes, runs, sights
from crawler.repository.changes import NewChange
from crawler.repository.database import Connection
from crawler.repository.rows import RunRow


def close_finished(c: Connection, ids: Collection[int], now: Millis, expect: Mapping[str, Expect]) -> list[int]:
    """Close those of these runs that wait for nothing more; the ids closed. Writes `health` lines: call it last."""
    closed, lines = [], list[NewChange]()
    for run in runs.finished(c, ids):
        counts = runs.count(c, run.id)
        found = _judge(c, run, expect.get(run.source), now, lines)
        runs.end(c, run.id, now, health.result(counts, found), counts)
        closed.append(run.id)
    changes.append(c, lines)
    return closed


def _judge(c: Connection, run: RunRow, expect: Expect | None, now: Millis, lines: list[NewChange]) -> tuple[Finding, ...]:
    """Judge a source after a run of its list, and remember how it is; a change of state is a line of the ledger.

    `expect` None: the source is not configured; or the run is of an address that was asked for by hand, or of what another run had given
    up, which is no view of the whole list: the run is judged, and nothing is remembered of the source.
    """
    sight = sights.of_run(c, run, now)
    if not sight.heads:
        return ()
    options = json.loads(run.options)
    if expect is None or options.get("url") or options.get("requeued"):
        return health.examine(sight, (), Expect(), Rhythm(), now)
    was, rhythm = sights.of_source(c, run.source), sights.learn(c, run.source, now)
    earlier = sights.before(c, run.source, ever=was.bad >= health.NEW_NORMAL and not was.failures)
    found = health.examine(sight, earlier, expect, rhythm, now)
    after = health.step(was, found)
    sights.keep(c, run.id, sight, str(found[0].trouble) if found else None)
    sights.remember(c, run.source, sights.Change(was, after, rhythm, read=bool(sight.faces)), now)
    if after.state != was.state and after.state != health.OK:
        detail = {
            "before": was.state,
            "after": after.state,
            "trouble": after.trouble or was.trouble,
            "reasons": list(after.reasons),
        }
        lines.append(NewChange(ChangeKind.HEALTH, now, run.source, detail=detail))
    return found
