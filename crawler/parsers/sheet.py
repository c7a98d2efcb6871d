"""A page laid flat: its lines as a reader sees them, and which element holds which lines (`flat.py` makes it).

Everything that reads a notice works on this: what stands where is a matter of line numbers, and the text of any element is a slice.
Whatever a template calls its boxes, the lines are the same. Elements are columns, not objects; what few of them are asked for (where
one ends, what it is called) is worked out when it is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from crawler.parsers.scripts import strings
from crawler.parsers.tree import Node

MARK = "\x1f"
NO_ELEMENTS = frozenset("-_!")  # how comments and the doctype are called
EMBEDS = frozenset({"embed", "object", "iframe"})
MEDIA = frozenset({"video", "audio"})


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
    prose: bool = True  # it has text, and less than half of it stands in links
    labelled: bool = False  # it may have a label: a colon of any kind, or a year set apart
    foot: bool = False  # what its words say, whatever stands around it (`furniture.py`)
    furniture: bool = False
    crumb: bool = False
    named: bool = False  # it may be a label, or begin with one of a block
    contact: bool = False  # how to reach somebody
    reads: bool = False  # it is long, or has the punctuation of a text

    def moved(self, by: int) -> "Line":
        """The line in a page in which its element stands so many places further down."""
        return Line(
            self.text, self.plain, self.element + by, self.linked, self.cells, self.marked, self.scripted, self.prose, self.labelled,
            self.foot, self.furniture, self.crumb, self.named, self.contact, self.reads,
        )  # fmt: skip


@dataclass(slots=True)
class Sheet:
    """The page. An element is its place in the page's order; the columns say of each: its tag, the place of its parent (-1 at the root),
    its attributes, its first line, and the one behind its last. `hidden`: places of what its own style or attribute hides, or its
    parent's; `silent`: of what no reader sees by its nature."""

    lines: list[Line] = field(default_factory=list)
    nodes: list[Node | None] = field(default_factory=list)  # None within a box that was not walked: `node` has them all
    tags: list[str] = field(default_factory=list)
    ups: list[int] = field(default_factory=list)
    attributes: list[dict[str, str | None]] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)
    scripts: list[str] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)  # of some tags
    marked: dict[tuple[str | None, str | None], list[int]] = field(default_factory=dict)  # places of what has an id or classes
    _classes: dict[str, list[int]] | None = None
    _ids: dict[str, list[int]] | None = None
    _labels: list[tuple[str, list[int]]] | None = None
    _strings: dict[str, str] = field(default_factory=dict)
    feet: dict[int | None, int] = field(default_factory=dict)  # title's line → where the page's foot begins, once that is known
    _looked_at: int = 0

    @property
    def strings(self) -> dict[str, str]:
        """Variables of the scripts so far that hold a plain string."""
        for script in self.scripts[self._looked_at :]:
            self._strings.update(strings(script))
        self._looked_at = len(self.scripts)
        return self._strings

    @property
    def ids(self) -> dict[str, list[int]]:
        """Places of elements by their id."""
        if self._ids is None:
            self._ids = {}
            for (name, _), places in self.marked.items():
                if name:
                    self._ids[name] = sorted([*self._ids.get(name, ()), *places])
        return self._ids

    @property
    def classes(self) -> dict[str, list[int]]:
        """Places of elements by each of their classes."""
        if self._classes is None:
            found: dict[str, list[int]] = {}
            for (_, classes), places in self.marked.items():
                for word in classes.split() if classes else ():
                    found.setdefault(word, []).extend(places)
            self._classes = found
            for held in found.values():
                held.sort()
        return self._classes

    def node(self, at: int) -> Node:
        """An element's node. Within a box that was remembered it is looked for, in the order of the walk."""
        top = at
        while (node := self.nodes[top]) is None:
            top -= 1
        return node if top == at else _inner(node, at - top)

    def attribute(self, at: int, name: str) -> str:
        """An attribute's value, empty when it is missing."""
        return self.attributes[at].get(name) or ""

    def label(self, at: int) -> str:
        """Id and classes of an element in one string."""
        return _label(self.attributes[at].get("id"), self.attributes[at].get("class"))

    def end(self, at: int) -> int:
        """The place behind the last element within an element: those within are `at + 1` to `end`."""
        ups = self.ups
        return next((end for end, up in enumerate(islice(ups, at + 1, None), at + 1) if up < at), len(ups))

    def own(self, at: int) -> list[Line]:
        """The lines of an element."""
        return self.lines[self.firsts[at] : self.lasts[at]]

    def text(self, at: int) -> str:
        """The visible text of an element, its lines joined by one space."""
        return " ".join([line.text for line in self.own(at)])

    def named(self, selector: str) -> list[int]:
        """Places of the elements of `#id`, `.class` or `tag`."""
        if selector[0] == "#":
            return self.ids.get(selector[1:], [])
        return self.classes.get(selector[1:], []) if selector[0] == "." else self.places.get(selector, [])

    def called(self, test: Callable[[str], bool]) -> list[int]:
        """Places of the elements whose id and classes pass a test of names."""
        if self._labels is None:
            self._labels = [(_label(*names), places) for names, places in self.marked.items()]
        found = [at for label, places in self._labels if test(label) for at in places]
        found.sort()
        return found

    def above(self, at: int, most: int | None = None) -> list[int]:
        """The places of the elements around one, from the parent up; the nearest few."""
        ups = self.ups
        found: list[int] = []
        up = ups[at]
        while up >= 0 and len(found) != most:
            found.append(up)
            up = ups[up]
        return found

    def within(self, at: int, outer: int) -> bool:
        """Is the one element within the other, or the same?"""
        ups = self.ups
        while at > outer:
            at = ups[at]
        return at == outer


def _label(name: str | None, classes: str | None) -> str:
    return f"{name or ''} {classes or ''}".strip()


def _inner(top: Node, number: int) -> Node:
    """The element so many places behind `top` in the page's order."""
    elements = (node for node in top.traverse() if (node.tag or "")[:1] not in NO_ELEMENTS and node.tag != "br")
    return next(islice(elements, number, None))
