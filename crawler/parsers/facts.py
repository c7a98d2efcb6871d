"""The labelled facts around an article: date, source, clicks. Where they stand decides whom to believe.

The line between title and text is the page's own; the line under the text is the next best; a labelled date elsewhere (a side
column, a list of other notices) may be another notice's and is a witness of its own, the weakest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from crawler.parsers.disclosure import Disclosure
from crawler.parsers.furniture import is_date_line, is_event, is_lone_fact, is_vague, tells, without_tools
from crawler.parsers.labels import FACT_LABELS, in_block, in_facts, source_of, spaced
from crawler.parsers.sheet import Line, Sheet
from crawler.parsers.titles import key
from crawler.parsers.tree import squeeze
from crawler.text.dates import read_date, why_not

LONGEST = 400
HEAD = 12  # lines before the article in which its facts may stand when the title's place is not known
TAIL = 20
INNER = 6  # lines at either end of the article that may be lines of facts
LONGEST_UNLABELLED = 80
MOST_FACTS = 12  # lines of a box of facts
UNDER = 3  # lines below the title that may be facts by their place
LONGEST_UNDER, LONGEST_BESIDE = 50, 24  # characters of such a line, and of what stands beside its date
ABOUT = re.compile(r"通过|修[订正]|公布|施行|会议|批准|届|印发|第.{1,6}次")  # what a regulation says of itself under its title
LABEL = re.compile(r"([\w\s]{1,20}?)(?:[:：∶]\s*|(?<=[间期日时限])[\s\t]*)$")
SPAN = re.compile(r"\s*(?:起|止|前|后|之前|以前|以后|内|(?:至|到|—+|--+|~|～|-\s?(?=\d{4}))\s*\S)")
FROM = re.compile(r"(?:自|从|由|截至|截止|至|到|于)\s*$")
CLOCK = re.compile(r"今天|现在时间|农历")
WEEKDAYS = re.compile(r"星期[一二三四五六日天]|" + CLOCK.pattern)  # above the title these are the page's clock
COUNTED = re.compile(r"(?:浏览|阅读|点击|访问|人气)(?:次数|量|数)?\s*[:：(（\[]?\s*(\d[\d,，]*)(?![\d,，]|\s*[-/.年月日:：])")
SENTENCES = frozenset("。；，")
WEEKDAY = re.compile(
    r"^(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s*|(?:星期|周).[,，]?\s*)", re.IGNORECASE
)
PUBLISHED = frozenset(label for label, (name, _) in FACT_LABELS.items() if name == "published")


@dataclass(slots=True)
class Facts:
    """Field → {zone: the page's own text}. A source that is shown and empty is the empty string; one a script fills is missing."""

    said: dict[str, dict[str, str]] = field(default_factory=dict)
    lines: set[int] = field(default_factory=set)  # places of the lines of facts
    updated: set[str] = field(default_factory=set)  # zones whose date is that of a later change, for want of a better one
    head: bool = False  # the page shows a line of facts at its title
    unlabelled: str | None = None  # a date without a label by the title
    refused: list[str] = field(default_factory=list)  # labelled dates that are none, with the reason
    by_place: frozenset[int] = (
        frozenset()
    )  # lines that are facts by their place alone: a bare date, a name beside it, a lone source

    def get(self, name: str, zone: str) -> str | None:
        """What a zone says of a field."""
        return self.said.get(name, {}).get(zone)


def read_facts(sheet: Sheet, title: int | None, name: str, article: tuple[int, int], block: Disclosure) -> Facts:
    """`title`: the title's line, `name` its text; `article`: its first line and the one behind its last."""
    facts = Facts()
    first, last = article
    head_from = title if title is not None and title < first else max(0, first - HEAD)
    under = _under(sheet, title, block.lines) if title is not None else frozenset()
    for at, line in enumerate(sheet.lines):
        if not line.labelled or at in block.lines or len(line.text) > LONGEST:
            continue
        inside = first <= at < last and at not in under
        if inside and not (
            (at < first + INNER or at >= last - INNER) and tells(sheet.lines, at) and _is_apart(sheet, at, article, title, name)
        ):
            continue
        if not line.prose and not tells(sheet.lines, at) and at not in under:
            continue
        zone = "head" if head_from <= at < first + INNER else "tail" if last - INNER <= at < last + TAIL else "page"
        if zone == "page" and line.foot:
            continue
        _take(sheet, at, zone, facts, first if at < first else last)
    if "clicks" not in facts.said and facts.lines:
        counted = next((found for at in sorted(facts.lines) if (found := COUNTED.search(sheet.lines[at].text))), None)
        facts.said["clicks"] = {"head": counted[1]} if counted is not None else {}
    facts.head = any("head" in zones for zones in facts.said.values())
    head = range(head_from, min(first + 3, len(sheet.lines), last))
    place, facts.unlabelled, refused = _unlabelled(sheet, [at for at in head if at not in block.lines], first, title, name, under)
    facts.refused += refused
    dated = place is not None and not facts.get("published", "head") and (place in under or is_date_line(sheet.lines[place].text))
    facts.by_place = (under & facts.lines) | ({place} if dated and place is not None else set())
    return facts


def _under(sheet: Sheet, title: int, block: frozenset[int]) -> frozenset[int]:
    """The lines right below the title that are facts by their place: where the notice is from and nothing else, a date with a name or a
    number beside it."""
    found, lines = set[int](), sheet.lines
    for at in range(title + 1, min(title + 1 + UNDER, len(lines))):
        line = lines[at]
        if line.furniture or tells(lines, at):
            continue
        text = spaced(line)
        if at in block or line.cells or len(line.plain) > LONGEST_UNDER or not SENTENCES.isdisjoint(text):
            break
        if (line.labelled and _is_lone_source(text)) or (at == title + 1 and line.prose and _is_dated(text)):
            found.add(at)
        elif not is_date_line(text):
            break
    return frozenset(found)


def _is_lone_source(text: str) -> bool:
    return is_lone_fact(text) and in_facts(text)[0].field == "source"


def _is_dated(text: str) -> bool:
    """A date and a few words beside it. One in round brackets is a subtitle's: when a speech was held, when a law was passed."""
    stamp = read_date(text)
    if stamp is None or len(stamp.iso) < 10 or is_other_day(text, stamp.raw) or ABOUT.search(text):
        return False
    before, _, behind = text.partition(stamp.raw)
    return behind.lstrip()[:1] not in (")", "）") and len(squeeze(before + behind)) <= LONGEST_BESIDE


def _is_apart(sheet: Sheet, at: int, article: tuple[int, int], title: int | None, name: str) -> bool:
    """Is a line of facts within the article the page's own? A bare 时间 is, at either end, where nothing but the title, furniture
    and other facts stands between it and the end: between paragraphs it is when something happens."""
    lines = sheet.lines
    if not is_vague(spaced(lines[at])):
        return True
    if is_event(lines, at):
        return False
    beyond = range(article[0], at) if at < article[0] + INNER else range(at + 1, article[1])
    own = key(name)
    return all(n == title or lines[n].furniture or tells(lines, n) or key(lines[n].text) == own for n in beyond)


def _take(sheet: Sheet, at: int, zone: str, facts: Facts, upto: int) -> None:
    """`upto`: the line with which something else begins; no value of a label stands there."""
    line = sheet.lines[at]
    found = in_facts(spaced(line))
    for number, item in enumerate(found):
        if not item.field:
            continue
        value = item.value
        if not value and number == len(found) - 1 and not line.scripted:
            value = _next_line(sheet, at) if at + 1 < upto else ""
        kept = _value(item.field, value, line)
        if kept is None and item.field == "published" and zone != "page":
            reason = why_not(value[:60])
            facts.refused += [f"label.{zone}: {reason}"] if reason else []
        if kept is not None:
            held = facts.said.setdefault(item.field, {})
            changed = item.label.startswith("更新")
            filled = not held.get(zone) and item.field == "source"  # an empty label says less than a filled one
            if zone not in held or filled or (item.field == "published" and zone in facts.updated and not changed):
                held[zone] = kept
                (facts.updated.add if changed else facts.updated.discard)(zone)
            facts.lines.add(at)


def _next_line(sheet: Sheet, at: int) -> str:
    """The line below a label that ends its line: its value, in layouts that put each in a box."""
    following = sheet.lines[at + 1] if at + 1 < len(sheet.lines) else None
    if following is None or following.cells or len(following.text) > 40 or in_facts(following.text) or in_block(following.text):
        return ""
    if squeeze(following.text) in FACT_LABELS or following.text.endswith((":", "：", "。", "，", "；")):
        return ""
    own, other = [sheet.lines[at].element], [following.element, *sheet.above(following.element)]
    own += sheet.above(own[0], 3)
    box = next((up for up in own if up in other), None)  # of facts only, and never the whole page
    small = (
        box is not None and sheet.lasts[box] - sheet.firsts[box] <= MOST_FACTS and sheet.tags[box] not in ("body", "html", "form")
    )
    return following.text if small else ""


def _value(name: str, value: str, line: Line) -> str | None:
    if name == "published":
        stamp = read_date(value)
        if stamp is None or WEEKDAY.sub("", value).find(stamp.raw) > 3 or SPAN.match(value.partition(stamp.raw)[2]):
            return None  # a date somewhere behind a label is what the text is about, and so is a span of days
        return value if len(stamp.iso) >= 10 or value.strip() == stamp.raw else None
    if name == "source":
        said = without_tools(source_of(value))
        if not said and line.scripted:
            return None  # a script fills it: the page does not say that there is none
        return said
    return value or None


def _unlabelled(
    sheet: Sheet, head: Iterable[int], first: int, title: int | None, name: str, under: frozenset[int]
) -> tuple[int | None, str | None, list[str]]:
    """A date without a label, in a short line between the title and the article, in the title's own line, or at the article's head; its
    place, the line, and what was met before it and is another day."""
    refused: list[str] = []
    for at in head:
        line = sheet.lines[at]
        clock = CLOCK if title is not None and at > title else WEEKDAYS
        if not line.prose or len(line.text) > LONGEST_UNLABELLED or clock.search(line.text):
            continue
        text = spaced(line)
        if (title is None and at < first - 5) or any(item.field == "published" for item in in_facts(text)):
            continue
        if at == title:
            behind = line.text[len(name) :] if key(line.text).startswith(key(name)) else ""
            if read_date(behind) is not None:
                return at, behind.strip(), refused
            continue
        if (told := read_date(text)) is not None and len(told.iso) >= 10 and is_other_day(text, told.raw):
            refused += [f"label.head: {text[:40]}: another day than that of publication"] if at < first else []
            continue
        apart = at < first or at in under or _only_date(text) or tells(sheet.lines, at)
        if ABOUT.search(text) or not apart:
            continue
        if told is not None and len(told.iso) >= 10:
            return at, text, refused
    return None, None, refused


def _only_date(text: str) -> bool:
    """Nothing but a date, and perhaps a label that is none of ours."""
    stamp = read_date(text)
    return stamp is not None and len(squeeze(text)) - len(squeeze(stamp.raw)) <= 8 and "日" not in text[-2:]


def is_other_day(text: str, raw: str) -> bool:
    """Is a date in a line told to be another day than that of publication: by a label of its own, or as one end of a span of days?"""
    before, _, behind = text.partition(raw)
    label = LABEL.search(before)
    if label is not None and squeeze(label[1]) not in PUBLISHED:
        return True
    return SPAN.match(behind) is not None or FROM.search(before) is not None
