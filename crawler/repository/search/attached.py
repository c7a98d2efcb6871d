"""The text of documents that notices link to, for whoever asks: as the index holds it, as it was at a moment, and where a hit stands in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crawler.model import Millis
from crawler.record.content import Piece, column_name, pieces_of, searched_of
from crawler.record.frame import searched, unpacked
from crawler.repository.reader import Reads, among, rows
from crawler.text.words import Phrase, marked, snippet


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A document that a version links to: its number among the version's attachments, from 1, its name there, its text as it is kept."""

    number: int
    name: str
    packed: bytes


@dataclass(frozen=True, slots=True)
class At:
    """Where in a document a hit stands: which of a notice's attachments it is, and the page, sheet, part or cell."""

    attachment: int
    name: str
    place: str
    cell: str | None = None

    def __str__(self) -> str:
        cell = f"!{self.cell}" if self.cell else ""
        return f"{self.name} {self.place}{cell}"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A window of text around hits, and where it stands when that is in a document that the notice links to."""

    text: str
    at: At | None = None


INDEXED = """SELECT h.document, k.text FROM search_contents h JOIN contents k ON k.id = h.content
    WHERE h.document {ids} ORDER BY h.document, h.position"""
NOW = """SELECT a.version, a.position, a.name, k.text FROM attachments a JOIN versions v ON v.id = a.version
    JOIN documents d ON d.id = v.document JOIN urls u ON u.id = a.address JOIN contents k ON k.id = u.content
    WHERE a.version {ids} AND u.id <> d.url ORDER BY a.version, a.position"""
THEN = """SELECT a.version, a.position, a.name, k.text FROM attachments a JOIN versions v ON v.id = a.version
    JOIN documents d ON d.id = v.document JOIN urls u ON u.id = a.address LEFT JOIN urls w ON w.key = u.redirect
    JOIN contents k ON k.id = (SELECT r.content FROM readings r JOIN captures p ON p.id = r.capture
        WHERE p.url IN (u.id, w.id) AND p.at <= :at AND r.content IS NOT NULL ORDER BY p.id DESC LIMIT 1)
    WHERE a.version {ids} AND u.id <> d.url ORDER BY a.version, a.position"""


def indexed(c: Reads, documents: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Document → the texts of what it links to, as the index has them."""
    found: dict[int, tuple[str, ...]] = {}
    for document, text in _rows(c, INDEXED, documents):
        found[document] = (*found.get(document, ()), searched_of(bytes(text)))
    return found


def held(c: Reads, versions: Sequence[int], at: Millis | None = None) -> dict[int, tuple[HeldFile, ...]]:
    """Version → what it links to and has been read, as it is now or was known at a moment."""
    found: dict[int, tuple[HeldFile, ...]] = {}
    for version, position, name, text in _rows(c, NOW if at is None else THEN, versions, at):
        found[version] = (*found.get(version, ()), HeldFile(position + 1, name, bytes(text)))
    return found


def texts(files: Iterable[HeldFile]) -> tuple[str, ...]:
    """What is searched of documents."""
    return tuple(searched_of(file.packed) for file in files)


def _rows(c: Reads, statement: str, ids: Sequence[int], at: Millis | None = None) -> Sequence[Any]:
    if not ids:
        return ()
    wanted, value = among(c, "ids", ids)
    return rows(c, statement.format(ids=wanted), {"ids": value} | ({} if at is None else {"at": at}))


# ------------------------------------------------------------------ where a hit stands
def excerpt(
    record: bytes, files: Sequence[HeldFile], phrases: Sequence[Phrase], *, width: int = 40, marks: tuple[str, str] = ("[", "]")
) -> Excerpt:
    """The words around the hits of a notice: in its own text, or, where that lacks a phrase, in the first document that has it."""
    own = "|".join(searched(record))
    lacking = [phrase for phrase in phrases if phrase.text not in own]
    for phrase in lacking:
        for file in files:
            if phrase.text in searched_of(file.packed) and (found := _within(file, phrases, phrase, (width, marks))) is not None:
                return found
    return Excerpt(snippet("\n".join(unpacked(record)["body"]), phrases, width, marks))


def _within(file: HeldFile, phrases: Sequence[Phrase], wanted: Phrase, shown: tuple[int, tuple[str, str]]) -> Excerpt | None:
    for piece in pieces_of(file.packed):
        text = "\n".join(piece.lines)
        if marked(text, [wanted]):
            at = At(file.number, file.name, piece.place, _cell(piece, wanted))
            others = [phrase for phrase in phrases if phrase != wanted]
            spans = marked(text, [wanted])
            start = max(0, spans[0][0] - 4 * shown[0])
            return Excerpt(snippet(text[start:], [wanted, *others] if start == 0 else [wanted], *shown), at)
    return None


def _cell(piece: Piece, wanted: Phrase) -> str | None:
    """The first cell of a sheet that has a phrase, as `B3`."""
    for number, cells in piece.rows:
        for column, text in enumerate(cells):
            if text and marked(text, [wanted]):
                return f"{column_name(column)}{number}"
    return None


def at_values(at: At | None) -> Mapping[str, Any] | None:
    """Where a hit stands, for programs."""
    return None if at is None else {"attachment": at.attachment, "name": at.name, "place": at.place, "cell": at.cell}
