"""Object and array literals of JavaScript → Python values. A reader of literals, not a runner of scripts; names are looked up by the caller."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SKIP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
STRING = re.compile(r"'((?:[^'\\]++|\\.)*+)'|\"((?:[^\"\\]++|\\.)*+)\"|`((?:[^`\\$]++|\\.)*+)`", re.DOTALL)
KEY = re.compile(r"[\w$-]+")
JOINED = re.compile(r"\s*\+\s*(?=[\"'])")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
NAME = re.compile(r"[A-Za-z_$][\w$.]*")
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
WORDS = {"true": True, "false": False, "null": None, "undefined": None}
DEEPEST, LONGEST = 20, 20_000


class NoLiteral(ValueError):
    """What stands there is an expression, not a literal."""


@dataclass(slots=True)
class _Reader:
    text: str
    at: int
    lookup: Callable[[str], Any]

    def skip(self) -> str:
        match = SKIP.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def value(self, depth: int = 0) -> Any:
        head = self.skip()
        if depth > DEEPEST or not head:
            raise NoLiteral(self.text[self.at : self.at + 20])
        if head == "{":
            return self._object(depth)
        if head == "[":
            return self._array(depth)
        if head in "\"'`":
            return self._string()
        if (match := NUMBER.match(self.text, self.at)) is not None:
            self.at = match.end()
            return float(match[0]) if "." in match[0] else int(match[0])
        if (match := NAME.match(self.text, self.at)) is not None:
            self.at = match.end()
            if match[0] in WORDS:
                return WORDS[match[0]]
            return self._made(depth) if match[0] == "new" or self.text[self.at : self.at + 1] == "(" else self.lookup(match[0])
        raise NoLiteral(self.text[self.at : self.at + 20])

    def _string(self) -> str:
        """A string, or strings joined with +."""
        made = []
        while (match := STRING.match(self.text, self.at)) is not None:
            self.at = match.end()
            made.append(_unescaped(next(part for part in match.groups() if part is not None)))
            following = JOINED.match(self.text, self.at)
            if following is None:
                return "".join(made)
            self.at = following.end()
        raise NoLiteral(self.text[self.at : self.at + 20])

    def _made(self, depth: int) -> Any:
        """`new Date('…')`, `decode('…')`: what is given to a function that makes a value of one value."""
        self.skip()
        if (name := NAME.match(self.text, self.at)) is not None:
            self.at = name.end()
        if self.skip() != "(":
            raise NoLiteral(self.text[self.at : self.at + 20])
        self.at += 1
        value = self.value(depth + 1)
        if self.skip() != ")":
            raise NoLiteral(self.text[self.at : self.at + 20])
        self.at += 1
        return value

    def _object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        made: dict[str, Any] = {}
        while self.skip() != "}":
            if (match := STRING.match(self.text, self.at)) is not None:
                key = next(part for part in match.groups() if part is not None)
            elif (match := KEY.match(self.text, self.at)) is not None:
                key = match[0]
            else:
                raise NoLiteral(self.text[self.at : self.at + 20])
            self.at = match.end()
            if self.skip() != ":":
                raise NoLiteral(key)
            self.at += 1
            made[key] = self.value(depth + 1)
            self._comma("}")
        self.at += 1
        return made

    def _array(self, depth: int) -> list[Any]:
        self.at += 1
        made: list[Any] = []
        while self.skip() != "]":
            made.append(self.value(depth + 1))
            self._comma("]")
        self.at += 1
        return made

    def _comma(self, end: str) -> None:
        head = self.skip()
        if head == ",":
            self.at += 1
        elif head != end:
            raise NoLiteral(self.text[self.at : self.at + 20])


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if m[1][0] in "ux" and len(m[1]) > 1 else PLAIN.get(m[1], m[1]), text)


def _unknown(_: str) -> None:
    return None


def read_literal(text: str, at: int = 0, lookup: Callable[[str], Any] | None = None, longest: int = LONGEST) -> Any:
    """The literal that begins at `at`, of no more than `longest` characters. `lookup` gives the value of a name. Raises NoLiteral for
    anything else."""
    return read_part(text, at, lookup, longest)[0]


def read_part(text: str, at: int = 0, lookup: Callable[[str], Any] | None = None, longest: int = LONGEST) -> tuple[Any, int]:
    """The same, and where it ends."""
    reader = _Reader(text[at : at + longest], 0, lookup or _unknown)
    value = reader.value()
    return value, at + reader.at
