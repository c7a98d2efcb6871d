"""A run that waits for nothing more is closed: counted, its source judged by what its list showed, and a change told."""

import json
from collections.abc import Collection, Mapping

import structlog

from crawler.model import OK, ChangeKind, Expect, Millis, RunKind
from crawler.monitor import health
from crawler.monitor.health import Finding, Rhythm
from crawler.repository import changes, frontier, observations, runs
from crawler.repository.changes import NewChange
from crawler.repository.database import Connection, is_fault
from crawler.repository.rows import RunRow

log = structlog.get_logger()


def close_finished(c: Connection, ids: Collection[int], now: Millis, expect: Mapping[str, Expect]) -> list[int]:
    """Close those of these runs that wait for nothing more; the ids closed. Writes `health` lines: call it last."""
    closed, lines = [], list[NewChange]()
    for run in runs.finished(c, ids):
        counts = runs.count(c, run.id)
        try:
            result = health.result(counts, _judge(c, run, expect.get(run.source), now, lines))
        except Exception as error:
            if not is_fault(error):
                raise
            log.exception("a fault of this program: a run is not judged", run=run.id, source=run.source)
            result = "failed"
        runs.end(c, run.id, now, result, counts)
        frontier.supersede(c, run.id)
        closed.append(run.id)
    changes.append(c, lines)
    return closed


def _judge(c: Connection, run: RunRow, expect: Expect | None, now: Millis, lines: list[NewChange]) -> tuple[Finding, ...]:
    """Judge a source after a run of its list, and remember how it is; a change of state is a line of the ledger.

    `expect` None: the source is not configured; or the run is of an address that was asked for by hand, or of what another run had given
    up, which is no view of the whole list: the run is judged, and nothing is remembered of the source.
    """
    seen = observations.of_run(c, run, now)
    if not seen.heads and (run.kind == RunKind.REVISIT or not seen.details):
        return ()
    options = json.loads(run.options)
    if expect is None or options.get("url") or options.get("requeued"):
        return health.examine(seen, (), Expect(), Rhythm(), now)
    was, rhythm = observations.of_source(c, run.source), health.rhythm(observations.listed(c, run.source, now))
    earlier = observations.before(c, run.source, ever=was.bad >= health.NEW_NORMAL and not was.failures)
    found = health.examine(seen, earlier, expect, rhythm, now)
    after = health.step(was, found)
    observations.keep(c, run.id, seen, str(found[0].trouble) if found else None)
    observations.remember(
        c,
        run.source,
        observations.Change(
            was, after, bool(seen.faces) or not (seen.heads or found), rhythm.last_new, health.rest(after.failures, now)
        ),
        now,
    )
    if after.state != was.state and after.state != OK:
        detail = {
            "before": was.state,
            "after": after.state,
            "trouble": after.trouble or was.trouble,
            "reasons": list(after.reasons),
        }
        lines.append(NewChange(ChangeKind.HEALTH, now, run.source, detail=detail))
    return found
