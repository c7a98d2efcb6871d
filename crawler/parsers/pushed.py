"""Links that are pushed: an address in `onclick`, in `javascript:…`, in a data attribute, or in a function of the page that is called with
its number. Each becomes a plain link of the tree, so that rows and pagers are read like any other. Nothing is run.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler.parsers.scripts import LITERAL, strings, unquoted
from crawler.parsers.tree import Node, attribute, squeeze
from crawler.text.late import late

MOST = 5_000  # elements of a page
LONGEST = 400_000  # characters of its scripts that are looked at
ASKED = "[onclick], [data-href], [data-url], [data-link], a[href^='javascript' i]"
ATOM = rf"(?:{LITERAL}|`[^`\n]{{0,500}}`|encodeURI(?:Component)?\s*\([^()]{{0,300}}\)|[\w$.\[\]]{{1,60}})"
VALUE = rf"{ATOM}(?:\s*\+\s*{ATOM})*+"
GOES = late(
    rf"(?:\blocation(?:\.href)?\s*=(?!=)\s*|\blocation\.(?:assign|replace)\s*\(\s*|\bwindow\.open\s*\(\s*|(?<![\w.])open\s*\(\s*)(?P<value>{VALUE})"
)
CALL = late(
    rf"^\s*(?:javascript\s*:)?\s*(?:return\s+)?(?:window\.|self\.|this\.|top\.)?(?P<name>[A-Za-z_$][\w$]*)\s*\((?P<args>(?:\s*(?:{LITERAL}|-?\d+|this|event|null|true|false)\s*,?)*)\)",
    re.IGNORECASE,
)
ARGUMENT = late(rf"{LITERAL}|-?\d+|\w+")
PIECE = late(
    rf"(?P<literal>{LITERAL})|`(?P<template>[^`\n]*)`|encodeURI(?:Component)?\s*\((?P<inner>[^()]*)\)|(?P<name>[A-Za-z_$][\w$.\[\]]*)|(?P<number>\d+)"
)
HOLE = late(r"\$\{\s*([\w$]+)\s*\}")
FUNCTION = (
    r"(?:\bfunction\s+{name}\s*\((?P<a>[^()]*)\)\s*\{{|\b{name}\s*[=:]\s*(?:async\s+)?function\s*\w*\s*\((?P<b>[^()]*)\)\s*\{{"
    r"|\b{name}\s*=\s*\(?(?P<c>[\w$,\s]*)\)?\s*=>\s*\{{?|(?<![\w.$]){name}\s*\((?P<d>[\w$,\s]*)\)\s*\{{)"
)
LONGEST_BODY = 800
DAY = late(r"\d{1,4}\s*[-/.年月]\s*\d{1,2}")
LONGEST_ROW = 300
SCHEME = late(r"^(?:https?:)?//|^[\w./?%-]")


def lay_open(tree: LexborHTMLParser) -> None:
    """Give each pushed element of the tree the address it leads to as `href`. One whose address only a script outside the page knows keeps
    its script there, so that it is told as a row nobody can follow, where it looks like one."""
    nodes = tree.css(ASKED)[:MOST]
    if not nodes:
        return
    page = _Scripts(tree)
    for node in nodes:
        held = attribute(node, "href").strip()
        if node.tag == "a" and held and held[:1] != "#" and held[:11].lower() != "javascript:":
            continue
        if node.tag != "a" and _holds_links(node):
            continue
        address, said = _address(node, held, page)
        if address is not None:
            node.attrs["href"] = address
        elif said and (node.tag == "a" or _is_row(node)):
            node.attrs["href"] = f"javascript:{said}"


def leads(tree: LexborHTMLParser, code: str) -> str | None:
    """Where code of the page leads, as its link would be followed."""
    return _Scripts(tree).leads(code)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the page that is called: its name, its parameters' names, what is given for them, and its body."""

    name: str
    names: Sequence[str]
    given: Sequence[str]
    body: str


def called(tree: LexborHTMLParser, code: str) -> Call | None:
    """The function that code of an attribute calls; one that stands in no script of the page has no body."""
    return _Scripts(tree).called(code)


def _holds_links(node: Node) -> bool:
    if node.tag in ("body", "html", "form", "select", "img"):
        return True
    return any(
        (href := attribute(link, "href").strip()) and href[:1] != "#" and href[:11].lower() != "javascript:"
        for link in node.css("a[href]")[:4]
    )


def _is_row(node: Node) -> bool:
    shown = node.text(deep=True)
    return len(shown) <= LONGEST_ROW and len(squeeze(shown)) >= 8 and DAY().search(shown) is not None


def _address(node: Node, held: str, page: "_Scripts") -> tuple[str | None, str]:
    """The address, and the script in whose place it stands."""
    for name in ("data-href", "data-url", "data-link"):
        said = attribute(node, name).strip()
        if said and SCHEME().match(said) and ("/" in said or "." in said or "?" in said):
            return said, ""
    for said in (attribute(node, "onclick").strip(), held[11:].strip() if held[:11].lower() == "javascript:" else ""):
        if said and (found := page.leads(said)):
            return found, said
    return None, attribute(node, "onclick").strip() or (held[11:].strip() if held[:11].lower() == "javascript:" else "")


class _Scripts:
    """The page's scripts, read when they are asked for the first time."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._source: str | None = None
        self._known: dict[str, str] = {}
        self._functions: dict[str, tuple[Sequence[str], str] | None] = {}

    def leads(self, code: str) -> str | None:
        """Where code of an attribute leads: by itself, or by the function it calls."""
        if (found := _goes(code, {})) is not None:
            return found
        call = self.called(code)
        if call is None or not call.body:
            return None
        return _goes(call.body, {**self._known, **dict(zip(call.names, call.given, strict=False))})

    def called(self, code: str) -> Call | None:
        """The function that code calls, with what it is given."""
        call = CALL().match(code)
        if call is None:
            return None
        names, body = self._function(call["name"]) or ((), "")
        given = [unquoted(part) if part[:1] in "'\"" else part for part in ARGUMENT().findall(call["args"])]
        return Call(call["name"], names, given, body)

    def _function(self, name: str) -> tuple[Sequence[str], str] | None:
        if self._source is None:
            scripts = [script.text(deep=True) or "" for script in self._tree.css("script")]
            self._source = "\n".join(scripts)[:LONGEST]
            for script in scripts:
                self._known.update(strings(script))
        if name not in self._functions:
            match = re.search(FUNCTION.format(name=re.escape(name)), self._source)
            names = next((said for said in match.group("a", "b", "c", "d") if said is not None), "") if match else ""
            body = _body(self._source, match.end()) if match else ""
            self._functions[name] = ([part.strip() for part in names.split(",")], body) if match else None
        return self._functions[name]


def _body(source: str, at: int) -> str:
    """A function's body, to the brace that closes it."""
    depth, end = 1, at
    for end in range(at, min(len(source), at + LONGEST_BODY)):
        depth += (source[end] == "{") - (source[end] == "}")
        if not depth:
            break
    return source[at : end + 1]


def _goes(code: str, known: Mapping[str, str]) -> str | None:
    for match in GOES().finditer(code):
        value = _value(match["value"], known, code, 0)
        if value and SCHEME().match(value) and "javascript:" not in value.lower():
            return value
    return None


def _value(expression: str, known: Mapping[str, str], code: str, depth: int) -> str | None:
    """The string an expression stands for; None when a name of it is not known."""
    made = []
    for match in PIECE().finditer(expression):
        if match["literal"]:
            part: str | None = unquoted(match["literal"])
        elif match["template"] is not None:
            part = _filled(match["template"], known)
        elif match["inner"] is not None:
            part = _value(match["inner"], known, code, depth + 1) if depth < 4 else None
        elif match["number"]:
            part = match["number"]
        else:
            part = known.get(match["name"])
            assigned = (
                re.search(rf"\b{re.escape(match['name'])}\s*=(?!=)\s*({VALUE})", code) if part is None and depth < 4 else None
            )
            if assigned is not None:
                part = _value(assigned[1], known, code, depth + 1)
        if part is None:
            return None
        made.append(part)
    return "".join(made)


def _filled(template: str, known: Mapping[str, str]) -> str | None:
    if any(name not in known for name in HOLE().findall(template)):
        return None
    made = HOLE().sub(lambda match: known[match[1]], template)
    return None if "${" in made else made
