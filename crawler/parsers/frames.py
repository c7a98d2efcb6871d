"""The frame of a site's pages, laid flat: head, menus and foot are the same on each of them, so they are walked once and then remembered.

A box is known by its whole HTML, so what is remembered can only be what a walk would have found. Which boxes are asked for is learned:
one that was another thing three times more often than the same is the page's own, and not asked for again. A site of which one page is read
pays nothing: its boxes are looked at from the second on.
"""

from dataclasses import dataclass, field

from crawler.parsers.sheet import Line, Sheet
from crawler.parsers.tree import Node

Box = tuple[str | int | None, ...]  # site, depth, and how the box and what is around it are called

LEAST = 12  # elements of a box that is worth it
MOST = 24_000  # elements of all that is remembered; about 200 bytes each
MOST_BOXES = 20_000
MOST_SITES = 10_000
TRIES, FAITH = 3, -12  # from which balance of misses and hits a box is not asked for; how far a balance may fall


@dataclass(slots=True)
class Piece:
    """A box laid flat: the columns of its part of a sheet, as they are in a page whose element `base` and line `line` it begins with."""

    tags: list[str]
    ups: list[int]
    attributes: list[dict[str, str | None]]
    firsts: list[int]
    lasts: list[int]
    lines: list[Line]
    scripts: list[str]
    hidden: list[int]
    silent: list[int]
    places: list[tuple[str, list[int]]]
    marked: list[tuple[tuple[str | None, str | None], list[int]]]
    base: int
    line: int

    def move(self, at: int, line: int) -> None:
        """Have it begin with another element and line."""
        by, lines = at - self.base, line - self.line
        if by:
            self.ups = [up + by for up in self.ups]
            self.hidden, self.silent = [place + by for place in self.hidden], [place + by for place in self.silent]
            self.places = [(tag, [place + by for place in places]) for tag, places in self.places]
            self.marked = [(names, [place + by for place in places]) for names, places in self.marked]
            self.lines = [one.moved(by) for one in self.lines]
        if lines:
            self.firsts = [first + lines for first in self.firsts]
            self.lasts = [last + lines for last in self.lasts]
        self.base, self.line = at, line


def cut(sheet: Sheet, at: int, line: int, script: int) -> Piece:
    """The piece of a sheet that begins with an element, a line and a script and goes to its end."""

    def own(places: list[int]) -> list[int]:
        return [place for place in places if place >= at]

    return Piece(
        sheet.tags[at:],
        sheet.ups[at:],
        sheet.attributes[at:],
        sheet.firsts[at:],
        sheet.lasts[at:],
        sheet.lines[line:],
        sheet.scripts[script:],
        own(sorted(sheet.hidden)),
        own(sorted(sheet.silent)),
        [(tag, found) for tag, places in sheet.places.items() if (found := own(places))],
        [(names, found) for names, places in sheet.marked.items() if (found := own(places))],
        at,
        line,
    )


def lay(piece: Piece, sheet: Sheet, node: Node, up: int) -> None:
    """Put a piece at the end of a sheet, as the walk of `node`, a child of the element `up`, would have."""
    at, line = len(sheet.ups), len(sheet.lines)
    if piece.base != at or piece.line != line:
        piece.move(at, line)
    sheet.nodes.append(node)
    sheet.nodes += [None] * (len(piece.tags) - 1)
    sheet.tags += piece.tags
    sheet.ups += piece.ups
    sheet.ups[at] = up
    sheet.attributes += piece.attributes
    sheet.firsts += piece.firsts
    sheet.lasts += piece.lasts
    sheet.lines += piece.lines
    sheet.scripts += piece.scripts
    sheet.hidden.update(piece.hidden)
    sheet.silent.update(piece.silent)
    for tag, places in piece.places:
        sheet.places.setdefault(tag, []).extend(places)
    for names, places in piece.marked:
        sheet.marked.setdefault(names, []).extend(places)


@dataclass(slots=True)
class Frames:
    """What is remembered, the longest unused first."""

    pieces: dict[str, Piece] = field(default_factory=dict)
    balances: dict[Box, int] = field(default_factory=dict)
    sites: dict[str, None] = field(default_factory=dict)  # of which a page was read, the longest known first
    size: int = 0

    def met(self, site: str) -> bool:
        """Was a page of this site read before?"""
        if site in self.sites:
            return True
        if len(self.sites) >= MOST_SITES:
            del self.sites[next(iter(self.sites))]
        self.sites[site] = None
        return False

    def wants(self, box: Box) -> bool:
        """Is a box worth asking for? Not when it is met for the first time."""
        balance = self.balances.get(box)
        if balance is None:
            if len(self.balances) >= MOST_BOXES:
                self.balances.clear()
            self.balances[box] = 0
            return False
        return balance < TRIES

    def find(self, box: Box, html: str) -> Piece | None:
        """The piece of this HTML, if it is remembered."""
        piece = self.pieces.pop(html, None)
        if piece is not None:
            self.pieces[html] = piece
        balance = self.balances.get(box, 0)
        self.balances[box] = balance + 1 if piece is None else max(FAITH, balance - 1)
        return piece

    def keep(self, box: Box, html: str, piece: Piece) -> None:
        """Remember a piece; a small box is never asked for again."""
        if len(piece.tags) < LEAST:
            self.balances[box] = TRIES
            return
        self.pieces[html] = piece
        self.size += len(piece.tags)
        while self.size > MOST and len(self.pieces) > 1:
            oldest = self.pieces.pop(next(iter(self.pieces)))
            self.size -= len(oldest.tags)

    def forget(self) -> None:
        """Begin anew, as a new process does."""
        self.pieces.clear()
        self.balances.clear()
        self.sites.clear()
        self.size = 0


FRAMES = Frames()
