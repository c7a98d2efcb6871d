"""A detail address that answers with a document (PDF, DOC, OFD, an image …): a record with its name, the document as its attachment."""

import re
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from crawler.model import Page, payload_digest
from crawler.parsers.attached.said import AttachedText, Limits
from crawler.parsers.attachments import media_type
from crawler.record.content import Content, Piece, pack_pieces
from crawler.record.notice import Attachment, Draft, Table, Witness
from crawler.text import urls
from crawler.text.dates import day_in_url
from crawler.text.words import search_text

MAGIC = (
    (b"%PDF-", "PDF", "application/pdf", ".pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file", "application/msword", ""),
    (b"PK\x03\x04", "a zip, Office or OFD file", "application/zip", ""),
    (b"\xff\xd8\xff", "a JPEG image", "image/jpeg", ".jpg"),
    (b"\x89PNG\r\n", "a PNG image", "image/png", ".png"),
    (b"GIF8", "a GIF image", "image/gif", ".gif"),
    (b"II*\0", "a TIFF image", "image/tiff", ".tif"),
    (b"MM\0*", "a TIFF image", "image/tiff", ".tif"),
    (b"Rar!", "a RAR file", "application/vnd.rar", ".rar"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file", "application/x-7z-compressed", ".7z"),
    (b"{\\rtf", "an RTF file", "application/rtf", ".rtf"),
)
TEXT_TYPES = ("text/", "application/xhtml", "application/xml", "application/json", "application/javascript")
EXTENDED = re.compile(r"filename\*\s*=\s*([\w-]*)'[^']*'([^;\s]+)", re.IGNORECASE)
PLAIN = re.compile(r'filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))', re.IGNORECASE)
NAMED = re.compile(r"(?:^|[?&])(?:file_?name|name|title)=([^&]+)", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
LONGEST = 200
MOST_PLACES, MOST_CELLS = 500, 200_000  # of a record; the paragraphs have the text of further tables too
MOST = Limits(characters=2_000_000, lines=20_000, cells=400_000)  # of a document that is a record's text


def what_file(page: Page) -> tuple[str, str] | None:
    """(what it is in words, its media type) of an answer that is no text; None for text."""
    said = (page.header("content-type") or "").partition(";")[0].strip().lower()
    for mark, name, kind, _ in MAGIC:
        if page.body.startswith(mark):
            return name, kind
    if page.body[:4] == b"RIFF" and page.body[8:12] == b"WEBP":
        return "a WebP image", "image/webp"
    if said and not said.startswith(TEXT_TYPES) and b"\0" in page.body[:4096]:
        return said, said
    return None


def read_file(page: Page, kind: str) -> tuple[Draft, Content]:
    """(the record of a document at the notice's address, what the document says).

    Its name: Content-Disposition, else what the address says; the ending is left out. Its text is the record's: page, sheet and part of
    each paragraph stand in the provenance of the body.
    """
    name, rule = file_name(page)
    address = urls.canonical(page.url)
    title = PurePosixPath(name).stem if PurePosixPath(name).suffix.lower()[1:].isalnum() and "." in name[1:] else name
    witnesses = {"title": Witness(f"file.{rule}", name)}
    day = day_in_url(page.url)
    if day:
        witnesses["published"] = Witness("published.url", day)
    from crawler.parsers.attached import document  # few pages are documents

    said = document.read(page.body, name, page.header("content-type") or "", MOST)
    body, tables, places = _text_of(said)
    witnesses["body"] = Witness(
        f"attached {said.reader or said.media_type}", places, refused=tuple(filter(None, (said.note, *said.flags)))
    )
    draft = Draft(
        title=title,
        published=day,
        body=body,
        tables=tables,
        attachments=(Attachment(address, name, media_type(address, name) or kind),),
        witnesses=MappingProxyType(witnesses),
    )
    return draft, content_of(said, page.body, name, rule)


def content_of(said: AttachedText, data: bytes, name: str, named_by: str) -> Content:
    """A document's text as it is kept."""
    pieces = [Piece(each.kind, each.name, each.lines, each.rows, each.within) for each in said.sections]
    searched = search_text("\n".join(line for each in pieces for line in each.lines))
    members = [(member.name, member.size, member.note) for member in said.members]
    packed = pack_pieces(pieces, members, searched)
    return Content(
        said.media_type, said.size, said.reader, said.pages, said.note, said.flags, name, named_by, packed, payload_digest(data)
    )


def _text_of(said: AttachedText) -> tuple[tuple[str, ...], tuple[Table, ...], str]:
    """(paragraphs, tables, which paragraphs stand where) of a document, no more than a record holds."""
    body: list[str] = []
    tables: list[Table] = []
    places: list[str] = []
    cells = 0
    for section in said.sections:
        at = len(body)
        body += section.lines
        where = " ".join(filter(None, (section.within, section.kind, section.name)))
        if section.lines and len(places) < MOST_PLACES:
            places.append(f"{where}: {at + 1}-{len(body)}")
        sheet = ((0, tuple(row for _, row in section.rows)),) if section.rows else ()
        for place, rows in (*sheet, *section.tables):
            wide = max(map(len, rows), default=0)
            cells += wide * len(rows)
            if cells <= MOST_CELLS:
                caption = (section.name or None) if section.kind == "sheet" else None
                tables.append(Table(at + place, caption, 0, tuple((*row, *[""] * (wide - len(row))) for row in rows)))
    return tuple(body), tuple(tables), "; ".join(places)


def file_name(page: Page) -> tuple[str, str]:
    """(name, rule). RFC 6266: `filename*` beats `filename`; servers here also send raw UTF-8 or GBK."""
    disposition = page.header("content-disposition") or ""
    extended, plain = EXTENDED.search(disposition), PLAIN.search(disposition)
    if extended:
        name = _text(unquote_to_bytes(extended[2]), extended[1] or "utf-8")
        if _clean(name):
            return _clean(name), "disposition"
    if plain:
        raw = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2].strip()
        name = _text(
            unquote_to_bytes(raw.encode("latin-1", "replace"))
            if raw.isascii()
            else raw.encode("utf-8" if not _is_latin(raw) else "latin-1")
        )
        if _clean(name):
            return _clean(name), "disposition"
    path, _, query = urls.canonical(page.url).partition("?")
    asked = NAMED.search(query)
    if asked and _clean(_text(unquote_to_bytes(asked[1]))):
        return _clean(_text(unquote_to_bytes(asked[1]))), "query"
    last = _clean(_text(unquote_to_bytes(path.rstrip("/").rpartition("/")[2])))
    return (last, "address") if last else (urls.host(page.url), "host")


def _is_latin(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _text(raw: bytes, charset: str = "utf-8") -> str:
    for name in (charset, "utf-8", "gb18030"):
        try:
            return raw.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


def _clean(name: str) -> str:
    """One line, no path: what a server calls a file names nothing on this machine."""
    return CONTROL.sub("", name).replace("\\", "/").rstrip("/").rpartition("/")[2].strip()[:LONGEST]
