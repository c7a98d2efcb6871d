"""Where a column goes on from a page, and which of its pages are looked at again. Pure: over the pages that are known."""

from crawler.pipeline import columns
from crawler.repository.list_pages import ListPage, Pages


def before(pages: Pages, own: ListPage, *, head: bool = False) -> list[ListPage]:
    """The pages of this column that were read before this one and may be looked at again, the last first; or its `head` alone."""
    read = [page for page in pages.column(own) if page.at is not None and page.looks < columns.MOST_LOOKS]
    if own.at is None:
        read = [page for page in read if page.page < own.page]
    if head:
        read = [page for page in read if page.url == own.head]
    return sorted(read, key=lambda page: page.page, reverse=True)[: columns.MOST_BACK]


def last_read(pages: Pages, own: ListPage, at: int) -> ListPage | None:
    """The page of this column that was read last, by then."""
    read = [page for page in pages.column(own) if page.at is not None and page.at <= at]
    return max(read, key=lambda page: (page.at, page.page), default=None)


def tail(pages: Pages, own: ListPage) -> int:
    """Known rows in a row up to the page's beginning."""
    return next((page.tail for page in pages.column(own) if page.page == own.page - 1), 0)


def is_inside(pages: Pages, own: ListPage, declared: int | None) -> bool:
    """Is this one of the pages that the column, here or on an earlier page, says it has, and not the last of them?"""
    said = [page.total_pages for page in pages.column(own) if page.total_pages is not None and page.at is not None]
    return own.page > 0 and own.page + 1 < max([declared or 0, *said])


def has_gone_on(pages: Pages, own: ListPage) -> bool:
    """Was the page behind this one asked for?"""
    return any(page.page > own.page for page in pages.column(own))


def repeats(pages: Pages, own: ListPage, fresh: int) -> int:
    """Pages in a row, this one included, without a fresh row."""
    if fresh:
        return 0
    count = 1
    earlier = sorted((page for page in pages.column(own) if page.page < own.page), key=lambda page: page.page, reverse=True)
    for page in earlier[: columns.REPEATS]:
        if page.fresh:
            break
        count += 1
    return count
