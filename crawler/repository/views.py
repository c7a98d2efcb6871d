"""The public interface in SQL: readable names, ISO times in UTC, public ids.

A withheld document is in no view, nor are its versions, looks and captures; its lines of the ledger have no words. In `v_documents`, `source` is the configured source (one column of one site) and `origin` what the page itself names as 来源.
"""

from sqlalchemy.engine import Connection

from crawler.repository import visible

NAMES = ("v_documents", "v_versions", "v_looks", "v_captures", "v_changes", "v_sources")


def create(c: Connection) -> None:
    """Make the views."""
    for statement in statements(c.dialect.name):
        c.exec_driver_sql(statement)


def drop(c: Connection) -> None:
    """Drop the views, as far as there are any."""
    for name in NAMES:
        c.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def statements(dialect: str) -> list[str]:
    """CREATE VIEW statements for `sqlite` or `postgresql`."""
    return [_documents(dialect), _versions(dialect), _looks(dialect), _captures(dialect), _changes(dialect), _sources(dialect)]


def _time(dialect: str, column: str) -> str:
    """A column of milliseconds as ISO 8601 to the second."""
    name = column.rpartition(".")[2]
    if dialect == "sqlite":
        return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000, 'unixepoch') AS {name}"
    return f"to_char(to_timestamp({column} / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS {name}"


def _documents(dialect: str) -> str:
    return f"""CREATE VIEW v_documents AS
SELECT d.public_id AS id, v.title, v.published, v.source AS origin, v.channel,
       v.doc_no, v.index_no, v.issuer, v.keywords, u.public_url AS url, u.url AS final_url, d.source, d.presence,
       {_time(dialect, "d.first_seen")}, {_time(dialect, "d.last_seen")}, {_time(dialect, "d.first_missed")},
       w.public_id AS work, v.n AS versions, c.public_id AS capture
FROM documents d
JOIN versions v ON v.id = d.version
JOIN urls u ON u.id = d.url
JOIN works w ON w.id = d.work
JOIN captures c ON c.id = v.capture
WHERE {visible.document("d")}"""


def _versions(dialect: str) -> str:
    """A version that was read again by other rules is shown as it was read last."""
    return f"""CREATE VIEW v_versions AS
SELECT d.public_id AS document, v.n AS version, v.title, v.published, {_time(dialect, "v.first_seen")}, v.text_digest,
       v.match_digest, v.rules, c.public_id AS capture
FROM versions v
JOIN documents d ON d.id = v.document
JOIN captures c ON c.id = v.capture
WHERE {visible.document("d")} AND v.id = (SELECT max(x.id) FROM versions x WHERE x.document = v.document AND x.n = v.n)"""


def _looks(dialect: str) -> str:
    return f"""CREATE VIEW v_looks AS
SELECT l.record AS id, {_time(dialect, "l.at")}, l.ms, l.outcome, l.status, u.url, u.kind, r.source, r.kind AS run_kind,
       c.public_id AS capture, l.detail
FROM looks l
JOIN urls u ON u.id = l.url
LEFT JOIN runs r ON r.id = l.run
LEFT JOIN captures c ON c.id = l.capture
WHERE {visible.address("l.url")}"""


def _captures(dialect: str) -> str:
    return f"""CREATE VIEW v_captures AS
SELECT c.public_id AS id, c.record AS record_id, {_time(dialect, "c.at")}, u.url, c.file, c."offset" AS file_offset, c.length,
       c.type, c.payload_digest, c.media_type, c.status, r.page_kind, r.state AS reading, r.rules
FROM captures c
JOIN urls u ON u.id = c.url
LEFT JOIN readings r ON r.capture = c.id
WHERE {visible.capture("c.id", "c.url")}"""


def _changes(dialect: str) -> str:
    """`detail` is JSON: of an edit `differences` (field, paragraph, before, after, passage); its times are milliseconds."""
    shown = visible.document("d")
    return f"""CREATE VIEW v_changes AS
SELECT h.seq, {_time(dialect, "h.at")}, h.kind, h.source, d.public_id AS document,
       v.title, v.doc_no, v.source AS origin, u.public_url AS url, b.n AS before_version, a.n AS after_version,
       x.public_id AS before_capture, y.public_id AS after_capture, h.rank, CASE WHEN {visible.line("h", "d")} THEN h.detail ELSE '{{}}' END AS detail
FROM changes h
LEFT JOIN documents d ON d.id = h.document
LEFT JOIN urls u ON u.id = d.url AND {shown}
LEFT JOIN versions v ON v.id = d.version AND {shown}
LEFT JOIN versions b ON b.id = h.before AND {shown}
LEFT JOIN versions a ON a.id = h.after AND {shown}
LEFT JOIN captures x ON x.id = b.capture
LEFT JOIN captures y ON y.id = a.capture"""


def _sources(dialect: str) -> str:
    return f"""CREATE VIEW v_sources AS
SELECT s.id, s.title, s.enabled, {_time(dialect, "s.paused")}, s.health, s.trouble, {_time(dialect, "s.health_since")},
       {_time(dialect, "s.last_ok")}, {_time(dialect, "s.last_new")},
       (SELECT count(*) FROM documents d WHERE d.source = s.id AND {visible.document("d")}) AS documents
FROM sources s"""
