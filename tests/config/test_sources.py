"""Every source that is shipped is read as its fixture says; who has none is named."""

from pathlib import Path

import pytest

from crawler.config import fixtures
from crawler.config.fixtures import Saved
from crawler.config.load import read_source
from crawler.errors import UsageError
from crawler.model import Kind, Page
from crawler.record.rules import ReadRules

ROOT = Path(__file__).parent.parent.parent
SOURCES = {file.stem: file for file in sorted((ROOT / "config" / "sources").glob("*.toml"))}
FIXTURES = {folder.name: folder for folder in sorted((ROOT / "tests" / "sources").iterdir()) if folder.is_dir()}


@pytest.mark.parametrize("name", sorted({*SOURCES, *FIXTURES}))
def test_a_source_is_read_as_its_fixture_says(name: str) -> None:
    """A source marked `never live` may lack a fixture: the end of the test run names it."""
    assert name in SOURCES, f"tests/sources/{name} is the fixture of no source in config/sources"
    source = read_source(SOURCES[name])
    if name not in FIXTURES:
        assert (source.verified or "").startswith("never live"), f"{name} has no fixture; gongkai try {name} --save writes one"
        return
    saved = fixtures.load(FIXTURES[name])
    assert {one.kind for one in saved} == {Kind.LIST, Kind.DETAIL}
    assert fixtures.check(FIXTURES[name], source.read) == []


PAGE = (
    "<html><body><h1>关于放假的通知</h1><div>发布时间：2024-05-01　来源：办公室</div><div id='zoom'><p>{}</p></div></body></html>"
)


def saved(text: str) -> Saved:
    """A notice."""
    url = "http://www.lanwan.test/a/1.html"
    body = PAGE.format(text * 9).encode()
    return Saved(
        "1", Page(url, 200, (("Content-Type", "text/html"), ("Set-Cookie", "s=1")), body, 1_700_000_000_000), Kind.DETAIL, url
    )


def write(folder: Path, one: Saved) -> None:
    """Its fixture."""
    fixtures.save(folder, "x", [one], lambda one: fixtures.read_saved(one, ReadRules()), verified="by hand")


def test_what_is_saved_is_read_again_and_a_difference_is_told_by_its_place(tmp_path: Path) -> None:
    write(tmp_path, saved("各单位放假三天。"))
    assert fixtures.check(tmp_path, ReadRules()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.html", "1.json", "meta.json"]
    assert "s=1" not in (tmp_path / "meta.json").read_text("utf-8")
    assert fixtures.verified(tmp_path) == "by hand"
    page = tmp_path / "1.html"
    page.write_bytes(page.read_bytes().replace("三天".encode(), "四天".encode()))
    (told,) = fixtures.check(tmp_path, ReadRules())
    assert told.startswith("1.json: records[0].body[0]: expected '各单位放假三天。")


def test_a_folder_that_is_no_fixture_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no fixture"):
        fixtures.check(tmp_path, ReadRules())
    write(tmp_path, saved("各单位放假三天。"))
    (tmp_path / "1.json").unlink()
    with pytest.raises(UsageError, match=r"1\.json: no expectation"):
        fixtures.check(tmp_path, ReadRules())
    with pytest.raises(UsageError, match="no name of a page"):
        fixtures.save(
            tmp_path, "x", [Saved("../x", saved("").page, Kind.DETAIL, "")], lambda one: fixtures.read_saved(one, ReadRules())
        )
