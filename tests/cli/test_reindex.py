"""A rebuild that was interrupted: everybody is told, nobody adds to it, and the same command goes on."""

from typing import Any

import pytest

from crawler.demo.site import LANWAN, Page, Site
from crawler.errors import RepositoryError
from crawler.pipeline import rebuild
from crawler.scheduler import process as house
from tests.tools.called import said

Home = Any  # the fixture's class lives in conftest, which tests do not import


def interrupted(home: Home, after: int) -> None:
    """A rebuild from nothing that ends when so many looks are told."""
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()

    def watch(done: int, _: int) -> None:
        if done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), house.open_line(home.config, house.REINDEX) as line:
        rebuild.rebuild(line, watch)


@pytest.mark.parametrize("after", [10, 10_000], ids=["some looks told", "all told and none read"])
def test_an_interrupted_rebuild_goes_on_and_ends_as_one_that_was_not(
    home: Home, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    home.crawl()
    home.crawl()
    before, ledger = home.export(), home.sql("SELECT kind, document, at FROM v_changes ORDER BY at, document")
    looks = home.sql("SELECT count(*) FROM looks")[0][0]
    monkeypatch.setattr(rebuild, "AT_ONCE", 5)
    interrupted(home, min(after, looks))
    config = ("--config", str(home.path))
    for command in (("search", "公告"), ("stats",), ("export", "--to", str(home.folder / "part.jsonl"))):
        told = said((*config, *command), cwd=home.folder, stdin="", environment={})
        assert "is a part of the archive" in told.stderr, command
    health = said((*config, "health"), cwd=home.folder, stdin="", environment={})
    assert health.returncode == 1
    assert "the database is a part of the archive" in health.stderr
    with pytest.raises(RepositoryError, match="is being rebuilt"):
        home.crawl()
    done = said((*config, "reindex"), cwd=home.folder, stdin="", environment={})
    assert done.returncode == 0, done.stderr
    assert (home.export(), home.sql("SELECT kind, document, at FROM v_changes ORDER BY at, document")) == (before, ledger)
    assert "part of the archive" not in said((*config, "stats"), cwd=home.folder, stdin="", environment={}).stderr
    assert said((*config, "reindex"), cwd=home.folder, stdin="", environment={}).returncode == 2


def test_a_notice_that_an_address_redirects_to_later_keeps_its_own(site: Site, home: Home) -> None:
    """All looks are told before any is read: what a later one says of an address is not said of the earlier one."""
    home.crawl("lanwan")
    path = site.notices[LANWAN][0].path
    site.put(LANWAN, "/r", Page(b"", status=301, location=path))
    home.crawl(url=f"http://{LANWAN}/r")
    before = home.export()
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    told = said(("--config", str(home.path), "reindex"), cwd=home.folder, stdin="", environment={})
    assert told.returncode == 0, told.stderr
    assert home.export() == before
