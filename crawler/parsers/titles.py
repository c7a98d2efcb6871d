"""The title: what headings, metas, scripts and <title> say, weighed against one another."""

import html
import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser

from crawler.model import Witness
from crawler.parsers.tree import EDGES, Node, ancestors, is_hidden, label, squeeze, text

SCRIPTED = re.compile(r"""\bvar\s+(?:doc)?title\s*=\s*(["'])(.{4,300}?)\1""", re.IGNORECASE)
HEADING = re.compile(
    r"(?:^|[\s_-])(?:(?:article|art|news|content|con|detail|info|doc|main|show|text|zw|wz|xl|big|ivs|p|m|page)?[-_]?(?:title|tit|bt|biaoti|head(?:line)?)\d?)(?:$|[\s_-])",
    re.IGNORECASE,
)
TAGS = re.compile(r"<[^>]+>")
SUFFIX = re.compile(r"\s*(?:[-_|—–－_·]|--|__)+\s*")
LONGEST = 200
WEIGHTS = {  # h1 is what the reader sees; ArticleTitle is mandated and mostly right; <title> often carries the site's name
    "own": 100.0,
    "meta.ArticleTitle": 3.0,
    "h1": 2.6,
    "disclosure.name": 2.0,
    "script": 2.5,
    "ucaptitle": 2.5,
    "heading": 1.6,
    "h2": 1.5,
    "title": 1.2,
}


def read_title(
    tree: LexborHTMLParser, meta: Mapping[str, str], fields: Mapping[str, str], own: str | None
) -> tuple[str, Witness] | None:
    """(title as the page shows it, its witness); None when nothing on the page is one."""
    said = _candidates(tree, meta, fields, own)
    if not said:
        return None
    scores: dict[str, float] = {}
    for rule, written in said:
        plain = squeeze(written)
        scores[plain] = scores.get(plain, 0.0) + WEIGHTS[rule]
    whole = squeeze(_page_title(tree))
    for plain in scores:
        if len(plain) >= 6 and plain in whole:
            scores[plain] += 1.0
    best = max(scores, key=lambda plain: (scores[plain], len(plain)))
    rule, written = next((rule, written) for rule, written in said if squeeze(written) == best)
    against = next((other for name, other in said if squeeze(other) != best and WEIGHTS[name] >= 2), "")
    return written, Witness(f"title.{rule}", written, against)


def _candidates(
    tree: LexborHTMLParser, meta: Mapping[str, str], fields: Mapping[str, str], own: str | None
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = [("own", own)] if own else []
    found += [("ucaptitle", text(node)) for node in tree.css("ucaptitle")]
    found += [("h1", text(node)) for node in tree.css("h1")[:4] if not is_hidden(node) and not _is_logo(node)]
    if meta.get("articletitle"):
        found.append(("meta.ArticleTitle", _strip_tags(meta["articletitle"])))
    scripted = SCRIPTED.search(
        "\n".join(node.text(deep=True) for node in tree.css("script") if "title" in node.text(deep=True).lower())
    )
    if scripted:
        found.append(("script", _strip_tags(scripted[2])))
    if fields.get("name"):
        found.append(("disclosure.name", fields["name"]))
    found += [("heading", text(node)) for node in tree.css("[class], [id]") if _is_heading(node)][:4]
    found += [("h2", text(node)) for node in tree.css("h2")[:3] if not is_hidden(node)]
    page = _page_title(tree)
    if page:
        found.append(("title", _without_site(page, [written for _, written in found], meta)))
    return [(rule, written.strip(EDGES)) for rule, written in found if 4 <= len(squeeze(written)) <= LONGEST or rule == "own"]


def _is_heading(node: Node) -> bool:
    if node.tag in ("a", "li", "ul", "body", "td", "input", "img") or not HEADING.search(label(node)):
        return False
    plain = squeeze(node.text(deep=True))
    return (
        4 <= len(plain) <= LONGEST
        and not is_hidden(node)
        and len(node.css("a")) == 0
        and not any(above.tag in ("li", "a", "header", "footer", "nav") for above in ancestors(node))
    )


def _is_logo(node: Node) -> bool:
    return node.css_first("img, a") is not None or any(above.tag in ("header", "footer", "nav") for above in ancestors(node))


def _page_title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("title")
    return _strip_tags(node.text(deep=True)).strip(EDGES) if node is not None else ""


def _strip_tags(written: str) -> str:
    """Some templates escape a Word heading into <title> and metas, once or twice."""
    for _ in range(2):
        written = html.unescape(TAGS.sub("", written))
    return TAGS.sub("", written).strip(EDGES)


def _without_site(page: str, others: list[str], meta: Mapping[str, str]) -> str:
    """<title> with the site's or column's name cut off, by evidence: another witness, or SiteName and ColumnName."""
    known = {squeeze(other) for other in others}
    pieces = [piece for piece in SUFFIX.split(page) if piece]
    for count in range(len(pieces), 0, -1):
        joined = page[: page.find(pieces[count - 1]) + len(pieces[count - 1])]
        if squeeze(joined) in known:
            return joined
    names = {squeeze(meta.get(name, "")) for name in ("sitename", "columnname")} - {""}
    while len(pieces) > 1 and (
        squeeze(pieces[-1]) in names or any(name in squeeze(pieces[-1]) for name in names) or _is_site(pieces[-1])
    ):
        pieces.pop()
    end = page.find(pieces[-1]) + len(pieces[-1])
    return page[:end]


def _is_site(piece: str) -> bool:
    plain = squeeze(piece)
    return len(plain) <= 24 and plain.endswith(
        (
            "网",
            "网站",
            "政府",
            "委员会",
            "局",
            "厅",
            "部",
            "门户",
            "平台",
            "委",
            "办公室",
            "区",
            "市",
            "县",
            "gov.cn",
            "公开",
            "中心",
        )
    )
