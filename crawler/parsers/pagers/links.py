"""Pagers made of links: 下一页, numbers, `>`; descending or ascending, static or by query; selects. Also those written as base64."""

import base64
import binascii
import re
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from crawler.parsers.pagers import said
from crawler.parsers.pagers.sheet import MOST, NONE, Pager, Sheet, numbers
from crawler.parsers.pushed import leads
from crawler.parsers.tree import Node, attribute, lines, parse, squeeze
from crawler.text import urls

NEXT = re.compile(r"^[<>»›\s\[\]|]*(?:下一?页|后一?页|下一頁|next(?:page)?)[<>»›\s\[\]|]*$", re.IGNORECASE)
LAST = re.compile(r"^[<>»›\s\[\]|]*(?:尾页|末页|最后一?页|最末页|末頁|last(?:page)?)[<>»›\s\[\]|]*$", re.IGNORECASE)
ARROW = re.compile(r"^(?:>|›|&gt;|→)$")
OPTION = re.compile(r"第?\d{1,5}页?")
DOUBLE = re.compile(r"^(?:>>|»|››)$")
DIGITS = re.compile(r"^\[?(\d{1,6})\]?$")
NEXT_NAME = re.compile(r"(?:^|[\s_-])next(?:[\s_-]?page)?$|^next\b(?!.?group)", re.IGNORECASE)
CURRENT_NAME = re.compile(
    r"(?:^|[\s_-])(?:active|current|cur|curr|on|select|selected|thispage|now|this|hover)(?:$|[\s_-])", re.IGNORECASE
)
TOTAL_RECORD = re.compile(r"total(?:record|count)s?|总数|总记录", re.IGNORECASE)
TOTAL_BEGINS = "tT总\u200b\ufeff"  # the last two are no white space to Python
THIS_VALUE = re.compile(r"this\s*\.\s*(?:options\s*\[\s*this\s*\.\s*selectedIndex\s*\]\s*\.\s*)?value")
ENCODED = re.compile(r"^[A-Za-z0-9+/]{80,}={0,2}$")


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a pager, by what they say. `current` the number shown without a link or marked as chosen."""

    next: str | None
    last: str | None
    numbered: dict[int, str]
    current: int | None
    dead: bool  # a next that leads nowhere but into a script
    ended: bool = False  # a next that is no link: the last page


def linked(sheet: Sheet) -> Pager | None:
    """A link that says next, or the number behind the current one. None when the page has neither links nor words of a pager."""
    tree = sheet.tree
    body = (tree.body or tree.root) if tree is not None else None
    if body is None:
        return None
    encoded = _encoded(body)
    if encoded is not None:
        root = parse(encoded).body
        pager = _read(replace(sheet, lines=None), root, root) if root is not None else None
        return Pager(pager.next, pager.total_pages, pager.total_rows, "base64") if pager else None
    return _read(sheet, body, said.area(body))


def _read(sheet: Sheet, body: Node, area: Node | None) -> Pager | None:
    told = said.words(lines(body) if sheet.lines is None else sheet.lines, area)
    links = gather(area, sheet.url) if area is not None else Links(None, None, {}, None, dead=False)
    total_rows, total_pages = said.first(said.ROWS, told), said.first(said.PAGES, told)
    total_rows = total_rows if total_rows is not None else _total_record(body)
    if area is None and (link := body.css_first("a[rel='next'][href]")) is not None:
        return Pager(sheet.get(attribute(link, "href")), total_pages, total_rows, "link")
    if area is None:
        found = _selected(sheet, body) or _numbers_only(sheet, body)
        if found is not None:
            return Pager(found.next, total_pages or found.total_pages, total_rows, found.rule)
        return Pager(None, total_pages, total_rows) if total_pages or total_rows else None
    current = links.current or said.first(said.CURRENT, told) or _place(links, sheet)
    following = _next(links, current)
    pages = total_pages or _total(links, current, following)
    request = sheet.get(following) if following else None
    rule = "link" if links.next or links.last or links.numbered or links.dead or links.ended or links.current else NONE
    if request is None and links.dead and (pages is None or current is None or current < pages):
        rule = "script"  # the next page is known to the page's script alone
    return Pager(request, pages if pages and pages <= MOST else None, total_rows, rule)


def _total_record(body: Node) -> int | None:
    """The rows that EmpireCMS declares: `<a title="Total record"><b>42</b></a>`."""
    for node in body.css("[title]"):
        if not _says_total(node):
            continue
        shown = squeeze(node.text(deep=True))
        if shown.isdigit() and len(shown) < 9:
            return int(shown)
    return None


def gather(area: Node, base: str) -> Links:
    """The links of a pager's element."""
    following = last = arrow = double = None
    numbered: dict[int, str] = {}
    current, dead, ended = None, False, False
    for node in area.css("a, span, em, b, strong, li, button, i, font, input[value]"):
        if _counts(node):
            continue
        image = node.css_first("img[alt]") if node.tag == "a" else None
        shown = squeeze(node.text(deep=True) or attribute(node, "value")) or (
            squeeze(attribute(image, "alt")) if image is not None else ""
        )
        href = attribute(node, "href")
        name = f"{attribute(node, 'class')} {attribute(node, 'id')}"
        leads = bool(href) and urls.join(base, href) is not None and not href.startswith("#")
        said_next = bool(NEXT.match(shown) or (len(shown) < 3 and NEXT.match(squeeze(attribute(node, "title")))))
        by_name = (
            node.tag == "a"
            and len(shown) < 3
            and not DIGITS.match(shown)
            and bool(NEXT_NAME.search(attribute(node, "class").strip()) or attribute(node, "rel").lower() == "next")
        )
        if said_next or by_name:
            following = following or (href if leads else None)
            scripted = (
                (node.tag in ("a", "button", "input") or "onclick" in node.attributes)
                and not leads
                and (bool(href) or "onclick" in node.attributes)
            )
            dead, ended = dead or scripted, ended or not (leads or scripted)
        elif LAST.match(shown):
            last = last or (href if leads else None)
        elif ARROW.match(shown) and leads:
            arrow = arrow or href
        elif DOUBLE.match(shown) and leads:
            double = double or href
        elif (digits := DIGITS.match(shown)) is not None:
            number = int(digits[1])
            if leads:
                numbered.setdefault(number, href)
            marked = CURRENT_NAME.search(name) is not None
            if (marked or (not href and not node.css_first("a[href]"))) and node.tag != "li":
                current = number if current is None or marked else current
            elif marked:
                current = number
    return Links(following or arrow or (double if not last else None), last, numbered, current, dead and following is None, ended)


def _counts(node: Node) -> bool:
    """The number of rows as EmpireCMS prints it, which is no page's."""
    return any(_says_total(each) for each in (node, node.parent) if each is not None)


def _says_total(node: Node) -> bool:
    title = attribute(node, "title").lstrip()
    return title[:1] in TOTAL_BEGINS and TOTAL_RECORD.fullmatch(squeeze(title)) is not None


def _next(links: Links, current: int | None) -> str | None:
    numbered = links.numbered.get(current + 1) if current is not None else None
    return links.next or numbered


def _place(links: Links, sheet: Sheet) -> int | None:
    """Which page this is: the numbered link that leads here, or the one before the link that says next."""
    here = urls.canonical(sheet.url)
    for number, href in links.numbered.items():
        url = urls.join(sheet.url, href)
        if url is not None and urls.canonical(url) == here:
            return number
    if links.next:
        wanted = urls.join(sheet.url, links.next)
        return next(
            (number - 1 for number, href in links.numbered.items() if urls.join(sheet.url, href) == wanted and number > 1), None
        )
    return None


def _total(links: Links, current: int | None, following: str | None) -> int | None:
    """Pages in all, from the last link and the next one: 5 for index_2 … index_5 on page 1, 31 for 30.htm … 1.htm."""
    largest = max([*links.numbered, current or 0], default=0)
    if links.last and following and current is not None:
        ahead, last = numbers(following.rpartition("/")[2]), numbers(links.last.rpartition("/")[2])
        if len(ahead) == len(last):
            moved = [abs(a - b) for a, b in zip(ahead, last, strict=True) if a != b]
            if len(moved) <= 1:
                return max(largest, current + 1 + sum(moved))
    if following is None and current is not None and current >= largest:
        return current if current > 1 or links.numbered else None
    return largest or None if links.last is None or not following else None


def _selected(sheet: Sheet, body: Node) -> Pager | None:
    """A select whose options are pages: the option behind the chosen one."""
    for select in body.css("select"):
        options = select.css("option")
        if len(options) < 2 or not all(OPTION.fullmatch(squeeze(option.text(deep=True))) for option in options):
            continue
        pages = [
            (squeeze(option.text(deep=True)), attribute(option, "value"), "selected" in option.attributes) for option in options
        ]
        if not re.search(r"[./?]", pages[1][1]):
            pages = [(shown, _changed(sheet, select, value), chosen) for shown, value, chosen in pages]
        if not all(value for _, value, _ in pages):
            continue
        here = urls.canonical(sheet.url)
        at = next((n for n, (_, value, chosen) in enumerate(pages) if chosen or _is(sheet.url, value, here)), 0)
        following = sheet.get(pages[at + 1][1]) if at + 1 < len(pages) else None
        return Pager(following, len(pages), None, "select")
    return None


def _changed(sheet: Sheet, select: Node, value: str) -> str:
    """Where the select's own code leads when an option is chosen."""
    code = attribute(select, "onchange")
    said = THIS_VALUE.sub(f"'{value}'", code) if re.fullmatch(r"\w{1,12}", value) else ""
    return (leads(sheet.tree, said) or "") if said != code and said and sheet.tree is not None else ""


def _is(base: str, href: str, here: str) -> bool:
    url = urls.join(base, href)
    return url is not None and urls.canonical(url) == here


def _numbers_only(sheet: Sheet, body: Node) -> Pager | None:
    """A row of numbers without words: siblings 1 2 3 …, one of them without a link or marked."""
    for node in body.css("a[href]"):
        shown = node.text(deep=True)
        if "2" not in shown or squeeze(shown) != "2" or node.parent is None:
            continue
        area = (
            node.parent
            if len(node.parent.css("a[href]")) > 1 or squeeze(node.parent.text(deep=True)) != "2"
            else node.parent.parent
        )
        if area is None or len(squeeze(area.text(deep=True))) > 80:
            continue
        links = gather(area, sheet.url)
        current = links.current or _place(links, sheet)
        if current is None or len(links.numbered) + 1 < 2:
            continue
        following = links.numbered.get(current + 1)
        largest = max([*links.numbered, current])
        return Pager(sheet.get(following) if following else None, largest if largest < 10 else None, None, "numbers")
    return None


# ------------------------------------------------------------------ base64
def _encoded(body: Node) -> str | None:
    """The HTML of a pager that stands as base64 of a percent-encoded text, None where there is none."""
    for node in body.css("div, p, span, td, textarea, input"):
        if next(node.iter(), None) is not None:
            continue
        shown = squeeze(attribute(node, "value") if node.tag == "input" else node.text(deep=True))
        if not ENCODED.match(shown):
            continue
        try:
            plain = base64.b64decode(shown, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
        made = unquote_plus(plain) if "%3" in plain[:200] else plain
        if "<a" in made:
            return made
    return None
