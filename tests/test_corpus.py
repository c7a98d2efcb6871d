"""The line on real saved pages, served on loopback at their own addresses: nothing lost, nothing twice, one edit seen as one.

Shared data; the pages stay there.
"""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.pipeline.rebuild import rebuild
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import

SETTINGS = """[operator]
name = "Corpus"
contact = "mailto:tests@corpus.test"

[network]
delay = "0s"
connect = {{ "*" = "127.0.0.1:{port}" }}
"""
SOURCE = """title = "saved pages"
start = ["http://corpus.test/index.html"]
enabled = true
"""
TOUCHED = "066-govcn-5338761.html"
DETAILS = 45


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(shared: Path, port: int, *arguments: str) -> Iterator[None]:
    """The saved pages on that port."""
    command = [sys.executable, str(shared / "tools" / "serve_corpus.py"), "--port", str(port), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            assert b"detail addresses" in server.stdout.readline()
            yield
        finally:
            server.terminate()


@pytest.fixture
def corpus(home: Home) -> tuple[Home, int]:
    """An archive whose one source is the list of saved pages."""
    port = free_port()
    for source in home.path.parent.glob("sources/*.toml"):
        source.unlink()
    home.path.write_text(SETTINGS.format(port=port), "utf-8")
    home.set_source("corpus", SOURCE)
    return home, port


HELD_TWICE = "SELECT payload_digest FROM captures WHERE type = 'response' GROUP BY payload_digest HAVING count(*) > 1"


def test_real_pages_are_crawled_once_seen_again_and_edited_once(shared: Path, corpus: tuple[Home, int]) -> None:
    home, port = corpus
    with served(shared, port):
        first = home.crawl("corpus")
        assert (first.details, first.new, first.failed) == (DETAILS, DETAILS, 0)
        assert home.sql("SELECT count(*) FROM readings WHERE state <> 'done'") == [(0,)]
        again = home.crawl("corpus")
        assert (again.details, again.new, again.edit, again.failed) == (DETAILS, 0, 0, 0)
        assert home.kinds() == {"new": DETAILS}
        assert home.sql("SELECT count(*) FROM versions") == [(DETAILS,)]
        assert home.sql(HELD_TWICE) == []
    with served(shared, port, "--touch", TOUCHED):
        edited = home.crawl("corpus")
        assert (edited.new, edited.edit, edited.reread) == (0, 1, 0)
        assert home.kinds() == {"new": DETAILS, "edit": 1}


def test_a_changed_body_rule_rereads_real_pages_and_edits_none(shared: Path, corpus: tuple[Home, int]) -> None:
    home, port = corpus
    with served(shared, port):
        home.crawl("corpus")
        before = {record["id"]: record["body"] for record in home.export()}
        home.set_source("corpus", SOURCE + '\n[detail]\nbody = "body"\n')
        bumped = home.crawl("corpus")
    after = {record["id"]: record["body"] for record in home.export()}
    changed = sum(1 for name, body in before.items() if after[name] != body)
    assert changed > DETAILS // 2
    assert (bumped.new, bumped.edit) == (0, 0)
    assert home.kinds() == {"new": DETAILS, "reread": bumped.reread}
    assert bumped.reread >= changed


def test_real_records_are_rebuilt_from_the_archive(shared: Path, corpus: tuple[Home, int]) -> None:
    home, port = corpus
    with served(shared, port):
        home.crawl("corpus")
    before = home.export()
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    with house.open_line(home.config, "reindex") as line:
        rebuild(line, lambda done, of: None)
    assert home.export() == before
