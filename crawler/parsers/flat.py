"""Tree → sheet: one walk gives a page's lines. It is the dearest thing that is done with a page, so it keeps little."""

import re
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser

from crawler.parsers.frames import FRAMES, Box, cut, lay
from crawler.parsers.furniture import LONGEST_CONTACT, LONGEST_FURNITURE, is_contact, is_crumb, is_foot, is_plain_furniture
from crawler.parsers.labels import may_be_label, may_have_label
from crawler.parsers.scripts import written
from crawler.parsers.sheet import EMBEDS, MARK, MEDIA, Line, Sheet
from crawler.parsers.tree import BLOCKS, EDGES, HIDDEN, SILENT, Node, narrowed, squeeze

KEEPS = re.compile(r"white-space\s*:\s*(?:pre\b|break-spaces)", re.IGNORECASE)
CARRIED = re.compile(r"[^。；;：:！!？?）)」”\s]$")  # how a line of a paragraph ends that was broken by hand
BEGUN = re.compile(r"[\s\u3000]|[一二三四五六七八九十]{1,3}[、.．]|[（(]?\d{1,2}[)）、.．]|第.{1,4}[章条节]")
BROKEN = 24  # characters of a line that was broken because it was full
LONGEST_CELL = 400
LONG = 25  # a line of so many characters reads like text, a shorter one where it has punctuation
PUNCTUATED = re.compile(r"[，。；：！？、]")
SHORT = 30  # characters of a line that may well come again on another page
INDEXED = frozenset(  # tags that are asked for by name
    {
        "pre",
        "title",
        "meta",
        "base",
        "body",
        "h1",
        "h2",
        "article",
        "ucaptitle",
        "ucapcontent",
        "input",
        "img",
        "embed",
        "object",
        "iframe",
        "video",
        "audio",
    }
)
# What the walk must know of a tag, as bits of one number.
BLOCK, SHUT, NAMED, SHOWN, LINK, ROW, CELL, BREAK, NOTHING, BOX = (1 << n for n in range(10))
DEEP = 8  # levels of a page at which the boxes of its frame stand
BOXES = frozenset({"div", "ul", "dl", "table", "td", "form", "section", "header", "footer", "nav", "aside", "center"})


def _bits(tag: str) -> int:
    return (
        BLOCK * (tag in BLOCKS)
        + SHUT * (tag in SILENT)
        + NAMED * (tag in INDEXED)
        + SHOWN * (tag == "img" or tag in EMBEDS or tag in MEDIA)
        + LINK * (tag == "a")
        + ROW * (tag == "tr")
        + CELL * (tag in ("td", "th"))
        + BREAK * (tag == "br")
        + NOTHING * (tag[:1] in ("-", "_", "!"))  # comments and the doctype
        + BOX * (tag in BOXES)
    )


def _known() -> dict[int, tuple[str, int]]:
    """Lexbor's number of each tag that means something here, and of the commonest that do not → (tag, bits)."""
    make = LexborHTMLParser("").create_node
    tags = {*BLOCKS, *SILENT, *INDEXED, "a", "b", "br", "em", "font", "html", "i", "link", "span", "strong", "u"}
    made = {make(tag).tag_id: (tag, _bits(tag)) for tag in tags if tag.isalnum()}
    return {COMMENT: ("-comment", NOTHING)} | {number: known for number, known in made.items() if number < OWN}


TEXT, COMMENT = (node.tag_id for node in LexborHTMLParser("<p>x<!---->").css("p")[0].iter(include_text=True))
OWN = 4096  # numbers from here on are a document's own, for tags that no standard names
KNOWN = _known()
LEAF = BREAK | NOTHING
ASKED = NAMED | SHOWN | ROW  # what the walk does more with than to note it
NO_ATTRIBUTES: dict[str, str | None] = {}


@lru_cache(maxsize=4096)  # Word repeats a style in every span
def _said(style: str) -> tuple[bool, bool]:
    """Does a style hide, and does it keep line breaks?"""
    return HIDDEN.search(style) is not None, KEEPS.search(style) is not None


def _measured(text: str) -> tuple[str, bool, bool, bool, bool, bool, bool, bool]:
    """A line's text without white space, and what it says of itself, from `labelled` on."""
    plain = squeeze(text)
    size = len(plain)
    return (
        plain,
        may_have_label(text),
        is_foot(text),
        0 < size <= LONGEST_FURNITURE and is_plain_furniture(plain),
        is_crumb(text),
        may_be_label(text),
        size <= LONGEST_CONTACT and is_contact(text),
        size >= LONG or PUNCTUATED.search(text) is not None,
    )


_short = lru_cache(maxsize=8192)(_measured)  # menus are the same on all pages of a site


class _Walk:
    """One walk: inline text becomes lines, and cells rows."""

    __slots__ = (
        "boxes", "cells", "inline", "kept", "last", "linked", "marks", "owner", "row", "scripted", "sheet", "show_hidden", "site"
    )  # fmt: skip

    def __init__(self, *, hidden: bool, site: str) -> None:
        self.sheet = Sheet()
        self.show_hidden = hidden
        self.site = site
        self.boxes: dict[Box, int] = {}  # those of the frame's levels so far, and how many are called alike
        self.inline: list[str] = []
        self.linked: list[str] = []  # what of it stands in links
        self.owner = -1
        self.scripted = False
        self.marks = 0
        self.last = -1
        self.kept: set[int] = set()  # places of elements whose line breaks are kept
        self.row = -1  # place of the table row that is being read as one line
        self.cells: list[str] = []

    def over(self, root: Node, up: int = -1, deep: int = 0) -> None:  # noqa: C901
        """A whole tree, within the element `up`. A node's children are asked for, never its parent: that is on a stack."""
        sheet, inline, known = self.sheet, self.inline, KNOWN.get
        lines, nodes, tags, ups = sheet.lines, sheet.nodes, sheet.tags, sheet.ups
        attributes, firsts, lasts = sheet.attributes, sheet.firsts, sheet.lasts
        node, at, bits, links, line, framed = root, up, 0, 0, len(lines), DEEP - deep if self.site else 0
        around: list[tuple[Node, int, int]] = []  # what is open: each with place and bits of what is around it
        while True:  # one function: a call for each node costs as much as what is done with it
            number = node.tag_id
            if number == TEXT:
                text = node.text_content or ""
                if inline or not text.isspace():  # else it stands between two blocks
                    self.add(text, at, links)
                    line = len(lines)
            else:
                tag, own_bits = known(number) or _unknown(node)
                if own_bits & BOX and 0 < len(around) < framed and not links and self.box(node, at, deep + len(around)):
                    line = len(lines)
                elif not own_bits & LEAF:
                    own, place = node.attributes, len(ups)
                    if (own and self.name(place, own)) or own_bits & SHUT:
                        self.shut(node, at)
                        line = len(lines)
                    else:
                        if own_bits & BLOCK and (inline or self.scripted) and self.row < 0:
                            self.end(place)
                            line = len(lines)
                        nodes.append(node)
                        tags.append(tag)
                        ups.append(at)
                        attributes.append(own or NO_ATTRIBUTES)
                        firsts.append(line)
                        lasts.append(line)
                        if own_bits & ASKED:
                            self.enter(place, node, tag, own_bits)
                        if (below := node.child) is not None:
                            around.append((node, at, bits))
                            node, at, bits = below, place, own_bits
                            links += own_bits & LINK
                            continue
                        if own_bits & BLOCK:
                            self.leave(place, own_bits)
                            line = len(lines)
                elif own_bits & BREAK:
                    self.end(at)
                    line = len(lines)
            following = node.next if around else None
            while following is None:
                if not around:
                    return
                if bits & LINK:
                    links -= LINK
                elif bits & BLOCK and (inline or self.scripted or self.row >= 0):
                    self.leave(at, bits)
                    line = len(lines)
                lasts[at] = line
                node, at, bits = around.pop()
                following = node.next if around else None
            node = following

    def box(self, node: Node, up: int, deep: int) -> bool:
        """Lay a box of the frame flat, from memory if it is there; False for one that is not asked for, or not apart from what is around it."""
        if self.inline or self.scripted or self.row >= 0 or (self.kept and self.keeps(up)):
            return False
        sheet, own = self.sheet, node.attributes
        around = sheet.attributes[up]
        named: Box = (self.site, deep, node.tag_id, own.get("id"), own.get("class"), around.get("id"), around.get("class"))
        number = self.boxes[named] = self.boxes.get(named, 0) + 1
        box = (*named, number)
        if not FRAMES.wants(box):
            return False
        html = node.html or ""
        piece = FRAMES.find(box, html)
        if piece is not None:
            lay(piece, sheet, node, up)
            return True
        at, line, script = len(sheet.ups), len(sheet.lines), len(sheet.scripts)
        self.over(node, up, deep)
        if not any("document.write" in said for said in sheet.scripts[script:]):  # it may say what scripts above it hold
            FRAMES.keep(box, html, cut(sheet, at, line, script))
        return True

    def enter(self, at: int, node: Node, tag: str, bits: int) -> None:
        """An element begins that is asked for by name, or changes how what is in it is read."""
        if bits & NAMED:
            self.sheet.places.setdefault(tag, []).append(at)
            if tag == "pre":
                self.kept.add(at)
        if bits & SHOWN and self.owner >= 0:
            self.sheet.firsts[at] += 1  # behind the text that is being written
        elif bits & ROW and self.row < 0 and is_data(node):
            self.row = at

    def leave(self, at: int, bits: int) -> None:
        """A block ends."""
        if self.row < 0:
            if self.inline or self.scripted:
                self.end(at)
        elif at == self.row:
            self.end_row()
        elif bits & CELL and self.sheet.ups[at] == self.row:
            self.end_cell()
        else:
            self.inline.append(" ")
        self.sheet.lasts[at] = len(self.sheet.lines)

    def name(self, at: int, attributes: dict[str, str | None]) -> bool:
        """Note an element's id and classes. Is it hidden?"""
        get = attributes.get
        name, classes = get("id"), get("class")
        if name or classes:
            marked = self.sheet.marked
            held = marked.get((name, classes))
            if held is None:
                marked[name, classes] = [at]
            else:
                held.append(at)
        if self.show_hidden:
            return False
        style = get("style")
        if style:
            hides, keeps = _said(style)
            if keeps:
                self.kept.add(at)
            if hides:
                self.sheet.hidden.add(at)
                return True
        if "hidden" in attributes:
            self.sheet.hidden.add(at)
            return True
        return False

    def shut(self, top: Node, up: int) -> None:
        """An element that no reader sees, and what is in it: only what its scripts write is read."""
        sheet = self.sheet
        node, at = top, up
        while True:
            if node.tag_id == TEXT:
                if sheet.tags[at] == "script" and not (text := node.text_content or "").isspace():
                    self.script(at, text)
            else:
                tag, bits = KNOWN.get(node.tag_id) or _unknown(node)
                if not bits & LEAF:
                    place = self.enter_shut(node, tag, bits, at)
                    below = node.child
                    if below is not None:
                        node, at = below, place
                        continue
                    if at == up:
                        return
            following = node.next
            while following is None:
                sheet.lasts[at] = len(sheet.lines)
                node, at = sheet.node(at), sheet.ups[at]
                if at == up:
                    return
                following = node.next
            node = following

    def enter_shut(self, node: Node, tag: str, bits: int, up: int) -> int:
        """The place of an element that no reader sees."""
        sheet = self.sheet
        at, own, hidden = len(sheet.ups), node.attributes, sheet.hidden
        if own and at not in hidden:  # the outermost one is noted already
            self.name(at, own)
        if hidden and up in hidden:
            hidden.add(at)
        if bits & SHUT or up in sheet.silent:
            sheet.silent.add(at)
        line = len(sheet.lines)
        sheet.nodes.append(node)
        sheet.tags.append(tag)
        sheet.ups.append(up)
        sheet.attributes.append(own)
        sheet.firsts.append(line + 1 if bits & SHOWN and self.owner >= 0 else line)
        sheet.lasts.append(line)
        if bits & NAMED:
            sheet.places.setdefault(tag, []).append(at)
        return at

    # -------------------------------------------------------------- text
    def add(self, text: str, at: int, links: int) -> None:
        """Text of a line; `links`: 0 where no link is open around it."""
        if self.kept and "\n" in text and self.row < 0 and self.keeps(at):
            self.add_lines(text, at, links)
            return
        inline = self.inline
        if not text.isspace():
            if at != self.last:
                if inline and self.row < 0:
                    self.marks += 1
                    inline.append(MARK)
                self.last = at
            if self.owner < 0 and (text.isprintable() or text.strip(EDGES)):  # what is printable and no space is text
                self.owner = at
            if links:
                self.linked.append(text)
        elif not inline:
            return
        inline.append(text)

    def keeps(self, at: int) -> bool:
        """Are line breaks kept here?"""
        return at in self.kept or any(up in self.kept for up in self.sheet.above(at))

    def add_lines(self, text: str, at: int, links: int) -> None:
        """Text whose line breaks are paragraphs, but for those that only break a full line."""
        pieces = text.replace("\r\n", "\n").split("\n")
        for number, piece in enumerate(pieces):
            before = pieces[number - 1].rstrip() if number else ""
            carried = len(before) >= BROKEN and CARRIED.search(before) and piece.strip() and not BEGUN.match(piece)
            if number and not carried:
                self.end(at)
            if piece and (self.inline or not piece.isspace()):
                self.add(piece, at, links)

    def end(self, at: int) -> None:
        """A line ends; within a row it is a part of the cell."""
        if self.row >= 0:
            self.inline.append(" ")
        elif self.inline:
            self.put(self.taken(), at, ())
        else:
            self.scripted = False

    def end_cell(self) -> None:
        self.cells.append(self.taken())

    def end_row(self) -> None:
        text = "\t".join(self.cells).strip(EDGES)
        self.owner, row, cells = self.row, self.row, tuple(self.cells)
        self.row, self.cells = -1, []
        self.put(text, row, cells)

    def taken(self) -> str:
        """The text that was collected, its white space narrowed."""
        inline = self.inline
        text = narrowed(inline[0] if len(inline) == 1 else "".join(inline))
        inline.clear()
        return text

    def put(self, text: str, at: int, cells: tuple[str, ...]) -> None:
        """A line is there, if it has text."""
        linked = self.linked
        if text:
            marked = ""
            if self.marks:
                marked, text = text, text.replace(MARK, "")
            plain, labelled, *kinds = _short(text) if len(text) <= SHORT else _measured(text)
            size = 0
            if linked:  # a link that is all of its line need not be counted
                size = len(plain) if len(linked) == 1 and not marked and not cells else len(squeeze("".join(linked)))
            owner = self.owner if self.owner >= 0 else at
            prose = size * 2 < len(plain)
            self.sheet.lines.append(Line(text, plain, owner, size, cells, marked, self.scripted, prose, labelled, *kinds))
        if linked:
            linked.clear()
        self.owner = self.last = -1
        self.scripted, self.marks = False, 0

    def script(self, at: int, text: str) -> None:
        sheet = self.sheet
        sheet.scripts.append(text)
        up = sheet.ups[at]
        if "document.write" not in text or at in sheet.hidden or up < 0:
            return
        said, block = written(text, sheet.strings)
        if not said:
            self.scripted = True
            return
        if block:
            self.end(up)
        self.add(said, at, 0)
        if block:
            self.end(up)


def _unknown(node: Node) -> tuple[str, int]:
    """A tag that is not in the table."""
    tag = node.tag or ""
    return tag, _bits(tag)


def lay_flat(tree: LexborHTMLParser, *, hidden: bool = False, site: str = "") -> Sheet:
    """The page's sheet; with `hidden`, what is hidden by its own style or attribute is read too. `site`: the pages whose frame may be the same."""
    walk = _Walk(hidden=hidden, site="" if hidden or not site or not FRAMES.met(site) else site)
    if tree.root is not None:
        walk.over(tree.root)
        walk.end(0)
    return walk.sheet


def is_data(row: Node) -> bool:
    """A row of a table of facts, not of a layout: several short cells, none with blocks of text of its own."""
    own = [child for child in row.iter() if child.tag in ("td", "th")]
    return len(own) > 1 and all(_is_cell(cell) and len(cell.text(deep=True)) < LONGEST_CELL * 2 for cell in own)


def _is_cell(cell: Node) -> bool:
    """No table, no blocks of text, no menu within."""
    blocks = links = breaks = 0
    for node in cell.traverse():
        tag = node.tag
        if tag in ("p", "div"):
            blocks += 1
        elif tag in ("a", "li"):
            links += 1
        elif tag == "br":
            breaks += 1
        elif tag == "table":
            return False
        if blocks > 3 or links > 3 or breaks > 6:
            return False
    return True
