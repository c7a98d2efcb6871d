"""What people read: results on stdout, notes on stderr; `--json` is JSON Lines on stdout and nothing else.

Nothing from a page reaches a terminal unescaped; Chinese widths are counted; times are Beijing time, said once.
"""

import json
import math
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from crawler.cli import streams, typed, words
from crawler.text import beijing

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PIECE = re.compile(r"[\u2e80-\uffef]\s*|[^\s\u2e80-\uffef]+\s*|\s+")  # what a line may be broken behind
WIDE = 240  # columns of what is no terminal


def plain(stream: TextIO) -> bool:
    """Goes this to a file or a pipe, where nothing is styled? Then rich is not even imported: it takes longer than a search."""
    return not stream.isatty() and not os.environ.get("FORCE_COLOR")


def out() -> Any:
    """Results. Not wrapped when it is no terminal, so that lines stay lines."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def err() -> Any:
    """Progress and notes."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def safe(written: object) -> str:
    """Text from a page, harmless in a terminal."""
    return CONTROL.sub("\ufffd", str(written))


def note(message: str) -> None:
    """A line on stderr, in the language that is spoken; commands in it as they can be typed here."""
    message = typed.suggested(words.said(message))
    if plain(sys.stderr):
        sys.stderr.write(f"{safe(message)}\n")
        return
    from rich.text import Text

    err().print(Text(safe(message)))


def say(message: str = "", style: str = "") -> None:
    """A line on stdout, as it is: what stands in the archive."""
    pieces([(message, style)])


def tell(message: str, style: str = "") -> None:
    """A sentence on stdout, in the language that is spoken."""
    say(words.said(message), style)


def pieces(line: Sequence[tuple[str, str]]) -> None:
    """A line on stdout of several styles: (text, style)."""
    if plain(sys.stdout):
        streams.emit("".join(safe(text) for text, _ in line) + "\n")
        return
    from rich.text import Text

    out().print(Text.assemble(*((safe(text), style) for text, style in line)))


def json_line(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    streams.emit(json_text(value))


def json_text(value: Mapping[str, Any], *, everything: bool = False) -> str:
    """One JSON object as a line; escaped where stdout does not take every character and this is not for where `everything` goes."""
    escaped = not everything and not streams.takes_everything(sys.stdout)
    try:
        written = json.dumps(value, ensure_ascii=escaped, allow_nan=False)
    except ValueError:
        written = json.dumps(_finite(value), ensure_ascii=escaped, allow_nan=False)
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", written) + "\n"


def _finite(value: Any) -> Any:
    """What JSON has no number for as a word, as PostgreSQL writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {name: _finite(held) for name, held in value.items()}
    return [_finite(held) for held in value] if isinstance(value, list | tuple) else value


def when(at: int | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment in Beijing time."""
    return "-" if at is None else beijing.beijing(at, form)


def iso(at: int | None) -> str | None:
    """A moment in JSON: ISO 8601, UTC."""
    return beijing.iso(at)


def plural(count: int, what: str, many: str = "") -> str:
    """So many of something."""
    return f"{count} {what}" if count == 1 else f"{count} {many or what + 's'}"


def size(count: int) -> str:
    """Bytes for people."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def fit(written: str, width: int) -> str:
    """Cut or padded to so many columns; a Chinese character is two."""
    from rich.cells import cell_len

    shown = safe(written).replace("\n", " ").replace("\t", " ")
    if cell_len(shown) > width:
        while cell_len(shown) > width - 1:
            shown = shown[:-1]
        shown += "…"
    return shown + " " * (width - cell_len(shown))


def columns(written: str) -> int:
    """How many columns a text takes; a Chinese character is two."""
    from rich.cells import cell_len

    return cell_len(written)


def coloured() -> bool:
    """Do styles show on standard output?"""
    return not plain(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns of the terminal; of what is none, as many as COLUMNS says, else plenty."""
    return max(40, shutil.get_terminal_size((WIDE, 24)).columns)


def wrapped(message: str, indent: int = 0, style: str = "") -> None:
    """A sentence on stdout, as `tell`, that goes on below its beginning where it is longer than the terminal is wide."""
    lines = folded(safe(words.said(message)).replace("\n", " "), width() - indent)
    for line in lines or [""]:
        say(" " * indent + line, style)


def folded(text: str, room: int) -> list[str]:
    """Lines of at most so many columns, broken at spaces and between Chinese characters; a longer word is broken anywhere."""
    from rich.cells import cell_len

    room, lines, line, used = max(room, 20), [], "", 0
    for piece in PIECE.findall(text):
        if used + cell_len(piece.rstrip()) > room and line:
            lines.append(line.rstrip())
            line, used = "", 0
        while cell_len(piece.rstrip()) > room:
            lines.append(piece[:room])
            piece = piece[room:]
        line, used = line + piece, used + cell_len(piece)
    return [*lines, line.rstrip()] if line.strip() else lines


def table(rows: Sequence[Sequence[str]], widths: Sequence[int], style: str = "") -> None:
    """Rows in columns; the last column is as long as it is."""
    for row in rows:
        cells = [fit(cell, width) for cell, width in zip(row, widths, strict=False)] + [safe(cell) for cell in row[len(widths) :]]
        say("  ".join(cells).rstrip(), style)
