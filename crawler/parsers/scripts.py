"""What inline scripts write into a page: strings and variables that hold strings, joined with +. Nothing is run.

Old templates print titles, document numbers and sources so (`var t = "…"; document.write('<h2>' + t + '</h2>')`); a reader sees
the text. An expression with anything else in it (a call, a date, a condition's value) is not read.
"""

import html
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from crawler.text.late import late

LONGEST = 20_000  # characters of a script that is looked at: longer ones are libraries
LITERAL = r"""(?:"(?:[^"\\\n]|\\.){0,2000}"|'(?:[^'\\\n]|\\.){0,2000}')"""
VARIABLE = late(rf"\b(?:var|let|const)?\s*([A-Za-z_$][\w$]{{0,40}})\s*=\s*({LITERAL})\s*(?:[;,\n]|$)")
SET = late(rf"=\s*{LITERAL}\s*(?:[;,\n]|$)")
ASSIGNS = re.compile(r"=\s*[\"']")  # without it there is no such variable
WRITE = late(rf"document\.write(?:ln)?\s*\(((?:{LITERAL}|[\w$]{{1,41}}|[\s+])*+)\)")
PIECE = late(rf"({LITERAL})|([\w$]+)")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")
BRANCH = re.compile(r"\b(?:if|for|while|switch)\s*\(|\?")
VARIABLES = re.compile(r"[A-Za-z_$]")
STRIP = late(LITERAL)
TAGS = re.compile(r"<[^>]*>")
BREAKS = late(r"<(?:/?(?:p|div|h[1-6]|tr|li|table|ul)\b|br)", re.IGNORECASE)
CODE = re.compile(r"<\s*(?:script|iframe|link|style|img)\b", re.IGNORECASE)
PLAIN = {"n": "\n", "t": "\t", "r": "\r"}


def strings(script: str) -> Mapping[str, str]:
    """The variables of a script that hold a plain string."""
    return _strings(script) if len(script) <= LONGEST and ASSIGNS.search(script) else {}


@lru_cache(maxsize=64)  # most of a page's scripts are those of its site
def _strings(script: str) -> Mapping[str, str]:
    return MappingProxyType({match[1]: unquoted(match[2]) for match in _variables(script)})


def _variables(script: str) -> Iterator[re.Match[str]]:
    """What `VARIABLE().finditer` would find, tried only before a string that ends as a variable's does: nearly no place of a script is one."""
    end = 0
    for found in ASSIGNS.finditer(script):
        if found.start() < end or SET().match(script, found.start()) is None:
            continue
        last = _spaces(script, end, found.start())
        first = last
        while first > end and (script[first - 1].isalnum() or script[first - 1] in "_$"):
            first -= 1
        before = _spaces(script, end, first)
        declared = [before - 5, before - 3, before] if before < first else []  # behind const, behind var and let, behind anything
        for at in (*(at for at in declared if at >= end), *range(first, last)):
            if (match := VARIABLE().match(script, at)) is not None:
                yield match
                end = match.end()
                break


def _spaces(script: str, end: int, at: int) -> int:
    """Where the white space before a place begins."""
    while at > end and script[at - 1].isspace():
        at -= 1
    return at


def written(script: str, known: Mapping[str, str]) -> tuple[str, bool]:
    """(the text of the first `document.write` that writes any, whether it stands in a block of its own); empty when none is read."""
    if len(script) > LONGEST or "document.write" not in script:
        return "", False
    branches = BRANCH.search(script) is not None
    for match in filter(None, (WRITE().match(script, at) for at in _places(script))):
        if branches and not VARIABLES.search(STRIP().sub("", match[1])):
            continue  # a constant that is written under a condition nobody evaluates
        markup = _value(match[1], known)
        if not markup or CODE.search(markup):
            continue
        text = html.unescape(TAGS.sub("", markup)).strip()
        if text:
            return text, BREAKS().search(markup) is not None
    return "", False


def _places(script: str) -> Iterator[int]:
    at = script.find("document.write")
    while at >= 0:
        yield at
        at = script.find("document.write", at + 1)


def _value(expression: str, known: Mapping[str, str]) -> str:
    parts = []
    for literal, name in PIECE().findall(expression):
        if literal:
            parts.append(unquoted(literal))
        elif known.get(name):
            parts.append(known[name])
        else:
            return ""  # unknown, or empty: what is written around an empty value stands under a condition
    return "".join(parts)


def unquoted(literal: str) -> str:
    """The text of a literal of JavaScript."""
    return ESCAPE.sub(_character, literal[1:-1]) if "\\" in literal else literal[1:-1]


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else PLAIN.get(match[3], match[3])
