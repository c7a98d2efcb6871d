"""How fields and lines of the ledger are called on pages."""

from dataclasses import dataclass
from typing import Any

from crawler.monitor.told import told
from crawler.repository.changes import ChangeView

FACTS = {
    "title": "标题",
    "channel": "栏目",
    "published": "时间",
    "source": "来源",
    "clicks": "点击",
    "body": "正文",
    "attachments": "附件",
    "people": "人员",
}
META = {
    "index_no": "索引号", "doc_no": "发文字号", "issuer": "发文机关", "written_date": "成文日期", "open_date": "公开日期", "category": "主题分类", "keywords": "主题词",
    "validity": "有效性", "effective_date": "生效日期", "repeal_date": "废止日期", "expiry_date": "失效日期", "open_type": "公开方式", "abstract": "内容概述",
    "name": "名称", "project": "项目名称", "buyer": "采购单位", "region": "行政区域", "genre": "体裁", "language": "语种", "format": "信息格式",
}  # fmt: skip
LOUD = ("edit", "gone", "attachment", "health", "withheld")  # changed or gone: the one accent
SHOWN = 3  # differences in a line


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger as pages show it. `differences`: (place, before, after)."""

    seq: int
    at: int
    kind: str
    loud: bool
    title: str
    where: str
    source: str
    document: str | None
    doc_no: str | None
    why: str
    differences: tuple[tuple[str, str, str], ...]
    more: int
    before: int | None
    after: int | None


def change_lines(change: ChangeView) -> Line:
    """One line of the ledger."""
    said = told(change)
    found = [difference(item) for item in said.data["differences"]]
    return Line(
        change.seq, change.at, change.kind, change.kind in LOUD, change.title or change.source, f"/d/{change.document}" if change.document else f"/s/{change.source}",
        change.source, change.document, change.doc_no, said.why, tuple(found[:SHOWN]), max(0, len(found) - SHOWN), change.before, change.after,
    )  # fmt: skip


def difference(item: dict[str, Any]) -> tuple[str, str, str]:
    """(place, before, after) of a difference, for people."""
    name = item["field"]
    place = FACTS.get(name) or META.get(name.removeprefix("meta.")) or name
    if item.get("paragraph"):
        place = f"{place}第 {item['paragraph']} 段"
    return place, item["before"] or "", item["after"] or ""
