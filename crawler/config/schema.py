"""The JSON Schema of a source's file, generated from the model that reads it: editors complete and check `config/sources/*.toml` with it."""

from collections.abc import Mapping
from typing import Any

from crawler.config.pagers import PAGERS
from crawler.config.shape import source_shape

WORDS: Mapping[str, Mapping[str, str]] = {
    "": {
        "title": "What people call the column: the site's name and its own",
        "start": "Address of its list page, or several; a table with url, method, body, headers where the list is an API",
        "pages": "Addresses of single pages that are watched: looked at by the same schedule, with versions and alarms; beside start or instead of it",
        "tags": "Words by which sources are chosen together: gongkai sources enable --tag WORD",
        "enabled": "Whether it is crawled by its schedule; what was never tried live is turned on by its user",
        "region": "行政区划代码, GB/T 2260: six digits",
        "level": "Level of the government that publishes it",
        "verified": "How it is known that this file works: never live, or when and how it was tried",
        "schedule": "When it is looked at",
        "list": "How its list pages are read; left out: auto",
        "detail": "How its notices are read; left out: auto. Several tables, each with since, for a site that was rebuilt",
        "politeness": "How its host is asked",
        "expect": "What it promises; what it does not keep is told",
    },
    "SourceScheduleTable": {
        "lists": "minute hour day month weekday, weekdays by name: the list pages, for what is new",
        "sweep": "minute hour day month weekday: the whole column, for what appeared late or out of order",
    },
    "ListTable": {
        "hosts": "Rows are followed to these hosts only; default: any public host",
        "rows": "CSS selector of a row; for JSON a path of keys",
        "link": "CSS selector of the link within a row; for JSON the key of the address",
        "title": "CSS selector of the title within a row; for JSON its key",
        "date": "CSS selector of the date within a row; for JSON its key",
        "min_items": "Fewer rows than this on a list page are an error of the selectors",
        "next": "auto, none, or a pager by name with its parameters",
        "max_pages": "List pages of one run, at most",
        "only": "Regular expression: rows are followed when their address matches",
        "skip": "Regular expression: rows are not followed when their address matches",
    },
    "DetailTable": {
        "parts": "CSS selector of what holds one notice where a page holds several",
        "body": "CSS selector of the article",
        "title": "CSS selector of the title",
        "published": "CSS selector of the date of publication",
        "source": "CSS selector of 来源",
        "channel": "CSS selector of 栏目",
        "since": "These rules are for captures of this day and later",
    },
    "PolitenessTable": {
        "queue": "Sources that share a queue are asked one request at a time, together; default: the host",
        "delay": "Least pause after an answer; never less than the network's own",
        "window": "Hours in which the host may be asked, Beijing time",
    },
    "ExpectTable": {
        "rows": "Rows of its first list pages, at least",
        "silence": "It has something new within this time; default: learned from its own rhythm",
        "fill": "Least share of notices with a field",
    },
    "OwnAttachmentsTable": {
        "fetch": "Documents that notices link to: all, none, or a list of endings such as pdf",
        "max_bytes": "The largest that is fetched",
    },
    "StartTable": {
        "url": "Address that is asked",
        "method": "GET or POST",
        "body": "Body of a POST",
        "headers": "Headers beside our own",
    },
}  # fmt: skip


def source_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) without what TOML cannot say, with a description for every key that has one."""
    schema: dict[str, Any] = _plain(source_shape())
    for name, words in WORDS.items():
        properties = schema["properties"] if not name else schema["$defs"][name]["properties"]
        for key, said in words.items():
            if key in properties:
                properties[key] = {"description": said, **properties[key]}
    schema["$defs"]["PagerTable"] = _pager()
    schema["$defs"]["ListTable"]["properties"]["next"] = {
        "description": WORDS["ListTable"]["next"],
        "anyOf": [{"enum": sorted(name for name, (needed, _) in PAGERS.items() if not needed)}, {"$ref": "#/$defs/PagerTable"}],
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Gongkai source: one column of one site"
    schema["description"] = "config/sources/<id>.toml; only title and start (or pages) are required"
    schema["anyOf"] = [{"required": ["start"]}, {"required": ["pages"]}]
    return schema


def _pager() -> dict[str, Any]:
    """A pager by name, each with the parameters it needs and knows."""
    kinds = []
    for name, (needed, more) in sorted(PAGERS.items()):
        known = {key: {"type": ["string", "integer"]} for key in sorted(needed | more)}
        kinds.append(
            {
                "type": "object",
                "properties": {"kind": {"const": name}, **known},
                "required": ["kind", *sorted(needed)],
                "additionalProperties": False,
            }
        )
    return {"anyOf": kinds}


def _plain(value: Any) -> Any:
    """Without null, which TOML has not, and without what only repeats a key's name."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    options = value.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        others = {key: item for key, item in value.items() if key not in ("anyOf", "default")}
        value = {**others, **rest[0]} if len(rest) == 1 else {**others, "anyOf": rest}
    return {
        key: _plain(item)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str)) and not (key == "default" and item in (None, {}, []))
    }
