"""Pictures of the text, and the people it names: 作者, 编辑, 审核 …"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from crawler.parsers.article import Container
from crawler.parsers.furniture import is_chrome, is_furniture
from crawler.parsers.sheet import Sheet
from crawler.parsers.tree import EDGES
from crawler.record.notice import Image, Person
from crawler.text import urls
from crawler.text.late import late

SOURCES = ("data-src", "data-original", "data-lazy-src", "data-lazyload", "data-actualsrc", "data-url", "original", "_src", "src")
FURNITURE = late(
    r"(?:^|[^a-z])(?:icon|ico|logo|btn|button|share|print|qr|qrcode|ewm|erweima|weixin|wechat|blank|spacer|space|dot|arrow|loading|lazy|grey|transparent|bullet"
    r"|fileicon|icon_\w+)(?:[^a-z]|$)|二维码|扫一扫",
    re.IGNORECASE,
)
SIZE = re.compile(r"\s*(\d{1,4})(?:px)?\s*$")
STYLED = late(r"(?:^|[;\s])(?:width|height)\s*:\s*(\d{1,4})px", re.IGNORECASE)
SMALL = 40  # pixels: an icon
INLINE = 2000  # characters of a picture within the page that is more than a spacer

ROLES = [
    "责任编辑",
    "值班编辑",
    "网络编辑",
    "编辑",
    "责编",
    "编审",
    "作者",
    "通讯员",
    "特约记者",
    "实习记者",
    "记者",
    "撰稿人",
    "撰稿",
    "撰写",
    "供稿人",
    "供稿单位",
    "供稿",
    "摄影者",
    "摄影",
    "拍摄",
    "图片",
    "文字",
    "审核人",
    "审核",
    "初审",
    "复审",
    "终审",
    "审稿",
    "校对",
    "监制",
    "策划",
    "录入者",
    "录入",
    "签发人",
    "签发",
    "翻译",
]
SPACED = "|".join(r"\s*".join(role) for role in ROLES)
ROLE = re.compile(rf"(?<![\w])[（(【\[]?\s*({SPACED})\s*[】\]]?\s*[:：∶]\s*")
ENDS = late(r"\s{2,}|[|｜（(）)【】\[\];；。，,]|\s(?=[\u3400-\u9fff]{2,6}\s?[:：])|(?=(?:19|20)\d\d[-年])|\u3000")
SEVERAL = late(r"[、/&]+|\s+(?=[\u3400-\u9fff]{2,4}(?:\s|$))")
NAME = late(r"[\u3400-\u9fff·.A-Za-z\s]{2,30}")
LONGEST = 200
TAIL = 12


def read_images(sheet: Sheet, container: Container, places: Sequence[int], base: str, encoding: str) -> Iterator[Image]:
    """The pictures of an article; `places`: the line that each paragraph begins with. No icons, spacers or the frame's QR codes."""
    for at in sheet.named("img"):
        if at in sheet.hidden or not container.holds(sheet, at) or _is_small(sheet, at):
            continue
        written = next(
            (said for name in SOURCES if (said := sheet.attribute(at, name).strip()) and not said.startswith("data:")), ""
        )
        inline = len(sheet.attribute(at, "src")) if not written else 0
        alt = (sheet.attribute(at, "alt") or sheet.attribute(at, "title")).strip(EDGES)
        if (not written and inline < INLINE) or FURNITURE().search(f"{written.rpartition('/')[2]} {alt} {sheet.label(at)}"):
            continue
        if any(is_chrome(sheet.label(up)) for up in sheet.above(at) if up > container.at and sheet.attributes[up]):
            continue
        url = urls.join(base, written, encoding) if written else None
        if url is not None or not written:
            yield Image(bisect_left(places, sheet.firsts[at]), url, alt[:LONGEST])


def _is_small(sheet: Sheet, at: int) -> bool:
    said = [match[1] for name in ("width", "height") if (match := SIZE.match(sheet.attribute(at, name)))]
    said += STYLED().findall(sheet.attribute(at, "style"))
    return any(int(size) <= SMALL for size in said)


def read_people(sheet: Sheet, lines: Iterable[int]) -> tuple[Person, ...]:
    """Who is named with a role on these lines, each once, in the page's order."""
    found: dict[Person, None] = {}
    for at in sorted(set(lines)):
        text = sheet.lines[at].text
        if (":" not in text and "：" not in text and "∶" not in text) or len(text) > LONGEST:
            continue
        for match in ROLE.finditer(text):
            role = "".join(match[1].split())
            rest = text[match.end() :]
            following = ROLE.search(rest)
            value = ENDS().split(rest[: following.start()] if following else rest, maxsplit=1)[0].strip(EDGES + ",，、")
            for name in SEVERAL().split(value):
                plain = name.strip(EDGES)
                if NAME().fullmatch(plain) and not is_furniture(plain):
                    found[Person(role, plain)] = None
    return tuple(found)


def lines_of_people(sheet: Sheet, title: int | None, article: tuple[int, int], facts: Iterable[int]) -> set[int]:
    """Where they are named: between title and text, at the text's end, right behind it."""
    first, last = article
    head = range(title, first + 2) if title is not None and title < first else range(first, first + 2)
    tail = range(max(first, last - 3), last + TAIL)
    return {at for at in (*head, *tail, *facts) if at < len(sheet.lines)}
