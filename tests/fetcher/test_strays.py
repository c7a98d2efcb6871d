"""Stray, early and late answers over kept-alive connections: no page ever stands under another's address.

The server has a process of its own. It marks each answer with the path it is for. No client can tell a stray that comes while the next
answer is already awaited; between two requests to one host lies a pause (a second and more, see politeness), and here the time that
the stray needs to arrive.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.model import Outcome
from tests.fetcher.conftest import task

HOSTS = 50
EACH = 200
DEADLINE = 0.25
KINDS = (
    "plain",
    "plain",
    "plain",
    "chunked",
    "stray",
    "stray-chunked",
    "split",
    "after",
    "early",
    "late",
    "crlf",
    "half",
    "closing",
)
AFTERWARDS = frozenset({"split", "after", "early", "half", "closing"})

SERVER = """
import asyncio, sys

def answer(path, chunked=False):
    body = b"<p>" + path + b"</p>"
    if chunked:
        return b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n%x\\r\\n%s\\r\\n0\\r\\n\\r\\n" % (len(body), body)
    return b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body)

async def serve(reader, writer):
    while True:
        try:
            path = (await reader.readuntil(b"\\r\\n\\r\\n")).split(b" ")[1]
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        kind = path.split(b"/")[1].decode()
        stray = answer(b"/stray" + path)
        if kind == "late":
            await asyncio.sleep(0.4)
        writer.write(answer(path, "chunked" in kind) + (stray if kind.startswith("stray") else b"\\r\\n" if kind == "crlf" else b""))
        if kind == "split":          # the stray in pieces: the first with the answer
            writer.write(stray[:20]); await asyncio.sleep(0.002); writer.write(stray[20:])
        elif kind == "after":        # a moment after the answer
            await asyncio.sleep(0.001); writer.write(stray)
        elif kind == "early":        # long after the answer, long before the next request
            await asyncio.sleep(0.008); writer.write(stray)
        elif kind == "half":
            await asyncio.sleep(0.001); writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Le")
        elif kind == "closing":
            break
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


async def arrived(fetcher: Fetcher, host: str) -> None:
    """Wait until what comes behind an answer has come: it ends the host's idle connection."""
    async with asyncio.timeout(20):
        while any(not held.closed for route, free in fetcher.transport._free.items() if route.host == host for held in free):  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.002)


async def crawl(port: int, most: int) -> dict[str, Any]:
    """All exchanges: hosts side by side, one request at a time on each."""
    fetcher = Fetcher(FetchSettings("x", connect={"*": f"127.0.0.1:{port}"}))
    seen: Counter[str] = Counter()
    wrong: list[str] = []

    async def host(number: int) -> None:
        for turn in range(most):
            kind = KINDS[(turn * 7 + number) % len(KINDS)]
            path = f"/{kind}/{number}/{turn}"
            exchange = await fetcher.fetch(task(f"http://h{number}.test{path}"), DEADLINE if kind == "late" else 60.0)
            seen[kind] += 1
            seen["reused"] += bool(exchange.wire and exchange.wire.reused)
            seen["condemned"] += bool(exchange.wire and exchange.wire.condemned)
            seen["timeout"] += exchange.outcome is Outcome.TIMEOUT
            right = exchange.outcome is Outcome.OK and exchange.payload == f"<p>{path}</p>".encode()
            if not right and not (kind == "late" and exchange.outcome is Outcome.TIMEOUT and exchange.page is None):
                wrong.append(f"{path}: {exchange.outcome} {bytes(exchange.payload)!r} {exchange.detail}")
            if kind in AFTERWARDS:
                await arrived(fetcher, f"h{number}.test")

    await asyncio.gather(*(host(number) for number in range(HOSTS)))
    await fetcher.aclose()
    return {"seen": seen, "wrong": wrong}


@pytest.mark.timeout(300)
def test_ten_thousand_exchanges_and_not_one_page_under_another_s_address() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        found = asyncio.run(crawl(json.loads(running.stdout.readline()), EACH))
        running.stdin.close()
    seen = found["seen"]
    assert found["wrong"] == []
    assert sum(seen[kind] for kind in set(KINDS)) == HOSTS * EACH == 10_000
    assert seen["reused"] > 2000  # it is about kept connections
    assert seen["condemned"] > 1500
    assert seen["timeout"] > 500
