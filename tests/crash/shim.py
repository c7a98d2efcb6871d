"""The shim that stands between a process and the C library (`shim.c`): built here, armed from within a process, its log read."""

import ctypes
import enum
import hashlib
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
HEAD = struct.Struct("=QQQiiiIII")


class Call(enum.IntEnum):
    """What is asked of the system, as `shim.c` numbers it."""

    LOOK = 0  # open what is there
    MAKE = 1  # open with O_CREAT
    WRITE = 2
    SYNC = 3
    RENAME = 4
    UNLINK = 5
    CUT = 6  # ftruncate
    FOLDER = 7
    NET = 8  # sockets and pipes
    SAID = 9  # by the harness, into the log


class Act(enum.IntEnum):
    """What happens at the chosen call."""

    NOTHING = 0
    KILL = 1  # before it
    TORN = 2  # in the middle of a write, after any other
    FAIL = 3  # with an error number
    SHORT = 4  # half of a write is done, from then on it fails
    STOP = 5  # SIGSTOP before it


CHANGES = (Call.MAKE, Call.WRITE, Call.SYNC, Call.RENAME, Call.UNLINK, Call.CUT, Call.FOLDER)
FILES = (Call.LOOK, *CHANGES)


def available() -> bool:
    """Can it be built here?"""
    return sys.platform == "linux" and shutil.which("gcc") is not None


def build() -> Path:
    """The shared object; built once for each state of the source."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    made = Path(tempfile.gettempdir()) / f"gongkai-shim-{digest}.so"
    if not made.exists():
        with tempfile.TemporaryDirectory() as folder:
            beside = Path(folder) / "shim.so"
            subprocess.run(
                ["gcc", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", str(beside), str(SOURCE)], check=True
            )
            shutil.copy(beside, made.with_suffix(f".{hashlib.sha256(folder.encode()).hexdigest()[:8]}"))
            made.with_suffix(f".{hashlib.sha256(folder.encode()).hexdigest()[:8]}").replace(made)
    return made


@dataclass(frozen=True, slots=True)
class Arms:
    """What a process is armed with: at the `when`-th call of `calls` below `root` comes `act`; `forever`: at every later one too."""

    root: str
    log: str
    calls: tuple[Call, ...] = ()
    when: int = 0
    act: Act = Act.NOTHING
    error: int = 0
    forever: bool = False
    keeps_bytes: bool = False


def arm(arms: Arms) -> None:
    """Arm this process, which was started with the shim."""
    here = ctypes.CDLL(None)
    mask = sum(1 << call for call in arms.calls)
    done = here.crash_arm(
        arms.root.encode(), mask, ctypes.c_uint64(arms.when), int(arms.act), arms.error, int(arms.forever), arms.log.encode(),
        int(arms.keeps_bytes),
    )  # fmt: skip
    if done:
        raise OSError(f"the shim cannot write {arms.log}")


def disarm() -> None:
    """This process is let alone."""
    ctypes.CDLL(None).crash_disarm()


def say(what: str) -> None:
    """A word of the harness in the log, in its place among the calls."""
    ctypes.CDLL(None).crash_said(what.encode())


@dataclass(frozen=True, slots=True)
class Entry:
    """One call of the log: when it began and ended (ticks of one clock), where, what came, and the bytes where they were kept."""

    began: int
    ended: int
    offset: int
    call: Call
    result: int
    pid: int
    path: str
    other: str
    data: bytes

    def __str__(self) -> str:
        size = f" {self.result} at {self.offset}" if self.call is Call.WRITE else ""
        failed = f" = {self.result}" if self.result < 0 else ""
        return f"{self.call.name.lower()} {Path(self.path).name}{size}{failed}"


def entries(log: Path) -> Iterator[Entry]:
    """What a log holds, in the order of its writing; a half-written end is left out."""
    data, at = log.read_bytes() if log.exists() else b"", 0
    while at + HEAD.size <= len(data):
        began, ended, offset, call, result, pid, path, other, size = HEAD.unpack_from(data, at)
        at += HEAD.size
        pieces = []
        for length in (path, other, size):
            pieces.append(data[at : at + length])
            at += length
        if at > len(data):
            return
        yield Entry(began, ended, offset, Call(call), result, pid, pieces[0].decode(), pieces[1].decode(), pieces[2])
