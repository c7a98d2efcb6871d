"""Tables of a PDF's page by the lines that rule them: cells are what lines surround, merged where none stands between. Nothing is guessed
from white space alone."""

import ctypes
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crawler.parsers.attached.said import Grid

PATH = 2  # FPDF_PAGEOBJ_PATH
LINE, BEZIER = 0, 1
MOST_OBJECTS = 20_000
MOST_LINES = 4_000
MOST_CELLS = 4_000  # of a page
THIN = 3.0  # points: a filled box no thicker is a line
NEAR = 2.5  # points between two lines that are one, or that meet
SHORTEST = 4.0
STRAIGHT = 0.8
LEAST_SIDE = 4.0  # of a cell


@dataclass(frozen=True, slots=True)
class Rule:
    """A line: its place across, and from where to where it goes along. `is_flat`: it lies, and its place is a height."""

    place: float
    begin: float
    end: float
    is_flat: bool


@dataclass(frozen=True, slots=True)
class Ruled:
    """A table by its lines: columns from left to right, rows from the top (coordinates falling), and of each place its cell's number."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    cells: tuple[tuple[int, ...], ...]

    def boxes(self) -> dict[int, tuple[float, float, float, float]]:
        """Cell → left, bottom, right, top."""
        found: dict[int, tuple[float, float, float, float]] = {}
        for r, row in enumerate(self.cells):
            for c, number in enumerate(row):
                own = (self.columns[c], self.rows[r + 1], self.columns[c + 1], self.rows[r])
                held = found.get(number, own)
                found[number] = (min(held[0], own[0]), min(held[1], own[1]), max(held[2], own[2]), max(held[3], own[3]))
        return found

    def grid(self, texts: dict[int, str]) -> Grid:
        """Its rows, a cell's text in every place it covers."""
        return tuple(tuple(texts[number] for number in row) for row in self.cells)

    def lines(self, texts: dict[int, str]) -> list[str]:
        """Its rows as lines, each text where its cell begins."""
        told: set[int] = set()
        found = []
        for row in self.cells:
            said = []
            for place, number in enumerate(row):
                if place and row[place - 1] == number:
                    continue
                said.append("" if number in told else texts[number])
                told.add(number)
            found.append("\t".join(said))
        return found


# ------------------------------------------------------------------ lines
def rules_of(page: Any) -> list[Rule]:
    """The straight lines that a page draws, and the thin boxes that stand for such."""
    from pypdfium2 import raw

    count = raw.FPDFPage_CountObjects(page.raw)
    found: list[Rule] = []
    for place in range(min(count, MOST_OBJECTS)):
        item = raw.FPDFPage_GetObject(page.raw, place)
        if raw.FPDFPageObj_GetType(item) == PATH:
            found += _of_path(raw, item)
            if len(found) > MOST_LINES:
                return []
    return found


def _of_path(raw: Any, item: Any) -> Iterable[Rule]:
    box = [ctypes.c_float() for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(item, *map(ctypes.byref, box)):
        return []
    left, bottom, right, top = (each.value for each in box)
    if top - bottom <= THIN or right - left <= THIN:
        thin = _thin(left, bottom, right, top)
        return [thin] if thin else []
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(item, ctypes.byref(fill), ctypes.byref(stroke)) or not stroke.value:
        return []
    return list(_segments(raw, item))


def _thin(left: float, bottom: float, right: float, top: float) -> Rule | None:
    if right - left >= SHORTEST and right - left > top - bottom:
        return Rule((top + bottom) / 2, left, right, is_flat=True)
    return Rule((left + right) / 2, bottom, top, is_flat=False) if top - bottom >= SHORTEST else None


def _segments(raw: Any, item: Any) -> Iterable[Rule]:
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(item, ctypes.byref(matrix)):
        return
    a, b, c, d, e, f = (getattr(matrix, name) for name in "abcdef")
    count = raw.FPDFPath_CountSegments(item)
    x, y = ctypes.c_float(), ctypes.c_float()
    begun: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    for place in range(min(count, MOST_LINES)):
        segment = raw.FPDFPath_GetPathSegment(item, place)
        raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        now = (a * x.value + c * y.value + e, b * x.value + d * y.value + f)
        if raw.FPDFPathSegment_GetType(segment) == LINE and last is not None:
            yield from _straight(last, now)
        elif last is None or raw.FPDFPathSegment_GetType(segment) != BEZIER:
            begun = now
        if raw.FPDFPathSegment_GetClose(segment) and begun is not None:
            yield from _straight(now, begun)
        last = now


def _straight(one: tuple[float, float], other: tuple[float, float]) -> Iterable[Rule]:
    (x, y), (to_x, to_y) = one, other
    if abs(y - to_y) <= STRAIGHT and abs(x - to_x) >= SHORTEST:
        yield Rule((y + to_y) / 2, min(x, to_x), max(x, to_x), is_flat=True)
    elif abs(x - to_x) <= STRAIGHT and abs(y - to_y) >= SHORTEST:
        yield Rule((x + to_x) / 2, min(y, to_y), max(y, to_y), is_flat=False)


def joined(rules: Sequence[Rule]) -> list[Rule]:
    """Pieces of one line as one: dashes, cells that each draw their own border, double lines."""
    found: list[Rule] = []
    for is_flat in (True, False):
        lines: list[list[Rule]] = []
        for rule in sorted((each for each in rules if each.is_flat == is_flat), key=lambda each: each.place):
            if lines and rule.place - lines[-1][0].place <= NEAR:
                lines[-1].append(rule)
            else:
                lines.append([rule])
        for line in lines:
            place = sum(each.place for each in line) / len(line)
            begin = end = None
            for each in sorted(line, key=lambda each: each.begin):
                if end is not None and each.begin <= end + NEAR:
                    end = max(end, each.end)
                    continue
                if begin is not None and end is not None:
                    found.append(Rule(place, begin, end, is_flat))
                begin, end = each.begin, each.end
            if begin is not None and end is not None:
                found.append(Rule(place, begin, end, is_flat))
    return found


# ------------------------------------------------------------------ tables
def tables_in(rules: Sequence[Rule]) -> list[Ruled]:
    """The tables that lines make, from the top of the page down: lines that meet, at least two rows and two columns of cells."""
    lines = joined(rules)
    flat, upright = [each for each in lines if each.is_flat], [each for each in lines if not each.is_flat]
    if len(flat) < 2 or len(upright) < 2 or len(flat) * len(upright) > MOST_LINES * 50:
        return []
    above = list(range(len(lines)))
    place = {id(each): number for number, each in enumerate(lines)}

    def top_of(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    for one in flat:
        for other in upright:
            if _meet(one, other):
                above[top_of(place[id(one)])] = top_of(place[id(other)])
    groups: dict[int, list[Rule]] = defaultdict(list)
    for number, line in enumerate(lines):
        groups[top_of(number)].append(line)
    found = [table for group in groups.values() if (table := _table(group)) is not None]
    return sorted(found, key=lambda table: (-table.rows[0], table.columns[0]))


def _meet(flat: Rule, upright: Rule) -> bool:
    return flat.begin - NEAR <= upright.place <= flat.end + NEAR and upright.begin - NEAR <= flat.place <= upright.end + NEAR


def _table(group: list[Rule]) -> Ruled | None:
    rows = sorted({each.place for each in group if each.is_flat}, reverse=True)
    columns = sorted({each.place for each in group if not each.is_flat})
    rows = [each for number, each in enumerate(rows) if not number or rows[number - 1] - each >= LEAST_SIDE]
    columns = [each for number, each in enumerate(columns) if not number or each - columns[number - 1] >= LEAST_SIDE]
    wide, high = len(columns) - 1, len(rows) - 1
    if wide < 2 or high < 2 or wide * high > MOST_CELLS:
        return None
    flat = [each for each in group if each.is_flat]
    upright = [each for each in group if not each.is_flat]
    above = list(range(wide * high))

    def top_of(number: int) -> int:
        while above[number] != number:
            number = above[number]
        return number

    for r, (top, bottom) in enumerate(pairwise(rows)):
        for c, (left, right) in enumerate(pairwise(columns)):
            if c and not _stands(upright, left, (top + bottom) / 2):
                above[top_of(r * wide + c)] = top_of(r * wide + c - 1)
            if r and not _stands(flat, top, (left + right) / 2):
                above[top_of(r * wide + c)] = top_of((r - 1) * wide + c)
    cells = tuple(tuple(top_of(r * wide + c) for c in range(wide)) for r in range(high))
    if len({number for row in cells for number in row}) < 4 or len(set(cells)) < 2:
        return None
    return Ruled(tuple(columns), tuple(rows), cells) if len(set(zip(*cells, strict=True))) > 1 else None


def _stands(lines: list[Rule], place: float, at: float) -> bool:
    return any(abs(each.place - place) <= LEAST_SIDE and each.begin - NEAR <= at <= each.end + NEAR for each in lines)
