"""The model of a notice: the raw draft a parser found, the record made of it, and the keys that come from folding it. Frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from crawler.model import EMPTY
from crawler.record.tables import Table

CUT_OFF = "the page is cut off"  # how `incomplete` begins where the server sent less than its page


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document a notice names. `url` absolute; None where the page names a file and no address."""

    url: str | None
    name: str
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """Which rule read a field, the raw string it read, and what the first witness that disagreed said.

    `version` is the rule's; `against` names all rules that disagreed, strongest first; `confidence` is the share of fields read
    with such evidence that were right (`parsers/fields.py` says over what), None where nobody measured it;
    `refused`: what was read and could not be, each with its reason (a day that no calendar has, a day after the capture).
    """

    rule: str
    raw: str = ""
    disagrees: str = ""
    version: int = 1
    against: tuple[str, ...] = ()
    confidence: float | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A label of the disclosure block and what stands behind it, both as the page has them."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of the text. `at`: the paragraph it stands at, or before; `url` None where its bytes are in the page itself."""

    at: int
    url: str | None
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who had a hand in it: 作者, 编辑, 审核 …, in the page's own word."""

    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice as a parser found it: raw strings, nothing normalised. `witnesses` by field name (`meta.doc_no` for meta fields)."""

    title: str
    channel: str | None = None
    published: str | None = None
    source: str | None = None
    clicks: str | None = None
    body: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    meta: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    site_code: str | None = None
    site_name: str | None = None
    part: int = 0
    witnesses: Mapping[str, Witness] = field(default_factory=lambda: MappingProxyType({}))
    labels: tuple[Pair, ...] = ()
    tables: tuple[Table, ...] = ()
    images: tuple[Image, ...] = ()
    people: tuple[Person, ...] = ()
    incomplete: str | None = None  # what of the notice could not be read, in words


@dataclass(frozen=True, slots=True)
class Place:
    """The very bytes: WARC file, offset and length of the record, payload digest, time (ISO, UTC), the capture's public id."""

    id: str
    file: str
    offset: int
    length: int
    digest: str
    time: str


@dataclass(frozen=True, slots=True)
class Site:
    """SiteIDCode and SiteName as the page gives them."""

    code: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One notice in the one format. Keys of the JSON are these names; the page's own text, never folded."""

    title: str
    channel: str | None
    published: str | None  # YYYY[-MM[-DD[ HH:MM[:SS]]]], Asia/Shanghai
    source: str | None
    clicks: int | None
    body: tuple[str, ...]
    attachments: tuple[Attachment, ...] = ()
    tables: tuple[Table, ...] = ()
    images: tuple[Image, ...] = ()
    people: tuple[Person, ...] = ()
    meta: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    labels: tuple[Pair, ...] = ()  # `meta.labels` in the JSON: every pair of the block, in the page's order
    url: str | None = None
    final_url: str | None = None
    site: Site | None = None
    provenance: Mapping[str, Witness] = field(default_factory=lambda: MappingProxyType({}))
    incomplete: str | None = None
    capture: Place | None = None
    further: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """A record as it is stored, beside it what ledger, search and lists of results show, and every key that comes from folding it.

    Made once, in the child. `packed`: the record's JSON (`serial.unpacked`) and what is searched of it (`serial.searched`);
    `paragraphs` of the body.
    """

    part: int
    title: str
    published: str | None
    channel: str | None
    source: str | None
    doc_no: str | None
    index_no: str | None
    issuer: str | None
    keywords: str | None
    paragraphs: int
    attachments: tuple[Attachment, ...]
    incomplete: str | None
    text_digest: str
    match_digest: str | None  # none when the body is too short to tell two notices apart
    packed: bytes
