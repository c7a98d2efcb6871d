"""Pages on their way from keep to a reader, in memory: what was fetched a moment ago is not unpacked again. Bounded by bytes."""

import threading
import time

from crawler.model import Capture, Kept, Kind, Outcome, Page

MOST_BYTES = 4 << 20
STALE = 30.0  # seconds after which a page that nobody has taken makes room
LARGEST = 1 << 20  # a page over this is read from the archive


class HandOver:
    """Pages by the id of their response record. What finds no room is read from the archive. For any thread.

    The oldest are read first, so they keep their places: of a backlog that is larger than this, a part is always here.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._size = most, 0
        self._pages: dict[str, tuple[float, Page]] = {}
        self._lock = threading.Lock()

    def put(self, record_id: str, page: Page) -> None:
        """Hold a page if there is room, or if what is held has waited for too long."""
        size, now = len(page.body), time.monotonic()
        if size > LARGEST:
            return
        with self._lock:
            while self._pages and self._size + size > self._most:
                oldest, (since, held) = next(iter(self._pages.items()))
                if now - since < STALE:
                    return
                del self._pages[oldest]
                self._size -= len(held.body)
            self._pages[record_id] = (now, page)
            self._size += size

    def take(self, record_id: str) -> Page | None:
        """The page, which is then held no more."""
        with self._lock:
            if record_id not in self._pages:
                return None
            _, page = self._pages.pop(record_id)
            self._size -= len(page.body)
            return page


def is_to_be_read(look: Kept, capture: Capture) -> bool:
    """Of a look that was kept with its capture: is its page one that a reader will ask for? One that is new; or a list as it was, whose rows are
    followed all the same."""
    same = look.outcome is Outcome.SAME_BYTES and look.task.kind is Kind.LIST
    return same or (look.outcome is Outcome.OK and capture.type == "response")
