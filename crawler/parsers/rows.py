"""One row of a list: its link, its full title, its date; and why a row cannot be followed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crawler.parsers.tree import BLOCKS, EDGES, Node, attribute, lines, squeeze, text
from crawler.record.reading import Row
from crawler.text import urls
from crawler.text.dates import day_in_url, read_date

MARKS = re.compile(r"^[\s·•●○◆◇■□▪►▶※★☆→>»\-—|]+(?=\S)")
DATE_ONLY = re.compile(
    r"^[\s\[(（【]*(?:(?:发布|更新|公开|生成)?(?:时间|日期)?\s*[:：]?)?\s*(?:(?:19|20)\d\d\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?[\s\])）】]*$"
)
DATE_BEHIND = re.compile(
    r"(?:[\s\[(（【]+(?:19|20)\d\d年\d{1,2}月\d{1,2}日|[\s\[(（【]*(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2})[\])）】]*\s*$"
)
DATE_BEFORE = re.compile(r"^[\[(（【]?(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}[\])）】]?\s+")
DAY_FIRST = re.compile(r"(?<![\d/.年月-])(\d{1,2})日?\s+((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})(?!\d)")
DAY_LAST = re.compile(r"(?<!\d)((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*月?\s+(\d{1,2})(?![\d:])")
YEAR_APART = re.compile(r"(?<!\d)(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?\s+((?:19|20)\d\d)(?!\d)")
NO_YEAR = re.compile(r"(?<![\d.])(\d{1,2})\s*[-/月]\s*(\d{1,2})(?![\d.])")
YEAR_MONTH_IN_URL = re.compile(r"/((?:19|20)\d\d)[-/]?(\d\d)(?=/)")
DATED = re.compile(  # a date with what stands before it, back to the date before
    r"(?P<label>(?:(?!(?:19|20)\d\d\s*[-/.年]).){0,24}?)(?P<date>(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?"
    r"(?:\s*\d{1,2}:\d\d(?::\d\d)?)?)"
)
DIGIT = re.compile(r"\d")
IN_WORDS = re.compile(r"[一二国國]")  # what a year without digits has: 二〇二四年, 民国九十年
FULL_YEAR = re.compile(r"(?:19|20)\d\d")
YEAR = re.compile(r"(?:19|20)\d\d\s*[-/.年]")
PIECES_OF_DATE = re.compile(r"[\d年月日时分:：/.\-()（）\[\]【】]+")
GLUED = re.compile(r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?(?=(?:19|20)\d\d[-/.])")
PUBLISHED, PLAIN, UPDATED, WRITTEN_ON, ANOTHER = range(5)  # what a date may be, the best first; the last is none of the notice's
SAID = (
    (ANOTHER, re.compile(
        r"截止|截至|有效|失效|生效|施行|实施|开标|报名|活动|征集|征求|公示期|公示时间|公示日期|开始|结束|起止|起始|写信|来信|信件|提问|留言|咨询|受理|召开|举办|到期|期限|废止|执行|开庭|投标|递交|会议|考试|完成|注册|成立|出生|听证|反馈"
    )),
    (WRITTEN_ON, re.compile(r"成文|发文|印发|签发|制发|生成|制定|落款")),
    (UPDATED, re.compile(r"更新|修改|编辑")),
    (PUBLISHED, re.compile(r"发布|公布|公开|上网|刊登|发表|录入|上传|登载")),
)  # fmt: skip
HEAD_LABELS = {PUBLISHED: "发布：", PLAIN: "", UPDATED: "更新：", WRITTEN_ON: "成文：", ANOTHER: "截止："}
TO = re.compile(r"^\s*(?:\d{1,2}:\d\d(?::\d\d)?)?\s*(?:至|到|[-—–~～]+)\s*$")
LONGEST_PART = 24  # characters of a line or cell that may be a date and its label
LONGEST_PIECE = 8  # characters of a text that may be a piece of a date
SCHEMES = {"javascript": "script", "mailto": "mail", "tel": "mail", "data": "script", "vbscript": "script"}
SCHEME = re.compile(r"^\s*([a-z][a-z0-9+.-]*)\s*:", re.IGNORECASE)
HEADINGS = "h1, h2, h3, h4, h5, h6"


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a row beforehand: its date and title where the source's own rules selected them; `heads`: what the head of its table
    says of the dates in each column (`kind_of`)."""

    date: str | None = None
    title: str | None = None
    heads: tuple[int, ...] = ()


NOTHING = Given()


def make_row(node: Node, link: Node, base: str, encoding: str, given: Given = NOTHING) -> Row | None:
    """The row of a link in its node; None when there is nothing to call it by."""
    href = attribute(link, "href").strip(EDGES)
    url = urls.join(base, href, encoding) if not href.startswith("#") else None
    date, outside = _date(node, link, given, url or "")
    named = given.title.strip(EDGES) if given.title else title_of(link, whole=outside)
    if len(squeeze(named)) < 2:
        return None
    if url is None:
        return Row(href[:2000], named, date, _reason(href))
    return Row(url, named, date)


def _reason(href: str) -> str:
    match = SCHEME.match(href)
    if match and match[1].lower() in SCHEMES:
        return SCHEMES[match[1].lower()]
    return "script" if href.startswith("#") else "no address"


# ------------------------------------------------------------------ title
def title_of(link: Node, *, whole: bool = False) -> str:
    """title= where there is one (the visible text is often cut with dots), else what the link shows, without dates and summaries.

    `whole`: the row's date stands elsewhere, so that one in the title is the title's own.
    """
    full = attribute(link, "title").strip(EDGES)
    if len(squeeze(full)) >= 2 and not DATE_ONLY.match(full):
        return full
    return _clean(_shown(link) if full or not _is_bare(link) else text(link), whole=whole)


def _is_bare(link: Node) -> bool:
    """Does a link hold a text and nothing else?"""
    below = link.child
    return below is not None and below.tag == "-text" and below.next is None and link.tag == "a"


def _shown(link: Node) -> str:
    for heading in link.css(HEADINGS):
        shown = text(heading)
        if len(squeeze(shown)) >= 2 and not DATE_ONLY.match(shown):
            return attribute(heading, "title").strip(EDGES) or shown
    inner = [node for node in link.css("[title]") if len(squeeze(attribute(node, "title"))) >= 4 and node.tag != "img"]
    if inner and squeeze(inner[0].text(deep=True)).rstrip(".…")[:6] == squeeze(attribute(inner[0], "title"))[:6]:
        return attribute(inner[0], "title")
    parts = [part for line in lines(link) for cell in line.text.split("\t") if (part := cell.strip(EDGES)) and not _is_date(part)]
    if not any(child.tag in BLOCKS or child.tag == "br" for child in link.css("*")):
        return _without_date_parts(link) or " ".join(parts) or _pictured(link) or text(link)
    return next((part for part in parts if len(squeeze(part)) >= 4), parts[0] if parts else "") or _pictured(link) or text(link)


def _is_date(part: str) -> bool:
    """A date and nothing else, or a piece of one: a big day beside its month."""
    return DATE_ONLY.match(part) is not None or PIECES_OF_DATE.fullmatch(squeeze(part)) is not None


def _pictured(link: Node) -> str:
    """What a link that is only a picture is called by."""
    return next((alt for image in link.css("img[alt]") if len(squeeze(alt := attribute(image, "alt").strip(EDGES))) >= 4), "")


def _without_date_parts(link: Node) -> str:
    """The link's text without elements of its own that hold a date."""
    dated = frozenset(node.mem_id for node in link.css("span, em, i, time, b, font, small") if DATE_ONLY.match(text(node) or "x"))
    return text(link, dated)


def _clean(shown: str, *, whole: bool) -> str:
    mark = MARKS.match(shown)
    shown = (shown[mark.end() :] if mark else shown).strip(EDGES)
    if whole or DIGIT.search(shown) is None:
        return shown
    for form in (DATE_BEHIND, DATE_BEFORE):
        rest = form.sub("", shown).strip(EDGES)
        if len(squeeze(rest)) >= 4:
            shown = rest
    return shown


# ------------------------------------------------------------------ date
def _date(node: Node, link: Node, given: Given, url: str) -> tuple[str | None, bool]:
    """The row's date, and whether it stands outside its link."""
    own, heads = given.date, given.heads
    if own is not None:
        stamp = read_date(own)
        return (stamp.iso if stamp else split_day(own) or _with_year(own, url)), True
    if not is_numbered(node):
        return None, True
    own_node = node.mem_id == link.mem_id
    outside = [] if own_node else _alone(node, link, heads)
    for place in outside:
        if found := _full(place) or split_day(place):
            return found, True
    inside = _alone(node, node, heads, within=True) if own_node and node.tag == "tr" else list(_inside(link))
    for place in inside:
        if found := _full(place) or split_day(place):
            return found, False
    told = (shown for shown in _texts(link) if own_node or len(squeeze(shown)) <= LONGEST_PIECE)
    if found := split_day(" ".join(told)):
        return found, True  # a card that is a link as a whole: its big day and its month are one date
    for place in (*outside, *inside):
        stamp = read_date(place)
        if (found := _with_year(place, url) or (stamp.iso if stamp is not None and len(stamp.iso) == 7 else None)) is not None:
            return found, place in outside
    return (split_day(" ".join(_words(node, link))) if DIGIT.search(node.text(deep=True)) else None), True


def is_numbered(node: Node) -> bool:
    """May the text of a node hold a date, or a piece of one?"""
    shown = node.text(deep=True)
    return DIGIT.search(shown) is not None or ("年" in shown and IN_WORDS.search(shown) is not None)


def _full(told: str) -> str | None:
    stamp = read_date(told)
    return stamp.iso if stamp is not None and len(stamp.iso) >= 10 else None


def _beside_date(part: str) -> int:
    """Characters of a part that are not its date; those without one come last."""
    stamp = read_date(part)
    return len(squeeze(part)) - len(squeeze(stamp.raw)) if stamp else LONGEST_PART


def _alone(node: Node, link: Node, heads: tuple[int, ...], *, within: bool = False) -> list[str]:
    """The lines and cells of a row without its link: first those that are a date and little else, then the others, then all together.

    A date whose label, or whose column's head, says that it is another one is left out; one that says it is the day of publication
    comes first.
    """
    skip = frozenset() if within else frozenset({link.mem_id})
    parts = [part.strip(EDGES) for line in lines(node, skip) for part in line.text.split("\t")]
    if any(map(GLUED.search, parts)):
        parts = [shown for shown in _words(node, link) if squeeze(shown)]
    told = [piece for part in _columns(node, heads) or parts for piece in dates_in(part)]
    if any(kind != PLAIN for kind, _ in told):
        told.sort(key=lambda piece: (piece[0], len(squeeze(piece[1])) > LONGEST_PART, _beside_date(piece[1])))
        return [piece for kind, piece in told if kind != ANOTHER]
    if len(parts) == 1:
        return parts
    whole = " ".join(parts)
    short = sorted((part for part in parts if len(squeeze(part)) <= LONGEST_PART), key=_beside_date)
    return [*short, whole, *(part for part in parts if part not in short)]


def _columns(node: Node, heads: tuple[int, ...]) -> list[str]:
    """The cells of a table row under a head that tells of dates, each with the label of its column before it."""
    if not heads:
        return []
    own = list(node.iter())
    if node.tag == "tr":
        own = [child for child in own if child.tag in ("td", "th")]
    elif len(own) != len(heads):
        return []
    return [f"{HEAD_LABELS[heads[n]]}{text(cell)}" for n, cell in enumerate(own) if n < len(heads)]


def kind_of(label: str) -> int:
    """What the words before a date say it is."""
    said = squeeze(label)
    found = [(match.end(), -kind) for kind, form in SAID for match in form.finditer(said)]
    return -max(found)[1] if found else PLAIN  # the words next to the date count


def dates_in(part: str) -> list[tuple[int, str]]:
    """The dates of a line, each with its kind; the line itself when nothing is said of them."""
    found: list[tuple[int, str]] = []
    if YEAR.search(part) is None or PIECES_OF_DATE.fullmatch(part):
        return [(PLAIN, part)]
    for match in DATED.finditer(part):
        kind = found[-1][0] if found and TO.match(match["label"]) else kind_of(match["label"])
        found.append((kind, match["date"]))
    if not found or all(kind == PLAIN for kind, _ in found):
        return [(PLAIN, part)]
    return found


def _words(node: Node, link: Node) -> Iterable[str]:
    """The texts of a row's elements outside its link, each by itself: a day and its month stand side by side without a space."""
    for inner in node.traverse(include_text=True):
        above = inner.parent if inner.tag == "-text" else None
        if above is not None and above.tag not in ("script", "style") and not _is_within(above, link, node):
            yield inner.text_content or ""


def _is_within(above: Node | None, link: Node, node: Node) -> bool:
    """Does an element of a row stand within its link, or is it the link?"""
    while above is not None and above.mem_id != link.mem_id:
        if above.mem_id == node.mem_id:
            return False
        above = above.parent
    return above is not None


def _texts(node: Node) -> Iterable[str]:
    """Every text of a node, by itself."""
    return (inner.text_content or "" for inner in node.traverse(include_text=True) if inner.tag == "-text")


def _inside(link: Node) -> Iterable[str]:
    """Texts within a link that may be its date: elements of their own, and what stands at its end."""
    if not is_numbered(link):
        return
    for part in link.css("span, em, i, time, b, p, div, small, font, dd, dt, li"):
        shown = text(part)
        length = len(squeeze(shown))
        stamp = read_date(shown) if 4 <= length <= 30 else None
        mostly = stamp is not None and length - len(squeeze(stamp.raw)) <= 8
        if mostly or (4 <= length <= 12 and (DATE_ONLY.match(shown) or split_day(shown))):
            yield shown
    for line in lines(link):
        for form in (DATE_BEHIND, DATE_BEFORE):
            match = form.search(line.text)
            if match:
                yield match[0]


def split_day(whole: str) -> str | None:
    """A day set apart from its month, as a big number: `26 2019-08`, `2019.08 26`, `08-26 2019`."""
    if FULL_YEAR.search(whole) is None:
        return None
    for form, order in ((DAY_FIRST, (2, 3, 1)), (DAY_LAST, (1, 2, 3)), (YEAR_APART, (3, 1, 2))):
        match = form.search(whole)
        stamp = read_date("-".join(match[n] for n in order)) if match else None
        if stamp is not None and len(stamp.iso) == 10:
            return stamp.iso
    return None


def _with_year(whole: str, url: str) -> str | None:
    """A date without its year (`09-15`), with the year that the address carries for the same month."""
    match = NO_YEAR.search(whole)
    if match is None or not url:
        return None
    day = day_in_url(url)
    carried = (day[:4], day[5:7]) if day else next(((m[1], m[2]) for m in YEAR_MONTH_IN_URL.finditer(url)), None)
    if carried is None or int(carried[1]) != int(match[1]):
        return None
    stamp = read_date(f"{carried[0]}-{match[1]}-{match[2]}")
    return stamp.iso if stamp else None


def wraps(node: Node) -> bool:
    """Is this an element that lists are made of, not a mere emphasis within a line?"""
    return node.tag in BLOCKS


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Each address once, in order; a dated row wins over an undated one."""
    found: dict[str, Row] = {}
    for row in rows:
        name = row.url if row.reason is None else f"{row.url} {row.title}"  # what leads nowhere is no address two rows share
        held = found.get(name)
        if held is None or (held.date is None and row.date is not None):
            found[name] = row
    return list(found.values())
