"""What the address guard let nobody reach, and the setting that does."""

import json
import re
from collections.abc import Iterable

from crawler.cli import output
from crawler.model import Outcome
from crawler.text import urls

CLOSED = re.compile(r"(\S+) is not public: ")


def detail_of(url: str, detail: str) -> str:
    """Why an address was not asked: where robots.txt was refused at an earlier look, this one's detail does not say of which host."""
    return f"{urls.host(url)} is not public: {detail}" if detail == f"robots.txt: {Outcome.REFUSED}" else detail


def note_closed(said: Iterable[str | None]) -> None:
    """Where something of this was refused because its host is not public, name the setting: it may be meant."""
    hosts = sorted({host for text in said for host in CLOSED.findall(text or "")})
    if hosts:
        output.note(f"where that is meant: network.allow_private = {json.dumps(hosts)}")
