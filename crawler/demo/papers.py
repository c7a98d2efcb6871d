"""The documents that the demo's notices link to: PDF and XLSX, written here, a few kB each and the same bytes every time."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from html import escape

FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType0"
    b"/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/DW 1000>>]>>"
)
LINES = 32  # of a page
ROOM = 60.0  # points between a page's edge and its text
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def pdf(lines: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> bytes:
    """Pages of lines and, behind them on the last, a ruled table. The font is every reader's own (Adobe-GB1), as in many of the real ones."""
    pages = [list(lines[at : at + LINES]) for at in range(0, len(lines), LINES)] or [[]]
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b"", FONT]
    kids = []
    for number, page in enumerate(pages):
        content = b"".join(_line(text, ROOM, 780 - 22 * at) for at, text in enumerate(page))
        if number == len(pages) - 1 and rows:
            content += _table(rows, 780 - 22 * len(page))
        packed = zlib.compress(content, 9)
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed))
        parts = b"/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R" % len(objects)
        objects.append(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%b>>" % parts)
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Kids[%b]/Count %d>>" % (b" ".join(kids), len(kids))
    return _file(objects)


def _line(text: str, left: float, at: float) -> bytes:
    """A line of text at its place."""
    return b"BT /F 12 Tf %d %d Td <%b> Tj ET\n" % (left, at, text.encode("utf-16-be").hex().encode())


def _table(rows: Sequence[Sequence[str]], top: float) -> bytes:
    """A table with its lines below a height."""
    wide, high = max(map(len, rows)), len(rows)
    edges = [ROOM + 120 * column for column in range(wide + 1)]
    rules = [b"%d %d m %d %d l S\n" % (edges[0], top - 24 * row, edges[-1], top - 24 * row) for row in range(high + 1)]
    rules += [b"%d %d m %d %d l S\n" % (edge, top, edge, top - 24 * high) for edge in edges]
    texts = [
        _line(text, edges[column] + 6, top - 24 * row - 17) for row, cells in enumerate(rows) for column, text in enumerate(cells)
    ]
    return b"".join((*rules, *texts))


def _file(objects: Sequence[bytes]) -> bytes:
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + b"xref\n0 %d\n" % (len(objects) + 1) + table + end


def xlsx(name: str, rows: Sequence[Sequence[str | float]]) -> bytes:
    """A workbook of one sheet."""
    cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
        'PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": _related("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets><sheet name="{escape(name)}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _related("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEET}"><sheetData>{cells}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as held:
        for part, text in parts.items():
            info = zipfile.ZipInfo(part)  # of 1980: the same bytes every time
            info.compress_type = zipfile.ZIP_DEFLATED
            held.writestr(info, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}'.encode())
    return out.getvalue()


def _related(kind: str, target: str) -> str:
    return f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>'


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"
