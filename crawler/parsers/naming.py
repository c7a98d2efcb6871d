"""What a file is called: the nearest text that names it. 下载, 查看 and an icon's alt name nothing where another text stands there."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.parsers.media import KINDS
from crawler.parsers.sheet import Line, Sheet
from crawler.parsers.tree import BLOCKS, EDGES, squeeze, text

VERBS = r"下载|查看|预览|打开|浏览|阅读|阅览|保存|另存为?|详情|播放|点击|点此|点我|在线|直接|立即|本地|高速|请|此处|这里|全部|右键|download|view|open|click|here|save"
THINGS = r"附件|文件|文档|全文|原文|地址|链接|正文|表格|图片|视频|图标|pdf|word|excel|docx?|xlsx?|版|本|\d|file|icon|img|image|attach(?:ment)?"
VOID = re.compile(rf"[\W_]*(?:(?:{VERBS}|{THINGS})[\W_]*)*", re.IGNORECASE)
NUMBERED = re.compile(
    r"^[\s•·▪■◆●*>]*(?:[（(【\[]?(?:相关|本文)?附\s*[件表录图]\s*(?:下载|列表)?\s*[\d一二三四五六七八九十]{0,3}\s*[)）】\]]?\s*[:：.．、]?\s*)?"
    r"(?:[（(]?\d{1,2}[)）.．、]\s*|[一二三四五六七八九十]{1,2}、\s*)?"
)
TAIL = re.compile(r"[\s:：—\-|｜（(【\[,，、;；.。]+$")
TO_DO = re.compile(rf"[\s【\[（(|｜]*(?:{VERBS})(?:附件|文件)?[\s】\])）|｜]*$", re.IGNORECASE)
SIZE = re.compile(r"[（(\[]?\s*(?:大小[:：]?)?\d+(?:\.\d+)?\s*(?:[KMG]i?B?|字节|bytes)\b\s*[)）\]]?", re.IGNORECASE)
FILE = re.compile(r"\.[a-z0-9]{2,4}\b", re.IGNORECASE)
# 附件1.docx: what it holds is not said, which file it is, is
WHOLE = re.compile(rf"\w[^\s/\\:：]*\.(?:{'|'.join(KINDS)})", re.IGNORECASE)
CHINESE = re.compile(r"[\u3400-\u9fff]")
PARAMETERS = frozenset({"filename", "file_name", "name", "title", "attname", "fname", "realname", "showname", "file"})
SHOWN = frozenset({"iframe", "object", "embed", "video", "audio", "source"})
LONGEST = 200
LONGEST_BESIDE = 80
NEAR = 3  # lines of a box that holds one file


@dataclass(frozen=True, slots=True)
class Name:
    """A file's name; `rank`: how near it stands (0 the link's own text); `own`: the link's text, whatever it says."""

    text: str
    rank: int
    own: str


def names_nothing(written: str) -> bool:
    """下载, 点击查看, 附件1, an icon's word."""
    return VOID.fullmatch(written) is not None


def link_name(sheet: Sheet, at: int, scripted: list[str], url: str | None) -> Name:
    """The name of what an element links to or shows."""
    own = text(sheet.node(at)).strip(EDGES) if sheet.tags[at] not in SHOWN else ""
    if own and not names_nothing(own):
        return Name(own, 0, own)
    said = [sheet.attribute(at, "download"), sheet.attribute(at, "title"), *scripted]
    said += [sheet.attribute(image, "title") for image in _images(sheet, at)]
    alone = sheet.tags[at] in SHOWN or WHOLE.fullmatch(own) is not None
    for rank, written in enumerate((next(filter(_names, said), ""), "" if alone else _beside(sheet, at)), 1):
        if written:
            return Name(written.strip(EDGES), rank, own)
    alt = next((name for image in _images(sheet, at) if _names(name := sheet.attribute(image, "alt"))), "")
    if alt:
        return Name(alt.strip(EDGES), 3, own)
    last = _of_address(url) if url else ""
    if own and (FILE.search(own) or ("附" in own and not CHINESE.search(last))):
        return Name(own, 4, own)
    return Name(last or own, 4 if last else 5, own)


def _names(written: str) -> bool:
    """Does a text name something? What a script is told besides (numbers, ids) does not."""
    plain = squeeze(written)
    return (
        1 < len(plain) <= LONGEST
        and not names_nothing(written)
        and (FILE.search(plain) is not None or CHINESE.search(plain) is not None)
    )


def _images(sheet: Sheet, at: int) -> list[int]:
    return [place for place in range(at + 1, sheet.end(at)) if sheet.tags[place] == "img"]


def _beside(sheet: Sheet, at: int) -> str:
    """The text around a link that names nothing: of its line or row, else of the line before or behind it in a small box."""
    place = sheet.firsts[at]
    block = next((up for up in sheet.above(at) if sheet.tags[up] in BLOCKS and sheet.tags[up] not in ("td", "th")), at)
    if sheet.firsts[block] <= place < sheet.lasts[block]:
        line = sheet.lines[place]
        found = _of_row(line) if line.cells else rest_of(line.text)
        if _names(found) and len(found) <= LONGEST_BESIDE and "。" not in found:
            return found
    for up in sheet.above(at, 3):
        own = sheet.own(up)
        if len(own) > NEAR:
            break
        names = [said for line in own if _names(said := rest_of(line.text)) and len(said) <= LONGEST_BESIDE and "。" not in said]
        if names:
            return names[0]
    return ""


def _of_row(line: Line) -> str:
    """The cell of a row that names a file: one with a file's ending, else the longest."""
    cells = [said for cell in line.cells if _names(said := rest_of(cell))]
    return next((cell for cell in cells if FILE.search(cell)), max(cells, key=len, default=""))


def rest_of(line: str) -> str:
    """A line without 附件1：, its number, sizes, and the words at its end that only say what to do."""
    found = SIZE.sub(" ", line)
    found = found[match.end() :] if (match := NUMBERED.match(found)) else found
    while (match := TO_DO.search(found)) and match.start() > 1:
        found = found[: match.start()]
    return TAIL.sub("", found).strip(EDGES)


def _of_address(url: str) -> str:
    """What an address calls its file: a parameter, else the last part of its path; empty where that is no file's name."""
    parts = urlsplit(url)
    for name, value in parse_qsl(parts.query):
        if name.lower() in PARAMETERS and _names(value):
            return value.rpartition("/")[2]
    last = unquote(parts.path).rstrip("/").rpartition("/")[2]
    return last if FILE.search(last) else ""
