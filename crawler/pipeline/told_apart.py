"""What pages are that nobody followed a list to: a notice, a list, or a further page of another. Told by reading them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from crawler.model import Kind, Page, PageKind
from crawler.pipeline.readers import Job, Readers
from crawler.record.rules import ReadRules
from crawler.text import urls

AT_ONCE = 16
MAY_BE_LISTS = (PageKind.OTHER, PageKind.LIST)
Told = tuple[dict[str, Kind], dict[str, str]]


def tell_apart(
    readers: Readers,
    rules: Mapping[str, ReadRules],
    page_of: Callable[[str], Page | None],
    watch: Callable[[str, int, int], None],
) -> Told:
    """(URL key → what it is, URL key of a further page → that of its first), of the addresses in `rules`. What cannot be read is a detail."""
    keys = list(rules)
    kinds, further = dict[str, Kind](), dict[str, str]()
    with ThreadPoolExecutor(readers.workers, "sorting") as pool:
        groups = [keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE)]
        for some, named in pool.map(lambda group: _some(readers, group, rules, page_of), groups):
            kinds |= some
            further |= named
            watch("sorting", len(kinds), len(keys))
    return kinds, further


def _some(readers: Readers, keys: Sequence[str], rules: Mapping[str, ReadRules], page_of: Callable[[str], Page | None]) -> Told:
    pages = {key: page for key in keys if (page := page_of(key)) is not None}
    kinds, further = dict.fromkeys(keys, Kind.DETAIL), dict[str, str]()
    doubtful = []
    jobs = [Job(page, Kind.DETAIL, rules[key], page.url) for key, page in pages.items()]
    for key, reading in zip(pages, readers.read_many(jobs), strict=True):
        further |= {urls.key(request): key for request in reading.continues}
        if not reading.notices and reading.error is None and reading.page_kind in MAY_BE_LISTS:
            doubtful.append(key)
    again = [Job(pages[key], Kind.LIST, rules[key], pages[key].url) for key in doubtful]
    for key, reading in zip(doubtful, readers.read_many(again), strict=True):
        if reading.page_kind is PageKind.LIST and reading.rows:
            kinds[key] = Kind.LIST
    return kinds, further
