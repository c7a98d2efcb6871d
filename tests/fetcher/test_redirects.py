"""Redirects, cookies and walls through the whole fetcher, over loopback."""

from collections.abc import Callable
from typing import Any

import pytest

from crawler.model import Exchange, Outcome

HOST = "http://fault.test"


def answer(head: bytes, body: bytes = b"") -> list[bytes | float | str]:
    """A script that sends one answer."""
    return [b"HTTP/1.1 " + head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_location_goes_back_as_the_bytes_it_came_in(run_faults: Callable[..., Any], encoding: str) -> None:
    raw = "/公告.asp?栏目=财政".encode(encoding)
    escaped = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)

    async def body(fetch: Any, faults: Any) -> Exchange:
        first: Exchange = await fetch("/1")
        assert first.location is not None
        await fetch(first.location.removeprefix(HOST))
        assert faults.asked[-1].startswith(f"GET {escaped} HTTP/1.1".encode())
        return first

    first = run_faults({"/1": answer(b"302 Found\r\nLocation: " + raw), escaped: answer(b"200 OK")}, body)
    assert (first.outcome, first.location) == (Outcome.REDIRECTED, HOST + escaped)


def test_a_cookie_goes_back_and_only_its_name_is_seen_outside(run_faults: Callable[..., Any]) -> None:
    async def body(fetch: Any, faults: Any) -> Exchange:
        await fetch("/1")
        exchange: Exchange = await fetch("/2")
        assert b"\r\nCookie: JSESSIONID=0A1B; b=2\r\n" in faults.asked[-1]
        return exchange

    exchange = run_faults(
        {"/1": answer(b"200 OK\r\nSet-Cookie: JSESSIONID=0A1B\r\nSet-Cookie: b=2"), "/2": answer(b"200 OK")}, body
    )
    assert "0A1B" not in repr(exchange.task)


@pytest.mark.parametrize(
    ("head", "body", "outcome"),
    [
        (b"405 Method Not Allowed", b"<script src=//errors.aliyun.com/e.js></script>", Outcome.BLOCKED),
        (b"403 Forbidden", b"<h1>Forbidden</h1>", Outcome.FORBIDDEN),
        (b"200 OK", b"<script>$_ts=window['$_ts'];</script>", Outcome.OK),
    ],
)
def test_a_wall_is_blocked_and_told_with_its_mark(
    run_faults: Callable[..., Any], head: bytes, body: bytes, outcome: Outcome
) -> None:
    async def look(fetch: Any, faults: Any) -> Exchange:
        exchange: Exchange = await fetch("/1")
        return exchange

    exchange = run_faults({"/1": answer(head, body)}, look)
    assert exchange.outcome is outcome
    assert ("wall" in exchange.detail) is (outcome is Outcome.BLOCKED)
