"""Object and array literals of JavaScript → Python values. A reader of literals, not a runner of scripts; names are looked up by the caller."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SKIP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
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
        if (match := STRING.match(self.text, self.at)) is not None:
            self.at = match.end()
            return _unescaped(match[1] if match[1] is not None else match[2])
        if (match := NUMBER.match(self.text, self.at)) is not None:
            self.at = match.end()
            return float(match[0]) if "." in match[0] else int(match[0])
        if (match := NAME.match(self.text, self.at)) is not None:
            self.at = match.end()
            return WORDS[match[0]] if match[0] in WORDS else self.lookup(match[0])
        raise NoLiteral(self.text[self.at : self.at + 20])

    def _object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        made: dict[str, Any] = {}
        while self.skip() != "}":
            if (match := STRING.match(self.text, self.at)) is not None:
                key = match[1] if match[1] is not None else match[2]
            elif (match := re.compile(r"[\w$-]+").match(self.text, self.at)) is not None:
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


def read_literal(text: str, at: int = 0, lookup: Callable[[str], Any] | None = None) -> Any:
    """The literal that begins at `at`. `lookup` gives the value of a name. Raises NoLiteral for anything else."""
    return _Reader(text[: at + LONGEST], at, lookup or _unknown).value()
