"""Rows of a page by repeating structure, not by names of classes.

Links whose blocks up to the body are the same stand in one list when their items are children of one node, or of neighbouring ones (many
sites print a list in blocks of five). The best group is the one with most rows, dates and title text.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from crawler.parsers.carried import Structure, not_beside, path_of, read_structure, rows_like, standing, structure_of
from crawler.parsers.groups import (
    DAY,
    GENERIC,
    LEAST_ROWS,
    LEAST_TITLE,
    LONGEST_TITLE,
    MORE,
    MOST_LINKS,
    NOTICE_URL,
    PAGE_LINK,
    SHORT_TITLE,
    Group,
    Item,
    absorb,
    fill,
    is_hopeless,
    near,
)
from crawler.parsers.rows import DATE_ONLY, distinct, is_numbered, title_of, wraps
from crawler.parsers.surroundings import Link, Surroundings
from crawler.parsers.tree import Node, ancestors, attribute, is_hidden, lines, squeeze, text
from crawler.record.reading import Row
from crawler.text.dates import read_date

MOST_ITEMS = 20_000  # links that are looked at
NO_LINKS = frozenset({"link", "base", "area", "button", "input"})
FURNITURE = re.compile(
    r"公网安备|公安机关备案|ICP备|网站标识码|^全国党政机关|^网站地图$|^联系我们$|^关于我们$|^隐私声明$|^网站声明$|^返回(?:首页|顶部)$"
)
FILE_URL = re.compile(r"\.(?:docx?|xlsx?|pptx?|wps|et|pdf|ofd|zip|rar|7z|jpe?g|png|gif|mp4)(?:$|[?#])", re.IGNORECASE)
COUNTED = r"\s*(?:<[^<>]*>\s*)*[1-9]\d*\s*(?:<[^<>]*>\s*)*[条页篇]"
PAGED = (  # asked of every list: a pattern that begins with one character is found in a tenth of the time
    re.compile(r"页(?:(?<=[上下尾末].)|(?<=[上下]一.))"),
    re.compile(r"頁(?:(?<=[上下尾末].)|(?<=[上下]一.))"),
    re.compile(rf"共{COUNTED}"),
    re.compile(rf"计(?<=[总合].){COUNTED}"),
    re.compile(r"[pP](?i:(?<=create.)|(?<=create_.))(?i:age\w*\s*\()"),
    re.compile(r"[tT](?i:otal\s?record)"),
    re.compile(r"\d\s*/\s*\d+\s*页"),
)
PART_OF_DATE = re.compile(r"\d\s*[-/.年月]\s*\d")
NOTHING = re.compile(r"(?:暂无|没有|尚无|无)(?:任何|相关|可显示|符合条件的?)?(?:数据|信息|内容|记录|文章|结果)|共\s*0\s*条")
FRAME = re.compile(r"(?:当前|所在|现在的?|您的|当前所在)位置|版权所有|主办单位|主办：|ICP备|网站标识码|技术支持")
DATED = 0.8  # least share of dated rows from which a list is one, whatever its box is called
UNSEEN = 0.2  # what a list that no reader sees is worth beside one that is seen
LARGEST_ROW = 300  # characters of a row that stands alone; more is a page around a link
LARGEST_OF_LIST = 1500  # the same on a page that says it is one of a list
LONGEST_LINE = 120  # characters of a line beside which a lone link without a date is part of a text
LEAST_WORTH = 2.5  # one dated row with a title of some length: the last page of a column may hold no more
LEAST_ALONE = 6  # characters of the title of a row that stands alone and has no date
CLOSE, MOST_CLOSE = 0.5, 5  # share of the best list's worth from which another may be the column
LONGEST_DAY = 20  # characters of a date that stands alone
HUB_BLOCKS = 3  # short lists, each with its own "more": a page that leads to lists and is none
MOST_OF_HUB = 10


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a page, how they were found, and where they stand (`carried`), for the column's later pages."""

    rows: list[Row]
    how: str
    structure: str = ""


def by_structure(
    tree: LexborHTMLParser, base: str, encoding: str, least: int = 0, *, paged: bool = False, like: str = ""
) -> Found:
    """Rows, and how they were found. `least`: a piece of HTML is a list when it has that many rows; `paged`: the page says that it is one
    of a list's, so that a single row may be all it has; `like`: the structure of its column's first page."""
    first = read_structure(like)
    largest = LARGEST_OF_LIST if paged else LARGEST_ROW
    if first is not None and tree.body is not None:
        links = standing(first, _addressed(tree.body))
        same = rows_like(first, _worded(links), base, encoding, largest) or rows_like(
            first, _worded(links, GENERIC), base, encoding, largest
        )
        if same is not None:
            absorb(same, base, encoding)
            rows = distinct(same.rows)
            return Found(rows, f"{len(rows)} rows where the first page has them", like)
    group, others = _best(tree, base, encoding, least, paged=paged, first=first)
    if group is None:
        return Found([], "0 rows: nothing repeats")
    if not paged and is_hub(tree, group):
        longest = len(distinct(group.rows))
        return Found([], f"0 rows: a hub of short lists, each with its own link to more; the longest has {longest} rows")
    rows = distinct(group.rows)
    return Found(rows, f"{len(rows)} rows by structure", like or structure_of(group, others))


def best_group(tree: LexborHTMLParser, base: str, encoding: str) -> Group | None:
    """The group of links that looks most like a column of notices."""
    return _best(tree, base, encoding, 0, paged=False, first=None)[0]


def _best(
    tree: LexborHTMLParser, base: str, encoding: str, least: int, *, paged: bool, first: Structure | None
) -> tuple[Group | None, list[Group]]:
    """The best group, and all there are, the best first."""
    body = tree.body or tree.root
    if body is None:
        return None, []
    largest = LARGEST_OF_LIST if paged else LARGEST_ROW
    links = _links(body)
    ranked = _ranked(not_beside(first, links) if first is not None else links, base, encoding, largest)
    if not ranked or ranked[0].worth < LEAST_WORTH:
        links = _links(body, GENERIC)
        ranked = _ranked(not_beside(first, links) if first is not None else links, base, encoding, largest) or ranked
    if ranked and ranked[0].worth >= LEAST_WORTH:
        best = _paged_one(ranked) if paged else ranked[0]
        absorb(best, base, encoding)
        return best, ranked
    for group in ranked:
        fill(group, base, encoding, largest)
    if least and ranked and len(ranked[0].rows) >= least and any(row.date for row in ranked[0].rows):
        return ranked[0], ranked
    return _lone(ranked, body, paged=paged), ranked


def _paged_one(ranked: list[Group]) -> Group:
    """Of lists that are worth about the same, and no less dated than the best, the one in whose box the page's numbers stand."""
    best, least = ranked[0], CLOSE * ranked[0].worth
    close = [group for group in ranked[1:MOST_CLOSE] if group.worth >= least and _share(group) >= _share(best)]
    return next((group for group in (best, *close) if _holds_pager(group)), best) if close else best


def _share(group: Group) -> float:
    return sum(1 for row in group.rows if row.date) / max(1, len(group.rows))


def _holds_pager(group: Group) -> bool:
    own = {item.link.mem_id for item in group.items}
    for above in islice((group.parents[0], *ancestors(group.parents[0])), 3):
        if above.tag == "body":
            return False
        said = [squeeze(link.text(deep=True)) for link in above.css("a[href]") if link.mem_id not in own]
        if any(PAGE_LINK.match(text_) and not MORE.match(text_) for text_ in said if text_):
            return True
    return False


def _lone(ranked: list[Group], body: Node, *, paged: bool) -> Group | None:
    """A column of one or two notices without dates: what surrounds them must say that they are rows."""
    whole = text(body)
    if NOTHING.search(whole):
        return None
    if not paged and any(len(line.text) > LONGEST_LINE and "\t" not in line.text for line in lines(body)):
        return None
    surroundings = Surroundings()
    fit = [group for group in ranked if len(group.rows) == len(group.items) and _is_lone_list(group, surroundings, paged=paged)]
    return fit[0] if len(fit) == 1 or (fit and paged) else None


def _is_lone_list(group: Group, surroundings: Surroundings, *, paged: bool) -> bool:
    rows = group.rows
    if not rows or any(len(squeeze(row.title)) < LEAST_ALONE or FILE_URL.search(row.url) for row in rows):
        return False
    if any(surroundings.of(item.link).in_navigation or _is_unseen(group) for item in group.items):
        return False
    own = all(
        squeeze(item.node.text(deep=True)) == squeeze(item.link.text(deep=True)) or wraps(item.node) for item in group.items
    )
    return own and all(row.reason is None and (paged or NOTICE_URL.search(row.url)) for row in rows)


def _ranked(links: list[Node], base: str, encoding: str, largest: int) -> list[Group]:
    """The groups that links form, the best first."""
    surroundings = Surroundings()
    placed = [surroundings.of(link) for link in links]
    groups = [_one_each(group) for group in _groups([link for link in placed if not link.in_navigation])]
    named = [_one_each(group) for group in _groups([link for link in placed if link.in_navigation and not link.in_chrome])]
    for group in (*groups, *named):
        if not is_hopeless(group):
            fill(group, base, encoding, largest)
    groups += [group for group in named if group.rows and sum(1 for row in group.rows if row.date) >= DATED * len(group.items)]
    for group in groups:
        group.worth = _worth(group, largest)
    return sorted(groups, key=lambda group: group.worth * (UNSEEN if group.worth and _is_unseen(group) else 1), reverse=True)


def _is_unseen(group: Group) -> bool:
    """The list of another tab, which a click would show."""
    return all(any(map(is_hidden, near(item.link))) for item in group.items)


def _links(body: Node, also: re.Pattern[str] | None = None) -> list[Node]:
    """Links with a title, `also` those that say so little."""
    return _worded(_addressed(body), also)


def _addressed(body: Node) -> list[Node]:
    return [link for link in body.css("[href]") if link.tag not in NO_LINKS]


def _worded(links: list[Node], also: re.Pattern[str] | None = None) -> list[Node]:
    wanted = [link for link in links if _titled(link) or (also is not None and also.match(squeeze(link.text(deep=True))))]
    return wanted[:MOST_ITEMS]


def _titled(link: Node) -> bool:
    told, title = link.text(deep=True), attribute(link, "title")
    own = squeeze(told)
    shown = own if title in ("", told) and told else squeeze(title or _pictured(link))
    if (_known_furniture if len(shown) <= LARGEST_ROW else _is_furniture)(shown) or (
        own and own != shown and PAGE_LINK.match(own)
    ):
        return False
    return len(shown) >= LEAST_TITLE or (len(shown) >= 2 and _beside_a_day(link))


def _is_furniture(shown: str) -> bool:
    return FURNITURE.search(shown) is not None or PAGE_LINK.match(shown) is not None


_known_furniture = lru_cache(maxsize=4096)(_is_furniture)  # a site's pages have the same menus


def _pictured(link: Node) -> str:
    """What a link that is a picture is called by."""
    image = link.css_first("img[alt]")
    return attribute(image, "alt") if image is not None else ""


def _beside_a_day(link: Node) -> bool:
    """Does a link with a very short text (公告, a name) stand in an item or a table row of its own, beside a date?"""
    for above in islice(ancestors(link), 3):
        if above.tag in ("li", "tr", "dl", "dd", "p", "div"):
            shown = above.text(deep=True, separator=" ")
            return len(shown) <= LARGEST_ROW and len(above.css("a[href]")) <= MOST_LINKS and DAY.search(shown) is not None
    return False


def _groups(links: list[Link]) -> list[Group]:
    by_path: dict[str, list[Link]] = {}
    for link in links:
        by_path.setdefault(path_of(above.tag for above in link.around), []).append(link)
    groups = []
    for path, same in by_path.items():
        groups += _by_parent(_items(path, same))
    return groups


def _items(path: str, same: list[Link]) -> list[Item]:
    """Each link with the largest node around it that holds no other link of its path (but the same address twice is one row)."""
    hrefs: dict[int, str] = {}
    several = set[int]()
    for link in same:
        href = attribute(link.node, "href").strip()
        own = (
            f"{href} {link.node.mem_id}" if href[:11].lower() == "javascript:" or href[:1] == "#" else href
        )  # nowhere is no common address
        for above in link.around:
            if hrefs.setdefault(above.key, own) != own:
                several.add(above.key)
    items, taken = [], set[int]()
    for link in same:
        node = link.node
        for above in link.around:
            if above.tag == "body" or above.key in several:
                break
            node = above.node
        if node.mem_id not in taken and node.parent is not None:
            taken.add(node.mem_id)
            items.append(Item(link.node, path, node))
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
            held.join(group)
    return list(merged.values())


def _is_dated(group: Group) -> bool:
    if not group.may_be_dated:
        return False
    return sum(PART_OF_DATE.search(item.node.text(deep=True)) is not None for item in group.items) * 2 >= len(group.items)


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


def _worth(group: Group, largest: int) -> float:
    """How much a group looks like a column of notices."""
    rows = group.rows
    count = len({row.url for row in rows})
    if not count:
        return 0.0
    dated = sum(1 for row in rows if row.date) / len(rows)
    if not dated and count >= LEAST_ROWS:  # dates that are none of the notices' are dates all the same
        dated = _days(group) / len(rows)
    length = sum(min(len(row.title), LONGEST_TITLE) for row in rows) / len(rows)
    if count >= LEAST_ROWS and dated < 0.5 and length < SHORT_TITLE:
        return 0.0
    notices = sum(1 for row in rows if NOTICE_URL.search(row.url)) / len(rows)
    if count < LEAST_ROWS:
        shown = [squeeze(item.node.text(deep=True)) for item in group.items]
        if dated < 1 or any(row.reason for row in rows) or any(len(text_) > largest or FRAME.search(text_) for text_ in shown):
            return 0.0
        notices, length = 1.0, max(length, 14.0)  # a dated link in an item of its own, whatever its address looks like
    if dated < 0.5 and (length < SHORT_TITLE or notices < 0.5):
        return 0.0
    return min(count, 60) * (0.4 + 2.2 * dated) * (0.3 + length / 25) * (0.5 + notices)


def _days(group: Group) -> int:
    """Rows that show a date, or a day without its year."""
    may = (item for item in group.items if item.row is not None and is_numbered(item.node))
    return sum(1 for item in may if read_date(text(item.node)[:LARGEST_ROW]) is not None or _has_day(item))


def _has_day(item: Item) -> bool:
    """Does a row show a day without its year beside its link: 05-20, [05/20], 5月20日?"""
    beside = lines(item.node, frozenset({item.link.mem_id}))
    cells = [cell.strip() for line in beside for cell in line.text.split("\t")]
    return any(DATE_ONLY.match(cell) for cell in cells if cell and len(cell) <= LONGEST_DAY)


def is_hub(tree: LexborHTMLParser, group: Group) -> bool:
    """A page that leads to lists and is none: a few rows in a box with a link to more, and several such boxes."""
    own = {row.url for row in group.rows}
    more = [link for link in tree.css("a[href]") if MORE.match(text(link) or "x")]
    rows = {item.link.mem_id for item in group.items}
    more = [link for link in more if link.mem_id not in rows]
    if len({attribute(link, "href") for link in more}) < HUB_BLOCKS or len(own) >= MOST_OF_HUB:
        return False
    return any(_holds(above, more) for above in islice(ancestors(group.parents[0]), 3) if above.tag != "body") or _holds(
        group.parents[0], more
    )


def _holds(node: Node, links: list[Node]) -> bool:
    inside = {link.mem_id for link in node.css("a[href]")}
    return any(link.mem_id in inside for link in links)


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
