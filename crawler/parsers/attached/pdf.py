"""PDF by pdfium: text page by page. No script is run, no form filled in, nothing outside asked for."""

import re
from time import monotonic
from typing import Any

from crawler.parsers.attached.said import NoText, Reading, Section

SAMPLE = 200  # characters of a page that are asked whether their font says what they mean
UNMAPPED = re.compile("[\x00-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]")
HYPHENS = str.maketrans({"\x02": "", "\ufffe": "", "\uffff": ""})  # how pdfium marks a word broken at a line's end
PASSWORD = 4
IMAGE = 3
OCR = "read by OCR"  # whatever says it is a guess at what a picture shows
LEAST_SECONDS = 1.0
DOTS, MOST_DOTS = 200, 4000
TO_LOOK_AT = 50  # pages that are asked for pictures where none has text


def reader(reading: Reading | None = None) -> str:
    """What reads, with its version; where pictures are read, what reads those."""
    from pypdfium2 import version

    own = f"pdf 1 (pypdfium2 {version.PYPDFIUM_INFO.version}, pdfium {version.PDFIUM_INFO.build})"
    return f"{own}, {ocr_reader(reading)}" if reading is not None and reading.limits.ocr else own


def ocr_reader(reading: Reading) -> str:
    """What reads pictures, with its version and languages; empty where nobody asked for it."""
    if not reading.limits.ocr:
        return ""
    from crawler.parsers.attached import outside

    return f"ocr 1 (tesseract {outside.version_of(outside.tesseract())}, {reading.limits.ocr})" if outside.tesseract() else ""


def read_picture(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """A picture, by OCR where that is asked for. Raises NoText."""
    if not reading.limits.ocr:
        raise NoText("image only")
    from crawler.parsers.attached import outside

    lines = outside.seen(data, reading.limits.seconds, reading.limits.ocr)
    reading.flag(OCR)
    return (Section("page", "1", reading.kept(lines)),)


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
    if reading.limits.ocr and (silent or unmapped):
        _read_pictures(document, found, reading)
    if not any(section.lines for section in found):
        raise NoText(_why_none(document, count, unmapped))
    if unmapped:
        reading.flag(f"fonts without a map on pages {_listed(unmapped)}")
    if silent:
        reading.flag(f"no text on pages {_listed(silent)}")
    return tuple(found)


def _read_pictures(document: Any, found: list[Section], reading: Reading) -> None:
    """What OCR sees on the pages without text, as many of them as there is time for."""
    from crawler.parsers.attached import outside

    begun, failed = monotonic(), ""
    for place, section in enumerate(found):
        left = reading.limits.seconds - (monotonic() - begun)
        if section.lines or failed:
            continue
        if left < LEAST_SECONDS:
            reading.cut = f"cut: OCR of {place} of {len(found)} pages"
            break
        try:
            lines = outside.seen(_picture(document, place), left, reading.limits.ocr)
        except NoText as error:
            reading.flag(f"not read by OCR: page {section.name}: {error}")
            failed = str(error)
            continue
        found[place] = Section("page", section.name, reading.kept(lines))
        reading.flag(OCR)


def _picture(document: Any, place: int) -> bytes:
    """A page as a grey picture (PGM) of 200 dots an inch, no larger than is reasonable."""
    import pypdfium2

    try:
        page = document[place]
        scale = min(DOTS / 72, MOST_DOTS / max(1.0, *page.get_size()))
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    except pypdfium2.PdfiumError as error:
        raise NoText("damaged: a page that cannot be drawn") from error
    rows = bytes(bitmap.buffer)
    tight = b"".join(rows[at * bitmap.stride : at * bitmap.stride + bitmap.width] for at in range(bitmap.height))
    return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + tight


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
