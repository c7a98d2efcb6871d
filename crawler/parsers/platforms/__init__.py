"""Publishing systems, as data: how a page shows what made it, and where its article stands.

A platform never makes a page worse than the generic reader: its containers are candidates whose lines must be worth about as much as
those of the element that the generic reader found.
"""

import string
from dataclasses import dataclass

from crawler.parsers.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Platform:
    """`names`: ids, classes or tags of which one is evidence (`#`, `.` as in CSS; a name that ends in `*` is a beginning); `marks`: strings
    in scripts, addresses or comments that are; `body`: the article's element, best first."""

    name: str
    names: tuple[str, ...]
    body: tuple[str, ...]
    marks: tuple[str, ...] = ()


PLATFORMS = (
    Platform("ucap", ("#UCAP-CONTENT", "ucapcontent", "ucaptitle"), ("#UCAP-CONTENT", "ucapcontent", ".pages_content")),
    Platform("nfcms", ("#zoomcon",), ("#zoomcon", ".zw"), ("NFCMS_POST_ID", "NFC_INCLUDE")),
    Platform("gkmlpt", (".gkml-content", ".classify"), (".article-content", ".gkml-content .content", ".content"), ("/gkmlpt/",)),
    Platform(
        "hanweb",
        (),
        ("#zoom", ".bt_content", "#c"),
        ("ZJEG_RSS.content", "<$[信息内容]", "i_columnid", "/jpaas-jpolicy", "/module/web/"),
    ),
    Platform("jpaas", (".jpaas-content",), ("#zoom", ".jpaas-content", ".article-content"), ("jpaas-",)),
    Platform("lonsun", (".j-fontContent", ".j-info-hit"), (".j-fontContent",), ("StartLabelHtml_",)),
    Platform(
        "vsb",
        ("#vsb_content*", ".v_news_content"),
        (".v_news_content", "#vsb_content", "#vsb_content_2", "#vsb_content_4"),
        ("_showDynClicks",),
    ),
    Platform("webplus", (".wp_articlecontent", ".arti_metas", ".arti_content"), (".wp_articlecontent", ".arti_content", ".read")),
    Platform("easysite", ("#easysite-*", "#articleWrap"), ("#articleWrap", "#zoom", ".easysite-news-text"), ("/eportal/",)),
    Platform("shanghai", ("#ivs_content", "#ivs_title"), ("#ivs_content",)),
    Platform(
        "epoint", (".ewb-*",), (".ewb-article-info", ".ewb-article-content", ".ewb-trade-right", ".ewb-info-bd", ".infodetail")
    ),
    Platform("xinhua", ("#BodyLabel", "#detailContent"), ("#BodyLabel", "#detailContent", "#detail")),
    Platform(
        "phpcms",
        ("#czfxcontent", ".contt_cont"),
        ("#czfxcontent", ".contt_cont", "#Article .content", ".content"),
        ("/statics/",),
    ),
    Platform(
        "dedecms",
        (".viewbox", ".dede_pages"),
        (".viewbox .content", ".content", ".article-body"),
        ("/plus/count.php", "/templets/"),
    ),
    Platform(
        "trs",
        (".TRS_Editor", ".trs_editor_view", ".TRS_UEDITOR", ".CurrChnlCls", ".Custom_UnionStyle", ".TRS_PreAppend"),
        (".trs_editor_view", ".TRS_UEDITOR", ".TRS_Editor", ".Custom_UnionStyle"),
    ),
)

# Containers that many sites share, in the order in which they were met over 400 crawlers of policy pages.
COMMON = (
    "#zoom", "#Zoom", ".TRS_Editor", ".trs_editor_view", "#UCAP-CONTENT", "#zoomcon", "#articleContent", "#article_content", ".article-content", ".article_content",
    ".content_text", "#fontzoom", "#ivs_content", ".v_news_content", "#vsb_content", ".wp_articlecontent", "#BodyLabel", "#detailContent", ".pages_content",
    ".article-con", ".article_con", ".news_content", ".newsContent", ".view_content", ".detail_content", ".detail-content", ".TRS_PreAppend", ".cas_content", ".zwnr", "#nw_detail",
    "#NewsContent", ".conTxt", ".con_text", ".wz_content", ".xl_content", ".infoContent", "#mainContent", "#content", ".content", "article",
)  # fmt: skip


PLACES = {name: place for place, platform in reversed(list(enumerate(PLATFORMS))) for name in platform.names if name[-1] != "*"}
BEGINNINGS = [(name[:-1], place) for place, platform in enumerate(PLATFORMS) for name in platform.names if name[-1] == "*"]
IDS, CLASSES, TAGS = (
    {name.lstrip("#."): place for name, place in PLACES.items() if name[0] in kind} for kind in ("#", ".", string.ascii_lowercase)
)


def recognise(sheet: Sheet, source: str) -> Platform | None:
    """The platform whose evidence stands in a page; None where there is none, or none whose article would stand here."""
    ids, classes = sheet.ids, sheet.classes
    found = [IDS[name] for name in ids.keys() & IDS.keys()]
    found += [CLASSES[name] for name in classes.keys() & CLASSES.keys()]
    found += [place for tag, place in TAGS.items() if sheet.named(tag)]
    least = min(found, default=len(PLATFORMS))
    for begins, place in BEGINNINGS:
        if place < least and any(name.startswith(begins[1:]) for name in (ids if begins[0] == "#" else classes)):
            least = place
    if least < len(PLATFORMS):
        return PLATFORMS[least]
    # A mark is looked for in the whole page: only as far down the list as a platform's article may be found.
    shown = [place for place, platform in enumerate(PLATFORMS) if platform.marks and any(map(sheet.named, platform.body))]
    likely = PLATFORMS[: shown[-1] + 1] if shown else ()
    return next((platform for platform in likely if any(mark in source for mark in platform.marks)), None)
