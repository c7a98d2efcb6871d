"""Servers for the fetcher's tests: the one of all named faults in a process of its own, and scripts made on the spot."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.model import Exchange, Kind, Original, Request, Run, RunKind, Task, Validators
from tests.fetcher import fault_server
from tests.fetcher.fault_server import Server, Step, Where, listening

Fetch = Callable[..., Awaitable[Exchange]]
Loop = Callable[[], asyncio.AbstractEventLoop]
HELD = Validators('"v1"', None, Original("<urn:x>", "http://fault.test/", 1, "sha256:x"))


def task(url: str, **changes: Any) -> Task:
    """A task for an address, or for a path of http://fault.test."""
    url = url if ":" in url else f"http://fault.test{url}"
    request = Request(url, changes.pop("method", "GET"))
    fixed = {"key": f"GET {url}", "public_url": url, "queue": "q", "kind": Kind.DETAIL, "source": "demo"}
    return Task(request=request, run=Run("demo", RunKind.ONCE, 1), **{**fixed, **changes})


@dataclass(frozen=True)
class Faults:
    """The server of all cases."""

    where: Where
    loop: Loop | None = None  # makes the loop it runs on; None: asyncio's own

    def fetch(self, name: str, deadline: float = 20.0, **settings: Any) -> Exchange:
        """What a fetcher of its own makes of a case."""
        case = fault_server.CASES[name]

        async def main() -> Exchange:
            options = {"connect": self.where.connect, "ca_file": self.where.ca, **settings}
            fetcher = Fetcher(FetchSettings("test-agent", **options))
            try:
                held = HELD if case.conditional else None
                return await fetcher.fetch(task(fault_server.url_of(name), method=case.method, validators=held), deadline)
            finally:
                await fetcher.aclose()

        with asyncio.Runner(loop_factory=self.loop) as runner:
            return runner.run(main())


@pytest.fixture(scope="session")
def faults() -> Iterator[Faults]:
    """Every named fault, served by another process."""
    with fault_server.process() as where:
        yield Faults(where)


@pytest.fixture
def run_faults() -> Callable[..., Any]:
    """run(scripts, body, **settings): serve the scripts (path → steps) while `body(fetch, server)` runs; what it returns."""

    def run(scripts: dict[str, list[Step]], body: Callable[[Fetch, Server], Awaitable[Any]], **settings: Any) -> Any:
        async def main() -> Any:
            server = Server(lambda path: scripts[path])
            async with listening(server.serve) as server.port:
                options = {"connect": {"*": f"127.0.0.1:{server.port}"}, **settings}
                fetcher = Fetcher(FetchSettings("test-agent", **options))

                async def fetch(path: str, deadline: float = 20.0, *, conditional: bool = False) -> Exchange:
                    return await fetcher.fetch(task(path, validators=HELD if conditional else None), deadline)

                try:
                    return await body(fetch, server)
                finally:
                    await fetcher.aclose()

        return asyncio.run(main())

    return run
