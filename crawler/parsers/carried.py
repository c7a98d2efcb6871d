"""The structure of a column's first page, carried to its later ones.

A last page of one row is no list by itself, and the box of links beside it is. Where the rows stood on the first page, and where other
links did, tells them apart: by the blocks around a link, and by the tags and classes of what the rows stand in.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from crawler.parsers.groups import Group, Item, fill, near
from crawler.parsers.rows import title_of
from crawler.parsers.tree import BLOCKS, Node, attribute, squeeze

AROUND = 3  # elements around a row by which its place is known
MOST_BESIDE = 12
MOST_ITEMS = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows stand. `path`: the blocks from a link up to the body; `depth`: elements between a link and its row; `around`: what the
    row stands in, from within, each with its classes."""

    path: str
    depth: int
    around: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """Where a column's rows stand on its first page, and where the links beside them do."""

    rows: Place
    beside: frozenset[Place]


def path_of(tags: Iterable[str | None]) -> str:
    """The blocks from a link up to the body: rows of one list stand alike, whatever emphasis a single one has."""
    return "/".join(tag for tag in tags if tag in BLOCKS)


def structure_of(group: Group, others: Iterable[Group]) -> str:
    """What `read_structure` reads; empty where the group's place is also another's, or not one."""
    places = {_place(item) for item in group.items if item.path}
    beside = {_place(other.items[0]) for other in islice(others, MOST_BESIDE) if other is not group and other.items[0].path}
    if len(places) != 1 or places & beside:
        return ""
    return json.dumps(
        [[place.path, place.depth, place.around] for place in (*places, *sorted(beside, key=str))], ensure_ascii=False
    )


def read_structure(told: str) -> Structure | None:
    """The other way; None for what says nothing."""
    places = [Place(path, depth, tuple(around)) for path, depth, around in json.loads(told)] if told else []
    return Structure(places[0], frozenset(places[1:])) if places else None


def standing(structure: Structure, links: list[Node]) -> list[Node]:
    """The links that stand where the first page's rows did, which is told sooner than what they say; all, where they are too many."""
    names: dict[int, str] = {}
    return [link for link in links if _row(link, structure.rows, names)] if len(links) <= MOST_ITEMS else links


def rows_like(structure: Structure, links: Sequence[Node], base: str, encoding: str, largest: int) -> Group | None:
    """The links that stand where the first page's rows did, each the longest of its row; None where none does."""
    items: dict[int, Item] = {}
    names: dict[int, str] = {}
    for link in links[:MOST_ITEMS]:
        row = _row(link, structure.rows, names)
        if row is None:
            continue
        held = items.get(row.mem_id)
        if held is None or len(squeeze(title_of(link))) > len(squeeze(title_of(held.link))):
            items[row.mem_id] = Item(link, structure.rows.path, row)
    if not items:
        return None
    parents = {item.node.parent.mem_id: item.node.parent for item in items.values() if item.node.parent is not None}
    group = Group(list(items.values()), list(parents.values()))
    fill(group, base, encoding, largest)
    return group if group.rows else None


def not_beside(structure: Structure, links: Sequence[Node]) -> list[Node]:
    """The links that do not stand where, on the first page, other links did than rows."""
    names: dict[int, str] = {}
    return [link for link in links if not any(_row(link, place, names) for place in structure.beside)]


def _row(link: Node, place: Place, names: dict[int, str]) -> Node | None:
    """The link's row, if it stands at that place. `names`: what the elements that were looked at are called."""
    row, wanted = link, iter(place.around)
    for depth, above in enumerate(islice(near(link), place.depth + AROUND), 1):
        if depth == place.depth:
            row = above
        elif depth > place.depth:
            name = names.get(above.mem_id) or names.setdefault(above.mem_id, _called(above))
            if name != next(wanted, None):
                return None
    return row if next(wanted, None) is None and path_of(above.tag for above in near(link)) == place.path else None


def _place(item: Item) -> Place:
    chain = [item.link, *near(item.link)]
    depth = next((n for n, node in enumerate(chain) if node.mem_id == item.node.mem_id), 0)
    return Place(item.path, depth, tuple(map(_called, chain[depth + 1 : depth + 1 + AROUND])))


def _called(node: Node) -> str:
    return ".".join([node.tag or "", *sorted(attribute(node, "class").split())])
