"""CDXJ: an index of captures that pywb and its kin look pages up in. A line is the address as a sort key (SURT), 14 digits of time, and JSON.

The key is made by the rules that pywb's own indexer uses, those of the Internet Archive's canonicalizer: an index whose keys are made
otherwise is an index in which nothing is found (`tests/archive/test_export.py` compares them).
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes, urlsplit

from crawler.model import Capture, Millis

WWW = re.compile(r"^www\d*\.")
PORTS = {"http": "80", "https": "443"}
SESSION_PATH = re.compile(r"^(.*/)(?:\((?:[a-z]\([0-9a-z]{24}\))+\)|\([0-9a-z]{24}\))/([^?]+\.aspx.*)$", re.IGNORECASE)
SESSION_QUERY = re.compile(
    r"(?:^|&)(?:jsessionid=[0-9a-z]{32}|phpsessid=[0-9a-z]{32}|sid=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}|cfid=[^&]+&cftoken=[^&]+)(?=&|$)",
    re.IGNORECASE,
)


def surt(url: str) -> str:
    """The sort key of an address."""
    parts = urlsplit(url.strip())
    host = WWW.sub("", _ascii(parts.hostname or ""))
    port = f":{parts.port}" if parts.port and str(parts.port) != PORTS.get(parts.scheme) else ""
    turned = host if ":" in host else ",".join(reversed(host.split(".")))
    path = SESSION_PATH.sub(r"\1\2", _escaped(_plain_path(parts.path)).lower()).rstrip("/") or "/"
    query = SESSION_QUERY.sub("", _escaped(parts.query).lower()).strip("&")
    query = "&".join(sorted(query.split("&"), key=lambda item: item.partition("=")[::2])) if query else ""
    return f"{turned}{port}){path}{'?' + query if query else ''}"


def _ascii(host: str) -> str:
    """A host's name as it is looked up."""
    try:
        return host.strip(".").encode("idna").decode().lower()
    except UnicodeError:
        return _escaped(host).strip(".").lower()


def _plain_path(path: str) -> str:
    """Without `.`, `..` and doubled slashes."""
    kept: list[str] = []
    for step in path.split("/"):
        if step == "..":
            kept = kept[:-1] if kept and kept[-1] != ".." else [*kept, step]
        elif step not in ("", "."):
            kept.append(step)
    end = "/" if path.endswith(("/", "/.", "/..")) and kept else ""
    return "/" + "/".join(kept) + end


def _escaped(text: str) -> str:
    """Unescaped until nothing changes, then escaped once."""
    data = text.encode("utf-8", "surrogatepass")
    while (less := unquote_to_bytes(data)) != data:
        data = less
    return "".join(chr(byte) if 0x20 < byte < 0x7F and byte not in b"#%" else f"%{byte:02X}" for byte in data)


def timestamp(at: Millis) -> str:
    """14 digits, UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y%m%d%H%M%S")


def line(capture: Capture) -> str:
    """The index line of a capture."""
    said = {
        "url": capture.url,
        "mime": "warc/revisit" if capture.type == "revisit" else capture.media_type or "unk",
        "status": str(capture.status),
        "digest": capture.payload_digest,
        "length": str(capture.length),
        "offset": str(capture.offset),
        "filename": capture.file,
    }
    values = {name: value for name, value in said.items() if value and not (name == "status" and capture.type == "revisit")}
    return f"{surt(capture.url)} {timestamp(capture.at)} {json.dumps(values, ensure_ascii=False)}\n"


def index(captures: Iterable[Capture]) -> Iterator[str]:
    """The lines of an index, in its order."""
    yield from sorted((line(capture) for capture in captures), key=str.encode)
