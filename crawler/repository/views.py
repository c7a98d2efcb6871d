"""The public interface in SQL: readable names, ISO times in UTC, public ids. Withholding lives here: what is withheld is not shown."""

NAMES = ("v_documents", "v_versions", "v_looks", "v_captures", "v_changes", "v_sources")


def _time(dialect: str, column: str) -> str:
    if dialect == "sqlite":
        return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000, 'unixepoch')"
    return f"to_char(to_timestamp({column} / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


def _field(dialect: str, column: str, name: str) -> str:
    return f"json_extract({column}, '$.{name}')" if dialect == "sqlite" else f"(CAST({column} AS json) ->> '{name}')"


def statements(dialect: str) -> list[str]:
    """CREATE VIEW statements for `sqlite` or `postgresql`."""

    def at(column: str) -> str:
        return _time(dialect, column)

    def field(name: str) -> str:
        return _field(dialect, "v.record", name)

    return [
        f"""CREATE VIEW v_documents AS
SELECT d.public_id AS id, v.title, v.published, {field("source")} AS origin, {field("channel")} AS channel, v.doc_no, v.index_no, v.issuer,
       u.public_url AS url, u.url AS final_url, d.source, d.presence, {at("d.first_seen")} AS first_seen, {at("d.last_seen")} AS last_seen,
       {at("d.first_missed")} AS first_missed, w.public_id AS work, v.n AS version, c.public_id AS capture, v.record
FROM documents d JOIN versions v ON v.id = d.version JOIN urls u ON u.id = d.url JOIN works w ON w.id = d.work JOIN captures c ON c.id = v.capture
WHERE d.withheld IS NULL""",
        f"""CREATE VIEW v_versions AS
SELECT d.public_id AS document, v.n AS version, v.title, v.published, {at("v.first_seen")} AS first_seen, v.text_digest, v.match_digest, v.rules,
       c.public_id AS capture, v.record
FROM versions v JOIN documents d ON d.id = v.document JOIN captures c ON c.id = v.capture
WHERE d.withheld IS NULL AND v.id = (SELECT max(x.id) FROM versions x WHERE x.document = v.document AND x.n = v.n)""",
        f"""CREATE VIEW v_looks AS
SELECT l.record AS id, {at("l.at")} AS at, l.ms, l.outcome, l.status, u.url, u.kind, r.source, r.kind AS run_kind, c.public_id AS capture, l.detail
FROM looks l JOIN urls u ON u.id = l.url LEFT JOIN runs r ON r.id = l.run LEFT JOIN captures c ON c.id = l.capture""",
        f"""CREATE VIEW v_captures AS
SELECT c.public_id AS id, c.record AS record_id, {at("c.at")} AS at, u.url, c.file, c."offset" AS file_offset, c.length, c.type, c.payload_digest, c.media_type,
       c.status, r.page_kind, r.state AS reading, r.rules
FROM captures c JOIN urls u ON u.id = c.url LEFT JOIN readings r ON r.capture = c.id
WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.url = c.url AND d.withheld IS NOT NULL)""",
        f"""CREATE VIEW v_changes AS
SELECT h.seq, {at("h.at")} AS at, h.kind, h.source, d.public_id AS document, v.title, b.n AS before_version, a.n AS after_version, h.rank, h.detail
FROM changes h LEFT JOIN documents d ON d.id = h.document LEFT JOIN versions v ON v.id = d.version
LEFT JOIN versions b ON b.id = h.before LEFT JOIN versions a ON a.id = h.after
WHERE d.withheld IS NULL""",
        f"""CREATE VIEW v_sources AS
SELECT s.id, s.title, s.enabled, {at("s.paused")} AS paused, s.health, {at("s.health_since")} AS health_since, {at("s.last_ok")} AS last_ok,
       {at("s.last_new")} AS last_new, (SELECT count(*) FROM documents d WHERE d.source = s.id AND d.withheld IS NULL) AS documents
FROM sources s""",
    ]
