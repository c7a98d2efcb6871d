"""What somebody asks of the archive → a tree that says which notices are meant. One language on every surface; pure.

    query  := either ("OR" either)*          `|` says OR too
    either := each+                          what stands side by side must all hold; an "AND" between changes nothing
    each   := ("-" | "NOT") each | "(" query ")" | field ":" value | "phrase" | word | word*

A word is what stands between blanks: its characters must stand side by side in a notice, brackets and spaces left out, traditional
and simplified spellings alike. OR, AND and NOT count in capitals only. Fields have their Chinese names too (`标题:`).
What cannot be understood is a QueryError that names the place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from crawler.errors import UsageError
from crawler.text.beijing import day_bound
from crawler.text.words import Phrase, phrase_of

LONGEST = 500  # characters
DEEPEST = 16  # brackets within brackets, and signs of negation in a row
WORDS = ("title", "issuer", "channel", "source", "category", "genre", "validity")  # fields whose value is words
NAMES = {  # how a field may be called
    "title": ("标题",), "issuer": ("发文机关",), "channel": ("栏目",), "source": ("来源",), "category": ("主题分类", "分类"), "genre": ("体裁",),
    "validity": ("有效性",), "no": ("文号", "发文字号"), "region": ("地区",), "level": ("层级",), "is": ("状态",), "has": ("含",),
    "published": ("发布", "时间"), "written": ("成文",), "seen": ("收录",),
}  # fmt: skip
FIELDS = {name: field for field, names in NAMES.items() for name in (field, *names)}
CHOICES = {
    "is": ("here", "missing", "gone"),
    "has": ("attachment", "table", "image"),
    "level": ("central", "province", "city", "county", "town"),
}
DAYS = ("published", "written", "seen")
OPENS, CLOSES = '"“「', {'"': '"', "“": "”", "「": "」"}
FIELD = re.compile(rf"({'|'.join(sorted(FIELDS, key=len, reverse=True))})[:：]", re.IGNORECASE)
FIELD_LIKE = re.compile(r"([A-Za-z_]{2,20}):(?!//)\S")
NUMBER = re.compile(r"(?P<by>[^\d〔\[（(【［]*)[〔\[（(【［]?(?:(?P<year>(?:19|20)\d\d)[〕\])）】］年])?第?0*(?P<n>\d{1,9})?号?")


class QueryError(UsageError):
    """A query that cannot be understood. `at`: the place of the fault, in characters from 0."""

    def __init__(self, query: str, at: int, what: str, *, remedy: str = "") -> None:
        near = query[at : at + 20]
        where = f"at its character {at + 1}, {near!r}" if near else "at its end"
        super().__init__(f"the query is not understood {where}: {what}", remedy=remedy)
        self.at = at


@dataclass(frozen=True, slots=True)
class Words:
    """A phrase that must stand in the text, or in a field. `raw`: as it was typed."""

    phrase: Phrase
    field: str = "text"
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A document number (发文字号), as far as it was given: what stands before the year, folded; year; number."""

    by: str
    year: int | None
    n: int | None


@dataclass(frozen=True, slots=True)
class Is:
    """A field that has one of a few values: is, has, level, region (the digits that a region's code begins with)."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a field, both included; ISO, None where the span is open."""

    field: str
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    of: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """What must hold together; nothing: whatever there is."""

    of: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """Of which one must hold."""

    of: "tuple[Node, ...]"


Leaf = Words | Number | Is | Span
Node = Leaf | Not | All | Any
NOTHING = Any(())


def parse(query: str) -> Node:
    """What a query means. A query without letter or digit means nothing. Raises QueryError."""
    if len(query) > LONGEST:
        raise QueryError(query, LONGEST, f"it has {len(query)} characters", remedy=f"search for {LONGEST} characters at most")
    read = _Reader(query)
    found = read.either_or(0)
    if read.at < len(query):
        raise QueryError(query, read.at, "no bracket is open here")
    return found if found is not None else NOTHING


def leaves(node: Node, *, wanted: bool = True) -> Iterator[Leaf]:
    """What is asked for, not what must not be; with `wanted` False only the latter."""
    if isinstance(node, Not):
        yield from leaves(node.of, wanted=not wanted)
    elif isinstance(node, All | Any):
        for inner in node.of:
            yield from leaves(inner, wanted=wanted)
    elif wanted:
        yield node


def phrases(query: str) -> tuple[Phrase, ...]:
    """The phrases that a query asks for in the text, to be marked there. Raises QueryError."""
    found = (leaf.phrase for leaf in leaves(parse(query)) if isinstance(leaf, Words) and leaf.field in ("text", "title"))
    return tuple(dict.fromkeys(found))


def each(nodes: Iterator[Node] | tuple[Node, ...] | list[Node]) -> Node:
    """All of these, flattened, none twice."""
    flat = dict.fromkeys(inner for node in nodes for inner in (node.of if isinstance(node, All) else (node,)))
    return next(iter(flat)) if len(flat) == 1 else All(tuple(flat))


# ------------------------------------------------------------------ values
def day_span(field: str, value: str) -> Span:
    """2024, 2024-05, 2024-05-01, A..B, ..B or A..; days of the Gregorian calendar. Raises ValueError with what is wrong."""
    first, dots, last = value.partition("..")
    if not dots:
        last = first
    if not first and not last:
        raise ValueError("a span of days needs one of its ends")
    low = day_bound(first, end=False).isoformat() if first else None
    high = day_bound(last, end=True).isoformat() if last else None
    if low and high and low > high:
        raise ValueError(f"{first} comes after {last}")
    return Span(field, low, high)


def number(value: str) -> Number | None:
    """A document number: 〔2024〕5号 in brackets of any kind, with what stands before it or without, or 5号 alone. None: it is none."""
    known = NUMBER.fullmatch("".join(value.split()))
    if known is None or known["n"] is None:
        return None
    year, n = known["year"], known["n"]
    if year is None and not value.endswith("号") and not known["by"]:
        return Number("", int(n), None) if len(n) == 4 and n[:2] in ("19", "20") else Number("", None, int(n))
    return Number(_folded(known["by"]), int(year) if year else None, int(n))


def _folded(text: str) -> str:
    made = phrase_of(text)
    return made.text.strip() if made else ""


def field_value(field: str, value: str) -> Node:
    """What `field:value` means. Raises ValueError with what is wrong."""
    if field in DAYS:
        return day_span(field, value)
    if field in CHOICES:
        word = value.lower()
        if word not in CHOICES[field]:
            raise ValueError(f"{field}: is {', '.join(CHOICES[field][:-1])} or {CHOICES[field][-1]}, not {value!r}")
        return Is(field, word)
    if field == "region":
        if not re.fullmatch(r"\d{2,6}", value):
            raise ValueError(f"region: is the beginning of a GB/T 2260 code of six digits, not {value!r}")
        return Is(field, re.sub(r"(?:00){1,2}$", "", value) if len(value) == 6 else value)
    if field == "no" and (known := number(value)) is not None:
        return known
    found = phrase_of(value, open_ended=value.endswith("*"))
    if found is None:
        raise ValueError(f"{field}: needs a word, not {value!r}")
    return Words(found, field, value)


# ------------------------------------------------------------------ reading
class _Reader:
    """Reads a query from left to right."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.at = 0

    def fault(self, what: str, at: int | None = None, *, remedy: str = "") -> QueryError:
        return QueryError(self.query, self.at if at is None else at, what, remedy=remedy)

    def blank(self) -> None:
        while self.at < len(self.query) and self.query[self.at].isspace():
            self.at += 1

    def sign(self, *signs: str) -> str | None:
        """One of these words, or None; it is passed."""
        for sign in signs:
            end = self.at + len(sign)
            if self.query.startswith(sign, self.at) and (
                not sign.isalpha() or end == len(self.query) or self.query[end] in " \t("
            ):
                self.at = end
                return sign
        return None

    def either_or(self, depth: int) -> Node | None:
        """None: nothing that has a letter or digit stands here."""
        found = [self.side(depth)]
        bars: list[int] = []
        while True:
            self.blank()
            place = self.at
            if self.sign("OR", "|") is None:
                break
            bars.append(place)
            found.append(self.side(depth))
        if not bars:
            return found[0]
        for place, (left, right) in zip(bars, pairwise(found), strict=True):
            if left is None or right is None:
                raise self.fault(
                    "OR needs something on both sides", place, remedy='put it in quotes to search for the word: "OR"'
                )
        sides = [side for side in found if side is not None]
        return Any(tuple(dict.fromkeys(sides)))

    def side(self, depth: int) -> Node | None:
        found: list[Node] = []
        while True:
            self.blank()
            if self.at >= len(self.query) or self.query[self.at] == ")" or self.ahead("OR") or self.query[self.at] == "|":
                return each(found) if found else None
            place = self.at
            if self.sign("AND"):
                self.blank()
                if not found or self.at >= len(self.query) or self.query[self.at] in ")|":
                    raise self.fault(
                        "AND needs something on both sides", place, remedy='put it in quotes to search for the word: "AND"'
                    )
                continue
            one = self.one(depth)
            if one is not None:
                found.append(one)

    def ahead(self, sign: str) -> bool:
        place = self.at
        met = self.sign(sign) is not None
        self.at = place
        return met

    def one(self, depth: int) -> Node | None:
        if depth > DEEPEST:
            raise self.fault(f"brackets within brackets, deeper than {DEEPEST}")
        query, place = self.query, self.at
        if query[place] in "-－" or self.ahead("NOT"):
            self.at += 3 if query[place] == "N" else 1
            if query[place] == "N":
                self.blank()
            if self.at >= len(query) or query[self.at].isspace() or query[self.at] in ")|":
                if query[place] == "N":
                    raise self.fault(
                        "NOT needs something behind it", place, remedy='put it in quotes to search for the word: "NOT"'
                    )
                return None  # a dash between blanks
            inner = self.one(depth + 1)
            return Not(inner) if inner is not None else None
        if query[place] == "(":
            self.at += 1
            found = self.either_or(depth + 1)
            if self.at >= len(query):
                raise self.fault("this bracket is never closed", place, remedy="put it in quotes to search for it")
            self.at += 1
            return found
        known = FIELD.match(query, place)
        if known:
            return self.field(FIELDS[known[1].lower()], place, known.end())
        like = FIELD_LIKE.match(query, place)
        if like:
            near = get_close_matches(like[1].lower(), [name for name in FIELDS if name.isascii()], 1)
            hint = f'did you mean "{near[0]}:"?' if near else f"the fields are {', '.join(NAMES)}."
            raise self.fault(
                f"there is no field {like[1]!r}", place, remedy=f"{hint} Put it in quotes to search for it as it stands"
            )
        quoted, value = self.value(place)
        found_words = phrase_of(value, open_ended=not quoted and value.endswith("*"))
        return Words(found_words, raw=value) if found_words is not None else None

    def field(self, field: str, place: int, behind: int) -> Node:
        self.at = behind
        if behind >= len(self.query) or self.query[behind].isspace():
            raise self.fault(f"{field}: needs a value right behind it", place)
        _, value = self.value(behind)
        try:
            return field_value(field, value)
        except ValueError as error:
            raise self.fault(str(error), place) from error

    def value(self, place: int) -> tuple[bool, str]:
        """(is it quoted, what is between the quotes, or up to the next blank or the bracket that closes)."""
        query = self.query
        first = query[place]
        if first in OPENS:
            end = query.find(CLOSES[first], place + 1)
            if end < 0:
                raise self.fault("this quotation mark is never closed", place, remedy="close it, or leave it out")
            self.at = end + 1
            return True, query[place + 1 : end]
        open_brackets, end = 0, place
        while end < len(query) and not query[end].isspace() and query[end] != "|":
            if query[end] == "(":
                open_brackets += 1
            elif query[end] == ")":
                if open_brackets == 0:
                    break
                open_brackets -= 1
            end += 1
        self.at = end
        return False, query[place:end]
