"""Nothing but public addresses is dialled, whatever a name or an address pretends to be."""

import asyncio
import ipaddress
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.fetcher.guard import Endpoint, Guard, Refused, SystemResolver, why_closed
from crawler.model import Exchange, Outcome
from crawler.text import urls
from tests.fetcher.conftest import task
from tests.fetcher.fault_server import HTML, Server, answer, listening, raw


def answering(*answers: str):  # type: ignore[no-untyped-def] # a resolver for tests
    """A resolver that gives these answers."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(answers)

    return resolve


@pytest.mark.parametrize(
    "answers",
    [("127.0.0.1",), ("10.1.2.3",), ("::1",), ("::ffff:10.0.0.1",), ("64:ff9b::a00:1",), ("2002:7f00:1::",), ("169.254.169.254",), ("93.184.216.34", "192.168.1.1"), ("fe80::1%eth0",), ("100.64.0.1",), ("192.0.0.192",), ("fec0::1",)],
)  # fmt: skip
def test_a_name_with_any_answer_that_is_not_public_is_refused(answers: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"named\.test is not public"):
        asyncio.run(Guard(resolver=answering(*answers)).check("named.test", 80))


def test_public_answers_are_dialled_in_their_order() -> None:
    found = asyncio.run(Guard(resolver=answering("93.184.216.34", "2606:2800:220:1::1")).check("named.test", 9091)).endpoints
    assert found == (Endpoint("93.184.216.34", 9091), Endpoint("2606:2800:220:1::1", 9091))


def test_an_override_counts_for_its_name_alone() -> None:
    guard = Guard(connect={"own.test": "127.0.0.1:8765"}, resolver=answering("127.0.0.1"))
    assert asyncio.run(guard.check("own.test", 80)).endpoints == (Endpoint("127.0.0.1", 8765),)
    with pytest.raises(Refused):
        asyncio.run(guard.check("other.test", 80))


def test_allowed_networks_and_hosts_may_be_private() -> None:
    guard = Guard(allow=("127.0.0.0/8", "intra.test"), resolver=answering("10.0.0.1"))
    assert asyncio.run(guard.check("127.0.0.5", 80)).endpoints == (Endpoint("127.0.0.5", 80),)
    assert asyncio.run(guard.check("intra.test", 80)).endpoints == (Endpoint("10.0.0.1", 80),)
    with pytest.raises(Refused):
        asyncio.run(guard.check("other.test", 80))


# ------------------------------------------------------------------ the conformance list, and not a packet
class Dialled:
    """Every address that this process tries to connect a socket to while `watching`, told by the interpreter itself.

    An attempt at anything but loopback is stopped there, before a packet leaves.
    """

    def __init__(self) -> None:
        self.watching = False
        self.seen: list[str] = []
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.watching or event not in ("socket.connect", "socket.sendto"):
            return
        host = str(arguments[1][0])
        self.seen.append(host)
        if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            raise ConnectionRefusedError("not in a test")


DIALLED = Dialled()


@pytest.fixture
def dialled() -> Iterator[list[str]]:
    """What is dialled during the test."""
    DIALLED.seen.clear()
    DIALLED.watching = True
    yield DIALLED.seen
    DIALLED.watching = False


def rows(shared: Path) -> list[dict[str, Any]]:
    """The list's rows."""
    found = json.loads((shared / "suites" / "ssrf.json").read_text("utf-8"))
    assert len(found) == 101
    assert sum(row["expect"] == "allow" for row in found) == 10
    return list(found)


def stated(row: Mapping[str, Any]) -> list[str]:
    """What the row's name resolves to."""
    answers = row.get("resolves_to") or []
    return [answers] if isinstance(answers, str) else list(answers)


async def judged(fetcher: Fetcher, url: str, dialled: list[str]) -> str:
    """`refuse` when nothing at all was dialled, `allow` when it was tried."""
    before = len(dialled)
    exchange = await fetcher.fetch(task(url), 20)
    tried = len(dialled) > before
    assert tried == (exchange.outcome is Outcome.NETWORK_ERROR), (url, exchange.detail)
    assert tried or exchange.outcome is Outcome.REFUSED, (url, exchange.detail)
    return "allow" if tried else "refuse"


def test_every_address_of_the_list_is_judged_right_when_it_is_asked_for(shared: Path, dialled: list[str]) -> None:
    async def main() -> list[str]:
        wrong = []
        for row in rows(shared):
            fetcher = Fetcher(FetchSettings("x"), resolver=answering(*stated(row)))
            try:
                got = await judged(fetcher, urls.canonical(row["url"]), dialled)
            except urls.BadUrl:
                got = "refuse"
            if got != row["expect"]:
                wrong.append(f"{row['url']}: {got}")
        return wrong

    assert asyncio.run(main()) == []
    assert all(why_closed(ipaddress.ip_address(address)) is None for address in dialled)


def test_every_address_of_the_list_is_judged_right_when_a_redirect_names_it(shared: Path, dialled: list[str]) -> None:
    async def main() -> list[str]:
        wrong = []
        table = rows(shared)
        server = Server(
            lambda path: (raw(b"HTTP/1.1 302 x", b"Location: " + table[int(path[1:])]["url"].encode(), b"Content-Length: 0"),)
        )
        async with listening(server.serve) as port:
            for number, row in enumerate(table):
                fetcher = Fetcher(FetchSettings("x", connect={"hop.test": f"127.0.0.1:{port}"}), resolver=answering(*stated(row)))
                hop = await fetcher.fetch(task(f"http://hop.test/{number}"), 20)
                if hop.location is None or urls.host(hop.location) == "hop.test":  # no address, or a path on the same host
                    got = "refuse"
                else:
                    got = await judged(fetcher, hop.location, dialled)
                await fetcher.aclose()
                if got != row["expect"]:
                    wrong.append(f"{row['url']}: {got}, {hop.location}")
            assert len(server.asked) == len(table)
        return wrong

    assert asyncio.run(main()) == []


def test_every_address_of_the_list_is_judged_right_when_a_name_answers_with_it(shared: Path, dialled: list[str]) -> None:
    async def main() -> tuple[int, list[str]]:
        wrong, count = [], 0
        for row in rows(shared):
            try:
                answers = stated(row) or [urls.host(urls.canonical(row["url"])).strip("[]")]
            except urls.BadUrl:
                continue  # nothing a name could answer with
            if any(not literal(answer) for answer in answers):
                continue
            count += 1
            mixed = [answers] if row["expect"] == "allow" else [answers, [*answers, "93.184.215.14"], ["93.184.215.14", *answers]]
            for given in mixed:
                got = await judged(Fetcher(FetchSettings("x"), resolver=answering(*given)), "http://named.example/", dialled)
                if got != row["expect"]:
                    wrong.append(f"{given}: {got}")
        return count, wrong

    count, wrong = asyncio.run(main())
    assert wrong == []
    assert count >= 80


def literal(text: str) -> bool:
    """Is this an address?"""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def test_a_listener_hears_nothing_of_a_refused_host_and_hears_an_allowed_one(dialled: list[str]) -> None:
    async def main() -> None:
        server = Server(lambda _: (answer(),))
        async with listening(server.serve) as port:
            hosts = ["127.0.0.1", "localhost", "rebound.example", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0"]
            for host in hosts:
                for url in (f"http://{host}:{port}/", f"https://{host}:{port}/", urls.canonical(f"http://{host}:{port}/")):
                    fetcher = Fetcher(FetchSettings("x"), resolver=answering("127.0.0.1"))
                    assert (await fetcher.fetch(task(url), 20)).outcome is Outcome.REFUSED
            assert (server.connections, dialled) == (0, [])
            allowing = Fetcher(FetchSettings("x", allow_private=("127.0.0.0/8",)))
            exchange = await allowing.fetch(task(f"http://127.0.0.1:{port}/"), 20)
            await allowing.aclose()
            assert (exchange.outcome, server.connections, dialled) == (Outcome.OK, 1, ["127.0.0.1"])
            assert exchange.reach is not None
            assert exchange.reach.guard == "allowed"

    asyncio.run(main())


def test_a_name_that_answers_differently_the_second_time_gains_nothing(dialled: list[str]) -> None:
    """One lookup a connection: the checked address is the one dialled; the next connection's answer is checked anew."""
    asked = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2" if len(asked) == 1 else "127.0.0.1"]

    async def main() -> tuple[Exchange, Exchange]:
        server = Server(lambda _: (answer(HTML, b"Connection: close"),))
        async with listening(server.serve, host="127.0.0.2") as port:
            fetcher = Fetcher(FetchSettings("x", allow_private=("127.0.0.2/32",)), resolver=rebinding)
            first = await fetcher.fetch(task(f"http://rebinding.example:{port}/"), 20)
            assert asked == ["rebinding.example"]
            return first, await fetcher.fetch(task(f"http://rebinding.example:{port}/"), 20)

    first, second = asyncio.run(main())
    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.REFUSED)
    assert dialled == ["127.0.0.2"]
    assert second.reach is not None
    assert (second.reach.answers, second.wire) == (("127.0.0.1",), None)


# ------------------------------------------------------------------ lookups
def test_lookups_that_hang_hold_up_nobody_else_and_are_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    release, threads = threading.Event(), []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        threads.append(host)
        if host.startswith("hung"):
            release.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def main() -> None:
        resolver = SystemResolver(most=41)
        hung = [asyncio.create_task(resolver(f"hung{number % 40}.example", 80)) for number in range(80)]
        await asyncio.sleep(0)
        began = time.monotonic()
        assert await resolver("quick.example", 80) == ["93.184.215.14"]
        assert time.monotonic() - began < 5
        last = asyncio.create_task(resolver("hung-too.example", 80))
        await asyncio.sleep(0)
        with pytest.raises(OSError, match="41 lookups are still unanswered"):
            await resolver("one-more.example", 80)
        release.set()
        assert [await task for task in [*hung, last]] == [["93.184.215.14"]] * 81
        assert len(threads) == 42

    asyncio.run(main())


def test_a_name_that_is_none_is_a_network_error_with_its_reason() -> None:
    async def main() -> None:
        fetcher = Fetcher(FetchSettings("x"))
        exchange = await fetcher.fetch(task("http://" + "a" * 64 + ".invalid/"), 20)
        assert exchange.outcome in (Outcome.NETWORK_ERROR, Outcome.CLIENT_ERROR)
        assert exchange.detail

    asyncio.run(main())
