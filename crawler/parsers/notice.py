"""The sample's layout, in and out: channel, title, one line of 时间 来源 点击, furniture, indented paragraphs.

政府信息公开
标题
时间:2019-08-26   来源:党群工作部   点击:
字号:       打印本页

  第一段……
"""

import re

from crawler.record.notice import Draft, Record, Witness
from crawler.text.fold import fold, fold_map

RULE = "notice"
LABEL = re.compile(
    r"(?:发布 *)?(?P<published>时\s*间)\s*[:∶]"
    r"|(?:信息|文章)?(?P<source>来\s*源)\s*[:∶]"
    r"|(?P<clicks>点\s*击)(?:数|量|率|次数)?\s*[:∶]"
)
FURNITURE = re.compile(r"(?:字号|打印本页|打印|关闭窗口|关闭本页|[大中小:∶\[\]【】|])*")
NAMED_FURNITURE = re.compile("字号|打印本页")
EDGES = " \t\r\n\f\v\xa0\u3000\u200b\ufeff"
INDENT = "\u3000\u3000"
HEAD_LINES = 8  # the line of facts is one of the first


def read_notice(text: str) -> Draft:
    """The draft of a notice in the sample's layout, whatever its script; the text itself is kept as it stands.

    Raises ValueError when no line near the top begins with one of the three labels, or none stands above it.
    """
    lines = [line.strip(EDGES) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = [line for line in lines if line]
    at = next((i for i, line in enumerate(lines[:HEAD_LINES]) if _is_facts(line)), None)
    if at is None:
        raise ValueError("no notice: none of its first lines reads 时间: 来源: 点击:")
    if at == 0:
        raise ValueError("no notice: no title above the line 时间: 来源: 点击:")
    channel = lines[0] if at > 1 else None
    title = "".join(lines[min(1, at - 1) : at])
    fields = _fields(lines[at])
    named = [("title", title), ("channel", channel or ""), *fields.items()]
    return Draft(
        title=title,
        channel=channel,
        published=fields.get("published"),
        source=fields.get("source"),
        clicks=fields.get("clicks"),
        body=tuple(line for line in lines[at + 1 :] if not _is_furniture(line)),
        witnesses={name: Witness(RULE, raw) for name, raw in named if raw},
    )


def _is_facts(line: str) -> bool:
    return LABEL.match(fold_map(line)[0]) is not None


def _fields(line: str) -> dict[str, str]:
    """Field → the page's own text between its label and the next one; fields without text are left out."""
    folded, where = fold_map(line)
    where.append(len(line))
    found = list(LABEL.finditer(folded))
    ends = [match.start() for match in found[1:]] + [len(folded)]
    fields: dict[str, str] = {}
    for match, end in zip(found, ends, strict=True):
        value = line[where[match.end() - 1] + 1 : where[end]].strip(EDGES)
        if value and match.lastgroup:
            fields.setdefault(match.lastgroup, value)
    return fields


def _is_furniture(line: str) -> bool:
    squeezed = re.sub(r"\s+", "", fold(line))
    return NAMED_FURNITURE.search(squeezed) is not None and FURNITURE.fullmatch(squeezed) is not None


def write_notice(record: Record) -> str:
    """The record in the sample's layout, without furniture; a line for each of the page's own paragraphs."""
    clicks = "" if record.clicks is None else str(record.clicks)
    facts = f"时间:{record.published or ''}   来源:{record.source or ''}   点击:{clicks}"
    head = [_line(record.channel)] if record.channel else []
    paragraphs = [INDENT + _line(paragraph) for paragraph in record.body]
    return "\n".join([*head, _line(record.title), facts, "", "\n\n".join(paragraphs)]) + "\n"


def _line(text: str) -> str:
    return " ".join(text.splitlines())
