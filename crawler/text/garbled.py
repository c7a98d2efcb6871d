"""Text that was decoded wrongly before it was saved: told by its marks, never repaired here. Pure.

A page can be read without a fault and still hold nonsense, because somebody before us took one encoding for another. Each mark is
proved on a run of the text: taken back to bytes and read as what it was, it is Chinese.
"""

import re
from functools import cache

from crawler.text.late import late

DOUBLE, GBK_AS_LATIN, UTF8_AS_GBK, SHIFTED, LOST = (
    "double-encoded",
    "gbk-as-latin-1",
    "utf-8-as-gbk",
    "gbk-shifted",
    "lost-before",
)
LATIN = late(
    "[\x80-\xff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{6}[^\x00-\x7f]{0,60}"
)
HAN_SIGN = "[\u3007\u3400-\u9fff\ue000-\uf8ff€]"
HAN_RUN = re.compile(f"[^\x00-\u20ab](?<={HAN_SIGN}){HAN_SIGN}{{5,79}}")  # begins with what is looked for fastest
UTF8_IN_GBK = ("銆", "锛", "鐨")  # 。、 and ， and 的, the commonest of all, begin so
ANNOTATED = re.compile("\\?[a-z\u00e0-\u01dc]{1,6}\\)")  # `?shù)`: a byte was replaced before a bracket
LATIN_MARKS = ("ä", "å", "æ", "ç", "è", "é", "µÄ", "£¬", "¡£")  # lead bytes of Chinese UTF-8; 的 and ， and 。 in GBK
LATIN_SIGNS = "äåæçèéÄ£"  # each of them has one; one character is found in a thirtieth of the time that two take
TRIED = 12  # runs that are looked at


def signs(text: str) -> tuple[str, ...]:
    """What was done to this text before it was saved, as far as it shows."""
    found = [
        _latin(text) if any(sign in text for sign in LATIN_SIGNS) else "",
        _utf8_as_gbk(text),
        _shifted(text),
        LOST if "锟" in text and "锟斤拷" in text else "",
    ]
    return tuple(dict.fromkeys(sign for sign in found if sign))


@cache
def is_common(character: str) -> bool:
    """Is this one of the 3,755 characters of GB 2312's first level, or its punctuation?"""
    return len(raw := character.encode("gb2312", "ignore")) == 2 and raw[0] <= 0xD7


def _common(text: str) -> float:
    """Which share of the characters outside ASCII is common."""
    outside = [character for character in text if not character.isascii()]
    return sum(map(is_common, outside)) / len(outside) if outside else 0.0


def _latin(text: str) -> str:
    if not any(mark in text for mark in LATIN_MARKS):
        return ""
    for run, _ in zip(LATIN().finditer(text), range(TRIED), strict=False):
        raw = b"".join(_byte(character) for character in run[0])
        for encoding, sign, least in (("utf-8", DOUBLE, 2), ("gb18030", GBK_AS_LATIN, 4)):
            read = raw.decode(encoding, "replace").strip("\ufffd")
            if "\ufffd" not in read and len(read) >= least and _common(read) >= 0.9:
                return sign
    return ""


def _byte(character: str) -> bytes:
    """The byte that latin-1 or windows-1252 reads as this character."""
    if character <= "\xff":
        return character.encode("latin-1")
    return character.encode("cp1252", "ignore") or b"?"


def _utf8_as_gbk(text: str) -> str:
    if not any(mark in text for mark in UTF8_IN_GBK):
        return ""
    for run, _ in zip(HAN_RUN.finditer(text), range(TRIED), strict=False):
        raw = run[0].replace("€", "").encode("gbk", "replace")
        read = raw.decode("utf-8", "ignore")
        if len(read) * 2 >= len(run[0]) and _common(run[0]) < 0.6 and _common(read) >= 0.9:
            return UTF8_AS_GBK
    return ""


def _shifted(text: str) -> str:
    """Pairs of bytes cut in the wrong place: rare characters that, cut one byte later, are common ones."""
    for found in ANNOTATED.finditer(text):
        before, behind = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        if "\u4e00" <= before <= "\u9fff" and "\u4e00" <= behind <= "\u9fff":
            return SHIFTED
    for run, _ in zip(HAN_RUN.finditer(text), range(TRIED), strict=False):
        if sum(map(is_common, run[0])) * 2 > len(run[0]):
            continue
        read = run[0].encode("gbk", "replace")[1:-1].decode("gbk", "replace")
        if "\ufffd" not in read and _common(read) >= 0.9:
            return SHIFTED
    return ""
