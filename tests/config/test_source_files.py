"""The shipped source files: valid, honest about what they are, completed by editors, and right where their list page is at hand."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crawler.config.load import read_source
from crawler.config.schema import source_schema
from crawler.model import Kind, Page
from crawler.parsers.page import Asked, read
from crawler.text import urls

ROOT = Path(__file__).parent.parent.parent
FILES = {file.stem: file for file in sorted((ROOT / "config" / "sources").glob("*.toml"))}
REAL = sorted(FILES.keys() - {"demo"})
SCHEMA = json.loads((ROOT / "docs" / "source.schema.json").read_text("utf-8"))


def test_the_committed_schema_is_today_s() -> None:
    """python tests/tools/draft_schemas.py writes it anew."""
    assert source_schema() == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def plain(path: Path) -> Any:
    """A file as JSON sees it: days are text."""
    return json.loads(json.dumps(tomllib.loads(path.read_text("utf-8")), default=str))


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_shipped_file_is_valid_and_names_its_schema(name: str) -> None:
    first = FILES[name].read_text("utf-8").partition("\n")[0]
    assert first == "#:schema ../../docs/source.schema.json"
    assert (FILES[name].parent / first.split()[1]).resolve() == ROOT / "docs" / "source.schema.json"
    jsonschema.validate(plain(FILES[name]), SCHEMA)
    assert not read_source(FILES[name]).enabled


@pytest.mark.parametrize("name", REAL)
def test_a_real_column_says_that_it_was_never_live_and_what_it_was_written_from(name: str) -> None:
    assert (read_source(FILES[name]).verified or "").startswith("never live: written from ")


def test_no_column_is_shipped_twice_and_all_levels_with_evidence_are_there() -> None:
    sources = [read_source(FILES[name]) for name in REAL]
    starts = [urls.key(start) for source in sources for start in source.start]
    assert len(starts) == len(set(starts)) >= 25
    assert {"central", "province", "city", "county"} <= {source.level for source in sources}
    systems = {(source.verified or "").rpartition("(")[2].rstrip(")") for source in sources}
    assert len(systems) >= 12


WRONG = {
    "an unknown key": 'title = "a"\nstart = "http://a.test/"\n[list]\nrow = "li"\n',
    "no address": 'title = "a"\n',
    "a duration without a unit": 'title = "a"\nstart = "http://a.test/"\n[politeness]\ndelay = "5"\n',
    "an unknown pager": 'title = "a"\nstart = "http://a.test/"\n[list]\nnext = { kind = "magic" }\n',
    "a share above one": 'title = "a"\nstart = "http://a.test/"\n[expect]\nfill = { source = 2 }\n',
}
RIGHT = 'title = "a"\nstart = [{ url = "http://a.test/", method = "POST", body = "page=1" }]\n[list]\nnext = { kind = "parameter", name = "page" }\n[[detail]]\nsince = 2024-05-01\n'


@pytest.mark.parametrize("name", WRONG)
def test_an_editor_sees_what_the_program_would_refuse(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(WRONG[name]), SCHEMA)


def test_an_editor_takes_what_the_program_takes(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(RIGHT, "utf-8")
    jsonschema.validate(plain(file), SCHEMA)
    assert read_source(file).read.list.next == "parameter"


def test_where_a_list_page_is_at_hand_it_is_read_with_the_file_as_shipped(shared: Path) -> None:
    """Every row of the label is found and no other; the page whose rows an API holds has none."""
    folder = shared / "corpus" / "lists"
    labels = [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines() if line.strip()]
    by_start = {urls.canonical(start.url): (name, start) for name in REAL for start in read_source(FILES[name]).start}
    seen = 0
    for label in labels:
        column = re.search(
            r"columnId=([\w-]+)", str(label["next"])
        )  # an answer of an API is the start itself, not the page around it
        name, start = next(
            (found for url, found in by_start.items() if column is not None and column[0] in url),
            by_start.get(urls.canonical(label["page_url"]), ("", None)),
        )
        if start is None:
            assert not label["rows"], label["file"]  # a hub page is no column
            continue
        body = (folder / label["file"]).read_bytes()
        reading = read(
            Page(start.url, 200, (), body, 1_750_000_000_000), Kind.LIST, read_source(FILES[name]).read, start.url, Asked(start)
        )
        wanted = {urls.canonical(url) for row in label["rows"] if (url := urls.join(start.url, row["url"]))}
        found = {urls.canonical(row.url) for row in reading.rows}
        assert (name, found ^ wanted) == (name, set())
        seen += 1
    assert seen == 21
