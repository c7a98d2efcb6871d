"""Where the article must stand, whatever is in it: the box that the template calls the article, or the one under title and facts.

An article may be a picture, a document, or nothing. Then the densest text of a page is its frame (a hint about browsers, an
advertisement, a side column), and the frame is no substitute: what stands elsewhere counts only where it reads like an article.
"""

import re
from collections.abc import Iterator

from crawler.parsers.furniture import NEIGHBOUR, is_chrome, is_crumb, is_date_line, is_foot, is_furniture, is_hint, tells
from crawler.parsers.platforms import COMMON, Platform
from crawler.parsers.sheet import EMBEDS, MEDIA, Line, Sheet
from crawler.parsers.tree import BLOCKS

LEAST_APART = 40  # characters of sentences that stand elsewhere, where the article's box is empty
LEAST_BESIDE, TIMES = 120, 3  # the same where the box holds something: so many, and so many times its own
LEAST_BEHIND = 100  # characters of sentences behind a line of the foot that show that it is none
NEAR = 8  # lines behind the title among which the facts stand
SENTENCE = re.compile(r"[。；，]")
NO_BOXES = frozenset(
    {"a", "li", "ul", "ol", "hr", "p", "h1", "h2", "h3", "h4", "h5", "h6", "input", "img", "nav", "footer", "header", "form"}
)
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
    behind, found = 0, len(sheet.lines)
    for at in range(len(sheet.lines) - 1, title if title is not None else -1, -1):
        line = sheet.lines[at]
        if is_foot(line.text):
            found = at
        elif _is_sentence(line):
            behind += len(line.plain)
            if behind >= LEAST_BEHIND:
                break
    return found


def expected(sheet: Sheet, platform: Platform | None, title: int | None) -> tuple[int, str] | None:
    """(place, what it is called) of the article's box: it begins behind the title and before the foot."""
    after, foot = title if title is not None else -1, foot_from(sheet, title)
    for selector in (*(platform.body if platform else ()), *COMMON):
        for at in sheet.named(selector):
            shut = at in sheet.hidden or at in sheet.silent or sheet.tags[at] in NO_BOXES
            if not shut and after < sheet.firsts[at] <= foot and not _is_menu(sheet, at):
                return at, selector
    return _under_facts(sheet, title, foot) if title is not None else None


def _under_facts(sheet: Sheet, title: int, foot: int) -> tuple[int, str] | None:
    """The box behind the one in which title and facts end, where nothing beside it is text: else the text tells by itself."""
    lines = sheet.lines
    last = max(
        (at for at in range(title, min(title + NEAR, foot)) if tells(lines, at) or is_date_line(lines[at].text)), default=title
    )
    head = lines[last].element
    while sheet.ups[head] >= 0 and sheet.tags[head] not in BLOCKS:
        head = sheet.ups[head]
    while (up := sheet.ups[head]) >= 0 and sheet.lasts[up] == last + 1 and sheet.tags[up] not in ("body", "html"):
        head = up
    if sheet.lasts[head] > last + 1:
        return None
    empty = None
    for at in _behind(sheet, head):
        if sheet.firsts[at] > foot:
            break
        own = sheet.own(at)
        if not own:
            if (
                empty is None
                and sheet.tags[at] in BLOCKS
                and sheet.tags[at] not in NO_BOXES
                and not SPACER.search(sheet.label(at))
            ):
                empty = at
            elif holds_media(sheet, at):
                return at, f"<{sheet.tags[at]}> under the title"
        elif not all(map(_is_frame, own)) and not is_chrome(sheet.label(at)):
            return None
    return (empty, f"<{sheet.tags[empty]}> under the title") if empty is not None else None


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
    return (
        is_furniture(line.text)
        or is_hint(line.text)
        or is_foot(line.text)
        or is_crumb(line.text)
        or bool(NEIGHBOUR.match(line.plain))
    )


def _is_sentence(line: Line) -> bool:
    return line.prose and (bool(line.cells) or (len(line.plain) >= 12 and SENTENCE.search(line.text) is not None))


def holds_media(sheet: Sheet, at: int) -> bool:
    """Does an element show a picture, a document, a video?"""
    end = sheet.end(at)
    return any(at <= place < end and place not in sheet.hidden for tag in ("img", *EMBEDS, *MEDIA) for place in sheet.named(tag))


def reads_apart(sheet: Sheet, box: int, best: int, title: int | None) -> bool:
    """Is the element of most worth an article of its own, beside the box in which the article must stand?"""
    if sheet.within(best, box):
        return True
    first, last = sheet.firsts[box], sheet.lasts[box]
    foot, size = foot_from(sheet, title), 0
    for at in range(max(sheet.firsts[best], title + 1 if title is not None else 0), min(sheet.lasts[best], foot)):
        line = sheet.lines[at]
        if at >= last and (NEIGHBOUR.match(line.plain) or (TOOLS.search(line.text) and is_furniture(line.text))):
            break
        if not first <= at < last and _is_sentence(line) and not _is_frame(line) and not tells(sheet.lines, at):
            size += 0 if any(is_chrome(sheet.label(up)) for up in sheet.above(line.element, 5)) else len(line.plain)
    own = sum(len(line.plain) for line in sheet.lines[first:last] if not _is_frame(line))
    holds = own or holds_media(sheet, box)
    return size >= (max(LEAST_BESIDE, TIMES * own) if holds else LEAST_APART)
