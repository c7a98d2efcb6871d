"""DOC of Word 97 to 2003, which WPS writes too (MS-DOC): the text of its pieces, rows of its tables by what their paragraphs say.

Ours, on olefile: what else reads it is a program (antiword, LibreOffice), or pulls a dozen libraries in (sharepoint-to-text).
"""

import struct
from bisect import bisect_right
from dataclasses import dataclass

from crawler.parsers.attached.compound import streams_of
from crawler.parsers.attached.said import Grid, NoText, Placed, Reading, Section

WORD_97 = 193  # nFib; below it the head is another
MAGIC = 0xA5EC
ENCRYPTED, FIRST_TABLE = 0x0100, 0x0200
CHARACTERS, PARAGRAPHS, PIECES = 0xFA, 0x102, 0x1A2  # places in the head (2.5.5) of PlcfBteChpx, PlcfBtePapx and Clx
COUNTS = 76  # ccpText and those of the other parts, 2.5.4
END_OF_ROW = frozenset({0x2417, 0x244C})  # sprmPFTtp, sprmPFInnerTtp
IN_TABLE = frozenset({0x2416})  # sprmPFInTable
DELETED = frozenset({0x0800})  # sprmCFRMarkDel
WIDTHS = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}  # bytes of an operand (2.2.5.1)
MOST_PAGES = 200_000
SIGNS = {"\x0b": "\n", "\x0c": "\r", "\x0e": "\n", "\x1e": "-", "\xa0": " "}
FIELD, RESULT, FIELD_END = "\x13", "\x14", "\x15"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of text: its first character, how many, where its bytes are, whether each has one byte."""

    first: int
    count: int
    at: int
    is_narrow: bool


def read(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """The text of a document, notes, heads and text boxes behind it. Raises NoText: encrypted, damaged, older than Word 97."""
    held = streams_of(data, ("WordDocument", "0Table", "1Table"), reading)
    main = held.get("WordDocument", b"")
    if len(main) < PIECES + 8 or _short(main, 0) != MAGIC:
        raise NoText("needs libreoffice" if len(main) > 64 else "damaged: no document in it")
    flags = _short(main, 10)
    if flags & ENCRYPTED:
        raise NoText("encrypted")
    if _short(main, 2) < WORD_97:
        raise NoText("needs libreoffice: older than Word 97")
    table = held.get("1Table" if flags & FIRST_TABLE else "0Table", b"")
    pieces = _pieces(main, table)
    marks = _Told(
        *(_marked(main, table, *each) for each in ((PARAGRAPHS, END_OF_ROW), (PARAGRAPHS, IN_TABLE), (CHARACTERS, DELETED)))
    )
    counts = struct.unpack_from("<8i", main, COUNTS)
    texts = _parts(_characters(main, pieces, marks), counts)
    lines, tables = laid(texts[0])
    found = [Section("text", "", reading.kept(lines), tables=tuple(tables))]
    beside = [line for text in texts[1:] for line in laid(text)[0]]
    if said := reading.kept(dict.fromkeys(beside)):
        found.append(Section("aside", "", said))
    return tuple(found)


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _long(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _pieces(main: bytes, table: bytes) -> list[_Piece]:
    """The piece table (2.4.1), behind the properties it begins with."""
    at, size = _long(main, PIECES), _long(main, PIECES + 4)
    clx = table[at : at + size]
    at = 0
    while at < len(clx) and clx[at] == 1:
        at += 3 + _short(clx, at + 1)
    if at + 5 > len(clx) or clx[at] != 2:
        raise NoText("damaged: no table of pieces")
    plc = clx[at + 5 : at + 5 + _long(clx, at + 1)]
    count = (len(plc) - 4) // 12
    found = []
    for number in range(max(0, count)):
        first, last = _long(plc, number * 4), _long(plc, number * 4 + 4)
        place = _long(plc, (count + 1) * 4 + number * 8 + 2)
        narrow = bool(place & 1 << 30)
        place &= (1 << 30) - 1
        if last > first:
            found.append(_Piece(first, last - first, place // 2 if narrow else place, narrow))
    return found


def _characters(main: bytes, pieces: list[_Piece], marks: "_Told") -> list[str]:
    """The text, a string a piece, a character a unit of UTF-16. The mark that ends a row is written `\\x06`, a paragraph's end within a
    cell `\\x04`; what was deleted is left out."""
    found = []
    for piece in pieces:
        wide = 1 if piece.is_narrow else 2
        raw = main[piece.at : piece.at + piece.count * wide]
        text = raw.decode("cp1252", "replace") if piece.is_narrow else _units(raw)
        text = _put(text, ("\x07", "\x06"), marks.ends, piece)
        text = _put(text, ("\r", "\x04"), marks.inside, piece)
        if marks.deleted:
            letters = enumerate(text)
            text = "".join("\0" if marks.deleted.has(piece.at + at * wide) else letter for at, letter in letters)
        found.append(text)
    return found


def _units(raw: bytes) -> str:
    text = raw.decode("utf-16-le", "replace")
    if len(text) * 2 == len(raw):
        return text
    return "".join(
        map(chr, struct.unpack(f"<{len(raw) // 2}H", raw[: len(raw) // 2 * 2]))
    )  # pairs stay two: places count them so


def _put(text: str, signs: tuple[str, str], marks: "_Marks", piece: _Piece) -> str:
    """The text with a sign written otherwise where the marks are."""
    sign, other = signs
    if sign not in text or not marks:
        return text
    wide = 1 if piece.is_narrow else 2
    return "".join(other if each == sign and marks.has(piece.at + at * wide) else each for at, each in enumerate(text))


def _parts(pieces: list[str], counts: tuple[int, ...]) -> list[str]:
    """The body and the other parts (notes, heads, boxes; not the comments), whose texts stand one behind the other."""
    text = "".join(pieces)
    found, at = [], 0
    for place, count in enumerate(counts):
        if 0 < count <= len(text) and place not in (3, 4):
            found.append(text[at : at + count])
        elif place == 0:
            found.append("")
        at += max(0, count)
    return found


# ------------------------------------------------------------------ properties of runs
class _Marks:
    """Stretches of the main stream, by where they begin."""

    def __init__(self, stretches: list[tuple[int, int]]) -> None:
        self.stretches = sorted(stretches)
        self.begins = [begin for begin, _ in self.stretches]

    def __bool__(self) -> bool:
        return bool(self.stretches)

    def has(self, place: int) -> bool:
        """Is this byte in one of them?"""
        at = bisect_right(self.begins, place) - 1
        return at >= 0 and place < self.stretches[at][1]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the properties of stretches say: here a row ends, this is within a table, this was deleted."""

    ends: _Marks
    inside: _Marks
    deleted: _Marks


def _marked(main: bytes, table: bytes, where: int, wanted: frozenset[int]) -> _Marks:
    """The stretches whose properties (pages of 512 bytes, 2.9.33 and 2.9.175) say one of these."""
    at, size = _long(main, where), _long(main, where + 4)
    plc = table[at : at + size]
    count = (len(plc) - 4) // 8
    found: list[tuple[int, int]] = []
    for number in range(max(0, min(count, MOST_PAGES))):
        page = (_long(plc, (count + 1) * 4 + number * 4) & 0x3FFFFF) * 512
        held = main[page : page + 512]
        if len(held) == 512:
            found += _of_page(held, wanted, is_paragraph=where == PARAGRAPHS)
    return _Marks(found)


def _of_page(page: bytes, wanted: frozenset[int], *, is_paragraph: bool) -> list[tuple[int, int]]:
    count, found = page[511], []
    step = 13 if is_paragraph else 1
    for number in range(count):
        place = (count + 1) * 4 + number * step
        if place >= 511 or not (at := page[place] * 2):
            continue
        size = page[at] * (2 if is_paragraph else 1) - is_paragraph
        at += 1
        if is_paragraph and size < 0:
            size, at = page[min(at, 511)] * 2, at + 1
        own = page[at + 2 : at + size] if is_paragraph else page[at : at + size]
        if _says(own, wanted):
            found.append((_long(page, number * 4), _long(page, number * 4 + 4)))
    return found


def _says(properties: bytes, wanted: frozenset[int]) -> bool:
    """Is one of these set among the properties (2.2.5)?"""
    at = 0
    while at + 2 < len(properties):
        code = _short(properties, at)
        at += 2
        if code in wanted:
            return properties[at] != 0
        kind = code >> 13
        if kind == 6:
            at += _short(properties, at) + 1 if code == 0xD608 else 1 + properties[at]
        else:
            at += WIDTHS[kind]
    return False


# ------------------------------------------------------------------ lines
def laid(text: str) -> tuple[list[str], list[Placed]]:
    """(lines, tables) of a part's text. A row ends with `\\x06`; without such marks, with two cell marks."""
    lines: list[str] = []
    tables: list[Placed] = []
    rows: list[tuple[str, ...]] = []
    if "\x06" not in text:
        text = text.replace("\x07\x07", "\x07\x06")
    for part in _cells(_without_codes(text)):
        if isinstance(part, tuple):
            if not rows:
                tables.append((len(lines), ()))
            rows.append(part)
            lines += filter(str.strip, ["\t".join(part)])
            tables[-1] = (tables[-1][0], tuple(rows))
        else:
            rows = []
            lines += filter(None, (line.strip("\t ") for line in part.split("\n")))
    return lines, [(at, grid) for at, grid in tables if _is_grid(grid)]


def _is_grid(grid: Grid) -> bool:
    return any(len(row) > 1 for row in grid)


def _cells(text: str) -> list[str | tuple[str, ...]]:
    """Paragraphs, and rows as their cells."""
    found: list[str | tuple[str, ...]] = []
    for row in text.split("\x06"):
        if "\x07" not in row:
            found += row.split("\r")
            continue
        first, *others = row.split("\x07")
        if not others[-1].strip("\x04 "):
            others.pop()
        before, _, cell = first.rpartition("\r")
        found += before.split("\r") if before else []
        found.append(tuple(" ".join(each.replace("\x04", " ").split()) for each in (cell, *others)))
    return found


def _without_codes(text: str) -> str:
    """Field codes left out, their results kept; signs as what they mean."""
    found: list[str] = []
    codes: list[bool] = []  # for each open field: is its code being read?
    for sign in text:
        if sign == FIELD:
            codes.append(True)
        elif sign == RESULT:
            codes[-1:] = [False] if codes else []
        elif sign == FIELD_END:
            codes[-1:] = []
        elif any(codes):
            continue
        elif sign >= " " or sign in "\t\r\x04\x06\x07":
            found.append(SIGNS.get(sign, sign))
        elif sign in SIGNS:
            found.append(SIGNS[sign])
    return "".join(found).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
