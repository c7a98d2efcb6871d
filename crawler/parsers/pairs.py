"""All pairs of a disclosure block, whether anybody knows their labels or not, in the page's order."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from crawler.parsers.labels import has_colon, head_of, label_of, spaced
from crawler.parsers.sheet import Line, Sheet
from crawler.parsers.tree import EDGES, squeeze
from crawler.record.notice import Pair

COLONS = ":：∶︰﹕"
LABELLED = re.compile(
    rf"(?:^|(?<=[\s\u3000|｜;；】\]]))[【\[]?\s*([^\W\d_](?:[^\S\n]?[\w（()）、/]){{1,14}}?)\s*[】\]]?\s*[{COLONS}]"
)
NO_LABEL = re.compile(r"https?|\d{1,2}$", re.IGNORECASE)
LONGEST_BETWEEN = 60  # characters of a line between two known pairs that may be one too
LONGEST = 16  # characters of a label


def read_pairs(sheet: Sheet, claimed: AbstractSet[int], between: AbstractSet[int]) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """(pairs, lines that are none) of a block's lines, and the pairs on lines `between` them. What is said twice, for another screen, is kept once."""
    found: dict[Pair, None] = {}
    unread: list[str] = []
    own, lines = claimed | between, sheet.lines
    taken: set[int] = set()
    for at in sorted(own):
        if at in taken:
            continue
        line = lines[at]
        if at not in claimed and (line.cells or len(line.plain) > LONGEST_BETWEEN):
            continue
        following = lines[at + 1] if at + 1 in own else None
        if line.cells:
            made = _over(line, following)
            taken |= {at + 1} if made else set()
            made = made or list(_in_row(line.cells))
        else:
            made = list(_in_line(line))
            if made and not made[-1].value and following is not None and not following.cells and not list(_in_line(following)):
                made[-1] = Pair(made[-1].label, following.text.strip(EDGES))
                taken.add(at + 1)
        if made:
            found.update(dict.fromkeys(made))
        elif at in claimed:
            unread.append(line.text)
    full = {pair.label for pair in found if pair.value}
    return tuple(pair for pair in found if pair.value or pair.label not in full), tuple(dict.fromkeys(unread))


def _over(line: Line, following: Line | None) -> list[Pair]:
    """A row of labels over a row of values."""
    if following is None or len(following.cells) != len(line.cells) or len(line.cells) < 2:
        return []
    if not all(map(label_of, line.cells)) or any(map(label_of, following.cells)):
        return []
    return [_pair(*both) for both in zip(line.cells, following.cells, strict=True)]


def _in_row(cells: Sequence[str]) -> Iterator[Pair]:
    """Label and value side by side, or both in one cell. In a row whose labels stand at every second place, all there are labels."""
    known = [_is_label(cell) for cell in cells]
    if len(cells) % 2 == 0 and not any(known[1::2]) and not any(map(_holds_both, cells)):
        known[::2] = [known[at] or _may_be_label(cells[at]) for at in range(0, len(cells), 2)]
    at = 0
    while at < len(cells):
        cell = cells[at]
        if known[at]:
            value = cells[at + 1] if at + 1 < len(cells) and not known[at + 1] and not _holds_both(cells[at + 1]) else None
            yield _pair(cell, value or "")
            at += 1 if value is None else 2
            continue
        yield from _split(cell)
        at += 1


def _in_line(line: Line) -> Iterator[Pair]:
    if label_of(line.text) is not None:
        yield _pair(line.text, "")
        return
    made = list(_split(spaced(line)))
    if not made and line.marked:
        first, rest = head_of(line)
        if rest and (label_of(first) is not None or first.endswith(tuple(COLONS))):
            made = [_pair(first, rest.lstrip(COLONS + " "))]
    yield from made


def _split(text: str) -> Iterator[Pair]:
    """`索引号：a　文号：b`; none where the text does not begin with a label."""
    if not has_colon(text):
        return
    matches = [match for match in LABELLED.finditer(text) if not NO_LABEL.fullmatch(match[1])]
    if not matches or matches[0].start() > 2:
        return
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        yield _pair(match[1], text[match.end() : end])


def _is_label(cell: str) -> bool:
    plain = cell.strip(EDGES)
    return label_of(cell) is not None or (plain.endswith(tuple(COLONS)) and len(squeeze(plain)) <= LONGEST)


def _holds_both(cell: str) -> bool:
    return next(_split(cell), None) is not None


def _may_be_label(cell: str) -> bool:
    plain = squeeze(cell)
    return 2 <= len(plain) <= LONGEST and not any(character.isdigit() for character in plain)


def _pair(label: str, value: str) -> Pair:
    plain = squeeze(label).strip(COLONS + "[]【】*﹡")
    return Pair(plain, value.strip(EDGES + "|｜[]【】；;"))
