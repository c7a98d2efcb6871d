"""`reindex`: an empty database is told everything the WARC files hold, through the same keep and settle as ever."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from crawler.archive.members import Damage
from crawler.archive.recover import closed_files, discard, recover, told_at, walk
from crawler.archive.writer import FileInfo, describe
from crawler.model import Kept
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.line import Line
from crawler.repository import captures, files

AT_ONCE = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a rebuild: looks told, captures read, how many of those could not be, and what the files have lost."""

    looks: int
    captures: int
    damaged: int
    lost: tuple[Damage, ...]


def rebuild(line: Line, watch: Callable[[int, int], None]) -> Rebuilt:
    """Tell everything in the order it happened, then read and settle it.

    Files of dead processes are made whole and closed first, and told with the others, never before them. What lies behind damage is told
    like all else. `watch(done, all)` is called as looks are committed.
    """
    folder, lost = line.archive.folder, list[Damage]()

    def trouble(path: Path, error: OSError) -> None:
        lost.append(_unread(path, error))

    for found in recover(folder, lambda _: None, trouble):
        if not found.info.bytes:
            discard(folder, found)
        log.info("closed", file=found.info.name, looks=len(found.kept), torn=found.torn)
    infos, looks = _told(closed_files(folder), lost)
    with line.database.write() as c:
        files.closed(c, infos, "rebuilt")
    for at in range(0, len(looks), AT_ONCE):
        with line.database.write() as c:
            line.commit(c, looks[at : at + AT_ONCE], "rebuilt", None)
        watch(min(at + AT_ONCE, len(looks)), len(looks))
    with line.database.write() as c:
        captures.resolve_originals(c, looks)
        files.closed(c, infos, "rebuilt")
    settled = settle_all(line)
    with line.database.read() as c:
        damaged = captures.damaged(c)
    return Rebuilt(len(looks), settled, damaged, tuple(lost))


def _told(paths: list[Path], lost: list[Damage]) -> tuple[list[FileInfo], list[Kept]]:
    """The files that can be read, and all their looks in the order they happened."""
    infos, looks = [], list[Kept]()
    for path in paths:
        try:
            infos.append(describe(path))
            looks += walk(path, 0, lost)
        except OSError as error:
            lost.append(_unread(path, error))
    return infos, sorted(looks, key=told_at)


def _unread(path: Path, error: OSError) -> Damage:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Damage(path.name, 0, size, f"cannot be read: {error.strerror or error}")
