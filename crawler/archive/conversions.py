"""What was read of documents, on the way out: WARC `conversion` records (WARC 1.1, 6.7), each referring to the response it was made of.

They are derived, so they stand in no file of the archive; a file of their own goes with what is handed over. The same texts are the same
bytes: a record's id is made of the response's id and the extractor, its date is the response's.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crawler.archive.record import Draft, warc_date
from crawler.model import Millis

NAME = "conversions.warc.gz"
FIELDS = "application/warc-fields"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Conversion:
    """The text of a document. `record`: WARC-Record-ID of the response that holds its bytes; `extractor`: what read it, with its version."""

    record: str
    url: str
    at: Millis
    extractor: str
    text: str


def write(found: Iterable[Conversion], folder: Path, info: Mapping[str, str]) -> int:
    """Write a file of conversion records into a folder; how many. None: no file. `info`: who made it, for its warcinfo record."""
    count, first = 0, _id("warcinfo", NAME)
    target = folder / NAME
    for item in found:
        with target.open("ab") as out:
            if not count:
                _put(out, Draft("warcinfo", first, item.at, FIELDS, _fields(info), (("WARC-Filename", NAME),)))
            _put(out, _draft(item, first))
        count += 1
    return count


def _draft(item: Conversion, info: str) -> Draft:
    extra = (
        ("WARC-Target-URI", item.url),
        ("WARC-Refers-To", item.record),
        ("WARC-Refers-To-Target-URI", item.url),
        ("WARC-Refers-To-Date", warc_date(item.at)),
        ("Gongkai-Extractor", item.extractor or "none"),
    )
    block = item.text.encode("utf-8", "replace")
    return Draft("conversion", _id(item.record, item.extractor), item.at, TEXT, block, extra, info)


def _put(out: IO[bytes], draft: Draft) -> None:
    for piece in draft.pieces():
        out.write(piece)


def _fields(info: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in info.items()).encode()


def _id(*about: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ' '.join(about))}>"
