"""The tables. Times are integer milliseconds (UTC), flags are integers: hot rows carry no type processors.

A change here is a new revision in `migrations/versions` (tests/tools/draft_revision.py writes its draft).
Append-only: looks, captures, versions, changes, fixity. The public interface is the views (`views.py`), not these tables.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.BigInteger()
Text = sa.Text()
Blob = sa.LargeBinary()
Flag = sa.SmallInteger()
PublicId = sa.Text().with_variant(
    sa.Text(collation="C"), "postgresql"
)  # one order and one prefix search, whatever the server's locale


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def _partial(name: str, *columns: str, where: str) -> sa.Index:
    return sa.Index(name, *columns, sqlite_where=sa.text(where), info={"where": where})


def _time(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, Time, nullable=nullable)


def whole() -> sa.MetaData:
    """All of it, for who makes or compares tables: with what is told to PostgreSQL alone, whose dialect nobody loads who works on SQLite."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if where := index.info.get("where"):
                index.dialect_options["postgresql"]["where"] = sa.text(where)
    return metadata


sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("title", Text, nullable=False),
    sa.Column("config_digest", Text, nullable=False),
    sa.Column("enabled", Flag, nullable=False, server_default="0"),
    sa.Column("region", Text),  # GB/T 2260
    sa.Column("level", Text),
    _time("paused"),
    sa.Column("health", Text, nullable=False, server_default="ok"),  # ok, suspect, down, recovered
    _time("health_since"),
    sa.Column("trouble", Text),  # what is wrong, by name; kept while suspect or down
    sa.Column("reasons", Text, nullable=False, server_default="[]"),
    sa.Column("bad", sa.Integer(), nullable=False, server_default="0"),  # runs in a row with something wrong
    sa.Column("good", sa.Integer(), nullable=False, server_default="0"),  # runs in a row with nothing wrong
    sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),  # runs in a row that failed
    _time("rests_until"),  # quarantine: not fired by its schedule before
    _time("last_ok"),
    _time("last_new"),
)

runs = sa.Table(
    "runs",
    metadata,
    _id(),
    sa.Column("source", Text, sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("kind", Text, nullable=False),
    _time("slot", nullable=False),
    _time("started", nullable=False),
    _time("ended"),
    sa.Column("result", Text),  # ok, unchanged, suspect, failed, skipped
    sa.Column("counts", Text, nullable=False, server_default="{}"),
    sa.Column("observation", Text),  # what its list showed: JSON of model.Observation
    sa.Column("trouble", Text),  # what was wrong, by name; of a slot that was skipped, why
    sa.Column("options", Text, nullable=False, server_default="{}"),  # of a one-off crawl: since, max_pages, url
    sa.Column("others", Text, nullable=False, server_default="[]"),  # hosts beyond the source's site that were followed: JSON
    sa.Column("beyond", sa.Integer(), nullable=False, server_default="0"),  # redirects to further ones, which were not
    sa.UniqueConstraint("source", "kind", "slot"),
    _partial("ix_runs_open", "source", where="ended IS NULL"),
)

queues = sa.Table(
    "queues",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("fence", Id, nullable=False, server_default="0"),
    sa.Column("owner", Text),
    _time("leased_until", nullable=False),
    _time("next_at", nullable=False),
    sa.Column("delay", Time, nullable=False),  # what the last holder kept: never less than configured
    sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
    _time("blocked_since"),
    _time("broken_since"),  # the breaker is open: one request at next_at decides whether it closes
    sa.Column("latency", Time, nullable=False, server_default="0"),  # the server's own, smoothed
    sa.Column("last_end", Time, nullable=False, server_default="0"),  # of the last exchange
    _time("last_ok"),
)

origins = sa.Table(
    "origins",
    metadata,
    sa.Column("origin", Text, primary_key=True),  # scheme://host[:port]
    _time("fetched", nullable=False),
    _time("expires", nullable=False),
    sa.Column("verdict", Text, nullable=False),  # rules, allow, disallow
    sa.Column("body", Text, nullable=False, server_default=""),
    sa.Column("detail", Text, nullable=False, server_default=""),
    sa.Column("sitemaps", Text, nullable=False, server_default="[]"),  # as robots.txt names them
)

probes = sa.Table(  # looks at an address that cannot exist: how an origin says that it has not something
    "probes",
    metadata,
    sa.Column("origin", Text, primary_key=True),
    sa.Column("at", Time, primary_key=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("location", Text),  # where it redirects what it has not
    sa.Column("capture", Id),  # the page it shows instead
)

urls = sa.Table(
    "urls",
    metadata,
    _id(),
    sa.Column("key", Text, nullable=False, unique=True),
    sa.Column("method", Text, nullable=False),
    sa.Column("url", Text, nullable=False),
    sa.Column("headers", Text, nullable=False, server_default="[]"),
    sa.Column("body", Blob, nullable=False, server_default=""),
    sa.Column("public_url", Text, nullable=False, index=True),
    sa.Column("queue", Text, nullable=False),
    sa.Column("kind", Text, nullable=False),
    sa.Column("source", Text, nullable=False),
    sa.Column("via", Text),
    sa.Column("redirect", Text),  # URL key its last look was redirected to
    sa.Column("first_record", Text),  # record id of its first capture: public ids derive from it
    sa.Column("last_capture", Id),
    sa.Column("last_digest", Text),
    sa.Column("etag", Text),
    sa.Column("last_modified", Text),
    _time("last_look"),
    sa.Column("last_outcome", Text),
    sa.Column("misses", sa.Integer(), nullable=False, server_default="0"),
    _time("first_missed"),
    sa.Column("rung", sa.Integer(), nullable=False, server_default="0"),  # of the revisit ladder
    _time("due"),  # next revisit; none: nobody asked for one
    sa.Column("content", Id),  # contents: the document it showed last, itself or where it redirects to
    sa.Index("ix_urls_revisit", "source", "due"),
    # what is counted of documents that notices link to, without a look at all other addresses
    _partial("ix_urls_attachments", "content", "misses", where="kind = 'attachment'"),
    _partial("ix_urls_redirect", "redirect", where="redirect IS NOT NULL"),
)

frontier = sa.Table(
    "frontier",
    metadata,
    _id(),
    sa.Column("run", Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("url", Id, sa.ForeignKey("urls.id"), nullable=False),
    sa.Column("queue", Text, nullable=False),
    sa.Column(
        "priority", sa.Integer(), nullable=False
    ),  # 0 list, 1 new detail, 2 attachment, 3 revisit, 4 back-fill, 5 known to a back-fill
    _time("due", nullable=False),
    sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("hops", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("state", Text, nullable=False, server_default="todo"),  # todo, dead
    sa.Column("reason", Text),  # of the last failed try
    sa.UniqueConstraint("run", "url"),
    sa.Index("ix_frontier_turn", "queue", "state", "priority", "due"),
)

listings = sa.Table(
    "listings",
    metadata,
    sa.Column("source", Text, primary_key=True),
    sa.Column("url", Id, sa.ForeignKey("urls.id"), primary_key=True, index=True),
    _time("first_listed", nullable=False),
    _time("last_listed", nullable=False),
    sa.Column("title", Text, nullable=False, server_default=""),
    sa.Column("date", Text),
    sa.Column("run", Id),  # that listed it last
    sa.Column("page", Id),  # urls: the list page on which it stood last
    sa.Column("reason", Text),  # why it is not followed; none: it is
    sa.Index("ix_listings_source_date", "source", "date"),
)

list_pages = sa.Table(
    "list_pages",
    metadata,
    sa.Column("run", Id, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("url", Id, sa.ForeignKey("urls.id"), primary_key=True),
    sa.Column("head", Id, nullable=False),  # urls: the page its column begins with
    sa.Column("page", sa.Integer(), nullable=False),  # how many pages lie before it in this run
    _time("at"),  # of the capture that was read last; none: asked for, not read yet
    sa.Column("looks", sa.Integer(), nullable=False, server_default="0"),  # asked for
    sa.Column("rows", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("fresh", sa.Integer(), nullable=False, server_default="0"),  # rows that no page of this run had shown before
    sa.Column("tail", sa.Integer(), nullable=False, server_default="0"),  # known rows in a row, up to this page's end
    sa.Column("total_pages", Id),
    sa.Column("total_rows", Id),
    sa.Column("skipped", Text, nullable=False, server_default="{}"),  # reason → rows of it that are not fetched
    sa.Column("stop", Text),  # the rule that ended the column here
)

list_readings = sa.Table(
    "list_readings",
    metadata,
    sa.Column("url", Id, sa.ForeignKey("urls.id"), primary_key=True),
    sa.Column("capture", Id, nullable=False),  # captures: whose reading it is
    sa.Column("asked", Text, nullable=False),  # digest of all but the page that a reading of it depends on
    sa.Column("page", Text, nullable=False),  # digest of the page
    sa.Column("reading", sa.LargeBinary(), nullable=False),  # what it said, packed
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("owner", Text, nullable=False),
    sa.Column("state", Text, nullable=False),  # open, closed
    sa.Column("committed", Id, nullable=False, server_default="0"),
    sa.Column("bytes", Id),
    sa.Column("sha256", Text),
)

fixity = sa.Table(
    "fixity",
    metadata,
    _id(),  # a row is an event of PREMIS: what was done, to what, when, by whom, and what came of it
    sa.Column("event", Text, nullable=False),  # fixity check, replacement, refusal
    sa.Column("object", Text, nullable=False),  # a file's name, or `archive`: what belongs to no single file
    _time("at", nullable=False),
    sa.Column("agent", Text, nullable=False),
    sa.Column("outcome", Text, nullable=False),  # pass, fail, not checked
    sa.Column("detail", Text, nullable=False, server_default="[]"),  # what is wrong, as JSON
    sa.Index("ix_fixity_object", "object", "at"),
)

looks = sa.Table(
    "looks",
    metadata,
    _id(),
    sa.Column("record", Text, nullable=False, unique=True),
    sa.Column("url", Id, sa.ForeignKey("urls.id"), nullable=False, index=True),
    sa.Column("run", Id, sa.ForeignKey("runs.id"), index=True),
    _time("at", nullable=False),
    sa.Column("ms", sa.Integer(), nullable=False),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("status", sa.Integer()),
    sa.Column("leads", Text, nullable=False, server_default=""),  # what a redirect says besides: Exchange.leads
    sa.Column("capture", Id, index=True),
    sa.Column("detail", Text, nullable=False, server_default=""),
)

captures = sa.Table(
    "captures",
    metadata,
    _id(),
    sa.Column("record", Text, nullable=False, unique=True),
    sa.Column("public_id", PublicId, nullable=False, unique=True),
    sa.Column("url", Id, sa.ForeignKey("urls.id"), nullable=False, index=True),
    _time("at", nullable=False),
    sa.Column("file", Text, sa.ForeignKey("files.name"), nullable=False),
    sa.Column("offset", Id, nullable=False),
    sa.Column("length", Id, nullable=False),
    sa.Column("type", Text, nullable=False),
    sa.Column("payload_digest", Text, nullable=False),
    sa.Column("media_type", Text, nullable=False),
    sa.Column("status", sa.Integer(), nullable=False),
    sa.Column("original", Id),  # capture that holds the payload of a revisit
    _time("damaged"),  # since when its record is known not to be what was written; none: it is, as far as anybody looked
    sa.UniqueConstraint("file", "offset"),
    _partial("ix_captures_damaged", "url", where="damaged IS NOT NULL"),
    _partial("ix_captures_payload", "payload_digest", where="type = 'response'"),
)

readings = sa.Table(
    "readings",
    metadata,
    sa.Column("capture", Id, sa.ForeignKey("captures.id"), primary_key=True),
    sa.Column("state", Text, nullable=False),  # pending, done, unreadable
    sa.Column("run", Id),  # that waits for it
    sa.Column("page_kind", Text),
    sa.Column("evidence", Text, nullable=False, server_default=""),
    sa.Column("text", Text, nullable=False, server_default=""),  # how the bytes became text
    sa.Column("rules", Text),
    sa.Column("rows", sa.Integer()),  # of a list, notices of a page
    sa.Column("facts", Text),  # of a list: JSON of model.Face
    sa.Column("structure", Text),  # of a list: where its rows stand, for the later pages of its column
    sa.Column("content", Id),  # contents: the document it is
    sa.Column("error", Text),
    sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    _partial("ix_readings_pending", "capture", where="state = 'pending'"),
    _partial("ix_readings_run", "run", where="state = 'pending'"),
)

continuations = sa.Table(  # further addresses that a capture's page names: its record is made of them all
    "continuations",
    metadata,
    sa.Column("capture", Id, sa.ForeignKey("captures.id"), primary_key=True),
    sa.Column("position", sa.Integer(), primary_key=True),
    sa.Column("url", Id, sa.ForeignKey("urls.id"), nullable=False, index=True),
)

works = sa.Table(
    "works",
    metadata,
    _id(),
    sa.Column("public_id", PublicId, nullable=False, unique=True),
)

documents = sa.Table(
    "documents",
    metadata,
    _id(),
    sa.Column("public_id", PublicId, nullable=False, unique=True),
    sa.Column("url", Id, sa.ForeignKey("urls.id"), nullable=False),
    sa.Column("part", sa.Integer(), nullable=False),
    sa.Column("source", Text, nullable=False, index=True),
    sa.Column("work", Id, sa.ForeignKey("works.id"), nullable=False, index=True),
    sa.Column("presence", Text, nullable=False, server_default="here"),  # here, missing, gone
    _time("first_seen", nullable=False),
    _time("last_seen", nullable=False),
    _time("first_missed"),
    sa.Column("version", Id),  # current row of versions
    sa.Column("indexed", Flag, nullable=False, server_default="0"),
    sa.Column("attached", Flag, nullable=False, server_default="0"),  # its version links to documents that are fetched
    sa.Column("unsearchable", Text),  # why its current version could not be indexed
    sa.Column("withheld", Text),  # the reason, as `withholdings` has it
    sa.UniqueConstraint("url", "part"),
    _partial("ix_documents_withheld", "url", where="withheld IS NOT NULL"),
    _partial("ix_documents_absent", "presence", where="presence <> 'here'"),
    _partial("ix_documents_unindexed", "id", where="indexed = 0"),
    _partial("ix_documents_unsearchable", "id", where="unsearchable IS NOT NULL"),
)

versions = sa.Table(
    "versions",
    metadata,
    _id(),
    sa.Column("document", Id, sa.ForeignKey("documents.id"), nullable=False),
    sa.Column("n", sa.Integer(), nullable=False),  # state at the site, from 1
    sa.Column("rules", Text, nullable=False),  # a reread adds a row with the same n
    sa.Column(
        "whole", Flag, nullable=False, server_default="1"
    ),  # 0: the record says what is missing; what comes later adds a row
    sa.Column("capture", Id, sa.ForeignKey("captures.id"), nullable=False, index=True),
    _time("first_seen", nullable=False),
    sa.Column("text_digest", Text, nullable=False),
    sa.Column("match_digest", Text, index=True),
    sa.Column("title", Text, nullable=False),
    sa.Column("published", Text),
    sa.Column("channel", Text),
    sa.Column("source", Text),  # that the page names
    sa.Column("doc_no", Text),
    sa.Column("index_no", Text),
    sa.Column("issuer", Text),
    sa.Column("keywords", Text),
    sa.Column("paragraphs", sa.Integer(), nullable=False, server_default="0"),  # of the body
    sa.Column("record", Blob, nullable=False),  # packed: JSON with provenance, and what is searched of it (record.serial)
    sa.Column("further", Text),  # places of a record's further captures, as JSON
    sa.Index(
        "ix_versions_document", "document", "n"
    ),  # not unique: rules that were tried and taken back read the same version again
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("version", Id, sa.ForeignKey("versions.id"), primary_key=True),
    sa.Column("position", sa.Integer(), primary_key=True),
    sa.Column("url", Text, nullable=False, index=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("address", Id, sa.ForeignKey("urls.id"), index=True),  # that is fetched; none: it is not
    sa.Column("reason", Text),  # why it is not
)

contents = sa.Table(  # what a document says that was fetched: derived from its bytes, one row for the same bytes
    "contents",
    metadata,
    _id(),
    sa.Column("digest", Text, nullable=False, unique=True),  # sha256 of its bytes without content coding
    sa.Column("capture", Id, sa.ForeignKey("captures.id"), nullable=False),  # that it was read from last
    sa.Column("type", Text, nullable=False),  # by its bytes
    sa.Column("bytes", Id, nullable=False),
    sa.Column("pages", sa.Integer(), nullable=False),  # or sheets, or slides
    sa.Column("state", Text, nullable=False),  # text, no_text
    sa.Column("reason", Text),  # why there is no text, or not all of it
    sa.Column("flags", Text, nullable=False, server_default="[]"),  # what was odd: JSON
    sa.Column("says", Text, nullable=False, server_default="[]"),  # of itself, a red-header document: JSON, [field, text, place]
    sa.Column("extractor", Text, nullable=False),  # with its version
    sa.Column("name", Text, nullable=False),  # as its server or address calls it
    sa.Column("text", Blob, nullable=False),  # packed: pieces with their places, and what is searched (record.content)
)

relations = sa.Table(
    "relations",
    metadata,
    _id(),
    sa.Column("document", Id, sa.ForeignKey("documents.id"), nullable=False),
    sa.Column("other", Id, sa.ForeignKey("documents.id"), nullable=False),
    sa.Column("kind", Text, nullable=False),  # copy, part, revised, reprint, conflict, interprets, moved
    sa.Column("reason", Text, nullable=False),
    sa.Column("score", sa.Float()),
    _time("at", nullable=False),
    _time("undone"),
    sa.UniqueConstraint("document", "other", "kind"),
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("seq", Id, primary_key=True, autoincrement=False),  # in commit order
    sa.Column("kind", Text, nullable=False),
    _time("at", nullable=False),
    sa.Column("document", Id, sa.ForeignKey("documents.id")),
    sa.Column("source", Text, nullable=False),
    sa.Column("before", Id),  # versions
    sa.Column("after", Id),
    sa.Column("look", Id, index=True),
    sa.Column("rank", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("detail", Text, nullable=False, server_default="{}"),
    sa.Index("ix_changes_document", "document"),
    sa.Index("ix_changes_at", "at"),
)

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("seq", Id, nullable=False),  # lines of the ledger up to here are in the outbox, or no alarm of this channel
    sa.Column("error", Text),  # of the last try, without secrets
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("change", Id, sa.ForeignKey("changes.seq"), primary_key=True),
    sa.Column("channel", Text, primary_key=True),
    sa.Column("reminder", sa.Integer(), primary_key=True, autoincrement=False),  # 0: the alarm itself
    _time("due", nullable=False),
    sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
    _time("sent"),
    sa.Column("result", Text),  # sent, grouped, given up
    _partial("ix_outbox_due", "due", where="sent IS NULL"),
)

daemons = sa.Table(
    "daemons",
    metadata,
    sa.Column("owner", Text, primary_key=True),
    sa.Column("what", Text, nullable=False),  # run, crawl
    _time("started", nullable=False),
    _time("beat", nullable=False),
)

clock_faults = sa.Table(  # stored moments that lay ahead of the clock that read them, and were put right
    "clock_faults",
    metadata,
    _id(),
    _time("at", nullable=False),  # when it was noticed
    sa.Column("ahead", Time, nullable=False),
)

withholdings = sa.Table(  # what is withheld and given back: line by line what `withheld.jsonl` beside the WARC files says
    "withholdings",
    metadata,
    sa.Column("line", Id, primary_key=True, autoincrement=False),
    _time("at", nullable=False),
    sa.Column("act", Text, nullable=False),  # withheld, restored
    sa.Column("document", PublicId, nullable=False, index=True),  # a public id; it may be of one that is not there yet
    sa.Column("reason", Text, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("digest", Text, nullable=False),  # of the line; each line names the one before
)

acts = sa.Table(  # what was changed by the console; append-only
    "acts",
    metadata,
    _id(),
    _time("at", nullable=False),
    sa.Column("what", Text, nullable=False),  # pause, resume, crawl, …
    sa.Column("about", Text, nullable=False),  # a source or document
    sa.Column("who", Text, nullable=False),
)

# The search tables differ by database and are made by the migration (`search.py` names them):
#   search       (place, document, part, version) and, on PostgreSQL, words tsvector with a GIN index
#   search_index SQLite only: contentless FTS5 over the words
search = sa.Table(
    "search",
    metadata,
    sa.Column("place", Id, primary_key=True, autoincrement=False),  # day << 16 | number within the day
    sa.Column("document", Id, sa.ForeignKey("documents.id"), nullable=False, index=True),
    sa.Column("part", sa.Integer(), nullable=False),
    sa.Column("parts", sa.Integer(), nullable=False),
    sa.Column("version", Id, sa.ForeignKey("versions.id"), nullable=False),  # whose text the index holds
    # what results are narrowed by and counted by, as the index holds it
    sa.Column("source", Text, nullable=False),
    sa.Column("channel", Text),
    sa.Column("issuer", Text),
    sa.Column("category", Text),
    sa.Column("written", sa.Integer(), nullable=False, server_default="0"),  # day; 0: none
)

search_contents = sa.Table(  # whose texts the index holds with a document's own
    "search_contents",
    metadata,
    sa.Column("document", Id, sa.ForeignKey("documents.id"), primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("content", Id, sa.ForeignKey("contents.id"), nullable=False, index=True),
)
