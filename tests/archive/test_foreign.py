"""Files of other people's tools: WARC heads that do not fit their bodies, ARC, MHTML, saved pages with and without an address."""

import gzip
import uuid
import zlib
from pathlib import Path

import pytest

from crawler.archive.foreign import pages
from crawler.archive.saved import own_address, read_saved

HTML = (
    "<html><head><title>关于归档的通知</title></head><body><p>各乡镇人民政府：现将有关事项通知如下。</p></body></html>".encode()
)
URL = "http://www.yunxi.example/zwgk/t20240506_1.html"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML)
PACKED = gzip.compress(HTML, mtime=0)
TYPE = "Content-Type: text/html; charset=utf-8"
# what the head says, what stands behind it, whether something is said of it
HEADS: dict[str, tuple[list[str], bytes, bool]] = {
    "healthy": ([f"Content-Length: {len(HTML)}"], HTML, False),
    "healthy, without a length": ([], HTML, False),
    "healthy chunks": (["Transfer-Encoding: chunked"], CHUNKS, False),
    "healthy gzip": (["Content-Encoding: gzip", f"Content-Length: {len(PACKED)}"], PACKED, False),
    "healthy gzip in chunks": (["Content-Encoding: gzip", "Transfer-Encoding: chunked"], b"%x\r\n%s\r\n0\r\n\r\n" % (len(PACKED), PACKED), False),
    "a length of the packed body": (["Content-Encoding: gzip", "Content-Length: 90"], HTML, True),
    "a length too short": (["Content-Length: 90"], HTML, True),
    "a length too long": (["Content-Length: 9000"], HTML, True),
    "a length of nothing": (["Content-Length: 0"], HTML, True),
    "called gzip": (["Content-Encoding: gzip"], HTML, True),
    "called deflate": (["Content-Encoding: deflate"], HTML, True),
    "called br": (["Content-Encoding: br"], HTML, True),
    "called zstd": (["Content-Encoding: zstd"], HTML, True),
    "called chunked": (["Transfer-Encoding: chunked"], HTML, True),
    "called chunked and gzip": (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], HTML, True),
    "called chunked, and is gzip": (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], PACKED, True),
    "gzip that nobody told": ([f"Content-Length: {len(PACKED)}"], PACKED, True),
    "deflate without its head": (["Content-Encoding: deflate"], zlib.compress(HTML)[2:-4], False),
    "a name that is none": (["X-Info(1): a", f"Content-Length: {len(HTML)}"], HTML, False),
}  # fmt: skip


def written(folder: Path, block: bytes, packed: bool = False) -> Path:
    """A WARC file of one response."""
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {URL}\r\nWARC-Date: 2024-05-06T01:30:00Z\r\nWARC-Record-ID: <urn:uuid:{uuid.uuid4()}>\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    made = head.encode() + block + b"\r\n\r\n"
    path = folder / ("a.warc.gz" if packed else "a.warc")
    path.write_bytes(gzip.compress(made) if packed else made)
    return path


@pytest.mark.parametrize("line", ["\r\n", "\n"])
@pytest.mark.parametrize("status", ["HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/2 200", "HTTP/1.0 200 OK"])
@pytest.mark.parametrize("name", HEADS)
def test_a_record_is_read_by_what_its_bytes_are_and_says_so(name: str, status: str, line: str, tmp_path: Path) -> None:
    head, body, told = HEADS[name]
    block = line.join([status, TYPE, *head, "", ""]).encode() + body
    (found,) = pages(written(tmp_path, block, packed=line == "\n"))
    assert found.page is not None, found.trouble
    assert (found.page.body, found.page.url, found.page.status) == (HTML, URL, 200)
    assert bool(found.note) == told, found.note


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("version", [1, 2])
def test_arc_files_are_read(version: int, packed: bool, tmp_path: Path) -> None:
    block = f"HTTP/1.1 200 OK\r\n{TYPE}\r\n\r\n".encode() + HTML
    more = " 200 - - 0 a.arc" if version == 2 else ""
    about = b"1 0 Archive\nURL IP-address Archive-date Content-type Archive-length\n"
    records = [
        f"filedesc://a.arc 0.0.0.0 20240506013000 text/plain{more} {len(about)}\n".encode() + about + b"\n",
        f"{URL} 10.0.0.1 20240506013000 text/html{more} {len(block)}\n".encode() + block + b"\n",
        f"{URL}?a=b c 10.0.0.1 20240506013001 text/html{more} {len(HTML)}\n".encode() + HTML + b"\n",
        f"dns:www.yunxi.example 10.0.0.1 20240506013001 text/dns{more} 3\nabc\n".encode(),
    ]
    path = tmp_path / "a.arc"
    path.write_bytes(b"".join(map(gzip.compress, records)) if packed else b"".join(records))
    found = list(pages(path))
    assert [(item.url, item.page.body if item.page else b"") for item in found] == [(URL, HTML), (f"{URL}?a=b c", HTML)]
    assert found[0].page is not None
    assert found[0].page.at == 1_714_959_000_000


MHTML = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: {url}\r\nSubject: =?utf-8?Q?a?=\r\nDate: Mon, 6 May 2024 09:30:00 +0800\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----b"\r\n\r\n\r\n------b\r\nContent-Type: text/html\r\nContent-ID: <f@m>\r\n'
    "Content-Transfer-Encoding: {coding}\r\nContent-Location: {url}\r\n\r\n{body}\r\n------b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Location: http://www.yunxi.example/a.png\r\n\r\niVBORw0KGgo=\r\n------b--\r\n"
)


@pytest.mark.parametrize("coding", ["quoted-printable", "base64", "8bit"])
@pytest.mark.parametrize("snapshot", [True, False])
def test_mhtml_is_read_with_the_page_s_own_address(coding: str, snapshot: bool) -> None:
    import base64
    import quopri

    body = {"quoted-printable": quopri.encodestring(HTML), "base64": base64.encodebytes(HTML), "8bit": HTML}[coding].decode(
        "utf-8"
    )
    whole = MHTML.format(url=URL, coding=coding, body=body)
    found = read_saved((whole if snapshot else whole.replace(f"Snapshot-Content-Location: {URL}\r\n", "")).encode())
    assert (found.body.strip(), found.url, found.told_by, found.at) == (HTML, URL, "Content-Location", 1_714_959_000_000)


OWN: dict[str, tuple[str, str | None]] = {
    "saved from url": (f"<!-- saved from url=(0046){URL} -->", "saved from url"),
    "saved from url, another case": (f"<!-- Saved From URL=(46){URL} -->", "saved from url"),
    "HTTrack": ("<!-- Mirrored from www.yunxi.example/zwgk/t20240506_1.html by HTTrack Website Copier/3.x [XR&CO'2014], Mon, 06 May 2024 01:30:00 GMT -->", "HTTrack"),
    "HTTrack, added": ("<!-- Added by HTTrack --><meta charset=utf-8><!-- Mirrored from www.yunxi.example/zwgk/t20240506_1.html by HTTrack Website Copier -->", "HTTrack"),
    "SingleFile": (f"<!--\n Page saved with SingleFile \n url: {URL} \n saved date: Mon May 06 2024\n-->", "SingleFile"),
    "og:url": (f"<meta property='og:url' content='{URL}'>", "og:url"),
    "og:url by name": (f"<meta name=og:url content={URL}>", "og:url"),
    "canonical": (f"<link rel=canonical href='{URL}'>", "canonical"),
    "Url": (f"<meta name='Url' content='{URL}'>", "url"),
    "url after its content": (f"<meta content='{URL}' name='url'>", "url"),
    "base": (f"<base href='{URL}'>", "base"),
    "og:url before base": (f"<base href='http://other.example/a/b.html'><meta property='og:url' content='{URL}'>", "og:url"),
    "a base that is a folder": ("<base href='http://www.yunxi.example/zwgk/'>", None),
    "a front page as canonical": ("<link rel=canonical href='http://www.yunxi.example/'>", None),
    "a relative Url": ("<meta name=Url content='./t1.html'>", None),
    "a local file": ("<!-- saved from url=(0014)about:internet -->", None),
    "nothing": ("", None),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_a_saved_page_tells_its_own_address_or_none(name: str) -> None:
    head, by = OWN[name]
    body = f"<!DOCTYPE html>\n<html><head>{head}<title>关于归档的通知</title></head><body><p>现将有关事项通知如下。</p></body></html>".encode()
    assert own_address(body) == ((URL, by) if by else (None, ""))
