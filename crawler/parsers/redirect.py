"""Where a page sends its reader on by itself: meta refresh, or a script that says one plain address. Pure.

Parsed, not searched for: a refresh in a comment leads nowhere.
"""

import re

from crawler.parsers.flat import lay_flat
from crawler.parsers.tree import parse
from crawler.text import urls

REFRESH = re.compile(r"^[\s\d.]*[;,]?\s*(?:url\s*=\s*)?(?P<quote>[\"']?)(?P<url>.+?)(?P=quote)\s*$", re.IGNORECASE | re.DOTALL)
SCRIPT = re.compile(
    r"\blocation(?:\.href)?\s*=\s*([\"'])(?P<set>[^\"'\s]+)\1\s*(?=[;}\n]|$)|\blocation\.(?:replace|assign)\s*\(\s*([\"'])(?P<call>[^\"'\s]+)\3\s*\)"
)


def target(source: str, url: str, encoding: str) -> str | None:
    """The absolute address the page at `url` leads to; None when it names none, or itself."""
    sheet = lay_flat(parse(source))
    said = [
        match["url"]
        for at in sheet.named("meta")
        if sheet.attribute(at, "http-equiv").strip().lower() == "refresh"
        and "url" in (content := sheet.attribute(at, "content")).lower()
        and (match := REFRESH.match(content))
    ]
    said += [match["set"] or match["call"] for script in sheet.scripts for match in SCRIPT.finditer(script)]
    for href in said:
        address = urls.join(url, href.strip(), encoding)
        if address is not None and urls.canonical(address) != urls.canonical(url):
            return address
    return None
