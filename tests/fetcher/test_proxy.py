"""A source may be reached by a proxy: its address is then guarded, an address in the target's place all the same, and TLS is end to end."""

import asyncio
import contextlib
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crawler.archive.writer import Archive
from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.model import Exchange, Outcome, Route
from tests.fetcher.conftest import Faults, task
from tests.fetcher.fault_server import HTML, answer, listening


class Proxy:
    """Answers what it is asked in the clear, and opens tunnels to `targets` (host:port → port on loopback)."""

    def __init__(self, targets: dict[str, int], refusal: bytes = b"") -> None:
        self.targets, self.refusal = targets, refusal
        self.asked: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head)
                method, target, _ = head.split(b" ", 2)
                if self.refusal:
                    writer.write(self.refusal)
                elif method == b"CONNECT":
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    await self._tunnel(reader, writer, self.targets[target.decode()])
                    break
                else:
                    writer.write(answer())
        writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        try:
            await asyncio.gather(pump(reader, back), pump(there, writer))
        finally:
            back.close()


def by(proxy: Proxy, urls: list[str], check: Callable[[list[Exchange]], None], **settings: Any) -> None:
    """Fetch addresses by a proxy on loopback."""

    async def main() -> list[Exchange]:
        async with listening(proxy.serve) as port:
            options = {"connect": {"proxy.example": f"127.0.0.1:{port}"}, **settings}
            fetcher = Fetcher(FetchSettings("x", routes={"demo": Route(proxy="http://proxy.example:3128")}, **options))
            try:
                return [await fetcher.fetch(task(url), 20) for url in urls]
            finally:
                await fetcher.aclose()

    check(asyncio.run(main()))


def test_http_is_asked_of_the_proxy_with_the_whole_address_and_the_archive_names_no_server(tmp_path: Path) -> None:
    proxy = Proxy({})

    def check(exchanges: list[Exchange]) -> None:
        first, second = exchanges
        assert (first.outcome, second.outcome, bytes(first.payload)) == (Outcome.OK, Outcome.OK, HTML)
        assert proxy.asked[0].startswith(b"GET http://www.example.cn/a?b=1 HTTP/1.1\r\nHost: www.example.cn\r\n")
        assert proxy.asked[1].startswith(b"GET http://www.example.cn:8080/ HTTP/1.1\r\n")
        assert first.reach is not None
        assert (first.reach.host, first.reach.port, first.reach.proxy) == ("proxy.example", 3128, "http://proxy.example:3128")
        archive = Archive(tmp_path, owner="test", info={})
        archive.append(first)
        archive.close()

    by(proxy, ["http://www.example.cn/a?b=1", "http://www.example.cn:8080/"], check)
    whole = gzip.decompress(next(tmp_path.glob("*.gz")).read_bytes())
    assert b"WARC-Type: response" in whole
    assert b"WARC-IP-Address" not in whole


def test_https_goes_through_a_tunnel_and_is_verified_end_to_end(faults: Faults) -> None:
    port = int(faults.where.connect["good.test"].partition(":")[2])
    proxy = Proxy({"good.test:443": port, "wrong-name.test:443": int(faults.where.connect["wrong-name.test"].partition(":")[2])})

    def check(exchanges: list[Exchange]) -> None:
        good, again, wrong = exchanges
        assert (good.outcome, again.outcome, wrong.outcome) == (Outcome.OK, Outcome.OK, Outcome.TLS_ERROR)
        assert good.wire is not None
        assert again.wire is not None
        assert (good.wire.reused, again.wire.reused) == (False, True)
        assert good.wire.request.startswith(b"GET /healthy HTTP/1.1\r\n")
        assert proxy.asked[0] == b"CONNECT good.test:443 HTTP/1.1\r\nHost: good.test:443\r\n\r\n"
        assert len(proxy.asked) == 2

    by(
        proxy,
        ["https://good.test/healthy", "https://good.test/healthy", "https://wrong-name.test/"],
        check,
        ca_file=Path(faults.where.ca),
    )


def test_a_proxy_that_refuses_is_a_network_error_that_names_it() -> None:
    proxy = Proxy({}, refusal=answer(status=b"407 Proxy Authentication Required"))

    def check(exchanges: list[Exchange]) -> None:
        assert exchanges[0].outcome is Outcome.NETWORK_ERROR
        assert exchanges[0].detail == "the proxy http://proxy.example:3128 answered 407 to CONNECT"

    by(proxy, ["https://www.example.cn/"], check)


def test_the_proxy_itself_must_be_public_and_so_must_an_address_it_is_asked_for() -> None:
    proxy = Proxy({})

    def refused(exchanges: list[Exchange]) -> None:
        assert [exchange.outcome for exchange in exchanges] == [Outcome.REFUSED] * len(exchanges)
        assert proxy.asked == []

    inner = ["http://169.254.169.254/latest/", "http://127.0.0.1/", "https://[::1]/", "http://localhost/", "http://x.localhost./"]
    by(proxy, inner, refused)

    async def private(host: str, port: int) -> list[str]:
        assert (host, port) == ("proxy.example", 3128)
        return ["10.0.0.7"]

    async def main() -> Exchange:
        settings = FetchSettings("x", routes={"demo": Route(proxy="http://proxy.example:3128")})
        return await Fetcher(settings, resolver=private).fetch(task("http://www.example.cn/"), 20)

    exchange = asyncio.run(main())
    assert exchange.outcome is Outcome.REFUSED
    assert exchange.detail == "proxy.example is not public: 10.0.0.7 is in 10.0.0.0/8 (private use)"
