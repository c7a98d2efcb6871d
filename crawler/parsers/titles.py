"""The title: what headings, metas, scripts and <title> say, weighed against one another.

Each candidate brings its rule's weight; those that say the same (white space and width apart) add up. What the page shows is preferred to
what only a tag says. <title> is cut by evidence: by lines the page shows, then by names of site and column that the page says elsewhere.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crawler.parsers.furniture import is_crumb, is_date_line, is_fact_line, is_furniture, is_hint, tells
from crawler.parsers.labels import BLOCK_LABELS, FACT_LABELS, in_facts
from crawler.parsers.sheet import Line, Sheet
from crawler.parsers.tree import EDGES, squeeze
from crawler.text.dates import read_date
from crawler.text.fold import Changes

HEADING = re.compile(
    r"(?:^|[\s_-])(?:(?:article|art|news|content|con|detail|info|doc|main|show|text|zw|wz|xl|big|ivs|p|m|page|xxgk|arc|cont)?[-_]?(?:title|tit|bt|biaoti|head(?:line)?)\d?)(?:$|[\s_-])",
    re.IGNORECASE,
)
SCRIPTED = re.compile(r"^(?:doc|art|article|info|news|page)?_?(?:title|biaoti|bt)$", re.IGNORECASE)
SETS_TITLE = re.compile(r"(?:[iI][tT][lL][eE]|[bB][iI][aA][oO][tT][iI]|[bB][tT])\s*=\s*[\"']")
TAGS = re.compile(r"<[^>]{0,2000}>")
PIECES = re.compile(r"\s*(?:[-_|｜—–－_·>»]|--|__|\s{2,})+\s*")
ORGANISATION = re.compile(
    r"(?:网|网站|政府|委员会|[省市县区州]|局|厅|部|门户|平台|委|办公室|gov\.cn|公开|中心|办|公报|官网|频道|专栏|首页|管委会|集团|学院|大学)$"
)
ACT = re.compile(
    r"(?:通知|公告|公示|通报|意见|决定|决议|办法|规定|条例|细则|方案|规划|批复|函|令|报告|纪要|通告|公报)(?:\([^()]{1,20}\))?$"
)
COLUMN = re.compile(
    r"(?:公[开告示文报]|通知|文件|动态|新闻|要闻|政策|法规|法|信息|专栏|专题|栏目|解读|资讯|快讯|正文|详情|内容|目录|指南|招聘|采购|人事|统计|财政|规划|工作|服务)$"
)
BROKEN = re.compile(r"^[\u3400-\u9fff“”《》（）、]{2}$|^[\u3400-\u9fff”》）]\d$|^\d[\u3400-\u9fff]$")
GLYPHS = re.compile(r"^(?:\S[ \u3000\xa0]+)+\S$")  # a title set wide: shown in its usual form where another witness has that
MOST_HEADS = 5
MOST_LINES = 2000
SITE = re.compile(r"^.{0,20}(?:门户网站?|官方网站|政府网站?|人民政府|政府网|政务网|信息公开网|公众信息网|官网)$")
SPACED = re.compile(r"^(\S.{5,}?)\s+(\S{4,24})$")
LARGE = re.compile(r"font-size\s*:\s*(?:(?:2[0-9]|3\d)(?:\.\d+)?\s*p[xt]|1[6-9](?:\.\d+)?\s*pt|x+-large)", re.IGNORECASE)
SHORTEST, LONGEST = 4, 600
SHORTER = 2  # characters of a title that is set as one, or is a piece of <title>: 公告, 通 告, a name
LONGEST_OF_TEXT = 200  # of a title that nothing sets as one
LEAST_SENTENCE = 25
LONGEST_SCRIPT = 20_000
SITE_NAME = (
    0.2  # what a candidate that is the site's own name is worth: the logo is a heading too, and on some pages all of <title>
)
WEIGHTS = {
    "own": 100.0,
    "meta.ArticleTitle": 3.0,  # mandated, and mostly right
    "h1": 2.6,  # what the reader sees, unless it is the site's logo
    "script": 2.5,
    "ucaptitle": 2.5,
    "shown": 2.4,  # lines of the page that <title> repeats
    "disclosure.name": 2.0,
    "above_facts": 1.7,  # the line over date and source
    "heading": 1.6,  # a box that is called a title
    "h2": 1.5,
    "large": 1.2,
    "title": 1.2,  # often with the site's name, sometimes nothing else
    "below": 0.3,  # the line over facts that stand behind the text: a signature as likely
}
QUOTED = 0.4  # what a candidate is worth that another one quotes: 关于印发《X》的通知 heads a page on which X is printed
QUOTES = "《》“”〈〉「」『』\"'"
# Who says that an organisation's name is a title all the same; a heading may as well be the site's.
HEADINGS = frozenset({"above_facts", "meta.ArticleTitle", "disclosure.name", "own"})
SURE = frozenset({"meta.ArticleTitle", "h1", "ucaptitle", "above_facts"})  # believed of a title of two characters
BESIDE = re.compile(  # what stands between a title and its facts and is neither
    r"^(?:——.*|[（(].*[)）]|[\u3400-\u9fff]{0,16}[〔［\[（(]\d{4}[〕］\])）]第?\d{1,5}号|第?\d{1,5}号)$"
)
MOST_BESIDE = 3
NO_HEADINGS = frozenset({"a", "li", "ul", "body", "input", "img", "table", "tr"})
SEEN = frozenset({"h1", "h2", "heading", "shown", "above_facts", "large", "ucaptitle", "script", "own"})
NARROW = dict(zip("（）［］【】：；，．？！·•“”„‟＂‘’－–—", '()[][]:;,.?!.."""""\'\'---', strict=True))
WIDTH = Changes(NARROW)


@dataclass(frozen=True, slots=True)
class Title:
    """The title as the page shows it; `said`: (rule, text) of every candidate, the winner first; `line`: where it stands, if it does."""

    text: str
    said: tuple[tuple[str, str], ...]
    line: int | None


def key(written: str) -> str:
    """How titles are compared: without white space, widths and quotes alike."""
    return _key(written) if len(written) <= LONGEST else WIDTH(squeeze(written))


@lru_cache(maxsize=512)  # each candidate is asked about by every later step
def _key(written: str) -> str:
    return WIDTH(squeeze(written))


def read_title(sheet: Sheet, meta: Mapping[str, str], name: str | None, own: str | None, block: frozenset[int]) -> Title | None:
    """`name`: 名称 of the disclosure block; `own`: what the source's own selector found; None when nothing on the page is a title."""
    page = _page_title(sheet)
    said = [(rule, written.strip(EDGES)) for rule, written in _candidates(sheet, meta, name, own, page, block)]
    cut = [key(piece) for piece in PIECES.split(page) if piece]
    pieces = set(cut if len(cut) == 2 else cut[:1])  # more of them are columns
    said = [item for item in said if item[0] == "own" or _may_be_said(*item, pieces)]
    if not said:
        return None
    scores: dict[str, float] = {}
    best_of: dict[tuple[str, str], float] = {}
    for rule, written in said:
        plain = key(written)
        if (rule, plain) not in best_of:  # a rule speaks once for one text
            best_of[rule, plain] = WEIGHTS[rule]
            scores[plain] = scores.get(plain, 0.0) + WEIGHTS[rule]
    whole = key(page)
    site = key(meta.get("sitename", ""))
    foot = key("".join(_foot(sheet))) if min(map(len, scores)) <= 30 else ""
    for plain in scores:
        if (len(plain) >= 6 and plain in whole) or plain in pieces:
            scores[plain] += 1.0
        if (
            plain == site
            or SITE.search(plain)
            or (len(plain) <= 30 and plain in foot)
            or (
                len(plain) <= 30
                and ORGANISATION.search(plain.rstrip(")"))
                and not any(rule in HEADINGS for rule, said_so in best_of if said_so == plain)
            )
        ):
            scores[plain] *= SITE_NAME
    quoted = [plain for plain in scores if len(plain) >= SHORTEST and any(_quotes(other, plain) for other in scores)]
    for plain in quoted:
        scores[plain] = (scores[plain] - (1.0 if len(plain) >= 6 and plain in whole else 0.0)) * QUOTED
    best = max(scores, key=lambda plain: (scores[plain], len(plain)))
    best = _uncut(best, scores)
    agreed = [(rule, written) for rule, written in said if key(written) == best]
    agreed.sort(key=lambda item: (GLYPHS.match(item[1]) is not None, item[0] not in SEEN, -WEIGHTS[item[0]]))
    others = [item for item in sorted(said, key=lambda item: -WEIGHTS[item[0]]) if key(item[1]) != best]
    return Title(agreed[0][1], (*agreed, *others), _line_of(sheet, best, block))


def _may_be_said(rule: str, written: str, pieces: set[str]) -> bool:
    """Is what a rule found long or short enough, and no furniture, facts or hint? A word of two or three characters must be set as a
    title where nothing else is, or be a piece of <title>."""
    size = len(squeeze(written))
    if not SHORTER <= size <= LONGEST or is_furniture(written) or is_fact_line(written) or is_crumb(written):
        return False
    return size >= SHORTEST or rule in SURE or key(written) in pieces


def _quotes(other: str, plain: str) -> bool:
    """Does a title quote another: 关于征求《plain》意见的函?"""
    at = other.find(plain) if len(other) > len(plain) + 2 else -1
    return at > 0 and other[at - 1] in QUOTES and other[at + len(plain) : at + len(plain) + 1] in QUOTES


def _foot(sheet: Sheet) -> list[str]:
    """The lines of the page's foot."""
    return [line.plain for line in sheet.lines if line.foot]


def _uncut(best: str, scores: Mapping[str, float]) -> str:
    """A heading cut with … gives way to the whole title that another witness has."""
    stem = best.rstrip("….。") if best.endswith(("…", "...", "..")) else ""
    longer = [
        plain for plain in scores if len(stem) >= 6 and len(plain) > len(best) - 1 and plain.startswith(stem) and plain != best
    ]
    return max(longer, key=lambda plain: scores[plain]) if longer else best


def _candidates(
    sheet: Sheet, meta: Mapping[str, str], name: str | None, own: str | None, page: str, block: frozenset[int]
) -> Iterator[tuple[str, str]]:
    if own:
        yield "own", own
    yield from (("ucaptitle", _joined(sheet, at)) for at in sheet.named("ucaptitle"))
    for tag, most in (("h1", 4), ("h2", 3)):
        shown = [at for at in sheet.named(tag) if not _is_logo(sheet, at)]
        yield from ((tag, _without_facts(_joined(sheet, at))) for at in shown[:most])
    if meta.get("articletitle"):
        yield "meta.ArticleTitle", strip_tags(meta["articletitle"])
    scripts = [script for script in sheet.scripts if ("itle" in script or "biaoti" in script) and len(script) < LONGEST_SCRIPT]
    if any(map(SETS_TITLE.search, scripts)):
        yield from (("script", strip_tags(value)) for variable, value in sheet.strings.items() if SCRIPTED.match(variable))
    if name:
        yield "disclosure.name", name
    headings = [at for at in sheet.called(_is_called_title)[:40] if _is_heading(sheet, at)]
    yield from (("heading", _without_facts(_joined(sheet, at))) for at in headings)
    yield from _by_place(sheet, block)
    if page:
        shown_lines = _shown(sheet, page)
        if shown_lines:
            yield "shown", shown_lines
        yield "title", shown_lines or _without_site(sheet, page, meta)


def _joined(sheet: Sheet, at: int) -> str:
    """The text of a heading: lines that a template breaks within a word's run are one line again."""
    text = ""
    for line in sheet.own(at):
        text += line.text if BROKEN.search(text[-1:] + line.text[:1]) or not text else f" {line.text}"
    return text


def _without_facts(text: str) -> str:
    """A heading that also holds the line of facts or a date in brackets ends before them."""
    place = text.find(facts[0].label) if (facts := in_facts(text)) else -1
    if place > SHORTEST:
        text = text[:place]
    stamp = read_date(text[-24:]) if len(text) > 24 else None
    if stamp is not None and text.rstrip(EDGES + ")）]】").endswith(stamp.raw) and stamp.iso[4:5] == "-" and len(stamp.iso) >= 10:
        text = text[: text.rfind(stamp.raw)].rstrip(EDGES + "(（[【")
    return text.rstrip(EDGES + "[【(（|｜")


def _is_logo(sheet: Sheet, at: int) -> bool:
    """A heading of the page's frame: links or pictures, or within header, footer, nav."""
    own = sheet.own(at)
    if not own or at in sheet.hidden:
        return True
    size = sum(len(line.plain) for line in own)
    if sum(line.linked for line in own) * 2 >= size or (size < 12 and "img" in sheet.tags[at + 1 : sheet.end(at)]):
        return True
    return any(sheet.tags[up] in ("header", "footer", "nav") for up in sheet.above(at))


def _is_heading(sheet: Sheet, at: int) -> bool:
    if not 1 <= sheet.lasts[at] - sheet.firsts[at] <= 4 or sheet.tags[at] in NO_HEADINGS or at in sheet.silent:
        return False
    return not (_is_logo(sheet, at) or any(sheet.tags[up] in ("li", "a") for up in sheet.above(at)))


def _by_place(sheet: Sheet, block: frozenset[int]) -> Iterator[tuple[str, str]]:
    """The line over the first line of facts, or else over a bare date; a line set large."""
    lines = sheet.lines[:MOST_LINES]
    plain = [at for at, line in enumerate(lines) if line.prose and at and at not in block]
    text = next((at for at in plain if is_sentence(lines[at]) and not tells(lines, at)), len(lines))
    labelled = (at for at in plain if lines[at].labelled and tells(lines, at))
    for told in (labelled, (at for at in plain if is_date_line(lines[at].text))):
        below = (up for at in told if (up := _over(lines, at)) >= 0 and up not in block and _may_be_title(lines[up]))
        if (first := next(below, None)) is not None:
            if first < text or (first == text and not is_sentence(lines[first])):
                yield "above_facts", lines[first].text
                break
            yield "below", lines[first].text
    for line in lines:
        if line.prose and _is_large(sheet, line.element) and _may_be_title(line):
            yield "large", line.text
            break


def _is_large(sheet: Sheet, at: int) -> bool:
    style = sheet.attributes[at].get("style")
    return (style is not None and _enlarges(style)) or (sheet.tags[at] == "font" and sheet.attribute(at, "size") >= "5")


@lru_cache(maxsize=4096)
def _enlarges(style: str) -> bool:
    return LARGE.search(style) is not None


@lru_cache(maxsize=4096)
def _is_called_title(names: str) -> bool:
    return HEADING.search(names) is not None


def _over(lines: Sequence[Line], at: int) -> int:
    """The line over the facts; a subtitle, a number, a date or a remark in brackets between them is passed."""
    up = at - 1
    for _ in range(MOST_BESIDE):
        if up <= 0 or not (BESIDE.match(lines[up].plain) or is_date_line(lines[up].text)) or not _may_be_title(lines[up - 1]):
            break
        up -= 1
    return up


def _may_be_title(line: Line) -> bool:
    if not line.prose or not SHORTER <= len(line.plain) <= LONGEST or line.cells:
        return False
    if line.plain in FACT_LABELS or line.plain in BLOCK_LABELS:
        return False
    if line.text.endswith(("。", "；", "，", ":", "：")) or (len(line.plain) > LONGEST_OF_TEXT and "。" in line.text):
        return False
    return not (line.furniture or line.crumb or line.foot or is_hint(line.text) or is_fact_line(line.text))


def is_sentence(line: Line) -> bool:
    """A sentence of a text, by its length and stop."""
    return len(line.plain) >= LEAST_SENTENCE and "。" in line.text and not line.cells


def title_of_text(lines: Sequence[Line]) -> Title | None:
    """Where nothing is set as a title: the article's first lines, up to one that ends like an act's name, else the first if it is short."""
    joined = ""
    for line in lines[:MOST_HEADS]:
        if line.cells or not line.plain or line.linked * 2 > len(line.plain) or line.text.endswith(("。", "；", "，", "：", ":")):
            break
        joined += line.text
        if ACT.search(key(joined)) and SHORTEST <= len(joined) <= LONGEST_OF_TEXT:
            return Title(joined, (("text", joined),), None)
    if lines and _may_be_title(lines[0]) and len(lines[0].plain) <= 60 and not is_fact_line(lines[0].text):
        return Title(lines[0].text, (("text", lines[0].text),), None)
    return None


# ------------------------------------------------------------------ <title>
def _page_title(sheet: Sheet) -> str:
    places = sheet.named("title")
    node = sheet.node(places[0]) if places else None
    return strip_tags(node.text(deep=True)).strip(EDGES)[:2000] if node is not None else ""


def strip_tags(written: str) -> str:
    """Some templates escape a Word heading into <title> and metas, once or twice."""
    if "<" in written or "&" in written:
        for _ in range(2):
            written = html.unescape(TAGS.sub("", written[:20_000]))
        written = TAGS.sub("", written)
    return written.strip(EDGES)


def _shown(sheet: Sheet, page: str) -> str:
    """The longest run of lines that <title> repeats between borders: the title, whatever separates it from the site's name."""
    whole, where = _squeezed(page)
    best = ""
    for at, line in enumerate(sheet.lines[:MOST_LINES]):
        plain = line.plain
        if not line.prose or not SHORTEST <= len(plain) <= LONGEST or line.cells or plain not in whole:
            continue
        start = whole.find(plain)
        joined = plain
        for following in sheet.lines[at + 1 : at + 4]:
            if not following.plain or not whole.startswith(joined + following.plain, start):
                break
            joined += following.plain
        if len(joined) > len(squeeze(best)) and _at_borders(page, where, start, start + len(joined)):
            best = page[where[start] : where[start + len(joined) - 1] + 1]
    return best


def _squeezed(text: str) -> tuple[str, list[int]]:
    places = [at for at, character in enumerate(text) if not character.isspace() and character not in "\u200b\ufeff"]
    return "".join(text[at] for at in places), places


def _at_borders(page: str, where: list[int], start: int, end: int) -> bool:
    before = page[: where[start]]
    after = page[where[end - 1] + 1 :]
    return (not before or not re.search(r"(?:[^\W_]|[）)》”《“〈「『、])$", before)) and (
        not after or not re.match(r"(?:[^\W_]|[（(《“》”〉」』、])", after)
    )


def _without_site(sheet: Sheet, page: str, meta: Mapping[str, str]) -> str:
    """<title> without the pieces at its ends that the page says elsewhere to be the site or a column, or that end like an authority."""
    pieces = [piece for piece in PIECES.split(page) if piece]
    names = {squeeze(meta.get(name, "")) for name in ("sitename", "columnname", "lanmu", "contentsource")} - {""}
    names |= {line.plain for line in sheet.lines[:60] if line.linked and len(line.plain) <= 30}
    names |= {
        item
        for line in sheet.lines
        if line.linked == 0 and line.crumb
        for item in map(squeeze, PIECES.split(line.text))
        if len(item) > 1
    }

    def is_site(piece: str) -> bool:
        plain = squeeze(piece)
        return (
            plain in names
            or any(len(name) > 3 and (name in plain or plain in name) for name in names)
            or (len(plain) <= 24 and ORGANISATION.search(plain) is not None)
        )

    kept = list(pieces)
    if len(kept) == 1 and (apart := SPACED.match(page)) and (squeeze(apart[2]) in names or SITE.search(squeeze(apart[2]))):
        return apart[1].rstrip(EDGES)
    while len(kept) > 1 and is_site(kept[-1]):
        kept.pop()
    if len(kept) < len(pieces):  # the site's name is cut: what stands before it is a column, if it is short and called so
        while len(kept) > 1 and len(kept[-1]) <= 10 and COLUMN.search(kept[-1]) and len(kept[0]) > len(kept[-1]):
            kept.pop()
    while len(kept) > 1 and is_site(kept[0]) and len(squeeze(kept[0])) < len(squeeze("".join(kept[1:]))):
        kept.pop(0)
    if not kept:
        return page
    start = page.find(kept[0])
    return page[start : page.rfind(kept[-1]) + len(kept[-1])]


def _line_of(sheet: Sheet, plain: str, block: frozenset[int]) -> int | None:
    """The last line of the title where the page shows it: whole, or over several lines; not in a breadcrumb, the block or a link."""
    heads = {plain[:1], *(wide for wide, narrow in NARROW.items() if narrow == plain[:1])}
    for at, line in enumerate(sheet.lines):
        if line.plain[:1] not in heads or not line.prose or at in block:
            continue
        if key(line.plain[:2]) != plain[: min(2, len(line.plain))]:
            continue
        own = key(line.text)
        if own == plain or (own.startswith(plain) and len(own) <= len(plain) + 60):
            return at
        if len(own) >= 2 and plain.startswith(own):
            upto = at
            while (
                len(own) < len(plain) and upto + 1 < len(sheet.lines) and plain.startswith(own + key(sheet.lines[upto + 1].text))
            ):
                upto += 1
                own += key(sheet.lines[upto].text)
            if own == plain:
                return upto
    return None
