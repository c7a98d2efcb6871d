"""Where the article must stand, whatever is in it: the box that the template calls the article, or the one under title and facts.

An article may be a picture, a document, or nothing. Then the densest text of a page is its frame (a hint about browsers, an
advertisement, a side column), and the frame is no substitute: what stands elsewhere counts only where it reads like an article.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.parsers.furniture import NEIGHBOUR, is_chrome, is_date_line, is_hint, tells
from crawler.parsers.platforms import COMMON, Platform
from crawler.parsers.sheet import EMBEDS, MEDIA, Line, Sheet
from crawler.parsers.tree import BLOCKS

ICON = re.compile(r"icon|logo|btn|share|print|\.gif$|qr|ewm|erweima|red\.png", re.IGNORECASE)
LEAST_APART = 40  # characters of sentences that stand elsewhere, where the article's box is empty
LEAST_BESIDE, TIMES = 120, 3  # the same where the box holds something: so many, and so many times its own
LEAST_BEHIND = 100  # characters of sentences behind a line of the foot that show that it is none
NEAR = 8  # lines behind the title among which the facts stand
SENTENCE = re.compile(r"[。；，]")
NO_BOXES = frozenset(
    {"a", "li", "ul", "ol", "hr", "p", "h1", "h2", "h3", "h4", "h5", "h6", "input", "img", "nav", "footer", "header", "form"}
)
ITEMS = frozenset({"li", "dt", "dd"})  # beside one stands another fact, no article
SPACER = re.compile(
    r"(?:^|[\s_-])(?:clear|clearfix|cl|line|blank|space|split|border|hr|fgx|height\d*)(?:$|[\s_-])", re.IGNORECASE
)
FILE = re.compile(
    r"^\W*(?:相关)?附[件表录图]|\.(?:docx?|xlsx?|pptx?|pdf|wps|et|ofd|zip|rar|7z|txt|csv|ceb)$|点击(?:查看|下载)|下载",
    re.IGNORECASE,
)
TOOLS = re.compile(r"打印|关闭|收藏|纠错")


def foot_from(sheet: Sheet, title: int | None) -> int:
    """The line with which the page's foot begins: behind it no text stands; the number of lines where there is no foot."""
    known = sheet.feet.get(title)
    if known is not None:
        return known
    behind, found = 0, len(sheet.lines)
    for at in range(len(sheet.lines) - 1, title if title is not None else -1, -1):
        line = sheet.lines[at]
        if line.foot:
            found = at
        elif _is_sentence(line):
            behind += len(line.plain)
            if behind >= LEAST_BEHIND:
                break
    sheet.feet[title] = found
    return found


@dataclass(frozen=True, slots=True)
class Box:
    """The article's place, what it is called, and its lines where it is some of the element's children."""

    at: int
    name: str
    run: tuple[int, int] | None = None

    def span(self, sheet: Sheet) -> tuple[int, int]:
        """Its first line and the one behind its last."""
        return self.run or (sheet.firsts[self.at], sheet.lasts[self.at])


def expected(sheet: Sheet, platform: Platform | None, title: int | None) -> Box | None:
    """The article's box: it begins behind the title and before the foot."""
    after, foot = title if title is not None else -1, foot_from(sheet, title)
    for selector in (*(platform.body if platform else ()), *COMMON):
        for at in sheet.named(selector):
            shut = at in sheet.hidden or at in sheet.silent or sheet.tags[at] in NO_BOXES
            if not shut and after < sheet.firsts[at] <= foot and not _is_menu(sheet, at):
                return Box(at, selector)
    return _under_facts(sheet, title, foot) if title is not None else None


def _under_facts(sheet: Sheet, title: int, foot: int) -> Box | None:
    """The box behind the one in which title and facts end, where nothing beside it is text: else the text tells by itself."""
    lines = sheet.lines
    near = range(title + 1, min(title + NEAR, foot))
    last = next((at for at in near if tells(lines, at)), next((at for at in near[:3] if is_date_line(lines[at].text)), title))
    while last + 1 < foot and tells(lines, last + 1):
        last += 1
    head = lines[last].element
    while sheet.ups[head] >= 0 and sheet.tags[head] not in BLOCKS:
        head = sheet.ups[head]
    while sheet.tags[head] in ITEMS and sheet.ups[head] >= 0:
        head = sheet.ups[head]
    shown = None
    while (up := sheet.ups[head]) >= 0 and sheet.lasts[up] == last + 1 and sheet.tags[up] not in ("body", "html"):
        shown = _shown_behind(sheet, head) if shown is None else shown
        if shown < len(sheet.ups) and sheet.within(shown, up):
            break  # an article of pictures has no line, and ends where the facts do
        head = up
    if sheet.lasts[head] > last + 1:
        return None
    return _first_box(sheet, head, foot)


def _shown_behind(sheet: Sheet, at: int) -> int:
    """The first picture or document behind an element that may be an article's; the number of elements where there is none."""
    own = sheet.end(at)
    places = sorted(place for tag in ("img", *EMBEDS, *MEDIA) for place in sheet.named(tag) if place >= own)
    may = (place for place in places if shows(sheet, place))
    return next((place for place in may if not any(is_chrome(sheet.label(up)) for up in sheet.above(place, 3))), len(sheet.ups))


def _first_box(sheet: Sheet, head: int, foot: int) -> Box | None:
    """Of the siblings behind an element the first that is an article's: one that holds something and no sentence, else an empty one."""
    empty, run = None, list[int]()
    for at in _behind(sheet, head):
        own = sheet.own(at)
        if sheet.firsts[at] > foot or (own and (run or empty is not None) and all(map(_is_frame, own))):
            break
        named = sheet.tags[at] in BLOCKS and sheet.tags[at] not in NO_BOXES
        if not own:
            if holds_media(sheet, at):
                run.append(at)
            elif empty is None and named and not SPACER.search(sheet.label(at)):
                empty = at
        elif (
            not all(_is_frame(line) or line.contact for line in own)
            and not is_chrome(sheet.label(at))
            and not _is_menu(sheet, at)
        ):
            if any(map(_is_sentence, own)):
                return None
            run.append(at)
    if not run:
        return Box(empty, f"<{sheet.tags[empty]}> under the title") if empty is not None else None
    name = f"<{sheet.tags[run[0]]}> under the title"
    if len(run) == 1 and sheet.tags[run[0]] in BLOCKS:
        return Box(run[0], name)
    return Box(sheet.ups[run[0]], name, (sheet.firsts[run[0]], sheet.lasts[run[-1]]))


def _is_menu(sheet: Sheet, at: int) -> bool:
    """Links to other pages, and hardly anything else."""
    own = [line for line in sheet.own(at) if not line.prose and not FILE.search(line.text)]
    return sum(len(line.plain) for line in own) * 2 > sum(len(line.plain) for line in sheet.own(at))


def _behind(sheet: Sheet, at: int) -> Iterator[int]:
    """The siblings behind an element that a reader may see."""
    up, place = sheet.ups[at], sheet.end(at)
    while place < len(sheet.ups) and sheet.ups[place] == up:
        if place not in sheet.hidden and place not in sheet.silent:
            yield place
        place = sheet.end(place)


def _is_frame(line: Line) -> bool:
    """A line that no article has: buttons, neighbours, hints, the foot."""
    return line.furniture or is_hint(line.text) or line.foot or line.crumb or bool(NEIGHBOUR.match(line.plain))


def _is_sentence(line: Line) -> bool:
    return line.prose and (bool(line.cells) or (len(line.plain) >= 12 and SENTENCE.search(line.text) is not None))


def shows(sheet: Sheet, at: int) -> bool:
    """A picture or document that is more than an icon or a link's face."""
    address = sheet.attribute(at, "src") or sheet.attribute(at, "data")
    if at in sheet.hidden or not address or ICON.search(address.rpartition("/")[2]):
        return False
    return not any(sheet.tags[up] in ("a", "li", "footer", "header", "nav") for up in sheet.above(at))


def holds_media(sheet: Sheet, at: int) -> bool:
    """Does an element show a picture, a document, a video?"""
    end = sheet.end(at)
    return any(at <= place < end and place not in sheet.hidden for tag in ("img", *EMBEDS, *MEDIA) for place in sheet.named(tag))


def reads_apart(sheet: Sheet, box: Box, best: int, title: int | None) -> bool:
    """Is the element of most worth an article of its own, beside the box in which the article must stand?"""
    first, last = box.span(sheet)
    if box.run is None and sheet.within(best, box.at):
        return True
    foot, size = foot_from(sheet, title), 0
    for at in range(max(sheet.firsts[best], title + 1 if title is not None else 0), min(sheet.lasts[best], foot)):
        line = sheet.lines[at]
        if at >= last and (NEIGHBOUR.match(line.plain) or (TOOLS.search(line.text) and line.furniture)):
            break
        if not first <= at < last and _is_sentence(line) and not _is_frame(line) and not tells(sheet.lines, at):
            size += 0 if any(is_chrome(sheet.label(up)) for up in sheet.above(line.element, 5)) else len(line.plain)
    own = sum(len(line.plain) for line in sheet.lines[first:last] if not _is_frame(line))
    holds = own or holds_media(sheet, box.at)
    return size >= (max(LEAST_BESIDE, TIMES * own) if holds else LEAST_APART)
