"""Pictures of the text are kept with their place, and people with their roles; neither icons nor the frame's."""

import pytest

from crawler.record.notice import Person, Record
from tests.parsers.families import BODY, TITLE, page, text
from tests.parsers.test_families import recorded

HOST = "http://www.shili.example"


def notice(inner: str = "", facts: str = "发布时间：2021-11-30 来源：某局", behind: str = "", head: str = "") -> Record:
    """A notice with this between its second and third paragraph."""
    article = f"{text(body=BODY[:2])}{inner}{text(body=BODY[2:])}"
    return recorded(page(f"<h1>{TITLE}</h1><div class='info'>{facts}</div><div class='article'>{article}</div>{behind}", head))


PICTURES = {
    "src": "<img src='/p/1.jpg' alt='现场'>",
    "data-src": "<img data-src='/p/1.jpg' alt='现场'>",
    "data-src before a placeholder": "<img src='data:image/gif;base64,R0lGOD' data-src='/p/1.jpg' alt='现场'>",
    "data-original": "<img src='/i/loading.gif' data-original='/p/1.jpg' title='现场'>",
    "in a link": "<a href='/p/1.jpg'><img src='/p/1.jpg' alt='现场'></a>",
}
NONE = {
    "an icon": "<img src='/i/icon_doc.gif'>",
    "a spacer": "<img src='/i/spacer.gif' width=1 height=1>",
    "a small one": "<img src='/p/1.jpg' style='width: 16px'>",
    "a code": "<div class='share'><img src='/p/ewm.png' alt='二维码'></div>",
    "a spacer within the page": "<img src='data:image/gif;base64,R0lGOD'>",
    "a hidden one": "<div style='display:none'><img src='/p/1.jpg'></div>",
    "no address": "<img alt='现场'>",
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_the_text_is_kept_with_its_place(name: str) -> None:
    (image,) = notice(f"<p>{PICTURES[name]}</p>").images
    assert (image.at, image.url, image.alt) == (2, f"{HOST}/p/1.jpg", "现场")


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_picture_of_the_text_is_none(name: str) -> None:
    assert notice(f"<p>{NONE[name]}</p>").images == ()


def test_a_picture_within_the_page_has_no_address_and_the_base_counts() -> None:
    assert [image.url for image in notice(f"<p><img src='data:image/png;base64,{'A' * 3000}'></p>").images] == [None]
    made = notice("<p><img src='p/1.jpg'></p>", head="<base href='http://pictures.example/d/'>")
    assert [image.url for image in made.images] == ["http://pictures.example/d/p/1.jpg"]


PEOPLE: dict[str, tuple[dict[str, str], tuple[tuple[str, str], ...]]] = {
    "in the line of facts": ({"facts": "作者：王小禾　发布时间：2021-11-30　编辑：李大田"}, (("作者", "王小禾"), ("编辑", "李大田"))),
    "behind the text": ({"behind": "<p>责任编辑：王小禾　审核：李大田</p>"}, (("责任编辑", "王小禾"), ("审核", "李大田"))),
    "in brackets": ({"behind": "<p>【编辑:王小禾】</p>"}, (("编辑", "王小禾"),)),
    "several of one role": ({"behind": "<p>记者：王小禾、李大田</p>"}, (("记者", "王小禾"), ("记者", "李大田"))),
    "spaced out": ({"behind": "<p>摄 影：王小禾</p>"}, (("摄影", "王小禾"),)),
    "an office": ({"behind": "<p>供稿：区应急管理局</p>"}, (("供稿", "区应急管理局"),)),
    "nobody": ({"behind": "<p>编辑：</p>"}, ()),
    "a sentence": ({"inner": "<p>报告送审核：每季度一次，由科室办理。</p>"}, ()),
}  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_people_are_kept_with_their_roles(name: str) -> None:
    where, wanted = PEOPLE[name]
    assert notice(**where).people == tuple(Person(*pair) for pair in wanted)


PRE = "各乡镇人民政府：\n    为做好当前工作，现将有关事项通知如下。\n    一、加强组织领导。\n    二、严格工作责任，按时完成任务，做到不留死角、不走过场，\n并将有关情况报送。\n某局"
SAID = (
    "各乡镇人民政府：", "为做好当前工作，现将有关事项通知如下。", "一、加强组织领导。", "二、严格工作责任，按时完成任务，做到不留死角、不走过场，并将有关情况报送。", "某局",
)  # fmt: skip


@pytest.mark.parametrize(
    "html",
    [
        f"<pre>{PRE}</pre>", f"<p style='white-space: pre-wrap'>{PRE}</p>", f"<div style='color:red;white-space:pre-line'>{PRE}</div>",
        f"<div style='white-space:pre'><span>{PRE}</span></div>", f"<pre><span>{PRE}</span></pre>",
    ],
)  # fmt: skip
def test_kept_line_breaks_are_paragraphs(html: str) -> None:
    made = recorded(page(f"<h1>{TITLE}</h1><div>发布时间：2021-11-30 来源：某局</div><div class='article'>{html}</div>"))
    assert made.body == SAID


@pytest.mark.parametrize(
    "html", [f"<p>{PRE}</p>", f"<p style='white-space: normal'>{PRE}</p>", f"<p style='white-space: nowrap'>{PRE}</p>"]
)
def test_line_breaks_of_the_source_are_none(html: str) -> None:
    made = recorded(page(f"<h1>{TITLE}</h1><div>发布时间：2021-11-30 来源：某局</div><div class='article'>{html}{text()}</div>"))
    assert len(made.body) == 1 + len(BODY)
