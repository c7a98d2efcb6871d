"""What a notice's text states of itself: its number under the title, the date of its signature, the day it comes into force."""

import re
from collections.abc import Sequence

from crawler.parsers.tree import squeeze
from crawler.text.dates import NUMERAL, read_date
from crawler.text.late import late

HEAD, TAIL = 5, 6
LONGEST_DAY = 16
DOC_NO = late(
    r"^(?:[\u3400-\u9fff]{1,16}?[〔\[［（(【]\s*(?:19|20)[\d０-９]{2}\s*[〕\]］）)】]\s*(?:第\s*)?[\d０-９]{1,5}\s*号|[\u3400-\u9fff]{0,14}令\s*第?\s*[\d０-９]{1,4}\s*号|(?:19|20)\d\d年\s*第\s*\d{1,4}\s*号)$"
)
BRACKETED = late(r"^[（(]\s*(.+?)\s*[)）]$")
SIGNED = re.compile(
    rf"^[（(]?(?:\d{{4}}年\d{{1,2}}月\d{{1,2}}日|[一二]{NUMERAL}{{3}}年[一二三四五六七八九十元]{{1,3}}月[一二三四五六七八九十廿]{{1,4}}日)[)）]?$"
)
IN_FORCE = late(
    r"(?<![“\"‘「『《])本[\u3400-\u9fff（）()]{1,12}?自\s*([\d一二三四五六七八九〇○零]{4}年[\d一二三四五六七八九十]{1,3}月[\d一二三四五六七八九十]{1,3}日)\s*起?(?:正式)?(?:施行|实施|生效|执行)"
)
DIGITS = {ord("０") + digit: str(digit) for digit in range(10)}
DRAFT = re.compile(r"征求.{0,40}意见|意见征集|征集.{0,20}意见|征求意见|草案|送审稿|讨论稿|起草说明|听证")
ANNEX = re.compile(r"^[【\[（(]?附(?:件|录|表)?[】\])）]?[\d一二三四五六七八九十]{0,3}[:：]?$")
TAIL_NO = late(
    r"[（(【\[]\s*([\u3400-\u9fff]{1,16}?[〔\[［（(【]\s*(?:19|20)[\d０-９]{2}\s*[〕\]］）)】]\s*(?:第\s*)?[\d０-９]{1,5}\s*号)\s*[）)】\]]\s*$"
)


def number_in_title(title: str) -> str | None:
    """The document number in brackets at a title's end: `…的通知（财税〔2017〕49号）`."""
    plain = squeeze(title)
    if "号" not in plain:
        return None
    found = TAIL_NO().search(plain.translate(DIGITS))
    return plain[found.start(1) : found.end(1)] if found is not None else None


def number_of(line: str) -> str | None:
    """The document number that fills a line, perhaps in brackets."""
    if "号" not in line or len(line) > 120:
        return None
    plain = squeeze(line).translate(DIGITS)
    if len(plain) > 40:
        return None
    inner = BRACKETED().match(plain)
    if DOC_NO().match(plain):
        return line
    return line.strip("（()） \u3000\xa0") if inner is not None and DOC_NO().match(inner[1]) else None


def stated(paragraphs: Sequence[str], title: str = "") -> dict[str, str]:
    """doc_no, written_date and effective_date as the text itself states them: each only where it stands in a line of its own, or in the
    sentence that says when *this* act comes into force: not in a draft, a quotation, or what is annexed."""
    found: dict[str, str] = {}
    for text in (text for text in paragraphs[:HEAD] if "\t" not in text):  # a table's row is about another act
        if (number := number_of(text)) is not None:
            found["doc_no"] = number
            break
    for text in reversed(paragraphs[-TAIL:]):
        plain = squeeze(text)
        if len(plain) <= LONGEST_DAY and SIGNED.match(plain) and read_date(plain) is not None:
            found["written_date"] = plain.strip("（）()")
            break
    for text in () if DRAFT.search(title) else paragraphs:
        if len(text) <= 8 and ANNEX.match(squeeze(text)):
            break
        match = IN_FORCE().search(text) if "自" in text else None
        if match is not None and read_date(match[1]) is not None:
            found["effective_date"] = match[1]
            break
    return found
