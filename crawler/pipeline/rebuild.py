"""`reindex`: an empty database is told everything the WARC files hold, through the same keep and settle as ever."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import structlog

from crawler.archive import withheld as withheld_file
from crawler.archive.members import Damage
from crawler.archive.recover import closed_files, discard, recover, told_at, walk
from crawler.archive.withheld import Entry
from crawler.archive.writer import FileInfo, describe
from crawler.model import Kept
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.line import Line
from crawler.repository import captures, files, withheld
from crawler.repository.reader import REBUILDING

AT_ONCE = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a rebuild: looks told, captures read, how many of those could not be, what the files have lost, and the documents that are
    withheld and were not found."""

    looks: int
    captures: int
    damaged: int
    lost: tuple[Damage, ...]
    unknown: tuple[str, ...] = ()


def rebuild(line: Line, watch: Callable[[int, int], None]) -> Rebuilt:
    """Tell everything in the order it happened, then read and settle it.

    Until it is over the files are known as those of a rebuild (`reader.is_unfinished`); one that was interrupted goes on when it is begun again:
    what was told is not told twice. Files of dead processes are made whole and closed first, and told with the others, never before them. What lies behind damage is told
    like all else. What is withheld is so before it is told, and stands in the ledger where it stood. `watch(done, all)` is called as looks are
    committed. Raises ArchiveError where what is withheld cannot be known.
    """
    folder, lost = line.archive.folder, list[Damage]()
    acts = withheld_file.read(folder)

    def trouble(path: Path, error: OSError) -> None:
        lost.append(_unread(path, error))

    for found in recover(folder, lambda _: None, trouble):
        if not found.info.bytes:
            discard(folder, found)
        log.info("closed", file=found.info.name, looks=len(found.kept), torn=found.torn)
    infos, looks = _told(closed_files(folder), lost)
    with line.database.write() as c:
        files.closed(c, infos, REBUILDING)
        withheld.load(c, acts)
    settled, waiting = 0, list[Entry]()
    for begin, end, following in _spans(looks, acts):
        for at in range(begin, end, AT_ONCE):
            with line.database.write() as c:
                line.commit(c, looks[at : min(at + AT_ONCE, end)], REBUILDING, None)
            watch(min(at + AT_ONCE, end), len(looks))
        with line.database.write() as c:
            captures.resolve_originals(c, looks[:end])
            files.closed(c, infos, REBUILDING)
        settled += settle_all(line)
        with line.database.write() as c:
            unknown = set(withheld.tell(c, [*waiting, *following]))
        waiting = [act for act in (*waiting, *following) if act.document in unknown]
    with line.database.write() as c:
        files.rebuilt(c)
        damaged = captures.damaged(c)
    return Rebuilt(len(looks), settled, damaged, tuple(lost), tuple(dict.fromkeys(act.document for act in waiting)))


def _spans(looks: list[Kept], acts: list[Entry]) -> Iterator[tuple[int, int, list[Entry]]]:
    """(first look, the one behind the last, what was done then): the looks between two acts; the last span has what is left."""
    begin = 0
    for end, same in groupby(acts, key=lambda act: bisect_right(looks, act.at, key=lambda look: told_at(look)[0])):
        yield begin, max(begin, end), list(same)  # a clock may have been set back between two acts
        begin = max(begin, end)
    yield begin, len(looks), []


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
