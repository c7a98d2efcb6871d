"""Documents that somebody sends to do harm, and some that only met with an accident: each beside the words its result must have."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.parsers.attached import made

ZERO = b"\0" * (1 << 20)
WORD = "word/document.xml"
NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LAUGHS = "<!DOCTYPE x [" + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12)) + '<!ENTITY a0 "ha">]>'


def word(body: str, head: str = "", **more: bytes) -> bytes:
    """A DOCX of this XML."""
    return made.zipped({WORD: f"{head}<w:document {NS}><w:body>{body}</w:body></w:document>".encode(), **more})


def sheets(rows: str, count: int = 1, shared: bytes = b"") -> bytes:
    """An XLSX of so many sheets of this XML."""
    listed = "".join(f'<sheet name="s{n}" sheetId="{n + 1}" r:id="r{n}"/>' for n in range(count))
    related = "".join(f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/s{n}.xml"/>' for n in range(count))
    if shared:
        related += f'<Relationship Id="rs" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    parts = {
        "xl/workbook.xml": f'<workbook {SHEET} xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f"<Relationships {RELS}>{related}</Relationships>".encode(),
        **{f"xl/worksheets/s{n}.xml": f"<worksheet {SHEET}>{rows}</worksheet>".encode() for n in range(count)},
    }
    return made.zipped({**parts, **({"xl/sharedStrings.xml": shared} if shared else {})})


def ofd(document: str, page: str = "", where: str = "Doc_0/Document.xml") -> bytes:
    """An OFD of these parts."""
    root = f"<OFD><DocBody><DocRoot>{where}</DocRoot></DocBody></OFD>"
    return made.zipped({"OFD.xml": root.encode(), "Doc_0/Document.xml": document.encode(), "Doc_0/p.xml": page.encode()})


def pdf(*objects: bytes, version: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out, places = version, []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % at for at in places)
    return out + table + b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))


def paged(content: bytes, extra: bytes = b"", *more: bytes) -> bytes:
    """A PDF of one page with this content stream object."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return pdf(b"<</Type/Catalog/Pages 2 0 R%b>>" % extra, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, content, font, *more)


def stream(data: bytes, *filters: bytes) -> bytes:
    """A stream object; each filter is applied once."""
    for _ in filters:
        data = zlib.compress(data, 9)
    return b"<</Length %d/Filter[%b]>>stream\n%b\nendstream" % (len(data), b"".join(filters), data)


def lying_zip() -> bytes:
    """A member whose head says one byte and whose data are many."""
    data = bytearray(made.zipped({"a.txt": ZERO * 20}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(mark) + at
        data[place : place + 4] = struct.pack("<I", 1)
    return bytes(data)


def flagged(data: bytes, bit: int) -> bytes:
    """A zip file all of whose members have this flag."""
    found = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := found.find(mark, place + 1)) >= 0:
            found[place + at] |= bit
    return bytes(found)


def nested_zip(depth: int) -> bytes:
    """A zip in a zip in a zip …"""
    data = made.zipped({"a.txt": "最里面".encode()})
    for _ in range(depth):
        data = made.zipped({"a.zip": data})
    return data


def overlapping(count: int) -> bytes:
    """Many entries of the directory for one member's data (as David Fifield's bombs have)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr("a.txt", ZERO * 30)
        held.filelist *= count
    return out.getvalue()


def ole(stream_name: str) -> bytes:
    """The head of an old Office file that has a stream of this name."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1016 + stream_name.encode("utf-16-le") + b"\0" * 2000


FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "nothing": ("a.pdf", lambda: b"", "empty"),
    "one byte": ("a.pdf", lambda: b"\0", "unknown format"),
    "every byte": ("a.doc", lambda: bytes(range(256)) * 400, "unknown format"),
    "10 MB of nothing": ("a.xls", lambda: ZERO * 10, "unknown format"),
    "a zip bomb": ("a.zip", lambda: made.zipped({"a.txt": ZERO * 200}), "no member has text"),
    "a zip that lies about sizes": ("a.zip", lying_zip, "no member has text"),
    "a zip of 20,000 members": ("a.zip", lambda: made.zipped({f"{n}.txt": b"" for n in range(20_000)}), "more than 10000 members"),
    "a zip in a zip in a zip": ("a.zip", lambda: nested_zip(30), "no member has text"),
    "members that overlap": ("a.zip", lambda: overlapping(40), "no member has text"),
    "an encrypted zip": ("a.zip", lambda: flagged(made.zipped({"a.txt": b"abc"}), 1), "no member has text"),
    "a cut zip": ("a.zip", lambda: made.zipped({"a.txt": made.HTML.encode()})[:-30], "damaged"),
    "a zip of an unknown method": ("a.zip", lambda: made.zipped({"a.txt": b"abc"}).replace(b"\x08\0", b"\x63\0"), "no member has text"),
    "a bomb in DOCX": ("a.docx", lambda: word(f"<w:p><w:r><w:t>{' ' * (200 << 20)}</w:t></w:r></w:p>"), "bomb"),
    "a billion laughs in DOCX": ("a.docx", lambda: word("<w:p><w:r><w:t>&a12;</w:t></w:r></w:p>", LAUGHS), "document type"),
    "an external entity in DOCX": ("a.docx", lambda: word("<w:p>&e;</w:p>", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'), "document type"),
    "a document type behind a comment of 1 MB": ("a.docx", lambda: word("", f"<!--{'x' * 1_000_000}-->{LAUGHS}"), "document type"),
    "a document type in UTF-16": ("a.docx", lambda: made.zipped({WORD: f"{LAUGHS}<x>&a12;</x>".encode("utf-16")}), "document type"),
    "100,000 nested paragraphs": ("a.docx", lambda: word("<w:p>" * 100_000 + "</w:p>" * 100_000), "empty"),
    "1,000 nested tables": ("a.docx", lambda: word("<w:tbl><w:tr><w:tc>" * 1000 + "</w:tc></w:tr></w:tbl>" * 1000), "empty"),
    "a table of a thousand columns a thousand times": (
        "a.docx",
        lambda: word("<w:tbl>" + '<w:tr><w:tc><w:tcPr><w:gridSpan w:val="1000"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>' * 20_000 + "</w:tbl>"),
        "",
    ),
    "DOCX without its document": ("a.docx", lambda: made.zipped({WORD: b""}), "damaged"),
    "DOCX of broken XML": ("a.docx", lambda: made.zipped({WORD: b"<a><b></a>"}), "damaged"),
    "DOCX of no XML": ("a.docx", lambda: made.zipped({WORD: b"\xff\xfe\0\0\xd8"}), "damaged"),
    "an encrypted DOCX": ("a.docx", lambda: ole("EncryptedPackage"), "encrypted"),
    "an old Word file that is none": ("a.doc", lambda: ole("WordDocument"), "damaged"),
    "a broken old Excel file": ("a.xls", lambda: ole("Workbook"), "damaged"),
    "a cut XLS": ("a.xls", lambda: made.xls()[:3000], "damaged"),
    "10,000 sheets": ("a.xlsx", lambda: sheets("<sheetData><row><c><v>1</v></c></row></sheetData>", 4_900), "cut: more than 1000 sheets"),
    "a cell at the far end": ("a.xlsx", lambda: sheets('<sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'), ""),
    "a cell at the far end of each row": (
        "a.xlsx",
        lambda: sheets("<sheetData>" + "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 20_000)) + "</sheetData>"),
        " cells",
    ),
    "one merged range over everything": (
        "a.xlsx",
        lambda: sheets('<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        " cells",
    ),
    "a shared string that is none": ("a.xlsx", lambda: sheets('<sheetData><row><c t="s"><v>99999999</v></c><c t="s"><v>-1</v></c></row></sheetData>'), "empty"),
    "numbers that are none": ("a.xlsx", lambda: sheets('<sheetData><row r="x"><c r="?" s="-5"><v>1e999</v></c><c><v>nan</v></c></row></sheetData>'), ""),
    "laughs in shared strings": ("a.xlsx", lambda: sheets("", 1, f"{LAUGHS}<sst/>".encode()), "document type"),
    "a million empty cells": ("a.xlsx", lambda: sheets("<sheetData><row>" + "<c/>" * 1_000_000 + "</row></sheetData>"), "empty"),
    "an OFD that climbs": ("a.ofd", lambda: ofd("", where="../../../etc/passwd"), "damaged"),
    "an OFD whose part is elsewhere": ("a.ofd", lambda: ofd("", where="http://169.254.169.254/x"), "a part outside"),
    "an OFD that is its own page": ("a.ofd", lambda: ofd('<D><Pages><Page BaseLoc="Document.xml"/></Pages></D>'), "empty pages"),
    "an OFD of 100,000 pages": ("a.ofd", lambda: ofd("<D><Pages>" + '<Page BaseLoc="p.xml"/>' * 100_000 + "</Pages></D>", "<P/>"), "empty pages"),
    "OFD steps without end": (
        "a.ofd",
        lambda: ofd('<D><Pages><Page BaseLoc="p.xml"/></Pages></D>', '<P><TextObject Boundary="1 1 1 1"><TextCode X="nan" Y="9" DeltaX="g 999999 1 g 999999 1">甲乙</TextCode></TextObject></P>'),
        "",
    ),
    "a PDF of only a head": ("a.pdf", lambda: b"%PDF-1.7", "damaged"),
    "a cut PDF": ("a.pdf", lambda: made.pdf(3)[:900], "damaged"),
    "an encrypted PDF": ("a.pdf", lambda: made.pdf(encrypt="secret"), "encrypted"),
    "a PDF bomb": ("a.pdf", lambda: paged(stream(ZERO * 300, b"/FlateDecode", b"/FlateDecode")), ""),
    "a PDF of 10,000,000 operators": ("a.pdf", lambda: paged(stream(b"q Q " * 10_000_000, b"/FlateDecode")), ""),
    "a PDF page that is its own parent": ("a.pdf", lambda: pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), ""),
    "a PDF that says a million pages": ("a.pdf", lambda: pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 1000000>>"), ""),
    "a PDF with a script": ("a.pdf", lambda: paged(stream(b"BT /F 9 Tf (ok) Tj ET", b"/FlateDecode"), b"/OpenAction<</S/JavaScript/JS(while(1);)>>"), ""),
    "a PDF of arrays without end": ("a.pdf", lambda: pdf(b"[" * 200_000), "damaged"),
    "a PDF as DOC": ("a.doc", lambda: made.pdf(), ""),
    "an HTML error page as PDF": ("a.pdf", lambda: b"<html><body><h1>404 Not Found</h1></body></html>", "an HTML page in a document's place"),
    "a CSV cell of 20 MB": ("a.csv", lambda: b'"' + b"x" * 20_000_000 + b'"', "cut"),
    "a CSV of quotes": ("a.csv", lambda: b'"' * 1_000_001, ""),
    "text of 60 MB": ("a.txt", lambda: ("防汛\n" * 9_000_000).encode(), "cut"),
    "RTF without an end": ("a.rtf", lambda: b"{\\rtf1 x", ""),
    "RAR": ("a.rar", lambda: b"Rar!\x1a\x07\x01\0" + b"\0" * 90, "damaged"),
}  # fmt: skip
