"""A pool of killable reading processes: a hostile page costs its own reading and a new child, nothing else."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import LifoQueue
from types import TracebackType
from typing import Any

from crawler.model import PageKind
from crawler.parsers import protocol
from crawler.parsers.page import rules_version
from crawler.parsers.protocol import BadMessage, Job
from crawler.record.reading import Reading

WATCH = 0.05  # seconds between two looks of the watchdog
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
        self.until: float | None = None  # when the watchdog kills it
        self.late = False

    def start(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crawler.parsers.child", str(self.memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            self.pages = 0
        return self.process

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what a dead child did not take cannot be flushed
                    continue


@contextmanager
def _until(child: _Child, seconds: float) -> Iterator[None]:
    """The watchdog kills the child when this takes longer."""
    child.late, child.until = False, time.monotonic() + seconds
    try:
        yield
    finally:
        child.until = None


class Readers:
    """`read(job)` from any thread; at most `workers` pages at a time, each within `deadline` seconds and `memory` bytes."""

    def __init__(self, workers: int = 2, *, deadline: float = 20.0, memory: int = 1 << 30, recycle: int = 2000) -> None:
        self.workers, self.deadline, self.recycle = workers, deadline, recycle
        self._children = [_Child(memory) for _ in range(workers)]
        self._free: LifoQueue[_Child] = LifoQueue()
        for child in self._children:
            self._free.put(child)
        self._closing = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="reader-watchdog", daemon=True)

    def __enter__(self) -> "Readers":
        self._watchdog.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        self._watchdog.join()
        for child in self._children:
            child.stop()

    def read(self, job: Job) -> Reading:
        """The reading of a page; `error` is set (deadline, memory, crash, or the parser's own words) when there is none."""
        with self._taken() as child:
            why = "crash"
            try:
                message = self._ask(child, job)
                if message is not None and "failed" not in message[0]:
                    return protocol.reading_of(*message)
                if message is not None:
                    why = str(message[0]["failed"])[:500]
            except (BadMessage, OSError) as error:
                why = f"crash: {error}"
            if child.late:
                why = "deadline"
            if why in ("deadline", "memory") or why.startswith("crash"):
                child.stop()
            return Reading(rules_version(job.rules), PageKind.OTHER, error=why)

    def read_many(self, jobs: Sequence[Job]) -> list[Reading]:
        """The readings of several pages, in their order."""
        return [self.read(job) for job in jobs]

    def _ask(self, child: _Child, job: Job) -> tuple[dict[str, Any], bytes] | None:
        fresh = child.process is None
        process = child.start()
        assert process.stdin is not None
        assert process.stdout is not None
        if fresh:
            with _until(child, STARTING):
                if protocol.read(process.stdout) is None:
                    return None
        with _until(child, self.deadline):
            protocol.write(process.stdin, protocol.job_header(job), job.body)
            message = protocol.read(process.stdout)
        child.pages += 1
        return message

    @contextmanager
    def _taken(self) -> Iterator[_Child]:
        child = self._free.get()
        try:
            if child.pages >= self.recycle:
                child.stop()
            yield child
        finally:
            self._free.put(child)

    def _watch(self) -> None:
        """Kill what is over its deadline: a blocked read then ends."""
        while not self._closing.wait(WATCH):
            now = time.monotonic()
            for child in self._children:
                until, process = child.until, child.process
                if until is not None and now > until and process is not None:
                    child.late = True
                    process.kill()


__all__ = ["Job", "Readers"]
