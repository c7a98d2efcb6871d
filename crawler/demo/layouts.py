"""How the demo's pages look: the layouts of ten families of publishing systems, written for this site.

A town hall changes its system every few years and leaves the old pages as they are, so a column has pages of several. What differs
is what makes families hard: where title, facts and text stand, which metas there are, how labels are written, what is doubled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

LANWAN, QINGHE, SONGLING = "www.lanwan.test", "zwgk.qinghe.test", "xxgk.songling.test"
HOSTS = (LANWAN, QINGHE, SONGLING)
SITES = dict(zip(HOSTS, ("蓝湾区人民政府", "青河县人民政府", "松岭市政府信息公开"), strict=True))
SAMPLE = 77  # the sample notice, whose layout is its host's oldest


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice of the site."""

    path: str
    channel: str
    title: str
    published: str
    source: str
    body: tuple[str, ...]
    number: int
    files: tuple[str, ...] = ()  # what it links to beside the PDF that every third has: names, which are also their addresses


# ------------------------------------------------------------------ what pages have in common
def chrome(host: str, inner: str, *, head: str, charset: str) -> bytes:
    menu = "".join(
        f"<li><a href='/{name}/'>{label}</a></li>"
        for name, label in (("", "首页"), ("zwgk", "政务公开"), ("bsfw", "办事"), ("hdjl", "互动"))
    )
    page = (
        f"<!DOCTYPE html>\n<html><head><meta charset='{charset}'>{head}<style>.a{{color:#333}}</style></head>\n<body>"
        f"<div class='header'><a href='/'><img src='/logo.png' alt=''></a><ul class='nav'>{menu}</ul></div>\n{inner}\n"
        f"<div class='footer'><p>主办：{SITES[host]}办公室　网站标识码：2100000{HOSTS.index(host)}01</p><p>地址：文化路1号　邮编：100001</p></div></body></html>"
    )
    return page.encode("gbk" if charset in ("gbk", "gb2312") else charset)


def _crumb(notice: Notice, mark: str = "&gt;") -> str:
    return f"<a href='/'>首页</a> {mark} <a href='/zwgk/'>政务公开</a> {mark} <a href='/zwgk/'>{escape(notice.channel)}</a>"


def _paragraphs(notice: Notice, tag: str = "p", style: str = "") -> str:
    return "".join(f"<{tag}{style}>　　{escape(text)}</{tag}>\n" for text in notice.body)


def _charset(host: str) -> str:
    return "gb2312" if host == QINGHE else "utf-8"


def _facts(notice: Notice) -> tuple[tuple[str, str], ...]:
    """The eight facts of a disclosure block."""
    year, number = notice.published[:4], notice.number
    written = notice.published.replace("-", "年", 1).replace("-", "月") + "日"
    return (
        ("索引号", f"SL{number:04}-{year}-00{number % 90 + 10}"), ("主题分类", notice.channel),
        ("发文机关", "松岭市人民政府办公室"), ("成文日期", written),
        ("名称", escape(notice.title)), ("文号", f"松政发〔{year}〕{number + 1}号"),
        ("发布日期", notice.published), ("有效性", "有效"),
    )  # fmt: skip


def paper(notice: Notice) -> str:
    """The name of the PDF that every third notice links to, beside it; empty where it has none."""
    return f"P0{notice.published.replace('-', '')}_{notice.number}.pdf" if notice.number % 3 == 0 else ""


def _attached(notice: Notice) -> str:
    if not (file := paper(notice)):
        return ""
    more = "".join(f" <a href='./{escape(name)}'>{escape(name)}</a>" for name in notice.files)
    return f"<div class='fj'>附件：<a href='./{file}'>{escape(notice.title)[:12]}附表.pdf</a>{more}</div>"


# ------------------------------------------------------------------ ten families
def trs(host: str, notice: Notice) -> list[bytes]:
    """TRS: metas, breadcrumb, a line of facts, paragraphs."""
    metas = {
        "SiteName": SITES[host], "SiteDomain": host, "SiteIDCode": "2100000001", "ColumnName": notice.channel, "ColumnType": "政务公开",
        "ArticleTitle": notice.title, "PubDate": f"{notice.published} 09:30", "ContentSource": notice.source,
    }  # fmt: skip
    head = (
        "".join(f'<meta name="{name}" content="{escape(value)}">' for name, value in metas.items())
        + f"<title>{escape(notice.title)}_{SITES[host]}</title>"
    )
    paragraphs = "".join(f"<p>　　{escape(text)}</p>\n" for text in notice.body)
    inner = (
        f"<div class='position'>您现在的位置：<a href='/'>首页</a> &gt; <a href='/zwgk/'>政务公开</a> &gt; <a href='/zwgk/'>{escape(notice.channel)}</a></div>"
        f"<div class='main'><h1>{escape(notice.title)}</h1><div class='info'><span>发布时间：{notice.published} 09:30</span>　<span>来源：{escape(notice.source)}</span>　"
        f"<span>点击：<i id='hits'></i></span></div><div class='tools'>字号：<a>大</a> <a>中</a> <a>小</a> <a href='javascript:print()'>打印本页</a></div>"
        f"<div class='TRS_Editor'>{paragraphs}{_attached(notice) if notice.files else ''}</div><div class='share'>分享到：<a>微信</a></div></div>"
    )
    return [chrome(host, inner, head=head, charset="utf-8")]


def tables(host: str, notice: Notice) -> list[bytes]:
    """An old PHPCMS: GBK, tables, no metas, labels in the page's own script."""
    traditional = notice.number == 77
    labels = ("時間", "來源", "點擊", "字號", "打印本頁") if traditional else ("时间", "来源", "点击", "字号", "打印本页")
    text = "<br>\n".join(f"　　{escape(paragraph)}" for paragraph in notice.body)
    inner = (
        f"<table width='960'><tr><td>当前位置：<a href='/'>首页</a> &gt;&gt; <a href='/zwgk/'>{escape(notice.channel)}</a></td></tr>"
        f"<tr><td align='center'><h2 class='title'>{escape(notice.title)}</h2></td></tr>"
        f"<tr><td>{labels[0]}:{notice.published}&nbsp;&nbsp;&nbsp;{labels[1]}:{escape(notice.source)}&nbsp;&nbsp;&nbsp;{labels[2]}:<span id='c'></span></td></tr>"
        f"<tr><td>{labels[3]}:　　{labels[4]}</td></tr><tr><td id='zoom'>{text}</td></tr></table>"
    )
    return [chrome(host, inner, head=f"<title>{SITES[host]}</title>", charset="gb2312")]


def ucap(host: str, notice: Notice) -> list[bytes]:
    """UCAP: a disclosure table above the article; policy documents stand on several pages, as TRS pages them."""
    cells = _facts(notice)
    spaced = {"索引号": "索 引 号", "名称": "名　　称", "文号": "文　　号", "有效性": "有 效 性"}
    rows = "".join(
        f"<tr><td><b>{spaced.get(a[0], a[0])}：</b></td><td>{a[1]}</td><td><b>{spaced.get(b[0], b[0])}：</b></td><td>{b[1]}</td></tr>"
        for a, b in zip(cells[::2], cells[1::2], strict=True)
    )
    sheets = [[text] for text in notice.body] if notice.channel == "政策文件" else [list(notice.body)]
    pages = []
    for number, texts in enumerate(sheets):
        paragraphs = "".join(f"<p style='text-indent:2em'>{escape(text)}</p>" for text in texts)
        name = notice.path.rpartition("/")[2].removesuffix(".html")
        pager = f"<script>createPageHTML({len(sheets)}, {number}, '{name}', 'html');</script>" if len(sheets) > 1 else ""
        inner = (
            f"<div class='crumb'>当前位置：首页 &gt; 政府信息公开 &gt; {escape(notice.channel)}</div><table class='bd1'>{rows}</table>"
            f"<div class='article'><h1>{escape(notice.title)}</h1><p class='from'>来源：{escape(notice.source)}</p>"
            f"<div id='UCAP-CONTENT'>{paragraphs}</div>{pager}{_attached(notice)}</div>"
        )
        head = f"<title>{escape(notice.title)} - {SITES[host]}</title>"
        pages.append(chrome(host, inner, head=head, charset=_charset(host)))
    return pages


def hanweb(host: str, notice: Notice) -> list[bytes]:
    """Hanweb: comments mark title and text, metas stand in the body, facts in a table cell."""
    inner = (
        f"<meta name='ContentStart'><div class='dqwz'>当前位置：{_crumb(notice)}</div><table class='xxgk'><tr><td align='center'>"
        f"<p class='title'><!--<$[标题]>begin-->{escape(notice.title)}<!--<$[标题]>end--></p></td></tr>"
        f"<tr><td align='center'>发布日期：{notice.published}　　信息来源：{escape(notice.source)}　　浏览次数：<script>visitcount(7)</script></td></tr></table>"
        f"<div id='zoom'><!--<$[信息内容]>begin-->{_paragraphs(notice)}<!--<$[信息内容]>end--></div><meta name='ContentEnd'>"
    )
    return [chrome(host, inner, head=f"<title>{escape(notice.title)}</title>", charset=_charset(host))]


def vsb(host: str, notice: Notice) -> list[bytes]:
    """VSB: a form around the article, one division a paragraph, clicks by script."""
    inner = (
        f"<div class='local'>您当前的位置：{_crumb(notice, '&gt;&gt;')} &gt;&gt; 正文</div><form name='_newscontent_fromname'>"
        f"<div class='ar_title'><h3>{escape(notice.title)}</h3></div><h6 class='ar_xx'><span>时间：{notice.published}</span> "
        f"<span>来源：{escape(notice.source)}</span> <span>浏览：<script>_showDynClicks('wbnews', 1, {notice.number})</script></span></h6>"
        f"<div id='vsb_content'><div class='v_news_content'>{_paragraphs(notice, 'div')}</div></div>"
        f"<p class='prenext'>上一条：<a href='#'>上一篇通知的题目</a></p></form>"
    )
    return [chrome(host, inner, head=f"<title>{escape(notice.title)}-{SITES[host]}</title>", charset=_charset(host))]


def easysite(host: str, notice: Notice) -> list[bytes]:
    """EasySite: portlets; the article's sentences cut into spans, as Word leaves them."""
    spans = "".join(
        f"<p class='MsoNormal'><span>　　{escape(text[:7])}</span><span lang='EN-US'>{escape(text[7:9])}</span><span>{escape(text[9:])}</span></p>"
        for text in notice.body
    )
    inner = (
        f"<div class='portlet' id='easysite-crumb'>当前位置：{_crumb(notice)}</div><div class='portlet'><div class='easysite-news-title'>"
        f"<h2>{escape(notice.title)}</h2></div><p class='easysite-news-describe'>[发布时间：{notice.published}] [来源：{escape(notice.source)}] [字号：大 中 小]</p>"
        f"<div id='articleWrap'>{spans}</div></div><script src='/eportal/uiFramework/js/share.js'></script>"
    )
    return [chrome(host, inner, head=f"<title>{escape(notice.title)}</title>", charset=_charset(host))]


def lonsun(host: str, notice: Notice) -> list[bytes]:
    """Lonsun: labels cut into letters by empty spans, the whole table twice, the second time for telephones."""

    def letters(word: str) -> str:
        return "<span></span>".join(word) + "："

    cells = _facts(notice)
    rows = "".join(
        f"<tr><th>{letters(a[0])}</th><td>{a[1]}</td><th>{letters(b[0])}</th><td>{b[1]}</td></tr>"
        for a, b in zip(cells[::2], cells[1::2], strict=True)
    )
    again = "".join(f"<tr><th>{letters(label)}</th><td>{value}</td></tr>" for label, value in cells[::-1])
    inner = (
        f"<div class='wz_position'>当前位置：{_crumb(notice)}</div><table class='table_suoyin hidden-sm'>{rows}</table>"
        f"<table class='table_suoyin visible-sm'>{again}</table><h1 class='newstitle'>{escape(notice.title)}</h1>"
        f"<div class='newsinfo'>发布时间：{notice.published}　来源：{escape(notice.source)}　阅读次数：<span class='j-info-hit' data-setting='{{infoId:7}}'></span></div>"
        f"<div class='j-fontContent newscontnet'>{_paragraphs(notice)}</div>{_attached(notice)}"
    )
    return [chrome(host, inner, head=f"<title>{escape(notice.title)}_{SITES[host]}</title>", charset=_charset(host))]


def nfcms(host: str, notice: Notice) -> list[bytes]:
    """NFCMS: metas in small letters, the identifier of the article's node twice, facts behind their icons."""
    metas = {"ArticleTitle": notice.title, "pubdate": f"{notice.published} 09:30:00", "contentSource": notice.source}
    head = "".join(f"<meta content='{escape(value)}' name='{name}'>" for name, value in metas.items())
    inner = (
        f"<div class='mianbaoxie'>位置：{_crumb(notice)}</div><div class='zw' id='zoomcon'><h1 class='zw-title'>{escape(notice.title)}</h1>"
        f"<p class='zw-info'><span class='time'>时间 : {notice.published} 09:30:00</span><span class='ly'>来源 : {escape(notice.source)}</span></p>"
        f"<div class='article-content' id='zoomcon'>{_paragraphs(notice)}</div></div><script>var NFCMS_POST_ID = {notice.number};</script>"
    )
    return [chrome(host, inner, head=f"{head}<title>{SITES[host]}</title>", charset=_charset(host))]


def epoint(host: str, notice: Notice) -> list[bytes]:
    """Epoint: a detail page without metas, facts in one bracket, an empty box for documents filled by script."""
    inner = (
        f"<div class='ewb-location'><span>当前位置：</span>{_crumb(notice)}</div><div class='ewb-article'><h3 class='article-title'>{escape(notice.title)}</h3>"
        f"<div class='info-sources'>【 信息时间：{notice.published}　信息来源：{escape(notice.source)} 】</div>"
        f"<div class='ewb-article-info'>{_paragraphs(notice)}</div><div class='ewb-file' id='attach'></div></div>"
    )
    return [chrome(host, inner, head=f"<title>{escape(notice.title)}</title>", charset=_charset(host))]


def shanghai(host: str, notice: Notice) -> list[bytes]:
    """Shanghai's own: everything by identifier, the date in brackets."""
    inner = (
        f"<div class='crumbs'>{_crumb(notice)}</div><h2 id='ivs_title'>{escape(notice.title)}<small class='PBtime'></small></h2>"
        f"<div class='xx'><span id='ivs_date'>发布日期：({notice.published})</span>　来源：{escape(notice.source)}</div>"
        f"<div id='ivs_content' class='Article_content'>{_paragraphs(notice)}</div><div class='share'>分享到：<a>微信</a></div>"
    )
    return [chrome(host, inner, head=f"<title>{escape(notice.title)}_{SITES[host]}</title>", charset=_charset(host))]


LAYOUTS: dict[str, tuple[Callable[[str, Notice], list[bytes]], ...]] = {
    LANWAN: (trs,),
    QINGHE: (tables, hanweb, vsb, easysite),
    SONGLING: (ucap, ucap, lonsun, nfcms, epoint, shanghai),
}


def render(host: str, notice: Notice) -> list[bytes]:
    """The pages of a notice: one, or its article on several."""
    layouts = LAYOUTS[host]
    return layouts[0 if notice.number == SAMPLE else notice.number % len(layouts)](host, notice)
