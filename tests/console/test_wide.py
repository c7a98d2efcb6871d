"""What sites write has words of any length, and names of files more: no page is wider than the window because of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.config.values import Config
from crawler.console.app import create
from crawler.console.server import opened
from crawler.model import ChangeKind
from crawler.repository import acts
from crawler.repository import schema as t
from crawler.repository.changes import NewChange, append
from crawler.repository.database import Database
from crawler.repository.migrations import upgrade
from crawler.repository.search.index import index
from tests.console.test_hostile import ID, shelve
from tests.console.walking import Walker, chromium, walking
from tests.repository.conftest import Library
from tests.tools.answering import answering

LONG = [f"{number}{'Unterbrechungslos' * 10}" for number in range(12)]
SOURCE = "a" * 90
WAYS = [(390, "zh-CN"), (390, "en-US"), (1400, "zh-CN"), (1400, "en-US")]
VIEWS = (
    "/", "/search", "/search?q=3{word}", "/search?q=title:3{word}&issuer={word}&source={source}", "/search?q=%22{word}", "/changes", "/changes?source={source}", "/s", "/s/{source}",
    "/health", "/operations", "/operations?done=pause&source={word}", "/about", "/api/docs", "/login", "/d/{id}", "/d/{id}/v/1", "/d/{id}/diff/1..2", "/d/{id}/diff/1..2?as=inline", "/d/{id}/cite",
    "/w/{id}", "/c/{capture}", "/nothing/{word}", "/d/{word}",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def wide(told: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A console over a document, a source and its works that are called by very long words."""
    url = f"sqlite:///{tmp_path_factory.mktemp('wide') / 'gongkai.db'}"
    database = Database(url)
    upgrade(database)
    with database.write() as c:
        shelve(Library(c), ID, SOURCE, LONG)
        row = c.execute(sa.select(t.documents.c.id)).scalar_one()
        append(c, [NewChange(ChangeKind.GONE, 3000, SOURCE, row)])
        c.execute(sa.update(t.documents).values(presence="gone", first_missed=3000))
        c.execute(sa.update(t.sources).values(paused=1))
        acts.note(c, 3000, LONG[0], SOURCE, LONG[1])
        index(c, 100)
    database.close()
    some = next(iter(told.sources.values()))
    named = replace(some, id=SOURCE, title=LONG[0], region=LONG[1], verified=LONG[2])
    never = replace(some, id=f"b{SOURCE}", title=LONG[3])
    config = replace(
        told, storage=replace(told.storage, database=url), serve=replace(told.serve, requests_per_minute=0),
        sources={SOURCE: named, never.id: never}, broken={LONG[4]: (LONG[5],)},
        operator=replace(told.operator, name=LONG[6], contact=f"https://example.test/{LONG[7]}"),
    )  # fmt: skip
    with opened(config, "a-token-that-nobody-guesses") as door, answering(create(door)) as base:
        yield base


def too_wide(walker: Walker) -> list[str]:
    """Elements that reach beyond the window and beyond whatever scrolls or hides them."""
    found: list[str] = walker.page.evaluate("""() => {
        if (document.documentElement.scrollWidth <= innerWidth) return [];
        const beyond = [...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > innerWidth + 1);
        return beyond.map(each => each.outerHTML.slice(0, 80)).slice(0, 4).concat([`${document.documentElement.scrollWidth}`]);
    }""")
    return found


@pytest.mark.parametrize(("width", "locale"), WAYS)
def test_no_word_of_an_archive_makes_a_page_wider_than_the_window(browser: Any, wide: str, width: int, locale: str) -> None:
    with walking(browser, wide, locale=locale, viewport={"width": width, "height": 900}) as walker:
        walker.page.goto(f"{wide}/d/{ID}")
        capture = walker.page.locator('a[href^="/c/"]').first.get_attribute("href").rsplit("/", 1)[1]
        for view in VIEWS:
            walker.page.goto(wide + view.format(id=ID, source=SOURCE, word=LONG[0][1:], capture=capture))
            walker.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            assert too_wide(walker) == [], view
        walker.wrong.clear()  # the browser's own lines about 404 and 422


@pytest.mark.parametrize("width", [390, 1400])
def test_a_document_with_attachments_fits_the_window_and_each_is_shown_whole(browser: Any, console: Any, width: int) -> None:
    with console.client() as client:
        name = client.get("/api/v1/changes?kind=attachment").json()["items"][0]["document"]
    with walking(browser, console.url, viewport={"width": width, "height": 900}) as walker:
        walker.go(f"/d/{name}")
        assert walker.page.locator("ul.attachments li").count()
        assert too_wide(walker) == []
        boxes = walker.page.locator("ul.attachments a, ul.attachments span").evaluate_all(
            "all => all.map(each => each.getBoundingClientRect()).map(box => [box.left, box.right])"
        )
        assert all(0 <= left <= right <= width for left, right in boxes)
        names = walker.page.locator("ul.attachments li").evaluate_all(
            "all => all.map(each => each.firstElementChild.offsetWidth)"
        )
        assert min(names) > 60  # not squeezed to a column of single characters
