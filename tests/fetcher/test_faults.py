"""Every named fault: the outcome says what happened, it ends in time, and what is kept is what was sent, to the byte."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.archive.reader import find, open_page, open_wire, read_record
from crawler.archive.writer import Archive
from crawler.model import Exchange, Outcome
from tests.fetcher.conftest import Faults
from tests.fetcher.fault_server import CASES, Case, Flood

DEADLINE = 1.0
NOTHING_CAME = {Outcome.TLS_ERROR, Outcome.NETWORK_ERROR}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("name", CASES)
def test_the_outcome_says_what_happened_in_time_and_the_archive_holds_the_very_bytes(
    faults: Faults, name: str, loop: str, tmp_path: Path
) -> None:
    if loop == "uvloop":
        faults = replace(faults, loop=pytest.importorskip("uvloop", reason="there is no uvloop for this system").new_event_loop)
    case, began = CASES[name], time.monotonic()
    deadline = DEADLINE if case.outcome is Outcome.TIMEOUT else 20.0
    exchange = faults.fetch(name, deadline, max_body=(32 if case.outcome is Outcome.OK else 4) << 20)
    assert exchange.outcome == case.outcome, exchange.detail
    assert case.outcome is not Outcome.TIMEOUT or time.monotonic() - began < DEADLINE + 2
    assert case.body is None or (exchange.page is not None and exchange.page.body == case.body)
    assert exchange.location == case.location
    assert exchange.flags == case.flags or exchange.flags == ("undecodable",)
    assert exchange.reach is not None
    assert exchange.reach.guard == "configured"
    if not case.bomb and not any(isinstance(step, Flood) for step in case.script):
        the_archive_holds_what_was_sent(exchange, case, tmp_path)


def the_archive_holds_what_was_sent(exchange: Exchange, case: Case, folder: Path) -> None:
    """The response block of the WARC, byte for byte; where the server sent nothing there is none."""
    wire = exchange.wire
    if case.outcome in NOTHING_CAME or not case.sent or case.host == "silent.test":
        assert wire is None or not wire.response
        return
    assert wire is not None
    assert wire.surplus == (0 if any(isinstance(step, float) for step in case.script) else case.surplus)
    archive = Archive(folder, owner="test", info={})
    kept = archive.append(exchange)
    archive.close()
    if kept.capture is None:  # a 304 that confirms what is held is a revisit record, and no capture
        assert exchange.outcome is Outcome.NOT_MODIFIED
        assert wire.response == case.message
        return
    record = read_record(find(folder, kept.capture.file), kept.capture.offset, kept.capture.length)
    assert open_wire(folder, kept.capture) == case.message
    if exchange.page is not None and kept.capture.type == "response":  # a reader is handed either
        assert open_page(folder, kept.capture) == exchange.page
    assert ("warc-truncated" in record.headers) == (not wire.whole)
