"""What others have captured comes out as if we had looked then: records, versions, take-downs, whoever wrote it down and however."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from tests.pipeline import others
from tests.pipeline.others import FIRST, LATER, LIST, PATHS, TITLES

Home = Any  # the fixture's class lives in conftest, which tests do not import
Bring = Callable[..., dict[str, Any]]


@pytest.fixture
def bring(home: Home, capsys: pytest.CaptureFixture[str]) -> Bring:
    """bring(files, options, code=0): what the command answers."""

    def call(*words: object, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert run(["--config", str(home.path), "import", "--json", *map(str, words)]) == code
        return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))

    return call


def exported(home: Home, to: Path) -> bytes:
    """Every record, as `export` writes them."""
    assert run(["--config", str(home.path), "export", "--to", str(to)]) == 0
    return to.read_bytes()


def rebuilt(home: Home) -> list[dict[str, Any]]:
    """Every record of a database that knows the WARC files alone."""
    for path in home.folder.glob("data/gongkai.db*"):
        path.unlink()
    assert run(["--config", str(home.path), "reindex"]) == 0
    return list(home.export())


def history(home: Home) -> list[tuple[Any, ...]]:
    """What the ledger tells: when, what, of which notice."""
    query = "SELECT c.kind, c.at / 1000, u.url FROM changes c JOIN documents d ON d.id = c.document JOIN urls u ON u.id = d.url ORDER BY c.at, u.url"
    return list(home.sql(query))


def seconds(at: str) -> int:
    """A time of these files."""
    from datetime import datetime

    return int(datetime.fromisoformat(at).timestamp())


TOLD = [
    *(("new", seconds(f"{FIRST}{n}Z"), PATHS[word]) for n, word in enumerate("abc", 2)),
    ("edit", seconds(f"{LATER}1Z"), PATHS["a"]),
    ("missing", seconds(f"{LATER}3Z"), PATHS["c"]),
]


@pytest.mark.parametrize("writer", others.WRITERS)
def test_whoever_wrote_it_down_the_same_history_comes_of_it_and_a_rebuild_tells_it_again(
    writer: str, home: Home, bring: Bring, tmp_path: Path
) -> None:
    paths = others.WRITERS[writer](tmp_path)
    done = bring(*paths)
    assert (sum(done["looks"].values()), done["problems"]) == (7, [])
    assert history(home) == TOLD
    assert {record["title"] for record in home.export()} == set(TITLES.values())
    assert home.sql(f"SELECT kind FROM urls WHERE url = '{LIST}'") == [("list",)]
    assert home.sql("SELECT DISTINCT source FROM documents") == [("import-yunxi-example",)]
    left_out = done["left_out"]
    assert {left_out[why] for why in ("robots.txt", "no page: text/css", "no page: image")} == {1}
    before, lines = home.export(), history(home)
    assert (rebuilt(home), history(home)) == (before, lines)
    if writer in ("scrapy with warcio", "browsertrix"):
        assert done["noted"] == {"read by what the bytes are": 6 if writer == "browsertrix" else 7}


def test_the_same_file_again_adds_nothing(home: Home, bring: Bring, tmp_path: Path) -> None:
    (path,) = others.browsertrix(tmp_path)
    bring(path)
    before, files = (
        (home.export(), history(home), home.sql("SELECT * FROM looks")),
        list(home.config.storage.archive.glob("*.warc.gz")),
    )
    done = bring(path)
    assert (done["known"], done["looks"]) == (7, {})
    assert (home.export(), history(home), home.sql("SELECT * FROM looks")) == before
    assert list(home.config.storage.archive.glob("*.warc.gz")) == files
    assert run(["--config", str(home.path), "audit"]) == 0


def test_each_look_says_who_made_it_and_with_what(home: Home, bring: Bring, tmp_path: Path) -> None:
    from crawler.archive.members import members
    from crawler.archive.metadata import look_of
    from crawler.archive.recover import walk

    (path,) = others.wget(tmp_path)
    bring(path)
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    with file.open("rb") as opened:
        records = [member.record for member in members(opened, 0)]
    (said,) = [
        look_of(record.block)["provenance"]
        for record in records
        if record.type == "metadata" and PATHS["c"] in record.headers["warc-target-uri"] and b'"not_found"' in record.block
    ]
    assert said["made"]["software"] == "Wget/1.21.4 (linux-gnu)"
    assert said["record"] == others.name(f"response <{PATHS['c']}> {LATER}3Z")
    assert (said["file"], said["date"], said["digest"][:5]) == ("w.warc.gz", f"{LATER}3Z", "sha1:")
    assert len(said["sha256"]) == 64
    assert not any(b"secret" in record.block for record in records)
    assert sum(record.type == "request" for record in records) == len(list(walk(file))) == 7


def test_our_own_export_in_an_empty_archive_is_the_same_archive(crawled: Home, home: Home, bring: Bring, tmp_path: Path) -> None:
    for form, target in (("--warc", tmp_path / "out"), ("--wacz", tmp_path / "out.wacz")):
        assert run(["--config", str(crawled.path), "export", form, "--to", str(target)]) == 0
    before = exported(crawled, tmp_path / "before")
    changes = [row for row in history(crawled) if row[0] != "health"]
    looks = crawled.sql("SELECT record, at, outcome FROM looks ORDER BY record")
    for target in (tmp_path / "out", tmp_path / "out.wacz"):
        shutil.rmtree(home.folder / "data", ignore_errors=True)
        bring(target)
        assert exported(home, tmp_path / "after") == before
        assert history(home) == changes
        assert home.sql("SELECT record, at, outcome FROM looks ORDER BY record") == looks
        assert bring(target)["looks"] == {}
    records = home.export()
    assert rebuilt(home) == records


def test_our_own_looks_come_into_an_archive_that_has_others_with_the_same_ids(
    crawled: Home, home: Home, bring: Bring, tmp_path: Path
) -> None:
    assert run(["--config", str(crawled.path), "export", "--warc", "--to", str(tmp_path / "out")]) == 0
    bring(*others.wget(tmp_path))
    bring(tmp_path / "out")
    ids = {record["id"] for record in home.export()}
    assert {record["id"] for record in crawled.export()} < ids
    assert len(ids) == len(crawled.export()) + 3
    before = home.export()
    assert run(["--config", str(home.path), "audit"]) == 0
    assert rebuilt(home) == before


def test_files_in_any_order_and_one_by_one_in_theirs_tell_one_history(home: Home, bring: Bring, tmp_path: Path) -> None:
    first, later = others.heritrix(tmp_path)
    bring(later, first)
    assert history(home) == TOLD
    shutil.rmtree(home.folder / "data")
    bring(first)
    bring(later)  # the revisit's answer is in the archive
    assert history(home) == TOLD


def test_what_is_older_than_what_is_known_is_kept_and_turns_nothing_back(home: Home, bring: Bring, tmp_path: Path) -> None:
    first, later = others.heritrix(tmp_path)
    alone = bring(later)
    assert alone["left_out"]["a revisit whose answer is neither in these files nor in the archive"] == 1
    known = history(home)
    assert [row[0] for row in known] == ["new"]
    states = home.sql("SELECT url, last_look, last_digest, misses FROM urls WHERE last_look IS NOT NULL ORDER BY url")
    done = bring(first)
    assert done["late"] == 1  # of an address that was only missed nobody knew anything but the miss, which is told after it
    assert [row for row in history(home) if row[2] == PATHS["a"]] == known
    assert [row[0] for row in history(home) if row[2] == PATHS["c"]] == ["new"]
    after = home.sql("SELECT url, last_look, last_digest, misses FROM urls WHERE last_look IS NOT NULL ORDER BY url")
    assert set(states) <= set(after)
    bring(later)  # and the revisit finds its answer now
    before, lines = home.export(), history(home)
    assert {record["title"] for record in before} == set(TITLES.values())
    assert (rebuilt(home), history(home)) == (before, lines)
