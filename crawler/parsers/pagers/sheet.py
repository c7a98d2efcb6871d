"""What a pager strategy is given and what it answers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from crawler.model import Request
from crawler.parsers.tree import Line
from crawler.text import urls

NONE = ""
MOST = 100_000  # pages; more than that is no count of pages
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list page as a pager sees it: its text, its tree where it is HTML, the request it answers, its rows.

    `answer` what an API, a feed or an embedded datastore said (`data.Answer`); None for a plain page. `lines` those of its body, where
    somebody has them already.
    """

    source: str
    tree: LexborHTMLParser | None
    url: str
    request: Request
    rows: int
    addresses: Collection[str]
    answer: Any = None
    encoding: str = "utf-8"
    lines: Sequence[Line] | None = None

    def get(self, href: str) -> Request | None:
        """A GET of a link of this page; None for what cannot be fetched and for the page itself."""
        url = urls.join(self.url, href.strip(), self.encoding)
        if url is None or urls.canonical(url) == urls.canonical(self.url):
            return None
        return Request(url)


@dataclass(frozen=True, slots=True)
class Pager:
    """`rule`: the strategy; NONE when the page names no other page. `next` is None on the last page, and where nothing is understood."""

    next: Request | None = None
    total_pages: int | None = None
    total_rows: int | None = None
    rule: str = NONE


def numbers(text: str) -> list[int]:
    """Every number of a text, short enough to be a page's."""
    return [int(found) for found in NUMBER.findall(text) if len(found) < 10]
