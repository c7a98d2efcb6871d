"""A red-header document says who issued it, under which number and when; what stands in a sentence is another document's."""

import pytest

from crawler.model import Page
from crawler.parsers.attached import redhead
from crawler.parsers.attached.document import read
from crawler.parsers.attached.said import AttachedText, Section
from crawler.parsers.documents import read_file
from tests.parsers.attached import made

WHOLE = (
    "000123",
    "特急",
    "云 溪 县 人 民 政 府 文 件",
    "云政发〔2024〕17 号                签发人：王某",
    "云溪县人民政府",
    "关于印发《云溪县防汛物资",
    "储备办法》的通知",
    "各乡镇人民政府，县政府各部门：",
    "根据国发〔2019〕5号文件和2020年1月1日前的检查，现印发给你们。",
    "云溪县人民政府",
    "2024年5月1日",
    "（此件公开发布）",
    "附件",
    "云溪县防汛物资储备办法",
    "二〇二四年四月一日",
)


def said(*lines: str, kind: str = "page", within: str = "") -> dict[str, tuple[str, str]]:
    """field → (text, place) of a document of these lines."""
    made_ = AttachedText("application/pdf", 1, sections=(Section(kind, "1" if kind == "page" else "", lines, within=within),))
    return {each.field: (each.raw, each.place) for each in redhead.witnesses(made_)}


def test_a_red_header_document_states_its_issuer_number_title_and_date_with_their_places() -> None:
    assert said(*WHOLE) == {
        "meta.issuer": ("云溪县人民政府", "page 1, line 3"),
        "meta.doc_no": ("云政发〔2024〕17 号", "page 1, line 4"),
        "title": ("云溪县人民政府关于印发《云溪县防汛物资储备办法》的通知", "page 1, line 5"),
        "meta.written_date": ("2024年5月1日", "page 1, line 11"),
    }


@pytest.mark.parametrize("data", [made.pdf(2), made.office("pdf"), made.office("doc"), made.docx(), made.rtf(), made.ofd()])
def test_it_does_so_in_every_format(data: bytes) -> None:
    found = {each.field: "".join(each.raw.split()) for each in redhead.witnesses(read(data, "a"))}
    assert found == {
        "meta.issuer": "云溪县人民政府办公室",
        "meta.doc_no": "云政办发〔2024〕17号",
        "title": "关于印发《云溪县防汛物资储备办法》的通知",
    }


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (("云溪县教育局文件", "云教〔2024〕3号", "关于开学的通知", "各学校："), {"meta.issuer", "meta.doc_no", "title"}),
        (("云教〔2024〕3号", "云溪县教育局关于开学的通知", "各学校：", "正文。", "云溪县教育局", "二〇二四年九月一日"), {"meta.doc_no", "title", "meta.written_date"}),
        (("云溪县人民政府令", "第12号", "《云溪县防汛办法》已经通过。", "2024年5月1日"), {"meta.issuer", "meta.doc_no", "meta.written_date"}),
        (("云溪县教育局文件", "根据国发〔2019〕5号文件，通知如下。"), {"meta.issuer"}),
        (("防汛物资清单", "编织袋36,000条", "2024年5月1日"), set()),  # no document of that kind
        (("根据国发〔2019〕5号文件，现将有关事项通知如下。",), set()),
        (("请各单位提交有关文件", "一、材料"), set()),
        ((), set()),
    ],
)  # fmt: skip
def test_only_what_stands_in_the_form_is_a_witness(lines: tuple[str, ...], fields: set[str]) -> None:
    assert set(said(*lines)) == fields


def test_members_of_an_archive_do_not_speak_for_it() -> None:
    assert said(*WHOLE, within="a.pdf") == {}
    assert said(*WHOLE, kind="sheet") == {}


def test_a_document_at_a_notices_address_has_them_as_witnesses_of_its_record() -> None:
    page = Page("http://a.test/P020240501.pdf", 200, (("Content-Type", "application/pdf"),), made.pdf(1), 1_714_600_000_000)
    draft, _ = read_file(page, "application/pdf")
    assert draft.title == "关于印发《云溪县防汛物资储备办法》的通知"
    assert (draft.meta["doc_no"], draft.meta["issuer"]) == ("云政办发〔2024〕17号", "云溪县人民政府办公室")
    assert draft.witnesses["title"].disagrees == "P020240501.pdf"
    assert draft.witnesses["meta.doc_no"].raw == "page 1, line 2: 云政办发〔2024〕17号"
    named, _ = read_file(Page("http://a.test/防汛办法.pdf", 200, (), made.pdf(1), 1_714_600_000_000), "application/pdf")
    assert named.title == "防汛办法"
