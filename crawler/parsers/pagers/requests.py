"""The next request from the one that was answered: a page number, an offset or a range of records in its query, form or JSON body."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from crawler.model import Request
from crawler.parsers.pagers.sheet import MOST, Pager, Sheet

PAGE_NAMES = frozenset(
    {
        "page",
        "pageno",
        "pagenum",
        "pageindex",
        "cur_page",
        "curpage",
        "cpage",
        "currentpage",
        "current_page",
        "pagenumber",
        "p",
        "pn",
        "page_no",
        "pageid",
        "nowpage",
    }
)
OFFSET_NAMES = frozenset({"offset", "start", "startrow", "skip", "from", "startindex", "first"})
SIZE_NAMES = ("pagesize", "perpage", "prepage", "size", "rows", "limit", "page_size", "rn", "num", "length", "per_page")
START, END = "startrecord", "endrecord"


# ------------------------------------------------------------------ reading and changing one parameter
def parameters(request: Request) -> dict[str, Any]:
    """Every parameter of a request: of its query, and of its form or JSON body (keys of objects inside joined by dots)."""
    found: dict[str, Any] = dict(parse_qsl(_query(request.url), keep_blank_values=True))
    body = _json_body(request)
    if body is not None:
        found.update(_leaves(body))
    elif request.body:
        found.update(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    for name, value in list(found.items()):
        inner = _object(value)
        if inner is not None:
            found.update({f"{name}.{key}": item for key, item in _leaves(inner).items()})
    return found


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def _json_body(request: Request) -> Any:
    text = request.body.decode("utf-8", "replace").strip()
    if text[:1] not in "{[" or not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _object(value: Any) -> dict[str, Any] | None:
    """The object that a parameter holds as JSON text (`paramJson={"pageNo":2}`)."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(value.replace("'", '"'))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _leaves(values: Any, before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(values, dict):
        for key, value in values.items():
            if isinstance(value, dict):
                found.update(_leaves(value, f"{before}{key}."))
            else:
                found[f"{before}{key}"] = value
    return found


def changed(request: Request, new: dict[str, Any]) -> Request:
    """The request with these parameters set where they stand; what stands nowhere is added to the query. Everything else stays byte by byte."""
    url, body, left = request.url, request.body, dict(new)
    data = _json_body(request)
    if data is not None:
        for name in list(left):
            if _set(data, name.split("."), left[name]):
                del left[name]
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    elif request.body:
        form, left = _in_pairs(request.body.decode("utf-8", "replace"), left)
        body = form.encode()
    head, mark, fragment = url.partition("#")
    path, question, query = head.partition("?")
    query, left = _in_pairs(query, left)
    more = "&".join(f"{quote_plus(name)}={quote_plus(str(value))}" for name, value in left.items())
    query = "&".join(filter(None, (query, more)))
    return Request(f"{path}{'?' if query or question else ''}{query}{mark}{fragment}", request.method, request.headers, body)


def _in_pairs(pairs: str, new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """`a=1&b=2` with new values, and those that found no place."""
    left, made = dict(new), []
    for pair in pairs.split("&"):
        name, equals, value = pair.partition("=")
        plain = unquote(name.replace("+", " "))
        if plain in new:
            pair = f"{name}={quote(str(new[plain]), safe='')}"
            left.pop(plain, None)
        inner = [key for key in new if key.startswith(f"{plain}.") and equals]
        held = _object(unquote(value.replace("+", " "))) if inner else None
        if held is not None:
            for key in inner:
                if _set(held, key.split(".")[1:], new[key]):
                    left.pop(key, None)
            pair = f"{name}={quote(json.dumps(held, ensure_ascii=False, separators=(',', ':')), safe='')}"
        made.append(pair)
    return "&".join(made), left


def _set(data: Any, path: list[str], value: Any) -> bool:
    *above, last = path
    for key in above:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    if not isinstance(data, dict) or last not in data:
        return False
    held = data[last]
    data[last] = str(value) if isinstance(held, str) else value
    return True


def number(value: Any) -> int | None:
    """A parameter's value as a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip()) else None


# ------------------------------------------------------------------ strategies
def ranged(sheet: Sheet) -> Pager | None:
    """startrecord/endrecord (Hanweb, TrueCMS): the next group of as many records, until the declared total."""
    return next_range(sheet, START, END, sheet.answer.total_rows) if sheet.answer is not None else None


def next_range(sheet: Sheet, start: str, end: str, total: int | None) -> Pager | None:
    """The group of records behind the one that two parameters of the request bound; None when it has no such parameters."""
    held = parameters(sheet.request)
    first, last = number(held.get(start)), number(held.get(end))
    if first is None or last is None or last < first:
        return None
    size = last - first + 1
    ended = last >= total if total is not None else sheet.rows < size
    following = None if ended or not sheet.rows else changed(sheet.request, {start: last + 1, end: last + size})
    return Pager(following, None, total, "range")


def stepped(sheet: Sheet, total_rows: int | None, total_pages: int | None, page: int | None) -> Pager | None:
    """A page number in the request, and an answer that declares how many rows or pages there are: one more, until they are shown."""
    held = parameters(sheet.request)
    name = next((name for name in held if name.rpartition(".")[2].lower() in PAGE_NAMES and number(held[name]) is not None), None)
    if name is None:
        return _offset(sheet, held, total_rows)
    at = number(held[name]) or 0
    first = at - page + 1 if page is not None and abs(at - page) <= 1 and page >= 1 else (0 if at == 0 else 1)
    size = next((n for key in held if key.rpartition(".")[2].lower() in SIZE_NAMES and (n := number(held[key]))), None)
    pages = (
        total_pages
        if total_pages is not None
        else (-(-total_rows // (size or sheet.rows or 1)) if total_rows is not None else None)
    )
    if pages is None or pages > MOST:
        return None
    shown = at - first + 1
    if total_pages is None and total_rows is not None and size is None and not sheet.rows:
        pages = shown
    following = changed(sheet.request, {name: at + 1}) if shown < pages and sheet.rows else None
    return Pager(following, total_pages or (pages if size or shown == 1 else None), total_rows, "parameter")


def _offset(sheet: Sheet, held: dict[str, Any], total_rows: int | None) -> Pager | None:
    name = next(
        (name for name in held if name.rpartition(".")[2].lower() in OFFSET_NAMES and number(held[name]) is not None), None
    )
    if name is None or total_rows is None or not sheet.rows:
        return None
    at = number(held[name]) or 0
    size = next((n for key in held if key.rpartition(".")[2].lower() in SIZE_NAMES and (n := number(held[key]))), sheet.rows)
    following = changed(sheet.request, {name: at + size}) if at + size < total_rows else None
    return Pager(following, None, total_rows, "offset")
