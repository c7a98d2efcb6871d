"""The words that name a fact on a page, and what stands behind them. Labels are matched folded: in any script, width and spacing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from crawler.parsers.sheet import MARK, Line
from crawler.parsers.tree import EDGES, squeeze
from crawler.text.fold import Changes, fold, fold_map, key_of

# Field → its labels in a disclosure block, the best first: 主题分类 is the category where 组配分类 stands beside it.
LABELS = {
    "index_no": "索引号 信息索引号 信息索引 索取号 信息索取号 公开索引号 索引码 信息索引码 索引",
    "doc_no": "发文字号 文号 文件编号 文件字号 公文文号 发文文号 文件号 发文号 文件文号 公文字号 发布文号 文件字号",
    "issuer": "发文机关 发文机构 发布机构 发文单位 制发机关 发布机关 制定机关 公开机构 发布单位 信息发布机构 公开责任部门 制发单位 印发机关 发文部门 发布部门 公布机关 信息公开机构 公开单位",
    "written_date": "成文日期 生成日期 成文时间 发文日期 制发日期 印发日期 公文生成日期 生成时间 签发日期 制发时间 印发时间 文件日期",
    "open_date": "公开日期",
    "category": "主题分类 信息分类 信息类别 公开分类 主题类别 所属主题 分类 文件分类 组配分类 公开类别 公开目录 信息类型 所属类别 主题",
    "keywords": "主题词 关键词 关键字",
    "validity": "有效性 效力状态 时效性 是否有效 有效状态 时效状态 文件有效性 文件效力 文件状态 效力 时效",
    "effective_date": "生效日期 生效时间 实施日期 施行日期 实施时间 施行时间",
    "expiry_date": "失效日期 失效时间 有效期至 终止日期",
    "repeal_date": "废止日期 废止时间",
    "open_type": "公开方式 公开形式 公开属性 公开类型",
    "abstract": "内容概述 内容摘要 信息概述 内容概要 摘要 概述 内容简介",
    "name": "信息名称 文件名称 名称 标题 信息标题 文件标题 公文名称 公文标题",
    "language": "语种",
    "format": "信息格式 载体类型 记录形式",
    "genre": "体裁 体裁分类",
    "doc_type": "公文种类 文种",
    "department": "责任部门 办文部门",
    "open_scope": "公开范围",
    "open_term": "公开时限",
    "audience": "服务对象分类 服务对象",
    "note": "备注",
    "project": "采购项目名称 项目名称",
    "project_no": "采购项目编号 项目编号",
    "buyer": "采购单位 采购人 采购人名称 采购单位名称",
    "region": "行政区域",
    "item": "品目 品目名称 采购品目",
    "budget": "预算金额 采购预算 项目预算",
    "opening_time": "开标时间 开启时间",
    "agency": "代理机构名称 代理机构 采购代理机构 采购代理机构名称",
    "amount": "总中标金额 成交金额 中标金额 总成交金额",
    "experts": "评审专家 评审专家名单 评标委员会成员 评审小组成员 谈判小组成员 磋商小组成员",
    "published": "发布日期 发布时间 公开时间 信息发布时间 发文时间 公布日期 公布时间 信息发布日期 上网日期 上网时间",
    "source": "信息来源 来源",
    "": "公告时间 附件 有效期 截止日期 信息编号 "
    "联系人及联系方式 项目联系人 项目联系电话 采购单位地址 采购单位联系方式 代理机构地址 代理机构联系方式 首次公告日期 中标日期 成交日期 "
    "更新日期 更新时间 浏览次数 点击数 联系电话 所属机构 公开程序 审核程序 主送机关 签发人 发布人 解读 相关解读 政策解读 生命周期 文件下载 访问量",
}
# Facts of the line under a title. 发布机构 is a source there, the issuer in a block.
FACTS = {
    "published": "发布时间 发布日期 时间 日期 时间发布 公开日期 信息发布时间 信息发布日期 发布于 发表时间 发表日期 发文时间 更新时间 更新日期 公布时间 公布日期 添加时间 录入时间 "
    "信息时间 公告时间 公开时间 信息日期 日期时间 上传时间 文章日期 加入时间 上网时间 上网日期 发表于 稿件时间 发稿时间 刊登时间 刊登日期 刊发时间 刊发日期 登载时间 登载日期 挂网时间 挂网日期 推送时间 文章时间 新闻时间 发稿日期 稿件日期 上传日期 添加日期 录入日期 编辑时间 信息公开日期 信息公开时间 发布",
    "source": "来源 信息来源 文章来源 稿件来源 新闻来源 消息来源 来源于 供稿 供稿单位 发布机构 发布单位 信息提供 稿源 发稿单位 文章出处 出处 来自 发文单位 信息来源于 转载自 发布部门 内容来源 来源单位 供稿部门 信息提供单位 信息来自 文稿来源 资料来源 稿件出处 信息出处 发布者单位 信息发布单位",
    "doc_no": "文号 发文字号 文件编号 发文文号 公文文号",
    "clicks": "点击 点击数 点击量 浏览次数 浏览量 浏览 阅读次数 阅读 阅读量 访问次数 访问量 点击率 点击次数 浏览数 人气 阅读数 浏览人数 浏览率",
    "": "作者 编辑 责任编辑 字号 字体 字体大小 打印 分享 责编 审核 校对 文字大小 发布人 撰稿 视力保护色 分享到 保护视力色 信息索引 标签 撰写 字 信息来源单位 摄影 文字 图片 审核人 "
    "审稿 编审 初审 复审 终审 值班编辑 通讯员 记者 录入 录入者 发布者 大小 字体显示 我要打印 栏目 收藏 索引号 语音播报 关键词 摄影者 背景色 浏览字号 选择字号 选择背景色",
}
IN_ENGLISH = {
    "doc_no": "documentno documentno. documentnumber referenceno referenceno.",
    "issuer": "issuedby issuingauthority issuingbody issuer",
    "index_no": "indexno indexno. indexnumber",
}
FACTS_IN_ENGLISH = {
    "published": "date released releasetime releasedate releasedon publishedon published publishdate publishtime publicationdate dateofpublication postedon posted updated updatetime",
    "source": "source publishedby",
    "doc_no": IN_ENGLISH["doc_no"],
    "clicks": "views hits visits",
    "": "author editor fontsize print share",
}
STRONG = frozenset(  # two of these stand together in a disclosure block only
    {
        "index_no", "doc_no", "issuer", "written_date", "open_date", "category", "open_type", "project", "buyer", "region", "keywords", "validity",
        "effective_date", "expiry_date", "repeal_date",
    }
)  # fmt: skip
CORE = STRONG - {"project", "buyer", "region"}
NOTHING = frozenset({"", "无", "暂无", "-", "--", "——", "/", "null", "undefined", "空"})
LONGEST_LABEL = 20
LONGEST_LINE = 400
LONGEST_HEAD = 160  # characters in which a label ends, each with its reading in brackets
MARKS = re.compile(r"[\s:：\[\]【】*﹡]+")
SCRIPT = re.compile(r"\bvar\s+\w+\s*=|document\.write|function\s*\(|\{\{|^\$")
COLONS, YEAR = ":：∶︰﹕", re.compile(r"\s(?:19|20)\d\d[-/.年]")
AROUND = frozenset(" \t\r\n\xa0\u3000:：[]【】*﹡()（）")  # marks that stand around a label, or may hold its reading
COLON = Changes({"∶": ":", "︰": ":", "﹕": ":", "：": ":"})


def _table(words: dict[str, str], english: dict[str, str]) -> dict[str, tuple[str, int]]:
    return {
        MARKS.sub("", fold(label)): (name, rank)
        for table in (english, words)
        for name, labels in reversed(table.items())
        for rank, label in reversed(list(enumerate(labels.split())))
    }


BLOCK_LABELS = _table(LABELS, IN_ENGLISH)
FACT_LABELS = _table(FACTS, FACTS_IN_ENGLISH)


def _pattern(labels: dict[str, tuple[str, int]]) -> re.Pattern[str]:
    # Folded text is in lower case: a pattern that minds none may skip an alternative by its first character.
    spaced = sorted((r"\s*".join(map(re.escape, label)) for label in labels), key=len, reverse=True)
    return re.compile(r"(?<![\w])[\[【(（*]?\s*(" + "|".join(spaced) + r")\s*[\]】)）]?\s*(?::\s*|(?=\s(?:19|20)\d\d[-/.年]))")


BEGINS = re.compile(
    MARK
    + r"(?=[\[【(（]?\s*(?:"
    + "|".join(sorted(set(" ".join(FACTS.values()).split()), key=len, reverse=True))
    + r")\s*[\]】)）]?\s*[:：])"
)
DAY_HINT = re.compile(r"(?:19|20)\d\d")
CLOCKED = re.compile(MARK + r"(?=(?:[01]?\d|2[0-3])[:：]\d\d(?!\d))(?:(?<=\d\d.)|(?<=[日号].))")
DATED = re.compile(
    MARK
    + r"(?=\s*[\[【(（]?\s*(?:19|20)\d\d\s?[-/.年]\s?\d)(?<=[^\d\s:：].)|(?:(?<=\d日)|(?<=\d号))"
    + MARK
    + r"(?=[^\s\d])|"
    + MARK
    + r"(?=[\[【])"
)
IN_BLOCK, IN_FACTS = _pattern(BLOCK_LABELS), _pattern(FACT_LABELS)
SOURCE_END = re.compile(
    r"\s{2,}|[|｜【\[]|(?<=[^\d])\s(?=\d{4}[-年])|\s(?=字)|\u3000|\s(?=(?:作者|编辑|记者|点击|浏览)\b)"
    r"|\s(?=[\u3400-\u9fff]{2,6}\s?[:：])|\s(?=(?:阅读|浏览|点击|访问|人气)\D{0,4}\d)"  # a label or a counter that we do not know
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One label in a line: the field, how good a label of it it is (0 best), the word, and the page's own text behind it."""

    field: str
    rank: int
    label: str
    value: str


def label_of(written: str) -> tuple[str, int] | None:
    """(field, rank) of a label of the disclosure block that fills a cell or a line; the field is empty for labels we do not keep."""
    # asked of every line and cell of a page, nearly all of which are none
    return _label_of(written) if may_be_label(written) else None


@lru_cache(maxsize=4096)
def _label_of(written: str) -> tuple[str, int] | None:
    plain = MARKS.sub("", written)
    return BLOCK_LABELS.get(MARKS.sub("", fold(plain))) if 2 <= len(plain) <= LONGEST_LABEL else None


class _Edge(dict[str, bool]):
    """Character → does a label begin, or end, so? Filled as characters are met."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.keys_of_labels = frozenset(label[place] for label in BLOCK_LABELS)

    def __missing__(self, character: str) -> bool:
        found = self[character] = character in AROUND or key_of(character) in self.keys_of_labels
        return found


BEGIN_SO, END_SO = _Edge(0), _Edge(-1)


def may_be_label(written: str) -> bool:
    """Does a text begin and end like a label of the disclosure block?"""
    return 2 <= len(written) <= LONGEST_LABEL * 4 and BEGIN_SO[written[0]] and END_SO[written[-1]]


def has_colon(line: str) -> bool:
    """Does a line have a colon of any kind?"""
    return ":" in line or "：" in line or "∶" in line or "︰" in line or "﹕" in line


def may_have_label(line: str) -> bool:
    """A colon of any kind, or a year set apart, without which a line has no label."""
    return has_colon(line) or (("19" in line or "20" in line) and YEAR.search(line) is not None)


def in_block(line: str) -> tuple[Labelled, ...]:
    """The labels of a line of a disclosure block; empty when the line does not begin with one."""
    return _labelled(line, facts=False) if has_colon(line) else ()


def in_facts(line: str) -> tuple[Labelled, ...]:
    """The labels of a line of facts."""
    return _labelled(line, facts=True) if may_have_label(line) else ()


def spaced(line: Line) -> str:
    """The line's text with space where another element begins a label or a date, or ends one, and between cells:
    `时间:2021-11-30<b>来源:</b>` and `<i>某局</i><i>2024-05-06</i><i>09:30</i>` are separate words."""
    if line.cells:
        return line.text.replace("\t", "  ")
    return _spaced(line.marked) if line.marked and len(line.text) <= LONGEST_LINE else line.text


@lru_cache(maxsize=1024)  # a line is asked about by the title, the block, the facts and the body
def _spaced(marked: str) -> str:
    if DAY_HINT.search(marked):
        marked = DATED.sub("  ", CLOCKED.sub(" ", marked))
    if has_colon(marked):
        marked = BEGINS.sub("  ", marked)
    return marked.replace(MARK, "")


def head_of(line: Line) -> tuple[str, str]:
    """The text of the line's first element, and the rest."""
    first, _, rest = line.marked.partition(MARK)
    return first.strip(EDGES), rest.replace(MARK, "").strip(EDGES)


@lru_cache(maxsize=1024)  # a line is asked about by the title, the article, the facts and the body
def _labelled(line: str, *, facts: bool) -> tuple[Labelled, ...]:
    pattern, table = (IN_FACTS, FACT_LABELS) if facts else (IN_BLOCK, BLOCK_LABELS)
    if not facts and not _begins(line):
        return ()
    folded, where = _folded(COLON(line))
    matches = list(pattern.finditer(folded))
    if not matches or (not facts and matches[0].start() > 2):
        return ()
    found = []
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(folded)
        start = where[match.end() - 1] + 1 if match.end() else 0
        name, rank = table[MARKS.sub("", squeeze(match[1]).lower())]
        value = line[start : where[end] if end < len(folded) else len(line)].strip(EDGES + "|｜[]【】；;")
        found.append(Labelled(name, rank, squeeze(match[1]), value))
    return tuple(found)


def _begins(line: str) -> bool:
    """Does a line begin with a label of a block? Most lines with a colon do not, and are long."""
    head = fold(COLON(line[:LONGEST_HEAD]))
    return any(IN_BLOCK.match(head, at) for at in range(3))


def _folded(line: str) -> tuple[str, Sequence[int]]:
    """The folded line and where each of its characters came from; most lines keep their length, and the map is the identity."""
    folded = fold(line)
    if len(folded) == len(line) and "(" not in line and "（" not in line:
        return folded, range(len(line))
    return fold_map(line)


def source_of(value: str) -> str:
    """The name of a source from the text behind its label; empty when that is no name."""
    name = SOURCE_END.split(value)[0].strip(EDGES + ",，;；")
    if (
        len(name) > 80
        or label_of(name) is not None
        or SCRIPT.search(name)
        or name in NOTHING
        or name in ("打印", "本站讯", "【打印】")
    ):
        return ""
    return name if re.search(r"\w", name) else ""
