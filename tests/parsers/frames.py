"""Small pages with all that a template prints around a notice, written by us; each test puts one kind of article in."""

import itertools
import os
from collections.abc import Iterable
from typing import Any

from crawler.model import Kind, Page
from crawler.parsers.page import read
from crawler.record.notice import Record
from crawler.record.reading import Reading
from crawler.record.rules import DetailRules, ReadRules
from crawler.record.serial import record_of

URL = "http://www.linhe.example/zwgk/tzgg/202405/content_1.html"
AT = 1_790_000_000_000  # 2026-09-21
TITLE = "临河县水务局关于加强水库汛期巡查的通知"
INFO = "<div class='info'><span>发布时间：2024-05-06 09:30</span>　<span>来源：县水务局</span></div>"
METAS = {"ArticleTitle": TITLE, "PubDate": "2024-05-06 09:30", "ContentSource": "县水务局", "ColumnName": "通知公告"}
TOP = "<div class='top'><a href='/'>首页</a><a href='/zwgk/'>政务公开</a><a href='/hdjl/'>互动交流</a></div>"
POS = "<div class='pos'>当前位置：<a href='/'>首页</a> &gt; <a href='/zwgk/'>政务公开</a> &gt; <a href='/zwgk/tzgg/'>通知公告</a></div>"
TOOLS = (
    "<div class='tools'><a href='javascript:window.print()'>打印本页</a> <a href='javascript:window.close()'>关闭窗口</a></div>"
)
FOOT = "<div class='foot'><p>主办：临河县人民政府办公室　承办：临河县大数据中心</p><p>网站标识码：0000000000</p></div>"
# What frames say behind the article: none of it is ever a body.
NOISES = {
    "nothing": "",
    "browsers": "<p>建议使用1024×768分辨率、IE9.0以上浏览器访问本网站</p>",
    "browsers in a box": "<div class='tip'>本站推荐使用谷歌浏览器、火狐浏览器或360极速模式浏览，以获得更好的体验。</div>",
    "a code to scan": "<div class='ewm2'>二维码网址（请使用微信扫描）</div>",
    "an advertisement": "<p>广告推广：某文化发展有限公司　电话：0000-0000000</p>",
    "a dialogue": "<div class='dlg'><p>您访问的链接即将离开“临河县人民政府”门户网站，是否继续？</p><a>继续访问</a><a>放弃</a></div>",
    "one button": "<div class='b1'>放弃</div>",
    "a side column": "<div class='r1'><h3>最新信息</h3><ul><li><a href='/1.html'>关于开展夏季用电安全专项检查工作的通知</a></li><li><a href='/2.html'>临河县2024年度公开招聘工作人员公告</a></li></ul></div>",
    "a side column without links": "<div class='r1'><ul><li><span>关于开展夏季用电安全专项检查工作的通知</span><i>2024-04-01</i></li><li><span>临河县2024年度公开招聘工作人员公告</span><i>2024-03-02</i></li></ul></div>",
    "neighbours": "<div class='np'><p>上一篇：<a href='/1.html'>关于夏季用电安全的通知</a></p><p>下一篇：<a href='/2.html'>关于公开招聘工作人员的公告</a></p></div>",
    "a copyright": "<div class='cp'>版权所有：临河县人民政府　未经授权，任何单位和个人不得转载本网站内容。</div>",
    "a share box": "<div class='share'>分享到：<a>微信</a><a>微博</a><a>QQ空间</a></div>",
    "a reader's plugin": "<p>如无法显示，请下载安装 Adobe Reader 阅读器。</p>",
}


def frame(
    article: str,
    *,
    title: str = TITLE,
    info: str = INFO,
    metas: bool = True,
    noise: str = "",
    page_title: str | None = None,
    pos: str = POS,
) -> str:
    """A page with its frame around an article."""
    tags = "".join(
        f'<meta name="{name}" content="{title if name == "ArticleTitle" else value}">' for name, value in METAS.items()
    )
    name = f"{title}_临河县人民政府" if page_title is None else page_title
    head = f"<head><meta charset='utf-8'><title>{name}</title>{tags if metas else ''}</head>"
    return f"<!DOCTYPE html><html>{head}<body>{TOP}{pos}<h1>{title}</h1>{info}{article}{TOOLS}{noise}{FOOT}</body></html>"


def reading(html: str, rules: DetailRules = DetailRules(), url: str = URL) -> Reading:  # noqa: B008 - frozen
    """What a page says."""
    return read(Page(url, 200, (), html.encode("utf-8"), AT), Kind.DETAIL, ReadRules(details=(rules,)), url)


def recorded(html: str, url: str = URL) -> Record:
    """The one record of a page."""
    found = reading(html, url=url)
    assert len(found.notices) == 1, (found.page_kind, found.evidence)
    return record_of(found.notices[0])


def thinned(*kinds: Iterable[Any], keep: int = 4) -> list[tuple[Any, ...]]:
    """Combinations of kinds: one in `keep`, so that every member of each kind meets most of the others'; all where GONGKAI_FAMILIES is set."""
    listed = [list(kind) for kind in kinds]
    every = list(itertools.product(*(list(enumerate(kind)) for kind in listed)))
    if os.environ.get("GONGKAI_FAMILIES"):
        keep = 1
    return [
        tuple(member for _, member in combination) for combination in every if sum(place for place, _ in combination) % keep == 0
    ]
