"""What a page is, when it is no notice: each answer with its evidence."""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler.model import PageKind
from crawler.parsers.tree import squeeze, text

ERROR_TITLE = re.compile(
    r"(?:不存在|已(?:被)?删除|出错|\b404\b|\b403\b|\b50[0-4]\b|错误页?|页面丢失|not found|forbidden|error|whitelabel|访问被拒绝|无法访问|找不到)",
    re.IGNORECASE,
)
ERROR_TEXT = re.compile(
    r"(?:(?:页面|网页|文件|信息|内容|资源|地址|栏目|文章)[^。]{0,12}(?:不存在|已(?:被)?删除|找不到|无法(?:找到|访问|显示))|找不到(?:该|您|所|此)|抱歉[^。]{0,20}(?:页面|访问)|访问出错|出错啦|键入错误|"
    r"404|403 forbidden|not found|whitelabel|bad gateway|internal server error)",
    re.IGNORECASE,
)
LOGIN = re.compile(r"(?:用户登录|请(?:先)?登录|统一身份认证|账号登录)")
CHALLENGE = re.compile(
    r"\$_ts\b|__jsluid|__jsl_clearance|\bacw_sc__v2\b|安全验证|访问验证|滑动验证|人机验证|captcha", re.IGNORECASE
)
SHELL = re.compile(
    r"\bng-app\b|\bng-controller\b|\{\{[^}]{1,80}\}\}|<div id=[\"']?(?:app|root)[\"']?>\s*</div>|v-cloak", re.IGNORECASE
)
SHORT = 400  # characters of a page that says only that it has nothing to say
EMPTY = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """What a page is and why we think so."""

    kind: PageKind
    evidence: str


def judge(tree: LexborHTMLParser, source: str, *, article_title: bool, body: int) -> Kind | None:
    """The kind of a page that is no notice, None when nothing speaks against one.

    `article_title`: the page has an ArticleTitle meta; `body`: characters of the article found.
    """
    root = tree.body or tree.root
    plain = squeeze(root.text(deep=True, skip_empty=True) if root is not None else "")
    visible = squeeze(text(root))
    title_node = tree.css_first("title")
    title = title_node.text(deep=True).strip() if title_node is not None else ""
    challenge = CHALLENGE.search(source)
    if challenge and len(visible) < EMPTY:
        return Kind(PageKind.CHALLENGE, f"{challenge[0]} and no text")
    if not article_title:
        found = ERROR_TITLE.search(title)
        if found and len(title) < 40:
            return Kind(PageKind.ERROR, f"title says {found[0]}")
        found = ERROR_TEXT.search(visible[:SHORT])
        if found and (len(visible) < SHORT or (body < EMPTY and len(visible) < 4 * SHORT)):
            return Kind(PageKind.ERROR, f"text says {found[0]}")
    refresh = tree.css_first("meta[http-equiv=refresh], meta[http-equiv=Refresh], meta[http-equiv=REFRESH]")
    if refresh is not None and body < EMPTY:
        return Kind(PageKind.REDIRECT, f"meta refresh: {(refresh.attributes.get('content') or '')[:100]}")
    if LOGIN.search(visible[:SHORT]) and body < EMPTY and tree.css_first("input[type=password]") is not None:
        return Kind(PageKind.LOGIN, "a password field and no article")
    shell = SHELL.search(source)
    if shell and body < 200:
        return Kind(PageKind.SHELL, f"{shell[0][:40]}: filled by script")
    if len(visible) < EMPTY and body < EMPTY:
        return Kind(PageKind.REDIRECT if "location" in source else PageKind.OTHER, f"{len(plain)} characters of text")
    return None
