"""The disclosure block (索引号, 发文字号 …): labels and values in whatever shape a template lays them.

On the sheet all shapes are four: cells side by side, a row of labels over a row of values, label and value in one line or cell, and a
label that fills a line with its value in the next (dl, boxes, layout tables). Doubled blocks say everything twice: the first counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.parsers.labels import BEGIN_SO, CORE, NOTHING, SCRIPT, STRONG, head_of, in_block, label_of, spaced
from crawler.parsers.sheet import Line, Sheet
from crawler.parsers.tree import EDGES
from crawler.text.dates import read_date

LONGEST_LINE = 400
MANY = 3
LEAST_BETWEEN = 6  # characters of a line between two tables that makes them two blocks
GAP = 4  # lines between two labels of one block
NEAR = 12  # lines before and behind a table in which the text around it stands
LONGEST_VALUE = {"issuer": 100, "category": 100, "validity": 40, "open_type": 40, "name": 300, "abstract": 2000, "region": 40}
DIGIT = re.compile(r"[\d０-９一二三四五六七八九]")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Field → the page's own text and the label it stood behind; `lines`: places of the block's lines; `labels`: distinct strong fields;
    `loose`: those of its lines that tell of a procurement, and are the notice's text where it has no other."""

    fields: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    lines: frozenset[int] = frozenset()
    labels: int = 0
    loose: frozenset[int] = frozenset()


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
    groups = [
        group for group in map(_trimmed, _groups(sheet, _pairs(sheet))) if len({item.field for item in group} & STRONG) >= 2
    ]
    groups = [group for group in groups if not _in_text(sheet, group)]
    if not groups or _is_list(groups):
        return Disclosure()
    best: dict[str, _Found] = {}
    for item in (item for group in groups for item in group):
        if not item.field or item.value in NOTHING or SCRIPT.search(item.value) or not _fits(item.field, item.value):
            continue
        if item.field not in best or item.rank < best[item.field].rank:
            best[item.field] = item
    places, loose = set[int](), set[int]()
    for group in groups:
        own = _lines_of(sheet, group)
        places |= own
        loose |= own if not {item.field for item in group} & CORE else set()
    strong = {item.field for group in groups for item in group} & STRONG
    return Disclosure(
        {name: item.value for name, item in best.items()},
        {name: item.word for name, item in best.items()},
        frozenset(places),
        len(strong),
        frozenset(loose),
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
    """Labels that stand near each other; what stands in another table behind a line of its own (the title) is another group."""
    group: list[_Found] = []
    for item in found:
        if group and (item.at - group[-1].upto > GAP or _is_apart(sheet, group, item)):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _is_apart(sheet: Sheet, group: list[_Found], other: _Found) -> bool:
    """Does a label stand in another table than those before it, and a line between the two?"""
    one = next((item for item in reversed(group) if sheet.lines[item.at].cells), None)
    if one is None or not sheet.lines[other.at].cells:
        return False
    between = sheet.lines[one.upto + 1 : other.at]
    if not any(not line.cells and len(line.plain) >= LEAST_BETWEEN and not line.labelled for line in between):
        return False
    return _table_of(sheet, one.at) != _table_of(sheet, other.at)


def _trimmed(group: list[_Found]) -> list[_Found]:
    """Without lines before and behind that only tell date and source: those are the line under the title, which may stand near."""
    strong = [item.at for item in group if item.field and item.field not in ("published", "source")]
    first, last = (min(strong), max(strong)) if strong else (0, -1)
    return [item for item in group if first <= item.at <= last]


def _pairs(sheet: Sheet) -> list[_Found]:
    found: list[_Found] = []
    lines = sheet.lines
    for at, line in enumerate(lines):
        if line.cells:
            found += [] if _heads_data(sheet, at) else _in_cells(lines, at)
            continue
        if len(line.text) > LONGEST_LINE:
            continue
        labelled = in_block(spaced(line)) if line.labelled else ()
        if labelled and (labelled[-1].value or len(labelled) > 1):
            found += [_Found(item.field, item.rank, item.label, item.value, at, at) for item in labelled]
            continue
        named = label_of(line.text)
        if named is not None:
            found.append(_below(lines, at, named))
        elif line.marked and BEGIN_SO[line.marked[0]]:
            first, rest = head_of(line)
            named = label_of(first)
            if named is not None and rest:
                found.append(_Found(named[0], named[1], first.strip(":："), rest.lstrip(":： "), at, at))
    return found


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


def _heads_data(sheet: Sheet, at: int) -> bool:
    """A row of three cells and more over rows as wide, that is not made of labels: it heads a table of the text."""
    cells = sheet.lines[at].cells
    if len(cells) < 3 or at + 1 >= len(sheet.lines) or len(sheet.lines[at + 1].cells) != len(cells):
        return False
    below = sheet.lines[at + 1].cells
    named = sum(1 for cell in cells if label_of(cell) is not None)
    return 0 < named * 2 < len(cells) and not any(label_of(cell) is not None or in_block(cell) for cell in below)


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
