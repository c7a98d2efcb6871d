"""Draft → Record, and every key that comes from it. Pure; runs in the child, once for each page, so that the page is folded once."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from crawler.dates import read_date
from crawler.fold import content_of, fingerprint_of, fold
from crawler.model import Attachment, Draft, Millis, Notice, Place, Record, Site, Witness
from crawler.words import search_text_of

DIGEST_VERSION = "01"
SHORTEST_MATCH = 40  # content characters: below, every one-line notice about an attachment would be one work
DATE_FIELDS = frozenset({"written_date", "effective_date", "repeal_date", "expiry_date"})
NOTHING = frozenset({"", "无", "暂无", "-", "--", "——", "/", "null", "undefined", "其他"})
META_ORDER = (
    "index_no", "doc_no", "issuer", "written_date", "category", "keywords", "validity", "effective_date", "repeal_date", "expiry_date",
    "open_type", "abstract", "name", "project", "buyer", "region",
)  # fmt: skip
EDGES = " \t\r\n\f\v\xa0\u3000\u200b\ufeff\u2002\u2003\u2009"
WHITE = re.compile(r"[\s\u200b\ufeff]+")
DIGITS = re.compile(r"\d+")
BEIJING = timedelta(hours=8)


def record(draft: Draft, *, url: str | None, final_url: str | None, at: Millis) -> Record:
    """The record of a draft: dates with their precision, clicks a number or nothing, no value where the page has none.

    `at` is the capture's time: a date more than a day later is no date of this page.
    """
    today = (datetime.fromtimestamp(at / 1000, UTC) + BEIJING).strftime("%Y-%m-%d")
    provenance = {name: witness for name, witness in draft.witnesses.items()}
    published = read_date(draft.published, not_after=today) if draft.published else None
    if published is None:
        provenance.pop("published", None)
    source = _value(draft.source)
    if source is not None and _squeeze(source) == _squeeze(draft.title):
        source = None  # a template's mistake: ContentSource filled with the title
    if source is None:
        provenance.pop("source", None)
    clicks = DIGITS.fullmatch((draft.clicks or "").strip(EDGES))
    return Record(
        title=_edges(draft.title),
        channel=_value(draft.channel),
        published=published.iso if published else None,
        source=source,
        clicks=int(clicks[0][:15]) if clicks else None,
        body=tuple(text for text in map(_edges, draft.body) if text),
        attachments=draft.attachments,
        meta=MappingProxyType(_meta(draft.meta, provenance)),
        url=url,
        final_url=final_url,
        site=Site(_value(draft.site_code), _value(draft.site_name)) if draft.site_code or draft.site_name else None,
        provenance=MappingProxyType(provenance),
    )


def _meta(meta: Mapping[str, str], provenance: dict[str, Witness]) -> dict[str, str]:
    found = {}
    for name in sorted(meta, key=lambda key: (META_ORDER.index(key) if key in META_ORDER else 99, key)):
        value = _value(meta[name])
        if value is not None and name in DATE_FIELDS:
            stamp = read_date(value)
            value = stamp.iso if stamp else None
        if value is None:
            provenance.pop(f"meta.{name}", None)
        else:
            found[name] = value
    return found


def _edges(text: str) -> str:
    return text.strip(EDGES)


def _value(text: str | None) -> str | None:
    value = _edges(text or "")
    return None if value in NOTHING else value


def _squeeze(text: str) -> str:
    return WHITE.sub("", text)


def notice(draft: Draft, *, url: str | None, final_url: str | None, at: Millis) -> Notice:
    """The record with its digests and search text."""
    made = record(draft, url=url, final_url=final_url, at=at)
    title, body = fold(made.title), fold("\n".join(made.body))
    return Notice(
        part=draft.part,
        record=made,
        text_digest=text_digest(made),
        match_digest=_match(content_of(title), content_of(body)),
        search_title=search_text_of(title),
        search_body=search_text_of(body),
    )


def text_digest(made: Record) -> str:
    """Cuts versions: the page's own text, white space collapsed and nothing else (NFKC would make 10² and 102 one).

    Covers every field a reader sees but clicks; empty fields leave no trace, so that a new field changes no old digest.
    """
    fields = [
        ("title", made.title),
        ("channel", made.channel),
        ("published", made.published),
        ("source", made.source),
        ("body", "\n".join(_collapse(text) for text in made.body)),
        ("attachments", "\n".join(_collapse(item.name) for item in made.attachments)),
        *((f"meta.{name}", value) for name, value in sorted(made.meta.items())),
    ]
    joined = "\x1e".join(f"{name}\x1f{value if name in ('body', 'attachments') else _collapse(value)}" for name, value in fields if value)
    return DIGEST_VERSION + hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=15, person=b"text").hexdigest()


def _collapse(text: str) -> str:
    return WHITE.sub(" ", text).strip()


def match_digest(title: str, body: str) -> str | None:
    """Links works: folded title and body; None when the body has fewer than 40 content characters."""
    return _match(content_of(fold(title)), content_of(fold(body)))


def _match(title: str, body: str) -> str | None:
    return fingerprint_of(title, body) if len(body) >= SHORTEST_MATCH else None


# ------------------------------------------------------------------ JSON
def as_json(made: Record) -> dict[str, Any]:
    """The record as plain values, keys in the record format's order."""
    return {
        "title": made.title,
        "channel": made.channel,
        "published": made.published,
        "source": made.source,
        "clicks": made.clicks,
        "body": list(made.body),
        "attachments": [{"url": a.url, "name": a.name, "media_type": a.media_type} for a in made.attachments],
        "meta": dict(made.meta),
        "url": made.url,
        "final_url": made.final_url,
        "site": {"code": made.site.code, "name": made.site.name} if made.site else None,
        "provenance": {name: {"rule": w.rule, "raw": w.raw, "disagrees": w.disagrees} for name, w in made.provenance.items()},
        "capture": _place_json(made.capture),
    }


def _place_json(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"id": place.id, "file": place.file, "offset": place.offset, "length": place.length, "digest": place.digest, "time": place.time}


def from_json(values: Mapping[str, Any]) -> Record:
    """The record back from `as_json`. Raises KeyError or TypeError when it is none."""
    site, place = values.get("site"), values.get("capture")
    return Record(
        title=values["title"],
        channel=values.get("channel"),
        published=values.get("published"),
        source=values.get("source"),
        clicks=values.get("clicks"),
        body=tuple(values.get("body") or ()),
        attachments=tuple(Attachment(**item) for item in values.get("attachments") or ()),
        meta=MappingProxyType(dict(values.get("meta") or {})),
        url=values.get("url"),
        final_url=values.get("final_url"),
        site=Site(**site) if site else None,
        provenance=MappingProxyType({name: Witness(**witness) for name, witness in (values.get("provenance") or {}).items()}),
        capture=Place(**place) if place else None,
    )
