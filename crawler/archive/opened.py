"""Files that people have, laid open: WARC and ARC files, those inside WACZ files, saved pages, and folders of all these."""

import hashlib
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

from crawler.archive import deflate
from crawler.archive.saved import is_mhtml
from crawler.archive.walking import ARC, GZIP, records
from crawler.errors import ArchiveError, DamagedRecord

STEP = 1 << 20
SNIFFED = 512
ZIP = b"PK\x03\x04"
LARGEST_PAGE = 64 << 20
REWRITTEN = ".members"
PAGES = (".mht", ".mhtml", ".html", ".htm", ".shtml", ".xhtml")
RECORDS = (".warc", ".warc.gz", ".arc", ".arc.gz", ".wacz", ".warc.open", ".warc.gz.open", ".arc.open", ".arc.gz.open")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it is read. `name` is what it is called to people, `sha256` of the file that they have; `is_page`: a saved page, not records."""

    path: Path
    name: str
    sha256: str
    is_page: bool = False


def lay_open(named: Iterable[Path], folder: Path, problems: list[str], left_out: Counter[str]) -> Iterator[Opened]:
    """Every file that holds captures, in the order of the arguments, those of a folder by name. `folder`: for what lies in other files.

    `problems` is told of what cannot be read, `left_out` counts what is something else.
    """
    seen: set[str] = set()
    for path in _files(named, problems, left_out):
        try:
            with path.open("rb") as file:
                start, sha256 = file.read(SNIFFED), _digest(file)
            if sha256 in seen:
                left_out["the same file again"] += 1
                continue
            seen.add(sha256)
            yield from _one(Opened(path, path.name, sha256), start, folder, problems, left_out)
        except OSError as error:
            problems.append(f"cannot read {path}: {error.strerror or error}")


def _files(named: Iterable[Path], problems: list[str], left_out: Counter[str]) -> Iterator[Path]:
    for path in named:
        if not path.is_dir():
            if path.exists():
                yield path
            else:
                problems.append(f"there is no file {path}")
            continue
        for found in sorted(path.rglob("*")):
            if found.is_file() and not any(part.startswith(".") for part in found.relative_to(path).parts):
                if found.name.lower().endswith(RECORDS + PAGES):
                    yield found
                else:
                    left_out[f"no file of captures: {found.suffix or 'without an ending'}"] += 1


def _digest(file: BufferedReader) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _one(held: Opened, start: bytes, folder: Path, problems: list[str], left_out: Counter[str]) -> Iterator[Opened]:
    if start.startswith(ZIP):
        yield from of_zip(held, folder, problems, left_out)
    elif start.startswith((GZIP, b"WARC/", ARC)):
        yield held
    elif held.path.name.lower().endswith(PAGES) or is_mhtml(start) or start.lstrip()[:1] == b"<":
        if held.path.stat().st_size <= LARGEST_PAGE:
            yield replace(held, is_page=True)
        else:
            left_out[f"a saved page over {LARGEST_PAGE >> 20} MB"] += 1
    elif start.strip():
        problems.append(f"{held.path}: neither WARC, ARC, WACZ nor a saved page")
    else:
        left_out["an empty file"] += 1


def is_bundle(path: Path) -> bool:
    """Is this a ZIP file with files of records in it, as WACZ files are? Office documents are ZIP files too."""
    try:
        with path.open("rb") as file:
            if file.read(len(ZIP)) != ZIP:
                return False
        with zipfile.ZipFile(path) as packed:
            return bool(_bundled(packed))
    except zipfile.BadZipFile:
        return path.name.lower().endswith(".wacz")


def _bundled(packed: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [entry for entry in packed.infolist() if entry.filename.lower().endswith(RECORDS) and not entry.is_dir()]


def of_zip(held: Opened, folder: Path, problems: list[str], left_out: Counter[str]) -> Iterator[Opened]:
    """The WARC and ARC files of a WACZ file (1.1.1, 5.2), or of any ZIP file."""
    try:
        with zipfile.ZipFile(held.path) as packed:
            found = _bundled(packed)
            if not found:
                problems.append(f"{held.path}: a ZIP file without any WARC file in it")
            for number, entry in enumerate(found):
                if entry.filename.lower().endswith(".wacz"):
                    left_out["a WACZ file within another"] += 1
                    continue
                target = folder / f"{held.sha256[:16]}-{number}"
                try:
                    with packed.open(entry) as source, target.open("wb") as to:
                        shutil.copyfileobj(source, to, STEP)
                except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
                    problems.append(f"{held.path}, {entry.filename} at {entry.header_offset}: {error}")
                yield replace(held, path=target, name=f"{held.name}/{entry.filename}")
    except zipfile.BadZipFile as error:
        problems.append(f"{held.path}: a damaged ZIP file: {error}")


def as_members(held: Opened, folder: Path) -> Opened:
    """A file of ours that somebody has unpacked or packed otherwise, packed record by record."""
    try:
        with held.path.open("rb") as file:
            own = file.read(2) == GZIP
        own = own and all(raw.offset is not None for raw in records(held.path))
    except ArchiveError:
        own = True  # it is damaged: its members tell where
    return held if own else with_members(held, folder)


def with_members(held: Opened, folder: Path) -> Opened:
    """A file of records each of which is a gzip member of its own, which that of another shape is written as. What of it is damaged, and
    all behind, is left out."""
    target = folder / f"{held.path.name}{REWRITTEN}"
    with target.open("wb") as to:
        try:
            for raw in records(held.path):
                to.write(deflate.member(raw.head + raw.block + b"\r\n\r\n"))
        except (DamagedRecord, ArchiveError):
            pass  # whoever walked it first has told so
    return replace(held, path=target)
