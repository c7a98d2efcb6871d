"""Dates of Chinese pages, with the precision the page has. Asia/Shanghai as written; never through UTC."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from crawler.text.fold import Changes

EARLIEST, LATEST = 1949, 2100  # years; anything else on these pages is a number
YEAR = r"(?:19|20)\d\d"
ROUND = "◯OoОοΟ"  # what else people type for 〇: a circle, the Latin, Cyrillic and Greek letter
NUMERAL = f"[〇○零Ｏ{ROUND}0一二三四五六七八九]"
GAP = " {0,3}"
AM_PM = r"[AaPp]\.?[Mm]\b\.?"
HALF = rf"上午|下午|中午|晚上|晚间|傍晚|凌晨|早上|清晨|{AM_PM}"  # which half of the day; English puts its words behind the clock
CLOCK = (
    rf"(?:(?:-|[ T]{{0,4}})(?:,? ?(?:星期|周)[一二三四五六日天] ?)?(?P<half>{HALF})? ?(?P<hour>[01]?\d|2[0-3]) ?[:时点] ?(?P<minute>[0-5]?\d)(?!\d)"
    rf"(?: ?[:分] ?(?P<second>[0-5]?\d)(?!\d)秒?|分)?(?: ?(?P<after>{AM_PM}))?)?"
)
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, start=1)}
MONTH = r"(?P<name>(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Za-z]{0,6}\b\.?)"
NO_ZONE = r"(?!.{0,12}(?:GMT|UTC|[+-]\d{4}))"  # a clock of another zone is read by whoever knows zones
ORDINAL = r"(?:st|nd|rd|th)?"
ROC = 1911  # the first year of the Republic is 1912
FORMS = (
    re.compile(
        rf"(?<!\d)(?P<year>{YEAR}|[一二]{NUMERAL}{{3}}){GAP}年{GAP}(?P<month>[\d一二三四五六七八九十元]{{1,3}}){GAP}月"
        rf"(?:{GAP}(?P<day>[\d一二三四五六七八九十廿卅]{{1,4}})(?:{GAP}[日号]|(?!\w)){CLOCK})?"
    ),
    re.compile(rf"(?<!\d)(?P<year>{YEAR}) ?(?P<mark>[-/.]) ?(?P<month>\d{{1,2}}) ?(?P=mark) ?(?P<day>\d{{1,2}})(?!\d){CLOCK}"),
    re.compile(rf"(?<!\d)(?P<year>{YEAR})(?P<month>\d\d)(?P<day>\d\d)(?:(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d))?(?!\d)"),
    re.compile(rf"(?<![\d./-])(?P<year>{YEAR})[-/.](?P<month>0?[1-9]|1[0-2])(?![\d./-])"),
)
OTHERS = (  # what is rarer; asked only of a text that has its sign
    (
        "國国",
        re.compile(
            rf"(?:中[華华])?民[國国] ?(?P<roc>\d{{2,3}}|[一二三四五六七八九十百零〇○]{{1,6}}) ?(?:年 ?(?P<month>[\d一二三四五六七八九十元]{{1,3}}) ?月(?: ?(?P<day>[\d一二三四五六七八九十廿卅]{{1,4}}) ?[日号號]{CLOCK})?"
            rf"|[-/.] ?(?P<month2>\d{{1,2}}) ?[-/.] ?(?P<day2>\d{{1,2}})(?!\d))"
        ),
    ),
    (
        "aceopuACEOPU",
        re.compile(
            rf"(?<![A-Za-z]){MONTH} {{0,2}}(?P<day>\d{{1,2}}){ORDINAL}(?!\d)[, ]{{0,3}}(?P<year>{YEAR})(?!\d){NO_ZONE},?{CLOCK}"
        ),
    ),
    (
        "aceopuACEOPU",
        re.compile(rf"(?<!\d)(?P<day>\d{{1,2}}){ORDINAL}[ -]{{0,2}}{MONTH}[, -]{{0,3}}(?P<year>{YEAR})(?!\d){NO_ZONE},?{CLOCK}"),
    ),
    (
        "mM午晚",
        re.compile(
            rf"(?<![\d/.])(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>{YEAR}),?(?={CLOCK})(?: ?\d[\d: ]*[AaPp]\.?[Mm])(?<=[Mm])"
        ),
    ),
    (
        "-/年'",
        re.compile(
            rf"(?<![\w.\-/'])'?(?P<short>\d\d)(?P<mark>[-/年]) ?(?P<month>\d{{1,2}}) ?(?:(?P=mark)|月) ?(?P<day>\d{{1,2}})(?:日|(?![\w.\-/])){CLOCK}"
        ),
    ),
)
DAY_LIKE = re.compile(r"(?<!\d)(?P<year>\d{4}) ?(?P<mark>[-/.年]) ?(?P<month>\d{1,2}) ?(?:(?P=mark)|月) ?(?P<day>\d{1,2})(?!\d)")
YEARS = (
    re.compile(rf"(?<!\d)(?P<year>{YEAR}|[一二]{NUMERAL}{{3}}){GAP}年(?!{GAP}[\d一二三四五六七八九十元]{{1,3}}{GAP}月)"),
    re.compile(rf"(?<!.)\s*(?P<year>{YEAR})\s*(?!.)", re.DOTALL),
)
PLAIN = re.compile(  # how nearly every date stands alone: then no other form fits
    rf"(?P<year>{YEAR})(?:-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}})(?: (?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?)?"
    r"|年(?P<month2>[0-9]{1,2})月(?P<day2>[0-9]{1,2})日)",
    re.ASCII,
)
HINT = re.compile(r"\d\d|年")  # without two digits, or a year in words, there is no date
WIDTH = Changes(dict(zip("０１２３４５６７８９：∶﹕／－–—−．Ｔ\u3000\xa0\t\r\n", "0123456789:::/----.T     ", strict=True)))
DIGITS = dict.fromkeys(ROUND, "0") | dict(zip("〇○零Ｏ0一二三四五六七八九元", "000001234567891", strict=True))
TENS = str.maketrans({"廿": "二十", "卅": "三十"})
IN_URL = (
    re.compile(rf"/t({YEAR})(\d\d)(\d\d)_"),
    re.compile(rf"/({YEAR})/(\d\d?)/(\d\d?)/"),
    re.compile(rf"/({YEAR})[-/]?(\d\d)[-/]?(\d\d)/"),
    re.compile(rf"[/_]({YEAR})(\d\d)(\d\d)(?:_\d+)?\.s?html?"),
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """`iso`: YYYY[-MM[-DD[ HH:MM[:SS]]]]; `raw`: the very text it was read from."""

    iso: str
    raw: str


@lru_cache(maxsize=1024)  # one date is asked about by the title, the facts, each witness and the record
def read_date(text: str, *, not_after: str | None = None) -> Stamp | None:
    """The first possible date in a text, in the text's own precision; a bare year only where there is no better date.

    An impossible date (13th month, 30 February, before 1949) is no date, and no shorter one is cut from it; nor is one more than
    a day after `not_after` (ISO day of the capture: servers' clocks differ). A clock of 00:00 or 00:00:00 is what templates print
    when there is none: the day is kept, the clock is not.
    """
    if HINT.search(text) is None:
        return None
    limit = _day_after(not_after) if not_after else f"{LATEST}"
    alone = PLAIN.fullmatch(text)
    if alone is not None and (iso := _iso(alone.groupdict())) is not None and iso[:10] <= limit:
        return Stamp(iso, text)
    flat = WIDTH(text)
    for forms in (FORMS, _others(flat), YEARS):
        matches = [match for form in forms for match in form.finditer(flat)]
        matches.sort(key=re.Match.start)
        for match in matches:
            iso = _iso(match.groupdict())
            if iso is not None and iso[:10] <= limit:
                return Stamp(iso, text[match.start() : match.end()].strip())
    return None


def _others(flat: str) -> tuple[re.Pattern[str], ...]:
    """The rarer forms whose sign a text has."""
    return tuple(form for signs, form in OTHERS if any(sign in flat for sign in signs))


@lru_cache(maxsize=16)
def _day_after(day: str) -> str:
    return (date.fromisoformat(day[:10]) + timedelta(days=1)).isoformat()


def why_not(text: str, *, not_after: str | None = None) -> str | None:
    """Why the first thing in a text that is written like a date is none; None when nothing is, or when it is one."""
    flat = WIDTH(text)
    limit = _day_after(not_after) if not_after else f"{LATEST}"
    for match in (match for form in (*FORMS, DAY_LIKE) for match in form.finditer(flat)):
        written = text[match.start() : match.end()].strip()[:40]
        iso = _iso(match.groupdict())
        if iso is None:
            year = _number(match["year"])
            early = year is not None and 0 <= year < EARLIEST
            return f"{written}: before {EARLIEST}" if early else f"{written}: no such day"
        return f"{written}: after the capture" if iso[:10] > limit else None
    return None


def _iso(parts: dict[str, str | None]) -> str | None:
    """ISO text of a match's numbers, None when there is no such day."""
    year, month, day = _year(parts), _month(parts), _number(parts.get("day") or parts.get("day2"))
    if year is None or not EARLIEST <= year < LATEST:
        return None
    try:
        whole = date(year, 1 if month is None else month, 1 if day is None else day).isoformat()
    except ValueError:
        return None
    if day is None:
        return whole[:4] if month is None else whole[:7]
    return whole + _clock(parts.get("hour"), parts.get("minute"), parts.get("second"), parts.get("half") or parts.get("after"))


def _year(parts: dict[str, str | None]) -> int | None:
    """The year: whole, in two digits (50 to 99 are the last century's), or of the Republic."""
    if short := parts.get("short"):
        return int(short) + (1900 if int(short) >= 50 else 2000)
    if roc := parts.get("roc"):
        hundreds, _, rest = roc.rpartition("百")
        units = _number(rest.lstrip("零〇○")) if rest.strip("零〇○") else 0
        return None if units is None or units < 0 else ROC + 100 * len(hundreds) + units
    return _number(parts.get("year"))


def _month(parts: dict[str, str | None]) -> int | None:
    name = parts.get("name")
    return MONTHS[name[:3].lower()] if name else _number(parts.get("month") or parts.get("month2"))


def _clock(hour: str | None, minute: str | None, second: str | None, half: str | None) -> str:
    if hour is None or minute is None or int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        return ""
    hours = _of_24(int(hour), half) if half else int(hour)
    if hours is None or hours == int(minute) == int(second or 0) == 0:
        return ""
    return f" {hours:02}:{int(minute):02}" + ("" if second is None else f":{int(second):02}")


def _of_24(hour: int, half: str) -> int | None:
    """The hour of a clock of twelve: 12:05 AM and 上午12:05 are five past midnight; None where nobody can say."""
    if hour > 12:
        return hour
    if half[0] in "Aa上凌早清":
        return hour % 12
    if half in ("晚上", "晚间") and hour == 12:
        return None
    return hour % 12 + 12 if half != "中午" or hour < 11 else hour


def _number(written: str | None) -> int | None:
    """12, 十二, 二十一, 廿一, 二〇一九 → int; -1 for what is no number, such as 十十."""
    if written is None:
        return None
    if written.isdecimal():
        return int(written)
    if not set(written) & set("十廿卅"):
        digits = "".join(DIGITS.get(character, character) for character in written)
        return int(digits) if digits.isdecimal() else -1
    tens, _, ones = written.translate(TENS).partition("十")
    digits = DIGITS.get(tens, tens or "1") + DIGITS.get(ones, ones or "0")
    return int(digits) if digits.isdecimal() and len(digits) == 2 else -1


def day_in_url(url: str) -> str | None:
    """The day an address carries, ISO: t20240703_, /art/2024/10/14/, /2018-12/06/, /20260911/. The page may show another."""
    for form in IN_URL:
        for match in form.finditer(url):
            iso = _iso(dict(zip(("year", "month", "day"), match.groups(), strict=True)))
            if iso is not None:
                return iso
    return None
