"""Files of the archive that are damaged or gone: each is an outcome of its captures, and everything else goes on."""

import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.config.load import load
from crawler.demo.site import LANWAN, Site
from crawler.scheduler import process as house
from tests.tools.called import said

Home = Any  # the fixture's class lives in conftest, which tests do not import
LIST = "SELECT r.state, c.type, c.damaged FROM urls u JOIN captures c ON c.id = u.last_capture JOIN readings r ON r.capture = c.id WHERE u.kind = 'list' AND u.source = 'lanwan'"


def missing(file: Path) -> None:
    """It is not there."""
    file.unlink()


def empty(file: Path) -> None:
    """It has no bytes."""
    file.write_bytes(b"")


def noise(file: Path) -> None:
    """It has other bytes."""
    file.write_bytes(random.Random(1).randbytes(file.stat().st_size))


def flipped(file: Path) -> None:
    """A bit of every hundredth byte is another: no record of more than that is whole."""
    data = bytearray(file.read_bytes())
    for at in range(50, len(data), 100):
        data[at] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    """Its last third is gone."""
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size * 2 // 3)


FAULTS = [missing, empty, noise, flipped, cut]


def gongkai(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command."""
    return said(["--config", str(home.path), *arguments])


def forget(home: Home) -> None:
    """The database is lost."""
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()


@pytest.mark.parametrize(
    ("home", "fault"), [*[("sqlite", fault) for fault in FAULTS], ("postgresql", flipped)], indirect=["home"]
)
def test_a_damaged_file_stops_no_source_and_its_list_pages_are_readable_again_at_the_next_look(
    home: Home, fault: Callable[[Path], None]
) -> None:
    home.crawl()
    before = home.export()
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    fault(file)
    assert home.crawl().open == 0  # what cannot be read is found out
    progress = home.crawl()
    assert (progress.open, progress.failed) == (0, 0)
    assert {(state, damaged) for state, _, damaged in home.sql(LIST)} == {("done", None)}
    assert [record["id"] for record in home.export()] == [record["id"] for record in before]
    assert set(home.kinds()) <= {"new", "health"}


def test_a_flipped_record_is_told_by_health_until_its_address_has_a_newer_one(home: Home) -> None:
    home.crawl()
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    flipped(file)
    first = gongkai(home, "crawl")
    assert (first.returncode, "Traceback" in first.stderr) == (1, False)
    assert f"damaged: {file.name} at " in first.stderr
    health = gongkai(home, "health")
    assert health.returncode == 1
    assert f"captures in {file.name}" in " ".join(health.stdout.split())
    assert gongkai(home, "crawl").returncode == 0
    assert home.crawl().failed == 0
    assert "their addresses have newer ones" in " ".join(gongkai(home, "health").stdout.split())


def test_a_missing_archive_is_no_damage(home: Home) -> None:
    home.crawl("lanwan")
    archive = home.config.storage.archive
    with house.open_line(home.config, "test") as line, line.database.write() as c:
        c.exec_driver_sql("UPDATE readings SET state = 'pending'")
    archive.rename(archive.with_name("elsewhere"))
    done = gongkai(home, "crawl", "songling")
    assert home.sql("SELECT count(*) FROM captures WHERE damaged IS NOT NULL") == [(0,)]
    assert done.returncode == 3
    assert f"there is no folder {archive}, and the database knows of files in it" in done.stderr


@pytest.mark.parametrize("fault", [empty, noise, cut])
def test_a_rebuild_tells_what_is_left_names_what_is_lost_and_ends_with_one(home: Home, fault: Callable[[Path], None]) -> None:
    home.crawl("lanwan")
    home.crawl("qinghe")
    known = {record["url"] for record in home.export()}
    # by what it holds: both crawls may begin in one second, and then their files are in no order
    ((name,),) = home.sql(
        "SELECT DISTINCT c.file FROM captures c JOIN urls u ON u.id = c.url WHERE u.source = 'lanwan' AND u.kind = 'detail'"
    )
    first = home.config.storage.archive / name
    fault(first)
    forget(home)
    done = gongkai(home, "reindex")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"damaged: {first.name} at " in done.stderr
    assert "bytes lost" in done.stderr
    left = {record["url"] for record in home.export()}
    assert {url for url in known if LANWAN not in url} <= left < known
    home.crawl()
    assert known <= {record["url"] for record in home.export()}


def test_a_rebuild_goes_on_behind_a_flipped_byte(site: Site, home: Home) -> None:
    home.crawl("lanwan")
    (place,) = home.sql(
        "SELECT c.file, c.\"offset\", c.length FROM captures c JOIN urls u ON u.id = c.url WHERE u.kind = 'detail' ORDER BY c.id LIMIT 1"
    )
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    data = bytearray(file.read_bytes())
    data[place[1] + place[2] // 2] ^= 4
    file.write_bytes(data)
    count = len(home.export())
    forget(home)
    done = gongkai(home, "reindex")
    assert (done.returncode, f"damaged: {place[0]} at {place[1]}: {place[2]} bytes lost" in done.stderr) == (1, True)
    assert len(home.export()) == count - 1
    assert load(home.path).storage.archive.is_dir()
    assert home.crawl("lanwan").failed == 0
    assert len(home.export()) == count
