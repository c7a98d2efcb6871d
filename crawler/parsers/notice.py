"""The sample's layout, in and out: channel, title, one line of 时间 来源 点击, furniture, indented paragraphs.

    政府信息公开
    标题
    时间:2019-08-26   来源:党群工作部   点击:
    字号:       打印本页

      第一段……
"""

import re

from crawler.fold import fold, fold_map
from crawler.model import Draft, Record, Witness

LABELS = {"时间": "published", "来源": "source", "点击": "clicks"}
LABEL = re.compile("(时间|来源|点击) *:")
FURNITURE = re.compile(r"^(?:字号:?)?\s*(?:打印本页)?$")
EDGES = " \t\r\n\f\v\xa0\u3000\u200b\ufeff"
INDENT = "\u3000\u3000"


def read_notice(text: str) -> Draft:
    """The draft of a notice in the sample's layout, whatever its script; the text itself is kept as it stands.

    Raises ValueError when there is no line with the three labels, or nothing above it.
    """
    lines = [line.strip(EDGES) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    at = next((i for i, line in enumerate(lines) if len(_labels(line)) > 1), None)
    if at is None:
        raise ValueError("no notice: no line with 时间: 来源: 点击:")
    head = [line for line in lines[:at] if line]
    if not head:
        raise ValueError("no notice: no title above the line with 时间: 来源: 点击:")
    fields = _fields(lines[at])
    rest = lines[at + 1 :]
    body = tuple(line for line in rest if line and not _is_furniture(line))
    rule = "notice"
    return Draft(
        title=head[-1],
        channel=head[0] if len(head) > 1 else None,
        published=fields.get("published"),
        source=fields.get("source"),
        clicks=fields.get("clicks"),
        body=body,
        witnesses={name: Witness(rule, raw) for name, raw in [("title", head[-1]), *fields.items()] if raw},
    )


def _labels(line: str) -> list[re.Match[str]]:
    return list(LABEL.finditer(fold_map(line)[0]))


def _fields(line: str) -> dict[str, str]:
    """Field → the page's own text between its label and the next one."""
    where = [*fold_map(line)[1], len(line)]
    found = _labels(line)
    ends = [match.start() for match in found[1:]] + [len(where) - 1]
    return {
        LABELS[match[1]]: line[where[match.end() - 1] + 1 : where[end]].strip(EDGES) for match, end in zip(found, ends, strict=True)
    }


def _is_furniture(line: str) -> bool:
    return FURNITURE.fullmatch(re.sub(r"\s+", "", fold(line))) is not None


def write_notice(record: Record) -> str:
    """The record in the sample's layout, without furniture."""
    facts = f"时间:{record.published or ''}   来源:{record.source or ''}   点击:{'' if record.clicks is None else record.clicks}"
    head = [record.channel] if record.channel else []
    body = "\n\n".join(INDENT + paragraph for paragraph in record.body)
    return "\n".join([*head, record.title, facts, "", body]) + "\n"
