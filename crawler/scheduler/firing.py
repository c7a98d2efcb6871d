"""Runs begin here: a slot of a schedule is claimed, a one-off run is fired, what was given up is taken up again.

Each is one write transaction: the run's row, which is the claim, and the addresses it begins with.
"""

from collections.abc import Collection, Mapping, Sequence

import structlog

from crawler.config.values import Source
from crawler.model import Kind, Millis, Request, Run, RunKind
from crawler.pipeline.line import Line
from crawler.repository import frontier, runs
from crawler.repository.addresses import Seed
from crawler.repository.database import Connection

log = structlog.get_logger()


def fire_slot(
    line: Line, source: Source, kind: RunKind, slot: Millis, *, skipped: Sequence[Millis] = (), limit: int | None = None
) -> Run | None:
    """Claim a slot of a source's schedule; `limit` addresses at most of a revisit. None: somebody else has it, or nothing is due."""
    now = line.clock()
    if kind is RunKind.REVISIT:
        return line.do(runs.fire_revisits, source.id, slot, now, limit or 0)
    seeds = _seeds(line, source.id, source.start, Kind.LIST) + _seeds(line, source.id, source.pages, Kind.DETAIL)
    return line.do(runs.fire, Run(source.id, kind, slot), seeds, now, skipped=skipped)


def fire_once(
    line: Line,
    name: str,
    lists: Sequence[Request],
    pages: Sequence[Request],
    options: Mapping[str, object],
    *,
    resume: bool = False,
) -> int:
    """Fire a one-off run of these lists and single pages; its id. `resume`: go on with an open one of these options."""
    seeds = _seeds(line, name, lists, Kind.LIST) + _seeds(line, name, pages, Kind.DETAIL)
    now = line.clock()

    def step(c: Connection) -> int:
        runs.ensure_source(c, name)
        frontier.ask_again(c, {seed.queue for seed in seeds}, now)
        held = runs.unfinished(c, name, options, None if resume else now)
        if held is not None and resume:
            log.info("resumed", source=name, run=held)
        if held is not None:
            return held
        return runs.fire_once(c, name, seeds, now, options)

    return line.do(step)


def requeue(line: Line, ids: Collection[int], source: str | None, reason: str | None) -> tuple[list[int], int]:
    """Take up again what was given up: a one-off run for each source, kind of run and options. Their ids, and how many addresses."""
    fired, count, now = [], 0, line.clock()
    with line.database.write() as c:
        for was, rows in frontier.dead(c, ids=ids, source=source, reason=reason).items():
            run = runs.fire_once(c, was.source, (), now, was.again(len(rows)))
            count += frontier.revive(c, run, rows, now)
            frontier.ask_again(c, {row.queue for row in frontier.rows(c, source=was.source, state=frontier.TODO)}, now)
            fired.append(run)
    return fired, count


def _seeds(line: Line, name: str, starts: Sequence[Request], kind: Kind) -> list[Seed]:
    now = line.clock()
    priority = frontier.LIST if kind is Kind.LIST else frontier.NEW
    return [Seed(start, start.url, kind, line.policy.queue(name, start.url), name, priority, now) for start in starts]
