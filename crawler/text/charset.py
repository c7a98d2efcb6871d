"""Bytes → text by the WHATWG standards: BOM, header, meta, then evidence; valid UTF-8 beats a wrong declaration. Never raises.

Where this leaves the standards, on purpose:
- valid UTF-8 wins over header and meta (saved pages say gb2312 and are UTF-8), except that a body declared in a multi-byte
  encoding whose only non-ASCII sequences are two bytes long stays what it says: 联通 in GBK is valid UTF-8;
- windows-1252, what servers say when nobody set anything, gives way to the page's own declaration and to evidence;
- the prescan reads 65,536 bytes, not 1,024: browsers find a late meta while parsing, and so do the cases of html5lib's suite;
- without any declaration the fallback is gb18030 or UTF-8, whichever loses less, never windows-1252;
- gb18030 and Big5 are CPython's codecs with what the standard's indexes have besides: all 23,940 and 19,782 two-byte pointers are read
  as the standard says.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cache

from crawler.text import big5, garbled

PRESCAN = 65_536
TAG = re.compile(rb"<(?:(?P<comment>!--)|(?P<meta>meta(?=[\t\n\f\r /]))|(?P<tag>/?[a-z])|[!/?])", re.IGNORECASE)
CHARSET = re.compile(rb"charset", re.IGNORECASE)
TAG_NAME_END = re.compile(rb"[\t\n\f\r >]")
ATTRIBUTE_NAME = re.compile(rb"[\t\n\f\r /]*(=?[^\t\n\f\r /=>]*)[\t\n\f\r ]*")
UNQUOTED = re.compile(rb"[^\t\n\f\r >]*")
CONTENT_CHARSET = re.compile(
    r"charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\"'\t\n\f\r ;][^\t\n\f\r ;]*)|.)", re.IGNORECASE | re.DOTALL
)
XML = re.compile(rb"""<\?xml[^>]{0,200}?encoding[\t\n\f\r ]*=[\t\n\f\r ]*["']([^"'>]{1,40})["']""")
HEADER = re.compile(r"""charset\s*=\s*["']?\s*([a-zA-Z0-9_:.-]+)""", re.IGNORECASE)
THREE_BYTES = re.compile(rb"[\xe0-\xf7]")
NOT_ASCII = re.compile("[^\x00-\x7f]")

NAMES = {  # labels of the Encoding standard, section 4.2, for the encodings met on these sites
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030 cp936",
    "big5": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
    "utf-16be": "unicodefffe utf-16be",
    "euc-kr": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
    "euc-jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "shift_jis": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "iso-2022-jp": "csiso2022jp iso-2022-jp",
    "iso-8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso-8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "windows-1250": "cp1250 windows-1250 x-cp1250",
    "windows-1251": "cp1251 windows-1251 x-cp1251",
    "windows-1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "
    "iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 x-user-defined",
}
CODECS = {"big5": "big5hkscs", "euc-kr": "cp949", "shift_jis": "cp932", "windows-1252": "cp1252", "windows-1250": "cp1250"}
MULTI_BYTE = frozenset({"gb18030", "big5", "euc-kr", "euc-jp", "shift_jis"})
NEAR, SURE = 1_000, 20  # bytes on each side of a fault, and how many characters outside ASCII there are enough to judge by

# CPython's gb18030 follows GB 18030-2000; the standard's index has characters where that has private use (20 pointers).
GB_INDEX = str.maketrans(
    "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\u3000︐︒︑︓︔︕︖︗︘︙ḿ龴龵龶龷龸龹龺龻",
)
BIG5_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]|[^\x81-\xfe]+|.", re.DOTALL)
BIG5_MARKS = {b"\xa2\x41": "∕", b"\xa2\x42": "﹨"}
BIG5_INDEX = str.maketrans("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡")  # none of these has a second pointer
PRIVATE = b"\xee"  # what U+E000 to U+EFFF begin with: one byte is found in a fiftieth of the time that the pattern takes
GB_PRIVATE = re.compile("[\ue5e5\ue78d-\ue796\ue7c7\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body's text and how it was read.

    `encoding` used; `declared` by BOM, server or page (None: nobody said); `why` one of bom, header, meta, utf-8 (valid UTF-8),
    ascii, evidence; `flags`: replaced (bytes became U+FFFD), contradicted (read as something else than declared), and what was done to
    the text before it was saved (`garbled`).
    """

    text: str
    encoding: str
    declared: str | None
    why: str
    flags: tuple[str, ...] = ()


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """The text of a decoded (unzipped) body, given its Content-Type header. Undecodable bytes become U+FFFD."""
    found = declared_encoding(body, content_type)
    declared, said_by = found or (None, "")
    if said_by == "bom":
        encoding, why = declared or "utf-8", "bom"
        text = _read(body[3 if encoding == "utf-8" else 2 :], encoding)
    else:
        text, encoding, why = _weigh(body, declared, said_by)
    flags = (["replaced"] if "\ufffd" in text else []) + (
        ["contradicted"] if declared not in (None, encoding) and why != "ascii" else []
    )
    flags += garbled.signs(text)
    return Decoded(text, encoding, declared, why, tuple(flags))


def _weigh(body: bytes, declared: str | None, said_by: str) -> tuple[str, str, str]:
    """(text, encoding, why) of a body without a BOM."""
    zeros = _utf16_by_zeros(body)
    if zeros:
        return _read(body, zeros), zeros, said_by if zeros == declared else "evidence"
    if declared == "iso-2022-jp" or (declared in ("utf-16le", "utf-16be") and b"\0" in body):
        return _read(body, declared), declared, said_by
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        return _not_utf8(body, declared, said_by, fault.start)
    if declared in (None, "utf-8"):
        return text, "utf-8", said_by or ("ascii" if text.isascii() else "utf-8")
    if text.isascii() and not declared.startswith("utf-16"):
        return text, declared, said_by
    if declared in MULTI_BYTE and not THREE_BYTES.search(body):
        return _read(body, declared), declared, said_by
    return text, "utf-8", "utf-8"


def _not_utf8(body: bytes, declared: str | None, said_by: str, fault: int) -> tuple[str, str, str]:
    """The same for a body that is no valid UTF-8 at offset `fault`."""
    if _is_utf8_around(body, fault):  # cut inside a character, or a few bad bytes in a page
        return body.decode("utf-8", "replace"), "utf-8", said_by if declared == "utf-8" else "utf-8"
    if declared not in (None, "utf-8", "windows-1252"):
        return _read(body, declared), declared, said_by
    utf8, chinese = body.decode("utf-8", "replace"), _read(body, "gb18030")
    if declared == "windows-1252" and not _is_chinese(chinese):
        return _read(body, declared), declared, said_by
    if _lost(chinese) < _lost(utf8):
        return chinese, "gb18030", "evidence"
    return utf8, "utf-8", said_by if declared == "utf-8" else "evidence"


def _is_utf8_around(body: bytes, fault: int) -> bool:
    """Is the text around a fault UTF-8 all the same? Other encodings read as UTF-8 lose nearly every character."""
    around = body[max(0, fault - NEAR) : fault + NEAR]
    text = around.decode("utf-8", "replace")
    return THREE_BYTES.search(around) is not None and _outside(text) >= SURE and _lost(text) < 0.2


def _lost(text: str) -> float:
    """Which share of the characters outside ASCII could not be read."""
    return text.count("\ufffd") / max(1, _outside(text))


def _outside(text: str) -> int:
    """How many characters outside ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def _is_chinese(text: str) -> bool:
    """Is most of what is not ASCII a GB 2312 character? Latin-1 accents read as GBK are single rare ones between letters."""
    outside = NOT_ASCII.findall(text)
    known = sum(1 for character in outside if character != "\ufffd" and garbled.is_common(character))
    return known * 10 >= len(outside) * 9


def _utf16_by_zeros(body: bytes) -> str | None:
    """Markup in UTF-16 without a BOM: every second byte of its start is zero, or of its tags where Chinese stands between them."""
    start = body[:256]
    even, odd = start[::2].count(0), start[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    tags = start.count(b"<\0") if odd > even else start.count(b"\0<")
    if most < 4 or (most * 4 < len(start) and tags < 3) or least * 8 > most:
        return None
    return "utf-16le" if odd > even else "utf-16be"


# ------------------------------------------------------------------ what is declared
@cache
def _labels() -> dict[str, str]:
    return {label: name for name, labels in NAMES.items() for label in labels.split()}


def named(label: str) -> str | None:
    """Our name for a label of the Encoding standard, None for one we do not know."""
    return _labels().get(label.strip("\t\n\f\r ").lower())


def declared_encoding(body: bytes, content_type: str | None = None) -> tuple[str, str] | None:
    """What BOM, header or page declare: (encoding, who said so: bom, header, meta), or None."""
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be")):
        if body.startswith(mark):
            return encoding, "bom"
    match = HEADER.search(content_type or "")
    header = named(match[1]) if match else None
    if header and header != "windows-1252":
        return header, "header"
    meta = prescan(body[:PRESCAN])
    if meta:
        return meta, "meta"
    return (header, "header") if header else None


def prescan(head: bytes) -> str | None:
    """The encoding a page's meta element (or XML declaration) names; HTML standard, 13.2.3.2."""
    xml = XML.match(head)
    if xml and (encoding := named(xml[1].decode("latin-1"))):
        return _byte_by_byte(encoding)
    at, word = 0, CHARSET.search(head)  # behind the last of them there is nothing to find
    while word is not None and (match := TAG.search(head, at)):
        if match["comment"]:
            end = head.find(b"-->", match.start() + 2)
            if end < 0:
                return None
            at = end + 3
        elif match["meta"] or match["tag"]:
            attributes, at = _attributes(head, match)
            if at < 0:
                return None
            encoding = _meta_encoding(attributes) if match["meta"] else None
            if encoding:
                return _byte_by_byte(encoding)
        else:
            end = head.find(b">", match.end())
            if end < 0:
                return None
            at = end + 1
        if at > word.start():
            word = CHARSET.search(head, at)
    return None


def _byte_by_byte(encoding: str) -> str:
    """A declaration that could be read byte by byte does not stand in UTF-16, whatever it says."""
    return "utf-8" if encoding.startswith("utf-16") else encoding


def _attributes(head: bytes, tag: re.Match[bytes]) -> tuple[dict[bytes, bytes], int]:
    """The attributes of the tag that starts here (of two of one name the first) and where it ends; -1 when it does not."""
    found: dict[bytes, bytes] = {}
    name_end = TAG_NAME_END.search(head, tag.end())
    if tag["meta"]:
        at = tag.end()
    elif name_end:
        at = name_end.start()
    else:
        return found, -1
    while match := ATTRIBUTE_NAME.match(head, at):
        name, at = match[1].lower(), match.end()
        if at >= len(head):
            break
        if not name:
            return found, at + 1  # this is the >
        value = b""
        if head[at : at + 1] == b"=":
            value, at = _value(head, at + 1)
            if at < 0:
                break
        found.setdefault(name, value)
    return found, -1


def _value(head: bytes, at: int) -> tuple[bytes, int]:
    """An attribute's value, quoted or not, and where it ends; -1 when the bytes end first."""
    while head[at : at + 1] in (b"\t", b"\n", b"\f", b"\r", b" "):
        at += 1
    quote = head[at : at + 1]
    if quote in (b'"', b"'"):
        end = head.find(quote, at + 1)
        return (head[at + 1 : end], end + 1) if end >= 0 else (b"", -1)
    match = UNQUOTED.match(head, at)
    if match is None or match.end() >= len(head):
        return b"", -1
    return match.group(), match.end()


def _meta_encoding(attributes: dict[bytes, bytes]) -> str | None:
    if b"charset" in attributes:
        return named(attributes[b"charset"].decode("latin-1"))
    if attributes.get(b"http-equiv", b"").lower() != b"content-type":
        return None
    match = CONTENT_CHARSET.search(attributes.get(b"content", b"").decode("latin-1"))
    label = match and (match[1] or match[2] or match[3])
    return named(label) if label else None


# ------------------------------------------------------------------ bytes
def _read(body: bytes, encoding: str) -> str:
    """The text in that encoding; faults replaced as the Encoding standard does."""
    if encoding == "big5":
        return _big5(body)
    text = body.decode(CODECS.get(encoding, encoding), _fault_handler())
    if encoding == "gb18030" and PRIVATE in text.encode("utf-8", "replace") and GB_PRIVATE.search(text):
        return text.translate(GB_INDEX)
    return text


def _big5(body: bytes) -> str:
    """Big5 by the standard's index. Two marks that CPython takes for others with pointers of their own are read apart."""
    pieces, start = [], 0
    if b"\xa2\x41" in body or b"\xa2\x42" in body:
        for pair in BIG5_PAIR.finditer(body):
            if pair[0] in BIG5_MARKS:
                pieces += [body[start : pair.start()].decode("big5hkscs", _fault_handler()), BIG5_MARKS[pair[0]]]
                start = pair.end()
    pieces.append(body[start:].decode("big5hkscs", _fault_handler()))
    return "".join(pieces).translate(BIG5_INDEX)


@cache
def _fault_handler() -> str:
    codecs.register_error("gongkai-replace", _fault)
    return "gongkai-replace"


def _fault(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for a lead byte and a trail byte that has no character; an ASCII trail byte is read again as itself.

    Encoding standard, 10.2.1 and 12.1.1. 0x80 is € in gb18030; the holes of windows code pages are control characters.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    lead, trail = error.object[error.start], error.object[error.start + 1 : error.start + 2]
    if error.encoding in ("gb18030", "big5hkscs"):
        if lead == 0x80 and error.encoding == "gb18030":
            return "€", error.start + 1
        known = big5.index().get(bytes((lead, *trail))) if error.encoding == "big5hkscs" else None
        if known:
            return known, error.start + 2
        if lead == 0xA3 and trail == b"\xe1" and error.encoding == "big5hkscs":
            return "€", error.start + 2
        if 0x81 <= lead <= 0xFE and trail >= b"\x80":
            return "\ufffd", error.start + 2
        return "\ufffd", error.start + 1
    if error.encoding in ("charmap", "cp1252", "cp1250"):
        return chr(lead), error.start + 1
    return "\ufffd", error.end
