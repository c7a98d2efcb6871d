"""A pool of killable reading processes: a hostile page costs its own reading and a new child, nothing else."""

import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

from crawler.model import PageKind, payload_digest
from crawler.parsers import protocol
from crawler.parsers.protocol import BadMessage, Job
from crawler.parsers.version import rules_version
from crawler.record.content import NO_TEXT, Content, pack_pieces
from crawler.record.reading import Reading

PIPE = 1 << 16  # bytes that are read of a child's answers at once, where there are so many: all a pipe holds
WATCH = 0.05  # seconds between two looks of the watchdog
MOST_IN_MESSAGE = 8 << 20  # bytes of pages in one message; a larger page goes alone
LONGEST_PAGE = 192 << 20  # bytes of a page and its further captures: a child takes no longer message
FEW_WAIT = 10  # times the start of a process that few pages wait for those that run
LONGEST_WAIT = 3.0  # seconds of that at most: one may be at work on a page that takes long
USUAL_START = 0.2  # seconds, before the first has told
STARTING = 60.0  # seconds a process may take to be there: no page's fault, so no page's time
PASSED_ON = (
    "PATH",
    "SYSTEMROOT",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
)


class _Child:
    """One process, started when it is first needed."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.process: subprocess.Popen[bytes] | None = None
        self.pages = 0
        self.late = False  # the watchdog has killed it
        self.environment: dict[str, str] = {}
        self._until: float | None = None
        self._guard = threading.Lock()

    def start(self) -> None:
        """Have the process there and listening. Raises BadMessage or OSError."""
        if self.process is not None:
            return
        self.environment = _environment()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crawler.parsers.child", str(self.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=PIPE,
            env=self.environment,
            process_group=0 if os.name == "posix" else None,
        )
        self.pages, self.late = 0, False
        if self.hear(STARTING) is None:
            raise BadMessage("it did not start")

    @property
    def is_well(self) -> bool:
        """Is there a process, and does it live?"""
        return self.process is not None and not self.late and self.process.poll() is None

    def ask(self, jobs: Sequence[Job], seconds: float) -> None:
        """Send it a batch."""
        assert self.process is not None
        assert self.process.stdin is not None
        with self.within(seconds):
            protocol.write_jobs(self.process.stdin, jobs)

    def hear(self, seconds: float) -> tuple[dict[str, Any], bytes] | None:
        """Its next message; None when it has ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        with self.within(seconds):
            return protocol.read(self.process.stdout)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """The watchdog kills the process when this takes longer."""
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._guard:
                self._until = None

    def watch(self, now: float) -> None:
        """Kill what is over its deadline: a blocked read then ends."""
        with self._guard:
            if self._until is not None and now > self._until and self.process is not None:
                self.late = True
                self._kill(self.process)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes]) -> None:
        """End it with whatever it has started: an office or an OCR that reads a document with it."""
        if os.name != "posix":
            process.kill()
            return
        with suppress(ProcessLookupError, PermissionError):  # it, and all it had started, are gone
            os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        self._kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what a dead child did not take cannot be flushed
                    continue


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


class _Spare:
    """Processes that wait for the next pool. A page leaves nothing behind in one that has answered."""

    def __init__(self) -> None:
        self.most = 0
        self._held: list[_Child] = []
        self._guard = threading.Lock()

    def take(self, memory: int) -> _Child:
        """One that is there, as it would be started now; else a new one."""
        with self._guard:
            environment = _environment()
            fitting = (one for one in self._held if one.memory == memory and one.environment == environment and one.is_well)
            child = next(fitting, None)
            if child is not None:
                self._held.remove(child)
        return child or _Child(memory)

    def keep(self, child: _Child) -> bool:
        """Hold one that is idle and well, when there is room."""
        with self._guard:
            if len(self._held) >= self.most or not child.is_well:
                return False
            self._held.append(child)
            return True

    def stop(self, all_but: int = 0) -> None:
        """End them, but for so many."""
        with self._guard:
            while len(self._held) > all_but:
                self._held.pop(0).stop()


_SPARE = _Spare()


def keep(most: int) -> None:
    """For a process that makes one pool after another: so many processes stay for the next one, until this process ends."""
    _SPARE.most = most
    _SPARE.stop(all_but=most)
    atexit.register(_SPARE.stop)


def _fitting(jobs: Sequence[Job]) -> Sequence[Job]:
    """The first of these that go into one message; at least one."""
    size = count = 0
    for job in jobs:
        size += job.size
        if count and (size > MOST_IN_MESSAGE or _too_large(job)):
            break
        count += 1
    return jobs[:count]


def _too_large(job: Job) -> str:
    """Why a job is not sent; empty where it is."""
    most = job.file.limits.size if job.file is not None else LONGEST_PAGE
    return f"more than {most >> 20} MiB" if job.size > most else ""


def _told(message: tuple[dict[str, Any], bytes] | None, job: Job) -> Reading:
    if message is None:
        return _unread(job, "crash")
    if "failed" in message[0]:
        return _unread(job, str(message[0]["failed"])[:500])
    return protocol.reading_of(*message)


def _unread(job: Job, why: str) -> Reading:
    return Reading(rules_version(job.rules), PageKind.OTHER, error=why)


def _as_file(job: Job, reading: Reading) -> Reading:
    """A document that cannot be read is there all the same: that it has no text, and why, is what is known of it."""
    if job.file is None or reading.error is None:
        return reading
    kind = (job.page.header("content-type") or "").partition(";")[0].strip().lower() or "application/octet-stream"
    body, note = job.page.body, f"{NO_TEXT}{reading.error}"
    name = job.file.name or job.page.url.partition("?")[0].rpartition("/")[2]
    content = Content(kind, len(body), "", 0, note, (), name, "link", pack_pieces((), (), ""), payload_digest(body))
    return Reading(reading.rules, PageKind.FILE, f"{kind} of {len(body)} bytes, {note}", file=content)


class Readers:
    """`read_many(jobs)` from any thread; at most `workers` pages at a time, each within `deadline` seconds and `memory` bytes.

    A further process is started once so much time was lost in waiting for those that run as the start of one takes: few pages are read by
    one, however many ask at once, and many wait no longer than twice what is needed. Whoever knows whether many wait says so (`expect`):
    a start costs the CPU of 45 pages and 25 MB, so for many a further process is started at once, and for few much later.
    """

    def __init__(self, workers: int = 2, *, deadline: float = 20.0, memory: int = 1 << 30, recycle: int = 2000) -> None:
        self.workers, self.deadline, self.recycle = workers, deadline, recycle
        self._children = [_SPARE.take(memory) for _ in range(workers)]
        self._idle = [child for child in self._children if child.process is not None]  # running, and nobody's
        self._spare = [child for child in self._children[::-1] if child.process is None]  # not running
        self._given_back = threading.Condition()
        self._waited, self._price = 0.0, USUAL_START  # seconds: waited since the last start, and what that took
        self._many: bool | None = None  # None: nobody has said
        self._closing = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="reader-watchdog", daemon=True)

    def __enter__(self) -> "Readers":
        self._watchdog.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        self._watchdog.join()
        with self._given_back:  # the others are at work for somebody who does not wait for them
            for idle in self._idle:
                if idle.pages < self.recycle and _SPARE.keep(idle):
                    self._children.remove(idle)
        for child in self._children:
            child.stop()

    def expect(self, *, many: bool) -> None:
        """Do so many pages wait to be read that a further process pays?"""
        with self._given_back:
            self._many = many
            if many:
                self._given_back.notify()

    def read(self, job: Job) -> Reading:
        """The reading of a page; `error` is set (deadline, memory, crash, or the parser's own words) when there is none."""
        return self.read_many((job,))[0]

    def read_many(self, jobs: Sequence[Job]) -> list[Reading]:
        """The readings of pages, in their order, by one child. Each page has a deadline of its own, and what it does to the child
        costs no other: those behind it are read by the next child."""
        found: list[Reading] = []
        with self._taken() as child:
            while len(found) < len(jobs):
                if why := _too_large(jobs[len(found)]):
                    found.append(_unread(jobs[len(found)], why))
                else:
                    found += self._batch(child, _fitting(jobs[len(found) :]))
        return [_as_file(job, reading) for job, reading in zip(jobs, found, strict=True)]

    def _batch(self, child: _Child, jobs: Sequence[Job]) -> list[Reading]:
        """The readings of these, or of the first of them up to one that ended the child."""
        found: list[Reading] = []
        try:
            self._start(child)
            child.ask(jobs, self.deadline)
            for job in jobs:
                found.append(_told(child.hear(self.deadline), job))
                child.pages += 1
                if child.late or _ends(found[-1].error):
                    break
        except (BadMessage, OSError) as error:
            found.append(_unread(jobs[len(found)], f"crash: {error}"))
        if child.late:
            found[-1] = _unread(jobs[len(found) - 1], "deadline")
        if child.late or _ends(found[-1].error):
            child.stop()
        return found

    @contextmanager
    def _taken(self) -> Iterator[_Child]:
        child = self._take()
        try:
            if child.pages >= self.recycle:
                child.stop()
            yield child
        finally:
            with self._given_back:
                (self._spare if child.process is None else self._idle).append(child)
                self._given_back.notify()

    def _take(self) -> _Child:
        with self._given_back:
            while not self._idle:
                patience = self._patience()
                if len(self._spare) == self.workers or (self._spare and self._waited >= patience):
                    self._waited = 0.0
                    return self._spare.pop()
                began = time.monotonic()
                self._given_back.wait(patience - self._waited if self._spare else None)
                self._waited += time.monotonic() - began
            return self._idle.pop()

    def _patience(self) -> float:
        """Seconds that may be lost in waiting before a further process is started."""
        if self._many is None:
            return self._price
        return 0.0 if self._many else min(self._price * FEW_WAIT, LONGEST_WAIT)

    def _start(self, child: _Child) -> None:
        if child.process is None:
            began = time.monotonic()
            child.start()
            self._price = time.monotonic() - began

    def _watch(self) -> None:
        while not self._closing.wait(WATCH):
            now = time.monotonic()
            for child in self._children:
                child.watch(now)


def _ends(error: str | None) -> bool:
    """Does this error end the child?"""
    return error is not None and (error == "memory" or error.startswith("crash"))


__all__ = ["Job", "Readers"]
