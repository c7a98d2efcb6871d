"""Cuts the power while several processes keep looks in one archive: no revisit without its original, nothing acknowledged lost.

    python tests/tools/power_cuts.py [--cuts 300] [--looks 120] [--folder DIR] [--seed N]

Real processes work (the real keep step, SQLite, small files so that they rotate, one killed and followed by another that adopts its
file) under strace, which records what they ask of the disk. The disk is then a model, as pessimistic as POSIX allows: what was written
and not synced since stands or not, each 4 KiB by chance (all, none, or a part of a cut's choosing); a name made, changed or taken away
stands for certain once its folder was synced; a sync counts from its end. For each moment of a cut the files are laid out as that disk
would show them, the archive is opened as after any crash, and checked. Needs Linux and strace. Exit code 1 when anything is not so.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from crawler.archive.members import Damage, members
from crawler.config.load import load
from crawler.model import Exchange, Kind, Outcome, Request, Run, RunKind, Task, Wire
from crawler.repository.database import reading
from crawler.scheduler import process as house
from tests.tools.kill_daemon import damaged

CALLS = "openat,write,pwrite64,lseek,ftruncate,fsync,fdatasync,rename,unlink,mkdir,close"
LINE = re.compile(r"(?P<at>\d+\.\d+) (?P<call>\w+)\((?P<args>.*)\) += (?P<result>-?\d+)[^<]*(?:<[^>]*>)?.*<(?P<took>\d+\.\d+)>$")
FD = re.compile(r"(?P<fd>\d+)<(?P<path>[^>]*)>")
HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
SECTOR = 4096
SETTINGS = '[operator]\nname = "x"\ncontact = "mailto:a@example.org"\n[storage]\nkeep_free = "0MB"\n'


# ------------------------------------------------------------------ those who write
def exchange(who: str, number: int, payload: int) -> Exchange:
    """A look at a page that others may have shown already."""
    url = f"http://{who}.test/{number}"
    task = Task(f"GET {url}", Request(url), url, f"{who}.test", Kind.DETAIL, "demo", Run("demo", RunKind.ONCE, 5))
    body = random.Random(payload).randbytes(1500 + payload % 7 * 900)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    wire = Wire(b"GET / HTTP/1.1\r\n\r\n", head + body, "192.0.2.1", "length", whole=True, head=len(head))
    return Exchange(task, Outcome.OK, int(time.time() * 1000), 1, 200, wire, None, body)


def write(path: Path, who: str, looks: int, *, dies: bool) -> None:
    """Keep looks, a few at once; adopt what others left. Says which were kept."""
    dice = random.Random(who)
    with house.open_line(load(path), "crawl") as line:
        line.archive.max_bytes = 60_000
        kept = 0
        while kept < looks:
            batch = [exchange(who, kept + n, dice.randrange(2 + kept // 2)) for n in range(dice.randint(1, 5))]
            line.keep(batch, {})
            kept += len(batch)
            os.write(1, f"{who} {kept}\n".encode())
            if dice.random() < 0.1:
                line.adopt()
        if dies:
            line.archive.append(exchange(who, 999_999, 1))
            os._exit(9)


# ------------------------------------------------------------------ the disk
@dataclass
class File:
    """A file of the model: what is certain, and what was asked since, each with the moment: (at, offset, bytes), None for a new length."""

    born: float
    sure: bytearray = field(default_factory=bytearray)
    since: list[tuple[float, int, bytes | None]] = field(default_factory=list)

    def sync(self, began: float) -> None:
        """What was asked before is certain."""
        for at, offset, data in self.since:
            if at <= began:
                put(self.sure, offset, data)
        self.since = [asked for asked in self.since if asked[0] > began]

    def after(self, chance: random.Random, share: float) -> bytes:
        """What the disk shows after a cut: of what is not certain each sector by chance."""
        found = bytearray(self.sure)
        for _, offset, data in self.since:
            if data is None:
                if chance.random() < share:
                    put(found, offset, None)
                continue
            start = offset
            while start < offset + len(data):
                end = min((start // SECTOR + 1) * SECTOR, offset + len(data))
                if chance.random() < share:
                    put(found, start, data[start - offset : end - offset])
                start = end
        return bytes(found)


def put(content: bytearray, offset: int, data: bytes | None) -> None:
    """Bytes at a place, or a new length."""
    if data is None:
        del content[offset:]
        content.extend(bytes(max(0, offset - len(content))))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


@dataclass
class Disk:
    """Files by name; `unsure`: folder → names that were changed since it was synced last, each with what stood there before."""

    names: dict[str, File] = field(default_factory=dict)
    unsure: dict[str, dict[str, tuple[float, File | None]]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def name(self, at: float, path: str, file: File | None) -> None:
        """A name is given to a file, or taken away."""
        before = self.names.get(path)
        self.unsure.setdefault(str(Path(path).parent), {}).setdefault(path, (at, before))
        if file is None:
            self.names.pop(path, None)
        else:
            self.names[path] = file

    def sync_folder(self, path: str, began: float) -> None:
        """Names that were changed before are certain."""
        held = self.unsure.get(path, {})
        self.unsure[path] = {name: was for name, was in held.items() if was[0] > began}

    def after(self, chance: random.Random, share: float) -> Iterator[tuple[str, bytes]]:
        """What stands after a cut. Names that are not certain are as before by chance; a rename is one change."""
        shown = dict(self.names)
        for held in self.unsure.values():
            undone: set[int] = set()
            for name, (_, before) in held.items():
                now = self.names.get(name)
                known = {id(file) for file in (before, now) if file is not None}
                if known & undone or chance.random() >= share:
                    undone |= known
                    shown.pop(name, None)
                    if before is not None:
                        shown[name] = before
        gone = tuple(f"{folder}/" for folder in self.folders if folder not in shown)
        for name, file in shown.items():
            if name not in self.folders and not (gone and name.startswith(gone)):
                yield name, file.after(chance, share)


@dataclass(frozen=True)
class Event:
    """Something asked of the disk, when it is felt, and what it does."""

    at: float
    do: Callable[[Disk], None]
    said: str = ""


def unhex(text: str) -> bytes:
    """The bytes of a string as strace writes them."""
    return bytes.fromhex(text.replace("\\x", ""))


def events(trace: Path, root: str) -> Iterator[Event]:
    """What one process asked of the files below a folder."""
    at_of: dict[str, int] = {}
    for line in trace.read_text("latin-1").splitlines():
        found = LINE.match(line)
        if found is None or int(found["result"]) < 0:
            continue
        began, call, args, result = float(found["at"]), found["call"], found["args"], int(found["result"])
        ended = began + float(found["took"])
        texts = (
            [unhex(text).decode("utf-8", "replace") for text in HEX.findall(args)]
            if call in ("openat", "rename", "unlink", "mkdir")
            else []
        )
        named = FD.match(args)
        fd, path = (
            (named["fd"], unhex(named["path"]).decode() if "\\x" in named["path"] else named["path"]) if named else ("", "")
        )
        if call == "openat" and texts and texts[0].startswith(root):
            at_of[str(result)] = 0
            if "O_CREAT" in args:
                yield Event(began, lambda disk, p=texts[0], t=began: disk.name(t, p, File(t)) if p not in disk.names else None)  # type: ignore[misc]
        elif call == "rename" and texts[0].startswith(root):
            yield Event(began, lambda disk, a=texts[0], b=texts[1], t=began: moved(disk, t, a, b))  # type: ignore[misc]
        elif call == "unlink" and texts[0].startswith(root):
            yield Event(began, lambda disk, p=texts[0], t=began: disk.name(t, p, None))  # type: ignore[misc]
        elif call == "mkdir" and texts[0].startswith(root):
            yield Event(began, lambda disk, p=texts[0], t=began: made(disk, t, p))  # type: ignore[misc]
        elif call == "write" and fd == "1":
            yield Event(ended, lambda disk: None, unhex(HEX.findall(args)[0]).decode())
        elif path.startswith(root):
            yield from of_file(call, (fd, path, args, result), (began, ended), at_of)


def moved(disk: Disk, at: float, old: str, new: str) -> None:
    """A file has another name."""
    file = disk.names[old]
    disk.name(at, new, file)
    disk.name(at, old, None)


def made(disk: Disk, at: float, path: str) -> None:
    """A folder is made."""
    disk.folders.add(path)
    disk.name(at, path, File(at))


def of_file(call: str, asked: tuple[str, str, str, int], times: tuple[float, float], at_of: dict[str, int]) -> Iterator[Event]:
    """What is asked of one open file or folder."""
    (fd, path, args, result), (began, ended) = asked, times
    if call in ("fsync", "fdatasync"):

        def sync(disk: Disk) -> None:
            if path in disk.names and path not in disk.folders:
                disk.names[path].sync(began)
            else:
                disk.sync_folder(path, began)

        yield Event(ended, sync)
    elif call == "lseek":
        at_of[fd] = result
    elif call in ("write", "pwrite64", "ftruncate"):
        data = unhex(HEX.findall(args)[0])[:result] if call != "ftruncate" else None
        offset = at_of.get(fd, 0) if call == "write" else int(args.rpartition(", ")[2])
        if call == "write":
            at_of[fd] = offset + result
        yield Event(began, lambda disk: disk.names[path].since.append((began, offset, data)) if path in disk.names else None)


# ------------------------------------------------------------------ after the cut
def check(path: Path, acknowledged: dict[str, int]) -> list[str]:
    """Open the archive as after any crash; what does not hold."""
    config = load(path)
    with house.open_line(config, "crawl"):
        pass
    wrong, ids, referred = [], set[str](), dict[str, str]()
    for file in sorted(config.storage.archive.glob("*.warc.gz*")):
        if file.suffix == ".torn":
            continue
        lost: list[Damage] = []
        with file.open("rb") as opened:
            for member in members(opened, 0, lost, file.name):
                ids.add(member.record.id)
                if member.record.type == "revisit":
                    referred[member.record.id] = member.record.headers["warc-refers-to"]
        wrong += [f"damaged: {damage}" for damage in lost]
    wrong += [f"revisit {record} without its original" for record, original in referred.items() if original not in ids]
    with reading(config.storage.database) as c:
        wrong += damaged(c, config.storage.archive)
        for who, count in acknowledged.items():
            held = c.execute(
                sa.text("SELECT count(*) FROM looks l JOIN urls u ON u.id = l.url WHERE u.queue = :queue"),
                {"queue": f"{who}.test"},
            ).scalar_one()
            if held < count:
                wrong.append(f"{who}: {held} of {count} acknowledged looks")
    return wrong


def repeated(archive: Path) -> tuple[int, int]:
    """How many revisits there are in the end, and how many of them refer to a record that another process wrote."""
    wrote, referred = dict[str, str](), list[tuple[str, str]]()
    for file in archive.glob("*.warc.gz"):
        owner = file.name.rpartition("-")[0]
        with file.open("rb") as opened:
            for member in members(opened, 0):
                wrote[member.record.id] = owner
                if member.record.type == "revisit":
                    referred.append((owner, member.record.headers["warc-refers-to"]))
    return len(referred), sum(wrote[original] != owner for owner, original in referred)


def record(folder: Path, looks: int) -> tuple[list[Event], dict[str, bytes]]:
    """Let them work; what they asked of the disk, and the files there were before."""
    path = folder / "config" / "gongkai.toml"
    path.parent.mkdir(parents=True)
    path.write_text(SETTINGS, "utf-8")
    with house.open_line(load(path), "crawl"):
        pass
    before = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    def start(who: str, *more: str) -> "subprocess.Popen[bytes]":
        command = [
            "strace",
            "-y",
            "-ttt",
            "-T",
            "-xx",
            "-s",
            "4000000",
            "-e",
            f"trace={CALLS}",
            "-o",
            str(folder / f"trace.{who}"),
        ]
        command += [
            sys.executable,
            "-m",
            "tests.tools.power_cuts",
            "--write",
            who,
            "--folder",
            str(folder),
            "--looks",
            str(looks),
        ]
        return subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL)

    first, second = start("a", "--dies"), start("b")
    first.wait()
    third = start("c")
    if second.wait() or third.wait():
        raise SystemExit("a writer failed")
    found = [event for who in "abc" for event in events(folder / f"trace.{who}", str(folder / "data"))]
    return sorted(found, key=lambda event: event.at), before


def cut(found: list[Event], before: dict[str, bytes], folder: Path, at: int, chance: random.Random) -> list[str]:
    """The power goes after so many events; what does not hold when it is back."""
    disk = Disk({name: File(0, bytearray(data)) for name, data in before.items()})
    acknowledged: dict[str, int] = {}
    for event in found[:at]:
        event.do(disk)
        if event.said:
            for who, count in re.findall(r"^([abc]) (\d+)$", event.said, re.MULTILINE):
                acknowledged[who] = int(count)
    share = chance.choice([0.0, 1.0, 0.5, chance.random()])
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as made:
        for name, data in disk.after(chance, share):
            if not name.endswith("-shm"):  # a map of the WAL in memory
                target = Path(made) / Path(name).relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        return check(Path(made) / "config" / "gongkai.toml", acknowledged)


def main(cuts: int, looks: int, folder: Path, seed: int) -> int:
    """Work, cut, check; the exit code."""
    chance, began = random.Random(seed), time.monotonic()
    found, before = record(folder, looks)
    wrong: list[str] = []
    for number in range(cuts):
        at = chance.randrange(len(found) + 1)
        wrong += [f"cut {number} after {at} of {len(found)}: {said}" for said in cut(found, before, folder, at, chance)]
    revisits, elsewhere = repeated(folder / "data" / "warc")
    print(f"{revisits} revisits, {elsewhere} of them of a record in another process's file")
    print(f"{cuts} cuts over {len(found)} requests to the disk in {time.monotonic() - began:.0f} s: {len(wrong)} faults")
    for line in wrong[:20]:
        print(f"  {line}")
    shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--looks", type=int, default=120)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    parser.add_argument("--dies", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write(given.folder / "config" / "gongkai.toml", given.write, given.looks, dies=given.dies)
        sys.exit(0)
    sys.exit(main(given.cuts, given.looks, given.folder or Path(tempfile.mkdtemp(prefix="gongkai-cuts-")), given.seed))
