"""Pages on their way from keep to a reader, in memory: what was fetched a moment ago is not unpacked again. Bounded by bytes."""

import threading

from crawler.model import Page

MOST_BYTES = 8 << 20
LARGEST = 1 << 20  # a page over this is read from the archive


class HandOver:
    """Pages by the id of their response record. What finds no room any more is read from the archive. For any thread."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._size = most, 0
        self._pages: dict[str, Page] = {}
        self._lock = threading.Lock()

    def put(self, record_id: str, page: Page) -> None:
        """Hold a page; the oldest ones go when there are too many bytes."""
        if len(page.body) > LARGEST:
            return
        with self._lock:
            self._pages[record_id] = page
            self._size += len(page.body)
            while self._size > self._most:
                self._size -= len(self._pages.pop(next(iter(self._pages))).body)

    def take(self, record_id: str) -> Page | None:
        """The page, which is then held no more."""
        with self._lock:
            page = self._pages.pop(record_id, None)
            if page is not None:
                self._size -= len(page.body)
            return page
