"""Matching keys for Chinese text. Folded text is compared, hashed and indexed; it is never stored as the page's text.

One form for simplified, traditional, Hong Kong, Taiwan, full-width and pinyin-annotated copies. A key does not guess a spelling,
as a converter must: characters that are forms of one another share the key of their class. Standard library only; the facts are
`zh_tables.json` (tests/tools/build_zh_tables.py makes it), loaded on first use.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from crawler.text.late import late

FOLD_VERSION = 1  # stored with every fingerprint and search row: a new table means a new version, and a re-index

HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LATIN = r"A-Za-zɑɡÀ-ÖØ-öø-ɏ\u0300-\u030c"  # letters and tone marks a syllable may be written with
MAX_SYLLABLE = 10  # zhuāng is 6 letters, 7 code points when its mark stands alone
# It begins with its bracket, which is rare: a character class of all of Han is slow to look for.
_NOTE = re.compile(rf"[(（](?<=[{HAN}].)(?:([{LATIN}]{{2,{MAX_SYLLABLE}}})|([àáèéēěòóāǎōǒ]))[)）]")


class Changes:
    """Some characters for others, in texts that have few of them: `str.translate` asks its table for every character."""

    def __init__(self, changes: Mapping[str, str]) -> None:
        self._changes = dict(changes)
        self._any = re.compile(f"[{re.escape(''.join(changes))}]")

    def __call__(self, text: str) -> str:
        """The text, changed."""
        return self._any.sub(self._changed, text)

    def _changed(self, m: re.Match[str]) -> str:
        return self._changes[m[0]]


class Keys(dict[int, str]):
    """Code point → folded string, filled as characters are met; with a plain dict `str.translate` raises for each unknown one."""

    def __init__(self, classes: dict[str, str]) -> None:
        super().__init__()
        self.classes = classes

    def __missing__(self, point: int) -> str:
        wide = unicodedata.normalize("NFKC", chr(point))
        key = "".join(self.classes.get(c, c) for c in wide).lower()
        self[point] = key
        return key


@cache
def _tables() -> tuple[Keys, dict[str, str]]:
    """The keys, and readings: syllable → the characters that may be read so."""
    facts = json.loads(Path(__file__).with_name("zh_tables.json").read_text("utf-8"))
    classes = {c: group[0] for group in facts["classes"] for c in group[1:]}
    classes.update(dict(zip("○◯−‐‑‒–「」『』", "〇〇-----“”‘’", strict=True)))
    return Keys(classes), facts["readings"]


def _syllable(written: str) -> str:
    """The spelling the table uses: lower case, composed, phonetic ɑ and ɡ as letters."""
    return unicodedata.normalize("NFC", written.lower().replace("ɑ", "a").replace("ɡ", "g"))


def annotations(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each bracketed syllable that is a reading of the character before it.

    Tone-marked syllables, and unmarked ones of two letters or more where the dictionary has a neutral tone:
    們(men) is an annotation; 款(a), 钠(Na), 克(kg), 点(PM) are text.
    """
    readings = _tables()[1]
    for m in _NOTE.finditer(text):
        if text[m.start() - 1] in readings.get(_syllable(m[1] or m[2]), ""):
            yield m.span()


# ------------------------------------------------------------------ copies made by replacing GBK bytes
# Some mirrors insert the syllable with a byte-wise replace on GBK text. Where the trail byte of one character and the lead
# byte of the next look like an annotated character, the insertion falls inside a character: 当的干部队 comes out as
# 當(dāng)?shù)母刹筷?duì). Between `?shù)` and `?duì)` every character is one byte out of step; both lost bytes
# follow from the readings.
_SYLLABLE = rf"[{LATIN}]{{1,{MAX_SYLLABLE}}}"
_SHIFTED = late(rf"([{HAN}])((?:\({_SYLLABLE}\))?)\?({_SYLLABLE})\)([^?\n]{{0,80}}?[{HAN}])\?({_SYLLABLE})\)")


def repair_shifted(text: str) -> str:
    """Undo that damage where exactly one plausible reading of the bytes exists; leave everything else alone."""
    if "?" not in text:
        return text
    return _SHIFTED().sub(lambda m: _realigned(m) or str(m.group()), text)


def _realigned(m: re.Match[str]) -> str | None:
    before, note, first, run, last = m.groups()
    try:
        trail, middle = before.encode("gbk")[-1], run.encode("gbk")
    except UnicodeEncodeError:
        return None
    keys, readings = _tables()
    found = set()
    for lead in range(0x81, 0xFF):
        if _pair(trail, lead) not in (readings.get(_syllable(first)) or ""):
            continue
        for end in range(0x40, 0xFF):
            if _pair(middle[-1], end) in (readings.get(_syllable(last)) or ""):
                try:
                    found.add((bytes([lead]) + middle + bytes([end])).decode("gbk"))
                except UnicodeDecodeError:
                    continue
    found = {s for s in found if all(_common(keys[ord(c)]) for c in s)}
    return before + note + found.pop() if len(found) == 1 else None


def _pair(lead: int, trail: int) -> str:
    try:
        return bytes([lead, trail]).decode("gbk")
    except UnicodeDecodeError:
        return "\0"


def _common(c: str) -> bool:
    try:
        return c.encode("gb2312")[0] <= 0xD7  # punctuation and the 3,755 characters of GB2312 level 1
    except UnicodeEncodeError:
        return False


# ------------------------------------------------------------------ the keys
def plain(text: str) -> str:
    """`text` in its own script, without annotations: what `fold` sees."""
    text = repair_shifted(text)
    if "(" not in text and "（" not in text:
        return text
    out: list[str] = []
    at = 0
    for start, end in annotations(text):
        out.append(text[at:start])
        at = end
    return "".join(out) + text[at:]


def fold(text: str) -> str:
    """The folded text: annotations gone, each character replaced by the key of its class, else NFKC in lower case."""
    text, (often, others, keys) = plain(text), _changed()
    for mark, key in often:
        text = text.replace(mark, key)
    return others.sub(lambda m: keys[ord(m[0])], text)


# All code points: those of which it is found out whether they are their own key, and those whose key is asked for whenever they come.
_LOOKED_AT = (range(0x300), range(0x2000, 0x2100), range(0x3000, 0x3040))
_HAN_BLOCK = range(0x4E00, 0xA000)
_ELSEWHERE = "\u0300-\u1fff\u2100-\u2fff\u3040-\u4dff\ua000-\U0010ffff"


@cache
def _changed() -> tuple[tuple[tuple[str, str], ...], re.Pattern[str], Keys]:
    """(marks that nearly every text has, with their keys; any other character that may be none of its own class's key; the keys).

    `str.translate` asks a table for each character: five times the time on a page's text, whose characters are mostly their own keys.
    """
    keys = _tables()[0]
    others = [point for some in _LOOKED_AT for point in some if keys[point] != chr(point)]
    others += [point for point in map(ord, keys.classes) if point in _HAN_BLOCK]  # NFKC and lower case change none of the rest
    pattern = re.compile(f"[{re.escape(''.join(map(chr, sorted(others))))}{_ELSEWHERE}]")
    return tuple((mark, keys[ord(mark)]) for mark in "，：；（）\u3000"), pattern, keys


def key_of(character: str) -> str:
    """The key of one character."""
    return _tables()[0][ord(character)]


def fold_map(text: str) -> tuple[str, list[int]]:
    """(folded, where): folded[i] came from text[where[i]]. Equal to fold(text) unless bytes had to be repaired."""
    (_, others, keys), at = _changed(), 0
    folded: list[str] = []
    where: list[int] = []
    for start, end in [*annotations(text), (len(text), len(text))]:
        for m in others.finditer(text, at, start):
            place = m.start()
            folded += (text[at:place], key := keys[ord(m[0])])
            where += range(at, place)
            where += [place] * len(key)
            at = place + 1
        folded.append(text[at:start])
        where += range(at, start)
        at = end
    return "".join(folded), where


_GAP = re.compile(r"[^\w%‰]+|_+")
# Before no number a gap leaves nothing behind. It is looked at from its first character only: from each of them, many of one kind (the
# tabs of empty cells) would cost their square.
_PLAIN_GAP = re.compile(r"[^\w%‰](?<![^\w%‰]{2})[^\w%‰]*+(?!\d)")


def _gap(m: re.Match[str]) -> str:
    """What a dropped gap leaves behind: a decimal point, a minus sign, the border of two numbers, or nothing."""
    gap, text = m.group(), m.string
    before, after = text[m.start() - 1 : m.start()], text[m.end() : m.end() + 1]
    if not after.isdigit():
        return ""
    sign = "-" if gap[-1] == "-" and (len(gap) > 1 or not (before.isdigit() or before.isascii())) else ""
    if before.isdigit():
        return "." if gap == "." else " " + sign
    return sign


def content(text: str) -> str:
    """Letters, digits, % and ‰ of the folded text; 12|3 stays apart from 1|23, 2.5 from 25, -5 from 5."""
    return content_of(fold(text))


def content_of(folded: str) -> str:
    """`content` of text that is folded already."""
    if "_" not in folded:
        folded = _PLAIN_GAP.sub("", folded)
    return _GAP.sub(_gap, folded)


def fingerprint(*texts: str) -> str:
    """32 hex digits, equal for copies that differ in script, width, annotations, spacing or punctuation; two are the version."""
    return fingerprint_of(*map(content, texts))


def fingerprint_of(*contents: str) -> str:
    """`fingerprint` of contents that are cut already."""
    joined = "\x1f".join(contents).encode("utf-8", "surrogatepass")
    return f"{FOLD_VERSION:02x}{hashlib.blake2b(joined, digest_size=15, person=b'fold').hexdigest()}"
