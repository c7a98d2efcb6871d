"""Where the article stands: the source's own selector, names that publishing systems use, or the element with most text and least else.

Every line of the page is worth its characters when it reads like text, and costs them when it is links, furniture, facts or a copy of
what was said above. The article is the element whose lines are worth most: the largest sum of a slice. A name only wins when its lines
are worth about as much, so that no platform makes a page worse than the generic reader.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from crawler.parsers.attachments import DOWNLOADS, leads_to_file
from crawler.parsers.expected import expected, foot_from, reads_apart, shows
from crawler.parsers.furniture import LONGEST_CONTACT, LONGEST_FURNITURE, NEIGHBOUR, NEIGHBOURLY, is_event, is_hint, tells
from crawler.parsers.platforms import COMMON, Platform
from crawler.parsers.sheet import EMBEDS, Line, Sheet
from crawler.parsers.tree import BLOCKS

LEAST = 8  # characters of a named container that may be the article
HEADING = 0.3  # what a short line without punctuation is worth beside text; alone it is a word of a menu, and costs as much
BEFORE = 0.25  # what stands above the title is hardly the article
NAMED, SHARED = 0.5, 0.6  # least share of the best sum that a platform's, or a common, container must have
WRAPPERS = 3
PARAGRAPHS = frozenset({"p", "span", "font", "b", "strong", "em"})
BEHIND = 0.5  # what stands behind the buttons that end a text is worth half: a side column, another notice
TOOLS = re.compile("打印|关闭")
ROW = re.compile(
    r"^(?:[^。；，：:\t]{10,}?[\s\[(（]*(?:(?:19|20)\d\d[-/.年])?\d{1,2}[-/.月]\d{1,2}日?[\])）]?"
    r"|[\[(（]?(?:(?:19|20)\d\d[-/.年])?\d{1,2}[-/.月]\d{1,2}日?[\])）]?[^。；，：:\t\d]{10,})$"
)
DAY_BEGINS, DAY_ENDS = frozenset("[(（0123456789"), frozenset("])）日0123456789")
OPENS_FILES = frozenset("附相【[（(")
FILES = re.compile(r"^[【\[（(]?(?:附件?|附表|附录|附图|附|相关(?:附件|文件|下载))[】\])）]?\d{0,2}[】\])）]?(?:[:：.、]|$)")
TOO_WIDE = 0.9  # below this share of the best sum, a common container that holds the best one is only its frame


@dataclass(frozen=True, slots=True)
class Container:
    """The article's element and the rule that found it; `also`: what the generic reader found is the same or within a paragraph of it;
    `place`: its name, where it is known by its place or name although it has no text; `run`: its first line and the one behind its last,
    where the article has no box of its own and is some of the element's children."""

    at: int
    rule: str
    also: bool
    place: str = ""
    run: tuple[int, int] | None = None

    def span(self, sheet: Sheet) -> tuple[int, int]:
        """The article's first line and the one behind its last."""
        return self.run or (sheet.firsts[self.at], sheet.lasts[self.at])

    def holds(self, sheet: Sheet, place: int) -> bool:
        """Is an element within the article, and not the article?"""
        if place == self.at or not sheet.within(place, self.at):
            return False
        return self.run is None or (self.run[0] <= sheet.firsts[place] and sheet.lasts[place] <= self.run[1])

    def boxes(self, sheet: Sheet) -> list[int]:
        """The elements that the article consists of."""
        if self.run is None:
            return [self.at]
        return [at for at in range(self.at + 1, sheet.end(self.at)) if sheet.ups[at] == self.at and self.holds(sheet, at)]


def find_container(
    sheet: Sheet, platform: Platform | None, own: Iterable[int], *, title: int | None, skip: frozenset[int]
) -> Container | None:
    """`own`: elements of the source's selector; `title`: the title's line; `skip`: lines of the disclosure block."""
    sums = _sums(sheet, title, skip)

    def worth(at: int) -> float:
        return sums[sheet.lasts[at]] - sums[sheet.firsts[at]]

    chosen = next((at for at in own if sheet.lasts[at] > sheet.firsts[at]), None)
    if chosen is not None:
        return Container(chosen, "source.body", also=True)
    best = _best(sheet, sums)
    most = worth(best) if best is not None else 0.0
    for selectors, rule, least in (
        (platform.body if platform else (), f"{platform.name if platform else ''}.body", NAMED),
        (COMMON, "common", SHARED),
    ):
        for selector in selectors:
            at = _first(sheet, selector)
            if at is None or worth(at) < least * most or (most <= 0 and worth(at) <= 0):
                continue
            if rule == "common" and best is not None and sheet.within(best, at) and worth(at) < TOO_WIDE * most:
                continue
            also = best is not None and abs(worth(at) - most) <= 0.05 * most
            return Container(at, rule if rule != "common" else f"common.{selector}", also)
    box = expected(sheet, platform, title)
    if box is not None and (best is None or not reads_apart(sheet, box, best, title)):
        return Container(box.at, f"box.{box.name}", also=False, place=box.name, run=box.run)
    if best is None:
        best = _pictured(sheet, title, skip)
        return Container(best, "pictures", also=False) if best is not None else None
    run = _run(sheet, sums, best, title)
    return Container(sheet.ups[best] if run else best, "density", also=False, run=run)


def _run(sheet: Sheet, sums: list[float], best: int, title: int | None) -> tuple[int, int] | None:
    """The paragraphs beside a lone one that no box holds together: they stand next to it in the same element, and none costs anything."""
    first, last, up = sheet.firsts[best], sheet.lasts[best], sheet.ups[best]
    if last - first > 1 or up < 0:
        return None

    def joins(at: int) -> bool:
        return sums[at + 1] >= sums[at] and sheet.within(sheet.lines[at].element, up)

    start, end = first, last
    while start > sheet.firsts[up] and (title is None or start - 1 > title) and joins(start - 1):
        start -= 1
    while end < sheet.lasts[up] and joins(end):
        end += 1
    while start < first and sums[start + 1] == sums[start]:
        start += 1  # what is worth nothing is no beginning
    return (start, end) if (start, end) != (first, last) and (start, end) != (sheet.firsts[up], sheet.lasts[up]) else None


def _pictured(sheet: Sheet, title: int | None, skip: frozenset[int]) -> int | None:
    """Where there is no text: a named container that shows something, else what is around the first picture or document behind the title."""
    foot = next((at for at, line in enumerate(sheet.lines) if line.foot), len(sheet.lines))
    after = title if title is not None else max(skip, default=-1)
    shown = [at for tag in ("img", *EMBEDS) for at in sheet.named(tag) if after < sheet.firsts[at] <= foot and shows(sheet, at)]
    for selector in COMMON:
        for at in sheet.named(selector):
            if any(sheet.within(inner, at) for inner in shown):
                return at
    return sheet.ups[min(shown)] if shown else None


def _first(sheet: Sheet, selector: str) -> int | None:
    """The first of these that shows text: copies behind it (mobile, read-aloud) are the same article again. One within another of the
    same name is its text (TRS nests its editor)."""
    for at in sheet.named(selector):
        if at not in sheet.hidden and sum(len(line.plain) for line in sheet.own(at)) >= LEAST:
            return at
    return None


def _sums(sheet: Sheet, title: int | None, skip: frozenset[int]) -> list[float]:
    """Prefix sums of what the lines are worth."""
    seen, read = set[str](), set[int]()
    values: list[float] = []
    lines = sheet.lines
    reads = [line.prose and (line.reads or bool(line.cells)) for line in lines]
    texts = {_box(sheet, line) for is_text, line in zip(reads, lines, strict=True) if is_text and not line.cells}
    above = title if title is not None else -1
    head = _box(sheet, lines[title]) if title is not None else -1
    foot, listed, behind = foot_from(sheet, title), -1, False
    for at, line in enumerate(lines):
        if line.prose and at not in skip:
            value = _worth(lines, at, seen)
            if value > 0 and at > above and (at > foot or _is_row(lines, at) or (len(line.plain) <= 80 and is_hint(line.text))):
                value = -value
            elif value > 0 and behind:
                value *= BEHIND
            elif value < 0 and read and not behind:
                behind = TOOLS.search(line.text) is not None
        else:
            value = 0.0 if above < at <= foot and at not in skip and _names_file(sheet, at, listed) else -float(len(line.plain))
        if line.text[0] in OPENS_FILES and FILES.match(line.plain):
            listed = _box(sheet, line)
        if value > 0:
            if reads[at] and at <= above and _box(sheet, line) == head:
                value = 0.0  # a title's first line may read like a text
            elif reads[at]:
                read.add(_box(sheet, line))
            else:
                value *= HEADING if any(reads[max(0, at - 2) : at + 3]) or _box(sheet, line) in texts else -HEADING
        if value < 0 and read and (line.prose or _is_neighbour(line)) and at not in skip and _box(sheet, line) in read:
            value = 0.0  # behind a paragraph, what looks like furniture must not make one of them the whole article
        if title is not None and at <= title:
            value = min(value, value * BEFORE) if at < title else 0.0
        values.append(value)
    return [0.0, *accumulate(values)]


def _box(sheet: Sheet, line: Line) -> int:
    """What is around the block that holds a line: the lines of a list of names stand in the box of the sentence above them."""
    at = line.element
    while at > 0 and sheet.tags[at] not in BLOCKS:
        at = sheet.ups[at]
    return sheet.ups[at] if at >= 0 else -1


def _worth(lines: Sequence[Line], at: int, seen: set[str]) -> float:
    """What a line of prose is worth."""
    line = lines[at]
    plain = line.plain
    size = len(plain)
    if size <= LONGEST_FURNITURE and (line.furniture or line.crumb):
        return -float(size)
    if line.foot:
        return -float(size) - 20
    if size <= LONGEST_CONTACT:
        if line.contact:
            return 0.0  # of the page or of the notice: where it stands tells
        if line.labelled and tells(lines, at) and not is_event(lines, at):
            return -float(size)
    if size >= 16 and not line.cells:
        if plain in seen:
            return -float(size)
        seen.add(plain)
    return float(size)


def _is_row(lines: Sequence[Line], at: int) -> bool:
    """A row of a list of other pages whose link is lost: a title and a date, beside another such row."""
    text = lines[at].text
    if text[-1] not in DAY_ENDS and text[0] not in DAY_BEGINS:
        return False
    return ROW.search(text) is not None and any(
        0 <= near < len(lines) and ROW.search(lines[near].text) for near in (at - 1, at + 1)
    )


def _is_neighbour(line: Line) -> bool:
    """The line that names the next notice, which many templates print in the article's own box."""
    return line.plain[:1] in NEIGHBOURLY and NEIGHBOUR.match(line.plain) is not None


def _names_file(sheet: Sheet, at: int, listed: int) -> bool:
    """Is a line that is mostly a link a document's? Its links say so, or its first word; `listed`: the box of the last 附件 line, in
    which what is linked is a document whatever its address ends in."""
    line = sheet.lines[at]
    if line.text[0] in OPENS_FILES and FILES.match(line.plain):
        return True
    if line.linked and listed >= 0 and listed in sheet.above(line.element, 4):
        return True
    element = line.element
    up = sheet.ups[element]
    if sheet.tags[element] != "a" and up >= 0 and sheet.tags[up] == "a":
        element = up
    while element < len(sheet.ups) and (sheet.firsts[element] == at or element == line.element):
        if sheet.tags[element] == "a" and leads_to_document(sheet.attribute(element, "href")):
            return True
        element += 1
    return False


@lru_cache(maxsize=4096)  # a site's menus are the same on all its pages
def leads_to_document(href: str) -> bool:
    """Does an address end like a document's, or ask for one?"""
    return leads_to_file(href) or DOWNLOADS.search(href) is not None


def _best(sheet: Sheet, sums: list[float]) -> int | None:
    """The element of the largest sum, of equals the innermost box: a paragraph is not an article when its box is worth as much."""
    best, most = None, 0.0
    for at, (first, last) in enumerate(zip(sheet.firsts, sheet.lasts, strict=True)):
        if last <= first:
            continue
        worth = sums[last] - sums[first]
        # the page's order puts the inner one behind the outer one
        if worth >= most and worth > 0 and (worth > most or sheet.tags[at] not in PARAGRAPHS):
            if at in sheet.hidden or at in sheet.silent:
                continue
            best, most = at, worth
    return _widened(sheet, best) if best is not None else None


def _widened(sheet: Sheet, at: int) -> int:
    """The outermost element of the same lines, three levels up at most: pictures and documents beside a lone paragraph belong to it."""
    own = (sheet.firsts[at], sheet.lasts[at])
    for up in sheet.above(at, WRAPPERS):
        if (sheet.firsts[up], sheet.lasts[up]) != own or sheet.tags[up] in ("body", "html"):
            break
        at = up
    return at
