"""A page laid flat: one walk over the tree gives its lines as a reader sees them, and which element holds which lines.

Everything that reads a notice works on this: what stands where is a matter of line numbers, and the text of any element is a slice.
Whatever a template calls its boxes, the lines are the same.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser

from crawler.parsers.scripts import strings, written
from crawler.parsers.tree import BLOCKS, EDGES, HIDDEN, SILENT, SPACES, Node, squeeze

LONGEST_CELL = 400
INDEXED = frozenset(  # tags that are asked for by name
    {"title", "meta", "body", "h1", "h2", "article", "ucaptitle", "ucapcontent", "input", "img", "embed", "object", "iframe"}
)
MARK = "\x1f"
MARKUP = ("-", "_", "!")  # how comments and the doctype begin
EMBEDS = frozenset({"embed", "object", "iframe"})


@dataclass(slots=True)
class Element:
    """One element: its lines are `first` to `last` (exclusive), the elements within it `at + 1` to `end` (exclusive)."""

    node: Node
    tag: str
    label: str  # id and classes
    up: int  # place of the parent, -1 at the root
    at: int
    first: int
    last: int
    end: int
    hidden: bool
    silent: bool


@dataclass(slots=True)
class Line:
    """A line of text, the element that begins it, how many of its characters stand in links, and its cells if it is a table's row.

    `marked`: the text with a mark between what stands in different elements, where that is more than one.
    """

    text: str
    plain: str  # without white space
    element: int
    linked: int = 0
    cells: tuple[str, ...] = ()
    marked: str = ""
    scripted: bool = False  # a script writes here, and what it writes could not be read


@dataclass(slots=True)
class Sheet:
    """The page. `ids`, `classes`, `tags` (some), `labels` (id and classes together): places of elements, in the page's order."""

    elements: list[Element] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    ids: dict[str, list[int]] = field(default_factory=dict)
    classes: dict[str, list[int]] = field(default_factory=dict)
    tags: dict[str, list[int]] = field(default_factory=dict)
    labels: dict[str, list[int]] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    _strings: dict[str, str] = field(default_factory=dict)
    _looked_at: int = 0

    @property
    def strings(self) -> dict[str, str]:
        """Variables of the scripts so far that hold a plain string."""
        for script in self.scripts[self._looked_at :]:
            self._strings |= strings(script)
        self._looked_at = len(self.scripts)
        return self._strings

    def text(self, at: int) -> str:
        """The visible text of an element, its lines joined by one space."""
        element = self.elements[at]
        return " ".join(line.text for line in self.lines[element.first : element.last])

    def named(self, selector: str) -> list[int]:
        """Places of the elements of `#id`, `.class` or `tag`."""
        if selector[0] == "#":
            return self.ids.get(selector[1:], [])
        return self.classes.get(selector[1:], []) if selector[0] == "." else self.tags.get(selector, [])

    def called(self, pattern: re.Pattern[str]) -> list[int]:
        """Places of the elements whose id or classes match."""
        return sorted(at for label, places in self.labels.items() if pattern.search(label) for at in places)

    def above(self, at: int) -> list[int]:
        """The places of the elements around one, from the parent up."""
        found, up = [], self.elements[at].up
        while up >= 0:
            found.append(up)
            up = self.elements[up].up
        return found

    def within(self, at: int, outer: int) -> bool:
        """Is the one element within the other, or the same?"""
        return self.elements[outer].at <= at < self.elements[outer].end


@lru_cache(maxsize=4096)  # Word repeats a style in every span
def _hides(style: str) -> bool:
    return HIDDEN.search(style) is not None


class _Writer:
    """Collects inline text into lines, and cells into rows."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.inline: list[str] = []
        self.owner = -1
        self.linked = 0
        self.scripted = False
        self.marks = 0
        self.last = -1
        self.row = -1  # place of the table row that is being read as one line
        self.cells: list[str] = []

    def add(self, text: str, element: int, *, link: bool) -> None:
        if not text.isspace():
            if self.inline and element != self.last and self.row < 0:
                self.marks += 1
                self.inline.append(MARK)
            self.last = element
            if self.owner < 0 and text.strip(EDGES):
                self.owner = element
            if link:
                self.linked += len(squeeze(text))
        elif not self.inline:
            return  # the white space between two blocks
        self.inline.append(text)

    def end(self, element: int) -> None:
        """A line ends; within a row it is a part of the cell."""
        if self.row >= 0:
            self.inline.append(" ")
            return
        self._put(self._taken(), element, ())

    def end_cell(self) -> None:
        self.cells.append(self._taken())

    def end_row(self) -> None:
        text = "\t".join(self.cells).strip(EDGES)
        self.owner, row, cells = self.row, self.row, tuple(self.cells)
        self.row, self.cells = -1, []
        self._put(text, row, cells)

    def _taken(self) -> str:
        if not self.inline:
            return ""
        text = SPACES.sub(" ", "".join(self.inline)).strip(EDGES)
        self.inline = []
        return text

    def _put(self, text: str, element: int, cells: tuple[str, ...]) -> None:
        if text:
            owner = self.owner if self.owner >= 0 else element
            marked = text if self.marks else ""
            if marked:
                text = text.replace(MARK, "")
            self.sheet.lines.append(Line(text, squeeze(text), owner, self.linked, cells, marked, self.scripted))
        self.owner, self.linked, self.scripted, self.marks, self.last = -1, 0, False, 0, -1


class _Walk:
    """The state of one walk: the elements that are open, and the writer."""

    def __init__(self, *, hidden: bool) -> None:
        self.sheet = Sheet()
        self.writer = _Writer(self.sheet)
        self.open: list[tuple[int, int]] = []  # (memory id, place) of the elements around the next node
        self.links = 0
        self.show_hidden = hidden

    def leave_to(self, parent: int | None) -> None:
        """Close what is over before a node whose parent is this one."""
        elements, lines, opened = self.sheet.elements, self.sheet.lines, self.open
        while opened and opened[-1][0] != parent:
            element = elements[opened.pop()[1]]
            if element.tag in BLOCKS:
                self.close(element)
            elif element.tag == "a":
                self.links -= 1
            element.last, element.end = len(lines), len(elements)

    def close(self, element: Element) -> None:
        if element.silent or element.hidden:
            return
        if self.writer.row >= 0:
            if element.at == self.writer.row:
                self.writer.end_row()
                return
            if element.tag in ("td", "th") and element.up == self.writer.row:
                self.writer.end_cell()
                return
        if element.tag in BLOCKS:
            self.writer.end(element.at)

    def enter(self, node: Node, tag: str) -> None:
        sheet, writer = self.sheet, self.writer
        up, hidden, silent = -1, False, tag in SILENT
        if self.open:
            up = self.open[-1][1]
            over = sheet.elements[up]
            hidden, silent = over.hidden, silent or over.silent
        at = len(sheet.elements)
        attributes = node.attributes
        label = self.index(at, attributes) if attributes else ""
        if attributes and not self.show_hidden:
            style = attributes.get("style")
            hidden = hidden or "hidden" in attributes or (style is not None and _hides(style))
        shown = not (hidden or silent)
        if shown and tag in BLOCKS and writer.row < 0:
            writer.end(at)
        line = len(sheet.lines)
        if writer.owner >= 0 and (tag == "img" or tag in EMBEDS):
            line += 1  # behind the text that is being written
        sheet.elements.append(Element(node, tag, label, up, at, line, line, at + 1, hidden, silent))
        if tag in INDEXED:
            sheet.tags.setdefault(tag, []).append(at)
        self.open.append((node.mem_id, at))
        if tag == "a":
            self.links += 1
        elif shown and tag == "tr" and writer.row < 0 and is_data(node):
            writer.row = at

    def line_break(self) -> None:
        at = self.open[-1][1] if self.open else -1
        if at < 0 or not (self.sheet.elements[at].hidden or self.sheet.elements[at].silent):
            self.writer.end(at)

    def index(self, at: int, attributes: dict[str, str | None]) -> str:
        """Note an element's id and classes; both in one string."""
        sheet = self.sheet
        name, classes = attributes.get("id"), attributes.get("class")
        if name:
            sheet.ids.setdefault(name, []).append(at)
        if classes:
            for word in classes.split():
                sheet.classes.setdefault(word, []).append(at)
        label = f"{name or ''} {classes or ''}".strip()
        if label:
            sheet.labels.setdefault(label, []).append(at)
        return label

    def text(self, text: str) -> None:
        at = self.open[-1][1] if self.open else -1
        element = self.sheet.elements[at] if at >= 0 else None
        if element is not None and element.tag == "script":
            self.script(element, text)
        elif element is None or not (element.hidden or element.silent):
            self.writer.add(text, at, link=self.links > 0)

    def script(self, element: Element, text: str) -> None:
        self.sheet.scripts.append(text)
        if "document.write" not in text or element.hidden or element.up < 0:
            return
        said, block = written(text, self.sheet.strings)
        if not said:
            self.writer.scripted = True
            return
        if block:
            self.writer.end(element.up)
        self.writer.add(said, element.at, link=False)
        if block:
            self.writer.end(element.up)


def lay_flat(tree: LexborHTMLParser, *, hidden: bool = False) -> Sheet:
    """The page's sheet; with `hidden`, what is hidden by its own style or attribute is read too."""
    walk = _Walk(hidden=hidden)
    root = tree.root
    if root is None:
        return walk.sheet
    opened, writer = walk.open, walk.writer
    for node in root.traverse(include_text=True):
        tag = node.tag or ""
        is_text = tag == "-text"
        if is_text:
            text = node.text_content or ""
            if not writer.inline and text.isspace():
                continue  # between two blocks
        elif tag[:1] in MARKUP:
            continue
        parent = node.parent
        around = parent.mem_id if parent is not None else None
        if opened and opened[-1][0] != around:
            walk.leave_to(around)
        if is_text:
            walk.text(text)
        elif tag == "br":
            walk.line_break()
        else:
            walk.enter(node, tag)
    walk.leave_to(None)
    walk.writer.end(0)
    return walk.sheet


def is_data(row: Node) -> bool:
    """A row of a table of facts, not of a layout: several short cells, none with blocks of text of its own."""
    own = [child for child in row.iter() if child.tag in ("td", "th")]
    if len(own) < 2:
        return False
    return all(len(child.text(deep=True)) < LONGEST_CELL * 2 and _is_cell(child) for child in own)


def _is_cell(cell: Node) -> bool:
    """No table, no blocks of text, no menu within."""
    inner = [node.tag for node in cell.css("table, p, div, a, br, li")]
    count = inner.count
    return "table" not in inner and count("p") + count("div") <= 3 and count("a") + count("li") <= 3 and count("br") <= 6
