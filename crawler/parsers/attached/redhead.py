"""A red-header document (GB/T 9704): who issued it, its number, title and date as its own text has them, each with its place.

Only what stands in the form: a head `…文件` (or 令, 公告 over a number), the number in a line of its own above the title, the title up to
the line that addresses somebody, the date that ends the text in a line of its own. A number or a date within a sentence is another
document's.
"""

import re
from collections.abc import Iterator, Sequence

from crawler.parsers.attached.said import AttachedText
from crawler.parsers.stated import SIGNED, number_of
from crawler.parsers.tree import squeeze
from crawler.record.content import Said

HEAD, MOST_LINES = 14, 60  # lines in which the head stands, and within which a document begins its text
TAIL = 14  # lines from the end, before notes about copies and printing
ORGAN = "政府|办公[室厅]|委员会|[局厅部院办委会署处所社组团校系科队站馆]|中心|公司|大学|集团|法院|检察院|指挥部|领导小组|联席会议"
HEADED = re.compile(rf"^(?!.{{0,6}}(?:提交|有关|相关|上述|下列))([\u3400-\u9fff（()）]{{3,40}}?(?:{ORGAN}))文件$")
ORDERED = re.compile(rf"^([\u3400-\u9fff]{{3,40}}?(?:{ORGAN}))(?:令|公告|通告)$")
ORDER_NO = re.compile(r"^[（(]?(第?\d{1,5}号)[)）]?$")
SIGNER = re.compile(r"签发人[:：].*$")
SERIAL = re.compile(r"^(?:\d{4,8}|[绝机秘]密.*|特急|加急|平急|急件|内部资料.*|（?此件.*公开.*）?)$")
TITLE_END = re.compile(
    r"(?:通知|意见|办法|规定|决定|公告|通告|批复|函|报告|请示|方案|细则|规则|条例|通报|纪要|命令|令|计划|规划|要点|目录|清单|预案|制度|标准|指南|章程|说明|解读)(?:[（(].{1,30}[)）])?$"
)
ADDRESS = re.compile(r"[:：]$")
BEGINS = re.compile(r"^(?:第[一二三四五六七八九十百]+[章条]|[一二三四五六七八九十]{1,3}、|为了?|根据|按照|现将|经)")
COPIES = re.compile(
    r"^(?:抄送|抄报|主送|主题词|分送|附件|.{2,30}(?:办公室|办公厅|秘书[处科]).{0,6}\d{4}年\d{1,2}月\d{1,2}日印发|（?此件.{0,12}公开)"
)
LONGEST_TITLE_LINE = 60


def witnesses(said: AttachedText) -> tuple[Said, ...]:
    """What a document states of itself; empty where it is no red-header document. Members of an archive each speak for themselves, so
    none of them does here."""
    if any(section.within for section in said.sections):
        return ()
    lines = [
        (squeeze(line), line, f"{section.kind} {section.name}".strip() + f", line {number}")
        for section in said.sections
        if section.kind in ("page", "text")
        for number, line in enumerate(section.lines, 1)
    ]
    lines = [line for line in lines if line[0] and not re.fullmatch(r"[-—－\s]*第?\d{1,4}页?[-—－\s]*", line[0])]
    head = list(_head(lines[:MOST_LINES]))
    if not any(each.field in ("meta.doc_no", "meta.issuer") for each in head):
        return ()
    return (*head, *_signed(lines))


def _head(lines: Sequence[tuple[str, str, str]]) -> Iterator[Said]:
    """Issuer, number and title, in the order in which they stand."""
    number_at = issuer_at = -1
    for at, (plain, line, place) in enumerate(lines[:HEAD]):
        bare = SIGNER.sub("", plain)
        if issuer_at < 0 and (match := HEADED.match(plain) or ORDERED.match(plain)):
            issuer_at = at
            yield Said("meta.issuer", match[1], place)
        elif issuer_at == at - 1 and not lines[at - 1][0].endswith("文件") and (match := ORDER_NO.match(plain)):
            number_at = at
            yield Said("meta.doc_no", lines[at - 1][0] + match[1], place)
            break
        elif number_at < 0 and number_of(bare):
            number_at = at
            yield Said("meta.doc_no", SIGNER.sub("", line).strip() if "签发人" in line else line.strip(), place)
            break
    if max(number_at, issuer_at) < 0:
        return
    if (title := _title(lines, max(number_at, issuer_at) + 1)) is not None:
        yield title


def _title(lines: Sequence[tuple[str, str, str]], begin: int) -> Said | None:
    """The lines below the number, up to one that addresses somebody or begins the text."""
    found: list[str] = []
    place = ""
    for plain, _, where in lines[begin : begin + 8]:
        if not found and (SERIAL.match(plain) or plain.startswith("签发人") or set(plain) <= set("★—-_=")):
            continue
        if ADDRESS.search(plain) or BEGINS.match(plain) or len(plain) > LONGEST_TITLE_LINE or (found and SIGNED.match(plain)):
            break
        if found and TITLE_END.search(found[-1]) and not plain.startswith(("的", "及", "和", "（", "(")):
            break
        place = place or where
        found.append(plain)
    title = "".join(found)
    return Said("title", title, place) if TITLE_END.search(title) and 6 <= len(title) <= 150 else None


def _signed(lines: Sequence[tuple[str, str, str]]) -> Iterator[Said]:
    """The date that ends the text: the last of those in lines of their own, before annexes begin."""
    end = next(
        (at for at, (plain, _, _) in enumerate(lines) if at > 3 and re.fullmatch(r"附件?\d{0,2}[:：]?", plain)), len(lines)
    )
    for plain, line, place in reversed(lines[max(0, end - TAIL) : end]):
        if not COPIES.match(plain) and SIGNED.match(plain):
            yield Said("meta.written_date", line.strip(" ()（）"), place)
            return
