"""How text is cut for searching. The application cuts, the databases only find sets of tokens; both give the same answers.

Search text: folded; runs of Han characters touch, words and numbers stand between spaces, a bar where a sentence mark or line end
was.
Its units are Han characters, words and numbers. Tokens: every pair of neighbouring units between two bars, every word and number,
and the Han character before a bar or word, which begins no pair of such: a lone one is asked for as what a token begins with. A
query goes through the same functions.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from crawler.text.fold import HAN, annotations, fold, fold_map
from crawler.text.late import late

MARKS = "。；！？，：、;!?,:\n\r\t|"
SENTENCE = re.compile(f"[{MARKS}]")  # no phrase reaches across these; across brackets and spaces it does
RUN = re.compile(rf"(?P<han>[{HAN}]+)|\d+(?:\.\d+)*|(?:(?![{HAN}])[^\W\d_])+")
PIECE = re.compile(rf"{RUN.pattern.replace('?P<han>', '?:')}|{SENTENCE.pattern}")
LETTER = re.compile(f"[{HAN}]")
WORD = late(rf" [^{HAN} |]+ ")
WORDS = late(rf"(?: [^{HAN} |]+ )+")  # neighbours
AFTER_BAR = re.compile(r"\|[^|]")
BLANK = " ".encode("utf-32-le")
JOINT = "·"  # between two words that are neighbours: in no word, and a letter to both databases
IN_WORD = late(rf"[^{HAN} |]{{2}}")
LONGEST_WORD = 1_000
LONGEST = 64  # characters of a token: a pasted base64 line must not break an index (a lexeme may have 2,046 bytes)
SEARCHED = 120_000  # characters of search text in one row: its words must stay under 1 MiB (tsvector)
OVERLAP = 64


@dataclass(frozen=True, slots=True)
class Phrase:
    """One thing that must be found.

    `text` must stand in the search text; `exact` are tokens the index must have, `prefixes` what one of its tokens must start with,
    each; `sure`: the tokens say it all, no substring test is needed.
    """

    text: str
    exact: tuple[str, ...]
    prefixes: tuple[str, ...]
    sure: bool


def _laid_out(folded: str) -> tuple[str, list[int]]:
    """(search text, where): search_text[i] came from folded[where[i]]."""
    out: list[str] = []
    where: list[int] = []
    end = 0
    for match in RUN.finditer(folded):
        piece, first = match.group(), match.start()
        places = list(range(first, match.end()))
        if not match["han"]:
            piece, places = f" {piece} ", [first, *places, match.end() - 1]
        if end and SENTENCE.search(folded, end, first):
            piece, places = f"|{piece}", [first, *places]
        out.append(piece)
        where += places
        end = match.end()
    return "".join(out), where


def search_text(text: str) -> str:
    """The search text of a page's own text."""
    return search_text_of(fold(text))


def search_text_of(folded: str) -> str:
    """The search text of text that is folded already."""
    out: list[str] = []
    bar = False
    for piece in PIECE.findall(folded):  # what lies between the pieces says nothing
        first = piece[0]
        if first in MARKS:
            bar = bool(out)
            continue
        if bar:
            out.append("|")
            bar = False
        out.append(piece if "\u4e00" <= first <= "\u9fff" or LETTER.match(first) else f" {piece} ")
    return "".join(out)


def parts(searched: str) -> tuple[str, ...]:
    """A search text in rows of at most 120,000 characters that overlap by 64 or a little more: a phrase on a border is found.

    No row begins or ends inside a word or number (of less than 1,000 characters), else 112 would be found as 12.
    """
    found: list[str] = []
    start = 0
    while len(searched) - start > SEARCHED:
        end = _border(searched, start + SEARCHED)
        found.append(searched[start:end])
        start = _border(searched, end - OVERLAP)
    return (*found, searched[start:])


def _border(searched: str, at: int) -> int:
    """The last place at or before `at` where no word is cut."""
    for place in range(at, at - LONGEST_WORD, -1):
        if not IN_WORD().fullmatch(searched, place - 1, place + 1):
            return place
    return at


def tokens(searched: str) -> set[str]:
    """The token set of a search text."""
    return set(token_text(searched).split())


def token_text(searched: str) -> str:
    """The tokens of a search text between blanks, each as often as it comes: a set costs as much as the index that makes one anyway."""
    edged = f" {searched} "
    found = [_han_pairs(WORD().sub("|", edged).strip())]
    for match in WORDS().finditer(edged):
        first, end = match.span()
        last, joint = edged[first - 1 : first].strip("|"), ""
        for word in match.group().split():
            cut = word[:LONGEST]
            found += (cut, f"{last}{joint}{cut}")
            last, joint = cut, JOINT
        found.append(last + edged[end : end + 1].strip("|"))
    return " ".join(found)


def _han_pairs(text: str) -> str:
    """The pairs of neighbours in text of Han characters and bars, and what stands alone before a bar.

    A string of one pair after another is laid out as characters of four bytes: a third of the time that strings of two take.
    """
    first = f"|{text}".replace("|", " ")
    second = AFTER_BAR.sub("  ", f"|{text}|")[1:].replace("|", " ")
    pairs = array("I", BLANK) * (3 * len(first))
    pairs[0::3] = array("I", first.encode("utf-32-le"))
    pairs[1::3] = array("I", second.encode("utf-32-le"))
    return pairs.tobytes().decode("utf-32-le")


def phrase_of(text: str, *, open_ended: bool = False) -> Phrase | None:
    """What must be found for some text; `open_ended`: it ends with the beginning of a word. None: it has neither letter nor digit."""
    searched = search_text(text).strip("|")
    return _phrase(searched, open_ended=open_ended and searched.endswith(" ")) if searched else None


def _phrase(searched: str, *, open_ended: bool) -> Phrase:
    """`open_ended`: its last word is the beginning of one."""
    exact: set[str] = set()
    prefixes: set[str] = set()
    sentences = [_units(sentence) for sentence in searched.split("|")]
    for units in sentences:
        if len(units) > 1:
            exact.update(_pair(*pair) for pair in pairwise(units))
        else:
            (prefixes if LETTER.match(units[0]) else exact).update(units)
    if open_ended:
        last = sentences[-1][-2:]
        begun = _pair(*last) if len(last) > 1 else last[0]
        exact.discard(begun)
        prefixes.add(begun)
    sure = len(sentences) == 1 and len(sentences[0]) <= 2 and len(searched) < LONGEST
    return Phrase(searched.removesuffix(" ") if open_ended else searched, tuple(sorted(exact)), tuple(sorted(prefixes)), sure)


def _units(sentence: str) -> list[str]:
    return [unit for run in sentence.split() for unit in (run if LETTER.match(run) else [run[:LONGEST]])]


def _pair(one: str, other: str) -> str:
    return f"{one}{other}" if LETTER.match(one) or LETTER.match(other) else f"{one}{JOINT}{other}"


def snippet(text: str, phrases: Sequence[Phrase], width: int = 40, marks: tuple[str, str] = ("[", "]")) -> str:
    """A window of the page's own text with the hits marked, traditional characters and annotations included."""
    spans = marked(text, phrases)
    if not spans:
        return text[: 2 * width]
    low, high = max(0, spans[0][0] - width), min(len(text), spans[0][1] + width)
    out, done = [], low
    for first, last in spans:
        if first >= done and last <= high:
            out += [text[done:first], marks[0], text[first:last], marks[1]]
            done = last
    return "".join(out) + text[done:high]


def marked(text: str, phrases: Sequence[Phrase]) -> list[tuple[int, int]]:
    """Where phrases stand in a page's own text: (first character, the one behind the last), in order; they may overlap."""
    folded, at = fold_map(text)
    searched, where = _laid_out(folded)
    notes = dict(annotations(text))
    spans = []
    for phrase in phrases:
        place = searched.find(phrase.text)
        while place >= 0:
            inner = [i for i in range(place, place + len(phrase.text)) if searched[i] not in " |"]
            end = at[where[inner[-1]]] + 1
            spans.append((at[where[inner[0]]], notes.get(end, end)))
            place = searched.find(phrase.text, place + 1)
    return sorted(spans)
