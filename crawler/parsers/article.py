"""The article itself: where it stands, what of it a reader reads, and the labelled facts around it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler.dates import read_date
from crawler.fold import fold, fold_map
from crawler.parsers.disclosure import label_of
from crawler.parsers.platforms import COMMON, Platform
from crawler.parsers.tree import EDGES, Line, Node, ancestors, contains, is_hidden, label, lines, select, squeeze, text

LEAST = 20  # characters of a container that may be the article
CHROME = re.compile(
    r"(?:^|[\s_-])(?:share|bdsharebuttonbox|bshare|social|qrcode|ewm|erweima|crumb|crumbs|breadcrumb|location|position|weizhi|dqwz|nav|menu|footer|foot|header|"
    r"sidebar|related|xgwz|xgxw|xgbd|relation|pagination|page-turn|prenext|prev-next|comment|print|toolbar|tools|fontsize|jiathis|editor-name|zrbj|rightbar|"
    r"accessibility|voice|speech|feedback|jiucuo)(?:$|[\s_-])",
    re.IGNORECASE,
)
FURNITURE = re.compile(
    r"^(?:[【\[(（]?(?:(?:我要)?打印(?:本页|此页|文章|页面)?|关闭(?:本页|窗口|此页)?|(?:我要)?收藏|(?:返回)?顶部|返回(?:上一页|列表|首页)?|(?:我要)?纠错|字号|字体|大|中|小|默认|超大|"
    r"分享(?:到)?|扫一扫.{0,20}|用微信扫.{0,30}|微信|微博|qq空间|新浪微博|腾讯微博|人人网|朋友圈|语音播报|播报|暂停|继续|停止|无障碍.{0,6}|全文下载|word|pdf|下载|背景色?|视力保护色|"
    r"推荐|评论|繁体|简体|a[+-]?|t)[】\])）]?[:：|\s/]*)+$",
    re.IGNORECASE,
)
LINE_FURNITURE = re.compile(
    r"^[【\[(（]?\s*(?:责任编辑|责编|编辑|校对|初审|复审|终审|审核|审核人|编审|录入|信息员|上一篇|下一篇|上一条|下一条|上页|下页|相关(?:附件|链接|稿件|文章|新闻|阅读|文件|解读|信息)|分享到|分享至|扫一扫|"
    r"浏览次数|浏览量|阅读次数|点击数|点击率|点击|访问次数|打印|字号|字体|视力保护色|主办单位|版权所有|备案号|您(?:现在|当前)?所?在(?:的)?位置|当前位置|(?:分享|转发)[:：])\s*[】\])）]?\s*(?:[:：].{0,60})?$",
    re.IGNORECASE,
)
FACTS = {
    "published": "发布时间 发布日期 时间 日期 时间发布 公开日期 信息发布时间 发布于 发表时间 发文时间 更新时间 公布时间 公布日期 添加时间 录入时间 信息时间 公告时间 公开时间 信息日期 生成日期",
    "source": "来源 信息来源 文章来源 稿件来源 新闻来源 消息来源 来源于 供稿 供稿单位 发布机构 发布单位 信息提供 稿源 发稿单位 文章出处 出处",
    "clicks": "点击 点击数 点击量 浏览次数 浏览量 浏览 阅读次数 阅读 阅读量 访问次数 访问量 点击率 点击次数 浏览数 人气",
    "": "作者 编辑 责任编辑 字号 字体 字体大小 打印 分享 责编 审核 校对 文字大小 发布人 撰稿 视力保护色 分享到 保护视力色 信息索引 标签 撰写 字 信息来源单位 摄影",
}
FACT_OF = {fold(word): name for name, words in FACTS.items() for word in words.split()}
FACT = re.compile(
    "(?<![\\w])[\\[【(（]?\\s*("
    + "|".join(sorted((r"\s*".join(word) for word in FACT_OF), key=len, reverse=True))
    + r")\s*[\]】]?\s*:\s*",
    re.IGNORECASE,
)
SOURCE_END = re.compile(r"\s{2,}|[|｜【\[]|(?<=[^\d])\s(?=\d{4}[-年])|\s(?=字)|　")
CRUMB = re.compile(
    r"(?:您|你)?(?:现在|当前|目前)?(?:所?在)?(?:的)?位置(?:是)?\s*[:：]?|当前栏目\s*[:：]|首\s*页\s*(?:&gt;|[>＞»›/·\-→])"
)
CRUMB_CUT = re.compile(r"\s*(?:&gt;|[>＞»›→]|＞＞|>>|\s/\s|\s-\s|\s·\s|›|»)\s*")
NO_CHANNEL = re.compile(
    r"^(?:正文|详情|内容|详细|详细内容|信息详情|内容详情|文章详情|正文内容|内页|信息内容|文章正文|文章内容|浏览文章|\d{1,4}年?|首页|网站首页|>|)$"
)


@dataclass(frozen=True, slots=True)
class Container:
    """The article's node, and the rule that found it."""

    node: Node
    rule: str


# ------------------------------------------------------------------ where the article stands
def find_container(tree: LexborHTMLParser, platform: Platform | None, own: str | None) -> Container | None:
    """The source's own selector, else the platform's, else those that many sites share, else the densest node."""
    if own is not None:
        chosen = _best(select(tree, own), 1)
        if chosen is not None:
            return Container(chosen, "source.body")
    if platform is not None:
        for selector in platform.body:
            chosen = _best(tree.css(selector), LEAST)
            if chosen is not None:
                return Container(chosen, f"{platform.name}.body")
    for selector in COMMON:
        chosen = _best(tree.css(selector), LEAST * 2)
        if chosen is not None and _is_article(chosen):
            return Container(chosen, f"common.{selector}")
    return _densest(tree)


def _best(nodes: Sequence[Node], least: int) -> Node | None:
    """The first of these that holds text and is not hidden; copies behind it (mobile, read-aloud) are the same article again."""
    for node in nodes:
        if (
            not is_hidden(node)
            and len(squeeze(node.text(deep=True))) >= least
            and not any(is_hidden(above) for above in ancestors(node))
        ):
            return node
    return next((node for node in nodes if len(squeeze(node.text(deep=True))) >= least), None)


def _is_article(node: Node) -> bool:
    """Not a page's whole frame: its text is mostly outside links."""
    total = len(squeeze(node.text(deep=True)))
    linked = sum(len(squeeze(link.text(deep=True))) for link in node.css("a"))
    return total > 0 and linked / total < 0.4


def _densest(tree: LexborHTMLParser) -> Container | None:
    """The node with most text of its own lines: paragraphs vote for their parent and, half, for its parent."""
    votes: dict[int, tuple[float, Node]] = {}
    body = tree.body or tree.root
    if body is None:
        return None
    for node in body.css("p, div, td, span, section, article, pre"):
        own = _own_text(node)
        if own < 15 or any(above.tag in ("a", "li", "header", "footer", "nav") for above in (node, *list(ancestors(node))[:3])):
            continue
        weight = 1.0
        for above in [node, *list(ancestors(node))[:3]] if node.tag != "p" else list(ancestors(node))[:3]:
            if above.tag == "body":
                break
            score, _ = votes.get(above.mem_id, (0.0, above))
            votes[above.mem_id] = (score + own * weight, above)
            weight *= 0.7
    ranked = sorted(votes.values(), key=lambda item: -item[0])
    return Container(ranked[0][1], "density") if ranked and ranked[0][0] >= LEAST else None


def _own_text(node: Node) -> int:
    """Characters of text directly in a node and its inline children."""
    total = 0
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            total += len(squeeze(child.text_content))
        elif child.tag in ("span", "strong", "b", "font", "em", "i", "u"):
            total += len(squeeze(child.text(deep=True)))
    return total


# ------------------------------------------------------------------ what of it is read
def read_body(container: Node, leave: Iterable[Node], *, title: str) -> tuple[str, ...]:
    """The paragraphs as a reader sees them, without furniture, the disclosure block, and the title repeated at their head."""
    skip = {node.mem_id for node in leave if contains(container, node) and node.mem_id != container.mem_id}
    skip |= {node.mem_id for node in container.css("[class], [id]") if CHROME.search(label(node)) and _is_small(node, container)}
    kept = [line for line in lines(container, frozenset(skip)) if not is_furniture(line.text)]
    kept = _without_head(kept, title)
    kept = _without_tail(kept)
    return tuple(line.text for line in kept)


def _is_small(node: Node, container: Node) -> bool:
    """Chrome, not a wrapper that happens to be called so."""
    return len(squeeze(node.text(deep=True))) * 2 < len(squeeze(container.text(deep=True)))


def is_furniture(line: str) -> bool:
    """Buttons, font sizes, share boxes, editors: what a page prints around its text."""
    plain = squeeze(line)
    if len(plain) > 80:
        return False
    folded = fold(plain)
    return FURNITURE.match(folded) is not None or LINE_FURNITURE.match(folded) is not None


def _without_head(kept: list[Line], title: str) -> list[Line]:
    """Drop the title and the line of facts where a container begins with them."""
    wanted = squeeze(title)
    at = 0
    while at < min(len(kept), 6):
        plain = squeeze(kept[at].text)
        heading = kept[at].node.tag in ("h1", "h2", "h3") or any(
            above.tag in ("h1", "h2") for above in list(ancestors(kept[at].node))[:2]
        )
        if (heading and plain == wanted) or _is_fact_line(kept[at].text) or (at and _is_crumb(kept[at].text)):
            del kept[at]
            at = 0 if plain != wanted else at
            continue
        at += 1
    return kept


def _is_fact_line(line: str) -> bool:
    if len(line) > 160:
        return False
    found = [FACT_OF.get(squeeze(match[1]).lower()) for match in FACT.finditer(fold(line).replace("：", ":"))]
    return len(found) >= 2 and ("published" in found or "source" in found)


def _is_crumb(line: str) -> bool:
    return len(line) < 120 and CRUMB.match(line) is not None and len(CRUMB_CUT.split(line)) > 1


def _without_tail(kept: list[Line]) -> list[Line]:
    """Drop previous/next lines and bare punctuation at the end."""
    while kept and not re.search(r"\w", kept[-1].text):
        kept.pop()
    return kept


# ------------------------------------------------------------------ facts in labelled text
def read_facts(tree: LexborHTMLParser, container: Node | None, blocks: Sequence[Node]) -> dict[str, str]:
    """published, source, clicks from the visible line of facts: the page's own text behind each label.

    `blocks`: the disclosure block, which has a reader of its own (its 发布机构 is the issuer, its 生成日期 the date of writing).
    """
    found: dict[str, str] = {}
    body = tree.body or tree.root
    if body is None:
        return found
    skip = frozenset(block.mem_id for block in blocks)
    if container is not None and container.tag != "body":
        skip |= {container.mem_id}
    for line in lines(body, skip):
        if len(line.text) > 400:
            continue
        for name, value in facts_of(line.text).items():
            found.setdefault(name, value)
        if "published" in found and "source" in found:
            break
    if container is not None:
        for line in lines(container)[:6]:
            if len(line.text) <= 200 and _is_fact_line(line.text):
                for name, value in facts_of(line.text).items():
                    found.setdefault(name, value)
    return found


def facts_of(line: str) -> dict[str, str]:
    """The labelled facts of one line. Labels in any script; values are the page's own text."""
    folded, where = fold_map(line.replace("：", ":").replace("∶", ":"))
    matches = list(FACT.finditer(folded))
    found: dict[str, str] = {}
    places = [*where, len(line)]
    for number, match in enumerate(matches):
        name = FACT_OF.get(squeeze(match[1]).lower(), "")
        end = matches[number + 1].start() if number + 1 < len(matches) else len(folded)
        start = places[match.end() - 1] + 1 if match.end() else 0
        value = line[start : places[end]].strip(EDGES + "|｜[]【】")
        if name == "source":
            value = SOURCE_END.split(value)[0].strip(EDGES)
            value = "" if label_of(value) is not None or len(value) > 50 else value
        if name == "published" and read_date(value) is None:
            continue
        if name and value:
            found.setdefault(name, value)
    return found


def read_channel(tree: LexborHTMLParser, title: str) -> str | None:
    """The last breadcrumb item that is not 正文, the title, or a bare year."""
    body = tree.body or tree.root
    if body is None:
        return None
    for line in _crumbs(tree, body):
        rest = CRUMB.split(line, maxsplit=1)
        trail = rest[1] if len(rest) > 1 and CRUMB.match(line) and "位置" in line else line
        items = [item.strip(EDGES + ">＞»›/:：·-") for item in CRUMB_CUT.split(trail)]
        kept = [
            item
            for item in items
            if item
            and not NO_CHANNEL.match(squeeze(item))
            and squeeze(item) != squeeze(title)
            and not squeeze(title).startswith(squeeze(item).rstrip("….")[:40] or "\0")
        ]
        if kept and len(items) > 1 and len(kept[-1]) <= 40:
            return kept[-1]
    return None


def _crumbs(tree: LexborHTMLParser, body: Node) -> list[str]:
    marked = [
        text(node)
        for node in tree.css("[class], [id]")
        if re.search(
            r"(?:crumb|location|position|weizhi|dqwz|dangqian|local|curmb|currentpath|wz\b|bread|path)",
            label(node),
            re.IGNORECASE,
        )
        and len(node.text(deep=True)) < 600
    ]
    seen = [line.text for line in lines(body) if len(line.text) < 200 and CRUMB.search(line.text)]
    return [line for line in [*seen, *marked] if CRUMB_CUT.search(line)]
