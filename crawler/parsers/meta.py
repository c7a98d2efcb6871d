"""The mandated meta tags (国办发〔2017〕47号), and the lies they are known to tell."""

from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser

from crawler.dates import read_date
from crawler.parsers.tree import attribute, squeeze

BUILD_TIME = ("others", "maketime", "htmlgeneratetime", "createdate")  # when the page was made, not when the notice was published
EMPTY = frozenset({"", "无", "null", "undefined"})


def read_meta(tree: LexborHTMLParser) -> dict[str, str]:
    """Meta name (lower case) → first content that is not empty."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = (attribute(node, "name") or attribute(node, "property")).strip().lower()
        content = attribute(node, "content").strip()
        if name and content and content.lower() not in EMPTY:
            found.setdefault(name, content)
    return found


def published(meta: Mapping[str, str]) -> str | None:
    """PubDate, unless it is the time the page was built (页面生成时间 T with T equal: the UCAP family prints the build there)."""
    pubdate = meta.get("pubdate") or meta.get("publishdate") or meta.get("article:published_time")
    if pubdate is None:
        return None
    stamp = read_date(pubdate)
    if stamp is None:
        return None
    built = meta.get("others", "")
    if "生成时间" in built:
        at = read_date(built)
        if at is not None and at.iso[:16] == stamp.iso[:16]:
            return None
    return pubdate


def source(meta: Mapping[str, str], title: str) -> str | None:
    """ContentSource, unless a template filled it with the title."""
    value = meta.get("contentsource") or meta.get("source")
    if value is None or squeeze(value) == squeeze(title) or len(value) > 60 or "<" in value:
        return None
    return value
