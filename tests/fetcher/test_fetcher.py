"""What the fetcher does besides telling faults apart: it keeps connections, condemns some, sends validators, says who it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from crawler.fetcher.fetcher import user_agent
from crawler.model import Exchange, Octets, Outcome
from tests.fetcher.conftest import Faults
from tests.fetcher.fault_server import HTML, answer

Run = Callable[..., Any]
Fetch = Callable[..., Awaitable[Exchange]]


def test_a_connection_is_kept_and_a_stray_answer_condemns_it(run_faults: Run) -> None:
    scripts = {"/a": [answer(b"a")], "/b": [answer(b"b") + answer(b"stray")], "/c": [answer(b"c")]}

    async def body(fetch: Fetch, faults: Any) -> list[tuple[Octets, bool]]:
        found = []
        for path in ("/a", "/a", "/b", "/c", "/a"):
            exchange = await fetch(path)
            found.append((exchange.payload, exchange.wire.reused if exchange.wire else False))
        assert faults.connections == 2
        return found

    assert run_faults(scripts, body) == [(b"a", False), (b"a", True), (b"b", True), (b"c", False), (b"a", True)]


def test_an_answer_that_came_early_is_nobodys_answer(run_faults: Run) -> None:
    scripts = {"/a": [answer(b"a"), 0.05, answer(b"early")], "/b": [answer(b"b")]}

    async def body(fetch: Fetch, _: Any) -> list[Octets]:
        first = await fetch("/a")
        await asyncio.sleep(0.2)
        return [first.payload, (await fetch("/b")).payload]

    assert run_faults(scripts, body) == [b"a", b"b"]


def test_validators_are_sent_and_304_to_them_is_an_answer(run_faults: Run) -> None:
    async def body(fetch: Fetch, faults: Any) -> Exchange:
        exchange = await fetch("/x", conditional=True)
        assert b'If-None-Match: "v1"' in faults.asked[0]
        assert b"User-Agent: test-agent" in faults.asked[0]
        return exchange

    assert run_faults({"/x": [b"HTTP/1.1 304 Not Modified\r\n\r\n"]}, body).outcome is Outcome.NOT_MODIFIED


def test_retry_after_is_a_moment(faults: Faults) -> None:
    busy = faults.fetch("busy")
    assert busy.retry_after is not None
    assert 119_000 <= busy.retry_after - busy.at <= 125_000


def test_what_had_come_before_a_cut_is_kept(faults: Faults) -> None:
    exchange = faults.fetch("a length that is too long, closed")
    assert exchange.wire is not None
    assert (exchange.wire.whole, exchange.payload, exchange.status) == (False, HTML, 200)


def test_an_honest_user_agent_names_program_contact_and_operator() -> None:
    assert user_agent("测试 Archive", "mailto:a@b.org", "1.0") == "gongkai/1.0 (+mailto:a@b.org; %E6%B5%8B%E8%AF%95 Archive)"
    with pytest.raises(ValueError, match=r"operator\.contact"):
        user_agent("x", "a\r\nX: y", "1.0")
