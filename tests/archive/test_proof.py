"""Whoever kept a checkpoint finds out what was changed, taken away or put in another order; a proof needs no archive."""

import asyncio
import contextlib
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.archive.members import members
from crawler.archive.notes import public_key
from crawler.archive.proof import check_archive
from crawler.archive.record import Draft
from crawler.archive.tree import Tree
from crawler.cli.main import run
from crawler.pipeline import checkpoints
from crawler.repository.database import Database
from crawler.scheduler import process as house
from crawler.scheduler.proving import keep_proving

Home = Any  # the fixture's class lives in conftest, which tests do not import
BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)


def cli(home: Home, *words: object) -> int:
    """The exit code of a command on this archive."""
    return run(["--config", str(home.path), *map(str, words)])


def tree(home: Home) -> Tree:
    """The archive's tree."""
    return Tree(home.config.storage.archive)


def kept(home: Home, folder: Path) -> Path:
    """A checkpoint of now, as somebody keeps it elsewhere."""
    assert cli(home, "checkpoint") == 0
    folder.mkdir(exist_ok=True)
    shutil.copy(tree(home).public, folder)
    return Path(shutil.copy(tree(home).notes()[-1], folder))


def captures(home: Home) -> list[str]:
    """The public ids of all captures."""
    return [row[0] for row in home.sql("SELECT public_id FROM captures ORDER BY id")]


@BOTH
def test_every_committed_record_is_a_leaf_once_in_commit_order(home: Home, site: Any) -> None:
    home.crawl("lanwan")
    assert cli(home, "checkpoint") == 0
    home.crawl()
    assert cli(home, "checkpoint") == 0 == cli(home, "checkpoint")
    found = list(tree(home).leaves(tree(home).state()))
    there = []
    for path in home.config.storage.archive.glob("*.warc.gz"):
        with path.open("rb") as file:
            there += [(path.name, member.offset) for member in members(file, 0)]
    assert sorted(found) == sorted(there)
    places = [
        tuple(row) for row in home.sql('SELECT c.file, c."offset" FROM looks l JOIN captures c ON c.id = l.capture ORDER BY l.id')
    ]
    order = {place: number for number, place in enumerate(found)}
    numbers = [order[place] for place in dict.fromkeys(places)]
    assert numbers == sorted(numbers)
    assert len(numbers) > 50
    assert len(tree(home).notes()) == 3
    assert cli(home, "verify") == 0


def test_a_rebuilt_database_has_the_same_tree(crawled: Home) -> None:
    assert cli(crawled, "checkpoint") == 0
    before = tree(crawled).notes()[-1].read_text().splitlines()[:3]
    Path(crawled.config.storage.database.removeprefix("sqlite:///")).unlink()
    assert cli(crawled, "reindex") == 0 == cli(crawled, "checkpoint")
    assert tree(crawled).notes()[-1].read_text().splitlines()[:3] == before


def test_what_a_process_left_half_taken_in_is_taken_in_again(crawled: Home) -> None:
    assert cli(crawled, "checkpoint") == 0
    whole = {name: (tree(crawled).folder / name).read_bytes() for name in ("hashes", "places", "tree.json")}
    for cut in (1, 33, len(whole["hashes"]) // 2):  # it died while it wrote: the state is still the one before
        (tree(crawled).folder / "tree.json").unlink()
        (tree(crawled).folder / "hashes").write_bytes(whole["hashes"][:cut])
        (tree(crawled).folder / "places").write_bytes(b"\0" * cut)
        assert cli(crawled, "checkpoint") == 0
        assert {name: (tree(crawled).folder / name).read_bytes() for name in whole} == whole


def test_a_proof_is_checked_without_the_archive(crawled: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = kept(crawled, tmp_path / "kept")
    assert cli(crawled, "checkpoint") == 0
    name = captures(crawled)[9]
    assert cli(crawled, "prove", name, "--since", older, "--to", tmp_path / "out") == 0
    shutil.rmtree(crawled.folder)
    proof, record, key = tmp_path / "out" / f"{name}.proof.json", tmp_path / "out" / f"{name}.warc.gz", older.with_name("key.pub")
    check = ["verify", str(proof), "--key", str(key), "--against", str(older)]
    assert run(check) == 0
    assert "proved" in capsys.readouterr().out
    for spoil in (_other_record, _other_index, _other_note, _other_since):
        held = proof.read_bytes(), record.read_bytes()
        spoil(proof, record)
        assert run(check) == 1, spoil.__name__
        proof.write_bytes(held[0])
        record.write_bytes(held[1])
    assert run(check) == 0
    assert run([*check[:2], "--key", "gongkai-x+00000000+AAAA"]) == 2
    proof.write_text("{}")
    assert run(check) == 2


def _other_record(_: Path, record: Path) -> None:
    digest = [("WARC-Target-URI", "http://a.test/")]
    record.write_bytes(
        b"".join(Draft("response", "<urn:uuid:x>", 0, "application/http", b"HTTP/1.1 200 OK\r\n\r\n", digest).pieces())
    )


def _changed(proof: Path, change: Callable[[dict[str, Any]], None]) -> None:
    said = json.loads(proof.read_text())
    change(said)
    proof.write_text(json.dumps(said))


def _other_index(proof: Path, _: Path) -> None:
    _changed(proof, lambda said: said.update(index=said["index"] + 1))


def _other_note(proof: Path, _: Path) -> None:
    _changed(proof, lambda said: said.update(checkpoint=said["checkpoint"].replace("time 2", "time 3")))


def _other_since(proof: Path, _: Path) -> None:
    _changed(proof, lambda said: said["since"].update(path=said["since"]["path"][1:] or ["AAAA" * 10 + "AAA="]))


# ---------------------------------------------------------------- an operator who changes the past
def _records(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        places = [(member.offset, member.end) for member in members(file, 0)]
    data = path.read_bytes()
    return [data[start:end] for start, end in places]


def removed(records: list[bytes]) -> list[bytes]:
    """Without one."""
    return [*records[:5], *records[6:]]


def changed(records: list[bytes]) -> list[bytes]:
    """One says something else."""
    return [
        *records[:5],
        b"".join(Draft("metadata", "<urn:uuid:x>", 0, "application/warc-fields", b"a: b\r\n").pieces()),
        *records[6:],
    ]


def reordered(records: list[bytes]) -> list[bytes]:
    """Two have changed places."""
    return [*records[:5], records[6], records[5], *records[7:]]


@pytest.mark.parametrize("falsify", [removed, changed, reordered])
def test_what_was_signed_cannot_be_changed_unseen(
    crawled: Home, tmp_path: Path, falsify: Callable[[list[bytes]], list[bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    older = kept(crawled, tmp_path / "kept")
    check = ["verify", "--against", older, "--key", older.with_name("key.pub")]
    assert cli(crawled, *check) == 0
    path = max(crawled.config.storage.archive.glob("*.warc.gz"), key=lambda file: file.stat().st_size)
    path.write_bytes(b"".join(falsify(_records(path))))
    capsys.readouterr()
    assert cli(crawled, *check) == 1
    assert path.name in capsys.readouterr().out
    # the whole tree is made anew over what was falsified, with the same key
    for name in ("hashes", "places", "tree.json"):
        (tree(crawled).folder / name).unlink()
    shutil.rmtree(tree(crawled).folder / "checkpoints")
    crawled_again = Path(crawled.config.storage.database.removeprefix("sqlite:///"))
    crawled_again.unlink()
    assert cli(crawled, "reindex") in (0, 1)
    assert cli(crawled, "checkpoint") == 0 == cli(crawled, "verify")
    capsys.readouterr()
    assert cli(crawled, *check) == 1
    assert "made anew" in (said := capsys.readouterr().out) or "taken away" in said


def test_a_tree_that_is_not_what_was_signed_is_not_signed_again(crawled: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(crawled, "checkpoint") == 0
    with (tree(crawled).folder / "hashes").open("r+b") as file:
        file.write(b"\0" * 32)
    assert cli(crawled, "verify") == 1
    state = json.loads((tree(crawled).folder / "tree.json").read_text())
    (tree(crawled).folder / "tree.json").write_text(json.dumps({**state, "size": state["size"] - 3}))
    assert cli(crawled, "checkpoint") == 3
    assert "nothing is signed" in capsys.readouterr().err


def test_only_its_owner_reads_the_key_which_may_lie_elsewhere(crawled: Home, capsys: pytest.CaptureFixture[str]) -> None:
    crawled.path.write_text(crawled.path.read_text("utf-8") + '\n[proof]\nkey = "secret/one.key"\n', "utf-8")
    assert cli(crawled, "checkpoint") == 0
    key = crawled.config.root / "secret" / "one.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not tree(crawled).key.exists()
    told = capsys.readouterr()
    secret = key.read_text().strip().split("+", 4)[4]  # base64 has that sign too
    assert len(secret) > 40
    assert secret not in told.out + told.err
    key.write_text("nothing")
    assert cli(crawled, "checkpoint") == 3


def test_a_backup_has_the_tree_and_not_the_key(crawled: Home, tmp_path: Path) -> None:
    older = kept(crawled, tmp_path / "kept")
    assert cli(crawled, "backup", tmp_path / "copy") == 0
    copy = tmp_path / "copy" / "data" / "warc"
    assert Tree(copy).state() == tree(crawled).state()
    assert not Tree(copy).key.exists()
    assert list(check_archive(copy, public_key(Tree(copy).public.read_text()), [older.read_text()])) == []


def test_what_no_checkpoint_has_is_an_error_with_its_remedy(crawled: Home, capsys: pytest.CaptureFixture[str]) -> None:
    name = captures(crawled)[0]
    assert cli(crawled, "prove", name) == 2
    assert cli(crawled, "verify") == 2
    assert "gongkai checkpoint" in capsys.readouterr().err
    database = Database(crawled.config.storage.database)
    checkpoints.grow(database, crawled.config.storage.archive)
    database.close()
    assert cli(crawled, "prove", name) == 2
    assert run(["verify", str(crawled.path)]) == 2


def test_the_daemon_signs_by_its_schedule(crawled: Home) -> None:
    crawled.path.write_text(crawled.path.read_text("utf-8") + '\n[proof]\nschedule = "* * * * *"\n', "utf-8")

    async def wait() -> None:
        with house.open_line(crawled.config, "run") as line:
            line.clock = lambda: 1_800_000_059_500
            task = asyncio.create_task(keep_proving(line))
            while not tree(crawled).notes():  # noqa: ASYNC110 - what is waited for is a file
                await asyncio.sleep(0.05)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(asyncio.wait_for(wait(), 60))
    assert tree(crawled).state().size > 100
