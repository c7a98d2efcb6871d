"""A copy of the archive that can be gone on with: the tree, the database, what is withheld, then the WARC files it refers to, each as far as it refers to them.

What a WARC file holds up to a place that the database knows never changes, so the copy is of one moment, also while a daemon writes. A file
that is still being written is copied up to there under its final name: whoever works on the copy closes it, as after a crash. To the copy all who
worked on the original are dead, and it holds their signs: nobody waits for the end of their leases.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.archive import alive, withheld
from crawler.archive.locks import sync_folder
from crawler.archive.reader import find
from crawler.archive.tree import Tree
from crawler.config.load import source_files
from crawler.config.values import Config
from crawler.errors import ArchiveError, CannotError, UsageError
from crawler.repository import snapshot
from crawler.repository.database import Database
from crawler.repository.snapshot import Held

MANIFEST = "backup.json"
STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Copied:
    """What is in a backup: the database's copy, WARC files and how many of them were there already, bytes of all WARC files."""

    database: Path
    files: int
    kept: int
    bytes: int


def backup(config: Config, target: Path, watch: Callable[[int, int], None]) -> Copied:
    """Copy database, WARC files and configuration into a folder; files of an earlier backup that are the same are left.

    `watch(done, all)` is called as files are copied. Raises UsageError for a folder that holds something else, CannotError when something
    cannot be read or written; what was copied by then is whole.
    """
    before = _begun(target, config)
    try:
        return _backup(config, target, before, watch)
    except OSError as error:
        raise CannotError(
            f"cannot write {error.filename or target}: {error.strerror or error}", remedy="is there room?"
        ) from error


def _begun(target: Path, config: Config) -> dict[str, str]:
    """WARC files of an earlier backup, with their digests."""
    place = target.resolve()
    if (
        place == config.root.resolve()
        or place == config.storage.archive.resolve()
        or config.storage.archive.resolve() in place.parents
    ):
        raise UsageError(f"{target} is the archive itself", remedy="name a folder beside it, on another disk at best")
    try:
        if not target.exists() or not any(target.iterdir()):
            return {}
        said = json.loads((target / MANIFEST).read_text("utf-8"))["files"]
    except NotADirectoryError:
        raise UsageError(f"{target} is no folder", remedy="name one that is empty, or holds a backup") from None
    except FileNotFoundError:
        raise UsageError(f"{target} holds something else", remedy="name a folder that is empty, or holds a backup") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotError(f"cannot read {target / MANIFEST}: {error}", remedy="name another folder") from error
    return dict(said)


def _backup(config: Config, target: Path, before: Mapping[str, str], watch: Callable[[int, int], None]) -> Copied:
    data, warc = target / "data", target / "data" / "warc"
    database = Database(config.storage.database)
    try:
        with database.read():  # before anything is written: there may be none
            pass
        warc.mkdir(parents=True, exist_ok=True)
        (target / MANIFEST).write_text(json.dumps({"files": dict(before)}), "utf-8")
        Tree(config.storage.archive).copy(warc)  # first: it may not know of more than the files that are copied behind it
        copied = snapshot.copy(database, config.storage.database, data)
    finally:
        database.close()
    _withheld(config.storage.archive, warc)
    for owner in copied.workers:
        alive.leave(warc, owner)
    kept, size, digests = 0, 0, dict[str, str]()
    for number, file in enumerate(copied.files, 1):
        there = _is_there(warc / file.name, file, before)
        digests[file.name] = before[file.name] if there else _copy(config.storage.archive, warc, file)
        kept, size = kept + there, size + file.committed
        watch(number, len(copied.files))
    _configuration(config, target)
    sync_folder(warc)
    _write(target / MANIFEST, json.dumps({"files": digests}, indent=1).encode())
    return Copied(copied.path, len(copied.files), kept, size)


def _withheld(archive: Path, folder: Path) -> None:
    """What is withheld, as the database's copy knows it or later: whoever works on the copy takes it over."""
    entries = withheld.read(archive)
    if entries:
        _write(folder / withheld.NAME, "".join(f"{entry.text}\n" for entry in entries).encode())


def _is_there(path: Path, file: Held, before: Mapping[str, str]) -> bool:
    """Has an earlier backup this very file, whole?"""
    return (
        file.sha256 is not None
        and before.get(file.name) == file.sha256
        and path.is_file()
        and path.stat().st_size == file.committed
    )


def _copy(archive: Path, folder: Path, file: Held) -> str:
    """Copy a file up to its committed end; the digest of the copy. Raises ArchiveError when the bytes are not those that were written."""
    digest, left = hashlib.sha256(), file.committed
    beside = folder / (file.name + ".part")
    with find(archive, file.name).open("rb") as source, beside.open("wb") as copy:
        while left and (data := source.read(min(STEP, left))):
            copy.write(data)
            digest.update(data)
            left -= len(data)
        copy.flush()
        os.fsync(copy.fileno())
    found = digest.hexdigest()
    if left or (file.sha256 is not None and found != file.sha256):
        beside.unlink()
        why = "is shorter than it was" if left else "is not what was written"
        raise ArchiveError(f"{archive / file.name} {why}", remedy="restore it from an older backup, then back up again")
    os.replace(beside, folder / file.name)
    return found


def _configuration(config: Config, target: Path) -> None:
    """The configuration's files as they are. Whoever may read them may read the copy."""
    files: Sequence[Path] = [config.path, *(file for file in source_files(config.path, []) if file.is_file())]
    for file in files:
        place = target / "config" / ("gongkai.toml" if file == config.path else f"sources/{file.name}")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
