CREATE TABLE acts (
	id BIGSERIAL NOT NULL,
	at BIGINT NOT NULL,
	what TEXT NOT NULL,
	about TEXT NOT NULL,
	who TEXT NOT NULL,
	CONSTRAINT pk_acts PRIMARY KEY (id)
)

CREATE TABLE channels (
	name TEXT NOT NULL,
	seq BIGINT NOT NULL,
	error TEXT,
	CONSTRAINT pk_channels PRIMARY KEY (name)
)

CREATE TABLE clock_faults (
	id BIGSERIAL NOT NULL,
	at BIGINT NOT NULL,
	ahead BIGINT NOT NULL,
	CONSTRAINT pk_clock_faults PRIMARY KEY (id)
)

CREATE TABLE daemons (
	owner TEXT NOT NULL,
	what TEXT NOT NULL,
	started BIGINT NOT NULL,
	beat BIGINT NOT NULL,
	CONSTRAINT pk_daemons PRIMARY KEY (owner)
)

CREATE TABLE files (
	name TEXT NOT NULL,
	owner TEXT NOT NULL,
	state TEXT NOT NULL,
	committed BIGINT DEFAULT '0' NOT NULL,
	bytes BIGINT,
	sha256 TEXT,
	CONSTRAINT pk_files PRIMARY KEY (name)
)

CREATE TABLE fixity (
	id BIGSERIAL NOT NULL,
	event TEXT NOT NULL,
	object TEXT NOT NULL,
	at BIGINT NOT NULL,
	agent TEXT NOT NULL,
	outcome TEXT NOT NULL,
	detail TEXT DEFAULT '[]' NOT NULL,
	CONSTRAINT pk_fixity PRIMARY KEY (id)
)

CREATE INDEX ix_fixity_object ON fixity (object, at)

CREATE TABLE origins (
	origin TEXT NOT NULL,
	fetched BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	verdict TEXT NOT NULL,
	body TEXT DEFAULT '' NOT NULL,
	detail TEXT DEFAULT '' NOT NULL,
	sitemaps TEXT DEFAULT '[]' NOT NULL,
	CONSTRAINT pk_origins PRIMARY KEY (origin)
)

CREATE TABLE probes (
	origin TEXT NOT NULL,
	at BIGINT NOT NULL,
	outcome TEXT NOT NULL,
	location TEXT,
	capture BIGINT,
	CONSTRAINT pk_probes PRIMARY KEY (origin, at)
)

CREATE TABLE queues (
	name TEXT NOT NULL,
	fence BIGINT DEFAULT '0' NOT NULL,
	owner TEXT,
	leased_until BIGINT NOT NULL,
	next_at BIGINT NOT NULL,
	delay BIGINT NOT NULL,
	failures INTEGER DEFAULT '0' NOT NULL,
	blocked_since BIGINT,
	broken_since BIGINT,
	latency BIGINT DEFAULT '0' NOT NULL,
	last_end BIGINT DEFAULT '0' NOT NULL,
	last_ok BIGINT,
	CONSTRAINT pk_queues PRIMARY KEY (name)
)

CREATE TABLE sources (
	id TEXT NOT NULL,
	title TEXT NOT NULL,
	config_digest TEXT NOT NULL,
	enabled SMALLINT DEFAULT '0' NOT NULL,
	region TEXT,
	level TEXT,
	paused BIGINT,
	health TEXT DEFAULT 'ok' NOT NULL,
	health_since BIGINT,
	trouble TEXT,
	reasons TEXT DEFAULT '[]' NOT NULL,
	bad INTEGER DEFAULT '0' NOT NULL,
	good INTEGER DEFAULT '0' NOT NULL,
	failures INTEGER DEFAULT '0' NOT NULL,
	rests_until BIGINT,
	last_ok BIGINT,
	last_new BIGINT,
	CONSTRAINT pk_sources PRIMARY KEY (id)
)

CREATE TABLE urls (
	id BIGSERIAL NOT NULL,
	key TEXT NOT NULL,
	method TEXT NOT NULL,
	url TEXT NOT NULL,
	headers TEXT DEFAULT '[]' NOT NULL,
	body BYTEA DEFAULT '' NOT NULL,
	public_url TEXT NOT NULL,
	queue TEXT NOT NULL,
	kind TEXT NOT NULL,
	source TEXT NOT NULL,
	via TEXT,
	redirect TEXT,
	first_record TEXT,
	last_capture BIGINT,
	last_digest TEXT,
	etag TEXT,
	last_modified TEXT,
	last_look BIGINT,
	last_outcome TEXT,
	misses INTEGER DEFAULT '0' NOT NULL,
	first_missed BIGINT,
	rung INTEGER DEFAULT '0' NOT NULL,
	due BIGINT,
	content BIGINT,
	CONSTRAINT pk_urls PRIMARY KEY (id),
	CONSTRAINT uq_urls_key UNIQUE (key)
)

CREATE INDEX ix_urls_attachments ON urls (content, misses) WHERE kind = 'attachment'

CREATE INDEX ix_urls_public_url ON urls (public_url)

CREATE INDEX ix_urls_redirect ON urls (redirect) WHERE redirect IS NOT NULL

CREATE INDEX ix_urls_revisit ON urls (source, due)

CREATE TABLE withholdings (
	line BIGINT NOT NULL,
	at BIGINT NOT NULL,
	act TEXT NOT NULL,
	document TEXT COLLATE "C" NOT NULL,
	reason TEXT NOT NULL,
	who TEXT NOT NULL,
	digest TEXT NOT NULL,
	CONSTRAINT pk_withholdings PRIMARY KEY (line)
)

CREATE INDEX ix_withholdings_document ON withholdings (document)

CREATE TABLE works (
	id BIGSERIAL NOT NULL,
	public_id TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_works PRIMARY KEY (id),
	CONSTRAINT uq_works_public_id UNIQUE (public_id)
)

CREATE TABLE captures (
	id BIGSERIAL NOT NULL,
	record TEXT NOT NULL,
	public_id TEXT COLLATE "C" NOT NULL,
	url BIGINT NOT NULL,
	at BIGINT NOT NULL,
	file TEXT NOT NULL,
	"offset" BIGINT NOT NULL,
	length BIGINT NOT NULL,
	type TEXT NOT NULL,
	payload_digest TEXT NOT NULL,
	media_type TEXT NOT NULL,
	status INTEGER NOT NULL,
	original BIGINT,
	damaged BIGINT,
	CONSTRAINT pk_captures PRIMARY KEY (id),
	CONSTRAINT uq_captures_file_offset UNIQUE (file, "offset"),
	CONSTRAINT uq_captures_record UNIQUE (record),
	CONSTRAINT uq_captures_public_id UNIQUE (public_id),
	CONSTRAINT fk_captures_url FOREIGN KEY(url) REFERENCES urls (id),
	CONSTRAINT fk_captures_file FOREIGN KEY(file) REFERENCES files (name)
)

CREATE INDEX ix_captures_damaged ON captures (url) WHERE damaged IS NOT NULL

CREATE INDEX ix_captures_payload ON captures (payload_digest) WHERE type = 'response'

CREATE INDEX ix_captures_url ON captures (url)

CREATE TABLE documents (
	id BIGSERIAL NOT NULL,
	public_id TEXT COLLATE "C" NOT NULL,
	url BIGINT NOT NULL,
	part INTEGER NOT NULL,
	source TEXT NOT NULL,
	work BIGINT NOT NULL,
	presence TEXT DEFAULT 'here' NOT NULL,
	first_seen BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	first_missed BIGINT,
	version BIGINT,
	indexed SMALLINT DEFAULT '0' NOT NULL,
	attached SMALLINT DEFAULT '0' NOT NULL,
	unsearchable TEXT,
	withheld TEXT,
	CONSTRAINT pk_documents PRIMARY KEY (id),
	CONSTRAINT uq_documents_url_part UNIQUE (url, part),
	CONSTRAINT uq_documents_public_id UNIQUE (public_id),
	CONSTRAINT fk_documents_url FOREIGN KEY(url) REFERENCES urls (id),
	CONSTRAINT fk_documents_work FOREIGN KEY(work) REFERENCES works (id)
)

CREATE INDEX ix_documents_absent ON documents (presence) WHERE presence <> 'here'

CREATE INDEX ix_documents_source ON documents (source)

CREATE INDEX ix_documents_unindexed ON documents (id) WHERE indexed = 0

CREATE INDEX ix_documents_unsearchable ON documents (id) WHERE unsearchable IS NOT NULL

CREATE INDEX ix_documents_withheld ON documents (url) WHERE withheld IS NOT NULL

CREATE INDEX ix_documents_work ON documents (work)

CREATE TABLE list_readings (
	url BIGINT NOT NULL,
	capture BIGINT NOT NULL,
	asked TEXT NOT NULL,
	page TEXT NOT NULL,
	reading BYTEA NOT NULL,
	CONSTRAINT pk_list_readings PRIMARY KEY (url),
	CONSTRAINT fk_list_readings_url FOREIGN KEY(url) REFERENCES urls (id)
)

CREATE TABLE listings (
	source TEXT NOT NULL,
	url BIGINT NOT NULL,
	first_listed BIGINT NOT NULL,
	last_listed BIGINT NOT NULL,
	title TEXT DEFAULT '' NOT NULL,
	date TEXT,
	run BIGINT,
	page BIGINT,
	reason TEXT,
	CONSTRAINT pk_listings PRIMARY KEY (source, url),
	CONSTRAINT fk_listings_url FOREIGN KEY(url) REFERENCES urls (id)
)

CREATE INDEX ix_listings_source_date ON listings (source, date)

CREATE INDEX ix_listings_url ON listings (url)

CREATE TABLE runs (
	id BIGSERIAL NOT NULL,
	source TEXT NOT NULL,
	kind TEXT NOT NULL,
	slot BIGINT NOT NULL,
	started BIGINT NOT NULL,
	ended BIGINT,
	result TEXT,
	counts TEXT DEFAULT '{}' NOT NULL,
	observation TEXT,
	trouble TEXT,
	options TEXT DEFAULT '{}' NOT NULL,
	others TEXT DEFAULT '[]' NOT NULL,
	beyond INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_runs PRIMARY KEY (id),
	CONSTRAINT uq_runs_source_kind_slot UNIQUE (source, kind, slot),
	CONSTRAINT fk_runs_source FOREIGN KEY(source) REFERENCES sources (id)
)

CREATE INDEX ix_runs_open ON runs (source) WHERE ended IS NULL

CREATE TABLE changes (
	seq BIGINT NOT NULL,
	kind TEXT NOT NULL,
	at BIGINT NOT NULL,
	document BIGINT,
	source TEXT NOT NULL,
	before BIGINT,
	after BIGINT,
	look BIGINT,
	rank INTEGER DEFAULT '0' NOT NULL,
	detail TEXT DEFAULT '{}' NOT NULL,
	CONSTRAINT pk_changes PRIMARY KEY (seq),
	CONSTRAINT fk_changes_document FOREIGN KEY(document) REFERENCES documents (id)
)

CREATE INDEX ix_changes_at ON changes (at)

CREATE INDEX ix_changes_document ON changes (document)

CREATE INDEX ix_changes_look ON changes (look)

CREATE TABLE contents (
	id BIGSERIAL NOT NULL,
	digest TEXT NOT NULL,
	capture BIGINT NOT NULL,
	type TEXT NOT NULL,
	bytes BIGINT NOT NULL,
	pages INTEGER NOT NULL,
	state TEXT NOT NULL,
	reason TEXT,
	flags TEXT DEFAULT '[]' NOT NULL,
	says TEXT DEFAULT '[]' NOT NULL,
	extractor TEXT NOT NULL,
	name TEXT NOT NULL,
	text BYTEA NOT NULL,
	CONSTRAINT pk_contents PRIMARY KEY (id),
	CONSTRAINT uq_contents_digest UNIQUE (digest),
	CONSTRAINT fk_contents_capture FOREIGN KEY(capture) REFERENCES captures (id)
)

CREATE TABLE continuations (
	capture BIGINT NOT NULL,
	position INTEGER NOT NULL,
	url BIGINT NOT NULL,
	CONSTRAINT pk_continuations PRIMARY KEY (capture, position),
	CONSTRAINT fk_continuations_capture FOREIGN KEY(capture) REFERENCES captures (id),
	CONSTRAINT fk_continuations_url FOREIGN KEY(url) REFERENCES urls (id)
)

CREATE INDEX ix_continuations_url ON continuations (url)

CREATE TABLE frontier (
	id BIGSERIAL NOT NULL,
	run BIGINT NOT NULL,
	url BIGINT NOT NULL,
	queue TEXT NOT NULL,
	priority INTEGER NOT NULL,
	due BIGINT NOT NULL,
	tries INTEGER DEFAULT '0' NOT NULL,
	hops INTEGER DEFAULT '0' NOT NULL,
	state TEXT DEFAULT 'todo' NOT NULL,
	reason TEXT,
	CONSTRAINT pk_frontier PRIMARY KEY (id),
	CONSTRAINT uq_frontier_run_url UNIQUE (run, url),
	CONSTRAINT fk_frontier_run FOREIGN KEY(run) REFERENCES runs (id),
	CONSTRAINT fk_frontier_url FOREIGN KEY(url) REFERENCES urls (id)
)

CREATE INDEX ix_frontier_turn ON frontier (queue, state, priority, due)

CREATE TABLE list_pages (
	run BIGINT NOT NULL,
	url BIGINT NOT NULL,
	head BIGINT NOT NULL,
	page INTEGER NOT NULL,
	at BIGINT,
	looks INTEGER DEFAULT '0' NOT NULL,
	rows INTEGER DEFAULT '0' NOT NULL,
	fresh INTEGER DEFAULT '0' NOT NULL,
	tail INTEGER DEFAULT '0' NOT NULL,
	total_pages BIGINT,
	total_rows BIGINT,
	skipped TEXT DEFAULT '{}' NOT NULL,
	stop TEXT,
	CONSTRAINT pk_list_pages PRIMARY KEY (run, url),
	CONSTRAINT fk_list_pages_run FOREIGN KEY(run) REFERENCES runs (id),
	CONSTRAINT fk_list_pages_url FOREIGN KEY(url) REFERENCES urls (id)
)

CREATE TABLE looks (
	id BIGSERIAL NOT NULL,
	record TEXT NOT NULL,
	url BIGINT NOT NULL,
	run BIGINT,
	at BIGINT NOT NULL,
	ms INTEGER NOT NULL,
	outcome TEXT NOT NULL,
	status INTEGER,
	leads TEXT DEFAULT '' NOT NULL,
	capture BIGINT,
	detail TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_looks PRIMARY KEY (id),
	CONSTRAINT uq_looks_record UNIQUE (record),
	CONSTRAINT fk_looks_url FOREIGN KEY(url) REFERENCES urls (id),
	CONSTRAINT fk_looks_run FOREIGN KEY(run) REFERENCES runs (id)
)

CREATE INDEX ix_looks_capture ON looks (capture)

CREATE INDEX ix_looks_run ON looks (run)

CREATE INDEX ix_looks_url ON looks (url)

CREATE TABLE readings (
	capture BIGINT NOT NULL,
	state TEXT NOT NULL,
	run BIGINT,
	page_kind TEXT,
	evidence TEXT DEFAULT '' NOT NULL,
	text TEXT DEFAULT '' NOT NULL,
	rules TEXT,
	rows INTEGER,
	facts TEXT,
	structure TEXT,
	content BIGINT,
	error TEXT,
	attempts INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_readings PRIMARY KEY (capture),
	CONSTRAINT fk_readings_capture FOREIGN KEY(capture) REFERENCES captures (id)
)

CREATE INDEX ix_readings_pending ON readings (capture) WHERE state = 'pending'

CREATE INDEX ix_readings_run ON readings (run) WHERE state = 'pending'

CREATE TABLE relations (
	id BIGSERIAL NOT NULL,
	document BIGINT NOT NULL,
	other BIGINT NOT NULL,
	kind TEXT NOT NULL,
	reason TEXT NOT NULL,
	score FLOAT,
	at BIGINT NOT NULL,
	undone BIGINT,
	CONSTRAINT pk_relations PRIMARY KEY (id),
	CONSTRAINT uq_relations_document_other_kind UNIQUE (document, other, kind),
	CONSTRAINT fk_relations_document FOREIGN KEY(document) REFERENCES documents (id),
	CONSTRAINT fk_relations_other FOREIGN KEY(other) REFERENCES documents (id)
)

CREATE TABLE versions (
	id BIGSERIAL NOT NULL,
	document BIGINT NOT NULL,
	n INTEGER NOT NULL,
	rules TEXT NOT NULL,
	whole SMALLINT DEFAULT '1' NOT NULL,
	capture BIGINT NOT NULL,
	first_seen BIGINT NOT NULL,
	text_digest TEXT NOT NULL,
	match_digest TEXT,
	title TEXT NOT NULL,
	published TEXT,
	channel TEXT,
	source TEXT,
	doc_no TEXT,
	index_no TEXT,
	issuer TEXT,
	keywords TEXT,
	paragraphs INTEGER DEFAULT '0' NOT NULL,
	record BYTEA NOT NULL,
	further TEXT,
	CONSTRAINT pk_versions PRIMARY KEY (id),
	CONSTRAINT fk_versions_document FOREIGN KEY(document) REFERENCES documents (id),
	CONSTRAINT fk_versions_capture FOREIGN KEY(capture) REFERENCES captures (id)
)

CREATE INDEX ix_versions_capture ON versions (capture)

CREATE INDEX ix_versions_document ON versions (document, n)

CREATE INDEX ix_versions_match_digest ON versions (match_digest)

CREATE TABLE attachments (
	version BIGINT NOT NULL,
	position INTEGER NOT NULL,
	url TEXT NOT NULL,
	name TEXT NOT NULL,
	address BIGINT,
	reason TEXT,
	CONSTRAINT pk_attachments PRIMARY KEY (version, position),
	CONSTRAINT fk_attachments_version FOREIGN KEY(version) REFERENCES versions (id),
	CONSTRAINT fk_attachments_address FOREIGN KEY(address) REFERENCES urls (id)
)

CREATE INDEX ix_attachments_address ON attachments (address)

CREATE INDEX ix_attachments_url ON attachments (url)

CREATE TABLE outbox (
	change BIGINT NOT NULL,
	channel TEXT NOT NULL,
	reminder INTEGER NOT NULL,
	due BIGINT NOT NULL,
	tries INTEGER DEFAULT '0' NOT NULL,
	sent BIGINT,
	result TEXT,
	CONSTRAINT pk_outbox PRIMARY KEY (change, channel, reminder),
	CONSTRAINT fk_outbox_change FOREIGN KEY(change) REFERENCES changes (seq)
)

CREATE INDEX ix_outbox_due ON outbox (due) WHERE sent IS NULL

CREATE TABLE search (
	place BIGINT NOT NULL,
	document BIGINT NOT NULL,
	part INTEGER NOT NULL,
	parts INTEGER NOT NULL,
	version BIGINT NOT NULL,
	source TEXT NOT NULL,
	channel TEXT,
	issuer TEXT,
	category TEXT,
	written INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_search PRIMARY KEY (place),
	CONSTRAINT fk_search_document FOREIGN KEY(document) REFERENCES documents (id),
	CONSTRAINT fk_search_version FOREIGN KEY(version) REFERENCES versions (id)
)

CREATE INDEX ix_search_document ON search (document)

CREATE TABLE search_contents (
	document BIGINT NOT NULL,
	position INTEGER NOT NULL,
	content BIGINT NOT NULL,
	CONSTRAINT pk_search_contents PRIMARY KEY (document, position),
	CONSTRAINT fk_search_contents_document FOREIGN KEY(document) REFERENCES documents (id),
	CONSTRAINT fk_search_contents_content FOREIGN KEY(content) REFERENCES contents (id)
)

CREATE INDEX ix_search_contents_content ON search_contents (content)

ALTER TABLE search ADD COLUMN words tsvector NOT NULL

CREATE INDEX ix_search_words ON search USING gin (words)
