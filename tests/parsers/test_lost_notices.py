"""Notices that are all documents, pictures or a table, or nearly nothing, are read as they stand; the frame is no substitute for any."""

import itertools

import pytest

from crawler.model import PageKind
from tests.parsers.frames import NOISES, TITLE, frame, reading, recorded

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


@pytest.mark.parametrize(("box", "files", "metas"), list(itertools.product(BOXES, FILES, [True, False])))
def test_a_short_notice_with_linked_documents_keeps_every_line(box: str, files: str, metas: bool) -> None:
    article = "".join(f"<p>{line}</p>" for line in SHORT) + FILES[files]
    made = recorded(frame(BOXES[box].format(article), metas=metas))
    assert [line for line in SHORT if line not in made.body] == []
    assert len(made.attachments) == (1 if files in ("with 相关链接", "in spans") else 3)
    assert (made.meta.get("doc_no"), made.meta.get("written_date")) == (NUMBER, "2024-05-06")


@pytest.mark.parametrize(("box", "alone", "noise"), list(itertools.product(BOXES, ALONE, NOISES)))
def test_an_article_without_sentences_is_its_own_content(box: str, alone: str, noise: str) -> None:
    article, body, files = ALONE[alone]
    made = recorded(frame(BOXES[box].format(article), noise=NOISES[noise]))
    assert (made.title, made.published, made.source, made.body) == (TITLE, "2024-05-06 09:30", "县水务局", body)
    assert files is None or len(made.attachments) == files


@pytest.mark.parametrize(("box", "empty", "noise"), list(itertools.product(BOXES, EMPTIES, NOISES)))
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


@pytest.mark.parametrize(("noise", "tag"), list(itertools.product(NOISES, ["p", "div"])))
def test_paragraphs_that_no_box_holds_together_are_one_article(noise: str, tag: str) -> None:
    article = "".join(f"<{tag}>{line}</{tag}>" for line in SHORT)
    assert recorded(frame(article, noise=NOISES[noise])).body == SHORT
