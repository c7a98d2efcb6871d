"""A browser that notes whatever goes wrong: errors of the console, reports of the content security policy, requests to elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.parsers.browser import installed

GRAVE = ("serious", "critical")


@dataclass
class Walker:
    """A page of a browser over a console. `wrong`: what went wrong so far."""

    base: str
    page: Any
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open an address of the console."""
        answer = self.page.goto(self.base + path)
        assert answer.status < 400, (path, answer.status)
        self.check()

    def check(self) -> None:
        """The page fits the window and has one heading."""
        assert self.page.locator("h1").count() == 1, self.page.url
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.wrong.append(f"{self.page.url} is wider than the window")

    def follow(self, selector: str) -> None:
        """Follow the first such link, by keyboard."""
        link = self.page.locator(selector).first
        link.focus()
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.check()

    def judge(self, axe: Any) -> None:
        """What axe-core finds grave."""
        found = axe.run(self.page).response["violations"]
        self.wrong += [f"{self.page.url}: {one['id']} {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in GRAVE]


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's Chromium; skips the test where there is none."""
    api: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = installed()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or GONGKAI_CHROMIUM names one")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def walking(browser: Any, base: str, **options: Any) -> Iterator[Walker]:
    """A walker; what it noted must be nothing at the end."""
    context = browser.new_context(**options)
    walker = Walker(base, context.new_page())
    page = walker.page

    def route(way: Any) -> None:
        if way.request.url.startswith((base, "data:")):
            way.continue_()
        else:
            walker.wrong.append(f"asked for {way.request.url}")
            way.abort()

    def dismissed(dialog: Any) -> None:
        walker.wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    context.route("**/*", route)
    page.on(
        "console", lambda said: walker.wrong.append(f"{page.url}: {said.text}") if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: walker.wrong.append(f"{page.url}: {error}"))
    page.on("dialog", dismissed)
    yield walker
    context.close()
    assert walker.wrong == []
