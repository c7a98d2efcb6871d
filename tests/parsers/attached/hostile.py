"""Documents that somebody sends to do harm, and some that only met with an accident: each beside the words its result must have."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial, reduce

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


def tar_bomb() -> bytes:
    """A tar file, packed, of many empty members."""
    return made.tar({f"{number}.txt": b"" for number in range(20_000)})


def doc(change: Callable[[bytearray], None]) -> bytes:
    """A Word file of an office, spoilt."""
    data = bytearray(made.office("doc"))
    change(data)
    return bytes(data)


def head_of(data: bytearray) -> int:
    """Where the main stream of a Word file begins."""
    return data.index(b"\xec\xa5")


def put(at: int, value: int, size: int = 4) -> Callable[[bytearray], None]:
    """Write a number into a Word file's head."""

    def change(data: bytearray) -> None:
        place = head_of(data) + at
        data[place : place + size] = value.to_bytes(size, "little")

    return change


def spoilt(step: int) -> Callable[[bytearray], None]:
    """Every so many bytes, one is another."""

    def change(data: bytearray) -> None:
        for at in range(step, len(data), step):
            data[at] ^= 0x5A

    return change


def odf(kind: str, body: str, head: str = "") -> bytes:
    """An OpenDocument file of this XML."""
    space = 'xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:t="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:p="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    content = f"{head}<o:document-content {space}><o:body>{body}</o:body></o:document-content>"
    return made.zipped(
        {"mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(), "content.xml": content.encode()}, store=("mimetype",)
    )


def nested_mail(depth: int) -> bytes:
    """Parts within parts."""
    out = "MIME-Version: 1.0\r\n"
    for number in range(depth):
        out += f'Content-Type: multipart/related; boundary="b{number}"\r\n\r\n--b{number}\r\n'
    return (out + "Content-Type: text/html\r\n\r\n<p>x").encode()


def many_fonts(count: int) -> bytes:
    """A page that sets each character in a font of its own, each with a map that unpacks to much."""
    unpacks = stream(b"/CIDInit " + b" " * 2_000_000, b"/FlateDecode")
    fonts = "".join(f"/F{number} {6 + number} 0 R" for number in range(count)).encode()
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<<%b>>>>>>" % fonts
    text = b"BT " + b"".join(b"/F%d 9 Tf (x) Tj " % number for number in range(count)) + b"ET"
    objects = [
        b"<</Type/Font/Subtype/Type0/BaseFont/X%d/Encoding/Identity-H/ToUnicode 5 0 R/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/X%d/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 0>>>>]>>"
        % (number, number)
        for number in range(count)
    ]
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page,
        stream(text, b"/FlateDecode"),
        unpacks,
        *objects,
    )


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
    "an HTML error page as PDF": ("a.pdf", lambda: b"<html><body><h1>404 Not Found</h1></body></html>", "html error page served as .pdf"),
    "a CSV cell of 20 MB": ("a.csv", lambda: b'"' + b"x" * 20_000_000 + b'"', "cut"),
    "a CSV of quotes": ("a.csv", lambda: b'"' * 1_000_001, ""),
    "text of 60 MB": ("a.txt", lambda: ("防汛\n" * 9_000_000).encode(), "cut"),
    "300 MB": ("a.pdf", lambda: b"%PDF-1.7" + b"\0" * (300 << 20), "more than 100 MiB"),
    "a program as PDF": ("a.pdf", lambda: b"MZ\x90\0" + bytes(range(256)) * 40, "unknown format"),
    "a picture that says it is huge": ("a.png", lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\x02\0\0\0", "image only"),
    "RTF of 100,000 groups in groups": ("a.rtf", lambda: b"{\\rtf1 " + b"{" * 100_000, "groups without end"),
    "RTF data of a length below nothing": ("a.rtf", lambda: b"{\\rtf1 a\\bin-5 b\\u-99999999999?\\uc999 c}", ""),
    "RTF of a million cells": ("a.rtf", lambda: b"{\\rtf1 " + b"x\\cell" * 1_000_000 + b"\\row}", ""),
    "a cut RAR": ("a.rar", lambda: made.rar({"a.txt": b"abc" * 999})[:-40], "damaged"),
    "a RAR bomb": ("a.rar", lambda: made.rar({"a.txt": ZERO * 200}), "no member has text"),
    "an encrypted RAR": ("a.rar", lambda: made.rar({"a.txt": b"abc"}, password="x"), "no member has text"),
    "a RAR whose names are encrypted": ("a.rar", lambda: made.rar({"a.txt": b"abc"}, password="x", encrypt_headers=True), "encrypted"),
    "a 7z bomb": ("a.7z", lambda: made.seven({"a.txt": ZERO * 200}), "bomb"),
    "a cut 7z": ("a.7z", lambda: made.seven({"a.txt": b"abc" * 999})[:-20], "damaged"),
    "an encrypted 7z": ("a.7z", lambda: made.seven({"a.txt": b"abc"}, password="x"), "encrypted"),
    "a gzip bomb": ("a.gz", lambda: gzip.compress(ZERO * 300), "no member has text"),
    "a gzip of a gzip of a gzip": ("a.gz", lambda: reduce(lambda data, _: gzip.compress(data), range(9), b"abc"), "no member has text"),
    "a tar of 20,000 members": ("a.tgz", tar_bomb, "no member has text"),
    "a tar that climbs": ("a.tar", lambda: made.tar({"../../etc/cron.d/x": b"abc"}, "w:"), "stood elsewhere"),
    "a cut DOC": ("a.doc", lambda: made.office("doc")[:5000], ""),
    "an encrypted DOC": ("a.doc", lambda: doc(put(10, 0x0100, 2)), "encrypted"),
    "a DOC whose pieces are elsewhere": ("a.doc", lambda: doc(put(0x1A2, 0x7FFFFFFF)), "no table of pieces"),
    "a DOC of more pieces than there are": ("a.doc", lambda: doc(put(0x1A6, 0x7FFFFFFF)), ""),
    "a DOC whose pages of properties are elsewhere": ("a.doc", lambda: doc(put(0x106, 0x7FFFFFFF)), ""),
    **{f"a DOC spoilt every {step} bytes": ("a.doc", partial(doc, spoilt(step)), "") for step in (61, 509, 1021, 4099)},
    "an old Word file of another head": ("a.doc", lambda: doc(put(2, 101, 2)), "application/msword"),
    "ODS of a cell everywhere": (
        "a.ods",
        lambda: odf("spreadsheet", '<o:spreadsheet><t:table t:name="s"><t:table-row t:number-rows-repeated="1048576"><t:table-cell t:number-columns-repeated="16384" o:value-type="float" o:value="1"/></t:table-row></t:table></o:spreadsheet>'),
        " cells",
    ),
    "ODS merged over everything": (
        "a.ods",
        lambda: odf("spreadsheet", '<o:spreadsheet><t:table><t:table-row><t:table-cell t:number-columns-spanned="16384" t:number-rows-spanned="1048576"><p:p>x</p:p></t:table-cell></t:table-row></t:table></o:spreadsheet>'),
        " cells",
    ),
    "laughs in ODT": ("a.odt", lambda: odf("text", "<o:text><p:p>&a12;</p:p></o:text>", LAUGHS), "document type"),
    "100,000 nested sections of ODT": ("a.odt", lambda: odf("text", "<o:text>" + "<p:section>" * 100_000 + "</p:section>" * 100_000 + "</o:text>"), ""),
    "100,000 nested spans of ODT": ("a.odt", lambda: odf("text", "<o:text><p:p>" + "<p:span>" * 100_000 + "x" + "</p:span>" * 100_000 + "</p:p></o:text>"), ""),
    "laughs in Excel's XML": ("a.xls", lambda: made.excel_xml().replace(b"<Workbook", LAUGHS.encode() + b"<Workbook"), "document type"),
    "a cell of Excel's XML at the far end": ("a.xls", lambda: made.excel_xml().replace(b'ss:Index="7"', b'ss:Index="99999999"').replace(b'ss:MergeDown="1"', b'ss:MergeDown="99999999"'), " cells"),
    "mail in mail in mail": ("a.mht", lambda: nested_mail(5_000), ""),
    "100,000 nested boxes of HTML": ("a.html", lambda: b"<html><body>" + b"<div>" * 100_000 + b"x", ""),
    "a PDF of 2,000 fonts": ("a.pdf", lambda: many_fonts(2_000), ""),
    "a PDF of 100,000 lines": ("a.pdf", lambda: paged(stream(b"".join(b"%d %d m %d 700 l S " % (n % 500, n % 700, n % 500) for n in range(100_000)) + b"BT /F 9 Tf (x) Tj ET", b"/FlateDecode")), ""),
    "a PDF grid of 60 by 60": ("a.pdf", lambda: paged(stream(b"".join(b"9 %d m 609 %d l S %d 9 m %d 609 l S " % (9 + 10 * n, 9 + 10 * n, 9 + 10 * n, 9 + 10 * n) for n in range(61)) + b"BT /F 9 Tf 12 12 Td (x) Tj ET", b"/FlateDecode")), ""),
    "a PDF that opens a program": ("a.pdf", lambda: paged(stream(b"BT /F 9 Tf (ok) Tj ET", b"/FlateDecode"), b"/OpenAction<</S/Launch/F(/bin/sh)>>"), ""),
    "a macro in XLS's clothes": ("a.xls", lambda: ole("_VBA_PROJECT_CUR"), "old Office file of an unknown kind"),
    "RTF without an end": ("a.rtf", lambda: b"{\\rtf1 x", ""),
    "RAR": ("a.rar", lambda: b"Rar!\x1a\x07\x01\0" + b"\0" * 90, "damaged"),
}  # fmt: skip


def calling(address: str) -> dict[str, tuple[str, bytes]]:
    """Documents that want something fetched from this address: name → (what it is called, its bytes)."""
    external = (
        f"<Relationships {RELS}>"
        + "".join(
            f'<Relationship Id="r{number}" Type="{OFFICE}/{kind}" Target="{address}/{kind}" TargetMode="External"/>'
            for number, kind in enumerate(
                ("attachedTemplate", "image", "oleObject", "aFChunk", "frame", "subDocument", "header", "settings")
            )
        )
        + "</Relationships>"
    )
    picture = '<w:p><w:r><w:drawing><a:blip xmlns:a="a" xmlns:r="r" r:link="r1"/></w:drawing><w:t>正文</w:t></w:r></w:p><w:altChunk xmlns:r="r" r:id="r3"/>'
    entity = f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{address}/dtd"> %e;]>'
    linked = f'<o:text><p:p>正文<d:frame xmlns:d="d"><d:image xmlns:x="x" x:href="{address}/image"/></d:frame></p:p></o:text>'
    page = f'<html><head><link rel=stylesheet href="{address}/css"><script src="{address}/js"></script></head><body background="{address}/b"><img src="{address}/img"><iframe src="{address}/f"></iframe>正文'
    rtf = b'{\\rtf1{\\*\\template %b/t}{\\field{\\*\\fldinst INCLUDEPICTURE "%b/p"}{\\fldrslt x}}}' % (
        address.encode(),
        address.encode(),
    )
    action = b"/OpenAction<</S/URI/URI(%b/uri)>>/AA<</WC<</S/SubmitForm/F<</FS/URL/F(%b/form)>>>>>>" % (
        address.encode(),
        address.encode(),
    )
    remote = (
        b"<</Type/XObject/Subtype/Image/Width 1/Height 1/Length 0/F<</FS/URL/F(%b/x)>>>>stream\n\nendstream" % address.encode()
    )
    return {
        "DOCX that links": ("a.docx", word(picture, "", **{"word/_rels/document.xml.rels": external.encode(), "word/_rels/settings.xml.rels": external.encode()})),
        "DOCX with an entity outside": ("a.docx", word("<w:p>&e;</w:p>", entity)),
        "XLSX with an entity outside": ("a.xlsx", sheets("", 1, f"{entity}<sst/>".encode())),
        "OFD whose part is outside": ("a.ofd", ofd(f'<D><Pages><Page BaseLoc="{address}/p"/></Pages></D>')),
        "OFD whose body is outside": ("a.ofd", ofd("", where=f"{address}/d")),
        "OFD with a resource outside": ("a.ofd", ofd(f'<D><CommonData><PublicRes>{address}/res</PublicRes></CommonData><Pages><Page BaseLoc="p.xml"/></Pages></D>', '<P><TextObject Boundary="1 1 9 9"><TextCode X="1" Y="1">正文</TextCode></TextObject></P>')),
        "ODT that links": ("a.odt", odf("text", linked)),
        "HTML that loads": ("a.html", page.encode()),
        "MHTML that loads": ("a.mht", made.mhtml().replace(b"<body>", f'<body><img src=3D"{address}/img">'.encode())),
        "RTF that links": ("a.rtf", rtf),
        "PDF that asks": ("a.pdf", paged(stream(b"BT /F 9 Tf (ok) Tj ET /X Do", b"/FlateDecode"), action, remote)),
        "ZIP of one that links": ("a.zip", made.zipped({"a.docx": word(picture, "", **{"word/_rels/document.xml.rels": external.encode()})})),
    }  # fmt: skip
