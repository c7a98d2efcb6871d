"""The mandated meta tags (国办发〔2017〕47号), and the lies they are known to tell."""

import re
from collections.abc import Mapping

from crawler.parsers.sheet import Sheet
from crawler.parsers.tree import squeeze
from crawler.text.dates import read_date

BUILD_TIME = ("others", "maketime", "htmlgeneratetime", "createdate", "generatetime", "buildtime")  # when the page was made
EMPTY = frozenset({"", "无", "null", "undefined"})
NO_COLUMN = re.compile(r"^(?:\d{4}年?|第?\d+期?|首页|正文|网站首页|详情页?|内容页?)$")


def read_meta(sheet: Sheet) -> dict[str, str]:
    """Meta name (lower case) → first content that is not empty."""
    found: dict[str, str] = {}
    for at in sheet.named("meta"):
        name = (sheet.attribute(at, "name") or sheet.attribute(at, "property")).strip().lower()
        content = sheet.attribute(at, "content").strip()
        if name and content and content.lower() not in EMPTY:
            found.setdefault(name, content)
    return found


def published(meta: Mapping[str, str]) -> str | None:
    """PubDate, unless it is the time the page was built (the UCAP family prints 页面生成时间 there, others HtmlGenerateTime)."""
    pubdate = meta.get("pubdate") or meta.get("publishdate") or meta.get("article:published_time") or meta.get("publish_time")
    if pubdate is None:
        return None
    stamp = read_date(pubdate)
    if stamp is None:
        return None
    for name in BUILD_TIME:
        built = meta.get(name, "")
        if not built or (name == "others" and "生成时间" not in built):
            continue
        at = read_date(built)
        if at is not None and len(at.iso) > 10 and at.iso[:16] == stamp.iso[:16]:
            return None
    return pubdate


def first_published(meta: Mapping[str, str]) -> str | None:
    """`firstpublishedtime` of one family, whose clock of 23:59:59 only fills the form."""
    value = meta.get("firstpublishedtime")
    stamp = read_date(value) if value else None
    return stamp.iso[:10] if stamp is not None else None


def source(meta: Mapping[str, str], title: str) -> str | None:
    """ContentSource, unless a template filled it with the title, an address or markup."""
    value = meta.get("contentsource") or meta.get("source")
    if value is None or squeeze(value) == squeeze(title) or len(value) > 120 or "<" in value or value.startswith("http"):
        return None
    return value


def column(meta: Mapping[str, str], title: str) -> str | None:
    """ColumnName, unless it is a year, the title or the site's name."""
    value = meta.get("columnname")
    if not value or NO_COLUMN.match(squeeze(value)) or squeeze(value) in (squeeze(title), squeeze(meta.get("sitename"))):
        return None
    return value if len(value) <= 40 else None
