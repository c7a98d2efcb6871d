"""A browser walks from a search to what proves it: both languages, narrow and wide, light and dark, with and without JavaScript."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.walking import Walker, chromium, walking

WAYS = [
    ("zh-CN", 1280, "light", True),
    ("en-US", 390, "dark", True),
    ("zh-CN", 390, "light", False),
    ("en-US", 1280, "dark", False),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def edited(console: Any) -> str:
    with console.client() as client:
        return str(client.get("/api/v1/changes", params={"kind": "edit"}).json()["items"][0]["document"])


def walk(walker: Walker, edited: str) -> Iterator[str]:
    """Search → document → difference → capture → source → health, by what a reader can click; yields each page's address."""
    walker.go("/")
    yield walker.page.url
    box = walker.page.locator("header input[type=search]")
    box.fill("公告")
    with walker.page.expect_navigation():
        box.press("Enter")
    walker.check()
    yield walker.page.url
    walker.follow("ol.hits a.what")
    yield walker.page.url
    walker.go(f"/d/{edited}")
    walker.follow('ol.versions a[href*="/diff/"]')
    assert walker.page.locator("del, ins").count()
    yield walker.page.url
    walker.follow('a[href^="/c/"]')
    yield walker.page.url
    walker.follow('a[href^="/s/"]')
    yield walker.page.url
    walker.follow('nav a[href="/health"]')
    yield walker.page.url


@pytest.mark.parametrize(("locale", "width", "scheme", "scripts"), WAYS)
def test_a_reader_comes_from_a_search_to_the_evidence_and_nothing_goes_wrong(
    browser: Any, console: Any, edited: str, locale: str, width: int, scheme: str, scripts: bool
) -> None:
    options = {
        "locale": locale,
        "viewport": {"width": width, "height": 900},
        "color_scheme": scheme,
        "java_script_enabled": scripts,
    }
    with walking(browser, console.url, **options) as walker:
        steps = [url.removeprefix(console.url).split("/")[1].split("?")[0] for url in walk(walker, edited)]
        assert steps == ["", "search", "d", "d", "c", "s", "health"]
        assert walker.page.locator("html").get_attribute("lang") == ("zh-Hans" if locale == "zh-CN" else "en")


@pytest.mark.parametrize(("locale", "width", "scheme"), [("zh-CN", 390, "light"), ("en-US", 1280, "dark")])
def test_axe_finds_nothing_grave_on_any_page(
    browser: Any, console: Any, edited: str, locale: str, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with console.client() as client:
        record = client.get(f"/api/v1/records/{edited}").json()
    paths = [
        "/", "/search?q=公告", "/changes", "/s", "/s/qinghe", "/health", "/about", "/api/docs", "/operations", f"/d/{edited}", f"/d/{edited}/diff/1..2",
        f"/d/{edited}/cite", f"/c/{record['capture']['id']}", f"/w/{record['work']}",
    ]  # fmt: skip
    options = {"locale": locale, "viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    with walking(browser, console.url, **options) as walker:
        for path in paths:
            walker.go(path)
            walker.judge(axe)


def test_the_archived_page_runs_nothing_and_asks_for_nothing(browser: Any, console: Any, edited: str) -> None:
    with console.client() as client:
        name = client.get(f"/api/v1/records/{edited}").json()["capture"]["id"]
        answer = client.get(f"/c/{name}/page")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    with walking(browser, console.url) as walker:
        walker.page.goto(f"{console.url}/c/{name}/page")
        assert walker.page.evaluate("self.origin") == "null"


def test_a_source_is_paused_by_the_form_and_the_wrong_token_is_told(browser: Any, console: Any) -> None:
    with walking(browser, console.url, locale="en-US", java_script_enabled=False) as walker:
        walker.go("/operations?source=songling")
        walker.page.fill("input[name=token]", "not-the-token-at-all")
        with walker.page.expect_navigation():
            walker.page.click("button[value=pause]")
        assert walker.page.locator("h1").inner_text() == "Not allowed"
        walker.wrong.clear()  # the browser's own line about the 403
        for action in ("pause", "resume"):
            walker.go("/operations?source=songling")
            walker.page.fill("input[name=token]", "a-token-that-nobody-guesses")
            with walker.page.expect_navigation():
                walker.page.click(f"button[value={action}]")
            assert f"done={action}" in walker.page.url
            assert "token" not in walker.page.url
            assert walker.page.locator("[role=status]").count() == 1
