"""The shapes of the API's answers, for its description; what is sent is made in `console.shown`."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Names of the answer's keys; more may be there."""

    model_config = ConfigDict(extra="allow")


class Problem(Shape):
    """RFC 9457. `detail` says what is wrong, `remedy` what to do, `at` where in a query; `choices` what may be meant, each with id and title; of what is withheld `document` and `reason`."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None
    at: int | None = None
    choices: list[dict[str, str]] | None = None
    document: str | None = None
    reason: str | None = None


class AtShape(Shape):
    """Where in a document a hit stands: which of the notice's attachments, from 1; page, sheet or part; of a sheet the cell."""

    attachment: int
    name: str
    place: str
    cell: str | None


class HitShape(Shape):
    """A search result; hits are not marked in `snippet`'s text but by square brackets. `at`: where it stands, when not in the notice itself."""

    id: str
    version: int
    title: str
    published: str | None
    source: str | None
    archive_source: str
    doc_no: str | None
    issuer: str | None
    channel: str | None
    url: str
    presence: str
    first_seen: str
    last_seen: str
    snippet: str
    at: AtShape | None


class FacetValue(Shape):
    """A value and how many results have it."""

    value: str
    count: int


class RecordList(Shape):
    """`total` is exact only where `exact` says so; else there are at least so many."""

    items: list[HitShape]
    total: int
    exact: bool
    next: str | None
    facets: dict[str, list[FacetValue]]


class RecordShape(Shape):
    """A record; `/api/v1/schema/record.json` says the whole of it."""

    id: str
    version: int
    work: str
    archive_source: str
    presence: str
    title: str
    published: str | None
    body: list[str]
    capture: dict[str, Any]


class Citation(Shape):
    """A version as it is cited: `text` has `zh` and `en`, `csl` is one item of CSL-JSON."""

    id: str
    version: int
    text: dict[str, str]
    gb7714: str
    csl: dict[str, Any]
    capture: str
    captured: str
    digest: str


class VersionShape(Shape):
    """A state at the site."""

    version: int
    first_seen: str
    title: str
    capture: str
    rules: str
    incomplete: str | None


class SaidShape(Shape):
    """What a document states of itself: `field` as in a record (title, meta.doc_no …), its own words, the page and line they stand in."""

    field: str
    raw: str
    place: str


class AttachmentShape(Shape):
    """A document that a notice links to. `state`: text, no_text, missing, waiting, not fetched; `gone_since`: its site has it no more;
    `says`: of a red-header document issuer, number, title and date."""

    attachment: int
    url: str
    name: str
    state: str
    reason: str | None
    gone_since: str | None
    media_type: str | None
    bytes: int | None
    pages: int | None
    digest: str | None
    file_name: str | None
    flags: list[str]
    says: list[SaidShape]
    extractor: str | None
    capture: str | None
    seen: str | None


class Attachments(Shape):
    """All documents of one version, in the page's order."""

    id: str
    items: list[AttachmentShape]
    total: int
    next: str | None


class PieceTable(Shape):
    """A table of a page or part, as those of a record: `at` its line; of a sheet `rows` are those of the sheet."""

    at: int
    caption: str | None
    header: int
    rows: list[list[str]]


class PieceShape(Shape):
    """A page, sheet or part; `rows` of a sheet with their numbers, `within` an archive's member."""

    kind: str
    name: str
    place: str
    within: str
    lines: list[str]
    rows: list[dict[str, Any]]
    tables: list[PieceTable]


class AttachmentText(Shape):
    """A document's text; `next`: the page to go on with. `members`: files within an archive."""

    items: list[PieceShape]
    total: int
    next: str | None
    digest: str
    reason: str | None
    members: list[dict[str, Any]]


class Versions(Shape):
    """All states, the first first."""

    id: str
    items: list[VersionShape]
    total: int
    next: str | None


class Differences(Shape):
    """Each with field, paragraph, cell, before and after."""

    id: str
    differences: list[dict[str, Any]]


class ChangeShape(Shape):
    """A line of the ledger."""

    seq: int
    at: str
    kind: str
    rank: int
    source: str
    document: str | None
    title: str | None


class ChangeList(Shape):
    """`next` is the `after` of whoever has read these."""

    items: list[ChangeShape]
    total: int | None
    next: str | None


class History(Shape):
    """A document's ledger, looks and sightings."""

    id: str
    changes: list[ChangeShape]
    looks: list[dict[str, Any]]
    sightings: list[dict[str, Any]]


class Work(Shape):
    """The documents of a work."""

    id: str
    items: list[dict[str, Any]]
    total: int
    next: str | None


class CaptureShape(Shape):
    """What was fetched, and where its bytes lie."""

    id: str
    record_id: str
    at: str
    url: str
    status: int
    media_type: str
    type: str
    payload_digest: str
    file: str
    offset: int
    length: int


class SourceShape(Shape):
    """A source."""

    id: str
    title: str
    enabled: bool
    paused: str | None
    health: str
    documents: int


class SourceList(Shape):
    """All sources."""

    items: list[SourceShape]
    total: int
    next: str | None


class RunList(Shape):
    """Runs, the newest first."""

    items: list[dict[str, Any]]
    total: int | None
    next: str | None


class Health(Shape):
    """`well`: no source is suspect or down."""

    well: bool
    sources: list[dict[str, Any]]


class Stats(Shape):
    """How much there is."""

    documents: int
    versions: int
    works: int
    captures: int
    looks: int
    changes: int


class Wish(BaseModel):
    """What is to be crawled now: a source, or single addresses of one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"source": "demo"}]})
    source: str = Field(description="The id of a source in the configuration.")
    urls: list[str] = Field(default=[], description="Only these addresses, of that source.")


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(default="", description="In a few words; it is written down.")


class Done(Shape):
    """What came of a change of state."""

    done: bool
    run: int | None = None
    document: str | None = None
