"""Every named fault: the outcome says what happened, it ends in time, and what is kept is what was sent, to the byte."""

import time
from pathlib import Path

import pytest

from crawler.archive.reader import find, read_record
from crawler.archive.writer import Archive
from crawler.model import Outcome
from tests.fetcher.conftest import Faults
from tests.fetcher.fault_server import CASES, Flood

DEADLINE = 1.0
EXACT = [name for name, case in CASES.items() if not case.bomb and not any(isinstance(step, Flood) for step in case.script)]
NOTHING_CAME = {Outcome.TLS_ERROR, Outcome.NETWORK_ERROR}


@pytest.mark.parametrize("name", CASES)
def test_the_outcome_says_what_happened_and_it_ends_in_time(faults: Faults, name: str) -> None:
    case, began = CASES[name], time.monotonic()
    exchange = faults.fetch(name, DEADLINE if case.outcome is Outcome.TIMEOUT else 20.0, max_body=4 << 20)
    assert exchange.outcome == case.outcome, exchange.detail
    assert case.outcome is not Outcome.TIMEOUT or time.monotonic() - began < DEADLINE + 2
    assert case.body is None or (exchange.page is not None and exchange.page.body == case.body)
    assert exchange.location == case.location
    assert exchange.flags == case.flags or exchange.flags == ("undecodable",)
    assert exchange.reach is not None
    assert exchange.reach.guard == "configured"


@pytest.mark.parametrize("name", EXACT)
def test_the_archive_s_response_block_is_what_was_sent_byte_for_byte(faults: Faults, name: str, tmp_path: Path) -> None:
    case = CASES[name]
    exchange = faults.fetch(name, DEADLINE)
    if case.outcome in NOTHING_CAME or not case.sent or case.host == "silent.test":
        assert exchange.wire is None or not exchange.wire.response
        return
    archive = Archive(tmp_path, owner="test", info={})
    kept = archive.append(exchange)
    archive.close()
    if kept.capture is None:  # a 304 that confirms what is held is a revisit record, and no capture
        assert exchange.outcome is Outcome.NOT_MODIFIED
        assert exchange.wire is not None
        assert exchange.wire.response == case.message
        return
    record = read_record(find(tmp_path, kept.capture.file), kept.capture.offset, kept.capture.length)
    assert record.block == case.message
    assert record.headers.get("warc-truncated") == (
        None if exchange.wire and exchange.wire.whole else record.headers["warc-truncated"]
    )
    assert exchange.wire is not None
    assert exchange.wire.surplus == case.surplus
