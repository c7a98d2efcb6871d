"""A closed archive in a browser: the token is typed once and becomes a cookie that reads, and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.config.values import Config, Serve
from crawler.console import session
from crawler.console.app import create
from crawler.console.pages.login import local
from crawler.console.server import opened
from tests.console.walking import chromium, walking

TOKEN = "a-token-that-nobody-guesses"
HOUR = 3_600_000


@pytest.fixture(scope="module")
def closed(told: Config) -> Iterator[str]:
    """The address of a closed console."""
    from tests.tools.answering import answering

    with opened(replace(told, serve=Serve(closed=True)), TOKEN) as door, answering(create(door)) as url:
        yield url


@pytest.fixture
def browser(closed: str) -> Iterator[httpx.Client]:
    """A client that asks as a browser does."""
    with httpx.Client(base_url=closed, timeout=60, trust_env=False, headers={"Accept": "text/html"}) as client:
        yield client


def test_a_page_of_a_closed_archive_is_the_form_and_leads_on_to_what_was_asked(browser: httpx.Client) -> None:
    asked = browser.get("/search?q=公告")
    assert asked.status_code == 401
    tree = LexborHTMLParser(asked.text)
    (onward,) = [str(node.attributes["value"]) for node in tree.css("input[name=onward]")]
    assert onward.startswith("/search?q=")
    assert tree.css("input[type=password][name=token]")
    wrong = browser.post("/login", data={"token": "not-the-token-at-all", "onward": onward})
    assert wrong.status_code == 403
    assert "set-cookie" not in wrong.headers
    came = browser.post("/login", data={"token": TOKEN, "onward": onward})
    assert (came.status_code, came.headers["location"]) == (303, onward)
    cookie = came.headers["set-cookie"]
    assert TOKEN not in cookie
    assert re.search(r"; HttpOnly\b", cookie)
    assert re.search(r"; SameSite=strict\b", cookie, re.IGNORECASE)
    assert browser.get(onward).status_code == 200
    assert browser.get("/api/v1/stats").status_code == 200
    left = browser.post("/logout")
    assert left.status_code == 303
    assert browser.get(onward).status_code == 401


def test_a_session_reads_and_changes_nothing(browser: httpx.Client) -> None:
    browser.post("/login", data={"token": TOKEN})
    assert browser.get("/operations").status_code == 200
    for path in ("/api/v1/sources/lanwan/pause", "/api/v1/sources/lanwan/resume", "/api/v1/crawl"):
        assert browser.post(path, json={"source": "lanwan"}).status_code == 401
    assert browser.post("/operations", data={"action": "pause", "source": "lanwan"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://127.0.0.1.evil.example"},
    ],
)  # fmt: skip
def test_another_sites_form_neither_begins_nor_ends_a_session(browser: httpx.Client, headers: dict[str, str]) -> None:
    for path in ("/login", "/logout"):
        answer = browser.post(path, data={"token": TOKEN}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_programs_get_a_problem_and_no_form(closed: str) -> None:
    answer = httpx.get(f"{closed}/api/v1/stats", trust_env=False, timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_open_archive_needs_no_session(console: Any) -> None:
    with console.client() as client:
        page = client.get("/login")
    assert page.status_code == 200
    assert not LexborHTMLParser(page.text).css("input[name=token]")


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", "", "javascript:alert(1)", "/\t/evil", "/login", "/logout", "/" + "a" * 3000],
)  # fmt: skip
def test_the_form_leads_nowhere_else(onward: str) -> None:
    assert local(onward) == "/"


def test_an_address_of_this_console_is_gone_on_to() -> None:
    assert local("/search?q=%E5%85%AC&as_of=2024") == "/search?q=%E5%85%AC&as_of=2024"


def test_a_session_ends_with_its_week_its_token_and_any_change_to_it() -> None:
    made = session.begun(TOKEN, 10 * HOUR)
    assert session.holds(TOKEN, made, 11 * HOUR)
    assert session.holds(TOKEN, made, 10 * HOUR + session.LASTS_S * 1000 - 1)
    assert not session.holds(TOKEN, made, 10 * HOUR + session.LASTS_S * 1000)
    assert not session.holds("another-token-altogether", made, 11 * HOUR)
    expires, _, signature = made.partition(".")
    for other in (f"{int(expires) + 1}.{signature}", f"{expires}.{'0' * 64}", expires, "", None, f"{made}x", f"٣{made}", TOKEN):
        assert not session.holds(TOKEN, other, 11 * HOUR)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_logs_in_reads_and_leaves(closed: str, scripts: bool) -> None:
    with chromium() as found, walking(found, closed, locale="zh-CN", java_script_enabled=scripts) as walker:
        walker.page.goto(f"{closed}/changes")
        assert walker.page.locator("h1").inner_text() == "进馆"
        walker.wrong.clear()  # the browser's own line about the 401
        walker.page.fill("input[name=token]", TOKEN)
        with walker.page.expect_navigation():
            walker.page.press("input[name=token]", "Enter")
        walker.check()
        assert walker.page.url == f"{closed}/changes"
        with walker.page.expect_navigation():
            walker.page.click("footer button")
        assert "/login" in walker.page.url
