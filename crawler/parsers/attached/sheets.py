"""XLSX (ECMA-376, part 1, 18): values as rows, dates as dates, merged cells in every cell they cover."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from xml.etree.ElementTree import Element

from crawler.parsers.attached.package import Package, attribute, child, local
from crawler.parsers.attached.said import Reading, Section, row_line

LETTERS = re.compile(r"[A-Z]{1,3}")
PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
DIGITS = "0123456789"
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # the format's own
BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})  # 18.8.30, with the Chinese ones
QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
DATED = re.compile(r"[ymdhs]|\[[hms]+\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Book:
    """What all sheets of a workbook share: its strings, which styles are dates (and which percentages), from which day it counts."""

    strings: tuple[str, ...]
    dates: frozenset[str]
    percents: frozenset[str]
    day_0: datetime


def read(package: Package, main: str, reading: Reading) -> tuple[Section, ...]:
    """The sheets of a workbook, hidden ones too."""
    book, relations = package.xml(main), package.relations(main)
    found, formulas = [], 0
    shared = _book(package, book, relations)
    sheets = child(book, "sheets")
    for number, item in enumerate(sheets if sheets is not None else ()):
        if number >= reading.limits.sheets or reading.cut:
            reading.cut = reading.cut or f"cut: more than {reading.limits.sheets} sheets"
            break
        name = item.get("name", "")
        kind, target = relations.get(attribute(item, "id") or "", ("", ""))
        if kind != "worksheet" or not package.has(target):
            continue
        if item.get("state", "visible") != "visible":
            reading.flag(f"a hidden sheet: {name}")
        made = _Sheet(package.xml(target), shared)
        rows = made.rows(reading)
        formulas += made.formulas
        lines = reading.kept([row_line(cells) for _, cells in made.said])
        found.append(Section("sheet", name, lines, rows))
    if formulas:
        reading.flag(f"formulas without a value: {formulas}")
    return tuple(found)


def _book(package: Package, book: Element, relations: dict[str, tuple[str, str]]) -> _Book:
    parts = {kind: target for kind, target in relations.values() if package.has(target)}
    strings = tuple(_line(_string(item)) for item in package.xml(parts["sharedStrings"])) if "sharedStrings" in parts else ()
    dates, percents = _styles(package.xml(parts["styles"])) if "styles" in parts else (frozenset(), frozenset())
    properties = child(book, "workbookPr")
    since_1904 = properties is not None and properties.get("date1904", "0").lower() in ("1", "true")
    return _Book(strings, dates, percents, datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30))  # noqa: DTZ001 - a sheet's days have no zone


def _string(item: Element) -> str:
    """A shared or an inline string; how it is read aloud (rPh) is not part of it."""
    if len(item) == 1 and item[0].tag[-2:] == "}t":
        return item[0].text or ""
    pieces = []
    for each in item:
        name = local(each)
        if name == "t":
            pieces.append(each.text or "")
        elif name == "r":
            pieces += [piece.text or "" for piece in each if local(piece) == "t"]
    return "".join(pieces)


def _styles(styles: Element) -> tuple[frozenset[str], frozenset[str]]:
    """Which cell styles show a date or a time, and which a percentage."""
    own: dict[int, str] = {}
    formats = child(styles, "numFmts")
    for item in formats if formats is not None else ():
        own[_number(item.get("numFmtId"))] = item.get("formatCode", "")
    dates, percents = set(), set()
    used = child(styles, "cellXfs")
    for place, item in enumerate(used if used is not None else ()):
        code = _number(item.get("numFmtId"))
        shown = QUOTED.sub("", own.get(code, ""))
        if (code in BUILT_IN_DATES and code not in own) or DATED.search(shown.partition(";")[0].replace("General", "")):
            dates.add(str(place))
        elif code in (9, 10) or "%" in shown:
            percents.add(str(place))
    return frozenset(dates), frozenset(percents)


def _number(said: str | None) -> int:
    return int(said) if said is not None and said.isascii() and said.isdigit() and len(said) < 10 else -1


@lru_cache(maxsize=MOST_COLUMNS)
def _column(letters: str) -> int:
    """A column's number from its letters; 0 for what is none."""
    number = 0
    for letter in letters if LETTERS.fullmatch(letters) else "":
        number = number * 26 + ord(letter) - 64
    return min(number, MOST_COLUMNS)


class _Sheet:
    """One sheet: `rows` expands what is merged, `said` has each text once."""

    def __init__(self, root: Element, book: _Book) -> None:
        self.root, self.book = root, book
        space = root.tag[: -len(local(root))]
        self.value, self.inline, self.formula = f"{space}v", f"{space}is", f"{space}f"
        self.strings = book.strings
        self.said: list[tuple[int, list[str]]] = []
        self.formulas = 0

    def rows(self, reading: Reading) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """(number, cells) of each row with anything in it."""
        for number, row in self._written():
            cells = self._cells(row, reading)
            if reading.cells > reading.limits.cells:
                reading.cut = f"cut: more than {reading.limits.cells} cells"
            if reading.cut:
                break
            if any(cells):
                self.said.append((number, cells))
        merged = list(self._merged())
        if not merged:
            self.said.sort(key=itemgetter(0))
            return tuple((number, tuple(cells)) for number, cells in dict(self.said).items())
        held = {number: list(cells) for number, cells in self.said}
        for top, left, bottom, right in merged:
            value = held[top][left - 1] if top in held and left <= len(held[top]) else ""
            reading.cells += (bottom - top + 1) * (right - left + 1) if value else 0
            if reading.cells > reading.limits.cells:
                reading.cut = f"cut: more than {reading.limits.cells} cells"
                break
            for number in range(top, bottom + 1) if value else ():
                cells = held.setdefault(number, [])
                cells += [""] * (right - len(cells))
                cells[left - 1 : right] = [value] * (right - left + 1)
        return tuple((number, tuple(cells)) for number, cells in sorted(held.items()))

    def _written(self) -> Iterator[tuple[int, Element]]:
        data = child(self.root, "sheetData")
        last = 0
        for row in data if data is not None else ():
            number = _number(row.get("r"))
            last = number if 0 < number <= MOST_ROWS else last + 1
            yield last, row

    def _cells(self, row: Element, reading: Reading) -> list[str]:
        found: list[str] = []
        for cell in row:
            value = self._value(cell)
            if not value:
                continue
            column = _column(cell.get("r", "").rstrip(DIGITS)) or len(found) + 1
            if column == len(found) + 1:
                reading.cells += 1
                found.append(value)
                continue
            if column > len(found):
                reading.cells += column - len(found)
                if reading.cells > reading.limits.cells:
                    reading.cut = f"cut: more than {reading.limits.cells} cells"
                    break
                found += [""] * (column - len(found))
            found[column - 1] = value
        return found

    def _value(self, cell: Element) -> str:
        kind, raw = cell.get("t", "n"), None
        if len(cell) == 1 and (only := cell[0]).tag == self.value:  # as most are: this is where a sheet's time goes
            raw = only.text
        else:
            for part in cell:
                if part.tag == self.value:
                    raw = part.text
                elif part.tag == self.inline:
                    return _line(_string(part))
        if not raw:
            self.formulas += any(part.tag == self.formula for part in cell)
            return ""
        if kind == "s":
            at = int(raw) if len(raw) < 10 and raw.isdecimal() else _number(raw.strip())
            return self.strings[at] if 0 <= at < len(self.strings) else ""
        if kind == "b":
            return "TRUE" if raw.strip() == "1" else "FALSE"
        return self._counted(raw, cell.get("s", "0")) if kind == "n" else _line(raw)

    def _counted(self, raw: str, style: str) -> str:
        if style in self.book.dates:
            return day_of(raw, self.book.day_0)
        return shown(raw, percent=style in self.book.percents)

    def _merged(self) -> Iterator[tuple[int, int, int, int]]:
        merged = child(self.root, "mergeCells")
        for item in merged if merged is not None else ():
            first, _, last = item.get("ref", "").partition(":")
            begin, end = PLACE.fullmatch(first), PLACE.fullmatch(last)
            if begin and end:
                top, bottom = int(begin[2]), min(int(end[2]), MOST_ROWS)
                left, right = _column(begin[1]), _column(end[1])
                if top <= bottom and left <= right:
                    yield top, left, bottom, right


def _line(text: str) -> str:
    """A cell's text on one line."""
    return " ".join(text.split()) if "\n" in text or "\t" in text or "\r" in text else text


def shown(raw: str, *, percent: bool = False) -> str:
    """A number as a sheet shows it: fifteen digits (ECMA-376, 18.8.30 General), no power of ten."""
    if not percent and raw.lstrip("-").isdecimal():
        return raw
    try:
        value = float(raw) * (100 if percent else 1)
    except ValueError:
        return _line(raw)
    text = f"{value:.15g}"
    if "e" in text and abs(value) < 1e21:
        text = f"{value:.20f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"
    return text + ("%" if percent else "")


def day_of(raw: str, day_0: datetime) -> str:
    """A day count as a date, with the time where there is one, to the second; below one day only the time."""
    try:
        count = float(raw)
        when = day_0 + timedelta(seconds=round(count * 86_400))
    except (ValueError, OverflowError):
        return _line(raw)
    if day_0.year == 1899 and 1 <= count < 60:  # Lotus counted a 29 February 1900
        when += timedelta(days=1)
    if 0 <= count < 1:
        return when.strftime("%H:%M:%S")
    text = f"{when.year:04}-{when.month:02}-{when.day:02}"
    return text if (when.hour, when.minute, when.second) == (0, 0, 0) else f"{text} {when:%H:%M:%S}"
