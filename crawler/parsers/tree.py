"""The door to Lexbor: text → tree, and the text of a node as a reader sees it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from crawler.errors import UnreadablePage

Node = LexborNode

SILENT = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "select",
        "option",
        "button",
        "textarea",
        "object",
        "head",
        "svg",
        "-comment",
        "_comment",
        "!doctype",
    }
)
BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "caption",
        "ucapcontent",
        "ucaptitle",
    ]
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
SPACES = re.compile(r"[ \t\r\n\f\v]+")
EDGES = " \t\r\n\f\v\xa0\u3000\u200b\ufeff"
EVERY = re.compile(r"[\s\u200b\ufeff]+")


def parse(text: str) -> LexborHTMLParser:
    """The tree of a page. NUL becomes U+FFFD."""
    return LexborHTMLParser(text.replace("\0", "\ufffd") if "\0" in text else text)


def squeeze(text: str | None) -> str:
    """Without any white space: how titles and labels are compared."""
    if not text:
        return ""
    plain = "".join(text.split())  # a third of the pattern's time; what it takes for white space is the same but for two marks
    return EVERY.sub("", plain) if "\u200b" in plain or "\ufeff" in plain else plain


def attribute(node: Node, name: str) -> str:
    """An attribute's value, empty when it is missing."""
    return node.attributes.get(name) or ""


def is_hidden(node: Node) -> bool:
    """Hidden by its own style or attribute."""
    attributes = node.attributes
    return "hidden" in attributes or ((style := attributes.get("style")) is not None and _hides(style))


@lru_cache(maxsize=4096)  # Word repeats a style in every span
def _hides(style: str) -> bool:
    return HIDDEN.search(style) is not None


def ancestors(node: Node) -> Iterator[Node]:
    """From the parent up."""
    above = node.parent
    while above is not None and above.tag not in ("-document", "html"):
        yield above
        above = above.parent


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text as a reader sees it, and the block element that begins it."""

    text: str
    node: Node


class _Writer:
    """Collects inline text and breaks it into lines at block borders."""

    __slots__ = ("inline", "lines", "owner")

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.inline: list[str] = []
        self.owner: Node | None = None

    def add(self, text: str, node: Node) -> None:
        if self.owner is None:
            if not text.strip(EDGES):
                if self.inline:
                    self.inline.append(text)  # white space that begins a line is none of it
                return
            self.owner = node
        self.inline.append(text)

    def end(self, node: Node) -> None:
        if not self.inline:
            return
        if text := narrowed("".join(self.inline)):
            self.lines.append(Line(text, self.owner or node))
        self.inline.clear()
        self.owner = None


def lines(node: Node, skip: frozenset[int] = frozenset()) -> list[Line]:
    """The lines of a node: inline text joined, a new line at each block and <br>, a table's row one line with tabs between cells.

    `skip`: memory ids of nodes that are left out.
    """
    below = node.child
    if below is not None and below.tag_id == TEXT and below.next is None and node.mem_id not in skip and _is_plain(node):
        shown = narrowed(below.text_content or "")
        return [Line(shown, node)] if shown else []
    writer = _Writer()
    _walk(node, writer, skip)
    writer.end(node)
    return writer.lines


def narrowed(text: str) -> str:
    """A line's text: no white space at its edges, and none but single spaces within."""
    text = text.strip(EDGES)
    return text if text.isprintable() and "  " not in text else SPACES.sub(" ", text)


def _is_plain(node: Node) -> bool:
    bits = known if (known := KINDS.get(node.tag_id)) is not None else _kind(node)
    return not bits & (SHUT | BREAK | ROW)


def _walk(top: Node, writer: _Writer, skip: frozenset[int]) -> None:  # noqa: C901 - one loop, without a call a node
    """Iterative: hostile pages nest deeper than Python's stack. A node's children are asked for, never its parent: that is on a stack."""
    node, around = top, list[tuple[Node, int]]()
    while True:
        number = node.tag_id
        if number == TEXT:
            if content := node.text_content:
                writer.add(content, around[-1][0] if around else node.parent or node)
        else:
            bits = known if (known := KINDS.get(number)) is not None else _kind(node)
            if bits & BREAK:
                writer.end(node)
            elif not (bits & SHUT or (skip and node.mem_id in skip) or (around and is_hidden(node))):
                if bits & ROW and _is_data(node):
                    writer.end(node)
                    if row := cells(node, skip):
                        writer.lines.append(Line(row, node))
                else:
                    if bits & BLOCK:
                        writer.end(node)
                    below = node.child
                    if below is not None and below.tag_id == TEXT and below.next is None:
                        if content := below.text_content:
                            writer.add(content, node)
                    elif below is not None:
                        around.append((node, bits))
                        node = below
                        continue
                    if bits & BLOCK:
                        writer.end(node)
        while True:
            if not around:
                return
            if (following := node.next) is not None:
                node = following
                break
            node, bits = around.pop()
            if bits & BLOCK:
                writer.end(node)


# What a walk must know of a tag, as bits of one number; numbers of a document's own tags, that no standard names, are not kept.
BLOCK, SHUT, BREAK, ROW = (1 << n for n in range(4))
TEXT = next(node.tag_id for node in LexborHTMLParser("<p>x").css("p")[0].iter(include_text=True))
OWN = 4096
KINDS: dict[int, int] = {}


def _kind(node: Node) -> int:
    tag = node.tag or ""
    bits = BLOCK * (tag in BLOCKS) + SHUT * (tag in SILENT) + BREAK * (tag == "br") + ROW * (tag == "tr")
    if node.tag_id < OWN:
        KINDS[node.tag_id] = bits
    return bits


def _is_data(row: Node) -> bool:
    """A row of a table of facts, not of a layout: several short cells, none with blocks of text of its own."""
    own = [child for child in row.iter() if child.tag in ("td", "th")]
    if len(own) < 2:
        return False
    return all(child.css_first("table") is None and len(child.css("p")) <= 3 and len(child.text()) < 400 for child in own)


def cells(row: Node, skip: frozenset[int] = frozenset()) -> str:
    """A table row as one line, tabs between cells."""
    texts = [" ".join(line.text for line in lines(child, skip)) for child in row.iter() if child.tag in ("td", "th")]
    return "\t".join(texts).strip(EDGES)


def text(node: Node | None, skip: frozenset[int] = frozenset()) -> str:
    """The text of a node as a reader sees it, lines joined by one space."""
    return " ".join(line.text for line in lines(node, skip)) if node is not None else ""


def complaint(selector: str) -> str | None:
    """What is wrong with a selector, None when nothing is."""
    try:
        select(parse("<p>"), selector)
    except UnreadablePage as error:
        return str(error)
    return None


def select(root: LexborHTMLParser | Node, selector: str) -> list[Node]:
    """Nodes of a CSS selector. Raises UnreadablePage for a selector that is none."""
    try:
        return root.css(selector)
    except SelectolaxError as error:
        raise UnreadablePage(f"not a CSS selector: {selector!r}", reason="selector") from error
