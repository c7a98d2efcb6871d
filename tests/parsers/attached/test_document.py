"""Documents of every format give their text, and where it stands; what is wrong with one is said."""

import io
from datetime import datetime

import pytest

from crawler.parsers.attached.archives import member_name
from crawler.parsers.attached.document import read
from crawler.parsers.attached.limits import Limits
from crawler.parsers.attached.sheets import day_of, shown
from crawler.parsers.media import TYPES
from tests.parsers.attached import hostile, made

EVERYTHING = made.everything()


def squeezed(text: str) -> str:
    """Without white space."""
    return "".join(text.split())


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_whole_text_of_each_format_is_read(name: str) -> None:
    one = EVERYTHING[name]
    found = read(one.data, one.name, one.header)
    text = squeezed("".join(found.lines))
    assert [line for line in one.text if squeezed(line) not in text] == []
    assert (found.note, found.size) == ("", len(one.data))
    assert found.reader


def test_every_cell_of_a_sheet_is_right_and_stands_in_its_place() -> None:
    first, hidden = read(made.xlsx(), "a.xlsx").sections
    assert first.name == "物资"
    assert first.rows[:4] == tuple(enumerate(made.SHOWN, 1))
    assert first.rows[4:] == ((7, ("", *["合并的三格"] * 2)), (8, ("", *["合并的三格"] * 2)))
    assert "".join(first.lines).count("合并的三格") == 1
    assert (hidden.name, hidden.rows) == ("内部", ((3, ("", "", "藏着的")),))
    assert read(made.xlsx(), "a.xlsx").flags == ("a hidden sheet: 内部", "formulas without a value: 1")


def test_sheets_by_other_readers_have_the_same_cells() -> None:
    (xls,) = read(made.xls(), "a.xls").sections
    plain = [[cell for place, cell in enumerate(row) if place != 4] for row in made.SHOWN]
    assert [[cell for place, cell in enumerate(row) if place != 4] for _, row in xls.rows] == plain
    (csv,) = read(made.TSV.encode("gb18030"), "a.csv", "text/csv").sections
    assert [row for _, row in csv.rows] == list(made.SHOWN)
    (ods,) = read(made.ods(), "a.ods").sections
    assert ods.rows == ((1, ("编织袋", "城东仓库", "36000", "2024-03-05")),)


def test_tables_of_texts_are_grids_with_their_spans() -> None:
    body, head = read(made.docx(), "a.docx").sections
    ((at, rows),) = body.tables
    assert rows == (("格00", "横跨两列", "横跨两列"), ("纵跨两行", "格11", "格12"), ("纵跨两行", "格21", "格22"))
    assert body.lines[at].startswith("格00")
    assert (head.kind, head.lines) == ("aside", ("页眉：云溪县",))
    slide = next(section for section in read(made.pptx(), "a.pptx").sections if section.tables)
    assert (slide.name, slide.tables[0][1]) == ("2", (("表00 表01", "表00 表01"), ("表10", "表11")))


def test_pages_are_numbered_and_a_text_stands_on_its_own() -> None:
    found = read(made.pdf(3), "a.pdf")
    assert [(section.kind, section.name, section.lines[-1]) for section in found.sections] == [
        ("page", str(n), f"第{n}页") for n in (1, 2, 3)
    ]
    assert found.pages == 3


@pytest.mark.parametrize("loose", [False, True])
def test_an_ofd_is_read_in_reading_order_however_it_is_written(loose: bool) -> None:
    (page,) = read(made.ofd(loose=loose), "a.ofd").sections
    assert page.lines == (*made.LINES, "云溪县印")
    assert read(made.ofd(), "a.ofd").flags == ("signed: the signature is not checked",)


def test_words_that_stand_apart_on_a_line_of_an_ofd_stay_apart() -> None:
    objects = "".join(
        f'<TextObject Boundary="{left} 20 30 5" Size="5"><TextCode X="0" Y="5" DeltaX="5">{text}</TextCode></TextObject>'
        for left, text in ((100, "右边"), (20, "左边"))
    )
    found = read(hostile.ofd('<D><Pages><Page BaseLoc="p.xml"/></Pages></D>', f"<P>{objects}</P>"), "a.ofd")
    assert found.lines == ("左边 右边",)


# ------------------------------------------------------------------ what is no text, and what is odd
@pytest.mark.parametrize(
    ("data", "note"),
    [
        (made.scanned_pdf, "image only"),
        (lambda: made.pdf(encrypt="x"), "encrypted"),
        (lambda: hostile.paged(hostile.stream(b"q Q", b"/FlateDecode")), "empty pages"),
        (lambda: b"\xff\xd8\xff\xe0" + b"\0" * 64, "image only"),
        (lambda: b"", "empty"),
    ],
)
def test_what_has_no_text_says_why(data: object, note: str) -> None:
    assert callable(data)
    assert read(data(), "a.pdf").note == f"no_text: {note}"


@pytest.mark.parametrize(
    ("data", "name", "header", "flags"),
    [
        (made.docx, "a.docx", TYPES["docx"], ()),
        (made.docx, "a.doc", "application/msword", ()),  # a family's two forms are called alike
        (made.docx, "a.pdf", "", (f"named application/pdf, is {TYPES['docx']}",)),
        (made.docx, "a.docx", "application/pdf", (f"sent as application/pdf, is {TYPES['docx']}",)),
        (made.docx, "a.docx", "application/octet-stream; charset=utf-8", ()),
        (made.docx, "", "", ()),
        (lambda: made.zipped({"a.txt": b"abc"}), "a.zip", "application/x-zip-compressed", ()),
        (lambda: b"abc", "a.csv", "text/plain", ()),
        (
            lambda: b"<html><body>abc",
            "a.txt",
            "text/plain",
            ("named text/plain, is text/html", "sent as text/plain, is text/html"),
        ),
    ],
)
def test_a_name_or_a_header_that_says_another_type_is_named(data: object, name: str, header: str, flags: tuple[str, ...]) -> None:
    assert callable(data)
    assert read(data(), name, header).flags == flags


def test_an_error_page_in_a_documents_place_is_no_document() -> None:
    page = b"<!DOCTYPE html><html><body><h1>404</h1></body></html>"
    assert (read(page, "a.pdf").note, read(page, "a.pdf").lines) == ("no_text: an HTML page in a document's place", ())
    assert read(page, "a.html").lines == ("404",)


def test_macros_and_addresses_outside_are_named_and_left_alone() -> None:
    related = (
        f'<Relationships {hostile.RELS}><Relationship Id="a" Type="{hostile.OFFICE}/attachedTemplate" Target="http://evil.test/t.dotm" TargetMode="External"/>'
        f'<Relationship Id="b" Type="{hostile.OFFICE}/hyperlink" Target="http://yunxi.test/" TargetMode="External"/></Relationships>'
    )
    more = {"word/_rels/document.xml.rels": related.encode(), "word/vbaProject.bin": b"x"}
    found = read(hostile.word("<w:p><w:r><w:t>正文</w:t></w:r></w:p>", "", **more), "a.docm")
    assert found.lines == ("正文",)
    assert found.flags == ("macros, not run", "external reference not fetched: http://evil.test/t.dotm")


def test_what_was_deleted_is_no_text_and_what_old_readers_are_shown_is_said_once() -> None:
    body = (
        "<w:p><w:r><w:t>留</w:t></w:r><w:del><w:r><w:delText>删</w:delText></w:r></w:del>"
        '<w:r><m:AlternateContent xmlns:m="x"><m:Choice><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r></w:p></w:txbxContent></m:Choice>'
        "<m:Fallback><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r></w:p></w:txbxContent></m:Fallback></m:AlternateContent></w:r></w:p>"
    )
    assert read(hostile.word(body), "a.docx").lines == ("留", "框")


# ------------------------------------------------------------------ archives
def test_members_of_an_archive_are_listed_read_and_named_and_a_bad_one_costs_only_itself() -> None:
    data = made.zipped(
        {
            "../../etc/passwd": b"abc",
            "好.txt": "好的".encode("gbk"),
            "坏.docx": made.docx()[:200],
            "内.zip": made.zipped({"里.txt": "里面".encode()}),
        }
    )
    found = read(data, "a.zip")
    assert [(member.name, bool(member.note)) for member in found.members] == [
        ("../../etc/passwd", False),
        ("好.txt", False),
        ("坏.docx", True),
        ("内.zip", False),
    ]
    assert {section.within: section.lines for section in found.sections} == {
        "../../etc/passwd": ("abc",),
        "好.txt": ("好的",),
        "内.zip!里.txt": ("里面",),
    }
    assert "a member named as if it stood elsewhere: ../../etc/passwd" in found.flags


def test_a_members_name_is_what_chinese_programs_wrote() -> None:
    import zipfile

    info = zipfile.ZipInfo("a.txt")
    info.filename = "附件1.txt".encode("gbk").decode("cp437")
    assert member_name(info) == "附件1.txt"
    info.filename, info.flag_bits = "附件1.txt", 0x800
    assert member_name(info) == "附件1.txt"


def test_limits_cut_a_text_and_say_so() -> None:
    found = read(made.pdf(5), "a.pdf", limits=Limits(pages=2))
    assert (found.note, found.pages) == ("cut: 2 of 5 pages", 2)
    found = read("甲乙\n丙丁\n戊己".encode(), "a.txt", limits=Limits(characters=6))
    assert (found.note, found.lines) == ("cut: more than 6 characters", ("甲乙", "丙丁"))
    assert read(b"abc", "a.txt", limits=Limits(size=2)).note.startswith("no_text: more than")
    found = read(made.xlsx(), "a.xlsx", limits=Limits(cells=13))
    assert (found.note, [len(section.rows) for section in found.sections]) == ("cut: more than 13 cells", [2])
    found = read(made.zipped({"a.txt": b"a" * 4000, "b.txt": b"b" * 4000}), limits=Limits(unpacked=5000))
    assert [bool(member.note) for member in found.members] == [False, True]


# ------------------------------------------------------------------ values
@pytest.mark.parametrize(
    ("raw", "percent", "said"),
    [
        ("1", False, "1"),
        ("-3", False, "-3"),
        ("1.0", False, "1"),
        ("0.30000000000000004", False, "0.3"),
        ("1.5E-5", False, "0.000015"),
        ("1.2345E+17", False, "123450000000000000"),
        ("123456789012345678", False, "123456789012345678"),
        ("0.125", True, "12.5%"),
        ("0.57", True, "57%"),
        ("abc", False, "abc"),
    ],
)
def test_numbers_are_written_as_a_sheet_shows_them(raw: str, percent: bool, said: str) -> None:
    assert shown(raw, percent=percent) == said


@pytest.mark.parametrize(
    ("raw", "base", "said"),
    [
        ("45356", 1899, "2024-03-05"),
        ("45383.395833333336", 1899, "2024-04-01 09:30:00"),
        ("0.5", 1899, "12:00:00"),
        ("1", 1899, "1900-01-01"),
        ("61", 1899, "1900-03-01"),
        ("43894", 1904, "2024-03-05"),
        ("1e12", 1899, "1e12"),
    ],
)
def test_days_are_counted_as_the_workbook_says(raw: str, base: int, said: str) -> None:
    assert day_of(raw, datetime(1899, 12, 30) if base == 1899 else datetime(1904, 1, 1)) == said  # noqa: DTZ001


def test_a_workbook_of_the_strict_form_is_read_like_any_other() -> None:
    strict = hostile.sheets('<sheetData><row r="2"><c r="B2" t="inlineStr"><is><t>严格</t></is></c></row></sheetData>')
    import zipfile

    with zipfile.ZipFile(io.BytesIO(strict)) as held:
        moved = {
            name: held.read(name).replace(
                b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"
            )
            for name in held.namelist()
        }
    (sheet,) = read(made.zipped(moved), "a.xlsx").sections
    assert sheet.rows == ((2, ("", "严格")),)
