"""What pages are that nobody followed a list to: a notice, a list, or a further page of another. Told by reading them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from crawler.model import Kind, Page, PageKind, Request
from crawler.pipeline.readers import Job, Readers
from crawler.record.rules import ReadRules
from crawler.text import urls

AT_ONCE = 16
MAY_BE_LISTS = (PageKind.OTHER, PageKind.LIST)


@dataclass(slots=True)
class Told:
    """`kinds`: URL key → what it is; `further`: that of a further page → that of its first; `files`: that of a document → that of the notice
    that links to it."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    further: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def tell_apart(
    readers: Readers,
    rules: Mapping[str, ReadRules],
    page_of: Callable[[str], Page | None],
    watch: Callable[[str, int, int], None],
) -> Told:
    """What the pages of the addresses in `rules` are. What cannot be read is a detail."""
    keys, told = list(rules), Told()
    with ThreadPoolExecutor(readers.workers, "sorting") as pool:
        groups = [keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE)]
        for some in pool.map(lambda group: _some(readers, group, rules, page_of), groups):
            told.kinds |= some.kinds
            told.further |= some.further
            told.files = some.files | told.files
            watch("sorting", len(told.kinds), len(keys))
    return told


def _some(readers: Readers, keys: Sequence[str], rules: Mapping[str, ReadRules], page_of: Callable[[str], Page | None]) -> Told:
    pages = {key: page for key in keys if (page := page_of(key)) is not None}
    told, doubtful = Told(dict.fromkeys(keys, Kind.DETAIL)), []
    jobs = [Job(page, Kind.DETAIL, rules[key], page.url) for key, page in pages.items()]
    for key, reading in zip(pages, readers.read_many(jobs), strict=True):
        told.further |= {urls.key(request): key for request in reading.continues}
        named = (item.url for notice in reading.notices for item in notice.attachments)
        told.files |= {urls.key(Request(url)): key for url in named if url is not None and urls.is_http(url)}
        if not reading.notices and reading.error is None and reading.page_kind in MAY_BE_LISTS:
            doubtful.append(key)
    again = [Job(pages[key], Kind.LIST, rules[key], pages[key].url) for key in doubtful]
    for key, reading in zip(doubtful, readers.read_many(again), strict=True):
        if reading.page_kind is PageKind.LIST and reading.rows:
            told.kinds[key] = Kind.LIST
    return told
