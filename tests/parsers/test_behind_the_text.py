"""What stands behind a text or in its place: documents and pictures that are the notice's, and other pages that are not."""

import pytest

from crawler.record.notice import Record
from tests.parsers.families import BODY, TITLE, page, text
from tests.parsers.test_families import recorded

FACTS = "<div class='ly'>日期：2021-11-30　来源：某局</div>"
OTHERS = ("市图书馆延长开放时间", "全市环境整治现场会召开")
TOP = "<div class='topnav'><a href='/wza/'>无障碍浏览</a> | <a href='/old/'>长者模式</a></div>"
BESIDE = (
    "<div class='box'><h3>热点推荐</h3><ul><li><a href='/yw/1.html'>全市经济运行开局良好 主要指标稳中有进</a></li></ul></div>"
)


def notice(article: str, behind: str = "", beside: str = "") -> Record:
    """A notice in boxes whose names say nothing."""
    return recorded(page(f"{TOP}<div class='y'><div class='x'><h1>{TITLE}</h1>{FACTS}{article}{behind}</div>{beside}</div>"))


@pytest.mark.parametrize("beside", ["", BESIDE])
@pytest.mark.parametrize(
    ("article", "pictures", "documents"),
    [
        ("<p><img src='/p/a1.jpg' width='800'></p><p><img src='/p/a2.jpg'></p>", 2, 0),
        ("<embed src='/f/1.pdf' type='application/pdf'>", 0, 1),
        ("<object data='/f/1.pdf'></object>", 0, 1),
    ],
)
def test_a_notice_of_pictures_or_a_document_alone_is_read(article: str, pictures: int, documents: int, beside: str) -> None:
    made = notice(f"<div class='nr'>{article}</div>", beside=beside)
    assert (len(made.images), len(made.attachments), made.incomplete) == (pictures, documents, None)


@pytest.mark.parametrize(
    "image",
    ["<p class='share'><img src='/i/wx.png'></p>", "<p><img src='/i/print.png'></p>", "<a href='/q'><img src='/i/q.png'></a>"],
)
def test_an_icon_behind_the_facts_is_not_the_article(image: str) -> None:
    short = BODY[1:2]
    made = recorded(
        page(
            f"<div class='x'><h1>{TITLE}</h1><div class='hd'><p>日期：2021-11-30　来源：某局</p>{image}</div><div>{text('p', short)}</div></div>"
        )
    )
    assert made.body == short


@pytest.mark.parametrize("label", ["相关附件", "相关附件：", "相关下载", "相关文件：", "【相关文档】"])
def test_documents_listed_below_the_text_are_the_notice_s_whatever_heads_them(label: str) -> None:
    files = f"<div class='fjx'><b>{label}</b><p>1、<a href='/d/a.doc'>任务分工表.doc</a></p></div>"
    made = notice(f"<div class='nr'>{text()}</div>", files)
    assert ([item.name for item in made.attachments], made.body) == (["任务分工表.doc"], BODY)


def test_documents_at_the_end_of_the_text_stay_in_it() -> None:
    made = notice(f"<div class='nr'>{text()}<p>相关附件：</p><p><a href='/get/1'>任务分工表</a></p></div>")
    assert ([item.name for item in made.attachments], made.body[len(BODY) :]) == (["任务分工表"], ("任务分工表",))


@pytest.mark.parametrize("label", ["相关附件：", "相关文档：", "相关下载"])
def test_a_label_of_documents_without_any_is_no_text(label: str) -> None:
    assert notice(f"<div class='nr'>{text()}<p>{label}</p></div>").body == BODY


def test_pages_listed_below_the_text_are_none_of_the_notice_s() -> None:
    links = "".join(f"<li><a href='/w/{n}.html'>{title}</a></li>" for n, title in enumerate(OTHERS))
    files = "<p><a href='/d/a.doc'>另一件事的附表.doc</a></p>"
    made = notice(f"<div class='nr'>{text()}</div>", f"<div class='z'><b>相关文件</b><ul>{links}</ul>{files}</div>")
    assert (made.attachments, made.body) == ((), BODY)


@pytest.mark.parametrize("label", ["相关阅读", "相关新闻：", "往期回顾", "延伸阅读"])
@pytest.mark.parametrize("dated", ["", "<span>2021-11-29</span>"])
def test_links_to_other_pages_at_the_end_of_the_article_s_box_are_none_of_its_text(label: str, dated: str) -> None:
    links = "".join(f"<li><a href='/w/{n}.html'>{title}</a>{dated}</li>" for n, title in enumerate(OTHERS))
    assert notice(f"<div class='nr'>{text()}<p>{label}</p><ul>{links}</ul></div>").body == BODY


def test_links_of_the_text_that_nothing_calls_related_are_kept() -> None:
    links = "".join(f"<li><a href='/w/{n}.html'>{title}</a></li>" for n, title in enumerate(OTHERS))
    assert notice(f"<div class='nr'>{text()}<p>参加单位：</p><ul>{links}</ul></div>").body == (*BODY, "参加单位：", *OTHERS)
