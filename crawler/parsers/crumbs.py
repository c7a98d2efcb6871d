"""The channel: the last item of the breadcrumb that names a column."""

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache

from crawler.parsers.furniture import CRUMB, CRUMB_CUT
from crawler.parsers.sheet import MARK, Sheet
from crawler.parsers.tree import EDGES, squeeze

BOXES = re.compile(r"(?:crumb|location|position|weizhi|dqwz|dangqian|local|curmb|currentpath|wz\b|bread|path)", re.IGNORECASE)
NO_CHANNEL = re.compile(
    r"^(?:(?:文章|信息|新闻|公告|通知|资讯|政策|文件|公示|内容)?(?:正文|详情|详细|内容|内页|全文|阅读|浏览|展示)(?:页|页面|内容|信息|浏览|展示)?|(?:浏览|阅读|查看)(?:文章|正文|内容|详情|信息)?|当前页|"
    r"(?:网站|返回|门户|本站)?首\s*页|主页|第?\d{1,4}[年期号月]?|\d{4}年?第?\d{1,3}[期号]|(?:您|你)?(?:现在|当前|目前)?的?(?:所在)?位置[是:：]*|[>＞»›/\\|:：·\-→\s]*)$"
)
PREFIX = re.compile(r"^.{0,20}?位置(?:是)?\s*[:：]?\s*")
CRUMBLY = re.compile(r"crumb|curmb|bread|weizhi|dqwz|position|location|dangqian", re.IGNORECASE)
HOME = re.compile(r"^(?:网站|本站|门户|返回)?(?:首页|主页)$|^home$", re.IGNORECASE)
HOST = re.compile(r"^(?:https?:)?//[^/]+")
LONGEST, LONGEST_ITEM = 300, 40
MOST_ITEMS = 9


@lru_cache(maxsize=4096)
def _is_box(names: str) -> bool:
    return BOXES.search(names) is not None


def read_channel(sheet: Sheet, title: str, article: tuple[int, int]) -> str | None:
    """The last breadcrumb item that is not 正文, the title, or a bare year or number; breadcrumbs within the article are its text."""
    wanted = squeeze(title)
    for items in _trails(sheet, article):
        kept = [item for item in map(_once, items) if _names(item, wanted)]
        if kept and len(items) > 1 and len(kept[-1]) <= LONGEST_ITEM:
            return kept[-1]
    return None


def _names(item: str, title: str) -> bool:
    plain = squeeze(item)
    if not plain or NO_CHANNEL.match(plain) or plain == title:
        return False
    return not (len(plain.rstrip("….")) >= 6 and title.startswith(plain.rstrip("….")[:40]))


def _once(item: str) -> str:
    """An item printed twice (a link and its own heading) is one."""
    words = item.split()
    half = len(words) // 2
    return " ".join(words[:half]) if len(words) % 2 == 0 and half and words[:half] == words[half:] else item


def _trails(sheet: Sheet, article: tuple[int, int]) -> Iterator[list[str]]:
    """Breadcrumbs, best evidence first: a line that says so, then a box that is called so."""
    first, last = article
    for at, line in enumerate(sheet.lines):
        said = line.text
        if not ("首" in said or "位置" in said or "当前" in said) or len(said) > LONGEST or first <= at < last:
            continue
        found = CRUMB.search(said)
        if found is not None and (found.start() <= 30 or found[0].startswith("首")):
            yield _items(sheet, at)
    for place in sheet.called(_is_box):
        if place in sheet.hidden or sheet.lasts[place] <= sheet.firsts[place] or first <= sheet.firsts[place] < last:
            continue
        text = sheet.text(place)
        if len(text) > LONGEST:
            continue
        if CRUMB_CUT.search(text):
            yield _cut(text)
        elif (items := _apart(sheet, place)) and (
            _nests(sheet, place) or (CRUMBLY.search(sheet.label(place)) and HOME.match(squeeze(items[0])))
        ):
            yield items
    for place in _nameless(sheet, min(first, last)):
        yield _apart(sheet, place)


def _apart(sheet: Sheet, place: int) -> list[str]:
    """The items of a box whose separators a style sheet draws: its lines, or the elements of its one line; none where it is no trail."""
    own = sheet.own(place)
    if len(own) == 1:
        items = [part.strip(EDGES) for part in own[0].marked.split(MARK)]
    else:
        items = [line.text.strip(EDGES) for line in own]
    items = [item for item in (PREFIX.sub("", item).strip(EDGES + ">＞»›/:：·-→") for item in items) if item]
    return items if 1 < len(items) <= MOST_ITEMS and all(len(item) <= LONGEST_ITEM * 4 for item in items) else []


def _nameless(sheet: Sheet, upto: int) -> Iterator[int]:
    """Boxes above the article that are called nothing, begin with the home page, and whose links lead one below the other: a trail. The
    links of a menu stand side by side."""
    for at, line in enumerate(sheet.lines[:upto]):
        if not line.linked or not HOME.match(line.plain if not line.marked else squeeze(line.marked.split(MARK)[0])):
            continue
        for up in [line.element, *sheet.above(line.element, 4)]:
            count = sheet.lasts[up] - sheet.firsts[up]
            if sheet.firsts[up] < at or count > MOST_ITEMS or sheet.tags[up] == "body":
                break
            if (count > 1 or line.marked) and _apart(sheet, up) and _nests(sheet, up):
                yield up
                break


def _nests(sheet: Sheet, place: int) -> bool:
    """Does each link of a box lead below the one before it? At least two do, after the home page."""
    paths = [
        _folder(sheet.attribute(at, "href"))
        for at in range(place, sheet.end(place))
        if sheet.tags[at] == "a" and sheet.attribute(at, "href")
    ]
    if len(paths) < 2 or any(path is None for path in paths):
        return False
    known = [path or "" for path in paths]
    return all(after.startswith(before) and after != before for before, after in itertools.pairwise(known))


def _folder(href: str) -> str | None:
    """The folder an address stands in, without its host."""
    path = HOST.sub("", href.partition("?")[0].partition("#")[0])
    return path.rpartition("/")[0] + "/" if path.startswith("/") or not path else None


def _items(sheet: Sheet, at: int) -> list[str]:
    """The items of the breadcrumb that begins in a line; where it has hardly any, those of the box around it."""
    line = sheet.lines[at].text.replace("\t", " ")
    found = CRUMB.match(line.lstrip(EDGES))
    trail = line.lstrip(EDGES)[found.end() :] if found is not None and "首" not in found[0] else line[_start(line) :]
    items = _cut(trail)
    if len([item for item in items if not NO_CHANNEL.match(squeeze(item))]) >= 1 and len(items) > 1:
        return items
    parts = [part.strip(EDGES) for part in sheet.lines[at].marked.split(MARK)]
    if len(parts) > 2:  # separators that a style sheet draws
        return [item for part in parts for item in _cut(part)]
    for up in sheet.above(sheet.lines[at].element, 4):
        count = sheet.lasts[up] - sheet.firsts[up]
        if count > MOST_ITEMS:
            break
        own = sheet.own(up)
        if count > 1 and all(len(item.text) <= LONGEST_ITEM for item in own):
            return [part for item in own for part in _cut(CRUMB.sub("", item.text) if "位置" in item.text else item.text)]
    return items


def _start(line: str) -> int:
    """Where a breadcrumb begins in a line that also holds something else."""
    place = line.find("位置")
    home = re.search(r"首\s*页", line)
    return home.start() if home is not None and place < 0 else max(0, place)


def _cut(trail: str) -> list[str]:
    items = [item.strip(EDGES + ">＞»›/:：·-→") for item in CRUMB_CUT.split(PREFIX.sub("", trail))]
    return [item for item in items if item]
