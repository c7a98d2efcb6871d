"""Lists that a script fetches: the request a browser would send, built from what the column page itself carries."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from crawler.model import Request
from crawler.parsers.literals import NoLiteral, read_literal
from crawler.parsers.pagers.requests import PAGE_NAMES, changed, number, parameters
from crawler.parsers.pagers.sheet import Pager, Sheet
from crawler.parsers.tree import attribute
from crawler.text import urls

FORM = (("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"), ("X-Requested-With", "XMLHttpRequest"))
JSON = (("Content-Type", "application/json"),)
JPAGE = re.compile(r"\.jpage\s*\(\s*(?=\{)")
AJAX = re.compile(r"\$\s*\.\s*ajax\s*\(\s*\{(?P<options>.{10,3000}?)(?:success|error|complete|beforeSend)\s*:", re.DOTALL)
AJAX_URL = re.compile(r"\burl\s*:\s*[\"'](?P<url>[^\"']{5,500})[\"']")
AJAX_DATA = re.compile(r"\bdata\s*:\s*JSON\.stringify\(\s*(?P<name>[\w$]+)\s*\)")
ASSIGNED = r"\b{name}\s*=\s*(?=[\{{\[\"'\d-])"
FROM_ATTRIBUTE = r"(?<![\w.\"'-]){name}\s*=\s*[^;=\n]*\.attr\(\s*[\"'](data-[\w-]+)[\"']\s*\)"
COMPARED = r"(?<![\w.\"'-]){name}\s*===?\s*[\"']?(\d{{1,9}})\b"
UNIT = "page/build/unit"


# ------------------------------------------------------------------ Hanweb
def grouped(sheet: Sheet) -> Pager | None:
    """`nextgroup` of a datastore, or the parameters of .jpage({…}): the next three pages in one request."""
    answer = sheet.answer
    options = _jpage(sheet)
    total = number(options.get("totalRecord")) if options else None
    if answer is not None and answer.following:
        total = answer.total_rows if answer.total_rows is not None else total
        return Pager(Request(answer.following) if sheet.rows else None, answer.total_pages, total, "nextgroup")
    if not options or total is None or not isinstance(options.get("proxyUrl"), str):
        return None
    url = urls.join(sheet.url, options["proxyUrl"])
    per_page, group = number(options.get("perPage")) or 15, max(1, number(options.get("groupSize")) or 3)
    data = options.get("ajaxParam")
    if url is None or not isinstance(data, dict):
        return None
    pages = -(-total // per_page)
    if sheet.rows >= total:
        return Pager(None, pages, total, "jpage")
    size = group * per_page
    query = f"startrecord={sheet.rows + 1}&endrecord={sheet.rows + size}&perpage={per_page}"
    body = urlencode({name: "" if value is None else str(value) for name, value in data.items()}).encode()
    return Pager(Request(f"{url}?{query}", "POST", FORM, body), pages, total, "jpage")


def page_scripts(sheet: Sheet) -> str:
    """The page's own scripts, without its HTML, whose attributes look like assignments."""
    return "\n".join(script.text(deep=True) or "" for script in sheet.tree.css("script")) if sheet.tree is not None else ""


def _jpage(sheet: Sheet) -> dict[str, Any]:
    match = JPAGE.search(sheet.source)
    if match is None:
        return {}
    try:
        found = read_literal(sheet.source, match.end(), lambda name: _assigned(sheet, name))
    except NoLiteral:
        return {}
    return found if isinstance(found, dict) else {}


def _assigned(sheet: Sheet, name: str) -> Any:
    """The literal that a name is set to somewhere in the page's scripts; None when it is none."""
    source = page_scripts(sheet)
    for match in re.finditer(ASSIGNED.format(name=re.escape(name)), source):
        try:
            return read_literal(source, match.end())
        except NoLiteral:
            continue
    return None


# ------------------------------------------------------------------ JPaaS
def unit(sheet: Sheet) -> Pager | None:
    """JPaaS: `<script url=".../page/build/unit" queryData="{…}">` on the column page; in its answer `<div rows= count= pageNo=>`."""
    if sheet.tree is None:
        return None
    if UNIT in sheet.request.url:
        return _next_unit(sheet)
    for script in sheet.tree.css("[querydata]"):
        url = urls.join(sheet.url, attribute(script, "url"))
        if url is None:
            continue
        try:
            data = read_literal(attribute(script, "querydata"))
        except NoLiteral:
            continue
        if isinstance(data, dict) and not sheet.rows:
            return Pager(
                Request(f"{url}?{urlencode({name: str(value) for name, value in data.items()}, quote_via=quote)}"),
                None,
                None,
                "unit",
            )
    return None


def _next_unit(sheet: Sheet) -> Pager | None:
    assert sheet.tree is not None
    for node in sheet.tree.css("[count]"):
        count, size = number(attribute(node, "count")), number(attribute(node, "rows"))
        at = number(attribute(node, "pageno")) or 1
        if count is None or not size:
            continue
        pages = -(-count // size)
        following = None
        if at < pages and sheet.rows:
            held = parameters(sheet.request)
            if "paramJson.pageNo" in held:
                following = changed(sheet.request, {"paramJson.pageNo": at + 1})
            else:
                param = json.dumps({"pageNo": at + 1, "pageSize": size}, separators=(",", ":"))
                following = Request(
                    f"{sheet.request.url}&paramJson={quote(param, safe='')}", sheet.request.method, sheet.request.headers
                )
        return Pager(following, pages, count, "unit")
    return None


# ------------------------------------------------------------------ JSON by POST
def posted(sheet: Sheet) -> Pager | None:
    """A page without rows whose script posts JSON: `$.ajax({url: …, data: JSON.stringify(params)})` with `params = {…, pageNo: …}`."""
    if sheet.rows or sheet.tree is None:
        return None
    for call in AJAX.finditer(sheet.source):
        url, data = AJAX_URL.search(call["options"]), AJAX_DATA.search(call["options"])
        address = urls.join(sheet.url, url["url"]) if url else None
        if address is None or data is None:
            continue
        values = _object(sheet, data["name"])
        if isinstance(values, dict) and any(name.lower() in PAGE_NAMES for name in values):
            body = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
            return Pager(Request(address, "POST", JSON, body), None, None, "post")
    return None


def _object(sheet: Sheet, name: str) -> Any:
    source = page_scripts(sheet)
    for match in re.finditer(ASSIGNED.format(name=re.escape(name)), source):
        try:
            found = read_literal(source, match.end(), lambda inner: value_of(sheet, inner))
        except NoLiteral:
            continue
        if isinstance(found, dict):
            return found
    return None


def value_of(sheet: Sheet, name: str) -> Any:
    """What a name inside a request stands for at first: a literal, a data attribute of the first element that carries it, or the one number
    that the scripts compare it with.
    """
    held = _assigned(sheet, name)
    if held not in (None, ""):
        return held
    for match in re.finditer(FROM_ATTRIBUTE.format(name=re.escape(name)), page_scripts(sheet)):
        node = sheet.tree.css_first(f"[{match[1].lower()}]") if sheet.tree is not None else None
        if node is not None:
            value = attribute(node, match[1].lower())
            return int(value) if value.isdigit() and len(value) < 10 else value
    compared = {match[1] for match in re.finditer(COMPARED.format(name=re.escape(name)), page_scripts(sheet))}
    return int(compared.pop()) if len(compared) == 1 else held


# ------------------------------------------------------------------ Xinhua multi-site
DATASOURCE = re.compile(r"^datasource:([0-9a-f]{32})$")


def datasource(sheet: Sheet) -> Pager | None:
    """`<ul data="datasource:<hash>" datatype="ds" preview="ds_">`: the whole list stands in ds_<hash>.json beside the page."""
    if sheet.tree is None:
        return None
    found = [
        (DATASOURCE.match(attribute(node, "data")), attribute(node, "preview") or "ds_")
        for node in sheet.tree.css("[datatype=ds]")
    ]
    named = {f"{prefix}{match[1]}.json" for match, prefix in found if match}
    if len(named) != 1:
        return None
    return Pager(sheet.get(named.pop()), None, None, "datasource")
