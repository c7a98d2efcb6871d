"""Tables as publishing systems, Word and Excel write them, by us: name → (HTML, rows as a reader sees them, heading rows).

`None` for rows: a layout, or spans that contradict each other, which is no grid.
"""

Written = tuple[str, tuple[tuple[str, ...], ...] | None, int]


def rows(*lines: str) -> tuple[tuple[str, ...], ...]:
    """`a|b||d` → a row of four cells."""
    return tuple(tuple(line.split("|")) for line in lines)


def table(inner: str, attributes: str = "border='1'") -> str:
    """A table with lines."""
    return f"<table {attributes}>{inner}</table>"


def tr(*cells: str, tag: str = "td") -> str:
    """A row; a cell may bring its own tag."""
    return "<tr>" + "".join(cell if cell.startswith(("<td", "<th")) else f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


PLAIN = tr("序号", "姓名", "得分") + tr("1", "王小禾", "92.5") + tr("2", "李大田", "88")
SHOWN = rows("序号|姓名|得分", "1|王小禾|92.5", "2|李大田|88")
LONG = "为做好今年的工作，各单位要加强领导，落实责任，按时完成任务，并将有关情况及时报送。" * 8

TABLES: dict[str, Written] = {
    "plain": (table(PLAIN), SHOWN, 1),
    "no lines, no attributes": (table(PLAIN, ""), SHOWN, 1),
    "thead and tbody": (table(f"<thead>{tr('年', '额', tag='th')}</thead><tbody>{tr('2023', '7')}{tr('2024', '8')}</tbody>"), rows("年|额", "2023|7", "2024|8"), 1),
    "thead of td": (table(f"<thead>{tr('甲', '乙')}</thead><tbody>{tr('丙', '丁')}</tbody>"), rows("甲|乙", "丙|丁"), 1),
    "two rows in thead": (
        table(f"<thead>{tr('<th rowspan=2>地区</th>', '<th colspan=2>人数</th>')}{tr('男', '女', tag='th')}</thead>{tr('东镇', '7', '8')}"),
        rows("地区|人数|人数", "地区|男|女", "东镇|7|8"), 2,
    ),
    "tfoot before tbody": (table(f"<tfoot>{tr('合计', '15')}</tfoot><tbody>{tr('东镇', '7')}{tr('西镇', '8')}</tbody>"), rows("东镇|7", "西镇|8", "合计|15"), 0),
    "thead behind tbody": (table(f"<tbody>{tr('东镇', '7')}</tbody><thead>{tr('地区', '人数', tag='th')}</thead>"), rows("地区|人数", "东镇|7"), 1),
    "two tbodies": (table(f"<tbody>{tr('甲', '1')}</tbody><tbody>{tr('乙', '2')}</tbody>"), rows("甲|1", "乙|2"), 0),
    "th in the first row": (table(tr("地区", "人数", tag="th") + tr("东镇", "七")), rows("地区|人数", "东镇|七"), 1),
    "th in the first column": (table(tr("<th>名称</th>", "某桥") + tr("<th>地点</th>", "某路")), rows("名称|某桥", "地点|某路"), 0),
    "colspan": (table(tr("<td colspan=3>一、城区</td>") + tr("1", "东街", "5") + tr("2", "西街", "6")), rows("一、城区|一、城区|一、城区", "1|东街|5", "2|西街|6"), 0),
    "rowspan": (table(tr("<td rowspan=2>城区</td>", "东街") + tr("西街") + tr("镇区", "南街")), rows("城区|东街", "城区|西街", "镇区|南街"), 0),
    "both": (table(tr("<td rowspan=2 colspan=2>甲</td>", "乙") + tr("丙") + tr("丁", "戊", "己")), rows("甲|甲|乙", "甲|甲|丙", "丁|戊|己"), 0),
    "rowspans interlocked": (
        table(tr("<td rowspan=2>甲</td>", "乙", "<td rowspan=3>丙</td>") + tr("<td rowspan=2>丁</td>") + tr("戊") + tr("己", "庚", "辛")),
        rows("甲|乙|丙", "甲|丁|丙", "戊|丁|丙", "己|庚|辛"), 0,
    ),
    "rowspan in the middle": (table(tr("甲", "<td rowspan=2>乙</td>", "丙") + tr("丁", "戊")), rows("甲|乙|丙", "丁|乙|戊"), 0),
    "rowspan of zero": (table(tr("<td rowspan=0>全</td>", "甲") + tr("乙") + tr("丙")), rows("全|甲", "全|乙", "全|丙"), 0),
    "colspan of zero": (table(tr("<td colspan=0>甲</td>", "乙") + tr("丙", "丁")), rows("甲|乙", "丙|丁"), 0),
    "rowspan ends with its group": (table(f"<tbody>{tr('<td rowspan=5>甲</td>', '乙')}{tr('丙')}</tbody><tbody>{tr('丁', '戊')}</tbody>"), rows("甲|乙", "甲|丙", "丁|戊"), 0),
    "rowspan beyond the last row": (table(tr("甲", "乙") + tr("<td rowspan=9>丙</td>", "丁")), rows("甲|乙", "丙|丁"), 0),
    "colspan wider than the table": (table(tr("<td colspan=99>共两处</td>") + tr("甲", "乙") + tr("丙", "丁")), rows("共两处|共两处", "甲|乙", "丙|丁"), 0),
    "spans that are no numbers": (table(tr("<td colspan='x'>甲</td>", "<td rowspan='-2'>乙</td>") + tr("<td colspan='1.9'>丙</td>", "<td rowspan=' 1px'>丁</td>")), rows("甲|乙", "丙|丁"), 0),
    "an empty row below a rowspan": (table(tr("<td rowspan=2>甲</td>", "<td rowspan=2>乙</td>") + "<tr></tr>" + tr("丙", "丁")), rows("甲|乙", "丙|丁"), 0),
    "an empty cell first": (table(tr("", "2023", "2024") + tr("东镇", "7", "8")), rows("|2023|2024", "东镇|7|8"), 0),
    "an empty cell in the middle": (table(tr("甲", "", "丙") + tr("丁", "戊", "己")), rows("甲||丙", "丁|戊|己"), 0),
    "an empty cell last": (table(tr("甲", "乙", "&nbsp;") + tr("丁", "戊", "")), rows("甲|乙|", "丁|戊|"), 0),
    "empty cells last, but for one": (table(tr("甲", "乙", "&nbsp;") + tr("丁", "戊", "己")), rows("甲|乙|", "丁|戊|己"), 0),
    "an empty row": (table(tr("甲", "乙") + tr("", "") + tr("丙", "丁")), rows("甲|乙", "|", "丙|丁"), 0),
    "a row that ends early": (table(tr("甲", "乙", "丙") + tr("丁") + tr("戊", "己", "庚")), rows("甲|乙|丙", "丁||", "戊|己|庚"), 0),
    "many paragraphs in a cell": (table(tr("一", "".join(f"<p>第{n}段</p>" for n in "一二三四五六七")) + tr("二", "<p>八</p>")), rows("一|第一段 第二段 第三段 第四段 第五段 第六段 第七段", "二|八"), 0),
    "many lines in a cell": (table(tr("一", "<br>".join("甲乙丙丁戊己庚辛壬癸")) + tr("二", "八")), rows("一|" + " ".join("甲乙丙丁戊己庚辛壬癸"), "二|八"), 0),
    "boxes in every cell": (table(tr(*["<div><div><p><span>甲</span></p></div></div>"] * 2) + tr("<div>丙</div>", "<div>丁</div>")), rows("甲|甲", "丙|丁"), 0),
    "a list in a cell": (table(tr("职责", "<ul>" + "<li>办文</li><li>办会</li>" * 3 + "</ul>") + tr("电话", "0000")), rows("职责|" + " ".join(["办文 办会"] * 3), "电话|0000"), 0),
    "links in a cell": (table(tr("附表", "<a href=1.doc>一</a> <a href=2.doc>二</a> <a href=3.doc>三</a> <a href=4.doc>四</a>") + tr("说明", "无")), rows("附表|一 二 三 四", "说明|无"), 0),
    "a long cell": (table(tr("事实", LONG) + tr("决定", "罚款") + tr("机关", "某局") + tr("日期", "5月6日")), rows(f"事实|{LONG}", "决定|罚款", "机关|某局", "日期|5月6日"), 0),
    "a table in a cell": (
        table(tr("姓名", "王小禾", "性别", "女") + tr("经历", f"<td colspan=3>{table(tr('2001', '入学') + tr('2005', '毕业'))}</td>") + tr("单位", "某局", "电话", "0000")),
        rows("姓名|王小禾|性别|女", "经历" + "|2001 入学 2005 毕业" * 3, "单位|某局|电话|0000"), 0,
    ),
    "a caption": (table("<caption>得分表</caption>" + PLAIN), SHOWN, 1),
    "a colgroup": (table("<colgroup><col><col><col></colgroup>" + PLAIN), SHOWN, 1),
    "a title over the head": (table(tr("<td colspan=3>二〇二四年得分表</td>") + PLAIN), (("二〇二四年得分表",) * 3, *SHOWN), 2),
    "title and unit over the head": (table(tr("<td colspan=3>得分表</td>") + tr("<td colspan=3>单位：分</td>") + PLAIN), (("得分表",) * 3, ("单位：分",) * 3, *SHOWN), 3),
    "a head of two rows": (
        table(tr("<td rowspan=2>地区</td>", "<td colspan=2>人数</td>", "<td rowspan=2>备注</td>") + tr("男", "女") + tr("东镇", "7", "8", "") + tr("西镇", "9", "10", "新设")),
        rows("地区|人数|人数|备注", "地区|男|女|备注", "东镇|7|8|", "西镇|9|10|新设"), 2,
    ),
    "labels and values": (table(tr("项目名称", "某桥", "采购单位", "某局") + tr("预算金额", "100万元", "开标时间", "2024年5月6日")), rows("项目名称|某桥|采购单位|某局", "预算金额|100万元|开标时间|2024年5月6日"), 0),
    "a hidden row": (table(PLAIN + "<tr style='display:none'><td>3<td>某<td>0</tr>"), SHOWN, 1),
    "a hidden cell": (table(tr("甲", "<td style='display: none'>x</td>", "乙") + tr("丙", "丁")), rows("甲|乙", "丙|丁"), 0),
    "Word": (
        "<table class='MsoTableGrid' style='border-collapse:collapse'>"
        + "".join(f"<tr>{''.join(f'<td width=99 style=border:solid><p class=MsoNormal><span>{word}<o:p></o:p></span></p></td>' for word in row)}</tr>" for row in SHOWN)
        + "</table>", SHOWN, 1,
    ),
    "tags left open": ("<table border=1><tr><td>甲<td>乙<tr><td>丙<td>丁</table>", rows("甲|乙", "丙|丁"), 0),
    "within a layout": (f"<table><tr><td>{table(PLAIN)}</td></tr></table>", SHOWN, 1),
    "within two layouts": (f"<table><tr><td><table><tr><td>{table(PLAIN)}</td></tr></table></td></tr></table>", SHOWN, 1),
    "one row with lines": (table(tr("项目名称", "某桥")), rows("项目名称|某桥"), 0),
    "two cells in one place": (table(tr("甲", "<td rowspan=2>乙</td>") + tr("<td colspan=2>丙</td>")), None, 0),
    "two rows in one place": (table(tr("甲", "乙", "<td rowspan=3>丙</td>") + tr("<td rowspan=2 colspan=3>丁</td>") + tr("戊")), None, 0),
    "a layout of one cell": (f"<table><tr><td><p>{LONG}</p></td></tr></table>", None, 0),
    "a layout of one column": ("<table><tr><td>关于某事的通知</td></tr><tr><td>时间：5月6日</td></tr><tr><td><p>各单位：</p></td></tr></table>", None, 0),
    "a layout of two columns": (f"<table><tr><td>栏目</td><td>{LONG}</td></tr><tr><td>导航</td><td>某县</td></tr></table>", None, 0),
    "a layout with a heading": (f"<table><tr><td>首页</td><td><h1>通知</h1></td></tr><tr><td>上页</td><td><p>{LONG[:90]}</p></td></tr></table>", None, 0),
    "a layout by its role": (table(PLAIN, "role=presentation"), None, 0),
    "pictures side by side": ("<table><tr><td><img src=1.jpg></td><td><img src=2.jpg></td></tr><tr><td><img src=3.jpg></td><td></td></tr></table>", None, 0),
}  # fmt: skip
