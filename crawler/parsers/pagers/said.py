"""What a page says of its length in words: `共25页`, `共52条 1/11`, `页次：1/36`, `总共 12222 记录`."""

import re
from collections.abc import Iterable, Iterator

from crawler.parsers.tree import Line, Node, ancestors, attribute, is_hidden, squeeze, text

PAGES = (
    re.compile(r"(?:总|共|合计)(?:页数|有|计)?[:：]?(\d{1,6})页"),
    re.compile(r"总页数[:：]?(\d{1,6})"),
    re.compile(r"(?:页次|页码|页数|当前页?|第)[:：]?第?\d{1,6}页?[/／](?:共|总)?(\d{1,6})"),
    re.compile(r"(?<![\d/])\d{1,6}[/／]共?(\d{1,6})页"),
    re.compile(r"(?:分|为)(\d{1,6})页(?:显示)?"),
    re.compile(r"(?:^|条|[^\d/])\d{1,5}[/／](\d{1,5})(?:$|页|[^\d/])"),
    re.compile(r"条(?:记录|信息|数据)?[,，;；、]?共?(\d{1,6})页"),
    re.compile(r"第\d{1,6}页[,，;；、]?共(\d{1,6})页"),
    re.compile(r"page\d{1,6}of(\d{1,6})", re.IGNORECASE),
)
ROWS = (
    re.compile(
        r"(?:总|共|合计|共计|总计)(?:有|计|共)?[:：]?(\d{1,9})(?:条|篇|件|个|项|则)?(?:记录|信息|数据|结果|文章|新闻|内容|条)"
    ),
    re.compile(r"(?:共|总|总计|共计)(?:有|计|共)?[:：]?(\d{1,9})(?:条|篇|件|则)"),
    re.compile(r"总(?:记录|条|行|篇)?(?:数|条数)[:：]?(\d{1,9})"),
    re.compile(r"(?:^|[^\d第每])(\d{1,9})条(?:记录|信息|数据)?"),
)
CURRENT = (
    re.compile(r"(?:页次|页码|当前页?|当前为?|第)[:：]?第?(\d{1,6})页?(?:[/／]|页|,|，|$)"),
    re.compile(r"(?:^|[^\d/])(\d{1,5})[/／]共?\d{1,5}(?:$|页|[^\d/])"),
    re.compile(r"page(\d{1,6})of\d{1,6}", re.IGNORECASE),
)
MARK = re.compile(
    r"^[<>«»‹›\s\[\]|]*(?:尾页|末页|最后一?页|上一?页|下一?页|前一?页|后一?页|上\d+页|下\d+页|下一頁|末頁|next|prev(?:ious)?|last)[<>«»‹›\s\[\]|]*$",
    re.IGNORECASE,
)
PART = re.compile(r"^[<>«»‹›\s\[\]|]*(?:\d{1,6}|[首尾末]页|[上下前后]一?页)?[<>«»‹›\s\[\]|]*$")
DIGIT = re.compile(r"\d")
TELLING = re.compile(r"\d+页|页[^\d]{0,3}\d|^[^\w]*(?:共|总|合计|当前|每页)\D{0,6}\d")
HINT = re.compile(
    r"[页頁xXvVsSſ](?:(?<=[页頁xXvV])|[\s\u200b\ufeff]*[tT])"
)  # what each mark has: 页, or the x, v or st of next, prev, last
TAGS = ("a", "span", "li", "button", "em", "b", "i", "td", "div")
NAMED = {"img": "alt", "input": "value"}
LONGEST_MARK = 12
DEEP = 12  # elements within one another whose texts are asked one by one: hostile pages nest without end
LONGEST = 400  # characters of a pager; more is the page around it


def area(body: Node) -> Node | None:
    """The element that holds the pager: around a mark such as 下一页, as large as it can be without holding rows."""
    best, most = None, 0
    for node in _marks(body):
        grown = _grown(node)
        marks = sum(1 for inner in grown.css("a, span, li, button, em, b, i") if PART.match(squeeze(inner.text(deep=True))))
        if best is None or marks > most:
            best, most = grown, marks
    return best


def _marks(body: Node) -> Iterator[Node]:
    """The elements that are such a mark, in order."""
    if any(_is_mark(attribute(node, NAMED[node.tag or ""])) for node in body.css("img[alt], input[value]")):
        for node in body.css(", ".join((*TAGS, "img[alt]", "input[value]"))):
            named = NAMED.get(node.tag or "")
            if _is_mark(attribute(node, named) if named else node.text(deep=True)):
                yield node
        return
    waiting = [(body, 0)]
    while waiting:
        node, depth = waiting.pop()
        shown = node.text(deep=True)
        if HINT.search(shown) is None:
            continue  # nor is anything within it
        if depth == DEEP:
            yield from (inner for inner in node.css(", ".join(TAGS)) if _is_mark(inner.text(deep=True)))
            continue
        if node.tag in TAGS and _is_mark(shown):
            yield node
        waiting += [(inner, depth + 1) for inner in reversed(list(node.iter()))]


def _is_mark(shown: str) -> bool:
    plain = squeeze(shown)
    return len(plain) <= LONGEST_MARK and MARK.match(plain) is not None


def _grown(node: Node) -> Node:
    held = node
    for above in ancestors(node):
        if above.tag == "body" or len(squeeze(_plain(above))) > LONGEST or _has_titles(above):
            break
        held = above
    return held


def _plain(node: Node) -> str:
    return text(node)


def _has_titles(node: Node) -> bool:
    """A link whose text is as long as a title is none of a pager."""
    return any(
        len(squeeze(link.text(deep=True))) > 9 or len(squeeze(attribute(link, "title"))) > 12 for link in node.css("a[href]")
    )


def words(told: Iterable[Line], pager: Node | None) -> str:
    """The text that may tell totals, without white space: the pager's, and short lines of the page that are no links."""
    found = [squeeze(text(pager))] if pager is not None else []
    for line in told:
        if DIGIT.search(line.text) is None:
            continue
        shown = squeeze(line.text)
        if len(shown) <= 60 and TELLING.search(shown) and not _is_row(line.node):
            found.append(shown)
    return "\n".join(found)


def _is_row(node: Node) -> bool:
    """Does a line begin within a link, or within an item that holds a link with a title?"""
    if is_hidden(node):
        return True
    for above in [node, *ancestors(node)]:
        if above.tag == "a":
            return True
        if above.tag in ("li", "tr", "dd", "dt", "dl"):
            return _has_titles(above)
    return False


def first(forms: tuple[re.Pattern[str], ...], told: str) -> int | None:
    """The first number that one of these forms finds, the forms in their order."""
    for form in forms:
        for line in told.split("\n"):
            match = form.search(line)
            if match:
                return int(match[1])
    return None
