"""What callers may send by mistake or in malice: every answer is a page or a problem that says what is wrong, and the console lives on."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from crawler.config.values import Config
from crawler.console.app import create
from crawler.console.server import opened
from tests.console.talking import form, get, request, said
from tests.tools.answering import answering

SQL = (
    "' OR 1=1 --",
    "'; DROP TABLE documents; --",
    '" UNION SELECT record FROM versions --',
    "title:x') OR ('1'='1",
    "NEAR(a b)",
    "a*",
    "^a",
    "{words}: a",
    "a AND b NOT",
)
WRONG = ('"', '公告 "', "(", ")", "((((公告", "公告)", "OR", "- ", "-", "NOT", "title:", "no:", "published:2019-02-31", "seen:2024-13", "NOT NOT NOT", "(" * 40 + "a" + ")" * 40)  # fmt: skip


@pytest.fixture(scope="module")
def address(told: Config) -> Iterator[tuple[str, int]]:
    """(host, port) of a console that holds few connections, for a short time."""
    asked = replace(told, serve=replace(told.serve, requests_per_minute=0))
    with opened(asked, None) as door, answering(create(door), most=100, idle_s=3) as url:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        yield parts.hostname, parts.port


@pytest.mark.parametrize("surface", ["/api/v1/records", "/search", "/feeds/search.json"])
@pytest.mark.parametrize("query", [*SQL, *WRONG, "\x00", "公\x00告", "\ud7ff\ufffe", "\u202e告公", "a" * 500])
def test_any_query_is_answered_or_said_to_be_wrong(console: Any, surface: str, query: str) -> None:
    with console.client() as client:
        answer = client.get(surface, params={"q": query})
        assert answer.status_code in (200, 422)
        if answer.status_code == 422 and surface != "/search":
            assert answer.headers["content-type"] == "application/problem+json"
            assert len(answer.json()["detail"]) > 10
    with console.client() as client:
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/v1/records?q=" + "a" * 1_000_000, (400, 414)), ("/search?q=" + quote("公" * 300_000), (400, 414)), ("/api/v1/records?limit=1000000000", (422,)),
        ("/api/v1/records?limit=-1", (422,)), ("/api/v1/records?after=99999999999999999999-00000000", (422,)), ("/api/v1/records?after=1000000000-00000000", (422,)),
        ("/api/v1/changes?after=1000000000000000000000", (422,)), ("/api/v1/runs?after=1000000000", (200,)), ("/changes?before=1000000000", (200,)),
        ("/api/v1/records?since=2019-02-31", (422,)), ("/api/v1/records?as_of=2019-02-31", (422,)), ("/api/v1/changes?since=2019-02-31", (422,)),
        ("/search?since=2019-02-31", (422,)), ("/search?as_of=0000", (422,)), ("/d/%2e%2e%2f%2e%2e%2fetc%2fpasswd", (404, 422)), ("/static/x/..%2f..%2fapp.py", (404,)),
        ("/static/x/%2e%2e/%2e%2e/app.py", (404,)), ("/d/abcd/v/99999999999999999999", (404, 422)), ("/d/abcd/diff/1..99999999", (404,)), ("/c/%00", (404, 422)),
        ("/search?lang=%0d%0aSet-Cookie:%20x=1", (200,)), ("/login?onward=%0d%0aSet-Cookie:%20x=1", (200,)),
    ],
)  # fmt: skip
def test_what_an_address_may_say_is_bounded(address: tuple[str, int], target: str, status: tuple[int, ...]) -> None:
    came = get(address, target, "Accept: text/html")
    head = came.partition(b"\r\n\r\n")[0].decode("latin-1")
    assert int(head.split()[1]) in status, head
    assert "set-cookie: x=1" not in head.lower()


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "evil.example:8080", "2130706433", "localhost.evil"],
)
def test_a_name_that_is_led_here_from_elsewhere_is_refused(address: tuple[str, int], host: str) -> None:
    assert get(address, "/api/v1/stats", host=host).startswith((b"HTTP/1.1 421", b"HTTP/1.1 400"))


def test_a_header_cannot_be_put_into_an_answer(console: Any) -> None:
    with console.client() as client:
        for path in (
            "/timegate/http://x.test/%0d%0aSet-Cookie:%20x=1",
            "/timemap/link/http://x.test/%0d%0aX:%201",
            "/s/%0d%0aX:%201",
        ):
            answer = client.get(path)
            assert answer.status_code in (404, 422)
            assert "set-cookie" not in answer.headers
            assert "x" not in answer.headers
        posted = client.post(
            "/operations",
            data={"token": "a-token-that-nobody-guesses", "action": "resume", "source": "lanwan\r\nSet-Cookie: x=1"},
        )
        assert posted.status_code in (404, 422)
        assert "set-cookie" not in posted.headers


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-",
        "bytes=0-0," * 2000 + "1-1",
        "bytes=-99999999999999999999",
        "bytes=5-1",
        "lines=1-2",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(500)),
    ],
)
def test_ranges_of_any_size_give_the_whole_once(console: Any, asked: str) -> None:
    with console.client() as client:
        name = client.get("/api/v1/records", params={"limit": 1}).json()["items"][0]["id"]
        capture = client.get(f"/api/v1/records/{name}").json()["capture"]["id"]
        whole = client.get(f"/api/v1/captures/{capture}/payload").content
        for path in (f"/api/v1/captures/{capture}/payload", "/search", "/api/v1/changes"):
            answer = client.get(path, headers={"Range": asked})
            assert answer.status_code in (200, 416)
        again = client.get(f"/api/v1/captures/{capture}/payload", headers={"Range": asked})
        assert again.content == whole


def test_idle_and_slow_callers_keep_nobody_waiting(address: tuple[str, int]) -> None:
    with ExitStack() as stack:
        for number in range(1000):
            held = stack.enter_context(socket.create_connection(address, timeout=30))
            if number % 3 == 1:
                held.sendall(b"GET /search?q=a HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")  # never ends its head
            if number % 3 == 2:
                held.sendall(b"POST /api/v1/crawl HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")  # nor its body
        for _ in range(5):
            assert get(address, "/healthz").startswith(b"HTTP/1.1 200")
        assert held.recv(1) == b""  # closed by the server, which waited for the rest in vain


def test_a_connection_is_kept_for_the_next_request_and_closed_when_none_comes(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=30) as talk:
        for _ in range(2):
            talk.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert talk.recv(65536).startswith(b"HTTP/1.1 200")
        assert talk.recv(1) == b""


def test_an_upgrade_is_no_way_around_the_guard(address: tuple[str, int]) -> None:
    lines = ["GET /api/v1/stats HTTP/1.1", "Host: evil.example", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]  # fmt: skip
    assert said(address, ("\r\n".join(lines) + "\r\n\r\n").encode()).startswith(b"HTTP/1.1 421")


@pytest.mark.parametrize("path", ["/login", "/operations", "/logout"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"&".join(b"a%d=1" % number for number in range(21)), {400}),
        (b"token=%ff%zz%&onward=%00", {303, 403}),
        (b"token=\xff\xfe\x00", {303, 403}),
        (b"onward=" + b"%2F" * 20_000, {303, 403}),
        (b"\xff" * 60_000, {303, 403}),
        (b"a" * 70_000, {413}),
    ],
)
def test_a_form_that_is_none_of_ours_is_said_to_be_wrong(
    address: tuple[str, int], path: str, body: bytes, status: set[int]
) -> None:
    for chunked in (False, True):
        assert int(form(address, path, body, chunked=chunked).split()[1]) in status


@pytest.mark.parametrize("origin", ["http://[", "http://a:b:c", "null", "", "http://evil.example"])
def test_a_form_from_elsewhere_is_refused_however_its_origin_is_written(address: tuple[str, int], origin: str) -> None:
    assert form(address, "/login", b"token=a", f"Origin: {origin}").startswith(b"HTTP/1.1 403")


def test_a_caller_that_leaves_in_its_body_is_no_fault_of_ours(
    address: tuple[str, int], capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(address, timeout=30) as talk:
        talk.sendall(request("POST", "/login", address, "Content-Length: 100") + b"token=")
        talk.shutdown(socket.SHUT_WR)
        came = b""
        while part := talk.recv(65536):
            came += part
    assert not came.startswith(b"HTTP/1.1 5")
    assert get(address, "/healthz").startswith(b"HTTP/1.1 200")
    said_of_it = capfd.readouterr()
    assert "a request failed" not in said_of_it.out + said_of_it.err


@pytest.mark.parametrize("body", [b"{", b'{"source": "\xff"}', b'{"source": "demo"', b"[" * 40_000])
def test_a_body_that_is_no_json_is_a_bad_request(address: tuple[str, int], body: bytes) -> None:
    came = form(address, "/api/v1/crawl", body, "Authorization: Bearer x", kind="application/json")
    assert came.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in came


@pytest.mark.parametrize("path", ["/search?q={}", "/changes?source={}", "/d/{}", "/s/{}", "/search?q=a&source={}"])
@pytest.mark.parametrize("mark", ["%00", "%01", "%7F", "%C2%85"])
def test_no_page_holds_a_character_that_html_forbids(console: Any, path: str, mark: str) -> None:
    with console.client(headers={"Accept": "text/html"}) as client:
        answer = client.get(path.format(f"a{mark}b"))
    assert answer.status_code < 500
    assert answer.headers["content-type"].startswith("text/html")
    assert not [each for each in answer.text if (each < " " and each not in "\t\n\f\r") or "\x7f" <= each <= "\x9f"]
