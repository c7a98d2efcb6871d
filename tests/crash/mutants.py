"""The protocol with one of its rules left out: the harness must notice each. Applied in a forked process; nothing of it is shipped."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from crawler.archive import alive, locks, recover, writer
from crawler.pipeline import keep as keeping
from crawler.pipeline import line, member
from crawler.repository import database, leases, settle
from crawler.scheduler import holding
from tests.crash import shim

made: dict[str, Callable[[], None]] = {}


def mutant(apply: Callable[[], None]) -> Callable[[], None]:
    """One of them, by its function's name."""
    made[apply.__name__.replace("_", " ")] = apply
    return apply


def put(place: object, **changed: object) -> None:
    """Other functions in a module's or a class's place."""
    for name, value in changed.items():
        setattr(place, name, value)


def apply(name: str) -> None:
    """Leave a rule out; no name, no rule."""
    if name:
        made[name]()


def acknowledge() -> None:
    """Not a mutant: each step says in the shim's log what it has acknowledged."""
    keep, settled = line.Line.keep, line.Line.settle

    def kept(self: Any, exchanges: Any, fences: Any) -> None:
        keep(self, exchanges, fences)
        for exchange in exchanges:
            shim.say(f"kept {exchange.at} {exchange.task.request.url}")

    def said(self: Any, items: Any) -> Any:
        found = settled(self, items)
        for item in items:
            shim.say(f"settled {item.capture_id}")
        return found

    put(line.Line, keep=kept, settle=said)


def hasty() -> None:
    """Not a mutant: leases of a second, so that a trial need not wait two minutes for one to end."""
    put(holding, LEASE_MARGIN=500)
    put(member, LEASE_MARGIN=500)


# ------------------------------------------------------------------ bytes first
@mutant
def row_before_bytes() -> None:
    """The bytes of looks are written when the transaction has been committed."""
    commit, flush_now, sync_now = line.Line._archive_and_commit, writer._flush, writer.Archive.sync

    def flush(target: Any) -> None:
        if not target.file.tell():  # who made the file stands in it before any look
            flush_now(target)

    def sync(self: Any) -> None:
        return

    def committed(self: Any, exchanges: Any, fences: Any) -> None:
        commit(self, exchanges, fences)
        if self.archive._open is not None:
            flush_now(self.archive._open)
            sync_now(self.archive)

    put(writer, _flush=flush)
    put(writer.Archive, sync=sync)
    put(line.Line, _archive_and_commit=committed)


@mutant
def no_fsync() -> None:
    """The bytes of looks are not synced."""

    def sync(self: Any) -> None:
        if self._open is not None:
            self._open.dirty = False

    put(writer.Archive, sync=sync)


@mutant
def no_directory_fsync() -> None:
    """Names of files are not synced."""
    for module in (locks, recover, writer):
        put(module, sync_folder=lambda folder: None)


@mutant
def rename_before_fsync() -> None:
    """What recovery has cut and written again gets its final name first, and is synced when the process ends."""
    late: list[Path] = []

    def replace(old: Path, new: Path) -> None:
        os.replace(old, new)
        late.append(new)

    def end(self: Any) -> None:
        for path in late:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        close(self)

    close = line.Line.close
    put(recover, os=SimpleNamespace(fstat=os.fstat, fsync=lambda number: None, replace=replace))
    put(line.Line, close=end)


@mutant
def database_not_synced() -> None:
    """SQLite tells of commits that no disk has."""
    pragmas = database._pragmas
    put(database, _pragmas=lambda **given: [*pragmas(**given), "synchronous=OFF"])


# ------------------------------------------------------------------ one transaction
@mutant
def done_early() -> None:
    """A reading is done in a transaction of its own, before what it says is written."""
    settled, begin = line.Line._settle, settle.begin

    def mark(c: Any, items: Any, state: str) -> None:
        for item in items:
            c.exec_driver_sql(
                "UPDATE readings SET state = ?, page_kind = ? WHERE capture = ?", (state, str(item.reading.kind), item.capture_id)
            )

    def early(self: Any, items: Any) -> Any:
        self.do(mark, items, "done")
        return settled(self, items)

    def again(c: Any, items: Any) -> Any:
        mark(c, items, "pending")
        return begin(c, items)

    put(line.Line, _settle=early)
    put(settle, begin=again)


# ------------------------------------------------------------------ recovery
@mutant
def no_tail_repair() -> None:
    """Torn bytes at a dead process's file's end are left there."""

    class Untouched:
        """A file that is not cut."""

        def __init__(self, file: Any) -> None:
            self._file = file

        def __getattr__(self, name: str) -> Any:
            return (lambda *_: None) if name == "truncate" else getattr(self._file, name)

    adopt: Any = recover._adopt
    put(recover, _adopt=lambda path, file, committed: adopt(path, Untouched(file), committed))


@mutant
def no_recovery() -> None:
    """What the dead had archived is left where it is."""
    put(member, recover=lambda *_: iter(()))


@mutant
def no_lock() -> None:
    """Every lock on a file is had by whoever asks."""
    for module in (recover, alive, writer):
        put(module, lock=lambda *_, **__: True)
    put(alive, is_locked=lambda *_: False)


@mutant
def fence_ignored() -> None:
    """Whoever held a queue once goes on holding it."""
    decide = keeping.decide

    def unfenced(known: Any, batch: Any, fences: Mapping[str, int] | None, *more: Any) -> Any:
        if fences is not None:
            fences = {name: row.fence for name, row in known.queues.items() if name in fences}
        return decide(known, batch, fences, *more)

    put(keeping, decide=unfenced)
    put(leases, renew=lambda *_: set())


NAMES = tuple(made)
