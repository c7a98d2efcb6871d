"""Files that a notice offers, in all the ways in which pages offer them; each kind beside links that offer none."""

import pytest

from crawler.record.notice import Record
from tests.parsers.families import BODY, TITLE, page, text
from tests.parsers.test_families import URL, recorded

HOST = "http://www.shili.example"
PDF, DOC, XLS, ZIP = "application/pdf", "application/msword", "application/vnd.ms-excel", "application/zip"
Files = tuple[tuple[str, str | None], ...]


def notice(inner: str, head: str = "") -> Record:
    """A notice with this behind its text."""
    facts = "<div>发布时间：2021-11-30 来源：某局</div>"
    return recorded(page(f"<h1>{TITLE}</h1>{facts}<div class='article'>{text()}{inner}</div>", head))


def files(made: Record) -> Files:
    """Name and address of each attachment; our own host left out."""
    return tuple((item.name, item.url.removeprefix(HOST) if item.url else None) for item in made.attachments)


OFFERED: dict[str, tuple[str, Files]] = {
    "a plain link": ("<p><a href='/f/1.doc'>报名表.doc</a></p>", (("报名表.doc", "/f/1.doc"),)),
    "behind a label": ("<p>附件：<a href='/f/1.doc'>报名表</a></p>", (("报名表", "/f/1.doc"),)),
    "onclick opens it": ("<p><a href='#' onclick=\"window.open('/f/1.pdf')\">报名表</a></p>", (("报名表", "/f/1.pdf"),)),
    "onclick goes to it": ("<p><a href='javascript:;' onclick=\"location.href='/f/1.xls'\">名册</a></p>", (("名册", "/f/1.xls"),)),
    "onclick of a button": ("<p>名册 <button onclick=\"downloadFile('/f/1.xls')\">下载</button></p>", (("名册", "/f/1.xls"),)),
    "onclick of a span": ("<p><span onclick=\"down('/f/1.xls','名册.xls')\">点击下载</span></p>", (("名册.xls", "/f/1.xls"),)),
    "a javascript address": ("<p><a href=\"javascript:openFile('/f/1.pdf')\">报名表</a></p>", (("报名表", "/f/1.pdf"),)),
    "a javascript address with a name": (
        "<p><a href=\"javascript:down('/f/9c.pdf','报名表.pdf')\">下载</a></p>", (("报名表.pdf", "/f/9c.pdf"),),
    ),
    "data-href": ("<p><a data-href='/f/1.doc'>报名表</a></p>", (("报名表", "/f/1.doc"),)),
    "data-url": ("<p><a href='javascript:void(0)' data-url='/f/1.doc'>报名表</a></p>", (("报名表", "/f/1.doc"),)),
    "data-file of a box": ("<div data-file='/f/1.doc'>报名表</div>", (("报名表", "/f/1.doc"),)),
    "no ending behind a label": ("<p>附件：<a href='/get?id=42'>报名表</a></p>", (("报名表", "/get?id=42"),)),
    "no ending behind a numbered label": ("<p>附件1：<a href='/get/42'>报名表</a></p>", (("报名表", "/get/42"),)),
    "several behind one label": (
        "<p>附件：1.<a href='/get/1'>报名表</a> 2.<a href='/get/2'>承诺书</a></p>", (("报名表", "/get/1"), ("承诺书", "/get/2")),
    ),
    "lines below a label": (
        "<p>附件：</p><p>1. <a href='/get/1'>报名表</a></p><p>2. <a href='/get/2'>承诺书</a></p>",
        (("报名表", "/get/1"), ("承诺书", "/get/2")),
    ),
    "a list below a heading": (
        "<h4>附件下载</h4><ul><li><a href='/get/1'>报名表</a></li><li><a href='/get/2'>承诺书</a></li></ul>",
        (("报名表", "/get/1"), ("承诺书", "/get/2")),
    ),
    "the label within the link": ("<p><a href='/get/1'>附件1：报名表</a></p>", (("附件1：报名表", "/get/1"),)),
    "a download attribute": ("<p><a href='/get/1' download='报名表.doc'>下载</a></p>", (("报名表.doc", "/get/1"),)),
    "a bare download attribute": ("<p>报名表 <a href='/get/1' download>下载</a></p>", (("报名表", "/get/1"),)),
    "a download page": ("<p><a href='/module/download/downfile.jsp?id=3'>报名表</a></p>", (("报名表", "/module/download/downfile.jsp?id=3"),)),
    "around an icon": ("<p><a href='/f/1.doc' title='报名表'><img src='/i/doc.gif'></a></p>", (("报名表", "/f/1.doc"),)),
    "an icon before its name": ("<p><a href='/f/1.doc'><img src='/i/doc.gif' alt='doc'></a>报名表</p>", (("报名表", "/f/1.doc"),)),
    "an icon, then the name": (
        "<p><a href='/f/1.doc'><img src='/i/doc.gif' alt='图标'></a> <a href='/f/1.doc'>报名表.doc</a></p>", (("报名表.doc", "/f/1.doc"),),
    ),
    "an icon's alt is all there is": ("<p><a href='/f/1.doc'><img src='/i/doc.gif' alt='报名表'></a></p>", (("报名表", "/f/1.doc"),)),
    "download beside the name": ("<ul><li><span>报名表.doc</span><a href='/f/1.doc'>下载</a></li></ul>", (("报名表.doc", "/f/1.doc"),)),
    "download below the name": ("<div><div>报名表</div><div><a href='/f/1.doc'>点击下载</a></div></div>", (("报名表", "/f/1.doc"),)),
    "download in brackets": ("<p>附件1：报名表（<a href='/f/1.doc'>点击下载</a>）</p>", (("报名表", "/f/1.doc"),)),
    "look or take": (
        "<p>报名表 <a href='/web/viewer.html?file=/f/1.pdf'>预览</a> <a href='/f/1.pdf'>下载</a></p>", (("报名表", "/f/1.pdf"),),
    ),
    "a row of a table": (
        "<table border=1><tr><td>序号</td><td>名称</td><td>操作</td></tr><tr><td>1</td><td>报名表</td><td><a href='/f/1.doc'>下载</a></td></tr></table>",
        (("报名表", "/f/1.doc"),),
    ),
    "with its size": ("<p>报名表 (12.5KB) <a href='/f/1.doc'>下载</a></p>", (("报名表", "/f/1.doc"),)),
    "the title names it": ("<p><a href='/f/1.doc' title='报名表.doc'>查看</a></p>", (("报名表.doc", "/f/1.doc"),)),
    "the address names it": ("<p><a href='/f/%E6%8A%A5%E5%90%8D%E8%A1%A8.doc'>下载</a></p>", (("报名表.doc", "/f/%E6%8A%A5%E5%90%8D%E8%A1%A8.doc"),)),
    "nothing names it but its number": ("<p><a href='/f/9c.doc'>附件1</a></p>", (("附件1", "/f/9c.doc"),)),
    "its file's name is a word and a number": (
        "<p>附件：<a href='/f/1.docx'>附件1.docx</a>　<a href='/f/2.xlsx'>名册.xlsx</a></p>", (("附件1.docx", "/f/1.docx"), ("名册.xlsx", "/f/2.xlsx")),
    ),
    "a file's name in a sentence": ("<p>请下载<a href='/f/1.pdf'>附件.pdf</a>填写后寄来</p>", (("附件.pdf", "/f/1.pdf"),)),
    "a file's name, and a title that says more": ("<p><a href='/f/1.pdf' title='报名表.pdf'>附件.pdf</a></p>", (("报名表.pdf", "/f/1.pdf"),)),
    "a frame": ("<iframe src='/f/1.pdf'></iframe>", (("1.pdf", "/f/1.pdf"),)),
    "an embed": ("<embed src='/f/1.pdf' type='application/pdf'>", (("1.pdf", "/f/1.pdf"),)),
    "an object": ("<object data='/f/1.pdf'></object>", (("1.pdf", "/f/1.pdf"),)),
    "an object with an embed": ("<object data='/f/1.pdf'><embed src='/f/1.pdf'></object>", (("1.pdf", "/f/1.pdf"),)),
    "a viewer": ("<iframe src='/pdfjs/web/viewer.html?file=%2Ff%2F1.pdf'></iframe>", (("1.pdf", "/f/1.pdf"),)),
    "a viewer, its file beside it": ("<iframe src='/pdfjs/web/viewer.html?file=a.pdf'></iframe>", (("a.pdf", "/pdfjs/web/a.pdf"),)),
    "a viewer linked to": ("<p><a href='/office/preview?url=/f/1.doc'>报名表</a></p>", (("报名表", "/f/1.doc"),)),
    "a picture offered": ("<p>附件：<a href='/f/1.jpg'>现场图</a></p>", (("现场图", "/f/1.jpg"),)),
    "a picture by its name": ("<p><a href='/f/1.jpg'>现场图.jpg</a></p>", (("现场图.jpg", "/f/1.jpg"),)),
    "a film offered": ("<p><a href='/f/1.mp4'>会议录像</a></p>", (("会议录像", "/f/1.mp4"),)),
    "a film shown": ("<video src='/f/1.mp4' title='会议录像'></video>", (("会议录像", "/f/1.mp4"),)),
    "a film in two players": ("<video><source src='/f/1.mp4'><embed src='/flash/1.mp4'></video>", (("1.mp4", "/f/1.mp4"),)),
    "emptied by a copier": ("<p>附件：<a>报名表.doc</a></p>", (("报名表.doc", None),)),
    "a script that does not say where": ("<p>附件：<a href='javascript:void(0)'>报名表</a></p>", (("报名表", None),)),
    "written without a link": ("<p>附件：报名表.doc</p>", (("报名表.doc", None),)),
    "two written below a label": ("<p>附件：</p><p>1.报名表.doc</p><p>2.承诺书.pdf</p>", (("报名表.doc", None), ("承诺书.pdf", None))),
    "written and linked": ("<p>附件：报名表.doc</p><p><a href='/f/1.doc'>报名表.doc</a></p>", (("报名表.doc", "/f/1.doc"),)),
}  # fmt: skip
OFFERS_NOTHING = {
    "a page": "<p><a href='/a/2.html'>关于另一件事的通知</a></p>",
    "a page behind a label": "<p>附件：<a href='/a/2.html'>关于另一件事的通知</a></p>",
    "no ending and no label": "<p>详见<a href='/get?id=42'>平台</a>。</p>",
    "a label far away": f"<p>附件：</p>{text('p', BODY[1:3])}<p><a href='/get/1'>平台</a></p>",
    "a mail address": "<p>附件：<a href='mailto:a@b.example'>信箱</a></p>",
    "print and share": "<p><a href='javascript:window.print()'>打印</a> <a onclick=\"share('wx')\">分享</a></p>",
    "a picture that opens itself": "<p><a href='/f/1.jpg'><img src='/f/1.jpg'></a></p>",
    "a picture": "<p><img src='/f/1.jpg' data-src='/f/1.jpg'></p>",
    "a place of the text": "<p><a name='附件1'>附件1</a></p>",
    "a frame with a page": "<iframe src='/count.html'></iframe>",
    "a sentence with a file's name": "<p>请将表格存为报名表.doc后寄来。</p>",
    "an attachment of paper": "<p>附件：报名表</p>",
}


@pytest.mark.parametrize("name", OFFERED)
def test_a_file_is_found_with_its_nearest_name(name: str) -> None:
    html, wanted = OFFERED[name]
    made = notice(html)
    assert files(made) == wanted
    assert made.body[: len(BODY)] == BODY


@pytest.mark.parametrize("name", OFFERS_NOTHING)
def test_what_offers_no_file_is_none(name: str) -> None:
    assert files(notice(OFFERS_NOTHING[name])) == ()


@pytest.mark.parametrize("name", ["a plain link", "onclick opens it", "data-url", "a frame"])
def test_the_base_of_the_page_counts(name: str) -> None:
    html, ((_, path),) = OFFERED[name]
    made = notice(html.replace("/f/", "f/"), "<base href='http://files.example/d/'>")
    assert made.attachments[0].url == f"http://files.example/d{path}"


def test_a_base_without_an_address_counts_for_nothing() -> None:
    made = notice("<p><a href='1.doc'>报名表</a></p>", "<base target='_blank'>")
    assert made.attachments[0].url == URL.rpartition("/")[0] + "/1.doc"


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<p><a href='/f/1.pdf'>报名表</a></p>", PDF),
        ("<p><a href='/get?filename=1.xls'>报名表</a></p>", XLS),
        ("<p><a href='/download/42'>报名表.doc</a></p>", DOC),
        ("<p>附件：<a href='/get/42'>报名表</a></p>", None),
        ("<p>附件：<a href='/f/1.pdf'>附件1.pdf</a> 附名册.xls</p>", PDF),
        ("<p><a href='/f/1.zip'>材料</a></p>", ZIP),
        ("<embed src='/show?id=1' type='application/pdf'>", PDF),
    ],
)
def test_the_kind_is_what_address_or_name_end_in(html: str, kind: str | None) -> None:
    assert [item.media_type for item in notice(html).attachments] == [kind]
