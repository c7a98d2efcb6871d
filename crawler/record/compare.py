"""Two texts beside each other: paragraph by paragraph, and within a paragraph word by word. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from crawler.record.diff import unequal

WORD = re.compile(r"\d+(?:[.,]\d+)*%?|[A-Za-z]+|\s+|.", re.DOTALL)
LONGEST = 4_000  # tokens of a paragraph that are compared word by word: beyond, the whole of it is
ALIKE = 0.3  # below, two paragraphs have nothing to do with each other


@dataclass(frozen=True, slots=True)
class Side:
    """A row: pieces of the earlier and of the later paragraph, each with whether it is only there. `same`: how many equal paragraphs
    stand here instead."""

    before: tuple[tuple[str, bool], ...] = ()
    after: tuple[tuple[str, bool], ...] = ()
    same: int = 0


def sides(old: Sequence[str], new: Sequence[str]) -> list[Side]:
    """The rows of two bodies; equal paragraphs are counted, not shown."""
    rows: list[Side] = []
    left = right = 0
    for number, before, after in unequal(old, new):
        place = number - 1 - (left if after is None else right)
        if place > 0:
            rows.append(Side(same=place))
            left, right = left + place, right + place
        rows.append(Side(same=1) if before == after else pair(before, after))
        left, right = left + (before is not None), right + (after is not None)
    rest = len(new) - right
    return [*rows, Side(same=rest)] if rest > 0 else rows


def pair(before: str | None, after: str | None) -> Side:
    """Two paragraphs, word by word; where one is None the other stands alone."""
    if before is None or after is None:
        return Side(() if before is None else ((before, True),), () if after is None else ((after, True),))
    old, new = WORD.findall(before), WORD.findall(after)
    if max(len(old), len(new)) > LONGEST:
        return Side(((before, True),), ((after, True),))
    found = SequenceMatcher(None, old, new, autojunk=False)
    if found.ratio() < ALIKE:
        return Side(((before, True),), ((after, True),))
    steps = found.get_opcodes()
    return Side(
        tuple(_pieces((old[a:b], tag) for tag, a, b, _, _ in steps)), tuple(_pieces((new[a:b], tag) for tag, _, _, a, b in steps))
    )


def _pieces(steps: Iterator[tuple[list[str], str]]) -> Iterator[tuple[str, bool]]:
    for tokens, tag in steps:
        if tokens:
            yield "".join(tokens), tag != "equal"
