"""The line on real saved pages, served on loopback at their own addresses: nothing lost, nothing twice, one edit seen as one.

Shared data; the pages stay there.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from tests.archive import programs

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
    assert changed > DETAILS // 3  # menus and trails above the title are no text, whatever a rule says
    assert (bumped.new, bumped.edit) == (0, 0)
    assert home.kinds() == {"new": DETAILS, "reread": bumped.reread}
    assert bumped.reread >= changed


def lessened(shared: Path, folder: Path) -> tuple[Path, list[str]]:
    """The saved pages without the first three that a list leads to; the addresses of those."""
    shutil.copytree(shared / "corpus", folder)
    listed = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    gone = [item for item in listed if item["kind"] == "detail"][:3]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(item) + "\n" for item in listed if item not in gone), "utf-8")
    return folder, [
        (item["page_url"] or "").replace("https:", "http:") or f"http://corpus.test/{Path(item['file']).name}" for item in gone
    ]


def exported(home: Home, folder: Path) -> dict[str, bytes]:
    """What the archive says to whoever asks for everything: records, all their versions, and what happened to them without its place in the ledger."""
    folder.mkdir()
    for name, *words in (("records.jsonl",), ("versions.jsonl", "--versions"), ("changes.jsonl", "--changes")):
        assert run(["--config", str(home.path), "export", *words, "--to", str(folder / name), "--bare"]) == 0
    told = {path.name: path.read_bytes() for path in folder.iterdir()}
    steps = [json.loads(line) for line in told.pop("changes.jsonl").splitlines()]
    kept = [
        json.dumps({key: value for key, value in step.items() if key not in ("seq", "cursor")}, sort_keys=True) for step in steps
    ]
    return {**told, "changes": "\n".join(sorted(kept)).encode()}


def test_real_records_are_rebuilt_from_the_archive_with_edits_take_downs_and_what_is_withheld(
    shared: Path, corpus: tuple[Home, int], tmp_path: Path
) -> None:
    home, port = corpus
    with served(shared, port):
        home.crawl("corpus")
    less, gone = lessened(shared, tmp_path / "less")
    with served(shared, port, "--corpus", str(less), "--touch", TOUCHED):
        home.crawl("corpus")
        for url in gone:
            home.crawl("corpus", url=url)
    names = sorted(record["id"] for record in home.export())
    for name in names[:3]:
        assert run(["--config", str(home.path), "withhold", name, "--reason", "asked for"]) == 0
    assert run(["--config", str(home.path), "withhold", names[0], "--undo", "--reason", "taken back"]) == 0
    before, kinds = exported(home, tmp_path / "before"), home.kinds()
    assert kinds == {"new": DETAILS, "edit": 1, "missing": 3, "withheld": 3, "restored": 1}
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    assert run(["--config", str(home.path), "reindex"]) == 0
    assert exported(home, tmp_path / "after") == before


def test_every_capture_of_real_pages_replays_byte_for_byte(shared: Path, corpus: tuple[Home, int], tmp_path: Path) -> None:
    programs.program("wb-manager")
    home, port = corpus
    with served(shared, port):
        home.crawl("corpus")
    with served(shared, port, "--touch", TOUCHED):
        home.crawl("corpus")
    captures, otherwise = programs.replayed(home.config.storage.archive, tmp_path / "pywb")
    assert captures > DETAILS
    assert otherwise == []
