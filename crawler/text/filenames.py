"""How a server calls a file: Content-Disposition (RFC 6266, RFC 8187) as it is really sent, and a name that names nothing on this machine.

Field values come as they are kept, one character a byte (latin-1). Met beside the standards, and read: raw bytes of GBK and UTF-8,
percent-encoded plain names, encoded words of mail (RFC 2047), names in pieces (RFC 2231), paths of the office's own disk.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import unquote_to_bytes, urlsplit

from crawler.text.charset import CODECS
from crawler.text.charset import named as encoding_of

ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
ENCODED_WORD = re.compile(r"=\?[\w-]+(?:\*[\w-]*)?\?[bqBQ]\?[^?]*\?=")
PARAMETER = re.compile(r"[\s;,]*([^\s=;,\"]+)\s*=\s*")
PIECE = re.compile(r"filename\*(\d{1,2})(\*?)", re.IGNORECASE)
EXTENDED = re.compile(r"([\w.:-]*)'[^']*'(.*)", re.DOTALL)
QUERY = re.compile(r"(?:^|[?&])(?:file_?name|name|title)=([^&]+)", re.IGNORECASE)
NO_NAME = frozenset({"", ".", ".."})
LONGEST = 200
MOST_PIECES = 50


@dataclass(frozen=True, slots=True)
class Said:
    """A name as it was sent. `rule`: extended, plain, pieces; `flags`: what was odd about it."""

    name: str
    rule: str
    flags: tuple[str, ...] = ()


def disposition(value: str) -> Said | None:
    """The file name of a Content-Disposition; None where it has none that can be read.

    `filename*` beats `filename` (RFC 6266, 4.3) unless it was lost on the way; of two of one kind the first counts, as in browsers.
    """
    found = list(_parameters(value[:10_000]))
    twice = [name for name in ("filename*", "filename") if len({said for key, said, _ in found if key == name}) > 1]
    flags = [f"{name} is said twice, and differently" for name in twice]
    offers = [
        *((_extended(said), "extended") for key, said, _ in found if key == "filename*"),
        *((text, "pieces") for text in _pieces(found)),
        *((_plain(said, is_quoted=is_quoted), "plain") for key, said, is_quoted in found if key == "filename"),
    ]
    read = [
        Said(cleaned, rule, (*flags, *_odd(text, cleaned))) for text, rule in offers if (cleaned := clean(text)) not in NO_NAME
    ]
    return next((said for said in read if not _is_lost(said.name)), None)


def of_address(url: str) -> str:
    """The name that a (canonical) address gives: a parameter that says so, else the end of its path; empty where there is none."""
    parts = urlsplit(url)
    if asked := QUERY.search(parts.query):
        name = clean(readable(unquote_to_bytes(asked[1].replace("+", " "))))
        if name not in NO_NAME:
            return name
    name = clean(readable(unquote_to_bytes(parts.path.rstrip("/").rpartition("/")[2])))
    return "" if name in NO_NAME else name


def clean(name: str) -> str:
    """One line without a path, control, format and bidi characters; its ending survives where it is too long."""
    shown = "".join(" " if each in "\t\r\n\x0b\x0c" else each for each in name)
    shown = "".join(each for each in shown if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    last = " ".join(shown.replace("\\", "/").rstrip("/ ").rpartition("/")[2].split())
    if len(last) <= LONGEST:
        return last
    stem, dot, ending = last.rpartition(".")
    return f"{stem[: LONGEST - len(ending) - 1]}.{ending}" if dot and len(ending) <= 8 else last[:LONGEST]


def readable(raw: bytes, charset: str = "") -> str:
    """Bytes of a name as text: as they say where that can be, else UTF-8, else GBK, else western European.

    What says it is Latin-1 is what nobody said anything about.
    """
    said = encoding_of(charset) if charset else None
    said = None if said == "windows-1252" else said
    for name in (said, "utf-8", "gb18030", "cp1252"):
        try:
            if name is not None:
                return raw.decode(CODECS.get(name, name))
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


# ------------------------------------------------------------------ parameters
def _parameters(value: str) -> Iterator[tuple[str, str, bool]]:
    """(name in lower case, value, was it quoted?) of each parameter; a value without quotes goes to the semicolon, blanks within."""
    at = 0 if re.match(r"[\s;]*[^\s=;]+\s*=", value) else max(0, value.find(";"))
    while match := PARAMETER.match(value, at):
        if value.startswith('"', match.end()):
            end = _closing(value, match.end() + 1)
            yield match[1].lower(), value[match.end() + 1 : end], True
            at = end + 1
        else:
            end = value.find(";", match.end())
            end = len(value) if end < 0 else end
            said = value[match.end() : end].strip()
            yield match[1].lower(), said[1:-1] if re.fullmatch("'.+'", said, re.DOTALL) else said, False
            at = end
        at = max(at, match.end())
        following = value.find(";", at)
        if following < 0:
            break
        at = following


def _closing(value: str, at: int) -> int:
    """The place of the quote that ends a quoted string: the first that is not escaped and has a semicolon, or nothing, behind it; a
    server that does not escape them has quotes within."""
    last = -1
    for match in re.finditer(r'\\"|"', value[at:]):
        place = at + match.start()
        if match[0] == '"':
            last = place
            if not (rest := value[place + 1 :].lstrip()) or rest[0] in ";,":
                return place
    return last if last >= 0 else len(value)


def _plain(said: str, *, is_quoted: bool) -> str:
    """Of `\\` only what escapes a quote or itself is an escape: the others divide a path of Windows."""
    if ENCODED_WORD.search(said):
        return _words(said)
    name = readable(said.encode("latin-1", "replace") if _is_bytes(said) else said.encode("utf-8", "replace"))
    name = re.sub(r'\\(["\\])', r"\1", name) if is_quoted else name  # behind the decoding: half of a GBK character may be one
    for _ in range(2):  # encoded, or encoded twice
        if "%" not in name or not name.isascii() or len(ESCAPE.findall(name)) != name.count("%"):
            break
        name = readable(unquote_to_bytes(name))
    return name


def _extended(said: str) -> str:
    """RFC 8187: charset'language'percent-encoded; servers leave out the first two."""
    match = EXTENDED.fullmatch(said)
    charset, text = (match[1], match[2]) if match else ("", said)
    raw = text.encode("latin-1", "replace") if _is_bytes(text) else text.encode("utf-8", "replace")
    name = readable(unquote_to_bytes(raw), charset)
    if name.isascii() and "%" in name and len(ESCAPE.findall(name)) == name.count("%") and "%25" in text:
        name = readable(unquote_to_bytes(name), charset)
    return name


def _pieces(found: list[tuple[str, str, bool]]) -> list[str]:
    """RFC 2231: filename*0, filename*1* … in their order, as one name."""
    held: dict[int, bytes] = {}
    charset = ""
    for key, said, _ in found[:MOST_PIECES]:
        if (match := PIECE.fullmatch(key)) is None:
            continue
        if match[2] and int(match[1]) == 0 and (extended := EXTENDED.fullmatch(said)):
            charset, said = extended[1], extended[2]
        raw = said.encode("latin-1", "replace")
        held.setdefault(int(match[1]), unquote_to_bytes(raw) if match[2] else raw)
    return [readable(b"".join(held[number] for number in sorted(held)), charset)] if 0 in held else []


def _words(text: str) -> str:
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(piece if isinstance(piece, str) else readable(piece, charset or "") for piece, charset in pieces)


def _is_bytes(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _is_lost(name: str) -> bool:
    """A name whose characters a server could not write: ???.pdf."""
    stem = name.rpartition(".")[0] or name
    return not stem.strip("?\ufffd_ ") and ("?" in stem or "\ufffd" in stem)


def _odd(text: str, cleaned: str) -> list[str]:
    found = []
    if "/" in text or "\\" in text:
        found.append("a path in the file name")
    if any(unicodedata.category(each) in ("Cc", "Cf") for each in text):
        found.append("control or direction marks in the file name")
    return [*found, "characters of the file name were lost"] if "\ufffd" in cleaned else found
