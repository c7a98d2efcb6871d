"""Documents a notice names: links to files, in or beside its article."""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

from crawler.parsers.tree import Node, attribute, squeeze, text
from crawler.record.notice import Attachment
from crawler.text import urls

TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "wps": "application/vnd.ms-works",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "et": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ofd": "application/ofd",
    "zip": "application/zip",
    "rar": "application/vnd.rar",
    "7z": "application/x-7z-compressed",
    "txt": "text/plain",
    "csv": "text/csv",
    "rtf": "application/rtf",
    "ceb": "application/x-ceb",
}
ENDING = re.compile(r"\.([a-z0-9]{2,4})(?:$|[?&#])", re.IGNORECASE)
DOWNLOADS = re.compile(r"downfile\.jsp|DownloadAttachUrl|/download(?:file)?[/.?]|attachment|filename=", re.IGNORECASE)


@lru_cache(maxsize=4096)  # a site's menus are the same on all its pages
def leads_to_file(href: str) -> bool:
    """Does a link's address end like a document's?"""
    match = ENDING.search(href)
    return match is not None and match[1].lower() in TYPES


def media_type(url: str, name: str) -> str | None:
    """The type a file's address or name ends in."""
    for written in (name, unquote(url)):
        found = [match[1].lower() for match in ENDING.finditer(written) if match[1].lower() in TYPES]
        if found:
            return TYPES[found[-1]]
    return None


def read_attachments(nodes: Iterable[Node], base: str, encoding: str) -> tuple[Attachment, ...]:
    """The files linked in these nodes, in their order, each address once."""
    found: dict[str, Attachment] = {}
    for node in nodes:
        for link in node.css("a[href]"):
            url = urls.join(base, attribute(link, "href"), encoding)
            if url is None or url in found:
                continue
            name = text(link) or attribute(link, "title")
            kind = media_type(url, name)
            if kind is None and not DOWNLOADS.search(url):
                continue
            if squeeze(name):
                found[url] = Attachment(url, name.strip(), kind)
    return tuple(found.values())
