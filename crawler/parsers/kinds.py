"""What a page is, when it is no notice: each answer with its evidence."""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler.model import PageKind
from crawler.parsers.flat import lay_flat
from crawler.parsers.sheet import Sheet
from crawler.text.late import late
from crawler.text.walls import wall_words

ERROR_TITLE = late(
    r"(?:页面不存在|不存在$|已(?:被)?删除|出错|(?<![\d第〔\[（(])(?:404|403|50[0-4])(?![\d号批])|错误页?$|页面丢失|not found|forbidden|\berror\b|whitelabel|访问被拒绝|无法访问|找不到)",
    re.IGNORECASE,
)
ERROR_TEXT = late(
    r"(?:(?:页面|网页|文件|信息|内容|资源|地址|栏目|文章)[^。]{0,12}(?:不存在|已(?:被)?(?:删除|撤销|下线)|找不到|无法(?:找到|访问|显示))|找不到(?:该|您|所|此)|(?:抱歉|对不起)[^。]{0,20}(?:页面|访问|内容|文章|信息)|访问出错|出错啦|键入错误|"
    r"^\W*404\W*$|404\s*(?:not\s*found|错误|页面)|403\s*forbidden|not\s*found|whitelabel|bad\s*gateway|internal\s*server\s*error|service\s*unavailable|访问被拦截|请求被拒绝)",
    re.IGNORECASE | re.MULTILINE,
)
LOGIN = re.compile(r"(?:用户登录|请(?:先)?登录|统一身份认证|账号登录|扫码登录|用户名)")
CHALLENGES = (
    "$_ts",
    "__jsluid",
    "__jsl_clearance",
    "acw_sc__v2",
    "安全验证",
    "访问验证",
    "滑动验证",
    "人机验证",
    "captcha",
    "challenge-platform",
    "yunsuo_session",
)
SHELLS = (
    "ng-app",
    "ng-controller",
    "data-ng-app",
    "v-cloak",
    'id="app"',
    'id="root"',
    "id='app'",
    "id=app",
    "data-reactroot",
    "v-html=",
    "ng-bind-html",
)
TEMPLATE = re.compile(r"\{\{[^{}]{1,80}\}\}")
LEADS_ON = re.compile(r"(?:\blocation(?:\.href|\.replace\s*\(|\s*=)|window\.open\s*\()")
SHORT = 400  # characters of a page that says only that it has nothing to say
EMPTY = 60
WALL_LINES = 150  # of a page, in which a wall says that it is one


@dataclass(frozen=True, slots=True)
class Kind:
    """What a page is and why we think so."""

    kind: PageKind
    evidence: str


def judge(
    tree: LexborHTMLParser, source: str, *, article_title: bool, body: int, sheet: Sheet | None = None, file: bool = False
) -> Kind | None:
    """The kind of a page that is no notice, None when nothing speaks against one.

    `article_title`: the page has an ArticleTitle meta; `body`: characters of the article found; `sheet`: the page laid flat, if it is
    already; `file`: the article names or shows documents, so that little text is enough.
    """
    sheet = sheet or lay_flat(tree)
    visible = "\n".join(line.plain for line in sheet.lines)
    size = len(visible)
    challenge = next((mark for mark in CHALLENGES if mark in source), None) if size < EMPTY else None
    if challenge is not None:
        return Kind(PageKind.CHALLENGE, f"{challenge} and no text")
    if not article_title and (words := wall_words("\n".join(line.text for line in sheet.lines[:WALL_LINES]))):
        return Kind(PageKind.CHALLENGE, words)
    error = _error(sheet, visible, body) if not article_title or body < EMPTY else None
    if error is not None:
        return error
    if file and size >= EMPTY:
        return None
    refresh = _refresh(sheet)
    if refresh is not None and body < EMPTY:
        return Kind(PageKind.REDIRECT, f"meta refresh: {refresh[:100]}")
    if LOGIN.search(visible[:SHORT]) and body < EMPTY and _asks_password(sheet):
        return Kind(PageKind.LOGIN, "a password field and no article")
    shell = _shell(source, visible) if body < 200 else None
    if shell is not None:
        return Kind(PageKind.SHELL, f"{shell[:40]}: filled by script")
    if size < EMPTY and body < EMPTY:
        leads = LEADS_ON.search("\n".join(sheet.scripts)) if size < EMPTY else None
        if leads is not None:
            return Kind(PageKind.REDIRECT, f"script: {leads[0]} and {size} characters of text")
        if (
            not body
            and sheet.scripts
            and sum(map(len, sheet.scripts)) + source.count("<script") * 50 > size * 4
            and not article_title
        ):
            return Kind(PageKind.SHELL, f"{len(sheet.scripts)} scripts and {size} characters of text")
        return Kind(PageKind.OTHER, f"{size} characters of text")
    return None


def _error(sheet: Sheet, visible: str, body: int) -> Kind | None:
    places = sheet.named("title")
    title = sheet.node(places[0]).text(deep=True).strip() if places else ""
    found = ERROR_TITLE().search(title)
    if found and len(title) < 40 and body < SHORT:
        return Kind(PageKind.ERROR, f"title says {found[0]}")
    size = len(visible)
    found = ERROR_TEXT().search(visible[:SHORT])
    if found and size < SHORT:
        return Kind(PageKind.ERROR, f"text says {found[0].strip()}")
    if body >= 2 * EMPTY:
        return None
    own = "\n".join(line.plain for line in sheet.lines if line.prose and not line.foot and not line.crumb)
    found = ERROR_TEXT().search(own[:SHORT])
    if found and len(own) < SHORT:
        return Kind(PageKind.ERROR, f"text says {found[0].strip()}")
    return None


def _refresh(sheet: Sheet) -> str | None:
    for at in sheet.named("meta"):
        content = sheet.attribute(at, "content")
        if sheet.attribute(at, "http-equiv").strip().lower() == "refresh" and "url" in content.lower():
            return content
    return None


def _asks_password(sheet: Sheet) -> bool:
    return any(sheet.attribute(at, "type").lower() == "password" for at in sheet.named("input"))


def _shell(source: str, visible: str) -> str | None:
    found = TEMPLATE.search(visible)
    if found is not None:
        return found[0]
    return next((mark for mark in SHELLS if mark in source), None)
