"""The JSON Schema of the record, generated from the model: the contract of `show --as json`, `export` and `parse --json`."""

from typing import Any

from pydantic import TypeAdapter

from crawler.record.notice import Record

LABELS = {
    "title": "标题, as the page shows it",
    "channel": "栏目: last breadcrumb item that is not 正文, the title or a bare year",
    "published": "时间: YYYY[-MM[-DD[ HH:MM[:SS]]]], Asia/Shanghai, the page's own precision",
    "source": "来源; null when the page names none",
    "clicks": "点击; null when a script fills it",
    "body": "正文: paragraphs as a reader sees them, without furniture",
    "attachments": "附件; of a notice in the archive each has `file` as well, what became of it: state (text, no_text, missing, waiting, not fetched), "
    "reason, gone_since, media_type by its bytes, bytes, pages, digest, file_name, flags, says (what a red-header document states of itself: field, raw, place), extractor, capture, seen; "
    "text and tables where they were asked for",
    "tables": "tables of the text: `at` paragraph of the first row, caption, header: number of heading rows, rows with spans expanded",
    "images": "pictures of the text: `at` paragraph, url (null: within the page itself), alt",
    "people": "作者, 记者, 编辑, 责任编辑, 审核, 供稿, 摄影 …: role in the page's own word, name",
    "meta": "公开信息: index_no 索引号, doc_no 发文字号, issuer 发文机关, written_date 成文日期, category 主题分类 …; dates normalised; "
    "`labels`: every pair of the block as the page has it, known or not, in its order",
    "url": "the public address",
    "final_url": "the address after redirects",
    "site": "SiteIDCode and SiteName",
    "provenance": "per field: the rule that read it and its version, the raw text, the witnesses that disagreed, how sure that is",
    "incomplete": "what of the notice could not be read, in words; null when nothing is missing",
    "capture": "the very bytes: WARC file, offset, length, payload digest, time (UTC), public id of the capture",
    "further": "the captures of the notice's further pages, in order",
}


def record_schema() -> dict[str, Any]:
    """The schema (draft 2020-12), keys in the record's order, with their Chinese labels."""
    schema = TypeAdapter(Record).json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Gongkai record"
    for name, label in LABELS.items():
        schema["properties"][name]["description"] = label
    schema["properties"]["meta"]["properties"] = {"labels": schema["properties"].pop("labels")}
    schema["required"] = list(LABELS)
    return schema
