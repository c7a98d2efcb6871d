"""The disclosure block (索引号, 发文字号 …): a table of labels, and the shapes in which label and value stand."""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler.fold import fold
from crawler.parsers.tree import EDGES, Node, ancestors, contains, lines, squeeze, text

LABELS = {
    "index_no": "索引号 信息索引 信息索引号 索取号 信息索取号 公开索引号",
    "doc_no": "发文字号 文号 文件编号 文件字号 公文文号 发文文号 文件号 发文号",
    "issuer": "发文机关 发文机构 发布机构 发文单位 制发机关 公开机构 发布单位 信息发布机构 公开责任部门 主办单位",
    "written_date": "成文日期 生成日期 发文日期 成文时间 制发日期 印发日期 公文生成日期 生成时间 签发日期",
    "category": "主题分类 信息分类 信息类别 公开分类 分类 所属主题 文件分类 主题类别 组配分类 公开类别",
    "keywords": "主题词 关键词 关键字",
    "validity": "有效性 效力状态 时效性 是否有效 有效状态",
    "effective_date": "生效时间 生效日期 实施日期 施行日期",
    "expiry_date": "失效时间 失效日期 截止日期 有效期至",
    "repeal_date": "废止时间 废止日期",
    "open_type": "公开方式 公开形式",
    "abstract": "内容概述 内容摘要 摘要 信息概述",
    "name": "名称 信息名称 标题 文件名称 信息标题",
    "project": "采购项目名称 项目名称",
    "buyer": "采购单位 采购人 采购人名称",
    "region": "行政区域",
    "published": "发布日期 发布时间 公开日期 公开时间 信息发布时间 发文时间 公布日期",
    "": "语种 信息格式 备注 公开范围 公开时限 体裁分类 服务对象分类 信息来源 载体类型 品目 公告时间 体裁 责任部门 附件 有效期",
}
BY_LABEL = {fold(label): name for name, words in LABELS.items() for label in words.split()}
STRONG = frozenset(
    {"index_no", "doc_no", "issuer", "written_date", "category", "open_type", "project", "buyer", "keywords", "validity"}
)
LONGEST_LABEL = 12
NOTHING = frozenset({"", "无", "暂无", "-", "--", "——", "/", "null"})
MARKS = re.compile(r"[\s:：\[\]【】]+")
INLINE = re.compile(r"^\s*[\[【]?\s*([^:：\]】]{2,20}?)\s*[\]】]?\s*[:：]\s*(.*)$", re.DOTALL)
SCRIPT = re.compile(r"\bvar\s+\w+\s*=|document\.write|function\s*\(|\{\{")
CELLS = "td, th, li, p, dt, dd, span, div, strong, b, label, em, h5, h6"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Field → the page's own text; `blocks`: the nodes that hold the block, to be left out of the body."""

    fields: dict[str, str]
    blocks: tuple[Node, ...]
    labels: int


@dataclass(frozen=True, slots=True)
class _Found:
    field: str
    value: str
    node: Node


def label_of(written: str) -> str | None:
    """The field a label names (empty: a label we know and do not keep), None when it is no label."""
    plain = MARKS.sub("", written)
    if not 2 <= len(plain) <= LONGEST_LABEL * 4:
        return None
    return BY_LABEL.get(MARKS.sub("", fold(plain)))


def read_disclosure(tree: LexborHTMLParser) -> Disclosure:
    """The block's fields, first value of each; nothing when there are not at least two labels of a disclosure block together."""
    found: list[_Found] = []
    for node in tree.css(CELLS):
        if node.css_first("td, p, li, dd, table") is not None and node.tag in ("div", "td", "li", "span"):
            continue
        got = _pair(node)
        if got is not None:
            found.append(got)
    strong = {item.field for item in found if item.field in STRONG}
    if len(strong) < 2:
        return Disclosure({}, (), len(strong))
    fields: dict[str, str] = {}
    for item in found:
        if item.field and item.value not in NOTHING and not SCRIPT.search(item.value):
            fields.setdefault(item.field, item.value)
    return Disclosure(fields, _blocks([item.node for item in found if item.field in STRONG or item.field == "name"]), len(strong))


def _pair(node: Node) -> _Found | None:
    """A label in this node, with the value in the same node, the next one, or the one below."""
    written = node.text(deep=True, strip=False)
    if len(written) > 400 and node.tag not in ("td", "p", "li"):
        return None
    own = text(node) if len(written) < 2000 else ""
    if not own:
        return None
    field = label_of(own)
    if field is not None:
        value = _next_value(node)
        return _Found(field, value, node) if value is not None else None
    match = INLINE.match(own)
    if match is None:
        return None
    field = label_of(match[1])
    if field is None or node.tag in ("span", "strong", "b", "em", "label"):
        return None
    return _Found(field, match[2].strip(EDGES), node)


def _next_value(node: Node) -> str | None:
    """The value of a label that fills its node."""
    if node.tag in ("td", "th"):
        return _cell_value(node)
    following = node.next
    while following is not None and (
        following.tag == "-comment" or (following.tag == "-text" and not squeeze(following.text_content))
    ):
        following = following.next
    if following is None:
        parent = node.parent
        return (
            _next_value(parent)
            if parent is not None and parent.tag in ("td", "th", "dt", "div", "li") and label_of(text(parent)) is not None
            else None
        )
    value = (following.text_content or "") if following.tag == "-text" else text(following)
    value = value.strip(EDGES + ":：")
    return "" if label_of(value) is not None else value


def _cell_value(cell: Node) -> str | None:
    """The next cell, or the one below where the row is a row of labels."""
    row = [child for child in (cell.parent.iter() if cell.parent is not None else ()) if child.tag in ("td", "th")]
    at = next((i for i, child in enumerate(row) if child.mem_id == cell.mem_id), None)
    if at is None:
        return None
    right = text(row[at + 1]).strip(EDGES) if at + 1 < len(row) else None
    if right is not None and label_of(right) is None:
        return right
    below = _below(cell, at, len(row))
    if below is not None:
        return below
    return "" if right is not None else None


def _below(cell: Node, at: int, width: int) -> str | None:
    row = cell.parent
    body = row.parent if row is not None else None
    following = row.next if row is not None else None
    while following is not None and following.tag in ("-text", "-comment"):
        following = following.next
    if following is None and body is not None and body.tag == "thead":
        following = body.next
        while following is not None and following.tag != "tbody":
            following = following.next
        following = following.css_first("tr") if following is not None else None
    if following is None or following.tag != "tr":
        return None
    row_below = [child for child in following.iter() if child.tag in ("td", "th")]
    if len(row_below) != width:
        return None
    value = text(row_below[at]).strip(EDGES)
    return None if label_of(value) is not None else value


def _blocks(nodes: list[Node]) -> tuple[Node, ...]:
    """The smallest tables, lists or boxes that hold the labels."""
    found: dict[int, Node] = {}
    for node in nodes:
        block = _block(node)
        if block is not None:
            found.setdefault(block.mem_id, block)
    kept = list(found.values())
    return tuple(block for block in kept if not any(other is not block and contains(other, block) for other in kept))


def _block(node: Node) -> Node | None:
    above = [node, *ancestors(node)]
    for candidate in above:
        if candidate.tag in ("table", "ul", "dl"):
            own = lines(candidate)
            labelled = sum(
                1 for line in own if any(label_of(cell) is not None or _has_label(cell) for cell in line.text.split("\t"))
            )
            # a layout table around the whole page also holds the article
            return (
                candidate
                if labelled * 3 >= len(own) and sum(len(line.text) for line in own) < 3000
                else (node if node.tag in ("p", "li", "div") else _row(node))
            )
    return node if node.tag in ("p", "li", "div") else _row(node)


def _row(node: Node) -> Node | None:
    return next((above for above in ancestors(node) if above.tag in ("tr", "p", "li")), None)


def _has_label(line: str) -> bool:
    match = INLINE.match(line)
    return match is not None and label_of(match[1]) is not None
