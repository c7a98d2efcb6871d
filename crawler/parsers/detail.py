"""A detail page → drafts. Three witnesses for every field: labelled visible text, mandated metas, generic evidence.

Orders, and why:
  title      what headings and metas agree on (titles.py)
  published  visible label > disclosure block > PubDate unless it is the build time > an unlabelled date by the title > the address
             (PubDate is later than the notice by minutes to years on pages of several systems)
  source     visible label > ContentSource; never invented
  channel    last breadcrumb item > ColumnName (which is often the site's name or a year)
  meta       the disclosure block only
"""

import re
from dataclasses import dataclass
from types import MappingProxyType

from selectolax.lexbor import LexborHTMLParser

from crawler.dates import day_in_url, read_date
from crawler.model import DetailRules, Draft, Page, PageKind, Witness
from crawler.parsers import kinds, meta
from crawler.parsers.article import Container, find_container, read_body, read_channel, read_facts
from crawler.parsers.attachments import read_attachments
from crawler.parsers.disclosure import Disclosure, read_disclosure
from crawler.parsers.platforms import recognise
from crawler.parsers.titles import read_title
from crawler.parsers.tree import lines, parse, select, squeeze, text

META_FIELDS = frozenset(
    {
        "index_no", "doc_no", "issuer", "written_date", "category", "keywords", "validity", "effective_date", "expiry_date", "repeal_date",
        "open_type", "abstract", "name", "project", "buyer", "region",
    }
)  # fmt: skip
NO_COLUMN = re.compile(r"^(?:\d{4}年?|首页|正文|网站首页)$")
LONGEST_HEAD = 80  # lines above and in the head of the article where an unlabelled date may stand


@dataclass(frozen=True, slots=True)
class Detail:
    """What a detail page is; its drafts when it is a notice."""

    page_kind: PageKind
    evidence: str
    drafts: tuple[Draft, ...] = ()


@dataclass(frozen=True, slots=True)
class _Page:
    tree: LexborHTMLParser
    meta: dict[str, str]
    disclosure: Disclosure
    container: Container | None
    encoding: str
    url: str
    rules: DetailRules


def read_detail(source: str, page: Page, *, rules: DetailRules, encoding: str = "utf-8") -> Detail:
    """Read a page as a notice. Raises UnreadablePage for a selector of the source's own that is none."""
    tree = parse(source)
    metas = meta.read_meta(tree)
    disclosure = read_disclosure(tree)
    container = find_container(tree, recognise(source), rules.body)
    read = _Page(tree, metas, disclosure, container, encoding, page.url, rules)
    titled = read_title(tree, metas, disclosure.fields, _own(tree, rules.title))
    title = titled[0] if titled else ""
    body = read_body(container.node, disclosure.blocks, title=title) if container else ()
    size = sum(len(squeeze(paragraph)) for paragraph in body)
    judged = kinds.judge(tree, source, article_title=bool(metas.get("articletitle")), body=size)
    if judged is not None:
        return Detail(judged.kind, judged.evidence)
    if titled is None:
        return Detail(PageKind.OTHER, "no title")
    draft = _draft(read, title, titled[1], body)
    refused = _refuse(read, draft, size)
    if refused is not None:
        return refused
    return Detail(PageKind.NOTICE, container.rule if container else "no article", (draft,))


def _refuse(read: _Page, draft: Draft, size: int) -> Detail | None:
    """Pages that have a title and yet are no notice: home pages and lists."""
    if read.meta.get("articletitle") or read.disclosure.labels >= 2 or read.rules.body:
        return None
    marked = "published" in draft.witnesses and draft.witnesses["published"].rule != "published.url"
    links = [
        link for link in (read.tree.body or read.tree.root or read.tree).css("a[href]") if len(squeeze(link.text(deep=True))) >= 8
    ]
    if not marked and len(links) >= 30 and size < 60 * len(links):
        return Detail(PageKind.LIST if size < 400 else PageKind.HOME, f"{len(links)} titled links, no labelled date")
    if not marked and size < 80 and not draft.attachments:
        return Detail(PageKind.OTHER, f"{size} characters of text and no labelled date")
    return None


def _own(tree: LexborHTMLParser, selector: str | None) -> str | None:
    if selector is None:
        return None
    nodes = select(tree, selector)
    return text(nodes[0]) if nodes else None


def _draft(read: _Page, title: str, why: Witness, body: tuple[str, ...]) -> Draft:
    facts = read_facts(read.tree, read.container.node if read.container else None, read.disclosure.blocks)
    witnesses = {"title": why}
    published = _published(read, facts, title, witnesses)
    source = _source(read, facts, title, witnesses)
    channel = _channel(read, title, witnesses)
    fields = {name: value for name, value in read.disclosure.fields.items() if name in META_FIELDS}
    witnesses |= {f"meta.{name}": Witness("disclosure", value) for name, value in fields.items()}
    if read.container is not None:
        witnesses["body"] = Witness(read.container.rule)
    nodes = [read.container.node] if read.container else []
    nodes += read.tree.css(".fj, #fujian, .fujian, .attachment, #article-file, .xgfj, .ewb-file, .article-attachment")
    return Draft(
        title=title,
        channel=channel,
        published=published,
        source=source,
        clicks=facts.get("clicks"),
        body=body,
        attachments=read_attachments(nodes, read.url, read.encoding),
        meta=MappingProxyType(fields),
        site_code=squeeze(read.meta.get("siteidcode")) or None,
        site_name=read.meta.get("sitename"),
        witnesses=MappingProxyType(witnesses),
    )


def _pick(name: str, said: list[tuple[str, str | None]], witnesses: dict[str, Witness], *, day: bool = False) -> str | None:
    """The first witness that speaks; the first that contradicts it is remembered."""
    spoken = [(rule, value) for rule, value in said if value]
    if not spoken:
        return None
    rule, chosen = spoken[0]

    def differs(value: str) -> bool:
        if not day:
            return squeeze(value) != squeeze(chosen)
        mine, other = read_date(chosen), read_date(value)
        return mine is not None and other is not None and mine.iso[:10] != other.iso[:10]

    against = next((value for _, value in spoken[1:] if differs(value)), "")
    witnesses[name] = Witness(f"{name}.{rule}", chosen, against)
    return chosen


def _published(read: _Page, facts: dict[str, str], title: str, witnesses: dict[str, Witness]) -> str | None:
    said = [
        ("own", _own(read.tree, read.rules.published)),
        ("label", facts.get("published")),
        ("disclosure", _dated(read.disclosure.fields.get("published"))),
        ("meta.PubDate", meta.published(read.meta)),
        ("head", _head_date(read, title)),
        ("url", day_in_url(read.url)),
    ]
    return _pick("published", said, witnesses, day=True)


def _dated(value: str | None) -> str | None:
    return value if value and read_date(value) else None


def _head_date(read: _Page, title: str) -> str | None:
    """A date without a label, in a short line between the title and the article, or right at its head."""
    body = read.tree.body or read.tree.root
    if body is None:
        return None
    wanted, after = squeeze(title), False
    skip = frozenset({read.container.node.mem_id}) if read.container else frozenset()
    head = [line.text for line in lines(body, skip)]
    for line in head:
        if squeeze(line).startswith(wanted) and wanted:
            after = True
            line = line[len(title) :]
        if after and len(line) <= LONGEST_HEAD and read_date(line):
            return line
    return None


def _source(read: _Page, facts: dict[str, str], title: str, witnesses: dict[str, Witness]) -> str | None:
    said = [
        ("own", _own(read.tree, read.rules.source)),
        ("label", facts.get("source")),
        ("meta.ContentSource", meta.source(read.meta, title)),
    ]
    return _pick("source", said, witnesses)


def _channel(read: _Page, title: str, witnesses: dict[str, Witness]) -> str | None:
    column = read.meta.get("columnname")
    if column and (NO_COLUMN.match(squeeze(column)) or squeeze(column) in (squeeze(title), squeeze(read.meta.get("sitename")))):
        column = None
    said = [
        ("own", _own(read.tree, read.rules.channel)),
        ("breadcrumb", read_channel(read.tree, title)),
        ("meta.ColumnName", column),
    ]
    return _pick("channel", said, witnesses)
