"""Each format's own: rows and spans, bytes in pieces, what was deleted, tables by their lines, what offices call a sheet."""

import io
from pathlib import Path
from typing import Any

import pytest

from crawler.parsers.attached import outside
from crawler.parsers.attached.document import read
from crawler.parsers.attached.grids import table_of, tables_of
from crawler.parsers.attached.limits import Limits
from crawler.parsers.attached.said import AttachedText, NoText, Reading, Section
from crawler.parsers.attached.types import is_exported
from tests.parsers.attached import hostile, made

GRID = (("格00", "横跨两列", "横跨两列"), ("纵跨两行", "格11", "格12"), ("纵跨两行", "格21", "格22"))


def only_table(found: AttachedText) -> Any:
    """The one table of a document."""
    ((_, rows),) = [table for section in found.sections for table in section.tables]
    return rows


# ------------------------------------------------------------------ tables
@pytest.mark.parametrize("ending", ["rtf", "odt", "pdf"])
def test_a_table_with_spans_is_the_same_grid_whichever_format_it_is_in(ending: str) -> None:
    found = read(made.office(ending), f"a.{ending}")
    assert [["".join(cell.split()) for cell in row] for row in only_table(found)] == [list(row) for row in GRID]
    lines = ["".join(line.replace("\t", "|").split()) for section in found.sections for line in section.lines]
    at = lines.index("格00|横跨两列") if "格00|横跨两列" in lines else lines.index("格00|横跨两列|")
    assert [line.rstrip("|") for line in lines[at : at + 3]] == ["格00|横跨两列", "纵跨两行|格11|格12", "|格21|格22"]


def test_an_old_word_file_has_its_rows_and_paragraphs_within_cells_stay_in_them() -> None:
    found = read(made.office("doc"), "a.doc")
    assert only_table(found) == (("格00", "横跨两列"), ("纵跨两行", "格11", "格12"), ("", "格21", "格22"))
    assert found.sections[0].lines[-1] == "表后一段。"


def ruled(style: list[tuple[Any, ...]], rows: list[list[Any]], **how: Any) -> bytes:
    """A PDF with a table of this style between two paragraphs."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    own = ParagraphStyle("own", fontName="STSong-Light", wordWrap="CJK")
    cells = [[Paragraph(cell, own) if isinstance(cell, str) and len(cell) > 8 else cell for cell in row] for row in rows]
    out = io.BytesIO()
    table = Table(cells, style=TableStyle([("FONT", (0, 0), (-1, -1), "STSong-Light", 10), *style]), **how)
    SimpleDocTemplate(out).build([Paragraph("表前一段。", own), table, Paragraph("表后一段。", own)])
    return out.getvalue()


ROWS = [["品名", "数量", "备注"], ["编织袋", "36000", "存放于城东仓库，每年五月检查一次"], ["冲锋舟", "12", ""]]
ALL = ("GRID", (0, 0), (-1, -1), 0.5, "black")


@pytest.mark.parametrize(
    ("style", "second"),
    [
        ([ALL], ("冲锋舟", "12", "")),
        ([("BOX", (0, 0), (-1, -1), 1, "black"), ("INNERGRID", (0, 0), (-1, -1), 0.25, "black")], ("冲锋舟", "12", "")),
        ([ALL, ("SPAN", (0, 1), (0, 2))], ("编织袋", "12", "")),
        ([ALL, ("BACKGROUND", (0, 0), (-1, 0), "lightgrey")], ("冲锋舟", "12", "")),
    ],
)
def test_a_table_of_a_pdf_is_read_by_its_lines(style: list[tuple[Any, ...]], second: tuple[str, ...]) -> None:
    (page,) = read(ruled(style, ROWS, colWidths=[80, 60, 100]), "a.pdf").sections
    ((at, rows),) = page.tables
    assert rows == (("品名", "数量", "备注"), ("编织袋", "36000", "存放于城东仓库，每年五月检查一次"), second)
    assert (page.lines[0], page.lines[at], page.lines[-1]) == ("表前一段。", "品名\t数量\t备注", "表后一段。")


@pytest.mark.parametrize("style", [[], [("LINEBELOW", (0, 0), (-1, -1), 0.5, "black")], [("BOX", (0, 0), (-1, -1), 1, "black")]])
def test_what_no_lines_rule_is_text_and_no_table(style: list[tuple[Any, ...]]) -> None:
    (page,) = read(ruled(style, ROWS, colWidths=[80, 60, 100]), "a.pdf").sections
    assert page.tables == ()
    assert "编织袋" in "".join(page.lines)


def test_a_table_over_several_pages_is_one_on_each_of_them() -> None:
    found = read(ruled([ALL], [[f"{row}-{column}" for column in range(4)] for row in range(90)]), "a.pdf")
    cells = [cell for section in found.sections for _, rows in section.tables for row in rows for cell in row]
    assert found.pages == 3
    assert cells == [f"{row}-{column}" for row in range(90) for column in range(4)]


def test_a_sheets_head_and_name_are_those_of_a_pages_table() -> None:
    first = tables_of(read(made.xlsx(), "a.xlsx").sections[0])[0]
    assert (first.at, first.caption, first.header, first.rows[0]) == (0, "物资", 1, made.SHOWN[0])
    assert len({len(row) for row in first.rows}) == 1
    assert table_of(0, [("甲", "乙"), ("丙", "丁")], "Sheet1").caption is None
    over = table_of(3, [("防汛物资表",) * 3, ("品名", "数量", "单价"), ("编织袋", "36000", "1.25")], "Sheet1")
    assert (over.at, over.caption, over.header) == (3, "防汛物资表", 2)
    assert table_of(0, [("甲", "乙"), ("丙", "丁")], "Sheet1").header == 0
    assert table_of(0, []).rows == ()


# ------------------------------------------------------------------ sheets
def test_a_sheet_of_opendocument_has_percentages_dates_and_merged_cells() -> None:
    first, hidden = read(made.office("ods"), "a.ods").sections
    shown = [tuple("1" if cell == "TRUE" else cell for cell in row) for row in made.SHOWN]  # LibreOffice writes it as a number
    assert [row for _, row in first.rows[:4]] == shown
    assert first.rows[4:] == ((7, ("", *["合并的三格"] * 2)), (8, ("", *["合并的三格"] * 2)))
    assert (hidden.name, hidden.rows[0]) == ("内部", (3, ("", "", "藏着的")))
    assert read(made.office("ods"), "a.ods").flags == ("a hidden sheet: 内部",)


def test_excels_xml_of_2003_has_its_cells_where_they_say() -> None:
    (sheet,) = read(made.excel_xml(), "a.xls").sections
    assert sheet.name == "物资"
    assert [row for _, row in sheet.rows[:4]] == list(made.SHOWN)
    assert sheet.rows[4:] == ((7, ("", "合并的三格", "合并的三格", "2024-03-05")), (8, ("", "合并的三格", "合并的三格")))


# ------------------------------------------------------------------ RTF
def rtf(body: str) -> tuple[str, ...]:
    """The lines of this RTF."""
    return read(f"{{\\rtf1\\ansi\\ansicpg936 {body}}}".encode("latin-1"), "a.rtf").lines


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("a\\par b\\line c\\page d", ("a", "b", "c", "d")),
        ("\\'b9\\'d8{\\b \\'d3}\\'da", ("关于",)),
        ("\\u20851?\\u20110 x y", ("关于 y",)),
        ("\\uc0\\u20851\\u20110 x", ("关于x",)),
        ("\\uc2\\u20851\\'b9\\'d8\\u20110 ab", ("关于",)),
        ("a{\\*\\bkmkstart x}b{\\field{\\*\\fldinst HYPERLINK x}{\\fldrslt c}}d", ("abcd",)),
        ("a{\\deleted gone}b\\deleted gone\\deleted0 c", ("abc",)),
        ("a\\bin3 }}}b", ("ab",)),
        ("\\{a\\}\\\\b\\~c\\_d", ("{a}\\b c-d",)),
        ("a\\emdash b\\ldblquote c\\rdblquote", ("a—b“c”",)),
        ("{\\upr{wrong}{\\*\\ud right}}", ("right",)),
        ("{\\fonttbl{\\f1\\fcharset136 x;}}\\f1\\'a4\\'a4", ("中",)),
        ("{\\shp{\\*\\shpinst{\\sp{\\sn x}{\\sv y}}{\\shptxt box}}}", ("box",)),
    ],
)
def test_rtf_says_what_a_reader_sees(body: str, lines: tuple[str, ...]) -> None:
    assert rtf(body) == lines


# ------------------------------------------------------------------ PDF
def test_upright_and_turned_text_is_whole_and_in_its_order_on_any_machine() -> None:
    assert read(made.vertical_pdf(), "a.pdf").lines == made.LINES[2:5]
    from reportlab.pdfgen.canvas import Canvas

    for angle in (0, 90, 180, 270):
        made.pdf()  # registers the font
        out = io.BytesIO()
        canvas = Canvas(out)
        canvas.translate(300, 400)
        canvas.rotate(angle)
        canvas.setFont("STSong-Light", 12)
        for at, line in enumerate(made.LINES):
            canvas.drawString(-200, -20 * at, line)
        canvas.save()
        found = read(out.getvalue(), "a.pdf").lines
        assert sorted(found) == sorted(made.LINES), angle
        assert angle == 180 or found == made.LINES, angle


def test_a_pdf_whose_fonts_lost_their_map_says_so() -> None:
    lost = made.office("pdf").replace(b"/ToUnicode", b"/ToUnicodX")
    assert lost != made.office("pdf")
    assert read(lost, "a.pdf").note == "no_text: fonts without a map"


# ------------------------------------------------------------------ pages that are documents
@pytest.mark.parametrize(
    ("page", "name", "header", "is_document"),
    [
        (made.html_sheet(), "a.xls", "application/vnd.ms-excel", True),
        (made.html_sheet(), "a.xls", "", True),
        (made.html_sheet(), "a.xls", "text/html; charset=gbk", False),
        (made.html_sheet(), "a.pdf", "application/pdf", False),
        (b'<html xmlns:o="urn:schemas-microsoft-com:office:office"><body>x', "a.doc", "application/msword", True),
        (b"<html><meta name=ProgId content=Word.Document><body>x", "a.doc", "text/html", True),
        (b"<html><body><table><tr><td>404</td></tr></table>", "a.xls", "application/vnd.ms-excel", False),
        (b"<html><body><h1>404</h1></body></html>", "a.doc", "application/msword", False),
    ],
)  # fmt: skip
def test_an_offices_page_is_a_document_and_a_servers_is_none(page: bytes, name: str, header: str, is_document: bool) -> None:
    assert is_exported(page, name, header) is is_document
    found = read(page, name, header)
    assert (found.note == "no_text: an HTML page in a document's place") is not is_document


# ------------------------------------------------------------------ archives
@pytest.mark.parametrize("pack", [made.zipped, made.rar, made.seven, made.tar])
def test_members_of_any_archive_are_listed_and_read_and_a_bad_one_costs_only_itself(pack: Any) -> None:
    found = read(
        pack({"一/好.txt": "好的".encode("gbk"), "坏.docx": made.docx()[:200], "内.zip": made.zipped({"里.txt": b"abc"})}), "a"
    )
    members = found.members
    sections = found.sections
    if pack is made.tar:  # a packed file is an archive of one
        assert [member.name for member in members] == ["a"]
        assert {section.within for section in sections} == {"a!一/好.txt", "a!内.zip!里.txt"}
        return
    assert [(member.name, bool(member.note)) for member in members] == [
        ("一/好.txt", False),
        ("坏.docx", True),
        ("内.zip", False),
    ]
    assert {section.within: section.lines for section in sections} == {"一/好.txt": ("好的",), "内.zip!里.txt": ("abc",)}


def test_an_old_rars_names_are_what_chinese_programs_wrote() -> None:
    from crawler.parsers.attached.archives import _rar_name

    assert _rar_name("?", "附件.txt".encode("gbk")) == "附件.txt"
    assert _rar_name("附件.txt", "附件.txt".encode()) == "附件.txt"
    assert _rar_name("附件.txt", b"fj.txt\0\1\2") == "附件.txt"


# ------------------------------------------------------------------ programs of others
@pytest.mark.skipif(not outside.office(), reason="no LibreOffice is installed")
def test_an_old_presentation_is_read_by_an_office(tmp_path: Path) -> None:
    old = outside.converted(made.pptx(), "pptx", "ppt", Reading(Limits(seconds=60)))
    found = read(old, "a.ppt", limits=Limits(seconds=60))
    assert found.media_type == "application/vnd.ms-powerpoint"
    assert "libreoffice" in found.reader
    assert {"防汛工作第1讲", "防汛工作第2讲"} <= set(found.lines)


def test_without_an_office_or_an_ocr_a_document_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    outside.office.cache_clear()
    outside.tesseract.cache_clear()
    try:
        older = hostile.doc(hostile.put(2, 101, 2))
        assert read(older, "a.doc").note == "no_text: needs libreoffice"
        assert read(made.scanned_pdf(), "a.pdf", limits=Limits(ocr="chi_sim")).note == "no_text: image only"
        assert (
            read(b"\xff\xd8\xff\xe0" + b"\0" * 64, "a.jpg", limits=Limits(ocr="chi_sim")).note
            == "no_text: image only: needs tesseract"
        )
    finally:
        monkeypatch.undo()
        outside.office.cache_clear()
        outside.tesseract.cache_clear()


@pytest.mark.skipif(not outside.tesseract(), reason="no tesseract is installed")
def test_a_picture_is_read_by_ocr_where_that_is_asked_for_and_says_so() -> None:
    from PIL import Image, ImageDraw

    picture = Image.new("L", (900, 120), 255)
    ImageDraw.Draw(picture).text((20, 20), "BUDGET 2024", fill=0, font_size=60)
    out = io.BytesIO()
    picture.save(out, "PNG")
    found = read(out.getvalue(), "a.png", limits=Limits(ocr="eng", seconds=60))
    assert "2024" in "".join(found.lines)
    assert found.flags == ("read by OCR",)
    assert "tesseract" in found.reader
    assert read(out.getvalue(), "a.png").note == "no_text: image only"


def test_a_program_that_fails_or_takes_too_long_is_a_result() -> None:
    with pytest.raises(NoText, match="took more than"):
        outside._run(["/bin/sleep", "30"], b"", 0.2, 1 << 30, None)
    with pytest.raises(NoText, match="ended with 1"):
        outside._run(["/bin/false"], b"", 5, 1 << 30, None)
    with pytest.raises(NoText, match="cannot be started"):
        outside._run(["/nowhere/soffice"], b"", 5, 1 << 30, None)


def test_sections_without_tables_have_none() -> None:
    assert tables_of(Section("page", "1", ("甲",))) == []
