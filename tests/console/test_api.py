"""The API: what it answers, what it refuses, and that it says the same as the command."""

import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.config.values import Config, Serve
from crawler.console.app import create
from crawler.console.door import Door
from crawler.console.guard import Rate
from crawler.console.server import check_bind, is_loopback, opened, token_of
from crawler.errors import UsageError
from crawler.record.schema import record_schema
from crawler.text.beijing import day_of, moment
from tests.tools import draft_dashboard
from tests.tools.called import said

TOKEN = {"Authorization": "Bearer a-token-that-nobody-guesses"}


def gongkai(told: Config, *arguments: str) -> list[dict[str, Any]]:
    """The lines of a command's JSON."""
    done = said(["--config", str(told.path), *arguments])
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def edited(api: httpx.Client) -> str:
    """The document that was edited."""
    return str(api.get("/changes", params={"kind": "edit"}).json()["items"][0]["document"])


# ------------------------------------------------------------------ reading
def test_a_record_is_cited_as_the_command_cites_it(api: httpx.Client, told: Config, edited: str) -> None:
    assert api.get(f"/records/{edited}/cite").json() == gongkai(told, "cite", "--json", edited)[0]
    first = api.get(f"/records/{edited}/cite", params={"version": 1}).json()
    assert (first["version"], first["csl"]["id"]) == (1, f"{edited}.1")
    assert api.get(f"/records/{edited}/cite", params={"version": 9}).status_code == 404


def test_search_finds_what_the_command_finds_in_the_same_order(api: httpx.Client, told: Config) -> None:
    for query in ("长兴岛", "公告 OR 通知", "title:公告 -采购", "no:2024"):
        answer = api.get("/records", params={"q": query, "limit": 100}).json()
        assert [item["id"] for item in answer["items"]] == [
            line["id"] for line in gongkai(told, "search", "--json", "--limit", "100", query)
        ]
        assert answer["total"] == len(answer["items"])
        assert answer["exact"]


def test_a_day_means_its_end_for_what_was_known_and_its_beginning_for_what_came_since(
    api: httpx.Client, console: Any, told: Config
) -> None:
    first = int(api.get("/changes", params={"limit": 1}).json()["items"][0]["seq"])
    assert first
    hits = api.get("/records", params={"limit": 200}).json()["items"]
    seen = sorted(moment(hit["first_seen"], 0, end=False) for hit in hits)
    day = day_of(seen[-1])
    for written, found in ((day.isoformat(), len(hits)), ((day_of(seen[0]) - timedelta(1)).isoformat(), 0)):
        lines = gongkai(told, "search", "--json", "--limit", "200", "--until", "9999", "--as-of", written)
        asked = api.get("/records", params={"limit": 200, "until": "9999", "as_of": written}).json()["items"]
        assert [line["id"] for line in lines] == [item["id"] for item in asked]
        assert len(api.get("/records", params={"limit": 200, "as_of": written}).json()["items"]) == found
        with console.client() as client:
            page = client.get("/search", params={"as_of": written, "limit": 200}).text
        assert len(LexborHTMLParser(page).css("ol.hits a.what")) == found
    began = day_of(seen[0]).isoformat()
    ledger = api.get("/changes", params={"since": began, "limit": 200}).json()["items"]
    assert [line["seq"] for line in ledger][:1] == [first]
    told_lines = gongkai(told, "changes", "--json", "--since", began)
    assert sorted(line["seq"] for line in told_lines)[:200] == [line["seq"] for line in ledger]


def test_a_page_of_results_says_how_many_there_are_and_where_to_go_on(api: httpx.Client) -> None:
    first = api.get("/records", params={"limit": 5}).json()
    second = api.get("/records", params={"limit": 5, "after": first["next"]}).json()
    assert len(first["items"]) == len(second["items"]) == 5
    assert first["total"] > 10
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    assert sum(value["count"] for value in first["facets"]["presence"]) == first["total"]
    refused = api.get("/records", params={"q": "别的", "after": first["next"]})
    assert refused.status_code == 422


def test_a_record_is_the_json_of_the_command_and_fits_the_published_schema(api: httpx.Client, told: Config) -> None:
    name = api.get("/records", params={"q": "长兴岛", "limit": 1}).json()["items"][0]["id"]
    record = api.get(f"/records/{name[:6]}").json()
    assert record == gongkai(told, "show", "--json", name)[0]
    published = api.get("/schema/record.json")
    assert published.json() == record_schema()
    jsonschema.validate(record, published.json())


def test_versions_and_their_difference_are_told(api: httpx.Client, edited: str) -> None:
    versions = api.get(f"/records/{edited}/versions").json()
    assert [row["version"] for row in versions["items"]] == [1, 2]
    found = api.get(f"/records/{edited}/diff").json()
    assert (found["from"], found["to"]) == (1, 2)
    assert found["differences"]
    assert api.get(f"/records/{edited}/diff", params={"from": 2, "to": 2}).json()["differences"] == []
    assert api.get(f"/records/{edited}", params={"version": 1}).json()["version"] == 1
    before = api.get(f"/records/{edited}", params={"as_of": "2001-01-01"})
    assert before.status_code == 404
    assert "did not know" in before.json()["detail"]


def test_a_history_has_ledger_looks_and_sightings(api: httpx.Client, edited: str) -> None:
    history = api.get(f"/records/{edited}/history").json()
    assert {line["kind"] for line in history["changes"]} >= {"new", "edit"}
    assert len(history["looks"]) >= 2
    assert history["sightings"][0]["source"]


def test_three_disguises_are_one_work(api: httpx.Client) -> None:
    hits = api.get("/records", params={"q": "长兴岛"}).json()["items"]
    work = api.get(f"/records/{hits[0]['id']}").json()["work"]
    assert len(api.get(f"/works/{work}").json()["items"]) == 3
    assert api.get("/works/nothing").status_code == 404


def test_the_ledger_is_read_on_from_its_cursor_without_gap(api: httpx.Client) -> None:
    whole = [line["seq"] for line in api.get("/changes", params={"limit": 200}).json()["items"]]
    read: list[int] = []
    after = "0"
    while True:
        page = api.get("/changes", params={"after": after, "limit": 7}).json()
        if not page["items"]:
            break
        read += [line["seq"] for line in page["items"]]
        after = page["next"]
    assert read == whole
    assert api.get("/changes", params={"after": after, "wait": 0.1}).json() == {"items": [], "total": None, "next": after}


def test_the_ledger_streams_and_goes_on_behind_the_last_event(console: Any) -> None:
    with console.client() as client, client.stream("GET", "/api/v1/changes/stream", headers={"Last-Event-ID": "2"}) as answer:
        ids = []
        for line in answer.iter_lines():
            if line.startswith("id: "):
                ids.append(int(line[4:]))
            if len(ids) == 3:
                break
    assert ids == [3, 4, 5]


def test_a_capture_is_told_and_its_bytes_are_a_download_that_is_checked(api: httpx.Client, told: Config, edited: str) -> None:
    record = api.get(f"/records/{edited}").json()
    capture = api.get(f"/captures/{record['capture']['id']}").json()
    assert capture["payload_digest"] == record["capture"]["digest"]
    assert edited in capture["documents"]
    for form in ("payload", "response"):
        answer = api.get(f"/captures/{capture['id']}/payload", params={"as": form})
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.content.startswith(b"HTTP/1.1 200")
    assert api.get("/captures/c-zzzzzzzz").status_code == 404
    assert sha256(b"").hexdigest() not in answer.text


def test_sources_runs_health_and_stats_are_there(api: httpx.Client) -> None:
    sources = api.get("/sources").json()["items"]
    assert {row["id"] for row in sources} >= {"lanwan", "qinghe", "songling"}
    one = api.get("/sources/lanwan").json()
    assert one["condition"]["id"] == "lanwan"
    runs = api.get("/runs", params={"limit": 2}).json()
    assert len(runs["items"]) == 2
    assert api.get("/runs", params={"limit": 2, "after": runs["next"]}).json()["items"][0]["id"] < runs["items"][1]["id"]
    health = api.get("/health").json()
    assert health["well"] == all(row["state"] not in ("suspect", "down") for row in health["sources"])
    assert api.get("/stats").json()["documents"] > 20
    assert api.get("/sources/none").status_code == 404


PAGES = ("/", "/search?q=公告", "/changes", "/s", "/s/lanwan", "/about", "/d/{id}", "/d/{id}/cite", "/c/{capture}", "/api/openapi.json", "/api/v1/captures/{capture}/payload", "/timemap/link/{url}")  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_is_as_it_was_is_not_sent_twice(console: Any, edited: str, path: str) -> None:
    with console.client() as client:
        record = client.get(f"/api/v1/records/{edited}").json()
        address = path.format(id=edited, capture=record["capture"]["id"], url=record["url"])
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert "default-src 'none'" in again.headers["content-security-policy"]
        other = client.get(address, headers={"If-None-Match": first.headers["etag"], "Accept-Language": "en"})
        assert other.status_code in (200, 304)
        assert (other.status_code == 304) == (other.headers["etag"] == first.headers["etag"])


def test_the_same_answer_is_not_sent_twice(api: httpx.Client) -> None:
    first = api.get("/stats")
    again = api.get("/stats", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert api.get("/stats", headers={"If-None-Match": '"other"'}).status_code == 200


# ------------------------------------------------------------------ wrong questions
@pytest.mark.parametrize(
    ("params", "at", "said"),
    [
        ({"q": '"公告'}, 0, "never closed"), ({"q": "公告 OR"}, 3, "both sides"), ({"q": "published:2019-02-31"}, 0, "no calendar"),
        ({"q": "a" * 501}, 500, "501 characters"), ({"since": "2019-02-31"}, None, "no calendar"), ({"sort": "best"}, None, "sorted by"),
        ({"limit": "0"}, None, "greater than"), ({"q": "a" * 4001}, None, "at most 4000"), ({"after": "x"}, None, "no cursor"),
        ({"as_of": "gestern"}, None, "no moment"), ({"presence": "away"}, None, "here, missing or gone"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_a_422_that_says_what_is_wrong(
    api: httpx.Client, params: dict[str, str], at: int | None, said: str
) -> None:
    answer = api.get("/records", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert said in problem["detail"]
    assert problem.get("at") == at


@pytest.mark.parametrize(
    "path", ["/records/zzzzzzzz", "/records/a", "/records/..%2f..%2fetc%2fpasswd", "/records/%00", "/nothing", "/captures/x"]
)
def test_what_is_not_there_is_a_404(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


# ------------------------------------------------------------------ who may
def test_every_route_that_changes_something_refuses_without_the_token(console: Any) -> None:
    with console.client() as client:
        paths = client.get("/api/openapi.json").json()["paths"]
        changing = [(path, method) for path, methods in paths.items() for method in methods if method not in ("get", "head")]
        assert len(changing) >= 3
        for path, method in changing:
            for headers, status in (({}, 401), ({"Authorization": "Bearer wrong"}, 403), ({"Authorization": "Basic eDp5"}, 401)):
                answer = client.request(method, path.replace("{name}", "lanwan"), headers=headers, json={"source": "lanwan"})
                assert answer.status_code == status, (path, headers)
                assert answer.headers["content-type"] == "application/problem+json"


def test_pause_and_resume_are_done_once_and_written_down(api: httpx.Client, told: Config) -> None:
    assert api.post("/sources/qinghe/pause", headers=TOKEN, json={"reason": "for a test"}).json() == {"done": True}
    assert api.post("/sources/qinghe/pause", headers=TOKEN).json() == {"done": False}
    assert api.get("/sources/qinghe").json()["paused"]
    assert api.post("/sources/qinghe/resume", headers=TOKEN).json() == {"done": True}
    assert api.post("/sources/none/resume", headers=TOKEN).status_code == 404
    fired = api.post("/crawl", headers=TOKEN, json={"source": "lanwan"})
    assert fired.status_code == 202
    assert api.get("/runs", params={"source": "lanwan"}).json()["items"][0]["id"] == fired.json()["run"]
    assert api.post("/crawl", headers=TOKEN, json={"source": "lanwan", "urls": ["file:///etc/passwd"]}).status_code == 422
    assert api.post("/crawl", headers=TOKEN, json={"source": "lanwan", "more": 1}).status_code == 422


def test_a_closed_archive_is_read_with_the_token_only(
    told: Config, serving: Callable[[Any], contextlib.AbstractContextManager[str]]
) -> None:
    closed = replace(told, serve=Serve(closed=True))
    with opened(closed, "a-token-that-nobody-guesses") as door, serving(create(door)) as url:
        assert httpx.get(f"{url}/api/v1/stats", trust_env=False).status_code == 401
        assert httpx.get(f"{url}/api/v1/stats", headers=TOKEN, trust_env=False).status_code == 200
        assert httpx.get(f"{url}/metrics", trust_env=False).status_code == 401
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200


def test_without_a_token_nothing_can_be_changed(
    told: Config, serving: Callable[[Any], contextlib.AbstractContextManager[str]]
) -> None:
    with opened(told, None) as door, serving(create(door)) as url:
        assert httpx.post(f"{url}/api/v1/sources/lanwan/pause", headers=TOKEN, trust_env=False).status_code == 403


def test_a_public_address_needs_a_token_and_a_token_must_not_be_guessed() -> None:
    check_bind("127.0.0.1", None)
    check_bind("::1", None)
    check_bind("0.0.0.0", "a-token-that-nobody-guesses")
    for host in ("0.0.0.0", "::", "192.0.2.7", "example.org"):
        assert not is_loopback(host)
        with pytest.raises(UsageError, match="no token"):
            check_bind(host, None)
    assert token_of("") is None
    for weak in ("short", "with blanks in the middle of it"):
        with pytest.raises(UsageError, match="too short or has blanks"):
            token_of(weak)


# ------------------------------------------------------------------ the guard
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "evil.example:80"])
def test_another_host_name_is_refused(console: Any, host: str) -> None:
    with console.client() as client:
        answer = client.get("/api/v1/stats", headers={"Host": host})
        assert answer.status_code in (400, 421)


def test_what_is_too_long_is_refused(console: Any) -> None:
    with console.client() as client:
        assert client.get("/api/v1/records", params={"q": "a" * 20_000}).status_code == 414
        assert client.post("/api/v1/crawl", content=b"x" * 100_000, headers=TOKEN).status_code == 413
        endless = client.post("/api/v1/crawl", content=(b"x" * 10_000 for _ in range(20)), headers=TOKEN)
        assert endless.status_code == 413


def test_a_caller_that_asks_too_often_waits() -> None:
    now = [0.0]
    rate = Rate(60, clock=lambda: now[0])
    assert [rate.wait("a") for _ in range(15)] == [0] * 15
    assert rate.wait("a") == pytest.approx(1)
    assert rate.wait("b") == 0
    now[0] += 1
    assert rate.wait("a") == 0
    assert Rate(0).wait("a") == 0


def test_every_answer_has_the_headers_that_keep_pages_apart(console: Any) -> None:
    with console.client() as client:
        for path in ("/api/v1/stats", "/nothing", "/metrics"):
            headers = client.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in headers


# ------------------------------------------------------------------ machines
def test_metrics_are_in_prometheus_form(console: Any) -> None:
    with console.client() as client:
        text = client.get("/metrics").text
    assert 'gongkai_archive{of="documents"}' in text
    for line in text.splitlines():
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2


def test_the_dashboard_shows_metrics_that_are_there_and_all_of_them(console: Any) -> None:
    with console.client() as client:
        told_names = set(re.findall(r"^# TYPE (\w+) gauge$", client.get("/metrics").text, re.MULTILINE))
    file = json.loads(draft_dashboard.FILE.read_text("utf-8"))
    assert file == draft_dashboard.dashboard()
    shown = [name for one in file["panels"] for target in one["targets"] for name in re.findall(r"gongkai_\w+", target["expr"])]
    assert set(shown) == told_names


def test_ready_says_no_when_the_database_cannot_be_asked(
    told: Config, tmp_path: Path, serving: Callable[[Any], contextlib.AbstractContextManager[str]]
) -> None:
    from crawler.repository.database import Database

    lost = Database(f"sqlite:///{tmp_path / 'none.db'}")
    with serving(create(Door(told, lost))) as url:
        answer = httpx.get(f"{url}/readyz", trust_env=False)
        assert answer.status_code == 503
        assert "there is no database" in answer.json()["detail"]
        assert httpx.get(f"{url}/api/v1/stats", trust_env=False).status_code == 503


def test_memento_clients_find_what_there_is(console: Any, edited: str) -> None:
    with console.client() as client:
        url = client.get(f"/api/v1/records/{edited}").json()["url"]
        found = client.get(f"/timemap/link/{url}")
        assert found.headers["content-type"].startswith("application/link-format")
        assert f'<{url}>; rel="original"' in found.text
        assert found.text.count("memento") >= 2
        newest = client.get(f"/timegate/{url}")
        oldest = client.get(f"/timegate/{url}", headers={"Accept-Datetime": "Sun, 06 Nov 1994 08:49:37 GMT"})
        assert newest.status_code == oldest.status_code == 302
        assert newest.headers["location"] != oldest.headers["location"]
        assert newest.headers["vary"] == "accept-datetime"
        assert client.get(f"/timegate/{url}", headers={"Accept-Datetime": "x"}).status_code == 400
        shown = client.get(oldest.headers["location"])
        assert shown.headers["memento-datetime"].endswith("GMT")
        for answer in (oldest, shown):
            assert f'<{url}>; rel="original"' in answer.headers["link"]
            assert 'rel="timegate"' in answer.headers["link"]
        assert client.get("/timegate/http://nowhere.example/").status_code == 404


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_console_ended_by_a_signal_exits_with_zero(told: Config, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "crawler.cli", "--config", str(told.path), "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("http://127.0.0.1:")
        process.send_signal(number)  # at once: it may not listen to signals itself yet
        assert (process.wait(60), process.stderr.read()) == (0, "")
