"""`reindex`: an empty database is told everything the WARC files hold, through the same keep and settle as ever."""

from collections.abc import Callable

import structlog

from crawler.archive.recover import closed_files, recover, walk
from crawler.pipeline.line import Line, messages
from crawler.repository import captures, files
from crawler.repository.readings import pending
from crawler.repository.search import index

AT_ONCE = 500

log = structlog.get_logger()


def rebuild(line: Line, watch: Callable[[int, int], None]) -> tuple[int, int]:
    """Tell everything in the order it happened, then read and settle it: (looks, captures settled).

    Files of dead processes are made whole and closed first, and told with the others, never before them.
    `watch(done, all)` is called as looks are committed.
    """
    folder = line.archive.folder
    for found in recover(folder, lambda _: 0):
        log.info("closed", file=found.info.name, looks=len(found.kept), torn=found.torn)
    infos = closed_files(folder)
    looks = sorted((look for info in infos for look in walk(folder / info.name)), key=lambda look: (look.at, look.file, look.end))
    with line.database.write() as c:
        files.closed(c, infos, "rebuilt")
    for at in range(0, len(looks), AT_ONCE):
        with line.database.write() as c:
            line.commit(c, looks[at : at + AT_ONCE], "rebuilt", None)
        watch(min(at + AT_ONCE, len(looks)), len(looks))
    with line.database.write() as c:
        captures.resolve_originals(c, looks)
        files.closed(c, infos, "rebuilt")
    return len(looks), settle_all(line)


def settle_all(line: Line) -> int:
    """Read and settle whatever is pending, in order, and index it; how many captures."""
    done = 0
    while True:
        with line.database.read() as c:
            waiting = pending(c, AT_ONCE, owner=line.owner, busy=frozenset())
        if not waiting:
            break
        line.settle([settled for group in messages(waiting) for settled in line.read_many(group)])
        done += len(waiting)
    while line.index():
        pass
    while line.database.do(index.merge):
        pass
    return done
