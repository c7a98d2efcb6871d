"""The one font that pdfium is given for whatever a PDF does not hold itself: a box for every character.

Without it the text depends on the machine: pdfium leaves out upright and turned text whose font it cannot find, and measures every
character of a found one (ten times the cost of the rest). Text needs no shapes, only that a character has some size. Nothing is read
from the machine's own fonts. The font: one glyph of 1000 by 1000 units, a cmap of format 13 that gives it to all of Unicode.
"""

import base64
import ctypes
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

PACKED = (
    "c-oCou}T9$6r8<{Nfb2(6(m)J6zL=)X%vKffI>`Vqf0!K;?6r_0%xaPNF~<(fM8{1u(h;Q1RE^`(}*^9!a0}SfCd!j*xi}8Z};ZCg#a*yLr7%T"
    "Hx?F89#3<C$TPZKb(N2qOGSN5y;O4!cDrxgSL&Nc*KM^^P*+Ff=N!d41Bp%9Ab;k_)!k+wdt?x8PI1SpDr7K0eI0361wLYkQzxmjd&;%nQ_~&5"
    "iVjtLZ@)=jgjI?55qagf$UmHIrB*&5_3bZ(<y*7f0byJAq)#dJHTsP7LweBpoCSVD^dlDC=p75g;J?^~5oY`Y$!~m>0M_^!4?cpS^z6Wy@gn&m"
    "z<AUtB5&fB&b$wGMNf=`hBGsxnW>&#n@!KBWseW=IrrBNSW(ebE&AOabRa<`A!4J9#OX+L3zL{Cc|qB(wH(zz2_EYy!$u7)I8bQlH~Sr5iBwgE"
)
EAST_ASIAN = frozenset({128, 129, 130, 134, 136})  # character sets of Windows
NAME = b"Box\0"
ANY = 134


@cache
def give() -> tuple[Any, ...]:
    """Tell pdfium, once a process; what must live as long as it does."""
    from pypdfium2 import raw

    font = zlib.decompress(base64.b85decode("".join(PACKED)))
    info = raw.FPDF_SYSFONTINFO()
    info.version = 1
    kinds = dict(raw.FPDF_SYSFONTINFO._fields_)

    def copied(data: bytes, buffer: Any, size: int) -> int:
        if buffer and size >= len(data):
            ctypes.memmove(buffer, data, len(data))
        return len(data)

    answers: dict[str, Callable[..., Any]] = {
        "Release": lambda *_: None,
        "EnumFonts": lambda *_: None,
        "DeleteFont": lambda *_: None,
        "GetFont": lambda *_: None,
        "MapFont": lambda _this, _weight, _italic, charset, *_: 1 if charset in EAST_ASIAN else None,
        "GetFontData": lambda _this, _font, table, buffer, size: 0 if table else copied(font, buffer, size),
        "GetFaceName": lambda _this, _font, buffer, size: copied(NAME, buffer, size),
        "GetFontCharset": lambda *_: ANY,
    }
    held = [kinds[name](answer) for name, answer in answers.items()]
    for name, callback in zip(answers, held, strict=True):
        setattr(info, name, callback)
    raw.FPDF_SetSystemFontInfo(ctypes.byref(info))
    return (info, *held)
