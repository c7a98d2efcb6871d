"""A document's bytes → what it says: told what it is, read by its format, within limits. Whatever is wrong with it is a named result."""

import zipfile
from io import BytesIO

from crawler.parsers.attached import ofd, old, pdf, plain, sheets, slides, types, word
from crawler.parsers.attached.package import Package
from crawler.parsers.attached.said import NO_TEXT, AttachedText, Limits, Member, NoText, Reading, Section
from crawler.parsers.attachments import TYPES

OFFICE = {TYPES["docx"]: word.read, TYPES["xlsx"]: sheets.read, TYPES["pptx"]: slides.read}
BY_CALAMINE = frozenset({TYPES["xls"], "application/vnd.ms-excel.sheet.binary.macroenabled.12", f"{types.ODF}spreadsheet"})
OWN = {TYPES["docx"]: "docx 1", TYPES["xlsx"]: "xlsx 1", TYPES["pptx"]: "pptx 1", TYPES["ofd"]: "ofd 1"}
UNREAD = {
    TYPES["doc"]: "needs libreoffice",
    TYPES["ppt"]: "needs libreoffice",
    f"{types.ODF}text": "needs libreoffice",
    f"{types.ODF}presentation": "needs libreoffice",
    "application/x-ole-storage": "damaged, or an old Office file of an unknown kind",
    "application/x-ole-encrypted": "encrypted",
    "application/rtf": "RTF is not read",
    "application/vnd.rar": "RAR is not read",
    "application/x-7z-compressed": "7z is not read",
    "application/gzip": "gzip is not read",
    "application/x-ceb": "CEB is not read",
    "application/octet-stream": "an unknown format",
}
MACROS = ("vbaproject.bin", "/macrosheets/")
FOREIGN_NAMES = 0x800  # a zip member's flag: its name is UTF-8


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
        if kind == "application/zip":
            reader = "zip 1"
            sections, members = _archive(data, reading, depth)
        else:
            reader, sections = _sections(kind, data, header, reading)
        if not any(section.lines for section in sections) and not reading.cut:
            note = f"{NO_TEXT}{'empty' if not members else 'no member has text'}"
    except NoText as error:
        note = f"{NO_TEXT}{error}"
    except ModuleNotFoundError as error:
        note = f"{NO_TEXT}needs the extra `attachments` ({error.name})"
    if kind == "text/html" and types.named(name) not in (None, "text/html", "text/plain"):
        sections, note = (), f"{NO_TEXT}an HTML page in a document's place"
    return AttachedText(kind, len(data), reader, sections, members, note or reading.cut, tuple(reading.flags))


def _sections(kind: str, data: bytes, header: str, reading: Reading) -> tuple[str, tuple[Section, ...]]:
    """(what read it, its text) of anything but an archive. Raises NoText."""
    if kind == TYPES["pdf"]:
        return pdf.reader(), pdf.read(data, reading)
    if kind in OFFICE:
        return OWN[kind], _office(kind, data, reading)
    if kind == TYPES["ofd"]:
        return OWN[kind], ofd.read(Package(data, reading), reading)
    if kind in BY_CALAMINE:
        if kind != TYPES["xls"]:
            _weigh(Package(data, reading))
        return old.reader(), old.read(data, reading)
    if kind == "text/html":
        return "html 1", plain.read_html(data, header or None, reading)
    if kind == "text/csv":
        return "csv 1", plain.read_table(data, header or None, reading)
    if kind == "text/plain":
        return "text 1", plain.read_text(data, header or None, reading)
    raise NoText("image only" if kind.startswith("image/") else UNREAD.get(kind, "not read"))


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
def _archive(data: bytes, reading: Reading, depth: int) -> tuple[tuple[Section, ...], tuple[Member, ...]]:
    """The text of an archive's members, and all of them by name. A member that cannot be read is that member's note."""
    package = Package(data, reading)
    sections: list[Section] = []
    members: list[Member] = []
    for info in package.infos:
        name = member_name(info)
        if info.is_dir():
            continue
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":":
            reading.flag(f"a member named as if it stood elsewhere: {name}")
        note = ""
        if depth + 1 > reading.limits.depth:
            note = f"{NO_TEXT}archives within archives"
        elif reading.cut:
            note = f"{NO_TEXT}{reading.cut}"
        else:
            note = _member(package, info, name, sections, depth)
        members.append(Member(name, info.file_size, note))
    return tuple(sections), tuple(members)


def _member(package: Package, info: zipfile.ZipInfo, name: str, sections: list[Section], depth: int) -> str:
    """Read one; what is said of it."""
    try:
        inner = _read(package.bytes_of(info), name, "", package.reading, depth + 1)
    except NoText as error:
        return f"{NO_TEXT}{error}"
    for section in inner.sections:
        within = f"{name}!{section.within}" if section.within else name
        sections.append(Section(section.kind, section.name, section.lines, section.rows, section.tables, within))
    return inner.note


def member_name(info: zipfile.ZipInfo) -> str:
    """A member's name: UTF-8 where its flag says so, else what its bytes are, which Chinese programs write in GBK."""
    if info.flag_bits & FOREIGN_NAMES or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename
