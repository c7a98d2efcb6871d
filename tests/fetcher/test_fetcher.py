"""What the fetcher does besides telling faults apart: it keeps connections, condemns some, sends validators, says who it is."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.fetcher.fetcher import Fetcher, FetchSettings, user_agent
from crawler.model import Exchange, Octets, Outcome
from tests.fetcher.conftest import Faults, task
from tests.fetcher.fault_server import HTML, Server, answer, listening, url_of

ROOT = Path(__file__).parent.parent.parent
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


def test_a_stray_that_nobody_has_read_yet_is_seen_before_the_next_request_is_written(faults: Faults) -> None:
    async def main() -> tuple[Exchange, Exchange]:
        fetcher = Fetcher(FetchSettings("x", connect=faults.where.connect))
        first = await fetcher.fetch(task(url_of("a stray a moment after the answer")), 20)
        time.sleep(0.3)  # noqa: ASYNC251 - the loop is to be busy while the stray arrives
        second = await fetcher.fetch(task(url_of("chunks")), 20)
        await fetcher.aclose()
        return first, second

    first, second = asyncio.run(main())
    assert (first.payload, second.payload) == (HTML, HTML)
    assert second.wire is not None
    assert (second.wire.framing, second.wire.reused) == ("chunked", False)


def test_of_several_addresses_the_one_that_answers_is_used_and_told() -> None:
    async def answers(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async def main() -> tuple[Exchange, int]:
        server = Server(lambda _: (answer(),))
        async with listening(server.serve) as port:
            fetcher = Fetcher(FetchSettings("x", allow_private=("127.0.0.0/8",)), resolver=answers)
            exchange = await fetcher.fetch(task(f"http://several.test:{port}/"), 20)
            await fetcher.aclose()
            return exchange, port

    exchange, port = asyncio.run(main())
    assert exchange.reach is not None
    assert exchange.wire is not None
    assert (exchange.outcome, exchange.wire.address) == (Outcome.OK, "127.0.0.1")
    assert (exchange.reach.answers, exchange.reach.address) == (("127.0.0.9", "127.0.0.1"), f"127.0.0.1:{port}")


def test_a_connection_that_was_idle_too_long_is_not_used_again() -> None:
    async def main() -> list[int]:
        server, counts = Server(lambda _: (answer(),)), []
        async with listening(server.serve) as port:
            fetcher = Fetcher(FetchSettings("x", connect={"*": f"127.0.0.1:{port}"}))
            for idle in (15.0, 15.0, 0.0, 0.0):
                fetcher.transport.idle = idle
                await fetcher.fetch(task("/a"), 20)
                counts.append(server.connections)
            await fetcher.aclose()
        return counts

    assert asyncio.run(main()) == [1, 1, 2, 3]


def test_a_disk_that_is_full_is_our_own_trouble_and_said_so(faults: Faults) -> None:
    """In a process of its own that may write no file over 1 MiB."""
    script = f"""
import asyncio, resource, signal
from crawler.errors import CannotError
from crawler.fetcher.fetcher import Fetcher, FetchSettings
from tests.fetcher.conftest import task
from tests.fetcher.fault_server import url_of
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

async def main():
    fetcher = Fetcher(FetchSettings("x", connect={dict(faults.where.connect)!r}))
    try:
        await fetcher.fetch(task(url_of("128 MiB without a length")), 30)
    except CannotError as error:
        print(error)
    print((await fetcher.fetch(task(url_of("a length")), 30)).outcome)
    await fetcher.aclose()

asyncio.run(main())
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.splitlines() == ["no room for a large body: File too large; free some disk space", "ok"]


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
