"""Pagers that a script writes: createPageHTML in its many forms, countPage, Pager({…}). The script is read, never run."""

import re
from urllib.parse import urlsplit

from crawler.model import Request
from crawler.parsers.pagers.sheet import MOST, Pager, Sheet
from crawler.text.late import late

CALL = re.compile(  # looked for by its second half, which is rarer than the beginning of a word
    r"[pP](?i:age(?:(?<=\bcreatepage)|(?<=\bcreate_page)|(?<=\bshowpage)|(?<=\bwritepage))\w*\s*\((?P<args>[^()]{3,200})\))"
)
DEFINED = re.compile(r"function\s+\w+\Z", re.IGNORECASE)
FAR = 100  # characters before a call in which it may turn out to be a definition
COUNT = re.compile(
    r"[vV](?<!\w.)(?i:ar\s+(?:countPage|pageCount|totalPages?|nPageCount|page_count|countpage)\s*=\s*[\"']?(\d{1,6}))"
)
CURRENT = late(r"\bvar\s+(?:currentPage|curPage|nCurrIndex|currPage|pageIndex|page_index)\s*=\s*[\"']?(\d{1,6})", re.IGNORECASE)
TOTAL = late(r"\bvar\s+(?:recordCount|_?nRecordCount|totalRecords?|totalCount|recordTotal)\s*=\s*[\"']?(\d{1,9})", re.IGNORECASE)
JOINED = late(r"\\?[\"']\s*\+\s*\\?[\"']")
WRITTEN = late(r"([\w-]+)_\\?[\"']\s*\+\s*(\(?[\w\s+-]+\)?)\s*\+\s*\\?[\"']\.(s?html?|jsp|aspx?|php)")
OPTIONS = re.compile(r"[Pp]ag(?:er|ing|ination)\w*\s*\(\s*\{([^{}]{10,400})\}")
SIZES = late(r"\b(?:size|pageCount|totalPage|pages|total_page)\s*:\s*[\"']?(\d{1,6})")
PLACES = late(r"\b(?:current|curr|pageIndex|pageNo|currentPage)\s*:\s*[\"']?(\d{1,6})")
NAMES = late(r"\b(?:prefix|pageName|name|fileName)\s*:\s*[\"']([\w./-]+)[\"']")
ENDINGS = late(r"\b(?:suffix|pageExt|ext|extName)\s*:\s*[\"']\.?(\w+)[\"']")


CALLBACK = late(
    r"\b\w*[Pp]ag(?:e|er|ing|ination)\w*(?:\.\w+)?\s*\(\s*\{(?P<options>[^<>]{10,800}?)\blocation(?:\.href)?\s*=\s*[\"'](?P<before>[^\"'\s]{1,200})[\"']\s*\+\s*"
    r"[\w.()]{1,60}(?:\s*\+\s*[\"'](?P<behind>[^\"'\s]{0,100})[\"'])?"
)
JUMPS = {
    "current": late(r"\b(?:curr|current|currentPage|pageIndex|pageNo|pageNumber|page)\s*:\s*[\"']?(\d{1,6})"),
    "pages": late(r"\b(?:pages|pageCount|totalPages?|total_page|pageTotal)\s*:\s*[\"']?(\d{1,6})"),
    "rows": late(r"\b(?:count|totalData|total|totalCount|totalRecords?|totalSize|items)\s*:\s*[\"']?(\d{1,9})"),
    "size": late(r"\b(?:limit|showData|pageSize|size|itemsOnPage|perPage)\s*:\s*[\"']?(\d{1,5})"),
}


def created(sheet: Sheet) -> Pager | None:
    """createPageHTML(pages, current, "index", "html"[, rows]) counts from 0; ('div', pages, current, 'common_list', 'shtml', rows) from 1."""
    found = None
    for match in CALL.finditer(sheet.source):
        if DEFINED.search(sheet.source[max(0, match.start() - FAR) : match.start()]):
            continue
        pager = _call(sheet, [part.strip().strip("\"'\\ ") for part in match["args"].split(",")])
        if pager is not None and (found is None or (found.next is None and pager.next is not None)):
            found = pager
    return found


def _call(sheet: Sheet, args: list[str]) -> Pager | None:
    """The pager of a call's arguments: two numbers and two names next to one another, whatever stands before and after."""
    for at in range(len(args) - 3):
        pages, current, name, ending = args[at : at + 4]
        if (
            pages.isdigit()
            and current.isdigit()
            and re.fullmatch(r"[\w./-]*[a-zA-Z_][\w./-]*", name)
            and re.fullmatch(r"\.?[a-zA-Z]{2,5}", ending)
        ):
            rows = next((int(arg) for arg in args[at + 4 : at + 5] if arg.isdigit()), None)
            if 0 < int(pages) <= MOST:
                following = static(sheet, int(pages), int(current), name, ending.lstrip("."), from_one=at > 0)
                return Pager(following, int(pages), rows, "createPageHTML")
    return None


def static(sheet: Sheet, pages: int, current: int, name: str, ending: str, *, from_one: bool) -> Request | None:
    """The page behind `current` of name.ending, name_1.ending …; the first page tells whether the count begins at 0 or 1."""
    file = urlsplit(sheet.url).path.rpartition("/")[2]
    own = re.fullmatch(rf"{re.escape(name.rpartition('/')[2])}_(\d+)\.\w+", file)
    first = (1 if from_one else 0) if own else current
    if first > 1 or current + 1 - first >= pages:
        return None
    return sheet.get(f"{name}_{current + 1}.{ending}")


def counted(sheet: Sheet) -> Pager | None:
    """countPage and currentPage, with a script that writes "index" + "_" + n + ".html"."""
    pages = COUNT.search(sheet.source)
    if pages is None or not 0 < int(pages[1]) <= MOST:
        return None
    written = WRITTEN().search(JOINED().sub("", sheet.source))
    if written is None:
        return None
    current, total = CURRENT().search(sheet.source), TOTAL().search(sheet.source)
    following = static(sheet, int(pages[1]), int(current[1]) if current else 0, written[1], written[3], from_one=False)
    return Pager(following, int(pages[1]), int(total[1]) if total else None, "countPage")


def jumped(sheet: Sheet) -> Pager | None:
    """A pager made by a library, whose callback says where a page stands: `{count: 716, limit: 20, curr: 1, jump: … location.href = 'list?page=' + obj.curr}`."""
    scripts = sheet.tree.css("script") if sheet.tree is not None and "location" in sheet.source else []
    said = [text for node in scripts if "location" in (text := node.text(deep=True) or "") and "ag" in text]
    for match in (match for text in said for match in CALLBACK().finditer(text)):
        found = {name: form().search(match["options"]) for name, form in JUMPS.items()}
        place = found["current"]
        pages = int(found["pages"][1]) if found["pages"] else None
        rows = int(found["rows"][1]) if found["rows"] else None
        if pages is None and rows is not None and found["size"] and int(found["size"][1]):
            pages = -(-rows // int(found["size"][1]))
        if place is None or pages is None or not 0 < pages <= MOST:
            continue
        at = int(place[1])
        following = sheet.get(f"{match['before']}{at + 1}{match['behind'] or ''}") if 0 < at < pages else None
        return Pager(following, pages, rows, "callback")
    return None


def optioned(sheet: Sheet) -> Pager | None:
    """Pager({size: 25, current: 0, prefix: 'index', suffix: 'htm'})."""
    for match in OPTIONS.finditer(sheet.source):
        size, place, name, ending = (form().search(match[1]) for form in (SIZES, PLACES, NAMES, ENDINGS))
        if size and place and name and ending and 0 < int(size[1]) <= MOST:
            following = static(sheet, int(size[1]), int(place[1]), name[1], ending[1], from_one=False)
            return Pager(following, int(size[1]), None, "Pager")
    return None
