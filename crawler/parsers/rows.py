"""One row of a list: its link, its full title, its date; and why a row cannot be followed."""

import re
from collections.abc import Iterable

from crawler.parsers.tree import BLOCKS, EDGES, Node, ancestors, attribute, lines, squeeze, text
from crawler.record.reading import Row
from crawler.text import urls
from crawler.text.dates import day_in_url, read_date

MARKS = re.compile(r"^[\s·•●○◆◇■□▪►▶※★☆→>»\-—|]+(?=\S)")
DATE_ONLY = re.compile(
    r"^[\s\[(（【]*(?:(?:发布|更新|公开|生成)?(?:时间|日期)?\s*[:：]?)?\s*(?:(?:19|20)\d\d\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?[\s\])）】]*$"
)
DATE_BEHIND = re.compile(r"[\s\[(（【]*(?:19|20)\d\d(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\d{1,2}月\d{1,2}日)[\])）】]*\s*$")
DATE_BEFORE = re.compile(r"^[\[(（【]?(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}[\])）】]?\s+")
DAY_FIRST = re.compile(r"(?<![\d/.年月-])(\d{1,2})日?\s+((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})(?!\d)")
DAY_LAST = re.compile(r"(?<!\d)((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*月?\s+(\d{1,2})(?![\d:])")
YEAR_APART = re.compile(r"(?<!\d)(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?\s+((?:19|20)\d\d)(?!\d)")
NO_YEAR = re.compile(r"(?<![\d.])(\d{1,2})\s*[-/月]\s*(\d{1,2})(?![\d.])")
YEAR_MONTH_IN_URL = re.compile(r"/((?:19|20)\d\d)[-/]?(\d\d)(?=/)")
OTHER_DAY = re.compile(  # a day that is not the one on which the notice was published
    r"(?:截止|截至|有效期|失效|生效|施行|实施|开标|报名|成文|发文日期|印发)\D{0,8}(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?"
)
LONGEST_PART = 24  # characters of a line or cell that may be a date and its label
SCHEMES = {"javascript": "script", "mailto": "mail", "tel": "mail", "data": "script", "vbscript": "script"}
SCHEME = re.compile(r"^\s*([a-z][a-z0-9+.-]*)\s*:", re.IGNORECASE)
HEADINGS = "h1, h2, h3, h4, h5, h6"
WRAPPED = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "dt", "dd", "li", "ul"})


def make_row(
    node: Node, link: Node, base: str, encoding: str, *, own_date: str | None = None, title: str | None = None
) -> Row | None:
    """The row of a link in its node; None when there is nothing to call it by. `own_date`, `title`: what the source's own rules selected."""
    named = title.strip(EDGES) if title else title_of(link)
    if len(squeeze(named)) < 2:
        return None
    href = attribute(link, "href").strip(EDGES)
    url = urls.join(base, href, encoding)
    if url is None or href.startswith("#"):
        return Row(href[:2000], named, _date(node, link, own_date, ""), _reason(href))
    return Row(url, named, _date(node, link, own_date, url))


def _reason(href: str) -> str:
    match = SCHEME.match(href)
    if match and match[1].lower() in SCHEMES:
        return SCHEMES[match[1].lower()]
    return "script" if href.startswith("#") else "no address"


# ------------------------------------------------------------------ title
def title_of(link: Node) -> str:
    """title= where there is one (the visible text is often cut with dots), else what the link shows, without dates and summaries."""
    full = attribute(link, "title").strip(EDGES)
    if len(squeeze(full)) >= 2 and not DATE_ONLY.match(full):
        return full
    return _clean(_shown(link))


def _shown(link: Node) -> str:
    for heading in link.css(HEADINGS):
        shown = text(heading)
        if len(squeeze(shown)) >= 2 and not DATE_ONLY.match(shown):
            return attribute(heading, "title").strip(EDGES) or shown
    inner = [node for node in link.css("[title]") if len(squeeze(attribute(node, "title"))) >= 4 and node.tag != "img"]
    if inner and squeeze(inner[0].text(deep=True)).rstrip(".…")[:6] == squeeze(attribute(inner[0], "title"))[:6]:
        return attribute(inner[0], "title")
    parts = [line.text for line in lines(link) if not DATE_ONLY.match(line.text)]
    if not any(child.tag in BLOCKS for child in link.css("*")):
        return _without_date_parts(link) or " ".join(parts)
    return next((part for part in parts if len(squeeze(part)) >= 4), parts[0] if parts else "")


def _without_date_parts(link: Node) -> str:
    """The link's text without elements of its own that hold a date."""
    dated = frozenset(node.mem_id for node in link.css("span, em, i, time, b, font, small") if DATE_ONLY.match(text(node) or "x"))
    return text(link, dated)


def _clean(shown: str) -> str:
    shown = MARKS.sub("", shown).strip(EDGES)
    for form in (DATE_BEHIND, DATE_BEFORE):
        rest = form.sub("", shown).strip(EDGES)
        if len(squeeze(rest)) >= 4:
            shown = rest
    return shown


# ------------------------------------------------------------------ date
def _date(node: Node, link: Node, own: str | None, url: str) -> str | None:
    if own is not None:
        stamp = read_date(own)
        return stamp.iso if stamp else split_day(own) or _with_year(own, url)
    own_node = node.mem_id == link.mem_id
    places = [*([] if own_node else _alone(node, link)), *_inside(link)]
    for place in places:
        found = _full(place) or split_day(place)
        if found:
            return found
    if own_node and (found := split_day(" ".join(_texts(link)))):
        return found  # a card that is a link as a whole: its big day and its month are one date
    for place in places:
        stamp = read_date(place)
        if (found := _with_year(place, url) or (stamp.iso if stamp is not None and len(stamp.iso) == 7 else None)) is not None:
            return found
    return split_day(" ".join(_words(node, link)))


def _full(told: str) -> str | None:
    stamp = read_date(told)
    return stamp.iso if stamp is not None and len(stamp.iso) >= 10 else None


def _beside_date(part: str) -> int:
    """Characters of a part that are not its date; those without one come last."""
    stamp = read_date(part)
    return len(squeeze(part)) - len(squeeze(stamp.raw)) if stamp else LONGEST_PART


def _alone(node: Node, link: Node) -> list[str]:
    """The lines and cells of a row without its link: first those that are a date and little else, then the others, then all together."""
    skip = frozenset({link.mem_id})
    parts = [part.strip(EDGES) for line in lines(node, skip) for part in line.text.split("\t")]
    if OTHER_DAY.search("\n".join(parts)):
        without = [OTHER_DAY.sub("", part) for part in parts]
        parts = without if any(map(read_date, without)) else parts  # the only date of a row is the best there is
    whole = " ".join(parts)
    short = sorted((part for part in parts if len(squeeze(part)) <= LONGEST_PART), key=_beside_date)
    return [*short, whole, *(part for part in parts if part not in short)]


def _words(node: Node, link: Node) -> Iterable[str]:
    """The texts of a row's elements outside its link, each by itself: a day and its month stand side by side without a space."""
    for inner in node.traverse(include_text=True):
        if inner.tag == "-text" and inner.parent is not None and inner.parent.tag not in ("script", "style"):
            above = inner.parent
            if above.mem_id != link.mem_id and not any(up.mem_id == link.mem_id for up in ancestors(above)):
                yield inner.text_content or ""


def _texts(node: Node) -> Iterable[str]:
    """Every text of a node, by itself."""
    return (inner.text_content or "" for inner in node.traverse(include_text=True) if inner.tag == "-text")


def _inside(link: Node) -> Iterable[str]:
    """Texts within a link that may be its date: elements of their own, and what stands at its end."""
    for part in link.css("span, em, i, time, b, p, div, small, font, dd, dt, li"):
        shown = text(part)
        length = len(squeeze(shown))
        stamp = read_date(shown) if 4 <= length <= 30 else None
        mostly = stamp is not None and length - len(squeeze(stamp.raw)) <= 8
        if mostly or (4 <= length <= 12 and (DATE_ONLY.match(shown) or split_day(shown))):
            yield shown
    shown = text(link)
    for form in (DATE_BEHIND, DATE_BEFORE):
        match = form.search(shown)
        if match:
            yield match[0]


def split_day(whole: str) -> str | None:
    """A day set apart from its month, as a big number: `26 2019-08`, `2019.08 26`, `08-26 2019`."""
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
        held = found.get(row.url)
        if held is None or (held.date is None and row.date is not None):
            found[row.url] = row
    return list(found.values())
