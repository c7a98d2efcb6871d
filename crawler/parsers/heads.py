"""Which rows of a table are its head, where no thead says so: rows of th, else rows whose words stand over another kind of values."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from crawler.parsers.tree import squeeze
from crawler.text.late import late

LONGEST_HEAD = 24  # characters of a heading cell
MOST_HEADS = 6
FIGURE = late(
    r"[￥¥$]?[-+－]?[\d,，.．]+(?:[%％‰]|[万亿千百]?[元人次个项家件户平㎡亩吨].{0,3})?|[-—－/／]+|[ⅠⅡⅢⅣⅤ一二三四五六七八九十]{1,3}"
)
DAY = late(r"(?:19|20)\d\d[-/.年]\d{1,2}(?:[-/.月](?:\d{1,2}日?)?)?.{0,8}")
CODE = late(r"[A-Za-z]{0,8}[-\d()（）〔〕\[\]*Xx]{5,}号?")
SERIAL = frozenset({"序号", "编号", "号", "号次", "次序", "No", "NO", "NO.", "No."})
HEADING = late(  # how the words end that stand over columns
    r"(?:名称|姓名|指标|说明|内容|类别|类型|性质|单位|部门|职务|职称|序号|编号|包号|标段|号码?|备注|时间|日期|年[度份]|金额|数量|单价|总价|预算|价格?|地址|地点|电话|方式|标准|依据|范围"
    r"|结果|意见|措施|事项|机关|机构|企业|公司|学校|专业|学历|性别|民族|岗位|成绩|分数|得分|总分|排名|名次|等级|级别|面积|人数|合计|小计|总计|比例|增长|规格|型号|品牌|品目|用途|来源|原因|人员?|者|地区|区域|县|市|省"
    r"|科目|项目|任务|目标|进度|状态|有效期|期限|条件|要求|情况|许可证|证号|期至|日期?止|期限至)(?:[（(].{1,12}[)）])?$"
)


@dataclass(slots=True)
class Cell:
    """A cell: its text, its element, whether it is a th, and over how many columns and rows it goes (0: all that are left)."""

    text: str
    place: int
    head: bool
    wide: int
    deep: int
    row: int = -1
    column: int = -1


def heading_rows(rows: list[list[Cell]], grid: list[list[str]]) -> int:
    """How many rows at the top head the others; `rows` as the page has them, `grid` with spans expanded."""
    marked = len(list(takewhile(lambda row: all(cell.head for cell in row), rows)))
    if 0 < marked < len(rows):
        return marked
    over = len(list(takewhile(lambda row: len(row) == 1 and row[0].wide > 1, rows)))  # what the whole table is called, its unit
    if over >= len(rows) - 1 or over > MOST_HEADS:
        return 0
    deep = max(cell.deep for cell in rows[over])
    last = over + max(1, min(deep, MOST_HEADS))
    if last >= len(rows) or not _is_head(rows[over], grid[over:last], grid[last:]):
        return 0
    return last


def are_headings(words: Sequence[str]) -> bool:
    """Do the cells of a row read like the words over columns?"""
    return sum(1 for word in words if word in SERIAL or HEADING().search(word)) * 5 >= len(words) * 3


def _is_head(cells: list[Cell], head: list[list[str]], below: list[list[str]]) -> bool:
    """Short words, no figures, over at least one column of figures, or begun by a word that only a heading begins with."""
    words = [squeeze(text) for text in head[-1]]
    if len(words) < 2 or not all(words) or any(len(word) > LONGEST_HEAD or _kind(word) for word in words):
        return False
    if any(text.rstrip().endswith(("：", ":")) for text in head[0]):
        return False
    heading = [HEADING().search(word) is not None for word in words]
    if len(words) >= 4 and all(heading[::2]) and not any(heading[1::2]):
        return False  # labels and values side by side
    named = squeeze(cells[0].text) in SERIAL
    if len(words) > 2 and len(set(words)) > 2 and (named or are_headings(words)):
        return True
    for column, word in enumerate(words):
        kinds = [_kind(squeeze(row[column])) for row in below if squeeze(row[column])]
        alike = bool(kinds) and bool(kinds[0]) and kinds.count(kinds[0]) * 5 >= len(kinds) * 4
        if alike and (named or (len(kinds) > 1 and len(words) > 2) or (len(kinds) > 2 and len(word) < 12)):
            return True
    return False


def _kind(text: str) -> str:
    for name, pattern in (("day", DAY), ("figure", FIGURE), ("code", CODE)):
        if pattern().fullmatch(text):
            return name
    return ""
