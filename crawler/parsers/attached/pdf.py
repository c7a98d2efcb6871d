"""PDF by pdfium: text page by page. No script is run, no form filled in, nothing outside asked for."""

import re
from typing import Any

from crawler.parsers.attached.said import NoText, Reading, Section

SAMPLE = 200  # characters of a page that are asked whether their font says what they mean
UNMAPPED = re.compile("[\x00-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]")
HYPHENS = str.maketrans({"\x02": "", "\ufffe": "", "\uffff": ""})  # how pdfium marks a word broken at a line's end
PASSWORD = 4
IMAGE = 3
TO_LOOK_AT = 50  # pages that are asked for pictures where none has text


def reader() -> str:
    """What reads, with its version."""
    from pypdfium2 import version

    return f"pdf 1 (pypdfium2 {version.PYPDFIUM_INFO.version}, pdfium {version.PDFIUM_INFO.build})"


def read(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """The pages of a document. Raises NoText: encrypted, damaged, image only, fonts without a map."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise NoText("encrypted" if getattr(error, "err_code", 0) == PASSWORD else f"damaged: {error}") from error
    try:
        return _pages(document, reading)
    finally:
        document.close()


def _pages(document: Any, reading: Reading) -> tuple[Section, ...]:
    from pypdfium2 import raw

    if raw.FPDFDoc_GetJavaScriptActionCount(document.raw) > 0:
        reading.flag("scripts, not run")
    if (held := raw.FPDFDoc_GetAttachmentCount(document.raw)) > 0:
        reading.flag(f"holds files: {held}")
    found, silent, unmapped, count = [], [], [], len(document)
    for number in range(1, count + 1):
        if number > reading.limits.pages:
            reading.cut = f"cut: {reading.limits.pages} of {count} pages"
        if reading.cut:
            break
        text, is_mapped = _page(document, number - 1)
        lines = reading.kept(text.split("\n"))
        found.append(Section("page", str(number), lines if is_mapped else ()))
        if not is_mapped:
            unmapped.append(number)
        elif not lines:
            silent.append(number)
    if not any(section.lines for section in found):
        raise NoText(_why_none(document, count, unmapped))
    if unmapped:
        reading.flag(f"fonts without a map on pages {_listed(unmapped)}")
    if silent:
        reading.flag(f"no text on pages {_listed(silent)}")
    return tuple(found)


def _page(document: Any, place: int) -> tuple[str, bool]:
    """(its text, whether its fonts say what their characters mean); a page that cannot be opened has none."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        page = document[place]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return "", True
    try:
        text = text_page.get_text_range()
        asked = min(SAMPLE, text_page.count_chars())
        wrong = sum(raw.FPDFText_HasUnicodeMapError(text_page.raw, at) == 1 for at in range(asked))
    finally:
        text_page.close()
        page.close()
    plain = text.translate(HYPHENS).replace("\r\n", "\n").replace("\r", "\n")
    bad = len(UNMAPPED.findall(plain))
    return plain, wrong * 2 <= asked and bad * 4 <= len(plain)


def _why_none(document: Any, count: int, unmapped: list[int]) -> str:
    if unmapped:
        return "fonts without a map"
    for place in range(min(count, TO_LOOK_AT)):
        if any(item.type == IMAGE for item in _objects(document, place)):
            return "image only"
    return "empty pages"


def _objects(document: Any, place: int) -> list[Any]:
    import pypdfium2

    try:
        return list(document[place].get_objects(max_depth=3))
    except pypdfium2.PdfiumError:
        return []


def _listed(pages: list[int]) -> str:
    return ", ".join(map(str, pages[:20])) + (f" and {len(pages) - 20} more" if len(pages) > 20 else "")
