"""One hop against a server that misbehaves: the outcome says what happened, the bytes are what was sent, and it ends in time."""

import gzip
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import brotli
import pytest
import zstandard

from crawler.fetcher.fetcher import user_agent
from crawler.model import Exchange, Octets, Outcome

Run = Callable[..., Any]
Fetch = Callable[..., Awaitable[Exchange]]
HTML = b"<p>body</p>"


def ok(body: bytes = HTML, *headers: bytes) -> bytes:
    """A good answer."""
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Type: text/html", *headers, b"Content-Length: %d" % len(body), b"", body])


def one(run: Run, script: list[Any], *, deadline: float = 2.0, conditional: bool = False, **settings: Any) -> Exchange:
    """The exchange that a single script gives."""

    async def body(fetch: Fetch, _: Any) -> Exchange:
        return await fetch("/x", deadline, conditional=conditional)

    exchange = run({"/x": script}, body, **settings)
    assert isinstance(exchange, Exchange)
    return exchange


CASES: dict[str, tuple[list[Any], Outcome]] = {
    "a good answer": ([ok()], Outcome.OK),
    "a good answer byte by byte": ([bytes([byte]) for byte in ok()], Outcome.OK),
    "chunked with extension and trailer": (
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1\r\n<p>bo\r\n6\r\ndy</p>\r\n0\r\nX-T: 1\r\n\r\n"],
        Outcome.OK,
    ),
    "bare line feeds": ([b"HTTP/1.1 200 OK\nContent-Length: 11\n\n" + HTML], Outcome.OK),
    "no length, closed": ([b"HTTP/1.1 200 OK\r\n\r\n" + HTML, "close"], Outcome.OK),
    "an interim answer first": ([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", ok()], Outcome.OK),
    "a reason beyond ASCII": ([ok().replace(b"OK", "好".encode("gbk"), 1)], Outcome.OK),
    "a length that is too long, closed": ([ok().replace(b"11", b"99"), "close"], Outcome.TRUNCATED),
    "chunks cut off": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<p", "close"], Outcome.TRUNCATED),
    "headers cut off": ([b"HTTP/1.1 200 OK\r\nContent-", "close"], Outcome.TRUNCATED),
    "closed at once": (["close"], Outcome.NETWORK_ERROR),
    "reset at once": (["reset"], Outcome.NETWORK_ERROR),
    "reset in the body": ([ok().replace(b"11", b"99"), 0.05, "reset"], Outcome.TRUNCATED),
    "no HTTP at all": ([b"SSH-2.0-OpenSSH_9\r\n"], Outcome.PROTOCOL_ERROR),
    "a negative length": ([b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"], Outcome.PROTOCOL_ERROR),
    "two lengths": ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 11\r\n\r\n" + HTML], Outcome.PROTOCOL_ERROR),
    "a broken chunk size": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], Outcome.PROTOCOL_ERROR),
    "an unasked upgrade": ([b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"], Outcome.PROTOCOL_ERROR),
    "a 304 nobody asked for": ([b"HTTP/1.1 304 Not Modified\r\n\r\n"], Outcome.PROTOCOL_ERROR),
    "a redirect": ([b"HTTP/1.1 302 Found\r\nLocation: ../y?a=1\r\nContent-Length: 0\r\n\r\n"], Outcome.REDIRECTED),
    "a redirect to a script": (
        [b"HTTP/1.1 302 Found\r\nLocation: javascript:1\r\nContent-Length: 0\r\n\r\n"],
        Outcome.PROTOCOL_ERROR,
    ),
    "not found": ([ok().replace(b"200 OK", b"404 Not Found", 1)], Outcome.NOT_FOUND),
    "gone": ([ok().replace(b"200 OK", b"410 Gone", 1)], Outcome.GONE),
    "forbidden": ([ok().replace(b"200 OK", b"403 Forbidden", 1)], Outcome.FORBIDDEN),
    "a wall's 412": ([ok().replace(b"200 OK", b"412 Precondition", 1)], Outcome.BLOCKED),
    "a wall's 521": ([ok().replace(b"200 OK", b"521 x", 1)], Outcome.BLOCKED),
    "busy": ([ok(HTML, b"Retry-After: 120").replace(b"200 OK", b"503 Busy", 1)], Outcome.BUSY),
    "a server error": ([ok().replace(b"200 OK", b"502 Bad", 1)], Outcome.SERVER_ERROR),
    "a slow drip of the body": ([ok().replace(b"11", b"9999"), *[b"x", 0.1] * 40], Outcome.TIMEOUT),
    "a slow drip of the head": ([b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n", 0.1] * 40], Outcome.TIMEOUT),
    "silence": ([30.0], Outcome.TIMEOUT),
    "endless headers": ([b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 8000 + b"\r\n"] * 20], Outcome.TOO_LARGE),
    "a body over the limit": ([b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * 40], Outcome.TOO_LARGE),
    "a length over the limit": ([b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"], Outcome.TOO_LARGE),
    "a gzip bomb": ([ok(gzip.compress(b"\0" * (32 << 20)), b"Content-Encoding: gzip")], Outcome.TOO_LARGE),
    "a brotli bomb": ([ok(brotli.compress(b"\0" * (32 << 20)), b"Content-Encoding: br")], Outcome.TOO_LARGE),
    "a zstd bomb": ([ok(zstandard.compress(b"\0" * (32 << 20)), b"Content-Encoding: zstd")], Outcome.TOO_LARGE),
    "a gzip stream cut off": ([ok(gzip.compress(HTML * 99)[:-9], b"Content-Encoding: gzip")], Outcome.TRUNCATED),
}


@pytest.mark.parametrize("case", CASES)
def test_the_outcome_says_what_happened_and_it_ends_in_time(run_faults: Run, case: str) -> None:
    script, wanted = CASES[case]
    began = time.monotonic()
    exchange = one(run_faults, script, deadline=1.0, max_body=1 << 20)
    assert (exchange.outcome, time.monotonic() - began < 3) == (wanted, True), exchange.detail


@pytest.mark.parametrize("case", [name for name, (_, outcome) in CASES.items() if outcome is Outcome.OK])
def test_the_body_is_read_and_the_bytes_are_exactly_what_was_sent(run_faults: Run, case: str) -> None:
    script, _ = CASES[case]
    exchange = one(run_faults, script)
    assert exchange.page is not None
    assert exchange.wire is not None
    assert exchange.page.body == exchange.payload == HTML
    sent = b"".join(step for step in script if isinstance(step, bytes))
    assert exchange.wire.response == sent[sent.rindex(b"HTTP/1.1") :]


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        (b"gzip", gzip.compress(HTML)),
        (b"gzip", gzip.compress(HTML[:4]) + gzip.compress(HTML[4:])),
        (b"deflate", zlib.compress(HTML)),
        (b"deflate", zlib.compress(HTML)[2:-4]),
        (b"br", brotli.compress(HTML)),
        (b"zstd", zstandard.compress(HTML)),
        (b"gzip, br", brotli.compress(gzip.compress(HTML))),
        (b"gzip", HTML),
    ],
    ids=["gzip", "two members", "zlib", "raw deflate", "br", "zstd", "two layers", "a wrong label"],
)
def test_content_codings_are_undone_and_the_payload_kept_as_sent(run_faults: Run, coding: bytes, coded: bytes) -> None:
    exchange = one(run_faults, [ok(coded, b"Content-Encoding: " + coding)])
    assert exchange.page is not None
    assert (exchange.outcome, exchange.page.body, exchange.payload) == (Outcome.OK, HTML, coded)


def test_a_connection_is_kept_and_a_stray_answer_condemns_it(run_faults: Run) -> None:
    scripts = {"/a": [ok(b"a")], "/b": [ok(b"b") + ok(b"stray")], "/c": [ok(b"c")]}

    async def body(fetch: Fetch, faults: Any) -> list[tuple[Octets, bool]]:
        found = []
        for path in ("/a", "/a", "/b", "/c", "/a"):
            exchange = await fetch(path)
            found.append((exchange.payload, exchange.wire.reused if exchange.wire else False))
        assert faults.connections == 2
        return found

    assert run_faults(scripts, body) == [(b"a", False), (b"a", True), (b"b", True), (b"c", False), (b"a", True)]


def test_an_answer_that_came_early_is_nobodys_answer(run_faults: Run) -> None:
    scripts = {"/a": [ok(b"a"), 0.05, ok(b"early")], "/b": [ok(b"b")]}

    async def body(fetch: Fetch, _: Any) -> list[Octets]:
        import asyncio

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


def test_retry_after_and_location_are_absolute(run_faults: Run) -> None:
    busy = one(run_faults, CASES["busy"][0])
    assert busy.retry_after is not None
    assert 119_000 <= busy.retry_after - busy.at <= 125_000
    assert one(run_faults, CASES["a redirect"][0]).location == "http://fault.test/y?a=1"


def test_what_had_come_before_a_cut_is_kept(run_faults: Run) -> None:
    exchange = one(run_faults, CASES["a length that is too long, closed"][0])
    assert exchange.wire is not None
    assert (exchange.wire.whole, exchange.payload, exchange.status) == (False, HTML, 200)


def test_an_honest_user_agent_names_program_contact_and_operator() -> None:
    assert user_agent("测试 Archive", "mailto:a@b.org", "1.0") == "gongkai/1.0 (+mailto:a@b.org; %E6%B5%8B%E8%AF%95 Archive)"
    with pytest.raises(ValueError, match=r"operator\.contact"):
        user_agent("x", "a\r\nX: y", "1.0")
