"""A raw server: each path answers with a script of bytes and pauses, so that every misbehaviour is possible."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.model import Exchange, Kind, Original, Request, Run, RunKind, Task, Validators

Script = list[bytes | float | str]  # bytes are sent, a number is a pause in seconds, "reset" and "close" end the connection


@dataclass
class Faults:
    """The server's scripts and what it was asked."""

    scripts: dict[str, Script] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head)
                if not await self._play(self.scripts[head.split(b" ")[1].decode()], writer):
                    break
        writer.close()

    async def _play(self, script: Script, writer: asyncio.StreamWriter) -> bool:
        for step in script:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, float):
                await asyncio.sleep(step)
            elif step == "reset":
                writer.transport.abort()
                return False
            else:
                return False
        return True


Fetch = Callable[..., Awaitable[Exchange]]


def task(path: str, **changes: object) -> Task:
    """A task for a path of http://fault.test."""
    url = f"http://fault.test{path}"
    return Task(f"GET {url}", Request(url), url, "fault.test", Kind.DETAIL, "demo", Run("demo", RunKind.ONCE, 1), **changes)  # type: ignore[arg-type] # a test's own


@pytest.fixture
def run_faults() -> Callable[..., object]:
    """run(scripts, body, **settings): serve the scripts while `body(fetch, faults)` runs; what it returns."""

    def run(scripts: dict[str, Script], body: Callable[[Fetch, Faults], Awaitable[object]], **settings: object) -> object:
        async def main() -> object:
            faults = Faults(scripts)
            async with _listening(faults):
                options = {"connect": {"*": f"127.0.0.1:{faults.port}"}, **settings}
                fetcher = Fetcher(FetchSettings("test-agent", **options))  # type: ignore[arg-type] # a test's own keywords

                async def fetch(path: str, deadline: float = 2.0, *, conditional: bool = False) -> Exchange:
                    held = (
                        Validators('"v1"', None, Original("<urn:x>", "http://fault.test/", 1, "sha256:x"))
                        if conditional
                        else None
                    )
                    return await fetcher.fetch(task(path, validators=held), deadline)

                try:
                    return await body(fetch, faults)
                finally:
                    await fetcher.aclose()

        return asyncio.run(main())

    return run


@contextlib.asynccontextmanager
async def _listening(faults: Faults) -> AsyncIterator[None]:
    handlers: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        current = asyncio.current_task()
        assert current is not None
        handlers.add(current)
        await faults.serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    faults.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()
