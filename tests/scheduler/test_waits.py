"""What nobody waits for: a server that puts a one-off crawl off for a day."""

import subprocess
import sys
from typing import Any

import pytest

from crawler.demo.site import LANWAN, Page, Site

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
