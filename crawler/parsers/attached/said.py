"""What reading a document gives, and how much of one is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crawler.parsers.attached.limits import Limits

NO_TEXT = "no_text: "
READERS = "2"  # every change of what our readers read from the same bytes makes this, and the rules' version, a new one
WIDE = 64  # cells of a row beyond which the empty ones are no longer shown in its line

Grid = tuple[tuple[str, ...], ...]  # a table's cells: equally many in each row where spans are expanded
Placed = tuple[int, Grid]  # and the place of its first line


@dataclass(frozen=True, slots=True)
class Section:
    """A page, sheet, slide or further part of a document.

    `kind`: page, sheet, slide, notes, text (of a document without pages), aside (heads, feet, footnotes). `name`: the page's number, the
    sheet's own name. `within`: the archive's member it is of, `a.zip` members of members joined by `!`. `lines`: its text in reading
    order; a table's or sheet's row is one line, its cells between tabs. `rows`: (the row's number in the sheet, its cells from the first
    column on); what spans several cells stands in each of them, rows without anything are left out. `tables`: those within the text,
    each with the place of its first line; spans stand in every cell they cover.
    """

    kind: str
    name: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[int, tuple[str, ...]], ...] = ()
    tables: tuple[Placed, ...] = ()
    within: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A file within an archive: its name as it is written (it names nothing on this machine), its size, why it was not read."""

    name: str
    size: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class AttachedText:
    """What a document says.

    `media_type` by its content; `reader`: what read it, with its version; `note`: why it has no text (`no_text: …`), or what is missing of
    it (`cut: …`); `flags`: what was odd: a name or a header that says another type, macros, addresses it would fetch, signatures.
    """

    media_type: str
    size: int
    reader: str = ""
    sections: tuple[Section, ...] = ()
    members: tuple[Member, ...] = ()
    note: str = ""
    flags: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All its text."""
        return tuple(line for section in self.sections for line in section.lines)

    @property
    def pages(self) -> int:
        """How many pages, sheets or slides it has text on."""
        return sum(section.kind in ("page", "sheet", "slide") for section in self.sections)


def row_line(cells: Sequence[str]) -> str:
    """A sheet's row as a line: its cells between tabs, the empty ones too where they are few."""
    return "\t".join(cells if len(cells) <= WIDE else filter(None, cells)).rstrip("\t")


class NoText(Exception):
    """Why a document cannot be read, in the words that come behind `no_text: `."""


@dataclass(slots=True)
class Reading:
    """A document while it is read: what its limits have left, and what was noticed. One for a document and all its members."""

    limits: Limits = field(default_factory=Limits)
    unpacked: int = 0
    characters: int = 0
    lines: int = 0
    cells: int = 0
    flags: list[str] = field(default_factory=list)
    cut: str = ""

    def flag(self, what: str) -> None:
        """Notice something, once."""
        if what not in self.flags and len(self.flags) < 50:
            self.flags.append("".join(each if each.isprintable() else "\ufffd" for each in what[:300]))

    def room_for(self, text: str) -> bool:
        """Count a line; False, and `cut` set, when there are too many, or too many characters."""
        self.characters, self.lines = self.characters + len(text) + 1, self.lines + 1
        if self.characters > self.limits.characters:
            self.cut = f"cut: more than {self.limits.characters} characters"
        elif self.lines > self.limits.lines:
            self.cut = f"cut: more than {self.limits.lines} lines"
        else:
            return True
        return False

    def kept(self, lines: Iterable[str]) -> tuple[str, ...]:
        """The lines there is room for, those without text left out."""
        found = []
        for line in lines:
            if line.strip() and not self.room_for(line):
                break
            if line.strip():
                found.append(line.strip(" \r\n\f\v\xa0\u3000"))
        return tuple(found)
