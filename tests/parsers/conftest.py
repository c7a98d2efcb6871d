"""Pages written for these tests, in the layouts that real publishing systems produce; all text is ours."""

from dataclasses import dataclass

import pytest

TITLE = "云溪县人民政府办公室关于做好秋季造林工作的通知"
PARAGRAPHS = (
    "各乡镇人民政府，县直有关部门：",
    "为抓住秋季造林的有利时机，提高苗木成活率，现将有关事项通知如下。",
    "一、选好地块。优先安排河道两岸、村旁路旁和去年火烧迹地，每块地先挖三个样坑看土层，再决定栽什么树。",
    "二、管好苗木。苗木随起随运随栽，根部裹湿泥，当天运到的当天栽完，栽不完的要假植。",
    "三、算好账。每亩补助标准为320元，验收合格后一次付清，成活率不足85%的须在第二年春天补栽。",
)
CHROME = (
    "<div class='top'><ul class='menu'><li><a href='/'>首页</a></li><li><a href='/zwgk/'>政务公开</a></li><li><a href='/bsfw/'>办事服务</a></li></ul></div>",
    (
        "<div class='related'><h3>相关链接</h3><ul><li><a href='/a/1.html'>云溪县林业局</a></li><li><a href='/a/2.html'>省林业厅</a></li></ul></div>"
        "<div class='foot'><p>主办：云溪县人民政府办公室</p><p>网站标识码：4300000099</p></div>"
    ),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A page, and what a reader sees on it."""

    html: str
    title: str
    published: str | None
    source: str | None
    channel: str | None
    body: tuple[str, ...]
    meta: dict[str, str]


def page(head: str, inner: str) -> str:
    """A page with its chrome."""
    return f"<!DOCTYPE html><html><head><meta charset='utf-8'>{head}</head><body>{CHROME[0]}{inner}{CHROME[1]}</body></html>"


def metas(**named: str) -> str:
    """Meta tags."""
    return "".join(f'<meta name="{name}" content="{value}">' for name, value in named.items())


def paragraphs(tag: str = "p", indent: str = "　　") -> str:
    """The article, one block a paragraph."""
    return "".join(f"<{tag}>{indent}{text}</{tag}>\n" for text in PARAGRAPHS)


STANDARD = metas(
    SiteName="云溪县人民政府",
    SiteIDCode="4300000099",
    ColumnName="通知公告",
    ArticleTitle=TITLE,
    PubDate="2023-10-08 15:20",
    ContentSource="县政府办公室",
)


def _trs() -> Layout:
    inner = (
        "<div class='crumb'>当前位置：<a href='/'>首页</a> &gt; <a href='/zwgk/'>政务公开</a> &gt; <a href='/zwgk/tzgg/'>通知公告</a> &gt; 正文</div>"
        f"<div class='con'><h1>{TITLE}</h1><div class='xx'>发布时间：2023-10-08 15:20　来源：县政府办公室　浏览次数：<span id='hits'></span>　字体：【大 中 小】</div>"
        f"<div class='TRS_Editor'><style>.p{{}}</style><div class='Custom_UnionStyle'>{paragraphs()}</div></div><div class='gn'>【打印本页】【关闭窗口】</div></div>"
    )
    return Layout(
        page(f"<title>{TITLE}_云溪县人民政府</title>{STANDARD}", inner),
        TITLE,
        "2023-10-08 15:20",
        "县政府办公室",
        "通知公告",
        PARAGRAPHS,
        {},
    )


def _built_later() -> Layout:
    """UCAP prints the time of building as PubDate; the visible date is the notice's."""
    head = f"<title>云溪县人民政府</title>{metas(template='t', ArticleTitle=TITLE, PubDate='2024-02-01 08:00:03', others='页面生成时间 2024-02-01 08:00:03')}"
    inner = (
        f"<h2>{TITLE}</h2><p class='t'>2023年10月8日　　信息来源：县林业局</p><div id='UCAP-CONTENT'>{paragraphs('div')}</div>"
    )
    return Layout(page(head, inner), TITLE, "2023-10-08", "县林业局", None, PARAGRAPHS, {})


def _table() -> Layout:
    cells = [("索 引 号：", "430-2023-00119"), ("主题分类：", "农业、林业"), ("发文机关：", "云溪县人民政府办公室"), ("成文日期：", "2023年09月28日"),
             ("发文字号：", "云政办发〔2023〕31号"), ("有效性：", "有效")]  # fmt: skip
    rows = "".join(
        f"<tr><td><b>{a}</b></td><td>{x}</td><td><b>{b}</b></td><td>{y}</td></tr>"
        for (a, x), (b, y) in zip(cells[::2], cells[1::2], strict=True)
    )
    inner = f"<table class='bd1'>{rows}</table><h1>{TITLE}</h1><div id='zoom'>{paragraphs()}</div>"
    meta = {
        "index_no": "430-2023-00119",
        "category": "农业、林业",
        "issuer": "云溪县人民政府办公室",
        "written_date": "2023-09-28",
        "doc_no": "云政办发〔2023〕31号",
        "validity": "有效",
    }
    return Layout(
        page(f"<title>{TITLE}</title>{STANDARD}", inner), TITLE, "2023-10-08 15:20", "县政府办公室", "通知公告", PARAGRAPHS, meta
    )


def _split_labels() -> Layout:
    """Label letters in spans, the whole block twice (desktop and mobile)."""
    block = (
        "<table class='{}'><tr><th>索<span></span>引<span></span>号：</th><td>430-2023-00119</td><th>文<span></span>号：</th><td>云政办发〔2023〕31号</td></tr>"
        "<tr><th>发布机构：</th><td>云溪县林业局</td><th>生成日期：</th><td>2023-09-28</td></tr></table>"
    )
    inner = f"{block.format('hidden-sm')}{block.format('mobile')}<h1>{TITLE}</h1><div class='j-fontContent'>{paragraphs()}</div>"
    meta = {
        "index_no": "430-2023-00119",
        "doc_no": "云政办发〔2023〕31号",
        "issuer": "云溪县林业局",
        "written_date": "2023-09-28",
    }
    return Layout(
        page(f"<title>{TITLE}</title>{STANDARD}", inner), TITLE, "2023-10-08 15:20", "县政府办公室", "通知公告", PARAGRAPHS, meta
    )


def _breaks() -> Layout:
    """A table layout, no paragraphs, no metas."""
    text = "<br><br>".join(f"&nbsp;&nbsp;&nbsp;&nbsp;{paragraph}" for paragraph in PARAGRAPHS)
    inner = f"<table><tr><td>您现在的位置：首页 &gt;&gt; 林业动态</td></tr><tr><td align=center><b class='title'>{TITLE}</b></td></tr><tr><td>日期：2023/10/08 来源：县林业局</td></tr><tr><td>{text}</td></tr></table>"
    return Layout(
        page(f"<title>{TITLE}-云溪县人民政府</title>", inner), TITLE, "2023-10-08", "县林业局", "林业动态", PARAGRAPHS, {}
    )


def _twice() -> Layout:
    """The article for desktop and, hidden, for mobile."""
    inner = (
        f"<h1>{TITLE}</h1><p>时间：2023-10-08 15:20　来源：县政府办公室</p><div id='zoomcon'>{paragraphs()}</div>"
        f"<div id='zoomcon' class='m' style='display:none'>{paragraphs()}</div>"
    )
    return Layout(
        page(f"<title>{TITLE}</title>{STANDARD}", inner), TITLE, "2023-10-08 15:20", "县政府办公室", "通知公告", PARAGRAPHS, {}
    )


LAYOUTS = {
    "trs": _trs,
    "built later": _built_later,
    "table": _table,
    "split labels": _split_labels,
    "breaks": _breaks,
    "twice": _twice,
}


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> Layout:
    """Each layout in turn."""
    return LAYOUTS[request.param]()


@pytest.fixture
def standard() -> Layout:
    """The layout with the mandated metas."""
    return _trs()
