"""The door to Lexbor: text → tree, and the text of a node as a reader sees it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
    return "hidden" in attributes or bool(HIDDEN.search(attributes.get("style") or ""))


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

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.inline: list[str] = []
        self.owner: Node | None = None

    def add(self, text: str, node: Node) -> None:
        if self.owner is None and text.strip(EDGES):
            self.owner = node
        self.inline.append(text)

    def end(self, node: Node) -> None:
        text = SPACES.sub(" ", "".join(self.inline)).strip(EDGES)
        if text:
            self.lines.append(Line(text, self.owner or node))
        self.inline, self.owner = [], None


def lines(node: Node, skip: frozenset[int] = frozenset()) -> list[Line]:
    """The lines of a node: inline text joined, a new line at each block and <br>, a table's row one line with tabs between cells.

    `skip`: memory ids of nodes that are left out.
    """
    writer = _Writer()
    _walk(node, writer, skip)
    writer.end(node)
    return writer.lines


def _walk(top: Node, writer: _Writer, skip: frozenset[int]) -> None:
    """Iterative: hostile pages nest deeper than Python's stack."""
    stack: list[tuple[Node, bool]] = [(top, False)]
    while stack:
        node, leaving = stack.pop()
        tag = node.tag or ""
        if leaving:
            writer.end(node)
            continue
        if tag == "-text":
            writer.add(node.text_content or "", node.parent or node)
            continue
        if tag == "br":
            writer.end(node)
            continue
        if tag in SILENT or node.mem_id in skip or (is_hidden(node) and node is not top):
            continue
        if tag == "tr" and _is_data(node):
            writer.end(node)
            row = cells(node, skip)
            if row:
                writer.lines.append(Line(row, node))
            continue
        if tag in BLOCKS:
            writer.end(node)
            stack.append((node, True))
        stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))


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
