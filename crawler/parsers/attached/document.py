"""A document's bytes → what it says: told what it is, read by its format, within limits. Whatever is wrong with it is a named result."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

from crawler.parsers.attached import archives, mail, ofd, old, opendocument, pdf, plain, sheets, slides, types, word, xml2003
from crawler.parsers.attached.limits import Limits
from crawler.parsers.attached.package import Package
from crawler.parsers.attached.said import NO_TEXT, AttachedText, Member, NoText, Reading, Section
from crawler.parsers.media import TYPES

OFFICE = {TYPES["docx"]: word.read, TYPES["xlsx"]: sheets.read, TYPES["pptx"]: slides.read}
BY_CALAMINE = frozenset({TYPES["xls"], types.XLSB})
OPEN = {  # templates and masters are read like what is made of them
    f"{types.ODF}{kind}{form}": reader
    for kind, reader in (("text", "odt 1"), ("presentation", "odp 1"), ("spreadsheet", "ods 1"))
    for form in ("", "-template", "-master")
}
ARCHIVES = frozenset(
    {"application/zip", "application/vnd.rar", "application/x-7z-compressed", "application/x-tar", *archives.PACKED}
)
OWN = {
    TYPES["docx"]: "docx 1", TYPES["xlsx"]: "xlsx 1", TYPES["pptx"]: "pptx 1", TYPES["ofd"]: "ofd 1", TYPES["doc"]: "doc 1",
    "application/rtf": "rtf 1", **OPEN, "application/zip": "zip 1", "application/x-tar": "tar 1", "application/vnd.rar": "rar 1 (rars {rars})",
    "application/x-7z-compressed": "7z 1 (py7zr {py7zr})", "multipart/related": "mhtml 1", types.WORD_XML: "word xml 1", types.EXCEL_XML: "excel xml 1",
}  # fmt: skip
BY_OFFICE = {
    TYPES["ppt"]: ("ppt", TYPES["pptx"], "pptx"),
    TYPES["doc"]: ("doc", TYPES["docx"], "docx:Office Open XML Text"),
    types.WORKS: ("wps", TYPES["docx"], "docx:Office Open XML Text"),
}
UNREAD = {
    "application/x-ole-storage": "damaged, or an old Office file of an unknown kind",
    "application/x-ole-encrypted": "encrypted",
    "application/x-ceb": "CEB is not read",
    "application/octet-stream": "an unknown format",
}
MACROS = ("vbaproject.bin", "/macrosheets/")
NEEDS_OFFICE = "needs libreoffice"


def read(data: bytes, name: str = "", header: str = "", limits: Limits | None = None) -> AttachedText:
    """What a document says. `name`: as it is called, `header`: its Content-Type; neither decides what it is, both are compared with it."""
    reading = Reading(limits or Limits())
    return _read(data, name, header, reading, 0)


def _read(data: bytes, name: str, header: str, reading: Reading, depth: int) -> AttachedText:
    if not data:
        return AttachedText("application/x-empty", 0, note=f"{NO_TEXT}empty")
    if len(data) > reading.limits.size:
        return AttachedText("application/octet-stream", len(data), note=f"{NO_TEXT}more than {reading.limits.size >> 20} MiB")
    kind = types.type_of(data, _members(data), name, header)
    for said in types.disagreements(kind, name, header):
        reading.flag(said)
    members: tuple[Member, ...] = ()
    sections: tuple[Section, ...] = ()
    reader, note = "", ""
    try:
        if kind in ARCHIVES:
            reader = _versioned(OWN.get(kind, "packed 1"))
            sections, members = _archive(kind, data, name, reading, depth)
        else:
            reader, sections = _sections(kind, data, (name, header), reading)
        if not any(section.lines for section in sections) and not reading.cut:
            note = f"{NO_TEXT}{'empty' if not members else 'no member has text'}"
    except NoText as error:
        note = f"{NO_TEXT}{error}"
    except ModuleNotFoundError as error:
        note = f"{NO_TEXT}needs the extra `attachments` ({error.name})"
    if (
        kind == "text/html"
        and types.named(name) not in (None, "text/html", "text/plain")
        and not types.is_exported(data, name, header)
    ):
        sections, note = (), f"{NO_TEXT}an HTML page in a document's place"
    return AttachedText(kind, len(data), reader, sections, members, note or reading.cut, tuple(reading.flags))


def _sections(kind: str, data: bytes, said: tuple[str, str], reading: Reading) -> tuple[str, tuple[Section, ...]]:
    """(what read it, its text) of anything but an archive. Raises NoText."""
    if kind == TYPES["pdf"]:
        return pdf.reader(reading), pdf.read(data, reading)
    if kind in OFFICE:
        return OWN[kind], _office(kind, data, reading)
    if kind in BY_CALAMINE:
        if kind == types.XLSB:
            _weigh(Package(data, reading))
        return old.reader(), old.read(data, reading)
    if kind in BY_OFFICE:
        return _old(kind, data, reading)
    if kind.startswith("image/"):
        return pdf.ocr_reader(reading), pdf.read_picture(data, reading)
    if (reader := _readers(said[1] or None).get(kind)) is not None:
        return OWN.get(kind, f"{kind.partition('/')[2]} 1"), reader(data, reading)
    raise NoText(UNREAD.get(kind, "not read"))


def _readers(header: str | None) -> dict[str, Callable[[bytes, Reading], tuple[Section, ...]]]:
    """What reads a type by its bytes alone, and by the encoding that the header says."""
    from crawler.parsers.attached import rtf

    return {
        TYPES["ofd"]: lambda data, reading: ofd.read(Package(data, reading), reading),
        "application/rtf": rtf.read,
        "multipart/related": mail.read,
        types.WORD_XML: xml2003.read_word,
        types.EXCEL_XML: xml2003.read_excel,
        "text/html": lambda data, reading: plain.read_html(data, header, reading),
        "text/csv": lambda data, reading: plain.read_table(data, header, reading),
        "text/plain": lambda data, reading: plain.read_text(data, header, reading),
        **{kind: lambda data, reading: opendocument.read(Package(data, reading), reading) for kind in OPEN},
    }


def _versioned(reader: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    for library in ("rars", "py7zr"):
        if f"{{{library}}}" in reader:
            try:
                return reader.format(**{library: version(library)})
            except PackageNotFoundError:
                return reader.partition(" (")[0]
    return reader


def _old(kind: str, data: bytes, reading: Reading) -> tuple[str, tuple[Section, ...]]:
    """Old Word files, by our reader as far as it goes; what else an office wrote, by LibreOffice."""
    if kind == TYPES["doc"]:
        from crawler.parsers.attached import binaryword

        try:
            return OWN[kind], binaryword.read(data, reading)
        except NoText as error:
            if not str(error).startswith(NEEDS_OFFICE):
                raise
    from crawler.parsers.attached import outside

    ending, made, to = BY_OFFICE[kind]
    sections = _office(made, outside.converted(data, ending, to, reading), reading)
    return f"{OWN[made]} (libreoffice {outside.version_of(outside.office())})", sections


def _members(data: bytes) -> frozenset[str]:
    """The names in a zip file, in lower case; none where it is no zip, or damaged."""
    if not data.startswith(b"PK"):
        return frozenset()
    try:
        with zipfile.ZipFile(BytesIO(data)) as held:
            return frozenset(name.replace("\\", "/").lower() for name in held.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError):
        return frozenset()


def _office(kind: str, data: bytes, reading: Reading) -> tuple[Section, ...]:
    package = Package(data, reading)
    if any(mark in info.filename.lower() for info in package.infos for mark in MACROS):
        reading.flag("macros, not run")
    main = next((target for what, target in package.relations("").values() if what == "officeDocument"), "")
    expected = next(part for part, said in types.PARTS if said == kind)
    return OFFICE[kind](package, main if package.has(main) else expected, reading)


def _weigh(package: Package) -> None:
    """Unpack everything once, so that no bomb reaches a library that does not count."""
    for info in package.infos:
        package.bytes_of(info)
    package.reading.unpacked = 0


# ------------------------------------------------------------------ archives
def _archive(kind: str, data: bytes, name: str, reading: Reading, depth: int) -> tuple[tuple[Section, ...], tuple[Member, ...]]:
    """The text of an archive's members, and all of them by name. A member that cannot be read is that member's note."""
    sections: list[Section] = []
    members: list[Member] = []
    for entry in archives.entries(kind, data, name, reading):
        if entry.is_folder:
            continue
        if is_elsewhere(entry.name):
            reading.flag(f"a member named as if it stood elsewhere: {entry.name}")
        if depth + 1 > reading.limits.depth:
            note = f"{NO_TEXT}archives within archives"
        elif reading.cut:
            note = f"{NO_TEXT}{reading.cut}"
        else:
            note = _member(entry, sections, reading, depth)
        members.append(Member(entry.name, entry.size, note))
    return tuple(sections), tuple(members)


def is_elsewhere(name: str) -> bool:
    """Does a member's name climb out of its archive, or begin at a root?"""
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"


def _member(entry: archives.Entry, sections: list[Section], reading: Reading, depth: int) -> str:
    """Read one; what is said of it."""
    try:
        inner = _read(entry.read(), entry.name, "", reading, depth + 1)
    except NoText as error:
        return f"{NO_TEXT}{error}"
    for section in inner.sections:
        within = f"{entry.name}!{section.within}" if section.within else entry.name
        sections.append(replace(section, within=within))
    return inner.note
