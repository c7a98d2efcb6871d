"""A detail page → drafts. Three witnesses for every field: labelled visible text, mandated metas, generic evidence (`fields.py`)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from crawler.model import Millis, Page, PageKind
from crawler.parsers import fields, kinds, meta
from crawler.parsers.article import FILES as HEADS_FILES
from crawler.parsers.article import Container, find_container
from crawler.parsers.attachments import base_of, read_attachments
from crawler.parsers.body import RELATED, Body, Dropped, Shown, read_body
from crawler.parsers.crumbs import read_channel
from crawler.parsers.disclosure import Disclosure, read_disclosure
from crawler.parsers.facts import Facts, read_facts
from crawler.parsers.fields import Said, pick, same_day, same_text, testify
from crawler.parsers.flat import lay_flat
from crawler.parsers.furniture import NEIGHBOUR
from crawler.parsers.pictures import lines_of_people, read_images, read_people
from crawler.parsers.platforms import recognise
from crawler.parsers.sheet import Sheet
from crawler.parsers.stated import number_in_title, number_of, stated
from crawler.parsers.titles import Title, key, read_title, title_of_text
from crawler.parsers.tree import parse, select, squeeze, text
from crawler.parsers.worth import is_told, refuse
from crawler.record.normalize import META_ORDER
from crawler.record.notice import Attachment, Draft, Image, Witness
from crawler.record.rules import DetailRules
from crawler.text.dates import day_in_url, read_date, why_not

META_FIELDS = frozenset(META_ORDER)
MOST_TROUBLE = 20  # complaints about tables that are kept
BEHIND = 20  # lines behind the article among which its documents may be listed
FILES = (
    ".fj",
    "#fujian",
    ".fujian",
    ".attachment",
    "#article-file",
    ".xgfj",
    ".ewb-file",
    ".article-attachment",
    ".article-file",
)
MOST_BESIDE = 6  # lines between title and article among which a number may stand
BEIJING = timedelta(hours=8)
CUT = re.compile(r"(?:…|\.{2,}|。{2,})$")


@dataclass(frozen=True, slots=True)
class Detail:
    """What a detail page is; its drafts when it is a notice; what stood in the article's element and was left out."""

    page_kind: PageKind
    evidence: str
    drafts: tuple[Draft, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    tree: LexborHTMLParser | None = None  # of a notice's page: its further pages are looked for in it


@dataclass(slots=True)
class _Read:
    """Everything read so far of one page."""

    tree: LexborHTMLParser
    sheet: Sheet
    page: Page
    encoding: str
    rules: DetailRules
    meta: dict[str, str]
    block: Disclosure
    title: Title | None
    container: Container | None = None
    facts: Facts = field(default_factory=Facts)
    body: Body = field(default_factory=Body)
    column: str | None = None  # the last of the breadcrumb

    @property
    def article(self) -> tuple[int, int]:
        """The article's first line and the one behind its last; behind the page's end when there is no article."""
        if self.container is None:
            return len(self.sheet.lines), len(self.sheet.lines)
        return self.container.span(self.sheet)


def read_detail(source: str, page: Page, *, rules: DetailRules, encoding: str = "utf-8") -> Detail:
    """Read a page as a notice. Raises UnreadablePage for a selector of the source's own that is none."""
    read = _look(source, page, rules, encoding)
    titled = read.title
    dropped = (*read.body.dropped, *(Dropped(said, "disclosure block: no label and value") for said in read.block.unread))
    size = len(squeeze("".join(read.body.paragraphs)))
    attachments = _attachments(read)
    declared = bool(read.meta.get("articletitle"))
    judged = kinds.judge(read.tree, source, article_title=declared, body=size, sheet=read.sheet, file=bool(attachments))
    if judged is not None:
        return Detail(judged.kind, judged.evidence, dropped=dropped)
    if titled is None:
        return Detail(PageKind.OTHER, "no title", dropped=dropped)
    draft = _draft(read, titled, attachments)
    if not draft.body and not attachments:
        return _empty(read, draft, dropped)
    if not rules.body:
        shown = titled.line is not None
        refused = refuse(read.sheet, draft, read.meta, read.block.labels, read.article, titled=shown)
        if refused is not None:
            return Detail(refused.kind, refused.evidence, dropped=dropped)
    return Detail(PageKind.NOTICE, read.container.rule if read.container else "no article", (draft,), dropped, read.tree)


def _empty(read: _Read, draft: Draft, dropped: tuple[Dropped, ...]) -> Detail:
    """A page whose article says nothing. Where it is a notice by what stands around it the draft says so, and what is missing; it is no
    notice that a crawl would keep."""
    place = read.container.place if read.container is not None else ""
    why = f"the article is empty: nothing stands in {place}" if place else "a heading and no text"
    if not is_told(draft, read.meta, read.block.labels, dated=bool(place)):
        return Detail(PageKind.OTHER, why, dropped=dropped)
    return Detail(PageKind.OTHER, why, (replace(draft, incomplete=why if place else "no text was found"),), dropped, read.tree)


def _look(source: str, page: Page, rules: DetailRules, encoding: str) -> _Read:
    """Everything but the judgement: the title is looked for first, since the article stands below it and the facts around both."""
    tree = parse(source)
    sheet = lay_flat(tree, site="" if rules.body else urlsplit(page.url).netloc)  # a selector's nodes are looked for in the sheet
    if len(sheet.lines) < 3 and sheet.named("body"):
        shown = lay_flat(tree, hidden=True)  # a page whose script shows its hidden text
        sheet = shown if len(shown.lines) > len(sheet.lines) else sheet
    metas = meta.read_meta(sheet)
    block = read_disclosure(sheet)
    title = read_title(sheet, metas, block.fields.get("name"), _own(tree, rules.title), block.lines)
    read = _Read(tree, sheet, page, encoding, rules, metas, block, title)
    own = _places(sheet, tree, rules.body) if rules.body else ()
    line = title.line if title is not None else None
    read.container = find_container(sheet, recognise(sheet, source), own, title=line, skip=block.lines - block.loose)
    if title is None and read.container is not None:
        title = read.title = title_of_text(sheet.lines[read.article[0] : read.article[1]])
    name = title.text if title is not None else ""
    read.facts = read_facts(sheet, line, name, read.article, block)
    below = line + 1 if line is not None else 0  # where all stands in one box, the trail above the title is in the article's
    read.column = read_channel(sheet, name, (max(read.article[0], below), read.article[1]))
    if read.container is not None:
        told = key(block.fields.get("name", "")) == key(name)  # then the title that heads the text is the text's
        place = Shown(line, told, read.facts.by_place, squeeze(read.column or metas.get("columnname", "")))
        read.body = read_body(sheet, read.container, block, name, place)
    return read


def _own(tree: LexborHTMLParser, selector: str | None) -> str | None:
    """What a selector of the source's own finds."""
    nodes = select(tree, selector) if selector else []
    return text(nodes[0]) if nodes else None


def _places(sheet: Sheet, tree: LexborHTMLParser, selector: str) -> list[int]:
    wanted = [node.mem_id for node in select(tree, selector)]
    place = {node.mem_id: at for at, node in enumerate(sheet.nodes) if node is not None} if wanted else {}
    return [place[memory] for memory in wanted if memory in place]


def _attachments(read: _Read) -> tuple[Attachment, ...]:
    """In the article, right behind it, and in the boxes that systems make for files."""
    places = read.container.boxes(read.sheet) if read.container is not None else []
    base = base_of(read.sheet, read.page.url, read.encoding)
    places += _behind(read, base)
    boxes = [at for selector in FILES for at in read.sheet.named(selector)]
    return read_attachments(read.sheet, places, base, read.encoding, offered=boxes)


def _behind(read: _Read, base: str) -> list[int]:
    """Boxes of the documents that some systems list right behind the article: up to its neighbours, a link to a page, or the foot."""
    if read.container is None:
        return []
    found, sheet = [], read.sheet
    for line in sheet.lines[read.article[1] : read.article[1] + BEHIND]:
        others = NEIGHBOUR.match(line.plain) or (RELATED.match(line.text) and not HEADS_FILES.match(line.plain))
        if line.foot or others:
            break
        if line.linked and not line.furniture:
            box = sheet.ups[line.element] if sheet.tags[line.element] == "a" else line.element
            if sheet.firsts[box] < read.article[1] or not read_attachments(sheet, [box], base, read.encoding):
                break
            found.append(box)
    return found


# ------------------------------------------------------------------ the fields
def _draft(read: _Read, title: Title, attachments: tuple[Attachment, ...]) -> Draft:
    witnesses: dict[str, Witness] = {"title": _title_witness(title)}

    def take(name: str, said: Iterable[Said], *, day: bool = False) -> str | None:
        picked = pick(name, said, same_day if day else same_text)
        if picked.witness is not None:
            witnesses[name] = picked.witness
        return picked.value

    said, refused = _possible(_published(read), page_day(read.page.at))
    published = take("published", said, day=True)
    refused = [*read.facts.refused, *refused]
    if refused:
        witnesses["published"] = replace(witnesses.get("published", Witness("published.none")), refused=tuple(refused))
    source = take("source", _source(read, title.text, witnesses))
    channel = take("channel", _channel(read, title.text))
    facts = _meta(read, title, witnesses)
    if read.container is not None:
        standing = "agreed" if read.container.also else "alone"
        witnesses["body"] = Witness(
            read.container.rule, version=fields.VERSIONS["body"], confidence=fields.CONFIDENCE["body"].get(standing)
        )
    if read.body.tables or read.body.trouble:
        witnesses["tables"] = Witness("tables.grid", f"{len(read.body.tables)} tables", refused=read.body.trouble[:MOST_TROUBLE])
    return Draft(
        title=title.text,
        channel=channel,
        published=published,
        source=source or None,
        clicks=next((said for said in (read.facts.get("clicks", zone) for zone in ("head", "tail")) if said), None),
        body=read.body.paragraphs,
        attachments=attachments,
        labels=read.block.pairs,
        tables=read.body.tables,
        images=_images(read),
        people=read_people(read.sheet, lines_of_people(read.sheet, title.line, read.article, read.facts.lines)),
        meta=MappingProxyType(facts),
        site_code=squeeze(read.meta.get("siteidcode")) or None,
        site_name=read.meta.get("sitename"),
        witnesses=MappingProxyType(witnesses),
    )


def _images(read: _Read) -> tuple[Image, ...]:
    if read.container is None or not read.sheet.named("img"):
        return ()
    base = base_of(read.sheet, read.page.url, read.encoding)
    return tuple(read_images(read.sheet, read.container, read.body.places, base, read.encoding))


def _title_witness(title: Title) -> Witness:
    (rule, chosen), *rest = title.said
    plain = key(chosen)
    return testify("title", rule, chosen, [(name, said, key(said) == plain) for name, said in rest])


def page_day(at: Millis) -> str | None:
    """The day of a capture in Beijing; None for a page of no known time."""
    return (datetime.fromtimestamp(at // 1000, UTC) + BEIJING).date().isoformat() if at > 0 else None


def _possible(said: list[Said], today: str | None) -> tuple[list[Said], list[str]]:
    """Without what is later than the capture; those, with the reason."""
    kept: list[Said] = []
    refused = []
    for rule, value in said:
        if value and read_date(value, not_after=today) is None:
            refused.append(f"{rule}: {why_not(value, not_after=today) or value[:40]}")
        else:
            kept.append((rule, value))
    return kept, refused


def _published(read: _Read) -> list[Said]:
    def dated(value: str | None) -> str | None:
        return value if value and read_date(value) is not None else None

    block = read.block.fields.get("published") or read.block.fields.get("open_date")
    return [
        ("own", _own(read.tree, read.rules.published)),
        *((f"label.{zone}", read.facts.get("published", zone)) for zone in ("head", "tail", "page")),
        ("disclosure", dated(block)),
        ("unlabelled", read.facts.unlabelled),
        ("meta.PubDate", meta.published(read.meta)),
        ("meta.firstpublished", meta.first_published(read.meta)),
        ("url", day_in_url(read.page.url)),
    ]


def _source(read: _Read, title: str, witnesses: dict[str, Witness]) -> list[Said]:
    declared = meta.source(read.meta, title)
    shown = [read.facts.get("source", zone) for zone in ("head", "tail")]
    cut = next((said for said in shown if said and CUT.search(said)), None)
    if cut and declared and squeeze(declared).startswith(CUT.sub("", squeeze(cut))):
        return [("own", _own(read.tree, read.rules.source)), ("meta.ContentSource", declared)]
    empty = "" in shown and not any(shown) and not read.block.fields.get("source") and not _scripted(read)
    if empty and declared:  # a label without a value says that there is none
        witnesses["source"] = testify("source", "not_shown", "", [("meta.ContentSource", declared, False)])
        declared = None
    return [
        ("own", _own(read.tree, read.rules.source)),
        *((f"label.{zone}", said) for zone, said in zip(("head", "tail"), shown, strict=True)),
        ("label.page", None if read.facts.head else read.facts.get("source", "page")),
        ("disclosure", read.block.fields.get("source")),
        ("meta.ContentSource", declared),
    ]


def _scripted(read: _Read) -> bool:
    """A script writes into the line of facts, and what it writes could not be read."""
    return any(read.sheet.lines[at].scripted for at in read.facts.lines) and not read.facts.said.get("source")


def _channel(read: _Read, title: str) -> list[Said]:
    return [
        ("own", _own(read.tree, read.rules.channel)),
        ("breadcrumb", read.column),
        ("meta.ColumnName", meta.column(read.meta, title)),
    ]


def _meta(read: _Read, title: Title, witnesses: dict[str, Witness]) -> dict[str, str]:
    """The block's fields, then what the text states of itself."""
    said: Mapping[str, str] = stated(read.body.paragraphs, title.text)
    below = title.line + 1 if title.line is not None else 0
    between = read.sheet.lines[below : min(read.article[0], below + MOST_BESIDE)] if below else []
    under = next((number for line in between if not line.cells and (number := number_of(line.text))), None)
    shown = {
        "doc_no": [
            ("label.head", read.facts.get("doc_no", "head")),
            ("under_title", under),
            ("title", number_in_title(title.text)),
        ]
    }
    shown["doc_no"] = [(rule, value) for rule, value in shown["doc_no"] if value and fields.is_doc_no(value)]
    found: dict[str, str] = {}
    for name in dict.fromkeys((*read.block.fields, *said, *(name for name, values in shown.items() if values))):
        if name not in META_FIELDS:
            continue
        same = same_day if name.endswith("_date") else fields.same_doc_no if name == "doc_no" else same_text
        other = title.text if name == "name" else said.get(name)
        picked = pick(f"meta.{name}", [("disclosure", read.block.fields.get(name)), *shown.get(name, ()), ("text", other)], same)
        if picked.value is not None and picked.witness is not None:
            found[name], witnesses[f"meta.{name}"] = picked.value, picked.witness
    return found
