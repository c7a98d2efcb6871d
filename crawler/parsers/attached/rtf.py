"""RTF (1.9.1), as Word, WPS and LibreOffice write it: paragraphs and tables; GBK bytes by the font's charset, in pieces or raw.

Ours: the kept library for it (striprtf) fails on a character whose bytes stand in two groups or lines, reads `\\bin` data as text, and
knows no tables.
"""

import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

from crawler.parsers.attached.said import Grid, NoText, Reading, Section

TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n\0]+|([^\\{}\r\n\0]+)|\\", re.DOTALL
)
CHARSETS = {128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254", 204: "cp1251", 222: "cp874", 238: "cp1250"}  # fmt: skip
PAGES = {936: "gb18030", 54936: "gb18030", 65001: "utf-8", 1200: "cp1252"}
LEFT_OUT = frozenset(
    {
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "objdata",
        "objclass",
        "objname",
        "themedata",
        "colorschememapping",
        "datastore",
        "latentstyles",
        "listtable",
        "listoverridetable",
        "rsidtbl",
        "generator",
        "xmlnstbl",
        "fldinst",
        "nonshppict",
        "nonesttables",
        "sp",
        "sn",
        "sv",
        "private",
        "template",
        "comment",
        "filetbl",
        "revtbl",
        "userprops",
        "docvar",
        "mmathPr",
        "wgrffmtfilter",
        "bkmkstart",
        "bkmkend",
        "atnid",
        "atnauthor",
        "annotation",
        "tc",
        "xe",
        "txe",
        "rxe",
        "ftnsep",
        "ftnsepc",
        "aftnsep",
        "aftnsepc",
    }
)
ASIDE = frozenset({"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf", "footnote"})
KNOWN = frozenset(
    {"shpinst", "shptxt", "ud", "do", "dptxbxtext", "pntext", "listtext", "footnote"}
)  # destinations behind `\*` that hold text
SIGNS = {
    "tab": "\t", "emdash": "—", "endash": "–", "emspace": "\u3000", "enspace": " ", "qmspace": " ", "bullet": "•", "lquote": "‘",
    "rquote": "’", "ldblquote": "“", "rdblquote": "”",
}  # fmt: skip
PARAGRAPH = frozenset({"par", "sect", "page", "line", "softline", "softpage"})
HAN = re.compile("[\u4e00-\u9fff、。，；：（）《》]+")
DEEPEST = 10_000
NEAR = 20  # twentieths of a point between two edges that are one
MOST_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class _State:
    """What holds within a group."""

    skipped: bool = False
    aside: bool = False
    deleted: bool = False
    after: int = 1  # characters that stand for one \\u
    font: int = -1
    in_fonts: bool = False


@dataclass(slots=True)
class _Text:
    """Where text goes: the body's, or that of heads, feet and notes."""

    lines: list[str] = field(default_factory=list)
    tables: list[tuple[int, Grid]] = field(default_factory=list)
    now: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: list[list[tuple[str, str, int]]] = field(default_factory=list)

    def paragraph(self) -> None:
        """End a paragraph outside of a table."""
        text = "".join(self.now)
        self.now.clear()
        if self.cells:
            self.row([])
        self._close()
        self.lines += filter(None, (line.strip("\t ") for line in text.split("\n")))

    def cell(self) -> None:
        self.cells.append(" ".join("".join(self.now).split()))
        self.now.clear()

    def row(self, spans: list[tuple[str, int]]) -> None:
        """End a row; `spans`: of each of its cells, `<` when it goes on with the one on its left, `^` with the one above, and where it ends
        across the page."""
        if not self.cells:
            return
        if not self.rows:
            self.tables.append((len(self.lines), ()))
        self.rows.append([(text, *(spans[place] if place < len(spans) else ("", 0))) for place, text in enumerate(self.cells)])
        self.lines += filter(str.strip, ["\t".join(self.cells)])
        self.cells.clear()

    def _close(self) -> None:
        if self.rows:
            self.tables[-1] = (self.tables[-1][0], expanded(self.rows))
            self.rows = []


def expanded(rows: list[list[tuple[str, str, int]]]) -> Grid:
    """A table's cells by where they end across the page: a wide one stands in each column it covers."""
    ends = sorted({end for row in rows for _, _, end in row})
    edges = [end for place, end in enumerate(ends) if not place or end - ends[place - 1] > NEAR]
    are_placed = 0 < len(edges) <= MOST_COLUMNS and all(one[2] < other[2] for row in rows for one, other in pairwise(row))
    found: list[tuple[str, ...]] = []
    for row in rows:
        made: list[str] = []
        for text, span, end in row:
            at = len(made)
            above = found[-1] if found else ()
            if span == "^" and at < len(above) and not text:
                text = above[at]
            elif span == "<" and made and not text:
                text = made[-1]
            upto = bisect_right(edges, end + NEAR) if are_placed else at + 1
            made += [text] * max(1, upto - at)
        found.append(tuple(made))
    wide = max(map(len, found))
    return tuple((*row, *[""] * (wide - len(row))) for row in found)


class _Reader:
    """The file, token by token. Bytes wait until something else comes: one character's two may stand in two groups."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.state = _State()
        self.stack: list[_State] = []
        self.body, self.beside = _Text(), _Text()
        self.fonts: dict[int, str] = {}
        self.font_told = 0
        self.default, self.page, self.is_chinese = 0, "cp1252", b"langfe2052" in data[:1_000_000]
        self.waiting, self.codec = bytearray(), ""
        self.high = ""
        self.to_skip = 0
        self.starred = False
        self.in_table = False
        self.spans: list[tuple[str, int]] = []
        self.span = ""

    def read(self) -> None:
        at, find = 0, TOKEN.match
        while (match := find(self.data, at)) is not None:
            at = match.end()
            word, number, hexed, sign, brace, text = match.groups()
            if text is not None:
                self._bytes(text)
            elif hexed is not None:
                self._bytes(bytes((int(hexed, 16),)))
            elif word is not None:
                at += self._word(word.decode("ascii"), int(number) if number else None)
            elif brace is not None:
                if not self._brace(brace):
                    break
            elif sign is not None:
                self._sign(sign)
        self._flush()
        for held in (self.body, self.beside):
            held.paragraph()

    def _brace(self, brace: bytes) -> bool:
        self.to_skip = 0
        if brace == b"{":
            self.stack.append(self.state)
            self.starred = False
            if len(self.stack) > DEEPEST:
                raise NoText("damaged: groups without end")
            return True
        if not self.stack:
            return False
        if self.state.aside and not self.stack[-1].aside:
            self._flush()
            self.beside.paragraph()
        self.state = self.stack.pop()
        return bool(self.stack)

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self.starred = True
        elif sign in b"\r\n":
            self._word("par", None)
        elif sign in b"\\{}":
            self._bytes(sign)
        else:
            self._put({b"~": " ", b"_": "-"}.get(sign, ""))

    def _bytes(self, data: bytes) -> None:
        if self.to_skip:
            skipped = min(self.to_skip, len(data))
            self.to_skip -= skipped
            data = data[skipped:]
        if self.state.skipped or self.state.deleted or not data:
            return
        codec = self.fonts.get(self.state.font if self.state.font >= 0 else self.default) or self.page
        if codec != self.codec:
            self._flush()
            self.codec = codec
        self.waiting += data

    def _flush(self) -> None:
        self.high = ""
        if not self.waiting:
            return
        raw, self.waiting = bytes(self.waiting), bytearray()
        text = raw.decode(self.codec, "replace")
        if self.codec == "cp1252" and self.is_chinese and not raw.isascii():
            with suppress(UnicodeDecodeError):
                text = chinese if HAN.search(chinese := raw.decode("gb18030")) else text
        (self.beside if self.state.aside else self.body).now.append(text)

    def _put(self, text: str) -> None:
        if not self.state.skipped and not self.state.deleted:
            self._flush()
            (self.beside if self.state.aside else self.body).now.append(text)

    def _word(self, word: str, number: int | None) -> int:
        """A control word; how many bytes behind it are data."""
        starred, self.starred = self.starred, False
        if word == "bin":
            return max(0, number or 0)
        if self.to_skip and word != "u":
            self.to_skip -= 1
            return 0
        if starred and word not in KNOWN:
            self.state = replace(self.state, skipped=True)
        elif word == "fonttbl":
            self.state = replace(self.state, skipped=True, in_fonts=True)
        elif word in LEFT_OUT:
            self.state = replace(self.state, skipped=True)
        elif word in ASIDE:
            self._flush()
            self.state = replace(self.state, aside=True)
        elif word == "ud":
            self.state = replace(self.state, skipped=False)
        elif word == "upr":
            self.state = replace(self.state, skipped=True)
        elif not self._of_letters(word, number) and not self.state.skipped:
            self._of_layout(word, number)
        return 0

    def _of_letters(self, word: str, number: int | None) -> bool:
        """What says which characters bytes are, and whether they count."""
        if word == "u":
            self._unicode(number or 0)
        elif word == "uc":
            self.state = replace(self.state, after=max(0, min(number or 0, 16)))
        elif word == "f":
            self.font_told = number or 0
            self.state = replace(self.state, font=self.font_told)
        elif word == "fcharset":
            if self.state.in_fonts and (number or 0) in CHARSETS:
                self.fonts[self.font_told] = CHARSETS[number or 0]
        elif word == "ansicpg":
            self.page = codec_of(number or 0)
        elif word == "deff":
            self.default = number or 0
        elif word == "plain":
            self.state = replace(self.state, font=-1, deleted=False)
        elif word == "deleted":
            self.state = replace(self.state, deleted=number != 0)
        else:
            return False
        return True

    def _unicode(self, number: int) -> None:
        code = number + 0x10000 if number < 0 else number
        self.to_skip = self.state.after
        if self.state.skipped or self.state.deleted or not 0 < code <= 0x10FFFF:
            return
        high, text = self.high, chr(code)
        if 0xD800 <= code < 0xDC00:
            self._flush()
            self.high = text
            return
        if 0xDC00 <= code < 0xE000:
            text = (high + text).encode("utf-16", "surrogatepass").decode("utf-16", "replace") if high else "\ufffd"
        self._put(text)

    def _of_layout(self, word: str, number: int | None) -> None:
        held = self.beside if self.state.aside else self.body
        if word in SIGNS:
            self._put(SIGNS[word])
        elif word in PARAGRAPH:
            self._flush()
            if word == "line" or (self.in_table and not self.state.aside):
                held.now.append(" " if self.in_table else "\n")
            else:
                held.paragraph()
        elif word in ("cell", "row", "nestcell", "nestrow"):
            self._flush()
            if word == "cell":
                held.cell()
            elif word == "row":
                held.row(self.spans)
            else:
                held.now.append(" ")
        elif word in ("intbl", "pard"):
            self.in_table = word == "intbl"
        elif word == "trowd":
            self.spans, self.span = [], ""
        elif word in ("clmrg", "clvmrg"):
            self.span = "<" if word == "clmrg" else "^"
        elif word == "cellx":
            self.spans.append((self.span, number or 0))
            self.span = ""


def codec_of(page: int) -> str:
    """The codec of a Windows code page; western European where there is none."""
    import codecs

    name = PAGES.get(page, f"cp{page}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


def read(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """The text of a document, heads, feet and footnotes behind it. Raises NoText: damaged."""
    made = _Reader(data)
    made.read()
    if b"\\objdata" in data:
        reading.flag("holds objects, not run")
    if b"DDEAUTO" in data or b"INCLUDEPICTURE" in data or b"\\template " in data:
        reading.flag("external reference not fetched")
    found = [Section("text", "", reading.kept(made.body.lines), tables=tuple(made.body.tables))]
    if beside := reading.kept(dict.fromkeys(made.beside.lines)):
        found.append(Section("aside", "", beside))
    return tuple(found)
