"""Notices that are all documents, pictures or a table, or nearly nothing, are read as they stand; the frame is no substitute for any."""

import pytest

from crawler.model import PageKind
from crawler.record.rules import DetailRules
from crawler.record.serial import record_of
from tests.parsers.frames import NOISES, TITLE, frame, reading, recorded, thinned

BOXES = {
    "#zoom": "<div id='zoom'>{}</div>",
    ".TRS_Editor": "<div class='TRS_Editor'>{}</div>",
    "TRS_UEDITOR": "<div class='view TRS_UEDITOR trs_paper_default'>{}</div>",
    ".content": "<div class='content'>{}</div>",
    "a box nobody knows": "<div class='q7x'>{}</div>",
    "a box within a box": "<div class='w1'><div class='w2'>{}</div></div>",
    "a cell": "<table><tr><td>{}</td></tr></table>",
    "vsb": "<div id='vsb_content'><div class='v_news_content'>{}</div></div>",
}
NUMBER, SALUTATION, TEXT, ISSUER, DAY = (
    "临水〔2024〕12号", "各乡镇人民政府，县直各单位：", "《临河县水库巡查办法》已经县政府同意，现印发给你们，请认真执行。", "临河县水务局", "2024年5月6日",
)  # fmt: skip
SHORT = (NUMBER, SALUTATION, TEXT, ISSUER, DAY)
FILES = {
    "附件1：<a>": "".join(
        f"<p>附件{n}：<a href='/upload/b{n}.docx'>《临河县水库巡查办法》第{n}号附表.docx</a></p>" for n in (1, 2, 3)
    ),
    "附件：1.<a>": "<p>附件："
    + "<br>".join(f"{n}.<a href='/upload/b{n}.docx'>《临河县水库巡查办法》第{n}号附表.docx</a>" for n in (1, 2, 3))
    + "</p>",
    "download addresses": "".join(
        f"<p>附件{n}：<a href='/module/download/downfile.jsp?classid=0&filename=00{n}.docx'>《临河县水库巡查办法》第{n}号附表.docx</a></p>"
        for n in (1, 2, 3)
    ),
    "a label alone": "<p>附件：</p>"
    + "".join(f"<p><a href='/upload/b{n}.docx'>《临河县水库巡查办法》第{n}号附表.docx</a></p>" for n in (1, 2, 3)),
    "a list": "<ul>"
    + "".join(f"<li><a href='/upload/b{n}.docx'>《临河县水库巡查办法》第{n}号附表.docx</a></li>" for n in (1, 2, 3))
    + "</ul>",
    "with 相关链接": "<p>附件：<a href='/upload/b1.docx'>《临河县水库巡查办法》第1号附表.docx</a></p><p>相关链接：<a href='/zcjd/2.html'>《临河县水库巡查办法》政策解读</a></p>",
    "in spans": "<p><span>附件</span><span>1：</span><a href='/upload/b1.docx'><span>《临河县水库巡查办法》第1号</span><span>附表.docx</span></a></p>",
}
EMPTIES = {
    "nothing": "",
    "a space": "<p>&nbsp;</p>",
    "an empty editor": "<p><br></p><div></div>",
    "a script": "<script>var a = 1;</script>",
    "a style": "<style>p{}</style>",
}
ALONE = {
    "files": ("<p>附件1：<a href='/u/a1.xls'>拟录用人员名单.xls</a></p><p>附件2：<a href='/u/a2.doc'>报到须知.doc</a></p>", ("附件1：拟录用人员名单.xls", "附件2：报到须知.doc"), 2),
    "one file": ("<p style='text-align:center'><a href='./W02024.xlsx'>点击查看：一季度收支情况表</a></p>", ("点击查看：一季度收支情况表",), 1),
    "a download": ("<p>附件：<a href='/download?fileid=42' title='决算.pdf'>决算.pdf</a></p>", ("附件：决算.pdf",), 1),
    "see the file": ("<p>详见附件</p><p><a href='/u/a.pdf'>某县决算.pdf</a></p>", ("详见附件", "某县决算.pdf"), 1),
    "a picture": ("<p align='center'><img src='./W020240506.png' alt=''></p>", ("[图片：W020240506.png]",), 0),
    "two pictures": ("<p><img src='/u/1a.jpg'></p><p><img src='/u/2b.jpg'></p>", ("[图片：1a.jpg]", "[图片：2b.jpg]"), 0),
    "a viewer": ("<iframe src='/pdf/viewer.html?file=/u/xx.pdf'></iframe>", ("[文档：xx.pdf]",), None),
    "a video": ("<video src='/u/tour.mp4' controls></video>", ("[视频：tour.mp4]",), None),
    "a video's source": ("<p><video controls><source src='/u/tour.mp4'></video></p>", ("[视频：tour.mp4]",), None),
    "one short line": ("<p>特此公告。</p>", ("特此公告。",), 0),
}  # fmt: skip


@pytest.mark.parametrize(("box", "files", "metas"), thinned(BOXES, FILES, [True, False]))
def test_a_short_notice_with_linked_documents_keeps_every_line(box: str, files: str, metas: bool) -> None:
    article = "".join(f"<p>{line}</p>" for line in SHORT) + FILES[files]
    made = recorded(frame(BOXES[box].format(article), metas=metas))
    assert [line for line in SHORT if line not in made.body] == []
    assert len(made.attachments) == (1 if files in ("with 相关链接", "in spans") else 3)
    assert (made.meta.get("doc_no"), made.meta.get("written_date")) == (NUMBER, "2024-05-06")


@pytest.mark.parametrize(("box", "alone", "noise"), thinned(BOXES, ALONE, NOISES))
def test_an_article_without_sentences_is_its_own_content(box: str, alone: str, noise: str) -> None:
    article, body, files = ALONE[alone]
    made = recorded(frame(BOXES[box].format(article), noise=NOISES[noise]))
    assert (made.title, made.published, made.source, made.body) == (TITLE, "2024-05-06 09:30", "县水务局", body)
    assert files is None or len(made.attachments) == files


@pytest.mark.parametrize(("box", "empty", "noise"), thinned(BOXES, EMPTIES, NOISES))
def test_an_empty_article_is_said_to_be_empty_and_the_frame_is_no_substitute(box: str, empty: str, noise: str) -> None:
    found = reading(frame(BOXES[box].format(EMPTIES[empty]), noise=NOISES[noise]))
    assert found.page_kind is PageKind.OTHER
    made = recorded(frame(BOXES[box].format(EMPTIES[empty]), noise=NOISES[noise]))
    assert (made.title, made.body, made.attachments, bool(made.incomplete)) == (TITLE, (), (), True)


@pytest.mark.parametrize("box", BOXES)
def test_what_nobody_can_call_a_notice_is_none(box: str) -> None:
    found = reading(frame(BOXES[box].format(""), info="", metas=False, title="公开指南栏目"))
    assert found.page_kind is not PageKind.NOTICE
    assert not found.notices


@pytest.mark.parametrize("noise", NOISES)
def test_a_box_that_is_named_like_an_article_and_is_empty_does_not_hide_the_article(noise: str) -> None:
    text = "".join(f"<p>{line}</p>" for line in SHORT)
    for article in (
        f"<div id='zoom'></div><div class='q8'>{text}</div>",
        f"<div class='clear'></div><div class='q8'>{text}</div>",
        f"<div class='q8'>{text}</div><div class='content'></div>",
    ):
        assert recorded(frame(article, noise=NOISES[noise])).body == SHORT


@pytest.mark.parametrize(("noise", "tag"), thinned(NOISES, ["p", "div"]))
def test_paragraphs_that_no_box_holds_together_are_one_article(noise: str, tag: str) -> None:
    article = "".join(f"<{tag}>{line}</{tag}>" for line in SHORT)
    assert recorded(frame(article, noise=NOISES[noise])).body == SHORT


# ------------------------------------------------------------------ tables of the text
def table(*rows: str, head: bool = False) -> str:
    """A table of rows whose cells are separated by bars."""
    written = [row.split("|") for row in rows]
    tags = ["th" if head and not number else "td" for number in range(len(written))]
    return (
        "<table border='1'>"
        + "".join(
            "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in row) + "</tr>" for tag, row in zip(tags, written, strict=True)
        )
        + "</table>"
    )


BLOCK = table("索 引 号:|000000000/2024-00009|发文机关:|临河县水务局", "文 号:|无|成文日期:|2024-05-06")
TABLES = {
    "a procurement": ("采购项目名称|县医院超声设备", "采购单位|县人民医院", "行政区域|临河县", "公告时间|2024年5月6日", "成交供应商|乙医疗器械有限公司", "成交金额|￥88.8万元", "评审专家|甲某、乙某、丙某"),
    "a procurement in four columns": ("采购项目名称|县医院超声设备|采购单位|县人民医院", "行政区域|临河县|公告时间|2024年5月6日", "成交供应商|乙医疗器械有限公司|成交金额|￥88.8万元"),
    "permits": ("序号|经营者名称|地址|许可证编号|有效期至|签发机关", "1|甲食品店|人民路1号|JY000001|2029年5月5日|县市场监管局", "2|乙餐馆|解放路2号|JY000002|2029年5月5日|县市场监管局"),
    "acts that are repealed": ("序号|文件名称|文号|发文机关|成文日期", "1|关于水库管理的通知|临水〔2010〕3号|县水务局|2010-03-02", "2|关于河道采砂的通知|临水〔2011〕9号|县水务局|2011-06-01", "3|关于取水许可的通知|临水〔2012〕1号|县水务局|2012-01-04"),
    "figures": ("单位|企业数|隐患数", "东河镇|35|112", "西河镇|28|97"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "head", "place", "block"),
    thinned(TABLES, [True, False], ["alone", "behind a sentence", "before a sentence", "between"], [True, False], keep=1),
)
def test_a_table_of_the_text_keeps_all_its_rows(rows: str, head: bool, place: str, block: bool) -> None:
    before = ("现将有关情况公告如下，请社会各界予以监督，并提出意见。",) if place in ("behind a sentence", "between") else ()
    after = ("特此公告，公告期满后按规定办理有关手续，逾期不再受理。",) if place in ("before a sentence", "between") else ()
    article = (
        "".join(f"<p>{line}</p>" for line in before)
        + table(*TABLES[rows], head=head)
        + "".join(f"<p>{line}</p>" for line in after)
    )
    html = frame(f"<div class='content'>{article}</div>")
    made = recorded(html.replace("<h1>", f"{BLOCK}<h1>") if block else html)
    assert made.body == (*before, *(row.replace("|", "\t") for row in TABLES[rows]), *after)
    assert (made.meta.get("index_no"), made.meta.get("expiry_date")) == ("000000000/2024-00009" if block else None, None)


# ------------------------------------------------------------------ many notices without boxes
def section(number: int, tag: str, rule: str) -> str:
    """One notice of a gazette."""
    return (
        f"<{tag}>关于做好第{number}项工作的通知</{tag}><p>临政发〔2024〕{number}号</p><p>2024-05-0{number}</p><p>各乡镇人民政府：</p>"
        f"<p>为做好第{number}项工作，现将有关事项通知如下，请认真贯彻执行，遇到问题及时报告，各单位要于月底前将情况报送县政府。</p>{rule}"
    )


@pytest.mark.parametrize("tag", ["h2", "h3", "h1"])
@pytest.mark.parametrize("rule", ["", "<hr>", "<p>&nbsp;</p>"])
@pytest.mark.parametrize("wrap", ["{}", "<div class='content'>{}</div>", "<table><tr><td>{}</td></tr></table>"])
@pytest.mark.parametrize("parts", [None, "own"])
def test_a_gazette_without_boxes_is_as_many_records_as_notices(tag: str, rule: str, wrap: str, parts: str | None) -> None:
    inner = wrap.format("".join(section(number, tag, rule) for number in (1, 2, 3)))
    html = f"<html><head><title>临河县人民政府公报2024年第5期</title></head><body>{inner}<div class='foot'>主办：临河县人民政府办公室</div></body></html>"
    found = [record_of(notice) for notice in reading(html, DetailRules(parts=tag if parts else None)).notices]
    assert [made.title for made in found] == [f"关于做好第{number}项工作的通知" for number in (1, 2, 3)]
    assert [made.published for made in found] == ["2024-05-01", "2024-05-02", "2024-05-03"]
    assert [made.meta["doc_no"] for made in found] == [f"临政发〔2024〕{number}号" for number in (1, 2, 3)]
    assert not any("主办" in line for made in found for line in made.body)


@pytest.mark.parametrize("tag", ["p", "div"])
def test_a_source_s_selector_says_where_the_notices_of_a_gazette_begin(tag: str) -> None:
    inner = "".join(section(number, tag, "").replace(f"<{tag}>", f"<{tag} class='t'>", 1) for number in (1, 2, 3))
    html = f"<html><head><title>公报</title></head><body><div>{inner}</div></body></html>"
    found = [record_of(notice) for notice in reading(html, DetailRules(parts=".t")).notices]
    assert [made.title for made in found] == [f"关于做好第{number}项工作的通知" for number in (1, 2, 3)]


def test_a_notice_with_chapters_is_one() -> None:
    text = "".join(
        f"<h2>第{number}章　巡查</h2><p>第{number}条　水库巡查每日不少于两次，汛期加密，发现险情立即报告，并按预案组织处置。</p>"
        for number in "一二三"
    )
    assert len(reading(frame(f"<div id='zoom'><p>{NUMBER}</p>{text}</div>")).notices) == 1


LETTERS = {
    "a letter": ("信件编号|2024050001", "写信时间|2024-04-28", "信件内容|我村自来水经常停水，请问什么时候能够解决？", "答复单位|县水务局", "答复时间|2024-05-05", "答复内容|您好！管网改造已列入计划，预计10月底完工。"),
    "a question": ("咨询标题|医保报销", "咨询时间|2024-04-28", "咨询内容|异地就医如何备案？", "回复部门|县医保局", "回复时间|2024-05-05", "回复内容|请持身份证到窗口办理。"),
}  # fmt: skip


@pytest.mark.parametrize("rows", LETTERS)
def test_a_letter_and_its_answer_are_a_record_and_the_letter_s_day_is_not_its_own(rows: str) -> None:
    made = recorded(frame(f"<div class='letter'>{table(*LETTERS[rows])}</div>", info="<div class='info'></div>", metas=False))
    assert made.published in (None, "2024-05-05")
    assert made.body == tuple(row.replace("|", "\t") for row in LETTERS[rows])
