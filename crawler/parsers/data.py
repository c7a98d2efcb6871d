"""Answers of an API → rows: JSON and JSONP, by the keys that titles, addresses and dates go by; XML is read by `feeds`."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from crawler.parsers.feeds import Answer, elements, from_feed, from_sitemap, from_store
from crawler.parsers.rows import distinct
from crawler.parsers.tree import EDGES, squeeze
from crawler.record.reading import Row
from crawler.record.rules import ListRules
from crawler.text import urls
from crawler.text.dates import read_date
from crawler.text.late import late

PADDING = re.compile(r"^[\ufeff\s;]*(?:/\*.*?\*/)?[\s;]*")
CALL = re.compile(r"[\w.$]+\s*\(\s*(?=[{\[\"'])")
XML = re.compile(
    r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<\?[^>]*>\s*)*<(?:\w+:)?(datastore|rss|feed|rdf|urlset|sitemapindex)\b",
    re.IGNORECASE | re.DOTALL,
)
MOST_ROWS = 50_000  # what a sitemap may hold (sitemaps.org)
TAGS = re.compile(r"<[^>]{1,200}>")
HAN = re.compile(r"[\u3400-\u9fff]")
LINK_LIKE = late(
    r"^(?:https?:)?//\S+$|^\.{0,2}/\S+$|^[\w./%-]+\.(?:[sj]?html?|jspx?|aspx?|php|do|action|pdf|docx?|xlsx?)(?:[?#]\S*)?$|^[\w./%-]+\?[\w.-]+=\S+$",
    re.IGNORECASE,
)
DEEPEST, MOST_NODES = 12, 200_000

TITLES = (
    "showtitle",
    "title_no_tag",
    "titlenew",
    "title",
    "doctitle",
    "infotitle",
    "maintitle",
    "subject",
    "topic",
    "name",
    "articletitle",
    "newstitle",
    "contenttitle",
    "bt",
    "wzbt",
)
LINKS = (
    "url",
    "linkurl",
    "publishurl",
    "docpuburl",
    "pageurl",
    "href",
    "link",
    "post_url",
    "infourl",
    "detailurl",
    "puburl",
    "uri",
    "domainurl",
    "docurl",
    "articleurl",
    "newsurl",
    "contenturl",
    "viewurl",
    "staticurl",
    "wzlj",
    "path",
)
DATES = (
    "publishtime", "pubtime", "publishdate", "pubdate", "publisheddate", "publishedtime", "publishedtimestr", "display_publish_time", "infodatepx", "infodate", "showdate", "releasetime",
    "docreltime", "releasedate", "publish_time", "publish_date", "newstime", "newsdate", "addtime", "inputtime", "fbsj", "cwrq", "fbrq", "date", "time", "created_at", "createtime", "createdate", "updatetime",
)  # fmt: skip
ROWS = ("total", "totalcount", "totalrecord", "totalrecords", "totalsize", "totalrow", "totalrows", "totalelements", "totalnum", "recordcount", "recordtotal", "total_count", "count", "rowcount", "post_count", "allcount", "num_found", "numfound")  # fmt: skip
PAGES = (
    "pagecount",
    "totalpage",
    "totalpages",
    "pages",
    "page_count",
    "total_page",
    "total_pages",
    "countpage",
    "allpage",
    "maxpage",
    "pagetotal",
)
PAGE = ("pageno", "pagenum", "pageindex", "page", "currentpage", "curpage", "current", "pagenumber", "current_page", "cur_page")


def read_answer(source: str, url: str, rules: ListRules, encoding: str) -> Answer | None:
    """The answer of an API, a feed or a sitemap; None when this is a page of HTML."""
    start = PADDING.match(source)
    at = start.end() if start else 0
    head = source[at : at + 2000]
    call = CALL.match(head)
    if call or head[:1] in ("{", "["):
        values = _json(source[at + (call.end() if call else 0) :])
        if values is not None:
            return from_values(_mended(values), url, rules, encoding)
    kind = XML.match(head)
    if kind is None:
        return None
    name = kind[1].lower()
    if name == "datastore":
        return from_store(source, url, encoding)
    return from_sitemap(source, url, name) if name in ("urlset", "sitemapindex") else from_feed(source, url)


def read_store(tree: LexborHTMLParser, base: str, encoding: str) -> Answer | None:
    """Hanweb's datastore that a column page carries in a script of type text/xml."""
    for script in tree.css("script"):
        inside = next(elements(script.text(deep=True) or "", "datastore"), None)
        if inside is not None:
            return from_store(inside, base, encoding)
    return None


# ------------------------------------------------------------------ JSON
def _json(text_: str) -> Any:
    """The first JSON value of a text, None when there is none."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text_)[0]
    except (ValueError, RecursionError):
        return None


def _mended(values: Any) -> Any:
    """UTF-8 that was read as ISO-8859-1 and written again, as some sites serve it, is put right."""
    whole = json.dumps(values, ensure_ascii=False)
    if HAN.search(whole) or not re.search(r"[\xc3-\xef][\x80-\xbf]", whole):
        return values
    try:
        return json.loads(whole.encode("latin-1").decode("utf-8"), strict=False)
    except (UnicodeError, ValueError):
        return values


def from_values(values: Any, url: str, rules: ListRules, encoding: str) -> Answer:
    """The rows of a JSON value: of the list in it whose objects most have an address and a title, or of the source's own path."""
    for piece in _strings(values):
        inner = _inner(piece)
        if inner is not None and (found := from_values(inner, url, rules, encoding)).rows:
            return found
        if "<record" in piece and "CDATA" in piece:
            found = from_store(piece, url, encoding)
            return Answer(
                found.rows,
                f"JSON around a datastore, {found.evidence}",
                None,
                found.total_rows,
                found.total_pages,
                None,
                found.following,
            )
    totals = _totals(values)
    items, place = _chosen(values, rules) if rules.rows else _best(values, url)
    rows = distinct(row for item in items if (row := _json_row(item, url, rules, encoding)) is not None)
    if not rows:
        wrapped = max((piece for piece in _strings(values) if "<a" in piece and "href" in piece), key=len, default=None)
        if wrapped is not None:
            return Answer((), "JSON around HTML", wrapped, *totals)
    least = rules.min_items or 1
    how = f"{len(rows)} rows of {place}"
    if rules.rows and len(rows) < least:
        guess, at = _best(values, url)
        how = f"list.rows: {rules.rows!r} gave {len(items)} values, {len(rows)} rows with a title and an address; by structure {len(guess)} stand at {at}"
    return Answer(tuple(rows), how, None, *totals)


def _inner(piece: str) -> Any:
    """The JSON that a string within JSON holds."""
    head = piece.lstrip()[:2]
    return _json(piece.strip()) if head[:1] in ("{", "[") and head not in ("[]", "{}") else None


def _strings(values: Any) -> Iterator[str]:
    for _, node in walk(values):
        if isinstance(node, str) and len(node) > 20:
            yield node


def walk(values: Any) -> Iterator[tuple[str, Any]]:
    """(path, value) of everything in a JSON value, bounded."""
    stack, seen = [("", values, 0)], 0
    while stack and seen < MOST_NODES:
        path, node, depth = stack.pop()
        seen += 1
        yield path, node
        if depth >= DEEPEST:
            continue
        if isinstance(node, dict):
            stack.extend((f"{path}.{key}".lstrip("."), value, depth + 1) for key, value in reversed(list(node.items())))
        elif isinstance(node, list):
            stack.extend((f"{path}[{n}]", value, depth + 1) for n, value in reversed(list(enumerate(node))))


def _chosen(values: Any, rules: ListRules) -> tuple[list[Any], str]:
    found = by_path(values, rules.rows or "")
    return (found if isinstance(found, list) else [found] if isinstance(found, dict) else []), rules.rows or ""


def by_path(values: Any, path: str) -> Any:
    """The value at a path of keys (`data.list`, `data.0.title`), None when there is none."""
    for key in filter(None, path.replace("[", ".").replace("]", "").split(".")):
        if isinstance(values, Mapping) and key in values:
            values = values[key]
        elif isinstance(values, list) and key.isdigit() and int(key) < len(values):
            values = values[int(key)]
        else:
            return None
    return values


def _best(values: Any, url: str) -> tuple[list[Any], str]:
    """The list of objects that most have an address and a title."""
    best: list[Any] = []
    place, most = "no list", 0.0
    for path, node in walk(values):
        if isinstance(node, list) and node and isinstance(node[0], dict):
            rows = [row for item in node[:200] if (row := _json_row(item, url, ListRules(), "utf-8"))]
            worth = len(rows) * (1.0 + sum(1 for row in rows if row.date) / (len(rows) or 1))
            if worth > most and len(rows) * 2 >= len(node[:200]):
                best, place, most = node, path or "the answer", worth
    return best, place


def _flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """Keys in lower case; those of objects inside one level up, where nothing of that name stands."""
    flat = {str(key).lower(): value for key, value in item.items()}
    for value in item.values():
        if isinstance(value, Mapping):
            for key, inner in value.items():
                flat.setdefault(str(key).lower(), inner)
    return flat


def _json_row(item: Any, url: str, rules: ListRules, encoding: str) -> Row | None:
    if not isinstance(item, Mapping):
        return None
    flat = _flat(item)
    title = _said(item, flat, rules.title, TITLES)
    link = _said(item, flat, rules.link, LINKS)
    named = html.unescape(TAGS.sub("", str(title or ""))).strip(EDGES)
    if len(squeeze(named)) < 2 or not isinstance(link, str) or not link.strip():
        return None
    if not rules.link and not LINK_LIKE().match(link.strip()):
        link = next(
            (
                str(value)
                for value in flat.values()
                if isinstance(value, str) and LINK_LIKE().match(value.strip()) and "/" in value
            ),
            "",
        )
        if not link:
            return None
    date = next((found for found in _dates(item, flat, rules) if found), None)
    address = urls.join(url, link.strip(), encoding)
    return Row(address, named, date) if address else Row(link[:2000], named, date, "no address")


def is_address(value: Any) -> bool:
    """Does a value look like the address of a page?"""
    return isinstance(value, str) and LINK_LIKE().match(value.strip()) is not None


def _said(item: Mapping[str, Any], flat: Mapping[str, Any], path: str | None, names: tuple[str, ...]) -> Any:
    if path:
        return by_path(item, path)
    return next((flat[name] for name in names if flat.get(name) not in (None, "", [], {})), None)


def _dates(item: Mapping[str, Any], flat: Mapping[str, Any], rules: ListRules) -> Iterator[str | None]:
    if rules.date:
        yield day_of(by_path(item, rules.date))
        return
    for name in DATES:
        yield day_of(flat.get(name))


def day_of(value: Any) -> str | None:
    """A date of an API: text, or seconds or milliseconds since 1970, shown in Beijing's time."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and value.strip().isdigit() and len(value.strip()) in (10, 13):
        value = int(value)
    if isinstance(value, int | float):
        seconds = value / 1000 if value > 10**11 else value
        if not 10**8 < seconds < 4 * 10**9:
            return None
        moment = datetime.fromtimestamp(seconds, UTC) + timedelta(hours=8)
        return moment.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
    stamp = read_date(str(value)) if isinstance(value, str) else None
    return stamp.iso if stamp else None


def _totals(values: Any) -> tuple[int | None, int | None, int | None]:
    """(rows, pages, page) an answer declares: the shallowest key of each kind, the more telling name first."""
    found: dict[str, int] = {}
    for path, node in sorted(walk(values), key=lambda item: item[0].count(".") + item[0].count("[")):
        if "[" in path:
            continue
        number = int(node) if isinstance(node, str) and node.isdigit() and len(node) < 10 else node
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10**9:
            found.setdefault(path.rpartition(".")[2].lower(), number)
    return tuple(next((found[name] for name in names if name in found), None) for names in (ROWS, PAGES, PAGE))  # type: ignore[return-value]
