"""Detail pages in the layouts of many publishing systems and years, written by us: invented places, invented text.

Each is what its system's template produces, with that system's habits (where the date stands, what the metas say, how the article is
wrapped); the record beside it is what a reader sees.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

TITLE = "关于开展全区冬季安全生产大检查的通知"
BODY = (
    "各镇人民政府，区直各部门：",
    "为防范冬季安全事故，区政府决定从本月起在全区开展安全生产大检查，现将有关事项通知如下。",
    "一、检查范围。重点检查烟花爆竹、危险化学品、冬季供暖和人员密集场所，做到不留死角。",
    "二、检查方式。采取企业自查、部门抽查和专家会诊相结合的办法，发现隐患12处以上的企业列入重点名单。",
    "三、工作要求。各单位要在12月20日前报送检查小结，逾期不报的予以通报。",
)
MENU = "".join(
    f"<li><a href='/{n}/'>{word}</a></li>"
    for n, word in enumerate(("网站首页", "走进示例", "政务公开", "办事服务", "互动交流", "专题专栏"))
)
NAV = f"<div class='top'><a href='/login'>登录</a><ul>{MENU}</ul></div>"
FOOT = (
    "<div class='foot'><p><a href='/about'>关于我们</a> | <a href='/map'>网站地图</a></p><p>主办单位：示例区人民政府办公室　网站标识码：2199000001</p>"
    "<p>吉ICP备00000001号　吉公网安备22000000000001号</p></div>"
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page and what a reader sees on it; fields that a template has no place for are None."""

    html: str
    published: str | None = "2021-11-30"
    source: str | None = None
    channel: str | None = None
    title: str = TITLE
    body: tuple[str, ...] = BODY
    meta: dict[str, str] = field(default_factory=dict)


def page(inner: str, head: str = "", title: str = TITLE) -> str:
    """A page with its frame."""
    return f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{title}</title>{head}</head><body>{NAV}{inner}{FOOT}</body></html>"


def text(tag: str = "p", body: tuple[str, ...] = BODY, **attributes: str) -> str:
    """The paragraphs."""
    own = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return "".join(f"<{tag}{own}>　　{line}</{tag}>" for line in body)


def metas(**named: str) -> str:
    """Meta tags."""
    return "".join(f'<meta name="{name}" content="{value}"/>' for name, value in named.items())


def vsb() -> Page:
    """博达: v_news_content within vsb_content, date in a form, attachments by DownloadAttachUrl, neighbours behind."""
    inner = (
        "<div class='position'>当前位置：<a href='../../index.htm'>首页</a>&gt;&gt;<a href='../tzgg.htm'>通知公告</a>&gt;&gt;正文</div>"
        f"<form name='_newscontent_fromname'><div class='content'><h3 align='center'>{TITLE}</h3>"
        "<p align='center' class='info'>作者：&nbsp;&nbsp;时间：2021-11-30&nbsp;&nbsp;点击数：<script>_showDynClicks(\"wbnews\", 1, 2)</script></p>"
        f"<div id='vsb_content_2'><div class='v_news_content'>{text()}</div></div>"
        "<p>附件【<a href='/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1&wbfileid=7'>检查小结表.docx</a>】已下载<span id='nattach7'></span>次</p></div>"
        "<p align='left'>上一条：<a href='1.htm'>关于征集冬季菜篮子网点的公告</a></p><p align='left'>下一条：<a href='3.htm'>关于调整公交线路的公告</a></p></form>"
    )
    return Page(page(inner, title=f"{TITLE}-示例区应急管理局"), channel="通知公告")


def webplus() -> Page:
    """WebPlus: arti_metas with 发布者 and 发布时间, wp_articlecontent."""
    inner = (
        f"<div class='article'><h1 class='arti_title'>{TITLE}</h1><p class='arti_metas'><span class='arti_publisher'>发布者：王小禾</span>"
        "<span class='arti_update'>发布时间：2021-11-30</span><span class='arti_views'>浏览次数：<span class='WP_VisitCount'>10</span></span></p>"
        f"<div class='entry'><article class='read'><div class='wp_articlecontent'>{text()}</div></article></div></div>"
    )
    return Page(page(inner))


def gkmlpt() -> Page:
    """Guangdong's disclosure platform: a classify table over the article, no date but in the table."""
    rows = (
        "<tr><td class='first'>索 引 号：</td><td>MB2D00000/2021-00031</td><td class='first'>分类：</td><td>通知</td></tr>"
        "<tr><td class='first'>发布机构：</td><td>示例区应急管理局</td><td class='first'>成文日期：</td><td>2021-11-28</td></tr>"
        f"<tr><td class='first'>名称：</td><td colspan='3'>{TITLE}</td></tr>"
        "<tr><td class='first'>文号：</td><td>示应急〔2021〕31号</td><td class='first'>发布日期：</td><td>2021-11-30</td></tr><tr><td class='first'>主题词：</td><td colspan='3'></td></tr>"
    )
    inner = f"<div class='classify'><table>{rows}</table></div><div class='title document-number'>{TITLE}</div><div class='article-content'>{text()}</div>"
    meta = {
        "index_no": "MB2D00000/2021-00031",
        "issuer": "示例区应急管理局",
        "written_date": "2021-11-28",
        "doc_no": "示应急〔2021〕31号",
        "category": "通知",
    }
    return Page(page(inner), meta=meta | {"name": TITLE})


def jpaas() -> Page:
    """JPaaS: labels in spans, values in spans, in a list; the article in #zoom between comments."""
    rows = "".join(
        f"<li><span class='tit'>{label}</span><span class='con'>{value}</span></li>"
        for label, value in (
            ("索引号", "11220000/2021-00412"),
            ("主题分类", "安全生产"),
            ("发文机关", "示例区人民政府"),
            ("成文日期", "2021年11月28日"),
            ("发文字号", "示政发[2021]12号"),
            ("有效性", "有效"),
        )
    )
    inner = (
        f"<ul class='jpaas-info'>{rows}</ul><p class='con-title'><!--<$[标题]>begin-->{TITLE}<!--<$[标题]>end--></p>"
        f"<div class='info'>发布日期：<span>2021-11-30</span> 来源：<span>区政府办公室</span></div><div id='zoom'><!--ZJEG_RSS.content.begin-->{text()}<!--ZJEG_RSS.content.end--></div>"
    )
    meta = {
        "index_no": "11220000/2021-00412",
        "category": "安全生产",
        "issuer": "示例区人民政府",
        "written_date": "2021-11-28",
        "doc_no": "示政发〔2021〕12号",
        "validity": "有效",
    }
    return Page(page(inner), source="区政府办公室", meta=meta)


def epoint() -> Page:
    """新点: ewb classes, 信息时间 and 阅读次数, a share box and a related list in the article's own box."""
    inner = (
        "<div class='ewb-location'>当前位置：<a href='/'>首页</a><span>&gt;</span><a href='/002/'>交易信息</a><span>&gt;</span><a>通知公告</a></div>"
        f"<div class='ewb-info'><h3 class='ewb-info-tt'>{TITLE}</h3><div class='ewb-info-intro'>信息时间：2021-11-30　阅读次数：<span id='infoViewCount'></span></div>"
        f"<div class='ewb-info-bd'>{text('div')}<div class='share'>分享到：</div></div>"
        "<div class='ewb-relate'><h4>相关公告</h4><ul><li><a href='/9.html'>关于开展夏季防汛检查的通知</a><span>2021-06-01</span></li></ul></div></div>"
    )
    return Page(page(inner), channel="通知公告")


def easysite() -> Page:
    """汇澜: a portlet, the article in #articleWrap, spaces between label and value."""
    inner = (
        "<div id='easysite-crumb'>您当前的位置 :&nbsp; <a href='/'>首页</a>&nbsp;&gt;&nbsp;<a href='/a'>政务公开</a>&nbsp;&gt;&nbsp;<a href='/b'>公示公告</a></div>"
        f"<div class='portlet'><h1>{TITLE}</h1><p>发布日期 ： 2021-11-30 &nbsp; 信息来源 ： 区安委办 &nbsp; 浏览次数 ：</p><div id='articleWrap'>{text()}</div></div>"
    )
    return Page(page(inner), source="区安委办", channel="公示公告")


def phpcms() -> Page:
    """PHPCMS: a date that stands alone in the heading's span, no label."""
    inner = (
        "<div class='crumbs'><a href='/'>首页</a><span> &gt; </span><a href='/html/gg/'>公告</a> &gt;  正文</div>"
        f"<div id='Article'><h1>{TITLE}<br/><span>2021-11-30 09:05:17&nbsp;&nbsp;&nbsp;来源：区应急局&nbsp;&nbsp;评论：<a href='#c' id='comment'>0</a> 点击：<span id='hits'></span></span></h1>"
        f"<div class='content'>{text()}</div></div>"
    )
    return Page(page(inner), published="2021-11-30 09:05:17", source="区应急局", channel="公告")


def dedecms() -> Page:
    """DedeCMS: small labels, a summary box, neighbours and comments behind."""
    inner = (
        "<div class='place'><strong>当前位置:</strong><a href='/'>主页</a> > <a href='/gg/'>通知公告</a> > </div>"
        f"<div class='viewbox'><div class='title'><h2>{TITLE}</h2></div><div class='info'><small>时间:</small>2021-11-30 16:20<small>来源:</small>区应急局<small>作者:</small>admin<small>点击:</small><script src='/plus/count.php'></script>次</div>"
        f"<div class='content'><table width='100%'><tr><td>{text()}</td></tr></table></div><div class='handle'><div class='context'><ul><li>上一篇：<a href='1.html'>关于年终考核的公告</a></li><li>下一篇：没有了</li></ul></div></div></div>"
    )
    return Page(page(inner), published="2021-11-30 16:20", source="区应急局", channel="通知公告")


def tables_of_2005() -> Page:
    """Layout tables, font tags, capitals, no classes, no paragraphs, no metas, unclosed cells."""
    lines = "<BR><BR>".join(f"&nbsp;&nbsp;&nbsp;&nbsp;{line}" for line in BODY)
    html = (
        f"<HTML><HEAD><TITLE>示例区政府网--{TITLE}</TITLE></HEAD><BODY><TABLE WIDTH=760 ALIGN=center><TR><TD><IMG SRC=top.gif></TD></TR><TR><TD><A HREF=/>首页</A> | <A HREF=/zw>政务</A> | <A HREF=/bs>办事</A></TD></TR>"
        f"<TR><TD>您的位置：首页 → 政务信息 → 通知公告<TR><TD ALIGN=center><FONT SIZE=5 COLOR=red><B>{TITLE}</B></FONT><TR><TD ALIGN=center>[2021-11-30]　来源:区安委办　阅读次数:<TR><TD>"
        f"<TABLE><TR><TD><FONT SIZE=3>{lines}</FONT></TD></TR></TABLE><TR><TD ALIGN=right>【<A HREF='javascript:window.print()'>打印</A>】【<A HREF='javascript:window.close()'>关闭</A>】<TR><TD>版权所有：示例区政府</TABLE></BODY></HTML>"
    )
    return Page(html, source="区安委办", channel="通知公告")


def word() -> Page:
    """Word's own HTML: every few characters in a span, o:p, mso styles; the title glyph by glyph over two lines."""

    def spans(line: str) -> str:
        return "".join(
            f"<span style='mso-bidi-font-size:16.0pt;font-family:仿宋_GB2312' lang=\"EN-US\">{line[at : at + 3]}<o:p></o:p></span>"
            for at in range(0, len(line), 3)
        )

    own = "".join(f"<p class=MsoNormal style='text-indent:32.0pt'>{spans(line)}</p>" for line in BODY)
    inner = (
        "<div class='bt'>"
        + TITLE
        + "</div><div class='sj'>发布时间：2021年11月30日　　来源：区应急管理局</div><div class='TRS_Editor'><div class='Custom_UnionStyle'><style>p.MsoNormal{margin:0}</style>"
        f"<p class=MsoNormal align=center><b>关于开展全区冬季</b></p><p class=MsoNormal align=center><b>安 全 生 产 大 检 查 的 通 知</b></p>{own}</div></div>"
    )
    return Page(page(inner), source="区应急管理局", body=("关于开展全区冬季", "安 全 生 产 大 检 查 的 通 知", *BODY))


def by_script() -> Page:
    """Title and document number written by script."""
    inner = (
        f'<script>var doctitle="{TITLE}";var subtitle="";var wh="示安〔2021〕7号";</script><div id="t"><script>document.writeln("<h2>"+doctitle+"</h2>");if(subtitle!=""){{document.writeln("<h3>"+subtitle+"</h3>");}}</script></div>'
        f"<p>2021-11-30 08:00　来源：<script>document.write('区应急局');</script></p><div class='zw'>{text()}</div>"
    )
    return Page(page(inner, title="示例区人民政府门户网站"), published="2021-11-30 08:00", source="区应急局")


def header_row() -> Page:
    """A row of labels over a row of values, at the head of the article itself."""
    block = (
        "<table border='1'><thead><tr><td>索取号</td><td>文号</td><td>发布机构</td><td>公开日期</td></tr></thead>"
        "<tbody><tr><td>B0000-0100-2021-00009</td><td>示安委〔2021〕9号</td><td>区安委会</td><td>2021-11-30</td></tr></tbody></table>"
    )
    inner = f"<div class='crumbs'><a href='/'>首页</a> > <a href='/x'>信息公开</a> > <a href='/y'>规范性文件</a></div><h1>{TITLE}</h1><div class='content'>{block}{text()}</div>"
    meta = {
        "index_no": "B0000-0100-2021-00009",
        "doc_no": "示安委〔2021〕9号",
        "issuer": "区安委会",
        "open_date": "2021-11-30",
    }
    return Page(page(inner), channel="规范性文件", meta=meta)


def definition_list() -> Page:
    """dt and dd, empty values among them, bold letters apart."""
    rows = "".join(
        f"<dt>{label}</dt><dd>{value}</dd>"
        for label, value in (
            ("索&nbsp;引&nbsp;号：", "222/2021-5"),
            ("文　　号：", ""),
            ("发文单位：", "区安委办"),
            ("生成日期：", "2021-11-28"),
            ("关 键 词：", "安全"),
            ("信息分类：", "应急管理"),
        )
    )
    inner = f"<dl>{rows}</dl><h2 class='title'>{TITLE}</h2><div class='date'>发布时间：2021-11-30</div><div class='article-content'>{text()}</div>"
    return Page(
        page(inner),
        meta={
            "index_no": "222/2021-5",
            "issuer": "区安委办",
            "written_date": "2021-11-28",
            "keywords": "安全",
            "category": "应急管理",
        },
    )


def strong_lines() -> Page:
    """Each label strong in its own paragraph, with rows commented out; validity, dates of effect and repeal."""
    inner = (
        "<div class='xx'><p><strong>索引号</strong>：0123/2021-77</p><!--<p><strong>主题词</strong>：旧</p>--><p><strong>发布机构</strong>：示例区人民政府</p><p><strong>文号</strong>：示政令第9号</p>"
        "<p><strong>效力状态</strong>：失效</p><p><strong>施行日期</strong>：2022年1月1日</p><p><strong>废止日期</strong>：2024-12-31</p><p><strong>发布日期</strong>：2021年11月30日</p></div>"
        f"<h1>{TITLE}</h1><div class='con'>{text()}</div>"
    )
    meta = {
        "index_no": "0123/2021-77",
        "issuer": "示例区人民政府",
        "doc_no": "示政令第9号",
        "validity": "失效",
        "effective_date": "2022-01-01",
        "repeal_date": "2024-12-31",
    }
    return Page(page(inner), meta=meta)


def old_trs() -> Page:
    """ASCII colons, labels in B, several pairs in one row; the signature is another day than the day of publication."""
    inner = (
        "<table><tr><td><B>索 引 号:</B></td><td>400-2021-00031</td><td><B>分类:</B></td><td>监管信息 ; 通知</td></tr><tr><td><B>发布机构:</B></td><td>示例局</td><td><B>发文日期:</B></td><td>2021年11月30日</td></tr>"
        f"<tr><td><B>名　　称:</B></td><td colspan=3>{TITLE}</td></tr><tr><td><B>文　　号:</B></td><td>示监〔2021〕31号</td><td><B>主 题 词:</B></td><td></td></tr></table>"
        f"<div class='Custom_UnionStyle'>{text()}<p align='right'>示例局</p><p align='right'>二〇二一年十一月三十日</p></div>"
    )
    meta = {
        "index_no": "400-2021-00031",
        "category": "监管信息 ; 通知",
        "issuer": "示例局",
        "written_date": "2021-11-30",
        "name": TITLE,
        "doc_no": "示监〔2021〕31号",
    }
    return Page(page(inner), published=None, body=(*BODY, "示例局", "二〇二一年十一月三十日"), meta=meta)


def migrated() -> Page:
    """PubDate is the day the site moved; the visible labelled date is the notice's. ColumnName is the site's name."""
    head = metas(
        SiteName="示例区人民政府",
        ColumnName="示例区人民政府",
        ArticleTitle=TITLE,
        PubDate="2023-05-12 23:20",
        ContentSource=TITLE,
    )
    inner = f"<div class='dqwz'>您现在所在的位置：首页 &gt; 政务公开 &gt; 通知公告 &gt; {TITLE}</div><h1>{TITLE}</h1><div>信息发布时间：2009-09-30 10:53</div><div id='content'>{text()}</div>"
    return Page(page(inner, head), published="2009-09-30 10:53", channel="通知公告")


def kicker() -> Page:
    """A kicker above, a subtitle below, the date in brackets within the heading, the title over two lines."""
    head = metas(ArticleTitle=TITLE, PubDate="2021-11-30", ColumnName="要闻")
    inner = f"<h4>落实安全生产十五条措施</h4><h1>关于开展全区冬季<br>安全生产大检查的通知 <span>( 2021-11-30)</span></h1><h3 class='content_subtitle'>——为期一个月</h3><div class='article'>{text()}</div>"
    return Page(page(inner, head), channel="要闻")


def many_bars() -> Page:
    """<title> with site and column in front, joined by characters of its own; the page shows the title in a plain box."""
    inner = f"<div class='a1'><a href='/'>首页</a> ＞ <a href='/z'>政务公开</a> ＞ <a href='/t'>通知公告</a></div><div class='a2'>{TITLE}</div><div class='a3'>2021-11-30</div><div class='a4'>{text('div')}</div>"
    return Page(page(inner, title=f"示例区人民政府 ● 通知公告 ● {TITLE}"), channel="通知公告")


def source_at_the_foot() -> Page:
    """Date and source under the article, editors behind; a clock in the page's head."""
    inner = (
        f"<div class='clock'>今天是2026年3月1日 星期日</div><h2>{TITLE}</h2><div class='nr'>{text()}</div><div class='b'>来 源：区融媒体中心　　责任编辑：李某　　发布日期：2021-11-30</div>"
        "<div class='c'>扫一扫在手机打开当前页</div><p>【打印本页】【关闭窗口】</p>"
    )
    return Page(page(inner), source="区融媒体中心")


def regulation() -> Page:
    """The brackets under the title tell when it was passed, not when it was published."""
    passed = "（2021年10月15日示例区人民政府第3次常务会议通过）"
    inner = f"<h1>{TITLE}</h1><p class='tx'>{passed}</p><p class='rq'>发布日期：2021-11-30</p><div class='TRS_Editor'>{text()}<p>　　本通知自2022年1月1日起施行。</p></div>"
    return Page(page(inner), body=(*BODY, "本通知自2022年1月1日起施行。"), meta={"effective_date": "2022-01-01"})


def only_a_table() -> Page:
    """The article is a table of figures: rows with tabs."""
    rows = (
        ("单位", "企业数", "隐患数"),
        ("东河镇", "35", "112"),
        ("西河镇", "28", "97"),
        ("南岗街道", "41", "126"),
        ("北岗街道", "19", "58"),
    )
    table = "".join("<tr>" + "".join(f"<td><p>{cell}</p></td>" for cell in row) + "</tr>" for row in rows)
    inner = f"<div class='crumb'>当前位置：首页 > 统计公报</div><h1>{TITLE}</h1><div class='info'>时间：2021-11-30 来源：区统计局</div><div class='content'><p>检查情况如下：</p><table border=1>{table}</table></div>"
    return Page(page(inner), source="区统计局", channel="统计公报", body=("检查情况如下：", *("\t".join(row) for row in rows)))


def a_list_of_items() -> Page:
    """Numbered items in a list, a file at the end."""
    items = "".join(f"<li>{line}</li>" for line in BODY[2:])
    inner = f"<h1>{TITLE}</h1><div class='info'>时间：2021-11-30 来源：区应急局</div><div class='content'><p>{BODY[1]}</p><ol>{items}</ol><p>附件：<a href='x.pdf'>检查表.pdf</a></p></div>"
    return Page(page(inner), source="区应急局", body=(BODY[1], *BODY[2:], "附件：检查表.pdf"))


def pictures() -> Page:
    """A scanned notice: the article is a picture."""
    inner = f"<h1>{TITLE}</h1><div class='info'>发布时间：2021-11-30　来源：区应急局</div><div class='TRS_Editor'><p align='center'><img src='./W020211130.jpg' alt=''></p></div>"
    return Page(page(inner, metas(ArticleTitle=TITLE)), source="区应急局", body=("[图片：W020211130.jpg]",))


def embedded() -> Page:
    """A sentence, and the document in a viewer."""
    inner = f"<h1>{TITLE}</h1><div class='info'>发布时间：2021-11-30　来源：区应急局</div><div class='TRS_Editor'><p>现将检查方案予以公布，请认真遵照执行。</p><iframe src='/pdf/viewer.html?file=/u/2021/方案.pdf'></iframe></div>"
    return Page(
        page(inner, metas(ArticleTitle=TITLE)),
        source="区应急局",
        body=("现将检查方案予以公布，请认真遵照执行。", "[文档：方案.pdf]"),
    )


def empty_values() -> Page:
    """Labels strong in their cells, values blank, comments within labels; the notice stands all the same."""
    row = "<tr><td class='pmingcheng'><strong>{}</strong></td><td></td><td class='pmingcheng'><strong>{}<!-- 旧 --></strong></td><td> </td></tr>"
    inner = (
        f"<table>{row.format('索 引 号', '主题分类')}{row.format('发文机关', '成文日期')}{row.format('发文字号', '发布日期')}</table>"
        f"<h1>{TITLE}</h1><div class='xx'>2021年11月30日 09时32分</div><div class='pages_content'>{text()}</div>"
    )
    return Page(page(inner), published="2021-11-30 09:32")


def crumbs_by_style() -> Page:
    """A breadcrumb whose arrows a style sheet draws; neighbours in boxes of their own, the title of one on the next line."""
    inner = (
        "<div class='bread'><span>当前位置：</span><a href='/'>首页</a><a href='/a'>政务公开</a><a href='/b'>重点领域信息公开</a></div>"
        f"<h1>{TITLE}</h1><div>发布时间 : 2021-11-30 | 来源 : 区应急局 | 浏览 : <i>35</i> 次</div><div class='d9'>{text()}<div><span>上一篇：</span></div><div><a href='/8.html'>关于开展全区秋季防火督查的通知</a></div>"
        "<div><span>下一篇：</span></div><div><a href='/7.html'>关于全区第三季度安全生产形势的通报</a></div></div>"
    )
    return Page(page(inner), source="区应急局", channel="重点领域信息公开")


def log_lines() -> Page:
    """Lines of a server's log before the doctype; the title in a heading that is never closed."""
    inner = f"<h2>{TITLE}<div>（2021-11-30）</div><div class='nr'>{text()}</div>"
    return Page("[DEBUG] render template 12ms\n[DEBUG] cache miss\n" + page(inner))


def cut_heading() -> Page:
    """The heading is cut with dots; the whole title is in the metas and in <title>."""
    head = metas(ArticleTitle=TITLE, PubDate="2021-11-30 10:00")
    inner = f"<h1>{TITLE[:12]}...</h1><p>发布日期：2021-11-30　来源：区应急管理局、区公安分局、区消防救援大...</p><div class='con'>{text()}</div>"
    return Page(
        page(inner, head + metas(ContentSource="区应急管理局、区公安分局、区消防救援大队")),
        source="区应急管理局、区公安分局、区消防救援大队",
    )


def shown_without_source() -> Page:
    """The page shows a label of a source and nothing behind it; ContentSource names one all the same."""
    head = metas(ArticleTitle=TITLE, PubDate="2021-11-30", ContentSource="示例市人民政府")
    return Page(
        page(f"<h1>{TITLE}</h1><p>时间：2021-11-30　来源：　浏览量：<i id='n'></i></p><div class='con'>{text()}</div>", head)
    )


def facts_without_source() -> Page:
    """The page shows its line of facts, and no label of a source at all: ContentSource is all there is."""
    head = metas(ArticleTitle=TITLE, PubDate="2021-11-30", ContentSource="示例市人民政府")
    inner = f"<h1>{TITLE}</h1><p>时间：2021-11-30　浏览量：<i id='n'></i></p><div class='con'>{text()}</div>"
    return Page(page(inner, head), source="示例市人民政府")


NAMES = tuple(f"{surname}{given}" for surname in "赵钱孙李周吴郑王冯陈" for given in ("一平", "守正", "文海"))


def a_list_of_names() -> Page:
    """One sentence and thirty names, a paragraph each."""
    own = ("经研究，现将冬季安全生产先进个人名单公示如下：", *NAMES)
    inner = f"<div class='q1'><a href='/'>首页</a> > <a href='/x'>公示公告</a></div><h1>{TITLE}</h1><div class='q2'>时间：2021-11-30 来源：区应急局</div><div class='q3'>{text('p', own)}</div>"
    return Page(page(inner), source="区应急局", channel="公示公告", body=own)


def a_menu_beside_it() -> Page:
    """Two cells of one layout row: the menu and a short article of bare text; who runs the site without any of the usual words."""
    lines = "<br>".join(f"　　{line}" for line in BODY[1:4])
    menu = "<br>".join(
        f"<a href='/{n}.html'>{word}</a>" for n, word in enumerate(("机构设置", "政策法规", "通知公告", "办事指南", "联系方式"))
    )
    html = (
        f"<html><head><title>{TITLE}</title></head><body><table width='900'><tr><td width='200'>{menu}</td><td><center><b>{TITLE}</b></center><center>发布日期:2021-11-30 来源:区安委办</center>{lines}</td></tr></table>"
        "<center>地址：示例区人民路1号　邮编：130000　电话：0431-00000000</center></body></html>"
    )
    return Page(html, source="区安委办", body=BODY[1:4])


FAMILIES: dict[str, Callable[[], Page]] = {
    made.__name__: made
    for made in (
        vsb, webplus, gkmlpt, jpaas, epoint, easysite, phpcms, dedecms, tables_of_2005, word, by_script, header_row, definition_list, strong_lines, old_trs,
        migrated, kicker, many_bars, source_at_the_foot, regulation, empty_values, crumbs_by_style, log_lines, cut_heading, shown_without_source, facts_without_source, a_list_of_names, a_menu_beside_it, only_a_table, a_list_of_items, pictures, embedded,
    )
}  # fmt: skip
