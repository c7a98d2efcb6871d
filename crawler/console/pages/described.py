"""The API for people: its description (OpenAPI) as a page, every operation with what it takes and answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crawler.console.pages.rendering import page, reader_of

router = APIRouter(include_in_schema=False)
CHINESE = {  # operation → what it is called; its English name stands in the description
    "search": "检索", "record": "一条记录", "versions": "各版本", "differences": "改动之处", "history": "来历", "citation": "如何引用", "work": "一份文件的各处刊载",
    "attachments": "全部附件", "attachment": "一个附件", "attachment_text": "附件文本", "attachment_payload": "附件字节", "ledger": "变动", "stream": "持续送出的变动",
    "capture": "一次存证", "payload": "存证字节", "sources": "全部来源", "source": "一个来源", "runs": "各次运行", "health": "是否一切正常", "stats": "收藏多少",
    "schema": "记录的 JSON Schema", "pause": "暂停来源", "resume": "恢复来源", "crawl": "立即抓取", "withhold": "停止提供文件", "restore": "恢复提供文件",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What an operation takes. `where`: path, query, or body; `form`: of what type, within which bounds."""

    name: str
    where: str
    form: str
    said: str
    needed: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers`: (status, what it means or is)."""

    id: str
    method: str
    path: str
    summary: str
    said: str
    token: bool
    takes: tuple[Taken, ...]
    answers: tuple[tuple[str, str], ...]


def operations(described: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """The operations of a description, by their first tag."""
    found: dict[str, list[Operation]] = {}
    parts = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            takes = [_parameter(each, parts) for each in one.get("parameters", ())]
            takes += _body(one.get("requestBody"), parts)
            answers = tuple(sorted((status, _answer(each)) for status, each in one["responses"].items()))
            made = Operation(
                one["operationId"],
                method.upper(),
                path,
                one["summary"],
                one["description"],
                "security" in one,
                tuple(takes),
                answers,
            )
            found.setdefault(one["tags"][0], []).append(made)
    return found


def _parameter(one: Mapping[str, Any], parts: Mapping[str, Any]) -> Taken:
    return Taken(one["name"], one["in"], form_of(one["schema"], parts), one.get("description", ""), one.get("required", False))


def _body(body: Mapping[str, Any] | None, parts: Mapping[str, Any]) -> list[Taken]:
    if body is None:
        return []
    schema = _plain(body["content"]["application/json"]["schema"], parts)
    needed = schema.get("required", ())
    return [
        Taken(name, "body", form_of(value, parts), value.get("description", ""), name in needed)
        for name, value in schema["properties"].items()
    ]


def _plain(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without its references and without null beside it."""
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            return _plain(one, parts)
    name = schema.get("$ref", "").rpartition("/")[2]
    return _plain(parts[name], parts) if name else schema


def form_of(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """Type, bounds and default in one line."""
    plain = _plain(schema, parts)
    said = " | ".join(plain["enum"]) if "enum" in plain else plain.get("type", "")
    if "items" in plain:
        said = f"{said} of {form_of(plain['items'], parts)}"
    if "minimum" in plain:
        said += f" {plain['minimum']}…{plain.get('maximum', '')}"
    if schema.get("default") not in (None, "", []):
        said += f" = {schema['default']}"
    return said


def _answer(one: Mapping[str, Any]) -> str:
    """What a good answer holds, what a bad one means."""
    kinds = list(one.get("content", ()))
    if kinds == ["application/problem+json"]:
        return str(one["description"])
    shapes = [value.get("schema", {}).get("$ref", "").rpartition("/")[2] for value in one.get("content", {}).values()]
    return ", ".join(f"{shape} {kind}".strip() for shape, kind in zip(shapes, kinds, strict=True))


@router.get("/api/docs")
def docs(request: Request) -> Response:
    """Every operation, and where the description and the record's schema are."""
    groups = operations(request.app.openapi())
    every = [set(one.answers) for group in groups.values() for one in group]
    chinese = CHINESE if reader_of(request).language == "zh" else {}
    values = {"here": "about", "groups": groups, "names": chinese, "common": sorted(set.intersection(*every))}
    return page(request, "docs.html", values)
