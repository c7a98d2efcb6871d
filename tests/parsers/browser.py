"""Chromium as a judge of tables: where a real browser lays each cell out, read from the cells' boxes alone.

Neither rowspan nor colspan is looked at: a column begins where a cell's box begins, and so does a row; a cell fills the places that its box
covers. Debian's chromium is driven through playwright; `GONGKAI_CHROMIUM` names another. Nothing is fetched and no script of a page runs.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Every row and cell has a size, so that each edge is one of its own.
STYLE = """
table { border-collapse: separate !important; border-spacing: 4px !important; table-layout: auto !important; width: auto !important;
  height: auto !important }
tr { height: 40px !important } td, th { padding: 4px !important; min-width: 20px !important; font-size: 6px !important }
"""
LOOK = """style => {
  document.head.append(Object.assign(document.createElement('style'), {textContent: style}));
  return [...document.querySelectorAll('table')].map(table => {
    const cells = [...table.querySelectorAll('td, th')].filter(cell => cell.closest('table') === table && cell.getClientRects().length);
    const boxes = cells.map(cell => { const box = cell.getBoundingClientRect();
      return [box.left, box.top, box.right, box.bottom].map(Math.round) });
    return {boxes, texts: cells.map(cell => getComputedStyle(cell).visibility === 'visible' ? cell.innerText : '')};
  });
}"""


@dataclass(frozen=True, slots=True)
class Laid:
    """A table as it is laid out: its rows, a hole where no cell is; `overlaps`: two cells in one place."""

    rows: tuple[tuple[str, ...], ...]
    overlaps: bool


class Browser:
    """A page of a running Chromium."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def tables(self, html: str) -> list[Laid]:
        """Every table of a page, in the order of the document."""
        self.page.set_content(html, wait_until="domcontentloaded")
        return [_laid(item["boxes"], item["texts"]) for item in self.page.evaluate(LOOK, STYLE)]


def _laid(boxes: list[list[int]], texts: list[str]) -> Laid:
    columns, rows = (_edges([box[side] for box in boxes]) for side in (0, 1))
    grid: list[list[str | None]] = [[None] * len(columns) for _ in rows]
    overlaps = False
    for (left, top, right, bottom), text in zip(boxes, texts, strict=True):
        for r, line in enumerate(grid):
            for c in range(len(columns)):
                if left - 2 <= columns[c] < right - 2 and top - 2 <= rows[r] < bottom - 2:
                    overlaps = overlaps or line[c] is not None
                    line[c] = text
    return Laid(tuple(tuple("".join((cell or "").split()) for cell in line) for line in grid), overlaps)


def _edges(places: list[int]) -> list[int]:
    """Distinct places; what is two pixels apart is one, by rounding."""
    found: list[int] = []
    for place in sorted(set(places)):
        if not found or place - found[-1] > 2:
            found.append(place)
    return found


def installed() -> str | None:
    """The browser's path."""
    return os.environ.get("GONGKAI_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def running() -> Iterator[Browser]:
    """A browser; skips the test where there is none."""
    api: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = installed()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or GONGKAI_CHROMIUM names one")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(java_script_enabled=False, viewport={"width": 6000, "height": 3000})
        context.set_offline(True)
        page = context.new_page()
        page.route("**/*", lambda route: route.abort())
        yield Browser(page)
        browser.close()
