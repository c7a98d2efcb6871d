"""Where in a TOML text each key and value stands. tomllib reads the values and says no word of places; this walks the same valid text."""

import bisect
import re
import tomllib

Path = tuple[str | int, ...]

SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
BARE = re.compile(r"[A-Za-z0-9_-]+")
PLAIN = re.compile(r"[^,\]}\n#]*")
STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)


class Places:
    """`key(path)` and `value(path)` as (line, column), from 1; of a path that does not stand in the text, its nearest table's."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._found: dict[Path, tuple[int, int]] = {}
        self._counts: dict[Path, int] = {}
        self._walk()

    def key(self, path: Path) -> tuple[int, int]:
        """Where the key stands."""
        return self._at(self._nearest(path)[0])

    def value(self, path: Path) -> tuple[int, int]:
        """Where the value stands."""
        return self._at(self._nearest(path)[1])

    def offset(self, path: Path) -> int:
        """Where the value begins, in characters."""
        return self._nearest(path)[1]

    def end(self, path: Path) -> int:
        """Where the value ends, in characters; of a key that stands in the text."""
        return self._value(self._found[path][1], path, self._found[path][0])

    def has(self, path: Path) -> bool:
        """Does this path stand in the text?"""
        return path in self._found

    def _nearest(self, path: Path) -> tuple[int, int]:
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path, (0, 0))

    def _at(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    # -------------------------------------------------------------- the walk
    def _walk(self) -> None:
        base: Path = ()
        at = self._skip(0)
        while at < len(self.text):
            if self.text[at] == "[":
                base, at = self._table(at)
            else:
                at = self._pair(at, base)
            at = self._skip(at)

    def _skip(self, at: int) -> int:
        match = SKIP.match(self.text, at)
        return match.end() if match else at

    def _key(self, at: int) -> tuple[list[str], int]:
        """A dotted key."""
        parts: list[str] = []
        while True:
            at = self._skip(at)
            quoted = self.text[at] in "\"'"
            match = (STRING if quoted else BARE).match(self.text, at)
            assert match is not None
            parts.append(tomllib.loads(f"x = {match[0]}")["x"] if quoted else match[0])
            at = self._skip(match.end())
            if self.text[at : at + 1] != ".":
                return parts, at
            at += 1

    def _table(self, start: int) -> tuple[Path, int]:
        """A [table] or [[array of tables]] header."""
        array = self.text.startswith("[[", start)
        parts, at = self._key(start + 1 + array)
        base: Path = ()
        for number, part in enumerate(parts, 1):
            base += (part,)
            if array and number == len(parts):
                self._counts[base] = self._counts.get(base, -1) + 1
                depth = len(base)
                for old in [p for p in self._counts if len(p) > depth and p[:depth] == base]:
                    del self._counts[old]
            if base in self._counts:
                self._found.setdefault(base, (start, start))
                base += (self._counts[base],)
            self._found.setdefault(base, (start, start))
        return base, at + 1 + array

    def _pair(self, start: int, base: Path) -> int:
        parts, at = self._key(start)
        for number in range(1, len(parts)):  # a.b = 1 also makes a
            self._found.setdefault(base + tuple(parts[:number]), (start, start))
        return self._value(self._skip(at + 1), base + tuple(parts), start)

    def _value(self, at: int, path: Path, key: int) -> int:
        begin, first = at, self.text[at]
        if first == "[":
            at, number = self._skip(at + 1), 0
            while self.text[at] != "]":
                at = self._comma(self._value(at, (*path, number), at))
                number += 1
            at += 1
        elif first == "{":
            at = self._skip(at + 1)
            while self.text[at] != "}":
                at = self._comma(self._pair(at, path))
            at += 1
        else:
            match = (STRING if first in "\"'" else PLAIN).match(self.text, at)
            assert match is not None
            at = begin + len(match[0].rstrip())
        self._found[path] = (key, begin)
        return at

    def _comma(self, at: int) -> int:
        at = self._skip(at)
        return self._skip(at + 1) if self.text[at] == "," else at
