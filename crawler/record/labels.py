"""How the fields of a record are called where people read them: key → the word that disclosure pages print."""

FACTS = {
    "title": "标题", "channel": "栏目", "published": "时间", "source": "来源", "clicks": "点击", "body": "正文", "attachments": "附件", "people": "人员",
}  # fmt: skip
META = {
    "index_no": "索引号", "doc_no": "发文字号", "issuer": "发文机关", "written_date": "成文日期", "category": "主题分类", "keywords": "主题词",
    "validity": "有效性", "effective_date": "生效日期", "repeal_date": "废止日期", "expiry_date": "失效日期", "open_type": "公开方式",
    "abstract": "内容概述", "name": "名称", "project": "项目名称", "buyer": "采购单位", "region": "行政区域",
    "open_date": "公开日期", "open_scope": "公开范围", "open_term": "公开时限", "language": "语种", "format": "信息格式", "genre": "体裁",
    "doc_type": "公文种类", "department": "责任部门", "audience": "服务对象", "note": "备注", "project_no": "项目编号", "agency": "代理机构",
    "item": "品目", "budget": "预算金额", "amount": "成交金额", "opening_time": "开标时间", "experts": "评审专家",
}  # fmt: skip


def label_of(field: str) -> str:
    """The printed word for a field as provenance and documents name it: `title`, `meta.doc_no`; the field itself where there is none."""
    return META.get(field.removeprefix("meta."), FACTS.get(field, field))
