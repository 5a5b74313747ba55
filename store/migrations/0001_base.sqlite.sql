-- +goose Up
CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE epoch (
	id INTEGER PRIMARY KEY,
	n  INTEGER NOT NULL
);
INSERT INTO epoch (id, n) VALUES (1, 1);

CREATE TABLE organisation (
	org_id   BLOB PRIMARY KEY,
	parent   BLOB,
	slug     TEXT NOT NULL,
	name     TEXT NOT NULL,
	created  INTEGER NOT NULL,
	modified INTEGER NOT NULL,
	UNIQUE (slug)
);

CREATE TABLE connection (
	org_id   BLOB NOT NULL,
	id       BLOB NOT NULL,
	name     TEXT NOT NULL,
	dialect  TEXT NOT NULL,
	domain   TEXT NOT NULL,
	user_id  BLOB,
	rate     INTEGER NOT NULL,
	disabled INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	modified INTEGER NOT NULL,
	PRIMARY KEY (org_id, id),
	UNIQUE (org_id, name)
);

CREATE TABLE token (
	org_id        BLOB NOT NULL,
	id            BLOB NOT NULL,
	connection_id BLOB NOT NULL,
	hash          BLOB NOT NULL,
	prefix        TEXT NOT NULL,
	created       INTEGER NOT NULL,
	expires       INTEGER NOT NULL,
	revoked       INTEGER NOT NULL,
	PRIMARY KEY (org_id, id),
	UNIQUE (hash)
);
CREATE INDEX token_connection ON token (org_id, connection_id, id);

CREATE TABLE stored_schema (
	org_id   BLOB NOT NULL,
	id       TEXT NOT NULL,
	doc      TEXT NOT NULL,
	type     TEXT NOT NULL,
	required INTEGER NOT NULL,
	PRIMARY KEY (org_id, id)
);

CREATE TABLE resource (
	rid         INTEGER PRIMARY KEY,
	org_id      BLOB NOT NULL,
	type        TEXT NOT NULL,
	id          BLOB NOT NULL,
	version     INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	modified    INTEGER NOT NULL,
	name_key    TEXT,
	display_key TEXT,
	email_key   TEXT,
	emails      TEXT,
	label       TEXT NOT NULL,
	active      INTEGER NOT NULL,
	uniques     INTEGER NOT NULL,
	tokens      BLOB,
	external    TEXT,
	doc         TEXT NOT NULL,
	UNIQUE (org_id, type, id),
	UNIQUE (org_id, type, name_key)
);
CREATE INDEX resource_display ON resource (org_id, type, display_key, id);
CREATE INDEX resource_email ON resource (org_id, type, email_key, id);
CREATE INDEX resource_modified ON resource (org_id, type, modified, id);
CREATE INDEX resource_created ON resource (org_id, type, created, id);

CREATE VIRTUAL TABLE resource_search USING fts5 (
	text, content = '', contentless_delete = 1, detail = none,
	tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE attr_token (
	org_id BLOB NOT NULL,
	h      INTEGER NOT NULL,
	id     BLOB NOT NULL,
	PRIMARY KEY (org_id, h, id)
) WITHOUT ROWID;

CREATE TABLE unique_value (
	org_id BLOB NOT NULL,
	type   TEXT NOT NULL,
	path   TEXT NOT NULL,
	value  TEXT NOT NULL,
	id     BLOB NOT NULL,
	PRIMARY KEY (org_id, type, path, value)
) WITHOUT ROWID;
CREATE INDEX unique_value_owner ON unique_value (org_id, id);

CREATE TABLE member (
	org_id      BLOB NOT NULL,
	group_id    BLOB NOT NULL,
	member_type TEXT NOT NULL,
	member_id   BLOB NOT NULL,
	PRIMARY KEY (org_id, group_id, member_type, member_id),
	UNIQUE (org_id, member_id, group_id)
) WITHOUT ROWID;

CREATE TABLE trash (
	org_id      BLOB NOT NULL,
	type        TEXT NOT NULL,
	id          BLOB NOT NULL,
	deleted     INTEGER NOT NULL,
	version     INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	modified    INTEGER NOT NULL,
	name_key    TEXT,
	display_key TEXT,
	email_key   TEXT,
	emails      TEXT,
	label       TEXT NOT NULL,
	active      INTEGER NOT NULL,
	tokens      BLOB,
	external    TEXT,
	doc         TEXT NOT NULL,
	unique_doc  TEXT,
	PRIMARY KEY (org_id, type, id)
);
CREATE INDEX trash_deleted ON trash (org_id, deleted);

CREATE TABLE trash_member (
	org_id      BLOB NOT NULL,
	owner_id    BLOB NOT NULL,
	group_id    BLOB NOT NULL,
	member_type TEXT NOT NULL,
	member_id   BLOB NOT NULL,
	PRIMARY KEY (org_id, owner_id, group_id, member_id)
) WITHOUT ROWID;

CREATE TABLE tally (
	org_id BLOB NOT NULL,
	type   TEXT NOT NULL,
	id     BLOB NOT NULL,
	n      INTEGER NOT NULL,
	PRIMARY KEY (org_id, type, id)
) WITHOUT ROWID;

CREATE TABLE change (
	org_id     BLOB NOT NULL,
	id         BLOB NOT NULL,
	at         INTEGER NOT NULL,
	kind       TEXT NOT NULL,
	actor      TEXT NOT NULL,
	actor_id   BLOB,
	actor_name TEXT NOT NULL,
	request_id TEXT NOT NULL,
	type       TEXT NOT NULL,
	target     BLOB,
	version    INTEGER NOT NULL,
	paths      TEXT NOT NULL,
	diff       TEXT,
	PRIMARY KEY (org_id, id)
);
CREATE INDEX change_target ON change (org_id, target, id);

CREATE TABLE async_request (
	org_id        BLOB NOT NULL,
	id            BLOB NOT NULL,
	connection_id BLOB,
	txn           TEXT NOT NULL,
	created       INTEGER NOT NULL,
	body          BLOB NOT NULL,
	PRIMARY KEY (org_id, id)
);

CREATE TABLE event (
	org_id        BLOB NOT NULL,
	id            BLOB NOT NULL,
	connection_id BLOB,
	txn           TEXT NOT NULL,
	at            INTEGER NOT NULL,
	doc           TEXT NOT NULL,
	PRIMARY KEY (org_id, id)
);
