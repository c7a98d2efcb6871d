"""Rows that stand as data in a page's scripts: arrays and objects of JavaScript, JSON scripts, JSON within strings. Nothing is run.

Read are literals, wherever they stand (`var data=[…]`, `articleList:[…]`, `window.__INITIAL_STATE__={…}`, `list.push({…})`); names of variables
say nothing. Where a row has no address but a number, the page's own `href="detail?id=' + item.id` says how its address is made.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from crawler.parsers import data
from crawler.parsers.feeds import Answer
from crawler.parsers.groups import NOTICE_URL
from crawler.parsers.literals import NoLiteral, read_part
from crawler.parsers.tree import attribute
from crawler.record.rules import ListRules
from crawler.text.late import late

MOST_READ = 4 << 20  # characters of literals that are read, whatever came of them
MOST_TRIES = 400
MOST_PUSHED = 5_000
LONGEST = 2 << 20
ARRAY = re.compile(r"\[\s*\{")
STATE = re.compile(r"(?:__\w+__|\bdata|\bstate|\bJSON)\s*[=:]\s*(?=\{)", re.IGNORECASE)
OPENS = re.compile(r"[=:]\s*\{")  # without it there is no such state: it is found faster
TEXT = re.compile(
    r"\"(\s*(?:\[\s*)?\{\s*\\+\"(?:[^\"\\]++|\\.)*+)\"|'(\s*(?:\[\s*)?\{\s*\\*\"(?:[^'\\]++|\\.)*+)'|\"(\s*(?:%7B|%5B%7B)[\w%.~*()!'-]++)\"",
    re.DOTALL,
)
PUSHED = re.compile(r"(?:\.push\s*\(\s*|\[\s*\d+\s*\]\s*=\s*)(?=\{)")
HREF = (
    late(r"href\s*=\s*\\?[\"']?(?P<before>[^\"'<>`+\s]{0,200}?)\\?[\"'`]\s*\+\s*\w+(?:\[\w+\])?\s*\.\s*(?P<key>\w+)\s*\+\s*[\"'`](?P<behind>[^\"'\s<>\\]{0,60})"),
    late(r"href\s*=\s*\\?[\"'](?P<before>[^\"'`$\s]{0,200})\$\{\s*\w+(?:\[\w+\])?\.(?P<key>\w+)\s*\}(?P<behind>[^\"'`\s]{0,60})"),
    late(r":href\s*=\s*\"'(?P<before>[^'\"]{0,200})'\s*\+\s*\w+\.(?P<key>\w+)(?:\s*\+\s*'(?P<behind>[^'\"]{0,60})')?"),
    late(r"(?:location(?:\.href)?\s*=|window\.open\s*\()\s*[\"'](?P<before>[^\"'\s]{1,200})[\"']\s*\+\s*\w+\.(?P<key>\w+)(?:\s*\+\s*[\"'](?P<behind>[^\"'\s]{0,60}))?"),
)  # fmt: skip
DATED = 0.5
LENGTH = 9  # characters of an undated title that is one


def read_scripts(tree: LexborHTMLParser, source: str, base: str, encoding: str) -> Answer | None:
    """The rows of the best list in the page's scripts; None when there is none that looks like a column of notices."""
    values = {}
    for number, script in enumerate(tree.css("script")):
        said = script.text(deep=True) or ""
        if len(said) > 20:
            found = list(_literals(said, "json" in attribute(script, "type").lower() or attribute(script, "id")[:2] == "__"))
            values.update({f"script{number}_{n}": value for n, value in enumerate(found)})
    if not values:
        return None
    _address(values, source)
    answer = data.from_values(values, base, ListRules(), encoding)
    return answer if _is_column(answer) else None


def _is_column(answer: Answer) -> bool:
    rows = answer.rows
    if not rows:
        return False
    dated = sum(1 for row in rows if row.date) / len(rows)
    notices = sum(1 for row in rows if NOTICE_URL.search(row.url)) / len(rows)
    return dated >= DATED or (len(rows) > 2 and notices >= DATED and sum(len(row.title) for row in rows) >= LENGTH * len(rows))


# ------------------------------------------------------------------ literals
def _literals(script: str, is_json: bool) -> Iterator[Any]:
    if is_json and (value := _json(script)) is not None:
        yield value
        return
    at = read = tries = 0
    while (match := _next(script, at)) is not None and tries < MOST_TRIES and read < MOST_READ:
        tries += 1
        value, end = _value(script, match.start() if match.re is ARRAY else match.end())
        read += max(0, end - match.start())
        if value is not None:
            yield value
        at = max(end, match.end()) if value is not None else match.end()
    pushed = [value for value, _ in _pushed(script)]
    if pushed:
        yield pushed
    for match in TEXT.finditer(script):
        if len(match[0]) <= LONGEST and (value := _said(match)) is not None:
            yield value


def _next(script: str, at: int) -> re.Match[str] | None:
    state = STATE.search(script, at) if OPENS.search(script, at) else None
    found = [match for match in (ARRAY.search(script, at), state) if match is not None]
    return min(found, key=re.Match.start, default=None)


def _value(script: str, at: int) -> tuple[Any, int]:
    """The value at a place and where it ends; JSON first, which is read a hundred times as fast."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(script, at)
    except (ValueError, RecursionError):
        pass
    try:
        return read_part(script, at, None, LONGEST)
    except (NoLiteral, RecursionError):
        return None, at


def _pushed(script: str) -> Iterator[tuple[Any, int]]:
    """Objects that are put into a list one by one."""
    for number, match in enumerate(PUSHED.finditer(script)):
        if number >= MOST_PUSHED:
            return
        value, end = _value(script, match.end())
        if isinstance(value, dict) and len(value) > 1:
            yield value, end


def _said(match: re.Match[str]) -> Any:
    """What a string of JSON says."""
    from urllib.parse import unquote

    if match[3] is not None:
        return _json(unquote(match[3]))
    try:
        said, _ = read_part(match[0], 0, None, LONGEST)
    except NoLiteral:
        return None
    return _json(said) if isinstance(said, str) else None


def _json(text_: str) -> Any:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text_.strip())[0]
    except (ValueError, RecursionError):
        return None


# ------------------------------------------------------------------ addresses of rows that have only a number
def _address(values: Any, source: str) -> None:
    """Give objects without an address the one that the page's scripts make of one of their keys."""
    made = [(match["before"], match["key"], match["behind"] or "") for form in HREF for match in form().finditer(source)]
    if not made:
        return
    for _, node in data.walk(values):
        if isinstance(node, dict) and not any(data.is_address(node.get(name)) for name in node):
            before, key, behind = next((item for item in made if _fits(node, item[1])), ("", "", ""))
            if key:
                node["url"] = f"{before}{node[key]}{behind}"


def _fits(node: Mapping[str, Any], key: str) -> bool:
    value = node.get(key)
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value) != ""
