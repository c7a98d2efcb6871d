"""What dead processes leave behind: adopted when whole, set aside when torn; live files are never touched."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from crawler.archive.locks import lock
from crawler.archive.recover import Recovered, recover, walk
from crawler.archive.writer import Archive, owner_name
from crawler.errors import ArchiveError
from crawler.model import Exchange

Make = Callable[..., Exchange]
WRITER = """
import os, sys
from pathlib import Path
from crawler.archive.writer import Archive, owner_name
from crawler.model import Exchange, Kind, Outcome, Page, Request, Run, RunKind, Task, Wire
archive = Archive(Path(sys.argv[1]), owner=owner_name(), info={"software": "test"})
for number in range(1_000_000):
    url = f"http://a.test/{number}"
    task = Task(f"GET {url}", Request(url), url, "a.test", Kind.DETAIL, "demo", Run("demo", RunKind.ONCE, 5))
    body = os.urandom(3000)
    wire = Wire(b"GET / HTTP/1.1\\r\\n\\r\\n", b"HTTP/1.1 200 OK\\r\\n\\r\\n" + body, "192.0.2.1", "close", True)
    kept = archive.append(Exchange(task, Outcome.OK, 1, 1, 200, wire, Page(url, 200, (), body, 1), body))
    archive.sync()
    print(kept.look, flush=True)
"""


def crashed(folder: Path, make: Make, count: int) -> tuple[Path, list[int]]:
    """A file as a dead process leaves it, and where its groups end."""
    archive = Archive(folder, owner=owner_name(), info={"software": "test"})
    ends = [archive.append(make(number)).end for number in range(count)]
    archive.close()
    (file,) = folder.glob("*.warc.gz")
    return file.rename(file.with_name(file.name + ".open")), ends


def test_a_file_cut_anywhere_gives_exactly_its_whole_groups(tmp_path: Path, make: Make) -> None:
    file, ends = crashed(tmp_path, make, 3)
    data = file.read_bytes()
    file.unlink()
    for cut in sorted(
        {*range(0, len(data), 37), *(end + step for end in ends for step in (-1, 0, 1) if end + step <= len(data))}
    ):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / file.name).write_bytes(data[:cut])
        (found,) = recover(folder, lambda name: 0)
        whole = [end for end in ends if end <= cut]
        assert [look.end for look in found.kept] == whole
        closed = folder / file.name.removesuffix(".open")
        assert [look.end for look in walk(closed)] == whole
        aside = closed.with_name(closed.name + ".torn")
        torn = aside.stat().st_size if aside.exists() else 0
        assert torn == found.torn
        assert closed.stat().st_size + torn == cut


def test_what_the_database_knows_is_not_told_again(tmp_path: Path, make: Make) -> None:
    _, ends = crashed(tmp_path, make, 3)
    (found,) = recover(tmp_path, lambda name: ends[1])
    assert [look.end for look in found.kept] == ends[2:]


def test_a_recovery_that_dies_before_its_commit_is_done_again(tmp_path: Path, make: Make) -> None:
    _, ends = crashed(tmp_path, make, 3)
    dying = recover(tmp_path, lambda name: 0)
    assert len(next(dying).kept) == 3
    dying.close()
    (again,) = recover(tmp_path, lambda name: 0)
    assert [look.end for look in again.kept] == ends
    assert not list(tmp_path.glob("*.open"))


def test_a_live_file_is_not_touched_by_another_process_or_this_one(tmp_path: Path, make: Make) -> None:
    archive = Archive(tmp_path, owner=owner_name(), info={"software": "test"})
    archive.append(make())
    archive.sync()
    (file,) = tmp_path.glob("*.open")
    before = file.read_bytes()
    assert list(recover(tmp_path, lambda name: 0)) == []
    script = "import sys; from pathlib import Path; from crawler.archive.recover import recover; print(len(list(recover(Path(sys.argv[1]), lambda name: 0))))"
    other = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == "0"
    assert file.read_bytes() == before
    archive.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be renamed there")
def test_a_file_that_a_recovery_takes_at_its_birth_is_left_to_it_and_the_next_one_is_written(tmp_path: Path, make: Make) -> None:
    taken: list[Recovered] = []

    def late(file: IO[bytes]) -> bool:
        """Our lock, for which another process's recovery did not wait."""
        if not taken:
            taken.extend(recover(tmp_path, lambda name: 0))
        return lock(file)

    archive = Archive(tmp_path, owner=owner_name(), info={"software": "test"}, take=late)
    kept = archive.append(make())
    archive.close()
    assert len(taken) == 1
    assert kept.file != taken[0].info.name
    assert [look.look for look in walk(tmp_path / kept.file)] == [kept.look]


def test_a_new_file_that_somebody_else_has_locked_is_not_written_to(tmp_path: Path, make: Make) -> None:
    held: list[IO[bytes]] = []

    def late(file: IO[bytes]) -> bool:
        """Our lock, for which another process did not wait, and it holds on."""
        if not held:
            held.append(Path(file.name).open("r+b"))  # noqa: SIM115 - held beyond this call
            assert lock(held[0])
        return lock(file)

    archive = Archive(tmp_path, owner=owner_name(), info={"software": "test"}, take=late)
    kept = archive.append(make())
    assert not Path(held[0].name).stat().st_size
    assert kept.file != Path(held[0].name).name.removesuffix(".open")
    held[0].close()
    archive.close()
    assert [look.look for look in walk(tmp_path / kept.file)] == [kept.look]


def test_a_file_that_cannot_get_its_final_name_is_an_error_with_a_remedy(tmp_path: Path, make: Make) -> None:
    archive = Archive(tmp_path, owner=owner_name(), info={"software": "test"})
    name = archive.append(make()).file
    (tmp_path / name).mkdir()  # something else of that name: no file can replace it
    with pytest.raises(ArchiveError, match=r"cannot close .*; check the folder"):
        archive.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("groups", [1, 7, 23])
def test_every_look_a_killed_process_had_synced_is_adopted(tmp_path: Path, groups: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline().strip() for _ in range(groups)]
        time.sleep(0.003 * groups)
        writer.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
    (found,) = recover(tmp_path, lambda name: 0)
    told = [look.look for look in found.kept]
    assert told[: len(acknowledged)] == acknowledged
    assert not list(tmp_path.glob("*.open"))
    assert found.owner in found.info.name
