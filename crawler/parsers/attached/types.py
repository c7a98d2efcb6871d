"""What a document is, by its bytes alone; and whether its name and its header say the same."""

import re

from crawler.parsers.attached import compound
from crawler.parsers.attachments import ENDING, KINDS, TYPES
from crawler.text.charset import decode

XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
WORD_XML, EXCEL_XML = "application/vnd.ms-word.2003+xml", "application/vnd.ms-excel.2003+xml"
WORKS = "application/vnd.ms-works"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAGIC = (
    (b"{\\rtf", "application/rtf"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"Founder CEB", "application/x-ceb"),
)
PARTS = (  # a member's name, in lower case, that only one format has
    ("word/document.xml", TYPES["docx"]),
    ("xl/workbook.xml", TYPES["xlsx"]),
    ("xl/workbook.bin", XLSB),
    ("ppt/presentation.xml", TYPES["pptx"]),
    ("ofd.xml", TYPES["ofd"]),
)
ODF = "application/vnd.oasis.opendocument."
FOLDERS = (("word/", TYPES["docx"]), ("xl/", TYPES["xlsx"]), ("ppt/", TYPES["pptx"]))  # where a producer has names of its own
STREAMS = (  # names of streams in an old Office file (MS-DOC, MS-XLS, MS-PPT, MS-OFFCRYPTO), UTF-16LE
    ("EncryptedPackage", "application/x-ole-encrypted"),
    ("WordDocument", TYPES["doc"]),
    ("PowerPoint Document", TYPES["ppt"]),
    ("Workbook", TYPES["xls"]),
    ("Book", TYPES["xls"]),
    ("CONTENTS", WORKS),
    ("MatOST", WORKS),
)
OFFICE_XML = (  # how the XML of Office 2003 begins
    (re.compile(rb'progid\s*=\s*["\']Word\.Document|schemas\.microsoft\.com/office/word/2003/wordml', re.IGNORECASE), WORD_XML),
    (
        re.compile(
            rb'progid\s*=\s*["\']Excel\.Sheet|<(?:\w+:)?Workbook[^>]*urn:schemas-microsoft-com:office:spreadsheet', re.IGNORECASE
        ),
        EXCEL_XML,
    ),
)
MAIL = re.compile(rb"(?:[\w-]{1,40}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){1,40}?", re.ASCII)
RELATED = re.compile(rb"^content-type:\s*multipart/(?:related|alternative|mixed)", re.IGNORECASE | re.MULTILINE)
EXPORTED = re.compile(  # marks of Office's own HTML
    rb"urn:schemas-microsoft-com:office:|<meta[^>]{0,80}\b(?:ProgId|Generator)\b[^>]{0,80}(?:Word|Excel|PowerPoint|WPS|Kingsoft)|<x:ExcelWorkbook",
    re.IGNORECASE,
)
ROW_OF_CELLS = re.compile(
    rb"<tr\b[^>]*>(?:(?!</tr).){0,20000}?<t[dh]\b(?:(?!</tr).){0,20000}?<t[dh]\b", re.IGNORECASE | re.DOTALL
)
HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|meta|title|div|p|table)\b",
    re.IGNORECASE | re.DOTALL,
)
SAME = {  # what offices call one thing
    "application/vnd.ms-works": TYPES["doc"],
    "message/rfc822": "multipart/related",
    "application/x-mimearchive": "multipart/related",
    "application/x-tgz": "application/gzip",
    "application/x-gzip": "application/gzip",
    "application/x-bzip": "application/x-bzip2",
    "application/kswps": TYPES["doc"],
    "application/wps-office.wps": TYPES["doc"],
    "application/wps-office.et": TYPES["xls"],
    "application/wps-office.docx": TYPES["docx"],
    "application/wps-office.xlsx": TYPES["xlsx"],
    "application/x-zip-compressed": "application/zip",
    "application/x-pdf": "application/pdf",
    "text/rtf": "application/rtf",
    "application/csv": "text/csv",
    "application/xhtml+xml": "text/html",
    "application/x-rar-compressed": "application/vnd.rar",
    "image/jpg": "image/jpeg",
}
ANYTHING = frozenset(
    {
        "",
        "application/octet-stream",
        "application/x-download",
        "application/force-download",
        "application/download",
        "application/x-msdownload",
        "binary/octet-stream",
        "application/unknown",
        "multipart/form-data",
    }
)


def type_of(data: bytes, members: frozenset[str], name: str, header: str) -> str:
    """The media type of these bytes. `members`: of a zip file, in lower case; name and header decide only between kinds of plain text."""
    if data.startswith(b"PK\x03\x04") or members:
        return _packed(data, members)
    if b"%PDF-" in data[:1024]:
        return TYPES["pdf"]
    if data.startswith(OLE):
        return _ole(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[257:262] == b"ustar":
        return "application/x-tar"
    for mark, kind in MAGIC:
        if data.startswith(mark) and (mark != b"BM" or b"\0" in data[:16]):
            return kind
    return _text(data, name, header)


def _packed(data: bytes, members: frozenset[str]) -> str:
    if "mimetype" in members and (at := data[:200].find(ODF.encode())) >= 0:
        kind = re.match(rb"[a-z.\-]+", data[at + len(ODF) : at + len(ODF) + 40])
        return ODF + (kind[0].decode().removesuffix("PK") if kind else "unknown")
    found = next((kind for part, kind in PARTS if part in members), None)
    if found is None and "[content_types].xml" in members:
        found = next((kind for folder, kind in FOLDERS if any(name.startswith(folder) for name in members)), None)
    return found or "application/zip"


def _ole(data: bytes) -> str:
    if names := compound.names_of(data):
        return next((kind for stream, kind in STREAMS if stream in names), "application/x-ole-storage")
    return next((kind for stream, kind in STREAMS if stream.encode("utf-16-le") in data), "application/x-ole-storage")


def _text(data: bytes, name: str, header: str) -> str:
    head = data[:4096]
    if (
        b"\0" in head
        and not head.startswith((b"\xff\xfe", b"\xfe\xff"))
        and head[::2].count(0) * 3 < len(head)
        and head[1::2].count(0) * 3 < len(head)
    ):
        return "application/octet-stream"
    for mark, kind in OFFICE_XML:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml") and mark.search(head):
            return kind
    if (fields := MAIL.match(head.lstrip(b"\r\n"))) and RELATED.search(head) and b"mime-version" in head.lower() and fields:
        return "multipart/related"
    text = decode(head).text
    if HTML.match(text.lstrip("\ufeff")):
        return "text/html"
    if sum(character < " " and character not in "\t\r\n\f\x1b" for character in text) * 20 > len(text):
        return "application/octet-stream"
    said = (named(name), essence(header))
    return "text/csv" if "text/csv" in said or (TYPES["xls"] in said and "\t" in text) else "text/plain"


def is_exported(data: bytes, name: str, header: str) -> bool:
    """Is an HTML file an office's document all the same: saved by Office as a page, or a table that a program calls a workbook?

    What is sent as HTML, without such marks, is the page that a server shows instead.
    """
    if EXPORTED.search(data[:65_536]):
        return True
    is_sheet = TYPES["xls"] in (named(name), essence(header)) and essence(header) != "text/html"
    return is_sheet and ROW_OF_CELLS.search(data[:1_000_000]) is not None


def essence(header: str) -> str:
    """A Content-Type without its parameters, by the name we have for it."""
    kind = header.partition(";")[0].strip().lower()
    return SAME.get(kind, kind)


def named(name: str) -> str | None:
    """The type a name's ending stands for."""
    found = [KINDS[match[1].lower()] for match in ENDING.finditer(name) if match[1].lower() in KINDS]
    kind = found[-1] if found else ("text/html" if re.search(r"\.s?html?$", name, re.IGNORECASE) else None)
    return SAME.get(kind, kind) if kind is not None else None


def disagreements(kind: str, name: str, header: str) -> list[str]:
    """Where name or header say another type than the bytes."""
    found = []
    if (called := named(name)) is not None and not _agree(called, kind):
        found.append(f"named {called}, is {kind}")
    if (said := essence(header)) not in ANYTHING and not _agree(said, kind):
        found.append(f"sent as {said}, is {kind}")
    return found


def _agree(said: str, kind: str) -> bool:
    """Plain text may be called any kind of text; an ending of Office's tells the family, not which of its two forms."""
    if said == kind or (said.startswith("text/") and kind in ("text/plain", "text/csv") and said != "text/html"):
        return True
    families = ({TYPES["doc"], TYPES["docx"]}, {TYPES["xls"], TYPES["xlsx"]}, {TYPES["ppt"], TYPES["pptx"]})
    return any(said in family and kind in family for family in families) or kind == "application/x-ole-encrypted"
