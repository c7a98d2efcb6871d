"""The daemon's audit: by its schedule, slowly, whatever was not found sound for long."""

import asyncio
import threading
from datetime import UTC, datetime

import structlog

from crawler.config.cron import Schedule, first_after, trigger_of
from crawler.errors import GongkaiError
from crawler.pipeline.audit import Asked, Audit
from crawler.pipeline.line import Line

FOREVER = 30 * 86_400.0

log = structlog.get_logger()


async def keep_auditing(line: Line, agent: str) -> None:
    """Audit, as `agent`, by the schedule that is configured by then. What is found is kept and said; it is no reason to stop the archive."""
    over = threading.Event()
    try:
        while True:
            config = line.policy.config
            trigger = trigger_of(Schedule(config.audit.schedule, config.schedule.timezone))
            due = first_after(trigger, datetime.fromtimestamp(line.clock() / 1000, UTC))
            await asyncio.sleep(max(1, due.timestamp() - line.clock() / 1000) if due else FOREVER)
            try:
                await asyncio.to_thread(_audit, line, agent, over)
            except GongkaiError as error:
                log.warning("not audited", error=str(error))
    finally:
        over.set()


def _audit(line: Line, agent: str, over: threading.Event) -> None:
    settings = line.policy.config.audit
    asked = Asked(line.clock() - settings.older_than_ms, settings.rate, stopped=over.is_set)
    for checked in Audit(line.database, line.archive.folder, asked, agent, line.clock).run():
        said = [str(trouble) for trouble in checked.troubles[:5]]
        (log.error if said else log.info)("audited", object=checked.object, outcome=checked.outcome, troubles=said)
