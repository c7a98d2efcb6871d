"""The Merkle tree by RFC 9162, 2.1: what its hashes are, what proves that a leaf is in it, and that one tree is another's beginning. Pure.

A tree is asked by `Hash`: the hash of a complete subtree, by its level and its number in that level. Leaves are level 0.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
SIZE = 32  # bytes of a hash

Hash = Callable[[int, int], bytes]


def leaf(data: bytes) -> bytes:
    """The hash of a leaf (2.1.1)."""
    return sha256(b"\x00" + data).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


def stored(size: int) -> int:
    """How many complete subtrees a tree of so many leaves has: each is written once, right behind the last of its leaves."""
    return 2 * size - size.bit_count()


def place(level: int, number: int) -> int:
    """Which of the hashes in the order in which they become complete is this one."""
    return stored(((number + 1) << level) - 1) + level


def complete(held: Hash, size: int, new: bytes) -> Iterator[bytes]:
    """The hashes that become complete when a leaf is put behind a tree of `size` leaves: the leaf's own, then those above it."""
    yield new
    number, level = size, 0
    while number & 1:
        new = parent(held(level, number - 1), new)
        yield new
        number, level = number >> 1, level + 1


def root(held: Hash, size: int) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _range(held, 0, size) if size else EMPTY


def inclusion(held: Hash, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of 2.1.3.1. Raises ValueError for a leaf that the tree has not."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    start, end, path = 0, size, list[bytes]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(held, middle, end))
            end = middle
        else:
            path.append(_range(held, start, middle))
            start = middle
    return path[::-1]


def consistency(held: Hash, first: int, second: int) -> list[bytes]:
    """PROOF(first, D[second]) of 2.1.4.1; nothing is needed from an empty tree, or to the same. Raises ValueError for a larger first."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} leaves does not begin with {first}")
    if first in (0, second):
        return []
    start, end, whole, path = 0, second, True, list[bytes]()
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_range(held, middle, end))
            end = middle
        else:
            path.append(_range(held, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_range(held, start, end))
    return path[::-1]


def is_included(entry: bytes, index: int, size: int, path: Sequence[bytes], top: bytes) -> bool:
    """Does this path lead from a leaf's hash to the root (2.1.3.2)?"""
    if not 0 <= index < size:
        return False
    number, last, found = index, size - 1, entry
    for other in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = parent(other, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = parent(found, other)
        number, last = number >> 1, last >> 1
    return last == 0 and found == top


def is_beginning(first: int, one: bytes, second: int, other: bytes, path: Sequence[bytes]) -> bool:
    """Is the tree of root `one` the beginning of that of root `other` (2.1.4.2)?"""
    if first == second:
        return one == other and not path
    if first == 0:
        return one == EMPTY and not path
    if not 0 < first < second or not path:
        return False
    rest = list(path) if first & (first - 1) else [one, *path]
    number, last = first - 1, second - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = rest[0]
    for piece in rest[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = parent(piece, old), parent(piece, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = parent(new, piece)
        number, last = number >> 1, last >> 1
    return last == 0 and old == one and new == other


def _split(count: int) -> int:
    """The largest power of two below a count."""
    return 1 << (count - 1).bit_length() - 1


def _range(held: Hash, start: int, end: int) -> bytes:
    """MTH of the leaves from `start` up to `end`, as the recursion of 2.1.1 cuts them."""
    count = end - start
    if not count & (count - 1):
        level = count.bit_length() - 1
        return held(level, start >> level)
    middle = start + _split(count)
    return parent(_range(held, start, middle), _range(held, middle, end))
