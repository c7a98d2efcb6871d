"""A page that holds several notices: a gazette, a day's orders on one sheet. Each becomes a draft of its own, in page order.

Found by evidence, or by the source's own selector. The evidence is strong on purpose (a block each, with a heading and a document
number of its own): a notice with numbered chapters must never fall into pieces.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from itertools import islice
from types import MappingProxyType

from selectolax.lexbor import LexborHTMLParser

from crawler.model import Page
from crawler.parsers.detail import read_detail
from crawler.parsers.furniture import is_foot, is_furniture
from crawler.parsers.tree import Node, ancestors, attribute, is_hidden, lines, parse, select, squeeze, text
from crawler.record.notice import Draft, Witness
from crawler.record.rules import DetailRules
from crawler.text.late import late

HEADINGS = "h1, h2, h3, h4"
LABELS = "发文字号|发文文号|文号|字号|编号"
NUMBERED = r"[\u4e00-\u9fff]{1,16}[〔［\[（(]\d{4}[〕］\])）]\s*第?\d{1,5}\s*号|(?:令|公告)\s*第\s*[\d一二三四五六七八九十百零〇]{1,6}\s*号|\d{4}年第\d{1,4}号"
NUMBER = late(NUMBERED)
ENDS = re.compile(r"号\s{0,20}[）)】]?\s{0,20}<")  # begins with its rarest character: this is asked of every page
BEGINS = late(rf">\s*[（(【]?(?:(?:{LABELS})[:：])?\s*(?:{NUMBERED})$")
HEADED = re.compile(r"<h[1-4]\b", re.IGNORECASE)
LABEL = re.compile(rf"^(?:{LABELS})[:：]|[（）()【】]")
HEAD = 5  # lines at the beginning of a block among which its document number stands
LEAST = 60
MOST_PARTS = 500


def read_parts(
    source: tuple[str, LexborHTMLParser | None], page: Page, rules: DetailRules, encoding: str, whole: Draft | None
) -> tuple[Draft, ...]:
    """The notices of a page (`source`: its text, and its tree if it is there) that holds two or more; none when it holds one, or none.

    What a block does not say itself (channel, date, source) it has from the page, `whole`. Raises UnreadablePage for a selector that is none.
    """
    said, tree = source
    if rules.parts is None and not _may_hold_many(said):
        return ()
    tree = tree or parse(said)
    blocks = _own(tree, rules.parts) if rules.parts is not None else _evident(tree) or _behind_headings(tree)
    if len(blocks) < 2:
        return ()
    plain = replace(rules, parts=None, body="#gongkai-part", title=rules.title or HEADINGS)
    short = rules.parts is not None  # the source says that these are notices, however short
    if rules.parts is None and len({squeeze(block.text(deep=True)) for block in blocks}) < len(blocks):
        return ()  # one notice that is printed again for another screen
    drafts = [draft for block in blocks[:MOST_PARTS] for draft in _read(block, page, plain, encoding, whole, short=short)]
    if rules.parts is None and len(drafts) != len(blocks[:MOST_PARTS]):
        return ()  # a block that is no notice: then the evidence was none
    left = f"{len(blocks) - MOST_PARTS} further notices of the page were not read" if len(blocks) > MOST_PARTS else None
    return tuple(replace(draft, part=part, incomplete=draft.incomplete or left) for part, draft in enumerate(drafts))


def _may_hold_many(source: str) -> bool:
    """Two headings, and two document numbers that fill an element: without them there is no need for a tree."""
    ends = (match.start() + 1 for match in ENDS.finditer(source))
    alone = (end for end in ends if BEGINS().search(source, max(0, end - 60), end))
    return len(list(islice(alone, 2))) == 2 and len(list(islice(HEADED.finditer(source), 2))) == 2


def _own(tree: LexborHTMLParser, selector: str) -> list[Node]:
    """The notices a selector names: each its box, or where each begins, when what it names is hardly any of the text."""
    named = [node for node in select(tree, selector) if squeeze(node.text(deep=True))]
    cut = _cut_at(named)
    if len(cut) < len(named) or len(named) < 2:
        return named
    size = sum(len(squeeze(node.text(deep=True))) for node in named)
    return cut if size * 2 < sum(len(squeeze(node.text(deep=True))) for node in cut) else named


def _behind_headings(tree: LexborHTMLParser) -> list[Node]:
    """Notices without boxes: a heading, a number, a date and text, one behind the other; a rule may stand between them."""
    body = tree.body or tree.root
    headings = (
        [node for node in body.css(HEADINGS)[: MOST_PARTS * 4] if squeeze(node.text(deep=True))] if body is not None else []
    )
    by_tag: dict[str, list[Node]] = {}
    for heading in headings:
        if not any(map(is_hidden, (heading, *ancestors(heading)))):
            by_tag.setdefault(heading.tag or "", []).append(heading)
    for tag in sorted(by_tag, key=lambda tag: -len(by_tag[tag])):
        blocks = [block for block in _cut_at(by_tag[tag]) if not _is_bare(block)]
        if len(blocks) >= 2 and all(map(_is_notice, blocks)):
            return blocks
    return []


def _is_bare(block: Node) -> bool:
    """A heading with nothing behind it: the gazette's own."""
    return len(lines(block)) < 2


def _cut_at(heads: Sequence[Node]) -> list[Node]:
    """The parts that begin at these elements, each up to the next one or the page's foot, in boxes of their own."""
    tops = list(map(_top, heads))
    starts = {top.mem_id for top in tops}
    parents = {top.parent.mem_id for top in tops if top.parent is not None}
    if len(starts) < len(heads) or len(parents) != 1:
        return []
    made = []
    for head, top in zip(heads, tops, strict=True):
        title = top.html or ""
        if (head.tag or "") not in ("h1", "h2", "h3", "h4"):
            title = f"<h2>{escape(text(head))}</h2>"
        html, following = [title], top.next
        while following is not None and following.mem_id not in starts:
            written = squeeze(following.text(deep=True)) if following.tag != "-text" else ""
            if written and len(written) < LEAST * 4 and (is_foot(written) or is_furniture(written)):
                break
            html.append(following.html or "")
            following = following.next
        block = parse(f"<body><div>{''.join(html)}</div></body>").css_first("div")
        if block is not None:
            made.append(block)
    return made


def _top(head: Node) -> Node:
    """The outermost element that holds nothing but a heading."""
    own = squeeze(head.text(deep=True))
    while (up := head.parent) is not None and up.tag not in ("body", "html") and squeeze(up.text(deep=True)) == own:
        head = up
    return head


def _evident(tree: LexborHTMLParser) -> list[Node]:
    """Blocks that stand side by side, each with one heading, text, and a document number near its head."""
    body = tree.body or tree.root
    if body is None:
        return []
    headings = [
        node
        for node in body.css(HEADINGS)[: MOST_PARTS * 4]
        if squeeze(node.text(deep=True)) and not any(map(is_hidden, (node, *ancestors(node))))
    ]
    if len(headings) < 2:
        return []
    held: dict[int, int] = {}
    for heading in headings:
        for above in ancestors(heading):
            held[above.mem_id] = held.get(above.mem_id, 0) + 1
    groups: dict[tuple[int, str, str], list[Node]] = {}
    for heading in headings:
        block = heading
        for above in ancestors(heading):
            if above.tag == "body" or held[above.mem_id] > 1:
                break
            block = above
        if block.parent is not None and block is not heading and _is_notice(block):
            groups.setdefault((block.parent.mem_id, block.tag or "", attribute(block, "class")), []).append(block)
    best = max(groups.values(), key=len, default=[])
    return best if len(best) >= 2 else []


def _is_notice(block: Node) -> bool:
    """Text of its own, and its number alone on a line near its head: a number within a sentence is another document's."""
    size = len(squeeze(block.text(deep=True)))
    linked = sum(len(squeeze(link.text(deep=True))) for link in block.css("a"))
    if size < LEAST or linked * 3 >= size:
        return False
    return any(NUMBER().fullmatch(LABEL.sub("", squeeze(line.text))) for line in lines(block)[:HEAD])


def _numbered(draft: Draft) -> Draft:
    """With the document number that stands alone on a line at the head of its block."""
    if "doc_no" in draft.meta:
        return draft
    number = next((line for line in draft.body[:3] if NUMBER().fullmatch(squeeze(line))), None)
    if number is None:
        return draft
    witnesses = {**draft.witnesses, "meta.doc_no": Witness("part.number", number)}
    body = tuple(line for line in draft.body if line != number)
    meta = MappingProxyType({**draft.meta, "doc_no": number})
    return replace(draft, body=body, meta=meta, witnesses=MappingProxyType(witnesses))


def _plain(block: Node, rules: DetailRules) -> Draft:
    """A block too short to be judged by its text: its heading, else its first line, and its lines."""
    headed = select(block, rules.title or HEADINGS)
    written = [line.text for line in lines(block)]
    title = text(headed[0]) if headed else written[0]
    body = tuple(line for line in written if squeeze(line) != squeeze(title))
    return Draft(title, body=body, witnesses=MappingProxyType({"title": Witness("part.title"), "body": Witness("part.lines")}))


def _is_weak(draft: Draft, name: str) -> bool:
    """Not said by the block itself: what the address tells, it tells of the whole page."""
    return not getattr(draft, name) or draft.witnesses.get(name, Witness("")).rule.endswith(".url")


def _read(block: Node, page: Page, rules: DetailRules, encoding: str, whole: Draft | None, *, short: bool) -> Sequence[Draft]:
    found = read_detail(
        f'<html><body><div id="gongkai-part">{block.html}</div></body></html>', page, rules=rules, encoding=encoding
    ).drafts
    if not found and not short:
        return ()
    draft = _numbered(found[0] if found else _plain(block, rules))
    if whole is None:
        return [draft]
    inherited = {name: getattr(whole, name) for name in ("channel", "published", "source") if _is_weak(draft, name)}
    witnesses = {name: whole.witnesses[name] for name in inherited if name in whole.witnesses}
    return [
        replace(
            draft,
            **inherited,
            site_code=whole.site_code,
            site_name=whole.site_name,
            witnesses=MappingProxyType({**draft.witnesses, **witnesses}),
        )
    ]
