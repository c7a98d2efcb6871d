"""Draft → Record, and every key that comes from it. Pure; runs in the child, once a page, so that a page is folded once."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from types import MappingProxyType

from crawler.model import Millis
from crawler.record.notice import Attachment, Draft, Image, Notice, Pair, Person, Record, Site, Witness
from crawler.record.serial import packed
from crawler.record.tables import Table
from crawler.text.dates import read_date, why_not
from crawler.text.fold import content_of, fingerprint_of, fold
from crawler.text.words import search_text_of

DIGEST_VERSION = "01"
SHORTEST_MATCH = 40  # content characters: below, every one-line notice about an attachment would be one work
DATE_FIELDS = frozenset({"written_date", "open_date", "effective_date", "repeal_date", "expiry_date"})
NOTHING = frozenset({"", "无", "無", "暂无", "暫無", "空", "-", "--", "—", "——", "/", "null", "undefined"})
META_ORDER = (
    "index_no", "doc_no", "issuer", "written_date", "open_date", "category", "keywords", "validity", "effective_date", "repeal_date",
    "expiry_date", "open_type", "open_scope", "open_term", "language", "format", "genre", "doc_type", "department", "audience", "note",
    "abstract", "name", "project", "project_no", "buyer", "agency", "region", "item", "budget", "amount", "opening_time", "experts",
)  # fmt: skip
META_PLACE = {name: place for place, name in enumerate(META_ORDER)}
EDGES = " \t\r\n\f\v\xa0\u3000\u200b\ufeff\u2002\u2003\u2009"
WHITE = re.compile(r"[\s\u200b\ufeff]+")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses NUL; a lone surrogate is no character and has no UTF-8
COUNTERS = re.compile(r"点击|浏览|访问|阅读|人气|下载")
CLICKS = re.compile(r"(\d[\d,，]{0,14})\s*(?:人?次)?\s*[)）\]】]?")
BEIJING = timedelta(hours=8)
YEAR_NO = re.compile(r"\s*[〔\[［（(【﹝〈<《]\s*((?:19|20)\d\d)\s*年?\s*[〕\]］）)】﹞〉>》]\s*(?:第\s*)?(\d{1,5})\s*号")
NUMBERED = re.compile(r"\s*第\s*(\d{1,5})\s*号")
WIDE_DIGITS = {ord("０") + digit: str(digit) for digit in range(10)}


def record(draft: Draft, *, url: str | None, final_url: str | None, at: Millis) -> Record:
    """The record of a draft: dates with their precision, clicks a number or nothing, no value where the page has none.

    `at` is the capture's time: a date more than a day later is no date of publication. The page's own text is kept but for white
    space at the edges of each value; provenance keeps the raw string of every date, also of one that could not be read.
    """
    provenance = {name: _clean_witness(witness) for name, witness in draft.witnesses.items()}
    today = (datetime.fromtimestamp(at // 1000, UTC) + BEIJING).date().isoformat()
    published = _date("published", _value(draft.published), provenance, not_after=today)
    title, source = _edges(draft.title), _value(draft.source)
    if source is not None and WHITE.sub("", source) == WHITE.sub("", title):
        source = None  # a template's mistake: ContentSource filled with the title
    if source is None and not (provenance.get("source") and provenance["source"].disagrees):
        provenance.pop("source", None)  # kept where it says that a tag names a source the page does not show
    site = Site(_value(draft.site_code), _value(draft.site_name))
    body = [_paragraph(text) for text in draft.body]
    places = [*accumulate((bool(text) for text in body), initial=0)]  # of what is left, by its place in the draft
    return Record(
        title=title,
        channel=_value(draft.channel),
        published=published,
        source=source,
        clicks=_clicks(draft.clicks),
        body=tuple(filter(None, body)),
        attachments=tuple(Attachment(item.url, _edges(item.name), item.media_type) for item in draft.attachments),
        tables=tuple(_table(item, places[min(item.at, len(body))]) for item in draft.tables),
        images=tuple(Image(places[min(item.at, len(body))], item.url, _edges(item.alt)) for item in draft.images),
        people=tuple(Person(_edges(item.role), _edges(item.name)) for item in draft.people),
        meta=MappingProxyType(_meta(draft.meta, provenance)),
        labels=tuple(Pair(_edges(item.label), _edges(item.value)) for item in draft.labels),
        url=url,
        final_url=final_url,
        site=site if site.code or site.name else None,
        provenance=MappingProxyType(provenance),
        incomplete=_value(draft.incomplete),
    )


def _meta(meta: Mapping[str, str], provenance: dict[str, Witness]) -> dict[str, str]:
    found = {}
    for name in sorted(meta, key=lambda name: (META_PLACE.get(name, len(META_PLACE)), name)):
        value = _value(meta[name])
        if value is None:
            provenance.pop(f"meta.{name}", None)
        elif name in DATE_FIELDS:
            value = _date(f"meta.{name}", value, provenance, not_after=None)
        elif name == "doc_no":
            value = _number(value, provenance)
        if value is not None:
            found[name] = value
    return found


def _number(raw: str, provenance: dict[str, Witness]) -> str:
    """A document number in its one form; the page's own goes into the provenance."""
    witness = provenance.get("meta.doc_no", Witness("draft"))
    provenance["meta.doc_no"] = witness if witness.raw else replace(witness, raw=raw)
    return canonical_number(raw)


def canonical_number(written: str) -> str:
    """国发[2019] 第５号 → 国发〔2019〕5号 (GB/T 9704: the year in hexagonal brackets, no 第, no leading nought); what has no year keeps its 第."""
    digits = written.translate(WIDE_DIGITS)
    with_year = YEAR_NO.sub(lambda found: f"〔{found[1]}〕{int(found[2])}号", digits)
    return with_year if with_year != digits else NUMBERED.sub(lambda found: f"第{found[1]}号", digits)


def _date(name: str, raw: str | None, provenance: dict[str, Witness], *, not_after: str | None) -> str | None:
    """The ISO form of a raw date; the raw form goes into the field's provenance."""
    if raw is None:
        if name in provenance and not provenance[name].refused:
            del provenance[name]
        return None
    witness = provenance.get(name, Witness("draft"))
    provenance[name] = witness if witness.raw else replace(witness, raw=raw)
    stamp = read_date(raw, not_after=not_after)
    reason = why_not(raw, not_after=not_after) if stamp is None else None
    if reason is not None:
        provenance[name] = replace(provenance[name], refused=(*provenance[name].refused, reason))
    return stamp.iso if stamp else None


def _clicks(raw: str | None) -> int | None:
    match = CLICKS.fullmatch(_edges(raw or ""))
    return int(match[1].replace(",", "").replace("，", "")) if match else None


def _edges(text: str) -> str:
    return text.strip() if text.isprintable() else UNSTORABLE.sub("\ufffd", text).strip(EDGES)


def _paragraph(text: str) -> str:
    """Edges off, but for the tabs of empty cells at either end of a table's row."""
    if "\t" not in text:
        return _edges(text)
    cells = [_edges(cell) for cell in text.split("\t")]
    return "\t".join(cells) if any(cells) else ""


def _table(item: Table, at: int) -> Table:
    caption = _edges(item.caption or "") or None
    return Table(at, caption, item.header, tuple(tuple(map(_edges, row)) for row in item.rows))


def _value(text: str | None) -> str | None:
    value = _edges(text or "")
    return None if value in NOTHING else value


def _clean_witness(witness: Witness) -> Witness:
    if not any(map(UNSTORABLE.search, (witness.raw, witness.disagrees, *witness.refused))):
        return witness
    raw, disagrees, *refused = (UNSTORABLE.sub("\ufffd", said) for said in (witness.raw, witness.disagrees, *witness.refused))
    return replace(witness, raw=raw, disagrees=disagrees, refused=tuple(refused))


def notice(draft: Draft, *, url: str | None, final_url: str | None, at: Millis) -> Notice:
    """The record packed together with its search text, and its digests: everything that needs the folded page, from one folding."""
    made = record(draft, url=url, final_url=final_url, at=at)
    title, body = fold(made.title), fold("\n".join(made.body))
    return Notice(
        part=draft.part,
        title=made.title,
        published=made.published,
        channel=made.channel,
        source=made.source,
        doc_no=made.meta.get("doc_no"),
        index_no=made.meta.get("index_no"),
        issuer=made.meta.get("issuer"),
        keywords=made.meta.get("keywords"),
        paragraphs=len(made.body),
        attachments=made.attachments,
        incomplete=made.incomplete,
        text_digest=text_digest(made),
        match_digest=_match(content_of(title), content_of(body)),
        packed=packed(made, search_text_of(title), search_text_of(body)),
    )


def text_digest(made: Record) -> str:
    """Cuts versions: the page's own text, white space collapsed and nothing else (NFKC would make 10² and 102 one).

    Covers every field a reader sees but clicks; never provenance or addresses. Empty fields leave no trace, so that a new field
    changes no old digest. 32 hex digits, the first two its version.
    """
    fields = [
        ("title", collapse(made.title)),
        ("channel", collapse(made.channel or "")),
        ("published", made.published or ""),
        ("source", collapse(made.source or "")),
        ("body", "\n".join(map(collapse, made.body))),
        ("attachments", "\n".join(collapse(item.name) for item in made.attachments)),
        ("people", "\n".join(collapse(f"{item.role} {item.name}") for item in made.people)),
        ("labels", "\n".join(collapse(f"{item.label} {item.value}") for item in sorted_labels(made))),
        *((f"meta.{name}", collapse(value)) for name, value in sorted(made.meta.items())),
    ]
    joined = "\x1e".join(f"{name}\x1f{value}" for name, value in fields if value)  # collapsing leaves neither mark in a value
    return DIGEST_VERSION + hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=15, person=b"text").hexdigest()


def sorted_labels(made: Record) -> list[Pair]:
    """The pairs that no field of the record tells, by their words: neither counters nor the order in which a template lays them."""
    told = {collapse(said) for said in (*made.meta.values(), *(witness.raw for witness in made.provenance.values()))}
    return sorted(
        {item for item in made.labels if item.value and collapse(item.value) not in told and not COUNTERS.search(item.label)},
        key=lambda item: (item.label, item.value),
    )


def collapse(text: str) -> str:
    """White space as one space between words, none at the edges: two texts that differ in nothing else are the same text."""
    if text.isprintable() and "  " not in text:  # then a space is all the white space there is
        return text.strip()
    return WHITE.sub(" ", text).strip()


def match_digest(title: str, body: str) -> str | None:
    """Links works: the fingerprint of folded title and body; None when the body has fewer than 40 content characters."""
    return _match(content_of(fold(title)), content_of(fold(body)))


def _match(title: str, body: str) -> str | None:
    return fingerprint_of(title, body) if len(body) >= SHORTEST_MATCH else None
