"""What is asked → what the index is asked for; a record → the tokens that stand in the index beside those of its text. Pure.

A token of a field is the field's letter, a mark that no word has, and the token. What the index finds is never too little; where it
may be too much, what is asked is tested on the notice itself (`matching.holds`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any as Value

from crawler.repository.search.facts import Origin, has, named, placed, said
from crawler.text.asked import All, Any, Is, Node, Not, Number, Words, number
from crawler.text.words import Phrase, search_text, tokens

MARK = "‹"
LETTERS = {"title": "t", "issuer": "i", "channel": "c", "source": "o", "category": "k", "genre": "g", "validity": "v", "no": "n"}
REPEATED = (
    "issuer",
    "channel",
    "source",
    "category",
    "genre",
    "validity",
)  # fields of which a site says the same again and again
SOURCE, HAS = f"s{MARK}", f"h{MARK}"
HYPHEN = "‐"  # in the token of a source's id: the databases would cut it at a plain one
SOURCE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
MOST = 64  # tokens asked of the index: both databases limit how deep an expression may be


@dataclass(frozen=True, slots=True)
class Term:
    """A token, or with `open_ended` what one begins with."""

    token: str
    open_ended: bool = False


@dataclass(frozen=True, slots=True)
class Both:
    """What must be there, all of it, without any of `but`."""

    of: "tuple[Expression, ...]"
    but: "tuple[Expression, ...]" = ()


@dataclass(frozen=True, slots=True)
class Either:
    """What must be there, one of it."""

    of: "tuple[Expression, ...]"


Expression = Term | Both | Either


# ------------------------------------------------------------------ the record's side
def field_tokens(values: Mapping[str, Value], source: str, title: str) -> str:
    """The tokens of a record's fields and of its source's id, between blanks; `title` as it is searched."""
    found = [source_token(source), *(HAS + name for name in has(values))]
    if title:
        found.append(_field_tokens("title", title))
    found += [_said_tokens(field, text) for field in REPEATED if (text := said(values, field))]
    doc_no = said(values, "no")
    if doc_no:
        found.append(_field_tokens("no", search_text(doc_no)))
    known = number(doc_no)
    if known is not None:
        found += _number_tokens(known.year, known.n)
    return " ".join(found)


@lru_cache(1024)
def _said_tokens(field: str, text: str) -> str:
    return _field_tokens(field, search_text(text))


def _field_tokens(field: str, searched: str) -> str:
    letter = LETTERS[field] + MARK
    return " ".join([f"{letter}{token}" for token in tokens(searched)])


def source_token(source: str) -> str:
    """The token of a source's id."""
    return SOURCE + source.replace("-", HYPHEN)


def _number_tokens(year: int | None, n: int | None) -> list[str]:
    letter = f"n{MARK}{MARK}"
    both = [f"{letter}{year}{MARK}{n}"] if year is not None and n is not None else []
    return both + [f"{letter}{MARK}{n}"] * (n is not None) + [f"{letter}{year}"] * (year is not None)


# ------------------------------------------------------------------ the question's side
class Asking:
    """Makes the expression of a question, of at most 64 tokens."""

    def __init__(self, origins: Collection[Origin]) -> None:
        self._origins = origins
        self._left = MOST

    def of(self, node: Node) -> tuple[Expression | None, bool]:
        """(expression, does it say it all). None: the index cannot narrow this down."""
        if isinstance(node, All):
            expression, undecided = self.together(node.of)
            return expression, not undecided
        if isinstance(node, Any):
            found = [self.of(inner) for inner in node.of]
            wanted = [expression for expression, _ in found if expression is not None]
            return (Either(tuple(wanted)), all(exact for _, exact in found)) if len(wanted) == len(found) else (None, False)
        if isinstance(node, Not):
            return None, False  # alone it narrows nothing down
        if isinstance(node, Words):
            return self._words(node)
        if isinstance(node, Number):
            return self._number(node)
        if isinstance(node, Is) and node.field == "has":
            return self._terms([Term(HAS + node.value)]), True
        if isinstance(node, Is) and node.field != "is":
            return self._sources([origin.id for origin in self._origins if placed(node, origin)])
        return None, False

    def together(self, nodes: Sequence[Node]) -> tuple[Expression | None, tuple[Node, ...]]:
        """(expression of what must all hold, which of it the index does not decide)."""
        wanted: list[Expression] = []
        but: list[Expression] = []
        undecided: list[Node] = []
        for node in sorted(nodes, key=lambda node: isinstance(node, Not)):  # what is not wanted has the tokens that are left
            refused = isinstance(node, Not)
            expression, decides = self.of(node.of if isinstance(node, Not) else node)
            if not decides or expression is None or (refused and not wanted):
                undecided.append(node)
            if refused and expression is not None and decides and wanted:
                but.append(expression)
            elif not refused and expression is not None:
                wanted.append(expression)
        return (Both(tuple(wanted), tuple(but)) if wanted else None), tuple(undecided)

    def _words(self, leaf: Words) -> tuple[Expression | None, bool]:
        letter = "" if leaf.field == "text" else LETTERS[leaf.field] + MARK
        found, exact = self._phrase(leaf.phrase, letter)
        if leaf.field != "source":
            return found, exact
        ids = {origin.id for origin in self._origins if named(leaf, origin)}
        if SOURCE_ID.fullmatch(leaf.raw.lower()):
            ids.add(leaf.raw.lower())  # also of a source that is configured no more
        sources, _ = self._sources(sorted(ids))
        if sources is None or found is None:
            return None, False
        return Either((found, sources)), exact

    def _phrase(self, phrase: Phrase, letter: str) -> tuple[Expression | None, bool]:
        wanted = [Term(letter + token) for token in phrase.exact] + [
            Term(letter + token, open_ended=True) for token in phrase.prefixes
        ]
        kept = wanted[: self._left]
        return self._terms(kept), phrase.sure and len(kept) == len(wanted)

    def _number(self, leaf: Number) -> tuple[Expression | None, bool]:
        return self._terms([Term(token) for token in _number_tokens(leaf.year, leaf.n)[:1]]), not leaf.by

    def _sources(self, ids: Sequence[str]) -> tuple[Expression | None, bool]:
        if not ids:
            return Either(()), True
        if len(ids) > self._left:
            return None, False
        self._left -= len(ids)
        return Either(tuple(Term(source_token(name)) for name in ids)), True

    def _terms(self, wanted: Sequence[Term]) -> Expression | None:
        if not wanted or len(wanted) > self._left:
            return None
        self._left -= len(wanted)
        return wanted[0] if len(wanted) == 1 else Both(tuple(wanted))


def simplified(found: Expression | None) -> Expression | None:
    """Without what can never be there: an Either of nothing is nothing, and so is what asks for it."""
    if isinstance(found, Either):
        sides = [side for side in map(simplified, found.of) if side != Either(())]
        return sides[0] if len(sides) == 1 else Either(tuple(side for side in sides if side is not None))
    if isinstance(found, Both):
        wanted = [simplified(side) for side in found.of]
        if Either(()) in wanted:
            return Either(())
        but = [side for side in map(simplified, found.but) if side is not None and side != Either(())]
        kept = tuple(side for side in wanted if side is not None)
        return kept[0] if len(kept) == 1 and not but else Both(kept, tuple(but))
    return found


def rendered(found: Expression, dialect: str) -> str:
    """An expression of FTS5, or a tsquery; no token holds a quote or a blank."""
    sqlite = dialect == "sqlite"
    if isinstance(found, Term):
        return f'"{found.token}"{"*" * found.open_ended}' if sqlite else f"'{found.token}'{':*' * found.open_ended}"
    if isinstance(found, Either):
        return f"({(' OR ' if sqlite else ' | ').join(rendered(side, dialect) for side in found.of)})"
    wanted = (" AND " if sqlite else " & ").join(rendered(side, dialect) for side in found.of)
    for side in found.but:
        wanted = f"({wanted}) {'NOT' if sqlite else '& !'} {rendered(side, dialect)}"
    return f"({wanted})"


def lone(found: Expression | None) -> bool:
    """Does it ask for nothing but single characters, as what tokens begin with? Such are everywhere."""
    if isinstance(found, Term):
        return found.open_ended and len(found.token) == 1
    return isinstance(found, Both) and not found.but and all(map(lone, found.of))
