"""Zip files as untrusted input: members by name within limits, and their XML without entities."""

import io
import zipfile
import zlib
from functools import cached_property
from xml.etree.ElementTree import Element, ParseError
from xml.etree.ElementTree import fromstring as parsed
from xml.parsers import expat

from crawler.parsers.attached.said import NoText, Reading

FREE = 8 << 20  # bytes of a member whose ratio nobody asks for: white space and empty cells pack well
CHUNK = 1 << 20
ENCRYPTED = 0x1


class _Begun(Exception):
    """The root element begins: behind it no document type can stand."""


class Package:
    """A zip file's members. Raises NoText where the file is no such thing or damaged."""

    def __init__(self, data: bytes, reading: Reading) -> None:
        self.reading = reading
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, OverflowError) as error:
            raise NoText(f"damaged: {error}") from error
        self.infos = self._zip.infolist()
        if len(self.infos) > reading.limits.members:
            raise NoText(f"more than {reading.limits.members} members")

    @cached_property
    def _named(self) -> dict[str, zipfile.ZipInfo]:
        return {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in reversed(self.infos)}

    def has(self, name: str) -> bool:
        """Is there a member of that name? In any case, as Windows writes it."""
        return name.lstrip("/").lower() in self._named

    def member(self, name: str) -> bytes:
        """A member's bytes. Raises NoText: missing, encrypted, damaged, or a bomb."""
        info = self._named.get(name.lstrip("/").lower())
        if info is None:
            raise NoText(f"damaged: {name} is missing")
        return self.bytes_of(info)

    def bytes_of(self, info: zipfile.ZipInfo) -> bytes:
        """The same for a member of `infos`. What its head says of its size is not believed: what comes out is counted."""
        if info.flag_bits & ENCRYPTED:
            raise NoText("encrypted")
        limits, found = self.reading.limits, []
        most = limits.unpacked - self.reading.unpacked
        dense = max(FREE, info.compress_size * limits.ratio)
        size = 0
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise NoText(f"more than {limits.unpacked >> 20} MiB unpacked")
                    if size > dense:
                        raise NoText(f"a bomb: more than {limits.ratio} times its size")
                    found.append(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
            raise NoText(f"damaged: {error}") from error
        finally:
            self.reading.unpacked += size
        return b"".join(found)

    def xml(self, name: str) -> Element:
        """A member's root element. Raises NoText."""
        return root(self.member(name), name)

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """id → (type's last word, target as a member's name) of an Office part. What stands outside is noticed and left out."""
        folder, _, file = name.rpartition("/")
        place = f"{folder}/_rels/{file}.rels" if folder else f"_rels/{file}.rels"
        if not self.has(place):
            return {}
        found = {}
        for item in self.xml(place):
            kind = item.get("Type", "").rpartition("/")[2]
            target = item.get("Target", "")
            if item.get("TargetMode", "").lower() == "external":
                if kind != "hyperlink":
                    self.reading.flag(f"external reference not fetched: {target}")
                continue
            found[item.get("Id", "")] = (kind, within(folder, target))
        return found


def within(folder: str, target: str) -> str:
    """A member's name from the folder it is named in; what climbs out of the archive stays at its top."""
    parts = [] if target.startswith("/") else [part for part in folder.split("/") if part]
    for part in target.replace("\\", "/").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def root(data: bytes, name: str) -> Element:
    """The root element of an XML document without a document type: no entity, and nothing outside, is ever asked for. Raises NoText."""
    _refuse_doctype(data, name)
    try:
        return parsed(data)  # noqa: S314 - it has no document type
    except (ParseError, ValueError, LookupError) as error:
        raise NoText(f"damaged: {name}: {error}") from error


def _refuse_doctype(data: bytes, name: str) -> None:
    def found(*_: object) -> None:
        raise NoText(f"an XML document type, which may be a bomb: {name}")

    def begun(*_: object) -> None:
        raise _Begun

    look = expat.ParserCreate()
    look.StartDoctypeDeclHandler, look.StartElementHandler = found, begun
    try:
        for at in range(0, len(data), CHUNK >> 4):
            look.Parse(data[at : at + (CHUNK >> 4)])
        look.Parse(b"", True)  # noqa: FBT003 - that was all; Expat 2.6 and later waits for more of what it has seen half
    except _Begun:
        return
    except expat.ExpatError as error:
        raise NoText(f"damaged: {name}: {error}") from error


def local(element: Element) -> str:
    """An element's name without its namespace: strict and transitional files, and OFD's two, differ in nothing else."""
    return str(element.tag).rpartition("}")[2]


def child(element: Element, name: str) -> Element | None:
    """The first child of that name."""
    return next((each for each in element if local(each) == name), None)


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its name without a namespace."""
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), None)
