"""Lists that a page without rows fetches by an address of its own: `$.get`, `$.ajax`, `axios`, `fetch`. The first request a browser would send,
where the call says all of it; a page number that the script sets elsewhere begins at 1."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from crawler.model import Request
from crawler.parsers.literals import NoLiteral, read_literal
from crawler.parsers.pagers.apis import FORM, JSON, page_scripts, value_of
from crawler.parsers.pagers.requests import OFFSET_NAMES, PAGE_NAMES, parameters
from crawler.parsers.pagers.sheet import Pager, Sheet
from crawler.text import urls
from crawler.text.late import late

TEXT = r"(?:[\"'`](?P<{0}>[^\"'`\s$]{{3,400}})[\"'`]|(?P<{0}_name>[A-Za-z_$][\w$]*))"
SHORT = late(
    rf"(?:\$|jQuery|axios|http|request)\s*\.\s*(?P<verb>getJSON|get|post)\s*\(\s*{TEXT.format('url')}\s*(?P<data>,\s*(?=\{{))?"
)
FETCH = late(rf"(?<![\w.])fetch\s*\(\s*{TEXT.format('url')}\s*(?P<data>,\s*(?=\{{))?")
LONG = late(r"(?:\$\s*\.\s*ajax|axios|request|http)\s*\(\s*\{(?P<options>.{10,2500})", re.DOTALL)
URL = late(rf"\burl\s*:\s*{TEXT.format('url')}")
VERB = late(r"\b(?:type|method)\s*:\s*[\"'](?P<verb>get|post)[\"']", re.IGNORECASE)
DATA = late(r"\b(?:data|params)\s*:\s*(?P<json>JSON\.stringify\s*\(\s*)?(?=\{)")
JSON_TYPE = late(r"application/json", re.IGNORECASE)
ENDS = late(r"\b(?:success|error|complete|beforeSend)\s*:|\}\s*\)")
PAGING = PAGE_NAMES | OFFSET_NAMES


def fetched(sheet: Sheet) -> Pager | None:
    """The list's own request; None where the page has rows, or no call that is about pages says all that is sent."""
    if sheet.rows or sheet.tree is None:
        return None
    source = page_scripts(sheet)
    for request in (*_short(sheet, source), *_long(sheet, source)):
        if request is not None and any(name.rpartition(".")[2].lower() in PAGING for name in parameters(request)):
            return Pager(request, None, None, "api")
    return None


def _short(sheet: Sheet, source: str) -> Iterator[Request | None]:
    for form in (SHORT, FETCH):
        for match in form().finditer(source):
            verb = "post" if form is SHORT and match["verb"] == "post" else "get"
            data = _object(sheet, source, match.end()) if match["data"] else {}
            if data is None:
                continue
            if form is FETCH:
                verb = str(data.get("method") or "get").lower()
                data = {} if verb == "get" else None
            elif set(data) & {"params", "headers"}:
                data = data.get("params") or {}
            if data is not None:
                is_json = (
                    verb == "post"
                    and not source.startswith("$", match.start())
                    and not source.startswith("jQuery", match.start())
                )
                yield _request(sheet, _address(sheet, match), verb, data, is_json=is_json)


def _long(sheet: Sheet, source: str) -> Iterator[Request | None]:
    for match in LONG().finditer(source):
        end = ENDS().search(match["options"])
        options = match["options"][: end.start() + 1] if end else match["options"]
        url, verb, data = URL().search(options), VERB().search(options), DATA().search(options)
        held = _object(sheet, source, match.start("options") + data.end()) if data else {}
        if url is not None and held is not None:
            is_json = bool(data and data["json"]) or JSON_TYPE().search(options) is not None
            yield _request(sheet, _address(sheet, url), verb["verb"].lower() if verb else "get", held, is_json=is_json)


def _address(sheet: Sheet, match: re.Match[str]) -> str | None:
    said = match["url"] or value_of(sheet, match["url_name"])
    return urls.join(sheet.url, said) if isinstance(said, str) and ("/" in said or "." in said or "?" in said) else None


def _object(sheet: Sheet, source: str, at: int) -> dict[str, Any] | None:
    """The object at a place; None where a value of it is not known."""
    try:
        found = read_literal(source, at, lambda name: value_of(sheet, name))
    except NoLiteral:
        return None
    if not isinstance(found, dict):
        return None
    made = {name: 1 if value is None and name.lower() in PAGE_NAMES else value for name, value in found.items()}
    return None if any(value is None for name, value in made.items()) else made


def _request(sheet: Sheet, url: str | None, verb: str, data: dict[str, Any], *, is_json: bool) -> Request | None:
    if url is None or url == sheet.url:
        return None
    if verb == "post":
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")) if is_json else urlencode(data)
        return Request(url, "POST", JSON if is_json else FORM, body.encode())
    query = urlencode({name: value for name, value in data.items() if not isinstance(value, dict | list)})
    return Request(f"{url}{'&' if '?' in url else '?'}{query}" if query else url)
