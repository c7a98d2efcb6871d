"""What the engine does beside its writer: how many processes read, and when documents are indexed."""

from pathlib import Path
from typing import Any

import pytest

from crawler.demo.site import Site
from crawler.demo.story import write_config
from crawler.repository.runs import are_open
from crawler.scheduler import process as house
from tests.conftest import Home


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A crawl of a little more than two seconds: how many processes it had, and each call of the index: documents, and was a run open?"""
    folder: Path = tmp_path_factory.mktemp("engine")
    with Site(copies=6) as served:
        home = Home(folder, write_config(folder, served.port))
        with house.open_line(home.config, "crawl") as line:
            runs = house.fire(home.config, line, house.Wish())
            index, calls = line.index, list[tuple[int, bool]]()

            def counted() -> int:
                calls.append((index(), bool(line.ask(are_open, runs))))
                return calls[-1][0]

            line.index = counted  # type: ignore[method-assign]
            home.work(line, runs)
            processes = sum(child.process is not None for child in line.readers._children)
    rows = home.sql("SELECT count(*), sum(indexed) FROM documents")
    return {"calls": calls, "processes": processes, "documents": rows[0]}


def test_pages_that_come_one_by_one_are_read_by_one_process(told: dict[str, Any]) -> None:
    assert told["processes"] == 1


def test_documents_are_indexed_while_the_crawl_goes_on_and_none_is_forgotten(told: dict[str, Any]) -> None:
    assert any(count for count, is_open in told["calls"] if is_open)
    assert told["documents"] == (270, 270)
