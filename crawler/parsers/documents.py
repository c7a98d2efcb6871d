"""A detail address that answers with a document: a record with its name, the document as its attachment. And a document's text as kept."""

import re
from dataclasses import replace
from pathlib import PurePosixPath
from types import MappingProxyType

from crawler.model import Page, payload_digest
from crawler.parsers.attached import document, redhead
from crawler.parsers.attached.grids import tables_of
from crawler.parsers.attached.limits import Limits
from crawler.parsers.attached.said import AttachedText
from crawler.parsers.attachments import media_type
from crawler.parsers.files import file_name
from crawler.record.content import Content, Piece, pack_pieces
from crawler.record.notice import Attachment, Draft, Witness
from crawler.record.tables import Table
from crawler.text import urls
from crawler.text.dates import day_in_url
from crawler.text.words import search_text

HAN = re.compile("[\u4e00-\u9fff]{2}")
MOST_PLACES, MOST_CELLS = 500, 200_000  # of a record; the paragraphs have the text of further tables too
MOST = Limits(characters=2_000_000, lines=20_000, cells=400_000)  # of a document that is a record's text


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
    said = document.read(page.body, name, page.header("content-type") or "", MOST)
    body, tables, places = _text_of(said)
    witnesses["body"] = Witness(
        f"attached {said.reader or said.media_type}", places, refused=tuple(filter(None, (said.note, *said.flags)))
    )
    stated = {each.field: each for each in redhead.witnesses(said)}
    for each in stated.values():
        witnesses.setdefault(each.field, Witness("redhead", f"{each.place}: {each.raw}"))
    if "title" in stated and not HAN.search(title):  # P020240501.pdf
        title, witnesses["title"] = stated["title"].raw, Witness("redhead", stated["title"].raw, disagrees=name)
    draft = Draft(
        title=title,
        published=day,
        body=body,
        tables=tables,
        attachments=(Attachment(address, name, media_type(address, name) or kind),),
        meta=MappingProxyType({name[5:]: each.raw for name, each in stated.items() if name.startswith("meta.")}),
        witnesses=MappingProxyType(witnesses),
    )
    return draft, content_of(said, page.body, name, rule)


def content_of(said: AttachedText, data: bytes, name: str, named_by: str) -> Content:
    """A document's text as it is kept."""
    pieces = [Piece(each.kind, each.name, each.lines, each.rows, each.within, tuple(tables_of(each))) for each in said.sections]
    searched = search_text("\n".join(line for each in pieces for line in each.lines))
    members = [(member.name, member.size, member.note) for member in said.members]
    packed = pack_pieces(pieces, members, searched)
    return Content(
        said.media_type, said.size, said.reader, said.pages, said.note, said.flags, name, named_by, packed, payload_digest(data),
        redhead.witnesses(said),
    )  # fmt: skip


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
        for table in tables_of(section):
            cells += sum(map(len, table.rows))
            if cells <= MOST_CELLS:
                tables.append(replace(table, at=at + table.at))
    return tuple(body), tuple(tables), "; ".join(places)
