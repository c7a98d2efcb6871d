"""What machines ask: is it alive, is it ready, how is it (Prometheus text format 0.0.4)."""

import shutil
from collections.abc import Iterator, Sequence

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from crawler.console.api.common import Reader
from crawler.console.problems import problem
from crawler.errors import GongkaiError
from crawler.model import now_ms
from crawler.repository import gauges

router = APIRouter(tags=["operations"])
STATES = ("ok", "recovered", "suspect", "down")


@router.get("/healthz", include_in_schema=False)
def alive() -> Response:
    """This process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", include_in_schema=False)
def ready(door: Reader) -> Response:
    """The database can be asked and has today's schema."""
    try:
        door.check()
    except GongkaiError as error:
        return problem(503, error.message, remedy=error.remedy)
    return PlainTextResponse("ready\n")


@router.get("/metrics", include_in_schema=False)
def metrics(door: Reader) -> Response:
    """Figures of the whole archive."""
    with door.read() as c:
        lines = list(_figures(gauges.read(c, now_ms()), door.totals(c)))
        states = [row.health for row in door.sources(c)]
    lines += _family("gongkai_sources", "Sources by health.", [({"state": state}, states.count(state)) for state in STATES])
    try:
        disk = shutil.disk_usage(door.archive)
        lines += _family("gongkai_disk_free_bytes", "Free space of the archive's disk.", [({}, disk.free)])
    except OSError:
        lines += _family("gongkai_disk_free_bytes", "Free space of the archive's disk.", [({}, -1)])
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _figures(found: gauges.Gauges, totals: dict[str, int]) -> Iterator[str]:
    yield from _family(
        "gongkai_archive", "How much the archive holds.", [({"of": name}, count) for name, count in totals.items()]
    )
    looks = [({"outcome": name}, count) for name, count in sorted(found.looks.items())]
    yield from _family("gongkai_looks_day", "Looks of the last 24 hours by outcome.", looks)
    yield from _family(
        "gongkai_frontier", "Addresses that wait.", [({"state": name}, count) for name, count in sorted(found.frontier.items())]
    )
    yield from _family(
        "gongkai_queue_lag_seconds", "How long the longest due address has waited.", [({}, found.queue_lag / 1000)]
    )
    yield from _family("gongkai_settle_pending", "Captures that wait to be read.", [({}, found.pending)])
    yield from _family("gongkai_settle_lag_seconds", "Age of the oldest of them.", [({}, found.settle_lag / 1000)])
    yield from _family("gongkai_index_pending", "Documents that wait to be searchable.", [({}, found.unindexed)])
    yield from _family("gongkai_outbox_pending", "Alarms that wait to be told.", [({}, found.outbox)])
    yield from _family("gongkai_daemons", "Processes with a beat in the last two minutes.", [({}, found.daemons)])


def _family(name: str, text: str, values: Sequence[tuple[dict[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    for labels, value in values:
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{said}}} {value:g}" if said else f"{name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
