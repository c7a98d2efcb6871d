"""Publishing systems, as data: how a page shows what made it, and where its article stands.

A platform never makes a page worse than the generic reader: its containers are candidates that must hold text like any other.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """`marks`: any of these strings in the page's source; `body`: selectors of the article, best first."""

    name: str
    marks: tuple[str, ...]
    body: tuple[str, ...]


PLATFORMS = (
    Platform("ucap", ("UCAP-CONTENT", "<ucapcontent", "<ucaptitle"), ("#UCAP-CONTENT", "ucapcontent", ".pages_content")),
    Platform("nfcms", ("NFCMS_POST_ID", "NFC_INCLUDE", "zoomcon"), ("#zoomcon", ".zw")),
    Platform("hanweb", ("ZJEG_RSS.content", "<$[信息内容]", "i_columnid"), ("#zoom",)),
    Platform("lonsun", ("StartLabelHtml_", "j-fontContent"), (".j-fontContent",)),
    Platform("vsb", ("vsb_content", "v_news_content"), (".v_news_content", "#vsb_content")),
    Platform("easysite", ("/eportal/", "easysite-"), ("#articleWrap",)),
    Platform("shanghai", ("ivs_content",), ("#ivs_content",)),
    Platform("epoint", ("ewb-",), (".ewb-article-info", ".ewb-trade-right", ".ewb-info-bd")),
    Platform("xinhua", ("BodyLabel", "detailContent"), ("#BodyLabel", "#detailContent")),
    Platform("phpcms", ("czfxcontent", "contt_cont"), ("#czfxcontent", ".contt_cont")),
    Platform(
        "trs",
        ("TRS_Editor", "trs_editor_view", "TRS_UEDITOR", "CurrChnlCls", "Custom_UnionStyle"),
        (".trs_editor_view", ".TRS_UEDITOR", ".TRS_Editor", ".Custom_UnionStyle"),
    ),
)

# Containers that many sites share, in the order in which they were met over 400 crawlers of policy pages.
COMMON = (
    "#zoom", "#Zoom", ".TRS_Editor", ".trs_editor_view", "#UCAP-CONTENT", "#zoomcon", "#articleContent", "#article_content", ".article-content", ".article_content",
    ".content_text", "#fontzoom", "#ivs_content", ".v_news_content", "#vsb_content", "#BodyLabel", "#detailContent", ".pages_content",
    ".article-con", ".article_con", ".news_content", ".newsContent", ".view_content", ".detail_content", ".detail-content", ".TRS_PreAppend", ".cas_content", ".zwnr", "#nw_detail",
    "#content", ".content", "article",
)  # fmt: skip


def recognise(source: str) -> Platform | None:
    """The platform whose mark stands in a page's source, or None."""
    return next((platform for platform in PLATFORMS if any(mark in source for mark in platform.marks)), None)
