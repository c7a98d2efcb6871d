"""Is it a notice at all? What has a title and some text may still be a home page, a list, or a standing page about a museum."""

import re
from collections.abc import Mapping

from crawler.model import PageKind
from crawler.parsers.kinds import Kind
from crawler.parsers.sheet import Sheet
from crawler.parsers.stated import stated
from crawler.parsers.tree import squeeze
from crawler.record.notice import Draft, Witness

BESIDE = re.compile(
    r"^(?:——.*|[（(][^（(]*[)）]|[\d年月日:：/.-]+|\W*)$"
)  # a subtitle, a bracket under the title, a date: no text
ENOUGH = 2  # points of evidence
LEAST_ROWS, LONGEST_ROW = 5, 200
TITLED = 8  # characters from which a link's text is a title
GENRE = re.compile(
    r"(?:通知|公告|公示|通报|意见|决定|决议|办法|规定|条例|细则|方案|规划|批复|函|令|报告|纪要|通告|公报|名单|目录|解读|说明|计划|预案|章程|规则|标准|请示|答复|结果|预算|决算|指南|须知|启事|招聘|简章)(?:[（(].{1,20}[)）])?$"
)
LETTER = re.compile(  # what heads a part of a letter and its answer
    r"^(?:信件|来信|写信|去信|咨询|留言|投诉|提问|问题|诉求|建议|答复|回复|办理|受理|处理)(?:时间|日期|内容|单位|部门|机构|编号|标题|主题|人|类型|情况|结果|意见|状态)(?:[:：\t]|$)"
)
POINTS = {  # a witness's rule → what it says for a notice
    "published.own": 2, "published.label.head": 2, "published.label.tail": 2, "published.disclosure": 2, "published.unlabelled": 2,
    "published.meta.PubDate": 2, "published.meta.firstpublished": 2, "published.label.page": 0, "published.url": 1,
}  # fmt: skip


def refuse(
    sheet: Sheet, draft: Draft, meta: Mapping[str, str], labels: int, article: tuple[int, int], *, titled: bool
) -> Kind | None:
    """The kind of a page that has a title and yet is no notice, with the evidence; None for a notice.

    `labels`: fields of a disclosure block; `titled`: the page shows the title apart from <title>, so that a bare date stands by it.
    """
    size = len(squeeze("".join(draft.body)))
    if not draft.attachments and all(BESIDE.match(squeeze(paragraph)) for paragraph in draft.body):
        return Kind(PageKind.OTHER, "a heading and no text")
    if (
        all(paragraph.startswith(("[图片：", "[文档：")) for paragraph in draft.body)
        and not draft.attachments
        and not is_told(draft, meta, labels)
    ):
        return Kind(PageKind.OTHER, "a heading and a picture, and nothing that says what they are")
    points = _points(draft, meta, labels, size) - (1 if not titled and _bare(draft) else 0)
    links = [line for line in sheet.lines if line.linked >= TITLED and not line.prose]
    rows = sum(1 for line in sheet.lines[article[0] : article[1]] if line.linked >= TITLED and len(line.plain) <= LONGEST_ROW)
    listed = rows >= LEAST_ROWS and rows * 2 >= article[1] - article[0]
    if points >= ENOUGH and not (listed and not meta.get("articletitle")):
        return None
    if points >= 2 * ENOUGH:
        return None
    if listed or (len(links) >= 8 and size < 60 * len(links)):
        return Kind(
            PageKind.LIST if listed or len(links) < 60 else PageKind.HOME,
            f"{len(links)} titled links, {points} signs of a notice",
        )
    if points >= ENOUGH:
        return None
    return Kind(
        PageKind.OTHER, f"{points} signs of a notice (a date, a source, a number, a disclosure block), {size} characters of text"
    )


def is_told(draft: Draft, meta: Mapping[str, str], labels: int, *, dated: bool = False) -> bool:
    """A tag, a block or a label says that this is a notice; with `dated` a bare date by its title or in a tag does too."""
    rules = [witness.rule for name in ("published", "source") if (witness := draft.witnesses.get(name)) is not None]
    shown = ("label.head", "label.tail", "disclosure", *(("unlabelled", "meta.PubDate") if dated else ()))
    return bool(meta.get("articletitle")) or labels >= 2 or any(rule.partition(".")[2] in shown for rule in rules)


def _bare(draft: Draft) -> bool:
    dated = draft.witnesses.get("published")
    return dated is not None and dated.rule == "published.unlabelled"


def _dated(witness: Witness | None) -> int:
    """What the date says; a labelled one that is refused (no such day, after the capture) still says that the page is a notice."""
    if witness is None:
        return 0
    labelled = any(said.startswith("label.") for said in witness.refused)
    return max(POINTS.get(witness.rule, 0), 2 if labelled else 0)


def _points(draft: Draft, meta: Mapping[str, str], labels: int, size: int) -> int:
    dated = draft.witnesses.get("published")
    source = draft.witnesses.get("source")
    said = stated(draft.body)
    return sum(
        (
            3 if meta.get("articletitle") else 0,
            2 if labels >= 2 else 0,
            _dated(dated),
            1 if source is not None and source.rule.startswith("source.label") and source.rule != "source.label.page" else 0,
            1 if GENRE.search(squeeze(draft.title)) else 0,
            1 if said.get("doc_no") else 0,
            1 if said.get("written_date") else 0,
            1 if draft.attachments else 0,
            1 if size >= 200 else 0,
            2 if len({match[0] for line in draft.body if (match := LETTER.match(line))}) >= 3 else 0,
        )
    )
