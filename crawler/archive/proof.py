"""Proofs: that a record is in the tree of a signed checkpoint and an earlier checkpoint's tree is its beginning, made from an archive, and
checked with nothing but the proof, the record and the public key. And the archive itself, checked against what was once signed.
"""

import base64
import binascii
import contextlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.archive import merkle
from crawler.archive.members import Member, members
from crawler.archive.notes import Checkpoint, PublicKey, opened
from crawler.archive.reader import find
from crawler.archive.record import WarcRecord, parse
from crawler.archive.tree import State, Tree, leaf_of
from crawler.errors import ArchiveError, CannotError, DamagedRecord, UsageError

FORMAT = "gongkai proof 1"
DIGEST = re.compile(r"sha256:\S+")
FILES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Proof:
    """A record's way to the root of `checkpoint` (a signed note); and what leads there from an `older` note, if one was asked for."""

    index: int
    inclusion: Sequence[bytes]
    checkpoint: str
    older: str | None = None
    consistency: Sequence[bytes] = ()

    def text(self) -> str:
        """The proof as it is handed on: JSON, hashes in base64."""
        since = None if self.older is None else {"checkpoint": self.older, "path": _spelled(self.consistency)}
        said = {"format": FORMAT, "index": self.index, "inclusion": _spelled(self.inclusion), "checkpoint": self.checkpoint}
        return json.dumps({**said, "since": since}, ensure_ascii=False, indent=1) + "\n"


def read_proof(text: str) -> Proof:
    """A proof as it was handed on. Raises UsageError."""
    try:
        return _proof(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"this is no proof: {error}", remedy="gongkai prove ID writes one") from error


def _proof(said: Any) -> Proof:
    if said["format"] != FORMAT:
        raise ValueError(f"it is of the format {said['format']!r}")
    since = said["since"] or {"checkpoint": None, "path": []}
    found = Proof(_number(said["index"]), _read(said["inclusion"]), said["checkpoint"], since["checkpoint"], _read(since["path"]))
    if not isinstance(found.checkpoint, str) or not isinstance(found.older, str | None):
        raise TypeError("a checkpoint is a text")
    return found


def _number(said: Any) -> int:
    if type(said) is not int:
        raise TypeError("the index is a number")
    return said


def _spelled(path: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(found).decode() for found in path]


def _read(path: Sequence[str]) -> list[bytes]:
    try:
        found = [base64.b64decode(said, validate=True) for said in path]
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    if any(len(one) != merkle.SIZE for one in found):
        raise ValueError("a hash has 32 bytes")
    return found


# -------------------------------------------------------------------- make
def prove(tree: Tree, key: PublicKey, place: tuple[str, int], older: str | None = None) -> Proof:
    """The proof for the record at a place (file, offset), by the newest checkpoint. Raises UsageError, CannotError."""
    state, notes = tree.state(), tree.notes()
    note = read(notes[-1]) if notes else None
    now = opened(note, key) if note else None
    index = tree.index(state, *place)
    if note is None or now is None or index is None or index >= now.size:
        raise UsageError(
            "no checkpoint has this record yet", remedy="the daemon makes one a day; gongkai checkpoint makes one now"
        )
    with tree.hashes() as held:
        path, between = merkle.inclusion(held, index, now.size), list[bytes]()
        if older is not None:
            first = opened(older, key)
            if first.size > now.size:
                raise CannotError(
                    f"the older checkpoint has {first.size} records, the newest here {now.size}",
                    remedy="this archive is not the one that was signed, or it was put back from an older copy",
                )
            between = merkle.consistency(held, first.size, now.size)
    return Proof(index, path, note, older, between)


def read(path: Path) -> str:
    """A note, key or proof. Raises CannotError, UsageError."""
    try:
        return path.read_text("utf-8")
    except UnicodeError as error:
        raise UsageError(f"{path} is no text", remedy="name a file that gongkai prove or checkpoint wrote") from error
    except OSError as error:
        raise CannotError(f"cannot read {path}: {error.strerror or error}", remedy="name a file that is there") from error


# -------------------------------------------------------------------- check
def faults(proof: Proof, record: bytes, key: PublicKey, kept: Sequence[str] = ()) -> list[str]:
    """Why this does not prove that the record was in the archive when the checkpoint was signed; nothing when it does.

    `record`: one WARC record, packed or not. `kept`: earlier checkpoints that whoever asks has kept: the proof must lead from them.
    """
    wrong: list[str] = []
    try:
        now = opened(proof.checkpoint, key)
    except UsageError as error:
        return [error.message]
    try:
        if not merkle.is_included(leaf_of(_whole(record)), proof.index, now.size, proof.inclusion, now.root):
            wrong.append("the record is not the one in the tree")
    except DamagedRecord as error:
        wrong.append(error.message)
    earlier = {proof.older: list(proof.consistency)} if proof.older is not None else {}
    for note in dict.fromkeys([*earlier, *kept]):
        wrong += _leads(note, now, key, earlier.get(note))
    return wrong


def _leads(note: str, now: Checkpoint, key: PublicKey, path: list[bytes] | None) -> Iterator[str]:
    try:
        first = opened(note, key)
    except UsageError as error:
        yield error.message
        return
    if path is None and first.size not in (0, now.size):
        yield f"the proof does not lead from the checkpoint of {first.size} records: ask for gongkai prove --since"
    elif not merkle.is_beginning(first.size, first.root, now.size, now.root, path or []):
        yield f"the checkpoint of {first.size} records is not the beginning of that of {now.size}: what it signed was changed"


def _whole(data: bytes) -> WarcRecord:
    """The one record in these bytes, its block as its head says. Raises DamagedRecord."""
    if data.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(31)
        try:
            data, rest = unpacker.decompress(data), unpacker.unused_data
        except zlib.error as error:
            raise DamagedRecord(f"the record is no gzip member: {error}") from error
        if rest or not unpacker.eof:
            raise DamagedRecord("the file is not one whole record")
    record = parse(data)
    if not DIGEST.fullmatch(record.headers.get("warc-block-digest", "")):
        raise DamagedRecord("the record's head does not name the SHA-256 of its block")
    return record


def check_archive(archive: Path, key: PublicKey, notes: Iterable[str]) -> Iterator[str]:
    """What is not as these checkpoints signed it: a record that is gone, changed or elsewhere, or a tree that was made anew.

    Every record is read. Raises ArchiveError when the tree cannot be read.
    """
    tree = Tree(archive)
    state = tree.state()
    signed: list[Checkpoint] = []
    for note in notes:
        try:
            signed.append(opened(note, key))
        except UsageError as error:
            yield error.message
    yield from _records(archive, tree, state)
    for checkpoint in sorted(signed, key=lambda found: found.size):
        if checkpoint.size > state.size:
            yield f"a checkpoint signed {checkpoint.size} records, the tree has {state.size}: records were taken away"
        elif tree.root(checkpoint.size) != checkpoint.root:
            yield (
                f"the checkpoint of {checkpoint.size} records is not of this tree: records were changed, taken away or put in another order,"
                " and the tree was made anew"
            )


def _records(archive: Path, tree: Tree, state: State) -> Iterator[str]:
    """The records that are not those of the leaves, and hashes of the tree that are not those of what lies below them."""
    if not state.size:
        return
    with tree.hashes() as held, contextlib.closing(_Walk(archive)) as walk:
        for index, (name, offset) in enumerate(tree.leaves(state)):
            found, why = walk.leaf(name, offset)
            own = held(0, index)
            if found != own:
                yield f"record {index}, {name} at {offset}: {why or 'is not the one that was taken in'}"
            for level, made in enumerate(merkle.complete(held, index, own)):
                if held(level, index >> level) != made:
                    yield f"the tree's hash {index >> level} of level {level} is not that of what lies below it"


class _Walk:
    """Records at their places; those of a file one behind the other are read in one go."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._open: dict[str, tuple[Iterator[Member], contextlib.ExitStack]] = {}

    def leaf(self, name: str, offset: int) -> tuple[bytes | None, str]:
        """The leaf of the record there, or none and why."""
        for fresh in (False, True):
            if fresh or name not in self._open:
                self._drop(name)
                try:
                    self._start(name, offset)
                except (ArchiveError, OSError) as error:
                    return None, error.message if isinstance(error, ArchiveError) else error.strerror or str(error)
            try:
                member = next(self._open[name][0], None)
            except OSError as error:
                return None, error.strerror or str(error)
            if member is not None and member.offset == offset:
                return leaf_of(member.record), ""
        self._drop(name)
        return None, "no whole record stands there"

    def _start(self, name: str, offset: int) -> None:
        if len(self._open) >= FILES_AT_ONCE:
            self._drop(next(iter(self._open)))
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(find(self._archive, name).open("rb"))
            self._open[name] = members(file, offset), stack.pop_all()

    def _drop(self, name: str) -> None:
        if name in self._open:
            self._open.pop(name)[1].close()

    def close(self) -> None:
        """Let go of all files."""
        for name in list(self._open):
            self._drop(name)
