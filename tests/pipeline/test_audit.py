"""An audit finds whatever is not what was written, in the files and in the database, and says what."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.archive.record import Draft
from crawler.archive.recover import walk
from crawler.archive.writer import describe
from crawler.cli.main import run
from crawler.pipeline.audit import Asked, Audit, Checked, examine
from crawler.repository import evidence
from crawler.repository.database import Database, reading
from crawler.repository.evidence import FileRow
from crawler.scheduler import process as house
from crawler.scheduler.auditing import keep_auditing
from tests.tools.audit_bytes import archive_of_twenty, cuts, flips

Home = Any  # the fixture's class lives in conftest, which tests do not import
BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
NOW = 1_800_000_000_000


def audited(home: Home, now: int = NOW, **asked: Any) -> dict[str, Checked]:
    """What an audit finds, by file."""
    database = Database(home.config.storage.database)
    try:
        return {
            found.object: found
            for found in Audit(database, home.config.storage.archive, Asked(**asked), "test", lambda: now).run()
        }
    finally:
        database.close()


def troubles(home: Home) -> set[str]:
    """The kinds of trouble an audit finds."""
    return {trouble.what for found in audited(home).values() for trouble in found.troubles}


def files(home: Home) -> list[Path]:
    """The archive's files, the largest first."""
    return sorted(home.config.storage.archive.glob("*.warc.gz"), key=lambda path: -path.stat().st_size)


@BOTH
def test_a_sound_archive_passes_and_each_check_is_an_event(home: Home, site: Any) -> None:
    home.crawl()
    found = audited(home)
    assert {checked.outcome for checked in found.values()} == {"pass"}
    assert sum(checked.looks for checked in found.values()) == home.sql("SELECT count(*) FROM looks")[0][0] > 50
    with reading(home.config.storage.database) as c:
        events = evidence.events(c)
    assert {(event.event, event.at, event.agent, event.outcome) for event in events} == {("fixity check", NOW, "test", "pass")}
    assert {event.object for event in events} == {path.name for path in files(home)}


def test_a_rebuilt_database_passes_too(crawled: Home) -> None:
    Path(crawled.config.storage.database.removeprefix("sqlite:///")).unlink()
    assert run(["--config", str(crawled.path), "reindex"]) == 0
    assert troubles(crawled) == set()


def test_only_what_was_not_found_sound_lately_is_looked_at_again(crawled: Home) -> None:
    count = len(audited(crawled))
    assert len(audited(crawled, NOW + 10, passed_before=NOW - 1)) == 0
    assert len(audited(crawled, NOW + 10, passed_before=NOW + 5)) == count > 1
    files(crawled)[0].write_bytes(b"")
    audited(crawled, NOW + 20)
    assert len(audited(crawled, NOW + 30, passed_before=NOW + 15)) == 1  # the one that was not sound


def spoil_missing(home: Home) -> None:
    files(home)[0].unlink()


def spoil_swapped(home: Home) -> None:
    one, other, *_ = files(home)
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def spoil_added(home: Home) -> None:
    shutil.copy(files(home)[0], files(home)[0].with_name("gongkai-20240101000000-x-0001.warc.gz"))


def spoil_end(home: Home) -> None:
    with files(home)[0].open("ab") as file:
        file.write(b"".join(Draft("metadata", "<urn:x>", 0, "application/warc-fields", b"x: y\r\n").pieces()))


def spoil_middle(home: Home) -> None:
    data = bytearray(files(home)[0].read_bytes())
    data[len(data) // 2] ^= 4
    files(home)[0].write_bytes(data)


SPOILED: dict[Callable[[Home], None], set[str]] = {
    spoil_missing: {"missing file"},
    spoil_swapped: {"digest"},
    spoil_added: {"unknown file"},
    spoil_end: {"length", "digest"},
    spoil_middle: {"digest", "bytes lost"},
}


def test_a_file_that_is_not_what_was_written_is_found(crawled: Home, tmp_path: Path) -> None:
    folder = crawled.config.storage.archive
    shutil.copytree(folder, tmp_path / "sound")
    for spoil, kinds in SPOILED.items():
        spoil(crawled)
        assert troubles(crawled) >= kinds, spoil.__name__
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "sound", folder)
    assert troubles(crawled) == set()


# a page that was answered as it is: what comes first of several is not the same every time, and some are refusals that were met before
PAGE = "(SELECT min(id) FROM captures WHERE id > 10 AND type = 'response' AND status = 200 AND media_type = 'text/html')"
BY_HAND = {
    f"UPDATE captures SET status = 404 WHERE id = {PAGE}": "capture differs",
    f"UPDATE captures SET at = at + 1 WHERE id = {PAGE}": "capture differs",
    f'UPDATE captures SET "offset" = "offset" + 1 WHERE id = {PAGE}': "capture differs",
    f"UPDATE captures SET length = length - 1 WHERE id = {PAGE}": "capture differs",
    f"UPDATE captures SET payload_digest = 'sha256:X' WHERE id = {PAGE}": "capture differs",
    f"UPDATE captures SET media_type = 'text/plain' WHERE id = {PAGE}": "capture differs",
    f"UPDATE captures SET url = 1 WHERE id = {PAGE}": "capture differs",
    f"UPDATE captures SET public_id = 'c-000000000000' WHERE id = {PAGE}": "capture differs",
    f"UPDATE captures SET type = 'revisit' WHERE id = {PAGE}": "capture differs",
    f"UPDATE captures SET record = '<urn:uuid:x>' WHERE id = {PAGE}": "capture without its record",
    "UPDATE looks SET outcome = 'gone' WHERE id = 20": "look differs",
    "UPDATE looks SET at = at - 1 WHERE id = 20": "look differs",
    "UPDATE looks SET status = 500 WHERE id = 20": "look differs",
    "UPDATE looks SET capture = 1 WHERE id = 20": "look differs",
    "UPDATE looks SET url = 1 WHERE id = 20": "look differs",
    "UPDATE looks SET detail = 'x' WHERE id = 20": "look differs",
    "UPDATE looks SET record = '<urn:uuid:x>' WHERE id = 20": "look not in the database",
    "DELETE FROM looks WHERE id = 20": "look not in the database",
    f"DELETE FROM captures WHERE id = {PAGE}": "capture not in the database",
    "INSERT INTO looks (record, url, run, at, ms, outcome) VALUES ('<urn:uuid:x>', 1, 1, 1, 1, 'ok')": "look without its record",
    "UPDATE versions SET title = 'x' WHERE id = 3": "version differs",
    "UPDATE versions SET published = '2001-01-01' WHERE id = 3": "version differs",
    "UPDATE files SET sha256 = 'x' WHERE name IN (SELECT min(name) FROM files)": "digest",
    "UPDATE files SET bytes = 1 WHERE name IN (SELECT min(name) FROM files)": "length",
}


def test_a_row_changed_by_hand_is_found(crawled: Home, tmp_path: Path) -> None:
    path = Path(crawled.config.storage.database.removeprefix("sqlite:///"))
    with contextlib.closing(sqlite3.connect(path)) as c:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sound, missed = path.read_bytes(), {}
    for statement, what in BY_HAND.items():
        with contextlib.closing(sqlite3.connect(path)) as c, c:
            assert c.execute(statement).rowcount == 1
        found = troubles(crawled)
        if what not in found:
            missed[statement] = found
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        path.write_bytes(sound)
    assert missed == {}
    assert troubles(crawled) == set()


def test_a_second_copy_is_taken_back_where_it_is_sound(crawled: Home, tmp_path: Path) -> None:
    second = tmp_path / "second"
    shutil.copytree(crawled.config.storage.archive, second)
    one, other, *_ = files(crawled)
    before = one.read_bytes()
    one.write_bytes(before[:-50])
    other.unlink()
    found = audited(crawled, second=second)
    assert [found[path.name].outcome for path in (one, other)] == ["repaired", "repaired"]
    assert one.read_bytes() == before
    assert len(list(one.parent.glob("*.damaged-*"))) == 1
    assert crawled.sql("SELECT count(*) FROM fixity WHERE event = 'replacement'") == [(2,)]
    assert crawled.sql("SELECT count(*) FROM captures WHERE damaged IS NOT NULL") == [(0,)]

    data = bytearray(other.read_bytes())  # damaged in both copies: there is nothing to take back
    data[200] ^= 1
    for copy in (other, second / other.name):
        copy.write_bytes(data)
    found = audited(crawled, second=second)
    assert [found[path.name].outcome for path in (one, other)] == ["pass", "fail"]
    assert crawled.sql("SELECT count(*) FROM fixity WHERE event = 'replacement'") == [(2,)]


def test_the_command_says_what_is_wrong_and_how_it_ended(crawled: Home, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--config", str(crawled.path), "audit"]
    assert run([*command, "--rate", "500MB"]) == 0
    spoil_middle(crawled)
    capsys.readouterr()
    assert run([*command, "--json"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (bad,) = [item for item in told if item["outcome"] == "fail"]
    assert {trouble["what"] for trouble in bad["troubles"]} >= {"digest", "bytes lost"}
    assert bad["looks"] > 10  # what lies behind the damage is found again
    assert run([*command, "--rate", "fast"]) == 2
    assert run([*command, "--repair-from", str(crawled.folder / "nowhere")]) == 2
    shutil.rmtree(crawled.config.storage.archive)
    assert run(command) == 3


def test_what_is_being_written_is_checked_as_far_as_it_is_committed(tmp_path: Path) -> None:
    path, ends = archive_of_twenty(tmp_path)
    still = path.rename(path.with_name(path.name + ".open"))
    data = still.read_bytes()
    row = FileRow(path.name, closed=False, committed=ends[3], bytes=None, sha256=None, passed=None)
    for cut in (len(data), ends[3], ends[3] + 5):
        still.write_bytes(data[:cut])
        found = examine(tmp_path, row)
        assert (found.troubles, len(found.kept)) == ([], 4)
    still.write_bytes(data[: ends[3] - 1])
    assert {trouble.what for trouble in examine(tmp_path, row).troubles} == {"length", "bytes lost"}


def test_what_is_committed_while_an_audit_reads_is_no_trouble(crawled: Home) -> None:
    ((name,),) = crawled.sql("SELECT file FROM captures GROUP BY file ORDER BY count(*) DESC LIMIT 1")
    first = next(walk(crawled.config.storage.archive / name)).end
    database = Database(crawled.config.storage.database)
    try:
        with database.write() as c:  # as it was when the audit began
            c.exec_driver_sql("UPDATE files SET state = 'open', committed = ? WHERE name = ?", (first, name))
    finally:
        database.close()
    assert (audited(crawled)[name].outcome, audited(crawled)[name].looks) == ("pass", 1)


@pytest.mark.parametrize("closed", [True, False])
def test_every_cut_and_every_flip_is_found(tmp_path: Path, closed: bool) -> None:
    path, _ = archive_of_twenty(tmp_path)
    info = describe(path)
    assert cuts(path, info, closed=closed, step=61).missed == []
    assert flips(path, info, closed=closed, step=61).missed == []


def test_the_daemon_audits_by_its_schedule(crawled: Home) -> None:
    crawled.path.write_text(crawled.path.read_text("utf-8") + '\n[audit]\nschedule = "* * * * *"\n', "utf-8")
    almost = NOW // 60_000 * 60_000 + 59_900  # the schedule fires at the full minute
    with house.open_line(crawled.config, "crawl") as line:
        line.clock = lambda: almost

        async def until_checked() -> None:
            with contextlib.suppress(TimeoutError):  # it never ends by itself
                await asyncio.wait_for(keep_auditing(line, "test"), 3)

        house.on_loop(until_checked())
    assert {outcome for (outcome,) in crawled.sql("SELECT outcome FROM fixity")} == {"pass"}
