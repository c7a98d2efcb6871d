"""A process that has imported everything and forks one child for each command: a trial costs no start of Python.

It runs under the shim, is single-threaded, and is told what to do by lines of JSON. `Nursery` is its other end.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from crawler.model import Kind, Page
from crawler.pipeline import readers
from tests.crash import shim
from tests.crash.shim import Act, Arms, Call

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a command: exit code (negative: the signal; None: it had to be killed), and what it said on standard error."""

    code: int | None
    said: str


# ------------------------------------------------------------------ within the nursery
def serve() -> None:
    """Fork, wait, tell; until there is nothing more to read."""
    from crawler.parsers import child, protocol
    from crawler.record.rules import ReadRules
    from tests.crash import mutants, writers

    for name in (
        "alembic.command",
        "alembic.config",
        "alembic.context",
        "crawler.cli.evidence",
        "crawler.cli.main",
        "crawler.cli.work",
        "sqlalchemy.dialects.postgresql.psycopg",
    ):
        importlib.import_module(name)  # everything, once
    for text in sys.argv[1:]:  # a page has been read: what that imports and compiles is there
        for kind in (Kind.LIST, Kind.DETAIL):
            page = Page("http://a.test/", 200, (), Path(text).read_bytes(), 1)
            child.answer(protocol.Job(page, kind, ReadRules(), page.url))
    gc.collect()
    gc.freeze()

    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            answer: dict[str, Any] = {"code": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                _child(asked, mutants, {"!write": writers.write, "!finish": writers.finish})
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _child(asked: dict[str, Any], mutants: Any, steps: dict[str, Callable[..., None]]) -> None:
    """One command to its end; never returns."""
    code = 70
    try:
        os.setsid()
        with Path(asked["said"]).open("wb") as said, Path(os.devnull).open("r+b") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(nothing.fileno(), 1)
            os.dup2(said.fileno(), 2)
        os.environ.update(asked["environment"])
        readers.subprocess = SimpleNamespace(Popen=Reader, PIPE=None, DEVNULL=None)  # type: ignore[attr-defined, assignment]
        mutants.apply(asked["mutant"])
        if asked["hasty"]:
            mutants.hasty()
        if asked["arms"]:
            held = asked["arms"]
            arms = Arms(**{**held, "calls": tuple(Call(call) for call in held["calls"]), "act": Act(held["act"])})
            shim.arm(arms)
            if arms.keeps_bytes:
                mutants.acknowledge()
        if asked["words"][0] in steps:
            steps[asked["words"][0]](*asked["words"][1:])
            os._exit(0)
        sys.argv = ["gongkai", *asked["words"]]
        from crawler.cli.__main__ import main

        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


class Reader:
    """What `subprocess.Popen` gives, of a reading child that is forked: it holds nothing that a fresh one would not."""

    def __init__(self, _command: Sequence[str], **_: Any) -> None:
        theirs, mine = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, 0)  # it is ended with its group
            os.dup2(theirs[0], 0)
            os.dup2(mine[1], 1)
            os.closerange(3, 4096)  # locks on open files live as long as any copy of them
            shim.disarm()
            _read_pages()
        with contextlib.suppress(OSError):  # whoever comes first
            os.setpgid(self.pid, self.pid)
        os.close(theirs[0])
        os.close(mine[1])
        self.stdin, self.stdout = os.fdopen(theirs[1], "wb"), os.fdopen(mine[0], "rb")

    def kill(self) -> None:
        """SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Until it is gone."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _read_pages() -> None:
    """A reading child's life; never returns."""
    from crawler.parsers import child, protocol

    try:
        with os.fdopen(0, "rb") as incoming, os.fdopen(1, "wb") as outgoing:
            protocol.write(outgoing, {"ready": os.getpid()})
            child.serve(incoming, outgoing)
    finally:
        os._exit(0)


# ------------------------------------------------------------------ the other end
class Nursery:
    """A nursery, started when it is entered. For one thread. `pages`: files of pages to read first."""

    def __init__(self, pages: Sequence[Path]) -> None:
        self._pages = pages

    def __enter__(self) -> "Nursery":
        environment = {**os.environ, "LD_PRELOAD": str(shim.build()), "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.crash.nursery import serve; serve()", *map(str, self._pages)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def start(
        self,
        words: Sequence[str],
        said: Path,
        *,
        arms: Arms | None = None,
        mutant: str = "",
        environment: dict[str, str] | None = None,
        hasty: bool = False,
    ) -> int:
        """Begin a command; its process id."""
        return int(
            self._ask(
                {
                    "words": list(words),
                    "said": str(said),
                    "arms": asdict(arms) if arms else None,
                    "mutant": mutant,
                    "environment": environment or {},
                    "hasty": hasty,
                }
            )["pid"]
        )

    def wait(self, pid: int, said: Path, seconds: float = 180) -> Ended:
        """Its end; whoever takes longer is killed."""
        handle = os.pidfd_open(pid)
        try:
            watch = select.poll()
            watch.register(handle, select.POLLIN)
            in_time = bool(watch.poll(seconds * 1000))
        finally:
            os.close(handle)
        if not in_time:
            os.kill(pid, signal.SIGKILL)
        code = int(self._ask({"wait": pid})["code"])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # those that it had started
        return Ended(code if in_time else None, said.read_text("utf-8", "replace"))
