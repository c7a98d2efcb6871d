"""The daemon's checkpoints: the tree takes in what was committed, hour by hour, and is signed by the schedule."""

import asyncio
from datetime import UTC, datetime

import structlog

from crawler.config.cron import Schedule, first_after, trigger_of
from crawler.errors import GongkaiError
from crawler.pipeline import checkpoints
from crawler.pipeline.line import Line

HOUR = 3600.0

log = structlog.get_logger()


async def keep_proving(line: Line) -> None:
    """Sign by the schedule that is configured by then. What stands in the way is said; it is no reason to stop the archive."""
    while True:
        config = line.policy.config
        trigger = trigger_of(Schedule(config.proof.schedule, config.schedule.timezone))
        due = first_after(trigger, datetime.fromtimestamp(line.clock() / 1000, UTC))
        left = due.timestamp() - line.clock() / 1000 if due else HOUR * 2
        await asyncio.sleep(max(1, min(left, HOUR)))
        try:
            await asyncio.to_thread(_sign if left <= HOUR else _grow, line)
        except GongkaiError as error:
            log.warning("no checkpoint", error=str(error))


def _grow(line: Line) -> None:
    checkpoints.grow(line.database, line.archive.folder)


def _sign(line: Line) -> None:
    signed = checkpoints.sign(line.database, line.archive.folder, line.policy.config.proof.key, line.clock)
    log.info("checkpoint", records=signed.checkpoint.size, file=str(signed.path))
