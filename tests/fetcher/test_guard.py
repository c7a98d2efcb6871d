"""Nothing but public addresses is dialled, whatever a name or an address pretends to be."""

import asyncio
import json
from pathlib import Path

import pytest

from crawler import urls
from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.fetcher.guard import Endpoint, Guard, Refused
from crawler.model import Kind, Outcome, Request, Run, RunKind, Task


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


def test_a_refused_host_is_an_outcome_and_nothing_is_sent() -> None:
    async def main() -> None:
        asked = []

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(1)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fetcher = Fetcher(FetchSettings("x"), resolver=answering("127.0.0.1"))
        for host in ("127.0.0.1", "rebound.test", "[::ffff:127.0.0.1]"):
            url = f"http://{host}:{port}/"
            task = Task(url, Request(url), url, host, Kind.DETAIL, "s", Run("s", RunKind.ONCE, 1))
            assert (await fetcher.fetch(task, 1)).outcome is Outcome.REFUSED
        server.close()
        await server.wait_closed()
        assert asked == []

    asyncio.run(main())


def test_every_address_of_the_conformance_list_is_judged_right(shared: Path) -> None:
    wrong = []
    for row in json.loads((shared / "suites" / "ssrf.json").read_text("utf-8")):
        stated = row.get("resolves_to") or "93.184.216.34"
        guard = Guard(resolver=answering(*([stated] if isinstance(stated, str) else stated)))
        try:
            asyncio.run(guard.check(urls.host(urls.canonical(row["url"])), 80))
            got = "allow"
        except (urls.BadUrl, Refused, OSError):
            got = "refuse"
        if got != row["expect"]:
            wrong.append((row["url"], got))
    assert wrong == []
