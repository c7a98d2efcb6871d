"""What of the article is read. Nothing is dropped silently: each line that is left out is named with the rule that left it out."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from crawler.parsers.article import Container
from crawler.parsers.attachments import ENDING, leads_to_file
from crawler.parsers.disclosure import Disclosure
from crawler.parsers.expected import ICON
from crawler.parsers.furniture import (
    NEIGHBOUR,
    chrome_of,
    is_chrome,
    is_event,
    is_vague,
    tells,
)
from crawler.parsers.grid import Grid, read_grids
from crawler.parsers.labels import spaced
from crawler.parsers.media import TYPES
from crawler.parsers.sheet import EMBEDS, MEDIA, Line, Sheet
from crawler.parsers.titles import is_sentence, key
from crawler.parsers.tree import squeeze
from crawler.record.tables import Table
from crawler.text.dates import read_date

HEAD = 6  # lines at the article's head among which the title and the line of facts may stand again
COPY = 0.8  # share of lines that say the same from which the second half of an article is its copy
LEAST_TEXT = 80  # characters: below, pictures are what there is to read
LEAST_PROSE = 200  # characters: beside less, a table of a procurement is the text
LEAST_LEFT = 20  # characters: a table of labels that is the whole article is its text
RELATED = re.compile(
    r"^[【\[<]?\s*(?:相关(?!附[件表图]|下载|文档)|推荐|热点|延伸阅读|往期回顾|最新|更多|猜你喜欢)[^。，]{0,10}[】\]>]?[:：]?$"
)
NAME = re.compile(r"[\u3400-\u9fff]")
FILES_LABEL = re.compile(r"^\W*(?:(?:相关)?附件(?:下载|列表)?|相关(?:文档|下载))\W*$")
FILE_NAME = re.compile(r"^[\w.%-]+\.(?:jpe?g|png|gif|bmp|webp)$|^\d+$|^(?:img|image|图片)\d*$", re.IGNORECASE)
WORD = re.compile(r"\w")
OF_A_TABLE = frozenset({"line of facts", "furniture", "breadcrumb"})  # what a row below other rows of a table only looks like


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line that stood in the article's element and is not in the body, and why."""

    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Body:
    """The paragraphs as a reader sees them, and what was left out; `places`: the line that each paragraph begins with.

    `trouble`: what is wrong with the tables.
    """

    paragraphs: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    places: tuple[int, ...] = ()
    tables: tuple[Table, ...] = ()
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """Where the page shows what is not of the text: the title's line (`told`: the block tells it too, and what heads the text is the
    text's), the lines that are facts by their place, and the channel's name."""

    title: int | None
    told: bool
    facts: frozenset[int]
    column: str


def read_body(sheet: Sheet, container: Container, disclosed: Disclosure, title: str, shown: Shown) -> Body:
    """Furniture, the disclosure block, the title repeated, second copies and what is hidden are left out."""
    span = range(*container.span(sheet))
    block = _beside_text(sheet, span, disclosed.lines, disclosed.loose)
    chrome = _chrome(sheet, container)
    why: dict[int, str] = {}
    for at in span:
        line = sheet.lines[at]
        if at in block:
            why[at] = "disclosure block"
        elif at in chrome:
            why[at] = f"box called {chrome[at]}"
        elif line.furniture:
            why[at] = "furniture"
        elif shown.title is not None and at < shown.title and (line.crumb or line.linked * 2 >= len(line.plain)):
            why[at] = "above the title"
    _head(sheet, span, why, title, shown)
    _copies(sheet, span, why)
    _tail(sheet, span, why)
    grids = tuple(grid for box in container.boxes(sheet) for grid in read_grids(sheet, box))
    rows = _rows(grids, why)
    kept = list(_with_pictures(sheet, container, [at for at in span if at not in why], title, rows))
    dropped = [Dropped(sheet.lines[at].text, rule) for at, rule in sorted(why.items())]
    places = tuple(at for at, _ in kept)
    return Body(tuple(text for _, text in kept), (*dropped, *_hidden(sheet, container)), places, *_tables(grids, rows, places))


def _rows(grids: tuple[Grid, ...], why: dict[int, str]) -> dict[int, str]:
    """First line of a table's row → its one paragraph; empty for its further lines. A row is left out as a whole or not at all."""
    rows: dict[int, str] = {}
    above = False  # is the row above kept?
    for row in (row for grid in grids for row in grid.lines):
        own = range(row.first, row.last)
        fact = above and "\t" in row.text and all(why.get(at) in OF_A_TABLE for at in own)
        if row.first in rows or (all(at in why for at in own) and not fact):  # in another table's cell, or left out
            above = row.first in rows
            continue
        above = True
        for at in own:
            why.pop(at, None)
            rows[at] = row.text if at == row.first else ""
    return rows


def _tables(grids: tuple[Grid, ...], rows: dict[int, str], places: tuple[int, ...]) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """The tables that stand in the body, and what is wrong with any."""
    found, trouble = [], []
    for number, grid in enumerate(grids, 1):
        trouble += [f"table {number}: {said}" for said in grid.trouble]
        shown = [row.first for row in grid.lines if row.first < row.last and row.first in rows]
        if shown and len(shown) * 2 > len(grid.lines):
            at = bisect_right(places, shown[0]) - 1
            found.append(Table(at, grid.caption, grid.header, grid.rows))
    return tuple(found), tuple(trouble)


def _beside_text(sheet: Sheet, span: range, block: frozenset[int], loose: frozenset[int]) -> frozenset[int]:
    """The block's lines, where they are not the text: a block that is nearly all of the article is; so is a table of a procurement
    (`loose`) behind a sentence, or beside little else."""
    inside = block & frozenset(span)
    if not inside:
        return block
    left = [at for at in span if at not in block and not sheet.lines[at].furniture]
    size = sum(len(sheet.lines[at].plain) for at in left)
    if size < LEAST_LEFT and inside == block:
        return frozenset()
    tabled = inside & loose
    if tabled:
        prose = sum(len(sheet.lines[at].plain) for at in left if not sheet.lines[at].cells)
        if prose < LEAST_PROSE or any(is_sentence(sheet.lines[at]) for at in left if at < min(tabled)):
            return block - loose
    return block


def _chrome(sheet: Sheet, container: Container) -> dict[int, str]:
    """Lines within boxes that are called share, related, crumbs …; a box with half of the text is a wrapper that happens to be called so."""
    first, last = container.span(sheet)
    size = sum(len(line.plain) for line in sheet.lines[first:last])
    found: dict[int, str] = {}
    for place in sheet.called(is_chrome):
        if not container.holds(sheet, place):
            continue
        name, own = chrome_of(sheet.label(place)), sheet.own(place)
        if own and name is not None and sum(len(line.plain) for line in own) * 2 < size:
            found |= dict.fromkeys(range(sheet.firsts[place], sheet.lasts[place]), name)
    return found


def _head(sheet: Sheet, span: range, why: dict[int, str], title: str, shown: Shown) -> None:
    """The title, the line of facts, the column's name and the breadcrumb where the article's element begins with them."""
    wanted = key(title)
    heading = None if shown.told else shown.title
    passed = 0
    for at in span:
        if at in why:
            continue
        line = sheet.lines[at]
        plain = key(line.text)
        if (plain == wanted or _cut_from(plain, wanted)) and (at == heading or _is_title_line(sheet, line)):
            why[at] = "the title"
        elif line.cells and (passed or _goes_on(sheet, at, span)):
            passed += 1  # a row of a table of the text, whatever it tells
        elif (_tells(sheet, at) and (passed == 0 or not is_vague(spaced(line)))) or (at in shown.facts and plain != wanted):
            why[at] = "line of facts"
        elif passed and line.crumb:
            why[at] = "breadcrumb"
        elif not passed and shown.column and line.plain == shown.column and len(span) > 1:
            why[at] = "the column's name"
        else:
            passed += 1
            if passed >= HEAD or is_sentence(line):  # what stands below a sentence stands in the text
                return


def _goes_on(sheet: Sheet, at: int, span: range) -> bool:
    """Is a row followed by another that tells nothing of the notice?"""
    return at + 1 in span and bool(sheet.lines[at + 1].cells) and not _tells(sheet, at + 1)


def _tells(sheet: Sheet, at: int) -> bool:
    """A line of facts that is none of the text: `时间：…` over `地点：…` says when and where people meet."""
    return tells(sheet.lines, at) and not is_event(sheet.lines, at)


def _cut_from(plain: str, title: str) -> bool:
    """A heading that a template cuts with dots."""
    stem = plain.rstrip("….")
    return len(stem) < len(plain) and len(stem) >= 6 and title.startswith(stem)


def _is_title_line(sheet: Sheet, line: Line) -> bool:
    """Set as a heading: a title that is a paragraph of the text is repeated in the text."""
    places = [line.element, *sheet.above(line.element, 2)]
    return any(sheet.tags[at] in ("h1", "h2", "h3") or "title" in sheet.label(at).lower() for at in places)


def _copies(sheet: Sheet, span: range, why: dict[int, str]) -> None:
    """The same article again, for another screen: from a line that begins like the whole, if nearly all that follows was said above."""
    kept = [at for at in span if at not in why]
    texts = [sheet.lines[at].plain for at in kept]
    if len(texts) < 2:
        return
    start = next((number for number, text in enumerate(texts) if len(text) >= 8), 0)
    for number in range(start + 1, len(texts)):
        if texts[number] != texts[start]:
            continue
        said, again = texts[start:number], texts[number:]
        same = sum(1 for text in again[: len(said)] if text in said)
        if (
            same >= COPY * min(len(said), len(again))
            and sum(map(len, again[: len(said)])) >= 30
            and len(again) >= COPY * len(said)
        ):
            for at in kept[number:]:
                if sheet.lines[at].plain in said:
                    why[at] = "said above"
            return


def _tail(sheet: Sheet, span: range, why: dict[int, str]) -> None:
    """Bare punctuation, the page's foot and lists of other pages at the end."""
    kept = [at for at in span if at not in why]
    while kept:
        line = sheet.lines[kept[-1]]
        if not WORD.search(line.text):
            why[kept.pop()] = "no words"
        elif FILES_LABEL.match(line.plain):
            why[kept.pop()] = "a label of files, and none"
        elif line.foot and len(kept) > 1:
            why[kept.pop()] = "the page's foot"
        elif RELATED.match(line.text):
            why[kept.pop()] = "list of other pages"
        else:
            break
    last = len(kept)
    while last and _is_other_page(sheet, sheet.lines[kept[last - 1]]):
        last -= 1
    before = kept[last] - 1 if last < len(kept) else -1
    if last and before in why and (NEIGHBOUR.match(sheet.lines[before].plain) or RELATED.match(sheet.lines[before].text)):
        why.update(dict.fromkeys(kept[last:], "list of other pages"))
        return
    heads = 1 if last and RELATED.match(sheet.lines[kept[last - 1]].text) else 0
    if heads and last < len(kept) and last > 1:
        for at in kept[last - 1 :]:
            why[at] = "list of other pages"


def _is_other_page(sheet: Sheet, line: Line) -> bool:
    """A line that is a link to no file, perhaps with a date."""
    if not line.linked:
        return False
    size = len(line.plain)
    if line.linked * 10 < size * 6 and (stamp := read_date(line.text)) is not None:
        size -= len(squeeze(stamp.raw))
    if line.linked * 10 < size * 6:
        return False
    for at in [line.element, *sheet.above(line.element, 1)]:
        if sheet.tags[at] == "a":
            return not leads_to_file(sheet.attribute(at, "href"))
    return True


# ------------------------------------------------------------------ pictures and embedded documents
def _with_pictures(
    sheet: Sheet, container: Container, kept: list[int], title: str, rows: dict[int, str]
) -> Iterator[tuple[int, str]]:
    """The lines with their places, and between them what is shown and is no text: documents always, pictures that say something or are all there is."""
    little = sum(len(sheet.lines[at].plain) for at in kept) < LEAST_TEXT
    shown: dict[int, list[str]] = {}
    for at in sorted(at for tag in ("img", *EMBEDS, *MEDIA) for at in sheet.named(tag)):
        if at in sheet.hidden or not container.holds(sheet, at):
            continue
        if sheet.tags[at] in MEDIA:
            name = _video(sheet, at) if little else ""
        else:
            name = _picture(sheet, at, title, little=little) if sheet.tags[at] == "img" else _document(sheet, at)
        if name and name not in shown.get(sheet.firsts[at], []):
            shown.setdefault(sheet.firsts[at], []).append(name)
    for at in kept:
        if shown:
            yield from ((place, text) for place in sorted(place for place in shown if place <= at) for text in shown.pop(place))
        if text := rows.get(at, sheet.lines[at].text):
            yield at, text
    yield from ((place, text) for place in sorted(shown) for text in shown[place])


def _document(sheet: Sheet, at: int) -> str:
    address = sheet.attribute(at, "src") or sheet.attribute(at, "data")
    match = next((match for match in ENDING.finditer(unquote(address)) if match[1].lower() in TYPES), None)
    if match is None:
        return ""
    return f"[文档：{unquote(address)[: match.end(1)].replace('=', '/').rpartition('/')[2]}]"


def _video(sheet: Sheet, at: int) -> str:
    """A video or a recording, by its file's name; its sources are within it."""
    inside = range(at, sheet.end(at))
    address = next((said for place in inside if (said := sheet.attribute(place, "src"))), "")
    name = unquote(address.partition("?")[0].partition("#")[0]).rpartition("/")[2]
    return f"[视频：{name}]" if name else ""


def _picture(sheet: Sheet, at: int, title: str, *, little: bool) -> str:
    name = (sheet.attribute(at, "alt") or sheet.attribute(at, "title")).strip()
    if FILE_NAME.match(name) or not NAME.search(name) or key(name) == key(title) or len(name) > 120:
        name = ""
    if not name and little:
        name = unquote(
            urlsplit((sheet.attribute(at, "src") or sheet.attribute(at, "data-src"))[:500].replace("[", "").replace("]", "")).path
        ).rpartition("/")[2]
        if ICON.search(name):
            name = ""
    return f"[图片：{name}]" if name else ""


def _hidden(sheet: Sheet, container: Container) -> Iterator[Dropped]:
    """Text within the article's element that no reader sees."""
    for at in sorted(sheet.hidden):
        if sheet.ups[at] not in sheet.hidden and at not in sheet.silent and container.holds(sheet, at):
            text = " ".join(sheet.node(at).text(deep=True, separator=" ").split())
            if squeeze(text):
                yield Dropped(text, "hidden")
