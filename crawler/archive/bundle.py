"""The way out: WARC files of some looks, byte for byte the members they are in the archive, with what other programs need beside them."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from crawler.archive import cdxj
from crawler.archive.members import Member, members
from crawler.archive.notes import signing_key
from crawler.archive.recover import looks_of
from crawler.archive.wacz_key import WaczKey, wacz_key
from crawler.archive.writer import describe
from crawler.errors import ArchiveError, UsageError
from crawler.model import Capture, Millis

STEP = 1 << 20
WACZ_VERSION = "1.1.1"
Pages = Iterable[tuple[str, Millis, str]]  # address, time, title


@dataclass(frozen=True, slots=True)
class Said:
    """What a WACZ file says of itself: title, by which program it was made, and the key that signs it; None: it is not signed."""

    title: str
    software: str
    key: WaczKey | None = None


def empty_folder(folder: Path) -> Path:
    """A folder to write to, made if need be. Raises UsageError when something is in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty", remedy="name a folder that is not there yet")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(f"cannot make {folder}: {error.strerror or error}", remedy="choose another place") from error
    return folder


def copy_looks(files: Iterable[Path], wanted: Collection[str], to: Path) -> Iterator[Capture]:
    """Copy the groups of the wanted looks (record ids) into files of the same names; their captures, where they lie there.

    A file begins with its original's warcinfo record. Damage is walked past: what is lost cannot be handed over.
    """
    for path in files:
        yield from _copy(path, wanted, to / path.name.removesuffix(".open"))


def _copy(path: Path, wanted: Collection[str], target: Path) -> Iterator[Capture]:
    info: Member | None = None
    group: list[Member] = []
    end = 0
    with path.open("rb") as walked, path.open("rb") as source:
        for member in members(walked, 0, []):
            kind = member.record.type
            if kind == "warcinfo":
                info, group = member, []
                continue
            group = [member] if kind == "request" else [*group, member]
            if kind != "metadata":
                continue
            if member.record.id in wanted:
                with target.open("ab") as out:
                    if info is not None:
                        end, info = end + _append(source, info.offset, info.end, out), None
                    start = end
                    end += _append(source, group[0].offset, member.end, out)
                for look in looks_of(group, target.name):
                    if look.capture is not None:
                        yield replace(look.capture, offset=look.capture.offset - group[0].offset + start)
            group = []


def _append(source: IO[bytes], start: int, end: int, out: IO[bytes]) -> int:
    source.seek(start)
    for at in range(start, end, STEP):
        out.write(source.read(min(STEP, end - at)))
    return end - start


def write_index(captures: Iterable[Capture], to: Path) -> None:
    """An index of captures."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with to.open("w", encoding="utf-8", newline="") as file:
        file.writelines(cdxj.index(captures))


def pywb_layout(to: Path, name: str) -> tuple[Path, Path]:
    """The folders that pywb reads: where WARC files go, where the index goes. `wayback -d FOLDER` shows the collection."""
    (to / "config.yaml").write_text("collections_root: collections\nframed_replay: true\nenable_memento: true\n", "utf-8")
    archive, indexes = to / "collections" / name / "archive", to / "collections" / name / "indexes"
    archive.mkdir(parents=True)
    indexes.mkdir(parents=True)
    return archive, indexes / "index.cdxj"


def bag(to: Path, said: Mapping[str, str]) -> None:
    """Make a folder whose files lie in `data` a bag (BagIt 1.0, RFC 8493)."""
    infos = [(path, describe(path)) for path in sorted((to / "data").rglob("*")) if path.is_file()]
    octets = sum(info.bytes for _, info in infos)
    texts = {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": "".join(f"{key}: {value}\n" for key, value in {**said, "Payload-Oxum": f"{octets}.{len(infos)}"}.items()),
        "manifest-sha256.txt": "".join(f"{info.sha256}  {path.relative_to(to).as_posix()}\n" for path, info in infos),
    }
    listed = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in texts.items())
    for name, text in {**texts, "tagmanifest-sha256.txt": listed}.items():
        (to / name).write_text(text, "utf-8", newline="")


# ------------------------------------------------------------------ WACZ
def write_wacz(folder: Path, captures: Iterable[Capture], pages: Pages, to: Path, said: Said) -> None:
    """A WACZ file (1.1.1) of the WARC files in a folder: they are stored as they are, index and pages beside them; signed with a key.

    Each member's size is known before its head is written: ReplayWeb.page does not find the data behind a head with room for a larger one.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    beside = folder / ".beside"
    with zipfile.ZipFile(to, "w") as made:
        resources = []

        def put(name: str, path: Path, *, packed: bool) -> str:
            entry = zipfile.ZipInfo(name, now.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            entry.file_size = path.stat().st_size
            with path.open("rb") as file, made.open(entry, "w") as out:
                shutil.copyfileobj(file, out, STEP)
            info = describe(path)
            digest = f"sha256:{info.sha256}"
            resources.append({"name": name.rpartition("/")[2].lower(), "path": name, "hash": digest, "bytes": info.bytes})
            return digest

        def write(name: str, lines: Iterable[str]) -> str:
            with beside.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
            return put(name, beside, packed=True)

        for path in sorted(folder.glob("*.warc.gz")):
            put(f"archive/{path.name}", path, packed=False)
        write("indexes/index.cdxj", cdxj.index(captures))
        write("pages/pages.jsonl", _page_lines(pages, said.title))
        created = now.isoformat().replace("+00:00", "Z")
        described = {
            "profile": "data-package", "title": said.title, "created": created, "wacz_version": WACZ_VERSION,
            "software": said.software, "resources": list(resources),
        }  # fmt: skip
        digest = write("datapackage.json", [json.dumps(described, ensure_ascii=False, indent=2)])
        stated: dict[str, object] = {"path": "datapackage.json", "hash": digest}
        if said.key is not None:
            stated["signedData"] = said.key.signed(digest, created, said.software)
        write("datapackage-digest.json", [json.dumps(stated, indent=2)])


def key_at(path: Path) -> WaczKey | None:
    """The key that belongs to an archive's own; None where there is none, or it is not for us to read. Raises ArchiveError for another file."""
    return wacz_key(signing_key(path)) if os.access(path, os.R_OK) else None


def _page_lines(pages: Pages, title: str) -> Iterator[str]:
    yield json.dumps({"format": "json-pages-1.0", "id": "pages", "title": title}, ensure_ascii=False) + "\n"
    for number, (url, at, name) in enumerate(pages, 1):
        moment = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield json.dumps({"id": str(number), "url": url, "ts": moment, "title": name}, ensure_ascii=False) + "\n"
