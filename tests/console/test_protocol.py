"""What HTTP itself promises (RFC 9110, 9112): methods, forms of a target, validators, statuses that say what is the matter."""

import json
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from crawler.config.values import Config
from crawler.console.api.changes import MOST_STREAMS
from crawler.console.app import create
from crawler.console.server import opened
from crawler.model import ChangeKind
from crawler.repository.changes import NewChange, append
from crawler.repository.database import Database
from crawler.repository.migrations import upgrade
from tests.console.talking import get, request, said
from tests.repository.conftest import Library

PATHS = ("/", "/search?q=公告", "/changes", "/healthz", "/metrics", "/d/{id}", "/d/{id}/v/9", "/d/{id}/cite?as=csl", "/c/{capture}/page", "/feeds/changes.atom", "/timegate/{url}", "/timemap/link/{url}", "/api/openapi.json", "/api/v1/records", "/api/v1/records/{id}", "/api/v1/captures/{capture}/payload", "/api/v1/nothing", "/logout")  # fmt: skip


@pytest.fixture(scope="module")
def known(console: Any) -> dict[str, str]:
    """What addresses are made of."""
    with console.client() as client:
        record = client.get(f"/api/v1/records/{client.get('/api/v1/changes?kind=edit').json()['items'][0]['document']}").json()
    return {"id": record["id"], "url": record["url"], "capture": record["capture"]["id"]}


@pytest.fixture
def address(console: Any) -> tuple[str, int]:
    parts = urlsplit(console.url)
    return str(parts.hostname), int(parts.port or 0)


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered_like_get_without_the_body(console: Any, known: dict[str, str], path: str) -> None:
    with console.client() as client:
        whole, head = (client.request(method, path.format(**known)) for method in ("GET", "HEAD"))
        again = client.head(path.format(**known), headers={"If-None-Match": whole.headers.get("etag", '"none"')})
    assert head.status_code == whole.status_code
    assert head.content == b""
    same = [{name: value for name, value in answer.headers.items() if name != "date"} for answer in (whole, head)]
    assert same[0].keys() == same[1].keys()
    if path != "/metrics":  # figures of the moment
        assert same[0]["content-length"] == same[1]["content-length"]
    assert again.status_code == (304 if "etag" in whole.headers else whole.status_code)


def test_head_of_a_stream_ends(address: tuple[str, int]) -> None:
    came = said(address, request("HEAD", "/api/v1/changes/stream", address), wait=5)
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"text/event-stream" in head
    assert body == b""


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/", {"GET", "HEAD"}),
        ("PUT", "/login", {"GET", "HEAD", "POST"}),
        ("OPTIONS", "/operations", {"GET", "HEAD", "POST"}),
        ("GET", "/logout", {"POST"}),
        ("HEAD", "/api/v1/crawl", {"POST"}),
        ("POST", "/api/v1/records", {"GET", "HEAD"}),
    ],
)
@pytest.mark.parametrize("accepted", ["text/html", "*/*"])
def test_a_refused_method_is_told_which_ones_there_are(
    console: Any, method: str, path: str, allowed: set[str], accepted: str
) -> None:
    with console.client() as client:
        answer = client.request(method, path, headers={"Accept": accepted})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://{here}/healthz", None, 200),
        ("HTTP://{here}/healthz", "evil.example", 200),
        ("http://{here}", None, 200),
        ("http://{here}?q=a", None, 200),
        ("https://localhost/api/v1/stats", None, 200),
        ("http://evil.example/healthz", None, 421),
        ("http://evil.example/healthz", "127.0.0.1", 421),
        ("http://127.0.0.1@evil.example/healthz", None, 421),
        ("http://evil@127.0.0.1/healthz", None, 421),
        ("http:///healthz", None, 421),
    ],
)
def test_a_target_in_absolute_form_is_answered_and_its_authority_is_the_host(
    address: tuple[str, int], target: str, host: str | None, status: int
) -> None:
    came = get(address, target.format(here=f"{address[0]}:{address[1]}"), host=host)
    assert int(came.split()[1]) == status


def test_addresses_of_an_answer_are_made_of_the_authority_that_was_asked(address: tuple[str, int], known: dict[str, str]) -> None:
    came = get(address, f"http://localhost:99/timegate/{known['url']}", host="evil.example")
    assert b"location: http://localhost:99/c/" in came


def test_bytes_that_the_caller_has_are_not_sent_again(console: Any) -> None:
    with console.client() as client:
        name = client.get("/api/v1/changes?kind=attachment").json()["items"][0]["document"]
        path = f"/api/v1/records/{name}/attachments/1/payload"
        whole = client.get(path)
        again = client.get(path, headers={"If-None-Match": whole.headers["etag"]})
        other = client.get(path, headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", whole.headers["etag"])
    assert other.content == whole.content


def test_a_date_that_is_none_is_a_bad_request(console: Any, known: dict[str, str]) -> None:
    with console.client() as client:
        for written in ("yesterday", "1", "Sun, 99 Nov 1994 99:99:99 GMT", "Sun, 06 Nov 1994 08:49:37 +99999999999"):
            assert client.get(f"/timegate/{known['url']}", headers={"Accept-Datetime": written}).status_code == 400


@pytest.mark.parametrize("path", ["/d/{id}/v/0", "/d/{id}.0", "/d/{id}.0/cite", "/api/v1/records/{id}.0", "/api/v1/records/{id}.0/cite", "/api/v1/records/{id}.0/attachments"])  # fmt: skip
def test_there_is_no_version_before_the_first(console: Any, known: dict[str, str], path: str) -> None:
    with console.client() as client:
        answer = client.get(path.format(**known))
    assert answer.status_code == 404
    assert "has no version 0" in answer.json()["detail"]


def test_one_stream_too_many_is_told_to_come_back(told: Config, serving: Callable[[Any], AbstractContextManager[str]]) -> None:
    unlimited = replace(told, serve=replace(told.serve, requests_per_minute=0))
    with opened(unlimited, None) as door, serving(create(door)) as url, ExitStack() as stack:
        parts = urlsplit(url)
        here = str(parts.hostname), int(parts.port or 0)
        for _ in range(MOST_STREAMS):
            held = stack.enter_context(socket.create_connection(here, timeout=30))
            held.sendall(request("GET", "/api/v1/changes/stream", here))
            came = b""
            while b"retry: 5000" not in came:
                came += held.recv(65536)
        came = get(here, "/api/v1/changes/stream")
    assert came.startswith(b"HTTP/1.1 503")
    assert b"retry-after: " in came


def test_who_waits_for_a_change_waits_as_long_as_was_asked_however_many_wait(address: tuple[str, int]) -> None:
    wait, began = 5, time.monotonic()
    with ExitStack() as stack:
        waiting = [stack.enter_context(socket.create_connection(address, timeout=60)) for _ in range(200)]
        for one in waiting:
            one.sendall(request("GET", f"/api/v1/changes?after={2**60}&wait={wait}", address))
        for one in waiting:
            assert one.recv(65536).startswith(b"HTTP/1.1 200")
            assert time.monotonic() - began >= wait
    assert time.monotonic() - began < 2 * wait


def test_who_waits_is_told_as_soon_as_there_is_something(told: Config, tmp_path: Any, serving: Any) -> None:
    url = f"sqlite:///{tmp_path / 'gongkai.db'}"
    database = Database(url)
    upgrade(database)
    with database.write() as c:
        Library(c).source("s")
    config = replace(told, storage=replace(told.storage, database=url))
    with opened(config, None) as door, serving(create(door)) as base, ExitStack() as stack:
        parts = urlsplit(base)
        here = str(parts.hostname), int(parts.port or 0)
        waiting, streaming = (stack.enter_context(socket.create_connection(here, timeout=20)) for _ in range(2))
        streaming.sendall(request("GET", "/api/v1/changes/stream", here))
        waiting.sendall(request("GET", "/api/v1/changes?wait=20", here))
        came = b""
        while b"retry: 5000" not in came:
            came += streaming.recv(65536)
        for number in (1, 2):
            with database.write() as c:
                append(c, [NewChange(ChangeKind.HEALTH, number, "s", detail={"after": "down", "reasons": []})])
            while f"id: {number}\n".encode() not in came:
                came += streaming.recv(65536)
        said_to_it = b""
        while part := waiting.recv(65536):
            said_to_it += part
    database.close()
    assert json.loads(said_to_it.partition(b"\r\n\r\n")[2])["items"][0]["seq"] == 1
