"""Changes to a page that a reader does not see, or hardly: the record must not change. Run as a script, it prints the table by mutation.

    GONGKAI_SHARED=… python tests/parsers/mutate.py [--worst N]

reads every labelled page of the corpus and each of its mutations and counts the fields that say the same as before: title, published,
source, channel, each disclosure field (white space apart) and the body (F1 of 4-grams at least .98).
"""

import argparse
import json
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.model import Kind, Page
from crawler.parsers.page import read
from crawler.record.notice import Record
from crawler.record.rules import ReadRules
from crawler.record.serial import record_of
from crawler.text.charset import decode

TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
CODE = re.compile(r"(<(script|style|textarea|title)\b[^>]*>.*?</\2\s*>|<!--.*?-->)", re.IGNORECASE | re.DOTALL)
ATTRIBUTE = re.compile(r"""([\w:@.-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
SPACE = r"(?:\s|&nbsp;|&emsp;|&ensp;|\u3000)"
AT = 1_790_000_000_000


def _outside(html: str, change: Callable[[str], str]) -> str:
    """Apply to what is no script, style, title or comment."""
    parts = CODE.split(html)
    # two groups: text, whole block, tag name, text, …
    return "".join(
        change(part) if place % 3 == 0 else part if place % 3 == 1 else "" for place, part in enumerate(parts) if part is not None
    )


def _tags(html: str, change: Callable[[re.Match[str]], str]) -> str:
    return _outside(html, lambda part: TAG.sub(change, part))


def _attributes(match: re.Match[str], change: Callable[[str, str], tuple[str, str] | None]) -> str:
    """A tag with each attribute changed or dropped."""
    if match[1] or not match[3].strip():
        return match[0]
    kept = []
    for name, value in ATTRIBUTE.findall(match[3]):
        plain = value[1:-1] if value[:1] in "\"'" else value
        changed = change(name, plain)
        if changed is not None:
            kept.append(f' {changed[0]}="{changed[1]}"' if value or changed[1] else f" {changed[0]}")
    return f"<{match[2]}{''.join(kept)}{' /' if match[3].rstrip().endswith('/') else ''}>"


def rename_classes(html: str) -> str:
    """Every class and id has another name, the same for the same."""
    names: dict[str, str] = {}

    def change(name: str, value: str) -> tuple[str, str]:
        if name.lower() not in ("class", "id"):
            return name, value
        return name, " ".join(names.setdefault(word, f"q{len(names)}z") for word in value.split())

    return _tags(html, lambda match: _attributes(match, change))


def without_names(html: str) -> str:
    """No class and no id at all."""
    return _tags(
        html, lambda match: _attributes(match, lambda name, value: None if name.lower() in ("class", "id") else (name, value))
    )


def without_metas(html: str) -> str:
    """No meta tag but the charset."""
    return re.sub(r"<meta\b(?![^>]*charset)[^>]*>", "", html, flags=re.IGNORECASE)


def shuffled_attributes(html: str) -> str:
    """Attributes in another order, in single quotes, names in capitals."""
    chance = random.Random(7)

    def change(match: re.Match[str]) -> str:
        if match[1] or not match[3].strip():
            return match[0]
        found = ATTRIBUTE.findall(match[3])
        chance.shuffle(found)
        return (
            f"<{match[2]}" + "".join(f" {name.upper()}" + (f"={_quoted(value)}" if value else "") for name, value in found) + " >"
        )

    return _tags(html, change)


def _quoted(value: str) -> str:
    plain = value[1:-1] if value[:1] in "\"'" else value
    return f"'{plain}'" if "'" not in plain else f'"{plain}"'


DATE_LABEL = r"(?:发布|公布|信息发布)?(?:时间|日期)\s*[:：]\s*\d[\d\-/年月日 :：.]*\d日?"
SOURCE_LABEL = r"(?:信息)?来\s?源\s*[:：]\s*[^<>\s\u3000&【\[|]{2,30}"


def swapped_labels(html: str) -> str:
    """Date and source change places, and so do two pairs of cells in a row of the disclosure table."""
    html = re.sub(rf"({DATE_LABEL})((?:{SPACE}|</?span[^<>]*>)+)({SOURCE_LABEL})", r"\3\2\1", html, count=2)
    row = re.compile(r"<tr\b[^>]*>(.*?)</tr>", re.IGNORECASE | re.DOTALL)
    one = re.compile(r"<t[dh]\b[^>]*>.*?</t[dh]>", re.IGNORECASE | re.DOTALL)

    def swap(match: re.Match[str]) -> str:
        cells = one.findall(match[1])
        if len(cells) != 4 or "<table" in match[1].lower() or not re.search(r"[号期类关题]\s*[:：]?\s*<", match[1]):
            return match[0]
        return match[0].replace(match[1], "".join((cells[2], cells[3], cells[0], cells[1])))

    return row.sub(swap, html)


def _wrapped(html: str, before: str, after: str) -> str:
    start = re.search(r"<body\b[^>]*>", html, re.IGNORECASE)
    end = html.lower().rfind("</body>")
    at = start.end() if start else 0
    end = end if end > at else len(html)
    return html[:at] + before + html[at:end] + after + html[end:]


def another_table(html: str) -> str:
    """The whole page in one more layout table."""
    return _wrapped(html, "<table width='100%'><tr><td>", "</td></tr></table>")


def decoys(html: str) -> str:
    """A side column of other notices with their dates before the page, and a row of related ones behind it."""
    rows = "".join(
        f"<li><a href='/other/{n}.html'>第{n}批河道疏浚工程验收结果公示名单</a><span>2015-0{n}-11</span></li>"
        for n in range(1, 8)
    )
    return _wrapped(
        html,
        f"<div><h3>最新发布</h3><ul>{rows}</ul></div>",
        f"<div><h3>相关阅读</h3><ul>{rows}</ul><p>今天是2015年3月11日 星期三</p></div>",
    )


def _article(tree: LexborHTMLParser) -> LexborNode | None:
    """The smallest element with most of the page's sentences: found by full stops, not by the reader that is tested."""
    body = tree.body or tree.root
    if body is None:
        return None
    total = (body.text(deep=True) or "").count("。")
    node = body
    while True:
        inner = [
            child
            for child in node.iter()
            if child.text(deep=True).count("。") >= 0.9 * total and child.tag not in ("script", "style")
        ]
        if total < 3 or len(inner) != 1 or inner[0].tag in ("p", "span", "tbody", "tr"):
            return node if node.tag in ("div", "td", "section", "article") else None
        node = inner[0]


def doubled(html: str, opening: str = "<div style='display:none'>") -> str:
    """The article a second time, hidden, for another screen."""
    tree = LexborHTMLParser(html)
    node = _article(tree)
    if node is None:
        return html
    inner = node.inner_html or ""
    whole = tree.html or html
    at = whole.find(inner)
    return (
        whole
        if at < 0 or len(inner) < 50
        else whole[:at] + f"<div>{inner}</div>{opening}{inner}</div>" + whole[at + len(inner) :]
    )


def doubled_shown(html: str) -> str:
    """The article a second time, shown by a style sheet of small screens only."""
    return doubled(html, "<div class='only-on-phones'>")


def reserialised(html: str) -> str:
    """As a browser would save it."""
    return LexborHTMLParser(html).html or html


def plain_headings(html: str) -> str:
    """Headings are paragraphs."""
    return _tags(
        html, lambda match: f"<{match[1]}div{match[3]}>" if re.fullmatch(r"h[1-6]", match[2], re.IGNORECASE) else match[0]
    )


def paragraphs_as_boxes(html: str) -> str:
    """Each paragraph is a div."""
    return _tags(html, lambda match: f"<{match[1]}div{match[3]}>" if match[2].lower() == "p" else match[0])


def paragraphs_as_breaks(html: str) -> str:
    """Bare text and two line breaks."""
    return _tags(html, lambda match: ("<br><br>" if match[1] else "") if match[2].lower() == "p" else match[0])


def capitals(html: str) -> str:
    """Tag names in capitals."""
    return _tags(html, lambda match: f"<{match[1]}{match[2].upper()}{match[3]}>")


def comments(html: str) -> str:
    """A comment at the head of every block."""
    return _tags(
        html, lambda match: match[0] + ("<!--<$[信息]>begin-->" if match[2].lower() in ("p", "div", "td", "h1", "h2") else "")
    )


def spans(html: str) -> str:
    """Every third word in a span of its own, as Word saves it."""
    return _outside(
        html,
        lambda part: re.sub(
            r"(?<=[\u4e00-\u9fff])([\u4e00-\u9fff]{2})(?=[\u4e00-\u9fff]{2}[^<>]*<)", r"<span lang='EN-US'>\1</span>", part
        ),
    )


def entities(html: str) -> str:
    """Characters as numbers."""
    return _outside(html, lambda part: re.sub(r"[\u4e00-\u4fff]", lambda match: f"&#{ord(match[0])};", part))


def narrow_colons(html: str) -> str:
    """ASCII colons behind labels."""
    return _outside(html, lambda part: re.sub(r"(?<=[\u4e00-\u9fff])\s*：", ":", part))


def early_end(html: str) -> str:
    """The page's frame is closed before the article, as an included header does."""
    start = re.search(r"<body\b[^>]*>", html, re.IGNORECASE)
    return html if start is None else html[: start.end()] + "<div>政务公开</div></body></html>" + html[start.end() :]


def unclosed(html: str) -> str:
    """Paragraphs and cells without their ends."""
    return _tags(html, lambda match: "" if match[1] and match[2].lower() in ("p", "li", "td", "th") else match[0])


def without_title(html: str) -> str:
    """No <title>."""
    return re.sub(r"<title\b[^>]*>.*?</title>", "", html, flags=re.IGNORECASE | re.DOTALL)


def site_in_title(html: str) -> str:
    """<title> with one more name behind it."""
    return re.sub(r"</title>", " | 云溪县人民政府门户网站</title>", html, count=1, flags=re.IGNORECASE)


MUTATIONS: dict[str, Callable[[str], str]] = {
    "classes and ids renamed": rename_classes,
    "no classes, no ids": without_names,
    "no metas": without_metas,
    "attributes shuffled": shuffled_attributes,
    "labels swapped": swapped_labels,
    "in another table": another_table,
    "article doubled, hidden": doubled,
    "article doubled, shown": doubled_shown,
    "other notices around it": decoys,
    "saved by a browser": reserialised,
    "no headings": plain_headings,
    "paragraphs as boxes": paragraphs_as_boxes,
    "paragraphs as breaks": paragraphs_as_breaks,
    "tags in capitals": capitals,
    "comments everywhere": comments,
    "words in spans": spans,
    "characters as numbers": entities,
    "narrow colons": narrow_colons,
    "an early end": early_end,
    "unclosed paragraphs": unclosed,
    "no <title>": without_title,
    "one more name in <title>": site_in_title,
    "no names, no metas": lambda html: without_names(without_metas(html)),
    "no names, no metas, no <title>": lambda html: without_title(without_names(without_metas(html))),
    "no names, no headings": lambda html: plain_headings(without_names(html)),
    "all of it": lambda html: another_table(decoys(spans(plain_headings(rename_classes(without_metas(html)))))),
}


# ------------------------------------------------------------------ the table
def squeeze(text: str | None) -> str:
    """Without white space, colons alike (one mutation narrows them)."""
    return re.sub(r"[\s\u200b\ufeff\xa0\u3000]+", "", text or "").replace("：", ":")


def grams(text: str) -> Counter[str]:
    """Character 4-grams."""
    return Counter(text[at : at + 4] for at in range(max(1, len(text) - 3)))


def f1(one: str, other: str) -> float:
    """F1 of 4-grams."""
    first, second = grams(one), grams(other)
    hit = sum((first & second).values())
    return 2 * hit / (sum(first.values()) + sum(second.values())) if hit else float(one == other)


def read_record(html: str, url: str) -> Record | None:
    """The page's first record."""
    found = read(Page(url, 200, (), html.encode("utf-8", "replace"), AT), Kind.DETAIL, ReadRules(), url)
    return record_of(found.notices[0]) if found.notices else None


def unchanged(before: Record, after: Record | None) -> dict[str, bool]:
    """Field by field: does the record say the same?"""
    fields = {name: squeeze(getattr(before, name)) for name in ("title", "published", "source", "channel")}
    same = {name: after is not None and squeeze(getattr(after, name)) == value for name, value in fields.items()}
    same["body"] = after is not None and f1(squeeze("".join(before.body)), squeeze("".join(after.body))) >= 0.98
    for name, value in before.meta.items():
        same[f"meta.{name}"] = after is not None and squeeze(after.meta.get(name)) == squeeze(value)
    return same


def labelled_pages(shared: Path) -> list[tuple[str, str, str]]:
    """(name, address, text) of every labelled page of the corpus."""
    corpus = shared / "corpus"
    wanted = {json.loads(line)["file"] for line in (corpus / "gold.jsonl").read_text("utf-8").splitlines() if line}
    found = []
    for line in (corpus / "manifest.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry["file"] in wanted:
            text = decode((corpus / entry["file"]).read_bytes(), None).text
            text = re.sub(r"charset\s*=\s*[\"']?[\w-]+", "charset=utf-8", text)
            found.append((entry["file"], entry["page_url"] or "http://page.invalid/", text))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worst", type=int, default=0, help="print N changed fields of each mutation")
    args = parser.parse_args()
    tally: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    pages: Counter[str] = Counter()
    for name, url, html in labelled_pages(Path(os.environ["GONGKAI_SHARED"])):
        before = read_record(html, url)
        if before is None:
            print(f"{name}: no record")
            continue
        for mutation, change in MUTATIONS.items():
            changed = change(html)
            pages[mutation] += changed != html
            after = read_record(changed, url)
            for field, same in unchanged(before, after).items():
                tally[mutation][field.partition(".")[0]].append(same)
                if not same and sum(not same for values in tally[mutation].values() for same in values) <= args.worst:
                    was = getattr(before, field, None) if "." not in field else before.meta[field[5:]]
                    now = (
                        None if after is None else getattr(after, field, None) if "." not in field else after.meta.get(field[5:])
                    )
                    print(f"  {mutation:26} {name[6:26]:20} {field:18} {str(was)[:70]!r} -> {str(now)[:70]!r}")
    columns = ("title", "published", "source", "channel", "body", "meta")
    print(f"{'unchanged':32}" + "".join(f"{column:>10}" for column in columns) + f"{'all':>10}{'pages':>8}")
    every: list[bool] = []
    for mutation, fields in tally.items():
        whole = [same for values in fields.values() for same in values]
        every += whole
        shares = "".join(f"{sum(fields[column]) / max(1, len(fields[column])):10.3f}" for column in columns)
        print(f"{mutation:32}{shares}{sum(whole) / len(whole):10.4f}{pages[mutation]:8}")
    print(f"{'all':32}{'':60}{sum(every) / len(every):10.4f}")


if __name__ == "__main__":
    main()
