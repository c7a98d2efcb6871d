"""Rows of a page by repeating structure, not by names of classes.

Links whose blocks up to the body are the same stand in one list when their items are children of one node, or of neighbouring ones (many
sites print a list in blocks of five). The best group is the one with most rows, dates and title text.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from crawler.parsers.rows import DATE_ONLY, distinct, make_row, split_day, title_of, wraps
from crawler.parsers.tree import BLOCKS, EDGES, Node, ancestors, attribute, is_hidden, lines, squeeze, text
from crawler.record.reading import Row
from crawler.text.dates import read_date

LEAST_TITLE = 4
MOST_ITEMS = 20_000  # links that are looked at
MOST_LINKS = 4  # of one row
DEEPEST = 64  # elements between a row and the body
CHROME = frozenset({"header", "footer", "nav"})
NAVIGATION = re.compile(
    r"(?:^|[\s_-])(?:nav|menu|crumbs?|breadcrumb|footer|foot|header|head|top|links?|yqlj|friend|friendlink|pager|pagination|page-?turn|sitemap|tab)(?:$|[\s_-])",
    re.IGNORECASE,
)
PAGE_LINK = re.compile(
    r"^(?:[<>«»‹›\s\[\]]*(?:首页|尾页|末页|上一?页|下一?页|上\d*页|下\d*页|第?\d+页?|更多|more|查看更多|\.{3})[<>«»‹›\s\[\]+]*)+$",
    re.IGNORECASE,
)
FURNITURE = re.compile(
    r"公网安备|公安机关备案|ICP备|网站标识码|^全国党政机关|^网站地图$|^联系我们$|^关于我们$|^隐私声明$|^网站声明$|^返回(?:首页|顶部)$"
)
MORE = re.compile(r"^[\s\[<>»›+]*(?:更多|查看更多|more)[\s\]>»›+…·.]*$", re.IGNORECASE)
GENERIC = re.compile(r"^[\[【(（]?(?:点击)?(?:查看|详情|详细|阅读|浏览)(?:详情|全文|更多)?[\]】)）>»]*$")
NOTICE_URL = re.compile(r"(?:\d{4,}|content|detail|info|art|post|show|view|/c\.html|\bid=)", re.IGNORECASE)
DAY = re.compile(r"(?<!\d)(?:(?:19|20)\d\d\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}(?!\d)")
DATED = 0.8  # least share of dated rows from which a list is one, whatever its box is called
UNSEEN = 0.2  # what a list that no reader sees is worth beside one that is seen
LARGEST_ROW = 300  # characters of a row that stands alone; more is a page around a link
LEAST_WORTH = 2.5  # one dated row with a title of some length: the last page of a column may hold no more
HUB_BLOCKS = 3  # short lists, each with its own "more": a page that leads to lists and is none
MOST_OF_HUB = 10


@dataclass(slots=True)
class Item:
    """A link that may be a row's; `node` the child of its list that holds it."""

    link: Node
    path: str
    node: Node
    row: Row | None = None


@dataclass(slots=True)
class Group:
    """Items of one list."""

    items: list[Item]
    parents: list[Node] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Its rows, in order."""
        return [item.row for item in self.items if item.row is not None]


def by_structure(tree: LexborHTMLParser, base: str, encoding: str, least: int = 0) -> tuple[list[Row], str]:
    group = best_group(tree, base, encoding, least)
    if group is None:
        return [], "0 rows: nothing repeats"
    rows = distinct(group.rows)
    return rows, f"{len(rows)} rows by structure"


def best_group(tree: LexborHTMLParser, base: str, encoding: str, least: int = 0) -> Group | None:
    """The group of links that looks most like a column of notices. `least`: a piece of HTML is a list when it has that many rows."""
    body = tree.body or tree.root
    if body is None:
        return None
    ranked = _ranked(_links(body), base, encoding)
    if not ranked or _worth(ranked[0]) < LEAST_WORTH:
        ranked = _ranked(_links(body, GENERIC), base, encoding) or ranked
    if ranked and _worth(ranked[0]) >= LEAST_WORTH:
        _absorb(ranked[0], base, encoding)
        return ranked[0]
    return ranked[0] if least and ranked and len(ranked[0].rows) >= least and any(row.date for row in ranked[0].rows) else None


def _ranked(links: list[Node], base: str, encoding: str) -> list[Group]:
    """The groups that links form, the best first."""
    inside = {link.mem_id for link in links if _in_navigation(link)}
    groups = [_one_each(group) for group in _groups([link for link in links if link.mem_id not in inside])]
    named = [_one_each(group) for group in _groups([link for link in links if link.mem_id in inside and not _in_chrome(link)])]
    for group in (*groups, *named):
        _fill(group, base, encoding)
    groups += [group for group in named if group.rows and sum(1 for row in group.rows if row.date) >= DATED * len(group.items)]
    return sorted(groups, key=lambda group: _worth(group) * (UNSEEN if _is_unseen(group) else 1), reverse=True)


def _is_unseen(group: Group) -> bool:
    """The list of another tab, which a click would show."""
    return all(any(map(is_hidden, _near(item.link))) for item in group.items)


def _links(body: Node, also: re.Pattern[str] | None = None) -> list[Node]:
    """Links with a title, `also` those that say so little."""
    found = body.css("a[href]")
    wanted = [link for link in found if _titled(link) or (also is not None and also.match(squeeze(link.text(deep=True))))]
    return wanted[:MOST_ITEMS]


def _titled(link: Node) -> bool:
    shown = squeeze(attribute(link, "title") or link.text(deep=True))
    return (
        len(shown) >= LEAST_TITLE
        and not FURNITURE.search(shown)
        and not PAGE_LINK.match(shown)
        and not PAGE_LINK.match(squeeze(link.text(deep=True)) or "x")
    )


def _near(link: Node) -> Iterator[Node]:
    """Ancestors, no more than lists are deep: hostile pages nest without end."""
    return islice(ancestors(link), DEEPEST)


def _in_chrome(link: Node) -> bool:
    """In a page's own header, footer or navigation, by the tag: names of boxes are no more than names."""
    return any(above.tag in CHROME for above in _near(link))


def _in_navigation(link: Node) -> bool:
    for number, above in enumerate(_near(link)):
        if above.tag in CHROME:
            return True
        if number < 3 and NAVIGATION.search(attribute(above, "class") + " " + attribute(above, "id")):
            return True
    return False


def _path(link: Node) -> str:
    """The blocks from the link up to the body: rows of one list stand alike, whatever emphasis a single one has."""
    return "/".join(above.tag or "" for above in _near(link) if above.tag in BLOCKS or above.tag == "-document")


def _groups(links: list[Node]) -> list[Group]:
    by_path: dict[str, list[Node]] = {}
    for link in links:
        by_path.setdefault(_path(link), []).append(link)
    groups = []
    for path, same in by_path.items():
        groups += _by_parent(_items(path, same))
    return groups


def _items(path: str, same: list[Node]) -> list[Item]:
    """Each link with the largest node around it that holds no other link of its path (but the same address twice is one row)."""
    hrefs: dict[int, set[str]] = {}
    for link in same:
        for above in _near(link):
            hrefs.setdefault(above.mem_id, set()).add(attribute(link, "href"))
    items, taken = [], set[int]()
    for link in same:
        node = link
        for above in _near(link):
            if above.tag == "body" or len(hrefs[above.mem_id]) > 1:
                break
            node = above
        if node.mem_id not in taken and node.parent is not None:
            taken.add(node.mem_id)
            items.append(Item(link, path, node))
    return items


def _by_parent(items: list[Item]) -> list[Group]:
    """Items by the node whose children they are; lists that are neighbours and alike are one."""
    lists: dict[int, Group] = {}
    for item in items:
        parent = item.node.parent
        assert parent is not None
        group = lists.setdefault(parent.mem_id, Group([], [parent]))
        group.items.append(item)
    merged: dict[tuple[int, str], Group] = {}
    for group in lists.values():
        parent = group.parents[0]
        above = parent.parent
        near = above is not None and parent.tag != "body" and above.tag != "body"
        key = (
            above.mem_id if near and above is not None else parent.mem_id,
            f"{parent.tag} {group.items[0].node.tag} {_is_dated(group)}",
        )
        held = merged.get(key)
        if held is None:
            merged[key] = group
        else:
            held.items += group.items
            held.parents += group.parents
    return list(merged.values())


def _is_dated(group: Group) -> bool:
    return sum(bool(re.search(r"\d\s*[-/.年月]\s*\d", item.node.text(deep=True))) for item in group.items) * 2 >= len(group.items)


def _one_each(group: Group) -> Group:
    """Rows with several links (a category, the title, a document): the link with the longest text stands for its row."""
    by_parent: dict[int, list[Item]] = {}
    for item in group.items:
        if item.node.parent is not None:
            by_parent.setdefault(item.node.parent.mem_id, []).append(item)
    several = sum(1 for items in by_parent.values() if 1 < len(items) <= MOST_LINKS)
    bare = all(not wraps(item.node) for item in group.items) or _in_cells(by_parent)
    if not bare or len(by_parent) < 3 or several * 2 < len(by_parent) or max(map(len, by_parent.values())) > MOST_LINKS:
        return group
    items, parents = [], dict[int, Node]()
    for same in by_parent.values():
        best = max(same, key=lambda item: len(squeeze(title_of(item.link))))
        row = best.node.parent
        assert row is not None
        items.append(Item(best.link, best.path, row))
        if row.parent is not None:
            parents.setdefault(row.parent.mem_id, row.parent)
    return Group(items, list(parents.values()))


def _in_cells(by_parent: dict[int, list[Item]]) -> bool:
    """Links in cells of their own, and one date for each table row: a row with two titles has two dates, or none."""
    rows = [row for items in by_parent.values() if (row := items[0].node.parent) is not None and row.tag in ("tr", "li")]
    dated = sum(1 for row in rows if len(DAY.findall(row.text(deep=True, separator=" "))) == 1)
    return len(rows) == len(by_parent) and dated >= DATED * len(rows)


def _alone(link: Node) -> Node:
    """The node of a row that has no siblings to end it: as much around its link as a row may hold."""
    node = link
    for above in _near(link):
        if above.tag == "body" or len(squeeze(above.text(deep=True))) > LARGEST_ROW:
            break
        node = above
    return node


def _fill(group: Group, base: str, encoding: str) -> None:
    for item in group.items:
        if len(group.items) < 3 and len(squeeze(item.node.text(deep=True))) > LARGEST_ROW:
            item.node = _alone(item.link)
        item.row = make_row(item.node, item.link, base, encoding)
    rows = group.rows
    if len(rows) >= 3 and len({row.title for row in rows}) == 1:
        _title_by_row(group)
    if rows and not any(row.date for row in rows):
        _date_by_neighbour(group)


def _title_by_row(group: Group) -> None:
    """Every link says the same (查看): the title is the longest text of its row."""
    for item in group.items:
        if item.row is not None:
            others = [line.text for line in lines(item.node, frozenset({item.link.mem_id}))]
            pieces = [piece.strip(EDGES) for text_ in others for piece in text_.split("\t")]
            best = max((piece for piece in pieces if not DATE_ONLY.match(piece)), key=len, default="")
            item.row = replace(item.row, title=best) if len(squeeze(best)) >= LEAST_TITLE else None


def _date_by_neighbour(group: Group) -> None:
    """Rows whose date stands beside them, not within: `<dt>title</dt><dd>date</dd>`, or plain text between links."""
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
        near = following
        shown = (near.text_content or "") if near.tag == "-text" else text(near)
        told = f"{told} {shown}" if forward else f"{shown} {told}"
        if len(squeeze(told)) > 40:
            break
    stamp = read_date(told)
    return split_day(told) or (stamp.iso if stamp is not None and len(stamp.iso) >= 10 else None)


def _absorb(group: Group, base: str, encoding: str) -> None:
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
            links = [link for link in ([child] if child.tag == "a" else child.css("a[href]")) if _may_be_row(link)]
            row = make_row(child, links[0], base, encoding) if 0 < len(links) <= 3 else None
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


def _worth(group: Group) -> float:
    """How much a group looks like a column of notices."""
    rows = group.rows
    count = len({row.url for row in rows})
    if not count:
        return 0.0
    dated = sum(1 for row in rows if row.date) / len(rows)
    length = sum(min(len(row.title), 40) for row in rows) / len(rows)
    notices = sum(1 for row in rows if NOTICE_URL.search(row.url)) / len(rows)
    if count < 3 and (
        dated < 1 or notices < 1 or any(len(squeeze(item.node.text(deep=True))) > LARGEST_ROW for item in group.items)
    ):
        return 0.0
    if dated < 0.5 and (length < 9 or notices < 0.5):
        return 0.0
    return min(count, 60) * (0.4 + 2.2 * dated) * (0.3 + length / 25) * (0.5 + notices)


def is_hub(tree: LexborHTMLParser, rows: list[Row]) -> bool:
    """A page that leads to lists and is none: a few rows, no pager, and several blocks that each lead to their own "more"."""
    more = {attribute(link, "href") for link in tree.css("a[href]") if MORE.match(text(link) or "x")}
    return len(more) >= HUB_BLOCKS and len(rows) < MOST_OF_HUB


def where(group: Group) -> str:
    """A selector for a group's rows, for whoever writes a source file."""
    node = group.items[0].node
    names = []
    for above in [node, *ancestors(node)][:3]:
        own = attribute(above, "id")
        names.append(
            f"{above.tag}#{own}"
            if own and node is not above
            else ".".join([above.tag or "", *attribute(above, "class").split()[:1]])
        )
        if own and node is not above:
            break
    return " > ".join(reversed(names))
