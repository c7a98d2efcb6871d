"""What a page says: rows and pager of a list, notices of a detail page. Frozen."""

from dataclasses import dataclass

from crawler.model import PageKind, Request
from crawler.record.content import Content
from crawler.record.notice import Notice


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list page. `url` absolute; `date` in the list's own precision, ISO.

    `reason` why its address cannot be fetched (`script`, `mail`, `no address`): `url` is then what the page has in its place.
    """

    url: str
    title: str
    date: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page says. `rules` is the version of everything that read it, the source's own rules included."""

    rules: str
    page_kind: PageKind
    evidence: str = ""
    notices: tuple[Notice, ...] = ()
    rows: tuple[Row, ...] = ()
    next_list: Request | None = None
    total_pages: int | None = None
    total_rows: int | None = None
    pager: str = ""  # the strategy that found the next page or the end; empty: the page names no other page
    beyond: int = 0  # rows beyond the most that are taken from one page
    structure: str = ""  # of a list page: where its rows stand, for the later pages of its column (parsers.carried)
    more_lists: tuple[Request, ...] = ()  # further lists it leads to, as an index of sitemaps does
    error: str | None = None  # why nothing could be read: deadline, memory, crash
    visible: int = 0  # of a list page: characters a reader sees on it
    days: int = 0  # of a list page: dates among them
    text: str = ""  # how its bytes became text: encoding, why, what was declared, what was odd
    leads_to: str | None = None  # where the page sends its reader on by itself
    continues: tuple[
        Request, ...
    ] = ()  # further captures the records are made of, in order; those not there are told in `incomplete`
    file: Content | None = None  # of an answer that is a document: what it says
