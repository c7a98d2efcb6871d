"""What stands around the links of a page: each element is looked at once, however many links it holds."""

import re
from dataclasses import dataclass

from crawler.parsers.tree import Node

DEEPEST = 64  # elements between a row and the body
CHROME = frozenset({"header", "footer", "nav"})
NAVIGATION = re.compile(
    r"(?:^|[\s_-])(?:nav|menu|crumbs?|breadcrumb|footer|foot|header|head|top|links?|yqlj|friend|friendlink|pager|pagination|page-?turn|sitemap|tab)(?:$|[\s_-])",
    re.IGNORECASE,
)
CLOSE = 3  # elements around a link whose names may say that it is navigation


@dataclass(slots=True, eq=False)
class Around:
    """An element around links. `chrome`: a page's own header, footer or navigation, by its tag; `named`: the same by its names, which are
    no more than names."""

    node: Node
    key: int
    tag: str
    chrome: bool
    named: bool
    up: "Around | None"


@dataclass(slots=True, eq=False)
class Link:
    """A link and the elements around it, from within; whether it stands in a page's chrome, and in what is navigation at least by name."""

    node: Node
    around: list[Around]
    in_chrome: bool
    in_navigation: bool


class Surroundings:
    """The elements around links that were asked about."""

    def __init__(self) -> None:
        self._known: dict[int, Around] = {}

    def of(self, node: Node) -> Link:
        """A link with its surroundings, no more of them than lists are deep: hostile pages nest without end."""
        above = self._above(node)
        around: list[Around] = []
        chrome = named = False
        while above is not None and len(around) < DEEPEST:
            chrome = chrome or above.chrome
            named = named or (above.named and len(around) < CLOSE)
            around.append(above)
            above = above.up
        return Link(node, around, chrome, chrome or named)

    def _above(self, node: Node) -> Around | None:
        fresh: list[tuple[Node, str]] = []
        above, held = node.parent, None
        while above is not None and (held := self._known.get(above.mem_id)) is None:
            tag = above.tag or ""
            if tag in ("-document", "html"):
                break
            fresh.append((above, tag))
            above = above.parent
        for above, tag in reversed(fresh):
            held = self._known[above.mem_id] = Around(above, above.mem_id, tag, tag in CHROME, _is_named(above), held)
        return held


def _is_named(node: Node) -> bool:
    attributes = node.attributes
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return len(names) > 1 and NAVIGATION.search(names) is not None
