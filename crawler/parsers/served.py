"""A document that a notice links to: what its answer is, and what the document says. A page in a document's place is no document."""

from crawler.model import Page, PageKind
from crawler.parsers.attached import document
from crawler.parsers.attached.limits import Limits
from crawler.parsers.attached.types import is_exported, named
from crawler.parsers.documents import content_of
from crawler.parsers.files import file_name
from crawler.parsers.kinds import judge
from crawler.parsers.tree import parse
from crawler.record.reading import Reading
from crawler.text import charset

NOT_THERE = frozenset({PageKind.ERROR, PageKind.SOFT_404})
PASSING = frozenset({PageKind.CHALLENGE, PageKind.LOGIN, PageKind.SHELL, PageKind.REDIRECT})


def read_served(page: Page, name: str, limits: Limits, version: str) -> Reading:
    """The reading of an answer at an attachment's address. `name`: as the notice's link calls it.

    Its own name is Content-Disposition's, else what its address says. An HTML page where names or address promise another format is an
    error page, whatever its status said, unless it says that it is a wall, a login or a shell.
    """
    own, rule = file_name(page)
    called = next((each for each in (own, name) if named(each) is not None), own)
    said = document.read(page.body, called, page.header("content-type") or "", limits)
    exported = is_exported(page.body, called, page.header("content-type") or "")
    if said.media_type == "text/html" and not exported and (refused := _page(page, called, version)) is not None:
        return refused
    made = content_of(said, page.body, own, rule)
    evidence = f"{said.media_type} of {len(page.body)} bytes" + (f", {said.note}" if said.note else "")
    return Reading(version, PageKind.FILE, evidence, file=made)


def _page(page: Page, called: str, version: str) -> Reading | None:
    """The reading of an HTML page that no document is; None where HTML is what was promised."""
    decoded = charset.decode(page.body, page.header("content-type"))
    found = judge(parse(decoded.text), decoded.text, article_title=False, body=0)
    promised = named(called)
    if promised in (None, "text/html", "text/plain"):
        return Reading(version, found.kind, found.evidence) if found and found.kind in NOT_THERE | PASSING else None
    kind = found.kind if found and found.kind in PASSING else PageKind.ERROR
    ending = called.rpartition(".")[2].lower()[:10]
    evidence = f"html error page served as .{ending}" if kind is PageKind.ERROR else f"html page ({kind}) served as .{ending}"
    return Reading(version, kind, evidence)
