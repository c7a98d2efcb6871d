"""The disclosure block is kept whole, by key and by label; a table of the text is none, however much its words are like one."""

import pytest

from crawler.model import Page
from crawler.parsers.detail import read_detail
from crawler.record.notice import Pair, Record
from crawler.record.rules import DetailRules
from tests.parsers.families import BODY, TITLE, page, text
from tests.parsers.mutate import AT
from tests.parsers.test_families import URL, recorded
from tests.parsers.written_tables import table, tr

FACTS = "<div class='info'>发布时间：2021-11-30 09:30 来源：某局</div>"
PAIRS = (
    ("索引号", "000000000/2021-00009"), ("语种", "中文"), ("信息格式", "HTML"), ("公开日期", "2021-11-30"), ("体裁", "通知"),
    ("公文种类", "公告"), ("责任部门", "办公室"), ("发文机关", "某局"), ("保管期限", "长期"), ("备注", "已归档"), ("文号", "无"),
)  # fmt: skip
KEYS = {
    "index_no": "000000000/2021-00009", "language": "中文", "format": "HTML", "open_date": "2021-11-30", "genre": "通知",
    "doc_type": "公告", "department": "办公室", "issuer": "某局", "note": "已归档",
}  # fmt: skip


def cells(per_row: int, tag: str = "td", colon: str = "") -> str:
    """Pairs as cells side by side."""
    flat = [f"<{tag}>{label}{colon}</{tag}><td>{value}</td>" for label, value in PAIRS]
    return table("".join(f"<tr>{''.join(flat[at : at + per_row])}</tr>" for at in range(0, len(flat), per_row)), "")


SHAPES = {
    "a pair a row": cells(1),
    "two pairs a row": cells(2, colon="："),
    "three pairs a row, th": cells(3, "th"),
    "pairs in one cell": table("".join(tr(*[f"{label}：{value}" for label, value in PAIRS[at : at + 2]]) for at in range(0, len(PAIRS), 2)), ""),
    "a list": f"<ul class='xxgk'>{''.join(f'<li>{label}：{value}</li>' for label, value in PAIRS)}</ul>",
    "a list of boxes": f"<ul>{''.join(f'<li><b>{label}：</b><span>{value}</span></li>' for label, value in PAIRS)}</ul>",
    "dl": f"<dl>{''.join(f'<dt>{label}：</dt><dd>{value}</dd>' for label, value in PAIRS)}</dl>",
    "paragraphs": "".join(f"<p>【{label}】：{value}</p>" for label, value in PAIRS),
    "twice, for two screens": cells(2) + cells(1),
}  # fmt: skip


def notice(above: str, article: str = "") -> Record:
    """A notice with this above its title, and this for its text."""
    inner = article or text()
    return recorded(page(f"{above}<h1>{TITLE}</h1>{FACTS}<div class='article'>{inner}</div>"))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pair_is_kept_in_the_order_of_the_page_and_known_ones_by_key(shape: str) -> None:
    made = notice(SHAPES[shape])
    assert made.labels == tuple(Pair(*pair) for pair in PAIRS)
    assert dict(made.meta) == KEYS
    assert made.body == BODY


@pytest.mark.parametrize("shape", ["table", "list"])
@pytest.mark.parametrize("edge", ["first", "last"])
def test_date_and_source_in_the_first_or_last_row_of_a_block_are_the_notice_s(shape: str, edge: str) -> None:
    facts, strong = [("发布日期", "2021-11-30"), ("信息来源", "某局")], [("索引号", "0001/2021-00009"), ("发文机关", "某某局")]
    rows = [*facts, *strong] if edge == "first" else [*strong, *facts]
    block = "".join(tr(*pair) for pair in rows) if shape == "table" else "".join(f"<li>{a}：{b}</li>" for a, b in rows)
    above = table(block, "") if shape == "table" else f"<ul>{block}</ul>"
    made = recorded(page(f"{above}<h1>{TITLE}</h1><div class='article'>{text()}</div>"))
    assert (made.published, made.source, made.body) == ("2021-11-30", "某局", BODY)


def test_date_and_source_beside_a_block_are_none_of_its() -> None:
    block = table(tr("索引号", "0001/2021-00009") + tr("发文机关", "某某局"), "")
    near = "<div><span>发布日期：2020-01-01</span> <a href='/a/1.html'>关于另一件事的通知</a></div>"
    made = recorded(page(f"{block}<h1>{TITLE}</h1>{FACTS}<div class='article'>{text()}</div>{near}"))
    assert (made.published, made.source) == ("2021-11-30 09:30", "某局")


def test_a_procurement_notice_keeps_its_labels_by_key() -> None:
    rows = (
        ("采购项目名称", "某设备"), ("品目", "货物/设备"), ("采购人", "某医院"), ("行政区域", "某县"), ("预算金额", "100万元"),
        ("开标时间", "2021年12月9日 09:30"), ("代理机构", "某公司"), ("评审专家", "甲某、乙某"), ("履约期限", "30天"),
    )  # fmt: skip
    made = notice(f"<div>{table(''.join(tr(*row) for row in rows))}</div>")
    assert made.labels == tuple(Pair(*row) for row in rows)
    assert dict(made.meta) == {
        "project": "某设备", "item": "货物/设备", "buyer": "某医院", "region": "某县", "budget": "100万元",
        "opening_time": "2021年12月9日 09:30", "agency": "某公司", "experts": "甲某、乙某",
    }  # fmt: skip


def test_a_line_of_the_block_that_is_no_pair_is_told() -> None:
    html = page(f"{table(tr('基本信息') + tr('索引号', '000/2021-1') + tr('发文机关', '某局'))}<h1>{TITLE}</h1>{FACTS}{text()}")
    found = read_detail(html, Page(URL, 200, (), b"", AT), rules=DetailRules())
    assert ("基本信息", "disclosure block: no label and value") in [(item.text, item.rule) for item in found.dropped]


BLOCK = table(tr("索 引 号:", "000/2021-9", "发文机关:", "某局") + tr("文 号:", "无", "成文日期:", "2021-11-30"), "class='xxgk'")
OF_THE_TEXT: dict[str, tuple[tuple[str, ...], ...]] = {
    "permits": (("序号", "经营者名称", "地址", "许可证编号", "有效期至", "签发机关"), ("1", "甲店", "人民路1号", "JY01", "2029年5月5日", "某局"), ("2", "乙店", "人民路2号", "JY02", "2029年5月5日", "某局")),
    "one permit": (("序号", "经营者名称", "许可证编号", "有效期至", "发证机关"), ("1", "甲店", "JY01", "2029年5月5日", "某局")),
    "punishments": (("序号", "当事人", "文号", "处罚事由", "发文日期"), ("1", "甲公司", "某罚〔2021〕1号", "未报", "2021-11-01"), ("2", "乙公司", "某罚〔2021〕2号", "未报", "2021-11-02")),
    "a list of acts": (("序号", "文件名称", "文号", "发文日期", "有效性"), ("1", "甲办法", "某发〔2001〕1号", "2001-01-01", "废止"), ("2", "乙办法", "某发〔2001〕2号", "2001-02-01", "有效")),
    "packages": (("包号", "货物名称", "数量", "采购预算"), ("1", "电镜", "1套", "3300万元")),
    "projects": (("项目名称", "采购单位", "预算金额", "备注"), ("甲楼", "某局", "10万元", ""), ("乙楼", "某局", "20万元", "续建")),
    "a decision": (("行政许可决定文书号", "某许〔2021〕1号"), ("许可内容", "经营"), ("相对人名称", "甲店"), ("有效期至", "2029-05-05"), ("许可机关", "某局"), ("生效日期", "2021-11-01"), ("备注", "")),
    "a deal": (("采购项目名称", "某设备"), ("采购单位", "某医院"), ("行政区域", "某县"), ("公告时间", "2021年11月30日"), ("成交供应商", "乙公司"), ("成交金额", "￥88.8万元"), ("评审专家", "甲某、乙某")),
}  # fmt: skip


@pytest.mark.parametrize("above", [BLOCK, ""], ids=["below a block", "without a block"])
@pytest.mark.parametrize("around", ["alone", "below a paragraph", "within the text"])
@pytest.mark.parametrize("name", OF_THE_TEXT)
def test_a_table_of_the_text_keeps_all_its_rows(name: str, around: str, above: str) -> None:
    rows = OF_THE_TEXT[name]
    html = table("".join(tr(*row) for row in rows))
    before = text(body=BODY[:2]) if around != "alone" else ""
    after = text(body=BODY[2:]) if around == "within the text" else ""
    made = notice(above, before + html + after)
    said = tuple("\t".join(row) for row in rows)
    first = 2 if before else 0
    assert made.body[first : first + len(rows)] == said
    assert [item.rows for item in made.tables] == [rows]
    assert not {"expiry_date", "effective_date", "validity"} & made.meta.keys()
    if above:
        assert (made.meta["index_no"], made.meta["issuer"], made.meta["written_date"]) == ("000/2021-9", "某局", "2021-11-30")
