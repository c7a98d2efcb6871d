"""Documents to read, written by the programs' own libraries and, OFD, by hand: each with the text it has."""

import base64
import io
import quopri
import tarfile
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

LINES = (
    "云溪县人民政府办公室文件",
    "云政办发〔2024〕17号",
    "关于印发《云溪县防汛物资储备办法》的通知",
    "各乡镇人民政府，县政府各部门：",
    "一、储备冲锋舟12艘、编织袋36,000条，存放于城东仓库。",
    "二、每年5月1日前完成检查；经费由县财政列支，共计￥1,208,400.50元。",
    "三、本办法自2024年6月1日起施行。",
)
ROWS: tuple[tuple[object, ...], ...] = (
    ("品名", "数量", "单价", "购置日期", "占比", "备注"),
    ("编织袋", 36000, 1.25, date(2024, 3, 5), 0.125, "城东仓库"),
    ("冲锋舟", 12, 98000, datetime(2024, 4, 1, 9, 30), 0.5, None),  # noqa: DTZ001 - a cell has no zone
    ("救生衣", 400, 0.1 + 0.2, date(1999, 12, 31), 0.07, True),
)
SHOWN = (
    ("品名", "数量", "单价", "购置日期", "占比", "备注"),
    ("编织袋", "36000", "1.25", "2024-03-05", "12.5%", "城东仓库"),
    ("冲锋舟", "12", "98000", "2024-04-01 09:30:00", "50%"),
    ("救生衣", "400", "0.3", "1999-12-31", "7%", "TRUE"),
)


@dataclass(frozen=True)
class Made:
    """A document, how it is called and sent, and the text that a reader finds in it."""

    data: bytes
    name: str
    header: str
    text: tuple[str, ...]


def pdf(pages: int = 1, *, font: str = "STSong-Light", lines: tuple[str, ...] = LINES, encrypt: str = "") -> bytes:
    """By reportlab. STSong-Light is not embedded and has no ToUnicode map; HeiseiMin and others likewise."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(font))
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=encrypt or None)
    for number in range(pages):
        canvas.setFont(font, 12)
        for at, line in enumerate(lines):
            canvas.drawString(60, 780 - 20 * at, line)
        canvas.drawString(60, 60, f"第{number + 1}页")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def mapped_pdf(lines: tuple[str, ...]) -> bytes:
    """With an embedded TrueType font and its ToUnicode map (reportlab's own Vera; Latin only)."""
    import reportlab
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(TTFont("Vera", f"{reportlab.__path__[0]}/fonts/Vera.ttf"))
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setFont("Vera", 12)
    for at, line in enumerate(lines):
        canvas.drawString(60, 780 - 20 * at, line)
    canvas.save()
    return out.getvalue()


def scanned_pdf() -> bytes:
    """Pages that are pictures."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawImage(ImageReader(Image.new("RGB", (200, 300), "white")), 0, 0, 500, 700)
    canvas.save()
    return out.getvalue()


def docx(lines: tuple[str, ...] = LINES) -> bytes:
    """By python-docx, with a table whose cells span, a head and a foot."""
    import docx as library

    document = library.Document()
    for line in lines:
        document.add_paragraph(line)
    table = document.add_table(rows=3, cols=3, style="Table Grid")
    for r in range(3):
        for c in range(3):
            table.cell(r, c).text = f"格{r}{c}"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "横跨两列"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "纵跨两行"
    document.sections[0].header.paragraphs[0].text = "页眉：云溪县"
    document.add_paragraph("表后一段。")
    return saved(document)


def xlsx() -> bytes:
    """By openpyxl: kinds of values, merged cells, a second sheet that is hidden, a formula nobody has computed."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "物资"
    for row in ROWS:
        sheet.append(row)
    for r in range(2, 5):
        sheet.cell(r, 5).number_format = "0.0%"
    sheet["B7"] = "合并的三格"
    sheet.merge_cells("B7:C8")
    other: Any = book.create_sheet("内部")
    other["C3"] = "藏着的"
    other["A4"] = "=1+1"
    other.sheet_state = "hidden"
    return saved(book)


def xls() -> bytes:
    """By xlwt: BIFF8."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("物资")
    day, moment = xlwt.easyxf(num_format_str="YYYY-MM-DD"), xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM")
    for r, row in enumerate(ROWS):
        for c, value in enumerate(row):
            if value is not None:
                style = moment if isinstance(value, datetime) else day if isinstance(value, date) else xlwt.Style.default_style
                sheet.write(r, c, value, style)
    return saved(book)


def ods() -> bytes:
    """By odfpy: strings, numbers, a date."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table = Table(name="物资")
    row = TableRow()
    for text in ("编织袋", "城东仓库"):
        cell = TableCell(valuetype="string")
        cell.addElement(P(text=text))
        row.addElement(cell)
    row.addElement(TableCell(valuetype="float", value="36000"))
    row.addElement(TableCell(valuetype="date", datevalue="2024-03-05"))
    table.addElement(row)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def pptx() -> bytes:
    """By python-pptx: two slides, a table, notes."""
    import pptx as library
    from pptx.util import Cm

    show: Any = library.Presentation()
    for number in (1, 2):
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = f"防汛工作第{number}讲"
        box = slide.shapes.add_textbox(Cm(2), Cm(5), Cm(10), Cm(3))
        box.text_frame.text = LINES[3 + number]
        if number == 2:
            table = slide.shapes.add_table(2, 2, Cm(2), Cm(9), Cm(10), Cm(3)).table
            for r in range(2):
                for c in range(2):
                    table.cell(r, c).text = f"表{r}{c}"
            table.cell(0, 0).merge(table.cell(0, 1))
            slide.notes_slide.notes_text_frame.text = "讲稿：先讲储备。"
    return saved(show)


def saved(document: Any) -> bytes:
    """What a library's object writes."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zipped(members: dict[str, bytes], *, store: tuple[str, ...] = ()) -> bytes:
    """A zip file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as held:
        for name, data in members.items():
            held.writestr(name, data, zipfile.ZIP_STORED if name in store else zipfile.ZIP_DEFLATED)
    return out.getvalue()


NAMESPACE = "http://www.ofdspec.org/2016"


def ofd(*, loose: bool = False) -> bytes:
    """By hand, in two conventions. Plain: the standard's prefix, parts from the top, a line in one object, in order. Loose: no prefix,
    parts from their own folders, each character of the second line an object of its own, written from the foot of the page up."""
    p, own = ("", f' xmlns="{NAMESPACE}"') if loose else ("ofd:", f' xmlns:ofd="{NAMESPACE}"')
    doc, page = (
        ("Doc_0/Document.xml", "Pages/P0/Content.xml") if loose else ("/Doc_0/Document.xml", "/Doc_0/Pages/P0/Content.xml")
    )
    objects: list[str] = []
    for at, line in enumerate(LINES):
        top = 20 + 10 * at
        pieces = [(20 + 5 * n, letter) for n, letter in enumerate(line)] if loose and at == 1 else [(20, line)]
        for left, text in pieces:
            steps = f' DeltaX="g {len(text) - 1} 5"' if len(text) > 1 else ""
            objects.append(
                f'<{p}TextObject ID="{100 + len(objects)}" Boundary="{left} {top} {5 * len(text)} 6" Font="1" Size="5">'
                f'<{p}TextCode X="0" Y="5"{steps}>{text}</{p}TextCode></{p}TextObject>'
            )
    if loose:
        objects.reverse()
    template = f'<{p}TextObject ID="9" Boundary="90 280 30 6" Font="1" Size="5"><{p}TextCode X="0" Y="5">云溪县印</{p}TextCode></{p}TextObject>'
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    layer = f"<{p}Content><{p}Layer>{{}}</{p}Layer></{p}Content>"
    return zipped(
        {
            "OFD.xml": f'{head}<{p}OFD{own} Version="1.0"><{p}DocBody><{p}DocRoot>{doc}</{p}DocRoot><{p}Signatures>/Doc_0/Signs/Signatures.xml</{p}Signatures></{p}DocBody></{p}OFD>'.encode(),
            "Doc_0/Document.xml": (
                f'{head}<{p}Document{own}><{p}CommonData><{p}TemplatePage ID="5" BaseLoc="Tpls/T0/Content.xml"/></{p}CommonData>'
                f'<{p}Pages><{p}Page ID="1" BaseLoc="{page}"/></{p}Pages></{p}Document>'
            ).encode(),
            "Doc_0/Tpls/T0/Content.xml": f"{head}<{p}Page{own}>{layer.format(template)}</{p}Page>".encode(),
            "Doc_0/Pages/P0/Content.xml": f'{head}<{p}Page{own}><{p}Template TemplateID="5"/>{layer.format("".join(objects))}</{p}Page>'.encode(),
        }
    )


HTML = f"<html><head><meta charset=gbk></head><body>{''.join(f'<p>{line}</p>' for line in LINES)}</body></html>"
TSV = "\r\n".join("\t".join(row) for row in SHOWN)


def office(ending: str) -> bytes:
    """What LibreOffice wrote of ours (`python -m tests.tools.office_samples`)."""
    return Path(__file__).with_name("data").joinpath(f"office.{ending}").read_bytes()


def rtf(*, page: int = 936, charset: int = 134) -> bytes:
    """As WPS writes it: bytes of GBK, some raw, some in pieces, one character over a line and a group; a row whose cell goes on below."""
    escaped = ["".join(f"\\'{byte:02x}" for byte in line.replace("￥", "").encode("gbk")) for line in LINES]
    escaped[0] = escaped[0][:4] + "\r\n" + escaped[0][4:8] + "{\\b " + escaped[0][8:12] + "}" + escaped[0][12:]
    escaped[1] = LINES[1].encode("gbk").decode("latin-1")
    row = "\\trowd\\cellx100{}\\cellx200\\pard\\intbl {}\\cell \\u19978?\\cell\\row "
    table = (
        row.format("", "\\u24038?")
        + row.format("", "x").replace("\\trowd", "\\trowd\\clvmrg").replace("x\\cell", "\\cell")
        + "\\pard "
    )
    body = "\\par ".join(escaped) + "\\par " + table + "{\\*\\unknown no}{\\pict\\bin5 {{{{{ffff}\\u-10176?\\u-9216?\\par"
    head = f"{{\\rtf1\\ansi\\ansicpg{page}\\deff0\\deflangfe2052{{\\fonttbl{{\\f0\\fcharset{charset} \\'cb\\'ce;}}}}\\f0 "
    return (head + body + "{\\header \\u39029?\\u30473?}}").encode("latin-1")


def mhtml(*, encoding: str = "quoted-printable") -> bytes:
    """As Word saves a page, with a picture beside it."""
    raw = HTML.replace("￥", "").encode("gbk")
    packed = quopri.encodestring(raw) if encoding == "quoted-printable" else base64.encodebytes(raw)
    head = 'From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html"; boundary="----=_x"\r\n\r\n'
    page = f'------=_x\r\nContent-Location: file:///C:/a.htm\r\nContent-Transfer-Encoding: {encoding}\r\nContent-Type: text/html; charset="gb2312"\r\n\r\n'
    picture = (
        "\r\n------=_x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n------=_x--\r\n"
    )
    return head.encode() + page.encode() + packed + picture.encode()


def word_xml() -> bytes:
    """WordprocessingML of Office 2003."""
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in LINES)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Word.Document"?>'
        '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint">'
        f"<w:body><wx:sect>{paragraphs}</wx:sect></w:body></w:wordDocument>"
    ).encode()


def excel_xml() -> bytes:
    """SpreadsheetML of Office 2003, with a cell over two rows and one that says its place."""
    kinds = {int: "Number", float: "Number"}
    rows = "".join(
        "<Row>"
        + "".join(f'<Cell><Data ss:Type="{kinds.get(type(cell), "String")}">{cell}</Data></Cell>' for cell in row)
        + "</Row>"
        for row in SHOWN
    )
    last = '<Row ss:Index="7"><Cell ss:Index="2" ss:MergeAcross="1" ss:MergeDown="1"><Data ss:Type="String">合并的三格</Data></Cell><Cell><Data ss:Type="DateTime">2024-03-05T00:00:00.000</Data></Cell></Row>'
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        f'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="物资"><Table>{rows}{last}</Table></Worksheet></Workbook>'
    ).encode()


def html_sheet() -> bytes:
    """A table that a program calls a workbook."""
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in SHOWN)
    return f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body><table>{rows}</table></body></html>'.encode(
        "gbk"
    )


def rar(members: dict[str, bytes], **how: Any) -> bytes:
    """A RAR file of these members."""
    import rars

    held = rars.RarBuilder(**how)
    for name, data in members.items():
        held.add_bytes(data, name)
    return bytes(held.to_bytes())


def seven(members: dict[str, bytes], password: str | None = None) -> bytes:
    """A 7z file of these members."""
    import py7zr

    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password) as held:
        for name, data in members.items():
            held.writestr(data, name)
    return out.getvalue()


def tar(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    """A tar file of these members, packed as the mode says."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as held:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            held.addfile(info, io.BytesIO(data))
    return out.getvalue()


def vertical_pdf() -> bytes:
    """Columns of characters from the right to the left, as in the vertical writing mode of a font (Identity-V and its kin)."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light", isVertical=True))
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setFont("STSong-Light-V" if "STSong-Light-V" in pdfmetrics.getRegisteredFontNames() else "STSong-Light", 12)
    for at, line in enumerate(LINES[2:5]):
        canvas.drawString(500 - 30 * at, 780, line)
    canvas.save()
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return out.getvalue()


def everything() -> dict[str, Made]:
    """Each format once, each with the text it has."""
    cells = tuple(cell for row in SHOWN for cell in row)
    return {
        "a PDF without maps": Made(pdf(2), "a.pdf", "application/pdf", LINES),
        "a PDF with maps": Made(mapped_pdf(("Budget 2024", "1,208,400.50")), "b.pdf", "application/octet-stream", ("Budget 2024", "1,208,400.50")),
        "DOCX": Made(docx(), "c.docx", "application/msword", (*LINES, "格11", "横跨两列", "纵跨两行", "页眉：云溪县", "表后一段。")),
        "XLSX": Made(xlsx(), "d.xlsx", "", (*cells, "合并的三格", "藏着的")),
        "XLS": Made(xls(), "e.xls", "application/vnd.ms-excel", tuple(c for c in cells if not c.endswith("%"))),
        "ODS": Made(ods(), "f.ods", "", ("编织袋", "城东仓库", "36000", "2024-03-05")),
        "PPTX": Made(pptx(), "g.pptx", "", ("防汛工作第1讲", "防汛工作第2讲", LINES[4], LINES[5], "表10", "讲稿：先讲储备。")),
        "OFD": Made(ofd(), "h.ofd", "application/ofd", (*LINES, "云溪县印")),
        "OFD, loose": Made(ofd(loose=True), "i.ofd", "application/octet-stream", (*LINES, "云溪县印")),
        "TXT in GBK": Made("\r\n".join(LINES).replace("￥", "").encode("gbk"), "j.txt", "text/plain", tuple(x.replace("￥", "") for x in LINES)),
        "TXT in UTF-16": Made("\n".join(LINES).encode("utf-16"), "k.txt", "", LINES),
        "CSV in GB 18030": Made("\n".join(",".join(f'"{c}"' for c in row) for row in SHOWN).encode("gb18030"), "l.csv", "text/csv", cells),
        "a table called XLS": Made(TSV.encode("gbk"), "m.xls", "application/vnd.ms-excel", cells),
        "HTML": Made(HTML.replace("￥", "").encode("gbk"), "n.html", "text/html", tuple(x.replace("￥", "") for x in LINES)),
        "DOC by LibreOffice": Made(office("doc"), "p.doc", "application/msword", (*LINES, "格11", "横跨两列", "纵跨两行", "页眉：云溪县", "表后一段。")),
        "DOC called WPS": Made(office("doc"), "p.wps", "application/vnd.ms-works", LINES),
        "RTF by LibreOffice": Made(office("rtf"), "q.rtf", "application/rtf", (*LINES, "格11", "横跨两列", "纵跨两行", "页眉：云溪县", "表后一段。")),
        "RTF in GBK": Made(rtf(), "q.rtf", "text/rtf", (*(x.replace("￥", "") for x in LINES), "左", "上", "页眉", "𠀀")),
        "RTF of another page": Made(rtf(page=1252), "q.doc", "application/msword", tuple(x.replace("￥", "") for x in LINES)),
        "ODT by LibreOffice": Made(office("odt"), "r.odt", "", (*LINES, "格11", "横跨两列", "纵跨两行", "页眉：云溪县", "表后一段。")),
        "ODP by LibreOffice": Made(office("odp"), "s.odp", "", ("防汛工作第1讲", "防汛工作第2讲", LINES[4], LINES[5], "表10", "讲稿：先讲储备。")),
        "ODS by LibreOffice": Made(office("ods"), "t.ods", "", (*(c for c in cells if c != "TRUE"), "合并的三格", "藏着的")),
        "XLS by LibreOffice": Made(office("xls"), "u.xls", "", (*(c for c in cells if not c.endswith("%")), "合并的三格", "藏着的")),
        "XLS called ET": Made(xls(), "u.et", "", tuple(c for c in cells if not c.endswith("%"))),
        "PDF by LibreOffice": Made(office("pdf"), "v.pdf", "application/pdf", (*LINES, "格11", "横跨两列", "纵跨两行", "页眉：云溪县", "表后一段。")),
        "a PDF of vertical text": Made(vertical_pdf(), "w.pdf", "", LINES[2:5]),
        "MHTML": Made(mhtml(), "x.mht", "multipart/related", tuple(x.replace("￥", "") for x in LINES)),
        "MHTML in base64, called DOC": Made(mhtml(encoding="base64"), "x.doc", "application/msword", tuple(x.replace("￥", "") for x in LINES)),
        "Word's XML of 2003": Made(word_xml(), "y.doc", "application/msword", LINES),
        "Excel's XML of 2003": Made(excel_xml(), "z.xls", "application/vnd.ms-excel", (*cells, "合并的三格", "2024-03-05")),
        "an HTML table called XLS": Made(html_sheet(), "z.xls", "application/vnd.ms-excel", cells),
        "RAR": Made(rar({"一/c.docx": docx(), "二/l.csv": TSV.encode()}), "o.rar", "application/x-rar-compressed", (*LINES, *cells)),
        "RAR, solid, of 2002": Made(rar({"一/c.docx": docx(), "二/l.csv": TSV.encode()}, format="rar29", solid=True), "o.rar", "", (*LINES, *cells)),
        "7z": Made(seven({"一/c.docx": docx(), "二/l.csv": TSV.encode()}), "o.7z", "", (*LINES, *cells)),
        "tar.gz": Made(tar({"一/c.docx": docx(), "二/l.csv": TSV.encode()}), "o.tar.gz", "application/gzip", (*LINES, *cells)),
        "ZIP": Made(zipped({"一/c.docx": docx(), "二/l.csv": TSV.encode()}), "o.zip", "application/zip", (*LINES, *cells)),
    }  # fmt: skip
