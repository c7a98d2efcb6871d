"""Records out of JSON, by the mapping of the source's file: `[detail.json]`, dotted paths, no code.

    [detail.json]
    address = "https://www.example.gov.cn/api/doc/{docId}"    # left out: the detail address itself answers with JSON
    records = "data.list"                                      # left out: the answer is one notice
    title = "docTitle"
    body = "content.html"
    published = "publishTime"
    attachments = "files"                                      # a list; each has
    attachment_url = "path"
    attachment_name = "fileName"
    doc_no = "docNumber"                                       # any field of the disclosure block, by its name

A path that leads nowhere in a whole answer is an error that names it: a silently empty field would look like a site without one.
Optional paths end in `?`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from crawler.errors import UnreadablePage
from crawler.model import Page, Request
from crawler.parsers.attachments import media_type, read_attachments
from crawler.parsers.flat import lay_flat
from crawler.parsers.tree import lines, parse
from crawler.record.normalize import DATE_FIELDS, META_ORDER
from crawler.record.notice import Attachment, Draft, Witness
from crawler.text import urls

META = META_ORDER
FIELDS = ("title", "published", "source", "channel", "clicks", "body")
FILES = ("attachments", "attachment_url", "attachment_name")
KEYS = ("address", "records", *FIELDS, *FILES, *META)
HOLE = re.compile(r"\{(\w+)\}")
WRAPPED = re.compile(r"^\ufeff?\s*+(?:[\w.$]++\s*+\()?+\s*+(?=[{\[])")  # possessive: a page may be a megabyte of white space
TAG = re.compile(r"<(?:p|br|div|span|table|td|h\d|a|img|strong|section|ul|li)\b", re.IGNORECASE)
MOST_PARTS = 500
BEIJING = timedelta(hours=8)


def is_json(source: str) -> bool:
    """Does this text look like JSON, or like JSON in a callback?"""
    return WRAPPED.match(source) is not None and "<html" not in source[:2000].lower()


def api_address(rules: Mapping[str, str], url: str) -> Request | None:
    """The address the source's file says the record is at: `{name}` from the page's query, `{stem}` the last part of its path without ending.

    Raises UnreadablePage when the page's address has no such part.
    """
    template = rules.get("address")
    if template is None:
        return None
    parts = urlsplit(urls.canonical(url))
    fragment = urlsplit(url).fragment.partition("?")[2]
    known = dict(parse_qsl(parts.query)) | dict(parse_qsl(fragment))
    known["stem"] = parts.path.rstrip("/").rpartition("/")[2].partition(".")[0]

    def fill(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise _wrong("address", f"{{{match[1]}}} is no parameter of {url}; it has: {', '.join(sorted(known))}")
        return quote(known[match[1]], safe="")

    address = urls.join(url, HOLE.sub(fill, template))
    if address is None:
        raise _wrong("address", f"{template!r} makes no address")
    return Request(address)


def read_mapped(source: str, page: Page, rules: Mapping[str, str]) -> tuple[Draft, ...]:
    """The notices of an answer. Raises UnreadablePage, naming the key of the mapping and what the answer has instead."""
    said = _load(source)
    found = _at(said, rules["records"], "records") if "records" in rules else [said]
    if not isinstance(found, list):
        raise _wrong("records", f"{rules['records']} is {_kind(found)}, not a list")
    drafts = [_draft(item, page, rules) for item in found[:MOST_PARTS]]
    left = f"{len(found) - MOST_PARTS} further notices of the answer were not read" if len(found) > MOST_PARTS else None
    return tuple(replace(draft, part=part, incomplete=left) for part, draft in enumerate(drafts))


def _load(source: str) -> Any:
    match = WRAPPED.match(source)
    text = source[match.end() :] if match else source
    try:
        return json.JSONDecoder().raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError) as error:
        raise _wrong("", f"the answer is no JSON: {str(error)[:200]}") from error


def _draft(item: Any, page: Page, rules: Mapping[str, str]) -> Draft:
    said = {name: _at(item, rules[name], name) for name in (*FIELDS, *META) if name in rules}
    witnesses = {
        (f"meta.{name}" if name in META else name): Witness(f"json.{rules[name]}", _plain(value)[:500])
        for name, value in said.items()
    }
    title = _plain(said.get("title")).strip()
    if not title:
        raise _wrong("title", f"{rules.get('title', 'title')} is empty")
    body, linked = _body(said.get("body"), page)
    files = {file.url: file for file in (*_files(item, page, rules), *linked)}
    return Draft(
        title=" ".join(line.text for line in lines(_root(title))) if TAG.search(title) else title,
        channel=_plain(said.get("channel")) or None,
        published=_date(said.get("published")),
        source=_plain(said.get("source")) or None,
        clicks=_plain(said.get("clicks")) or None,
        body=body,
        attachments=tuple(files.values()),
        meta=MappingProxyType({name: _meta(name, said[name]) for name in META if name in said}),
        witnesses=MappingProxyType(witnesses),
    )


def _root(html: str) -> Any:
    tree = parse(html)
    return tree.body or tree.root


def _body(value: Any, page: Page) -> tuple[tuple[str, ...], tuple[Attachment, ...]]:
    """Paragraphs and linked files. HTML or plain text, whole or as a list of paragraphs."""
    text = "\n".join(_plain(item) for item in value) if isinstance(value, list) else _plain(value)
    if not TAG.search(text):
        return tuple(line.strip() for line in text.splitlines() if line.strip()), ()
    sheet = lay_flat(parse(text))
    return tuple(line.text for line in sheet.lines), read_attachments(sheet, sheet.named("body")[:1], page.url, "utf-8")


def _files(item: Any, page: Page, rules: Mapping[str, str]) -> list[Attachment]:
    if "attachments" not in rules:
        return []
    listed = _at(item, rules["attachments"], "attachments") or []
    if not isinstance(listed, list):
        raise _wrong("attachments", f"{rules['attachments']} is {_kind(listed)}, not a list")
    found = []
    for file in listed:
        href = _plain(_at(file, rules["attachment_url"], "attachment_url")) if "attachment_url" in rules else _plain(file)
        url = urls.join(page.url, href)
        if url is None:
            raise _wrong("attachment_url", f"{href[:100]!r} is no address")
        name = _plain(_at(file, rules["attachment_name"], "attachment_name")) if "attachment_name" in rules else ""
        name = name or url.rpartition("/")[2]
        found.append(Attachment(url, name, media_type(url, name)))
    return found


def _plain(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _meta(name: str, value: Any) -> str:
    return (_date(value) or "") if name in DATE_FIELDS else _plain(value)


def _date(value: Any) -> str | None:
    """The text of a value; a number of 10 or 13 digits is seconds or milliseconds since 1970, told in Beijing time."""
    text = _plain(value).strip()
    if not re.fullmatch(r"1\d{9}(?:\d{3})?", text):
        return text or None
    at = int(text) / (1000 if len(text) == 13 else 1)
    return (datetime.fromtimestamp(at, UTC) + BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _at(said: Any, path: str, name: str) -> Any:
    """What stands at a path. Raises UnreadablePage."""
    optional, value = path.endswith("?"), said
    steps = path.rstrip("?").split(".")
    for number, step in enumerate(steps):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif optional:
            return None
        else:
            has = f"it has: {', '.join(map(str, list(value)[:12]))}" if isinstance(value, dict) else f"there is {_kind(value)}"
            where = ".".join(steps[:number]) or "the answer"
            raise _wrong(name, f"{path}: {where} has no {step!r}; {has}")
    return value


def _kind(value: Any) -> str:
    kinds = {
        dict: "an object",
        list: f"a list of {len(value)}" if isinstance(value, list) else "",
        str: "text",
        type(None): "null",
    }
    return kinds.get(type(value), "a number")


def _wrong(name: str, why: str) -> UnreadablePage:
    return UnreadablePage(f"detail.json{'.' if name else ''}{name}: {why}", reason="mapping")
