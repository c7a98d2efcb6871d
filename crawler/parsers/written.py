"""What scripts write into a list page from plain strings, put where they write it. Nothing is run.

Unlike `scripts`, which reads one line of a notice, a list may have a script for each date, or its rows in pieces: all that a script writes
counts, and what stands around a string is undone where a reader would see the string all the same (`.substring(0, 10)`, `format('…')`).
"""

import html
import re
from collections.abc import Mapping

from crawler.parsers.scripts import LITERAL, strings, unquoted
from crawler.text.late import late

LONGEST = 20_000  # characters of a script that is looked at
MOST = 2_000  # scripts of a page
SCRIPT = late(r"<script\b[^>]*>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)
CUT = r"(?:\s*\.\s*(?:substr|substring|slice|split|replace|trim|toString)\s*\([^()]{0,40}\)(?:\s*\[\s*\d\s*\])?)*+"
ATOM = rf"(?:{LITERAL}|[A-Za-z_$][\w$.]{{0,40}})"
TERM = rf"(?:{ATOM}{CUT}|[A-Za-z_$][\w$.]{{0,40}}\s*\(\s*{LITERAL}\s*(?:,[^()]{{0,60}})?\)|\(\s*{ATOM}\s*\){CUT})"
WRITE = late(rf"document\.write(?:ln)?\s*\(\s*({TERM}(?:\s*\+\s*{TERM})*+)\s*\)")
PIECE = late(rf"(?P<call>[A-Za-z_$][\w$.]{{0,40}}\s*\(\s*)?(?P<literal>{LITERAL})|(?P<name>[A-Za-z_$][\w$]{{0,40}})")
CUTS = late(
    r"\s*\.\s*(?P<name>substr|substring|slice|split|replace|trim|toString)\s*\((?P<args>[^()]{0,40})\)(?:\s*\[\s*(?P<place>\d)\s*\])?"
)
NUMBER = late(r"^\s*\d{1,3}\s*$")
LOOP = late(r"\b(?:for|while)\s*\(")
BRANCH = late(r"\b(?:if|switch)\s*\(|\?")
DAY = late(r"^[\s\[(（【]*(?:(?:19|20)\d\d\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:\s+[\d:]{4,8})?[\s\])）】]*$")
TAGS = late(r"<[^>]*>")
CODE = late(r"<\s*(?:script|iframe|link|style)\b", re.IGNORECASE)


def written_out(source: str) -> str:
    """The page with what its scripts write behind each of them; the page itself where none writes anything that can be read."""
    if "document.write" not in source:
        return source
    known: dict[str, str] = {}
    left = MOST

    def put(match: re.Match[str]) -> str:
        nonlocal left
        if len(match[1]) > LONGEST or left <= 0:
            return match[0]
        left -= 1
        known.update(strings(match[1]))
        markup = _markup(match[1], known)
        return match[0] + markup if markup else match[0]

    return SCRIPT().sub(put, source)


def _markup(script: str, known: Mapping[str, str]) -> str:
    if "document.write" not in script or LOOP().search(script):
        return ""
    branches = BRANCH().search(script) is not None
    found = []
    for match in WRITE().finditer(script):
        markup = _value(match[1], known)
        if not markup or CODE().search(markup):
            continue
        if branches and not DAY().match(html.unescape(TAGS().sub("", markup))):
            continue  # written under a condition nobody evaluates; a day is shown in any case
        found.append(markup)
    return "".join(found)


def _value(expression: str, known: Mapping[str, str]) -> str:
    """The string an expression stands for, empty when it is not known."""
    made, at = [], 0
    while at < len(expression):
        match = PIECE().search(expression, at)
        if match is None:
            break
        value = unquoted(match["literal"]) if match["literal"] else known.get(match["name"] or "")
        if not value:
            return ""  # unknown, or empty: what is written around an empty value stands under a condition
        at = match.end()
        if match["call"]:
            if not DAY().match(value):
                return ""  # what a function makes of anything but a date is not known
            at = expression.find(")", at) + 1 or len(expression)
        while (cut := CUTS().match(expression, at)) is not None:
            value, at = _cut(value, cut), cut.end()
        made.append(value)
    return "".join(made)


def _cut(value: str, cut: re.Match[str]) -> str:
    name, args = cut["name"], cut["args"]
    numbers = [int(part) for part in args.split(",") if NUMBER().match(part)]
    if name in ("substring", "slice") and numbers:
        return value[numbers[0] : numbers[1]] if len(numbers) > 1 else value[numbers[0] :]
    if name == "substr" and numbers:
        return value[numbers[0] : numbers[0] + numbers[1]] if len(numbers) > 1 else value[numbers[0] :]
    if name == "split" and len(args.strip()) > 2 and cut["place"]:
        parts = value.split(unquoted(args.strip()))
        return parts[int(cut["place"])] if int(cut["place"]) < len(parts) else value
    return value.strip() if name == "trim" else value
