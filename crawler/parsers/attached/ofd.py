"""OFD (GB/T 33190): the text of each page in reading order, of its templates too; signatures and annotations are noticed.

Files name their parts from the archive's top (`/Doc_0/…`) or from their own folder, hold a line in one TextObject or each character in
its own, and have the standard's namespace or none: all are read alike.
"""

import re
from dataclasses import dataclass
from itertools import chain
from xml.etree.ElementTree import Element

from crawler.parsers.attached.package import Package, child, local, within
from crawler.parsers.attached.said import NoText, Reading, Section

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?")
GROUP = re.compile(r"\bg\s+(\d{1,6})\s+(\S+)|(\S+)")
MOST_GLYPHS = 100_000  # of one TextCode
GAP = 0.9  # of a character's height: a blank that wide stands between words


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text at its place on the page, in millimetres from the top left corner."""

    left: float
    right: float
    top: float
    bottom: float
    text: str


def read(package: Package, reading: Reading) -> tuple[Section, ...]:
    """The pages of all document bodies. Raises NoText: damaged, image only."""
    found, pictures, number = [], False, 0
    for item in package.xml("OFD.xml"):
        if local(item) != "DocBody":
            continue
        if (signatures := child(item, "Signatures")) is not None and (signatures.text or "").strip():
            reading.flag("signed: the signature is not checked")
        document = _place(package, "", child(item, "DocRoot"))
        root = package.xml(document)
        folder = document.rpartition("/")[0]
        if child(root, "Annotations") is not None:
            reading.flag("annotations, not read as text")
        templates = _templates(package, root, folder)
        for page in _named(root, "Pages", "Page"):
            number += 1
            if number > reading.limits.pages or reading.cut:
                reading.cut = reading.cut or f"cut: more than {reading.limits.pages} pages"
                break
            content = package.xml(_target(package, folder, page.get("BaseLoc", "")))
            used = [
                templates[key] for held in content if local(held) == "Template" and (key := held.get("TemplateID")) in templates
            ]
            roots = [*map(package.xml, used), content]
            pictures = pictures or any(local(each) == "ImageObject" for each in chain.from_iterable(x.iter() for x in roots))
            pieces = [piece for each in roots for piece in _pieces(each)]
            found.append(Section("page", str(number), reading.kept(lines_of(pieces))))
    if not any(section.lines for section in found):
        raise NoText("image only" if pictures else "empty pages")
    return tuple(found)


def _place(package: Package, folder: str, element: Element | None) -> str:
    return _target(package, folder, (element.text or "").strip() if element is not None else "")


def _target(package: Package, folder: str, said: str) -> str:
    """The member that is named: from its folder, else from the top. An address outside is none."""
    if "://" in said:
        package.reading.flag(f"external reference not fetched: {said}")
        raise NoText("damaged: a part outside of the file")
    own = within(folder, said)
    return own if package.has(own) else within("", said)


def _named(root: Element, box: str, name: str) -> list[Element]:
    held = child(root, box)
    return [item for item in held if local(item) == name] if held is not None else []


def _templates(package: Package, root: Element, folder: str) -> dict[str | None, str]:
    """TemplatePage id → its member."""
    found = {}
    for item in _named(root, "CommonData", "TemplatePage"):
        target = _target(package, folder, item.get("BaseLoc", ""))
        if package.has(target):
            found[item.get("ID")] = target
    return found


# ------------------------------------------------------------------ one page
def _pieces(root: Element) -> list[_Piece]:
    """Every TextCode of a page's layers."""
    found = []
    for item in root.iter():
        if local(item) != "TextObject" or item.get("Visible", "true").lower() == "false":
            continue
        left, top, _, high = (*_numbers(item.get("Boundary", "")), 0.0, 0.0, 0.0, 0.0)[:4]
        a, b, c, d, e, f = matrix if len(matrix := _numbers(item.get("CTM", ""))) == 6 else (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
        size = next(iter(_numbers(item.get("Size", ""))), 0.0) or high or 1.0
        x = y = 0.0
        for code in (held for held in item if local(held) == "TextCode"):
            x, y = _number(code.get("X"), x), _number(code.get("Y"), y)
            text = "".join((code.text or "").split("\n")).strip("\r\t")
            if not text.strip():
                continue
            wide = sum(_deltas(code.get("DeltaX", ""), len(text) - 1)) + size if len(text) > 1 else size
            base = top + b * x + d * y + f
            begin = left + a * x + c * y + e
            found.append(_Piece(begin, begin + abs(a) * wide, base - size * abs(d), base, text))
    return found


def _numbers(said: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(said)[:8]]


def _number(said: str | None, default: float) -> float:
    return float(said) if said is not None and NUMBER.fullmatch(said) else default


def _deltas(said: str, count: int) -> list[float]:
    """The steps between characters; `g 5 3.2` is five of 3.2 (GB/T 33190, 11.3)."""
    found: list[float] = []
    for match in GROUP.finditer(said):
        step = _number(match[2] or match[3], 0.0)
        found += [step] * min(int(match[1] or 1), MOST_GLYPHS)
        if len(found) >= count:
            break
    return found[: max(0, count)] if found else [0.0] * max(0, min(count, MOST_GLYPHS))


def lines_of(pieces: list[_Piece]) -> list[str]:
    """Pieces that stand side by side are a line, from the top down, and from the left within it."""
    lines: list[list[_Piece]] = []
    middle = 0.0
    for piece in sorted(pieces, key=lambda piece: (piece.top + piece.bottom, piece.left)):
        own = (piece.top + piece.bottom) / 2
        if lines and abs(own - middle) <= min(piece.bottom - piece.top, lines[-1][0].bottom - lines[-1][0].top) / 2:
            lines[-1].append(piece)
        else:
            lines.append([piece])
            middle = own
    return [_joined(sorted(line, key=lambda piece: piece.left)) for line in lines]


def _joined(line: list[_Piece]) -> str:
    text, end = "", None
    for piece in line:
        wide = end is not None and piece.left - end > GAP * (piece.bottom - piece.top)
        text += (" " if wide else "") + piece.text
        end = max(piece.right, end or piece.right)
    return text
