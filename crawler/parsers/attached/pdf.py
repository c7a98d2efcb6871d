"""PDF by pdfium: text page by page. No script is run, no form filled in, nothing outside asked for."""

import re
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic
from typing import Any

from crawler.parsers.attached import boxfont, ruled
from crawler.parsers.attached.said import NoText, Placed, Reading, Section

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

    boxfont.give()
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
        said = _page(document, number - 1, reading)
        is_mapped = said.is_mapped
        lines, tables = _kept(said, reading)
        found.append(Section("page", str(number), lines if is_mapped else (), tables=tables if is_mapped else ()))
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


@dataclass(frozen=True, slots=True)
class _Said:
    """A page: its lines, tables by the place of their first line, whether its fonts say what their characters mean."""

    lines: list[str]
    tables: tuple[Placed, ...] = ()
    is_mapped: bool = True


def _page(document: Any, place: int, reading: Reading) -> _Said:
    """What a page says; one that cannot be opened says nothing."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        page = document[place]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return _Said([])
    try:
        told = text_page.get_text_range()
        text = _plain(told)
        asked = min(SAMPLE, text_page.count_chars())
        wrong = sum(raw.FPDFText_HasUnicodeMapError(text_page.raw, at) == 1 for at in range(asked))
        bad = len(UNMAPPED.findall(text))
        if wrong * 2 > asked or bad * 4 > len(text):
            return _Said([], is_mapped=False)
        return _with_tables(page, text_page, text, reading) or _Said(_upright(told, text_page) or text.split("\n"))
    finally:
        text_page.close()
        page.close()


def _plain(text: str) -> str:
    return text.translate(HYPHENS).replace("\r\n", "\n").replace("\r", "\n")


def _upright(told: str, text_page: Any) -> list[str] | None:
    """The lines of a page that is written from the top down, from its right to its left; None where it is not. pdfium gives them from
    the left. `told`: as pdfium gives it, a character a place of its own."""
    lines, at = [], 0
    for line in told.split("\n"):
        if len(line.strip()) > 1:
            lines.append((at, line))
        at += len(line) + 1
    if not lines or not _goes_down(text_page, lines[0][0]) or any(character > "\uffff" for character in told):
        return None
    columns = [(text_page.get_charbox(place)[0], line) for place, line in lines if _goes_down(text_page, place)]
    if len(columns) < len(lines):
        return None
    return [_plain(line).strip("\n") for _, line in sorted(columns, key=lambda column: -column[0])]


def _goes_down(text_page: Any, place: int) -> bool:
    """Does the second character of a line stand below its first?"""
    left, bottom, right, top = text_page.get_charbox(place)
    other = text_page.get_charbox(place + 1)
    return bool(abs(other[0] - left) < (right - left) / 2 and (other[1] + other[3]) / 2 < bottom + (top - bottom) / 8)


def _with_tables(page: Any, text_page: Any, text: str, reading: Reading) -> _Said | None:
    """The page with each ruled table's rows as lines; None where there is none, or where text would be lost or stand elsewhere."""
    if not text.strip() or page.get_rotation():
        return None
    tables = ruled.tables_in(ruled.rules_of(page))
    if not tables or any(one.rows[-1] < other.rows[0] for one, other in pairwise(tables)):
        return None
    left, bottom, right, top = page.get_bbox()
    lines: list[str] = []
    placed: list[Placed] = []
    upper, room = top, reading.limits.cells - reading.cells
    for table in tables:
        lines += _bounded(text_page, left, table.rows[0], right, upper).split("\n")
        boxes = table.boxes()
        room -= len(table.cells) * len(table.cells[0])
        if room < 0:
            return None
        texts = {number: _cell(_bounded(text_page, *box)) for number, box in boxes.items()}
        placed.append((len(lines), table.grid(texts)))
        lines += table.lines(texts)
        upper = table.rows[-1]
    lines += _bounded(text_page, left, bottom, right, upper).split("\n")
    whole, own = len("".join(text.split())), len("".join("".join(lines).split()))
    return _Said(lines, tuple(placed)) if abs(whole - own) * 100 <= whole else None


def _bounded(text_page: Any, left: float, bottom: float, right: float, top: float) -> str:
    return _plain(text_page.get_text_bounded(left, bottom, right, top)) if top > bottom and right > left else ""


def _cell(text: str) -> str:
    """A cell's text on one line; between Chinese characters a line's end is nothing."""
    found = ""
    for line in filter(None, (each.strip() for each in text.split("\n"))):
        found += line if not found or (found[-1] > "\u2e7f" and line[0] > "\u2e7f") else f" {line}"
    return " ".join(found.split())


def _kept(said: _Said, reading: Reading) -> tuple[tuple[str, ...], tuple[Placed, ...]]:
    """(lines there is room for, tables with the places that their first lines then have)."""
    if not said.tables:
        return reading.kept(said.lines), ()
    lines: list[str] = []
    tables: list[Placed] = []
    begin = 0
    for at, grid in said.tables:
        lines += reading.kept(said.lines[begin:at])
        tables.append((len(lines), grid))
        reading.cells += sum(map(len, grid))
        begin = at
    return tuple(lines) + reading.kept(said.lines[begin:]), tuple(tables)


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
