"""Reading and settling what waits, without an engine: for `reindex`, `reparse` and `import`. As many children at once as the line has."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from crawler.pipeline.line import Line
from crawler.repository.readings import Pending, pending
from crawler.repository.search import index
from crawler.repository.settle import Settled

AT_ONCE = 500


class Reading:
    """All children of a line at work: `read` is to be called from one thread."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._pool = ThreadPoolExecutor(line.readers.workers, "reading")

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def read(self, waiting: Sequence[Pending]) -> list[Settled]:
        """The readings of these captures, in their order."""
        groups = messages(waiting, self._line.readers.workers)
        return [settled for found in self._pool.map(self._line.read_many, groups) for settled in found]


READ_AT_ONCE = 16  # pages of one message to a child
READ_BYTES = 1 << 20  # archived bytes of one message, unless a single page is larger


def settle_all(line: Line, watch: Callable[[int], None] = lambda _: None) -> int:
    """Read and settle whatever is pending, in order, and index it; how many captures. `watch` hears how many so far."""
    done = 0
    with Reading(line) as reading:
        while waiting := line.ask(lambda c: pending(c, AT_ONCE, owner=line.owner, busy=frozenset())):
            line.settle(reading.read(waiting))
            done += len(waiting)
            watch(done)
    index_all(line)
    return done


def index_all(line: Line) -> None:
    """Write the search rows of whatever has none or old ones."""
    while line.index():
        pass
    while line.database.do(index.merge):
        pass


def messages(waiting: Sequence[Pending], readers: int = 1) -> Iterator[list[Pending]]:
    """What waits, cut into what goes to a child at once: never many pages or many bytes, and something for each free reader."""
    most = min(READ_AT_ONCE, -(-len(waiting) // readers))
    group: list[Pending] = []
    size = 0
    for item in waiting:
        if group and (len(group) >= most or size + item.capture.length > READ_BYTES):
            yield group
            group, size = [], 0
        group.append(item)
        size += item.capture.length
    if group:
        yield group
