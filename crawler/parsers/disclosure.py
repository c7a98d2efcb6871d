"""The disclosure block (索引号, 发文字号 …): labels and values in whatever shape a template lays them.

On the sheet all shapes are four: cells side by side, a row of labels over a row of values, label and value in one line or cell, and a
label that fills a line with its value in the next (dl, boxes, layout tables). Doubled blocks say everything twice: the first counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.parsers.heads import are_headings
from crawler.parsers.labels import BEGIN_SO, CORE, NOTHING, SCRIPT, STRONG, head_of, in_block, label_of, spaced
from crawler.parsers.pairs import read_pairs
from crawler.parsers.sheet import Line, Sheet
from crawler.parsers.tree import EDGES, squeeze
from crawler.record.notice import Pair
from crawler.text.dates import read_date

LONGEST_LINE = 400
MANY = 3
GAP = 4  # lines between two labels of one block
NEAR = 12  # lines before and behind a table in which the text around it stands
LONGEST_VALUE = {"issuer": 100, "category": 100, "validity": 40, "open_type": 40, "name": 300, "abstract": 2000, "region": 40}
WEAK = frozenset({"published", "source"})  # what the line under a title tells as well
DIGIT = re.compile(r"[\d０-９一二三四五六七八九]")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Field → the page's own text and the label it stood behind; `lines`: places of the block's lines; `labels`: distinct strong fields;
    `loose`: those of its lines that tell of a procurement, and are the notice's text where it has no other.

    `pairs`: all that stands in the block, known or not, in the page's order; `unread`: its lines that are no pairs.
    """

    fields: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    lines: frozenset[int] = frozenset()
    labels: int = 0
    loose: frozenset[int] = frozenset()
    pairs: tuple[Pair, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    field: str
    rank: int
    word: str
    value: str
    at: int
    upto: int  # the last line that belongs to it


def read_disclosure(sheet: Sheet) -> Disclosure:
    """The block's fields; nothing when there are not two labels of a disclosure block near each other."""
    found = _pairs(sheet)
    groups = [group for group in map(_trimmed, _groups(sheet, found)) if len({item.field for item in group} & STRONG) >= 2]
    groups = [group for group in groups if not _in_text(sheet, group) and not _is_of_text(sheet, group)]
    if not groups or _is_list(groups):
        return Disclosure()
    places, loose = set[int](), set[int]()
    for group in groups:
        own = _lines_of(sheet, group)
        places |= own
        loose |= own if not {item.field for item in group} & CORE else set()
    best: dict[str, _Found] = {}
    edges = (item for item in found if item.field in WEAK and item.at in places)  # of the block's own table, trimmed or not
    for item in (*(item for group in groups for item in group), *edges):
        if not item.field or item.value in NOTHING or SCRIPT.search(item.value) or not _fits(item.field, item.value):
            continue
        if item.field not in best or item.rank < best[item.field].rank:
            best[item.field] = item
    strong = {item.field for group in groups for item in group} & STRONG
    shown = places | {at for group in groups for item in group for at in range(item.at, item.upto + 1)}
    between = {at for group in groups for at in range(group[0].at, group[-1].upto + 1)}
    pairs, unread = read_pairs(sheet, shown, between)
    return Disclosure(
        {name: item.value for name, item in best.items()},
        {name: item.word for name, item in best.items()},
        frozenset(places),
        len(strong),
        frozenset(loose),
        pairs,
        unread,
    )


def _in_text(sheet: Sheet, group: list[_Found]) -> bool:
    """A table between two paragraphs of one box is part of the text: it tells of other acts, not of this notice."""

    def boxes(near: list[Line]) -> set[int]:
        return {sheet.ups[line.element] for line in near}

    first, last = group[0].at, group[-1].upto
    if not {item.field for item in group} & CORE:
        return False  # 采购人 and 项目名称 tell of the notice wherever they stand
    before = boxes([line for line in sheet.lines[max(0, first - NEAR) : first] if _is_prose(line)])
    after = boxes([line for line in sheet.lines[last + 1 : last + 1 + NEAR] if not line.cells])
    table = _table_of(sheet, first)
    return bool(before & after) or (table is not None and bool(before & set(sheet.above(table, 3))))


def _is_of_text(sheet: Sheet, group: list[_Found]) -> bool:
    """A table most of whose labels nobody puts into a block: a permit, a punishment. It tells of that, not of this notice."""
    if any(item.field == "index_no" for item in group) or not {item.field for item in group} & CORE:
        return False
    row = sheet.lines[group[0].at]
    table = next((at for at in sheet.above(row.element, 3) if sheet.tags[at] == "table"), None)
    if not row.cells or table is None:
        return False
    first, last = group[0].at, group[-1].upto
    while first > sheet.firsts[table] and sheet.lines[first - 1].cells:
        first -= 1
    while last + 1 < sheet.lasts[table] and sheet.lines[last + 1].cells:
        last += 1
    labels = sum(len(line.cells) // 2 for line in sheet.lines[first : last + 1])
    known = sum(1 for item in group if sheet.lines[item.at].cells)
    return known * 2 < labels


def _is_the_text(sheet: Sheet, first: int, last: int) -> bool:
    """A table of what is bought and by whom is a summary where an article stands in another box; else it is the article, or of it."""
    row = sheet.lines[first].element
    table = next((at for at in sheet.above(row, 3) if sheet.tags[at] == "table"), row)
    around = set(sheet.above(table, 2))
    prose = [line for at, line in enumerate(sheet.lines) if not first <= at <= last and _is_prose(line) and not line.foot]
    return not prose or any(sheet.ups[line.element] in around for line in prose)


def _is_prose(line: Line) -> bool:
    """A sentence."""
    return not line.cells and len(line.plain) >= 20 and ("。" in line.text or "，" in line.text) and not in_block(spaced(line))


def _is_list(groups: list[list[_Found]]) -> bool:
    """Many numbers or names: each row of a list shows the block of its own notice. A doubled block has one of each."""
    for name in ("index_no", "name", "doc_no"):
        if len({item.value for group in groups for item in group if item.field == name and item.value not in NOTHING}) >= MANY:
            return True
    return False


def _fits(name: str, value: str) -> bool:
    """Can a field have this value? A box whose value is empty is followed by something else."""
    if name == "index_no":
        return len(value) <= 80 and DIGIT.search(value) is not None
    if name == "doc_no":
        return len(value) <= 80 and (DIGIT.search(value) is not None or "号" in value)
    if name.endswith("_date") or name == "published":
        return read_date(value) is not None or len(value) <= 12
    return len(value) <= LONGEST_VALUE.get(name, 400)


def _groups(sheet: Sheet, found: list[_Found]) -> Iterator[list[_Found]]:
    """Labels that stand near each other; two tables with a heading between them are two."""
    group: list[_Found] = []
    for item in found:
        if group and (item.at - group[-1].upto > GAP or _are_apart(sheet, group, item.at)):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _are_apart(sheet: Sheet, group: list[_Found], at: int) -> bool:
    """A heading, or a line as long as one, between the rows of two tables."""
    lines = sheet.lines
    before = next((item.upto for item in reversed(group) if lines[item.upto].cells), at)
    if at - before < 2 or not lines[at].cells:
        return False
    return any(len(line.plain) >= 8 and not line.cells for line in lines[before + 1 : at])


def _trimmed(group: list[_Found]) -> list[_Found]:
    """Without lines before and behind that only tell date and source: those are the line under the title, which may stand near."""
    strong = [item.at for item in group if item.field and item.field not in WEAK]
    first, last = (min(strong), max(strong)) if strong else (0, -1)
    return [item for item in group if first <= item.at <= last]


def _pairs(sheet: Sheet) -> list[_Found]:
    found: list[_Found] = []
    lines, listed = sheet.lines, 0
    for at, line in enumerate(lines):
        if line.cells:
            if at >= listed:
                listed = _list_below(sheet, at)
            if at >= listed:
                found += _in_cells(lines, at)
            continue
        if not (line.labelled or line.named or line.marked) or len(line.text) > LONGEST_LINE:
            continue
        labelled = in_block(spaced(line)) if line.labelled else ()
        if labelled and (labelled[-1].value or len(labelled) > 1):
            found += [_Found(item.field, item.rank, item.label, item.value, at, at) for item in labelled]
            continue
        named = label_of(line.text) if line.named else None
        if named is not None:
            found.append(_below(lines, at, named))
        elif line.marked and BEGIN_SO[line.marked[0]]:
            first, rest = head_of(line)
            named = label_of(first)
            if named is not None and rest:
                found.append(_Found(named[0], named[1], first.strip(":："), rest.lstrip(":： "), at, at))
    return found


def _list_below(sheet: Sheet, at: int) -> int:
    """The line behind a table's rows where this row is their heading: words over columns, and below them none that is a label."""
    line, lines = sheet.lines[at], sheet.lines
    if len(line.cells) < 3 or at + 1 >= len(lines) or len(lines[at + 1].cells) != len(line.cells):
        return at
    below = lines[at + 1].cells
    named = [label_of(cell) is not None for cell in line.cells]  # nearly no row has any
    if not any(named) or all(named):
        return at
    if any(label_of(cell) or cell.rstrip().endswith((":", "：")) for cell in below) or any(map(in_block, (*line.cells, *below))):
        return at
    marked = all(
        sheet.tags[cell] == "th" for cell in range(line.element, sheet.end(line.element)) if sheet.ups[cell] == line.element
    )
    if not (marked or any(named[1::2]) or sum(named) * 2 < len(named) or are_headings([squeeze(cell) for cell in line.cells])):
        return at
    box = sheet.ups[line.element]
    end = at + 1
    while end < len(lines) and lines[end].cells and sheet.within(lines[end].element, box):
        end += 1
    return end


def _below(lines: list[Line], at: int, named: tuple[str, int]) -> _Found:
    """A label that fills a line: the next line is its value, unless that is a label too."""
    following = lines[at + 1] if at + 1 < len(lines) else None
    value = ""
    if following is not None and not following.cells and label_of(following.text) is None and not in_block(following.text):
        value = following.text.strip(EDGES + ":：") if len(following.text) <= 200 else ""
    return _Found(named[0], named[1], lines[at].plain.strip(":："), value, at, at + 1 if value else at)


def _in_cells(lines: list[Line], at: int) -> list[_Found]:
    cells = lines[at].cells
    named = [label_of(cell) for cell in cells]
    if len(cells) >= 2 and all(name is not None for name in named):
        return _header(lines, at, named)
    found = []
    number = 0
    while number < len(cells):
        name, cell = named[number], cells[number]
        if name is not None:
            value = cells[number + 1] if number + 1 < len(cells) and named[number + 1] is None else ""
            if in_block(value):
                value = ""
            found.append(_Found(name[0], name[1], cell.strip(EDGES + ":："), value.strip(EDGES), at, at))
            number += 2 if value else 1
            continue
        found += [_Found(item.field, item.rank, item.label, item.value, at, at) for item in in_block(cell)]
        number += 1
    return found


def _header(lines: list[Line], at: int, named: list[tuple[str, int] | None]) -> list[_Found]:
    """A row of labels over one row of values. Over several rows, or over links, it heads a list."""
    width = len(named)
    rows = [line for line in lines[at + 1 : at + 3] if len(line.cells) == width]
    if len(rows) != 1 or rows[0].linked or any(label_of(cell) for cell in rows[0].cells):
        return []
    cells = lines[at].cells
    return [
        _Found(name[0], name[1], cells[number].strip(EDGES + ":："), rows[0].cells[number].strip(EDGES), at, at + 1)
        for number, name in enumerate(named)
        if name is not None
    ]


def _lines_of(sheet: Sheet, group: list[_Found]) -> set[int]:
    """The lines of one block: its labelled lines, and the whole table or list that they fill."""
    own = {place for item in group for place in range(item.at, item.upto + 1) if not _is_data(sheet, item.at, group)}
    if not {item.field for item in group} & CORE:
        own = {place for place in own if sheet.lines[place].cells}  # 项目名称 and 采购人 as lines of a text are that text
        if own and _is_the_text(sheet, min(own), max(own)):
            return set()
    if not own:
        return own
    first, last = min(own), max(own)
    labelled = sum(len(sheet.lines[place].plain) for place in own)
    places = set(own)
    for at in [sheet.lines[first].element, *sheet.above(sheet.lines[first].element)]:
        if sheet.firsts[at] > first or sheet.lasts[at] <= last or sheet.tags[at] not in ("table", "tbody", "ul", "dl"):
            continue
        if labelled * 3 >= sum(len(line.plain) for line in sheet.own(at)):
            places |= set(range(sheet.firsts[at], sheet.lasts[at]))  # and not a layout table, which also holds the article
    return places


def _table_of(sheet: Sheet, at: int) -> int | None:
    """The innermost table around a row."""
    element = sheet.lines[at].element
    return (
        next((up for up in [element, *sheet.above(element)] if sheet.tags[up] == "table"), None)
        if sheet.lines[at].cells
        else None
    )


def _is_data(sheet: Sheet, at: int, group: list[_Found]) -> bool:
    """Is a row of a table of which labels are the smaller part: a table of the text that happens to use a few of the words?"""
    table = _table_of(sheet, at)
    if table is None:
        return False
    rows = range(sheet.firsts[table], sheet.lasts[table])
    if not all(sheet.lines[row].cells for row in rows):
        return False  # a layout table, which may hold anything
    labelled = {place for item in group for place in range(item.at, item.upto + 1) if place in rows}
    return len(labelled) * 3 < len(rows)
