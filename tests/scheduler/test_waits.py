"""What nobody waits for: a server that puts a one-off crawl off for a day."""

import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.demo.site import LANWAN, Page, Site
from crawler.repository.progress import Progress
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import
LATER = (("Retry-After", "86400"),)


@pytest.mark.parametrize(("path", "status"), [("/robots.txt", 429), ("/zwgk/index.html", 503)])
def test_a_one_off_crawl_gives_up_what_is_put_off_for_a_day_and_says_how_to_take_it_up(
    site: Site, home: Home, path: str, status: int
) -> None:
    site.put(LANWAN, path, Page(b"", status=status, headers=LATER))
    command = [sys.executable, "-m", "crawler.cli", "--config", str(home.path), "crawl", "lanwan", "qinghe"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 1
    assert "given up without a look: 1 address: put off, not before 20" in done.stderr
    assert "gongkai frontier requeue takes them up again" in done.stderr
    assert home.sql("SELECT count(*) FROM documents WHERE source = 'qinghe'") == [(15,)]
    assert home.sql("SELECT count(*) FROM runs WHERE ended IS NULL") == [(0,)]


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_what_a_clock_that_was_ahead_for_a_moment_has_written_is_no_putting_off(home: Home) -> None:
    with house.open_line(home.config, "crawl") as line:

        def once(_: Progress) -> None:
            """What the holder of the queue has written while the clock was two days ahead, which it is no longer."""
            if not stirred:
                stirred.append(line.clock() + 2 * 86_400_000)
                values = {"at": stirred[0], "next": stirred[0] + 1000}
                with line.database.write() as c:
                    c.execute(sa.text("UPDATE queues SET last_end = :at, next_at = :next"), values)

        stirred: list[int] = []
        runs = house.fire(home.config, line, house.Wish())
        home.work(line, runs[:1])
        house.on_loop(house.work(home.config, line, runs, once))
    assert home.sql("SELECT count(*) FROM documents") == [(45,)]
    assert home.sql("SELECT count(*) FROM frontier") == [(0,)]
