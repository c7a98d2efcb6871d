"""What an answer is that is no text (PDF, DOC, OFD, an image …), and what it is called. Asked of every page: few of them are documents."""

from crawler.model import Page
from crawler.text import urls

MAGIC = (
    (b"%PDF-", "PDF", "application/pdf", ".pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file", "application/msword", ""),
    (b"PK\x03\x04", "a zip, Office or OFD file", "application/zip", ""),
    (b"\xff\xd8\xff", "a JPEG image", "image/jpeg", ".jpg"),
    (b"\x89PNG\r\n", "a PNG image", "image/png", ".png"),
    (b"GIF8", "a GIF image", "image/gif", ".gif"),
    (b"II*\0", "a TIFF image", "image/tiff", ".tif"),
    (b"MM\0*", "a TIFF image", "image/tiff", ".tif"),
    (b"Rar!", "a RAR file", "application/vnd.rar", ".rar"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file", "application/x-7z-compressed", ".7z"),
    (b"{\\rtf", "an RTF file", "application/rtf", ".rtf"),
)
TEXT_TYPES = ("text/", "application/xhtml", "application/xml", "application/json", "application/javascript")


def what_file(page: Page) -> tuple[str, str] | None:
    """(what it is in words, its media type) of an answer that is no text; None for text."""
    said = (page.header("content-type") or "").partition(";")[0].strip().lower()
    for mark, name, kind, _ in MAGIC:
        if page.body.startswith(mark):
            return name, kind
    if page.body[:4] == b"RIFF" and page.body[8:12] == b"WEBP":
        return "a WebP image", "image/webp"
    if said and not said.startswith(TEXT_TYPES) and b"\0" in page.body[:4096]:
        return said, said
    return None


def file_name(page: Page) -> tuple[str, str]:
    """(name, rule): as the server calls it, else as its address does."""
    from crawler.text import filenames  # it reads mail's encoded words

    if said := filenames.disposition(page.header("content-disposition") or ""):
        return said.name, "disposition"
    address = urls.canonical(page.url)
    name = filenames.of_address(address)
    return (name, "address") if name else (urls.host(address), "host")
