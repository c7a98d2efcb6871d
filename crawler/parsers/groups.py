"""The rows of one list: what its links, with the nodes around them, are called and dated, each beside its neighbours.

What a single row cannot tell, its neighbours do: that a date belongs to the titles, that all links say 查看, that dates stand in a column
whose head calls them another day.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from crawler.parsers.rows import DATE_ONLY, PLAIN, Given, is_numbered, kind_of, make_row, split_day, title_of
from crawler.parsers.surroundings import DEEPEST
from crawler.parsers.tree import EDGES, Node, ancestors, attribute, lines, squeeze, text
from crawler.record.reading import Row
from crawler.text.dates import read_date

PAGE_LINK = re.compile(
    r"^(?:[<>«»‹›\s\[\]|]*(?:(?:首|尾|末|第一|最后一?|最末|最前|[上下前后]一?|[上下前后]\d+|第\d+)页|首頁|末頁|[上下]一?頁|\d+页?|跳转|转到|跳到|first|last|prev(?:ious)?|next|更多|more|查看更多|\.{3})[<>«»‹›\s\[\]|+]*)+$",
    re.IGNORECASE,
)
GENERIC = re.compile(
    r"^[\[【(（<«]?(?:点击|点此)?(?:查看|查阅|详情|详细|阅读|浏览|了解|进入|更多|read|view|details?|more)(?:详情|全文|更多|内容|原文|more)?[\]】)）>».…]*$",
    re.IGNORECASE,
)
MORE = re.compile(r"^[\s\[<>»›+]*(?:更多|查看更多|more)[\s\]>»›+…·.]*$", re.IGNORECASE)
NOTICE_URL = re.compile(r"(?:\d{4,}|content|detail|info|art|post|show|view|/c\.html|\bid=)", re.IGNORECASE)
DAY = re.compile(r"(?<!\d)(?:(?:19|20)\d\d\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}(?!\d)")
COLUMN_OF_DATES = re.compile(r"时间|日期|[期日]$|发布|公布|有效|截止|年月|date", re.IGNORECASE)
LONGEST_HEAD = 20
LEAST_TITLE = 4
LEAST_NAME = 2  # characters of what a row can be called by
LEAST_ROWS = 3  # of a list that is one without being dated throughout
SHORT_TITLE, LONGEST_TITLE = 9, 40  # characters on average of a list's titles that need dates; and beyond which they do not count
MOST_LINKS = 4  # of one row


@dataclass(slots=True)
class Item:
    """A link that may be a row's; `node` the child of its list that holds it."""

    link: Node
    path: str
    node: Node
    row: Row | None = None
    heads: tuple[int, ...] = ()


@dataclass(slots=True)
class Group:
    """Items of one list. `filled`: they have their rows; `worth`: how much they look like a column; `numbered`: `may_be_dated`, once asked."""

    items: list[Item]
    parents: list[Node] = field(default_factory=list)
    filled: bool = False
    worth: float = 0.0
    numbered: bool | None = None

    @property
    def rows(self) -> list[Row]:
        """Its rows, in order."""
        return [item.row for item in self.items if item.row is not None]

    @property
    def may_be_dated(self) -> bool:
        """Is there anything in its lists that may be a date?"""
        if self.numbered is None:
            self.numbered = any(map(is_numbered, self.parents))
        return self.numbered

    def join(self, other: "Group") -> None:
        """Take up the items of a list beside its own."""
        self.numbered = self.may_be_dated or other.may_be_dated
        self.items += other.items
        self.parents += other.parents


def near(link: Node) -> Iterator[Node]:
    """Ancestors, no more than lists are deep: hostile pages nest without end."""
    return islice(ancestors(link), DEEPEST)


def is_hopeless(group: Group) -> bool:
    """Is a list worth nothing whatever its links lead to? Most boxes of a page are: no date in them, and short titles."""
    if len(group.items) < LEAST_ROWS or group.may_be_dated:
        return False
    named = [title for item in group.items if len(squeeze(title := title_of(item.link, whole=True))) >= LEAST_NAME]
    if named and sum(min(len(title), LONGEST_TITLE) for title in named) >= SHORT_TITLE * len(named):
        return False
    return not _say_the_same(named)


def _say_the_same(titles: list[str]) -> bool:
    return len(titles) >= LEAST_ROWS and (len(set(titles)) == 1 or all(GENERIC.match(squeeze(title)) for title in titles))


def _alone(link: Node, largest: int) -> Node:
    """The node of a row that has no siblings to end it: as much around its link as a row may hold."""
    node = link
    for above in near(link):
        if above.tag == "body" or len(squeeze(above.text(deep=True))) > largest:
            break
        node = above
    return node


def fill(group: Group, base: str, encoding: str, largest: int) -> None:
    """Give each item of a group its row, once."""
    if group.filled:
        return
    group.filled = True
    heads = _heads(group)
    for item in group.items:
        if len(group.items) < LEAST_ROWS and len(squeeze(item.node.text(deep=True))) > largest:
            item.node = _alone(item.link, largest)
        item.heads = heads
        item.row = make_row(item.node, item.link, base, encoding, Given(heads=heads))
    _tell_apart(group)
    rows = group.rows
    if _say_the_same([row.title for row in rows]):
        _title_by_row(group)
    if rows and not any(row.date for row in rows):
        _date_by_neighbour(group)


def _heads(group: Group) -> tuple[int, ...]:
    """What the first row of the group's table says of the dates below it, cell by cell; empty when it says nothing."""
    first = group.items[0].node
    table = next((above for above in islice(ancestors(first), 4) if above.tag == "table"), None)
    if first.tag != "tr" or table is None:
        return _heads_above(group)
    for row in table.css("tr")[:2]:
        if row.mem_id == first.mem_id:
            return ()
        told = [text(cell) for cell in row.iter() if cell.tag in ("td", "th") for _ in range(_span(cell))]
        if kinds := _kinds(told):
            return kinds
    return ()


def _heads_above(group: Group) -> tuple[int, ...]:
    """The same of a list that is no table: a line of labels above it, or as its first child."""
    parent = group.parents[0]
    above = [child for child in islice(parent.iter(), 1) if child.mem_id != group.items[0].node.mem_id]
    before = parent.prev
    while before is not None and before.tag == "-text":
        before = before.prev
    for line in (*above, *([before] if before is not None else [])):
        if line.css_first("[href]") is None and (kinds := _kinds([text(cell) for cell in islice(line.iter(), 12)])):
            return kinds
    return ()


def _kinds(told: list[str]) -> tuple[int, ...]:
    """What the cells of a head say of dates; empty when one of them holds a date, or none says anything."""
    if len(told) < 2 or any(map(DAY.search, told)) or any(len(cell) > LONGEST_HEAD for cell in told):
        return ()
    kinds = tuple(kind_of(cell) if COLUMN_OF_DATES.search(squeeze(cell)) else PLAIN for cell in told)
    return kinds if any(kind != PLAIN for kind in kinds) else ()


def _span(cell: Node) -> int:
    said = attribute(cell, "colspan")
    return min(int(said), MOST_LINKS) if said.isdigit() else 1


def _tell_apart(group: Group) -> None:
    """A date was cut from the titles, and now different notices are called the same: it was part of them (空气质量日报2024年06月20日)."""
    urls_of: dict[str, set[str]] = {}
    for row in group.rows:
        urls_of.setdefault(row.title, set()).add(row.url)
    for item in group.items:
        if item.row is not None and len(urls_of[item.row.title]) > 1:
            whole = title_of(item.link, whole=True)
            item.row = replace(item.row, title=whole) if whole.startswith(item.row.title) or item.row.title in whole else item.row


def _title_by_row(group: Group) -> None:
    """Every link says the same (查看): the title is the longest text of its row, where rows differ by it."""
    best: dict[int, str] = {}
    for item in group.items:
        if item.row is not None:
            others = [line.text for line in lines(item.node, frozenset({item.link.mem_id}))]
            pieces = [piece.strip(EDGES) for text_ in others for piece in text_.split("\t")]
            best[item.link.mem_id] = max((piece for piece in pieces if not DATE_ONLY.match(piece)), key=len, default="")
    fit = [piece for piece in best.values() if len(squeeze(piece)) >= LEAST_TITLE]
    first = _first_of_row(group) or (best if len(set(fit)) * 2 > len(best) else {})
    for item in group.items:
        piece = first.get(item.link.mem_id, "")
        if item.row is not None and len(squeeze(piece)) >= 2:
            item.row = replace(item.row, title=piece)


def _first_of_row(group: Group) -> dict[int, str]:
    """The first line of each row that is no date, where it is a title throughout: a summary below it is longer."""
    found: dict[int, str] = {}
    for item in group.items:
        shown = [line.text.strip(EDGES) for line in lines(item.node, frozenset({item.link.mem_id}))]
        if any("\t" in line for line in shown):
            return {}
        found[item.link.mem_id] = next((line for line in shown if not DATE_ONLY.match(line) and not line.isdigit()), "")
    whole = all(len(squeeze(line)) >= LEAST_TITLE + 2 for line in found.values())
    return found if whole and len(set(found.values())) * 2 > len(found) else {}


def _date_by_neighbour(group: Group) -> None:
    """Rows whose date stands beside them, not within: `<dt>title</dt><dd>date</dd>`, or plain text between links."""
    if not group.may_be_dated:
        return
    taken = {item.node.mem_id for item in group.items}
    ways = [[_beside(item.node, taken, forward=forward) for item in group.items] for forward in (True, False)]
    found = max(ways, key=lambda dates: sum(date is not None for date in dates))
    if sum(date is not None for date in found) * 2 > len(found):
        for item, date in zip(group.items, found, strict=True):
            item.row = replace(item.row, date=date) if item.row is not None and item.row.date is None else item.row


def _beside(node: Node, taken: set[int], *, forward: bool) -> str | None:
    """The date between a row and the next one (or the one before)."""
    told, near = "", node
    for _ in range(6):
        following = near.next if forward else near.prev
        if following is None or following.mem_id in taken:
            break
        is_text = following.tag == "-text"
        if not is_text and following.css_first("[href]") is not None:
            break  # what holds links of its own is no part of a row
        near = following
        shown = (near.text_content or "") if is_text else text(near)
        told = f"{told} {shown}" if forward else f"{shown} {told}"
        if len(squeeze(told)) > 40:
            break
    stamp = read_date(told)
    return split_day(told) or (stamp.iso if stamp is not None and len(stamp.iso) >= 10 else None)


def absorb(group: Group, base: str, encoding: str) -> None:
    """Rows of the same lists that stand otherwise: pinned ones, coloured ones, ones with a very short title."""
    taken = {item.node.mem_id for item in group.items}
    tags = Counter(item.node.tag for item in group.items)
    dated = sum(1 for row in group.rows if row.date) >= 0.8 * len(group.rows)
    held = {row.url for row in group.rows}
    more = []
    for parent in group.parents:
        for child in parent.iter():
            if child.mem_id in taken or child.tag not in tags:
                continue
            inside = [child] if "href" in child.attributes else child.css("a[href]")
            links = [link for link in inside if _may_be_row(link)]
            heads = group.items[0].heads
            row = make_row(child, links[0], base, encoding, Given(heads=heads)) if 0 < len(links) <= 3 else None
            if row is not None and row.url not in held and (row.date or (not dated and NOTICE_URL.search(row.url))):
                more.append(Item(links[0], "", child, row))
    if more:
        group.items = _in_order(group, more)


def _may_be_row(link: Node) -> bool:
    shown = squeeze(title_of(link))
    return len(shown) >= 2 and not PAGE_LINK.match(shown) and not MORE.match(shown)


def _in_order(group: Group, more: list[Item]) -> list[Item]:
    """All items as the page has them."""
    place = {child.mem_id: (n, m) for n, parent in enumerate(group.parents) for m, child in enumerate(parent.iter())}
    return sorted([*group.items, *more], key=lambda item: place.get(item.node.mem_id, (len(group.parents), 0)))
