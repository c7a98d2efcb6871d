"""What a page costs on the wire: CPU of our transport beside stock httpx, both above the same job without any network.

    GONGKAI_SHARED=… python tests/bench/transport.py [--rounds 5] [--pages 1000] [--work FOLDER]

The job is that of the shared bench (its README; nginx must be installed): list pages, detail pages, four fields, a durable store. Every
client runs it in a process of its own, all clients in each round, one request at a time on each host. `transport` is what the fetcher
stands on, `client` the same below an httpx.AsyncClient, `fetcher` all of a hop: robots and politeness apart, what the product does.
Prints CPU seconds (user and system, start-up included) per 1,000 detail pages, and the ratio (ours - disk) / (httpx - disk) of each round.
"""

import argparse
import asyncio
import importlib.util
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

CLIENTS = ("disk", "httpx", "transport", "client", "fetcher")
Get = Callable[[str, dict[str, str]], Awaitable[tuple[int, Any, bytes]]]
Close = Callable[[], Awaitable[None]]


@cache
def shared(name: str) -> Any:
    """A module of the shared bench; by its file, because the standard library has a `site` too."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", Path(os.environ["GONGKAI_SHARED"]) / "bench" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------ one client
def disk(site: Path, port: int) -> tuple[Get, Close]:
    """No network: what the rest of the job costs."""

    async def get(url: str, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        await asyncio.sleep(0)
        return 200, {}, (site / "now" / url.removeprefix("http://").replace(f":{port}", "", 1)).read_bytes()

    async def close() -> None:
        pass

    return get, close


def stock() -> tuple[Get, Close]:
    """httpx with its own transport, set up as well as it can be."""
    import httpx

    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=60)
    transport = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), limits=limits, trust_env=False)
    return _client(transport)


def _client(transport: Any) -> tuple[Get, Close]:
    import httpx

    client = httpx.AsyncClient(headers=shared("common").HEADERS, timeout=30, trust_env=False, transport=transport)

    async def get(url: str, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        response = await client.get(url, headers=headers)
        return response.status_code, response.headers, response.content

    return get, client.aclose


def ours(kind: str) -> tuple[Get, Close]:
    """Our transport: alone, below an AsyncClient, or as the fetcher uses it."""
    import httpx

    from crawler.fetcher.decoding import decode
    from crawler.fetcher.fetcher import Fetcher, FetchSettings
    from crawler.model import Kind, Request, Run, RunKind, Task

    common = shared("common")
    fetcher = Fetcher(FetchSettings(common.UA, allow_private=("127.0.0.0/8",)))
    transport, run = fetcher.transport, Run("bench", RunKind.ONCE, 1)
    if kind == "client":
        return _client(transport)

    async def alone(url: str, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        response = await transport.handle_async_request(httpx.Request("GET", url, headers={**common.HEADERS, **headers}))
        body = decode(response.extensions["payload"], response.headers.get("content-encoding"), limit=32 << 20).body
        return response.status_code, response.headers, body

    async def whole(url: str, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        task = Task(url, Request(url), url, "q", Kind.DETAIL, "bench", run)
        exchange = await fetcher.fetch(task, 30)
        assert exchange.page is not None, exchange.detail
        return exchange.page.status, {"content-type": exchange.page.header("content-type") or ""}, exchange.page.body

    return (alone if kind == "transport" else whole), fetcher.aclose


async def job(get: Get, sink: Any, port: int, hosts: int) -> None:
    """Every list page and every detail page of every host."""
    common = shared("common")

    async def host(number: int) -> None:
        start = common.start_url(number, port)
        waiting, seen = [(start, True)], {start}
        while waiting:
            url, listed = waiting.pop()
            status, headers, body = await get(url, sink.conditions(url))
            assert status == 200, (url, status)
            text = common.decode(body, headers.get("content-type", ""))
            if not listed:
                sink.add(
                    url, status, *common.parse_detail_selectolax(text), body, headers.get("etag"), headers.get("last-modified")
                )
                continue
            details, lists = common.parse_list_selectolax(url, text)
            sink.add_list(url, (details, lists), body, headers.get("etag"), headers.get("last-modified"))
            for found, kind in ((lists, True), (details, False)):
                waiting += [(address, kind) for address in found if address not in seen]
                seen.update(found)

    await asyncio.gather(*(host(number) for number in range(1, hosts + 1)))


async def one(client: str, site: Path, port: int, hosts: int, out: Path) -> None:
    """The job with one client."""
    get, close = disk(site, port) if client == "disk" else stock() if client == "httpx" else ours(client)
    sink = shared("common").Sink(str(out))
    await job(get, sink, port, hosts)
    await close()
    sink.close()


# ------------------------------------------------------------------ rounds
def cost(arguments: argparse.Namespace, client: str, site: Path, out: Path) -> float:
    """CPU seconds per 1,000 detail pages of one run whose output is right."""
    command = [
        sys.executable,
        __file__,
        "--client",
        client,
        "--site",
        str(site),
        "--out",
        str(out),
        "--port",
        str(arguments.port),
    ]
    child = subprocess.Popen([*command, "--hosts", str(arguments.hosts)])
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{client} ended with {child.returncode}")
    checked = subprocess.run(
        [sys.executable, shared("site").__file__, "check", "--out", str(site), "--db", str(out / "crawl.db")],
        capture_output=True, text=True,
    )  # fmt: skip
    if checked.returncode:
        raise SystemExit(f"{client}: the output is not right\n{checked.stdout}{checked.stderr}")
    return (used.ru_utime + used.ru_stime) / int(arguments.pages) * 1000


def rounds(arguments: argparse.Namespace, work: Path) -> None:
    """Interleaved rounds and their medians."""
    bench, site = shared("site"), work / "site"
    if not (site / "site.json").exists():
        bench.generate(str(site), arguments.pages, arguments.hosts, 20240601)
    bench.switch(str(site), 1)
    costs: dict[str, list[float]] = {client: [] for client in CLIENTS}
    with bench.Server(str(site), arguments.port):
        for number in range(arguments.rounds):
            for client in CLIENTS:
                with tempfile.TemporaryDirectory(dir=work) as out:
                    costs[client].append(cost(arguments, client, site, Path(out)))
            print(f"round {number + 1}: " + "  ".join(f"{client} {costs[client][-1]:.2f}" for client in CLIENTS), flush=True)
    print(f"\n{'':12} {'CPU-s/1k':>8} {'above disk':>10} {'ratio':>6}  ratios of the rounds")
    for client in CLIENTS:
        ratios = [
            (mine - floor) / (theirs - floor)
            for mine, theirs, floor in zip(costs[client], costs["httpx"], costs["disk"], strict=True)
        ]
        above = statistics.median(mine - floor for mine, floor in zip(costs[client], costs["disk"], strict=True))
        print(
            f"{client:12} {statistics.median(costs[client]):8.2f} {above:10.2f} {statistics.median(ratios):6.2f}  "
            + " ".join(f"{ratio:.2f}" for ratio in ratios)
        )


def main() -> None:
    """Arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--port", type=int, default=18391)
    parser.add_argument("--work", type=Path, help="keeps the generated site; default: a temporary folder")
    parser.add_argument("--client", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--site", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if "GONGKAI_SHARED" not in os.environ:
        parser.error("GONGKAI_SHARED names no folder")
    if arguments.client:
        asyncio.run(one(arguments.client, arguments.site, arguments.port, arguments.hosts, arguments.out))
        return
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
        rounds(arguments, arguments.work)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        Path(folder).chmod(0o755)  # nginx's workers are somebody else where it is started by root
        rounds(arguments, Path(folder))


if __name__ == "__main__":
    main()
