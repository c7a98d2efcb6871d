"""The tree grows and is signed. Whatever the database knows as committed and the tree has not yet becomes leaves, in commit order.

The WARC files and the tree's own files are all that counts: it costs the crawl nothing, and `reindex` changes nothing of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from crawler.archive.members import Damage, members
from crawler.archive.notes import Checkpoint, PublicKey, opened, signing_key
from crawler.archive.proof import read
from crawler.archive.reader import find
from crawler.archive.tree import Leaf, State, Tree, leaf_of
from crawler.errors import ArchiveError, DamagedRecord
from crawler.model import Millis
from crawler.repository import files, looks
from crawler.repository.database import Database

ROUND = 1 << 30  # bytes of WARC files whose records are put in order at once

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that was signed: where its note lies, what it says, and the key that checks it."""

    path: Path
    checkpoint: Checkpoint
    public: PublicKey


def grow(database: Database, archive: Path) -> int:
    """Take into the tree what is committed and not in it; how many records. Raises ArchiveError, RepositoryError."""
    tree = Tree(archive)
    with tree.alone():
        return _grow(database, archive, tree)


def sign(database: Database, archive: Path, key: Path | None, clock: Callable[[], Millis]) -> Signed:
    """Let the tree grow and sign it as it is then. Raises ArchiveError, also where it does not begin with what was signed last."""
    tree = Tree(archive)
    with tree.alone():
        secret = signing_key(key or tree.key)
        _grow(database, archive, tree)
        state, notes = tree.state(), tree.notes()
        root = tree.root(state.size)
        if notes:
            last = opened(read(notes[-1]), secret.public)
            if last.size > state.size or tree.root(last.size) != last.root:
                raise ArchiveError(
                    f"the tree does not begin with what {notes[-1].name} signed: nothing is signed",
                    remedy="gongkai verify says what is not as it was; put it back from a backup",
                )
        checkpoint = Checkpoint(secret.public.name, state.size, root, clock())
        path = tree.save(secret.sign(checkpoint), str(secret.public), state.size, clock())
    return Signed(path, checkpoint, secret.public)


def _grow(database: Database, archive: Path, tree: Tree) -> int:
    with database.read() as c:
        committed = files.committed(c)
    state = tree.state()
    begun = state.size
    for names in _rounds(state, committed):
        state = _take(database, archive, tree, state, {name: committed[name] for name in names})
    return state.size - begun


def _rounds(state: State, committed: dict[str, int]) -> Iterator[list[str]]:
    """The files of which something is not in the tree, as many at once as may be put in order together."""
    names, size = list[str](), 0
    for name in sorted(committed):
        more = committed[name] - state.ends.get(name, 0)
        if more > 0:
            if names and size + more > ROUND:
                yield names
                names, size = [], 0
            names.append(name)
            size += more
    if names:
        yield names


def _take(database: Database, archive: Path, tree: Tree, state: State, ends: dict[str, int]) -> State:
    groups: list[tuple[str, list[Leaf]]] = []
    there = dict[str, int]()
    for name, end in ends.items():
        try:
            groups += _groups(archive, name, state.ends.get(name, 0), end)
            there[name] = end
        except (DamagedRecord, OSError) as error:
            log.warning("not in the tree yet", file=name, said=str(error))
    with database.read() as c:
        numbers = looks.numbers(c, [look for look, _ in groups])
    return tree.append(state, (leaf for group in _ordered(groups, numbers) for leaf in group), there)


def _groups(archive: Path, name: str, start: int, end: int) -> list[tuple[str, list[Leaf]]]:
    """The records of a part of a file, look by look: (the look's record, its leaves). What is damaged is in no tree."""
    lost: list[Damage] = []
    found: list[tuple[str, list[Leaf]]] = []
    group: list[Leaf] = []
    with find(archive, name).open("rb") as file:
        for member in members(file, start, lost, name):
            if member.end > end:
                break
            group.append(Leaf(name, member.offset, leaf_of(member.record)))
            if member.record.type == "metadata":
                found.append((member.record.id, group))
                group = []
    for damage in lost:
        if damage.offset < end:
            log.warning("damaged: not in the tree", file=name, said=str(damage))
    return [*found, ("", group)] if group else found


def _ordered(groups: Sequence[tuple[str, list[Leaf]]], numbers: dict[str, int]) -> Iterator[list[Leaf]]:
    """In the order in which the looks were committed; what the database has not stands behind what lies before it in its file."""
    placed: list[tuple[int, list[Leaf]]] = []
    last, file = 0, ""
    for look, leaves in groups:
        if leaves[0].file != file:
            last, file = 0, leaves[0].file
        last = max(last, numbers.get(look, 0))
        placed.append((last, leaves))
    return (leaves for _, leaves in sorted(placed, key=lambda one: one[0]))
