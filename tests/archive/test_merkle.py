"""The tree is RFC 9162's: every proof holds, and none holds for anything else."""

from crawler.archive import merkle
from crawler.archive.merkle import Hash
from tests.tools.tree_of_a_million import measure

MOST = 40
LEAVES = [merkle.leaf(bytes([number])) for number in range(MOST)]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH, word by word as RFC 9162 defines it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else merkle.EMPTY
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.parent(by_definition(leaves[:split]), by_definition(leaves[split:]))


def grown() -> Hash:
    """The hashes of a tree that grew leaf by leaf."""
    held: list[bytes] = []

    def of(level: int, number: int) -> bytes:
        return held[merkle.place(level, number)]

    for number, leaf in enumerate(LEAVES):
        assert len(held) == merkle.stored(number)
        held += merkle.complete(of, number, leaf)
    return of


HELD = grown()


def test_the_root_of_every_size_is_that_of_the_definition() -> None:
    assert merkle.EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"  # RFC 6962's test vector
    for size in range(MOST + 1):
        assert merkle.root(HELD, size) == by_definition(LEAVES[:size])


def test_every_leaf_is_proved_in_every_tree_and_nothing_else_is() -> None:
    for size in range(1, MOST + 1):
        top = by_definition(LEAVES[:size])
        for index in range(size):
            path = merkle.inclusion(HELD, index, size)
            assert merkle.is_included(LEAVES[index], index, size, path, top)
            assert not merkle.is_included(merkle.leaf(b"other"), index, size, path, top)
            assert not merkle.is_included(LEAVES[index], index, size, [*path, top], top)
            assert not merkle.is_included(LEAVES[index], size, size, path, top)
            assert not merkle.is_included(LEAVES[index], index, 2 * size, path, top)
            if size > 1:
                assert not merkle.is_included(LEAVES[index], (index + 1) % size, size, path, top)
                assert not merkle.is_included(LEAVES[index], index, size, path[:-1], top)


def test_every_tree_is_proved_the_beginning_of_every_later_one_and_no_other_is() -> None:
    for second in range(MOST + 1):
        top = by_definition(LEAVES[:second])
        for first in range(second + 1):
            path = merkle.consistency(HELD, first, second)
            assert merkle.is_beginning(first, by_definition(LEAVES[:first]), second, top, path)
            if 0 < first < second:
                changed = [*LEAVES[: first - 1], merkle.leaf(b"other")]
                assert not merkle.is_beginning(first, by_definition(changed), second, top, path)
                assert not merkle.is_beginning(first, by_definition(LEAVES[:first]), second, top, path[:-1])
                assert not merkle.is_beginning(first, by_definition(LEAVES[:first]), second, top, [*path, top])
                assert not merkle.is_beginning(first - 1, by_definition(LEAVES[:first]), second, top, path)


def test_a_stored_tree_that_grew_proves_its_leaves_and_its_beginning() -> None:
    assert set(measure(3000)) == {"first", "day", "proof", "check"}
